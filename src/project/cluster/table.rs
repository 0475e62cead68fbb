//! One file's fields about the cluster, each checked by itself: `[cluster]` of a project, or the user's own file.
//!
//! What several fields mean together is known only when both files are one: see [`super::merge`].

use std::io::ErrorKind;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use regex_lite::Regex;

use super::command_line::{CommandLine, Placeholder};
use super::{EngineKind, MemoryRequest, OnInterrupt};
use crate::data::size::Size;
use crate::project::build;
use crate::project::error::SourceText;
use crate::project::{ProjectError, raw};
use crate::system::regular;
use crate::text::wording::{self, Quotes};

/// The least memory that makes sense: a lower number lacks its unit.
const LEAST_MEMORY: Size = Size(1_000_000);

/// What one file states.
#[derive(Clone, Debug, Default)]
pub struct ClusterTable {
    file: PathBuf,
    /// Its text, to find the line of a field in.
    text: String,
    /// The table that the fields are in; `None`: in none.
    name: Option<&'static str>,
    pub(super) engine: Option<EngineKind>,
    pub(super) cores: Option<NonZeroUsize>,
    pub(super) task: Option<Duration>,
    pub(super) max_time: Option<Duration>,
    pub(super) max_queued: Option<usize>,
    pub(super) options: Vec<String>,
    pub(super) setup: Vec<String>,
    pub(super) memory: Option<MemoryRequest>,
    pub(super) scratch: Option<String>,
    pub(super) on_interrupt: Option<OnInterrupt>,
    pub(super) ask_every: Option<Duration>,
    pub(super) submit: Option<CommandLine>,
    pub(super) job: Option<String>,
    pub(super) index: Option<String>,
    pub(super) first: Option<u32>,
    pub(super) alive: Option<CommandLine>,
    pub(super) cancel: Option<CommandLine>,
}

impl ClusterTable {
    /// `[cluster]` of the project file.
    pub(in crate::project) fn of_project(
        raw: raw::cluster::Cluster,
        file: &Path,
        text: &str,
    ) -> Result<Self, ProjectError> {
        Self::read(raw, file, text, Some("cluster"))
    }

    /// The user's own file; `None` if there is none.
    pub fn of_user(file: &Path) -> Result<Option<Self>, ProjectError> {
        let text = match regular::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(ProjectError {
                    file: file.to_owned(),
                    place: None,
                    message: format!("can't be read: {error}"),
                });
            }
        };
        let raw: raw::cluster::Cluster = toml::from_str(&text).map_err(|error| {
            let fault = SourceText::new(file, &text).syntax(&error);
            match fault.message.starts_with("unknown field `cluster`") {
                true => ProjectError {
                    message: "in this file the fields stand at the top, without [cluster]"
                        .to_owned(),
                    ..fault
                },
                false => fault,
            }
        })?;
        Self::read(raw, file, &text, None).map(Some)
    }

    /// An error at this field.
    pub(super) fn error(&self, field: &str, message: impl std::fmt::Display) -> ProjectError {
        let field = match self.name {
            Some(name) => format!("{name}.{field}"),
            None => field.to_owned(),
        };
        SourceText::new(&self.file, &self.text).error(&field, message)
    }

    /// An error about what the table does not state.
    pub(super) fn lacks(&self, message: impl std::fmt::Display) -> ProjectError {
        match self.name {
            Some(name) => SourceText::new(&self.file, &self.text).error(name, message),
            None => ProjectError {
                file: self.file.clone(),
                place: None,
                message: message.to_string(),
            },
        }
    }

    fn read(
        raw: raw::cluster::Cluster,
        file: &Path,
        text: &str,
        name: Option<&'static str>,
    ) -> Result<Self, ProjectError> {
        let table = Self {
            file: file.to_owned(),
            text: text.to_owned(),
            name,
            ..Self::default()
        };
        let duration = |field: &str, text: Option<String>| {
            let read = text.map(|text| build::duration(&text)).transpose();
            read.map_err(|fault| table.error(field, fault))
        };
        let task = duration("task", raw.task)?;
        let max_time = duration("max_time", raw.max_time)?;
        let ask_every = duration("ask_every", raw.ask_every)?;
        let engine = raw.engine.map(|name| name.parse()).transpose();
        let engine = engine.map_err(|fault: String| table.error("engine", fault))?;
        let at_least_one = |field: &str, number: Option<usize>| {
            let number = number.map(|number| NonZeroUsize::new(number).ok_or("must be at least 1"));
            let number = number.transpose();
            number.map_err(|fault| table.error(field, fault))
        };
        let cores = at_least_one("cores", raw.cores)?;
        let max_queued = at_least_one("max_queued", raw.max_queued)?;
        let memory = raw.memory.map(|text| memory(&text)).transpose();
        let memory = memory.map_err(|fault| table.error("memory", fault))?;
        let on_interrupt = raw.on_interrupt.map(|text| on_interrupt(&text)).transpose();
        let on_interrupt = on_interrupt.map_err(|fault| table.error("on_interrupt", fault))?;
        for (i, option) in raw.options.iter().enumerate() {
            one_argument(option).map_err(|fault| table.error(&format!("options.{i}"), fault))?;
        }
        for (i, line) in raw.setup.iter().enumerate() {
            if line.contains('\0') {
                return Err(table.error(&format!("setup.{i}"), "has a NUL in it"));
            }
        }
        if let Some(scratch) = &raw.scratch {
            folder_on_node(scratch).map_err(|fault| table.error("scratch", fault))?;
        }
        let command =
            |field: &str, text: Option<String>, rule: fn(&CommandLine) -> Option<String>| {
                let read = |text: String| {
                    let line = CommandLine::new(&text)?;
                    match rule(&line) {
                        None => Ok(line),
                        Some(fault) => Err(fault),
                    }
                };
                let read = text.map(read).transpose();
                read.map_err(|fault: String| table.error(field, fault))
            };
        let submit = command("submit", raw.submit, submit_rule)?;
        let alive = command("alive", raw.alive, alive_rule)?;
        let cancel = command("cancel", raw.cancel, cancel_rule)?;
        if let Some(job) = &raw.job {
            one_group(job).map_err(|fault| table.error("job", fault))?;
        }
        if let Some(index) = &raw.index {
            variable(index).map_err(|fault| table.error("index", fault))?;
        }
        Ok(Self {
            engine,
            cores,
            task,
            max_time,
            max_queued: max_queued.map(NonZeroUsize::get),
            options: raw.options,
            setup: raw.setup,
            memory,
            scratch: raw.scratch,
            on_interrupt,
            ask_every,
            submit,
            job: raw.job,
            index: raw.index,
            first: raw.first,
            alive,
            cancel,
            ..table
        })
    }
}

