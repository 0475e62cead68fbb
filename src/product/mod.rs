//! From the plan and the store's results to the product: where its values come from, and when it is written.
//!
//! `describe` works out what the product is to hold, `axes` over what, `results` finds the results of an earlier snapshot, and [`mod@file`] writes
//! the file; [`numbers`] has what it says of each catchment without making it. `gauges` joins it with what was measured. It runs nothing,
//! and of what people give it reads only that. [`crate::cli`] and [`crate::page`] use it, and [`crate::history`] to compare results.

mod axes;
mod describe;
mod drainage;
mod exact_sum;
pub mod file;
mod gauges;
mod join;
pub mod numbers;
pub mod objective;
pub(crate) mod on_disk;
pub mod positions;
mod results;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, bail};

use self::describe::{describe, title};
use self::file::{KnownResult, ProductContent, ResultSource, ScenarioDimension};
use self::gauges::Comparisons;
pub(crate) use self::gauges::measured_at;
use self::join::join;
pub use self::on_disk::Beginning;
use self::on_disk::Replacement;
pub use self::results::SnapshotResults;
use self::results::find_results;
use crate::data::digest::Digest;
use crate::data::objective::ObjectiveNumbers;
use crate::data::time_axis::TimeAxis;
use crate::plan::loaded::LoadedScenario;
use crate::plan::snapshot::{ScenarioSnapshot, Snapshot};
use crate::plan::{Entry, Found, Plan, State};
use crate::project::product_spec::Per;
use crate::project::{Project, Study};
use crate::store::{ResultId, Store, StoredColumn};
use crate::system::folder;
use crate::system::process::Interrupt;
use crate::system::progress::Progress;
use crate::system::regular;
use crate::text::wording;

/// Checks that everything the products need is there.
pub fn check(loaded: &LoadedScenario<'_>) -> Result<()> {
    describe::check(loaded)?;
    gauges::check(loaded)
}

/// How products are assembled.
pub struct AssembleOptions<'a> {
    /// The number of threads.
    pub workers: usize,
    /// When it was begun to find out what the products are to be.
    pub beginning: &'a Beginning,
    /// Tells when the user wants to stop.
    pub interrupt: &'a Interrupt,
    /// Whether to show no progress.
    pub quiet: bool,
}

/// A study with the plans of its scenarios, of which some are chosen.
pub struct PlannedStudy<'a> {
    /// The study.
    pub study: &'a Study,
    /// All its scenarios.
    pub scenarios: &'a [LoadedScenario<'a>],
    /// The plan of each.
    pub plans: &'a [Plan],
    /// Those whose products are wanted. Where all scenarios share one product, it is that of all.
    pub chosen: &'a [usize],
}

/// A product, and whether it was written.
pub struct AssembledProduct {
    /// Where it is.
    pub path: PathBuf,
    /// Whether it was written.
    pub state: ProductState,
    /// The variables that it is without, because no catchment has a result, which alone would tell their axes.
    pub left_out: Vec<String>,
    /// What its objectives come to, scenario by scenario.
    pub objectives: Vec<ObjectiveNumbers>,
}

impl AssembledProduct {
    /// What people are to be told of it.
    pub fn note(&self) -> Option<String> {
        let left_out = wording::first_few(&self.left_out);
        (!self.left_out.is_empty()).then(|| {
            format!(
                "{} is without {left_out}: no catchment has a result, which would tell what they go over",
                self.path.display()
            )
        })
    }
}

/// Whether a product was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProductState {
    /// It was up to date and was not touched.
    Unchanged,
    /// It was written.
    Written,
    /// It is that of a run that began later and has come to this before, and was not touched.
    Later,
}

impl fmt::Display for ProductState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unchanged => "unchanged",
            Self::Written => "written",
            Self::Later => "left to a later run",
        })
    }
}

/// Brings the products of the chosen scenarios up to date with the fresh results of their plans.
pub fn assemble(
    planned: &PlannedStudy<'_>,
    store: &mut Store,
    options: &AssembleOptions<'_>,
) -> Result<Vec<AssembledProduct>> {
    let part = |at: usize| {
        let (loaded, plan) = (&planned.scenarios[at], &planned.plans[at]);
        let result = |entry: &Entry| match entry.state {
            State::Fresh(found) => Some(found.result),
            State::Stale(_) | State::Bad(_) => None,
        };
        Ok(Part {
            project: loaded.project,
            scenario_snapshot: ScenarioSnapshot::of(loaded, plan)?,
            time: loaded.basin.time().cloned(),
            results: plan.entries.iter().map(result).collect(),
        })
    };
    write_products(planned.study, planned.chosen, &part, store, options)
}

/// Makes the products of an earlier snapshot again, from its results, all of which must still be in the store.
pub fn restore(
    study: &Study,
    store: &mut Store,
    snapshot: &Snapshot,
    options: &AssembleOptions<'_>,
) -> Result<Vec<AssembledProduct>> {
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
        let (time, results) = find_results(store, scenario_snapshot)?;
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
    write_products(study, &places, &part, store, options)
}

/// What the objectives of the study's products come to; nothing of one that does not look as it was written.
pub fn objectives(study: &Study, store: &Store) -> Result<Vec<ObjectiveNumbers>> {
    let mut all = Vec::new();
    for (project, path) in study.scenarios.iter().zip(study.products()) {
        if on_disk::is_as_written(store, path)? {
            let mut objectives = on_disk::objectives(store, path)?;
            name_scenario(study, project, &mut objectives);
            all.extend(objectives);
        }
    }
    Ok(all)
}

