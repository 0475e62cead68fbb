//! `rerunoff work`: what a job's script becomes on a node. Nobody types it.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use super::exit::Exit;
use super::terminal::say;
use crate::cluster::ids::{ArrayNumber, BatchNumber, Epoch};
use crate::cluster::segment::TaskEnd;
use crate::cluster::worker::{self, TaskId, Worked};

#[derive(Args)]
pub(super) struct Arguments {
    /// The package's folder
    package: PathBuf,
    /// The array
    #[arg(long)]
    array: ArrayNumber,
    /// Which try at submitting it
    #[arg(long)]
    epoch: Epoch,
    /// The batch of its first task
    #[arg(long)]
    first: BatchNumber,
    /// The engine's id of the job
    #[arg(long)]
    job: String,
    /// The task's index in the array, from 0
    #[arg(long)]
    index: u32,
    /// How often it was started before
    #[arg(long, default_value_t = 0)]
    restart: u32,
    /// Where its folder on the node goes [default: $TMPDIR, or /tmp]
    #[arg(long)]
    scratch: Option<PathBuf>,
}

pub(super) fn work(arguments: Arguments) -> Result<Exit> {
    let batch = BatchNumber(arguments.first.0.saturating_add(arguments.index));
    let task = TaskId {
        array: arguments.array,
        epoch: arguments.epoch,
        batch,
        job: arguments.job,
        index: arguments.index,
        restart: arguments.restart,
    };
    let worked = worker::work(
        &arguments.package,
        &task,
        arguments.scratch.as_deref(),
        &say,
    )?;
    Ok(match worked {
        Worked::Ended(TaskEnd::Obstacle { .. }) => Exit::Unreadable,
        Worked::Ended(_) => Exit::Fine,
        Worked::Idle(reason) => {
            say(&format!("nothing is done: {reason}"));
            Exit::Fine
        }
    })
}
