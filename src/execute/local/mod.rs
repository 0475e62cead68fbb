//! Orders carried out by threads of this process.
//!
//! One feeder thread owns the inputs and hands on each catchment's series, as many workers as there may be slots run the
//! simulators, and the calling thread gets the trials one by one. All channels are bounded, so memory does not grow with
//! the number of catchments. What fails for want of memory is done once more in the end, by half as many workers.
//!
//! The same serves a person's run and a task of a batch system, which has an [`Allotment`]. It knows nothing of the store.

pub(crate) mod allotment;
pub(crate) mod boundary;
pub(crate) mod failed_runs;
mod feeder;
pub(crate) mod forcing;
mod held;
mod installation;
pub(crate) mod job;
pub(crate) mod laid_deck;
pub(crate) mod left_files;
pub(crate) mod netcdf_reader;
mod outputs;
mod read_again;
mod readers;
pub(crate) mod shelf;
#[cfg(test)]
mod tests;
mod trespass;
pub(crate) mod turns;
pub(crate) mod validate;
pub(crate) mod work_directory;
pub(crate) mod work_folders;
mod worker;

use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};

use self::allotment::Allotment;
use self::boundary::Boundary;
use self::failed_runs::FailedRuns;
use self::feeder::Feeder;
use self::held::Held;
use self::job::{Job, Round};
use self::shelf::Shelf;
use self::turns::{Turn, Turns};
use self::work_folders::WorkFolders;
use self::worker::Worker;
use crate::data::catchment::CatchmentId;
use crate::data::scenario::ScenarioName;
use crate::execute::next::Next;
use crate::execute::order::Order;
use crate::execute::run_context::RunContext;
use crate::execute::trial::Trial;
use crate::plan::Unit;
use crate::plan::basin::Basin;
use crate::plan::loaded::LoadedScenario;
use crate::plan::series::BLOCK_BYTES;
use crate::system::memory_group::MemoryGroup;

/// How many jobs wait for a worker at most, and trials for their taker. As many as are read at once, so that nobody waits
/// while the next ones are read or a batch is stored.
const MOST_READY: usize = 256;

/// How long a taker waits that wants to be called then.
const A_SECOND: Duration = Duration::from_secs(1);

/// How long to wait before it is looked again whether others are done, at first and in the end.
const SHORTEST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// An order whose last run took so many times the median is begun before the others.
const LONG: f64 = 3.0;

/// Carries orders out on as many threads as there may be slots: those of a run, or in a task those of its batch.
///
/// What it keeps to, for whoever gives orders to it:
/// - **Orders.** Every order has another key. They come in the order in which the input is read fastest; it may
///   begin them in any other, and has as many under way at once as there are slots.
/// - **What is run.** An order names a catchment and says what its key has to be. The project and the input are
///   read again, the files rendered and the key computed a second time. If it is another one, nothing is run and the trial failed:
///   no result may ever be stored under the key of other inputs.
/// - **Trials.** Each order gives one trial, which has the order's names and key; none where this says so. Trials are handed in on the thread
///   that called [`run`](Self::run), one at a time, in any order, each soon after its end, so that a crash costs little.
///   They come with all that is to be stored of them, since it does not know the store; with the series where the
///   [order](Order::keeps_series) says so.
/// - **Failures.** A run that fails is a trial like others and stops nothing. What would stop all others as well is
///   [`TrialOutcome::Obstacle`](crate::execute::trial::TrialOutcome::Obstacle), which says what kind of obstacle it is.
/// - **Others.** Where other processes may be at work on the same keys ([`Turns`]), what one of them is at work on is left until all
///   else is done, and then waited for. An order whose result another one has brought gives no trial; the taker is called with nothing.
/// - **Memory.** A run that fails while the kernel ends processes for want of memory gives no trial yet: it is done once more
///   after all others, with half as many beside it. Only if that happens again has it failed, and its reason says so.
/// - **Failed runs.** The work directory of a failed run is where
///   [`FailedRuns`] has it by the time the trial is handed in, and that of a
///   catchment which failed before and no longer does is gone.
/// - **Going on.** The taker answers each trial with what it wants [`Next`]. After [`Next::Stop`] nothing is begun any more;
///   what is under way comes to its end and is handed in.
/// - **Interrupts.** On an interrupt nothing is begun any more, and what is under way here is ended at once and handed in by
///   no trial. It is no error. The taker looks at the same interrupt, and answers [`Next::Stop`].
/// - **The end of a job.** A batch system ends a job by a signal to all its processes, and simulators may die of it before
///   rerunoff hears. Where it is told that it is in such a job, a run that fails just before an interrupt gives no trial.
/// - **A deadline.** Where there is one, no order is begun that is not expected to end by then, and what is under way then is
///   ended and gives no trial. So `run` comes to its end by itself; where there was no interrupt, no obstacle, no error and no
///   [`Next::Stop`], the orders without a trial are those that there was no time for.
/// - **The work folders.** A lock says whose they are: the lane of a run, or in a task that of its scratch folder. Where simulators
///   outlive this process for a moment, the lock does so, too: guards keep it open.
/// - **The jobserver.** A simulator on this machine counts among the jobs of `make -j`: it begins when a slot is free, and the
///   slot is returned at its end.
/// - **The end.** `run` returns when nothing is under way any more and its work folders are gone.
pub(crate) struct LocalExecutor<'a> {
    loaded_study: &'a [LoadedScenario<'a>],
    run_context: RunContext<'a>,
    work_folders: WorkFolders,
    /// Where failed runs are kept.
    failed_runs: &'a FailedRuns,
    /// Where what simulators leave is kept, if it is.
    shelf: Option<Shelf>,
    /// Whose turn it is where others may be at work on the same; `None` if everything is to be run here.
    turns: Option<&'a Turns<'a>>,
    /// What a task of a batch system has to keep to; `None` in a run of a person.
    allotment: Option<Allotment>,
    /// Where the kernel counts what it ends for want of memory.
    memory_group: MemoryGroup,
    /// With fewer seconds left than this, there is no time for any of the orders.
    least_needed: Duration,
    /// What the simulators of each scenario may reach.
    boundaries: Vec<Arc<Boundary>>,
}

