//! From the plan and the store's results to the product: where its values come from, and when it is written.
//!
//! What the product is to hold is worked out in `describe`, the results of an earlier snapshot are found in `results`. It
//! knows what a project's variables mean; [`crate::product::file`] knows how to write them.

mod describe;
mod drainage;
pub mod file;
mod join;
pub mod on_disk;
mod results;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, bail};

pub use self::describe::check;
use self::describe::{describe, title};
use self::file::{KnownProduct, ProductContent, ResultSource, ScenarioDimension};
use self::join::join;
use self::on_disk::Anew;
pub use self::results::Results;
use self::results::found;
use crate::data::digest::Digest;
use crate::data::time_axis::TimeAxis;
use crate::plan::loaded::LoadedScenario;
use crate::plan::snapshot::{ScenarioSnapshot, Snapshot};
use crate::plan::{Entry, Found, Plan, State};
use crate::project::product_spec::Per;
use crate::project::{Project, Study};
use crate::store::codec;
use crate::store::{ResultId, Store, StoredColumn};
use crate::system::folder;
use crate::system::process::Interrupt;
use crate::system::progress::Progress;
use crate::system::regular;

/// How products are made.
pub struct How<'a> {
    /// On so many threads.
    pub workers: usize,
    /// The wish to stop.
    pub interrupt: &'a Interrupt,
    /// Whether to tell nothing of the progress.
    pub quiet: bool,
}

/// A product and what became of it.
pub struct Outcome {
    /// Where it is.
    pub path: PathBuf,
    /// What became of it.
    pub product: Product,
}

/// What became of a product.
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

/// Brings the products of the `chosen` scenarios up to date with their plans' fresh results; where all scenarios share
/// one, it is that of all.
pub fn assemble(
    study: &Study,
    loaded_study: &[LoadedScenario<'_>],
    plans: &[Plan],
    chosen: &[usize],
    store: &mut Store,
    how: &How<'_>,
) -> Result<Vec<Outcome>> {
    let part = |at: usize| {
        let (loaded, plan) = (&loaded_study[at], &plans[at]);
        let result = |entry: &Entry| match entry.state {
            State::Fresh(found) => Some(found.result),
            State::Stale(_) | State::Bad(_) => None,
        };
        Ok(Part {
            project: loaded.project,
            scenario_snapshot: ScenarioSnapshot::of(loaded, plan)?,
            time: loaded.basin.time().clone(),
            results: plan.entries.iter().map(result).collect(),
        })
    };
    publish(study, chosen, &part, store, how)
}

/// Makes the products of an earlier snapshot out of its results, which must all be there still.
pub fn restore(
    study: &Study,
    store: &mut Store,
    snapshot: &Snapshot,
    how: &How<'_>,
) -> Result<Vec<Outcome>> {
    let scenario_snapshots = &snapshot.scenario_snapshots;
    let mut places = Vec::with_capacity(scenario_snapshots.len());
    for scenario_snapshot in scenario_snapshots {
        let place = study
            .names()
            .position(|name| *name == scenario_snapshot.scenario);
        places.push(
            place.with_context(|| match scenario_snapshot.scenario.is_unnamed() {
                true => "it is from a time when the project had no scenarios".to_owned(),
                false => format!(
                    "the project has no scenario {:?} any more",
                    scenario_snapshot.scenario.as_str()
                ),
            })?,
        );
    }
    // All must be found before anything is written.
    let mut parts = BTreeMap::new();
    for (scenario_snapshot, &place) in scenario_snapshots.iter().zip(&places) {
        let project = &study.scenarios[place];
        let (time, results) = found(store, scenario_snapshot)?;
        let part = Part {
            project,
            scenario_snapshot: scenario_snapshot.clone(),
            time,
            results,
        };
        parts.insert(place, part);
    }
    let parts = RefCell::new(parts);
    let part = |at: usize| {
        let found = parts.borrow_mut().remove(&at);
        found.with_context(|| {
            let name = &study.scenarios[at].scenario.name;
            format!("there was no scenario {:?} then", name.as_str())
        })
    };
    publish(study, &places, &part, store, how)
}

/// What a product is made of: the project as a scenario has it, and the results of its catchments.
struct Part<'p> {
    project: &'p Project,
    scenario_snapshot: ScenarioSnapshot,
    time: TimeAxis,
    results: Vec<Option<ResultId>>,
}

