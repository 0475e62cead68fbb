//! From the two files that state something about the cluster, and the engine that the command line names, to one checked whole.
//!
//! A field of the user's own file replaces the project's, `options` and `setup` are appended. `options` and the commands belong to
//! the engine that their file is about: with another one they are left out.

use std::path::Path;
use std::time::Duration;

use super::command_line::{CommandLine, Placeholder};
use super::options;
use super::table::ClusterTable;
use super::{ClusterSpec, EngineKind, EngineTemplates, MemoryRequest, OnInterrupt};
use crate::project::ProjectError;

/// What a task should take, unless stated.
const TASK: Duration = Duration::from_secs(30 * 60);
/// The longest time that is asked for, unless stated.
const MAX_TIME: Duration = Duration::from_secs(24 * 60 * 60);
/// So many tasks are in the queue at once, unless stated.
const MAX_QUEUED: usize = 500;
/// How often the engine is asked, unless stated.
const ASK_EVERY: Duration = Duration::from_secs(60);

/// All that is said about the cluster.
#[derive(Clone, Copy)]
pub struct Stated<'a> {
    /// The project file.
    pub file: &'a Path,
    /// Its `[cluster]`.
    pub project: Option<&'a ClusterTable>,
    /// The user's own file.
    pub user: Option<&'a ClusterTable>,
    /// What `--on` names.
    pub on: Option<EngineKind>,
}

impl<'a> Stated<'a> {
    /// What the project file says alone.
    pub(in crate::project) fn of_project(
        file: &'a Path,
        project: Option<&'a ClusterTable>,
    ) -> Self {
        Self {
            file,
            project,
            user: None,
            on: None,
        }
    }

    /// All of it as one, checked and complete.
    ///
    /// # Errors
    /// What contradicts or is missing, at the field of the file where it can be mended.
    pub fn spec(&self) -> Result<ClusterSpec, ProjectError> {
        let engine = (self.on.or(self.engine())).ok_or_else(|| {
            self.lacks("names no engine; write engine = \"slurm\", \"gridengine\", \"command\" or \"local\", here or in your own file")
        })?;
        self.check()?;
        let mut given = Vec::new();
        let mut setup = Vec::new();
        for table in self.tables() {
            if self.is_about(table, engine) {
                options::check(table, engine)?;
                given.extend(table.options.iter().cloned());
            }
            setup.extend(table.setup.iter().cloned());
        }
        let templates = match engine {
            EngineKind::Command => Some(self.templates(&given)?),
            EngineKind::Slurm | EngineKind::GridEngine | EngineKind::Local => None,
        };
        let max_time = self.last(|table| table.max_time).map_or(MAX_TIME, second);
        Ok(ClusterSpec {
            engine,
            cores: self.last(|table| table.cores).map(second),
            task: (self.last(|table| table.task)).map_or(TASK.min(max_time), second),
            max_time,
            max_queued: (self.last(|table| table.max_queued)).map_or(MAX_QUEUED, second),
            options: given,
            setup,
            memory: (self.last(|table| table.memory)).map_or(MemoryRequest::Auto, second),
            scratch: self.last(|table| table.scratch.clone()).map(second),
            on_interrupt: (self.last(|table| table.on_interrupt))
                .map_or(OnInterrupt::Leave, second),
            ask_every: (self.last(|table| table.ask_every)).map_or(ASK_EVERY, second),
            templates,
        })
    }

    /// What contradicts itself, whatever else may be stated elsewhere.
    pub(in crate::project) fn check(&self) -> Result<(), ProjectError> {
        let task = self.last(|table| table.task);
        let max_time = self.last(|table| table.max_time);
        match (task, max_time) {
            (Some((table, task)), None) if task > MAX_TIME => {
                let rule = "is longer than `max_time`, which is 24h unless it is stated";
                return Err(table.error("task", rule));
            }
            (Some((of_task, task)), Some((table, max_time))) if task > max_time => {
                return Err(match self.is_users(table) && !self.is_users(of_task) {
                    true => {
                        let rule = "is shorter than the project's `task`; state a shorter `task` beside it";
                        table.error("max_time", rule)
                    }
                    false => of_task.error("task", "is longer than `max_time`"),
                });
            }
            _ => {}
        }
        for table in self.tables() {
            let Some(engine) = table.engine else { continue };
            let field = table
                .first_template()
                .filter(|_| engine != EngineKind::Command);
            if let Some(field) = field {
                let rule = "goes with engine = \"command\"; rerunoff knows the commands of";
                return Err(table.error(field, format!("{rule} \"{engine}\"")));
            }
            options::check(table, engine)?;
        }
        Ok(())
    }