/// Where each scenario has a product of its own, these do not know its name.
fn name_scenario(study: &Study, project: &Project, objectives: &mut [ObjectiveNumbers]) {
    if study.is_named() && project.product.per == Per::File {
        let name = &project.scenario.name;
        let each = objectives.iter_mut();
        each.for_each(|numbers| numbers.scenario.clone_from(name));
    }
}

/// A scenario's part of a product: the project as the scenario has it, and the results of its catchments.
struct Part<'p> {
    project: &'p Project,
    scenario_snapshot: ScenarioSnapshot,
    /// The project's time steps, if it has any.
    time: Option<TimeAxis>,
    results: Vec<Option<ResultId>>,
}

/// Writes one product for each chosen scenario, or a single one for all of them.
fn write_products<'p>(
    study: &'p Study,
    chosen: &[usize],
    part: &dyn Fn(usize) -> Result<Part<'p>>,
    store: &mut Store,
    options: &AssembleOptions<'_>,
) -> Result<Vec<AssembledProduct>> {
    let mut products = Vec::new();
    let mut write = |part: Part<'_>, scenarios: Option<ScenarioDimension>| -> Result<()> {
        let count = scenarios.as_ref().map_or(1, |all| all.names.len());
        let mut content = describe(part.project, &part.scenario_snapshot, count)?;
        if scenarios.is_some() {
            content.title = title(&study.title);
            content.scenarios = scenarios;
        }
        positions::give(&mut content, part.project, &part.scenario_snapshot);
        let path = content.spec.path.clone();
        let time = part.time.as_ref();
        let left_out = axes::give(&mut content, part.project, time, &part.results, store)?;
        gauges::give(&mut content, part.project, &mut Comparisons::default())?;
        let (state, mut objectives) = update(content, part.results, store, options)?;
        name_scenario(study, part.project, &mut objectives);
        products.push(AssembledProduct {
            path,
            state,
            left_out,
            objectives,
        });
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
    Ok(products)
}

fn decode(columns: &[StoredColumn]) -> Result<Vec<Vec<f64>>> {
    let decoded: Result<_, _> = columns.iter().map(StoredColumn::decode).collect();
    decoded.context("its stored result is damaged; `rerunoff doctor` drops it, then run again")
}

/// Brings one product up to date: nothing is done if it is what would be written.
fn update(
    mut product: ProductContent,
    results: Vec<Option<ResultId>>,
    store: &mut Store,
    options: &AssembleOptions<'_>,
) -> Result<(ProductState, Vec<ObjectiveNumbers>)> {
    let path = std::mem::take(&mut product.spec.path);
    if fs::symlink_metadata(&path).is_err() {
        let folder = folder::of(&path);
        fs::create_dir_all(folder)
            .with_context(|| format!("can't make the product's folder {}", folder.display()))?;
    }
    let place = regular::place(&path).with_context(|| format!("can't write {}", path.display()))?;
    product.spec.path.clone_from(&place);
    if options.beginning.is_before(store, &path)? {
        return Ok((ProductState::Later, Vec::new()));
    }
    options.beginning.remember(store, &path)?;
    let replacement = Replacement::beside(&place)?;
    let is_ours = on_disk::is_as_written(store, &path)?;
    if is_ours && file::digest_of(&path) == Some(file::digest(&product).to_string()) {
        let objectives = on_disk::objectives(store, &path)?;
        return Ok((ProductState::Unchanged, objectives));
    }
    // The file was touched since it was written, so no part of it is copied, whatever digest it carries.
    let is_doubtful = !is_ours && place.exists();
    if is_doubtful {
        product.spec.path = replacement.path().to_owned();
    }
    let objectives = write(&product, &results, store, options)?;
    let is_new = !is_doubtful || replacement.replaces(&place)?;
    // First: what looks as it was written has the numbers of that time.
    on_disk::remember_objectives(store, &path, &objectives)?;
    on_disk::remember(store, &path)?;
    let state = match is_new {
        true => ProductState::Written,
        false => ProductState::Unchanged,
    };
    Ok((state, objectives))
}

/// Writes a product from these results, one for each of its rows.
fn write(
    product: &ProductContent,
    results: &[Option<ResultId>],
    store: &mut Store,
    options: &AssembleOptions<'_>,
) -> Result<Vec<ObjectiveNumbers>> {
    let headers: Vec<&str> = product.headers().collect();
    let headers = &headers;
    let mut progress = Progress::new("assembling", results.len(), options.quiet);
    // The thread that fetches results needs the store as much as this one.
    let store = Mutex::new(store);
    let store = || store.lock().unwrap_or_else(PoisonError::into_inner);
    let mut fetch = |catchment: usize, columns: &[usize]| -> Result<Vec<StoredColumn>> {
        if options.interrupt.is_triggered() {
            bail!("interrupted");
        }
        progress.set(catchment);
        let Some(result) = results[catchment] else {
            bail!("a catchment without a result was asked for")
        };
        let wanted: Vec<&str> = columns.iter().map(|&column| headers[column]).collect();
        Ok(store().columns(result, &wanted)?)
    };
    let known = |key: &Digest| {
        let summary = store().summary(key).ok()??;
        let checksum = |header: &&str| {
            let mut columns = summary.columns.iter();
            let column = columns.find(|column| column.name == **header);
            column.map(|column| column.checksum)
        };
        Some(KnownResult {
            content: Found::of(&summary).content,
            columns: headers.iter().map(checksum).collect::<Option<_>>()?,
        })
    };
    let mut source = ResultSource {
        threads: options.workers,
        fetch: &mut fetch,
        decode: &|columns: &Vec<StoredColumn>| decode(columns),
        checksums: &|columns| columns.iter().map(|column| column.checksum).collect(),
        known: &known,
    };
    Ok(file::assemble(product, &mut source)?.objectives)
}
