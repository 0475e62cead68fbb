//! The only writer of HDF5 files: NetCDF-4 files of numbers and text over a few dimensions, and PyTables' tables.
//!
//! It knows how NetCDF-4 lies in HDF5 (dimension scales, fill values, what text looks like) and how to write such a file
//! so that the same calls give the same bytes: creation order tracked, no object times, format bounds that HDF5 1.10
//! reads. Large variables are written chunk by chunk with bytes that [`encode_chunk`] has made or that an earlier file holds,
//! outside of the library and its lock, or without chunks by any number of threads. It knows nothing of products;
//! of CF's words, [`cf`] has those that every file needs.
//!
//! Text is in UTF-8. It is either of variable length, which xarray, netCDF4, ncdump and R read as strings, or characters along a
//! dimension of their own, netCDF's `char`, which every reader opens: CDO and Octave open no file with the former. With the
//! attribute `_Encoding` xarray and netCDF4 take the latter for strings, too, and a coordinate of either can be selected by. What
//! no C string can hold, a NUL character, is escaped by [`storable`].
//!
//! [`crate::product`], [`crate::import`] and [`crate::example`] write their files through it.

pub(crate) mod cf;
mod chunk;
mod contiguous;
mod ffi;
mod noise;
mod part_file;
mod previous;
mod table;
mod values;
mod writer;

use std::path::Path;

use anyhow::{Context, Result};

pub use chunk::{HIGHEST_LEVEL, Precision, decode_chunk, encode_chunk};
pub(crate) use chunk::{deflate, shuffle};
pub use contiguous::ContiguousVariable;
use ffi::dataset::{self, Storage};
use ffi::{Handle, Number, driver};
use part_file::PartFile;
pub use previous::{PreviousFile, PreviousVariable};
pub use table::{CompoundColumn, CompoundTable, TableFile};
pub use values::{Attribute, Data, storable, text_length};
use values::{Numbered, c_text, write_attribute, write_dataset, write_dimensions};
use writer::full;
pub use writer::{Chunk, PlacedChunk, PreviousChunk, Uncopied};

/// How many numbers of a record coordinate lie together.
const RECORDS: usize = 1 << 16;

/// A dimension of the file being written.
#[derive(Clone, Copy, Debug)]
pub struct Dimension(usize);

/// A variable of the file being written that is filled chunk by chunk.
#[derive(Clone, Copy, Debug)]
pub struct ChunkedVariable(usize);

/// How a chunked variable is stored.
#[derive(Clone, Copy, Debug)]
pub struct Chunking<'a> {
    /// The shape of a chunk, one number per dimension, none above the dimension's length.
    pub chunk: &'a [usize],
    /// How its numbers are stored.
    pub precision: Precision,
    /// The level of deflate, after shuffle: 0 (no filters) to 9.
    pub level: u8,
}

/// A dimension as it lies in the file.
struct Scale {
    dataset: Handle,
    length: usize,
    /// Whether more may be appended along it.
    is_record: bool,
}

/// A NetCDF-4 file being written; nothing is at its path before [`NetcdfFile::finish`].
///
/// ```text
/// create → attribute* → coordinate* → variable*, chunked* with write_chunk* → finish
/// ```
pub struct NetcdfFile {
    // Declared before the file: open data sets must go first when an error drops the whole.
    dimensions: Vec<Scale>,
    /// Those whose coordinate variable is of text: it has two dimensions, the next one is that of its characters.
    text_dimensions: Vec<usize>,
    /// Whether there is a dimension without a coordinate variable, or with one of several dimensions, so that all need numbers: readers
    /// know them by these.
    has_numbers: bool,
    arrays: Vec<Handle>,
    part: PartFile,
}

impl NetcdfFile {
    /// Starts the file that will be at `target`, in an existing folder; meanwhile it is `<target>.part`.
    pub fn create(target: &Path) -> Result<Self> {
        Ok(Self {
            dimensions: Vec::new(),
            text_dimensions: Vec::new(),
            has_numbers: false,
            arrays: Vec::new(),
            part: PartFile::create(target)?,
        })
    }

    /// Writes a global attribute.
    pub fn attribute(&self, name: &str, value: &Attribute) -> Result<()> {
        write_attribute(self.part.root(), name, value)
            .with_context(|| self.problem("attribute", name))
    }

    /// Makes a dimension as long as `values`, at least 1, with its coordinate variable of the same name.
    pub fn coordinate(
        &mut self,
        name: &str,
        values: Data<'_>,
        attributes: &[(String, Attribute)],
    ) -> Result<Dimension> {
        self.scale(name, values, attributes, &Storage::plain(true))
    }

    /// The same with numbers along a dimension that is unlimited: netCDF's record dimension, along which tools append and join files. It
    /// is the first of all variables that have it, and these have chunks.
    pub fn record_coordinate(
        &mut self,
        name: &str,
        numbers: &[f64],
        attributes: &[(String, Attribute)],
    ) -> Result<Dimension> {
        let storage = Storage {
            chunk: Some(&[numbers.len().min(RECORDS)]),
            grows: true,
            ..Storage::plain(true)
        };
        self.scale(name, Data::F64(numbers), attributes, &storage)
    }

