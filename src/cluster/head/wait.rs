//! Going round: take in what came, look after what is out, submit what is left, and wait.

use std::collections::HashSet;
use std::fs::File;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::{Errand, Head, Intake, OpenPackage};
use crate::cluster::batch::Batch;
use crate::cluster::ids::{ArrayNumber, BatchNumber};
use crate::cluster::journal::Event;
use crate::cluster::segment::list_segments;
use crate::cluster::standing::ArrayStanding;
use crate::execute::next::Next;
use crate::plan::key::Key;
use crate::store::Store;
use crate::system::process::Interrupt;

/// The shortest and the longest time between two looks for segments.
const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(30);

/// Whether a run waits for its tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// Until nothing is left.
    Wait,
    /// Not at all: submit and leave.
    Detach,
}

/// How going round ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waited {
    /// Nothing is left to be run or taken in.
    Complete,
    /// Tasks are under way, or will be; nobody waits for them.
    UnderWay,
    /// The user wants no more of it; tasks are still under way.
    Interrupted,
    /// What comes in was not wanted any more, and tasks were ended.
    Stopped,
    /// The same by `rerunoff cancel`.
    Cancelled,
}

impl Head {
    /// Takes in what is there, and finds out what has ended; nothing is submitted, and nobody waits.
    ///
    /// Only where tasks were cancelled and are gone, the moment is waited that what they published last needs to be seen.
    pub(crate) fn look(&mut self, intake: &mut dyn Intake) -> Result<()> {
        for open in self.packages.iter().filter(|open| open.standing.cancelled) {
            // The head that was to do it may have died before it could.
            let jobs = open.jobs();
            if !jobs.is_empty() {
                open.engine.cancel(&jobs)?;
            }
        }
        loop {
            self.collect(None, intake)?;
            self.attend(None, intake)?;
            if self.packages.iter().all(|open| open.ending().is_empty()) {
                self.is_cancelled = false;
                return Ok(());
            }
            thread::sleep(SHORTEST);
        }
    }

    /// Has an errand carried out, and takes in all that comes besides; without one only the latter.
    ///
    /// # Errors
    /// When nothing more can be done, such as when the engine refuses the tasks. What was taken in before is kept.
    pub(crate) fn carry_out(
        &mut self,
        mut errand: Option<Errand<'_>>,
        intake: &mut dyn Intake,
        interrupt: &Interrupt,
        patience: Patience,
    ) -> Result<Waited> {
        let mut pause = SHORTEST;
        let mut is_stopping = false;
        loop {
            if !self.is_idle() {
                self.take_seat()?;
            }
            let taken = self.collect(errand.as_mut(), intake)?;
            self.attend(errand.as_mut().filter(|_| !is_stopping), intake)?;
            if let Some(obstacle) = errand.as_ref().and_then(Errand::obstacle) {
                let message =
                    format!("{obstacle}; its tasks were ended, what they published is kept");
                // The obstacle is what has to be told, whatever the engine says.
                self.cancel().ok();
                self.close_finished(intake.store())?;
                bail!(message);
            }
            if (self.is_cancelled || intake.next() == Next::Stop) && !is_stopping {
                is_stopping = true;
                self.cancel()?;
            }
            if let Some(errand) = errand.as_mut().filter(|_| !is_stopping)
                && let Err(error) = self.top_up(errand, intake)
            {
                // What the engine does not take is owed by nobody.
                self.close_finished(intake.store())?;
                return Err(error);
            }
            let pending = errand
                .as_ref()
                .filter(|_| !is_stopping)
                .map_or(0, Errand::pending);
            // All at once and last: removing a package shows in how an input looks that it links to, and the next package is
            // made only of inputs that look as they did when they were read.
            let live = self.live();
            if pending == 0 && (live == 0 || patience == Patience::Detach) {
                self.close_finished(intake.store())?;
            }
            if pending == 0 && self.is_idle() {
                return Ok(match (self.is_cancelled, is_stopping) {
                    (true, _) => Waited::Cancelled,
                    (false, true) => Waited::Stopped,
                    (false, false) => Waited::Complete,
                });
            }
            if patience == Patience::Detach {
                return Ok(Waited::UnderWay);
            }
            pause = match taken {
                0 => (pause * 3 / 2).min(self.longest_pause()),
                _ => SHORTEST,
            };
            if interrupt.wait(pause) {
                return Ok(Waited::Interrupted);
            }
        }
    }

