//! Comparing results of a second run with those that are stored.

use std::collections::HashMap;
use std::mem;

use anyhow::{Context, Result};
use schemars::JsonSchema;
use serde::Serialize;

use crate::cli::document::CatchmentOf;
use crate::cluster::verify::TrialTaker;
use crate::execute::next::Next;
use crate::execute::trial::{Trial, TrialOutcome};
use crate::project::Project;
use crate::project::product_spec::VariableAxes;
use crate::store::codec::{self, Encoded};
use crate::store::{ResultSummary, Store};
use crate::system::progress::Progress;

/// A catchment whose second run did not give the same.
#[derive(Serialize, JsonSchema)]
pub(super) struct Differing {
    #[serde(flatten)]
    of: CatchmentOf,
    /// What is different, in words.
    difference: String,
}

/// What was compared so far.
pub(super) struct Comparison {
    /// By the name that a column has in the store.
    axes: HashMap<String, VariableAxes>,
    same: usize,
    differing: Vec<Differing>,
    progress: Progress,
    /// Why nothing can be compared any more.
    trouble: Result<()>,
}

impl Comparison {
    /// One of so many results of this project.
    pub(super) fn new(project: &Project, results: usize, quiet: bool) -> Self {
        let simulator = &project.simulator;
        let axes = simulator.columns.iter().map(|column| {
            let axes = &simulator.outputs[column.output].axes;
            (column.source.clone(), VariableAxes::of(axes))
        });
        Self {
            axes: axes.collect(),
            same: 0,
            differing: Vec::new(),
            progress: Progress::new("verifying", results, quiet),
            trouble: Ok(()),
        }
    }

    /// How many were the same, and those that were not.
    pub(super) fn finish(self) -> Result<(usize, Vec<Differing>)> {
        self.trouble.map(|()| (self.same, self.differing))
    }
}

impl TrialTaker for Comparison {
    fn take(&mut self, store: &Store, trial: &Trial) {
        match difference(store, trial, &self.axes) {
            Ok(None) => self.same += 1,
            Ok(Some(difference)) => {
                let label = trial.scenario.label(&trial.catchment);
                let difference = difference + &machines(store, trial);
                self.say(&format!("catchment {label}: {difference}"));
                let of = CatchmentOf::new(&trial.scenario, &trial.catchment);
                self.differing.push(Differing { of, difference });
            }
            Err(error) => self.trouble = mem::replace(&mut self.trouble, Ok(())).and(Err(error)),
        }
        self.progress.advance(false);
    }

    fn next(&self) -> Next {
        match self.trouble {
            Ok(()) => Next::Wait,
            Err(_) => Next::Stop,
        }
    }

    fn say(&mut self, message: &str) {
        self.progress.say(message);
    }
}

/// Where both were made, if not on the same machine.
fn machines(store: &Store, trial: &Trial) -> String {
    let now = trial.attempts.last().map(|attempt| &attempt.machine);
    match (store.made_on(&trial.key.0), now) {
        (Ok(then), Some(now)) if then.is_known() && now.is_known() && then != *now => {
            format!("; stored from {then}, now on {now}")
        }
        _ => String::new(),
    }
}

/// What is different from the stored result, if anything.
fn difference(
    store: &Store,
    trial: &Trial,
    axes: &HashMap<String, VariableAxes>,
) -> Result<Option<String>> {
    let columns = match &trial.outcome {
        TrialOutcome::Good(columns) => columns,
        TrialOutcome::Failed(failed) | TrialOutcome::Obstacle(_, failed) => {
            return Ok(Some(format!("failed this time: {}", failed.reason)));
        }
    };
    let Some(summary) = store.summary(&trial.key.0)? else {
        return Ok(Some("its stored result is gone".to_owned()));
    };
    for column in columns {
        let stored = (summary.columns.iter()).find(|stored| stored.name == column.name);
        if stored.is_none_or(|stored| stored.checksum != column.checksum)
            && let Some(difference) = first_step(store, &summary, column, axes)?
        {
            return Ok(Some(difference));
        }
    }
    Ok(None)
}

fn first_step(
    store: &Store,
    summary: &ResultSummary,
    now: &Encoded,
    axes: &HashMap<String, VariableAxes>,
) -> Result<Option<String>> {
    let name = now.name.as_str();
    let stored = store.columns(summary.result, &[name])?;
    let then = stored[0]
        .decode()
        .context("a stored result is damaged; `rerunoff doctor` drops it")?;
    let now = codec::decode(&now.bytes, &now.checksum, now.steps)?;
    if then.len() != now.len() {
        let (then, now) = (then.len(), now.len());
        return Ok(Some(format!(
            "{name:?} has {now} values now, and the stored one has {then}"
        )));
    }
    let step = (then.iter().zip(&now)).position(|(then, now)| then.to_bits() != now.to_bits());
    Ok(step.map(|step| {
        let (then, now) = (then[step], now[step]);
        // An axis that the output itself tells has no axes.
        let place = axes
            .get(name)
            .map_or_else(|| format!(" at value {step}"), |axes| axes.place(step));
        let first = if place.is_empty() { "" } else { " first" };
        format!("{name:?} differs{first}{place}: stored {then}, now {now}")
    }))
}
