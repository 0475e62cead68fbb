//! `rerunoff verify`: runs fresh catchments again and compares, to find simulators that do not always say the same and inputs
//! that nobody declared. Nothing is stored.

use std::collections::{BTreeSet, HashMap};
use std::io::{Write, stderr, stdout};
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context, Result};
use clap::Args;

use super::jobs::slots;
use super::only::chosen;
use super::{Exit, Usage};
use crate::cache::Cache;
use crate::codec::{self, Encoded};
use crate::digest::Digest;
use crate::key::Key;
use crate::makeflags::MakeFlags;
use crate::plan::State;
use crate::process::Interrupt;
use crate::progress::Progress;
use crate::project::Project;
use crate::run::{Next, run};
use crate::session::Session;
use crate::store::{Store, Summary};
use crate::timeouts::Timeouts;
use crate::timings::Timings;
use crate::trial::{Bench, Trial};
use crate::work::Kept;

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
    /// Draw the same sample as the run that printed this number
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Simulators at work at once [default: the cores available]
    #[arg(short, long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// Wait for another run on this project to end
    #[arg(long)]
    wait: bool,
    /// Print no progress, only differences and the last line
    #[arg(short, long)]
    quiet: bool,
}

pub(super) fn verify(root: &Path, arguments: Arguments) -> Result<Exit> {
    let project = Project::load(root)?;
    let cache = Cache::prepare(&project)?;
    let lock = cache.lock(arguments.wait)?;
    let store = cache.store()?;
    let session = Session::open(&project, Some(&store), false, &mut |_, _| ())?;
    let (plan, _) = session.plan(Some(&store), false)?;
    let fresh: Vec<(usize, Key)> = (plan.entries.iter().enumerate())
        .filter(|(_, entry)| matches!(entry.state, State::Fresh(_)))
        .filter_map(|(at, entry)| Some((at, entry.key?)))
        .collect();
    let wanted = match &arguments.only {
        Some(only) => named(&session, &fresh, &chosen(&session.basin, only)?)?,
        None => drawn(fresh, &arguments)?,
    };
    if wanted.is_empty() {
        writeln!(stdout(), "nothing is fresh, so there is nothing to verify").ok();
        return Ok(Exit::Fine);
    }
    let interrupt = Interrupt::new().and_then(|interrupt| interrupt.install().map(|()| interrupt));
    let interrupt = interrupt.context("can't prepare for signals")?;
    let work = cache.workplace(&project)?;
    let kept = Kept::new(project.cache().join("verify"));
    let timings = Timings::default();
    let bench = Bench {
        project: &project,
        basin: &session.basin,
        recipe: &session.recipe,
        kept: &kept,
        lock: &lock,
        timeouts: &Timeouts::new(project.simulator.timeout, &store.last()?),
        known: None,
        interrupt: &interrupt,
        timings: &timings,
    };
    let flags = MakeFlags::of_environment();
    let slots = slots(arguments.jobs, &flags, !arguments.quiet);
    let mut progress = Progress::new("verifying", wanted.len(), arguments.quiet);
    let (mut same, mut differing, mut trouble) = (0, 0, None);
    run(&bench, &wanted, &slots, &work, &mut |trial| {
        if let Some(trial) = trial {
            match difference(&store, &trial) {
                Ok(None) => same += 1,
                Ok(Some(difference)) => {
                    differing += 1;
                    let id = &session.basin.catchments()[trial.catchment].id;
                    progress.say(&format!("catchment {id}: {difference}"));
                }
                Err(error) => trouble = Some(error),
            }
            progress.advance(false);
        }
        match trouble.is_some() || interrupt.is_triggered() {
            true => Next::Stop,
            false => Next::Wait,
        }
    })?;
    drop(progress);
    work.clear()?;
    if let Some(trouble) = trouble {
        return Err(trouble);
    }
    if interrupt.is_triggered() {
        writeln!(stderr(), "interrupted; nothing was changed").ok();
        return Ok(Exit::Interrupted);
    }
    writeln!(
        stdout(),
        "{} run again: {same} gave the same result, {differing} did not",
        same + differing
    )
    .ok();
    if differing == 0 {
        return Ok(Exit::Fine);
    }
    let causes = "Either the simulator does not always compute the same (random numbers, threads, the clock), or it reads \
                  what the project does not state: add such files to simulator.support";
    writeln!(stdout(), "{causes}.").ok();
    Ok(Exit::Failures)
}

/// The fresh catchments that the user names; one that is not fresh is an error.
fn named(
    session: &Session<'_>,
    fresh: &[(usize, Key)],
    chosen: &BTreeSet<usize>,
) -> Result<Vec<(usize, Key)>> {
    let keys: HashMap<usize, Key> = fresh.iter().copied().collect();
    let wanted = chosen.iter().map(|at| match keys.get(at) {
        Some(key) => Ok((*at, *key)),
        None => {
            let id = &session.basin.catchments()[*at].id;
            let why = "has no fresh result to compare with; `rerunoff run` makes one";
            Err(Usage(format!("catchment {id} {why}")).into())
        }
    });
    wanted.collect()
}

/// A random sample, in the basin's order.
fn drawn(fresh: Vec<(usize, Key)>, arguments: &Arguments) -> Result<Vec<(usize, Key)>> {
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
    if !arguments.quiet && (count as usize) < fresh.len() {
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
    Ok(drawn)
}

/// What is different from the stored result, if anything.
fn difference(store: &Store, trial: &Trial) -> Result<Option<String>> {
    let columns = match &trial.outcome {
        Ok(columns) => columns,
        Err(failure) => return Ok(Some(format!("failed this time: {failure}"))),
    };
    let Some(summary) = store.summary(&trial.key.0)? else {
        return Ok(Some("its stored result is gone".to_owned()));
    };
    for column in columns {
        let stored = (summary.columns.iter()).find(|stored| stored.name == column.name);
        if stored.is_none_or(|stored| stored.checksum != column.checksum)
            && let Some(difference) = first_step(store, &summary, column)?
        {
            return Ok(Some(difference));
        }
    }
    Ok(None)
}

fn first_step(store: &Store, summary: &Summary, now: &Encoded) -> Result<Option<String>> {
    let name = now.name.as_str();
    let stored = store.columns(summary.result, &[name])?;
    let then = codec::decode(&stored[0].bytes, &stored[0].checksum, stored[0].steps)
        .context("a stored result is damaged; `rerunoff doctor` drops it")?;
    let now = codec::decode(&now.bytes, &now.checksum, now.steps)?;
    let step = (then.iter().zip(&now)).position(|(then, now)| then.to_bits() != now.to_bits());
    Ok(step.map(|step| {
        let (then, now) = (then[step], now[step]);
        format!("{name:?} differs first at time step {step}: stored {then}, now {now}")
    }))
}
