//! The workers: jobs in, trials out.
//!
//! One feeder thread owns the inputs and hands each stale catchment's series on, as many workers as wanted make the
//! trials, and the calling thread gets them one by one. All channels are bounded, so memory does not grow with the
//! number of catchments. It knows nothing of the store.

pub mod failed_runs;
pub mod left_files;
pub mod trial;
pub mod validate;
pub mod work_directory;
pub mod work_folders;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};

use crate::execute::local::trial::{Job, RunContext, ScenarioContext, Trial};
use crate::execute::local::work_directory::WorkDirectory;
use crate::execute::local::work_folders::WorkFolders;
use crate::execute::timings::Phase;
use crate::plan::Unit;
use crate::plan::key::Key;
use crate::plan::series::{BLOCK_BYTES, SeriesReader};
use crate::system::jobserver::slots::Slots;
use crate::system::process::Guard;

/// Jobs that wait for a worker at most, and trials for their taker. As many as are read at once, so that nobody waits while
/// the next ones are read or a batch is stored.
const MOST_READY: usize = 256;

/// What the taker of trials wants next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The next trial, whenever it comes.
    Wait,
    /// The next trial, or to be called without one after a second.
    WaitASecond,
    /// Nothing new to be started; what is under way is still handed in.
    Stop,
}

/// Runs what is wanted on as many threads as there may be slots, each in a directory of its own in `work`.
///
/// `contexts`, all in `run_context`, has one for every scenario; the wanted units come in batches, each of which is begun only when the one before
/// is under way. `each` is called on this thread with every trial as it comes in.
///
/// # Errors
/// When the input can't be read any more. What was under way is handed in before.
pub fn run(
    run_context: &RunContext<'_>,
    contexts: &[ScenarioContext<'_>],
    wanted: &[&[(Unit, Key)]],
    slots: &Slots,
    work: &WorkFolders,
    each: &mut dyn FnMut(Option<Trial>) -> Next,
) -> Result<()> {
    let stop = &AtomicBool::new(false);
    let units: usize = wanted.iter().map(|batch| batch.len()).sum();
    let workers = slots.most().min(units).max(1);
    let series_bytes = |context: &ScenarioContext<'_>| {
        8 * context.basin.time().len() * context.recipe.columns().len()
    };
    let largest = contexts.iter().map(series_bytes).max();
    let ready = BLOCK_BYTES / largest.unwrap_or_default().max(1);
    let ready = ready.clamp(2 * workers, MOST_READY.max(2 * workers));
    thread::scope(|scope| {
        let (give, take) = sync_channel::<Job>(ready);
        let (report, trials) = sync_channel::<Trial>(ready);
        let take = std::sync::Arc::new(Mutex::new(take));
        let crew: Vec<_> = (0..workers)
            .map(|number| {
                let (take, report) = (take.clone(), report.clone());
                let directory = work.directory(number);
                scope.spawn(move || {
                    labour(
                        run_context,
                        contexts,
                        slots,
                        &take,
                        &directory,
                        &report,
                        stop,
                    )
                })
            })
            .collect();
        // The workers own the receiver and the senders alone: when all of them are gone, both other sides notice.
        drop((take, report));
        let feeder = scope.spawn(move || {
            let batches = wanted.iter();
            batches
                .copied()
                .try_for_each(|batch| feed(run_context, contexts, batch, &give, stop))
        });
        let mut next = Next::Wait;
        loop {
            let event = match next {
                Next::WaitASecond => trials.recv_timeout(Duration::from_secs(1)),
                Next::Wait | Next::Stop => {
                    trials.recv().map_err(|_| RecvTimeoutError::Disconnected)
                }
            };
            next = match event {
                Ok(trial) => each(Some(trial)),
                Err(RecvTimeoutError::Timeout) => each(None),
                Err(RecvTimeoutError::Disconnected) => break,
            };
            if next == Next::Stop {
                stop.store(true, Relaxed);
            }
        }
        for worker in crew {
            worker
                .join()
                .map_err(|_| anyhow!("a worker broke down; this is a fault of rerunoff"))?;
        }
        feeder
            .join()
            .map_err(|_| anyhow!("the input's reader broke down; this is a fault of rerunoff"))?
    })
}

