//! What is printed about an import, whichever verb did it.

use std::fs;
use std::io::{Write, stderr};

use anyhow::{Context, Result};

use crate::import::ImportReport;
use crate::project::Project;

/// The list of catchments that the last import left out, under the cache folder.
const DROPPED: &str = "import-dropped.txt";

/// How many of them are printed.
const SHOWN: usize = 5;

/// How much was imported, in a few words.
pub(super) fn summary(report: &ImportReport) -> String {
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

/// Prints the first catchments that were left out, and writes the whole list into the cache folder.
pub(super) fn list_left_out(project: &Project, report: &ImportReport) -> Result<()> {
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
