//! How long a run will take, from what each catchment took when it was last run.

use std::fmt;

use anyhow::Result;
use schemars::JsonSchema;
use serde::Serialize;

use crate::execute::schedule::schedule;
use crate::history::account::Account;
use crate::plan::Unit;
use crate::plan::loaded::LoadedStudy;
use crate::store::Store;
use crate::system::progress::seconds;

/// How long a run will take.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Prediction {
    /// Seconds.
    pub seconds: f64,
    /// Simulators at work at once.
    pub workers: usize,
    /// How many catchments have been run before; the others are assumed to be average.
    pub known: usize,
}

impl Prediction {
    /// For the given catchments in this order; `None` if nothing is to be done or nothing is known.
    pub(crate) fn of(
        store: &Store,
        loaded_study: &LoadedStudy<'_>,
        units: impl Iterator<Item = Unit>,
        workers: usize,
    ) -> Result<Option<Self>> {
        let mut units = units.peekable();
        // All runs of the past are looked at only where something is to be told from them.
        if units.peek().is_none() {
            return Ok(None);
        }
        let costs = store.walls()?;
        // The time of a run beside its simulators: writing their files, reading what they leave.
        let overhead = Account::latest(store)?.map_or(0.0, |account| {
            let workers = account.workers.min(account.ran) as f64;
            let beside = account.cost.running_seconds * workers - account.cost.simulator_seconds;
            (beside / account.ran as f64).max(0.0)
        });
        let own = units.map(|unit| {
            let loaded = &loaded_study.list[unit.scenario];
            let scenario = loaded.project.scenario.past().clone();
            let name = (scenario, loaded.basin.id(unit.catchment).clone());
            costs.get(&name).copied()
        });
        let own: Vec<Option<f64>> = own.collect();
        let all: Vec<f64> = costs.into_values().collect();
        Ok(Self::from_costs(&own, &all, overhead, workers))
    }

    fn from_costs(own: &[Option<f64>], all: &[f64], overhead: f64, workers: usize) -> Option<Self> {
        if own.is_empty() || all.is_empty() {
            return None;
        }
        let average = all.iter().sum::<f64>() / all.len() as f64;
        let costs = own.iter().map(|own| own.unwrap_or(average) + overhead);
        Some(Self {
            seconds: schedule(costs, workers),
            workers,
            known: own.iter().flatten().count(),
        })
    }
}

impl fmt::Display for Prediction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = seconds(self.seconds);
        write!(f, "about {time} with {} at once", self.workers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_are_average() {
        let some = Prediction::from_costs(&[Some(4.0), None], &[2.0, 4.0], 1.0, 1);
        let expected = Prediction {
            seconds: 9.0,
            workers: 1,
            known: 1,
        };
        assert_eq!(some, Some(expected));
        assert_eq!(Prediction::from_costs(&[None], &[], 0.0, 1), None);
    }
}
