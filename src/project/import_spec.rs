//! What `[import]` asks for, checked: which files hold what, and how they are written.
//!
//! Only descriptions; nothing here opens a file. The import's `memo/description.rs` decides whether an earlier import was of the same
//! description, so every field that changes the outcome has to be named there.

use std::path::{Path, PathBuf};

use crate::inputs::tables::TableSpec;
use crate::language::formula::Expr;

/// What to bring together in one input file.
#[derive(Clone, Debug)]
pub struct ImportSpec {
    /// The file to write.
    pub file: PathBuf,
    /// What to do about catchments that not every source has.
    pub on_missing: OnMissing,
    /// Which catchments to take, a formula over the columns of the tables.
    pub filter: Option<Expr>,
    /// The series whose time steps all others are brought to; by default the one with the finest.
    pub time: Option<String>,
    /// The level of deflate, 0 to 9.
    pub compression: u8,
    /// The series, by name.
    pub series: Vec<SeriesSpec>,
    /// The attribute tables.
    pub tables: Vec<TableSpec>,
    /// The parameters made of the tables' columns, by name.
    pub parameters: Vec<ParameterSpec>,
}

impl ImportSpec {
    /// The files that are read, except for files of one catchment each.
    pub fn sources(&self) -> impl Iterator<Item = &Path> {
        let tables = self.tables.iter().map(|table| table.path.as_path());
        let series = self.series.iter().flat_map(|series| series.layout.files());
        tables.chain(series)
    }
}

/// What to do about catchments that are in one source and missing in another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnMissing {
    /// Refuse to import, and list them.
    #[default]
    Fail,
    /// Leave them out, and list them.
    Drop,
}

/// One series of all catchments.
#[derive(Clone, Debug)]
pub struct SeriesSpec {
    /// Its name in the file.
    pub name: String,
    /// Its units.
    pub units: Option<String>,
    /// What it is, for people.
    pub long_name: Option<String>,
    /// What becomes of each `value`.
    pub formula: Option<Expr>,
    /// How its values come to finer time steps.
    pub fill: Fill,
    /// What becomes of several values within one coarser time step.
    pub aggregate: Option<Aggregate>,
    /// Where its values are.
    pub layout: SourceLayout,
    /// How its files are written.
    pub format: TextFormat,
}

/// How values come to the time steps of a finer axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fill {
    /// Not at all: every time step must be there.
    #[default]
    None,
    /// A value holds until the next one.
    Previous,
    /// In between, along a straight line; after the last value, that one holds for one step.
    Linear,
}

/// What becomes of all values within one time step of a coarser axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Aggregate {
    /// Their sum, for amounts.
    Sum,
    /// Their mean, for states and rates.
    Mean,
    /// The smallest.
    Min,
    /// The largest.
    Max,
    /// The one at the beginning of the step.
    First,
    /// The last one before its end.
    Last,
}

impl Aggregate {
    /// Aggregates at least one value; NaN, a missing value, where any that matters is missing.
    pub fn of(self, values: &[f64]) -> f64 {
        let missing = || values.iter().any(|value| value.is_nan());
        let (first, last) = (values.first().copied(), values.last().copied());
        let sum = || values.iter().sum::<f64>();
        match self {
            Self::Sum => sum(),
            Self::Mean => sum() / values.len() as f64,
            Self::Min | Self::Max if missing() => f64::NAN,
            Self::Min => values.iter().copied().fold(f64::INFINITY, f64::min),
            Self::Max => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            Self::First => first.unwrap_or(f64::NAN),
            Self::Last => last.unwrap_or(f64::NAN),
        }
    }
}

/// Where the values of a series are.
#[derive(Clone, Debug)]
pub enum SourceLayout {
    /// One column for each catchment, one row for each time step.
    Wide {
        /// The file.
        path: PathBuf,
        /// The catchments of the columns, where the file does not name them.
        ids: Option<Ids>,
        /// The number of columns that the time is spread over: year, month, day and so on. `None` for one time stamp.
        time_columns: Option<usize>,
    },
    /// One row for each value.
    Long {
        /// The file.
        path: PathBuf,
        /// The column with the catchments' ids.
        id: String,
        /// The column with the time stamps; by default the first.
        time: Option<String>,
        /// The column with the values.
        value: String,
    },
    /// One file for each catchment.
    Files {
        /// The folder.
        folder: PathBuf,
        /// What stands before the id in a file's name.
        prefix: String,
        /// What stands behind it.
        suffix: String,
        /// The column with the time stamps; by default the first.
        time: Option<String>,
        /// The column with the values.
        value: String,
    },
}

impl SourceLayout {
    /// The files that are read, except for files of one catchment each.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        let paths = match self {
            Self::Wide { path, ids, .. } => {
                [Some(path.as_path()), ids.as_ref().and_then(Ids::path)]
            }
            Self::Long { path, .. } => [Some(path.as_path()), None],
            Self::Files { .. } => [None, None],
        };
        paths.into_iter().flatten()
    }

    /// The folder that is looked for files of one catchment each in.
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Self::Files { folder, .. } => Some(folder),
            Self::Wide { .. } | Self::Long { .. } => None,
        }
    }
}

/// Where the ids of columns are that have no header.
#[derive(Clone, Debug)]
pub enum Ids {
    /// In the project file.
    List(Vec<String>),
    /// In a text file, one a line.
    Lines(PathBuf),
    /// In a column of a CSV or dBASE table.
    Column(PathBuf, String),
    /// In a variable of an HDF5 or NetCDF-4 file.
    Variable(PathBuf, String),
}

impl Ids {
    /// The file that they are in.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::List(_) => None,
            Self::Lines(path) | Self::Column(path, _) | Self::Variable(path, _) => Some(path),
        }
    }
}

/// How a text file is written.
#[derive(Clone, Debug, Default)]
pub struct TextFormat {
    /// What separates cells; by default recognised from the header.
    pub separator: Option<CellSeparator>,
    /// Whether numbers have a comma where others have a point.
    pub decimal_comma: bool,
    /// Texts and numbers that stand for no value, beside the empty cell, `NA` and `NaN`.
    pub missing: Vec<String>,
    /// The form of time stamps, in the directives of `strftime`; by default ISO 8601.
    pub time_format: Option<String>,
    /// How many lines stand before the header, or before the rows where there is none.
    pub skip_lines: usize,
}

/// What separates the cells of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellSeparator {
    /// One character.
    Byte(u8),
    /// Any number of spaces and tabs.
    White,
}

/// A parameter made of the tables' columns.
#[derive(Clone, Debug)]
pub struct ParameterSpec {
    /// Its name in the file.
    pub name: String,
    /// A column's name, or a formula over columns.
    pub formula: Expr,
    /// Its units.
    pub units: Option<String>,
    /// What it is, for people.
    pub long_name: Option<String>,
}
