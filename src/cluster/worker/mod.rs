//! A task: the orders of one batch, carried out on the machine that the engine chose.
//!
//! It claims its batch, makes sure that what determines results is what it was on the head, runs simulators as a run on one machine does,
//! and publishes trials until there are no more orders, no more time, or something is in the way; what it says last is why it ended. It
//! opens no store, locks nothing that another machine could lock, and keeps what it needs meanwhile in a folder of its own on the node.
//!
//! Every failure that a node can have, from a full disk to a second copy of the same task, costs at most what was not yet published.

mod allocation;
mod earlier;
mod evidence;
mod publisher;
mod recipes;
mod task;

use std::io::ErrorKind;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use self::allocation::Allocation;
use self::publisher::Publisher;
use self::task::{Task, obstacle};
use crate::cluster::batch::Batch;
use crate::cluster::claim::{Claimed, claim};
use crate::cluster::ids::{ArrayNumber, AttemptId, BatchNumber, Epoch};
use crate::cluster::package::Package;
use crate::cluster::segment::{SegmentHead, TaskEnd, Trouble};
use crate::cluster::shared_folder;
use crate::system::machine;
use crate::system::process::Interrupt;

/// How long a node may not see what the head has written before the task was submitted: its cache of a folder.
const OLDEST_LISTING: Duration = Duration::from_secs(120);

/// Which task it is, as the engine and the script know it.
#[derive(Clone, Debug)]
pub(crate) struct TaskId {
    /// Its array.
    pub array: ArrayNumber,
    /// Which try at submitting that.
    pub epoch: Epoch,
    /// Its batch.
    pub batch: BatchNumber,
    /// The engine's id of the job.
    pub job: String,
    /// Its index in the array, from 0.
    pub index: u32,
    /// How often it was started before.
    pub restart: u32,
}

/// What became of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Worked {
    /// It has published its last segment, which says this.
    Ended(TaskEnd),
    /// It had nothing to do, for this reason.
    Idle(String),
}

/// Carries a task of the package in `folder` out; `scratch` is where its folder on the node goes, unless the node says.
///
/// # Errors
/// If its batch can't be read or claimed, or what was run can't be published. Then the engine has the only word about it.
pub(crate) fn work(
    folder: &Path,
    task: &TaskId,
    scratch: Option<&Path>,
    say: &dyn Fn(&str),
) -> Result<Worked> {
    // From here on a signal ends simulators, and what they gave is published.
    let interrupt = Interrupt::installed_in_job().context("can't prepare for signals")?;
    let gone = || Ok(Worked::Idle("its package is gone".to_owned()));
    match shared_folder::names(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return gone(),
        Err(error) => {
            return Err(error).with_context(|| format!("can't list {}", folder.display()));
        }
        Ok(names) if names.contains("cancelled") => {
            return Ok(Worked::Idle("its package was cancelled".to_owned()));
        }
        Ok(names) if !names.contains("manifest") => return gone(),
        Ok(_) => {}
    }
    let (package, manifest) = Package::open(folder)?;
    let claimed = claim(&package.claims(), task.batch, task.epoch, &task.job);
    match claimed.with_context(|| format!("can't claim batch {}", task.batch))? {
        Claimed::Ours => {}
        Claimed::Others(job) => {
            let reason = format!("job {job} has batch {} already", task.batch);
            return Ok(Worked::Idle(reason));
        }
        Claimed::Void => {
            let reason = format!("batch {} was taken back", task.batch);
            return Ok(Worked::Idle(reason));
        }
    }
    let attempt = AttemptId::new(&task.job, task.index, task.restart);
    let ready = read_batch(&package, task.batch, &interrupt)
        .and_then(|batch| Ok((batch, Allocation::of(&package, &manifest, task)?)));
    let (batch, allocation) = match ready {
        Ok(ready) => ready,
        Err(error) => {
            // It has the batch, so the head has to hear of it.
            let host = &machine::this().host;
            let end = obstacle(Trouble::Other, format!("{host}: {error:#}"));
            let head = SegmentHead {
                package: manifest.id.clone(),
                batch: task.batch,
                attempt,
                machine: machine::this().clone(),
            };
            let publisher = Publisher::new(&package, head, package.incoming(), &interrupt, say);
            publisher.finish(end.clone())?;
            return Ok(Worked::Ended(end));
        }
    };
    let this = Task {
        package: &package,
        manifest: &manifest,
        batch: &batch,
        attempt: &attempt,
        allocation: &allocation,
        machine: machine::this(),
        interrupt: &interrupt,
        say,
    };
    this.carry_out(scratch)
}

/// Reads the orders, as soon as this node sees that they are there.
fn read_batch(package: &Package, number: BatchNumber, interrupt: &Interrupt) -> Result<Batch> {
    let folder = package.batches();
    let since = Instant::now();
    loop {
        let names = shared_folder::names(&folder);
        let names = names.with_context(|| format!("can't list {}", folder.display()))?;
        if names.contains(&number.to_string()) {
            break;
        }
        let is_late = since.elapsed() >= OLDEST_LISTING;
        ensure!(
            !is_late && !interrupt.wait(Duration::from_secs(2)),
            "there is no batch {number} in {}",
            folder.display()
        );
    }
    let batch = Batch::read(&package.batch(number))?;
    ensure!(
        batch.number == number,
        "the orders in {} are those of batch {}",
        package.batch(number).display(),
        batch.number
    );
    Ok(batch)
}