impl FromStr for EngineKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|engine| engine.name() == text);
        found.ok_or_else(|| {
            let known = Self::ALL.map(Self::name);
            let hint = wording::hint(text, known, Quotes::Double).unwrap_or_else(|| {
                let known = known.map(|name| format!("{name:?}"));
                format!(
                    "; there are {}, and \"command\" serves any other",
                    known.join(", ")
                )
            });
            format!("there is no engine {text:?}{hint}")
        })
    }
}

fn memory(text: &str) -> Result<MemoryRequest, String> {
    if text == "auto" {
        return Ok(MemoryRequest::Auto);
    }
    let size: Size = (text.parse())
        .map_err(|_| format!("{text:?} is no size; write \"auto\", or \"4 GB\" for a task"))?;
    if size < LEAST_MEMORY {
        return Err(format!(
            "{text:?} is less than any task needs; write \"4 GB\" or \"500 MB\""
        ));
    }
    Ok(MemoryRequest::Size(size))
}

fn on_interrupt(text: &str) -> Result<OnInterrupt, String> {
    match text {
        "leave" => Ok(OnInterrupt::Leave),
        "cancel" => Ok(OnInterrupt::Cancel),
        _ => Err(format!(
            "{text:?} is neither \"leave\" (tasks go on, the next run collects) nor \"cancel\""
        )),
    }
}

/// One argument of a command: `-p short` are two.
fn one_argument(option: &str) -> Result<(), String> {
    if option.is_empty() || option.contains(char::is_control) {
        return Err(format!("{option:?} is no argument of a command"));
    }
    let name = option.split('=').next().unwrap_or_default();
    match name.split_once(char::is_whitespace) {
        Some((name, _)) if option.starts_with('-') => {
            let value = option[name.len()..].trim_start();
            Err(format!(
                "{option:?} is handed on as one argument; write {name:?}, {value:?}"
            ))
        }
        _ => Ok(()),
    }
}

/// A folder as a shell on the node finds it, within double quotes.
fn folder_on_node(text: &str) -> Result<(), String> {
    let is_harmless = !text.contains(['"', '`', '\\']) && !text.contains(char::is_control);
    match text.starts_with(['/', '$']) && is_harmless && !text.contains("$(") {
        true => Ok(()),
        false => Err(format!(
            "{text:?} must be a folder on the node: an absolute path, or a variable as in \"$TMPDIR\" or \"/local/$USER\""
        )),
    }
}

fn submit_rule(line: &CommandLine) -> Option<String> {
    if line.has(Placeholder::Jobs) {
        return Some("has {jobs} in it, but there is none yet".to_owned());
    }
    if !line.has(Placeholder::Script) {
        return Some("must name {script}, which each task runs".to_owned());
    }
    None
}

fn alive_rule(line: &CommandLine) -> Option<String> {
    let placeholder = line.placeholders().next()?;
    let why = "it lists all jobs, since many engines give no list when they have forgotten one of those named";
    Some(format!("can't have {placeholder} in it: {why}"))
}

fn cancel_rule(line: &CommandLine) -> Option<String> {
    let mut others = line.placeholders();
    if let Some(other) = others.find(|placeholder| *placeholder != Placeholder::Jobs) {
        return Some(format!("can't have {other} in it, only {{jobs}}"));
    }
    (!line.has(Placeholder::Jobs)).then(|| "must name {jobs}, those to end".to_owned())
}

/// A regular expression with one group.
fn one_group(text: &str) -> Result<(), String> {
    let regex =
        Regex::new(text).map_err(|error| format!("{text:?} is no regular expression: {error}"))?;
    match regex.captures_len() {
        2 => Ok(()),
        groups => Err(format!(
            "{text:?} has {} groups; it needs one, around the job's id, as in '^(\\d+)'",
            groups - 1
        )),
    }
}

fn variable(text: &str) -> Result<(), String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    match !text.is_empty()
        && text.chars().all(is_name)
        && !text.starts_with(|c: char| c.is_ascii_digit())
    {
        true => Ok(()),
        false => Err(format!(
            "{text:?} is no name of a variable; write it as in \"PBS_ARRAY_INDEX\", without a $"
        )),
    }
}
