//! A snapshot: every catchment's key and status in every scenario, and what the product needs besides results.
//!
//! Every run ends with one, and every tag names one. As results are stored by key, a snapshot is enough to make its product
//! again, or to compare it with another, without the input and without running anything.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::data::catchment::CatchmentId;
use crate::data::digest::Digest;
use crate::data::scenario::ScenarioName;
use crate::data::value::Value;
use crate::plan::loaded::LoadedScenario;
use crate::plan::position_names::PositionNames;
use crate::plan::problem::Problem;
use crate::plan::product_needs;
use crate::plan::{Plan, Staleness, State};

/// All scenarios as they were.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Each scenario, in the study's order.
    pub scenario_snapshots: Vec<ScenarioSnapshot>,
}

/// All catchments of a scenario as they were.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScenarioSnapshot {
    /// The scenario.
    pub scenario: ScenarioName,
    /// The digest of the recipe.
    pub recipe: Digest,
    /// The digest of the time steps, see [`crate::data::time_axis::TimeAxis::to_bytes`].
    pub time: Digest,
    /// Its values of what the scenarios differ by.
    pub coordinates: BTreeMap<String, Value>,
    /// The parameters that the product needed of every catchment.
    pub names: Vec<String>,
    /// The catchments in the input's order.
    pub rows: Vec<SnapshotRow>,
}

/// One catchment as it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SnapshotRow {
    /// The catchment.
    pub id: CatchmentId,
    /// Whether it had a result.
    pub status: Status,
    /// Its key; `None` where it could not be run.
    pub key: Option<Digest>,
    /// The digest of its result's columns: a forced run can put another result under the same key.
    pub content: Option<Digest>,
    /// Its values of [`ScenarioSnapshot::names`].
    pub values: Vec<Option<Value>>,
}

/// The state of a catchment's result; the numbers are the flag's values in the product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// The result is there.
    Ok = 0,
    /// The simulator failed.
    Failed = 1,
    /// Its input is bad and was passed over.
    Skipped = 2,
    /// It has not been run.
    NotRun = 3,
}

impl Status {
    /// Whether a row with this key is of a catchment that its scenario leaves out: those that it has can't be run, or have a key.
    pub(crate) fn is_left_out(self, key: Option<&Digest>) -> bool {
        self == Self::NotRun && key.is_none()
    }
}

impl fmt::Display for Status {
    /// As the flag's meanings in the product.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::NotRun => "not_run",
        })
    }
}

impl Snapshot {
    /// The present state, from the plans of all scenarios, as the store keeps it. It is put down one scenario after the other, since a
    /// million catchments at once would take more memory than all that is known of them otherwise.
    pub fn bytes_of(loaded_study: &[LoadedScenario<'_>], plans: &[Plan]) -> Result<Vec<u8>> {
        // A list, as postcard writes it: its length, then one after the other.
        let mut bytes = postcard::to_stdvec(&loaded_study.len())?;
        for (loaded, plan) in loaded_study.iter().zip(plans) {
            bytes = postcard::to_extend(&ScenarioSnapshot::of(loaded, plan)?, bytes)
                .context("can't put down the catchments' keys")?;
        }
        Ok(bytes)
    }

    /// Reads what [`Self::bytes_of`] gave.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        postcard::from_bytes(bytes).context("the stored keys are another version's")
    }

    /// A scenario as it was then, if there was one of this name.
    pub fn scenario_snapshot(&self, scenario: &ScenarioName) -> Option<&ScenarioSnapshot> {
        let mut scenario_snapshots = self.scenario_snapshots.iter();
        scenario_snapshots.find(|scenario_snapshot| scenario_snapshot.scenario == *scenario)
    }

    /// How many catchments there were, counted in each scenario.
    pub fn catchments(&self) -> usize {
        self.scenario_snapshots
            .iter()
            .map(|scenario_snapshot| scenario_snapshot.rows.len())
            .sum()
    }

    /// How many of them had a result.
    pub fn results(&self) -> usize {
        self.scenario_snapshots
            .iter()
            .map(ScenarioSnapshot::results)
            .sum()
    }
}

