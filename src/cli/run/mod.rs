//! `rerunoff run`: run what is stale, bring the product up to date.

mod course;
pub(crate) mod dry_run;
pub(crate) mod max_rerun;
pub(crate) mod summary;
pub(crate) mod wanted;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use anyhow::{Context, Result};
use clap::Args;

use self::course::Course;
use super::{Exit, import, open, say, tag};
use crate::cli::options::jobs::slots;
use crate::cli::options::scenario::ScenarioOption;
use crate::cli::run::max_rerun::MaxRerun;
use crate::cli::run::summary::{ProductOf, RunSummary};
use crate::cli::run::wanted::{CannotRun, TooMany, wanted};
use crate::execute::local::failed_runs::FailedRuns;
use crate::execute::timings::{Phase, Timings};
use crate::execute::{Limits, RunReport, Work};
use crate::history::account::Account;
use crate::plan::dependencies::Dependencies;
use crate::plan::depfile;
use crate::plan::fast_path::{FastPath, Look};
use crate::plan::key::Key;
use crate::plan::loaded::{LoadedStudy, Touched};
use crate::plan::watch;
use crate::plan::{Unit, causes};
use crate::product::{self, Product};
use crate::project::Study;
use crate::store::Store;
use crate::store::cache_folder::{CACHE, Cache};
use crate::system::jobserver::makeflags::MakeFlags;
use crate::system::jobserver::slots::Slots;
use crate::system::process::Interrupt;
use crate::system::progress::Verbosity;

#[derive(Args)]
pub(super) struct Arguments {
    /// Simulators at work at once [default: the cores available]
    #[arg(short, long, value_name = "N")]
    pub(super) jobs: Option<NonZeroUsize>,
    /// Only these catchments, comma-separated, or @FILE with one id a line
    #[arg(long, value_name = "ID,…|@FILE")]
    pub(super) only: Option<String>,
    #[command(flatten)]
    scenarios: ScenarioOption,
    /// Run them even if they are fresh
    #[arg(long)]
    pub(super) force: bool,
    /// Tell what would be run and why, and run nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Start nothing new after so many failures
    #[arg(long, value_name = "N")]
    max_failures: Option<NonZeroUsize>,
    /// Refuse to start if more catchments than this would be run (exit code 5)
    #[arg(long, value_name = "N|P%")]
    pub(super) max_rerun: Option<MaxRerun>,
    /// Make the product of a tag again, running nothing
    #[arg(
        long,
        value_name = "NAME",
        conflicts_with_all = ["only", "scenario", "force", "dry_run", "max_rerun", "max_failures", "no_assemble", "rehash", "depfile", "json"]
    )]
    at: Option<String>,
    /// Leave the product as it is
    #[arg(long)]
    no_assemble: bool,
    /// Read every input again, whatever its time stamps say
    #[arg(long)]
    pub(super) rehash: bool,
    /// Wait for another run on this project to end
    #[arg(long)]
    wait: bool,
    /// Tell afterwards where the time went
    #[arg(long, conflicts_with = "dry_run")]
    timings: bool,
    /// Print no progress, only failures and the last line
    #[arg(short, long)]
    pub(super) quiet: bool,
    /// Tell why catchments are run, and of each how long it took
    #[arg(short, long, conflicts_with = "quiet")]
    verbose: bool,
    /// One JSON document on standard output instead of the last line
    #[arg(long)]
    pub(super) json: bool,
    /// Write a rule for make with all files that the run depends on
    #[arg(long, value_name = "FILE")]
    depfile: Option<PathBuf>,
    /// The target of that rule [default: the product, or all of them]
    #[arg(long, value_name = "NAME", requires = "depfile")]
    depfile_target: Option<PathBuf>,
}

impl Arguments {
    fn verbosity(&self) -> Verbosity {
        match (self.quiet, self.verbose) {
            (true, _) => Verbosity::Quiet,
            (false, true) => Verbosity::Verbose,
            (false, false) => Verbosity::Normal,
        }
    }

