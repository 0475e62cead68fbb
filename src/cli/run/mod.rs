//! `rerunoff run`: run what is stale, bring the product up to date.
//!
//! This file has the order of steps: the ways in which a run ends before it starts, then planning. The rest is [`course`].

mod arguments;
mod course;
mod dry_run;
mod leave;
mod restore;
mod selection;
mod summary;

use std::collections::HashSet;
use std::path::Path;
use std::time::{Instant, SystemTime};

use anyhow::{Context, Result};

pub(super) use self::arguments::Arguments;
use self::course::{Course, touch};
pub(super) use self::dry_run::DryRun;
pub(super) use self::restore::Restored;
use self::selection::{Exempt, Selection};
pub(super) use self::summary::RunSummary;
use super::document::{Products, objective_lines};
use super::exit::{Exit, Usage};
use super::open::{OpenProject, ProjectPlace};
use super::options::jobs::slots;
use super::options::place::Place;
use super::refusal::CannotRun;
use super::tag::{NewTag, check_name};
use super::terminal::say;
use crate::cluster;
use crate::cluster::head::Head;
use crate::cluster::package::manifest::Purpose;
use crate::cluster::run::Matter;
use crate::execute::giving_up::{GaveUp, GiveUp};
use crate::execute::run_context::RunContext;
use crate::execute::timings::{Phase, Timings};
use crate::execute::{Limits, RunReport};
use crate::history::account::Account;
use crate::plan::dependencies::Dependencies;
use crate::plan::fast_path::{FastPath, Look};
use crate::plan::loaded::LoadedStudy;
use crate::plan::watch;
use crate::product::{self, Beginning, ProductState};
use crate::store::Store;
use crate::store::cache_folder::{CACHE, Cache};
use crate::system::jobserver::makeflags::MakeFlags;
use crate::system::jobserver::slots::Slots;
use crate::system::process::Interrupt;
use crate::text::shell;

/// What is known when the program starts.
struct Start {
    instant: Instant,
    time: SystemTime,
    make: MakeFlags,
}

pub(super) fn run(place: &ProjectPlace, mut arguments: Arguments) -> Result<Exit> {
    let start = Start {
        instant: Instant::now(),
        time: SystemTime::now(),
        make: MakeFlags::of_environment(),
    };
    // `make -n` starts recipe lines with a `+` in earnest, and expects what is started to pretend.
    arguments.dry_run |= start.make.pretend;
    if let Some(name) = &arguments.at {
        if start.make.pretend {
            say(&format!("would make the product of tag {name:?} again"));
            return Ok(Exit::Fine);
        }
        return restore::restore(place, name, &arguments);
    }
    if arguments.are_plain()
        && !arguments.rehash
        && let Some(unchanged) = FastPath::recall(&place.root)
    {
        return finish_unchanged(&place.root, &unchanged, &arguments, start.instant);
    }
    let overrides = arguments.sets.overrides()?;
    let opened = match &arguments.tag {
        Some(name) => {
            check_name(name)?;
            place.open_passing(&overrides)?
        }
        None => place.open_with(&overrides)?,
    };
    let chosen = arguments.scenarios.of(&opened.study)?;
    match arguments.dry_run {
        true => dry_run::dry_run(&opened, &chosen, &arguments),
        false => run_stale(&opened, &chosen, &arguments, start),
    }
}

