//! Attending to what was submitted: is it there, what does it wait for, was it lost?
//!
//! The engine's word is taken for little. What it has is under way. What it has not may have ended well and be on its way through some
//! cache, so a task counts as lost only if the engine does not have it twice in a row, and nothing was heard of it in between and for
//! a while before; then its batch's claim is made void, so that a copy that the engine forgot and starts later does nothing. If
//! the engine gives no answer, nothing is concluded.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use jiff::Timestamp;

use super::{Errand, Head, Intake, OpenPackage};
use crate::cluster::claim::{self, ClaimInfo};
use crate::cluster::engine::{Presence, Submitted, TaskState};
use crate::cluster::ids::{ArrayNumber, BatchNumber, Epoch};
use crate::cluster::journal::Event;
use crate::cluster::segment::Trouble;
use crate::cluster::shared_folder;
use crate::cluster::standing::{ArrayStanding, Stage};

/// How long a job that was submitted without a clear answer may take to show up: as long as the parts of a scheduler wait for each
/// other's messages.
const APPEARANCE: Duration = Duration::from_secs(10);

/// How many seconds beyond what it asked for a task may go on, in the engine's view, after all that engines allow it for ending.
const OVERDUE: i64 = 600;

/// How much of what a lost task printed is told.
const TOLD: usize = 300;

/// Machines in trouble before an errand is given up, where the trouble may be everywhere.
const MOST_TROUBLES: usize = 3;

/// How many times more memory is asked for than recorded peaks tell, in the end.
const MOST_MEMORY: u64 = 16;

/// How often in a row the submission of an array may come to nothing without a clear answer.
const MOST_TRIES: u32 = 4;

impl Head {
    /// Looks after all packages, and asks their engines what is there, if it is time for that.
    pub(super) fn attend(
        &mut self,
        errand: Option<&mut Errand<'_>>,
        intake: &mut dyn Intake,
    ) -> Result<()> {
        for open in &mut self.packages {
            if open.is_newly_cancelled()? {
                open.note(&Event::Cancelled)?;
                self.is_cancelled = true;
            }
            let resubmits = errand.as_ref().is_some_and(|errand| errand.owns(open));
            open.settle(resubmits, intake)?;
            open.end_cancelled(intake)?;
        }
        self.ask(intake)?;
        let Some(errand) = errand else {
            return Ok(());
        };
        for open in &mut self.packages {
            let runs = open.newly_left_over()?;
            errand.take_back(runs.into_iter(), intake)?;
            for (host, kind, reason) in std::mem::take(&mut open.troubles) {
                errand.meet(host, kind, reason);
            }
        }
        Ok(())
    }

    /// Asks each engine once for all of its packages.
    fn ask(&mut self, intake: &mut dyn Intake) -> Result<()> {
        let mut asked: Vec<usize> = Vec::new();
        for at in 0..self.packages.len() {
            if asked.contains(&at) || !self.packages[at].is_due() {
                continue;
            }
            let spec = self.packages[at].manifest.spec.clone();
            let same: Vec<usize> = (at..self.packages.len())
                .filter(|other| self.packages[*other].manifest.spec == spec)
                .collect();
            let jobs: Vec<_> = same
                .iter()
                .flat_map(|at| self.packages[*at].jobs())
                .collect();
            asked.extend(&same);
            if jobs.is_empty() {
                continue;
            }
            let answer = self.packages[at].engine.presence(&jobs);
            for at in same {
                let open = &mut self.packages[at];
                open.asked = Some(Instant::now());
                match &answer {
                    Ok(presence) => {
                        open.unanswered = 0;
                        open.conclude(presence, intake)?;
                    }
                    Err(error) => {
                        open.unanswered += 1;
                        let engine = open.manifest.spec.engine;
                        let message = format!(
                            "{engine} gives no answer ({error:#}); what tasks publish is taken in all the same"
                        );
                        open.say_once(message, &mut |text| intake.say(text));
                    }
                }
            }
        }
        Ok(())
    }
}

impl Errand<'_> {
    /// Takes notice of a machine on which a task could not go on.
    fn meet(&mut self, host: String, kind: Trouble, reason: String) {
        if kind == Trouble::Memory && self.memory_factor < MOST_MEMORY {
            self.memory_factor *= 2;
            return;
        }
        // Engines know nodes by the first part of their names.
        let node = host.split('.').next().unwrap_or_default().to_owned();
        if self.exclude.insert(node) {
            self.troubles += 1;
        }
        if self.troubles >= MOST_TROUBLES {
            self.obstacle.get_or_insert(reason);
        }
    }
}

/// How long ago a time of the journal was. Clocks of machines may differ a little.
fn since(at: i64) -> Duration {
    let seconds = Timestamp::now().as_second() - at;
    Duration::from_secs(seconds.try_into().unwrap_or_default())
}

