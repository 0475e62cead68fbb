//! `rerunoff run --dry-run`: what would be run and why.

use std::io::{Write, stdout};

use anyhow::Result;
use schemars::JsonSchema;
use serde::Serialize;

use super::Arguments;
use super::selection::{Exempt, Selection};
use crate::cli::document::Cause;
use crate::cli::exit::Exit;
use crate::cli::fault::Fault;
use crate::cli::open::OpenProject;
use crate::cli::options::jobs::cores;
use crate::cli::options::place::Place;
use crate::cli::refusal::CannotRun;
use crate::cli::terminal::print_document;
use crate::cluster::head::Bill;
use crate::cluster::{self, owed};
use crate::history::account::is_zero;
use crate::history::prediction::Prediction;
use crate::plan::causes;

/// What would be done, with `--dry-run`.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct DryRun<'a> {
    /// Counted in each scenario that is asked for.
    catchments: usize,
    /// How many simulators would be run; what scenarios have in common once.
    would_run: usize,
    /// For how many what their simulators left would only be read again; left out where there are none.
    #[serde(skip_serializing_if = "is_zero")]
    would_read_again: usize,
    /// What they would be run for.
    causes: Vec<Cause>,
    /// How long it would take here; `null` where nothing is to be run or nothing is known.
    prediction: Option<Prediction>,
    /// What it would take on a cluster; left out unless it would go there.
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster: Option<Bill>,
    /// How many runs tasks on a cluster are at work on already; left out where there are none.
    #[serde(skip_serializing_if = "is_zero")]
    under_way: usize,
    /// Why a run would not start; `null` if it would.
    refused: Option<String>,
    /// The same as a run would print it; left out if it would start.
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
    let place = arguments.place.place(&opened.study)?;
    // What is under way is looked up in what the last run left; taking in what has come since would be a change.
    let exempt = Exempt {
        owed: owed::of_all(&opened.cache.cluster())?,
        ..Exempt::default()
    };
    let selection = Selection::of(
        &loaded_study,
        &plans,
        chosen,
        arguments,
        &exempt,
        store.as_ref(),
    )?;
    let under_way = selection.under_way();
    let cluster = match &place {
        Place::Cluster(spec) if selection.parts.to_run.runs() > 0 => {
            let (study, work) = (&opened.study, &selection.parts.to_run);
            Some(cluster::run::bill(
                spec,
                study,
                &loaded_study,
                store.as_ref(),
                work,
            )?)
        }
        _ => None,
    };
    let (runs, all) = (selection.parts.to_run.runs(), selection.all);
    let again = selection.parts.again.runs();
    let causes = match arguments.only {
        Some(_) => selection.causes(&plans, arguments.force),
        // This includes those that can't be run.
        None => causes(
            chosen.iter().flat_map(|&at| &plans[at].entries),
            arguments.force,
        ),
    };
    let prediction = match &store {
        Some(store) if cluster.is_none() => {
            let (units, workers) = (selection.parts.to_run.units(), cores(arguments.jobs));
            Prediction::of(store, &loaded_study, units, workers)?
        }
        _ => None,
    };
    let refusal = match CannotRun::of(&loaded_study, &plans) {
        Some(bad) => Some(bad.into()),
        None => (selection.too_many(arguments.max_rerun, &causes)).map(anyhow::Error::from),
    };
    let error = refusal.as_ref().map(Fault::of);
    let exit = error.as_ref().map_or(Exit::Fine, Fault::exit);
    if arguments.json {
        print_document(&DryRun {
            catchments: all,
            would_run: runs,
            would_read_again: again,
            causes: Cause::all(causes),
            prediction,
            cluster,
            under_way,
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
    if again > 0 {
        writeln!(
            out,
            "{again:>7} to be read again from kept outputs, {runs} to run"
        )
        .ok();
    }
    if let Some(prediction) = prediction {
        writeln!(out, "        to run: {prediction}").ok();
    }
    if let Some(bill) = cluster {
        writeln!(out, "        {bill}").ok();
    }
    if under_way > 0 {
        writeln!(out, "        {under_way} more are under way already").ok();
    }
    if let Some(refusal) = refusal {
        writeln!(out, "a run would refuse to start: {refusal}").ok();
    }
    Ok(exit)
}
