//! Two results of the same inputs that differ: which they are, and what people are told.

use std::fmt;

use crate::data::catchment::CatchmentId;
use crate::data::digest::Digest;
use crate::data::machine::Machine;
use crate::data::scenario::ScenarioName;

/// Two results of one key that differ. The first one stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// The key.
    pub key: Digest,
    /// The scenario in which the second was made.
    pub scenario: ScenarioName,
    /// The catchment, likewise.
    pub catchment: CatchmentId,
    /// Where the first was made, as far as it is known.
    pub first: Machine,
    /// Where the second was made, likewise.
    pub second: Machine,
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { first, second, .. } = self;
        let label = self.scenario.label(&self.catchment);
        let remedy = "the first is kept; `rerunoff verify` tells more";
        match first == second {
            true => write!(
                f,
                "catchment {label}: {first} gave two results for the same inputs; {remedy}"
            ),
            false => write!(
                f,
                "catchment {label}: {second} gave another result than {first} for the same inputs; {remedy}"
            ),
        }
    }
}