    /// Whether all that is asked for is that everything be up to date. Names every option, so that a new one is thought of.
    fn are_plain(&self) -> bool {
        let Self {
            jobs: _,
            only,
            scenarios,
            force,
            dry_run,
            max_failures: _,
            // Where nothing is to be run, nothing is too much.
            max_rerun: _,
            at,
            no_assemble,
            rehash: _,
            wait: _,
            quiet: _,
            verbose: _,
            json: _,
            depfile: _,
            depfile_target: _,
            timings,
        } = self;
        let is_about_all = only.is_none() && scenarios.are_all();
        is_about_all && at.is_none() && !force && !dry_run && !no_assemble && !timings
    }

    fn write_depfile(
        &self,
        cache: &Cache,
        products: &[&Path],
        mut dependencies: Vec<PathBuf>,
    ) -> Result<()> {
        let Some(file) = &self.depfile else {
            return Ok(());
        };
        // It changes with every failure, so that make looks again after one that it has not seen.
        dependencies.push(FailedRuns::in_cache(cache.folder()).made()?);
        let here = std::env::current_dir().context("can't tell the current folder")?;
        if let Some(list) = self.only.as_deref().and_then(|only| only.strip_prefix('@')) {
            let list = here.join(list);
            // A pipe that it was read from is nothing that make could look at.
            if list.is_file() {
                dependencies.push(list);
            }
        }
        let stated = self.depfile_target.as_deref();
        let targets = stated.map_or(products.to_vec(), |target| vec![target]);
        depfile::write(file, &targets, &dependencies, &here)
    }
}

pub(super) fn run(root: &Path, mut arguments: Arguments) -> Result<Exit> {
    let (started, began) = (Instant::now(), SystemTime::now());
    let timings = Timings::default();
    let flags = MakeFlags::of_environment();
    // `make -n` starts recipe lines with a `+` in earnest, and expects what is started to pretend.
    arguments.dry_run |= flags.pretend;
    if let Some(name) = &arguments.at {
        if flags.pretend {
            say(&format!("would make the product of tag {name:?} again"));
            return Ok(Exit::Fine);
        }
        return tag::restore(root, name, arguments.wait, arguments.quiet);
    }
    if arguments.are_plain()
        && !arguments.rehash
        && let Some(settled) = FastPath::recall(root)
    {
        return tell_settled(root, &settled, &arguments, started);
    }
    let study = Study::load(root)?;
    let chosen = arguments.scenarios.of(&study)?;
    if arguments.dry_run {
        return dry_run::dry_run(&study, &chosen, &arguments);
    }
    // What can't be looked at is an error soon, from who wants to read it.
    let look = Look::at(&study).ok();
    let project = study.common();
    let cache = Cache::prepare(project.cache())?;
    let lock = cache.lock(arguments.wait)?;
    let mut store = cache.store()?;
    import::before_run(project, &mut store, arguments.rehash, arguments.quiet)?;
    let loaded_study = open(&study, Some(&store), arguments.rehash, arguments.quiet)?;
    loaded_study.list.iter().try_for_each(product::check)?;
    let look = look.map(|look| look.with(loaded_study.linked().clone()));
    let dependencies = Dependencies::of(&study)?
        .with(loaded_study.linked())
        .present;
    arguments.write_depfile(&cache, &study.products(), dependencies)?;
    loaded_study.remember(&mut store)?;
    let (plans, touched) = loaded_study.plan(Some(&store))?;
    touch(&loaded_study, &touched, &mut store)?;
    if let Some(bad) = CannotRun::of(&loaded_study, &plans) {
        return Err(bad.into());
    }
    let all: usize = chosen.iter().map(|&at| plans[at].entries.len()).sum();
    let (only, force) = (arguments.only.as_deref(), arguments.force);
    let wanted = wanted(&loaded_study, &plans, &chosen, only, force)?;
    let work = Work::of(&wanted);
    let entry = |(unit, _): &(Unit, Key)| &plans[unit.scenario].entries[unit.catchment];
    let causes = causes(wanted.iter().map(entry), force);
    if let Some(too_many) = TooMany::of(&arguments, work.runs(), all, &causes) {
        return Err(too_many.into());
    }
    timings.add(Phase::Plan, started.elapsed());
    let limits = Limits {
        slots: slots(
            arguments.jobs,
            &flags,
            !wanted.is_empty() && !arguments.quiet,
        ),
        max_failures: arguments.max_failures.map(NonZeroUsize::get),
        verbosity: arguments.verbosity(),
    };
    if arguments.verbose {
        tell_what_comes(&causes, &limits.slots, work.runs());
    }
    let workers = limits.slots.most().min(work.runs());
    let mut course = Course {
        arguments: &arguments,
        study: &study,
        chosen: &chosen,
        loaded_study: &loaded_study,
        store,
        plans,
        limits,
        // Until here a signal just ends the program; from here on there are children to end and results to keep.
        interrupt: Interrupt::installed().context("can't prepare for signals")?,
        timings,
        started,
        interrupted: None,
    };
    let report = course.carry_out(&work, &lock)?;
    tell_what_appeared(&loaded_study, &report);
    course.look_again(&wanted, &report)?;
    let mut products = Vec::new();
    if course.interrupted.is_none() {
        let account = Account::new(&loaded_study.list, all, workers, causes, &report);
        course.note(&account)?;
        if report.gave_up {
            let limit = report.failed.len();
            say(&format!(
                "stopped after {limit} failures (--max-failures); the product is as it was"
            ));
        } else if !arguments.no_assemble {
            products = course.assemble()?;
        }
    }
    if course.interrupted.is_none()
        && let Some(look) = look
    {
        course.remember(look, began, all)?;
    }
    course.tell(&report, &products)
}

