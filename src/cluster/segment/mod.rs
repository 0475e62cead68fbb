//! Segments: the files in which a task hands its trials to the head.
//!
//! A segment is written once, appears whole, is read whole or not at all, and belongs to one batch of one package. What is in it says
//! so a second time, besides its name, so that a file that was renamed or copied elsewhere is not taken for what it is not.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::cluster::ids::{AttemptId, BatchNumber, PackageId};
use crate::data::machine::Machine;
use crate::execute::trial::Trial;

/// The version of a segment's content. Counted up whenever the bytes of any of its parts change, those of a [`Trial`] above all.
pub const VERSION: u32 = 1;

/// What a segment says of itself before its trials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentHead {
    /// The version of its content: [`VERSION`].
    pub version: u32,
    /// The package that its orders are of.
    pub package: PackageId,
    /// The batch that its orders are of.
    pub batch: BatchNumber,
    /// Who wrote it.
    pub attempt: AttemptId,
    /// Where.
    pub machine: Machine,
}

/// How a task ended, as its last segment tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TaskEnd {
    /// Every order of its batch has its trial.
    Done,
    /// It had no time for the rest.
    Time,
    /// It was told to end.
    Cancelled,
    /// It could not go on, for a reason that is its machine's and no catchment's.
    Obstacle {
        /// What kind of a reason.
        kind: Trouble,
        /// The reason, for people.
        reason: String,
    },
}

/// What kept a task from going on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Trouble {
    /// A disk that is full or failing.
    Disk,
    /// A support file or program that is not what it was on the head.
    Support,
    /// A recipe that is not what it was on the head.
    Recipe,
    /// Too little memory.
    Memory,
    /// Anything else.
    Other,
}

impl fmt::Display for TaskEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("done"),
            Self::Time => f.write_str("out of time"),
            Self::Cancelled => f.write_str("cancelled"),
            Self::Obstacle { reason, .. } => f.write_str(reason),
        }
    }
}

/// A segment that was read whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// What it says of itself.
    pub head: SegmentHead,
    /// Its trials, in the order in which they came to their end.
    pub trials: Vec<Trial>,
    /// How its task ended; `None` if the task goes on.
    pub end: Option<TaskEnd>,
}
