//! `rerunoff assemble`: the product from the results there are.

use std::io::{Write, stderr, stdout};
use std::time::{Instant, SystemTime};

use anyhow::{Context, Result, anyhow};
use clap::Args;

use super::exit::Exit;
use super::open::ProjectPlace;
use super::options::jobs::cores;
use super::options::scenario::ScenarioOption;
use super::terminal::say;
use super::turn;
use crate::plan::Counts;
use crate::product::{self, AssembleOptions, AssembledProduct, PlannedStudy};
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
}

pub(super) fn assemble(place: &ProjectPlace, arguments: Arguments) -> Result<Exit> {
    let (started, began) = (Instant::now(), SystemTime::now());
    let opened = place.open()?;
    let study = &opened.study;
    let chosen = arguments.scenarios.of(study)?;
    let (_lock, mut store) = opened.store_to_write(arguments.wait)?;
    let loaded_study = opened.load(Some(&store), false, arguments.quiet)?;
    loaded_study.remember(&mut store)?;
    let (plans, _) = loaded_study.plan(Some(&store))?;
    let interrupt = Interrupt::installed().context("can't prepare for signals")?;
    let options = AssembleOptions {
        began,
        workers: cores(None),
        interrupt: &interrupt,
        quiet: arguments.quiet,
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
        writeln!(stderr(), "interrupted; the product is as it was").ok();
        return Ok(Exit::Interrupted);
    }
    let products = products?;
    (products.iter().filter_map(AssembledProduct::note)).for_each(|note| say(&note));
    let mut out = stdout();
    let counts: Counts = chosen.iter().map(|&at| plans[at].counts()).sum();
    let Counts {
        fresh, stale, bad, ..
    } = counts;
    // As in a run: what the project says to skip is not missing.
    let (missing, skipped) = match study.common().on_bad_input {
        OnBadInput::Fail => (stale + bad, 0),
        OnBadInput::Skip => (stale, bad),
    };
    write!(out, "{fresh} fresh, {missing} missing").ok();
    if skipped > 0 {
        write!(out, ", {skipped} skipped").ok();
    }
    write!(out, " in {}", duration(started.elapsed())).ok();
    for product in products {
        write!(out, "; {} {}", product.path.display(), product.state).ok();
    }
    writeln!(out).ok();
    Ok(if missing > 0 {
        Exit::Failures
    } else {
        Exit::Fine
    })
}
