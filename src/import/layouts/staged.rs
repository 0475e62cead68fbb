//! The values of one series that could not be fetched by catchment from where they were: parked on disk until they are.
//!
//! They are in an unnamed file, one catchment after the other, so that those of adjacent catchments are one run of bytes.
//! The file goes with its last handle, also when the program is killed.

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;

use anyhow::{Context, Result};

use crate::import::layouts::reading::scratch_file;
use crate::import::layouts::values::SeriesValues;

/// The parked values of one series.
#[derive(Debug)]
pub(crate) struct StagedSeries {
    file: File,
    catchments: usize,
    steps: usize,
}

impl StagedSeries {
    /// A place for values, in a file in `folder`.
    pub(crate) fn new(folder: &Path) -> Result<Self> {
        Ok(Self {
            file: scratch_file(folder)?,
            catchments: 0,
            steps: 0,
        })
    }

    /// Parks all time steps of the next catchment; all have the same number.
    pub(crate) fn push(&mut self, values: &[f64]) -> Result<()> {
        let bytes: Vec<[u8; 8]> = values.iter().map(|value| value.to_le_bytes()).collect();
        self.put(self.catchments, &bytes)
    }

    /// Parks all time steps of the catchment at this position, as they lie in files.
    pub(crate) fn put(&mut self, catchment: usize, values: &[[u8; 8]]) -> Result<()> {
        self.steps = values.len();
        self.catchments = self.catchments.max(catchment + 1);
        (self.file)
            .write_all_at(values.as_flattened(), self.offset(catchment))
            .context("can't write the scratch file: is the disk full?")
    }

    fn offset(&self, catchment: usize) -> u64 {
        (catchment * self.steps * 8) as u64
    }
}

impl SeriesValues for StagedSeries {
    fn steps(&self) -> usize {
        self.steps
    }

    fn tile(&self, values: usize) -> [usize; 2] {
        [(values / self.steps.max(1)).max(1), self.steps]
    }

    fn fetch(
        &self,
        catchments: Range<usize>,
        steps: Range<usize>,
        values: &mut Vec<[u8; 8]>,
    ) -> Result<()> {
        values.resize(catchments.len() * steps.len(), [0; 8]);
        let read = |values: &mut [[u8; 8]], catchment| {
            let place = self.offset(catchment) + 8 * steps.start as u64;
            (self.file)
                .read_exact_at(values.as_flattened_mut(), place)
                .context("can't read the scratch file back")
        };
        if steps == (0..self.steps) {
            return read(values, catchments.start);
        }
        for (values, catchment) in values.chunks_exact_mut(steps.len().max(1)).zip(catchments) {
            read(values, catchment)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn catchments_may_come_in_any_order() {
        let folder = tempfile::tempdir().expect("a folder");
        let bytes = |values: [f64; 2]| values.map(f64::to_le_bytes);
        let mut staged = StagedSeries::new(folder.path()).expect("a place");
        staged.push(&[1.0, 2.0]).expect("parked");
        staged.put(2, &bytes([5.0, 6.0])).expect("parked");
        staged.put(1, &bytes([3.0, 4.0])).expect("parked");
        let mut values = Vec::new();
        staged.fetch(1..3, 0..2, &mut values).expect("fetched");
        assert_eq!(values, [bytes([3.0, 4.0]), bytes([5.0, 6.0])].concat());
        staged.fetch(0..3, 1..2, &mut values).expect("fetched");
        assert_eq!(values, [2.0, 4.0, 6.0].map(f64::to_le_bytes));
    }
}
