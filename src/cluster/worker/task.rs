//! The orders of one batch on this machine: opened, run, published, and why it ended.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::allocation::{Allocation, SCRATCH_PREFIX};
use super::evidence::Evidence;
use super::publisher::{Published, Publisher};
use super::{Worked, earlier, recipes};
use crate::cluster::batch::Batch;
use crate::cluster::ids::AttemptId;
use crate::cluster::package::Package;
use crate::cluster::package::manifest::Manifest;
use crate::cluster::segment::{SegmentHead, TaskEnd, Trouble};
use crate::data::machine::Machine;
use crate::execute::local::LocalExecutor;
use crate::execute::local::allotment::Allotment;
use crate::execute::local::boundary;
use crate::execute::local::work_folders::WorkFolders;
use crate::execute::next::Next;
use crate::execute::run_context::RunContext;
use crate::execute::timings::Timings;
use crate::execute::trial::{Obstacle, Trial, TrialOutcome};
use crate::plan::loaded::LoadedStudy;
use crate::project::ProjectError;
use crate::system::jobserver::slots::Slots;
use crate::system::owned_folder::OwnedFolder;
use crate::system::process::Interrupt;

/// Failures that the log has one by one.
const REPORTED: usize = 20;

/// A task that has its orders.
pub(super) struct Task<'a> {
    pub package: &'a Package,
    pub manifest: &'a Manifest,
    pub batch: &'a Batch,
    pub attempt: &'a AttemptId,
    pub allocation: &'a Allocation,
    pub machine: &'a Machine,
    pub interrupt: &'a Interrupt,
    pub say: &'a dyn Fn(&str),
}

impl Task<'_> {
    /// Carries the orders out in a folder of its own, and publishes why it ended.
    pub(super) fn carry_out(&self, scratch: Option<&Path>) -> Result<Worked> {
        let parent = scratch.map_or_else(std::env::temp_dir, Path::to_owned);
        let name = self.attempt.to_string();
        let prefix = format!("{SCRATCH_PREFIX}{}-", self.machine.host);
        let made =
            fs::create_dir_all(&parent).and_then(|()| OwnedFolder::make(&parent, &prefix, &name));
        let own = match made {
            Ok(own) => own,
            Err(error) => {
                let reason = format!("can't make a folder in {}: {error}", parent.display());
                let publisher = self.publisher(self.package.incoming());
                return self.end(publisher, obstacle(Trouble::Disk, self.here(&reason)));
            }
        };
        (self.say)(&format!(
            "batch {} on {}: {} orders, {} at once, in {}",
            self.batch.number,
            self.machine.host,
            self.batch.orders.len(),
            self.allocation.cores,
            own.path().display()
        ));
        let mut publisher = self.publisher(own.path().to_owned());
        let end = self.run(&own, &mut publisher);
        match end {
            Ok(end) => self.end(publisher, end),
            Err(Stopped::PackageGone) => Ok(Worked::Idle("its package is gone".to_owned())),
            Err(Stopped::Unpublished(error)) => Err(error),
        }
    }

    fn publisher(&self, scratch: PathBuf) -> Publisher<'_> {
        let head = SegmentHead {
            package: self.manifest.id.clone(),
            batch: self.batch.number,
            attempt: self.attempt.clone(),
            machine: self.machine.clone(),
        };
        Publisher::new(self.package, head, scratch, self.interrupt, self.say)
    }

    /// Publishes what is left, and why the task ended.
    fn end(&self, publisher: Publisher<'_>, end: TaskEnd) -> Result<Worked> {
        (self.say)(&format!("batch {} ended: {end}", self.batch.number));
        Ok(match publisher.finish(end.clone())? {
            Published::Yes => Worked::Ended(end),
            Published::PackageGone => Worked::Idle("its package is gone".to_owned()),
        })
    }

    /// Runs what can be run; why no more can.
    fn run(&self, own: &OwnedFolder, publisher: &mut Publisher<'_>) -> Result<TaskEnd, Stopped> {
        let orders = match earlier::unanswered(self.package, self.batch) {
            Ok(orders) => orders,
            Err(error) => return Ok(self.obstacle_of(&error)),
        };
        if orders.is_empty() {
            return Ok(TaskEnd::Done);
        }
        let wanted: BTreeSet<_> = orders.iter().map(|order| &order.scenario).collect();
        let study = match self
            .package
            .study(self.manifest, &|name| wanted.contains(name))
        {
            Ok(study) => study,
            Err(error) => return Ok(self.obstacle_of(&error)),
        };
        let loaded = match LoadedStudy::without_series(&study, None, false) {
            Ok(loaded) => loaded,
            Err(error) => return Ok(self.obstacle_of(&error)),
        };
        if let Some(difference) = recipes::difference(self.manifest, &loaded.list, self.machine) {
            return Ok(obstacle(Trouble::Recipe, difference));
        }
        if let Some(told) = boundary::missing(study.common()) {
            (self.say)(&told);
        }
        let place = study.common().work;
        let (disk, name) = (own.path().join("work"), self.attempt.as_str());
        let folders = WorkFolders::of_task(place, disk, name, own.keeper());
        let folders = match folders {
            Ok(folders) => folders,
            Err(error) => {
                return Ok(obstacle(Trouble::Memory, self.here(&format!("{error:#}"))));
            }
        };
        let failed = own.path().join("failed");
        let evidence_folder = self.package.failed(self.batch.number, self.attempt);
        let evidence = Evidence::new(failed, evidence_folder);
        let run_context = RunContext {
            slots: &Slots::fixed(self.allocation.cores),
            interrupt: self.interrupt,
            timings: &Timings::default(),
        };
        let allotment = Allotment {
            deadline: self.allocation.deadline,
            mean_wall: self.batch.mean_wall,
        };
        let executor = LocalExecutor::new(&loaded.list, run_context, folders, evidence.on_node());
        let mut executor = executor.with_allotment(allotment);
        let mut taker = Taker {
            task: self,
            publisher,
            evidence: &evidence,
            answered: 0,
            failures: 0,
            end: None,
            stopped: None,
        };
        let done = executor.run(&orders, &mut |trial| taker.take(trial));
        let Taker {
            answered,
            end,
            stopped,
            ..
        } = taker;
        if let Some(stopped) = stopped {
            return Err(stopped);
        }
        Ok(match (end, done) {
            (Some(end), _) => end,
            (None, _) if answered == orders.len() => TaskEnd::Done,
            (None, _) if self.interrupt.is_triggered() => TaskEnd::Cancelled,
            (None, Err(error)) => self.obstacle_of(&error),
            // Some were not begun because they would not have ended in time.
            (None, Ok(())) => TaskEnd::Time,
        })
    }

    /// The obstacle that an error is, whatever it came from.
    fn obstacle_of(&self, error: &anyhow::Error) -> TaskEnd {
        let is_full = |error: &io::Error| {
            matches!(
                error.kind(),
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded
            )
        };
        let mut causes = error.chain();
        let kind = if causes.any(|cause| cause.downcast_ref().is_some_and(is_full)) {
            Trouble::Disk
        } else if error.downcast_ref::<ProjectError>().is_some() {
            // Such as a program that is not there: what the project file says does not hold on this node.
            Trouble::Recipe
        } else {
            Trouble::Other
        };
        obstacle(kind, self.here(&format!("{error:#}")))
    }

    fn here(&self, reason: &str) -> String {
        format!("{}: {reason}", self.machine.host)
    }
}

