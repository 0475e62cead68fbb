//! Reading series out of one [time, catchment] array in pieces that follow its chunks.
//!
//! HDF5 inflates a chunk whole, so a piece is made of whole chunks wherever that is possible, and a chunk is inflated once
//! for each block of catchments. A piece is small enough for the processor's cache, in which it is then transposed into one
//! series for each catchment. This module knows positions along the catchment axis, not ids.

use std::ops::Range;

use anyhow::Context;
use hdf5::Dataset;
use ndarray::Array2;

use crate::inputs::conventions::decoding::Decoding;
use crate::inputs::hdf::chunks::Chunks;
use crate::inputs::number::Stored;
use crate::inputs::variables::content::VariableContent;

/// Values in one piece, if chunks allow it: 4 MiB of numbers.
const PIECE: usize = 512 * 1024;

/// Chunks side by side in one piece: for as long as it reads, the library remembers kilobytes of each.
const SIDE_BY_SIDE_CHUNKS: usize = 512;

/// Series that are filled at once; their write positions stay in the innermost cache.
const TILE: usize = 64;

/// Neighbours that are read together where there are no chunks: a cluster of a disk or page of memory.
const SIDE_BY_SIDE: usize = 512;

/// A catchment to read: where it is in the file, and where its series goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// Position along the catchment axis.
    pub position: usize,
    /// Position in the block that is being read.
    pub slot: usize,
}

/// Values that were read at once, time first.
struct Piece {
    values: Array2<f64>,
    first_step: usize,
    first_position: usize,
}

/// A two-dimensional array of series.
#[derive(Debug)]
pub(crate) struct Grid {
    content: VariableContent,
    time_first: bool,
    stored: Stored,
    decoding: Decoding,
    /// Extent of a chunk along time and along the catchments.
    chunk: [usize; 2],
    steps: usize,
    chunked: bool,
    /// Where its chunks can be read without the library's filters.
    plain: Option<(Dataset, Chunks)>,
}

impl Grid {
    /// A variable of shape [time, catchment], or else [catchment, time].
    pub(crate) fn new(
        content: &VariableContent,
        time_first: bool,
        stored: Stored,
        decoding: Decoding,
    ) -> Self {
        let shape = content.shape();
        let steps = if time_first { shape[0] } else { shape[1] };
        let chunk = match content.chunk().as_deref() {
            Some(&[first, second]) if time_first => [first, second],
            Some(&[first, second]) => [second, first],
            // Without chunks, what lies side by side in the file is best read together.
            _ if time_first => [1, SIDE_BY_SIDE],
            _ => [steps, 1],
        };
        Self {
            content: content.clone(),
            time_first,
            stored,
            decoding,
            chunk: chunk.map(|length| length.max(1)),
            steps,
            chunked: content.chunk().is_some(),
            plain: (content.plain_chunks()).filter(|(_, chunks)| chunks.is_worthwhile()),
        }
    }

    /// Catchments in one chunk: where a block should begin and end.
    pub(crate) fn alignment(&self) -> usize {
        self.chunk[1]
    }

    /// Whether every catchment's series lies together, in chunks that can be read without the library.
    pub(crate) fn is_by_row(&self) -> bool {
        !self.time_first && self.plain.is_some()
    }

    /// Whether the array is stored in chunks, which are read whole.
    pub(crate) fn is_chunked(&self) -> bool {
        self.chunked
    }

    /// The time steps that are best read together if `values` are to be read at once, for `width` catchments.
    pub(crate) fn rows(&self, values: usize, width: usize) -> usize {
        (values / self.chunk[0].saturating_mul(width).max(1)).max(1) * self.chunk[0]
    }

    /// Numbers for [`Self::decode`], time first.
    pub(crate) fn piece(
        &self,
        steps: Range<usize>,
        positions: Range<usize>,
    ) -> anyhow::Result<Array2<f64>> {
        let (rows, columns) = if self.time_first {
            (steps, positions)
        } else {
            (positions, steps)
        };
        let plain = |(dataset, chunks): &(Dataset, Chunks)| {
            chunks.read(dataset, rows.clone(), columns.clone())
        };
        let mut values = match self.plain.as_ref().and_then(plain) {
            Some(values) => values,
            None => {
                let value = |number, place| self.value(number, place);
                self.content.piece(rows, columns, self.stored, &value)?
            }
        };
        if !self.time_first {
            values.swap_axes(0, 1);
        }
        Ok(values)
    }