/// Plans the run, and carries it out unless there is a reason not to start.
fn run_stale(
    opened: &OpenProject,
    chosen: &[usize],
    arguments: &Arguments,
    start: Start,
) -> Result<Exit> {
    let timings = Timings::default();
    // A missing file is reported later, by whoever reads it.
    let look = Look::at(&opened.study).ok();
    let place = arguments.place.place(&opened.study)?;
    if arguments.detach && place == Place::Here {
        let why = "--detach leaves a cluster to its work, and there is none: [cluster] in rerunoff.toml or --on ENGINE names one";
        return Err(Usage(why.to_owned()).into());
    }
    if arguments.jobs.is_some() && place != Place::Here {
        let why = "-j says how many simulators run here; on a cluster `cores` under [cluster] says how many in a task, and --local runs here";
        return Err(Usage(why.to_owned()).into());
    }
    if arguments.tag.is_some() && place != Place::Here {
        let why = "--as runs on this machine only, and [cluster] names another; add --local";
        return Err(Usage(why.to_owned()).into());
    }
    let (_lock, mut store) = opened.store_to_write(arguments.wait)?;
    let beginning = Beginning::of(start.time, &opened.study.products(), &store)?;
    let new_tag = (arguments.tag.as_deref())
        .map(|name| NewTag::of(&opened.study, name, &store))
        .transpose()?;
    let held = match opened.study.is_passing() && !arguments.force {
        true => FastPath::hold(&store)?,
        false => None,
    };
    let may_submit = place != Place::Here;
    let cluster = opened.cache.cluster();
    let mut head = match opened.study.is_passing() {
        true => Head::of_nothing(&cluster, Purpose::Run),
        false => Head::open(&cluster, Purpose::Run, may_submit, arguments.wait)?,
    };
    let loaded_study = opened.import_and_load(&mut store, arguments.rehash, arguments.quiet)?;
    loaded_study.list.iter().try_for_each(product::check)?;
    let look = look.map(|look| look.with(loaded_study.linked().clone()));
    write_depfile(opened, &loaded_study, arguments)?;
    loaded_study.remember(&mut store)?;
    let collected = match head.is_idle() {
        true => RunReport::default(),
        false => collect(opened, &loaded_study, &mut head, &mut store, arguments)?,
    };
    let left_over = head.left_over()?;
    let submitted_for = head.causes();
    let (plans, touched) = loaded_study.plan(Some(&store))?;
    touch(&loaded_study, &touched, &mut store)?;
    let own_files = loaded_study.own_files();
    if !own_files.is_empty() {
        loaded_study.remember_own_files(&mut store)?;
        // They are known only now.
        write_depfile(opened, &loaded_study, arguments)?;
    }
    let look = look.map(|look| look.with_own(own_files));
    if let Some(bad) = CannotRun::of(&loaded_study, &plans) {
        return Err(bad.into());
    }
    let selection = {
        let exempt = Exempt::of(&head, &collected)?;
        Selection::of(
            &loaded_study,
            &plans,
            chosen,
            arguments,
            &exempt,
            Some(&store),
        )?
    };
    let (runs, all) = (selection.parts.to_run.runs(), selection.all);
    let causes = selection.causes(&plans, arguments.force);
    if let Some(too_many) = selection.too_many(arguments.max_rerun, &causes) {
        return Err(too_many.into());
    }
    timings.add(Phase::Plan, start.instant.elapsed());
    let is_here = place == Place::Here;
    let slots = slots(
        arguments.jobs,
        &start.make,
        &opened.cache,
        is_here && !selection.wanted.is_empty() && !arguments.quiet,
    );
    let limits = Limits {
        give_up: match arguments.max_failures {
            Some(most) => GiveUp::After(most.get()),
            None => GiveUp::IfFirstFailAlike(LEAST_ALIKE.max(2 * slots.most())),
        },
        slots,
        verbosity: arguments.verbosity(),
    };
    if arguments.verbose {
        say_what_comes(&causes, &limits.slots, if is_here { runs } else { 0 });
    }
    let workers = if is_here {
        limits.slots.most().min(runs)
    } else {
        0
    };
    let mut course = Course {
        arguments,
        study: &opened.study,
        chosen,
        loaded_study: &loaded_study,
        selection: &selection,
        store,
        plans,
        limits,
        // Until here a signal just ends the program; from here on there are children to end and results to keep.
        interrupt: Interrupt::installed().context("can't prepare for signals")?,
        timings,
        started: start.instant,
        began: start.time,
        beginning,
        interrupted: None,
        place: &place,
        head,
        left_over,
        causes: &causes,
        is_under_way: false,
        under_way: 0,
    };
    let mut report = course.carry_out()?;
    say_what_appeared(&loaded_study, &report);
    course.plan_again(&report)?;
    // A million of these take memory that a snapshot needs now.
    report.good = HashSet::new();
    let report = collected.and(report);
    course.note_under_way(&report)?;
    let mut products = Vec::new();
    if course.interrupted.is_none() {
        let causes = if selection.wanted.is_empty() {
            submitted_for
        } else {
            causes.clone()
        };
        let account = Account::new(all, workers, causes, &report).with(&opened.study.overrides);
        let mut recorded = None;
        // What was only submitted is told by the run that takes it in.
        if report.run + report.read_again > 0 || !course.is_under_way {
            recorded = course.record(&account)?;
        }
        if let Some(why) = &report.gave_up {
            let left = match &new_tag {
                Some(_) => "no tag was made",
                None => "the product is as it was",
            };
            say(&format!("{}; {left}", stopped(why, all)));
        } else if let Some(new_tag) = &new_tag {
            course.keep(new_tag)?;
        } else if !arguments.no_assemble && !course.is_under_way {
            products = course.assemble()?;
            course.tell_objectives(recorded, account, &products)?;
        }
    }
    FastPath::release(held, &mut course.store)?;
    if course.interrupted.is_none()
        && let Some(look) = look
    {
        course.remember(look, &products)?;
    }
    course.finish(&report, &products)
}