/// The orders of a round that have no trial yet.
#[derive(Default)]
struct Left<'a> {
    /// Those that gave none for want of memory.
    again: Vec<LocatedOrder<'a>>,
    /// Those that other processes are at work on.
    theirs: Vec<LocatedOrder<'a>>,
}

/// An order with the places that its names have in this process.
#[derive(Clone, Copy)]
struct LocatedOrder<'a> {
    unit: Unit,
    order: &'a Order,
}

impl<'a> LocalExecutor<'a> {
    /// For orders of this study. The work directories of runs that fail go to `failed_runs`.
    pub(crate) fn new(
        loaded_study: &'a [LoadedScenario<'a>],
        run_context: RunContext<'a>,
        work_folders: WorkFolders,
        failed_runs: &'a FailedRuns,
    ) -> Self {
        Self {
            loaded_study,
            run_context,
            work_folders,
            failed_runs,
            shelf: None,
            turns: None,
            allotment: None,
            memory_group: MemoryGroup::own(),
            least_needed: Duration::ZERO,
            boundaries: Vec::new(),
        }
    }

    /// The same where what simulators leave is kept, and read again in place of a run where it is there already.
    pub(crate) fn with_shelf(self, shelf: Option<Shelf>) -> Self {
        Self { shelf, ..self }
    }

    /// The same where others may be at work on the same keys: what they bring is not run here.
    pub(crate) fn with_turns(self, turns: &'a Turns<'a>) -> Self {
        Self {
            turns: Some(turns),
            ..self
        }
    }

    /// The same in a task of a batch system. No order is begun that would not come to its end by the deadline, and what is at work
    /// then is ended as by an interrupt. Nor does a run count that fails when the job is ended.
    pub(crate) fn with_allotment(self, allotment: Allotment) -> Self {
        Self {
            allotment: Some(allotment),
            ..self
        }
    }

    /// The same with another memory group than that of this process.
    #[cfg(test)]
    pub(crate) fn with_memory_group(self, memory_group: MemoryGroup) -> Self {
        Self {
            memory_group,
            ..self
        }
    }

    /// Finds each order's catchment.
    fn locate<'o>(&self, orders: Vec<&'o Order>) -> Result<Vec<LocatedOrder<'o>>> {
        type Places<'a> = Rc<HashMap<&'a CatchmentId, usize>>;
        let mut catchments: HashMap<&ScenarioName, (usize, Places<'_>)> = HashMap::new();
        let mut before: Option<(&Basin<'_>, Places<'_>)> = None;
        let wanted: HashSet<&ScenarioName> = orders.iter().map(|order| &order.scenario).collect();
        for (scenario, loaded) in self.loaded_study.iter().enumerate() {
            let name = &loaded.project.scenario.name;
            if wanted.contains(name) {
                let basin = &loaded.basin;
                let places = match before {
                    Some((other, places)) if basin.has_the_catchments_of(other) => places,
                    _ => {
                        let ids = basin.catchments().iter().map(|entry| &entry.id);
                        Rc::new(ids.enumerate().map(|(place, id)| (id, place)).collect())
                    }
                };
                catchments.insert(name, (scenario, places.clone()));
                before = Some((basin, places));
            }
        }
        let unit = |order: &Order| {
            let (scenario, places) = catchments.get(&order.scenario)?;
            Some(Unit {
                scenario: *scenario,
                catchment: *places.get(&order.catchment)?,
            })
        };
        let located = |order: &'o Order| {
            let unit = unit(order).with_context(|| {
                let label = order.scenario.label(&order.catchment);
                format!("there is no catchment {label} to be run")
            })?;
            Ok(LocatedOrder { unit, order })
        };
        orders.into_iter().map(located).collect()
    }

    /// How many jobs are made ready ahead of so many workers.
    fn most_ready(&self, workers: usize) -> usize {
        let series_bytes =
            |loaded: &LoadedScenario<'_>| 8 * loaded.basin.steps() * loaded.recipe.columns().len();
        let largest = self.loaded_study.iter().map(series_bytes).max();
        let ready = match self.shelf {
            None => BLOCK_BYTES / largest.unwrap_or_default().max(1),
            // Trials bring along what is kept, and that may be large.
            Some(_) => 0,
        };
        ready.clamp(2 * workers, MOST_READY.max(2 * workers))
    }

    /// Runs the orders, which come in batches. Each batch is begun only when the one before is under way. Returns those that have
    /// no trial yet.
    fn run_batches<'o>(
        &'o self,
        batches: &[&[LocatedOrder<'o>]],
        round: Round,
        stop: &'o AtomicBool,
        taker: &mut dyn FnMut(Option<Trial>) -> Next,
    ) -> Result<Left<'o>> {
        let orders: usize = batches.iter().map(|batch| batch.len()).sum();
        let most = match round {
            Round::First => self.run_context.slots.most(),
            Round::WithFewer => self.run_context.slots.most() / 2,
        };
        let workers = most.min(orders).max(1);
        let left = Mutex::new(Left::default());
        let ready = self.most_ready(workers);
        thread::scope(|scope| {
            let (jobs, waiting) = sync_channel::<Job<'_>>(ready);
            let (done, trials) = sync_channel::<Option<Trial>>(ready);
            let waiting = Arc::new(Mutex::new(waiting));
            // First, since all wait for what it reads.
            let feeder = Feeder {
                executor: self,
                jobs,
                stop,
            };
            let feeder =
                scope.spawn(move || batches.iter().try_for_each(|batch| feeder.feed(batch)));
            let crew: Vec<_> = (0..workers)
                .map(|number| {
                    let worker = Worker {
                        executor: self,
                        directory: self.work_folders.directory(number),
                        jobs: waiting.clone(),
                        trials: done.clone(),
                        round,
                        left: &left,
                        stop,
                    };
                    scope.spawn(move || worker.worker_loop())
                })
                .collect();
            // The workers own the receiver and the senders alone: when all of them are gone, both other sides notice.
            drop((waiting, done));
            hand_in(&trials, taker, stop);
            for worker in crew {
                worker
                    .join()
                    .map_err(|_| anyhow!("a worker broke down; this is a fault of rerunoff"))?;
            }
            feeder.join().map_err(|_| {
                anyhow!("the input's reader broke down; this is a fault of rerunoff")
            })?
        })?;
        Ok(left.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits for the results of what other processes are at work on, and runs here what they fail to bring.
    fn wait_for_others<'o>(
        &'o self,
        left: &mut Left<'o>,
        round: Round,
        stop: &'o AtomicBool,
        taker: &mut dyn FnMut(Option<Trial>) -> Next,
    ) -> Result<()> {
        let mut pause = SHORTEST_PAUSE;
        while let (Some(turns), false) = (self.turns, left.theirs.is_empty()) {
            if self.is_stopping(stop) {
                break;
            }
            let (mut ours, mut is_news) = (Vec::new(), false);
            left.theirs.retain(|located| {
                let turn = turns.take(&located.order.key);
                if turn == Turn::Ours {
                    // Whoever runs it claims it, and not before there is a slot for it.
                    turns.give_up(&located.order.key);
                    ours.push(*located);
                }
                is_news |= turn == Turn::Brought;
                turn == Turn::Theirs
            });
            if is_news && taker(None) == Next::Stop {
                stop.store(true, Relaxed);
            }
            if !ours.is_empty() {
                let more = self.run_batches(&[&ours], round, stop, taker)?;
                left.again.extend(more.again);
                left.theirs.extend(more.theirs);
            } else if !is_news {
                self.run_context.interrupt.wait(pause);
                pause = LONGEST_PAUSE.min(2 * pause);
                continue;
            }
            pause = SHORTEST_PAUSE;
        }
        Ok(())
    }

    /// The least time that one of these orders has to have.
    fn least_needed(&self, orders: &[Order]) -> Duration {
        let needed = |allotment: Allotment| {
            let all = orders.iter().map(|order| allotment.needed(order));
            all.reduce(f64::min)
        };
        let least = self.allotment.and_then(needed).unwrap_or_default();
        Duration::try_from_secs_f64(least).unwrap_or(Duration::MAX)
    }

    /// Whether nothing new is to be begun.
    fn is_stopping(&self, stop: &AtomicBool) -> bool {
        let left = self.allotment.and_then(|allotment| allotment.left());
        stop.load(Relaxed)
            || self.run_context.interrupt.is_triggered()
            || left.is_some_and(|left| left < self.least_needed)
    }
}

