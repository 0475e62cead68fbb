//! `[product]` as it is written.

use std::collections::BTreeMap;

use serde::Deserialize;

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(in crate::project) struct Product {
    pub file: String,
    pub per: Option<Per>,
    pub downstream: Option<String>,
    pub ids: Option<IdType>,
    pub positions: Option<bool>,
    #[serde(default)]
    pub layout: Layout,
    pub compression: Option<u8>,
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
    #[serde(default)]
    pub variables: BTreeMap<String, Variable>,
    #[serde(default)]
    pub parameters: BTreeMap<String, ParameterVariable>,
    #[serde(default)]
    pub summary: BTreeMap<String, SummaryFields>,
    #[serde(default)]
    pub axes: BTreeMap<String, Axis>,
}

/// What is said of an axis.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(in crate::project) struct Axis {
    pub units: Option<String>,
    pub long_name: Option<String>,
    pub standard_name: Option<String>,
    #[serde(default)]
    pub attributes: BTreeMap<String, toml::Value>,
}

/// How several scenarios share the product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Per {
    /// Each has a file of its own.
    File,
    /// They are a dimension of one file.
    Dimension,
}

/// As what the catchments' ids are in the product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IdType {
    /// Whole numbers.
    Integer,
    /// Texts.
    Text,
}

/// How the product is laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// One `[time, catchment]` array a variable, NetCDF-4 after the CF conventions.
    #[default]
    Grid,
    /// One table `/step_<n>/values` a time step, as PyTables writes them.
    Steps,
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(in crate::project) struct Variable {
    pub column: Option<String>,
    pub formula: Option<String>,
    pub units: Option<String>,
    pub long_name: Option<String>,
    pub standard_name: Option<String>,
    pub min: Option<f64>,
    pub max: Option<f64>,
    pub accumulate: Option<Accumulate>,
    pub outlets: Option<Vec<String>>,
    #[serde(default)]
    pub precision: Precision,
    #[serde(default)]
    pub attributes: BTreeMap<String, toml::Value>,
}

/// Over what a product variable is summed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::project) enum Accumulate {
    /// The catchment and all upstream of it.
    Upstream,
}

/// How a product variable is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::project) enum Precision {
    /// 64 bits: every value as the simulator printed it.
    #[default]
    F64,
    /// 32 bits: half the size, about 7 digits.
    F32,
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(in crate::project) struct ParameterVariable {
    pub parameter: Option<String>,
    pub units: Option<String>,
    pub long_name: Option<String>,
    pub standard_name: Option<String>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(in crate::project) struct SummaryFields {
    pub of: String,
    pub statistic: String,
    pub q: Option<f64>,
    pub threshold: Option<f64>,
    pub units: Option<String>,
    pub long_name: Option<String>,
    pub standard_name: Option<String>,
}