/// So many have to fail alike, and none to go well before, for a run to stop by itself.
const LEAST_ALIKE: usize = 10;

/// Why a run of so many catchments stopped, and what to do.
fn stopped(why: &GaveUp, all: usize) -> String {
    match why {
        GaveUp::After(1) => "stopped after 1 failure (--max-failures)".to_owned(),
        GaveUp::After(failures) => format!("stopped after {failures} failures (--max-failures)"),
        GaveUp::Alike {
            count, catchment, ..
        } => {
            let id = shell::word(catchment.as_str());
            format!(
                "stopped: the first {count} catchments failed alike and none went well, so the others were not begun. `rerunoff log {id}` \
                 tells more, `rerunoff try {id}` shows what a run leaves, `--max-failures {all}` goes on regardless"
            )
        }
    }
}

/// Takes in what has come from other machines since the last run.
fn collect(
    opened: &OpenProject,
    loaded_study: &LoadedStudy<'_>,
    head: &mut Head,
    store: &mut Store,
    arguments: &Arguments,
) -> Result<RunReport> {
    FastPath::forget(store)?;
    let limits = Limits {
        slots: Slots::fixed(1),
        give_up: GiveUp::Never,
        verbosity: arguments.verbosity(),
    };
    let matter = Matter {
        study: &opened.study,
        loaded_study,
        limits: &limits,
        run_context: RunContext {
            slots: &limits.slots,
            // A signal just ends the program: what is taken in is taken in whole.
            interrupt: &Interrupt::new().context("can't prepare for signals")?,
            timings: &Timings::default(),
        },
    };
    cluster::run::collect(head, matter, store)
}

/// Writes the rule for make before anything is run, so that make has it even if the run fails.
fn write_depfile(
    opened: &OpenProject,
    loaded_study: &LoadedStudy<'_>,
    arguments: &Arguments,
) -> Result<()> {
    let dependencies = || {
        Ok(Dependencies::of(&opened.study)?
            .with(loaded_study.linked())
            .with_own(loaded_study.own_files())
            .present)
    };
    arguments.write_depfile(&opened.cache, &opened.study.products(), dependencies)
}

/// Names the files that are new in the support folders, and because of which catchments will be run next time.
fn say_what_appeared(loaded_study: &LoadedStudy<'_>, report: &RunReport) {
    if let Some(loaded) = loaded_study.list.first().filter(|_| report.run > 0) {
        match loaded.recipe.watch().appeared(&loaded.project.simulator) {
            Ok(appeared) => watch::warning(&appeared).iter().for_each(|text| say(text)),
            // It will be an error of the next run; this one has done what it could.
            Err(error) => say(&format!(
                "the support files are not what they were: {error:#}"
            )),
        }
    }
}

/// Ends a run that has nothing to do, just as if it had looked at everything.
fn finish_unchanged(
    root: &Path,
    unchanged: &FastPath,
    arguments: &Arguments,
    started: Instant,
) -> Result<Exit> {
    let products = unchanged.products();
    let cache = Cache::at(root.join(CACHE));
    arguments.write_depfile(&cache, &products, || Ok(unchanged.dependencies()))?;
    if arguments.verbose {
        say("everything looks as it did when nothing was left to do");
    }
    let objectives = unchanged.objectives();
    if !arguments.quiet {
        objective_lines(&objectives)
            .iter()
            .for_each(|line| say(line));
    }
    let summary = RunSummary {
        scenarios: unchanged.scenarios(),
        catchments: unchanged.catchments(),
        fresh: unchanged.catchments(),
        seconds: started.elapsed().as_secs_f64(),
        products: Products::new(products.iter().map(|path| (*path, ProductState::Unchanged))),
        objectives,
        ..RunSummary::default()
    };
    summary.print(arguments.json)?;
    Ok(Exit::Fine)
}

/// With `--verbose`: why catchments are run, and how many at once.
fn say_what_comes(causes: &[(usize, String)], slots: &Slots, runs: usize) {
    for (count, cause) in causes {
        say(&format!("{count:>7} {cause}"));
    }
    if runs > 0 {
        let shared = if slots.are_of_make() {
            ", as far as make has jobs to spare"
        } else {
            ""
        };
        let most = slots.most().min(runs);
        say(&format!("running {runs}, {most} at once{shared}"));
    }
}
