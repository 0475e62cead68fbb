//! How many catchments of a page are in which state, in one scenario or in all.

use schemars::JsonSchema;
use serde::Serialize;

use super::sources::ScenarioSource;
use crate::plan::Counts;

/// How many catchments are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub(crate) struct StateCounts {
    /// All of them.
    pub catchments: usize,
    /// With a valid result.
    pub fresh: usize,
    /// To be run, including those that failed.
    pub stale: usize,
    /// Of the stale ones, those that failed when they were last run.
    pub failed: usize,
    /// Those that can't be run.
    pub bad: usize,
}

impl StateCounts {
    /// Of one scenario, as far as it is on the page.
    pub(super) fn of(scenario: &ScenarioSource<'_>) -> Self {
        let Counts {
            fresh,
            stale,
            failed,
            bad,
        } = Counts::of(scenario.entries());
        Self {
            catchments: scenario.entries().count(),
            fresh,
            stale,
            failed,
            bad,
        }
    }

    /// Of both together.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            catchments: self.catchments + other.catchments,
            fresh: self.fresh + other.fresh,
            stale: self.stale + other.stale,
            failed: self.failed + other.failed,
            bad: self.bad + other.bad,
        }
    }
}
