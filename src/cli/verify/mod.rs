//! `rerunoff verify`: runs fresh catchments again and compares, to find simulators that do not always give the same and
//! inputs that nobody declared; with `--on`, classes of machines that do not. Nothing is stored.

mod comparison;

use std::collections::HashSet;
use std::io::{Write, stderr, stdout};
use std::num::NonZeroUsize;
use std::time::SystemTime;

use anyhow::{Context, Result};
use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use self::comparison::{Comparison, Differing};
use super::exit::{Exit, Usage};
use super::fault::print_interrupted;
use super::open::ProjectPlace;
use crate::cli::options::count::count;
use crate::cli::options::jobs::slots;
use crate::cli::options::only::chosen;
use crate::cli::options::place::on;
use crate::cli::options::scenario::ScenarioOption;
use crate::cli::terminal::{print_document, say};
use crate::cluster::head::Wish;
use crate::cluster::verify::{TrialTaker, carry_out};
use crate::data::digest::Digest;
use crate::execute::local::boundary;
use crate::execute::local::failed_runs::FailedRuns;
use crate::execute::make_ready;
use crate::execute::next::Next;
use crate::execute::order::{Work, orders};
use crate::execute::run_context::RunContext;
use crate::execute::timings::Timings;
use crate::plan::key::Key;
use crate::plan::loaded::{LoadedScenario, LoadedStudy};
use crate::plan::{Plan, State, Unit};
use crate::project::cluster::EngineKind;
use crate::store::Store;
use crate::system::jobserver::makeflags::MakeFlags;
use crate::system::process::Interrupt;

/// What it means that the same inputs gave something else.
pub(super) const CAUSES: &str = "Either the simulator does not always compute the same (random numbers, threads, the clock), or it reads \
    what the project does not state: add such files to simulator.support.";

#[derive(Args)]
pub(super) struct Arguments {
    /// How many of the fresh catchments: a share or a number
    #[arg(
        long,
        value_name = "1%|N",
        default_value = "1%",
        conflicts_with = "only"
    )]
    sample: String,
    /// Only these catchments, comma-separated, or @FILE with one id a line
    #[arg(long, value_name = "ID,…|@FILE")]
    only: Option<String>,
    #[command(flatten)]
    scenarios: ScenarioOption,
    /// Draw the same sample as the run that printed this number
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Simulators at work at once, whatever other callers do [default: the cores available, shared with them]
    #[arg(short, long, value_name = "N", value_parser = count)]
    jobs: Option<NonZeroUsize>,
    /// Run them by this engine and not here: slurm, gridengine, command or local
    #[arg(long, value_name = "ENGINE", conflicts_with = "jobs")]
    on: Option<EngineKind>,
    /// Wait while others use the project, where one needs it alone
    #[arg(long)]
    wait: bool,
    /// Print no progress, only differences and the last line
    #[arg(short, long)]
    quiet: bool,
    /// One JSON document instead of text
    #[arg(long)]
    json: bool,
}

/// What gave the same when it was run again, and what did not.
#[derive(Serialize, JsonSchema)]
pub(super) struct Document {
    /// How many results were made again.
    run: usize,
    /// How many of them are what is stored, to the bit.
    same: usize,
    /// Those that are not.
    differing: Vec<Differing>,
    /// What the sample was drawn by: the same number draws it again; `null` if all or named ones were run.
    seed: Option<u64>,
}

pub(super) fn verify(place: &ProjectPlace, arguments: Arguments) -> Result<Exit> {
    let opened = place.open()?;
    let chosen = arguments.scenarios.of(&opened.study)?;
    let (_lock, mut store) = opened.store_to_write(arguments.wait)?;
    let quiet = arguments.quiet || arguments.json;
    let loaded_study = opened.load(Some(&store), false, quiet)?;
    let (plans, _) = loaded_study.plan(Some(&store))?;
    let (loaded_study, plans) = loaded_study.chosen(plans, &chosen);
    let fresh = fresh(&plans);
    let (wanted, seed) = match &arguments.only {
        Some(only) => (named(&loaded_study, &fresh, only)?, None),
        None => drawn(fresh, &arguments)?,
    };
    if wanted.is_empty() {
        let nothing = Document {
            run: 0,
            same: 0,
            differing: Vec::new(),
            seed,
        };
        return nothing.print(
            arguments.json,
            "nothing is fresh, so there is nothing to verify",
        );
    }
    let interrupt = Interrupt::installed().context("can't prepare for signals")?;
    let flags = MakeFlags::of_environment();
    let run_context = RunContext {
        slots: &slots(arguments.jobs, &flags, &opened.cache, !quiet),
        interrupt: &interrupt,
        timings: &Timings::default(),
    };
    let here = opened.study.common();
    if arguments.on.is_none() && !quiet {
        boundary::missing(here).iter().for_each(|told| say(told));
    }
    let comparison = Comparison::new(opened.study.common(), wanted.len(), quiet);
    let comparison = match arguments.on {
        None => compare(&loaded_study.list, &store, &wanted, run_context, comparison)?,
        Some(engine) => {
            let (spec, work) = (on(&opened.study, Some(engine))?, Work::of(&wanted));
            let wish = Wish::of(&spec, &opened.study, &loaded_study, &work);
            let packages = opened.cache.cluster();
            carry_out(&packages, &wish, &mut store, &interrupt, comparison)?
        }
    };
    let (same, differing) = comparison.finish()?;
    if interrupt.is_triggered() {
        return print_interrupted("interrupted; nothing was changed", arguments.json);
    }
    let differ = differing.len();
    let run = same + differ;
    let document = Document {
        run,
        same,
        differing,
        seed,
    };
    let mut text = format!("{run} run again: {same} gave the same result, {differ} did not");
    if differ > 0 {
        text = format!("{text}\n{CAUSES}");
    }
    document.print(arguments.json, &text)
}

