//! A study loaded: the basin, recipe and series digests of every scenario, and the plan that follows from them and the store.
//!
//! Everything up to the plan is put together here; what is done about the plan is not its business.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::thread::available_parallelism;

use anyhow::{Context, Result};

use crate::data::catchment::CatchmentId;
use crate::data::digest::Digest;
use crate::inputs::{BadInput, Linked, Series};
use crate::plan::basin::{Basin, Tables};
use crate::plan::file_digests::FileDigests;
use crate::plan::input_index::{InputIndex, SeriesDigests};
use crate::plan::key::{Change, Explanation, Key, leave_out_consequences};
use crate::plan::problem::Problem;
use crate::plan::recipe::Recipe;
use crate::plan::series::SeriesReader;
use crate::plan::{Entry, Found, Plan, Staleness, State};
use crate::project::product_spec::{ProductVariable, VariableSource};
use crate::project::{Project, Study};
use crate::store::{ColumnSummary, Last, ResultSummary, Store, StoreError};
use crate::system::parallel::ordered;

/// A thread computes so many keys at a time.
const AT_ONCE: usize = 128;

/// A catchment that is fresh under a key that is not its last: id, key, the key's parts, recipe.
pub type Touched = (CatchmentId, Digest, Vec<u8>, Digest);

/// What is known of a catchment's past.
#[derive(Clone, Copy)]
pub struct Past<'a> {
    /// The store, if there is one.
    pub store: Option<&'a Store>,
    /// Its last run as the store knows it.
    pub last: Option<&'a Last>,
}

/// A project in one of its scenarios, with everything that determines its results.
pub struct LoadedScenario<'p> {
    /// The project.
    pub project: &'p Project,
    /// Its catchments.
    pub basin: Basin<'p>,
    /// What is the same for all of them.
    pub recipe: Recipe<'p>,
    digests: Arc<SeriesDigests>,
}

/// A study with everything that determines its results: a [`LoadedScenario`] for each scenario.
pub struct LoadedStudy<'p> {
    /// The scenarios, in the study's order.
    pub list: Vec<LoadedScenario<'p>>,
    input_index: InputIndex,
    files: FileDigests,
}

impl<'p> LoadedStudy<'p> {
    /// Looks at everything that determines results, and reads what is not stored from an earlier look.
    ///
    /// `tick` is told how many catchments of how many have been read.
    pub fn open(
        study: &'p Study,
        store: Option<&Store>,
        rehash: bool,
        tick: &mut dyn FnMut(usize, usize),
    ) -> Result<Self> {
        let mut study_with_series = Self::without_series(study, store, rehash)?;
        let project = study.common();
        // A look at a project that was never run makes no cache folder.
        let scratch = Some(project.cache())
            .filter(|cache| cache.is_dir())
            .unwrap_or_else(std::env::temp_dir);
        let Self {
            list, input_index, ..
        } = &mut study_with_series;
        let wanted = (list.iter()).flat_map(|loaded| loaded.recipe.columns().iter().copied());
        let wanted: BTreeSet<usize> = wanted.collect();
        // Series columns are the same in all scenarios, so any basin serves.
        input_index.complete(&list[0].basin, &wanted, &scratch, tick)?;
        let mut known: HashMap<Vec<usize>, Arc<SeriesDigests>> = HashMap::new();
        for loaded in list {
            let columns = loaded.recipe.columns();
            let digests = known
                .entry(columns.to_vec())
                .or_insert_with(|| Arc::new(input_index.digests(&loaded.basin, columns)));
            loaded.digests = digests.clone();
        }
        for Project { product, .. } in &study.scenarios {
            if study_with_series.linked().reads(&product.path) {
                let message = format!(
                    "the product would overwrite {}, which the input leads to",
                    product.path.display()
                );
                return Err(project.error("product.file", message).into());
            }
        }
        Ok(study_with_series)
    }

    /// The same without a look at the series' values: enough to check names and to render, not to plan.
    pub fn without_series(study: &'p Study, store: Option<&Store>, rehash: bool) -> Result<Self> {
        let (catalog, input_index) = InputIndex::new(&study.common().input, store, rehash)?;
        let mut tables = Tables::default();
        let mut files = FileDigests::new(store, rehash)?;
        let mut list = Vec::with_capacity(study.scenarios.len());
        for project in &study.scenarios {
            let basin = Basin::new(project, catalog.clone(), &mut tables)?;
            let recipe = Recipe::new(project, &basin, &mut |path| files.get(path))?;
            list.push(LoadedScenario {
                project,
                basin,
                recipe,
                digests: Arc::default(),
            });
        }
        Ok(Self {
            list,
            input_index,
            files,
        })
    }

    /// The further files that the input's files read.
    pub fn linked(&self) -> &Linked {
        self.input_index.linked()
    }

    /// The plan of every scenario, and the states of fresh catchments whose last known state was another.
    pub fn plan(&self, store: Option<&Store>) -> Result<(Vec<Plan>, Vec<Vec<Touched>>)> {
        // One reading transaction for all questions: much faster, and one state of things beside a running writer.
        let _transaction = store.map(Store::read_transaction).transpose()?;
        let plans = self.list.iter().map(|loaded| loaded.plan(store));
        Ok(plans.collect::<Result<Vec<_>>>()?.into_iter().unzip())
    }

