//! What a run did: printed at its end, and kept in the store for the next prediction and for `runs`.

use serde::{Deserialize, Serialize};

use crate::data::catchment::CatchmentId;
use crate::data::objective::ObjectiveNumbers;
use crate::data::run_cost::TotalCost;
use crate::data::size::Size;
use crate::execute::RunReport;
use crate::history::values::PlainValues;
use crate::project::overrides::Overrides;
use crate::store::{Store, StoreError};
use crate::system::progress::seconds;
use crate::text::shell;
use crate::text::wording::first_few;

/// How many failures are recorded with their reasons.
const FAILURES: usize = 1000;
/// How many causes are printed.
const CAUSES: usize = 10;

/// What a run had in place of the project's values: `k=0.013 (--set)`, `12 samples (--samples)`; `None` if nothing.
pub(crate) fn values_in_words(set: &PlainValues, samples: usize) -> Option<String> {
    match (set.is_empty(), samples) {
        (false, _) => Some(format!("{set} (--set)")),
        (true, 0) => None,
        (true, 1) => Some("1 sample (--samples)".to_owned()),
        (true, samples) => Some(format!("{samples} samples (--samples)")),
    }
}

/// What a run did.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Account {
    /// All catchments of the scenarios asked for, counted in each.
    pub catchments: usize,
    /// The runs of a simulator; what several scenarios have in common is one.
    pub ran: usize,
    /// The catchments for which what their simulator had left was read again.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub read_again: usize,
    /// The catchments that failed, counted in each scenario that waited for the run.
    pub failed: usize,
    /// Whether it stopped early because too many had failed.
    #[serde(default)]
    pub gave_up: bool,
    /// Why they were run: how many, and the cause.
    pub causes: Vec<(usize, String)>,
    /// Simulators at work at once; 0 if they were at work on other machines.
    pub workers: usize,
    /// What it cost.
    #[serde(flatten)]
    pub cost: TotalCost,
    /// The values that it had in place of the project's; left out without any.
    #[serde(default, skip_serializing_if = "PlainValues::is_empty")]
    pub set: PlainValues,
    /// Of how many samples its scenarios were made; left out if of none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub samples: usize,
    /// The slowest catchments and how many seconds each took, the slowest first.
    pub slowest: Vec<(String, f64)>,
    /// The catchments that failed, with the reason; at most 1,000.
    pub failures: Vec<(String, String)>,
    /// What the products' objectives came to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub objectives: Vec<ObjectiveNumbers>,
    /// The first failure, for the hint right after the run.
    #[serde(skip)]
    first_failed: Option<CatchmentId>,
}

impl Account {
    /// The account of a run with so many workers that was started for these causes.
    pub(crate) fn new(
        catchments: usize,
        workers: usize,
        causes: Vec<(usize, String)>,
        report: &RunReport,
    ) -> Self {
        let failures = report.failed.iter().take(FAILURES);
        let first_failed = report.failed.first();
        Self {
            catchments,
            ran: report.run,
            read_again: report.read_again,
            failed: report.failed.len(),
            gave_up: report.gave_up.is_some(),
            causes,
            workers,
            cost: report.cost,
            set: PlainValues::default(),
            samples: 0,
            slowest: report.slowest.clone(),
            failures: failures
                .map(|failed| (failed.label(), failed.reason.clone()))
                .collect(),
            objectives: Vec::new(),
            first_failed: first_failed.map(|failed| failed.catchment.clone()),
        }
    }

    /// The same of a run with these values in place of the project's.
    pub(crate) fn with(mut self, overrides: &Overrides) -> Self {
        match overrides {
            Overrides::None => {}
            Overrides::Set(set) => self.set = set.into(),
            Overrides::Samples(sets) => self.samples = sets.len(),
        }
        self
    }

    /// What it had in place of the project's values, in words; `None` if nothing.
    pub(crate) fn values(&self) -> Option<String> {
        values_in_words(&self.set, self.samples)
    }

    /// What the last run did; `None` if there was none, or it was another version's.
    pub(crate) fn last(store: &Store) -> Result<Option<Self>, StoreError> {
        let last = store.runs(1)?.pop();
        Ok(last.and_then(|run| serde_json::from_str(&run.summary).ok()))
    }

    /// The latest run in the store that ran a simulator.
    pub(crate) fn latest(store: &Store) -> Result<Option<Self>, StoreError> {
        let accounts = store.runs(20)?.into_iter().filter_map(|run| {
            // One that can't be read was written by another version.
            serde_json::from_str::<Self>(&run.summary).ok()
        });
        Ok(accounts.into_iter().find(|account| account.ran > 0))
    }

    /// The lines that people read.
    pub(crate) fn lines(&self) -> Vec<String> {
        let again = match self.read_again {
            0 => String::new(),
            again => format!(", read {again} again from kept outputs"),
        };
        let mut lines = vec![format!("ran {} of {}{again}", self.ran, self.catchments)];
        for (count, cause) in self.causes.iter().take(CAUSES) {
            lines.push(format!("{count:>7} {cause}"));
        }
        if self.causes.len() > CAUSES {
            lines.push(format!(
                "        and {} more causes",
                self.causes.len() - CAUSES
            ));
        }
        let took = match self.workers {
            0 => "on other machines".to_owned(),
            workers => format!(
                "{} with {workers} at once",
                seconds(self.cost.running_seconds)
            ),
        };
        if self.ran == 0 {
            return self.with_failures(lines);
        }
        lines.push(format!(
            "cost    {} of processor time, at most {} of memory; {took}",
            seconds(self.cost.cpu_seconds),
            Size(self.cost.peak_bytes),
        ));
        let slowest: Vec<String> = (self.slowest.iter())
            .map(|(id, took)| format!("{id} {}", seconds(*took)))
            .collect();
        if !slowest.is_empty() {
            lines.push(format!("slowest {}", slowest.join(", ")));
        }
        self.with_failures(lines)
    }

    /// These lines with one about the failures, if there are any.
    fn with_failures(&self, mut lines: Vec<String>) -> Vec<String> {
        if self.failed > 0 {
            let ids: Vec<&str> = self.failures.iter().map(|(id, _)| id.as_str()).collect();
            lines.push(format!(
                "failed  {}: {}; `rerunoff why {}` tells more",
                self.failed,
                first_few(&ids),
                (self.first_failed.as_ref()).map_or("ID".to_owned(), as_argument)
            ));
        }
        lines
    }
}

/// Whether a count is left out of a document.
pub(crate) fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// An id as an argument on a command line, so that a leading dash does not make it an option.
fn as_argument(id: &CatchmentId) -> String {
    let word = shell::word(id.to_string());
    match id.as_str().starts_with('-') {
        true => format!("-- {word}"),
        false => word,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stored_form_stays() {
        let account = Account {
            cost: TotalCost {
                running_seconds: 2.5,
                simulator_seconds: 0.1,
                cpu_seconds: 4.0,
                peak_bytes: u64::MAX,
            },
            slowest: vec![("7".to_owned(), 0.1)],
            ..Account::default()
        };
        let text = r#"{"catchments":0,"ran":0,"failed":0,"gave_up":false,"causes":[],"workers":0,"running_seconds":2.5,"simulator_seconds":0.1,"cpu_seconds":4.0,"peak_bytes":18446744073709551615,"slowest":[["7",0.1]],"failures":[]}"#;
        assert_eq!(serde_json::to_string(&account).expect("written"), text);
        let back: Account = serde_json::from_str(text).expect("read");
        assert_eq!(back, account);
    }
}
