//! The store: what is known of every catchment, in one SQLite file. The only module that knows SQL, and so the one that opens the
//! databases of others, in [`geopackage`].
//!
//! It knows nothing of what a key is made of, of simulators or of time: keys are digests, explanations are opaque bytes, and
//! columns come and go encoded (see [`crate::store::codec`]), so that workers do that work and not the thread that writes.
//!
//! How the tables hang together (the schema itself is in `migrations.rs`):
//!
//! - `result` is what a key yields, `series` its columns, `payload` their bytes. A payload is stored once however many
//!   results share it: of a tweak that changes the concentration only, the discharge costs nothing.
//! - `explanation` says what a key is made of, `recipe` the part of it that all catchments share. Both stay with the key and not
//!   with the catchment, so that any two states can be compared later.
//! - `state` is each scenario's catchments as the last run left them, `attempt` the last few runs of its simulator.
//! - `content` and `input` hold what parts know by digest only: the texts of templates, the time steps, the series that
//!   simulators were given. They make it possible to say what changed, and nothing depends on their being there.
//! - `kept` is what simulators left, packed, where a project wants that, by what determines it whatever is taken of it; `kept_use`
//!   says for which keys results were taken.
//! - `machine` is each machine that attempts ran on and results were made on, once.
//! - `run` is what each run did, `tag` a name for a state of all catchments; the snapshot that their `moment` names is in `content`.
//! - `memo` holds small facts about files, so that they need not be read again.
//!
//! What must hold: results are immutable and outlive every failure; a result with its payloads, its explanation and the
//! catchment's state come in one transaction; a reader beside the writer sees whole transactions. Several processes may write, one
//! after the other and for milliseconds each: a writing transaction has the write lock from its beginning, and what it depends on
//! it reads inside. SQLite does not
//! notice flipped bits inside a record, so everything that decides something carries a digest over its content *and* its
//! place: a damaged record is an error or is not there, and never another catchment's numbers.
//!
//! Every wing above may use it; only one of the threads of a process writes.
//!
//! Measured on two cores with 18,000 catchments of three 7 kB columns: 1,500 to 3,000 catchments a second in commits of 100; within a
//! [`Store::read_transaction`], 18,000 summaries in 0.1 s, all last states in 0.02 s, a gigabyte of columns in 1 to 2 s.

pub(crate) mod cache_folder;
mod checksum;
pub(crate) mod codec;
mod connection;
mod contradiction;
#[cfg(test)]
mod durability;
mod error;
pub(crate) mod geopackage;
mod history;
mod kept;
mod marks;
mod migrations;
mod reading;
mod records;
mod recover;
mod removal;
mod results;
mod sources;
#[cfg(test)]
pub(crate) mod tests;
#[cfg(test)]
mod torture;
#[cfg(test)]
mod writers;

use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use crate::data::catchment::CatchmentId;
use crate::data::digest::Digest;
use crate::data::machine::Machine;
use crate::data::run_cost::RunCost;
use crate::data::scenario::ScenarioName;
use crate::store::codec::Encoded;

pub(crate) use contradiction::Contradiction;
pub(crate) use error::StoreError;
pub(crate) use marks::{Mark, Once};
pub(crate) use reading::StoredExplanation;
pub(crate) use removal::Kept;

/// How many attempts are kept for each catchment.
pub(crate) const ATTEMPTS_KEPT: u32 = 10;

/// The kind of memo that tells that nothing is left to do. The store forgets it with any result that is removed, by a trigger, which
/// has it by this name.
pub(crate) const SETTLED: &str = "settled, all files";

/// An open store, to write or to read.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    path: PathBuf,
}

/// The id of a result in this store, valid as long as the result exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ResultId(i64);

/// What is known of a result without decoding it.
#[derive(Clone, Debug, PartialEq)]
pub struct ResultSummary {
    /// To ask for its columns.
    pub result: ResultId,
    /// Number of values of its longest column.
    pub steps: usize,
    /// Its columns in the order they were stored.
    pub columns: Vec<ColumnSummary>,
}

