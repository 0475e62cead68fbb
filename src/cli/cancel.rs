//! `rerunoff cancel`: ends what is under way on a cluster.

use std::io::{Write, stdout};

use anyhow::Result;

use super::exit::Exit;
use super::open::ProjectPlace;
use crate::cluster::cancel::cancel as cancel_all;
use crate::store::cache_folder::{CACHE, Cache};

pub(super) fn cancel(place: &ProjectPlace) -> Result<Exit> {
    // The project file is not read: what is under way has to end even if that is broken by now.
    let cache = Cache::at(place.root.join(CACHE));
    let cancelled = cancel_all(&cache.cluster())?;
    if cancelled.is_empty() {
        writeln!(stdout(), "nothing is under way").ok();
    }
    for package in cancelled {
        let tasks = if package.tasks == 1 { "task" } else { "tasks" };
        writeln!(
            stdout(),
            "{} {tasks} on {} are being ended; what they have published is kept, and the next `rerunoff run` takes it in",
            package.tasks, package.engine
        )
        .ok();
    }
    Ok(Exit::Fine)
}