    /// The value of a whole number that floating point may round, in this place of the array.
    fn value(&self, number: i128, place: (usize, usize)) -> anyhow::Result<f64> {
        self.decoding.value(number).with_context(|| {
            let (step, position) = match self.time_first {
                true => place,
                false => (place.1, place.0),
            };
            format!("time step {step} of the catchment at position {position} (counted from 0)")
        })
    }

    /// The value of a number that [`Self::piece`] gave, NaN if it is missing.
    pub(crate) fn decode(&self, number: f64) -> f64 {
        if self.stored.fits_f64() {
            self.decoding.apply(number)
        } else {
            number
        }
    }

    /// Reads the series of `targets`, which are in the order of their positions, into `block[slot][column]`.
    pub(crate) fn read(
        &self,
        targets: &[Target],
        block: &mut [Vec<Vec<f64>>],
        column: usize,
    ) -> anyhow::Result<()> {
        if !self.time_first && self.read_rows(targets, block, column).is_some() {
            return Ok(());
        }
        for targets in pieces(targets, self.chunk) {
            let (first, last) = (targets[0].position, targets[targets.len() - 1].position);
            let rows = self.rows(PIECE, last + 1 - first);
            let mut from = 0;
            while from < self.steps {
                let to = (from + rows).min(self.steps);
                let piece = Piece {
                    values: self.piece(from..to, first..last + 1)?,
                    first_step: from,
                    first_position: first,
                };
                self.scatter(&piece, targets, block, column);
                from = to;
            }
        }
        Ok(())
    }

    /// The same where every series lies together and its chunks can be read without the library; `None` where not.
    fn read_rows(
        &self,
        targets: &[Target],
        block: &mut [Vec<Vec<f64>>],
        column: usize,
    ) -> Option<()> {
        let (dataset, chunks) = self.plain.as_ref()?;
        // By slot, so that each can be handed out on its own.
        let mut series: Vec<Option<&mut [f64]>> = (block.iter_mut())
            .map(|columns| Some(columns[column].as_mut_slice()))
            .collect();
        let rows = (targets.iter())
            .filter_map(|target| Some((target.position, series[target.slot].take()?)));
        chunks.read_rows(dataset, rows)?;
        for target in targets {
            self.decoding.apply_all(&mut block[target.slot][column]);
        }
        Some(())
    }

    /// Decodes the values of a piece into the series of its targets.
    fn scatter(
        &self,
        piece: &Piece,
        targets: &[Target],
        block: &mut [Vec<Vec<f64>>],
        column: usize,
    ) {
        let (values, first, from) = (&piece.values, piece.first_position, piece.first_step);
        let rows = values.nrows();
        if !self.time_first {
            // Every series lies together already.
            for target in targets {
                let series = &mut block[target.slot][column][from..from + rows];
                let stored = values.column(target.position - first);
                for (value, stored) in series.iter_mut().zip(stored) {
                    *value = self.decode(*stored);
                }
            }
            return;
        }
        for tile in targets.chunks(TILE) {
            for row in 0..rows {
                for target in tile {
                    let value = values[[row, target.position - first]];
                    block[target.slot][column][from + row] = self.decode(value);
                }
            }
        }
    }
}

/// Cuts targets into runs that are read by one selection each.
///
/// A gap is read over if it ends in the chunk in which it begins: leaving it out would inflate that chunk twice. A piece
/// ends at a chunk's border before it has more than [`PIECE`] values, or [`SIDE_BY_SIDE_CHUNKS`], for one row of chunks.
fn pieces(targets: &[Target], chunk: [usize; 2]) -> impl Iterator<Item = &[Target]> {
    let mut begin = 0;
    targets
        .iter()
        .enumerate()
        .skip(1)
        .map(|(at, _)| Some(at))
        .chain([None])
        .filter_map(move |next| {
            let Some(at) = next else {
                return targets.get(begin..).filter(|rest| !rest.is_empty());
            };
            let (here, before) = (targets[at].position, targets[at - 1].position);
            let same_chunk = here / chunk[1] == before / chunk[1];
            let width = here + 1 - targets[begin].position;
            let too_large = chunk[0].saturating_mul(width.next_multiple_of(chunk[1])) > PIECE
                || width.div_ceil(chunk[1]) > SIDE_BY_SIDE_CHUNKS;
            if same_chunk || (here == before + 1 && !too_large) {
                return None;
            }
            let piece = &targets[begin..at];
            begin = at;
            Some(piece)
        })
}
