//! `rerunoff try`: one catchment is run and shown, nothing is stored; and what could be taken from it is proposed.

use std::fs;
use std::io::{Write, stdout};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::exit::Exit;
use super::fault::print_interrupted;
use super::new_folder::new_folder;
use super::open::{OpenProject, ProjectPlace};
use super::terminal::{print_document, say};
use super::tried_document::{LeftFile, TriedOf, failure};
use crate::cli::options::only::find;
use crate::cli::options::scenario::place_of;
use crate::cli::options::sets::SetOptions;
use crate::data::size::Size;
use crate::data::value::Value;
use crate::execute::proposal::{self, Known};
use crate::execute::run_context::RunContext;
use crate::execute::timings::Timings;
use crate::execute::trying::{self, Change, Left, Tried};
use crate::plan::Unit;
use crate::plan::loaded::{LoadedScenario, LoadedStudy};
use crate::project::{ProjectError, Study};
use crate::system::jobserver::slots::Slots;
use crate::system::process::Interrupt;
use crate::system::progress::seconds;
use crate::system::regular;

/// What is said if a signal ends it.
pub(super) const INTERRUPTED: &str = "interrupted; nothing was changed";

/// So many files are named.
const MOST_FILES: usize = 40;

/// Of so many files the head is shown, and something is proposed.
const MOST_SHOWN: usize = 5;

/// So many lines of a file, so many characters of each, and so many values of a column are shown.
const HEAD: (usize, usize, usize) = (6, 110, 4);

#[derive(Args)]
pub(super) struct Arguments {
    /// The catchment [default: the first]
    #[arg(value_name = "ID", allow_hyphen_values = true)]
    catchment: Option<String>,
    /// The scenario to run it in [default: the first]
    #[arg(long, value_name = "NAME")]
    scenario: Option<String>,
    #[command(flatten)]
    sets: SetOptions,
    /// Keep what it leaves in this new folder
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// One JSON document instead of text
    #[arg(long)]
    json: bool,
}

/// A run of which nothing was stored.
#[derive(Serialize, JsonSchema)]
pub(super) struct Document {
    #[serde(flatten)]
    tried: TriedOf,
    /// What is wrong with what the project file says of outputs and the product; `null` if nothing is.
    fault: Option<String>,
    /// What it left, changed or removed.
    left: Vec<LeftFile>,
    /// What could be taken from it besides.
    proposals: Vec<Proposal>,
    /// The folder with all of it; `null` unless that was to be kept.
    kept: Option<String>,
}

/// What could be taken from a file.
#[derive(Serialize, JsonSchema)]
struct Proposal {
    /// Its path below the work directory.
    file: String,
    /// Tables for the project file.
    toml: String,
    /// What they give, a line a column, in words.
    gives: Vec<String>,
    /// Why they give nothing as they stand; `null` if they do.
    fault: Option<String>,
}

pub(super) fn try_one(place: &ProjectPlace, arguments: Arguments) -> Result<Exit> {
    let (opened, fault) = place.open_to_try(&arguments.sets.overrides()?)?;
    let keep = arguments.keep.as_deref().map(new_folder).transpose()?;
    let store = opened.store_to_read()?;
    let loaded_study = opened.load_without_series(store.as_ref())?;
    let scenario = place_of(&opened.study, arguments.scenario.as_deref())?;
    let loaded = &loaded_study.list[scenario];
    let catchment = match &arguments.catchment {
        Some(id) => find(&loaded.basin, id)?,
        None => 0,
    };
    let unit = Unit {
        scenario,
        catchment,
    };
    // Beside the folder that it shall end in, so that it need not be copied.
    let mut builder = tempfile::Builder::new();
    let builder = builder.prefix(".rerunoff-try-");
    let base = match keep.as_deref().and_then(Path::parent) {
        Some(parent) => builder.tempdir_in(parent),
        None => builder.tempdir(),
    };
    let base = base.context("can't make a folder to run in")?;
    let Some(tried) = run(&loaded_study, unit, base.path())? else {
        return print_interrupted(INTERRUPTED, arguments.json);
    };
    if let Some(fault) = &fault {
        say(&format!("note: {fault}"));
    }
    let mut shown = Shown {
        place,
        opened: &opened,
        loaded,
        unit,
        tried: &tried,
        out: Vec::new(),
    };
    let document = match arguments.json {
        true => Some(shown.document(fault.as_ref())?),
        false => {
            shown.outcome(fault.is_none())?;
            shown.files()?;
            shown.proposals()?;
            None
        }
    };
    let mut kept = None;
    if let (Some(keep), Some(folder)) = (&keep, &tried.folder) {
        fs::remove_dir(keep).ok();
        fs::rename(folder, keep).with_context(|| format!("can't keep it in {}", keep.display()))?;
        writeln!(shown.out, "\nall of it is in {}", keep.display())?;
        kept = Some(keep.display().to_string());
    }
    match document {
        Some(document) => print_document(&Document { kept, ..document })?,
        None => drop(stdout().lock().write_all(&shown.out).ok()),
    }
    Ok(match failure(&tried) {
        None => Exit::Fine,
        Some(_) => Exit::Failures,
    })
}

