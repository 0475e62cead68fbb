//! Segments: the files in which a task hands its trials to the head.
//!
//! A segment is written once, appears whole, is read whole or not at all, and belongs to one batch of one package. It says itself which,
//! besides its name, so that the head can tell one that was renamed or copied. It begins with `rerunoff segment`
//! and the version of its content, and goes on in checksummed frames: its head, a frame for each trial, and a last one
//! with their number, the digest of all before it, and how the task ended if it is its last. [`writer`] and [`reader`] are the two ways.

pub mod reader;
pub mod writer;

use std::fmt;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

pub use self::reader::{SegmentError, read_segment};
pub use self::writer::SegmentWriter;
use super::ids::{AttemptId, BatchNumber, PackageId, SegmentName};
use super::shared_folder;
use crate::data::digest::Digest;
use crate::data::machine::Machine;
use crate::execute::trial::Trial;

const KIND: &str = "segment";

/// The version of a segment's content. Counted up whenever the bytes of any of its parts change, those of a [`Trial`] above all: a
/// task of the frozen binary and a newer head then know that they do not understand each other.
pub const VERSION: u32 = 1;

/// The first byte of a trial's frame.
const TRIAL: u8 = 1;
/// The first byte of the last frame.
const LAST: u8 = 2;

/// What a segment says of itself before its trials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentHead {
    /// The package that its orders are of.
    pub package: PackageId,
    /// The batch that its orders are of.
    pub batch: BatchNumber,
    /// Who wrote it.
    pub attempt: AttemptId,
    /// Where.
    pub machine: Machine,
}

/// What the last frame says.
#[derive(Serialize, Deserialize)]
struct Last {
    trials: u64,
    /// Of the contents of all frames before it.
    digest: Digest,
    end: Option<TaskEnd>,
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

/// The segments in a folder, by a listing; temporary and foreign files are left out.
///
/// # Errors
/// If it can't be listed.
pub fn list_segments(incoming: &Path) -> io::Result<Vec<SegmentName>> {
    let names = shared_folder::names(incoming)?;
    let mut segments: Vec<SegmentName> = names.iter().flat_map(|name| name.parse()).collect();
    segments.sort_unstable();
    Ok(segments)
}

#[cfg(test)]
mod tests;
