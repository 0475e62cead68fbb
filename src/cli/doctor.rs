//! `rerunoff doctor`: checks the store, lists what is lost, and drops what is damaged, so that only that runs again.

use std::collections::BTreeSet;
use std::io::{self, Write, stdout};

use anyhow::Result;
use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use super::document::CatchmentOf;
use super::exit::Exit;
use super::open::{OpenProject, ProjectPlace};
use super::terminal::print_document;
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
    /// One JSON document instead of text
    #[arg(long)]
    json: bool,
}

/// What was found in the store, and what was done about it.
#[derive(Default, Serialize, JsonSchema)]
pub(super) struct Document {
    /// The store's file; `null` if there is none yet.
    store: Option<String>,
    /// Whether nothing is damaged.
    is_sound: bool,
    /// What is wrong with the file as a whole; `null` if nothing is. With `--dry-run` nothing that follows is known then.
    fault: Option<String>,
    /// Where the damaged file was put; `null` unless a new one was made of what could be read of it.
    damaged_file: Option<String>,
    /// Results that are sound.
    sound: usize,
    /// Results that are damaged.
    damaged: usize,
    /// Kept outputs that are sound.
    sound_outputs: usize,
    /// Kept outputs that are damaged.
    damaged_outputs: usize,
    /// The catchments whose results are among the damaged ones.
    lost: Vec<CatchmentOf>,
    /// Whether what is damaged was dropped, so that it is run again.
    repaired: bool,
}

pub(super) fn doctor(place: &ProjectPlace, arguments: Arguments) -> Result<Exit> {
    let OpenProject { cache, .. } = place.open()?;
    let document = match cache.store_path().exists() {
        true => examine(&cache, &arguments)?,
        false => Document {
            is_sound: true,
            ..Document::default()
        },
    };
    match arguments.json {
        true => print_document(&document)?,
        false => drop(document.print(&mut stdout().lock()).ok()),
    }
    Ok(match document.is_sound {
        true => Exit::Fine,
        false => Exit::Failures,
    })
}

/// Looks at all of the store, and repairs it if that is wanted.
fn examine(cache: &Cache, arguments: &Arguments) -> Result<Document> {
    let path = cache.store_path();
    let mut document = Document {
        store: Some(path.display().to_string()),
        ..Document::default()
    };
    let _lock = cache.lock(arguments.wait)?;
    let faults = match structure(cache) {
        Ok(faults) => faults,
        Err(StoreError::Corrupt { detail, .. }) => vec![detail],
        Err(StoreError::NotAStore { .. }) => {
            vec!["its beginning is not that of a store".to_owned()]
        }
        Err(error) => return Err(error.into()),
    };
    document.fault = faults.into_iter().next();
    if document.fault.is_some() {
        if arguments.dry_run {
            return Ok(document);
        }
        let aside = Store::recover(&path)?;
        document.damaged_file = Some(aside.display().to_string());
    }
    let mut store = cache.store_alone()?;
    let (sound, damaged) = examine_results(&store)?;
    let (sound_outputs, damaged_outputs) = store.examine_outputs()?;
    let states = store.states()?;
    let lost: BTreeSet<_> = (states.iter())
        .filter(|(_, last)| damaged.contains(&last.key))
        .map(|(unit, _)| unit)
        .collect();
    document.sound = sound;
    document.damaged = damaged.len();
    document.sound_outputs = sound_outputs;
    document.damaged_outputs = damaged_outputs.len();
    document.lost = (lost.into_iter())
        .map(|(scenario, id)| CatchmentOf::new(scenario, id))
        .collect();
    document.is_sound =
        document.fault.is_none() && damaged.is_empty() && damaged_outputs.is_empty();
    if !document.is_sound && !arguments.dry_run {
        store.discard(&damaged)?;
        store.drop_outputs(&damaged_outputs)?;
        document.repaired = true;
    }
    Ok(document)
}

impl Document {
    fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        let Some(store) = &self.store else {
            return writeln!(out, "there is no store yet; `rerunoff run` makes one");
        };
        if let Some(fault) = &self.fault {
            writeln!(out, "{store} is damaged: {fault}")?;
            let Some(aside) = &self.damaged_file else {
                return writeln!(out, "`rerunoff doctor` saves from it what can be read");
            };
            writeln!(
                out,
                "what could be read is in a new store; the damaged one is kept as {aside}"
            )?;
        }
        let (sound, damaged) = (self.sound, self.damaged);
        writeln!(out, "{sound} results are sound, {damaged} damaged")?;
        let (sound, damaged) = (self.sound_outputs, self.damaged_outputs);
        if sound + damaged > 0 {
            writeln!(out, "{sound} kept outputs are sound, {damaged} damaged")?;
        }
        for lost in self.lost.iter().take(LISTED) {
            let id = lost.scenario.label(&lost.catchment);
            writeln!(out, "  lost: the result of catchment {id}")?;
        }
        if self.lost.len() > LISTED {
            writeln!(out, "  and {} more", self.lost.len() - LISTED)?;
        }
        if self.repaired {
            writeln!(out, "repaired; `rerunoff run` runs what was lost again")?;
        }
        Ok(())
    }
}

fn structure(cache: &Cache) -> Result<Vec<String>, StoreError> {
    cache.store_alone()?.quick_check()
}

/// How many results are sound, and the keys of those that are not.
fn examine_results(store: &Store) -> Result<(usize, Vec<Digest>), StoreError> {
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
