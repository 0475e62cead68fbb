//! `rerunoff run`: run what is stale, bring the product up to date.

use std::fs;
use std::io::{Write, stderr, stdout};
use std::num::NonZeroUsize;
use std::path::Path;
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::Args;

use super::{Exit, Usage, import};
use crate::assembly;
use crate::cache;
use crate::catchment::CatchmentId;
use crate::key::Key;
use crate::plan::{Entry, Plan, State};
use crate::process::Interrupt;
use crate::progress::{Progress, duration};
use crate::project::{OnBadInput, Project};
use crate::session::Session;
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
    /// Leave the product as it is
    #[arg(long)]
    no_assemble: bool,
    /// Read every input again, whatever its time stamps say
    #[arg(long)]
    rehash: bool,
    /// Wait for another run on this project to end
    #[arg(long)]
    wait: bool,
    /// Print no progress, only failures and the last line
    #[arg(short, long)]
    quiet: bool,
}

pub(super) fn run(root: &Path, arguments: Arguments) -> Result<Exit> {
    let started = Instant::now();
    let project = Project::load(root)?;
    if arguments.dry_run {
        return dry_run(&project, &arguments);
    }
    let cache = cache::Cache::prepare(&project)?;
    let _lock = cache.lock(arguments.wait)?;
    let mut store = cache.store()?;
    import::before_run(&project, &mut store, arguments.rehash, arguments.quiet)?;
    let session = open(&project, Some(&store), &arguments)?;
    assembly::check(&session)?;
    session.remember(&mut store)?;
    let (mut plan, touched) = session.plan(Some(&store), arguments.force)?;
    store.touch(&touched)?;
    refuse_bad(&session, &plan)?;
    let wanted = wanted(&session, &plan, arguments.only.as_deref())?;
    let limits = Limits {
        workers: arguments
            .jobs
            .or_else(|| thread::available_parallelism().ok())
            .map_or(1, NonZeroUsize::get),
        max_failures: arguments.max_failures.map(NonZeroUsize::get),
    };
    // Until here a signal just ends the program; from here on there are children to end and results to keep.
    let interrupt = Interrupt::new().and_then(|interrupt| interrupt.install().map(|()| interrupt));
    let interrupt = interrupt.context("can't prepare for signals")?;
    let report = match wanted.is_empty() {
        true => Report::default(),
        false => update(
            &session,
            &mut store,
            &wanted,
            &limits,
            &interrupt,
            arguments.quiet,
        )?,
    };
    if interrupt.is_triggered() {
        let done = report.run - report.failed.len();
        writeln!(
            stderr(),
            "interrupted: {done} results are kept; the same command goes on from here"
        )
        .ok();
        return Ok(Exit::Interrupted);
    }
    if report.run > 0 {
        plan = session.plan(Some(&store), false)?.0;
    }
    let mut product = None;
    if report.gave_up {
        let limit = report.failed.len();
        writeln!(
            stderr(),
            "stopped after {limit} failures (--max-failures); the product is as it was"
        )
        .ok();
    } else if !arguments.no_assemble {
        let assembled = assembly::assemble(
            &session,
            &mut store,
            &plan,
            limits.workers,
            &interrupt,
            arguments.quiet,
        );
        if interrupt.is_triggered() {
            writeln!(
                stderr(),
                "interrupted while assembling; the product is as it was, the results are kept"
            )
            .ok();
            return Ok(Exit::Interrupted);
        }
        product = Some(assembled?);
    }
    let counts = plan.counts();
    let mut line = format!(
        "{} fresh, {} run, {} failed",
        counts.fresh, report.run, counts.failed
    );
    for (count, what) in [
        (counts.stale - counts.failed, "stale"),
        (counts.bad, "skipped"),
    ] {
        if count > 0 {
            line.push_str(&format!(", {count} {what}"));
        }
    }
    line.push_str(&format!(" in {}", duration(started.elapsed())));
    if let Some(product) = product {
        line.push_str(&format!("; {} {product}", project.product.path.display()));
    }
    writeln!(stdout(), "{line}").ok();
    Ok(if counts.failed > 0 || report.gave_up {
        Exit::Failures
    } else {
        Exit::Fine
    })
}

/// Plans and tells, and touches nothing: not even a cache folder is made.
fn dry_run(project: &Project, arguments: &Arguments) -> Result<Exit> {
    let store = cache::Cache::of(project).store_to_read()?;
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
    Ok(Exit::Fine)
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
        let ids: Vec<String> = match only.strip_prefix('@') {
            Some(file) => {
                let text = fs::read_to_string(file)
                    .with_context(|| format!("--only: can't read {file}"))?;
                text.lines()
                    .map(str::trim)
                    .filter(|line| !line.is_empty())
                    .map(str::to_owned)
                    .collect()
            }
            None => only.split(',').map(str::to_owned).collect(),
        };
        let mut chosen = Vec::new();
        for id in ids {
            let Some(at) = session.basin.find(&CatchmentId::new(&id)) else {
                return Err(
                    Usage(format!("--only: there is no catchment {id:?} in the input")).into(),
                );
            };
            chosen.push(at);
        }
        wanted.retain(|(at, _)| chosen.contains(at));
    }
    Ok(wanted)
}