/// Why a task ends without a word.
enum Stopped {
    /// Nobody wants to hear it.
    PackageGone,
    /// It can't be heard.
    Unpublished(anyhow::Error),
}

pub(super) fn obstacle(kind: Trouble, reason: String) -> TaskEnd {
    TaskEnd::Obstacle { kind, reason }
}

/// Takes a task's trials.
struct Taker<'a, 'p> {
    task: &'a Task<'a>,
    publisher: &'a mut Publisher<'p>,
    evidence: &'a Evidence,
    /// How many orders have their trials.
    answered: usize,
    failures: usize,
    /// How the task has to end, if something is in its way.
    end: Option<TaskEnd>,
    stopped: Option<Stopped>,
}

impl Taker<'_, '_> {
    fn take(&mut self, trial: Option<Trial>) -> Next {
        if let Some(trial) = trial {
            self.enter(&trial);
        }
        if self.stopped.is_none() {
            self.stopped = match self.publisher.publish_if_due() {
                Ok(Published::Yes) => None,
                Ok(Published::PackageGone) => Some(Stopped::PackageGone),
                Err(error) => Some(Stopped::Unpublished(error)),
            };
        }
        let is_over = self.end.is_some() || self.stopped.is_some();
        if self.stopped.is_some() {
            // Nobody will see what still runs.
            self.task.interrupt.trigger();
        }
        match (
            is_over || self.task.interrupt.is_triggered(),
            self.publisher.is_waiting(),
        ) {
            (true, _) => Next::Stop,
            (false, true) => Next::WaitASecond,
            (false, false) => Next::Wait,
        }
    }

    fn enter(&mut self, trial: &Trial) {
        if let TrialOutcome::Obstacle(kind, failed) = &trial.outcome {
            let kind = match kind {
                Obstacle::Disk => Trouble::Disk,
                Obstacle::Support => Trouble::Support,
                Obstacle::Processor => Trouble::Recipe,
            };
            self.end
                .get_or_insert(obstacle(kind, self.task.here(&failed.reason)));
            return;
        }
        if let TrialOutcome::Failed(failed) = &trial.outcome {
            self.failures += 1;
            if self.failures <= REPORTED {
                let label = trial.scenario.label(&trial.catchment);
                (self.task.say)(&format!("catchment {label} failed: {}", failed.reason));
            }
        }
        if let Err(error) = self.evidence.bring(trial) {
            (self.task.say)(&format!("{error:#}"));
        }
        match self.publisher.take(trial) {
            Ok(()) => self.answered += 1,
            Err(error) => {
                let reason = self.task.here(&format!("{error:#}"));
                self.end.get_or_insert(obstacle(Trouble::Disk, reason));
            }
        }
    }
}
