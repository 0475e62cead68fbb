//! The summary of a run: one line for people, or one JSON document for machines.
//!
//! Every catchment is counted once: it is fresh, failed, stale or skipped. What is listed is what was counted.

use std::io::{Write, stdout};

use anyhow::Result;
use schemars::JsonSchema;
use serde::Serialize;

use crate::cli::document::{FailureOf, ProductOf, Products};
use crate::cli::fault::Fault;
use crate::cli::terminal::print_document;
use crate::data::objective::ObjectiveNumbers;
use crate::execute::giving_up::GaveUp;
use crate::history::account::is_zero;
use crate::product::ProductState;
use crate::system::progress::seconds;

/// The outcome of `rerunoff run`.
#[derive(Default, Serialize, JsonSchema)]
pub(in crate::cli) struct RunSummary {
    /// How many were asked for; left out where the project has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scenarios: Option<usize>,
    /// Counted in each scenario, as is all that follows.
    pub catchments: usize,
    /// With a valid result.
    pub fresh: usize,
    /// How many times a simulator was run, retries not counted; what scenarios have in common is run once.
    pub run: usize,
    /// What their simulators had left was read again; left out where there is none.
    #[serde(skip_serializing_if = "is_zero")]
    pub read_again: usize,
    /// In this run.
    pub failed: usize,
    /// On other machines.
    pub under_way: usize,
    /// Not run, or failed in an earlier run and not tried in this one.
    pub stale: usize,
    /// Those that can't be run.
    pub skipped: usize,
    /// The whole time.
    pub seconds: f64,
    #[serde(flatten)]
    pub products: Products,
    /// The name that the outcome has been given; left out unless it was to have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Whether a signal ended it.
    pub interrupted: bool,
    /// Whether it ended early because too many failed.
    pub gave_up: bool,
    /// Left out unless that was because all that came first failed alike.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed_alike: Option<FailedAlike>,
    /// What the objectives of the products come to, scenario by scenario; left out where there are none or no product was made.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub objectives: Vec<ObjectiveNumbers>,
    /// Those that failed in this run.
    pub failures: Vec<FailureOf>,
    /// Those that are skipped.
    pub cannot_run: Vec<FailureOf>,
    /// Left out unless the run was interrupted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Fault<'static>>,
}

/// The catchments that came first and failed alike.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct FailedAlike {
    /// How many.
    count: usize,
    /// In words.
    reason: String,
}

impl FailedAlike {
    /// If that is why a run gave up.
    pub(super) fn of(why: &GaveUp) -> Option<Self> {
        match why {
            GaveUp::After(_) => None,
            GaveUp::Alike { count, reason, .. } => Some(Self {
                count: *count,
                reason: reason.clone(),
            }),
        }
    }
}

impl RunSummary {
    /// Prints it on standard output. A reader of text that has gone is no error; a document that can't be written is one.
    pub(super) fn print(&self, json: bool) -> Result<()> {
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
        for (count, what) in [
            (self.read_again, "read again"),
            (self.under_way, "under way"),
            (self.stale, "stale"),
            (self.skipped, "skipped"),
        ] {
            if count > 0 {
                line.push_str(&format!(", {count} {what}"));
            }
        }
        if let Some(scenarios) = self.scenarios {
            let plural = if scenarios == 1 { "" } else { "s" };
            line.push_str(&format!(" of {scenarios} scenario{plural}"));
        }
        line.push_str(&format!(" in {}", seconds(self.seconds)));
        if let Some(tag) = &self.tag {
            line.push_str(&format!("; kept as tag {tag:?}"));
        }
        let Products { product, products } = &self.products;
        if let Some(ProductOf { path, state }) = product {
            line.push_str(&format!("; {path} {state}"));
        }
        if !products.is_empty() {
            let written = products.iter();
            let written =
                written.filter(|product| product.state == ProductState::Written.to_string());
            let all = products.len();
            line.push_str(&format!("; {} of {all} products written", written.count()));
        }
        line
    }
}