impl OpenPackage {
    fn is_due(&self) -> bool {
        self.asked
            .is_none_or(|asked| asked.elapsed() >= self.pause())
    }

    /// How long nothing may be heard of a task that the engine does not have.
    fn grace(&self) -> Duration {
        2 * self.manifest.spec.ask_every
    }

    /// Finds out about arrays of which it is not known whether the engine has them.
    fn settle(&mut self, resubmits: bool, intake: &mut dyn Intake) -> Result<()> {
        let intended = self.standing.arrays.iter();
        let intended = intended.filter(|(_, array)| array.stage == Stage::Intended);
        let intended: Vec<(ArrayNumber, ArrayStanding)> = intended
            .map(|(number, array)| (*number, array.clone()))
            .collect();
        for (number, array) in intended {
            let is_due = |next: &Instant| Instant::now() >= *next;
            if !self.missing.get(&number).is_none_or(is_due) {
                continue;
            }
            let epoch = array.epoch;
            let name = self.job_name(number, &array);
            let patience = self.patience();
            let had_time = since(array.since) >= patience;
            match self.engine.find(&name) {
                Ok(Some(job)) => {
                    if self.standing.cancelled {
                        self.engine.cancel(&[(job.clone(), name)])?;
                    }
                    self.note(&Event::Got {
                        array: number,
                        epoch,
                        job,
                    })?;
                }
                Ok(None) if had_time => self.give_up(number, &array, resubmits, intake)?,
                // Once more when it had the time to appear.
                Ok(None) => {
                    self.missing.insert(number, Instant::now() + patience);
                }
                Err(error) => {
                    let engine = self.manifest.spec.engine;
                    let message = format!(
                        "{engine} does not say whether it has the job {name} ({error:#}); it is asked again"
                    );
                    self.say_once(message, &mut |text| intake.say(text));
                    let again = Instant::now() + self.manifest.spec.ask_every;
                    self.missing.insert(number, again);
                }
            }
        }
        Ok(())
    }

    /// How long a job may take to show up that was submitted without a clear answer.
    pub(super) fn patience(&self) -> Duration {
        APPEARANCE.min(self.manifest.spec.ask_every)
    }

    /// Ends what was cancelled and is gone, once what it published last had the time to be seen.
    fn end_cancelled(&mut self, intake: &mut dyn Intake) -> Result<()> {
        for batch in self.ending() {
            let missing = self.standing.batches[&batch].missing;
            if missing.is_some_and(|at| since(at) >= self.patience()) {
                self.lose(batch, intake)?;
            }
        }
        Ok(())
    }

    /// The batches that were cancelled, whose tasks are gone, and which have yet to be concluded.
    pub(super) fn ending(&self) -> Vec<BatchNumber> {
        let live = self.standing.live().filter(|_| self.standing.cancelled);
        live.filter(|batch| self.standing.batches[batch].missing.is_some())
            .collect()
    }

    /// Makes the claims of an array void that the engine does not have; unless one of its tasks was faster.
    fn give_up(
        &mut self,
        number: ArrayNumber,
        array: &ArrayStanding,
        resubmits: bool,
        intake: &mut dyn Intake,
    ) -> Result<()> {
        let epoch = array.epoch;
        let (mut begun, mut void) = (None, Vec::new());
        for batch in array.numbers() {
            match claim::void(&self.package.claims(), batch, epoch)? {
                Some(job) => begun = Some(job),
                None => void.push(batch),
            }
        }
        if let Some(job) = begun {
            self.note(&Event::Got {
                array: number,
                epoch,
                job,
            })?;
            return void
                .into_iter()
                .try_for_each(|batch| self.end(batch, "it was too late", false));
        }
        self.note(&Event::Void {
            array: number,
            epoch,
        })?;
        if !resubmits || self.standing.cancelled {
            return Ok(());
        }
        if epoch.0 + 1 >= MOST_TRIES {
            let why = self.unclear.clone().unwrap_or_default();
            let engine = self.manifest.spec.engine;
            bail!(
                "{engine} gave no clear answer to {MOST_TRIES} submissions, and has none of them: {why}"
            );
        }
        self.note(&Event::Intend {
            array: number,
            epoch: Epoch(epoch.0 + 1),
            first: array.first,
            batches: array.batches,
            seconds: array.seconds,
            memory: array.memory,
            cores: array.cores,
            exclude: array.exclude.clone(),
        })?;
        if let Submitted::Full(_) | Submitted::Refused(_) = self.hand_over(number, intake)? {
            // Nobody else has these runs.
            for batch in array.numbers() {
                self.returned.remove(&batch);
            }
        }
        Ok(())
    }

    fn end(&mut self, batch: BatchNumber, how: &str, is_loss: bool) -> Result<()> {
        self.note(&Event::Ended {
            batch,
            how: how.to_owned(),
            is_loss,
        })
    }

