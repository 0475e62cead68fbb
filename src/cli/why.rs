//! `rerunoff why`: every part of a catchment's key, then and now.

use std::io::{Write, stdout};
use std::path::Path;

use anyhow::Result;
use clap::Args;

use super::Exit;
use crate::cli::options::only::missing;
use crate::cli::options::scenario::ScenarioOption;
use crate::data::catchment::CatchmentId;
use crate::plan::loaded::LoadedStudy;
use crate::project::Study;
use crate::report::why;
use crate::store::cache_folder::Cache;

#[derive(Args)]
pub(super) struct Arguments {
    /// The catchments to explain
    #[arg(value_name = "ID", required = true)]
    catchments: Vec<String>,
    #[command(flatten)]
    scenarios: ScenarioOption,
}

pub(super) fn why(root: &Path, arguments: Arguments) -> Result<Exit> {
    let study = Study::load(root)?;
    let chosen = arguments.scenarios.of(&study)?;
    let store = Cache::at(study.common().cache()).store_to_read()?;
    let loaded_study = LoadedStudy::without_series(&study, store.as_ref(), false)?;
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
    Ok(Exit::Fine)
}
