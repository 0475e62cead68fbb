//! Which stale catchments need no simulator, because what it would leave is kept: only something else is to be taken of it.
//!
//! What a simulator leaves is determined by all of a key but what is taken of it, the [`RawKey`]. Whether the kept files are those
//! that are looked at now is known from their [index](KeptIndex); whether they still are what they were, only who reads them finds
//! out.

use std::collections::HashMap;
use std::path::Path;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::data::digest::Digest;
use crate::plan::key::RawKey;
use crate::plan::last_states::LastStates;
use crate::plan::loaded::{LoadedScenario, LoadedStudy};
use crate::plan::recipe::Rendered;
use crate::plan::{Entry, Plan, Staleness, State};
use crate::store::{Last, Store};

/// What is kept of a run. Stored: what can't be read counts as not there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptIndex {
    /// The simulator's exit code.
    pub code: i32,
    /// The files by their names below the work directory, and their bytes; the printed ones are always among them.
    pub files: Vec<(String, u64)>,
}

impl KeptIndex {
    /// What the store has of one.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        postcard::from_bytes(bytes).ok()
    }

    fn has(&self, path: &Path) -> bool {
        self.files.iter().any(|(name, _)| Path::new(name) == path)
    }

    /// Whether all files are there that are looked at.
    fn covers(&self, rendered: &Rendered) -> bool {
        let required = rendered.require.iter().map(|(path, _)| path);
        rendered
            .outputs
            .iter()
            .chain(required)
            .all(|path| self.has(path))
    }
}

impl LoadedStudy<'_> {
    /// Notes at stale catchments what of their simulators is kept, where the project keeps that.
    pub(super) fn note_kept(
        &self,
        store: &Store,
        last_states: &mut LastStates<'_>,
        plans: &mut [Plan],
    ) -> Result<()> {
        let mut scenarios = self.list.iter();
        let are_kept = scenarios.any(|loaded| loaded.project.cache_limits.keep_outputs);
        let mut entries = plans.iter().flat_map(|plan| &plan.entries);
        // All that is kept is read only where some of it may be of use.
        if !are_kept || !entries.any(is_to_be_run) {
            return Ok(());
        }
        let kept: HashMap<Digest, KeptIndex> = (store.kept_outputs()?.into_iter())
            .filter_map(|(raw, index)| Some((raw, KeptIndex::from_bytes(&index)?)))
            .collect();
        if kept.is_empty() {
            return Ok(());
        }
        for (loaded, plan) in self.list.iter().zip(plans) {
            let last = last_states.of(&loaded.project.scenario)?;
            for (catchment, entry) in plan.entries.iter_mut().enumerate() {
                let last = last.get(loaded.basin.id(catchment));
                if may_be_read_again(entry, last) {
                    entry.kept = loaded.kept(catchment, &kept).map(Box::new);
                }
            }
        }
        Ok(())
    }
}

/// Whether a catchment is stale, and anybody asks for it.
fn is_to_be_run(entry: &Entry) -> bool {
    entry.key.is_some() && matches!(entry.state, State::Stale(_))
}

/// Whether what is kept can have another outcome than the last run, or the same for the same reason.
///
/// What failed in its simulator is run again; what failed because of what is taken of it is not.
fn may_be_read_again(entry: &Entry, last: Option<&Last>) -> bool {
    let has_failed = matches!(entry.state, State::Stale(Staleness::Failed(_)));
    is_to_be_run(entry) && (!has_failed || last.is_some_and(|last| last.attempts == 0))
}

impl LoadedScenario<'_> {
    /// Where all that is looked at of a catchment's run is kept.
    fn kept(&self, catchment: usize, kept: &HashMap<Digest, KeptIndex>) -> Option<RawKey> {
        let digests = self.series_digests(catchment).as_deref().ok()?;
        let rendered = self.recipe.render(&self.basin, catchment).ok()?;
        let raw = self.recipe.raw_key(&rendered, digests);
        kept.get(&raw.0)?.covers(&rendered).then_some(raw)
    }
}
