//! `[observations]` and `[objective]` as they are written.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::import::{RawIds, Series};
use crate::project::import_spec::Aggregate;

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(in crate::project) struct Observations {
    pub file: String,
    pub variable: String,
    #[serde(default)]
    pub catchments: BTreeMap<String, String>,
    pub simulated: Option<String>,
    pub aggregate: Option<Aggregate>,
    pub step: Option<String>,
    pub units: Option<String>,
    pub formula: Option<String>,
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

impl Observations {
    /// What it says of its file, as a series of `[import]` would.
    pub(in crate::project) fn series(&self) -> Series {
        Series {
            file: self.file.clone(),
            units: self.units.clone(),
            long_name: None,
            formula: self.formula.clone(),
            fill: None,
            aggregate: self.aggregate,
            id: self.id.clone(),
            time: self.time.clone(),
            value: self.value.clone(),
            ids: self.ids.clone(),
            time_columns: self.time_columns,
            separator: self.separator.clone(),
            decimal: self.decimal.clone(),
            missing: self.missing.clone(),
            time_format: self.time_format.clone(),
            skip_lines: self.skip_lines,
        }
    }
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(in crate::project) struct Objective {
    pub of: String,
    pub statistic: String,
    pub epsilon: Option<Epsilon>,
    pub positive: Option<String>,
    pub warm_up: Option<String>,
    pub from: Option<toml::Value>,
    pub before: Option<toml::Value>,
    #[serde(default)]
    pub weights: BTreeMap<String, f64>,
    pub over: Option<String>,
    pub long_name: Option<String>,
}

/// What is added to both before a logarithm is taken.
#[derive(Clone, Deserialize)]
#[serde(untagged, expecting = "a number or \"mean/100\"")]
pub(in crate::project) enum Epsilon {
    Number(f64),
    Text(String),
}
