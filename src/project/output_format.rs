//! How the files that a simulator writes are laid out, as the project states it.
//!
//! Only a description: [`crate::execute::output`] reads such tables, and what is hashed of it is named field by field in
//! [`crate::plan::recipe`].

use crate::data::time_axis::TimeAxis;
use crate::data::value::Value;

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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutputFormat {
    /// `None`: recognised from the header, the first that it has of tab, semicolon, comma, white space.
    pub separator: Option<Separator>,
    /// Cells that stand for a missing value. One that is a number stands for all cells of that value: `-9999` for
    /// `-9999.000` too. The empty text stands for empty cells.
    pub missing: Vec<String>,
    /// How many lines after the header are skipped.
    pub skip_rows: usize,
}
