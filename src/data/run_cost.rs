//! What running simulators costs: a single one, and all of a run together.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What running a simulator once cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunCost {
    /// Seconds that passed.
    pub wall: f64,
    /// Seconds of processor time in user mode, of the simulator and its own children that it waited for.
    pub user: f64,
    /// Seconds of processor time in the kernel, likewise.
    pub system: f64,
    /// Largest resident memory in bytes.
    pub peak_bytes: u64,
}

impl RunCost {
    /// Seconds of processor time.
    pub fn cpu(&self) -> f64 {
        self.user + self.system
    }

    /// The cost of this and of what was run after it.
    pub(crate) fn and(self, then: Self) -> Self {
        Self {
            wall: self.wall + then.wall,
            user: self.user + then.user,
            system: self.system + then.system,
            peak_bytes: self.peak_bytes.max(then.peak_bytes),
        }
    }
}

/// What all simulators of a run cost. The names of the fields are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TotalCost {
    /// Seconds that passed while catchments were run.
    pub running_seconds: f64,
    /// Seconds that simulators took, added up.
    pub simulator_seconds: f64,
    /// Processor time of the simulators, in seconds.
    pub cpu_seconds: f64,
    /// The largest resident memory of a simulator, in bytes.
    pub peak_bytes: u64,
}

impl TotalCost {
    /// The cost of this and of what came after it.
    pub(crate) fn and(self, then: Self) -> Self {
        Self {
            running_seconds: self.running_seconds + then.running_seconds,
            simulator_seconds: self.simulator_seconds + then.simulator_seconds,
            cpu_seconds: self.cpu_seconds + then.cpu_seconds,
            peak_bytes: self.peak_bytes.max(then.peak_bytes),
        }
    }
}
