//! `rerunoff assemble`: the product from the results there are.

use std::io::{Write, stderr, stdout};
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Args;

use super::jobs::cores;
use super::{Exit, import};
use crate::assembly;
use crate::cache::Cache;
use crate::process::Interrupt;
use crate::progress::duration;
use crate::project::Project;
use crate::session::Session;

#[derive(Args)]
pub(super) struct Arguments {
    /// Wait for another run on this project to end
    #[arg(long)]
    wait: bool,
    /// Print no progress, only the last line
    #[arg(short, long)]
    quiet: bool,
}

pub(super) fn assemble(root: &Path, arguments: Arguments) -> Result<Exit> {
    let started = Instant::now();
    let project = Project::load(root)?;
    let cache = Cache::prepare(&project)?;
    let _lock = cache.lock(arguments.wait)?;
    let mut store = cache.store()?;
    import::before_look(&project, Some(&store))?;
    let session = Session::open(&project, Some(&store), false, &mut |_, _| ())?;
    session.remember(&mut store)?;
    let (plan, _) = session.plan(Some(&store), false)?;
    let workers = cores(None);
    let interrupt = Interrupt::new().and_then(|interrupt| interrupt.install().map(|()| interrupt));
    let interrupt = interrupt.context("can't prepare for signals")?;
    let product = assembly::assemble(
        &session,
        &mut store,
        &plan,
        workers,
        &interrupt,
        arguments.quiet,
    );
    if interrupt.is_triggered() && product.is_err() {
        writeln!(stderr(), "interrupted; the product is as it was").ok();
        return Ok(Exit::Interrupted);
    }
    let product = product?;
    let counts = plan.counts();
    let path = project.product.path.display();
    let missing = plan.entries.len() - counts.fresh;
    writeln!(
        stdout(),
        "{} fresh, {missing} missing in {}; {path} {product}",
        counts.fresh,
        duration(started.elapsed())
    )
    .ok();
    Ok(if missing > 0 {
        Exit::Failures
    } else {
        Exit::Fine
    })
}
