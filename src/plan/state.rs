//! The plan: for every catchment its key and its state, fresh, stale with a reason, or impossible to run.
//!
//! Plain values, their counts and their causes in words. [`decide`](super::decide) finds the states.

use std::collections::BTreeMap;
use std::fmt;

use crate::data::digest::Digest;
use crate::plan::key::{Change, Key, KeyPart, RawKey};
use crate::plan::problem::Problem;
use crate::store::{ResultId, ResultSummary};

/// What is run: a catchment in a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Unit {
    /// The scenario's place in the study.
    pub scenario: usize,
    /// The catchment's place in the scenario's basin.
    pub catchment: usize,
}

/// For every catchment of a scenario, in the basin's order, what is to be done.
pub struct Plan {
    /// One entry a catchment.
    pub entries: Vec<Entry>,
}

/// One catchment in the plan.
pub struct Entry {
    /// The key of its run; `None` where it can't be run, or where nobody asks for it.
    pub key: Option<Key>,
    /// Whether there is a result under that key.
    pub state: State,
    /// If it is stale: where what its simulator leaves is kept, so that it need not be run.
    pub kept: Option<Box<RawKey>>,
}

impl Entry {
    /// That of a catchment that nobody asks for: neither its key nor a result is looked for.
    pub(crate) fn unasked() -> Self {
        Self {
            key: None,
            state: State::Stale(Staleness::NeverRun),
            kept: None,
        }
    }
}

impl Plan {
    /// The plan of so many catchments, none of which anybody asks for.
    pub(crate) fn unasked(catchments: usize) -> Self {
        let entries = (0..catchments).map(|_| Entry::unasked());
        Self {
            entries: entries.collect(),
        }
    }
}

/// Fresh, stale or impossible to run.
#[derive(Debug, PartialEq)]
pub enum State {
    /// A valid result is there.
    Fresh(Found),
    /// It has to be run.
    Stale(Staleness),
    /// It can't be run.
    Bad(Box<Problem>),
}

/// A result that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// To ask the store for it.
    pub result: ResultId,
    /// The digest of its columns. A key alone does not tell it: a forced run may give another result under the same key,
    /// when something changed that the project does not declare.
    pub content: Digest,
}

impl Found {
    /// The result that a summary is of.
    pub fn of(summary: &ResultSummary) -> Self {
        let checksums: Vec<u8> = (summary.columns.iter())
            .flat_map(|column| *column.checksum.as_bytes())
            .collect();
        Self {
            result: summary.result,
            content: Digest::of(&checksums),
        }
    }
}

/// Why a catchment has to be run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Staleness {
    /// It never was.
    NeverRun,
    /// What its simulator will see is not what it saw.
    Changed(Vec<Change>),
    /// The last run of the same inputs failed, with this reason, even if an earlier one gave a result.
    Failed(String),
    /// There was a result, and it is gone.
    Lost,
    /// The result holds values outside of the limits that the project states now.
    OutOfRange(String),
}

impl fmt::Display for Staleness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeverRun => f.write_str("never run"),
            Self::Changed(changes) => {
                let shown = |change: &Change| change.to_string();
                f.write_str(&listed(changes, &shown).join(", "))
            }
            Self::Failed(reason) => write!(f, "failed: {reason}"),
            Self::Lost => f.write_str("result no longer in the store"),
            Self::OutOfRange(column) => write!(f, "{column} outside of the stated limits"),
        }
    }
}

/// Changes in words; many support files are only counted, as there may be thousands in a deck.
fn listed(changes: &[Change], shown: &dyn Fn(&Change) -> String) -> Vec<String> {
    const NAMED: usize = 3;
    let is_support = |change: &&Change| matches!(change.part, KeyPart::Support(_));
    let files = changes.iter().filter(is_support).count();
    let named = (changes.iter()).filter(|change| files <= NAMED || !is_support(change));
    let counted = (files > NAMED).then(|| format!("{files} support files changed"));
    counted.into_iter().chain(named.map(shown)).collect()
}

/// How many catchments are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// With a valid result.
    pub fresh: usize,
    /// To be run, those that failed included.
    pub stale: usize,
    /// Of the stale ones, those whose last run failed.
    pub failed: usize,
    /// Those that can't be run.
    pub bad: usize,
}

