//! What was measured in catchments, and how well the simulated values fit.

use schemars::JsonSchema;
use serde::Serialize;

/// What was measured in one catchment of one variable.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Gauge {
    /// The catchment, by its place among the page's.
    pub catchment: usize,
    /// The variable that it is compared with, by its place among the page's.
    pub variable: usize,
    /// The gauge's name.
    pub name: String,
    /// The name of the array (F64) with the times of what was measured, in seconds since 1970-01-01 UTC.
    pub times: String,
    /// The name of the array (F32) with what was measured.
    pub values: String,
    /// How well the simulated values fit.
    pub scores: Vec<Score>,
}

/// How well a scenario's values fit by one objective.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Score {
    /// The objective's name.
    pub objective: String,
    /// The scenario, by its place among the page's.
    pub scenario: usize,
    /// The number; `null` if it is missing.
    pub number: Option<f64>,
    /// The number as of the tag; `null` if it is missing, or without a tag.
    pub then: Option<f64>,
}
