//! The values of one series of all catchments, wherever they are until they are written.

use std::ops::Range;

use anyhow::Result;

use super::staged::StagedSeries;
use crate::import::wide::columns::Columns;

/// Values to be fetched by catchment.
pub enum SeriesValues {
    /// In the columns of a wide table.
    Columns(Box<Columns>),
    /// Parked on disk.
    Staged(StagedSeries),
}

impl SeriesValues {
    /// The number of time steps.
    pub fn steps(&self) -> usize {
        match self {
            Self::Columns(columns) => columns.steps(),
            Self::Staged(staged) => staged.steps(),
        }
    }

    /// How many catchments and time steps are best fetched at once, if about `values` are to be.
    pub fn tile(&self, values: usize) -> [usize; 2] {
        match self {
            Self::Columns(columns) => columns.tile(values),
            Self::Staged(staged) => [(values / staged.steps().max(1)).max(1), staged.steps()],
        }
    }

    /// The values of some catchments at some time steps, one catchment after the other, as they lie in files: little-endian.
    ///
    /// What was in the buffer is written over. Any number of threads may ask.
    pub fn fetch(
        &self,
        catchments: Range<usize>,
        steps: Range<usize>,
        values: &mut Vec<[u8; 8]>,
    ) -> Result<()> {
        match self {
            Self::Columns(columns) => columns.fetch(catchments, steps, values),
            Self::Staged(staged) => staged.fetch(catchments, steps, values),
        }
    }
}
