//! Where a trial comes from: what is stored with it beyond what it brings along.
//!
//! A trial of this run has it from the loaded study and the work, see [`Origins`]. One that was ordered by an earlier run has it from
//! where that run put it down: the project may have changed since.

use std::iter::repeat_n;
use std::sync::Arc;

use anyhow::{Context, Result};

use crate::data::catchment::CatchmentId;
use crate::data::digest::Digest;
use crate::data::scenario::ScenarioName;
use crate::execute::order::Work;
use crate::execute::trial::Trial;
use crate::plan::Unit;
use crate::plan::loaded::{LoadedScenario, by_recipe};
use crate::store::Store;

/// What is stored with a trial beyond what it brings along.
#[derive(Clone, Debug)]
pub(crate) struct Origin<'a> {
    /// The digest of the recipe by which it was made.
    pub recipe: Digest,
    /// What that recipe is made of, as the store keeps it.
    pub recipe_parts: Arc<[u8]>,
    /// Who else waits for the result of its key.
    pub others: &'a [(ScenarioName, CatchmentId)],
    /// Whether another trial has answered the same order before, because it was carried out twice.
    pub again: bool,
}

/// Where the trials of this run's work come from.
pub(crate) struct Origins<'a> {
    loaded_study: &'a [LoadedScenario<'a>],
    work: &'a Work,
    /// What each scenario's recipe is made of.
    recipe_parts: Vec<Arc<[u8]>>,
}

impl<'a> Origins<'a> {
    /// Of this work in this study.
    pub(crate) fn new(loaded_study: &'a [LoadedScenario<'a>], work: &'a Work) -> Result<Self> {
        let mut recipe_parts = Vec::with_capacity(loaded_study.len());
        for same in by_recipe(loaded_study) {
            recipe_parts.extend(repeat_n(self::recipe_parts(&same[0])?, same.len()));
        }
        Ok(Self {
            loaded_study,
            work,
            recipe_parts,
        })
    }

    /// Hands a trial to `then` with its origin. An error if nobody ordered it.
    pub(crate) fn with(&self, trial: Trial, then: impl FnOnce(Trial, &Origin<'_>)) -> Result<()> {
        let unit = self.work.unit(&trial.key).with_context(|| {
            let label = trial.scenario.label(&trial.catchment);
            format!("nobody ordered the run of catchment {label}")
        })?;
        let name = |&other: &Unit| {
            let loaded = &self.loaded_study[other.scenario];
            let scenario = loaded.project.scenario.name.clone();
            (scenario, loaded.basin.id(other.catchment).clone())
        };
        let others: Vec<_> = self.work.others(&trial.key).iter().map(name).collect();
        let origin = Origin {
            recipe: *self.loaded_study[unit.scenario].recipe.digest(),
            recipe_parts: self.recipe_parts[unit.scenario].clone(),
            others: &others,
            again: false,
        };
        then(trial, &origin);
        Ok(())
    }
}

/// What a scenario's recipe is made of, as the store keeps it.
pub(crate) fn recipe_parts(loaded: &LoadedScenario<'_>) -> Result<Arc<[u8]>> {
    let parts = postcard::to_stdvec(loaded.recipe.explanation());
    Ok(parts.context("can't store the recipe")?.into())
}

/// Stores the texts that the scenarios' recipes know by their digests only, so that a later run can say what changed.
pub(crate) fn store_texts(loaded_study: &[LoadedScenario<'_>], store: &mut Store) -> Result<()> {
    for same in by_recipe(loaded_study) {
        let loaded = &same[0];
        store.store_contents(&loaded.recipe.common_texts(&loaded.basin))?;
    }
    Ok(())
}
