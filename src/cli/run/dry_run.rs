//! `rerunoff run --dry-run`: what would be run and why.

use std::io::{Write, stdout};

use anyhow::Result;
use serde::Serialize;

use super::Arguments;
use super::selection::Selection;
use crate::cli::document::Cause;
use crate::cli::exit::Exit;
use crate::cli::fault::Fault;
use crate::cli::open::OpenProject;
use crate::cli::options::jobs::cores;
use crate::cli::refusal::CannotRun;
use crate::cli::terminal::print_document;
use crate::history::prediction::Prediction;
use crate::plan::causes;

/// What would be done, for machines.
#[derive(Serialize)]
struct Document<'a> {
    catchments: usize,
    would_run: usize,
    causes: Vec<Cause>,
    prediction: Option<Prediction>,
    /// Why a run would not start.
    refused: Option<String>,
    /// The same as a run would print it.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Fault<'a>>,
}

/// Plans and prints, and changes nothing: not even a cache folder is made.
pub(super) fn dry_run(
    opened: &OpenProject,
    chosen: &[usize],
    arguments: &Arguments,
) -> Result<Exit> {
    let store = opened.store_to_read()?;
    let loaded_study = opened.load(store.as_ref(), arguments.rehash, arguments.quiet)?;
    let (plans, _) = loaded_study.plan(store.as_ref())?;
    let selection = Selection::of(&loaded_study, &plans, chosen, arguments)?;
    let (runs, all) = (selection.work.runs(), selection.all);
    let causes = match arguments.only {
        Some(_) => selection.causes(&plans, arguments.force),
        // This includes those that can't be run.
        None => causes(
            chosen.iter().flat_map(|&at| &plans[at].entries),
            arguments.force,
        ),
    };
    let prediction = match &store {
        Some(store) => {
            let (units, workers) = (selection.work.units(), cores(arguments.jobs));
            Prediction::of(store, &loaded_study, units, workers)?
        }
        None => None,
    };
    let refusal = match CannotRun::of(&loaded_study, &plans) {
        Some(bad) => Some(bad.into()),
        None => (selection.too_many(arguments.max_rerun, &causes)).map(anyhow::Error::from),
    };
    let error = refusal.as_ref().map(Fault::of);
    let exit = error.as_ref().map_or(Exit::Fine, Fault::exit);
    if arguments.json {
        print_document(&Document {
            catchments: all,
            would_run: runs,
            causes: Cause::all(causes),
            prediction,
            refused: refusal.as_ref().map(ToString::to_string),
            error,
        })?;
        return Ok(exit);
    }
    let mut out = stdout().lock();
    writeln!(out, "would run {runs} of {all}").ok();
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
