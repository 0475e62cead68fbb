//! Trials held back until what their simulators read where it is has been looked at once more.
//!
//! Support files are looked at after the end of each run. What `reads` names may be a folder of a hundred thousand files: one look has
//! to do for many runs. It is taken after the last of them has ended, and before any of them is handed on, so that no result goes into
//! the store whose files had changed by then.

use std::time::{Duration, Instant};

use crate::execute::failure::Failure;
use crate::execute::next::Next;
use crate::execute::trial::{Trial, TrialOutcome};
use crate::plan::loaded::{LoadedScenario, by_recipe};
use crate::plan::recipe::Recipe;

/// How many trials wait for a look at most, and for how long.
const MOST: usize = 256;
const LONGEST: Duration = Duration::from_secs(1);

/// The trials that wait.
pub(super) struct Held<'a> {
    /// The recipes with files to look at, each once.
    recipes: Vec<&'a Recipe<'a>>,
    trials: Vec<Trial>,
    /// When the first of them came.
    since: Option<Instant>,
    stopped: bool,
}

impl<'a> Held<'a> {
    pub(super) fn new(loaded_study: &'a [LoadedScenario<'a>]) -> Self {
        let recipes = by_recipe(loaded_study).map(|same| &*same[0].recipe);
        Self {
            recipes: recipes
                .filter(|recipe| !recipe.reads().is_empty())
                .collect(),
            trials: Vec::new(),
            since: None,
            stopped: false,
        }
    }

    /// Takes a trial for `taker`, who gets it at once where there is nothing to look at.
    pub(super) fn take(
        &mut self,
        trial: Option<Trial>,
        taker: &mut dyn FnMut(Option<Trial>) -> Next,
    ) -> Next {
        if self.recipes.is_empty() {
            return taker(trial);
        }
        if let Some(trial) = trial {
            self.trials.push(trial);
            let since = *self.since.get_or_insert_with(Instant::now);
            if self.trials.len() < MOST && since.elapsed() < LONGEST {
                return self.then(Next::WaitASecond);
            }
            let next = self.hand_on(taker);
            return self.then(next);
        }
        self.hand_on(taker);
        let next = taker(None);
        self.then(next)
    }

    /// Once it is to be stopped it is.
    fn then(&mut self, next: Next) -> Next {
        self.stopped |= next == Next::Stop;
        match self.stopped {
            true => Next::Stop,
            false => next,
        }
    }

    fn hand_on(&mut self, taker: &mut dyn FnMut(Option<Trial>) -> Next) -> Next {
        self.since = None;
        let mut trials = std::mem::take(&mut self.trials);
        if trials.is_empty() {
            return Next::Wait;
        }
        let changed = (self.recipes.iter()).find_map(|recipe| recipe.reads().changed());
        if let Some(changed) = changed {
            let failure = Failure::ReadChanged(changed.name.clone());
            for trial in &mut trials {
                if let Some(obstacle) = failure.obstacle() {
                    trial.outcome = TrialOutcome::Obstacle(obstacle, failure.failed());
                }
                if let Some(attempt) = trial.attempts.last_mut() {
                    attempt.failure = Some(failure.failed());
                }
            }
        }
        let mut last = Next::Wait;
        for trial in trials {
            last = taker(Some(trial));
            self.stopped |= last == Next::Stop;
        }
        last
    }
}
