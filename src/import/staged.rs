//! The values of one series on their way from rows of time to rows of catchments: parked on disk, fetched by catchment.
//!
//! A table of 18,000 catchments by a year of hours is 1.3 GB of numbers, more than a laptop has to spare. So what comes in
//! is written to a file without a name, in tiles: some time steps of all catchments, transposed in memory, one catchment
//! after the other. To fetch a range of catchments is then one read per tile, and each is a run of neighbouring bytes. The
//! file goes with its last handle, also when the program is killed.

use std::fs::File;
use std::io::Write;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;

use anyhow::{Context, Result};

/// Catchments and steps that are transposed at a time: 16 KiB in and out, which stay in the first-level cache.
const SQUARE: usize = 32;

/// Some time steps of all catchments.
#[derive(Debug)]
struct Tile {
    offset: u64,
    steps: usize,
}

/// The parked values of one series.
#[derive(Debug)]
pub struct Staged {
    file: File,
    length: u64,
    catchments: usize,
    steps: usize,
    tiles: Vec<Tile>,
}

impl Staged {
    /// A place for the values of so many catchments, in a file in `folder`.
    pub fn new(folder: &Path, catchments: usize) -> Result<Self> {
        let file = tempfile::tempfile_in(folder)
            .with_context(|| format!("can't make a scratch file in {}", folder.display()))?;
        Ok(Self {
            file,
            length: 0,
            catchments,
            steps: 0,
            tiles: Vec::new(),
        })
    }

    /// Adds time steps of all catchments, as [`tile`] lays them out.
    pub fn push_tile(&mut self, tile: &[u8], steps: usize) -> Result<()> {
        self.tiles.push(Tile {
            offset: self.length,
            steps,
        });
        self.steps += steps;
        self.write(tile)
    }

    /// Adds all time steps of the next catchment; all catchments have the same number, and there are no tiles.
    pub fn push_catchment(&mut self, values: &[f64]) -> Result<()> {
        if self.tiles.is_empty() {
            self.steps = values.len();
            self.tiles.push(Tile {
                offset: 0,
                steps: values.len(),
            });
        }
        let bytes: Vec<u8> = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        self.write(&bytes)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.length += bytes.len() as u64;
        (self.file.write_all(bytes)).context("can't write the scratch file: is the disk full?")
    }

    /// The number of time steps.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// All values of some catchments, one catchment after the other. Any number of threads may ask.
    pub fn fetch(&self, catchments: Range<usize>) -> Result<Vec<f64>> {
        debug_assert!(catchments.end <= self.catchments);
        let mut values = vec![0.0; catchments.len() * self.steps];
        let mut bytes = Vec::new();
        let mut first = 0;
        for tile in &self.tiles {
            bytes.resize(catchments.len() * tile.steps * 8, 0);
            let offset = tile.offset + (catchments.start * tile.steps * 8) as u64;
            (self.file.read_exact_at(&mut bytes, offset))
                .context("can't read the scratch file back")?;
            for (catchment, bytes) in bytes.chunks_exact(tile.steps * 8).enumerate() {
                let start = catchment * self.steps + first;
                let values = &mut values[start..start + tile.steps];
                for (value, bytes) in values.iter_mut().zip(bytes.as_chunks::<8>().0) {
                    *value = f64::from_le_bytes(*bytes);
                }
            }
            first += tile.steps;
        }
        Ok(values)
    }
}

/// Rows of time as a tile: `rows` holds `catchments` values for each step.
pub fn tile(rows: &[f64], catchments: usize) -> Vec<u8> {
    let mut bytes = vec![0; rows.len() * 8];
    if catchments == 0 {
        return bytes;
    }
    let steps = rows.len() / catchments;
    let places = bytes.as_chunks_mut::<8>().0;
    for left in (0..catchments).step_by(SQUARE) {
        let right = catchments.min(left + SQUARE);
        for top in (0..steps).step_by(SQUARE) {
            for catchment in left..right {
                let to = &mut places[catchment * steps..(catchment + 1) * steps];
                for step in top..steps.min(top + SQUARE) {
                    to[step] = rows[step * catchments + catchment].to_le_bytes();
                }
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_goes_in_by_time_comes_out_by_catchment(
            catchments in 1_usize..70,
            lengths in prop::collection::vec(1_usize..80, 1..5),
            cut in any::<(prop::sample::Index, prop::sample::Index)>(),
        ) {
            let folder = tempfile::tempdir().expect("a folder");
            let mut staged = Staged::new(folder.path(), catchments).expect("a place");
            let value = |catchment: usize, step: usize| (catchment * 1000 + step) as f64;
            let mut first = 0;
            for length in lengths {
                let rows: Vec<f64> = (first..first + length)
                    .flat_map(|step| (0..catchments).map(move |c| value(c, step)))
                    .collect();
                staged.push_tile(&tile(&rows, catchments), length).expect("parked");
                first += length;
            }
            let (a, b) = (cut.0.index(catchments + 1), cut.1.index(catchments + 1));
            let range = a.min(b)..a.max(b);
            let found = staged.fetch(range.clone()).expect("fetched");
            let expected: Vec<f64> = range.flat_map(|c| (0..first).map(move |s| value(c, s))).collect();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn catchments_may_come_one_by_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut staged = Staged::new(folder.path(), 2).expect("a place");
        staged.push_catchment(&[1.0, 2.0]).expect("parked");
        staged.push_catchment(&[3.0, 4.0]).expect("parked");
        assert_eq!(staged.fetch(1..2).expect("fetched"), [3.0, 4.0]);
    }
}
