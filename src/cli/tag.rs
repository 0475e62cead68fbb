//! `rerunoff tag`, `tags` and `runs`: snapshots by name, and what runs did.

use std::io::{Write, stdout};

use anyhow::Result;
use clap::Args;
use serde::Serialize;

use super::exit::{Exit, Usage};
use super::named_snapshot::{date, snapshot_at, unknown};
use super::open::ProjectPlace;
use super::terminal::print_document;
use crate::history::account::Account;
use crate::plan::snapshot::Snapshot;
use crate::system::progress::seconds;

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

/// Gives the present state a name.
pub(super) fn tag(place: &ProjectPlace, arguments: Arguments) -> Result<Exit> {
    let name = arguments.name.as_str();
    if name.trim().is_empty() || name.contains(char::is_control) {
        return Err(
            Usage("a tag's name must have letters and no control characters".to_owned()).into(),
        );
    }
    let opened = place.open()?;
    let (_lock, mut store) = opened.store_to_write(arguments.wait)?;
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
    let loaded_study = opened.load(Some(&store), false, false)?;
    loaded_study.remember(&mut store)?;
    let (plans, _) = loaded_study.plan(Some(&store))?;
    let bytes = Snapshot::bytes_of(&loaded_study.list, &plans)?;
    let snapshot = Snapshot::from_bytes(&bytes)?;
    store.store_contents(&[loaded_study.list[0].basin.time_bytes()])?;
    store.tag(name, &bytes)?;
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
pub(super) fn tags(place: &ProjectPlace, arguments: ListArguments) -> Result<Exit> {
    let mut lines = Vec::new();
    if let Some(store) = place.open()?.store_to_read()? {
        for tag in store.tags()? {
            let snapshot = snapshot_at(&store, &tag.snapshot, &tag.name)?;
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
pub(super) fn runs(place: &ProjectPlace, arguments: ListArguments) -> Result<Exit> {
    const LISTED: usize = 20;
    let past = match place.open()?.store_to_read()? {
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
        let took = seconds(account.cost.running_seconds);
        let Account { ran, failed, .. } = account;
        let again = match account.read_again {
            0 => String::new(),
            again => format!(", {again} read again"),
        };
        let end = if account.gave_up { ", gave up" } else { "" };
        writeln!(
            out,
            "{run}  {ended}  {ran} run, {failed} failed{again}{end} in {took}  {}",
            causes.join("; ")
        )
        .ok();
    }
    Ok(Exit::Fine)
}
