//! Where the orders of a project are carried out beside this machine: the `[cluster]` table.
//!
//! None of this enters a key, a product or a digest: where something was computed is no part of what it is. The fields stand in
//! the project file and in one of the user's own; [`merge`] makes one of both. What engines do with it is not known here.

pub mod command_line;
pub mod merge;
mod options;
mod table;
pub mod user_file;

use std::fmt;
use std::num::NonZeroUsize;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::data::size::Size;
use command_line::CommandLine;
pub use table::ClusterTable;

/// Where and how orders are carried out on other machines: all that `[cluster]`, the user's own file and the command line say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterSpec {
    /// What schedules the tasks.
    pub engine: EngineKind,
    /// So many simulators at once in a task; `None`: as many as a node has cores.
    pub cores: Option<NonZeroUsize>,
    /// What a task should take; batches are cut to it.
    pub task: Duration,
    /// The longest time that is asked for.
    pub max_time: Duration,
    /// So many tasks are in the queue at once.
    pub max_queued: usize,
    /// What is handed to the engine's command beside what rerunoff states itself, one argument each.
    pub options: Vec<String>,
    /// Lines of the job's script before rerunoff is started.
    pub setup: Vec<String>,
    /// The memory that a task asks for.
    pub memory: MemoryRequest,
    /// A folder of the node's own, for a shell on the node to expand: `$TMPDIR`; `None`: chosen there.
    pub scratch: Option<String>,
    /// What happens to the tasks when a waiting run is interrupted.
    pub on_interrupt: OnInterrupt,
    /// The engine is asked for the tasks' states no oftener than this.
    pub ask_every: Duration,
    /// The engine's commands: with [`EngineKind::Command`], and only then.
    pub templates: Option<EngineTemplates>,
}

/// What schedules the tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EngineKind {
    /// Slurm.
    Slurm,
    /// Grid Engine.
    GridEngine,
    /// Whatever the project's own commands talk to.
    Command,
    /// Processes on this machine, for trials and tests.
    Local,
}

/// The memory that a task asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MemoryRequest {
    /// By the recorded peaks of its orders; the site's default where nothing is recorded.
    Auto,
    /// So much, for every task.
    Size(Size),
}

/// What happens to the tasks when a waiting run is interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OnInterrupt {
    /// They go on, and the next run collects what they made.
    Leave,
    /// They are ended.
    Cancel,
}

/// The commands of an engine that rerunoff does not know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineTemplates {
    /// Submits an array of tasks, or, without a placeholder for their number, one task.
    pub submit: CommandLine,
    /// A regular expression whose only group is the job's id in what `submit` prints.
    pub job: String,
    /// The variable in which a task finds its index; `None` where each is submitted by itself.
    pub index: Option<String>,
    /// The index of the first task.
    pub first: u32,
    /// Lists jobs: one is under way if its id stands in the output as a word.
    pub alive: CommandLine,
    /// Ends jobs.
    pub cancel: CommandLine,
}

#[cfg(test)]
impl ClusterSpec {
    /// What a project states that states the engine alone.
    pub(crate) fn plain(engine: EngineKind) -> Self {
        Self {
            engine,
            cores: None,
            task: Duration::from_secs(1800),
            max_time: Duration::from_secs(86_400),
            max_queued: 500,
            options: Vec::new(),
            setup: Vec::new(),
            memory: MemoryRequest::Auto,
            scratch: None,
            on_interrupt: OnInterrupt::Leave,
            ask_every: Duration::from_secs(60),
            templates: None,
        }
    }
}

impl EngineKind {
    /// All engines.
    pub const ALL: [Self; 4] = [Self::Slurm, Self::GridEngine, Self::Command, Self::Local];

    /// Its name in the project file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Slurm => "slurm",
            Self::GridEngine => "gridengine",
            Self::Command => "command",
            Self::Local => "local",
        }
    }
}

impl fmt::Display for EngineKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests;
