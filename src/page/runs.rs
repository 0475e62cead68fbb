//! The past runs on a page.

use schemars::JsonSchema;
use serde::Serialize;

use crate::history::values::PlainValues;

/// Runs for the same causes that came one after the other.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct RunBar {
    /// The number of the last of them.
    pub run: i64,
    /// How many they are.
    pub runs: usize,
    /// When the first of them ended, in UTC.
    pub since: String,
    /// When the last of them ended, in UTC.
    pub ended: String,
    /// All catchments that the last of them was about, counted in each scenario.
    pub catchments: usize,
    /// How many were run, in all of them together.
    pub ran: usize,
    /// How many failed in the last of them.
    pub failed: usize,
    /// Whether the last of them stopped early because too many had failed.
    pub gave_up: bool,
    /// Why they were run, the most frequent cause first.
    pub causes: Vec<PageCause>,
    /// The seconds that passed while simulators were at work.
    pub running_seconds: f64,
    /// The processor time of all simulators together.
    pub cpu_seconds: f64,
    /// The memory of the largest.
    pub peak_bytes: u64,
    /// The values that the last of them had in place of the project's; left out without any.
    #[serde(skip_serializing_if = "PlainValues::is_empty")]
    pub set: PlainValues,
}

/// Why so many catchments were run, or are to be.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(crate) struct PageCause {
    /// How many catchments, counted in each scenario.
    pub count: usize,
    /// In words: `k 0.012 → 0.013`, `never run`.
    pub cause: String,
}

impl PageCause {
    /// Causes as they are counted.
    pub(super) fn all(causes: Vec<(usize, String)>) -> Vec<Self> {
        let cause = |(count, cause)| Self { count, cause };
        causes.into_iter().map(cause).collect()
    }
}
