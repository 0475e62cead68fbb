//! `rerunoff tag`, `tags` and `runs`: snapshots by name, and what runs did.

use std::io::{Write, stdout};

use anyhow::{Context, Result};
use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use super::document::{Cause, objective_lines};
use super::exit::{Exit, Usage};
use super::named_snapshot::{snapshot_at, unknown};
use super::open::ProjectPlace;
use super::terminal::print_document;
use crate::data::objective::ObjectiveNumbers;
use crate::data::run_cost::TotalCost;
use crate::history::account::{Account, is_zero, values_in_words};
use crate::history::values::PlainValues;
use crate::plan::Plan;
use crate::plan::loaded::LoadedScenario;
use crate::plan::snapshot::Snapshot;
use crate::project::Study;
use crate::store::Store;
use crate::system::progress::seconds;
use crate::text::shell;
use crate::text::wording::{here, utc};

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
    /// Wait while others use the project, where one needs it alone
    #[arg(long)]
    wait: bool,
    /// One JSON document instead of text
    #[arg(long)]
    json: bool,
}

/// What became of a tag.
#[derive(Serialize, JsonSchema)]
pub(super) struct Tagged<'a> {
    /// The tag.
    name: &'a str,
    /// Whether it was taken away; the two that follow are `null` then.
    deleted: bool,
    /// How many of the catchments have a result.
    results: Option<usize>,
    /// Counted in each scenario.
    catchments: Option<usize>,
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
    check_name(name)?;
    let opened = place.open()?;
    let (_lock, mut store) = opened.store_to_write(arguments.wait)?;
    if arguments.delete {
        if !store.untag(name)? {
            return Err(unknown(&store, name)?);
        }
        match arguments.json {
            true => print_document(&Tagged {
                name,
                deleted: true,
                results: None,
                catchments: None,
            })?,
            false => drop(writeln!(stdout(), "tag {name:?} taken away").ok()),
        }
        return Ok(Exit::Fine);
    }
    if !arguments.replace && store.find_tag(name)?.is_some() {
        let message =
            format!("there is a tag {name:?} already; `--replace` gives the name to the present");
        return Err(Usage(message).into());
    }
    let loaded_study = opened.load(Some(&store), false, arguments.json)?;
    loaded_study.remember(&mut store)?;
    let (plans, _) = loaded_study.plan(Some(&store))?;
    let bytes = Snapshot::bytes_of(&loaded_study.list, &plans)?;
    let snapshot = Snapshot::from_bytes(&bytes)?;
    store.store_contents(&[loaded_study.list[0].basin.time_bytes()])?;
    store.tag(name, &bytes, None)?;
    let (results, all) = (snapshot.results(), snapshot.catchments());
    if arguments.json {
        print_document(&Tagged {
            name,
            deleted: false,
            results: Some(results),
            catchments: Some(all),
        })?;
        return Ok(Exit::Fine);
    }
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

/// An error if a tag can't have this name.
pub(super) fn check_name(name: &str) -> Result<(), Usage> {
    match name.trim().is_empty() || name.contains(char::is_control) {
        true => Err(Usage(
            "a tag's name must have letters and no control characters".to_owned(),
        )),
        false => Ok(()),
    }
}

/// A tag for the outcome of a run with other values than the project's.
pub(super) struct NewTag {
    name: String,
    /// These values, as the store keeps them.
    values: String,
}

impl NewTag {
    /// Of this name, which is free, or names an outcome with the same values.
    pub(super) fn of(study: &Study, name: &str, store: &Store) -> Result<Self> {
        let set = study.overrides.sets().first();
        let values = set.map(PlainValues::from).unwrap_or_default();
        let values = serde_json::to_string(&values).context("can't put down the values")?;
        let known = store.find_tag(name)?;
        if known.is_some_and(|tag| tag.values.as_ref() != Some(&values)) {
            let message = format!(
                "there is a tag {name:?} already, of something else; `rerunoff tag --delete {}` takes the name away",
                shell::word(name)
            );
            return Err(Usage(message).into());
        }
        let name = name.to_owned();
        Ok(Self { name, values })
    }

