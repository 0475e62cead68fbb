//! Ending what is under way, while a run waits for it or while none does.
//!
//! Nothing is taken in and no journal is written: a mark in each package tells the head, which may be at work at this moment, that its
//! tasks were not lost but ended.

use std::fs::File;
use std::path::Path;

use anyhow::{Context, Result};

use crate::cluster::engine;
use crate::cluster::ids::job_name;
use crate::cluster::package::Package;
use crate::cluster::package::manifest::Manifest;
use crate::cluster::shared_folder;
use crate::cluster::standing::{Stage, Standing};
use crate::project::cluster::EngineKind;

/// What was ended of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cancelled {
    /// Where it was.
    pub engine: EngineKind,
    /// The tasks that were not known to have ended.
    pub tasks: usize,
}

/// Has all tasks of all packages in this folder ended.
///
/// # Errors
/// If a package can't be marked, or an engine can't be asked.
pub(crate) fn cancel(packages: &Path) -> Result<Vec<Cancelled>> {
    let (mut cancelled, mut done) = (Vec::new(), Ok(()));
    for (package, manifest) in Package::open_all(packages)?.into_values() {
        let tasks = manifest.and_then(|manifest| match manifest {
            Some(manifest) => cancel_one(&package, &manifest),
            None => Ok(None),
        });
        match tasks {
            Ok(tasks) => cancelled.extend(tasks),
            // The others are to end all the same.
            Err(error) => done = done.and(Err(error)),
        }
    }
    done.map(|()| cancelled)
}

fn cancel_one(package: &Package, manifest: &Manifest) -> Result<Option<Cancelled>> {
    let standing = Standing::read(package)?;
    let tasks = standing.live().count();
    if tasks == 0 {
        return Ok(None);
    }
    let mark = package.cancelled();
    File::create(&mark).with_context(|| format!("can't write {}", mark.display()))?;
    shared_folder::sync(package.folder())?;
    let engine = engine::engine(&manifest.spec, &manifest.root);
    let mut jobs = standing.jobs(&manifest.id);
    for (number, array) in &standing.arrays {
        // Its head died before it heard of the job, or waits for it to show up.
        if array.stage == Stage::Intended {
            let name = job_name(&manifest.id, *number, array.epoch);
            jobs.extend(engine.find(&name)?.map(|job| (job, name)));
        }
    }
    if !jobs.is_empty() {
        engine.cancel(&jobs)?;
    }
    Ok(Some(Cancelled {
        engine: manifest.spec.engine,
        tasks,
    }))
}
