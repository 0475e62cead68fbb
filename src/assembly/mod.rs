//! From the plan and the store's results to the product: where its values come from, and when it is written.
//!
//! What the product is to hold is worked out in `describe`, the results of an earlier moment are found in `results`. It
//! knows what a project's variables mean; [`crate::product`] knows how to write them.

mod describe;
mod results;

use std::fmt;
use std::fs;

use anyhow::{Context, Result, bail};

use self::describe::describe;
pub use self::describe::{check, parameters};
pub use self::results::Results;
use crate::codec;
use crate::moment::Moment;
use crate::plan::{Entry, Plan, State};
use crate::process::Interrupt;
use crate::product::{self, ProductSpec};
use crate::progress::Progress;
use crate::project::Project;
use crate::session::Session;
use crate::store::{ResultId, Store, StoredColumn};
use crate::written::{self, Anew};

/// What became of the product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Product {
    /// It was up to date and was not touched.
    Unchanged,
    /// It was written.
    Written,
}

impl fmt::Display for Product {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unchanged => "unchanged",
            Self::Written => "written",
        })
    }
}

/// Brings the product up to date with the plan's fresh results.
pub fn assemble(
    session: &Session<'_>,
    store: &mut Store,
    plan: &Plan,
    workers: usize,
    interrupt: &Interrupt,
    quiet: bool,
) -> Result<Product> {
    let moment = Moment::of(session, plan)?;
    let spec = describe(session.project, &moment, session.basin.time().clone())?;
    let result = |entry: &Entry| match entry.state {
        State::Fresh(found) => Some(found.result),
        State::Stale(_) | State::Bad(_) => None,
    };
    let results = plan.entries.iter().map(result).collect();
    write(
        session.project,
        store,
        spec,
        results,
        workers,
        interrupt,
        quiet,
    )
}

/// Makes the product of an earlier moment out of its results, which must all be there still.
pub fn restore(
    project: &Project,
    store: &mut Store,
    moment: &Moment,
    workers: usize,
    interrupt: &Interrupt,
    quiet: bool,
) -> Result<Product> {
    let results = Results::whole(project, store, moment)?;
    let (spec, ids) = (results.spec, results.ids);
    write(project, store, spec, ids, workers, interrupt, quiet)
}

fn decode(columns: &[StoredColumn]) -> Result<Vec<Vec<f64>>> {
    let decoded =
        (columns.iter()).map(|column| codec::decode(&column.bytes, &column.checksum, column.steps));
    let decoded: Result<_, _> = decoded.collect();
    decoded.context("its stored result is damaged; `rerunoff doctor` drops it, then run again")
}

fn write(
    project: &Project,
    store: &mut Store,
    mut spec: ProductSpec,
    results: Vec<Option<ResultId>>,
    workers: usize,
    interrupt: &Interrupt,
    quiet: bool,
) -> Result<Product> {
    let path = spec.path.clone();
    let anew = Anew::beside(&path)?;
    let is_ours = written::is_as_written(store, &path)?;
    if is_ours && product::digest_of(&path) == Some(product::digest(&spec).to_string()) {
        return Ok(Product::Unchanged);
    }
    // Somebody has touched the file since it was written, so no part of it is taken over, whatever it says of itself.
    let is_doubtful = !is_ours && path.exists();
    if is_doubtful {
        spec.path = anew.path().to_owned();
    }
    if let Some(folder) = spec.path.parent() {
        fs::create_dir_all(folder)
            .with_context(|| format!("can't make the product's folder {}", folder.display()))?;
    }
    let sources: Vec<&str> = project
        .simulator
        .output
        .columns
        .iter()
        .map(|column| column.source.as_str())
        .collect();
    let mut progress = Progress::new("assembling", results.len(), quiet);
    // It owns the store while it lasts: the reader has a thread of its own.
    let reader = &mut *store;
    let mut fetch = move |catchment: usize| -> Result<Vec<StoredColumn>> {
        if interrupt.is_triggered() {
            bail!("interrupted");
        }
        progress.set(catchment);
        let Some(result) = results[catchment] else {
            bail!("a catchment without a result was asked for")
        };
        Ok(reader.columns(result, &sources)?)
    };
    let decode = |columns: &Vec<StoredColumn>| decode(columns);
    product::assemble(&spec, workers, &mut fetch, &decode)?;
    drop(fetch);
    let is_new = !is_doubtful || anew.replaces(&path)?;
    written::remember(store, &path)?;
    Ok(if is_new {
        Product::Written
    } else {
        Product::Unchanged
    })
}
