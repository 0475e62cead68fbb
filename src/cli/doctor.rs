//! `rerunoff doctor`: checks the store, lists what is lost, and drops what is damaged, so that only that runs again.

use std::collections::BTreeSet;
use std::io::{Write, stdout};

use anyhow::Result;
use clap::Args;

use super::exit::Exit;
use super::open::{OpenProject, ProjectPlace};
use crate::data::digest::Digest;
use crate::store::cache_folder::Cache;
use crate::store::{Store, StoreError};

/// How many catchments are named.
const LISTED: usize = 20;

#[derive(Args)]
pub(super) struct Arguments {
    /// Only tell, repair nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Wait while others use the project, where one needs it alone
    #[arg(long)]
    wait: bool,
}

pub(super) fn doctor(place: &ProjectPlace, arguments: Arguments) -> Result<Exit> {
    let OpenProject { cache, .. } = place.open()?;
    let mut out = stdout();
    if !cache.store_path().exists() {
        writeln!(out, "there is no store yet; `rerunoff run` makes one").ok();
        return Ok(Exit::Fine);
    }
    let _lock = cache.lock(arguments.wait)?;
    let faults = match structure(&cache) {
        Ok(faults) => faults,
        Err(StoreError::Corrupt { detail, .. }) => vec![detail],
        Err(StoreError::NotAStore { .. }) => {
            vec!["its beginning is not that of a store".to_owned()]
        }
        Err(error) => return Err(error.into()),
    };
    if !faults.is_empty() {
        let path = cache.store_path();
        writeln!(out, "{} is damaged: {}", path.display(), faults[0]).ok();
        if arguments.dry_run {
            writeln!(out, "`rerunoff doctor` saves from it what can be read").ok();
            return Ok(Exit::Failures);
        }
        let aside = Store::recover(&path)?;
        writeln!(
            out,
            "what could be read is in a new store; the damaged one is kept as {}",
            aside.display()
        )
        .ok();
    }
    let mut store = cache.store_alone()?;
    let (sound, damaged) = examine(&store)?;
    let (sound_outputs, damaged_outputs) = store.examine_outputs()?;
    let named: BTreeSet<String> = (store.states()?.iter())
        .filter(|(_, last)| damaged.contains(&last.key))
        .map(|((scenario, id), _)| scenario.label(id))
        .collect();
    writeln!(out, "{sound} results are sound, {} damaged", damaged.len()).ok();
    if sound_outputs + damaged_outputs.len() > 0 {
        let damaged = damaged_outputs.len();
        writeln!(
            out,
            "{sound_outputs} kept outputs are sound, {damaged} damaged"
        )
        .ok();
    }
    for id in named.iter().take(LISTED) {
        writeln!(out, "  lost: the result of catchment {id}").ok();
    }
    if named.len() > LISTED {
        writeln!(out, "  and {} more", named.len() - LISTED).ok();
    }
    if faults.is_empty() && damaged.is_empty() && damaged_outputs.is_empty() {
        return Ok(Exit::Fine);
    }
    if !arguments.dry_run {
        store.discard(&damaged)?;
        store.drop_outputs(&damaged_outputs)?;
        writeln!(out, "repaired; `rerunoff run` runs what was lost again").ok();
    }
    Ok(Exit::Failures)
}

fn structure(cache: &Cache) -> Result<Vec<String>, StoreError> {
    cache.store_alone()?.quick_check()
}

/// How many results are sound, and the keys of those that are not.
fn examine(store: &Store) -> Result<(usize, Vec<Digest>), StoreError> {
    let mut damaged = Vec::new();
    let mut sound = 0;
    for key in store.keys()? {
        match is_sound(store, &key) {
            Ok(true) => sound += 1,
            Ok(false) | Err(StoreError::Damaged { .. }) => damaged.push(key),
            Err(error) => return Err(error),
        }
    }
    Ok((sound, damaged))
}

fn is_sound(store: &Store, key: &Digest) -> Result<bool, StoreError> {
    let Some(summary) = store.summary(key)? else {
        return Ok(false);
    };
    let names: Vec<&str> = (summary.columns.iter())
        .map(|column| column.name.as_str())
        .collect();
    let columns = store.columns(summary.result, &names)?;
    Ok(columns.iter().all(|column| column.decode().is_ok()))
}
