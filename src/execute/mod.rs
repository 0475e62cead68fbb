//! Brings the store up to date: runs what is stale and puts every trial down as it comes in.
//!
//! This thread is the only one that writes the store. It commits in batches, at most a second after a trial came in, so
//! that a crash costs at most a second of finished runs.

pub mod failure;
pub mod local;
pub mod output;
mod recorder;
pub mod timeouts;
pub mod timings;

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use anyhow::{Context, Result};

use self::recorder::Recorder;
use crate::execute::local::failed_runs::FailedRuns;
use crate::execute::local::run;
use crate::execute::local::trial::{RunContext, ScenarioContext};
use crate::execute::local::work_folders::WorkFolders;
use crate::execute::timings::Timings;
use crate::plan::Unit;
use crate::plan::key::Key;
use crate::plan::loaded::LoadedScenario;
use crate::store::Store;
use crate::system::jobserver::slots::Slots;
use crate::system::lock::Lock;
use crate::system::process::Interrupt;
use crate::system::progress::{Progress, Verbosity};

/// What took so many times the median when it was last run is run first.
const LONG: f64 = 3.0;

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
pub struct RunReport {
    /// Catchments run, those that failed included.
    pub run: usize,
    /// The keys of those that gave a result.
    pub good: HashSet<Key>,
    /// Those that failed, and those that wait for the same result, with their reasons, in the order in which they failed.
    pub failed: Vec<(Unit, String)>,
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
    pub slowest: Vec<(f64, String)>,
}

/// What is to be run: each key once, and who else waits for its result.
pub struct Work {
    /// By key, so that what several scenarios have in common is run once.
    first: Vec<(Unit, Key)>,
    /// Further units of keys that several have.
    others: HashMap<Key, Vec<Unit>>,
}

impl Work {
    /// Of the wanted units.
    pub fn of(wanted: &[(Unit, Key)]) -> Self {
        let mut seen = HashSet::new();
        let mut work = Self {
            first: Vec::with_capacity(wanted.len()),
            others: HashMap::new(),
        };
        for &(unit, key) in wanted {
            match seen.insert(key) {
                true => work.first.push((unit, key)),
                false => work.others.entry(key).or_default().push(unit),
            }
        }
        work
    }

    /// The units to be run.
    pub fn units(&self) -> impl Iterator<Item = Unit> {
        self.first.iter().map(|(unit, _)| *unit)
    }

    /// How many times a simulator has to be run.
    pub fn runs(&self) -> usize {
        self.first.len()
    }
}

/// Does the work and stores what comes of it.
pub fn update(
    loaded_study: &[LoadedScenario<'_>],
    store: &mut Store,
    work: &Work,
    limits: &Limits,
    lock: &Lock,
    interrupt: &Interrupt,
    timings: &Timings,
) -> Result<RunReport> {
    let started = Instant::now();
    let Some(project) = loaded_study.first().map(|loaded| loaded.project) else {
        return Ok(RunReport::default());
    };
    let places = WorkFolders::of(project)?;
    let kept = FailedRuns::in_cache(&project.cache());
    let known = match project.cache_limits.keep_series {
        true => Some(store.inputs()?),
        false => None,
    };
    let mut history = Vec::with_capacity(loaded_study.len());
    let mut recipe_parts = Vec::with_capacity(loaded_study.len());
    for loaded in loaded_study {
        history.push(store.last(&loaded.project.scenario.name)?);
        let parts = postcard::to_stdvec(loaded.recipe.explanation());
        recipe_parts.push(parts.context("can't put down the recipe")?.into());
        store.keep(&loaded.recipe.common_texts(&loaded.basin))?;
    }
    let run_context = RunContext {
        kept: &kept,
        known: known.as_ref(),
        lock,
        interrupt,
        timings,
    };
    let contexts: Vec<ScenarioContext<'_>> = (loaded_study.iter().zip(&history))
        .map(|(loaded, last)| ScenarioContext::new(&run_context, loaded, last))
        .collect();
    let wall = |unit: &Unit| {
        let id = loaded_study[unit.scenario].basin.id(unit.catchment);
        let last = history[unit.scenario].get(id)?;
        last.cost.map(|cost| cost.wall)
    };
    let (ordered, long) = longest_first(&work.first, &wall);
    let (long, rest) = ordered.split_at(long);
    let mut recorder = Recorder {
        loaded_study,
        others: &work.others,
        store,
        limits,
        interrupt,
        timings,
        kept: &kept,
        recipe_parts,
        pending: Vec::new(),
        since: Instant::now(),
        told: 0,
        progress: Progress::new("running", work.runs(), limits.verbosity == Verbosity::Quiet),
        report: RunReport::default(),
        trouble: None,
    };
    let fed = run(
        &run_context,
        &contexts,
        &[long, rest],
        &limits.slots,
        &places,
        &mut |trial| recorder.take(trial),
    );
    let committed = recorder.commit();
    let (mut report, trouble) = (recorder.report, recorder.trouble);
    report.seconds = started.elapsed().as_secs_f64();
    places.clear()?;
    kept.prune()?;
    if let Some(trouble) = trouble {
        return Err(trouble.into());
    }
    committed?;
    fed?;
    Ok(report)
}

/// What took much longer than most when it was last run, the longest first, then all else in the order given; and how many
/// are the long ones.
///
/// A long run that begins last keeps the others waiting. All else stays in the input's order, in which it is read fastest.
fn longest_first(
    units: &[(Unit, Key)],
    wall: &dyn Fn(&Unit) -> Option<f64>,
) -> (Vec<(Unit, Key)>, usize) {
    let mut walls: Vec<f64> = units.iter().filter_map(|(unit, _)| wall(unit)).collect();
    walls.sort_by(f64::total_cmp);
    let median = walls.get(walls.len() / 2).copied().unwrap_or_default();
    let long = |(unit, _): &(Unit, Key)| wall(unit).filter(|wall| *wall > LONG * median);
    let mut ordered = units.to_vec();
    ordered.sort_by(|a, b| {
        let [a, b] = [a, b].map(|unit| long(unit).unwrap_or_default());
        b.total_cmp(&a)
    });
    let count = units.iter().filter(|unit| long(unit).is_some()).count();
    (ordered, count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::digest::Digest;

    #[test]
    fn long_runs_begin_first_and_the_rest_keeps_its_order() {
        let unit = |catchment| Unit {
            scenario: 0,
            catchment,
        };
        let units: Vec<_> = (0..8)
            .map(|at| (unit(at), Key(Digest::of(&[at as u8]))))
            .collect();
        let walls = [1.0, 1.0, 30.0, 1.0, 1.0, 40.0, 1.0];
        let (ordered, long) = longest_first(&units, &|unit| walls.get(unit.catchment).copied());
        let order: Vec<usize> = ordered.iter().map(|(unit, _)| unit.catchment).collect();
        assert_eq!((order, long), (vec![5, 2, 0, 1, 3, 4, 6, 7], 2));
    }

    #[test]
    fn what_scenarios_share_is_run_once() {
        let unit = |scenario| Unit {
            scenario,
            catchment: 3,
        };
        let keys = [b"a", b"b"].map(|text| Key(Digest::of(text)));
        let wanted = [(unit(0), keys[0]), (unit(1), keys[0]), (unit(2), keys[1])];
        let work = Work::of(&wanted);
        assert_eq!(work.units().collect::<Vec<_>>(), [unit(0), unit(2)]);
        assert_eq!(work.others[&keys[0]], [unit(1)]);
    }
}