    /// What follows from the engine's answer.
    fn conclude(
        &mut self,
        presence: &BTreeMap<String, Presence>,
        intake: &mut dyn Intake,
    ) -> Result<()> {
        let begun = claim::claims(&self.package.claims())?;
        let arrays: Vec<ArrayStanding> = self.standing.arrays.values().cloned().collect();
        for array in arrays {
            let Some(job) = array.job() else { continue };
            let here = presence.get(job).unwrap_or(&Presence::Gone);
            for (index, batch) in (0..).zip(array.numbers()) {
                let standing = &self.standing.batches[&batch];
                if standing.end.is_some() {
                    continue;
                }
                let claim = begun.get(&(batch, array.epoch));
                match here.task(index) {
                    // Of a dead node some engines say for ever that it is at work.
                    Some(state)
                        if state.is_none_or(|state| state.running)
                            && claim.is_some_and(|claim| self.is_overdue(&array, claim, batch)) =>
                    {
                        self.lose(batch, intake)?;
                    }
                    Some(state) => {
                        if standing.missing.is_some() {
                            self.note(&Event::Present { batch })?;
                        }
                        self.tell_incurable(state, intake);
                    }
                    None => self.miss(batch, intake)?,
                }
            }
        }
        Ok(())
    }

    /// Whether a task should have been ended by its engine long ago, and nothing was heard of it for longer than a task is silent.
    fn is_overdue(&self, array: &ArrayStanding, claim: &ClaimInfo, batch: BatchNumber) -> bool {
        let now = Timestamp::now().as_second();
        let heard = self.standing.batches[&batch].heard;
        let seconds = i64::try_from(array.seconds).unwrap_or(i64::MAX);
        now - claim.at.max(heard) > seconds.saturating_add(OVERDUE)
    }

    fn tell_incurable(&mut self, state: Option<&TaskState>, intake: &mut dyn Intake) {
        let reason = state
            .filter(|state| !state.running)
            .map(|state| state.reason.as_str());
        if let Some(message) = reason.and_then(|reason| self.engine.incurable(reason)) {
            self.say_once(message, &mut |text| intake.say(text));
        }
    }

    /// The engine does not have a task that has not said that it ended.
    fn miss(&mut self, batch: BatchNumber, intake: &mut dyn Intake) -> Result<()> {
        let standing = &self.standing.batches[&batch];
        if standing.stopped {
            // It said so itself, and is not there to be started anew.
            return self.lose(batch, intake);
        }
        let Some(missing) = standing.missing else {
            return self.note(&Event::Missing { batch });
        };
        let is_lost = since(missing) >= self.pause().min(self.grace())
            && since(standing.heard) >= self.grace();
        match is_lost {
            true => self.lose(batch, intake),
            false => Ok(()),
        }
    }

    /// Gives up a batch whose task is gone.
    fn lose(&mut self, batch: BatchNumber, intake: &mut dyn Intake) -> Result<()> {
        let standing = &self.standing.batches[&batch];
        let number = standing.array;
        let array = self.standing.arrays[&number].clone();
        let epoch = array.epoch;
        let had_begun = claim::void(&self.package.claims(), batch, epoch)?.is_some();
        let (cancelled, stopped) = (self.standing.cancelled, standing.stopped);
        let how = match (cancelled, stopped, had_begun) {
            (true, ..) => "cancelled",
            (false, true, _) => "stopped",
            (false, false, true) => "lost",
            (false, false, false) => "never begun",
        };
        let left = self.batch(batch)?.orders.len() - self.standing.batches[&batch].done.len();
        self.end(batch, how, had_begun && !cancelled && !stopped)?;
        if !cancelled {
            let job = array.job().unwrap_or_default();
            let index = batch.0 - array.first.0;
            let printed = self.printed(number, epoch, index);
            intake.say(&format!(
                "task {index} of job {job} was {how}; {left} runs that it has not done go to other tasks{printed}"
            ));
        }
        Ok(())
    }

    /// The last words of a task's log, for a message.
    fn printed(&self, array: ArrayNumber, epoch: Epoch, index: u32) -> String {
        let path = self.package.log(array, epoch, index);
        if !shared_folder::shows(&path).unwrap_or(false) {
            return String::new();
        }
        let text = fs::read(&path).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let text = text.trim();
        let start = text.len().saturating_sub(TOLD);
        let start = (start..text.len()).find(|at| text.is_char_boundary(*at));
        match start {
            Some(start) => format!("; it printed: {}", text[start..].escape_debug()),
            None => String::new(),
        }
    }
}

impl Presence {
    /// A task: `None` if it is not there, `Some(None)` if it is and no more is known.
    fn task(&self, index: u32) -> Option<Option<&TaskState>> {
        match self {
            Self::All => Some(None),
            Self::Tasks(tasks) => tasks.get(&index).map(Some),
            Self::Gone => None,
        }
    }
}
