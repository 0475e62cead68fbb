//! How many catchments of a page are in which state, in one scenario or in all.

use schemars::JsonSchema;
use serde::Serialize;

use super::sources::ScenarioSource;
use crate::plan::{Staleness, State};

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
        let mut counts = Self::default();
        for entry in scenario.entries() {
            counts.catchments += 1;
            match &entry.state {
                State::Fresh(_) => counts.fresh += 1,
                State::Stale(staleness) => {
                    counts.stale += 1;
                    counts.failed += usize::from(matches!(staleness, Staleness::Failed(_)));
                }
                State::Bad(_) => counts.bad += 1,
            }
        }
        counts
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
