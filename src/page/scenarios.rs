//! The scenarios on a page: the parameters in which they differ, and what came of them.

use schemars::JsonSchema;
use serde::Serialize;

use crate::history::values::PlainValue;

/// Scenarios with the parameters in which they differ and their numbers; without rows where the project has no scenarios.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub(crate) struct ScenarioTable {
    /// The parameters in which they differ.
    pub parameters: Vec<String>,
    /// What the numbers are.
    pub numbers: Vec<TableNumber>,
    /// A row for each scenario.
    pub rows: Vec<ScenarioRow>,
}

/// What a column of numbers is.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct TableNumber {
    /// The summary or objective.
    pub name: String,
    /// What was made of the catchments' numbers: `median`, or `over all gauges`.
    pub of_catchments: String,
    /// Its units; `null` if nobody says.
    pub units: Option<String>,
}

/// One scenario.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct ScenarioRow {
    /// The scenario, by its place among the page's.
    pub scenario: usize,
    /// Its values of the parameters; `null` where it has none.
    pub values: Vec<Option<PlainValue>>,
    /// Its numbers; `null` where one is missing.
    pub numbers: Vec<Option<f64>>,
    /// Those as of the tag; empty without one.
    pub then: Vec<Option<f64>>,
}
