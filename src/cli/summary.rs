//! What a run came to: one line for people, or one JSON document for machines.

use std::io::{Write, stdout};
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use crate::assembly::Product;
use crate::plan::Plan;
use crate::progress::duration;
use crate::session::Session;

/// The outcome of `rerunoff run`.
#[derive(Default, Serialize)]
pub(super) struct Summary<'a> {
    pub catchments: usize,
    pub fresh: usize,
    pub run: usize,
    pub failed: usize,
    pub stale: usize,
    pub skipped: usize,
    pub seconds: f64,
    pub product: Option<ProductOf>,
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
    /// All that a plan has.
    pub fn all(session: &'a Session<'_>, plan: &Plan) -> Vec<Self> {
        let of = |(id, reason): (&'a crate::catchment::CatchmentId, String)| Self {
            catchment: id.as_str(),
            reason,
        };
        session.failures(plan).into_iter().map(of).collect()
    }
}

impl Summary<'_> {
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
        let seconds = duration(Duration::from_secs_f64(self.seconds));
        line.push_str(&format!(" in {seconds}"));
        if let Some(ProductOf { path, state }) = &self.product {
            line.push_str(&format!("; {path} {state}"));
        }
        line
    }
}
