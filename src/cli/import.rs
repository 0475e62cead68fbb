//! `rerunoff import`: the input file from the files that `[import]` names.

use std::fs;
use std::io::{Write, stderr, stdout};
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Args;

use super::{Exit, Usage};
use crate::import::{ImportReport, bring_up_to_date, outdated};
use crate::project::{Project, Study};
use crate::store::Store;
use crate::store::cache_folder::Cache;
use crate::system::progress::duration;

/// The list of catchments that the last import left out, under the cache folder.
const DROPPED: &str = "import-dropped.txt";

/// How many of them are printed.
const SHOWN: usize = 5;

#[derive(Args)]
pub(super) struct Arguments {
    /// Import even if nothing changed
    #[arg(long)]
    force: bool,
    /// Read every source again, whatever its time stamps say
    #[arg(long)]
    rehash: bool,
    /// Wait for another run on this project to end
    #[arg(long)]
    wait: bool,
    /// Print no progress, only the last line
    #[arg(short, long)]
    quiet: bool,
}

pub(super) fn import(root: &Path, arguments: Arguments) -> Result<Exit> {
    let started = Instant::now();
    let study = Study::load(root)?;
    let project = study.common();
    let Some(spec) = &project.import else {
        return Err(Usage(format!(
            "{}: there is no [import] in it, so there is nothing to import",
            project.file.display()
        ))
        .into());
    };
    let cache = Cache::prepare(project.cache())?;
    let _lock = cache.lock(arguments.wait)?;
    let mut store = cache.store()?;
    let Arguments {
        force,
        rehash,
        quiet,
        ..
    } = arguments;
    let report = bring_up_to_date(project, &mut store, rehash, force, quiet)?;
    let file = spec.file.display();
    match report {
        Some(report) => {
            tell(project, &report)?;
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

/// Imports before a run, if need be, and tells of it.
pub(super) fn before_run(
    project: &Project,
    store: &mut Store,
    rehash: bool,
    quiet: bool,
) -> Result<()> {
    if let Some(report) = bring_up_to_date(project, store, rehash, false, quiet)? {
        tell(project, &report)?;
        if !quiet {
            writeln!(stderr(), "imported {}: {}", summary(&report), report.reason).ok();
        }
    }
    Ok(())
}

/// For verbs that only look: a note if what they look at is not up to date, an error if it is not there.
pub(super) fn before_look(project: &Project, store: Option<&Store>) -> Result<()> {
    let (Some(reason), Some(spec)) = (outdated(project, store)?, &project.import) else {
        return Ok(());
    };
    let file = spec.file.display();
    anyhow::ensure!(
        spec.file.exists(),
        "{file} is not there yet; `rerunoff import` makes it, and so does `rerunoff run`"
    );
    writeln!(
        stderr(),
        "note: {reason}, so `rerunoff run` will import first; what follows is about {file} as it is"
    )
    .ok();
    Ok(())
}

fn summary(report: &ImportReport) -> String {
    let mut text = format!("{} catchments", report.catchments);
    if report.steps > 0 {
        text.push_str(&format!(", {} time steps", report.steps));
    }
    if report.filtered > 0 {
        text.push_str(&format!(", {} filtered out", report.filtered));
    }
    if !report.dropped.is_empty() {
        text.push_str(&format!(", {} left out", report.dropped.len()));
    }
    text
}

/// Tells which catchments were left out, and puts the whole list down.
fn tell(project: &Project, report: &ImportReport) -> Result<()> {
    let path = project.cache().join(DROPPED);
    if report.dropped.is_empty() {
        fs::remove_file(&path).ok();
        return Ok(());
    }
    let lines: Vec<String> = (report.dropped.iter())
        .map(|(id, problem)| format!("{id}: {problem}\n"))
        .collect();
    fs::write(&path, lines.concat()).with_context(|| format!("can't write {}", path.display()))?;
    let shown = lines[..lines.len().min(SHOWN)].concat();
    write!(
        stderr(),
        "{} catchments were left out:\n{shown}all of them are listed in {}\n",
        lines.len(),
        path.display()
    )
    .ok();
    Ok(())
}
