//! `rerunoff evaluate`: sets of parameters in, numbers out, for programs that drive the model.
//!
//! It runs what the numbers need and nothing else, makes no product, and leaves the last run what it was. What it adds are results,
//! which the next evaluation finds; and, as any run does, imports, attempts that failed and their work directories.
//!
//! This file has the order of steps; [`samples`] has what becomes of each set, [`sheet`] how it is printed, and [`dakota`] the files of
//! a program that wants its own.

mod dakota;
mod samples;
mod sheet;

use std::collections::{BTreeSet, HashMap};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::Args;

use self::samples::{Evaluated, Sample};
pub(super) use self::sheet::Document;
use super::exit::{Exit, Usage};
use super::fault;
use super::open::{OpenProject, ProjectPlace};
use super::options::count::count;
use super::options::jobs::{cores, slots};
use super::options::only;
use super::options::scenario::ScenarioOption;
use super::options::sets::SetOptions;
use super::terminal::{print, print_document, say};
use super::wanted::wanted;
use crate::execute::giving_up::GiveUp;
use crate::execute::local::boundary;
use crate::execute::order::Work;
use crate::execute::parts::{Parts, kept};
use crate::execute::run_context::RunContext;
use crate::execute::timings::Timings;
use crate::execute::{Limits, RunReport, update};
use crate::plan::fast_path::FastPath;
use crate::plan::key::{Key, RawKey};
use crate::plan::loaded::{LoadedScenario, LoadedStudy};
use crate::plan::snapshot::ScenarioSnapshot;
use crate::plan::{Plan, Unit};
use crate::product;
use crate::product::numbers::{At, Comparisons, NumberColumn, WantedNumbers};
use crate::project::overrides::Overrides;
use crate::store::Store;
use crate::system::jobserver::makeflags::MakeFlags;
use crate::system::process::Interrupt;
use crate::system::progress::Verbosity;
use crate::system::whole_file;

/// What is told after an interrupt.
const INTERRUPTED: &str =
    "interrupted: the results that there are by now are kept; the same command goes on from here";

#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    sets: SetOptions,
    #[command(flatten)]
    scenarios: ScenarioOption,
    /// The numbers of these catchments, comma-separated, or @FILE with one id a line [default: the gauges for objectives; for summaries
    /// the outlets where sums go upstream, else all]
    #[arg(long, value_name = "ID,…|@FILE")]
    at: Option<String>,
    /// Only these summaries and objectives, comma-separated [default: all]
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    numbers: Option<Vec<String>>,
    /// Read the set from a parameters file of Dakota, and write its results file, whatever happens
    #[arg(long, num_args = 2, value_names = ["PARAMS", "RESULTS"], conflicts_with_all = ["samples", "output", "json"])]
    dakota: Option<Vec<PathBuf>>,
    /// One JSON document on standard output instead of CSV
    #[arg(long)]
    json: bool,
    /// Write the CSV to this file, whole or not at all
    #[arg(short, long, value_name = "FILE", conflicts_with = "json")]
    output: Option<PathBuf>,
    /// Simulators at work at once, whatever other callers do [default: the cores available, shared with them]
    #[arg(short, long, value_name = "N", value_parser = count)]
    jobs: Option<NonZeroUsize>,
    /// Start nothing new after so many catchments failed [default: 1 of a single set in a single scenario, as it has failed then; else
    /// any number]
    #[arg(long, value_name = "N", value_parser = count)]
    max_failures: Option<NonZeroUsize>,
    /// Wait while others use the project, where one needs it alone
    #[arg(long)]
    wait: bool,
    /// Print no progress, only what failed
    #[arg(short, long)]
    quiet: bool,
}

pub(super) fn evaluate(place: &ProjectPlace, arguments: Arguments) -> Result<Exit> {
    match arguments.dakota.as_deref() {
        Some([parameters, results]) => dakota::evaluate(place, &arguments, parameters, results),
        _ => {
            let overrides = arguments.sets.overrides()?;
            let Some(evaluated) = evaluated(place, &overrides, &arguments)? else {
                return fault::print_interrupted(INTERRUPTED, arguments.json);
            };
            match (arguments.json, &arguments.output) {
                (true, _) => print_document(&sheet::document(&evaluated))?,
                (false, None) => print(&sheet::csv(&evaluated)?)?,
                (false, Some(file)) => whole_file::write(file, &sheet::csv(&evaluated)?)
                    .with_context(|| format!("can't write {}", file.display()))?,
            }
            Ok(told(&evaluated, arguments.quiet))
        }
    }
}

