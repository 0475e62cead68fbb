//! One catchment's run with its retries, and its outcome: plain data that can travel to another process.

use serde::{Deserialize, Serialize};

use crate::data::catchment::CatchmentId;
use crate::data::digest::Digest;
use crate::data::scenario::ScenarioName;
use crate::plan::key::{Explanation, Key};
use crate::store::codec::Encoded;
use crate::store::{Attempt, Failed, Outputs};

/// What became of an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// The scenario.
    pub scenario: ScenarioName,
    /// The catchment.
    pub catchment: CatchmentId,
    /// The key that it was run for.
    pub key: Key,
    /// What the key is made of.
    pub explanation: Explanation,
    /// The texts that the explanation knows by their digests only.
    pub texts: Vec<Vec<u8>>,
    /// The series that the simulator was given, where the order says that they come along: the digest of each's values, and the
    /// values. One that is in the store already does no harm.
    pub series: Vec<(Digest, Encoded)>,
    /// Every start of the simulator, in order, with its cost and its failure.
    pub attempts: Vec<Attempt>,
    /// The output columns, or why there are none.
    pub outcome: TrialOutcome,
    /// What the simulator left, where it is to be kept. It stays on the machine that it was made on.
    #[serde(skip)]
    pub outputs: Outputs,
}

impl Trial {
    /// Whether no simulator was started, but what one had left was read again.
    pub(crate) fn is_read_again(&self) -> bool {
        matches!(self.outputs, Outputs::ReadAgain(_))
    }
}

/// How a trial ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum TrialOutcome {
    /// With a good result: the output columns.
    Good(Vec<Encoded>),
    /// Without one, for a reason of this catchment.
    Failed(Failed),
    /// Without one, for a reason that is not this catchment's and would stop all others as well.
    Obstacle(Obstacle, Failed),
}

/// What stands in the way of all runs alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Obstacle {
    /// Work directories can't be written: the disk is full, say.
    Disk,
    /// A support file is no longer what it was when the run was planned.
    Support,
    /// The machine is not of the class that results are to be of.
    Processor,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::run_cost::RunCost;
    use crate::store::codec::encode;

    #[test]
    fn a_trial_survives_the_way_to_another_process() {
        let failed = |code: &str| Failed {
            code: code.to_owned(),
            reason: "“no plug-in”".to_owned(),
        };
        let mut trial = Trial {
            scenario: ScenarioName::new("diuron").expect("a name"),
            catchment: CatchmentId::new("../Ä 1"),
            key: Key(Digest::of(b"key")),
            explanation: Explanation::default(),
            texts: vec![b"<a/>".to_vec(), Vec::new()],
            series: vec![(Digest::of(b"q"), encode("q", &[0.1, -0.0, f64::NAN]))],
            attempts: vec![
                Attempt {
                    started: -1,
                    failure: Some(failed("exit")),
                    tail: "printed\n".to_owned(),
                    ..Attempt::default()
                },
                Attempt {
                    cost: RunCost {
                        wall: 1.5,
                        peak_bytes: u64::MAX,
                        ..RunCost::default()
                    },
                    ..Attempt::default()
                },
            ],
            outcome: TrialOutcome::Obstacle(Obstacle::Disk, failed("work")),
            outputs: Outputs::NotKept,
        };
        for outcome in [
            TrialOutcome::Good(vec![encode("c", &[f64::MAX, 1e-300])]),
            TrialOutcome::Failed(failed("timeout")),
            TrialOutcome::Obstacle(Obstacle::Support, failed("changed")),
        ] {
            trial.outcome = outcome;
            let bytes = postcard::to_stdvec(&trial).expect("written");
            let back: Trial = postcard::from_bytes(&bytes).expect("read");
            assert_eq!(back, trial);
        }
    }
}
