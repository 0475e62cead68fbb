//! Many failures: which of them are told one by one, and when there are to be no more of them.
//!
//! What fails alike is told a few times and then counted, since a mistake in a project fails all of its catchments. A run whose first
//! catchments all fail alike is such a mistake, and goes on no further unless it is asked to.

use std::collections::{HashMap, HashSet};

use super::trial::Trial;
use crate::data::catchment::CatchmentId;
use crate::data::scenario::ScenarioName;
use crate::store::{Failed, Store, StoreError};

/// So many failures for the same reason are told one by one.
const TOLD: usize = 3;

/// Failures for more reasons than this are only counted.
const REASONS: usize = 20;

/// When a run starts nothing new because of failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GiveUp {
    /// However many there are.
    Never,
    /// After so many.
    After(usize),
    /// If so many catchments failed first, and all of them alike.
    IfFirstFailAlike(usize),
}

impl GiveUp {
    /// What is left of it for a run that goes on after these failures, which were too few.
    pub(crate) fn after(self, failures: usize) -> Self {
        match self {
            Self::After(most) => Self::After(most - failures),
            Self::Never | Self::IfFirstFailAlike(_) => self,
        }
    }
}

/// Why a run started nothing new any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GaveUp {
    /// There were so many failures.
    After(usize),
    /// So many failed first, and all alike.
    Alike {
        /// How many.
        count: usize,
        /// Why the first of them did.
        reason: String,
        /// The first of them.
        catchment: CatchmentId,
    },
}

/// An id that is a shorter number than this is in a reason by chance, as in "exit code 1".
const SHORTEST_NUMBER: usize = 3;

/// A reason without the name of the catchment that it is about, where that stands by itself.
pub(crate) fn masked(reason: &str, id: &CatchmentId) -> String {
    let id = id.as_str();
    if id.len() < SHORTEST_NUMBER && id.bytes().all(|byte| byte.is_ascii_digit()) {
        return reason.to_owned();
    }
    let stands_alone = |at: usize| {
        let (before, behind) = (&reason[..at], &reason[at + id.len()..]);
        !before.ends_with(char::is_alphanumeric) && !behind.starts_with(char::is_alphanumeric)
    };
    let (mut text, mut copied) = (String::new(), 0);
    for (at, _) in reason.match_indices(id) {
        if stands_alone(at) {
            text.push_str(&reason[copied..at]);
            text.push_str("{id}");
            copied = at + id.len();
        }
    }
    text.push_str(&reason[copied..]);
    text
}

/// Whether catchments failed for the same reason, but for their names in it.
struct Alike {
    reason: String,
    masked: String,
}

impl Alike {
    fn new(reason: &str, id: &CatchmentId) -> Self {
        Self {
            reason: reason.to_owned(),
            masked: masked(reason, id),
        }
    }

    /// An id like 1 may be in a reason by chance, so both forms count.
    fn covers(&self, reason: &str, id: &CatchmentId) -> bool {
        self.reason == reason || self.masked == masked(reason, id)
    }
}

/// Failures by their reasons, and how many were told of each.
#[derive(Default)]
pub(super) struct Folded {
    kinds: Vec<(Alike, usize)>,
    /// Where a reason that is the same for all is among them.
    known: HashMap<String, usize>,
    /// Those of further reasons.
    others: usize,
}

impl Folded {
    /// Counts a failure; whether it is to be told.
    pub(super) fn is_told(&mut self, reason: &str, id: &CatchmentId) -> bool {
        let known = self.known.get(reason).copied();
        let covers = |(alike, _): &(Alike, usize)| alike.covers(reason, id);
        let place = known.or_else(|| self.kinds.iter().position(covers));
        let place = match place {
            Some(place) => place,
            None if self.kinds.len() == REASONS => {
                self.others += 1;
                return false;
            }
            None => {
                self.kinds.push((Alike::new(reason, id), 0));
                self.known.insert(reason.to_owned(), self.kinds.len() - 1);
                self.kinds.len() - 1
            }
        };
        self.kinds[place].1 += 1;
        self.kinds[place].1 <= TOLD
    }