/// Tells people what became of the samples, and machines by the exit code.
fn told(evaluated: &Evaluated, quiet: bool) -> Exit {
    for line in evaluated.failures() {
        say(&line);
    }
    if !quiet {
        say(&evaluated.line());
    }
    match evaluated.failed() {
        0 => Exit::Fine,
        _ => Exit::Failures,
    }
}

/// Runs what the numbers need, and computes them; `None` after an interrupt.
fn evaluated(
    place: &ProjectPlace,
    overrides: &Overrides,
    arguments: &Arguments,
) -> Result<Option<Evaluated>> {
    let started = Instant::now();
    let mut opened = place.open_passing(overrides)?;
    let chosen = arguments.scenarios.of(&opened.study)?;
    if arguments.dakota.is_some() && chosen.len() != 1 {
        let message = "Dakota wants the numbers of one scenario; name it with --scenario";
        return Err(Usage(message.to_owned()).into());
    }
    opened.keep(&chosen);
    let (_lock, mut store) = opened.store_to_write(arguments.wait)?;
    // It only adds results, so a state in which nothing is left to do still is one, however this ends.
    let held = FastPath::hold(&store)?;
    let evaluated = evaluated_in(&opened, &mut store, arguments, started);
    let released = FastPath::release(held, &mut store);
    let evaluated = evaluated?;
    released?;
    Ok(evaluated)
}

/// The same with an opened project and its store.
fn evaluated_in(
    opened: &OpenProject,
    store: &mut Store,
    arguments: &Arguments,
    started: Instant,
) -> Result<Option<Evaluated>> {
    let loaded_study = opened.import_and_load(store, false, arguments.quiet)?;
    // Sets differ in values only, so the first of each scenario tells of all.
    let alike =
        (loaded_study.list).chunk_by(|a, b| a.project.scenario.past() == b.project.scenario.past());
    alike.flat_map(<[_]>::first).try_for_each(product::check)?;
    loaded_study.remember(store)?;
    let at = arguments.at.as_deref();
    let at = at.map_or(Ok(At::Outlets), |at| catchments(&loaded_study, at))?;
    let needed = loaded_study.list.iter().map(|loaded| {
        let plan = Plan::unasked(loaded.basin.catchments().len());
        Ok(numbers(loaded, &plan, arguments, &at)?.needed().to_vec())
    });
    let needed: Vec<Vec<bool>> = needed.collect::<Result<_>>()?;
    let is_needed = |scenario: usize, catchment: usize| needed[scenario][catchment];
    let plans = loaded_study.plan_asked(Some(&*store), &is_needed)?;
    loaded_study.remember_own_files(store)?;
    let mut evaluation = Evaluation {
        arguments,
        opened,
        loaded_study: &loaded_study,
        plans,
        needed,
        at,
        // Until here a signal just ends the program.
        interrupt: Interrupt::installed().context("can't prepare for signals")?,
    };
    let wanted = evaluation.wanted()?;
    let report = evaluation.carry_out(&wanted, store)?;
    if evaluation.interrupt.is_triggered() {
        return Ok(None);
    }
    if let Some(obstacle) = &report.obstacle {
        bail!("{obstacle}; what was done before is kept: evaluate again");
    }
    let (samples, columns) = evaluation.samples(store, &report)?;
    Ok(Some(Evaluated {
        samples,
        columns,
        run: report.run,
        seconds: started.elapsed().as_secs_f64(),
    }))
}

/// The catchments that `--at` names.
fn catchments(loaded_study: &LoadedStudy<'_>, at: &str) -> Result<At> {
    let list: Vec<_> = loaded_study.list.iter().collect();
    let ids = only::chosen(&list, "--at", at)?;
    Ok(At::These(ids.into_iter().collect::<BTreeSet<_>>()))
}

/// An evaluation that has been planned.
struct Evaluation<'a> {
    arguments: &'a Arguments,
    opened: &'a OpenProject,
    loaded_study: &'a LoadedStudy<'a>,
    plans: Vec<Plan>,
    /// By scenario and catchment: whether its result goes into a number.
    needed: Vec<Vec<bool>>,
    at: At,
    interrupt: Interrupt,
}

/// The numbers that are wanted of a scenario, as its plan is now.
fn numbers(
    loaded: &LoadedScenario<'_>,
    plan: &Plan,
    arguments: &Arguments,
    at: &At,
) -> Result<WantedNumbers> {
    let snapshot = ScenarioSnapshot::without_positions(loaded, plan)?;
    let names = arguments.numbers.as_deref();
    let wanted = WantedNumbers::new(loaded.project, &snapshot, names, at)?;
    wanted.check(at)?;
    Ok(wanted)
}

