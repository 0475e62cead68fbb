//! A worker: the thread that takes one job after the other, each when there is a slot for it, and hands on its trial.
//!
//! It alone decides that a job is left out because there is no time for it. How a job is run is not known here.

use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, SyncSender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::job::{Job, JobContext, NoTrial, Round};
use super::turns::Turn;
use super::work_directory::WorkDirectory;
use super::{Left, LocalExecutor, LocatedOrder};
use crate::execute::trial::Trial;
use crate::system::process::Guard;

/// A thread that runs jobs in a directory of its own.
pub(super) struct Worker<'a, 'o> {
    pub(super) executor: &'o LocalExecutor<'o>,
    pub(super) directory: WorkDirectory,
    pub(super) jobs: Arc<Mutex<Receiver<Job<'o>>>>,
    /// Trials, and nothing where others have brought a result.
    pub(super) trials: SyncSender<Option<Trial>>,
    pub(super) round: Round,
    /// The orders that have no trial yet.
    pub(super) left: &'a Mutex<Left<'o>>,
    pub(super) stop: &'a AtomicBool,
}

impl<'o> Worker<'_, 'o> {
    /// Runs jobs until there are no more, or nobody wants them.
    pub(super) fn worker_loop(self) {
        let mut guard = match self.executor.work_folders.keeper().try_clone() {
            Ok(keeper) => Guard::keeping(keeper),
            // Out of descriptors: the folders then just are nobody's when rerunoff ends.
            Err(_) => Guard::default(),
        };
        // While the first job is read. Where outputs are kept there may be nothing to run.
        if self.executor.shelf.is_none() {
            guard.warm_up();
        }
        self.run_jobs(&mut guard);
        // What was handed in last is stored while the guard ends.
        drop(self);
    }

    fn run_jobs(&self, guard: &mut Guard) {
        let run_context = &self.executor.run_context;
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
            let turns = self.executor.turns;
            let key = order.key;
            match turns.map_or(Turn::Ours, |turns| turns.take(&key)) {
                Turn::Ours => {}
                Turn::Theirs => {
                    self.left().theirs.push(LocatedOrder { unit, order });
                    continue;
                }
                Turn::Brought => {
                    drop(slot);
                    if self.trials.send(None).is_err() {
                        return;
                    }
                    continue;
                }
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
            let run = context.run(job, &self.directory, guard);
            drop(slot);
            let trial = match run {
                Ok(trial) => {
                    if self.trials.send(Some(trial)).is_err() {
                        return;
                    }
                    continue;
                }
                Err(no_trial) => no_trial,
            };
            // There is nothing that others could wait for.
            turns.inspect(|turns| turns.give_up(&key));
            match trial {
                NoTrial::WantOfMemory => self.left().again.push(LocatedOrder { unit, order }),
                // Whether there is more to do is seen at the next job.
                NoTrial::Ended => {}
            }
        }
    }

    fn left(&self) -> MutexGuard<'_, Left<'o>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
