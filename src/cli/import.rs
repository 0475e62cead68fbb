//! `rerunoff import`: makes the input file from the files that `[import]` names.

use std::io::{Write, stdout};
use std::time::Instant;

use anyhow::Result;
use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use super::exit::{Exit, Usage};
use super::import_report::{list_left_out, summary};
use super::open::ProjectPlace;
use super::terminal::print_document;
use crate::data::catchment::CatchmentId;
use crate::import::ImportReport;
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
    /// One JSON document instead of text
    #[arg(long)]
    json: bool,
}

/// What an import did.
#[derive(Serialize, JsonSchema)]
pub(super) struct Document {
    /// The file that is made.
    file: String,
    /// Whether it was made; all that follows is `null` if nothing had changed.
    imported: bool,
    /// Why it was, in words.
    reason: Option<&'static str>,
    /// How many catchments were imported.
    catchments: Option<usize>,
    /// How many time steps; 0 where there are no series.
    steps: Option<usize>,
    /// How many catchments did not pass the filter.
    filtered_out: Option<usize>,
    /// Those that were left out because a source lacks them.
    left_out: Option<Vec<LeftOut>>,
    /// The whole time.
    seconds: f64,
}

/// A catchment that was left out.
#[derive(Serialize, JsonSchema)]
struct LeftOut {
    /// Its id.
    catchment: CatchmentId,
    /// What lacks it.
    reason: String,
}

impl Document {
    fn new(file: String, report: Option<ImportReport>, seconds: f64) -> Self {
        let mut document = Self {
            file,
            imported: report.is_some(),
            reason: None,
            catchments: None,
            steps: None,
            filtered_out: None,
            left_out: None,
            seconds,
        };
        if let Some(report) = report {
            let dropped = report.dropped.into_iter();
            let left_out = dropped.map(|(catchment, reason)| LeftOut { catchment, reason });
            document.reason = Some(report.reason);
            document.catchments = Some(report.catchments);
            document.steps = Some(report.steps);
            document.filtered_out = Some(report.filtered);
            document.left_out = Some(left_out.collect());
        }
        document
    }
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
        json,
        ..
    } = arguments;
    let report = opened.import(&mut store, rehash, force, quiet || json)?;
    let file = spec.file.display();
    if let Some(report) = &report {
        list_left_out(project, report)?;
    }
    if json {
        let seconds = started.elapsed().as_secs_f64();
        print_document(&Document::new(file.to_string(), report, seconds))?;
        return Ok(Exit::Fine);
    }
    match report {
        Some(report) => {
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
