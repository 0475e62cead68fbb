//! The past runs on a page: what each was for, what it did and cost. Those for the same causes that came one after the other are one.

use anyhow::Result;
use schemars::JsonSchema;
use serde::Serialize;

use crate::history::account::Account;
use crate::history::values::PlainValues;
use crate::store::Store;
use crate::text::wording::utc;

/// How many of the last runs are on a page.
const RUNS: usize = 500;

/// Runs for the same causes that came one after the other.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(crate) struct RunBar {
    /// The number of the last of them.
    pub run: i64,
    /// How many they are.
    pub runs: usize,
    /// When the first of them ended, UTC: `2026-11-22T20:15:02Z`.
    pub since: String,
    /// When the last of them ended.
    pub ended: String,
    /// All catchments that the last of them was about, counted in each scenario.
    pub catchments: usize,
    /// How many were run, in all of them together.
    pub ran: usize,
    /// How many failed in the last of them.
    pub failed: usize,
    /// Whether the last of them stopped early because too many had failed.
    pub gave_up: bool,
    /// Why the last of them ran, the most frequent cause first; the others ran for the same, perhaps with other counts.
    pub causes: Vec<PageCause>,
    /// The seconds that passed in all of them while simulators were at work.
    pub running_seconds: f64,
    /// The processor time of all their simulators together.
    pub cpu_seconds: f64,
    /// The memory of the largest simulator.
    pub peak_bytes: u64,
    /// The values that the last of them had in place of the project's; left out without any.
    #[serde(skip_serializing_if = "PlainValues::is_empty")]
    pub set: PlainValues,
}

/// Why so many catchments were run, or are to be.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(crate) struct PageCause {
    /// How many catchments, counted in each scenario.
    pub count: usize,
    /// In words: `k 0.012 → 0.013`, `never run`.
    pub cause: String,
}

/// A catchment that took long.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct SlowRun {
    /// As messages name it: `70007`, or `70007 of diuron`.
    pub label: String,
    /// How long it took.
    pub seconds: f64,
}

impl PageCause {
    /// Causes as they are counted.
    pub(super) fn all(causes: Vec<(usize, String)>) -> Vec<Self> {
        let cause = |(count, cause)| Self { count, cause };
        causes.into_iter().map(cause).collect()
    }
}

/// The last runs, the latest first.
pub(super) fn past(store: &Store) -> Result<Vec<RunBar>> {
    let runs = store.runs(RUNS)?.into_iter().map(|run| {
        // One that can't be read was written by another version.
        let account: Account = serde_json::from_str(&run.summary).unwrap_or_default();
        RunBar::new(run.id, run.ended, account)
    });
    Ok(folded(runs))
}

/// The catchments that took longest in the last run that ran any.
pub(super) fn slowest(store: &Store) -> Result<Vec<SlowRun>> {
    let latest = Account::latest(store)?.unwrap_or_default();
    let slow = |(label, seconds)| SlowRun { label, seconds };
    Ok(latest.slowest.into_iter().map(slow).collect())
}

/// Runs, the latest first, with those for the same causes as one.
fn folded(runs: impl Iterator<Item = RunBar>) -> Vec<RunBar> {
    let mut bars: Vec<RunBar> = Vec::new();
    for earlier in runs {
        match bars.last_mut().filter(|bar| bar.is_like(&earlier)) {
            Some(bar) => bar.take_in(&earlier),
            None => bars.push(earlier),
        }
    }
    bars
}

impl RunBar {
    fn new(run: i64, ended: i64, account: Account) -> Self {
        Self {
            run,
            runs: 1,
            since: utc(ended),
            ended: utc(ended),
            catchments: account.catchments,
            ran: account.ran,
            failed: account.failed,
            gave_up: account.gave_up,
            causes: PageCause::all(account.causes),
            running_seconds: account.cost.running_seconds,
            cpu_seconds: account.cost.cpu_seconds,
            peak_bytes: account.cost.peak_bytes,
            set: account.set,
        }
    }

    /// Whether both were for the same, with the same values.
    fn is_like(&self, other: &Self) -> bool {
        let texts = |bar: &Self| -> Vec<String> {
            bar.causes.iter().map(|cause| cause.cause.clone()).collect()
        };
        texts(self) == texts(other) && self.set == other.set
    }

    /// Takes in the run before.
    fn take_in(&mut self, earlier: &Self) {
        self.runs += earlier.runs;
        self.since.clone_from(&earlier.since);
        self.ran += earlier.ran;
        self.running_seconds += earlier.running_seconds;
        self.cpu_seconds += earlier.cpu_seconds;
        self.peak_bytes = self.peak_bytes.max(earlier.peak_bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_for_the_same_are_one() {
        let run = |id: i64, failed: usize, cause: &str| RunBar {
            ran: 6,
            failed,
            causes: PageCause::all(vec![(6, cause.to_owned())]),
            ..RunBar::new(id, 60 * id, Account::default())
        };
        let runs = [
            run(4, 1, "failed: x"),
            run(3, 6, "failed: x"),
            run(2, 6, "k 1 → 2"),
            run(1, 6, "failed: x"),
        ];
        let bars = folded(runs.into_iter());
        let told: Vec<_> = bars
            .iter()
            .map(|bar| (bar.run, bar.runs, bar.ran, bar.failed))
            .collect();
        assert_eq!(told, [(4, 2, 12, 1), (2, 1, 6, 6), (1, 1, 6, 6)]);
        assert_eq!(bars[0].since, "1970-01-01T00:03:00Z");
        assert_eq!(bars[0].ended, "1970-01-01T00:04:00Z");
    }
}
