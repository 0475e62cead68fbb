//! A worker: the thread that takes one job after the other, each when there is a slot for it, and hands on its trial.
//!
//! It alone decides that a job is left out because there is no time for it. How a job is run is not known here.

use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};

use super::job::{Job, JobContext, NoTrial, Round};
use super::work_directory::WorkDirectory;
use super::{LocalExecutor, LocatedOrder};
use crate::execute::trial::Trial;
use crate::system::process::Guard;

/// A thread that runs jobs in a directory of its own.
pub(super) struct Worker<'a, 'o> {
    pub(super) executor: &'o LocalExecutor<'o>,
    pub(super) directory: WorkDirectory,
    pub(super) jobs: Arc<Mutex<Receiver<Job<'o>>>>,
    pub(super) trials: SyncSender<Trial>,
    pub(super) round: Round,
    /// The orders that gave no trial for want of memory.
    pub(super) again: &'a Mutex<Vec<LocatedOrder<'o>>>,
    pub(super) stop: &'a AtomicBool,
}

impl Worker<'_, '_> {
    /// Runs jobs until there are no more, or nobody wants them.
    pub(super) fn worker_loop(self) {
        let run_context = &self.executor.run_context;
        let mut guard = match run_context.keeper.try_clone() {
            Ok(keeper) => Guard::keeping(keeper),
            // Out of descriptors: the lock then just ends with rerunoff.
            Err(_) => Guard::default(),
        };
        loop {
            // Bound first: a lock taken in the loop's head would be held while the job runs, and all others would wait.
            let job = self.jobs.lock().map(|jobs| jobs.recv());
            let Ok(Ok(job)) = job else { return };
            // Not before there is a job for it, and not while its trial is handed in: others may be waiting for it.
            let Some(slot) = run_context.slots.take(run_context.interrupt) else {
                return;
            };
            if self.executor.is_stopping(self.stop) {
                return;
            }
            let Job { unit, order, .. } = job;
            if (self.executor.allotment).is_some_and(|allotment| !allotment.has_time_for(order)) {
                continue;
            }
            let context = JobContext {
                run_context,
                allotment: self.executor.allotment,
                memory_group: &self.executor.memory_group,
                round: self.round,
                failed_runs: self.executor.failed_runs,
                shelf: self.executor.shelf.as_ref(),
                loaded: &self.executor.loaded_study[unit.scenario],
                boundary: &self.executor.boundaries[unit.scenario],
            };
            let run = context.run(job, &self.directory, &mut guard);
            drop(slot);
            match run {
                Ok(trial) => {
                    if self.trials.send(trial).is_err() {
                        return;
                    }
                }
                Err(NoTrial::WantOfMemory) => {
                    let again = self.again.lock();
                    let mut again = again.unwrap_or_else(PoisonError::into_inner);
                    again.push(LocatedOrder { unit, order });
                }
                // Whether there is more to do is seen at the next job.
                Err(NoTrial::Ended) => {}
            }
        }
    }
}
