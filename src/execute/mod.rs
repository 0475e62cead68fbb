//! Brings the store up to date: has what is stale run, and stores every trial as it comes in.
//!
//! [Orders](order) and [trials](trial) are the boundary between the two: what is ordered and what comes back says nothing of where it
//! was run. [`local`] runs simulators on this machine, for a run here and for a task of [`crate::cluster`] alike; [`output`] reads the
//! tables that they write.
//!
//! Several processes may be at work on the same: what one of them is at work on, the others [leave to it](local::turns).
//!
//! The thread that calls [`update`] is the only one of its process that writes the store. It commits in batches, within two seconds after a
//! trial came in, so that a crash costs at most two seconds of finished runs. It does not know why anything is stale, and nothing of
//! products. [`crate::cli`] and [`crate::cluster`] use it; [`crate::history`] and [`crate::report`] read what it left.

pub(crate) mod failure;
pub(crate) mod giving_up;
pub(crate) mod local;
pub(crate) mod next;
pub(crate) mod order;
pub(crate) mod origin;
pub mod output;
pub(crate) mod parts;
pub(crate) mod proposal;
pub(crate) mod recorder;
pub(crate) mod run_context;
pub(crate) mod schedule;
pub(crate) mod timeouts;
pub(crate) mod timings;
pub(crate) mod trial;
pub(crate) mod trying;

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use anyhow::{Context, Result};

use self::giving_up::{GaveUp, GiveUp};
use self::local::LocalExecutor;
use self::local::failed_runs::FailedRuns;
use self::local::shelf::Shelf;
use self::local::turns::Turns;
use self::local::work_folders::WorkFolders;
use self::order::{Work, orders};
use self::origin::{Origins, store_texts};
use self::recorder::Recorder;
use self::run_context::RunContext;
use crate::data::catchment::CatchmentId;
use crate::data::run_cost::TotalCost;
use crate::data::scenario::ScenarioName;
use crate::plan::key::{Key, RawKey};
use crate::plan::loaded::LoadedScenario;
use crate::plan::{Plan, Staleness, State};
use crate::store::Store;
use crate::store::cache_folder::Cache;
use crate::system::jobserver::slots::Slots;
use crate::system::progress::{Progress, Verbosity};

/// How far a run may go, and how much it reports meanwhile.
pub struct Limits {
    /// The simulators at work at once.
    pub slots: Slots,
    /// When nothing new is started because of failures.
    pub give_up: GiveUp,
    /// What is reported while it goes on.
    pub verbosity: Verbosity,
}

/// What a run did.
#[derive(Default)]
pub struct RunReport {
    /// Catchments run, those that failed included.
    pub run: usize,
    /// Catchments for which what their simulator had left was read again, and nothing was run.
    pub read_again: usize,
    /// Results that other processes brought meanwhile, so that nothing was run here.
    pub brought: usize,
    /// The keys of those that gave a result, or whose results others brought.
    pub good: HashSet<Key>,
    /// Those that failed, and those that wait for the same result, with their reasons, in the order in which they failed.
    pub failed: Vec<FailedCatchment>,
    /// Why nothing new was started any more because of failures, if so.
    pub gave_up: Option<GaveUp>,
    /// Why it could not go on.
    pub obstacle: Option<String>,
    /// What it cost.
    pub cost: TotalCost,
    /// Results that differ from an earlier one of the same inputs, which was kept.
    pub contradictions: usize,
    /// The slowest catchments with the seconds of all their attempts, the slowest first.
    pub slowest: Vec<(String, f64)>,
}

impl RunReport {
    /// Whether nothing that was found speaks against doing more.
    pub(crate) fn goes_on(&self) -> bool {
        self.gave_up.is_none() && self.obstacle.is_none()
    }

    /// What was done before and what was done then, as one.
    pub(crate) fn and(mut self, then: Self) -> Self {
        self.run += then.run;
        self.read_again += then.read_again;
        self.brought += then.brought;
        self.good.extend(then.good);
        self.failed.retain(|failed| {
            !then
                .failed
                .iter()
                .any(|again| again.unit() == failed.unit())
        });
        self.failed.extend(then.failed);
        self.gave_up = then.gave_up.or(self.gave_up);
        self.obstacle = self.obstacle.or(then.obstacle);
        self.cost = self.cost.and(then.cost);
        self.contradictions += then.contradictions;
        self.slowest.extend(then.slowest);
        self.slowest.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        self.slowest.truncate(recorder::SLOWEST);
        self
    }