    /// Brings plans up to date after the `wanted` keys have been run, of which the `good` ones gave a result; returns the same
    /// states as [`LoadedStudy::plan`].
    ///
    /// Keys are what they were, and so is what was fresh, as long as nobody else may write to the store.
    pub fn plan_after(
        &self,
        store: &Store,
        plans: &mut [Plan],
        wanted: &HashSet<Key>,
        good: &HashSet<Key>,
    ) -> Result<Vec<Vec<Touched>>> {
        let _transaction = store.read_transaction()?;
        let scenarios = self.list.iter().zip(plans);
        let touched = scenarios.map(|(loaded, plan)| loaded.plan_after(store, plan, wanted, good));
        touched.collect()
    }

    /// Only some of the scenarios, with their plans.
    pub fn chosen(self, plans: Vec<Plan>, chosen: &[usize]) -> (Self, Vec<Plan>) {
        let both = self.list.into_iter().zip(plans).enumerate();
        let both = both.filter(|(at, _)| chosen.contains(at));
        let (list, plans) = both.map(|(_, pair)| pair).unzip();
        (Self { list, ..self }, plans)
    }

    /// Stores what need not be read again.
    pub fn remember(&self, store: &mut Store) -> Result<()> {
        self.files.remember(store)?;
        self.input_index.remember(&self.list[0].basin, store)
    }
}

impl<'p> LoadedScenario<'p> {
    /// The series of one catchment that the simulator gets, read now: the columns that [`Recipe::columns`] names.
    pub fn series(&self, catchment: usize) -> Result<Vec<Vec<f64>>> {
        Ok(self.read_series(catchment)??)
    }

    /// The same, or what is wrong with the catchment's own input.
    pub fn read_series(&self, catchment: usize) -> Result<Series> {
        let columns = self.recipe.columns();
        if columns.is_empty() {
            return Ok(Ok(Vec::new()));
        }
        let mut series = Ok(Vec::new());
        let reader = SeriesReader::open(&self.basin, columns)?;
        reader.read(&[self.basin.place(catchment)], &mut |_, read| {
            series = read;
            ControlFlow::Break(())
        })?;
        Ok(series)
    }

    fn plan(&self, store: Option<&Store>) -> Result<(Plan, Vec<Touched>)> {
        let last = match store {
            Some(store) => store.last(&self.project.scenario.name)?,
            None => HashMap::new(),
        };
        let catchments = self.basin.catchments();
        let (mut entries, mut touched) = (Vec::with_capacity(catchments.len()), Vec::new());
        let series = |catchment: usize| &self.digests[self.basin.place(catchment)];
        let threads = available_parallelism().map_or(1, NonZeroUsize::get);
        let starts = (0..catchments.len()).step_by(AT_ONCE);
        let keys = |start: usize| {
            let some = start..catchments.len().min(start + AT_ONCE);
            let keys = some.map(|at| self.key(at, series(at)));
            Ok(keys.collect::<Vec<_>>())
        };
        // Keys are made on all cores while this thread asks the store about those that are there.
        ordered(threads, starts.map(Ok), &keys, &mut |keys| {
            for key in keys {
                let catchment = entries.len();
                let known = last.get(&catchments[catchment].id);
                let past = Past { store, last: known };
                let entry = self.entry(catchment, series(catchment), key, past)?;
                touched.extend(self.touched(catchment, &entry, known)?);
                entries.push(entry);
            }
            Ok(())
        })?;
        Ok((Plan { entries }, touched))
    }

    fn plan_after(
        &self,
        store: &Store,
        plan: &mut Plan,
        wanted: &HashSet<Key>,
        good: &HashSet<Key>,
    ) -> Result<Vec<Touched>> {
        let last = store.last(&self.project.scenario.name)?;
        let mut touched = Vec::new();
        for (catchment, entry) in plan.entries.iter_mut().enumerate() {
            let key = match (&entry.state, entry.key) {
                (State::Stale(_), Some(key)) => key,
                // It may have been run all the same, here or in another scenario: with another result, or without one.
                (State::Fresh(_), Some(key)) if wanted.contains(&key) => key,
                _ => continue,
            };
            let series = &self.digests[self.basin.place(catchment)];
            let known = last.get(self.basin.id(catchment));
            // An earlier failure is over if another scenario's run of the same inputs has succeeded since.
            let past = Past {
                store: Some(store),
                last: known.filter(|_| !good.contains(&key)),
            };
            *entry = self.entry(catchment, series, Ok(key), past)?;
            touched.extend(self.touched(catchment, entry, known)?);
        }
        Ok(touched)
    }

