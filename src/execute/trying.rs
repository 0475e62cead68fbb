//! One run of one catchment for a person to look at: nothing of it is stored, and all that it leaves can be looked at.
//!
//! It is a run like any other, by the same worker and with the same checks. What is compared with what is the work directory as the
//! simulator got it and as it left it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use schemars::JsonSchema;
use serde::Serialize;

use super::local::failed_runs::FailedRuns;
use super::local::forcing::Forcing;
use super::local::job::prepare_directory;
use super::local::netcdf_reader::NetcdfReader;
use super::local::validate::validate;
use super::local::work_directory::{PRINTED_FILES, WorkDirectory};
use super::local::work_folders::WorkFolders;
use super::make_ready_in;
use super::next::Next;
use super::order::Order;
use super::run_context::RunContext;
use super::trial::Trial;
use crate::data::time_axis::TimeAxis;
use crate::plan::Unit;
use crate::plan::loaded::LoadedScenario;
use crate::project::Timeout;
use crate::system::process::{Guard, Interrupt};
use crate::system::regular;

/// A simulator that is run only to be looked at may take so long where its time limit depends on earlier runs.
const LONG: Duration = Duration::from_secs(24 * 3600);

/// A run that was tried.
pub(crate) struct Tried {
    /// How it went.
    pub trial: Trial,
    /// The work directory as the simulator left it, if it came that far.
    pub folder: Option<PathBuf>,
    /// What is in it beside what was there before, by path.
    pub left: Vec<Left>,
}

/// A file in a work directory that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Left {
    /// Its path below the work directory.
    pub name: String,
    pub change: Change,
    /// Its size in bytes.
    pub size: u64,
}

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Change {
    /// It was not there.
    New,
    /// It was another.
    Changed,
    /// It is not there any more.
    Removed,
}

/// Runs a catchment in work directories below `base`, an empty folder; `None` if it was interrupted.
///
/// # Errors
/// If the catchment's files can't be made.
pub(crate) fn run_once(
    loaded_study: &[LoadedScenario<'_>],
    unit: Unit,
    run_context: RunContext<'_>,
    base: &Path,
) -> Result<Option<Tried>> {
    let loaded = &loaded_study[unit.scenario];
    let (project, recipe) = (loaded.project, &loaded.recipe);
    let context = || format!("catchment {}", loaded.label(unit.catchment));
    let forcing = Forcing::new(loaded.series(unit.catchment).with_context(context)?);
    let rendered = recipe
        .render(&loaded.basin, unit.catchment)
        .with_context(context)?;
    let before = WorkDirectory::at(base.join("before"));
    prepare_directory(recipe, project, &rendered, &forcing, &before)
        .map_err(|failure| anyhow::anyhow!("{failure}"))
        .with_context(context)?;
    let order = Order {
        scenario: project.scenario.name.clone(),
        catchment: loaded.basin.id(unit.catchment).clone(),
        key: recipe.key(&rendered, forcing.digests()),
        time_limit: project.simulator.timeout.map(|timeout| match timeout {
            Timeout::Fixed(limit) => limit,
            Timeout::Auto { floor } => floor.max(LONG),
        }),
        last_wall: None,
        keeps_series: false,
    };
    let failed_runs = FailedRuns::of_all(base.join("after"));
    let name = format!("try-{}", std::process::id());
    let keeper = File::open(base).with_context(|| format!("can't open {}", base.display()))?;
    let work_folders = WorkFolders::of_task(project.work, base.join("work"), &name, &keeper)?;
    let mut executor = make_ready_in(work_folders, loaded_study, run_context, &failed_runs)?;
    let mut tried = None;
    executor.run(&[order], &mut |trial| {
        tried = trial.or(tried.take());
        Next::Wait
    })?;
    let Some(trial) = tried else {
        return Ok(None);
    };
    let folder = failed_runs.kept(&trial.scenario, &trial.catchment);
    let left = match &folder {
        Some(folder) => left(before.path(), folder),
        None => Vec::new(),
    };
    Ok(Some(Tried {
        trial,
        folder,
        left,
    }))
}

/// The columns that the outputs of a project give of what a run of a catchment left in this folder, or why they give none.
pub(crate) fn columns(
    loaded: &LoadedScenario<'_>,
    catchment: usize,
    folder: &Path,
) -> Result<Vec<(String, Vec<f64>)>, String> {
    let project = loaded.project;
    let rendered = loaded.recipe.render(&loaded.basin, catchment);
    let rendered = rendered.map_err(|problem| problem.to_string())?;
    let code = project
        .simulator
        .exit_codes
        .first()
        .copied()
        .unwrap_or_default();
    let time = loaded.basin.time();
    let steps = time.map_or(&[][..], TimeAxis::nanoseconds);
    let interrupt = Interrupt::new().map_err(|error| error.to_string())?;
    let mut reader = NetcdfReader {
        guard: &mut Guard::default(),
        interrupt: &interrupt,
    };
    validate(project, steps, code, &rendered, folder, &mut reader)
        .map_err(|failure| failure.to_string())
}

/// What differs between two folders, by path; links and what was printed are left out.
fn left(before: &Path, after: &Path) -> Vec<Left> {
    let [before_files, after_files] = [before, after].map(files);
    let names: BTreeSet<&String> = before_files.keys().chain(after_files.keys()).collect();
    let mut all = Vec::new();
    for name in names {
        if PRINTED_FILES.contains(&name.as_str()) {
            continue;
        }
        let change = match (before_files.get(name), after_files.get(name)) {
            (None, Some(_)) => Change::New,
            (Some(_), None) => Change::Removed,
            (Some(then), Some(now))
                if then == now && is_same(&before.join(name), &after.join(name)) =>
            {
                continue;
            }
            _ => Change::Changed,
        };
        let size = after_files.get(name).copied().unwrap_or_default();
        all.push(Left {
            name: name.clone(),
            change,
            size,
        });
    }
    all
}

fn is_same(one: &Path, other: &Path) -> bool {
    let digests = [one, other].map(|path| regular::digest(path).ok());
    digests[0].is_some() && digests[0] == digests[1]
}

/// The regular files below a folder with their sizes. What can't be looked at is left out.
fn files(folder: &Path) -> BTreeMap<String, u64> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![PathBuf::new()];
    while let Some(inner) = waiting.pop() {
        let entries = fs::read_dir(folder.join(&inner))
            .into_iter()
            .flatten()
            .flatten();
        for entry in entries {
            let path = inner.join(entry.file_name());
            match entry.metadata() {
                Ok(metadata) if metadata.is_dir() => waiting.push(path),
                Ok(metadata) if metadata.is_file() => {
                    found.insert(path.to_string_lossy().into_owned(), metadata.len());
                }
                Ok(_) | Err(_) => {}
            }
        }
    }
    found
}
