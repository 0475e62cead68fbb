//! `rerunoff run`: run what is stale, bring the product up to date.

use std::io::{Write, stderr, stdout};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use anyhow::{Context, Result, bail};
use clap::Args;

use super::jobs::{cores, slots};
use super::max_rerun::MaxRerun;
use super::only::chosen;
use super::summary::{FailureOf, ProductOf, Summary};
use super::{Exit, import, say, tag};
use crate::account::Account;
use crate::assembly::{self, Product};
use crate::cache::Cache;
use crate::dependencies::Dependencies;
use crate::depfile;
use crate::history;
use crate::key::Key;
use crate::makeflags::MakeFlags;
use crate::plan::{Entry, Plan, State};
use crate::prediction::Prediction;
use crate::process::Interrupt;
use crate::progress::{Progress, Verbosity};
use crate::project::{OnBadInput, Project};
use crate::session::Session;
use crate::settled::{Look, Settled};
use crate::slots::Slots;
use crate::timings::{Phase, Timings};
use crate::update::{Limits, Report, update};

/// How many catchments that can't be run are named.
const LISTED: usize = 10;

#[derive(Args)]
pub(super) struct Arguments {
    /// Simulators at work at once [default: the cores available]
    #[arg(short, long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// Only these catchments, comma-separated, or @FILE with one id a line
    #[arg(long, value_name = "ID,…|@FILE")]
    only: Option<String>,
    /// Run them even if they are fresh
    #[arg(long)]
    force: bool,
    /// Tell what would be run and why, and run nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Start nothing new after so many failures
    #[arg(long, value_name = "N")]
    max_failures: Option<NonZeroUsize>,
    /// Refuse to start if more catchments than this would be run (exit code 5)
    #[arg(long, value_name = "N|P%")]
    max_rerun: Option<MaxRerun>,
    /// Make the product of a tag again, running nothing
    #[arg(
        long,
        value_name = "NAME",
        conflicts_with_all = ["only", "force", "dry_run", "max_rerun", "max_failures", "no_assemble", "rehash", "depfile", "json"]
    )]
    at: Option<String>,
    /// Leave the product as it is
    #[arg(long)]
    no_assemble: bool,
    /// Read every input again, whatever its time stamps say
    #[arg(long)]
    rehash: bool,
    /// Wait for another run on this project to end
    #[arg(long)]
    wait: bool,
    /// Tell afterwards where the time went
    #[arg(long, conflicts_with = "dry_run")]
    timings: bool,
    /// Print no progress, only failures and the last line
    #[arg(short, long)]
    quiet: bool,
    /// Tell why catchments are run, and of each how long it took
    #[arg(short, long, conflicts_with = "quiet")]
    verbose: bool,
    /// One JSON document on standard output instead of the last line
    #[arg(long)]
    json: bool,
    /// Write a rule for make with all files that the run depends on
    #[arg(long, value_name = "FILE")]
    depfile: Option<PathBuf>,
    /// The target of that rule [default: the product]
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
        only.is_none() && at.is_none() && !force && !dry_run && !no_assemble && !timings
    }

    fn write_depfile(&self, product: &Path, mut dependencies: Vec<PathBuf>) -> Result<()> {
        let Some(file) = &self.depfile else {
            return Ok(());
        };
        let here = std::env::current_dir().context("can't tell the current folder")?;
        if let Some(list) = self.only.as_deref().and_then(|only| only.strip_prefix('@')) {
            dependencies.push(here.join(list));
        }
        let target = self.depfile_target.as_deref().unwrap_or(product);
        depfile::write(file, target, &dependencies, &here)
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
        && let Some(settled) = Settled::recall(root)
    {
        return tell_settled(&settled, &arguments, started);
    }
    let project = Project::load(root)?;
    if arguments.dry_run {
        return dry_run(&project, &arguments);
    }
    // What can't be looked at is an error soon, from who wants to read it.
    let look = Look::at(&project).ok();
    let cache = Cache::prepare(&project)?;
    let lock = cache.lock(arguments.wait)?;
    let mut store = cache.store()?;
    import::before_run(&project, &mut store, arguments.rehash, arguments.quiet)?;
    let session = open(&project, Some(&store), &arguments)?;
    assembly::check(&session)?;
    arguments.write_depfile(&project.product.path, Dependencies::of(&project)?.present)?;
    session.remember(&mut store)?;
    let (mut plan, touched) = session.plan(Some(&store), arguments.force)?;
    store.touch(&touched)?;
    refuse_bad(&session, &plan)?;
    let wanted = wanted(&session, &plan, arguments.only.as_deref())?;
    if let Some(refusal) = refusal(&arguments, wanted.len(), plan.entries.len()) {
        say(&format!("error: {refusal}"));
        return Ok(Exit::Refused);
    }
    let causes = plan.causes_of(wanted.iter().map(|(at, _)| *at));
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
        tell_what_comes(&plan, &limits.slots, wanted.len());
    }
    // Until here a signal just ends the program; from here on there are children to end and results to keep.
    let interrupt = Interrupt::new().and_then(|interrupt| interrupt.install().map(|()| interrupt));
    let interrupt = interrupt.context("can't prepare for signals")?;
    let report = match wanted.is_empty() {
        true => Report::default(),
        false => update(
            &session, &mut store, &wanted, &limits, &lock, &interrupt, &timings,
        )?,
    };
    let mut stopped = interrupt.is_triggered();
    if stopped {
        let done = report.run - report.failed.len();
        say(&format!(
            "interrupted: {done} results are kept; the same command goes on from here"
        ));
    }
    if let Some(obstacle) = report.obstacle.as_ref().filter(|_| !stopped) {
        bail!("{obstacle}; what was done before is kept: run again");
    }
    if report.run > 0 && !stopped {
        plan = timings
            .time(Phase::Plan, || session.plan(Some(&store), false))?
            .0;
    }
    if !stopped {
        let workers = limits.slots.most().min(wanted.len());
        let account = Account::new(plan.entries.len(), workers, causes, &report);
        history::record(&session, &mut store, &plan, &account)?;
        if report.run > 0 && !arguments.quiet {
            account.lines().iter().for_each(|line| say(line));
        }
    }
    let mut product = None;
    if report.gave_up && !stopped {
        let limit = report.failed.len();
        say(&format!(
            "stopped after {limit} failures (--max-failures); the product is as it was"
        ));
    } else if !arguments.no_assemble && !stopped {
        let hands = limits.slots.at_hand();
        let assembled = timings.time(Phase::Assemble, || {
            assembly::assemble(
                &session,
                &mut store,
                &plan,
                hands.len().max(1),
                &interrupt,
                arguments.quiet,
            )
        });
        stopped = interrupt.is_triggered();
        if stopped {
            say("interrupted while assembling; the product is as it was, the results are kept");
        } else {
            product = Some(assembled?);
        }
    }
    let counts = plan.counts();
    let fine = counts.failed == 0 && !report.gave_up;
    if counts.fresh == plan.entries.len()
        && !stopped
        && arguments.are_plain()
        && let Some(look) = look
    {
        Settled::remember(&project, look, began, plan.entries.len(), &mut store)?;
    }
    let summary = Summary {
        catchments: plan.entries.len(),
        fresh: counts.fresh,
        run: report.run,
        failed: counts.failed,
        stale: counts.stale - counts.failed,
        skipped: counts.bad,
        seconds: started.elapsed().as_secs_f64(),
        product: product.map(|product| ProductOf::new(&project.product.path, product)),
        interrupted: stopped,
        gave_up: report.gave_up,
        failures: FailureOf::all(&session, &plan),
    };
    if arguments.timings {
        say(&timings.summary(report.cpu_seconds, report.run).to_string());
    }
    if arguments.json || !stopped {
        summary.print(arguments.json);
    }
    Ok(match (stopped, fine) {
        (true, _) => Exit::Interrupted,
        (false, true) => Exit::Fine,
        (false, false) => Exit::Failures,
    })
}

