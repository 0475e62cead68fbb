//! Reads the series of catchments as a simulator gets them: input columns as they are, computed columns from their formulas.
//!
//! The input index, the explanation of one catchment and the run all read series here, so that they see the same values in the
//! same order, and digest them in the same way. It knows nothing of keys or results.

use std::ops::ControlFlow;
use std::path::Path;

use anyhow::Result;

use crate::data::digest::Digest;
use crate::inputs::{Inputs, Linked, Series};
use crate::plan::basin::Basin;

/// At most this many bytes of series values are in memory at once, in all threads that share the reading.
pub(crate) const BLOCK_BYTES: usize = 16 << 20;

/// The opened input and the columns to be read.
pub(crate) struct SeriesReader<'a> {
    inputs: Inputs,
    basin: &'a Basin<'a>,
    /// Indices into [`Basin::columns`].
    wanted: &'a [usize],
    /// The columns of the input from which those are computed.
    columns: Vec<usize>,
    block_bytes: usize,
}

impl<'a> SeriesReader<'a> {
    /// Opens the input to read the `wanted` columns (indices into [`Basin::columns`]).
    pub(crate) fn open(basin: &'a Basin<'_>, wanted: &'a [usize]) -> Result<Self> {
        Ok(Self {
            inputs: Inputs::open(basin.input())?,
            basin,
            wanted,
            columns: basin.input_columns(wanted),
            block_bytes: BLOCK_BYTES,
        })
    }

    /// Says where scratch files may go: see [`Inputs::with_scratch`].
    pub(crate) fn with_scratch(self, directory: &Path) -> Self {
        Self {
            inputs: self.inputs.with_scratch(directory),
            ..self
        }
    }

    /// Cuts catchments (by their places in the input) into at most as many shares as there are threads, each of which
    /// [reads](Self::read) its own at the same time: see [`Inputs::shares`].
    pub(crate) fn shares(&mut self, places: &[usize], threads: usize) -> Vec<Vec<usize>> {
        self.block_bytes = BLOCK_BYTES / threads.max(1);
        (self.inputs).shares(places, &self.columns, self.block_bytes, threads)
    }

    /// Reads catchments (by their places in the input) in the order that is fastest, and hands the wanted columns of each, or
    /// what is wrong with its input, to `each`; `Break` ends the reading.
    ///
    /// # Errors
    /// If a file can't be read.
    pub(crate) fn read(
        &self,
        places: &[usize],
        each: &mut dyn FnMut(usize, Series) -> ControlFlow<()>,
    ) -> Result<()> {
        (self.inputs).read(
            places,
            &self.columns,
            self.block_bytes,
            &mut |place, read| {
                each(
                    place,
                    read.and_then(|read| self.basin.compute(self.wanted, read)),
                )
            },
        )
    }

    /// The further files that the input's files read, as far as that is known by now.
    pub(crate) fn linked(&self) -> Linked {
        self.inputs.linked()
    }
}

/// The digest of each column's values.
pub(crate) fn digests(columns: &[Vec<f64>]) -> Vec<Digest> {
    let digest = |values: &Vec<f64>| Digest::of_numbers(values);
    columns.iter().map(digest).collect()
}
