//! Reading chunks of a two-dimensional array as they are stored, and inflating them here.
//!
//! HDF5 inflates with zlib, which takes three times as long as libdeflate. So chunks of the usual kind (64-bit numbers,
//! deflated, shuffled or not) are taken from the file as they are. Whatever is unusual about an array or a chunk is left to the
//! library, which then also says what is wrong. It knows nothing of catchments and time.

use std::ops::Range;

use hdf5::Dataset;
use hdf5::filters::Filter;
use libdeflater::Decompressor;
use ndarray::Array2;

use crate::data::shuffle;
use crate::inputs::hdf::types;

/// Larger chunks are left to the library.
const LARGEST: usize = 64 << 20;

/// Below this size in bytes a chunk costs more to look up than to inflate.
const WORTHWHILE: usize = 16 << 10;

/// How the chunks of an array are stored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chunks {
    shape: [usize; 2],
    shuffled: bool,
}

impl Chunks {
    /// `None` if the array is not stored in chunks that can be read here.
    pub(crate) fn of(dataset: &Dataset) -> Option<Self> {
        let &[rows, columns] = dataset.chunk()?.as_slice() else {
            return None;
        };
        let shuffled = match dataset.filters().as_slice() {
            [Filter::Deflate(_)] => false,
            [Filter::Shuffle, Filter::Deflate(_)] => true,
            _ => return None,
        };
        let size = rows.checked_mul(columns)?.checked_mul(8)?;
        let plain = cfg!(target_endian = "little") && dataset.dtype().ok()?.is::<f64>();
        (plain && (1..=LARGEST).contains(&size)).then_some(Self {
            shape: [rows, columns],
            shuffled,
        })
    }

    /// Whether reading chunks here pays off: the library reads many small ones faster than they can be asked for one by one.
    pub(crate) fn is_worthwhile(&self) -> bool {
        self.shape[0] * self.shape[1] * 8 >= WORTHWHILE
    }

    /// The numbers of these rows and columns; `None` if a chunk of them is not there or not as usual.
    pub(crate) fn read(
        &self,
        dataset: &Dataset,
        rows: Range<usize>,
        columns: Range<usize>,
    ) -> Option<Array2<f64>> {
        let [height, width] = self.shape;
        let mut values = Array2::zeros((rows.len(), columns.len()));
        let mut inflated = vec![0; 8 * height * width];
        let mut decompressor = Decompressor::new();
        for top in (rows.start / height * height..rows.end).step_by(height) {
            for left in (columns.start / width * width..columns.end).step_by(width) {
                self.inflate(dataset, [top, left], &mut decompressor, &mut inflated)?;
                let (first, last) = (left.max(columns.start), (left + width).min(columns.end));
                for row in top.max(rows.start)..(top + height).min(rows.end) {
                    let mut values = values.row_mut(row - rows.start);
                    let values =
                        &mut values.as_slice_mut()?[first - columns.start..last - columns.start];
                    self.numbers(&inflated, (row - top) * width + first - left, values);
                }
            }
        }
        Some(values)
    }

    /// Reads whole rows, in ascending order, each to where it belongs; `None` if a chunk of them is not there or not as usual.
    ///
    /// Where each catchment's series lies together, nothing has to be transposed, nor copied a second time.
    pub(crate) fn read_rows<'a>(
        &self,
        dataset: &Dataset,
        rows: impl Iterator<Item = (usize, &'a mut [f64])>,
    ) -> Option<()> {
        let [height, width] = self.shape;
        let mut inflated = vec![0; 8 * height * width];
        let mut decompressor = Decompressor::new();
        let mut rows = rows.peekable();
        while let Some((row, _)) = rows.peek() {
            let top = row / height * height;
            let mut together = Vec::new();
            while let Some(row) = rows.next_if(|(row, _)| *row < top + height) {
                together.push(row);
            }
            let length = together.iter().map(|(_, values)| values.len()).max()?;
            for left in (0..length).step_by(width) {
                self.inflate(dataset, [top, left], &mut decompressor, &mut inflated)?;
                for (row, values) in &mut together {
                    let end = values.len().min(left + width);
                    self.numbers(&inflated, (*row - top) * width, &mut values[left..end]);
                }
            }
        }
        Some(())
    }

    /// Fetches the chunk at this offset and inflates it into `inflated`, which is as long as a chunk.
    fn inflate(
        &self,
        dataset: &Dataset,
        offset: [usize; 2],
        decompressor: &mut Decompressor,
        inflated: &mut [u8],
    ) -> Option<()> {
        // Level 1 stores what does not shrink, with a few bytes more.
        let stored = types::stored_chunk(dataset, offset, 2 * inflated.len() + 1024)?;
        let length = decompressor.zlib_decompress(&stored, inflated).ok()?;
        (length == inflated.len()).then_some(())
    }

    /// Reads numbers out of an inflated chunk, from the one at `first` on.
    fn numbers(&self, inflated: &[u8], first: usize, values: &mut [f64]) {
        if self.shuffled {
            shuffle::join(inflated, inflated.len() / 8, first, values);
            return;
        }
        let stored = &inflated.as_chunks::<8>().0[first..];
        for (value, bytes) in values.iter_mut().zip(stored) {
            *value = f64::from_le_bytes(*bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::s;

    use super::*;
    use crate::inputs::tests::create;

    #[test]
    fn what_is_read_here_is_what_the_library_reads() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = create(folder.path().join("arrays.h5"));
        let values = Array2::from_shape_fn((10, 37), |(row, column)| {
            f64::from_bits(((row * 37 + column) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15))
        });
        for (shuffle, chunk) in [
            (true, (4, 8)),
            (false, (4, 8)),
            (true, (1, 37)),
            (true, (10, 1)),
        ] {
            let builder = file.new_dataset::<f64>().shape((10, 37)).chunk(chunk);
            let builder = if shuffle { builder.shuffle() } else { builder };
            let name = format!("{shuffle}{chunk:?}");
            let dataset = builder.deflate(1).create(name.as_str()).expect("an array");
            let chunks = Chunks::of(&dataset).expect("a usual array");
            assert!(
                chunks.read(&dataset, 0..10, 0..37).is_none(),
                "nothing is there"
            );
            dataset.write(&values).expect("written");
            for (rows, columns) in [(0..10, 0..37), (3..5, 7..9), (9..10, 36..37), (0..1, 5..30)] {
                let read = chunks
                    .read(&dataset, rows.clone(), columns.clone())
                    .expect(&name);
                let expected = values.slice(s![rows, columns]);
                let same = read
                    .iter()
                    .zip(&expected)
                    .all(|(a, b)| a.to_bits() == b.to_bits());
                assert!(same && read.dim() == expected.dim(), "{name}");
            }
        }
    }

    #[test]
    fn the_unusual_is_left_to_the_library() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = create(folder.path().join("arrays.h5"));
        let whole = file.new_dataset::<f64>().shape((4, 4));
        assert!(Chunks::of(&whole.create("contiguous").expect("an array")).is_none());
        let chunked = || file.new_dataset::<f64>().shape((4, 4)).chunk((2, 2));
        let arrays = [
            chunked().create("unfiltered"),
            chunked().deflate(1).fletcher32().create("checked"),
            file.new_dataset::<f32>()
                .shape((4, 4))
                .chunk((2, 2))
                .deflate(1)
                .create("short"),
            file.new_dataset::<f64>()
                .shape((4, 4, 4))
                .chunk((2, 2, 2))
                .deflate(1)
                .create("deep"),
        ];
        for array in arrays {
            assert!(Chunks::of(&array.expect("an array")).is_none());
        }
    }
}