impl SnapshotRow {
    /// A catchment that only other scenarios of a shared product have, which need so many values.
    pub(crate) fn left_out(id: CatchmentId, values: usize) -> Self {
        Self {
            id,
            status: Status::NotRun,
            key: None,
            content: None,
            values: vec![None; values],
        }
    }
}

impl ScenarioSnapshot {
    /// The present state, from the plan.
    pub fn of(loaded: &LoadedScenario<'_>, plan: &Plan) -> Result<Self> {
        // Where catchments are is known without the project asking for it, and no error where it can't be understood.
        let found = PositionNames::found(loaded.project, || loaded.basin.parameter_names());
        let names = found.into_iter().flat_map(|it| [it.north, it.east]);
        Self::with(loaded, plan, names.collect())
    }

    /// The same for whom does not ask where catchments are, unless the product does.
    pub(crate) fn without_positions(loaded: &LoadedScenario<'_>, plan: &Plan) -> Result<Self> {
        Self::with(loaded, plan, BTreeSet::new())
    }

    /// The present state with parameters that say where catchments are.
    fn with(
        loaded: &LoadedScenario<'_>,
        plan: &Plan,
        mut positions: BTreeSet<String>,
    ) -> Result<Self> {
        let project = loaded.project;
        let mut names = product_needs::parameters(loaded)?;
        let catchments = loaded.basin.catchments().iter().zip(&plan.entries);
        // The catchment downstream is also known for catchments that can't be run, and some have none.
        let link = project.product.downstream.as_ref();
        let others: BTreeSet<String> = names
            .iter()
            .filter(|name| Some(*name) != link)
            .cloned()
            .collect();
        positions.retain(|name| !names.contains(name));
        names.extend(positions.iter().cloned());
        let mut rows = Vec::with_capacity(plan.entries.len());
        for (at, (catchment, entry)) in catchments.enumerate() {
            let values = match loaded.basin.values(at, &others) {
                Err(Problem::Cell(fault)) if entry.key.is_some() => {
                    return Err(fault.into());
                }
                values => values.ok(),
            };
            let value = |name: &String| match Some(name) == link {
                true => loaded.basin.value_of_any(at, name),
                false if positions.contains(name) => {
                    Ok(loaded.basin.value_of_any(at, name).unwrap_or_default())
                }
                false => Ok(values
                    .as_ref()
                    .and_then(|values| values.parameter(name).cloned())),
            };
            rows.push(SnapshotRow {
                id: catchment.id.clone(),
                status: match &entry.state {
                    State::Fresh(_) => Status::Ok,
                    State::Stale(Staleness::Failed(_)) => Status::Failed,
                    State::Stale(_) => Status::NotRun,
                    State::Bad(_) => Status::Skipped,
                },
                key: entry.key.map(|key| key.0),
                content: match &entry.state {
                    State::Fresh(found) => Some(found.content),
                    State::Stale(_) | State::Bad(_) => None,
                },
                values: names.iter().map(value).collect::<Result<_, _>>()?,
            });
        }
        Ok(Self {
            scenario: project.scenario.name.clone(),
            coordinates: project.scenario.coordinates.clone(),
            recipe: *loaded.recipe.digest(),
            time: Digest::of(&loaded.basin.time_bytes()),
            names: names.into_iter().collect(),
            rows,
        })
    }

    /// Keeps the values of these parameters alone, and has none of what it does not know.
    pub(crate) fn keep(&mut self, names: &[String]) {
        if self.names == names {
            return;
        }
        let place = |name: &String| self.names.iter().position(|known| known == name);
        let places: Vec<Option<usize>> = names.iter().map(place).collect();
        for row in &mut self.rows {
            let value = |place: &Option<usize>| row.values.get((*place)?)?.clone();
            row.values = places.iter().map(value).collect();
        }
        self.names = names.to_vec();
    }

    fn results(&self) -> usize {
        let with_result = self.rows.iter().filter(|row| row.status == Status::Ok);
        with_result.count()
    }
}