/// Says of a settled state what a whole run would.
fn tell_settled(settled: &Settled, arguments: &Arguments, started: Instant) -> Result<Exit> {
    arguments.write_depfile(settled.product(), settled.dependencies())?;
    if arguments.verbose {
        say("everything looks as it did when nothing was left to do");
    }
    let summary = Summary {
        catchments: settled.catchments(),
        fresh: settled.catchments(),
        seconds: started.elapsed().as_secs_f64(),
        product: Some(ProductOf::new(settled.product(), Product::Unchanged)),
        ..Summary::default()
    };
    summary.print(arguments.json);
    Ok(Exit::Fine)
}

fn tell_what_comes(plan: &Plan, slots: &Slots, wanted: usize) {
    for (count, cause) in plan.causes() {
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

/// Plans and tells, and touches nothing: not even a cache folder is made.
fn dry_run(project: &Project, arguments: &Arguments) -> Result<Exit> {
    let store = Cache::of(project).store_to_read()?;
    import::before_look(project, store.as_ref())?;
    let session = open(project, store.as_ref(), arguments)?;
    let (mut plan, _) = session.plan(store.as_ref(), arguments.force)?;
    let wanted = wanted(&session, &plan, arguments.only.as_deref())?;
    if arguments.only.is_some() {
        let chosen: Vec<usize> = wanted.iter().map(|(at, _)| *at).collect();
        let entries = std::mem::take(&mut plan.entries).into_iter().enumerate();
        plan.entries = entries
            .filter(|(at, _)| chosen.contains(at))
            .map(|(_, entry)| entry)
            .collect();
    }
    let prediction = match &store {
        Some(store) => {
            let catchments = session.basin.catchments();
            let ids: Vec<_> = wanted.iter().map(|(at, _)| &catchments[*at].id).collect();
            Prediction::of(store, &ids, cores(arguments.jobs))?
        }
        None => None,
    };
    let refusal = refusal(arguments, wanted.len(), session.basin.catchments().len());
    let exit = match refusal {
        Some(_) => Exit::Refused,
        None => Exit::Fine,
    };
    if arguments.json {
        let causes = plan.causes().into_iter();
        let document = serde_json::json!({
            "catchments": session.basin.catchments().len(),
            "would_run": wanted.len(),
            "causes": causes
                .map(|(count, cause)| serde_json::json!({"count": count, "cause": cause}))
                .collect::<Vec<_>>(),
            "prediction": prediction,
            "refused": refusal,
        });
        writeln!(stdout(), "{document:#}").ok();
        return Ok(exit);
    }
    let mut out = stdout().lock();
    writeln!(
        out,
        "would run {} of {}",
        wanted.len(),
        session.basin.catchments().len()
    )
    .ok();
    for (count, cause) in plan.causes() {
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

/// Why a run is not to start, if it is not.
fn refusal(arguments: &Arguments, wanted: usize, all: usize) -> Option<String> {
    let limit = arguments.max_rerun?;
    (wanted > limit.of(all)).then(|| {
        format!("{wanted} of {all} catchments would be run, more than --max-rerun {limit} allows; `rerunoff status` tells why, a higher limit lets it go ahead")
    })
}

fn open<'p>(
    project: &'p Project,
    store: Option<&crate::store::Store>,
    arguments: &Arguments,
) -> Result<Session<'p>> {
    let mut progress: Option<Progress> = None;
    Session::open(project, store, arguments.rehash, &mut |done, total| {
        progress
            .get_or_insert_with(|| Progress::new("reading", total, arguments.quiet))
            .set(done);
    })
}

/// Catchments that can't be run end everything; where the project says to skip them, they are named.
fn refuse_bad(session: &Session<'_>, plan: &Plan) -> Result<()> {
    let bad: Vec<String> = (session.basin.catchments().iter().zip(&plan.entries))
        .filter_map(|(catchment, entry)| match &entry.state {
            State::Bad(problem) => Some(format!("  catchment {}: {problem}", catchment.id)),
            _ => None,
        })
        .collect();
    if bad.is_empty() {
        return Ok(());
    }
    let more = match bad.len() {
        0..=LISTED => String::new(),
        all => format!(
            "\n  and {} more; `rerunoff status --json` lists all",
            all - LISTED
        ),
    };
    let list = bad[..bad.len().min(LISTED)].join("\n") + &more;
    let (bad, all) = (bad.len(), plan.entries.len());
    if session.project.on_bad_input == OnBadInput::Skip {
        writeln!(
            stderr(),
            "{bad} of {all} catchments can't be run and are skipped:\n{list}"
        )
        .ok();
        return Ok(());
    }
    bail!(
        "{bad} of {all} catchments can't be run, so nothing was:\n{list}\n\
         Mend the input, or leave them out with `on_bad_input = \"skip\"` under [input]."
    );
}

/// The stale catchments among those asked for.
fn wanted(session: &Session<'_>, plan: &Plan, only: Option<&str>) -> Result<Vec<(usize, Key)>> {
    let stale = |(at, entry): (usize, &Entry)| match (&entry.state, entry.key) {
        (State::Stale(_), Some(key)) => Some((at, key)),
        _ => None,
    };
    let mut wanted: Vec<(usize, Key)> = plan.entries.iter().enumerate().filter_map(stale).collect();
    if let Some(only) = only {
        let chosen = chosen(&session.basin, only)?;
        wanted.retain(|(at, _)| chosen.contains(at));
    }
    Ok(wanted)
}
