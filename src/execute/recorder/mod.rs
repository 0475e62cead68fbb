//! Where trials come in: each is entered for all that wait for it, reported, and committed with its batch.
//!
//! Those of this run come one by one, and a batch is what came within a second. Those that other processes made come in segments,
//! perhaps ordered by an earlier run and perhaps twice: a segment is a batch that is stored once. The recorder knows no more of them
//! than that.

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::mem;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::giving_up::{FirstAlike, Folded, GaveUp, GiveUp};
use super::{FailedCatchment, Limits, RunReport};
use crate::data::catchment::CatchmentId;
use crate::data::scenario::ScenarioName;
use crate::execute::local::failed_runs::FailedRuns;
use crate::execute::local::turns::Turns;
use crate::execute::next::Next;
use crate::execute::origin::{Origin, Origins};
use crate::execute::run_context::RunContext;
use crate::execute::timings::Phase;
use crate::execute::trial::{Trial, TrialOutcome};
use crate::plan::key::Key;
use crate::plan::loaded::LoadedScenario;
use crate::store::{Another, Contradiction, Mark, Once, Outputs, Record, Store, StoreError};
use crate::system::progress::{Progress, Verbosity, seconds};

/// A batch is committed when it has so many trials.
const BATCH: usize = 100;

/// Or when it has more bytes than these of what simulators left.
const HEAVY: usize = 32 << 20;

/// Contradictions reported one by one before the rest is only counted.
const REPORTED: usize = 20;

/// How many of the slowest catchments are reported.
pub(super) const SLOWEST: usize = 5;

/// What is stored under the key of a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stored {
    /// No result, or a damaged one.
    Nothing,
    /// A result.
    Fine,
    /// A result that is beyond the limits that the project states now.
    Refused,
}

/// Takes trials in, batch by batch.
pub(crate) struct Recorder<'a> {
    loaded_study: &'a [LoadedScenario<'a>],
    store: &'a mut Store,
    limits: &'a Limits,
    run_context: RunContext<'a>,
    /// Whose turn it is, where others may be at work on the same.
    turns: Option<&'a Turns<'a>>,
    /// The batch, and since when it has waited.
    pending: Vec<Record>,
    since: Instant,
    /// What was reported of failures.
    folded: Folded,
    /// Whether all that came first failed alike.
    first: FirstAlike,
    progress: Progress,
    report: RunReport,
    /// Why nothing can be recorded any more.
    error: Option<anyhow::Error>,
}

