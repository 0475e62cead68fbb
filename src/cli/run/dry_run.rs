//! `rerunoff run --dry-run`: what would be run and why.

use std::io::{Write, stdout};

use anyhow::Result;
use serde::Serialize;

use super::summary::Cause;
use super::wanted::{CannotRun, TooMany, wanted};
use crate::cli::fault::{Fault, print_document};
use crate::cli::options::jobs::cores;
use crate::cli::run::Arguments;
use crate::cli::{Exit, import, open};
use crate::execute::Work;
use crate::history::prediction::Prediction;
use crate::plan::key::Key;
use crate::plan::loaded::LoadedStudy;
use crate::plan::{Unit, causes};
use crate::project::Study;
use crate::store::Store;
use crate::store::cache_folder::Cache;

/// What would be done, for machines.
#[derive(Serialize)]
struct Document<'a> {
    catchments: usize,
    would_run: usize,
    causes: Vec<Cause>,
    prediction: Option<Prediction>,
    /// Why a run would not start.
    refused: Option<String>,
    /// The same, as the run would tell it.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Fault<'a>>,
}

/// Plans and tells, and touches nothing: not even a cache folder is made.
pub(crate) fn dry_run(study: &Study, chosen: &[usize], arguments: &Arguments) -> Result<Exit> {
    let project = study.common();
    let store = Cache::at(project.cache()).store_to_read()?;
    import::before_look(project, store.as_ref())?;
    let loaded_study = open(study, store.as_ref(), arguments.rehash, arguments.quiet)?;
    let (plans, _) = loaded_study.plan(store.as_ref())?;
    let (only, force) = (arguments.only.as_deref(), arguments.force);
    let wanted = wanted(&loaded_study, &plans, chosen, only, force)?;
    let work = Work::of(&wanted);
    let entry = |(unit, _): &(Unit, Key)| &plans[unit.scenario].entries[unit.catchment];
    let causes = match arguments.only {
        Some(_) => causes(wanted.iter().map(entry), force),
        None => causes(chosen.iter().flat_map(|&at| &plans[at].entries), force),
    };
    let prediction = match &store {
        Some(store) => prediction(store, &loaded_study, &work, cores(arguments.jobs))?,
        None => None,
    };
    let all: usize = chosen.iter().map(|&at| plans[at].entries.len()).sum();
    let refusal = match CannotRun::of(&loaded_study, &plans) {
        Some(bad) => Some(bad.into()),
        None => TooMany::of(arguments, work.runs(), all, &causes).map(anyhow::Error::from),
    };
    let error = refusal.as_ref().map(Fault::of);
    let exit = error.as_ref().map_or(Exit::Fine, Fault::exit);
    if arguments.json {
        print_document(&Document {
            catchments: all,
            would_run: work.runs(),
            causes: Cause::all(causes),
            prediction,
            refused: refusal.as_ref().map(ToString::to_string),
            error,
        })?;
        return Ok(exit);
    }
    let mut out = stdout().lock();
    writeln!(out, "would run {} of {all}", work.runs()).ok();
    for (count, cause) in causes {
        writeln!(out, "{count:>7} {cause}").ok();
    }
    if let Some(prediction) = prediction {
        writeln!(out, "        to run: {prediction}").ok();
    }
    if let Some(refusal) = refusal {
        writeln!(out, "a run would refuse to start: {refusal}").ok();
    }
    Ok(exit)
}

/// How long the work will take.
pub(crate) fn prediction(
    store: &Store,
    loaded_study: &LoadedStudy<'_>,
    work: &Work,
    workers: usize,
) -> Result<Option<Prediction>> {
    let name = |unit: Unit| {
        let loaded = &loaded_study.list[unit.scenario];
        let id = loaded.basin.id(unit.catchment);
        (loaded.project.scenario.name.clone(), id.clone())
    };
    let units: Vec<_> = work.units().map(name).collect();
    Prediction::of(store, &units, workers)
}