    /// What has to be noted of a catchment that is fresh under a key that is not its last.
    fn touched(
        &self,
        catchment: usize,
        entry: &Entry,
        known: Option<&Last>,
    ) -> Result<Option<Touched>> {
        let (State::Fresh(_), Some(key)) = (&entry.state, entry.key) else {
            return Ok(None);
        };
        if known.is_some_and(|known| known.key == key.0 && known.failure.is_none()) {
            return Ok(None);
        }
        let explanation = self.explain(catchment, &self.digests[self.basin.place(catchment)])?;
        let parts = postcard::to_stdvec(&explanation).context("can't put down a key's parts")?;
        let id = self.basin.id(catchment).clone();
        Ok(Some((id, key.0, parts, *self.recipe.digest())))
    }

    /// The state of a catchment with this key.
    pub fn entry(
        &self,
        catchment: usize,
        series: &Result<Vec<Digest>, BadInput>,
        key: Result<Key, Problem>,
        past: Past<'_>,
    ) -> Result<Entry> {
        let key = match key {
            Ok(key) => key,
            Err(problem) => {
                return Ok(Entry {
                    key: None,
                    state: State::Bad(problem),
                });
            }
        };
        let summary = match past.store.map(|store| store.summary(&key.0)) {
            // A damaged result counts as none: the catchment is run again, which replaces it.
            None | Some(Err(StoreError::Damaged { .. })) => None,
            Some(found) => found?,
        };
        let state = match self.state_if_unchanged(&key, summary, past.last) {
            Some(state) => state,
            None => {
                let id = self.basin.id(catchment);
                let now = self.explain(catchment, series)?;
                State::Stale(Staleness::Changed(self.changes(id, &now, past.store)?))
            }
        };
        Ok(Entry {
            key: Some(key),
            state,
        })
    }

    /// The key of a catchment whose series have these digests.
    pub fn key(
        &self,
        catchment: usize,
        series: &Result<Vec<Digest>, BadInput>,
    ) -> Result<Key, Problem> {
        let series = series.as_ref().map_err(|fault| fault.clone())?;
        let rendered = self.recipe.render(&self.basin, catchment)?;
        Ok(self.recipe.key(&rendered, series))
    }

    /// What that key is made of.
    pub fn explain(
        &self,
        catchment: usize,
        series: &Result<Vec<Digest>, BadInput>,
    ) -> Result<Explanation, Problem> {
        let series = series.as_ref().map_err(|fault| fault.clone())?;
        let rendered = self.recipe.render(&self.basin, catchment)?;
        Ok(self.recipe.explain(&rendered, series))
    }

    /// How messages name a catchment.
    pub fn label(&self, catchment: usize) -> String {
        self.project.scenario.name.label(self.basin.id(catchment))
    }

    /// The state of a catchment; `None` if its inputs are not what they were when it was last run.
    ///
    /// What failed when it was last run has failed, even if an earlier run of the same inputs gave a result: it depends on
    /// something that its project does not state, and which of the two is right nobody knows.
    fn state_if_unchanged(
        &self,
        key: &Key,
        summary: Option<ResultSummary>,
        last: Option<&Last>,
    ) -> Option<State> {
        let same = last.filter(|last| last.key == key.0);
        if let Some(failed) = same.and_then(|last| last.failure.as_ref()) {
            return Some(State::Stale(Staleness::Failed(failed.reason.clone())));
        }
        if let Some(summary) = summary {
            let excess = |variable: &&ProductVariable| {
                let VariableSource::Column(at) = variable.source else {
                    return false;
                };
                let source = &self.project.simulator.output.columns[at].source;
                let column = summary.columns.iter().find(|column| &column.name == source);
                column.is_some_and(|column| !within(column, variable))
            };
            let Some(variable) = self.project.product.variables.iter().find(excess) else {
                return Some(State::Fresh(Found::of(&summary)));
            };
            return Some(State::Stale(Staleness::OutOfRange(variable.name.clone())));
        }
        match last {
            None => Some(State::Stale(Staleness::NeverRun)),
            Some(_) if same.is_some() => Some(State::Stale(Staleness::Lost)),
            Some(_) => None,
        }
    }

    /// What changed since a catchment was last run.
    fn changes(
        &self,
        id: &CatchmentId,
        now: &Explanation,
        store: Option<&Store>,
    ) -> Result<Vec<Change>> {
        let parts = match store {
            Some(store) => store.parts(&self.project.scenario.name, id)?,
            None => None,
        };
        let Some((own, common)) = parts else {
            return Ok(Vec::new());
        };
        // Parts that can't be read were written by another version; then all of them are new.
        let read = |bytes: &[u8]| postcard::from_bytes::<Explanation>(bytes).unwrap_or_default();
        let mut changes = now.changes_since(&read(&own));
        changes.extend(self.recipe.explanation().changes_since(&read(&common)));
        leave_out_consequences(&mut changes);
        changes.sort();
        changes.dedup();
        Ok(changes)
    }
}

fn within(column: &ColumnSummary, variable: &ProductVariable) -> bool {
    let above = |limit: f64| column.minimum.is_none_or(|minimum| minimum >= limit);
    let below = |limit: f64| column.maximum.is_none_or(|maximum| maximum <= limit);
    variable.min.is_none_or(above) && variable.max.is_none_or(below)
}
