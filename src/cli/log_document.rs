//! What `rerunoff log --json` prints: the attempts of a catchment, in each scenario that is asked for.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use crate::data::catchment::CatchmentId;
use crate::data::digest::Digest;
use crate::data::machine::Machine;
use crate::data::scenario::ScenarioName;
use crate::store::{Attempt, Last};
use crate::text::wording::utc;

/// How the last runs of a catchment went.
#[derive(Default, Serialize, JsonSchema)]
pub(super) struct Document {
    /// An entry for each scenario in which it was run.
    pub catchments: Vec<CatchmentLog>,
    /// Those that failed with other values than the project's (`run --as`, `evaluate`); left out if there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    passing: Option<PassingLog>,
}

/// Attempts with other values than the project's, of which only failures are kept.
#[derive(Serialize, JsonSchema)]
struct PassingLog {
    /// Where the work directory of the last such run is kept; `null` if it is not.
    work_directory: Option<String>,
    /// The last ones, the latest first.
    attempts: Vec<AttemptOf>,
}

impl Document {
    /// Puts down what failed with other values than the project's.
    pub(super) fn set_passing(
        &mut self,
        attempts: Vec<(Digest, Attempt)>,
        work_directory: Option<PathBuf>,
    ) {
        let attempts = attempts.into_iter();
        let attempts: Vec<AttemptOf> = attempts
            .map(|(_, attempt)| AttemptOf::new(attempt, false))
            .collect();
        self.passing = (!attempts.is_empty()).then(|| PassingLog {
            work_directory: work_directory.map(|kept| kept.display().to_string()),
            attempts,
        });
    }
}

/// How the last runs of a catchment in a scenario went.
#[derive(Serialize, JsonSchema)]
pub(super) struct CatchmentLog {
    /// Its scenario; left out where the project has none.
    #[serde(skip_serializing_if = "ScenarioName::is_unnamed")]
    scenario: ScenarioName,
    /// Its id.
    catchment: CatchmentId,
    /// Where it stands after the last run.
    outcome: Outcome,
    /// Why it failed; `null` if it did not.
    reason: Option<String>,
    /// The machine that made its result; `null` if there is none, or if that is not known.
    made_on: Option<Machine>,
    /// Where its last work directory is kept; `null` if it is not.
    work_directory: Option<String>,
    /// The last ones, the latest first; none if its result was there already.
    attempts: Vec<AttemptOf>,
}

/// Where a catchment stands.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    /// It has the result of its latest attempt.
    Good,
    /// It failed.
    Failed,
    /// It has the result of an earlier run with the same inputs.
    Earlier,
}

/// One run of a simulator.
#[derive(Serialize, JsonSchema)]
struct AttemptOf {
    /// When it was started, UTC: `2026-11-22T20:15:02Z`.
    started: String,
    /// Why it gave no result; `null` if it gave one.
    reason: Option<String>,
    /// Whether it had the inputs that the catchment had in the last run.
    same_inputs: bool,
    /// How long it took.
    seconds: f64,
    /// Its processor time, in seconds.
    cpu_seconds: f64,
    /// Its largest resident memory, in bytes.
    peak_bytes: u64,
    /// Where it ran; `null` if that is not known.
    machine: Option<Machine>,
    /// The last lines that it printed.
    printed: String,
}

impl AttemptOf {
    fn new(attempt: Attempt, same_inputs: bool) -> Self {
        Self {
            started: utc(attempt.started),
            reason: attempt.failure.map(|failure| failure.reason),
            same_inputs,
            seconds: attempt.cost.wall,
            cpu_seconds: attempt.cost.cpu(),
            peak_bytes: attempt.cost.peak_bytes,
            machine: known(attempt.machine),
            printed: attempt.tail,
        }
    }
}

fn known(machine: Machine) -> Option<Machine> {
    machine.is_known().then_some(machine)
}

impl CatchmentLog {
    pub(super) fn new(
        scenario: &ScenarioName,
        catchment: &CatchmentId,
        last: &Last,
        attempts: Vec<(Digest, Attempt)>,
        made_on: Machine,
        work_directory: Option<String>,
    ) -> Self {
        let reason = last.failure.as_ref().map(|failure| failure.reason.clone());
        let is_its_own = (attempts.first())
            .is_some_and(|(key, attempt)| *key == last.key && attempt.failure.is_none());
        let attempt = |(key, attempt): (Digest, Attempt)| AttemptOf::new(attempt, key == last.key);
        Self {
            scenario: scenario.clone(),
            catchment: catchment.clone(),
            outcome: match (&reason, is_its_own) {
                (Some(_), _) => Outcome::Failed,
                (None, true) => Outcome::Good,
                (None, false) => Outcome::Earlier,
            },
            made_on: match reason {
                Some(_) => None,
                None => known(made_on),
            },
            reason,
            work_directory,
            attempts: attempts.into_iter().map(attempt).collect(),
        }
    }
}
