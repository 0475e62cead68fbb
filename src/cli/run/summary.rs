//! What a run came to: one line for people, or one JSON document for machines.
//!
//! Every catchment is counted once: it is fresh, failed, stale or skipped. What is listed is what was counted.

use std::io::{Write, stdout};
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use crate::cli::fault::{Fault, print_document};
use crate::data::catchment::CatchmentId;
use crate::data::scenario::ScenarioName;
use crate::plan::loaded::LoadedScenario;
use crate::plan::{Plan, Staleness, State, Unit};
use crate::product::Product;
use crate::system::progress::duration;

/// The outcome of `rerunoff run`.
#[derive(Default, Serialize)]
pub(crate) struct RunSummary {
    /// Left out where the project has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scenarios: Option<usize>,
    /// Counted in each scenario, as all that follows.
    pub catchments: usize,
    pub fresh: usize,
    pub run: usize,
    /// In this run.
    pub failed: usize,
    pub stale: usize,
    pub skipped: usize,
    pub seconds: f64,
    /// The only product, if there is just one.
    pub product: Option<ProductOf>,
    /// All of them, where there are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub products: Vec<ProductOf>,
    pub interrupted: bool,
    pub gave_up: bool,
    /// Those that failed in this run.
    pub failures: Vec<FailureOf>,
    /// Those that are skipped.
    pub cannot_run: Vec<FailureOf>,
    /// Left out where it came to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Fault<'static>>,
}

/// The product and what became of it.
#[derive(Serialize)]
pub(crate) struct ProductOf {
    path: String,
    state: String,
}

/// A catchment without a result, and why.
#[derive(Debug, Serialize)]
pub(crate) struct FailureOf {
    #[serde(skip_serializing_if = "ScenarioName::is_unnamed")]
    pub scenario: ScenarioName,
    pub catchment: CatchmentId,
    pub reason: String,
}

/// Why so many catchments are to be run.
#[derive(Debug, Serialize)]
pub(crate) struct Cause {
    pub count: usize,
    pub cause: String,
}

impl ProductOf {
    pub fn new(path: &Path, product: Product) -> Self {
        Self {
            path: path.display().to_string(),
            state: product.to_string(),
        }
    }
}

impl Cause {
    pub fn all(causes: Vec<(usize, String)>) -> Vec<Self> {
        let cause = |(count, cause)| Self { count, cause };
        causes.into_iter().map(cause).collect()
    }
}

impl FailureOf {
    /// Of one catchment of the scenario.
    fn new(loaded: &LoadedScenario<'_>, catchment: usize, reason: String) -> Self {
        Self {
            scenario: loaded.project.scenario.name.clone(),
            catchment: loaded.basin.id(catchment).clone(),
            reason,
        }
    }

    /// Of those that failed in a run, in the basins' order.
    pub fn of_run(loaded_study: &[LoadedScenario<'_>], failed: &[(Unit, String)]) -> Vec<Self> {
        let mut failed: Vec<_> = failed.iter().collect();
        failed.sort_by_key(|(unit, _)| *unit);
        let of = |(unit, reason): &(Unit, String)| {
            Self::new(&loaded_study[unit.scenario], unit.catchment, reason.clone())
        };
        failed.into_iter().map(of).collect()
    }

    /// Of those that failed when they were last run.
    pub fn failed<'a>(
        all: impl IntoIterator<Item = (&'a LoadedScenario<'a>, &'a Plan)>,
    ) -> Vec<Self> {
        Self::all(all, |state| match state {
            State::Stale(Staleness::Failed(reason)) => Some(reason.clone()),
            State::Fresh(_) | State::Stale(_) | State::Bad(_) => None,
        })
    }

    /// Of those that can't be run.
    pub fn bad<'a>(all: impl IntoIterator<Item = (&'a LoadedScenario<'a>, &'a Plan)>) -> Vec<Self> {
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
    pub fn label(&self) -> String {
        self.scenario.label(&self.catchment)
    }
}

impl RunSummary {
    /// The same with these products.
    pub fn with_products(mut self, mut products: Vec<ProductOf>) -> Self {
        match products.len() {
            0 | 1 => self.product = products.pop(),
            _ => self.products = products,
        }
        self
    }

    /// Prints it on standard output. People who no longer look are no error; a document that can't be written is one.
    pub fn print(&self, json: bool) -> Result<()> {
        match json {
            true => print_document(self),
            false => {
                writeln!(stdout(), "{}", self.line()).ok();
                Ok(())
            }
        }
    }

    fn line(&self) -> String {
        let mut line = format!(
            "{} fresh, {} run, {} failed",
            self.fresh, self.run, self.failed
        );
        for (count, what) in [(self.stale, "stale"), (self.skipped, "skipped")] {
            if count > 0 {
                line.push_str(&format!(", {count} {what}"));
            }
        }
        if let Some(scenarios) = self.scenarios {
            let plural = if scenarios == 1 { "" } else { "s" };
            line.push_str(&format!(" of {scenarios} scenario{plural}"));
        }
        let seconds = duration(Duration::from_secs_f64(self.seconds));
        line.push_str(&format!(" in {seconds}"));
        if let Some(ProductOf { path, state }) = &self.product {
            line.push_str(&format!("; {path} {state}"));
        }
        if !self.products.is_empty() {
            let written = self.products.iter();
            let written = written.filter(|product| product.state == Product::Written.to_string());
            let all = self.products.len();
            line.push_str(&format!("; {} of {all} products written", written.count()));
        }
        line
    }
}