impl LocalExecutor<'_> {
    /// Has the orders carried out. `taker` gets every trial; nothing where it asked to be called after a second, and where no more
    /// come for now, the last time before the work folders are removed.
    ///
    /// # Errors
    /// When no more can be carried out, say because the input can't be read. What was under way is handed in before.
    pub(crate) fn run(
        &mut self,
        orders: &[Order],
        taker: &mut dyn FnMut(Option<Trial>) -> Next,
    ) -> Result<()> {
        self.least_needed = self.least_needed(orders);
        self.boundaries = Boundary::all(self.loaded_study);
        let mut held = Held::new(self.loaded_study);
        let taker: &mut dyn FnMut(Option<Trial>) -> Next = &mut |trial| held.take(trial, taker);
        let (orders, long) = longest_first(orders);
        let stop = AtomicBool::new(false);
        let done = self.locate(orders).and_then(|orders| {
            let (long, rest) = orders.split_at(long);
            let mut left = self.run_batches(&[long, rest], Round::First, &stop, taker)?;
            self.wait_for_others(&mut left, Round::First, &stop, taker)?;
            if !left.again.is_empty() {
                // What is in memory counts as used memory.
                self.work_folders.give_up_memory();
                let again = &left.again;
                let mut left = self.run_batches(&[again], Round::WithFewer, &stop, taker)?;
                self.wait_for_others(&mut left, Round::WithFewer, &stop, taker)?;
            }
            Ok(())
        });
        let cleared = self.work_folders.clear();
        done.and(cleared).and(self.failed_runs.prune())
    }
}

