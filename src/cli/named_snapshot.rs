//! Snapshots as the command line names them: a tag, or a run counted from the last.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};

use super::exit::Usage;
use super::open::OpenProject;
use crate::data::catchment::CatchmentId;
use crate::data::digest::Digest;
use crate::history::account::Account;
use crate::plan::Plan;
use crate::plan::loaded::LoadedScenario;
use crate::plan::snapshot::Snapshot;
use crate::store::Store;
use crate::text::wording::{self, Quotes, here, utc};

/// A snapshot and what to call it.
pub(super) struct Named {
    /// With times in UTC, for what is in documents and files.
    pub title: String,
    /// With times as people read them, for all else, messages of errors too.
    pub shown: String,
    pub snapshot: Snapshot,
}

impl Named {
    /// With a title without times.
    fn new(title: String, snapshot: Snapshot) -> Self {
        Self {
            shown: title.clone(),
            title,
            snapshot,
        }
    }
}

const NO_RUN: &str = "no run has come to its end yet; `rerunoff run` first";

/// The snapshot of a tag. Without a name, the one that a run left: the last run, or the one so many runs `before` it.
pub(super) fn named(store: &Store, name: Option<&str>, before: usize) -> Result<Named> {
    if let Some(name) = name {
        let Some(tag) = store.find_tag(name)? else {
            return Err(unknown(store, name)?);
        };
        let snapshot = snapshot_at(store, &tag.snapshot, name)?;
        let title = format!("tag {name:?}");
        return Ok(Named::new(title, snapshot));
    }
    let Some(run) = store.runs(before + 1)?.into_iter().nth(before) else {
        let message = match store.runs(1)?.is_empty() {
            true => NO_RUN,
            false => "there is no run before the last one; name a tag, or run again after a change",
        };
        return Err(Usage(message.to_owned()).into());
    };
    // One that can't be read was written by another version.
    let account: Account = serde_json::from_str(&run.summary).unwrap_or_default();
    let values = account.values();
    let values = values.map_or(String::new(), |values| format!(", with {values}"));
    let titled = |ended: &str| match before {
        0 => format!("the last run ({ended}{values})"),
        _ => format!("the run before ({ended}{values})"),
    };
    let ended = utc(run.ended);
    let (title, shown) = (titled(&ended), titled(&here(&ended)));
    let Some(digest) = run.snapshot else {
        bail!(
            "{shown}: its results were collected; name a tag, or keep more runs (`keep_runs` under [cache])"
        );
    };
    let snapshot = snapshot_at(store, &digest, &shown)?;
    Ok(Named {
        title,
        shown,
        snapshot,
    })
}

/// What a run with the values that were set would leave if it ran nothing: the results that are there of these catchments, or of all if
/// none is named.
pub(super) fn planned(
    opened: &OpenProject,
    store: &Store,
    only: &BTreeSet<CatchmentId>,
) -> Result<Named> {
    let loaded_study = opened.load(Some(store), false, true)?;
    let is_asked = |scenario: usize, catchment: usize| {
        only.is_empty() || only.contains(loaded_study.list[scenario].basin.id(catchment))
    };
    let plans = loaded_study.plan_asked(Some(store), &is_asked)?;
    let bytes = Snapshot::bytes_of(&loaded_study.list, &plans)?;
    let title = match opened.study.overrides.sets() {
        [set] => format!("with {set}"),
        sets => format!("with {} samples", sets.len()),
    };
    Ok(Named::new(title, Snapshot::from_bytes(&bytes)?))
}

/// What the last run left; if none has come to its end yet, what there is so far by these plans of all scenarios.
pub(super) fn left_or_planned(
    store: &Store,
    scenarios: &[LoadedScenario<'_>],
    plans: &[Plan],
) -> Result<Named> {
    if !store.runs(1)?.is_empty() {
        return named(store, None, 0);
    }
    let bytes = Snapshot::bytes_of(scenarios, plans)?;
    let snapshot = Snapshot::from_bytes(&bytes)?;
    for scenario in &snapshot.scenario_snapshots {
        // A run keeps the time steps before it runs anything.
        if store.content(&scenario.time)?.is_none() {
            return Err(Usage(NO_RUN.to_owned()).into());
        }
    }
    let title = "what there is before the first run has come to its end";
    Ok(Named::new(title.to_owned(), snapshot))
}

/// The snapshot with this digest; `title` is how messages name it.
pub(super) fn snapshot_at(store: &Store, digest: &Digest, title: &str) -> Result<Snapshot> {
    let bytes = store.content(digest)?;
    let bytes = bytes.with_context(|| format!("{title}: the store's record of it is damaged"))?;
    Snapshot::from_bytes(&bytes).with_context(|| title.to_owned())
}

/// The error for an unknown tag, with the one that was probably meant.
pub(super) fn unknown(store: &Store, name: &str) -> Result<anyhow::Error> {
    let tags = store.tags()?;
    let names = tags.iter().map(|tag| tag.name.as_str());
    let hint = wording::hint(name, names, Quotes::Double)
        .unwrap_or_else(|| "; `rerunoff tags` lists them".to_owned());
    Ok(Usage(format!("there is no tag {name:?}{hint}")).into())
}
