//! What a run is to do: the catchments that are stale and asked for, and the simulator runs that they need.

use anyhow::Result;

use super::Arguments;
use crate::cli::options::max_rerun::MaxRerun;
use crate::cli::refusal::TooMany;
use crate::cli::wanted::wanted;
use crate::execute::order::Work;
use crate::plan::key::Key;
use crate::plan::loaded::LoadedStudy;
use crate::plan::{Plan, Unit, causes};

/// What a run is to do.
pub(super) struct Selection {
    /// In the order of scenarios and catchments.
    pub wanted: Vec<(Unit, Key)>,
    /// The same, with each key once.
    pub work: Work,
    /// How many catchments the scenarios asked for have, counted in each.
    pub all: usize,
}

impl Selection {
    /// The part of these plans that is asked for.
    pub(super) fn of(
        loaded_study: &LoadedStudy<'_>,
        plans: &[Plan],
        chosen: &[usize],
        arguments: &Arguments,
    ) -> Result<Self> {
        let only = arguments.only.as_deref();
        let wanted = wanted(loaded_study, plans, chosen, only, arguments.force)?;
        Ok(Self {
            work: Work::of(&wanted),
            wanted,
            all: chosen.iter().map(|&at| plans[at].entries.len()).sum(),
        })
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
        TooMany::of(limit, self.work.runs(), self.all, causes)
    }
}
