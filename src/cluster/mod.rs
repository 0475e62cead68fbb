//! Orders carried out on other machines, by the batch system that is there.
//!
//! The engine (Slurm, Grid Engine, another) schedules; rerunoff packs, publishes and merges. The head, a `rerunoff run`, freezes what
//! the tasks need in a package, cuts the orders into batches, and submits consecutive batches as an array job. Each task of it is
//! `rerunoff work` on one batch, which publishes its trials as segments; the head takes them in. So there is no daemon, no socket and no
//! scheduler of our own, and what a dead node or a dead head costs is what was not published.
//!
//! What passes between them are files alone, in a folder that all machines share:
//! ```text
//! cache/cluster/<package>/
//!   manifest                      what every task has to know
//!   journal                       what the head did and saw: its memory, and that of the next head
//!   files/ input-<n>/ rerunoff    what the tasks read: frozen, so that the project may change meanwhile
//!   scripts/<array>.<epoch>       what the engine starts
//!   batches/<batch>               the orders of a task
//!   claims/<batch>.<epoch>        which job has a batch, or that none may take it any more
//!   in/<batch>.<attempt>.<n>      segments: trials on their way to the store
//!   failed/ log/ cancelled        evidence of failed runs, what tasks printed, and that all is to end
//! ```
//! What always holds:
//! - Only the head opens the store, and only the head writes the journal. A node adds files and changes none.
//! - A file appears whole: written under a name that begins with a dot, synced, then renamed or linked.
//! - No name is looked up before a listing of its folder showed it. A client of a network file system remembers for half a minute that a
//!   name was not there, and would go on saying so; a name that it first met in a listing opens at once.
//! - No lock is held between machines: network file systems grant one lock to two of them.
//! - The scheduler's word alone says nothing of a result: what is published counts, whoever published it and whenever.
//! - Whatever is damaged, cut off, foreign or of another version is told by a typed error and is not taken in, not even in part.
//!
//! Who reads which: [`ids`] names things, [`frame`] and [`shared_folder`] are how bytes get into a file and out of it again;
//! [`segment`], [`journal`], [`batch`] and [`claim`] are the files of the same names. [`crate::cli`] alone uses this wing; it uses
//! [`crate::execute`] for orders, trials and the local workers of a task.

pub mod batch;
pub(crate) mod cancel;
pub(crate) mod claim;
pub mod engine;
pub mod frame;
pub(crate) mod head;
pub mod ids;
pub mod journal;
pub(crate) mod owed;
mod pack;
pub mod package;
pub(crate) mod run;
mod seat;
pub mod segment;
pub(crate) mod shared_folder;
pub(crate) mod standing;
pub(crate) mod underway;
pub(crate) mod verify;
pub(crate) mod worker;

#[cfg(test)]
mod tests;