    fn tables(&self) -> impl DoubleEndedIterator<Item = &'a ClusterTable> + use<'a> {
        [self.project, self.user].into_iter().flatten()
    }

    fn is_users(&self, table: &ClusterTable) -> bool {
        self.user.is_some_and(|user| std::ptr::eq(user, table))
    }

    /// What is stated last, and where.
    fn last<T>(&self, field: impl Fn(&ClusterTable) -> Option<T>) -> Option<(&'a ClusterTable, T)> {
        let mut tables = self.tables().rev();
        tables.find_map(|table| Some((table, field(table)?)))
    }

    /// The engine that the files name.
    fn engine(&self) -> Option<EngineKind> {
        self.last(|table| table.engine).map(second)
    }

    /// Whether what this table says of an engine is about this one. A user's file that names none goes with the project's.
    fn is_about(&self, table: &ClusterTable, engine: EngineKind) -> bool {
        let of_project = self.project.and_then(|table| table.engine);
        table.engine.or(of_project).is_none_or(|own| own == engine)
    }

    /// An error about what is stated nowhere.
    fn lacks(&self, message: &str) -> ProjectError {
        match self.project.or(self.user) {
            Some(table) => table.lacks(message),
            None => ProjectError {
                file: self.file.to_owned(),
                place: None,
                message: format!("[cluster] {message}"),
            },
        }
    }

    /// The engine's own commands, none of which may be missing.
    fn templates(&self, options: &[String]) -> Result<EngineTemplates, ProjectError> {
        let tables = self.tables().rev();
        let tables: Vec<_> = tables
            .filter(|table| self.is_about(table, EngineKind::Command))
            .collect();
        let missing = |field: &str| {
            let needs = "engine = \"command\" needs submit, job, alive, cancel and cores";
            self.lacks(&format!(
                "has no `{field}`: {needs}; docs/cluster.md has them for several engines"
            ))
        };
        let command = |field: &str, of: fn(&ClusterTable) -> Option<&CommandLine>| {
            let found = tables.iter().find_map(|table| Some((*table, of(table)?)));
            found.ok_or_else(|| missing(field))
        };
        let (table, submit) = command("submit", |table| table.submit.as_ref())?;
        let (_, alive) = command("alive", |table| table.alive.as_ref())?;
        let (_, cancel) = command("cancel", |table| table.cancel.as_ref())?;
        let job = tables.iter().find_map(|table| table.job.clone());
        let job = job.ok_or_else(|| missing("job"))?;
        let index = (tables.iter()).find_map(|table| Some((*table, table.index.clone()?)));
        let has_array = submit.has(Placeholder::Tasks) || submit.has(Placeholder::Last);
        match &index {
            None if has_array => {
                let rule = "submits an array, so `index` must name the variable in which a task finds its index";
                return Err(table.error("submit", rule));
            }
            Some((table, _)) if !has_array => {
                let rule = "has nothing to tell apart: `submit` names neither {tasks} nor {last}, so each task is submitted by itself";
                return Err(table.error("index", rule));
            }
            _ => {}
        }
        if !options.is_empty() && !submit.has(Placeholder::Options) {
            let rule = "has no {options} in it, so those that are stated would go nowhere";
            return Err(table.error("submit", rule));
        }
        let memory = self.last(|table| table.memory).map(second);
        if submit.has(Placeholder::MemoryMb) && !matches!(memory, Some(MemoryRequest::Size(_))) {
            let rule = "has {memory_mb} in it, so `memory` must be stated, as in memory = \"8 GB\"";
            return Err(table.error("submit", rule));
        }
        if self.last(|table| table.cores).is_none() {
            return Err(missing("cores"));
        }
        Ok(EngineTemplates {
            submit: submit.clone(),
            job,
            index: index.map(second),
            first: tables.iter().find_map(|table| table.first).unwrap_or(0),
            alive: alive.clone(),
            cancel: cancel.clone(),
        })
    }
}

impl ClusterTable {
    /// The first field that only goes with commands of one's own.
    fn first_template(&self) -> Option<&'static str> {
        let fields = [
            ("submit", self.submit.is_some()),
            ("job", self.job.is_some()),
            ("index", self.index.is_some()),
            ("first", self.first.is_some()),
            ("alive", self.alive.is_some()),
            ("cancel", self.cancel.is_some()),
        ];
        let stated = fields.into_iter().find(|(_, is_stated)| *is_stated);
        stated.map(|(field, _)| field)
    }
}

fn second<A, B>((_, value): (A, B)) -> B {
    value
}
