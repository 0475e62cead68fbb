//! `rerunoff assemble`: the product from the results there are.

use std::io::{Write, stdout};
use std::time::{Instant, SystemTime};

use anyhow::{Context, Result, anyhow};
use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use super::document::{Products, objective_lines, objectives_of};
use super::exit::Exit;
use super::fault::print_interrupted;
use super::open::ProjectPlace;
use super::options::jobs::cores;
use super::options::scenario::ScenarioOption;
use super::terminal::{print_document, say};
use super::turn;
use crate::data::objective::ObjectiveNumbers;
use crate::plan::Counts;
use crate::product::{self, AssembleOptions, AssembledProduct, Beginning, PlannedStudy};
use crate::project::OnBadInput;
use crate::system::process::Interrupt;
use crate::system::progress::duration;

#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    scenarios: ScenarioOption,
    /// Wait while others use the project, where one needs it alone
    #[arg(long)]
    wait: bool,
    /// Print no progress, only the last line
    #[arg(short, long)]
    quiet: bool,
    /// One JSON document instead of text
    #[arg(long)]
    json: bool,
}

/// The products, and what they are made of.
#[derive(Serialize, JsonSchema)]
pub(super) struct Document {
    /// Catchments with a valid result, counted in each scenario.
    fresh: usize,
    /// Those without one.
    missing: usize,
    /// Those that can't be run, where the project says to skip them; else they are missing.
    skipped: usize,
    /// The whole time.
    seconds: f64,
    #[serde(flatten)]
    products: Products,
    /// What the objectives of the products come to, scenario by scenario; left out where there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    objectives: Vec<ObjectiveNumbers>,
}

pub(super) fn assemble(place: &ProjectPlace, arguments: Arguments) -> Result<Exit> {
    let (started, began) = (Instant::now(), SystemTime::now());
    let opened = place.open()?;
    let study = &opened.study;
    let chosen = arguments.scenarios.of(study)?;
    let (_lock, mut store) = opened.store_to_write(arguments.wait)?;
    let beginning = Beginning::of(began, &study.products(), &store)?;
    let loaded_study = opened.load(Some(&store), false, arguments.quiet || arguments.json)?;
    loaded_study.remember(&mut store)?;
    let (plans, _) = loaded_study.plan(Some(&store))?;
    let interrupt = Interrupt::installed().context("can't prepare for signals")?;
    let options = AssembleOptions {
        beginning: &beginning,
        workers: cores(None),
        interrupt: &interrupt,
        quiet: arguments.quiet || arguments.json,
    };
    let planned = PlannedStudy {
        study,
        scenarios: &loaded_study.list,
        plans: &plans,
        chosen: &chosen,
    };
    let products = match turn::to_write_products(&opened.cache, &interrupt)? {
        Some(_turn) => product::assemble(&planned, &mut store, &options),
        None => Err(anyhow!("interrupted")),
    };
    if interrupt.is_triggered() && products.is_err() {
        return print_interrupted("interrupted; the product is as it was", arguments.json);
    }
    let products = products?;
    (products.iter().filter_map(AssembledProduct::note)).for_each(|note| say(&note));
    let objectives = objectives_of(&products);
    objective_lines(&objectives)
        .iter()
        .for_each(|line| say(line));
    let counts: Counts = chosen.iter().map(|&at| plans[at].counts()).sum();
    let Counts {
        fresh, stale, bad, ..
    } = counts;
    // As in a run: what the project says to skip is not missing.
    let (missing, skipped) = match study.common().on_bad_input {
        OnBadInput::Fail => (stale + bad, 0),
        OnBadInput::Skip => (stale, bad),
    };
    let exit = match missing {
        0 => Exit::Fine,
        _ => Exit::Failures,
    };
    if arguments.json {
        print_document(&Document {
            fresh,
            missing,
            skipped,
            seconds: started.elapsed().as_secs_f64(),
            products: Products::of(&products),
            objectives,
        })?;
        return Ok(exit);
    }
    let mut out = stdout();
    write!(out, "{fresh} fresh, {missing} missing").ok();
    if skipped > 0 {
        write!(out, ", {skipped} skipped").ok();
    }
    write!(out, " in {}", duration(started.elapsed())).ok();
    for product in products {
        write!(out, "; {} {}", product.path.display(), product.state).ok();
    }
    writeln!(out).ok();
    Ok(exit)
}
