//! The journal of a package: what the head did and saw, so that the next head knows.
//!
//! What is about to be done is written before, what came of it after; so a head that dies in between leaves a question, never a wrong
//! answer. Only the head writes it, and only at its end.

use serde::{Deserialize, Serialize};

use crate::cluster::ids::{ArrayNumber, BatchNumber, Epoch};
use crate::cluster::segment::TaskEnd;

/// Something that the head did or saw. Stored: variants and fields are only ever added at the end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// An array is about to be submitted.
    Intend {
        /// The array.
        array: ArrayNumber,
        /// Which try it is.
        epoch: Epoch,
        /// The first of its batches.
        first: BatchNumber,
        /// How many batches it has, side by side.
        batches: u32,
        /// The time asked for, for each task, in seconds.
        seconds: u64,
        /// The memory asked for, for each task, in bytes; `None` for the engine's default.
        memory: Option<u64>,
        /// The cores asked for, for each task.
        cores: u32,
        /// The nodes that are not wanted.
        exclude: Vec<String>,
    },
    /// The engine has it.
    Got {
        /// The array.
        array: ArrayNumber,
        /// Which try it was.
        epoch: Epoch,
        /// The engine's id of the job.
        job: String,
    },
    /// The engine does not want it.
    Refused {
        /// The array.
        array: ArrayNumber,
        /// Which try it was.
        epoch: Epoch,
        /// What the engine said.
        why: String,
    },
    /// It is not known to have been submitted, and its claims are void: should it appear, it does nothing.
    Void {
        /// The array.
        array: ArrayNumber,
        /// Which try it was.
        epoch: Epoch,
    },
    /// A segment's trials are in the store.
    Merged {
        /// The segment's file name.
        segment: String,
        /// Its batch.
        batch: BatchNumber,
        /// The orders that it answers, by their places in the batch.
        done: Vec<u32>,
        /// How the task ended, if it was its last.
        end: Option<TaskEnd>,
    },
    /// A task ended without its own word: it was lost or cancelled. What it has not done is owed no more.
    Ended {
        /// Its batch.
        batch: BatchNumber,
        /// How, for people.
        how: String,
        /// Whether it had begun and was lost: by its runs' fault, if that happens again and again.
        is_loss: bool,
    },
    /// The user wants no more of it.
    Cancelled,
    /// All that was owed is in or owed no more; the package may go.
    Closed,
}

/// An event with its time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When it was written, seconds since 1970.
    pub at: i64,
    /// What happened.
    pub event: Event,
}
