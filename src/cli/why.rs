//! `rerunoff why`: every part of a catchment's key, then and now.

use std::io::{Write, stdout};

use anyhow::Result;
use clap::Args;

use super::exit::Exit;
use super::open::ProjectPlace;
use crate::cli::options::only::missing;
use crate::cli::options::scenario::ScenarioOption;
use crate::cli::options::sets::SetOptions;
use crate::data::catchment::CatchmentId;
use crate::history::account::Account;
use crate::report::why;

#[derive(Args)]
pub(super) struct Arguments {
    /// The catchments to explain
    #[arg(value_name = "ID", required = true)]
    catchments: Vec<String>,
    #[command(flatten)]
    scenarios: ScenarioOption,
    #[command(flatten)]
    sets: SetOptions,
}

pub(super) fn why(place: &ProjectPlace, arguments: Arguments) -> Result<Exit> {
    let opened = place.open_with(&arguments.sets.overrides()?)?;
    let chosen = arguments.scenarios.of(&opened.study)?;
    let store = opened.store_to_read()?;
    let loaded_study = opened.load_without_series(store.as_ref())?;
    let mut out = stdout().lock();
    for id in &arguments.catchments {
        let mut is_known = false;
        for loaded in chosen.iter().map(|&at| &loaded_study.list[at]) {
            let Some(at) = loaded.basin.find(&CatchmentId::new(id)) else {
                continue;
            };
            is_known = true;
            for line in why::explain(loaded, store.as_ref(), at)? {
                writeln!(out, "{line}").ok();
            }
        }
        if !is_known {
            return Err(missing(id).into());
        }
    }
    let last = store.as_ref().map(Account::last).transpose()?.flatten();
    if let Some(values) = last.and_then(|last| last.values()) {
        writeln!(out, "the last run had {values}").ok();
    }
    Ok(Exit::Fine)
}
