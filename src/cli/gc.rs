//! `rerunoff gc`: free the space of results that nothing needs any more.

use std::io::{Write, stdout};

use anyhow::Result;
use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use super::exit::Exit;
use super::open::ProjectPlace;
use super::terminal::print_document;
use crate::data::size::Size;
use crate::history::gc::GcPlan;
use crate::store::Store;

// Its lines are those of --help, where [cache] is a table and no link.
#[allow(rustdoc::broken_intra_doc_links)]
#[derive(Args)]
pub(super) struct Arguments {
    /// Keep the results of so many of the last runs [default: `keep_runs` under [cache], or 10]
    #[arg(long, value_name = "N")]
    keep_runs: Option<usize>,
    /// Only until the store is no larger than this [default: `max_size` under [cache], or no limit]
    #[arg(long, value_name = "SIZE")]
    max_size: Option<Size>,
    /// Tell how much would go, and remove nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Wait while others use the project, where one needs it alone
    #[arg(long)]
    wait: bool,
    /// One JSON document instead of text
    #[arg(long)]
    json: bool,
}

/// What was removed, or would be, and what stays.
#[derive(Default, Serialize, JsonSchema)]
pub(super) struct Document {
    /// Whether it was only told and nothing removed.
    dry_run: bool,
    /// How many results go.
    removed: usize,
    /// How many stay.
    kept: usize,
    /// Of how many runs what their simulators left is kept as well; with `--dry-run` that of before.
    kept_outputs: usize,
    /// How much of the store that is.
    kept_outputs_bytes: u64,
    /// The store before.
    bytes_before: u64,
    /// The store afterwards; about, with `--dry-run`.
    bytes_after: u64,
    /// Whether what has to stay is larger than the `max_size` that was asked for.
    exceeds_max_size: bool,
}

pub(super) fn gc(place: &ProjectPlace, arguments: Arguments) -> Result<Exit> {
    let opened = place.open()?;
    let project = opened.study.common();
    let scenarios = || opened.study.names().cloned().collect();
    let Some(store) = opened.store_to_read()? else {
        let dry_run = arguments.dry_run;
        let nothing = Document {
            dry_run,
            ..Document::default()
        };
        return nothing.print(arguments.json, |_| {
            vec!["nothing has been run yet, so there is nothing to remove".to_owned()]
        });
    };
    let runs = arguments
        .keep_runs
        .unwrap_or(project.cache_limits.keep_runs);
    let max_size = arguments.max_size.or(project.cache_limits.max_size);
    let limit = max_size.map(|size| size.0);
    let keeps_outputs = project.cache_limits.keep_outputs;
    let told = |plan: &GcPlan, store: &Store, bytes_after: u64| {
        let (kept_outputs, kept_outputs_bytes) = store.kept_size()?;
        anyhow::Ok(Document {
            dry_run: arguments.dry_run,
            removed: plan.doomed.len(),
            kept: plan.kept,
            kept_outputs,
            kept_outputs_bytes,
            bytes_before: plan.size,
            bytes_after,
            exceeds_max_size: limit.is_some_and(|most| bytes_after > most),
        })
    };
    if arguments.dry_run {
        let plan = GcPlan::new(&store, scenarios(), runs, limit, keeps_outputs)?;
        let document = told(&plan, &store, plan.size.saturating_sub(plan.freed))?;
        return document.print(arguments.json, |document| {
            vec![format!(
                "would remove {} results, about {} of {}; {} stay",
                document.removed,
                Size(plan.freed),
                Size(plan.size),
                document.kept
            )]
        });
    }
    drop(store);
    let (_lock, mut store) = opened.store_alone(arguments.wait)?;
    let plan = GcPlan::new(&store, scenarios(), runs, limit, keeps_outputs)?;
    plan.carry_out(&mut store)?;
    let document = told(&plan, &store, store.size()?)?;
    document.print(arguments.json, |document| document.lines(max_size, runs))
}

impl Document {
    /// Prints it, or for people what `lines` makes of it.
    fn print(&self, json: bool, lines: impl FnOnce(&Self) -> Vec<String>) -> Result<Exit> {
        if json {
            print_document(self)?;
        } else {
            let mut out = stdout().lock();
            for line in lines(self) {
                writeln!(out, "{line}").ok();
            }
        }
        Ok(Exit::Fine)
    }

    /// What was removed, in words; `runs` are those whose results stay.
    fn lines(&self, max_size: Option<Size>, runs: usize) -> Vec<String> {
        let mut lines = vec![format!(
            "removed {} results, {} → {}; {} stay",
            self.removed,
            Size(self.bytes_before),
            Size(self.bytes_after),
            self.kept
        )];
        if self.kept_outputs > 0 {
            let (size, kept) = (Size(self.kept_outputs_bytes), self.kept_outputs);
            lines.push(format!(
                "{size} of that are the kept outputs of {kept} runs"
            ));
        }
        if let Some(size) = max_size.filter(|_| self.exceeds_max_size) {
            lines.push(format!("what the catchments have now, tags and the last {runs} runs need more than {size}; `tag --delete` or `--keep-runs` let go of some"));
        }
        lines
    }
}
