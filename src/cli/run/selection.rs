//! What a run is to do: the catchments that are stale and asked for, and the simulator runs that they need.

use std::collections::{HashMap, HashSet};

use anyhow::Result;

use super::Arguments;
use crate::cli::options::max_rerun::MaxRerun;
use crate::cli::refusal::TooMany;
use crate::cli::wanted::wanted;
use crate::cluster::head::Head;
use crate::data::catchment::CatchmentId;
use crate::data::scenario::ScenarioName;
use crate::execute::order::Work;
use crate::execute::parts::{Parts, kept};
use crate::execute::{FailedCatchment, RunReport};
use crate::plan::key::Key;
use crate::plan::loaded::LoadedStudy;
use crate::plan::{Plan, Unit, causes};
use crate::store::Store;

/// What a run is to do.
pub(super) struct Selection {
    /// In the order of scenarios and catchments.
    pub wanted: Vec<(Unit, Key)>,
    /// The same in two parts, with each key once.
    pub parts: Parts,
    /// What simulators have to be run for with what tasks owe already, where they owe something: should one be lost, its runs go to
    /// another.
    with_owed: Option<Work>,
    /// How many catchments the scenarios asked for have, counted in each.
    pub all: usize,
}

/// What is not to be run although it is stale.
#[derive(Default)]
pub(super) struct Exempt {
    /// What tasks are at work on, or will be.
    pub owed: HashSet<Key>,
    /// What has just failed.
    pub failed: HashSet<(ScenarioName, CatchmentId)>,
}

impl Exempt {
    /// What open packages owe, and what has come in of them as failed. The next run tries that again.
    pub(super) fn of(head: &Head, collected: &RunReport) -> Result<Self> {
        let failed = collected.failed.iter();
        let unit = |failed: &FailedCatchment| (failed.scenario.clone(), failed.catchment.clone());
        Ok(Self {
            owed: head.owed()?,
            failed: failed.map(unit).collect(),
        })
    }

    fn covers(&self, loaded_study: &LoadedStudy<'_>, unit: Unit, key: &Key) -> bool {
        if self.owed.contains(key) {
            return true;
        }
        if self.failed.is_empty() {
            return false;
        }
        let loaded = &loaded_study.list[unit.scenario];
        let scenario = loaded.project.scenario.name.clone();
        (self.failed).contains(&(scenario, loaded.basin.id(unit.catchment).clone()))
    }
}

impl Selection {
    /// The part of these plans that is asked for.
    pub(super) fn of(
        loaded_study: &LoadedStudy<'_>,
        plans: &[Plan],
        chosen: &[usize],
        arguments: &Arguments,
        exempt: &Exempt,
        store: Option<&Store>,
    ) -> Result<Self> {
        let only = arguments.only.as_deref();
        let mut wanted = wanted(loaded_study, plans, chosen, only, arguments.force)?;
        let kept = match arguments.force {
            true => HashMap::new(),
            false => kept(plans, &wanted),
        };
        let owes = !exempt.owed.is_empty();
        let with_owed = owes.then(|| Parts::of(&wanted, kept.clone()).to_run);
        wanted.retain(|(unit, key)| !exempt.covers(loaded_study, *unit, key));
        wanted.shrink_to_fit();
        Ok(Self {
            parts: Parts::of(&wanted, kept).planned(plans, store),
            with_owed,
            wanted,
            all: chosen.iter().map(|&at| plans[at].entries.len()).sum(),
        })
    }

    /// What is to be run, and what tasks are at work on already.
    pub(super) fn with_owed(&self) -> &Work {
        self.with_owed.as_ref().unwrap_or(&self.parts.to_run)
    }

    /// How many runs tasks are at work on already.
    pub(super) fn under_way(&self) -> usize {
        self.with_owed().runs() - self.parts.to_run.runs()
    }

    /// Why the catchments are run.
    pub(super) fn causes(&self, plans: &[Plan], force: bool) -> Vec<(usize, String)> {
        let entry = |(unit, _): &(Unit, Key)| &plans[unit.scenario].entries[unit.catchment];
        causes(self.wanted.iter().map(entry), force)
    }

    /// The error, if it is more than the limit allows.
    pub(super) fn too_many(
        &self,
        limit: Option<MaxRerun>,
        causes: &[(usize, String)],
    ) -> Option<TooMany> {
        TooMany::of(limit, self.parts.to_run.runs(), self.all, causes)
    }
}