impl Evaluation<'_> {
    /// What has to be run for the numbers.
    fn wanted(&self) -> Result<Vec<(Unit, Key)>> {
        let all: Vec<usize> = (0..self.plans.len()).collect();
        let mut wanted = wanted(self.loaded_study, &self.plans, &all, None, false)?;
        wanted.retain(|(unit, _)| self.needed[unit.scenario][unit.catchment]);
        Ok(wanted)
    }

    /// Runs it, but for what simulators left that only needs to be read again, and brings the plans up to date.
    fn carry_out(&mut self, wanted: &[(Unit, Key)], store: &mut Store) -> Result<RunReport> {
        if wanted.is_empty() {
            return Ok(RunReport::default());
        }
        let quiet = self.arguments.quiet;
        let most = match (self.arguments.max_failures, self.plans.len()) {
            (Some(most), _) => Some(most.get()),
            (None, 1) => Some(1),
            (None, _) => None,
        };
        let mut limits = Limits {
            slots: slots(
                self.arguments.jobs,
                &MakeFlags::of_environment(),
                &self.opened.cache,
                !quiet,
            ),
            give_up: most.map_or(GiveUp::Never, GiveUp::After),
            verbosity: if quiet {
                Verbosity::Quiet
            } else {
                Verbosity::Normal
            },
        };
        let kept = kept(&self.plans, wanted);
        let parts = Parts::of(wanted, kept).planned(&self.plans, Some(&*store));
        if parts.to_run.runs() > 0 && !quiet {
            let told = boundary::missing(self.opened.study.common());
            told.iter().for_each(|told| say(told));
        }
        let timings = Timings::default();
        let mut here = |work: &Work, kept: HashMap<Key, RawKey>, limits: &Limits| {
            let run_context = RunContext {
                slots: &limits.slots,
                interrupt: &self.interrupt,
                timings: &timings,
            };
            update(
                &self.loaded_study.list,
                store,
                work,
                kept,
                limits,
                run_context,
            )
        };
        let mut report = here(&parts.again, parts.kept.clone(), &limits)?;
        if report.goes_on() && !self.interrupt.is_triggered() {
            limits.give_up = limits.give_up.after(report.failed.len());
            report = report.and(here(&parts.to_run, HashMap::new(), &limits)?);
        }
        let is_wanted = |key: &Key| parts.have(key);
        (self.loaded_study).plan_after(store, &mut self.plans, &is_wanted, &report.good)?;
        Ok(report)
    }

    /// What became of each sample, and what their numbers are of.
    fn samples(
        &self,
        store: &Store,
        report: &RunReport,
    ) -> Result<(Vec<Sample>, Vec<NumberColumn>)> {
        let overrides = &self.opened.study.overrides;
        let parameters = samples::parameters(&self.loaded_study.list, overrides.sets());
        let failures = samples::Failures::of(report);
        let mut samples = Vec::with_capacity(self.plans.len());
        let (mut wanted, mut columns) = (Vec::new(), Arc::default());
        let mut comparisons = Comparisons::default();
        for (scenario, (loaded, plan)) in self.loaded_study.list.iter().zip(&self.plans).enumerate()
        {
            let numbers = numbers(loaded, plan, self.arguments, &self.at)?;
            if scenario == 0 {
                wanted = numbers.columns();
            }
            let outcome = match failures.of_sample(loaded, plan, numbers.needed()) {
                Some(failure) => Err(failure),
                None => {
                    let results = samples::results(plan);
                    let time = loaded.basin.time();
                    let (project, cores) = (loaded.project, cores(None));
                    let all = (numbers).of_results(
                        project,
                        time,
                        &results,
                        store,
                        cores,
                        &mut comparisons,
                    )?;
                    Ok(samples::sharing(&mut columns, all.chosen()))
                }
            };
            samples.push(Sample {
                name: samples::name(loaded, overrides),
                parameters: samples::values(loaded, &parameters),
                outcome,
            });
        }
        let columns = samples::columns(&samples, wanted);
        Ok((samples, columns))
    }
}

/// The error for a table whose columns could not be told apart.
fn ambiguous(name: &str) -> anyhow::Error {
    let message = format!(
        "two columns would be called {name:?}; `--numbers` leaves out what is not wanted, or rename the parameter"
    );
    Usage(message).into()
}
