//! `rerunoff why`: every part of a catchment's key, then and now.

use anyhow::Result;
use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use super::exit::Exit;
use super::open::ProjectPlace;
use super::pager::PagerOption;
use super::terminal::print_document;
use crate::cli::options::only::missing;
use crate::cli::options::scenario::ScenarioOption;
use crate::cli::options::sets::SetOptions;
use crate::data::catchment::CatchmentId;
use crate::history::account::{Account, is_zero};
use crate::history::values::PlainValues;
use crate::report::why::{self, Explained};

#[derive(Args)]
pub(super) struct Arguments {
    /// The catchments to explain
    #[arg(value_name = "ID", required = true)]
    catchments: Vec<String>,
    #[command(flatten)]
    scenarios: ScenarioOption,
    #[command(flatten)]
    sets: SetOptions,
    #[command(flatten)]
    pager: PagerOption,
    /// One JSON document instead of text
    #[arg(long)]
    json: bool,
}

/// Why catchments are fresh or stale.
#[derive(Serialize, JsonSchema)]
pub(super) struct Document {
    /// An entry for each, in each scenario that is asked for and has it.
    catchments: Vec<Explained>,
    /// The values that the last run had in place of the project's; left out without any.
    #[serde(skip_serializing_if = "PlainValues::is_empty")]
    last_run_set: PlainValues,
    /// Of how many samples its scenarios were made; left out if of none.
    #[serde(skip_serializing_if = "is_zero")]
    last_run_samples: usize,
}

pub(super) fn why(place: &ProjectPlace, arguments: Arguments) -> Result<Exit> {
    let opened = place.open_with(&arguments.sets.overrides()?)?;
    let chosen = arguments.scenarios.of(&opened.study)?;
    let store = opened.store_to_read()?;
    let loaded_study = opened.load_without_series(store.as_ref())?;
    let mut catchments = Vec::new();
    for id in &arguments.catchments {
        let mut is_known = false;
        for loaded in chosen.iter().map(|&at| &loaded_study.list[at]) {
            let Some(at) = loaded.basin.find(&CatchmentId::new(id)) else {
                continue;
            };
            is_known = true;
            catchments.push(why::explain(loaded, store.as_ref(), at)?);
        }
        if !is_known {
            return Err(missing(id).into());
        }
    }
    let last = store.as_ref().map(Account::last).transpose()?.flatten();
    let last = last.unwrap_or_default();
    if arguments.json {
        print_document(&Document {
            catchments,
            last_run_set: last.set,
            last_run_samples: last.samples,
        })?;
        return Ok(Exit::Fine);
    }
    let mut lines: Vec<String> = catchments.iter().flat_map(Explained::lines).collect();
    if let Some(values) = last.values() {
        lines.push(format!("the last run had {values}"));
    }
    arguments.pager.print(&(lines.join("\n") + "\n"))?;
    Ok(Exit::Fine)
}
