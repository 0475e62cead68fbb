//! `rerunoff tag`, `tags` and `runs`: snapshots by name, and what runs did. Also what `run --at` does.

use std::io::{Write, stdout};
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::Args;
use jiff::Timestamp;
use serde::Serialize;

use super::fault::print_document;
use super::{Exit, Usage, open};
use crate::cli::options::jobs::cores;
use crate::history::account::Account;
use crate::plan::snapshot::Snapshot;
use crate::product::{self, How, Outcome};
use crate::project::Study;
use crate::store::Store;
use crate::store::cache_folder::Cache;
use crate::system::process::Interrupt;
use crate::system::progress::duration;
use crate::text::wording::{self, Quotes};

#[derive(Args)]
pub(super) struct Arguments {
    /// The name to give
    name: String,
    /// Take the name from what has it now
    #[arg(long)]
    replace: bool,
    /// Take the name away; results stay until `gc`
    #[arg(long, conflicts_with = "replace")]
    delete: bool,
    /// Wait for another run on this project to end
    #[arg(long)]
    wait: bool,
}

#[derive(Args)]
pub(super) struct ListArguments {
    /// One JSON document instead of text
    #[arg(long)]
    pub(super) json: bool,
}

/// A snapshot and what to call it.
pub(super) struct Named {
    pub title: String,
    pub snapshot: Snapshot,
}

/// Names the present.
pub(super) fn tag(root: &Path, arguments: Arguments) -> Result<Exit> {
    let name = arguments.name.as_str();
    if name.trim().is_empty() || name.contains(char::is_control) {
        return Err(
            Usage("a tag's name must have letters and no control characters".to_owned()).into(),
        );
    }
    let study = Study::load(root)?;
    let cache = Cache::prepare(study.common().cache())?;
    let _lock = cache.lock(arguments.wait)?;
    let mut store = cache.store()?;
    if arguments.delete {
        if !store.untag(name)? {
            return Err(unknown(&store, name)?);
        }
        writeln!(stdout(), "tag {name:?} taken away").ok();
        return Ok(Exit::Fine);
    }
    if !arguments.replace && store.find_tag(name)?.is_some() {
        let message =
            format!("there is a tag {name:?} already; `--replace` gives the name to the present");
        return Err(Usage(message).into());
    }
    let loaded_study = open(&study, Some(&store), false, false)?;
    loaded_study.remember(&mut store)?;
    let (plans, _) = loaded_study.plan(Some(&store))?;
    let snapshot = Snapshot::of(&loaded_study.list, &plans)?;
    store.keep(&[loaded_study.list[0].basin.time().to_bytes()])?;
    store.tag(name, &snapshot.to_bytes()?)?;
    let (results, all) = (snapshot.results(), snapshot.catchments());
    let note = match results == all {
        true => String::new(),
        false => {
            "; the others are not fresh, and will be missing in what `run --at` restores".to_owned()
        }
    };
    writeln!(
        stdout(),
        "tagged {name:?}: {results} of {all} catchments have results{note}"
    )
    .ok();
    Ok(Exit::Fine)
}

#[derive(Serialize)]
struct TagLine {
    name: String,
    created: String,
    results: usize,
    catchments: usize,
}

/// Lists the tags.
pub(super) fn tags(root: &Path, arguments: ListArguments) -> Result<Exit> {
    let study = Study::load(root)?;
    let mut lines = Vec::new();
    if let Some(store) = Cache::at(study.common().cache()).store_to_read()? {
        for tag in store.tags()? {
            let snapshot = moment_of(&store, &tag.snapshot, &tag.name)?;
            lines.push(TagLine {
                created: date(tag.created),
                results: snapshot.results(),
                catchments: snapshot.catchments(),
                name: tag.name,
            });
        }
    }
    if arguments.json {
        print_document(&lines)?;
        return Ok(Exit::Fine);
    }
    let mut out = stdout().lock();
    for line in lines {
        let TagLine {
            name,
            created,
            results,
            catchments,
        } = line;
        writeln!(
            out,
            "{name}  {created}  {results} of {catchments} with results"
        )
        .ok();
    }
    Ok(Exit::Fine)
}

#[derive(Serialize)]
struct RunLine {
    run: i64,
    ended: String,
    #[serde(flatten)]
    account: Account,
}

