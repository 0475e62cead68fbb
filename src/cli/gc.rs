//! `rerunoff gc`: free the space of results that nothing needs any more.

use std::io::{Write, stdout};

use anyhow::Result;
use clap::Args;

use super::exit::Exit;
use super::open::ProjectPlace;
use crate::data::size::Size;
use crate::history::gc::GcPlan;

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
}

pub(super) fn gc(place: &ProjectPlace, arguments: Arguments) -> Result<Exit> {
    let opened = place.open()?;
    let project = opened.study.common();
    let scenarios = || opened.study.names().cloned().collect();
    let mut out = stdout().lock();
    let Some(store) = opened.store_to_read()? else {
        writeln!(
            out,
            "nothing has been run yet, so there is nothing to remove"
        )
        .ok();
        return Ok(Exit::Fine);
    };
    let runs = arguments
        .keep_runs
        .unwrap_or(project.cache_limits.keep_runs);
    let max_size = arguments.max_size.or(project.cache_limits.max_size);
    let limit = max_size.map(|size| size.0);
    let keeps_outputs = project.cache_limits.keep_outputs;
    if arguments.dry_run {
        let plan = GcPlan::new(&store, scenarios(), runs, limit, keeps_outputs)?;
        writeln!(
            out,
            "would remove {} results, about {} of {}; {} stay",
            plan.doomed.len(),
            Size(plan.freed),
            Size(plan.size),
            plan.kept
        )
        .ok();
        return Ok(Exit::Fine);
    }
    drop(store);
    let (_lock, mut store) = opened.store_alone(arguments.wait)?;
    let plan = GcPlan::new(&store, scenarios(), runs, limit, keeps_outputs)?;
    plan.carry_out(&mut store)?;
    let left = store.size()?;
    writeln!(
        out,
        "removed {} results, {} → {}; {} stay",
        plan.doomed.len(),
        Size(plan.size),
        Size(left),
        plan.kept
    )
    .ok();
    let (kept, bytes) = store.kept_size()?;
    if kept > 0 {
        let size = Size(bytes);
        writeln!(out, "{size} of that are the kept outputs of {kept} runs").ok();
    }
    if let Some(size) = max_size.filter(|size| left > size.0) {
        writeln!(out, "what the catchments have now, tags and the last {runs} runs need more than {size}; `tag --delete` or `--keep-runs` let go of some").ok();
    }
    Ok(Exit::Fine)
}
