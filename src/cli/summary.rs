//! What a run came to: one line for people, or one JSON document for machines.

use std::io::{Write, stdout};
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use crate::assembly::Product;
use crate::catchment::CatchmentId;
use crate::plan::Plan;
use crate::progress::duration;
use crate::scenario::ScenarioName;
use crate::session::Session;

/// The outcome of `rerunoff run`.
#[derive(Default, Serialize)]
pub(super) struct Summary<'a> {
    /// Left out where the project has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scenarios: Option<usize>,
    /// Counted in each scenario, as all that follows.
    pub catchments: usize,
    pub fresh: usize,
    pub run: usize,
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
    pub failures: Vec<FailureOf<'a>>,
}

/// The product and what became of it.
#[derive(Serialize)]
pub(super) struct ProductOf {
    path: String,
    state: String,
}

/// A catchment without a result, and why.
#[derive(Serialize)]
pub(super) struct FailureOf<'a> {
    #[serde(skip_serializing_if = "ScenarioName::is_unnamed")]
    pub scenario: &'a ScenarioName,
    pub catchment: &'a str,
    pub reason: String,
}

impl ProductOf {
    pub fn new(path: &Path, product: Product) -> Self {
        Self {
            path: path.display().to_string(),
            state: product.to_string(),
        }
    }
}

impl<'a> FailureOf<'a> {
    /// All that the plans have.
    pub fn all(sessions: &'a [Session<'_>], plans: &[Plan]) -> Vec<Self> {
        let mut all = Vec::new();
        for (session, plan) in sessions.iter().zip(plans) {
            let failures = session.failures(plan).into_iter();
            all.extend(failures.map(|(id, reason)| Self {
                scenario: &session.project.scenario.name,
                catchment: id.as_str(),
                reason,
            }));
        }
        all
    }

    /// How messages name it.
    pub fn label(&self) -> String {
        self.scenario.label(&CatchmentId::new(self.catchment))
    }
}

impl Summary<'_> {
    /// The same with these products.
    pub fn with_products(mut self, mut products: Vec<ProductOf>) -> Self {
        match products.len() {
            0 | 1 => self.product = products.pop(),
            _ => self.products = products,
        }
        self
    }

    /// Prints it on standard output; that nobody reads it any more is no error.
    pub fn print(&self, json: bool) {
        let text = match json {
            // Numbers and texts, nothing that JSON can't hold.
            true => serde_json::to_string_pretty(self).unwrap_or_default(),
            false => self.line(),
        };
        writeln!(stdout(), "{text}").ok();
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
