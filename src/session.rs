//! One look at a project: basin, recipe and digests, and from them and the store the plan.
//!
//! It is where everything up to the plan is put together; what is done about the plan is not its business.

use std::collections::HashMap;
use std::ops::ControlFlow;

use anyhow::{Context, Result};

use crate::basin::Basin;
use crate::catchment::CatchmentId;
use crate::digest::Digest;
use crate::file_digests::FileDigests;
use crate::inputs::{BadInput, Inputs};
use crate::key::{Change, Explanation, Key};
use crate::plan::{Entry, Found, Plan, Staleness, State};
use crate::problem::Problem;
use crate::project::{Project, Variable, VariableSource};
use crate::recipe::Recipe;
use crate::store::{ColumnSummary, Last, Store, StoreError, Summary};
use crate::survey::{BLOCK_BYTES, Survey};

/// A catchment that is fresh under a key that is not its last: id, key, the key's parts, recipe.
pub type Touched = (CatchmentId, Digest, Vec<u8>, Digest);

/// A project with all that was found out about it.
pub struct Session<'p> {
    /// The project.
    pub project: &'p Project,
    /// Its catchments.
    pub basin: Basin<'p>,
    /// What is the same for all of them.
    pub recipe: Recipe<'p>,
    survey: Survey,
    files: FileDigests,
    digests: Vec<Result<Vec<Digest>, BadInput>>,
}

impl<'p> Session<'p> {
    /// Looks at everything that determines results, reading what is not remembered from an earlier look.
    ///
    /// `tick` is told how many catchments of how many have been read.
    pub fn open(
        project: &'p Project,
        store: Option<&Store>,
        rehash: bool,
        tick: &mut dyn FnMut(usize, usize),
    ) -> Result<Self> {
        // A look at a project that was never run makes no cache folder.
        let scratch = Some(project.cache())
            .filter(|cache| cache.is_dir())
            .unwrap_or_else(std::env::temp_dir);
        let mut session = Self::without_series(project, store, rehash)?;
        session.digests = session.survey.digests(
            &project.input,
            &session.basin,
            session.recipe.columns(),
            &scratch,
            tick,
        )?;
        Ok(session)
    }

    /// The same without a look at the series' values: enough to check names and to render, not to plan.
    pub fn without_series(
        project: &'p Project,
        store: Option<&Store>,
        rehash: bool,
    ) -> Result<Self> {
        let (catalog, survey) = Survey::new(&project.input, store, rehash)?;
        let basin = Basin::new(project, catalog)?;
        let mut files = FileDigests::new(store, rehash)?;
        let recipe = Recipe::new(project, &basin, &mut |path| files.get(path))?;
        Ok(Self {
            project,
            basin,
            recipe,
            survey,
            files,
            digests: Vec::new(),
        })
    }

    /// The series of one catchment that the simulator gets, read now: the columns that [`Recipe::columns`] names.
    pub fn series(&self, catchment: usize) -> Result<Vec<Vec<f64>>> {
        let columns = self.recipe.columns();
        if columns.is_empty() {
            return Ok(Vec::new());
        }
        let mut series = Ok(Vec::new());
        Inputs::open(&self.project.input)?.read(
            &[catchment],
            &self.basin.input_columns(columns),
            BLOCK_BYTES,
            &mut |_, read| {
                series = read.and_then(|read| self.basin.compute(columns, read));
                ControlFlow::Break(())
            },
        )?;
        Ok(series?)
    }

    /// Puts down in the store what need not be read again.
    pub fn remember(&self, store: &mut Store) -> Result<()> {
        self.files.remember(store)?;
        self.survey.remember(&self.basin, store)
    }

