//! `rerunoff try`: one catchment is run and shown, nothing is stored; and what could be taken from it is proposed.

mod proposed;
mod shown;
mod words;

use std::fs;
use std::io::{Write, stdout};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use self::proposed::Proposal;
use self::shown::Shown;
use self::words::{cost, values};
use super::exit::Exit;
use super::fault::print_interrupted;
use super::new_folder::new_folder;
use super::open::{OpenProject, ProjectPlace};
use super::terminal::{print_document, say};
use super::tried_document::{LeftFile, TriedOf, failure};
use crate::cli::options::only::find;
use crate::cli::options::scenario::place_of;
use crate::cli::options::sets::SetOptions;
use crate::execute::run_context::RunContext;
use crate::execute::timings::Timings;
use crate::execute::trying::{self, Tried};
use crate::plan::Unit;
use crate::plan::loaded::{LoadedScenario, LoadedStudy};
use crate::system::jobserver::slots::Slots;
use crate::system::process::Interrupt;

/// What is said if a signal ends it.
pub(super) const INTERRUPTED: &str = "interrupted; nothing was changed";

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

/// A catchment that was run.
struct Ran<'a> {
    place: &'a ProjectPlace,
    opened: &'a OpenProject,
    loaded: &'a LoadedScenario<'a>,
    unit: Unit,
    tried: &'a Tried,
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
    let ran = Ran {
        place,
        opened: &opened,
        loaded,
        unit,
        tried: &tried,
    };
    let mut shown = Shown {
        ran,
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
