//! Transposes an array whose chunks span many catchments once, into a scratch file, instead of inflating it for every block.
//!
//! netCDF's own choice for growing files is one chunk for each time step. Read by blocks of catchments, every block would
//! inflate the whole array again: with 80 blocks, 80 times. So such an array is read once, in its own order, and written
//! to a scratch file in groups of time steps, in each of which a catchment's values lie together. The file has no name,
//! so nothing is left behind however the program ends. It takes 8 bytes for each value.

use std::fs::File;
use std::io::{self, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;

use anyhow::Context;

use crate::inputs::series::slabs::Grid;

/// Bytes of one group of time steps, if chunks allow it.
const GROUP: usize = 8 << 20;

/// The series of some catchments, transposed, in a scratch file.
#[derive(Debug)]
pub(crate) struct StagedColumns {
    file: File,
    /// The time steps of each group, and where it begins in the file.
    groups: Vec<(Range<usize>, u64)>,
}

impl StagedColumns {
    /// Reads the series at `positions` (at least one, in any order) and writes them to a new file in `directory`.
    ///
    /// Holds twice 8 MiB, or twice one row of chunks if that is more.
    pub(crate) fn new(
        grid: &Grid,
        positions: &[usize],
        steps: usize,
        directory: &Path,
    ) -> anyhow::Result<Self> {
        let about = || {
            format!(
                "the scratch file in {} can't be written: it takes {} MB there",
                directory.display(),
                (positions.len() * steps * 8) >> 20
            )
        };
        let mut staged = Self {
            file: tempfile::tempfile_in(directory).with_context(about)?,
            groups: Vec::new(),
        };
        let first = positions.iter().copied().min().unwrap_or(0);
        let last = positions.iter().copied().max().unwrap_or(0);
        let rows = grid.rows(GROUP / 8, last + 1 - first);
        let mut offset = 0;
        let mut bytes = Vec::new();
        let mut from = 0;
        while from < steps {
            let to = (from + rows).min(steps);
            let values = grid.piece(from..to, first..last + 1)?;
            bytes.resize(positions.len() * (to - from) * 8, 0);
            for (&position, series) in positions
                .iter()
                .zip(bytes.chunks_exact_mut((to - from) * 8))
            {
                let column = values.column(position - first);
                for (value, word) in column.iter().zip(series.as_chunks_mut::<8>().0) {
                    *word = grid.decode(*value).to_le_bytes();
                }
            }
            (&staged.file).write_all(&bytes).with_context(about)?;
            staged.groups.push((from..to, offset));
            offset += bytes.len() as u64;
            from = to;
        }
        Ok(staged)
    }

    /// Reads the series with the given indices into `positions` to `block[slot][column]`, slots from 0.
    pub(crate) fn read(
        &self,
        indices: Range<usize>,
        block: &mut [Vec<Vec<f64>>],
        column: usize,
    ) -> io::Result<()> {
        let mut bytes = Vec::new();
        for (steps, offset) in &self.groups {
            let width = steps.len() * 8;
            bytes.resize(indices.len() * width, 0);
            let begin = offset + (indices.start * width) as u64;
            self.file.read_exact_at(&mut bytes, begin)?;
            for (series, words) in block.iter_mut().zip(bytes.chunks_exact(width)) {
                let target = &mut series[column][steps.clone()];
                for (value, word) in target.iter_mut().zip(words.as_chunks::<8>().0) {
                    *value = f64::from_le_bytes(*word);
                }
            }
        }
        Ok(())
    }
}
