//! The workers: jobs in, trials out.
//!
//! One feeder thread owns the inputs and hands each stale catchment's series on, as many workers as wanted make the
//! trials, and the calling thread gets them one by one. All channels are bounded, so memory does not grow with the
//! number of catchments. It knows nothing of the store.

use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};

use crate::inputs::Inputs;
use crate::key::Key;
use crate::process::Guard;
use crate::slots::Slots;
use crate::survey::BLOCK_BYTES;
use crate::timings::Phase;
use crate::trial::{Bench, Job, Trial};
use crate::work::WorkDirectory;
use crate::workplace::Workplace;

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

/// Runs the given catchments on as many threads as there may be slots, each in a directory of its own in `work`.
///
/// `each` is called on this thread with every trial as it comes in.
///
/// # Errors
/// When the input can't be read any more. What was under way is handed in before.
pub fn run(
    bench: &Bench<'_>,
    wanted: &[(usize, Key)],
    slots: &Slots,
    work: &Workplace,
    each: &mut dyn FnMut(Option<Trial>) -> Next,
) -> Result<()> {
    let stop = &AtomicBool::new(false);
    let workers = slots.most().min(wanted.len()).max(1);
    thread::scope(|scope| {
        let (give, take) = sync_channel::<Job>(workers);
        let (report, trials) = sync_channel::<Trial>(2 * workers);
        let take = std::sync::Arc::new(Mutex::new(take));
        let crew: Vec<_> = (0..workers)
            .map(|number| {
                let (take, report) = (take.clone(), report.clone());
                let directory = work.directory(number);
                scope.spawn(move || labour(bench, slots, &take, &directory, &report, stop))
            })
            .collect();
        // The workers own the receiver and the senders alone: when all of them are gone, both other sides notice.
        drop((take, report));
        let feeder = scope.spawn(move || feed(bench, wanted, &give, stop));
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
    bench: &Bench<'_>,
    slots: &Slots,
    jobs: &Mutex<Receiver<Job>>,
    directory: &WorkDirectory,
    report: &SyncSender<Trial>,
    stop: &AtomicBool,
) {
    let mut guard = match bench.lock.keeper() {
        Ok(lock) => Guard::keeping(lock),
        // Out of descriptors: the lock then just ends with rerunoff.
        Err(_) => Guard::default(),
    };
    loop {
        // Bound first: a lock taken in the loop's head would be held while the job runs, and all others would wait.
        let job = jobs.lock().map(|jobs| jobs.recv());
        let Ok(Ok(job)) = job else { return };
        // Not before there is a job for it, and not while its trial is handed in: others may be waiting for it.
        let Some(slot) = slots.take(bench.interrupt) else {
            return;
        };
        if stop.load(Relaxed) || bench.interrupt.is_triggered() {
            return;
        }
        let Some(trial) = bench.run(job, directory, &mut guard) else {
            return;
        };
        drop(slot);
        if report.send(trial).is_err() {
            return;
        }
    }
}

/// Reads the series of the wanted catchments and hands them on as jobs.
fn feed(
    bench: &Bench<'_>,
    wanted: &[(usize, Key)],
    give: &SyncSender<Job>,
    stop: &AtomicBool,
) -> Result<()> {
    let hand_on = |catchment, key, series| {
        let stopped = stop.load(Relaxed) || bench.interrupt.is_triggered();
        if stopped
            || give
                .send(Job {
                    catchment,
                    key,
                    series,
                })
                .is_err()
        {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    };
    let columns = bench.recipe.columns();
    if columns.is_empty() {
        let _: ControlFlow<()> = wanted
            .iter()
            .try_for_each(|(catchment, key)| hand_on(*catchment, *key, Ok(Vec::new())));
        return Ok(());
    }
    let catchments: Vec<usize> = wanted.iter().map(|(catchment, _)| *catchment).collect();
    let keys: std::collections::HashMap<usize, Key> = wanted.iter().copied().collect();
    let inputs = Inputs::open(&bench.project.input)?.with_scratch(&bench.project.cache());
    let mut since = Instant::now();
    inputs.read(
        &catchments,
        &bench.basin.input_columns(columns),
        BLOCK_BYTES,
        &mut |catchment, series| {
            let series = series.and_then(|series| bench.basin.compute(columns, series));
            bench.timings.add(Phase::Read, since.elapsed());
            let next = match keys.get(&catchment) {
                Some(key) => hand_on(catchment, *key, series),
                None => ControlFlow::Continue(()),
            };
            since = Instant::now();
            next
        },
    )
}