impl Counts {
    /// How many of these catchments are in which state.
    pub(crate) fn of<'e>(entries: impl Iterator<Item = &'e Entry>) -> Self {
        let mut counts = Self::default();
        for entry in entries {
            match &entry.state {
                State::Fresh(_) => counts.fresh += 1,
                State::Stale(staleness) => {
                    counts.stale += 1;
                    counts.failed += usize::from(matches!(staleness, Staleness::Failed(_)));
                }
                State::Bad(_) => counts.bad += 1,
            }
        }
        counts
    }
}

impl Plan {
    /// How many catchments are in which state.
    pub fn counts(&self) -> Counts {
        Counts::of(self.entries.iter())
    }
}

impl std::iter::Sum for Counts {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), |sum, counts| Self {
            fresh: sum.fresh + counts.fresh,
            stale: sum.stale + counts.stale,
            failed: sum.failed + counts.failed,
            bad: sum.bad + counts.bad,
        })
    }
}

/// The number of stale and bad entries by cause, the most frequent cause first; if `forced`, the fresh ones are run as well.
///
/// Changes whose values differ from catchment to catchment count as one cause, without the values.
pub fn causes<'a>(
    entries: impl IntoIterator<Item = &'a Entry>,
    forced: bool,
) -> Vec<(usize, String)> {
    let mut exact: BTreeMap<String, usize> = BTreeMap::new();
    let mut coarse: BTreeMap<Vec<String>, BTreeMap<String, usize>> = BTreeMap::new();
    let mut add = |staleness: &Staleness, count: usize| {
        let text = staleness.to_string();
        let texts = match staleness {
            Staleness::Changed(changes) => {
                let parts = listed(changes, &|change| format!("{} changed", change.part));
                coarse.entry(parts).or_default()
            }
            _ => &mut exact,
        };
        *texts.entry(text).or_default() += count;
    };
    let (mut forced_ones, mut bad) = (0, BTreeMap::<String, usize>::new());
    // Neighbours are stale for the same reason as a rule, which is put into words once.
    let mut alike: Option<(&Staleness, usize)> = None;
    for entry in entries {
        match (&entry.state, &mut alike) {
            (State::Fresh(_), _) => forced_ones += usize::from(forced),
            (State::Stale(staleness), Some((known, count))) if *known == staleness => *count += 1,
            (State::Stale(staleness), _) => {
                let before = alike.replace((staleness, 1));
                before.inspect(|(staleness, count)| add(staleness, *count));
            }
            (State::Bad(problem), _) => {
                *bad.entry(format!("can't be run: {problem}")).or_default() += 1
            }
        }
    }
    alike.inspect(|(staleness, count)| add(staleness, *count));
    exact.extend(bad);
    if forced_ones > 0 {
        exact.insert("forced".to_owned(), forced_ones);
    }
    for (parts, texts) in coarse {
        if texts.len() <= 3 {
            exact.extend(texts);
        } else {
            exact.insert(parts.join(", "), texts.values().sum());
        }
    }
    let mut causes: Vec<_> = exact
        .into_iter()
        .map(|(cause, count)| (count, cause))
        .collect();
    causes.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    causes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(then: &str, now: &str) -> Entry {
        let texts = Some((then.to_owned(), now.to_owned()));
        let change = Change {
            part: KeyPart::Parameter("k".to_owned()),
            texts,
        };
        Entry {
            key: None,
            state: State::Stale(Staleness::Changed(vec![change])),
            kept: None,
        }
    }

    #[test]
    fn one_tweak_is_one_cause() {
        let mut entries: Vec<_> = (0..412).map(|_| changed("0.012", "0.013")).collect();
        entries.push(Entry {
            key: None,
            state: State::Stale(Staleness::NeverRun),
            kept: None,
        });
        let causes = causes(&entries, false);
        assert_eq!(
            causes,
            [
                (412, "k 0.012 → 0.013".to_owned()),
                (1, "never run".to_owned())
            ]
        );
    }

    #[test]
    fn many_support_files_are_counted() {
        let change = |at: usize| Change {
            part: match at {
                0 => KeyPart::Command,
                at => KeyPart::Support(at.to_string()),
            },
            texts: None,
        };
        let said = |n| Staleness::Changed((0..n).map(change).collect()).to_string();
        let few = "the command changed, support file 1 changed, support file 2 changed";
        assert_eq!(said(3), few);
        assert_eq!(said(165), "164 support files changed, the command changed");
    }

    #[test]
    fn values_of_their_own_are_one_cause_without_values() {
        let entries: Vec<_> = (0..9).map(|i| changed("1", &i.to_string())).collect();
        assert_eq!(causes(&entries, false), [(9, "k changed".to_owned())]);
    }
}