/// `check --run` for machines; `None` if it was interrupted.
pub(super) fn check_document(
    loaded_study: &LoadedStudy<'_>,
    unit: Unit,
) -> Result<Option<TriedOf>> {
    let base = tempfile::tempdir().context("can't make a folder to run in")?;
    let tried = run(loaded_study, unit, base.path())?;
    let loaded = &loaded_study.list[unit.scenario];
    Ok(tried.map(|tried| TriedOf::new(loaded, unit.catchment, &tried, true)))
}

/// `check --run`: the same in a few lines.
pub(super) fn check_run(
    loaded_study: &LoadedStudy<'_>,
    unit: Unit,
    out: &mut dyn Write,
) -> Result<Exit> {
    let base = tempfile::tempdir().context("can't make a folder to run in")?;
    let loaded = &loaded_study.list[unit.scenario];
    let label = loaded.label(unit.catchment);
    let Some(tried) = run(loaded_study, unit, base.path())? else {
        return print_interrupted(INTERRUPTED, false);
    };
    match failure(&tried) {
        Some(reason) => {
            writeln!(
                out,
                "catchment {label} was run and gave no good result: {reason}; `rerunoff try` shows what it left"
            )
            .ok();
            Ok(Exit::Failures)
        }
        None => {
            writeln!(
                out,
                "catchment {label} was run and gave a good result{}:",
                cost(&tried)
            )
            .ok();
            for line in values(loaded, unit.catchment, &tried) {
                writeln!(out, "  {line}").ok();
            }
            Ok(Exit::Fine)
        }
    }
}

/// Runs one; `None` if it was interrupted.
fn run(loaded_study: &LoadedStudy<'_>, unit: Unit, base: &Path) -> Result<Option<Tried>> {
    let interrupt = Interrupt::installed().context("can't prepare for signals")?;
    let run_context = RunContext {
        slots: &Slots::fixed(1),
        interrupt: &interrupt,
        timings: &Timings::default(),
    };
    trying::run_once(&loaded_study.list, unit, run_context, base)
}

/// ` in 1.2 s, …`
fn cost(tried: &Tried) -> String {
    match tried.trial.attempts.last() {
        None => String::new(),
        Some(attempt) => format!(
            " in {}, {} of processor time, {} of memory",
            seconds(attempt.cost.wall),
            seconds(attempt.cost.cpu()),
            Size(attempt.cost.peak_bytes)
        ),
    }
}

/// The columns that the project takes, each with its first values, or why there are none.
fn values(loaded: &LoadedScenario<'_>, catchment: usize, tried: &Tried) -> Vec<String> {
    let Some(folder) = &tried.folder else {
        return Vec::new();
    };
    lines(loaded, catchment, folder).unwrap_or_else(|reason| vec![reason])
}

/// What these outputs give of the run in this folder, a line a column.
fn lines(
    loaded: &LoadedScenario<'_>,
    catchment: usize,
    folder: &Path,
) -> Result<Vec<String>, String> {
    let columns = trying::columns(loaded, catchment, folder)?;
    let wanted = &loaded.project.simulator.columns;
    let lines = columns.iter().enumerate().map(|(at, (name, values))| {
        let name = wanted.get(at).map_or(name.as_str(), |column| &column.name);
        first_values(name, values)
    });
    Ok(lines.collect())
}

