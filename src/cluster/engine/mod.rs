//! The batch systems that start tasks: the few things that are asked of one, whichever it is.
//!
//! "Start this script so many times", "have you a job of this name", "what of these jobs is still there", "end them". Nothing else is
//! asked, so nothing else differs between them. An engine knows no orders and no results, and its word is never news of either: what
//! a task published counts.
//!
//! A scheduler's answer is not trusted further than it goes. A submission that fails may have been taken all the same, so there are
//! three answers to one, and [`Engine::find`] tells later whether a name is there. A listing that failed is no listing: that a job is gone
//! is said only where the engine answered and did not name it.

mod command;
mod gridengine;
mod local;
mod scheduler;
mod script;
mod slurm;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;

use self::command::Stated;
use self::gridengine::GridEngine;
use self::local::Local;
pub use self::script::job_script;
use self::slurm::Slurm;
use crate::project::cluster::{ClusterSpec, EngineKind};

/// An array job to submit.
#[derive(Clone, Copy, Debug)]
pub struct Submission<'a> {
    /// Its name, by which it is found again; no other submission ever has the same.
    pub name: &'a str,
    /// The script that each of its tasks runs.
    pub script: &'a Path,
    /// How many tasks.
    pub tasks: u32,
    /// The wall time of a task, in seconds.
    pub seconds: u64,
    /// The memory of a task, in bytes; `None` leaves it to the site's default.
    pub memory: Option<u64>,
    /// The cores of a task, all on one node.
    pub cores: u32,
    /// Nodes on which none of its tasks may run.
    pub exclude: &'a [String],
}

/// What became of a submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Submitted {
    /// The engine has it, as the job of this id.
    Accepted(String),
    /// The engine has it not, and would not take it later either, for this reason.
    Refused(String),
    /// The engine has it not, because the queue is full or a limit of jobs is reached: it may take it once others are through.
    Full(String),
    /// No answer that could be relied on: the job may be there now, or appear yet.
    Unclear(String),
}

/// What an engine has of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presence {
    /// The job is there; of which tasks it still consists is not known.
    All,
    /// These tasks of it, by index from 0, are still there; the others have ended.
    Tasks(BTreeMap<u32, TaskState>),
    /// Nothing.
    Gone,
}

/// A task that an engine has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskState {
    /// Whether it has a node: it runs, or is about to begin or to end.
    pub running: bool,
    /// Why it waits, in the engine's words; empty if none is known.
    pub reason: String,
}

/// How much an engine takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EngineLimits {
    /// The most tasks of one array; `None` if no limit is known.
    pub most_tasks: Option<u32>,
    /// The cores that a task can have on each node that it may run on; `None` if not known.
    pub node_cores: Option<u32>,
    /// The longest that a task may take, in seconds; `None` if no limit is known.
    pub longest: Option<u64>,
}

/// A batch system.
///
/// Every question has a time limit, and [`Engine::presence`] is one question however many jobs there are.
pub trait Engine {
    /// Looks whether jobs could be submitted, without submitting any. What was found, a sentence each.
    fn check(&self) -> Result<Vec<String>>;

    /// What is known of its limits. What cannot be found out is not known, and no error.
    fn limits(&self) -> EngineLimits;

    /// Submits an array job.
    fn submit(&self, submission: &Submission<'_>) -> Submitted;

    /// The id of the job of this name, if the engine has it now; an error if it gives no answer.
    fn find(&self, name: &str) -> Result<Option<String>>;

    /// What the engine has of each of these jobs, which are given by id and name; all are in the answer. An error if it gives none.
    fn presence(&self, jobs: &[(String, String)]) -> Result<BTreeMap<String, Presence>>;

    /// Has these jobs ended, which are given by id and name. Those that are not there any more are no error.
    fn cancel(&self, jobs: &[(String, String)]) -> Result<()>;

    /// What is wrong, and what to do, where a task waits for this reason and time will not cure it.
    fn incurable(&self, reason: &str) -> Option<String>;
}

/// The engine of a project, whose folder is given: in it the engine's commands run.
pub fn engine(spec: &ClusterSpec, root: &Path) -> Box<dyn Engine> {
    match spec.engine {
        EngineKind::Slurm => Box::new(Slurm::new(spec, root)),
        EngineKind::GridEngine => Box::new(GridEngine::new(spec, root)),
        EngineKind::Command => Box::new(Stated::new(spec, root)),
        EngineKind::Local => Box::new(Local),
    }
}