/// Hands trials in on this thread until all workers are gone; nothing where there is other news.
fn hand_in(
    trials: &Receiver<Option<Trial>>,
    taker: &mut dyn FnMut(Option<Trial>) -> Next,
    stop: &AtomicBool,
) {
    let mut next = Next::Wait;
    let mut asked = Instant::now();
    loop {
        let event = match next {
            Next::WaitASecond => trials.recv_timeout(A_SECOND.saturating_sub(asked.elapsed())),
            Next::Wait | Next::Stop => trials.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        // Other news keeps nobody from having a second's trials together.
        if matches!(event, Ok(None)) && next == Next::WaitASecond && asked.elapsed() < A_SECOND {
            continue;
        }
        asked = Instant::now();
        next = match event {
            Ok(trial) => taker(trial),
            Err(RecvTimeoutError::Timeout) => taker(None),
            Err(RecvTimeoutError::Disconnected) => break,
        };
        if next == Next::Stop {
            stop.store(true, Relaxed);
        }
    }
    if taker(None) == Next::Stop {
        stop.store(true, Relaxed);
    }
}

/// The orders that took much longer than most when they were last run, the longest first, then all others in the order
/// given; and how many are the long ones.
///
/// A long run that begins last keeps the others waiting. All others stay in the input's order, in which it is read fastest.
fn longest_first(orders: &[Order]) -> (Vec<&Order>, usize) {
    let mut walls: Vec<f64> = orders.iter().filter_map(|order| order.last_wall).collect();
    walls.sort_by(f64::total_cmp);
    let median = walls.get(walls.len() / 2).copied().unwrap_or_default();
    let long = |order: &Order| order.last_wall.filter(|wall| *wall > LONG * median);
    let mut ordered: Vec<&Order> = orders.iter().collect();
    ordered.sort_by(|a, b| {
        let [a, b] = [a, b].map(|order| long(order).unwrap_or_default());
        b.total_cmp(&a)
    });
    let count = orders.iter().filter(|order| long(order).is_some()).count();
    (ordered, count)
}