fn first_values(name: &str, values: &[f64]) -> String {
    // What outputs tell of times and places has names of its own.
    let times = name.strip_prefix("@time ");
    let name = match times {
        Some(axis) => format!("the times of {axis}"),
        None => name
            .strip_prefix('@')
            .map_or(name.to_owned(), |axis| format!("the places of {axis}")),
    };
    let text = |value: &f64| match times {
        _ if value.is_nan() => "missing".to_owned(),
        Some(_) => Timestamp::from_second(*value as i64).map_or(value.to_string(), |time| {
            time.strftime("%Y-%m-%dT%H:%M:%S").to_string()
        }),
        None => Value::Number(*value).to_string(),
    };
    let first: Vec<String> = values.iter().take(HEAD.2).map(text).collect();
    let rest = match values.len() {
        1 => String::new(),
        count if count <= HEAD.2 => format!("  ({count} values)"),
        count => format!(", …  ({count} values)"),
    };
    format!("{name}: {}{rest}", first.join(", "))
}

/// What is shown of a run.
struct Shown<'a> {
    place: &'a ProjectPlace,
    opened: &'a OpenProject,
    loaded: &'a LoadedScenario<'a>,
    unit: Unit,
    tried: &'a Tried,
    out: Vec<u8>,
}

impl Shown<'_> {
    /// All of it for machines.
    fn document(&self, fault: Option<&ProjectError>) -> Result<Document> {
        let catchment = self.unit.catchment;
        let left = self.tried.left.iter();
        let proposals = self.proposed()?.into_iter();
        Ok(Document {
            tried: TriedOf::new(self.loaded, catchment, self.tried, fault.is_none()),
            fault: fault.map(ToString::to_string),
            left: left
                .map(|left| LeftFile {
                    name: left.name.clone(),
                    change: left.change,
                    bytes: left.size,
                })
                .collect(),
            proposals: proposals.map(Proposed::document).collect(),
            kept: None,
        })
    }

    /// How it ended, what it printed and, if outputs are stated, what was read.
    fn outcome(&mut self, outputs_are_stated: bool) -> Result<()> {
        let label = self.loaded.label(self.unit.catchment);
        let (tried, cost) = (self.tried, cost(self.tried));
        let failure = failure(tried);
        match failure {
            None => writeln!(self.out, "catchment {label} ended well{cost}")?,
            Some(reason) => writeln!(self.out, "catchment {label} failed{cost}:\n  {reason}")?,
        }
        let printed = tried
            .trial
            .attempts
            .last()
            .map_or("", |attempt| attempt.tail.trim());
        let lines: Vec<&str> = printed.lines().collect();
        match lines.len() {
            0 => writeln!(self.out, "it printed nothing")?,
            count => {
                writeln!(self.out, "the end of what it printed:")?;
                for line in &lines[count.saturating_sub(2 * HEAD.0)..] {
                    writeln!(self.out, "  | {}", shortened(line))?;
                }
            }
        }
        if failure.is_none() && outputs_are_stated {
            writeln!(self.out, "what is taken from it, as the project file says:")?;
            for line in values(self.loaded, self.unit.catchment, tried) {
                writeln!(self.out, "  {line}")?;
            }
        }
        Ok(())
    }

    /// The files that it left.
    fn files(&mut self) -> Result<()> {
        let left = &self.tried.left;
        if left.is_empty() {
            writeln!(self.out, "it left no file, and changed none")?;
            return Ok(());
        }
        writeln!(self.out, "what it left:")?;
        for Left { name, change, size } in left.iter().take(MOST_FILES) {
            let name: String = name.chars().filter(|c| !c.is_control()).collect();
            let (word, size) = match change {
                Change::New => ("new", Size(*size).to_string()),
                Change::Changed => ("changed", Size(*size).to_string()),
                Change::Removed => ("removed", String::new()),
            };
            writeln!(self.out, "  {word:<8} {size:>9}  {name}")?;
        }
        if left.len() > MOST_FILES {
            writeln!(
                self.out,
                "  and {} more; `--keep DIR` keeps all",
                left.len() - MOST_FILES
            )?;
        }
        Ok(())
    }

    /// What could be taken from what looks like tables. Outputs that are read well need no proposal.
    fn proposed(&self) -> Result<Vec<Proposed>> {
        let mut found = Vec::new();
        let Some(folder) = &self.tried.folder else {
            return Ok(found);
        };
        let is_good = failure(self.tried).is_none();
        let rendered = self
            .loaded
            .recipe
            .render(&self.loaded.basin, self.unit.catchment)?;
        let stated = self.loaded.project.simulator.columns.iter();
        let mut taken: Vec<String> = match is_good {
            true => stated.map(|column| column.name.clone()).collect(),
            false => Vec::new(),
        };
        for Left { name, change, .. } in &self.tried.left {
            let is_read = is_good
                && rendered
                    .outputs
                    .iter()
                    .any(|output| output == Path::new(name));
            if *change == Change::Removed || is_read || found.len() == MOST_SHOWN {
                continue;
            }
            let known = Known {
                id: self.loaded.basin.id(self.unit.catchment).as_str(),
                steps: self.loaded.basin.time().map(|time| time.len()),
                taken: &taken,
            };
            let proposals = proposal::of_file(name, &folder.join(name), &known);
            let Some(best) = self.best(name, proposals, folder) else {
                continue;
            };
            taken.extend(proposal::names(&best.text));
            found.push(best);
        }
        Ok(found)
    }

    /// The heads of what looks like tables, and what could be taken from them.
    fn proposals(&mut self) -> Result<()> {
        let Some(folder) = &self.tried.folder else {
            return Ok(());
        };
        let found = self.proposed()?;
        for Proposed { file, .. } in &found {
            self.head(file, &folder.join(file))?;
        }
        if found.is_empty() {
            if self.loaded.project.simulator.outputs.is_empty() {
                writeln!(
                    self.out,
                    "nothing that it left looks like a table; `after = [\"python3\", \"extract.py\"]` under [simulator] runs a script of your own \
                     that makes one, and docs/simulators.md tells what else is read"
                )?;
            }
            return Ok(());
        }
        writeln!(
            self.out,
            "\nproposed for rerunoff.toml; keep what you need, and give it names of your own:"
        )?;
        for Proposed { text, read, .. } in found {
            writeln!(self.out)?;
            match read {
                Ok(columns) => {
                    for line in columns {
                        writeln!(self.out, "# {line}")?;
                    }
                }
                Err(reason) => writeln!(self.out, "# not read as it stands: {reason}")?,
            }
            write!(self.out, "{text}")?;
        }
        Ok(())
    }

    /// The first lines of a text.
    fn head(&mut self, name: &str, path: &Path) -> Result<()> {
        let bytes = regular::head(path, 4096).unwrap_or_default();
        if bytes.contains(&0) {
            return Ok(());
        }
        writeln!(self.out, "the head of {name}:")?;
        for line in String::from_utf8_lossy(&bytes).lines().take(HEAD.0) {
            writeln!(self.out, "  | {}", shortened(line))?;
        }
        Ok(())
    }

    /// The first of the proposals that reads the file, or the first of all; `None` if there are none.
    fn best(&self, file: &str, proposals: Vec<String>, folder: &Path) -> Option<Proposed> {
        let mut first = None;
        for text in proposals {
            let proposed = Proposed {
                file: file.to_owned(),
                read: self.read(&text, folder),
                text,
            };
            if proposed.read.is_ok() {
                return Some(proposed);
            }
            first.get_or_insert(proposed);
        }
        first
    }

    /// What outputs like these give of this run.
    fn read(&self, outputs: &str, folder: &Path) -> Result<Vec<String>, String> {
        let text = |error: anyhow::Error| format!("{error:#}");
        let overrides = &self.opened.study.overrides;
        let study = Study::load_to_try(&self.place.root, overrides, outputs);
        let study = study.map_err(|fault| fault.message)?;
        let store = self
            .opened
            .store_to_read()
            .map_err(|error| text(error.into()))?;
        let loaded_study =
            LoadedStudy::without_series(&study, store.as_ref(), false).map_err(text)?;
        let loaded = &loaded_study.list[self.unit.scenario];
        lines(loaded, self.unit.catchment, folder)
    }
}

/// Outputs that could be stated, and what they give.
struct Proposed {
    file: String,
    text: String,
    read: Result<Vec<String>, String>,
}

impl Proposed {
    /// The same for machines.
    fn document(self) -> Proposal {
        let (gives, fault) = match self.read {
            Ok(lines) => (lines, None),
            Err(reason) => (Vec::new(), Some(reason)),
        };
        Proposal {
            file: self.file,
            toml: self.text,
            gives,
            fault,
        }
    }
}

/// A line for a terminal.
fn shortened(line: &str) -> String {
    let line = line.replace('\t', "  ");
    let plain: String = line.chars().filter(|c| !c.is_control()).collect();
    match plain.char_indices().nth(HEAD.1) {
        None => plain,
        Some((at, _)) => format!("{}…", &plain[..at]),
    }
}
