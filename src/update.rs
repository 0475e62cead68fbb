//! Brings the store up to date: runs what is stale and puts every trial down as it comes in.
//!
//! This thread is the only one that writes the store. It commits in batches, at most a second after a trial came in, so
//! that a crash costs at most a second of finished runs.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::cache::Cache;
use crate::catchment::CatchmentId;
use crate::key::Key;
use crate::lock::Lock;
use crate::outcome::Failure;
use crate::process::Interrupt;
use crate::progress::{Progress, Verbosity, duration};
use crate::run::{Next, run};
use crate::session::Session;
use crate::slots::Slots;
use crate::store::{Record, Store, StoreError};
use crate::timeouts::Timeouts;
use crate::timings::{Phase, Timings};
use crate::trial::{Bench, Trial};
use crate::work::Kept;

/// A batch is committed when it has so many trials.
const BATCH: usize = 100;

/// Failures told one by one before the rest is only counted.
const TOLD: usize = 20;

/// How many of the slowest catchments are reported.
const SLOWEST: usize = 5;

/// How far a run may go, and how much it tells meanwhile.
pub struct Limits {
    /// The simulators at work at once.
    pub slots: Slots,
    /// Stop starting new runs after so many failures.
    pub max_failures: Option<usize>,
    /// What is told while it goes on.
    pub verbosity: Verbosity,
}

/// What a run did.
#[derive(Default)]
pub struct Report {
    /// Catchments run, those that failed included.
    pub run: usize,
    /// Those that failed, with their reasons.
    pub failed: Vec<(CatchmentId, String)>,
    /// Whether the budget for failures was used up.
    pub gave_up: bool,
    /// What kept it from going on.
    pub obstacle: Option<String>,
    /// Processor time of the simulators, in seconds.
    pub cpu_seconds: f64,
    /// Seconds that the simulators took, added up.
    pub simulator_seconds: f64,
    /// Seconds that passed meanwhile.
    pub seconds: f64,
    /// The largest resident memory of a simulator, in bytes.
    pub peak_bytes: u64,
    /// The slowest catchments with the seconds of all their attempts, the slowest first.
    pub slowest: Vec<(f64, CatchmentId)>,
}

/// Runs the wanted catchments and stores what comes of it.
pub fn update(
    session: &Session<'_>,
    store: &mut Store,
    wanted: &[(usize, Key)],
    limits: &Limits,
    lock: &Lock,
    interrupt: &Interrupt,
    timings: &Timings,
) -> Result<Report> {
    let started = Instant::now();
    let cache = Cache::of(session.project);
    let work = cache.workplace(session.project)?;
    let kept = cache.failed();
    let timeouts = Timeouts::new(session.project.simulator.timeout, &store.last()?);
    let bench = Bench {
        project: session.project,
        basin: &session.basin,
        recipe: &session.recipe,
        kept: &kept,
        known: match session.project.cache_limits.keep_series {
            true => Some(store.inputs()?),
            false => None,
        },
        lock,
        timeouts: &timeouts,
        interrupt,
        timings,
    };
    store.keep(&session.recipe.common_texts(&session.basin))?;
    let mut desk = Desk {
        session,
        store,
        limits,
        interrupt,
        timings,
        kept: &kept,
        recipe_parts: postcard::to_stdvec(session.recipe.explanation())
            .context("can't put down the recipe")?
            .into(),
        pending: Vec::new(),
        since: Instant::now(),
        progress: Progress::new(
            "running",
            wanted.len(),
            limits.verbosity == Verbosity::Quiet,
        ),
        report: Report::default(),
        trouble: None,
    };
    let fed = run(&bench, wanted, &limits.slots, &work, &mut |trial| {
        desk.take(trial)
    });
    let committed = desk.commit();
    let (mut report, trouble) = (desk.report, desk.trouble);
    report.seconds = started.elapsed().as_secs_f64();
    work.clear()?;
    kept.prune()?;
    if let Some(trouble) = trouble {
        return Err(trouble.into());
    }
    committed?;
    fed?;
    Ok(report)
}

/// What would keep every other catchment from being run, too.
fn obstacle(trial: &Trial) -> Option<String> {
    let failure = trial.outcome.as_ref().err()?;
    failure.is_obstacle().then(|| failure.to_string())
}

/// Where trials come in.
struct Desk<'a> {
    session: &'a Session<'a>,
    store: &'a mut Store,
    limits: &'a Limits,
    interrupt: &'a Interrupt,
    timings: &'a Timings,
    kept: &'a Kept,
    recipe_parts: std::sync::Arc<[u8]>,
    pending: Vec<Record>,
    since: Instant,
    progress: Progress,
    report: Report,
    trouble: Option<StoreError>,
}

impl Desk<'_> {
    fn take(&mut self, trial: Option<Trial>) -> Next {
        if let Some(obstacle) = trial.as_ref().and_then(obstacle) {
            self.report.obstacle.get_or_insert(obstacle);
        } else if let Some(trial) = trial {
            if self.pending.is_empty() {
                self.since = Instant::now();
            }
            let record = self.record(trial);
            self.pending.push(record);
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

    fn record(&mut self, trial: Trial) -> Record {
        let catchment = self.session.basin.catchments()[trial.catchment].id.clone();
        self.report.run += 1;
        self.report.cpu_seconds += trial
            .attempts
            .iter()
            .map(|attempt| attempt.user + attempt.system)
            .sum::<f64>();
        let wall = (trial.attempts.iter()).map(|attempt| attempt.wall).sum();
        self.report.simulator_seconds += wall;
        let peaks = trial.attempts.iter().map(|attempt| attempt.peak_bytes);
        self.report.peak_bytes = peaks.fold(self.report.peak_bytes, u64::max);
        let slowest = &mut self.report.slowest;
        let rank = slowest.partition_point(|(slower, _)| *slower >= wall);
        slowest.insert(rank, (wall, catchment.clone()));
        slowest.truncate(SLOWEST);
        if let Err(failure) = &trial.outcome {
            self.tell(&catchment, failure);
            self.report
                .failed
                .push((catchment.clone(), failure.to_string()));
        } else if self.limits.verbosity == Verbosity::Verbose {
            let seconds = trial.attempts.iter().map(|attempt| attempt.wall).sum();
            let took = duration(Duration::from_secs_f64(seconds));
            self.progress.say(&format!("catchment {catchment}: {took}"));
        }
        self.progress.advance(trial.outcome.is_err());
        Record {
            catchment,
            key: trial.key.0,
            // An explanation is made of short texts and digests, which postcard can always hold.
            parts: postcard::to_stdvec(&trial.explanation).unwrap_or_default(),
            recipe: *self.session.recipe.digest(),
            recipe_parts: self.recipe_parts.clone(),
            contents: trial.texts,
            series: trial.series,
            attempts: trial.attempts,
            result: trial.outcome.ok(),
        }
    }

    fn tell(&self, catchment: &CatchmentId, failure: &Failure) {
        match self.report.failed.len() {
            0..TOLD => {
                let kept = self.kept.path(catchment);
                let evidence = if kept.exists() {
                    format!(" (see {})", kept.display())
                } else {
                    String::new()
                };
                self.progress.say(&format!(
                    "catchment {catchment} failed: {failure}{evidence}"
                ));
            }
            TOLD => self
                .progress
                .say("further failures are counted only; `rerunoff status` lists them"),
            _ => {}
        }
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        if !self.pending.is_empty() {
            self.timings
                .time(Phase::Commit, || self.store.commit(&self.pending))?;
            self.pending.clear();
        }
        Ok(())
    }
}
