//! `rerunoff status`: what is fresh, stale by cause, failed; nothing is run or written.

use std::io::{Write, stdout};
use std::num::NonZeroUsize;
use std::path::Path;

use anyhow::Result;
use clap::Args;
use serde::Serialize;

use super::jobs::cores;
use super::summary::FailureOf;
use super::{Exit, import};
use crate::cache::Cache;
use crate::plan::Counts;
use crate::prediction::Prediction;
use crate::progress::Progress;
use crate::project::Project;
use crate::session::Session;

/// How many failed catchments are listed for people; `--json` lists all.
const LISTED: usize = 10;

#[derive(Args)]
pub(super) struct Arguments {
    /// Predict the time for so many simulators at once [default: the cores available]
    #[arg(short, long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// One JSON document instead of text
    #[arg(long)]
    json: bool,
    /// Read every input again, whatever its time stamps say
    #[arg(long)]
    rehash: bool,
}

#[derive(Serialize)]
struct Document<'a> {
    catchments: usize,
    fresh: usize,
    stale: usize,
    failed: usize,
    bad: usize,
    causes: Vec<Cause>,
    prediction: Option<Prediction>,
    failures: Vec<FailureOf<'a>>,
}

#[derive(Serialize)]
struct Cause {
    count: usize,
    cause: String,
}

pub(super) fn status(root: &Path, arguments: Arguments) -> Result<Exit> {
    let project = Project::load(root)?;
    let store = Cache::of(&project).store_to_read()?;
    import::before_look(&project, store.as_ref())?;
    let mut progress: Option<Progress> = None;
    let session = Session::open(
        &project,
        store.as_ref(),
        arguments.rehash,
        &mut |done, total| {
            progress
                .get_or_insert_with(|| Progress::new("reading", total, arguments.json))
                .set(done);
        },
    )?;
    drop(progress);
    let (plan, _) = session.plan(store.as_ref(), false)?;
    let Counts {
        fresh,
        stale,
        failed,
        bad,
    } = plan.counts();
    let failures = FailureOf::all(&session, &plan);
    let prediction = match &store {
        Some(store) => {
            let catchments = session.basin.catchments();
            let stale: Vec<_> = (plan.stale().into_iter())
                .map(|at| &catchments[at].id)
                .collect();
            Prediction::of(store, &stale, cores(arguments.jobs))?
        }
        None => None,
    };
    let causes = plan
        .causes()
        .into_iter()
        .map(|(count, cause)| Cause { count, cause })
        .collect();
    let document = Document {
        catchments: plan.entries.len(),
        fresh,
        stale,
        failed,
        bad,
        causes,
        prediction,
        failures,
    };
    let mut out = stdout().lock();
    if arguments.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&document)?).ok();
    } else {
        tell(&document, &mut out).ok();
    }
    Ok(if failed > 0 {
        Exit::Failures
    } else {
        Exit::Fine
    })
}

fn tell(document: &Document<'_>, out: &mut dyn Write) -> std::io::Result<()> {
    writeln!(
        out,
        "{:>7} fresh of {}",
        document.fresh, document.catchments
    )?;
    for Cause { count, cause } in &document.causes {
        writeln!(out, "{count:>7} {cause}")?;
    }
    if let Some(prediction) = &document.prediction {
        writeln!(out, "        to run: {prediction}")?;
    }
    for failure in document.failures.iter().take(LISTED) {
        writeln!(out, "        {}: {}", failure.catchment, failure.reason)?;
    }
    let more = document.failures.len().saturating_sub(LISTED);
    if more > 0 {
        writeln!(
            out,
            "        and {more} more; `rerunoff status --json` lists all"
        )?;
    }
    Ok(())
}