impl<'a> Recorder<'a> {
    /// One that has taken nothing yet. `loaded_study` is the project as it is now.
    pub(crate) fn new(
        loaded_study: &'a [LoadedScenario<'a>],
        store: &'a mut Store,
        progress: Progress,
        limits: &'a Limits,
        run_context: RunContext<'a>,
    ) -> Self {
        let first = match limits.give_up {
            GiveUp::IfFirstFailAlike(first) => FirstAlike::new(first),
            GiveUp::Never | GiveUp::After(_) => FirstAlike::default(),
        };
        Self {
            loaded_study,
            store,
            limits,
            run_context,
            turns: None,
            pending: Vec::new(),
            since: Instant::now(),
            folded: Folded::default(),
            first,
            progress,
            report: RunReport::default(),
            error: None,
        }
    }

    /// The same where others may be at work on the same: their claims are given up as their results are committed.
    pub(crate) fn with_turns(self, turns: &'a Turns<'a>) -> Self {
        Self {
            turns: Some(turns),
            ..self
        }
    }

    /// The store, of which the recorder is the only writer as long as it lives.
    pub(crate) fn store(&mut self) -> &mut Store {
        self.store
    }

    /// What was done so far.
    pub(crate) fn report(&self) -> &RunReport {
        &self.report
    }

    /// What shows how far it is.
    pub(crate) fn progress(&mut self) -> &mut Progress {
        &mut self.progress
    }

    /// Takes a trial that was ordered by this run, or commits the batch because none came for a while; and says whether there
    /// shall be more.
    pub(crate) fn take(&mut self, trial: Option<Trial>, origins: &Origins<'_>) -> Next {
        let is_pause = trial.is_none();
        self.note_brought();
        match trial {
            Some(Trial {
                outcome: TrialOutcome::Obstacle(_, failed),
                key,
                ..
            }) => {
                self.give_up(&key);
                self.report.obstacle.get_or_insert(failed.reason);
            }
            // It was begun before it was known that there are to be no more failures.
            Some(trial) if self.is_one_too_many(&trial) => {
                let released = self.leave_out(&trial);
                self.give_up(&trial.key);
                self.note_error(released);
            }
            Some(trial) => {
                if self.pending.is_empty() {
                    self.since = Instant::now();
                }
                let entered = origins.with(trial, |trial, origin| {
                    self.enter(trial, origin, Another::IsReplaced);
                });
                self.note_error(entered);
            }
            None => {}
        }
        self.note_budget();
        let is_stopping = self.report.gave_up.is_some()
            || self.report.obstacle.is_some()
            || self.run_context.interrupt.is_triggered();
        let is_due = self.pending.len() >= BATCH
            || self.is_heavy()
            || self.since.elapsed() >= Duration::from_secs(1);
        // After a stop, the next trial comes when a simulator ends, however long that takes.
        if is_due || is_pause || is_stopping {
            let committed = self.commit().map_err(anyhow::Error::from);
            self.note_error(committed);
        }
        if is_stopping || self.error.is_some() {
            Next::Stop
        } else if self.pending.is_empty() {
            Next::Wait
        } else {
            Next::WaitASecond
        }
    }

    /// Takes all trials of a segment with their origins, in one transaction with its mark; returns whether they are new. If the mark
    /// is there already, nothing is stored or counted.
    ///
    /// Of two results of one key the first stays, unless it is beyond the limits that the project states now. A failure that
    /// comes again for an order that has its result is nothing new, and left out like an obstacle, which is no catchment's
    /// matter. What is kept of the failed runs among them must be in its place already.
    ///
    /// # Errors
    /// If nothing of it could be stored.
    pub(crate) fn take_segment(
        &mut self,
        trials: Vec<(Trial, Origin<'_>)>,
        mark: &Mark<'_>,
    ) -> Result<bool> {
        self.commit()?;
        // Also where it was stored by a run that died before it came to this.
        if let Some(failed_runs) = self.failed_runs() {
            let trials = trials.iter().map(|(trial, _)| trial);
            let good = trials.filter(|trial| matches!(trial.outcome, TrialOutcome::Good(_)));
            failed_runs.release_all(good.map(|trial| (&trial.scenario, &trial.catchment)))?;
        }
        if self.store.memo(mark.kind, mark.name)?.is_some() {
            return Ok(false);
        }
        let stored = self.stored(&trials)?;
        // What failed, and went well when it was carried out a second time.
        let mut mended = HashSet::new();
        for ((trial, origin), stored) in trials.into_iter().zip(stored) {
            match &trial.outcome {
                TrialOutcome::Obstacle(..) => continue,
                TrialOutcome::Failed(_) if self.is_one_too_many(&trial) => {
                    self.leave_out(&trial)?;
                    continue;
                }
                TrialOutcome::Failed(_) if origin.again && stored == Stored::Fine => continue,
                TrialOutcome::Failed(_) => {}
                TrialOutcome::Good(_) if origin.again => {
                    mended.insert((trial.scenario.clone(), trial.catchment.clone()));
                    mended.extend(origin.others.iter().cloned());
                }
                TrialOutcome::Good(_) => {}
            }
            let another = match stored {
                Stored::Refused => Another::IsReplaced,
                Stored::Nothing | Stored::Fine => Another::Stays,
            };
            self.enter(trial, &origin, another);
            self.note_budget();
        }
        self.strike_off(&mended);
        self.note_budget();
        let batch = mem::take(&mut self.pending);
        let timings = self.run_context.timings;
        let stored = timings.time(Phase::Commit, || self.store.commit_once(&batch, mark))?;
        if let Once::Stored(contradictions) = stored {
            self.report_contradictions(&contradictions);
        }
        Ok(true)
    }

    /// Commits the last batch, and says what was done; `done` is how the executor ended.
    pub(crate) fn finish(mut self, done: Result<()>) -> Result<RunReport> {
        let committed = self.commit();
        for line in self.folded.rest() {
            self.progress.say(&line);
        }
        if let Some(error) = self.error {
            return Err(error);
        }
        committed?;
        done?;
        Ok(self.report)
    }

    /// Whether the batch holds much of what simulators left.
    fn is_heavy(&self) -> bool {
        let bytes = self.pending.iter().map(|record| match &record.outputs {
            Outputs::Kept(kept) => kept.bytes.len(),
            Outputs::NotKept | Outputs::ReadAgain(_) => 0,
        });
        bytes.sum::<usize>() > HEAVY
    }

    /// Counts the results that others have brought.
    fn note_brought(&mut self) {
        for key in self.turns.map(Turns::take_brought).unwrap_or_default() {
            self.report.brought += 1;
            self.first.note_good();
            self.report.good.insert(key);
            self.progress.advance(false);
        }
    }

    /// Gives up the claim on a key.
    fn give_up(&self, key: &Key) {
        self.turns.inspect(|turns| turns.give_up(key));
    }

    /// Notes whether there are to be no more failures.
    fn note_budget(&mut self) {
        let failures = self.report.failed.len();
        self.report.gave_up = match self.limits.give_up {
            GiveUp::After(most) if failures >= most => Some(GaveUp::After(failures)),
            GiveUp::IfFirstFailAlike(_) => self.first.verdict(),
            GiveUp::After(_) | GiveUp::Never => None,
        };
    }

    /// Whether a trial failed after there were to be no more failures.
    fn is_one_too_many(&self, trial: &Trial) -> bool {
        self.report.gave_up.is_some() && matches!(trial.outcome, TrialOutcome::Failed(_))
    }

    /// Leaves a trial out: its catchment is as stale as it was, and nothing is kept of it but what failed runs of passing scenarios left.
    fn leave_out(&self, trial: &Trial) -> Result<()> {
        match self.failed_runs() {
            Some(failed_runs) => failed_runs.release(&trial.scenario, &trial.catchment),
            None => Ok(()),
        }
    }

    /// Only the first error counts: others follow from it.
    fn note_error(&mut self, outcome: Result<()>) {
        if let Err(error) = outcome {
            self.error.get_or_insert(error);
        }
    }

    /// What is stored under each trial's key.
    fn stored(&self, trials: &[(Trial, Origin<'_>)]) -> Result<Vec<Stored>> {
        // One look at the file for all.
        let _transaction = self.store.read_transaction()?;
        let stored = |(trial, _): &(Trial, Origin<'_>)| {
            let summary = match self.store.summary(&trial.key.0) {
                Err(StoreError::Damaged { .. }) => None,
                found => found?,
            };
            let Some(summary) = summary else {
                return Ok(Stored::Nothing);
            };
            let mut scenarios = self.loaded_study.iter();
            let loaded = scenarios.find(|loaded| loaded.project.scenario.name == trial.scenario);
            Ok(match loaded {
                Some(loaded) if loaded.excess(&summary).is_some() => Stored::Refused,
                _ => Stored::Fine,
            })
        };
        trials.iter().map(stored).collect()
    }

    /// Enters a trial into the batch for its catchment, and a failed one for all that wait for the same result. What a good
    /// one gives them, they find under their keys.
    fn enter(&mut self, trial: Trial, origin: &Origin<'_>, another: Another) {
        if !origin.again {
            self.count(&trial);
        }
        let mut others: &[(ScenarioName, CatchmentId)] = &[];
        match &trial.outcome {
            TrialOutcome::Good(_) => {
                self.first.note_good();
                self.report.good.insert(trial.key);
            }
            TrialOutcome::Failed(failed) | TrialOutcome::Obstacle(_, failed) => {
                others = origin.others;
                if !origin.again {
                    let noted = self.first.note_failure(&trial, failed, self.store);
                    self.note_error(noted.map_err(anyhow::Error::from));
                    self.report_failure(&trial, others, &failed.reason);
                }
            }
        }
        let first = record(trial, origin, another, self.is_passing());
        for (scenario, catchment) in others {
            self.pending.push(Record {
                scenario: scenario.clone(),
                catchment: catchment.clone(),
                ..first.clone()
            });
        }
        self.pending.push(first);
    }

    /// Takes back that these failed.
    fn strike_off(&mut self, mended: &HashSet<(ScenarioName, CatchmentId)>) {
        if !mended.is_empty() {
            let failed = &mut self.report.failed;
            failed.retain(|it| !mended.contains(&(it.scenario.clone(), it.catchment.clone())));
        }
    }

    /// Counts a trial and its cost.
    fn count(&mut self, trial: &Trial) {
        let label = trial.scenario.label(&trial.catchment);
        let is_good = matches!(trial.outcome, TrialOutcome::Good(_));
        if trial.is_read_again() {
            self.report.read_again += 1;
            self.progress.advance(!is_good);
            return;
        }
        self.report.run += 1;
        let costs = trial.attempts.iter().map(|attempt| attempt.cost);
        let wall: f64 = costs.clone().map(|cost| cost.wall).sum();
        let total = &mut self.report.cost;
        total.simulator_seconds += wall;
        total.cpu_seconds += costs.clone().map(|cost| cost.cpu()).sum::<f64>();
        let peaks = costs.map(|cost| cost.peak_bytes);
        total.peak_bytes = peaks.fold(total.peak_bytes, u64::max);
        let slowest = &mut self.report.slowest;
        let rank = slowest.partition_point(|(_, slower)| *slower >= wall);
        slowest.insert(rank, (label.clone(), wall));
        slowest.truncate(SLOWEST);
        if is_good && self.limits.verbosity == Verbosity::Verbose {
            let took = seconds(wall);
            self.progress.say(&format!("catchment {label}: {took}"));
        }
        self.progress.advance(!is_good);
    }

    /// Reports that a trial failed, for all that waited for it.
    fn report_failure(
        &mut self,
        trial: &Trial,
        others: &[(ScenarioName, CatchmentId)],
        reason: &str,
    ) {
        let label = trial.scenario.label(&trial.catchment);
        let own = (trial.scenario.clone(), trial.catchment.clone());
        let units = [own].into_iter().chain(others.iter().cloned());
        let failed = units.map(|(scenario, catchment)| FailedCatchment {
            scenario,
            catchment,
            reason: reason.to_owned(),
        });
        self.report.failed.extend(failed);
        if !self.folded.is_told(reason, &trial.catchment) {
            return;
        }
        let kept = self
            .failed_runs()
            .and_then(|failed_runs| failed_runs.kept(&trial.scenario, &trial.catchment));
        let see = match kept {
            Some(kept) => format!(" (see {})", kept.display()),
            None => String::new(),
        };
        self.progress
            .say(&format!("catchment {label} failed: {reason}{see}"));
    }

    fn report_contradictions(&mut self, contradictions: &[Contradiction]) {
        for contradiction in contradictions {
            match self.report.contradictions {
                0..REPORTED => self.progress.say(&contradiction.to_string()),
                REPORTED => self
                    .progress
                    .say("further results that differ from the first are counted only"),
                _ => {}
            }
            self.report.contradictions += 1;
        }
    }

    /// Where failed runs are kept, unless there is no scenario at all.
    fn failed_runs(&self) -> Option<FailedRuns> {
        let loaded = self.loaded_study.first()?;
        Some(FailedRuns::of(loaded.project))
    }

    /// Whether the study is only passing: all its scenarios are, or none.
    fn is_passing(&self) -> bool {
        let first = self.loaded_study.first();
        first.is_some_and(|loaded| loaded.project.scenario.standing.is_passing())
    }

    /// Stores what is pending.
    fn commit(&mut self) -> Result<(), StoreError> {
        if !self.pending.is_empty() {
            (self.run_context.timings).time(Phase::Commit, || self.store.commit(&self.pending))?;
            let keys = self.pending.iter().map(|record| Key(record.key));
            keys.for_each(|key| self.give_up(&key));
            self.pending.clear();
        }
        Ok(())
    }
}

fn record(trial: Trial, origin: &Origin<'_>, another: Another, is_passing: bool) -> Record {
    let (result, failure) = match trial.outcome {
        TrialOutcome::Good(columns) => (Some(columns), None),
        TrialOutcome::Failed(failed) | TrialOutcome::Obstacle(_, failed) => (None, Some(failed)),
    };
    Record {
        scenario: trial.scenario,
        catchment: trial.catchment,
        key: trial.key.0,
        // An explanation is made of short texts and digests, which postcard can always hold.
        parts: postcard::to_stdvec(&trial.explanation).unwrap_or_default(),
        recipe: origin.recipe,
        recipe_parts: origin.recipe_parts.clone(),
        contents: trial.texts,
        series: trial.series,
        attempts: trial.attempts,
        result,
        failure,
        outputs: trial.outputs,
        another,
        is_passing,
    }
}
