//! What is told in words and tables: states, causes, runs, failures, scenarios.

use anyhow::Result;
use schemars::JsonSchema;
use serde::Serialize;

use super::Drawn;
use super::array::Arrays;
use super::counts::StateCounts;
use super::failures::FailureGroup;
use super::gather::Gathered;
use super::runs::{self, PageCause, RunBar, SlowRun};
use super::scenarios::ScenarioTable;
use super::sources::{ScenarioSource, Sources};
use crate::history::prediction::Prediction;
use crate::plan::causes;

/// What is told in words and tables, which a browser shows without any script.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Told {
    /// How many catchments are in which state, counted in each scenario.
    pub counts: StateCounts,
    /// Why the stale ones are stale, the most frequent cause first.
    pub causes: Vec<PageCause>,
    /// How long running them takes with as many simulators at once as the last run had; `null` where nothing is to be run or nothing is known.
    pub prediction: Option<Prediction>,
    /// The last runs, the latest first.
    pub runs: Vec<RunBar>,
    /// The catchments that took longest in the last run that ran any, at most five, the slowest first.
    pub slowest: Vec<SlowRun>,
    /// The catchments that failed when they were last run, by reason, the most frequent first.
    pub failures: Vec<FailureGroup>,
    /// Those that can't be run, by reason.
    pub cannot_run: Vec<FailureGroup>,
    /// The parameters in which scenarios differ, and what came of them.
    pub scenario_table: ScenarioTable,
}

impl Told {
    /// Of these sources, and of what is drawn of them.
    pub(super) fn of(
        sources: &Sources<'_>,
        gathered: &Gathered,
        drawn: &Drawn,
        arrays: &Arrays,
    ) -> Result<Self> {
        let scenarios = sources.scenarios.iter();
        let counts = scenarios.clone().map(StateCounts::of);
        let causes = causes(scenarios.flat_map(ScenarioSource::entries), false);
        let runs = runs::past(sources.store)?;
        Ok(Self {
            counts: counts.fold(StateCounts::default(), StateCounts::and),
            causes: PageCause::all(causes),
            prediction: sources.prediction,
            slowest: runs::slowest(sources.store)?,
            runs,
            failures: FailureGroup::failed(sources)?,
            cannot_run: FailureGroup::bad(sources),
            scenario_table: ScenarioTable::of(sources, gathered, drawn, arrays),
        })
    }
}