    /// Lines about those that were not told.
    pub(super) fn rest(&self) -> Vec<String> {
        let more = self.kinds.iter().filter(|(_, count)| *count > TOLD);
        let mut lines: Vec<String> = more
            .map(|(alike, count)| {
                let more = grouped(count - TOLD);
                format!("… and {more} more with the same reason: {}", alike.masked)
            })
            .collect();
        if self.others > 0 {
            let others = grouped(self.others);
            lines.push(format!("… and {others} more with further reasons"));
        }
        if !lines.is_empty() {
            lines.push("`rerunoff status --json` lists all of them".to_owned());
        }
        lines
    }
}

/// A count with commas between its thousands.
fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Whether all catchments that came first failed alike.
#[derive(Default)]
pub(super) struct FirstAlike {
    /// How many it takes; 0 if it does not matter.
    wanted: usize,
    /// What failed in its last run already, of the scenarios in which something failed: that it does so again tells nothing new.
    failed_before: HashMap<ScenarioName, HashSet<CatchmentId>>,
    /// The first failure.
    first: Option<(Failed, Alike, CatchmentId)>,
    count: usize,
}

impl FirstAlike {
    /// It takes so many.
    pub(super) fn new(wanted: usize) -> Self {
        Self {
            wanted,
            ..Self::default()
        }
    }

    /// One went well.
    pub(super) fn note_good(&mut self) {
        self.wanted = 0;
    }

    /// One failed, and that is not in the store yet.
    pub(super) fn note_failure(
        &mut self,
        trial: &Trial,
        failed: &Failed,
        store: &Store,
    ) -> Result<(), StoreError> {
        let (scenario, id) = (&trial.scenario, &trial.catchment);
        if self.wanted == 0 || self.count == self.wanted {
            return Ok(());
        }
        if !self.failed_before.contains_key(scenario) {
            let last = store.last(scenario)?.into_iter();
            let failed = last.filter(|(_, last)| last.failure.is_some());
            let failed = failed.map(|(id, _)| id).collect();
            self.failed_before.insert(scenario.clone(), failed);
        }
        if self.failed_before[scenario].contains(id) {
            return Ok(());
        }
        match &self.first {
            None => {
                let alike = Alike::new(&failed.reason, id);
                self.first = Some((failed.clone(), alike, id.clone()));
                self.count = 1;
            }
            Some((first, alike, _))
                if first.code == failed.code && alike.covers(&failed.reason, id) =>
            {
                self.count += 1;
            }
            Some(_) => self.wanted = 0,
        }
        Ok(())
    }

    /// Why there are to be no more, if so.
    pub(super) fn verdict(&self) -> Option<GaveUp> {
        let (first, _, catchment) = self.first.as_ref()?;
        (self.wanted > 0 && self.count == self.wanted).then(|| GaveUp::Alike {
            count: self.count,
            reason: first.reason.clone(),
            catchment: catchment.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_masked_where_it_stands_by_itself() {
        let of = |id: &str, reason: &str| masked(reason, &CatchmentId::new(id));
        assert_eq!(of("701", "Conc_701: 701."), "Conc_{id}: {id}.");
        assert_eq!(of("701", "7012 1701 701m fe701"), "7012 1701 701m fe701");
        assert_eq!(of("1", "exit code 1"), "exit code 1");
        assert_eq!(of("a", "a: a bad gauge a"), "{id}: {id} bad gauge {id}");
        assert_eq!(of("ö", "löß ö"), "löß {id}");
        assert_eq!(of("", "exit code 1"), "exit code 1");
    }

    #[test]
    fn what_fails_alike_is_told_three_times() {
        let mut folded = Folded::default();
        let told = |folded: &mut Folded, reason: &str, id: &str| {
            folded.is_told(reason, &CatchmentId::new(id))
        };
        for number in 0..1234 {
            let (id, is_first) = (format!("c{number}"), number < TOLD);
            assert_eq!(told(&mut folded, "exit code 3", &id), is_first);
            let reason = format!("no file {id}.txt");
            assert_eq!(told(&mut folded, &reason, &id), is_first);
        }
        assert!(told(&mut folded, "once", "1"));
        assert!(told(&mut folded, "exit code 1", "1"));
        assert!(told(&mut folded, "exit code 1", "2"));
        let rest = folded.rest();
        assert_eq!(
            rest[..2],
            [
                "… and 1,231 more with the same reason: exit code 3",
                "… and 1,231 more with the same reason: no file {id}.txt"
            ]
        );
        for reason in 0..30 {
            told(&mut folded, &format!("reason {reason}."), "x");
        }
        let rest = folded.rest();
        assert_eq!(rest[2], "… and 14 more with further reasons");
    }
}