impl Document {
    /// Prints it, or for people this text, and returns the exit code for it.
    fn print(&self, json: bool, text: &str) -> Result<Exit> {
        match json {
            true => print_document(self)?,
            false => drop(writeln!(stdout(), "{text}").ok()),
        }
        Ok(match self.differing.len() {
            0 => Exit::Fine,
            _ => Exit::Failures,
        })
    }
}

/// Runs what is wanted again here, and compares.
fn compare(
    loaded_study: &[LoadedScenario<'_>],
    store: &Store,
    wanted: &[(Unit, Key)],
    run_context: RunContext<'_>,
    mut comparison: Comparison,
) -> Result<Comparison> {
    let project = loaded_study
        .first()
        .context("a study has a scenario")?
        .project;
    // Apart from what is kept of runs.
    let failed_runs = FailedRuns::new(project.cache().join("verify"));
    let orders = orders(loaded_study, store, wanted, false)?;
    let mut executor = make_ready(loaded_study, run_context, &failed_runs)?;
    executor.run(&orders, &mut |trial| {
        if let Some(trial) = trial {
            comparison.take(store, &trial);
        }
        match run_context.interrupt.is_triggered() {
            true => Next::Stop,
            false => comparison.next(),
        }
    })?;
    Ok(comparison)
}

/// What is fresh, each key once: scenarios that share a result need it run only once.
fn fresh(plans: &[Plan]) -> Vec<(Unit, Key)> {
    let mut seen = HashSet::new();
    let mut fresh = Vec::new();
    for (scenario, plan) in plans.iter().enumerate() {
        for (catchment, entry) in plan.entries.iter().enumerate() {
            if let (State::Fresh(_), Some(key)) = (&entry.state, entry.key)
                && seen.insert(key)
            {
                let unit = Unit {
                    scenario,
                    catchment,
                };
                fresh.push((unit, key));
            }
        }
    }
    fresh
}

/// The fresh catchments that the user names; one that is fresh nowhere is an error.
fn named(
    loaded_study: &LoadedStudy<'_>,
    fresh: &[(Unit, Key)],
    only: &str,
) -> Result<Vec<(Unit, Key)>> {
    let list: Vec<&LoadedScenario<'_>> = loaded_study.list.iter().collect();
    let chosen = chosen(&list, "--only", only)?;
    let id = |unit: &Unit| loaded_study.list[unit.scenario].basin.id(unit.catchment);
    let wanted = fresh.iter().filter(|(unit, _)| chosen.contains(id(unit)));
    let wanted: Vec<(Unit, Key)> = wanted.copied().collect();
    let found: HashSet<_> = wanted.iter().map(|(unit, _)| id(unit)).collect();
    if let Some(id) = chosen.iter().find(|id| !found.contains(id)) {
        let why = "has no fresh result to compare with; `rerunoff run` makes one";
        return Err(Usage(format!("catchment {id} {why}")).into());
    }
    Ok(wanted)
}

/// What is to be run again, and the number that it was drawn by, if it is a sample.
type Drawn = (Vec<(Unit, Key)>, Option<u64>);

/// A random sample, in the basins' order.
fn drawn(fresh: Vec<(Unit, Key)>, arguments: &Arguments) -> Result<Drawn> {
    let text = &arguments.sample;
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|n| *n > 0.0);
    let count = match text.strip_suffix('%') {
        Some(share) => number(share).map(|share| (share / 100.0 * fresh.len() as f64).ceil()),
        None => number(text).map(f64::ceil),
    };
    let Some(count) = count else {
        return Err(Usage(format!("--sample {text}: write \"1%\" or a number")).into());
    };
    let seed = arguments.seed.unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        now.map_or(0, |now| now.as_nanos() as u64 % 1_000_000)
    });
    let is_sample = (count as usize) < fresh.len();
    if !arguments.quiet && !arguments.json && is_sample {
        writeln!(
            stderr(),
            "drawing {count} of {} (--seed {seed})",
            fresh.len()
        )
        .ok();
    }
    let lot = |key: &Key| {
        let drawn = [&seed.to_le_bytes(), &key.0.as_bytes()[..]].concat();
        *Digest::of(&drawn).as_bytes()
    };
    let mut drawn = fresh;
    drawn.sort_by_cached_key(|(at, key)| (lot(key), *at));
    drawn.truncate(count as usize);
    drawn.sort_by_key(|(at, _)| *at);
    Ok((drawn, is_sample.then_some(seed)))
}