    /// Makes a dimension with its coordinate variable, which is stored like this; it is unlimited if that grows.
    fn scale(
        &mut self,
        name: &str,
        values: Data<'_>,
        attributes: &[(String, Attribute)],
        storage: &Storage<'_>,
    ) -> Result<Dimension> {
        let length = values.len();
        let create = || -> Result<Handle> {
            let dataset = self.write_small(name, &[length], values, attributes, storage)?;
            dataset::set_scale(&dataset, &c_text(name)?)?;
            Ok(dataset)
        };
        let dataset = create().with_context(|| self.problem("coordinate", name))?;
        Ok(self.push(dataset, length, storage.grows))
    }

    fn push(&mut self, dataset: Handle, length: usize, is_record: bool) -> Dimension {
        self.dimensions.push(Scale {
            dataset,
            length,
            is_record,
        });
        Dimension(self.dimensions.len() - 1)
    }

    /// Makes a dimension of `length`, at least 1, without a coordinate variable.
    pub fn dimension(&mut self, name: &str, length: usize) -> Result<Dimension> {
        let create = || -> Result<Handle> {
            let storage = Storage::plain(true);
            let of_type = ffi::number_type(Number::F32)?;
            let root = self.part.root();
            let name = c_text(name)?;
            let dataset = dataset::create_dataset(root, &name, &of_type, &[length], &storage)?;
            // As netCDF's own library says it, to the blank.
            let title = format!("This is a netCDF dimension but not a netCDF variable.{length:10}");
            dataset::set_scale(&dataset, &c_text(&title)?)?;
            Ok(dataset)
        };
        let dataset = create().with_context(|| self.problem("dimension", name))?;
        self.has_numbers = true;
        Ok(self.push(dataset, length, false))
    }

    /// Makes a dimension as long as `texts`, at least 1, with its coordinate variable of the same name: characters along a further
    /// dimension, which gets the name `length`.
    pub fn text_coordinate(
        &mut self,
        name: &str,
        length: &str,
        texts: &[&str],
        attributes: &[(String, Attribute)],
    ) -> Result<Dimension> {
        let context = || self.problem("coordinate", name);
        let (count, size) = (texts.len(), text_length(texts));
        let characters = Data::Characters(texts, size);
        let dataset = self
            .write_small(
                name,
                &[count, size],
                characters,
                attributes,
                &Storage::plain(true),
            )
            .with_context(context)?;
        dataset::set_scale(&dataset, &c_text(name)?).with_context(context)?;
        let own = self.dimensions.len();
        let numbers = Numbered::Coordinates(&[own, own + 1]);
        write_dimensions(&dataset, &numbers).with_context(context)?;
        self.text_dimensions.push(own);
        let dimension = self.push(dataset, count, false);
        self.dimension(length, size)?;
        Ok(dimension)
    }

    /// Writes a small variable at once.
    pub fn variable(
        &self,
        name: &str,
        dimensions: &[Dimension],
        values: Data<'_>,
        attributes: &[(String, Attribute)],
    ) -> Result<()> {
        let write = || -> Result<()> {
            let dims = self.lengths(dimensions);
            let dataset =
                self.write_small(name, &dims, values, attributes, &Storage::plain(true))?;
            self.attach(&dataset, dimensions)?;
            Ok(dataset.close()?)
        };
        write().with_context(|| self.problem("variable", name))
    }

    /// Makes a variable of 64-bit numbers without chunks, to be written through the returned handle before
    /// [`NetcdfFile::finish`].
    pub fn contiguous(
        &mut self,
        name: &str,
        dimensions: &[Dimension],
        attributes: &[(String, Attribute)],
    ) -> Result<ContiguousVariable> {
        let create = || -> Result<(Handle, u64)> {
            let dataset = self.create_array(name, dimensions, None, attributes)?;
            let place = dataset::place(&dataset)?;
            Ok((dataset, place))
        };
        let (dataset, place) = create().with_context(|| self.problem("variable", name))?;
        self.arrays.push(dataset);
        ContiguousVariable::new(
            self.part.path(),
            place,
            self.lengths(dimensions).iter().product(),
        )
    }

    /// Makes a variable that [`NetcdfFile::write_chunk`] fills. What is never written reads as NaN.
    pub fn chunked(
        &mut self,
        name: &str,
        dimensions: &[Dimension],
        chunking: &Chunking<'_>,
        attributes: &[(String, Attribute)],
    ) -> Result<ChunkedVariable> {
        let dataset = self
            .create_array(name, dimensions, Some(chunking), attributes)
            .with_context(|| self.problem("variable", name))?;
        self.arrays.push(dataset);
        Ok(ChunkedVariable(self.arrays.len() - 1))
    }

