//! What the JSON documents of all verbs have in common: a version; and of several: causes, and catchments without a result.
//!
//! The doc comments of these types, as of every type that is printed, are what the schemas in `docs/schemas` tell of the fields.

use std::collections::{HashMap, HashSet};

use schemars::JsonSchema;
use serde::Serialize;

use crate::data::catchment::CatchmentId;
use crate::data::scenario::ScenarioName;
use crate::execute::FailedCatchment;
use crate::plan::loaded::LoadedScenario;
use crate::plan::{Plan, Staleness, State};

/// The version of what is printed. Within it fields may be added, and none goes or changes its meaning.
pub(super) const VERSION: u32 = 1;

/// A document as it is printed.
#[derive(Serialize)]
pub(super) struct Versioned<'a, T> {
    version: u32,
    #[serde(flatten)]
    document: &'a T,
}

impl<'a, T> Versioned<'a, T> {
    pub(super) fn new(document: &'a T) -> Self {
        Self {
            version: VERSION,
            document,
        }
    }
}

/// A catchment without a result, and why.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct FailureOf {
    /// Its scenario; left out where the project has none.
    #[serde(skip_serializing_if = "ScenarioName::is_unnamed")]
    pub scenario: ScenarioName,
    /// Its id.
    pub catchment: CatchmentId,
    /// In words.
    pub reason: String,
}

/// Why so many catchments are to be run.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Cause {
    /// How many catchments, counted in each scenario.
    pub count: usize,
    /// In words: `k 0.012 → 0.013`, `never run`.
    pub cause: String,
}

impl Cause {
    pub(super) fn all(causes: Vec<(usize, String)>) -> Vec<Self> {
        let cause = |(count, cause)| Self { count, cause };
        causes.into_iter().map(cause).collect()
    }
}

impl FailureOf {
    /// Of one catchment of the scenario.
    pub(super) fn new(loaded: &LoadedScenario<'_>, catchment: usize, reason: String) -> Self {
        Self {
            scenario: loaded.project.scenario.name.clone(),
            catchment: loaded.basin.id(catchment).clone(),
            reason,
        }
    }

    /// Of those that failed in a run, in the order of scenarios and catchments.
    pub(super) fn of_run(
        scenarios: &[LoadedScenario<'_>],
        failed: &[FailedCatchment],
    ) -> Vec<Self> {
        // Only where something failed: a study can have a million catchments.
        let affected: HashSet<_> = failed.iter().map(|failed| &failed.scenario).collect();
        let mut places = HashMap::new();
        for (scenario, loaded) in scenarios.iter().enumerate() {
            let name = &loaded.project.scenario.name;
            if affected.contains(name) {
                let entries = loaded.basin.catchments().iter().enumerate();
                places.extend(entries.map(|(at, entry)| ((name, &entry.id), (scenario, at))));
            }
        }
        // What the project no longer has comes last.
        let place = |of: &Self| {
            let place = places.get(&(&of.scenario, &of.catchment));
            place.copied().unwrap_or((usize::MAX, usize::MAX))
        };
        let of = |failed: &FailedCatchment| Self {
            scenario: failed.scenario.clone(),
            catchment: failed.catchment.clone(),
            reason: failed.reason.clone(),
        };
        let mut all: Vec<Self> = failed.iter().map(of).collect();
        all.sort_by_key(place);
        all
    }

    /// Of those that failed when they were last run.
    pub(super) fn failed<'a>(
        all: impl IntoIterator<Item = (&'a LoadedScenario<'a>, &'a Plan)>,
    ) -> Vec<Self> {
        Self::all(all, |state| match state {
            State::Stale(Staleness::Failed(reason)) => Some(reason.clone()),
            State::Fresh(_) | State::Stale(_) | State::Bad(_) => None,
        })
    }

    /// Of those that can't be run.
    pub(super) fn bad<'a>(
        all: impl IntoIterator<Item = (&'a LoadedScenario<'a>, &'a Plan)>,
    ) -> Vec<Self> {
        Self::all(all, |state| match state {
            State::Bad(problem) => Some(problem.to_string()),
            State::Fresh(_) | State::Stale(_) => None,
        })
    }

    fn all<'a>(
        all: impl IntoIterator<Item = (&'a LoadedScenario<'a>, &'a Plan)>,
        reason: impl Fn(&State) -> Option<String>,
    ) -> Vec<Self> {
        let mut found = Vec::new();
        for (loaded, plan) in all {
            let entries = plan.entries.iter().enumerate();
            let with_reason = entries.filter_map(|(at, entry)| Some((at, reason(&entry.state)?)));
            found.extend(with_reason.map(|(at, reason)| Self::new(loaded, at, reason)));
        }
        found
    }

    /// How messages name it.
    pub(super) fn label(&self) -> String {
        self.scenario.label(&self.catchment)
    }
}
