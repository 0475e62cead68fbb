//! The two parts of what is wanted: what is only read again, as what simulators left is kept for it, and what they are run for.

use std::collections::HashMap;

use crate::execute::order::Work;
use crate::plan::key::{Key, RawKey};
use crate::plan::{Plan, Unit};
use crate::store::Store;

/// What is wanted, in its two parts. The first is done first: it takes no simulator.
pub(crate) struct Parts {
    /// What is only read again,
    pub again: Work,
    /// and where it is kept.
    pub kept: HashMap<Key, RawKey>,
    /// What simulators have to be run for.
    pub to_run: Work,
}

/// Where what simulators left is kept for these.
pub(crate) fn kept(plans: &[Plan], wanted: &[(Unit, Key)]) -> HashMap<Key, RawKey> {
    let kept = |(unit, key): &(Unit, Key)| {
        let entry = &plans[unit.scenario].entries[unit.catchment];
        Some((*key, **entry.kept.as_ref()?))
    };
    wanted.iter().filter_map(kept).collect()
}

impl Parts {
    /// Of what is wanted, where this is kept.
    pub(crate) fn of(wanted: &[(Unit, Key)], kept: HashMap<Key, RawKey>) -> Self {
        if kept.is_empty() {
            return Self {
                again: Work::of(&[]),
                to_run: Work::of(wanted),
                kept,
            };
        }
        let is_kept = |(_, key): &(Unit, Key)| kept.contains_key(key);
        let (again, to_run): (Vec<_>, Vec<_>) = wanted.iter().copied().partition(is_kept);
        Self {
            again: Work::of(&again),
            to_run: Work::of(&to_run),
            kept,
        }
    }

    /// The same with what [`Work::planned`] knows of both.
    pub(crate) fn planned(self, plans: &[Plan], store: Option<&Store>) -> Self {
        Self {
            again: self.again.planned(plans, store),
            to_run: self.to_run.planned(plans, store),
            ..self
        }
    }

    /// Whether there is nothing to be done.
    pub(crate) fn are_empty(&self) -> bool {
        self.again.runs() + self.to_run.runs() == 0
    }

    /// Whether a key is in one of them.
    pub(crate) fn have(&self, key: &Key) -> bool {
        self.again.unit(key).or(self.to_run.unit(key)).is_some()
    }
}
