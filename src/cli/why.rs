//! `rerunoff why`: every part of a catchment's key, then and now.

use std::io::{Write, stdout};
use std::path::Path;

use anyhow::Result;
use clap::Args;

use super::{Exit, Usage};
use crate::cache::Cache;
use crate::catchment::CatchmentId;
use crate::project::Project;
use crate::session::Session;
use crate::why;

#[derive(Args)]
pub(super) struct Arguments {
    /// The catchments to explain
    #[arg(value_name = "ID", required = true)]
    catchments: Vec<String>,
}

pub(super) fn why(root: &Path, arguments: Arguments) -> Result<Exit> {
    let project = Project::load(root)?;
    let store = Cache::of(&project).store_to_read()?;
    let session = Session::without_series(&project, store.as_ref(), false)?;
    let mut out = stdout().lock();
    for id in &arguments.catchments {
        let at = (session.basin.find(&CatchmentId::new(id)))
            .ok_or_else(|| Usage(format!("there is no catchment {id:?} in the input")))?;
        for line in why::explain(&session, store.as_ref(), at)? {
            writeln!(out, "{line}").ok();
        }
    }
    Ok(Exit::Fine)
}
