//! A moment: every catchment's key and status, and what its product needs beside results.
//!
//! The end of a run and a tag are moments. As results are stored by key, a moment is all that it takes to make its
//! product again, or to compare it with another, without the input and without running anything.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::assembly;
use crate::catchment::CatchmentId;
use crate::digest::Digest;
use crate::plan::{Plan, Staleness, State};
use crate::product::Status;
use crate::session::Session;
use crate::value::Value;

/// All catchments as they were.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Moment {
    /// The digest of the recipe.
    pub recipe: Digest,
    /// The digest of the time steps, see [`crate::time_axis::TimeAxis::to_bytes`].
    pub time: Digest,
    /// The parameters that the product needed of every catchment.
    pub names: Vec<String>,
    /// The catchments in the input's order.
    pub rows: Vec<Row>,
}

/// One catchment as it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The catchment.
    pub id: CatchmentId,
    /// Whether it had a result.
    pub status: Status,
    /// Its key; `None` where it could not be run.
    pub key: Option<Digest>,
    /// The digest of its result's columns: a forced run can put another result under the same key.
    pub content: Option<Digest>,
    /// Its values of [`Moment::names`].
    pub values: Vec<Option<Value>>,
}

impl Moment {
    /// The present, as the plan has it.
    pub fn of(session: &Session<'_>, plan: &Plan) -> Result<Self> {
        let names = assembly::parameters(session)?;
        let catchments = session.basin.catchments().iter().zip(&plan.entries);
        // Where water goes is known of catchments that can't be run, too, and some are said to have no catchment downstream.
        let link = session.project.product.downstream.as_ref();
        let others: BTreeSet<String> = names
            .iter()
            .filter(|name| Some(*name) != link)
            .cloned()
            .collect();
        let rows = catchments.enumerate().map(|(at, (catchment, entry))| {
            let values = session.basin.values(at, &others).ok();
            let value = |name: &String| match Some(name) == link {
                true => session.basin.value_of_any(at, name),
                false => values.as_ref()?.parameter(name).cloned(),
            };
            Row {
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
                values: names.iter().map(value).collect(),
            }
        });
        let rows = rows.collect();
        Ok(Self {
            recipe: *session.recipe.digest(),
            time: Digest::of(&session.basin.time().to_bytes()),
            names: names.into_iter().collect(),
            rows,
        })
    }

    /// The moment as the store keeps it.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        postcard::to_stdvec(self).context("can't put down the catchments' keys")
    }

    /// Reads what [`Self::to_bytes`] gave.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        postcard::from_bytes(bytes).context("the stored keys are another version's")
    }

    /// How many catchments had a result.
    pub fn results(&self) -> usize {
        let with_result = self.rows.iter().filter(|row| row.status == Status::Ok);
        with_result.count()
    }
}