/// Makes a product of each chosen part, or one of all parts.
fn publish<'p>(
    study: &'p Study,
    chosen: &[usize],
    part: &dyn Fn(usize) -> Result<Part<'p>>,
    store: &mut Store,
    how: &How<'_>,
) -> Result<Vec<Outcome>> {
    let mut outcomes = Vec::new();
    let mut write = |part: Part<'_>, scenarios: Option<ScenarioDimension>| -> Result<()> {
        let count = scenarios.as_ref().map_or(1, |all| all.names.len());
        let mut content = describe(part.project, &part.scenario_snapshot, count, part.time)?;
        if scenarios.is_some() {
            content.title = title(&study.title);
            content.scenarios = scenarios;
        }
        let path = content.spec.path.clone();
        let product = write(part.project, content, part.results, store, how)?;
        outcomes.push(Outcome { path, product });
        Ok(())
    };
    if study.is_named() && study.common().product.per == Per::Dimension {
        let parts = (0..study.scenarios.len()).map(part);
        if let Some((joined, scenarios)) = join(parts.collect::<Result<_>>()?) {
            write(joined, Some(scenarios))?;
        }
    } else {
        for &at in chosen {
            write(part(at)?, None)?;
        }
    }
    Ok(outcomes)
}

fn decode(columns: &[StoredColumn]) -> Result<Vec<Vec<f64>>> {
    let decoded =
        (columns.iter()).map(|column| codec::decode(&column.bytes, &column.checksum, column.steps));
    let decoded: Result<_, _> = decoded.collect();
    decoded.context("its stored result is damaged; `rerunoff doctor` drops it, then run again")
}

fn write(
    project: &Project,
    mut product: ProductContent,
    results: Vec<Option<ResultId>>,
    store: &mut Store,
    how: &How<'_>,
) -> Result<Product> {
    let path = std::mem::take(&mut product.spec.path);
    if fs::symlink_metadata(&path).is_err() {
        let folder = folder::of(&path);
        fs::create_dir_all(folder)
            .with_context(|| format!("can't make the product's folder {}", folder.display()))?;
    }
    product.spec.path =
        regular::place(&path).with_context(|| format!("can't write {}", path.display()))?;
    let place = product.spec.path.clone();
    let anew = Anew::beside(&place)?;
    let is_ours = on_disk::is_as_written(store, &path)?;
    if is_ours && file::digest_of(&path) == Some(file::digest(&product).to_string()) {
        return Ok(Product::Unchanged);
    }
    // Somebody has touched the file since it was written, so no part of it is taken over, whatever it says of itself.
    let is_doubtful = !is_ours && place.exists();
    if is_doubtful {
        product.spec.path = anew.path().to_owned();
    }
    let sources: Vec<&str> = project
        .simulator
        .output
        .columns
        .iter()
        .map(|column| column.source.as_str())
        .collect();
    let sources = &sources;
    let mut progress = Progress::new("assembling", results.len(), how.quiet);
    // Results are fetched on a thread of its own.
    let reader = Mutex::new(&mut *store);
    let reader = || reader.lock().unwrap_or_else(PoisonError::into_inner);
    let mut fetch = move |catchment: usize| -> Result<Vec<StoredColumn>> {
        if how.interrupt.is_triggered() {
            bail!("interrupted");
        }
        progress.set(catchment);
        let Some(result) = results[catchment] else {
            bail!("a catchment without a result was asked for")
        };
        Ok(reader().columns(result, sources)?)
    };
    let known = |key: &Digest| {
        let summary = reader().summary(key).ok()??;
        let column = |source: &&str| {
            summary
                .columns
                .iter()
                .find(|column| column.name == **source)
        };
        let digests = (sources.iter()).map(|source| column(source).map(|column| column.checksum));
        Some(KnownProduct {
            content: Found::of(&summary).content,
            columns: digests.collect::<Option<_>>()?,
        })
    };
    let mut source = ResultSource {
        threads: how.workers,
        fetch: &mut fetch,
        decode: &|columns: &Vec<StoredColumn>| decode(columns),
        known: &known,
    };
    file::assemble(&product, &mut source)?;
    drop(fetch);
    let is_new = !is_doubtful || anew.replaces(&place)?;
    on_disk::remember(store, &path)?;
    Ok(if is_new {
        Product::Written
    } else {
        Product::Unchanged
    })
}
