//! `rerunoff import`: makes the input file from the files that `[import]` names.

use std::io::{Write, stdout};
use std::time::Instant;

use anyhow::Result;
use clap::Args;

use super::exit::{Exit, Usage};
use super::import_report::{list_left_out, summary};
use super::open::ProjectPlace;
use crate::system::progress::duration;

#[derive(Args)]
pub(super) struct Arguments {
    /// Import even if nothing changed
    #[arg(long)]
    force: bool,
    /// Read every source again, whatever its time stamps say
    #[arg(long)]
    rehash: bool,
    /// Wait while others use the project, where one needs it alone
    #[arg(long)]
    wait: bool,
    /// Print no progress, only the last line
    #[arg(short, long)]
    quiet: bool,
}

pub(super) fn import(place: &ProjectPlace, arguments: Arguments) -> Result<Exit> {
    let started = Instant::now();
    let opened = place.open()?;
    let project = opened.study.common();
    let Some(spec) = &project.import else {
        return Err(Usage(format!(
            "{}: there is no [import] in it, so there is nothing to import",
            project.file.display()
        ))
        .into());
    };
    let (_lock, mut store) = opened.store_to_write(arguments.wait)?;
    let Arguments {
        force,
        rehash,
        quiet,
        ..
    } = arguments;
    let report = opened.import(&mut store, rehash, force, quiet)?;
    let file = spec.file.display();
    match report {
        Some(report) => {
            list_left_out(project, &report)?;
            writeln!(
                stdout(),
                "{} in {}; {file} written",
                summary(&report),
                duration(started.elapsed())
            )
            .ok();
        }
        None => drop(writeln!(stdout(), "nothing changed; {file} unchanged").ok()),
    }
    Ok(Exit::Fine)
}