/// Lists what the last runs did.
pub(super) fn runs(root: &Path, arguments: ListArguments) -> Result<Exit> {
    const LISTED: usize = 20;
    let study = Study::load(root)?;
    let past = match Cache::at(study.common().cache()).store_to_read()? {
        Some(store) => store.runs(if arguments.json { usize::MAX } else { LISTED })?,
        None => Vec::new(),
    };
    let lines = past.into_iter().map(|run| RunLine {
        run: run.id,
        ended: date(run.ended),
        // One that can't be read was written by another version.
        account: serde_json::from_str(&run.summary).unwrap_or_default(),
    });
    if arguments.json {
        print_document(&lines.collect::<Vec<_>>())?;
        return Ok(Exit::Fine);
    }
    let mut out = stdout().lock();
    for RunLine {
        run,
        ended,
        account,
    } in lines
    {
        let causes: Vec<String> = (account.causes.iter().take(3))
            .map(|(count, cause)| format!("{count} {cause}"))
            .collect();
        let took = duration(std::time::Duration::from_secs_f64(
            account.running_seconds.max(0.0),
        ));
        let Account { ran, failed, .. } = account;
        let end = if account.gave_up { ", gave up" } else { "" };
        writeln!(
            out,
            "{run}  {ended}  {ran} run, {failed} failed{end} in {took}  {}",
            causes.join("; ")
        )
        .ok();
    }
    Ok(Exit::Fine)
}

/// Makes the products of a tag again, without running anything or reading the input.
pub(super) fn restore(root: &Path, name: &str, wait: bool, quiet: bool) -> Result<Exit> {
    let started = Instant::now();
    let study = Study::load(root)?;
    let cache = Cache::prepare(study.common().cache())?;
    let _lock = cache.lock(wait)?;
    let mut store = cache.store()?;
    let Named { title, snapshot } = named(&store, Some(name), 0)?;
    let interrupt = Interrupt::new().context("can't prepare for signals")?;
    let how = How {
        workers: cores(None),
        interrupt: &interrupt,
        quiet,
    };
    let products = product::restore(&study, &mut store, &snapshot, &how).context(title.clone())?;
    let missing = match snapshot.catchments() - snapshot.results() {
        0 => String::new(),
        missing => format!(", {missing} missing"),
    };
    let (results, took) = (snapshot.results(), duration(started.elapsed()));
    let mut out = stdout();
    write!(out, "{title}: {results} results, 0 run{missing} in {took}").ok();
    for Outcome { path, product } in products {
        write!(out, "; {} {product}", path.display()).ok();
    }
    writeln!(out).ok();
    Ok(Exit::Fine)
}

/// The snapshot of a tag, or without a name the one that a run left: the last, or so many before it.
pub(super) fn named(store: &Store, name: Option<&str>, before: usize) -> Result<Named> {
    if let Some(name) = name {
        let Some(tag) = store.find_tag(name)? else {
            return Err(unknown(store, name)?);
        };
        let snapshot = moment_of(store, &tag.snapshot, name)?;
        let title = format!("tag {name:?}");
        return Ok(Named { title, snapshot });
    }
    let Some(run) = store.runs(before + 1)?.into_iter().nth(before) else {
        let message = match before {
            0 => "no run has come to its end yet; `rerunoff run` first",
            _ => "there is no run before the last one; name a tag, or run again after a change",
        };
        return Err(Usage(message.to_owned()).into());
    };
    let title = match before {
        0 => format!("the last run ({})", date(run.ended)),
        _ => format!("the run before ({})", date(run.ended)),
    };
    let Some(digest) = run.snapshot else {
        bail!(
            "{title}: its results were collected; name a tag, or keep more runs (`keep_runs` under [cache])"
        );
    };
    let snapshot = moment_of(store, &digest, &title)?;
    Ok(Named { title, snapshot })
}

fn moment_of(store: &Store, digest: &crate::data::digest::Digest, title: &str) -> Result<Snapshot> {
    let bytes = store.content(digest)?;
    let bytes = bytes.with_context(|| format!("{title}: the store's record of it is damaged"))?;
    Snapshot::from_bytes(&bytes).with_context(|| title.to_owned())
}

fn unknown(store: &Store, name: &str) -> Result<anyhow::Error> {
    let tags = store.tags()?;
    let names = tags.iter().map(|tag| tag.name.as_str());
    let hint = wording::hint(name, names, Quotes::Double)
        .unwrap_or_else(|| "; `rerunoff tags` lists them".to_owned());
    Ok(Usage(format!("there is no tag {name:?}{hint}")).into())
}

fn date(seconds: i64) -> String {
    Timestamp::from_second(seconds)
        .map(|at| at.to_string())
        .unwrap_or_default()
}