    /// Why what failed did.
    pub(crate) fn reasons(&self) -> HashMap<(&ScenarioName, &CatchmentId), &str> {
        (self.failed.iter())
            .map(|failed| (failed.unit(), failed.reason.as_str()))
            .collect()
    }

    /// Enters what failed into the plans of a study that is only passing: there is no state of it in the store that says so.
    pub(crate) fn enter_failures(&self, list: &[LoadedScenario<'_>], plans: &mut [Plan]) {
        let reasons = self.reasons();
        if reasons.is_empty() {
            return;
        }
        for (loaded, plan) in list.iter().zip(plans) {
            let catchments = loaded.basin.catchments().iter();
            for (catchment, entry) in catchments.zip(&mut plan.entries) {
                let unit = (&loaded.project.scenario.name, &catchment.id);
                if let (State::Stale(_), Some(reason)) = (&entry.state, reasons.get(&unit)) {
                    entry.state = State::Stale(Staleness::Failed((*reason).to_owned()));
                }
            }
        }
    }
}

/// A catchment that failed, or that waits for the result of one that did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedCatchment {
    /// The scenario.
    pub scenario: ScenarioName,
    /// The catchment.
    pub catchment: CatchmentId,
    /// Why it failed.
    pub reason: String,
}

impl FailedCatchment {
    fn unit(&self) -> (&ScenarioName, &CatchmentId) {
        (&self.scenario, &self.catchment)
    }

    /// How messages name it.
    pub(crate) fn label(&self) -> String {
        self.scenario.label(&self.catchment)
    }
}

/// Makes ready what carries orders out on this machine, for `run` and `verify` alike.
///
/// The work directories of runs that fail go to `failed_runs`.
///
/// # Errors
/// If the project insists on work directories in memory and they can't be there.
pub(crate) fn make_ready<'a>(
    loaded_study: &'a [LoadedScenario<'a>],
    run_context: RunContext<'a>,
    failed_runs: &'a FailedRuns,
) -> Result<LocalExecutor<'a>> {
    let first = loaded_study.first().context("a study has a scenario")?;
    let work_folders = WorkFolders::of(first.project)?;
    make_ready_in(work_folders, loaded_study, run_context, failed_runs)
}

/// The same with work directories in these folders.
pub(crate) fn make_ready_in<'a>(
    work_folders: WorkFolders,
    loaded_study: &'a [LoadedScenario<'a>],
    run_context: RunContext<'a>,
    failed_runs: &'a FailedRuns,
) -> Result<LocalExecutor<'a>> {
    Ok(LocalExecutor::new(
        loaded_study,
        run_context,
        work_folders,
        failed_runs,
    ))
}

/// Does the work and stores its results, but for what other processes do meanwhile. Where what a simulator leaves is kept for a key, by what determines it, that is read again
/// and nothing is run.
pub fn update(
    loaded_study: &[LoadedScenario<'_>],
    store: &mut Store,
    work: &Work,
    kept: HashMap<Key, RawKey>,
    limits: &Limits,
    run_context: RunContext<'_>,
) -> Result<RunReport> {
    let started = Instant::now();
    let Some(project) = loaded_study.first().map(|loaded| loaded.project) else {
        return Ok(RunReport::default());
    };
    if work.runs() == 0 {
        return Ok(RunReport::default());
    }
    let failed_runs = FailedRuns::of(project);
    let keep_series = project.cache_limits.keep_series;
    let orders = orders(loaded_study, store, work.first(), keep_series)?;
    let keeps_outputs = project.cache_limits.keep_outputs;
    let shelf = keeps_outputs.then(|| Shelf::new(store.file().to_owned(), kept));
    let claims = Cache::at(project.cache()).claims();
    let turns = Turns::new(&claims, store, work.regardless())?;
    let executor = make_ready(loaded_study, run_context, &failed_runs)?;
    let mut executor = executor.with_shelf(shelf).with_turns(&turns);
    store_texts(loaded_study, store)?;
    let origins = Origins::new(loaded_study, work)?;
    let is_quiet = limits.verbosity == Verbosity::Quiet;
    let progress = Progress::new("running", work.runs(), is_quiet);
    let recorder = Recorder::new(loaded_study, store, progress, limits, run_context);
    let mut recorder = recorder.with_turns(&turns);
    let done = executor.run(&orders, &mut |trial| recorder.take(trial, &origins));
    let mut report = recorder.finish(done)?;
    report.cost.running_seconds = started.elapsed().as_secs_f64();
    Ok(report)
}
