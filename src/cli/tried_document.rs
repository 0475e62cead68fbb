//! A run that was only tried, for machines: `rerunoff try --json`, and the part of `check --run --json`.

use schemars::JsonSchema;
use serde::Serialize;

use super::document::CatchmentOf;
use crate::execute::trial::TrialOutcome;
use crate::execute::trying::{Change, Tried, columns};
use crate::plan::loaded::LoadedScenario;

/// A run of which nothing was stored, with `--run`.
#[derive(Serialize, JsonSchema)]
pub(super) struct TriedOf {
    #[serde(flatten)]
    of: CatchmentOf,
    /// Whether it gave a good result.
    is_good: bool,
    /// Why it gave none; `null` if it did.
    reason: Option<String>,
    /// How long it took; `null`, as the two that follow, if the simulator was not run.
    seconds: Option<f64>,
    /// Its processor time, in seconds.
    cpu_seconds: Option<f64>,
    /// Its largest resident memory, in bytes.
    peak_bytes: Option<u64>,
    /// The last lines that it printed.
    printed: String,
    /// What the project takes from it; none if it gave no good result.
    columns: Vec<ColumnOf>,
}

/// A column that was taken from a run.
#[derive(Serialize, JsonSchema)]
struct ColumnOf {
    /// That of the project; `@time AXIS` and `@AXIS` for the times, in seconds since 1970, and the places that outputs tell themselves.
    name: String,
    /// All values, `null` where one is missing.
    values: Vec<Option<f64>>,
}

/// A file that a run left, changed or removed.
#[derive(Serialize, JsonSchema)]
pub(super) struct LeftFile {
    /// Its path below the work directory.
    pub name: String,
    /// `new`, `changed` or `removed`.
    pub change: Change,
    /// Its size.
    pub bytes: u64,
}

impl TriedOf {
    /// With the columns that the project takes, if it states any.
    pub(super) fn new(
        loaded: &LoadedScenario<'_>,
        catchment: usize,
        tried: &Tried,
        outputs_are_stated: bool,
    ) -> Self {
        let reason = failure(tried);
        let attempt = tried.trial.attempts.last();
        let folder = (tried.folder.as_ref()).filter(|_| reason.is_none() && outputs_are_stated);
        let taken = folder.and_then(|folder| columns(loaded, catchment, folder).ok());
        let wanted = &loaded.project.simulator.columns;
        let taken = taken.unwrap_or_default().into_iter().enumerate();
        let columns = taken.map(|(at, (name, values))| ColumnOf {
            name: wanted.get(at).map_or(name, |column| column.name.clone()),
            values: values
                .into_iter()
                .map(|value| (!value.is_nan()).then_some(value))
                .collect(),
        });
        let scenario = &loaded.project.scenario.name;
        Self {
            of: CatchmentOf::new(scenario, loaded.basin.id(catchment)),
            is_good: reason.is_none(),
            reason: reason.map(str::to_owned),
            seconds: attempt.map(|attempt| attempt.cost.wall),
            cpu_seconds: attempt.map(|attempt| attempt.cost.cpu()),
            peak_bytes: attempt.map(|attempt| attempt.cost.peak_bytes),
            printed: attempt.map_or(String::new(), |attempt| attempt.tail.clone()),
            columns: columns.collect(),
        }
    }

    /// Whether it gave a good result.
    pub(super) fn is_good(&self) -> bool {
        self.is_good
    }
}

/// Why a run gave no result; `None` if it did.
pub(super) fn failure(tried: &Tried) -> Option<&str> {
    match &tried.trial.outcome {
        TrialOutcome::Good(_) => None,
        TrialOutcome::Failed(failed) | TrialOutcome::Obstacle(_, failed) => Some(&failed.reason),
    }
}
