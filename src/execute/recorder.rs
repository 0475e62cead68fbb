//! Where trials come in: each is entered for all that wait for it, reported, and committed with its batch.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::{Limits, RunReport};
use crate::execute::executor::Next;
use crate::execute::local::failed_runs::FailedRuns;
use crate::execute::order::Work;
use crate::execute::run_context::RunContext;
use crate::execute::timings::Phase;
use crate::execute::trial::{Trial, TrialOutcome};
use crate::plan::Unit;
use crate::plan::loaded::LoadedScenario;
use crate::store::{Another, Record, Store, StoreError};
use crate::system::progress::{Progress, Verbosity, seconds};

/// A batch is committed when it has so many trials.
const BATCH: usize = 100;

/// Failures reported one by one before the rest is only counted.
const REPORTED: usize = 20;

/// How many of the slowest catchments are reported.
const SLOWEST: usize = 5;

/// Takes trials in, batch by batch.
pub(crate) struct Recorder<'a> {
    loaded_study: &'a [LoadedScenario<'a>],
    store: &'a mut Store,
    work: &'a Work,
    limits: &'a Limits,
    run_context: RunContext<'a>,
    /// What each scenario's recipe is made of.
    recipe_parts: Vec<Arc<[u8]>>,
    /// The batch, and since when it has waited.
    pending: Vec<Record>,
    since: Instant,
    /// Failures reported one by one.
    reported: usize,
    progress: Progress,
    report: RunReport,
    /// Why nothing can be recorded any more.
    error: Option<anyhow::Error>,
}

