//! Catchments without a result on a page, those with the same reason together.

use schemars::JsonSchema;
use serde::Serialize;

/// Catchments that failed, or can't be run, for the same reason.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct FailureGroup {
    /// In words.
    pub reason: String,
    /// All of them.
    pub units: Vec<PageUnit>,
    /// The end of what the first of them printed; empty if nothing.
    pub printed: String,
    /// The command that makes the work directory of the first anew, to run it by hand; `null` if it can't be run.
    pub reproduce: Option<String>,
}

/// A catchment in a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct PageUnit {
    /// The catchment, by its place among the page's.
    pub catchment: usize,
    /// The scenario, by its place among the page's.
    pub scenario: usize,
}
