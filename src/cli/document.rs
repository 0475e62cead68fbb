//! What the JSON documents of all verbs have in common: a version; and of several: causes, and catchments without a result.
//!
//! The doc comments of these types, as of every type that is printed, are what the schemas in `docs/schemas` tell of the fields.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use crate::data::catchment::CatchmentId;
use crate::data::objective::ObjectiveNumbers;
use crate::data::scenario::ScenarioName;
use crate::execute::FailedCatchment;
use crate::plan::loaded::LoadedScenario;
use crate::plan::{Plan, Staleness, State};
use crate::product::{AssembledProduct, ProductState};

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

/// The products that a verb has brought up to date.
#[derive(Default, Serialize, JsonSchema)]
pub(crate) struct Products {
    /// The only product, if there is just one; `null` where none was made.
    pub product: Option<ProductOf>,
    /// All of them, where there are several; else left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub products: Vec<ProductOf>,
}

impl Products {
    /// These files, each with whether it was written.
    pub(super) fn new<'a>(all: impl IntoIterator<Item = (&'a Path, ProductState)>) -> Self {
        let mut products: Vec<ProductOf> = (all.into_iter())
            .map(|(path, state)| ProductOf::new(path, state))
            .collect();
        match products.len() {
            0 | 1 => Self {
                product: products.pop(),
                products,
            },
            _ => Self {
                product: None,
                products,
            },
        }
    }

    /// What was assembled.
    pub(super) fn of(assembled: &[AssembledProduct]) -> Self {
        Self::new(
            assembled
                .iter()
                .map(|product| (product.path.as_path(), product.state)),
        )
    }
}

/// A product, and whether it was written.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ProductOf {
    /// Its file.
    pub path: String,
    /// `written`; or `unchanged` or `left to a later run`: then the file was not touched.
    pub state: String,
}

impl ProductOf {
    fn new(path: &Path, state: ProductState) -> Self {
        Self {
            path: path.display().to_string(),
            state: state.to_string(),
        }
    }
}

/// What the objectives of all these products come to.
pub(super) fn objectives_of(products: &[AssembledProduct]) -> Vec<ObjectiveNumbers> {
    let products = products.iter();
    let objectives = products.flat_map(|product| &product.objectives);
    objectives.cloned().collect()
}

/// How many objectives are listed for people; `--json` lists all.
const LISTED: usize = 10;

/// What objectives come to, as people read it.
pub(super) fn objective_lines(objectives: &[ObjectiveNumbers]) -> Vec<String> {
    let lines = objectives.iter().take(LISTED);
    let mut lines: Vec<String> = lines.map(ObjectiveNumbers::to_string).collect();
    let more = objectives.len().saturating_sub(LISTED);
    if more > 0 {
        lines.push(format!("and {more} more objectives; `--json` lists all"));
    }
    lines
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

/// A catchment by its name.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CatchmentOf {
    /// Its scenario; left out where the project has none.
    #[serde(skip_serializing_if = "ScenarioName::is_unnamed")]
    pub scenario: ScenarioName,
    /// Its id.
    pub catchment: CatchmentId,
}

impl CatchmentOf {
    pub(super) fn new(scenario: &ScenarioName, catchment: &CatchmentId) -> Self {
        Self {
            scenario: scenario.clone(),
            catchment: catchment.clone(),
        }
    }
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
