//! The earlier product at the path: which of its blocks are what they would be again, and their chunks and summaries as they are.
//!
//! A scenario is found by its name and may stand elsewhere than before; within it, rows have to stand where they stood.
//! Whatever can't be read or is not clear makes the file useless, never an error: then all is made anew.

use anyhow::{Error, Result};

use super::cf::VALUES_DIGEST;
use super::digest::{CHUNKS_DIGEST, chunks_digest, values_digest};
use super::summary::Summaries;
use super::tiling::Tiling;
use super::{ProductSpec, Status, Summary};
use crate::netcdf::{EarlierFile, EarlierVariable, storable};

/// A chunk of the earlier product could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the earlier product is damaged")]
pub(super) struct Damaged;

/// The earlier product, as far as it can serve.
pub(super) struct Earlier {
    /// By variable.
    variables: Vec<EarlierVariable>,
    /// By scenario: its number in the earlier product.
    scenarios: Vec<Option<usize>>,
    /// By block: whether its chunks are what they would be again.
    unchanged: Vec<bool>,
    /// By summary: the numbers of all earlier rows.
    summaries: Vec<Vec<f64>>,
    /// How many catchments each earlier scenario had.
    catchments: usize,
}

/// What the earlier product says of its rows.
struct Rows {
    ids: Vec<String>,
    status: Vec<i8>,
    made_of: Vec<String>,
}

impl Earlier {
    /// The earlier product, if its chunks can be taken over: same cut, same definitions, and some block without a change.
    pub(super) fn open(spec: &ProductSpec, tiling: &Tiling) -> Option<Self> {
        if !spec.path.is_file() {
            return None;
        }
        let file = EarlierFile::open(&spec.path).ok()?;
        if file.attribute(CHUNKS_DIGEST)? != chunks_digest(spec, tiling).to_string() {
            return None;
        }
        let rows = Rows {
            ids: file.texts("catchment").ok()?,
            status: file.bytes("status").ok()?,
            made_of: file.texts(VALUES_DIGEST).ok()?,
        };
        let names = match &spec.scenarios {
            Some(_) => file.texts("scenario").ok()?,
            None => vec![String::new()],
        };
        if [rows.status.len(), rows.made_of.len()] != [names.len() * rows.ids.len(); 2] {
            return None;
        }
        let place = |name: &str| names.iter().position(|known| known == &storable(name));
        let scenarios: Vec<Option<usize>> = match &spec.scenarios {
            Some(scenarios) => scenarios.names.iter().map(|name| place(name)).collect(),
            None => vec![Some(0)],
        };
        let unchanged: Vec<bool> = (0..tiling.blocks())
            .map(|block| rows.hold(spec, tiling, &scenarios, block))
            .collect();
        if !unchanged.contains(&true) {
            return None;
        }
        let variables = spec
            .variables
            .iter()
            .map(|variable| file.chunked(&variable.name).ok());
        let numbers = |summary: &Summary| {
            let numbers = file.numbers(&summary.name).ok()?;
            (numbers.len() == rows.status.len()).then_some(numbers)
        };
        Some(Self {
            summaries: spec.summaries.iter().map(numbers).collect::<Option<_>>()?,
            catchments: rows.ids.len(),
            variables: variables.collect::<Option<_>>()?,
            scenarios,
            unchanged,
        })
    }

    /// By block: whether its chunks are what they would be again.
    pub(super) fn unchanged(&self) -> &[bool] {
        &self.unchanged
    }

    /// The summaries of all rows in unchanged blocks; the others are missing yet.
    pub(super) fn summaries(&self, spec: &ProductSpec, tiling: &Tiling) -> Summaries {
        let mut summaries = Summaries::new(spec.summaries.len(), spec.catchments.len());
        for block in (0..tiling.blocks()).filter(|&block| self.unchanged[block]) {
            let (scenario, first) = tiling.corner(block);
            let before = self.scenario(scenario) * self.catchments + first;
            for (i, row) in tiling.block(block).enumerate() {
                for (summary, numbers) in self.summaries.iter().enumerate() {
                    summaries.set(summary, row, numbers[before + i]);
                }
            }
        }
        summaries
    }

    /// The number that a scenario with an unchanged block had.
    pub(super) fn scenario(&self, scenario: usize) -> usize {
        self.scenarios[scenario].expect("what is unchanged was there before")
    }

    /// The bytes of a variable's chunk; an error is [`Damaged`].
    pub(super) fn chunk(&self, variable: usize, offset: &[usize], limit: usize) -> Result<Vec<u8>> {
        let chunk = self.variables[variable].chunk(offset, limit);
        chunk.map_err(|_| Error::new(Damaged))
    }
}

impl Rows {
    /// Whether a block's rows are the same here.
    fn hold(
        &self,
        spec: &ProductSpec,
        tiling: &Tiling,
        scenarios: &[Option<usize>],
        block: usize,
    ) -> bool {
        let (scenario, first) = tiling.corner(block);
        let Some(earlier) = scenarios[scenario] else {
            return false;
        };
        let rows = tiling.block(block);
        // The old block must end where the new one does, or its chunk holds other catchments besides.
        let old_end = self.ids.len().min(first + tiling.tile_catchments);
        let same = |(index, catchment): (usize, usize)| {
            let row = &spec.catchments[index];
            let old = earlier * self.ids.len() + catchment;
            // Only a digest says that a result is what it was.
            (row.status != Status::Ok || row.content.is_some())
                && storable(row.id.as_str()) == self.ids[catchment]
                && row.status as i8 == self.status[old]
                && values_digest(row) == self.made_of[old]
        };
        first + rows.len() == old_end && rows.zip(first..).all(same)
    }
}