impl<'a> Recorder<'a> {
    /// Of the trials of this work.
    pub(crate) fn new(
        loaded_study: &'a [LoadedScenario<'a>],
        store: &'a mut Store,
        work: &'a Work,
        limits: &'a Limits,
        run_context: RunContext<'a>,
    ) -> Result<Self> {
        Ok(Self {
            recipe_parts: store_recipes(loaded_study, store)?,
            loaded_study,
            store,
            work,
            limits,
            run_context,
            pending: Vec::new(),
            since: Instant::now(),
            reported: 0,
            progress: Progress::new("running", work.runs(), limits.verbosity == Verbosity::Quiet),
            report: RunReport::default(),
            error: None,
        })
    }

    /// Takes a trial, or commits the batch because none came for a while; and says whether there shall be more.
    pub(crate) fn take(&mut self, trial: Option<Trial>) -> Next {
        let is_pause = trial.is_none();
        match trial {
            Some(Trial {
                outcome: TrialOutcome::Obstacle(_, failed),
                ..
            }) => {
                self.report.obstacle.get_or_insert(failed.reason);
            }
            Some(trial) => {
                if self.pending.is_empty() {
                    self.since = Instant::now();
                }
                let entered = self.enter(trial);
                self.note_error(entered);
            }
            None => {}
        }
        self.report.gave_up = self
            .limits
            .max_failures
            .is_some_and(|most| self.report.failed.len() >= most);
        let is_stopping = self.report.gave_up
            || self.report.obstacle.is_some()
            || self.run_context.interrupt.is_triggered();
        let is_due = self.pending.len() >= BATCH || self.since.elapsed() >= Duration::from_secs(1);
        // After a stop, the next trial comes when a simulator ends, however long that takes.
        if is_due || is_pause || is_stopping {
            let committed = self.commit().map_err(anyhow::Error::from);
            self.note_error(committed);
        }
        if is_stopping || self.error.is_some() {
            Next::Stop
        } else if self.pending.is_empty() {
            Next::Wait
        } else {
            Next::WaitASecond
        }
    }

    /// Commits the last batch, and says what was done; `done` is how the executor ended.
    pub(crate) fn finish(mut self, done: Result<()>) -> Result<RunReport> {
        let committed = self.commit();
        if let Some(error) = self.error {
            return Err(error);
        }
        committed?;
        done?;
        Ok(self.report)
    }

    /// Only the first error counts: others follow from it.
    fn note_error(&mut self, outcome: Result<()>) {
        if let Err(error) = outcome {
            self.error.get_or_insert(error);
        }
    }

    /// Enters a trial into the batch for its catchment, and a failed one for all that wait for the same result. What a good
    /// one gives them, they find under their keys.
    fn enter(&mut self, trial: Trial) -> Result<()> {
        let label = trial.scenario.label(&trial.catchment);
        let ordered = self.work.unit(&trial.key);
        let unit =
            ordered.with_context(|| format!("nobody ordered the run of catchment {label}"))?;
        self.count(&trial, &label);
        let mut others: &[Unit] = &[];
        match &trial.outcome {
            TrialOutcome::Good(_) => {
                self.report.good.insert(trial.key);
            }
            TrialOutcome::Failed(failed) | TrialOutcome::Obstacle(_, failed) => {
                self.report_failure(unit, &trial, &label, &failed.reason);
                others = self.work.others(&trial.key);
                let units = [unit].into_iter().chain(others.iter().copied());
                let failed = units.map(|unit| (unit, failed.reason.clone()));
                self.report.failed.extend(failed);
            }
        }
        let first = self.record(unit, trial);
        for other in others {
            let loaded = &self.loaded_study[other.scenario];
            self.pending.push(Record {
                scenario: loaded.project.scenario.name.clone(),
                catchment: loaded.basin.id(other.catchment).clone(),
                ..first.clone()
            });
        }
        self.pending.push(first);
        Ok(())
    }

    /// Counts a trial and its cost.
    fn count(&mut self, trial: &Trial, label: &str) {
        self.report.run += 1;
        let costs = trial.attempts.iter().map(|attempt| attempt.cost);
        let wall: f64 = costs.clone().map(|cost| cost.wall).sum();
        let total = &mut self.report.cost;
        total.simulator_seconds += wall;
        total.cpu_seconds += costs.clone().map(|cost| cost.cpu()).sum::<f64>();
        let peaks = costs.map(|cost| cost.peak_bytes);
        total.peak_bytes = peaks.fold(total.peak_bytes, u64::max);
        let slowest = &mut self.report.slowest;
        let rank = slowest.partition_point(|(_, slower)| *slower >= wall);
        slowest.insert(rank, (label.to_owned(), wall));
        slowest.truncate(SLOWEST);
        let is_good = matches!(trial.outcome, TrialOutcome::Good(_));
        if is_good && self.limits.verbosity == Verbosity::Verbose {
            let took = seconds(wall);
            self.progress.say(&format!("catchment {label}: {took}"));
        }
        self.progress.advance(!is_good);
    }

    fn record(&self, unit: Unit, trial: Trial) -> Record {
        Record {
            scenario: trial.scenario,
            catchment: trial.catchment,
            key: trial.key.0,
            // An explanation is made of short texts and digests, which postcard can always hold.
            parts: postcard::to_stdvec(&trial.explanation).unwrap_or_default(),
            recipe: *self.loaded_study[unit.scenario].recipe.digest(),
            recipe_parts: self.recipe_parts[unit.scenario].clone(),
            contents: trial.texts,
            series: trial.series,
            attempts: trial.attempts,
            result: match trial.outcome {
                TrialOutcome::Good(columns) => Some(columns),
                TrialOutcome::Failed(_) | TrialOutcome::Obstacle(..) => None,
            },
            another: Another::IsReplaced,
        }
    }

    fn report_failure(&mut self, unit: Unit, trial: &Trial, label: &str, reason: &str) {
        match self.reported {
            0..REPORTED => {
                let project = self.loaded_study[unit.scenario].project;
                let failed_runs = FailedRuns::in_cache(&project.cache());
                let see = match failed_runs.kept(&trial.scenario, &trial.catchment) {
                    Some(kept) => format!(" (see {})", kept.display()),
                    None => String::new(),
                };
                self.progress
                    .say(&format!("catchment {label} failed: {reason}{see}"));
            }
            REPORTED => self
                .progress
                .say("further failures are counted only; `rerunoff status --json` lists all"),
            _ => {}
        }
        self.reported += 1;
    }

    /// Stores what is pending.
    fn commit(&mut self) -> Result<(), StoreError> {
        if !self.pending.is_empty() {
            (self.run_context.timings).time(Phase::Commit, || self.store.commit(&self.pending))?;
            self.pending.clear();
        }
        Ok(())
    }
}

/// Stores the texts that the scenarios' recipes have in common, and says what each recipe is made of.
fn store_recipes(loaded_study: &[LoadedScenario<'_>], store: &mut Store) -> Result<Vec<Arc<[u8]>>> {
    let mut all = Vec::with_capacity(loaded_study.len());
    for loaded in loaded_study {
        let parts = postcard::to_stdvec(loaded.recipe.explanation());
        all.push(parts.context("can't store the recipe")?.into());
        store.store_contents(&loaded.recipe.common_texts(&loaded.basin))?;
    }
    Ok(all)
}