/// What is known of one column without decoding it.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnSummary {
    /// The column's name.
    pub name: String,
    /// Least finite value, `None` if there is none. A negative zero comes back as zero.
    pub minimum: Option<f64>,
    /// Greatest finite value, likewise.
    pub maximum: Option<f64>,
    /// Number of NaNs.
    pub missing: usize,
    /// The digest of its bytes: equal ones mean equal columns, to the bit, if the same version encoded them.
    pub checksum: Digest,
}

/// One column, still encoded: see [`Self::decode`].
#[derive(Clone, Debug, PartialEq)]
pub struct StoredColumn {
    /// The most values that it may have: as many as the longest column of its result.
    pub steps: usize,
    /// The encoded values, unchecked.
    pub bytes: Vec<u8>,
    /// What the digest of `bytes` must be.
    pub checksum: Digest,
}

impl StoredColumn {
    /// Its values, in any thread; an error if the bytes are not those that were stored.
    pub(crate) fn decode(&self) -> Result<Vec<f64>, codec::Damaged> {
        codec::decode(&self.bytes, &self.checksum, self.steps)
    }
}

/// A catchment as the last run left it.
#[derive(Clone, Debug, PartialEq)]
pub struct Last {
    /// The key it had.
    pub key: Digest,
    /// The digest of the recipe in that key.
    pub recipe: Digest,
    /// Why there was no result; `None` if there was one.
    pub failure: Option<Failed>,
    /// How often the simulator has been run for this key since it last had another or succeeded; 0 if the result was
    /// there already.
    pub attempts: u32,
    /// The cost of its latest successful attempt, whatever the key was then.
    pub cost: Option<RunCost>,
}

/// Why an attempt gave no result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// The kind of failure in one word: `timeout`, `exit`, `output`…
    pub code: String,
    /// The whole reason, for people.
    pub reason: String,
}

/// One run of the simulator for one catchment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// When it was started, seconds since 1970.
    pub started: i64,
    /// Why it gave no result, `None` if it did.
    pub failure: Option<Failed>,
    /// What it cost.
    pub cost: RunCost,
    /// The last lines it printed.
    pub tail: String,
    /// Where it ran.
    pub machine: Machine,
}

/// Everything that is stored about a catchment that was run.
#[derive(Clone, Debug)]
pub struct Record {
    /// The scenario in which it was run.
    pub scenario: ScenarioName,
    /// The catchment.
    pub catchment: CatchmentId,
    /// The key that it was run for.
    pub key: Digest,
    /// What the key is made of beyond the recipe; opaque.
    pub parts: Vec<u8>,
    /// The digest of the recipe.
    pub recipe: Digest,
    /// What the recipe is made of; opaque, stored once for each digest.
    pub recipe_parts: Arc<[u8]>,
    /// Its attempts, the earliest first.
    pub attempts: Vec<Attempt>,
    /// Texts that the parts know by their digests only.
    pub contents: Vec<Vec<u8>>,
    /// The series that the simulator was given and that are not known to be in the store: the digest of each's values
    /// (see [`Digest::of_numbers`]), and the values.
    pub series: Vec<(Digest, Encoded)>,
    /// The columns of the successful attempt; `None` if all attempts failed.
    pub result: Option<Vec<Encoded>>,
    /// Why there is none, where no attempt says so.
    pub failure: Option<Failed>,
    /// What the simulator left.
    pub outputs: Outputs,
    /// What becomes of another result of this key.
    pub another: Another,
    /// Whether nothing is to stay of it but its result, or if it failed its attempts, as those of [`ScenarioName::PASSING`].
    pub is_passing: bool,
}

/// What a simulator left, as far as something may be taken of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Outputs {
    /// It is not to be kept.
    #[default]
    NotKept,
    /// It is to be kept.
    Kept(KeptOutputs),
    /// The simulator was not run: the columns were taken of what was kept under this digest.
    ReadAgain(Digest),
}

/// What a simulator left, packed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptOutputs {
    /// The digest of what determines it.
    pub raw: Digest,
    /// What there is; opaque, and read without the rest.
    pub index: Vec<u8>,
    /// The files; opaque.
    pub bytes: Vec<u8>,
}

/// What becomes of a result that is stored and intact, when another of the same key is handed in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Another {
    /// The new one takes its place.
    #[default]
    IsReplaced,
    /// The first one is as good as the second.
    Stays,
}
