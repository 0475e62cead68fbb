//! Which catchments are to be run: those that are stale and asked for.

use anyhow::Result;

use super::options::only;
use crate::plan::key::Key;
use crate::plan::loaded::{LoadedScenario, LoadedStudy};
use crate::plan::{Plan, State, Unit};

/// The catchments that are to be run, of those asked for: the stale ones, or with `force` the fresh ones as well.
pub(super) fn wanted(
    loaded_study: &LoadedStudy<'_>,
    plans: &[Plan],
    chosen: &[usize],
    chosen_ids: Option<&str>,
    force: bool,
) -> Result<Vec<(Unit, Key)>> {
    let scenarios: Vec<&LoadedScenario<'_>> =
        chosen.iter().map(|&at| &loaded_study.list[at]).collect();
    let ids = chosen_ids
        .map(|ids| only::chosen(&scenarios, "--only", ids))
        .transpose()?;
    let mut wanted = Vec::new();
    for (&scenario, loaded) in chosen.iter().zip(scenarios) {
        let catchments = loaded.basin.catchments().iter();
        for (catchment, (entry, plan)) in catchments.zip(&plans[scenario].entries).enumerate() {
            if ids.as_ref().is_some_and(|ids| !ids.contains(&entry.id)) {
                continue;
            }
            let is_wanted = match plan.state {
                State::Stale(_) => true,
                State::Fresh(_) => force,
                State::Bad(_) => false,
            };
            if let (true, Some(key)) = (is_wanted, plan.key) {
                let unit = Unit {
                    scenario,
                    catchment,
                };
                wanted.push((unit, key));
            }
        }
    }
    Ok(wanted)
}
