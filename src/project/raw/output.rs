//! What may be written in an output's table in more than one form: a column, its place, the time, a dimension.

use serde::Deserialize;

/// A wanted column.
#[derive(Clone, Deserialize)]
#[serde(
    untagged,
    expecting = "a header, a column's number from 1, `{ characters = [12, 20] }`, or `{ text = \"TOTAL OUT =\", which = \"last\" }`"
)]
pub(in crate::project) enum Column {
    Header(String),
    Number(usize),
    Characters(ColumnCharacters),
    Text(ColumnText),
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(in crate::project) struct ColumnCharacters {
    pub characters: [usize; 2],
    #[serde(default)]
    pub touches: bool,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(in crate::project) struct ColumnText {
    pub text: String,
    pub which: Option<Which>,
}

#[derive(Clone, Deserialize)]
#[serde(
    untagged,
    expecting = "\"first\", \"last\", \"all\" or a number from 1"
)]
pub(in crate::project) enum Which {
    Number(usize),
    Word(WhichWord),
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::project) enum WhichWord {
    First,
    Last,
    All,
}

/// A column of which the cells are read as they are: its header or, where there is none, its number or its characters.
#[derive(Clone, Deserialize)]
#[serde(
    untagged,
    expecting = "a header; where there is none a column's number from 1 or `{ characters = [12, 20] }`"
)]
pub(in crate::project) enum ColumnName {
    Text(String),
    Number(usize),
    Characters(ColumnCharacters),
}

/// What a row must have in a column.
#[derive(Clone, Deserialize)]
#[serde(untagged, expecting = "a text or a number")]
pub(in crate::project) enum ConditionValue {
    Text(String),
    Integer(i64),
    Number(f64),
}

/// The time steps of an output's rows.
#[derive(Clone, Deserialize)]
#[serde(
    untagged,
    expecting = "\"none\", `{ columns = [\"yr\", \"mon\", \"day\"], format = \"%Y %m %d\", name = \"day\" }`, or `{ start = \"1998-01-01\", step = \"1 month\", steps = 24, name = \"month\" }`"
)]
pub(in crate::project) enum OutputTime {
    Word(String),
    Stated(StatedAxis),
    Read(ReadAxis),
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(in crate::project) struct StatedAxis {
    pub start: toml::Value,
    pub step: String,
    pub steps: Option<usize>,
    pub end: Option<toml::Value>,
    pub name: String,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(in crate::project) struct ReadAxis {
    pub columns: Option<OneOrMoreColumns>,
    pub format: Option<String>,
    pub name: Option<String>,
    pub of: Option<String>,
}

#[derive(Clone, Deserialize)]
#[serde(
    untagged,
    expecting = "a list of columns, such as [\"yr\", \"mon\", \"day\"]"
)]
pub(in crate::project) enum OneOrMoreColumns {
    More(Vec<ColumnName>),
    One(ColumnName),
}

/// A further dimension.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(in crate::project) struct Dimension {
    pub name: String,
    pub values: Option<Vec<toml::Value>>,
    pub count: Option<usize>,
    pub column: Option<ColumnName>,
}
