//! Running fresh catchments again on a cluster, to compare: nothing is stored, and nothing outlives the comparison.

use std::path::Path;

use anyhow::Result;

use super::head::{Arrival, Errand, Head, Intake, Patience, Waited, Wish};
use crate::cluster::package::manifest::Purpose;
use crate::execute::next::Next;
use crate::execute::trial::Trial;
use crate::store::Store;
use crate::system::process::Interrupt;

/// Takes trials that are not to be stored.
pub(crate) trait TrialTaker {
    /// Takes one.
    fn take(&mut self, store: &Store, trial: &Trial);

    /// Whether it wants more.
    fn next(&self) -> Next;

    /// Tells the user something.
    fn say(&mut self, message: &str);
}

/// Runs them and hands each trial to `taker`, which comes back. What an earlier one left behind that died is ended and removed first.
pub(crate) fn carry_out<T: TrialTaker>(
    packages: &Path,
    wish: &Wish<'_>,
    store: &mut Store,
    interrupt: &Interrupt,
    taker: T,
) -> Result<T> {
    let open = || Head::open(packages, Purpose::Verify, true, false);
    open()?.abandon(store)?;
    let mut head = open()?;
    let errand = Errand::new(wish, Some(store))?;
    let mut intake = Handing { store, taker };
    let waited = head.carry_out(Some(errand), &mut intake, interrupt, Patience::Wait);
    let Handing { store, taker } = intake;
    if !matches!(waited, Ok(Waited::Complete)) {
        head.abandon(store)?;
    }
    if matches!(waited, Ok(Waited::Cancelled)) {
        // To whoever waits for the outcome, it is the same as Ctrl-C.
        interrupt.trigger();
    }
    waited.map(|_| taker)
}

/// Hands on what comes, and stores nothing.
struct Handing<'a, T> {
    store: &'a mut Store,
    taker: T,
}

impl<T: TrialTaker> Intake for Handing<'_, T> {
    fn take(&mut self, arrival: Arrival<'_>) -> Result<()> {
        let trials = arrival.segment.trials.iter().zip(arrival.again);
        for (trial, _) in trials.filter(|(_, again)| !again) {
            self.taker.take(self.store, trial);
        }
        Ok(())
    }

    fn conclude(&mut self, trial: Trial) -> Result<()> {
        self.taker.take(self.store, &trial);
        Ok(())
    }

    fn next(&self) -> Next {
        self.taker.next()
    }

    fn store(&mut self) -> &mut Store {
        self.store
    }

    fn say(&mut self, message: &str) {
        self.taker.say(message);
    }
}