/// Takes jobs until there are no more, or nobody wants them.
fn labour(
    run_context: &RunContext<'_>,
    contexts: &[ScenarioContext<'_>],
    slots: &Slots,
    jobs: &Mutex<Receiver<Job>>,
    directory: &WorkDirectory,
    report: &SyncSender<Trial>,
    stop: &AtomicBool,
) {
    let mut guard = match run_context.lock.keeper() {
        Ok(lock) => Guard::keeping(lock),
        // Out of descriptors: the lock then just ends with rerunoff.
        Err(_) => Guard::default(),
    };
    loop {
        // Bound first: a lock taken in the loop's head would be held while the job runs, and all others would wait.
        let job = jobs.lock().map(|jobs| jobs.recv());
        let Ok(Ok(job)) = job else { return };
        // Not before there is a job for it, and not while its trial is handed in: others may be waiting for it.
        let Some(slot) = slots.take(run_context.interrupt) else {
            return;
        };
        if stop.load(Relaxed) || run_context.interrupt.is_triggered() {
            return;
        }
        let context = &contexts[job.unit.scenario];
        let Some(trial) = context.run(job, directory, &mut guard) else {
            return;
        };
        drop(slot);
        if report.send(trial).is_err() {
            return;
        }
    }
}

/// Reads the series of the wanted catchments and hands them on as jobs.
///
/// Scenarios that use the same series are served by one reading.
fn feed(
    run_context: &RunContext<'_>,
    contexts: &[ScenarioContext<'_>],
    wanted: &[(Unit, Key)],
    give: &SyncSender<Job>,
    stop: &AtomicBool,
) -> Result<()> {
    let mut groups: BTreeMap<&[usize], Vec<(Unit, Key)>> = BTreeMap::new();
    for &(unit, key) in wanted {
        let columns = contexts[unit.scenario].recipe.columns();
        groups.entry(columns).or_default().push((unit, key));
    }
    for (columns, units) in groups {
        feed_group(run_context, contexts, columns, &units, give, stop)?;
    }
    Ok(())
}

fn feed_group(
    run_context: &RunContext<'_>,
    contexts: &[ScenarioContext<'_>],
    columns: &[usize],
    units: &[(Unit, Key)],
    give: &SyncSender<Job>,
    stop: &AtomicBool,
) -> Result<()> {
    let Some(&(first, _)) = units.first() else {
        return Ok(());
    };
    let hand_on = |unit: Unit, key, series| {
        let stopped = stop.load(Relaxed) || run_context.interrupt.is_triggered();
        if stopped || give.send(Job { unit, key, series }).is_err() {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    };
    if columns.is_empty() {
        let _: ControlFlow<()> =
            (units.iter()).try_for_each(|&(unit, key)| hand_on(unit, key, Ok(Vec::new())));
        return Ok(());
    }
    let place = |unit: Unit| contexts[unit.scenario].basin.place(unit.catchment);
    let mut by_place = units.to_vec();
    by_place.sort_by_key(|(unit, _)| place(*unit));
    let places: Vec<usize> = by_place.iter().map(|(unit, _)| place(*unit)).collect();
    // Series columns are the same in all scenarios.
    let ScenarioContext { project, basin, .. } = &contexts[first.scenario];
    let reader = SeriesReader::open(basin, columns)?.with_scratch(&project.cache());
    let mut since = Instant::now();
    reader.read(&places, &mut |place, series| {
        run_context.timings.add(Phase::Read, since.elapsed());
        let first = places.partition_point(|&other| other < place);
        let sharing = places[first..].partition_point(|&other| other == place);
        let next = match &by_place[first..][..sharing] {
            [(unit, key)] => hand_on(*unit, *key, series),
            units => (units.iter()).try_for_each(|&(unit, key)| hand_on(unit, key, series.clone())),
        };
        since = Instant::now();
        next
    })
}
