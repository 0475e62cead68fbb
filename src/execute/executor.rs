//! The boundary between what has to be run and where it is run: [orders](Order) in, [trials](Trial) out.
//!
//! [`crate::execute::local`] carries orders out with threads of this process. Another executor may do it elsewhere: nothing
//! that passes here borrows from, or counts places in, what one process has in memory.

use anyhow::Result;

use crate::execute::order::Order;
use crate::execute::trial::Trial;

/// Has orders carried out.
///
/// What an executor has to keep to:
/// - **Orders.** Every order has another key. They come in the order in which the input is read fastest; an executor may
///   begin them in any other, and at any time as many at once as it has room for.
/// - **What is run.** An order names a catchment and says what its key has to be. Where it is run, project and input are
///   read, the files rendered and the key computed a second time. If it is another one, nothing is run and the trial failed:
///   no result may ever be stored under the key of other inputs.
/// - **Trials.** Each order gives one trial, which has the order's names and key; none where this says so. Trials are handed in on the thread
///   that called [`run`](Self::run), one at a time, in any order, each soon after its end, so that a crash costs little.
///   They come with all that is to be stored of them, since no executor knows the store; with the series where the
///   [order](Order::keeps_series) says so.
/// - **Failures.** A run that fails is a trial like others and stops nothing. What would stop all others as well is
///   [`TrialOutcome::Obstacle`](crate::execute::trial::TrialOutcome::Obstacle), which says what kind of obstacle it is.
/// - **Memory.** A run that fails while the kernel ends processes for want of memory gives no trial yet: it is done once more
///   after all others, with half as many beside it. Only if that happens again has it failed, and its reason says so.
/// - **Failed runs.** The work directory of a failed run is where
///   [`FailedRuns`](crate::execute::local::failed_runs::FailedRuns) has it by the time the trial is handed in, and that of a
///   catchment which failed before and no longer does is gone.
/// - **Going on.** The taker answers each trial with what it wants [`Next`]. After [`Next::Stop`] nothing is begun any more;
///   what is under way comes to its end and is handed in.
/// - **Interrupts.** On an interrupt nothing is begun any more, and what is under way here is ended at once and handed in by
///   no trial. It is no error. The taker looks at the same interrupt, and answers [`Next::Stop`].
/// - **The end of a job.** A batch system ends a job by a signal to all its processes, and simulators may die of it before
///   rerunoff hears. Where the executor is told that it is in such a job, a run that fails just before an interrupt gives no trial.
/// - **A deadline.** Where there is one, no order is begun that is not expected to end by then, and what is under way then is
///   ended and gives no trial. So `run` comes to its end by itself; where there was no interrupt, no obstacle, no error and no
///   [`Next::Stop`], the orders without a trial are those that there was no time for.
/// - **The lock.** The caller holds a lock until `run` has returned: the project's, or in a task one of its own, since no lock
///   is good between machines. Where simulators may outlive this process, the lock has to outlive it as long as they are at
///   work: guards on this machine keep it open.
/// - **The jobserver.** A simulator on this machine counts among the jobs of `make -j`: it begins when a slot is free, and the
///   slot is returned at its end. An executor that runs nothing here takes no slots.
/// - **The end.** `run` returns when nothing is under way any more and its work folders are gone.
pub trait Executor {
    /// Has the orders carried out. `taker` gets every trial; nothing where it asked to be called after a second, and where no more
    /// come for now, the last time before the work folders are removed.
    ///
    /// # Errors
    /// When no more can be carried out, say because the input can't be read. What was under way is handed in before.
    fn run(&mut self, orders: &[Order], taker: &mut dyn FnMut(Option<Trial>) -> Next)
    -> Result<()>;
}

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