    /// Sooner than the engines are asked, as results come without them.
    fn longest_pause(&self) -> Duration {
        let asked = self
            .packages
            .iter()
            .map(|open| open.manifest.spec.ask_every / 2);
        asked.min().unwrap_or(LONGEST).clamp(SHORTEST, LONGEST)
    }

    /// Ends all tasks that are under way. What they publish until then, and have published, is still taken in.
    ///
    /// # Errors
    /// If an engine can't be asked to; all others are.
    pub(crate) fn cancel(&mut self) -> Result<()> {
        let mut done = Ok(());
        for open in &mut self.packages {
            if !open.standing.cancelled {
                open.note(&Event::Cancelled)?;
            }
            // For tasks that begin later.
            File::create(open.package.cancelled()).ok();
            let jobs = open.jobs();
            if !jobs.is_empty() {
                done = done.and(open.engine.cancel(&jobs));
            }
            // The sooner it is seen that they are gone.
            open.asked = None;
        }
        done
    }

    /// Ends all tasks and removes the packages, whatever they owe.
    pub(crate) fn abandon(mut self, store: &mut Store) -> Result<()> {
        self.cancel()?;
        self.packages
            .into_iter()
            .try_for_each(|open| open.close(store))
    }

    /// Ends arrays of which nobody wants anything any more, because the project has changed: none of these keys is in them. How many
    /// tasks that is.
    pub(crate) fn drop_unwanted(&mut self, wanted: &HashSet<Key>) -> Result<usize> {
        let mut dropped = 0;
        for open in &mut self.packages {
            let arrays = open.standing.arrays.iter();
            let arrays: Vec<(ArrayNumber, ArrayStanding)> = arrays
                .map(|(number, array)| (*number, array.clone()))
                .collect();
            for (number, array) in arrays {
                let is_live = |batch: &BatchNumber| open.standing.batches[batch].end.is_none();
                let live: Vec<BatchNumber> = array.numbers().filter(is_live).collect();
                let Some(job) = array.job().filter(|_| !live.is_empty()) else {
                    continue;
                };
                if !open.are_wanted(&live, wanted)? {
                    let name = open.job_name(number, &array);
                    open.engine.cancel(&[(job.to_owned(), name)])?;
                    dropped += live.len();
                    for batch in live {
                        open.note(&Event::Ended {
                            batch,
                            how: "not wanted any more".to_owned(),
                            is_loss: false,
                        })?;
                    }
                }
            }
        }
        Ok(dropped)
    }

    /// Removes packages of which nothing is owed and nothing is left to be taken in. What is to be known of runs that their tasks have
    /// not come to an end with has to be known elsewhere by then.
    pub(crate) fn close_finished(&mut self, store: &mut Store) -> Result<()> {
        let mut kept = Vec::new();
        for open in std::mem::take(&mut self.packages) {
            match open.is_finished()? {
                true => open.close(store)?,
                false => kept.push(open),
            }
        }
        self.packages = kept;
        Ok(())
    }
}

impl OpenPackage {
    /// Whether nothing is left to be taken in.
    fn is_all_in(&self) -> Result<bool> {
        let incoming = self.package.incoming();
        let left = list_segments(&incoming);
        Ok(left
            .with_context(|| format!("can't list {}", incoming.display()))?
            .is_empty())
    }

    /// Whether nothing of it is owed, and nothing is left to be taken in.
    fn is_finished(&self) -> Result<bool> {
        Ok(self.standing.live().next().is_none() && self.is_all_in()?)
    }

    /// Whether one of these keys is still to be answered in one of these batches.
    fn are_wanted(&self, batches: &[BatchNumber], wanted: &HashSet<Key>) -> Result<bool> {
        for number in batches {
            let standing = &self.standing.batches[number];
            let keys = Batch::keys(&self.package.batch(*number))?;
            let mut keys = keys.iter().enumerate();
            if keys.any(|(place, key)| !standing.has(place) && wanted.contains(key)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