    /// The plan, and the states of fresh catchments whose last known state was another.
    pub fn plan(&self, store: Option<&Store>, force: bool) -> Result<(Plan, Vec<Touched>)> {
        // One reading transaction for all questions: much faster, and one state of things beside a running writer.
        let _snapshot = store.map(Store::snapshot).transpose()?;
        let last = match store {
            Some(store) => store.last()?,
            None => HashMap::new(),
        };
        let mut touched = Vec::new();
        let mut entries = Vec::with_capacity(self.digests.len());
        for catchment in 0..self.digests.len() {
            let id = &self.basin.catchments()[catchment].id;
            let (key, explanation) = match self.key(catchment) {
                Ok(found) => found,
                Err(problem) => {
                    entries.push(Entry {
                        key: None,
                        state: State::Bad(problem),
                    });
                    continue;
                }
            };
            let summary = match store.map(|store| store.summary(&key.0)) {
                // A damaged result is no result: it is made anew, which replaces it.
                None | Some(Err(StoreError::Damaged { .. })) => None,
                Some(found) => found?,
            };
            let known = last.get(id);
            let state = match self.judge(&key, summary, known, force) {
                Some(state) => state,
                None => State::Stale(Staleness::Changed(self.changes(
                    id,
                    &explanation(),
                    store,
                )?)),
            };
            if matches!(state, State::Fresh(_))
                && known.is_none_or(|known| known.key != key.0 || known.failure.is_some())
            {
                let parts =
                    postcard::to_stdvec(&explanation()).context("can't put down a key's parts")?;
                touched.push((id.clone(), key.0, parts, *self.recipe.digest()));
            }
            entries.push(Entry {
                key: Some(key),
                state,
            });
        }
        Ok((Plan { entries }, touched))
    }

    /// The catchments that failed or can't be run, with the reason.
    pub fn failures<'a>(&'a self, plan: &Plan) -> Vec<(&'a CatchmentId, String)> {
        let reason = |entry: &Entry| match &entry.state {
            State::Stale(Staleness::Failed(reason)) => Some(reason.clone()),
            State::Bad(problem) => Some(problem.to_string()),
            State::Fresh(_) | State::Stale(_) => None,
        };
        (self.basin.catchments().iter().zip(&plan.entries))
            .filter_map(|(catchment, entry)| Some((&catchment.id, reason(entry)?)))
            .collect()
    }

    /// The key of a catchment, and how to explain it.
    #[allow(clippy::type_complexity)]
    fn key(&self, catchment: usize) -> Result<(Key, impl Fn() -> Explanation), Problem> {
        let series = self.digests[catchment]
            .as_ref()
            .map_err(|fault| Problem::Input(fault.clone()))?;
        let rendered = self.recipe.render(&self.basin, catchment)?;
        let key = self.recipe.key(&rendered, series);
        Ok((key, move || self.recipe.explain(&rendered, series)))
    }

    /// The state of a catchment; `None` if its inputs are not what they were when it was last run.
    fn judge(
        &self,
        key: &Key,
        summary: Option<Summary>,
        last: Option<&Last>,
        force: bool,
    ) -> Option<State> {
        if force {
            return Some(State::Stale(Staleness::Forced));
        }
        let failed = last
            .filter(|last| last.key == key.0)
            .and_then(|last| last.failure.as_ref());
        let failed_before = failed.map(|failed| Staleness::Failed(failed.reason.clone()));
        if let Some(summary) = summary {
            let excess = |variable: &&Variable| {
                let VariableSource::Column(at) = variable.source else {
                    return false;
                };
                let source = &self.project.simulator.output.columns[at].source;
                let column = summary.columns.iter().find(|column| &column.name == source);
                column.is_some_and(|column| !within(column, variable))
            };
            let Some(variable) = self.project.product.variables.iter().find(excess) else {
                return Some(State::Fresh(found(&summary)));
            };
            let untried = Staleness::OutOfRange(variable.name.clone());
            return Some(State::Stale(failed_before.unwrap_or(untried)));
        }
        match last {
            None => Some(State::Stale(Staleness::NeverRun)),
            Some(last) if last.key == key.0 => {
                Some(State::Stale(failed_before.unwrap_or(Staleness::Lost)))
            }
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
            Some(store) => store.parts(id)?,
            None => None,
        };
        let Some((own, common)) = parts else {
            return Ok(Vec::new());
        };
        // Parts that can't be read were written by another version; then all of them are new.
        let read = |bytes: &[u8]| postcard::from_bytes::<Explanation>(bytes).unwrap_or_default();
        let mut changes = now.changes_since(&read(&own));
        changes.extend(self.recipe.explanation().changes_since(&read(&common)));
        changes.sort();
        changes.dedup();
        Ok(changes)
    }
}

fn found(summary: &Summary) -> Found {
    let checksums: Vec<u8> = (summary.columns.iter())
        .flat_map(|column| *column.checksum.as_bytes())
        .collect();
    Found {
        result: summary.result,
        content: Digest::of(&checksums),
    }
}

fn within(column: &ColumnSummary, variable: &Variable) -> bool {
    let above = |limit: f64| column.minimum.is_none_or(|minimum| minimum >= limit);
    let below = |limit: f64| column.maximum.is_none_or(|maximum| maximum <= limit);
    variable.min.is_none_or(above) && variable.max.is_none_or(below)
}