    /// Gives the name to this outcome.
    pub(super) fn keep(
        &self,
        list: &[LoadedScenario<'_>],
        plans: &[Plan],
        store: &mut Store,
    ) -> Result<()> {
        let snapshot = Snapshot::bytes_of(list, plans)?;
        store.store_contents(&[list[0].basin.time_bytes()])?;
        Ok(store.tag(&self.name, &snapshot, Some(&self.values))?)
    }
}

/// All tags.
#[derive(Serialize, JsonSchema)]
pub(super) struct Tags {
    /// One after the other by their names.
    tags: Vec<TagLine>,
}

/// A tag.
#[derive(Serialize, JsonSchema)]
struct TagLine {
    /// Its name.
    name: String,
    /// When it was given, UTC: `2026-11-22T20:15:02Z`.
    created: String,
    /// How many of the catchments had a result then.
    results: usize,
    /// Counted in each scenario.
    catchments: usize,
    /// The values that it was made with in place of the project's; left out without any.
    #[serde(skip_serializing_if = "PlainValues::is_empty")]
    set: PlainValues,
}

/// Lists the tags.
pub(super) fn tags(place: &ProjectPlace, arguments: ListArguments) -> Result<Exit> {
    let mut tags = Vec::new();
    if let Some(store) = place.open()?.store_to_read()? {
        for tag in store.tags()? {
            let snapshot = snapshot_at(&store, &tag.snapshot, &tag.name)?;
            tags.push(TagLine {
                created: utc(tag.created),
                results: snapshot.results(),
                catchments: snapshot.catchments(),
                set: (tag.values.as_deref())
                    .and_then(|values| serde_json::from_str(values).ok())
                    .unwrap_or_default(),
                name: tag.name,
            });
        }
    }
    if arguments.json {
        print_document(&Tags { tags })?;
        return Ok(Exit::Fine);
    }
    let mut out = stdout().lock();
    for line in tags {
        let TagLine {
            name,
            created,
            results,
            catchments,
            set,
        } = line;
        let values = match set.is_empty() {
            true => String::new(),
            false => format!("  with {set}"),
        };
        writeln!(
            out,
            "{name}  {}  {results} of {catchments} with results{values}",
            here(&created)
        )
        .ok();
    }
    Ok(Exit::Fine)
}

/// What the runs did.
#[derive(Serialize, JsonSchema)]
pub(super) struct Runs {
    /// The latest first. Those that were interrupted or met an obstacle are not among them.
    runs: Vec<RunLine>,
}

/// What a run did.
#[derive(Serialize, JsonSchema)]
struct RunLine {
    /// Its number; later runs have larger ones.
    run: i64,
    /// When it ended, UTC: `2026-11-22T20:15:02Z`.
    ended: String,
    /// All catchments of the scenarios that were asked for, counted in each.
    catchments: usize,
    /// How many times a simulator was run, retries not counted; what scenarios have in common is run once.
    ran: usize,
    /// How many catchments were not run because what their simulators had left was read again; left out where there are none.
    #[serde(skip_serializing_if = "is_zero")]
    read_again: usize,
    /// How many catchments failed, counted in each scenario.
    failed: usize,
    /// Whether it ended early because too many failed.
    gave_up: bool,
    /// What they were run for.
    causes: Vec<Cause>,
    /// The values that it had in place of the project's; left out without any.
    #[serde(skip_serializing_if = "PlainValues::is_empty")]
    set: PlainValues,
    /// Of how many samples its scenarios were made; left out if of none.
    #[serde(skip_serializing_if = "is_zero")]
    samples: usize,
    /// Simulators at work at once; 0 if they were at work on other machines.
    workers: usize,
    #[serde(flatten)]
    cost: TotalCost,
    /// The slowest, at most five, the slowest first.
    slowest: Vec<SlowRun>,
    /// Those that failed, at most 1,000.
    failures: Vec<FailedRun>,
    /// What the objectives of its products came to; left out where there are none, or it made no product.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    objectives: Vec<ObjectiveNumbers>,
}

/// A catchment that took long.
#[derive(Serialize, JsonSchema)]
struct SlowRun {
    /// As messages name it: `70007`, or `70007 of diuron`.
    label: String,
    /// How long it took.
    seconds: f64,
}

/// A catchment that failed.
#[derive(Serialize, JsonSchema)]
struct FailedRun {
    /// As messages name it: `70007`, or `70007 of diuron`.
    label: String,
    /// In words.
    reason: String,
}

impl RunLine {
    fn new(run: i64, ended: i64, account: Account) -> Self {
        let slowest = account.slowest.into_iter();
        let failures = account.failures.into_iter();
        Self {
            run,
            ended: utc(ended),
            catchments: account.catchments,
            ran: account.ran,
            read_again: account.read_again,
            failed: account.failed,
            gave_up: account.gave_up,
            causes: Cause::all(account.causes),
            set: account.set,
            samples: account.samples,
            workers: account.workers,
            cost: account.cost,
            slowest: slowest
                .map(|(label, seconds)| SlowRun { label, seconds })
                .collect(),
            failures: failures
                .map(|(label, reason)| FailedRun { label, reason })
                .collect(),
            objectives: account.objectives,
        }
    }
}

/// Lists what the last runs did.
pub(super) fn runs(place: &ProjectPlace, arguments: ListArguments) -> Result<Exit> {
    const LISTED: usize = 20;
    let past = match place.open()?.store_to_read()? {
        Some(store) => store.runs(if arguments.json { usize::MAX } else { LISTED })?,
        None => Vec::new(),
    };
    let lines = past.into_iter().map(|run| {
        // One that can't be read was written by another version.
        let account = serde_json::from_str(&run.summary).unwrap_or_default();
        RunLine::new(run.id, run.ended, account)
    });
    if arguments.json {
        let runs = lines.collect();
        print_document(&Runs { runs })?;
        return Ok(Exit::Fine);
    }
    let mut out = stdout().lock();
    for line in lines {
        let causes: Vec<String> = (line.causes.iter().take(3))
            .map(|Cause { count, cause }| format!("{count} {cause}"))
            .collect();
        let took = seconds(line.cost.running_seconds);
        let values = values_in_words(&line.set, line.samples);
        let values = values.map_or(String::new(), |values| format!(" with {values}"));
        let RunLine {
            run,
            ended,
            ran,
            failed,
            objectives,
            ..
        } = line;
        let again = match line.read_again {
            0 => String::new(),
            again => format!(", {again} read again"),
        };
        let end = if line.gave_up { ", gave up" } else { "" };
        writeln!(
            out,
            "{run}  {}  {ran} run, {failed} failed{again}{end} in {took}{values}  {}",
            here(&ended),
            causes.join("; ")
        )
        .ok();
        for objective in objective_lines(&objectives) {
            writeln!(out, "      {objective}").ok();
        }
    }
    Ok(Exit::Fine)
}
