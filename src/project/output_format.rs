//! How the files that a simulator writes are laid out, as the project states it.
//!
//! Only a description: [`crate::execute::output`] reads such tables, and what is hashed of it is named field by field in
//! [`crate::plan::recipe`].

use std::path::Path;

use crate::data::time_axis::TimeAxis;
use crate::data::value::Value;
use crate::language::template::Template;

/// How the names of NetCDF and HDF5 files end.
const NETCDF_ENDINGS: [&str; 5] = ["nc", "nc4", "cdf", "h5", "hdf5"];

/// Whether an output of this name is NetCDF or HDF5 where nothing else is stated.
pub(crate) fn is_named_netcdf(file: &str) -> bool {
    let ending = Path::new(file).extension();
    let ending = ending.map(|ending| ending.to_string_lossy().to_lowercase());
    ending.is_some_and(|ending| NETCDF_ENDINGS.contains(&ending.as_str()))
}

/// The axis of the project's own time steps.
pub const TIME: &str = "time";

/// Over what the rows of an output go: its time steps, and within each those of a further dimension.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RowAxes {
    /// The time steps.
    pub time: OutputTime,
    /// The further dimension, if there is one.
    pub dimension: Option<DimensionSpec>,
}

/// The time steps of an output's rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum OutputTime {
    /// The project's.
    #[default]
    Steps,
    /// None: each column is a single number, or one for each place along the further dimension.
    None,
    /// Stated in the project file.
    Stated {
        /// The name of the axis. Equal names, equal axes.
        name: String,
        /// Its time steps.
        axis: TimeAxis,
    },
    /// Those that the output itself tells.
    Read {
        /// The name of the axis. Equal names, equal axes.
        name: String,
    },
}

impl OutputTime {
    /// The name of the axis in the product; `None` where there is no time.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Steps => Some(TIME),
            Self::None => None,
            Self::Stated { name, .. } | Self::Read { name } => Some(name),
        }
    }
}

/// The column of a result that has the time steps of an axis that the output itself tells: seconds since 1970-01-01T00:00:00.
pub fn time_column(axis: &str) -> String {
    format!("@time {axis}")
}

/// The column of a result that has the places along a dimension that the output itself tells.
pub fn places_column(dimension: &str) -> String {
    format!("@{dimension}")
}

/// A further dimension of an output: reaches, layers, crops.
#[derive(Clone, Debug, PartialEq)]
pub struct DimensionSpec {
    /// Its name. Equal names, equal places along it.
    pub name: String,
    /// The places along it.
    pub places: DimensionPlaces,
}

/// The places along a further dimension.
#[derive(Clone, Debug, PartialEq)]
pub enum DimensionPlaces {
    /// These.
    Stated(Vec<Value>),
    /// So many, numbered from 1.
    Count(usize),
    /// Those that this column of the output tells, which are numbers.
    Read(String),
}

/// What stands between two cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Separator {
    /// One tab.
    Tab,
    /// One comma.
    Comma,
    /// One semicolon.
    Semicolon,
    /// Any number of blanks and tabs, also before the first cell.
    Whitespace,
}

/// What the project states about a simulator's table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OutputFormat {
    /// `None`: recognised from the header, the first that it has of tab, semicolon, comma, white space.
    pub separator: Option<Separator>,
    /// Cells that stand for a missing value. One that is a number stands for all cells of that value: `-9999` for
    /// `-9999.000` too. The empty text stands for empty cells.
    pub missing: Vec<String>,
    /// How many lines after the header are skipped.
    pub skip_rows: usize,
    /// How many lines come before the header, in each block if there are blocks.
    pub skip_lines: usize,
    /// Whether there is no header: columns have numbers and places in the line, no names.
    pub headless: bool,
    /// How lines begin that are passed over wherever they stand.
    pub comments: Vec<String>,
    /// Whether numbers have a decimal comma.
    pub decimal_comma: bool,
    /// How many lines at the end are no rows.
    pub skip_last: usize,
    /// How the line begins that ends the rows.
    pub until: Option<String>,
    /// Which rows count: those that meet all of them.
    pub conditions: Vec<Condition>,
    /// What stands in each line that begins a block; `None`: the file is one table.
    pub blocks: Option<Template>,
    /// Where the rows tell their times.
    pub dates: Option<Dates>,
    /// What is stated of a file that is NetCDF or HDF5; `None` for text, and then all else but [`Self::missing`] and
    /// [`Self::conditions`] is nothing.
    pub netcdf: Option<NetcdfFormat>,
}

/// What the project states about a simulator's NetCDF or HDF5 file: columns are variables, conditions are values that coordinates
/// have at the places that are taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetcdfFormat {
    /// Axes, each with the number of the place that is taken along it, from 0.
    pub indices: Vec<(String, usize)>,
    /// Whether the time steps that the file tells must be those of the project.
    pub compares_times: bool,
}

/// What a cell of a row must hold for the row to count.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// Its column, as [`CellPlace::named`] reads it.
    pub column: String,
    /// Its text, or its number.
    pub text: Template,
}

/// The columns in which the rows tell their times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dates {
    /// The columns, as [`CellPlace::named`] reads them; their cells, with blanks between them, are the time.
    pub columns: Vec<String>,
    /// How the time is written, as in `strftime`; `None`: as in ISO 8601.
    pub format: Option<String>,
}

/// Some characters of a line, counted from 1; both ends belong to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Characters {
    /// The first.
    pub from: usize,
    /// The last.
    pub to: usize,
    /// Whether digits may touch those of the cell beside it, which may else be a cell that is cut in two.
    pub touches: bool,
}

/// Where the cells of a wanted column are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColumnPlace {
    /// Below its header.
    #[default]
    Header,
    /// At this place among the cells of a row, counted from 1.
    Number(usize),
    /// At the same characters of each line.
    Characters(Characters),
    /// Behind a text, wherever that stands; no cell of a table.
    Text(Which),
}

/// Which of several places of a text is meant; in each block, if there are blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// There must be one only.
    Only,
    /// This one, counted from 1.
    At(usize),
    /// The last one.
    Last,
    /// Each of them, as the rows of a column.
    All,
}

/// Where a cell of a row is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CellPlace {
    /// Below this header.
    Header(String),
    /// At this place among the cells, counted from 1.
    Number(usize),
    /// At these characters of the line.
    Characters(Characters),
}

impl CellPlace {
    /// The place that a text names: a header or, where there is none, the column's number (`3`) or its characters (`12-20`).
    pub fn named(text: &str, headless: bool) -> Result<Self, String> {
        if !headless {
            return Ok(Self::Header(text.to_owned()));
        }
        let place = |text: &str| text.trim().parse().ok().filter(|number| *number > 0_usize);
        let named = match text.split_once('-') {
            None => place(text).map(Self::Number),
            Some((from, to)) => (place(from).zip(place(to)))
                .filter(|(from, to)| from <= to)
                .map(|(from, to)| {
                    Self::Characters(Characters {
                        from,
                        to,
                        touches: true,
                    })
                }),
        };
        named.ok_or_else(|| {
            format!(
                "{text:?} is no column of a table without a header; write its number from 1, as in \"3\", or its characters, as \
                 in \"12-20\""
            )
        })
    }
}
