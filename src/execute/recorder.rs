//! Where trials come in: each is put down for all that wait for it, told of, and committed with its batch.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Limits, RunReport};
use crate::execute::failure::Failure;
use crate::execute::local::Next;
use crate::execute::local::failed_runs::FailedRuns;
use crate::execute::local::trial::Trial;
use crate::execute::timings::{Phase, Timings};
use crate::plan::Unit;
use crate::plan::key::Key;
use crate::plan::loaded::LoadedScenario;
use crate::store::{Record, Store, StoreError};
use crate::system::process::Interrupt;
use crate::system::progress::{Progress, Verbosity, duration};

/// A batch is committed when it has so many trials.
const BATCH: usize = 100;

/// Failures told one by one before the rest is only counted.
const TOLD: usize = 20;

/// How many of the slowest catchments are reported.
const SLOWEST: usize = 5;

/// What is known of trials that have come in.
pub(crate) struct Recorder<'a> {
    pub(crate) loaded_study: &'a [LoadedScenario<'a>],
    pub(crate) others: &'a HashMap<Key, Vec<Unit>>,
    pub(crate) store: &'a mut Store,
    pub(crate) limits: &'a Limits,
    pub(crate) interrupt: &'a Interrupt,
    pub(crate) timings: &'a Timings,
    pub(crate) kept: &'a FailedRuns,
    /// By scenario.
    pub(crate) recipe_parts: Vec<Arc<[u8]>>,
    pub(crate) pending: Vec<Record>,
    pub(crate) since: Instant,
    /// Failures told one by one.
    pub(crate) told: usize,
    pub(crate) progress: Progress,
    pub(crate) report: RunReport,
    pub(crate) trouble: Option<StoreError>,
}

impl Recorder<'_> {
    /// Takes a trial, or notes that none came for a while; and says whether there shall be more.
    pub(crate) fn take(&mut self, trial: Option<Trial>) -> Next {
        if let Some(obstacle) = trial.as_ref().and_then(obstacle) {
            self.report.obstacle.get_or_insert(obstacle);
        } else if let Some(trial) = trial {
            if self.pending.is_empty() {
                self.since = Instant::now();
            }
            self.enter(trial);
        }
        if (self.pending.len() >= BATCH || self.since.elapsed() >= Duration::from_secs(1))
            && let Err(error) = self.commit()
        {
            self.trouble.get_or_insert(error);
        }
        self.report.gave_up = self
            .limits
            .max_failures
            .is_some_and(|most| self.report.failed.len() >= most);
        let is_over = self.trouble.is_some() || self.report.obstacle.is_some();
        if is_over || self.report.gave_up || self.interrupt.is_triggered() {
            Next::Stop
        } else if self.pending.is_empty() {
            Next::Wait
        } else {
            Next::WaitASecond
        }
    }

    /// Puts a trial down for its catchment, and a failed one for all that wait for the same result; what a good one gives
    /// them, they find under their keys.
    fn enter(&mut self, trial: Trial) {
        self.report.run += 1;
        let attempts = trial.attempts.iter();
        let cpu = attempts
            .clone()
            .map(|attempt| attempt.user + attempt.system);
        self.report.cpu_seconds += cpu.sum::<f64>();
        let wall: f64 = attempts.clone().map(|attempt| attempt.wall).sum();
        self.report.simulator_seconds += wall;
        let peaks = attempts.map(|attempt| attempt.peak_bytes);
        self.report.peak_bytes = peaks.fold(self.report.peak_bytes, u64::max);
        let label = self.label(trial.unit);
        let slowest = &mut self.report.slowest;
        let rank = slowest.partition_point(|(slower, _)| *slower >= wall);
        slowest.insert(rank, (wall, label.clone()));
        slowest.truncate(SLOWEST);
        if trial.outcome.is_ok() && self.limits.verbosity == Verbosity::Verbose {
            let took = duration(Duration::from_secs_f64(wall));
            self.progress.say(&format!("catchment {label}: {took}"));
        }
        self.progress.advance(trial.outcome.is_err());
        let mut units = vec![trial.unit];
        match &trial.outcome {
            Ok(_) => {
                self.report.good.insert(trial.key);
            }
            Err(failure) => {
                self.tell(trial.unit, &label, failure);
                units.extend(self.others.get(&trial.key).into_iter().flatten());
                let failed = units.iter().map(|unit| (*unit, failure.to_string()));
                self.report.failed.extend(failed);
            }
        }
        let (unit, others) = (trial.unit, &units[1..]);
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
    }

    fn record(&self, unit: Unit, trial: Trial) -> Record {
        let loaded = &self.loaded_study[unit.scenario];
        Record {
            scenario: loaded.project.scenario.name.clone(),
            catchment: loaded.basin.id(unit.catchment).clone(),
            key: trial.key.0,
            // An explanation is made of short texts and digests, which postcard can always hold.
            parts: postcard::to_stdvec(&trial.explanation).unwrap_or_default(),
            recipe: *loaded.recipe.digest(),
            recipe_parts: self.recipe_parts[unit.scenario].clone(),
            contents: trial.texts,
            series: trial.series,
            attempts: trial.attempts,
            result: trial.outcome.ok(),
        }
    }

    fn label(&self, unit: Unit) -> String {
        self.loaded_study[unit.scenario].label(unit.catchment)
    }

    fn tell(&mut self, unit: Unit, label: &str, failure: &Failure) {
        match self.told {
            0..TOLD => {
                let loaded = &self.loaded_study[unit.scenario];
                let id = loaded.basin.id(unit.catchment);
                let kept = self.kept.path(&loaded.project.scenario.name, id);
                let evidence = if kept.exists() {
                    format!(" (see {})", kept.display())
                } else {
                    String::new()
                };
                self.progress
                    .say(&format!("catchment {label} failed: {failure}{evidence}"));
            }
            TOLD => self
                .progress
                .say("further failures are counted only; `rerunoff status --json` lists all"),
            _ => {}
        }
        self.told += 1;
    }

    /// Stores what is pending.
    pub(crate) fn commit(&mut self) -> Result<(), StoreError> {
        if !self.pending.is_empty() {
            self.timings
                .time(Phase::Commit, || self.store.commit(&self.pending))?;
            self.pending.clear();
        }
        Ok(())
    }
}

/// What would keep every other catchment from being run, too.
fn obstacle(trial: &Trial) -> Option<String> {
    let failure = trial.outcome.as_ref().err()?;
    failure.is_obstacle().then(|| failure.to_string())
}