    /// Writes the chunk whose first element is at `offset`, which has not been written before. Tells where it is.
    ///
    /// # Errors
    /// What the disk reports, possibly about an earlier chunk, since a thread of its own writes them. [`Uncopied`] is among
    /// the causes if it was the previous file that failed.
    pub fn write_chunk(
        &mut self,
        variable: ChunkedVariable,
        offset: &[usize],
        chunk: Chunk,
    ) -> Result<PlacedChunk> {
        put_chunk(&mut self.part, &self.arrays[variable.0], offset, chunk)
    }

    /// Closes the file with its errors checked, syncs it, and renames it over its target.
    pub fn finish(self) -> Result<()> {
        self.end(true)
    }

    /// The same without waiting for the disk: for what can be made again if the machine goes down before it is written.
    pub fn finish_unsynced(self) -> Result<()> {
        self.end(false)
    }

    fn end(self, sync: bool) -> Result<()> {
        let Self {
            dimensions,
            text_dimensions,
            has_numbers,
            arrays,
            part,
        } = self;
        let path = part.path().to_owned();
        if has_numbers {
            for (number, scale) in dimensions.iter().enumerate() {
                write_dimensions(&scale.dataset, &Numbered::Own(number))
                    .with_context(|| full(&path))?;
            }
        }
        // Not before: what has a scale of its own can't be attached to others any more.
        for own in text_dimensions {
            let (texts, length) = (&dimensions[own].dataset, &dimensions[own + 1].dataset);
            dataset::attach_to_scale(texts, length, 1).with_context(|| full(&path))?;
        }
        for dataset in arrays
            .into_iter()
            .chain(dimensions.into_iter().map(|scale| scale.dataset))
        {
            dataset.close().with_context(|| full(&path))?;
        }
        part.finish(sync)
    }

    /// Creates what is filled later, with NaN as its fill value: in chunks, or else as numbers of 64 bits in a place that it
    /// has at once.
    fn create_array(
        &self,
        name: &str,
        dimensions: &[Dimension],
        chunking: Option<&Chunking<'_>>,
        attributes: &[(String, Attribute)],
    ) -> Result<Handle> {
        let precision = chunking.map_or(Precision::F64, |chunking| chunking.precision);
        let (number, fill, fill_bytes) = match precision {
            Precision::F64 => (
                Number::F64,
                Attribute::F64(f64::NAN),
                f64::NAN.to_le_bytes().to_vec(),
            ),
            Precision::F32 => (
                Number::F32,
                Attribute::F32(f32::NAN),
                f32::NAN.to_le_bytes().to_vec(),
            ),
        };
        let storage = Storage {
            chunk: chunking.map(|chunking| chunking.chunk),
            deflate: chunking.map_or(0, |chunking| chunking.level),
            fill: Some(&fill_bytes),
            contiguous: chunking.is_none(),
            grows: (dimensions.first()).is_some_and(|first| self.dimensions[first.0].is_record),
            tracked: true,
        };
        let dims = self.lengths(dimensions);
        let of_type = ffi::number_type(number)?;
        let root = self.part.root();
        let dataset = dataset::create_dataset(root, &c_text(name)?, &of_type, &dims, &storage)?;
        self.attach(&dataset, dimensions)?;
        write_attribute(&dataset, "_FillValue", &fill)?;
        for (name, value) in attributes {
            write_attribute(&dataset, name, value)?;
        }
        Ok(dataset)
    }

    fn lengths(&self, dimensions: &[Dimension]) -> Vec<usize> {
        dimensions
            .iter()
            .map(|d| self.dimensions[d.0].length)
            .collect()
    }

    fn attach(&self, dataset: &Handle, dimensions: &[Dimension]) -> Result<()> {
        for (index, dimension) in dimensions.iter().enumerate() {
            dataset::attach_scale(dataset, &self.dimensions[dimension.0].dataset, index)?;
        }
        Ok(())
    }

    fn write_small(
        &self,
        name: &str,
        dims: &[usize],
        values: Data<'_>,
        attributes: &[(String, Attribute)],
        storage: &Storage<'_>,
    ) -> Result<Handle> {
        let dataset = write_dataset(self.part.root(), name, dims, values, storage)?;
        for (name, value) in attributes {
            write_attribute(&dataset, name, value)?;
        }
        Ok(dataset)
    }

    fn problem(&self, what: &str, name: &str) -> String {
        format!(
            "cannot write the {what} `{}` to {}",
            name.escape_debug(),
            self.part.path().display()
        )
    }
}

/// Has the library assign a chunk its place, and writes it there.
fn put_chunk(
    part: &mut PartFile,
    dataset: &Handle,
    offset: &[usize],
    chunk: Chunk,
) -> Result<PlacedChunk> {
    let place = driver::place_chunk(dataset, offset, chunk.len());
    let place = place.with_context(|| full(part.path()))?;
    part.writer().put(place, chunk)
}

#[cfg(test)]
mod tests;
