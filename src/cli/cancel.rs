//! `rerunoff cancel`: ends what is under way on a cluster.

use std::io::{Write, stdout};

use anyhow::Result;
use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use super::exit::Exit;
use super::open::ProjectPlace;
use super::terminal::print_document;
use crate::cluster::cancel::cancel as cancel_all;
use crate::store::cache_folder::{CACHE, Cache};

#[derive(Args)]
pub(super) struct Arguments {
    /// One JSON document instead of text
    #[arg(long)]
    json: bool,
}

/// What was under way and is being ended.
#[derive(Serialize, JsonSchema)]
pub(super) struct Document {
    /// An entry for each submission of which something was under way.
    cancelled: Vec<CancelledPackage>,
}

/// A submission.
#[derive(Serialize, JsonSchema)]
struct CancelledPackage {
    /// The engine that has its tasks.
    engine: String,
    /// How many are being ended.
    tasks: usize,
}

pub(super) fn cancel(place: &ProjectPlace, arguments: &Arguments) -> Result<Exit> {
    // The project file is not read: what is under way has to end even if that is broken by now.
    let cache = Cache::at(place.root.join(CACHE));
    let cancelled = cancel_all(&cache.cluster())?.into_iter();
    let cancelled: Vec<CancelledPackage> = cancelled
        .map(|package| CancelledPackage {
            engine: package.engine.to_string(),
            tasks: package.tasks,
        })
        .collect();
    if arguments.json {
        print_document(&Document { cancelled })?;
        return Ok(Exit::Fine);
    }
    if cancelled.is_empty() {
        writeln!(stdout(), "nothing is under way").ok();
    }
    for CancelledPackage { engine, tasks } in cancelled {
        let plural = if tasks == 1 { "task" } else { "tasks" };
        writeln!(
            stdout(),
            "{tasks} {plural} on {engine} are being ended; what they have published is kept, and the next `rerunoff run` takes it in",
        )
        .ok();
    }
    Ok(Exit::Fine)
}
