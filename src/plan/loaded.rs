//! A loaded study: the basin, the recipe and the series digests of every scenario, everything that determines results.
//!
//! Which catchments that makes stale is not known here; [`decide`](crate::plan::decide) asks the store.

use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;

use crate::data::digest::Digest;
use crate::inputs::{BadInput, Linked, Series};
use crate::plan::Plan;
use crate::plan::basin::{Basin, Tables};
use crate::plan::file_digests::FileDigests;
use crate::plan::input_index::{InputIndex, SeriesDigests};
use crate::plan::key::{Explanation, Key};
use crate::plan::problem::Problem;
use crate::plan::recipe::Recipe;
use crate::plan::series::SeriesReader;
use crate::project::{Project, ProjectError, Study};
use crate::store::Store;
use crate::system::stamp::Stamp;
use crate::text::wording::{self, Quotes};

/// A project in one of its scenarios, with everything that determines its results.
pub struct LoadedScenario<'p> {
    /// The project.
    pub project: &'p Project,
    /// Its catchments.
    pub basin: Basin<'p>,
    /// What is the same for all of them. Scenarios that lie side by side and have the same share it.
    pub recipe: Arc<Recipe<'p>>,
    digests: Arc<SeriesDigests>,
}

/// A study with everything that determines its results: a [`LoadedScenario`] for each scenario.
pub(crate) struct LoadedStudy<'p> {
    /// The scenarios, in the study's order.
    pub list: Vec<LoadedScenario<'p>>,
    input_index: InputIndex,
    files: Arc<FileDigests>,
}

impl<'p> LoadedStudy<'p> {
    /// Loads everything that determines results. Series whose digests are in the store are not read again.
    ///
    /// `tick` is told how many catchments of how many have been read.
    pub(crate) fn open(
        study: &'p Study,
        store: Option<&Store>,
        rehash: bool,
        tick: &mut dyn FnMut(usize, usize),
    ) -> Result<Self> {
        let mut loaded_study = Self::without_series(study, store, rehash)?;
        let project = study.common();
        // Loading a project that was never run must not create a cache folder.
        let scratch = Some(project.cache())
            .filter(|cache| cache.is_dir())
            .unwrap_or_else(std::env::temp_dir);
        let Self {
            list, input_index, ..
        } = &mut loaded_study;
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
            if loaded_study.linked().reads(&product.path) {
                let message = format!(
                    "the product would overwrite {}, which the input leads to",
                    product.path.display()
                );
                return Err(project.error("product.file", message).into());
            }
        }
        Ok(loaded_study)
    }

    /// Loads a study without its series' values: enough to check names and to render templates, not to plan.
    pub(crate) fn without_series(
        study: &'p Study,
        store: Option<&Store>,
        rehash: bool,
    ) -> Result<Self> {
        let mut tables = Tables::default();
        let input = &study.common().input;
        let (catalog, input_index) = InputIndex::new(input, &mut tables, store, rehash)?;
        let files = Arc::new(FileDigests::new(store, rehash)?);
        let mut list: Vec<LoadedScenario<'_>> = Vec::with_capacity(study.scenarios.len());
        for project in &study.scenarios {
            let basin = Basin::new(project, catalog.clone(), &mut tables)?;
            let recipe = match list.last() {
                Some(last) if last.has_the_recipe_of(project, &basin) => last.recipe.clone(),
                _ => Recipe::new(project, &basin, &files)?.into(),
            };
            list.push(LoadedScenario {
                project,
                basin,
                recipe,
                digests: Arc::default(),
            });
        }
        check_overrides(&list)?;
        Ok(Self {
            list,
            input_index,
            files,
        })
    }

    /// The files that the input's files point to.
    pub(crate) fn linked(&self) -> &Linked {
        self.input_index.linked()
    }

    /// The files and folders that catchments have for themselves, as they looked when they were first looked at: none before the
    /// catchments are planned.
    pub(crate) fn own_files(&self) -> Vec<(PathBuf, Stamp)> {
        self.files.own()
    }

    /// An error if the input's files do not look as they did before they were read.
    pub(crate) fn expect_unchanged_input(&self) -> Result<()> {
        let basin = self.list.first().map(|loaded| &loaded.basin);
        basin.map_or(Ok(()), |basin| {
            self.input_index.expect_unchanged(basin.input())
        })
    }

    /// Only some of the scenarios, with their plans.
    pub(crate) fn chosen(self, plans: Vec<Plan>, chosen: &[usize]) -> (Self, Vec<Plan>) {
        let both = self.list.into_iter().zip(plans).enumerate();
        let both = both.filter(|(at, _)| chosen.contains(at));
        let (list, plans) = both.map(|(_, pair)| pair).unzip();
        (Self { list, ..self }, plans)
    }

    /// Stores the digests of catchments' own files, which are known once they are planned.
    pub(crate) fn remember_own_files(&self, store: &mut Store) -> Result<()> {
        self.files.remember(store)
    }

    /// Stores the digests, so that the files need not be read again.
    pub(crate) fn remember(&self, store: &mut Store) -> Result<()> {
        self.files.remember(store)?;
        self.input_index.remember(&self.list[0].basin, store)
    }
}

/// The scenarios in stretches that share their recipe.
pub(crate) fn by_recipe<'a, 'p>(
    list: &'a [LoadedScenario<'p>],
) -> impl Iterator<Item = &'a [LoadedScenario<'p>]> {
    list.chunk_by(|one, other| Arc::ptr_eq(&one.recipe, &other.recipe))
}

/// An error if an override is of a parameter that there is in no scenario.
fn check_overrides(list: &[LoadedScenario<'_>]) -> Result<(), ProjectError> {
    let mut checked = BTreeSet::new();
    for loaded in list {
        for name in &loaded.project.scenario.unstated {
            let is_known = |loaded: &LoadedScenario<'_>| {
                let project = loaded.project;
                let is_stated = project.parameters.contains_key(name)
                    && !project.scenario.unstated.contains(name);
                is_stated || loaded.basin.has_own(name)
            };
            if !checked.insert(name) || list.iter().any(is_known) {
                continue;
            }
            let mut known = loaded.basin.parameter_names();
            known.retain(|known| !loaded.project.scenario.unstated.contains(*known));
            let hint = wording::hint(name, known, Quotes::Double).unwrap_or_default();
            return Err(ProjectError {
                file: loaded.project.file.clone(),
                place: None,
                message: format!(
                    "there is no parameter {name:?} to be set, here, in a table or in the input{hint}"
                ),
            });
        }
    }
    Ok(())
}

impl<'p> LoadedScenario<'p> {
    /// Whether the recipe of a project in another scenario is the same: what it is made of is, and so are the names that exist and those
    /// of lists.
    fn has_the_recipe_of(&self, project: &Project, basin: &Basin<'_>) -> bool {
        Arc::ptr_eq(&self.project.simulator, &project.simulator)
            && self.basin.parameter_names() == basin.parameter_names()
            && self.basin.list_names() == basin.list_names()
    }

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

    /// The digests of a catchment's series, or what is wrong with its input.
    pub(crate) fn series_digests(&self, catchment: usize) -> &Result<Vec<Digest>, BadInput> {
        &self.digests[self.basin.place(catchment)]
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
}