/// Tells of files that are new in the support folders, once at the end: what will be run next time because of them.
fn tell_what_appeared(loaded_study: &LoadedStudy<'_>, report: &RunReport) {
    if let Some(loaded) = loaded_study.list.first().filter(|_| report.run > 0) {
        match loaded.recipe.watch().appeared(&loaded.project.simulator) {
            Ok(appeared) => watch::told(&appeared).iter().for_each(|text| say(text)),
            // It will be an error of the next run; this one has done what it could.
            Err(error) => say(&format!(
                "the support files are not what they were: {error:#}"
            )),
        }
    }
}

/// Says of a settled state what a whole run would.
fn tell_settled(
    root: &Path,
    settled: &FastPath,
    arguments: &Arguments,
    started: Instant,
) -> Result<Exit> {
    let products = settled.products();
    arguments.write_depfile(
        &Cache::at(root.join(CACHE)),
        &products,
        settled.dependencies(),
    )?;
    if arguments.verbose {
        say("everything looks as it did when nothing was left to do");
    }
    let summary = RunSummary {
        scenarios: settled.scenarios(),
        catchments: settled.catchments(),
        fresh: settled.catchments(),
        seconds: started.elapsed().as_secs_f64(),
        ..RunSummary::default()
    };
    let products = products.iter();
    let products = products.map(|path| ProductOf::new(path, Product::Unchanged));
    summary
        .with_products(products.collect())
        .print(arguments.json)?;
    Ok(Exit::Fine)
}

/// Notes what was found fresh without being run.
fn touch(
    loaded_study: &LoadedStudy<'_>,
    touched: &[Vec<Touched>],
    store: &mut Store,
) -> Result<()> {
    for (loaded, touched) in loaded_study.list.iter().zip(touched) {
        store.touch(&loaded.project.scenario.name, touched)?;
    }
    Ok(())
}

fn tell_what_comes(causes: &[(usize, String)], slots: &Slots, wanted: usize) {
    for (count, cause) in causes {
        say(&format!("{count:>7} {cause}"));
    }
    if wanted > 0 {
        let shared = if slots.are_shared() {
            ", as far as make has jobs to spare"
        } else {
            ""
        };
        let most = slots.most().min(wanted);
        say(&format!("running {wanted}, {most} at once{shared}"));
    }
}
