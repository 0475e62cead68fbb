//! `[import]` as it is written.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::AttributeTable;
use crate::project::import_spec::{Aggregate, Fill, OnMissing};

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(in crate::project) struct Import {
    pub file: Option<String>,
    #[serde(default)]
    pub on_missing: OnMissing,
    pub filter: Option<String>,
    pub time: Option<String>,
    pub compression: Option<u8>,
    #[serde(default)]
    pub series: BTreeMap<String, Series>,
    #[serde(default)]
    pub table: Vec<AttributeTable>,
    #[serde(default)]
    pub parameters: BTreeMap<String, Parameter>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(in crate::project) struct Series {
    pub file: String,
    pub units: Option<String>,
    pub long_name: Option<String>,
    pub formula: Option<String>,
    pub fill: Option<Fill>,
    pub aggregate: Option<Aggregate>,
    pub id: Option<String>,
    pub time: Option<String>,
    pub value: Option<String>,
    pub ids: Option<RawIds>,
    pub time_columns: Option<usize>,
    pub separator: Option<String>,
    pub decimal: Option<String>,
    #[serde(default)]
    pub missing: Vec<String>,
    pub time_format: Option<String>,
    #[serde(default)]
    pub skip_lines: usize,
}

#[derive(Clone, Deserialize)]
#[serde(
    untagged,
    expecting = "a list of ids, a text file with one a line, or { file = \"…\", name = \"…\" }"
)]
pub(in crate::project) enum RawIds {
    List(Vec<String>),
    Lines(String),
    Named { file: String, name: String },
}

#[derive(Clone, Deserialize)]
#[serde(
    untagged,
    expecting = "a formula or { formula = \"…\", units = \"…\" }"
)]
pub(in crate::project) enum Parameter {
    Formula(String),
    #[serde(rename_all = "snake_case")]
    Described {
        formula: String,
        units: Option<String>,
        long_name: Option<String>,
    },
}
