//! The only writer of HDF5 files: NetCDF-4 files of numbers and text over a few dimensions, and PyTables' tables.
//!
//! It knows how NetCDF-4 lies in HDF5 (dimension scales, fill values, what text looks like) and how to write such a file
//! so that the same calls give the same bytes: creation order tracked, no object times, format bounds that HDF5 1.10
//! reads. Large variables are written chunk by chunk with bytes that [`encode_chunk`] has made, outside of the library
//! and its lock. It knows nothing of catchments, products or CF.
//!
//! Text is of variable length in UTF-8: xarray, netCDF4, ncdump and R read it as strings without being told, and a
//! coordinate of it can be selected by. What no C string can hold, a NUL character, is escaped by [`storable`].

mod chunk;
mod earlier;
mod ffi;
mod part;
mod table;

use std::borrow::Cow;
use std::ffi::CString;
use std::path::Path;

use anyhow::{Context, Result, bail};

pub use chunk::{HIGHEST_LEVEL, Precision, decode_chunk, encode_chunk};
pub(crate) use chunk::{deflate, shuffle};
pub use earlier::{EarlierFile, EarlierVariable};
use ffi::{Handle, Number, Storage};
use part::PartFile;
pub use table::{Column, Table, TableFile};

/// Attributes that belong to HDF5 or NetCDF-4 themselves; a file with others of these names can't be read any more.
const RESERVED_ATTRIBUTES: [&str; 8] = [
    "CLASS",
    "NAME",
    "DIMENSION_LIST",
    "REFERENCE_LIST",
    "_NCProperties",
    "_Netcdf4Coordinates",
    "_Netcdf4Dimid",
    "_nc3_strict",
];

/// An attribute's value. Whole numbers have 32 bits because CF 1.8 knows no wider ones.
#[derive(Clone, Debug, PartialEq)]
pub enum Attribute {
    /// Text, stored as characters.
    Text(String),
    /// A number of 64 bits.
    F64(f64),
    /// A number of 32 bits.
    F32(f32),
    /// A whole number.
    I32(i32),
    /// A list of small whole numbers, such as the values of a flag.
    Bytes(Vec<i8>),
}

impl From<&str> for Attribute {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// A variable's values, row-major, written at once.
#[derive(Clone, Copy, Debug)]
pub enum Data<'a> {
    /// Numbers of 64 bits.
    F64(&'a [f64]),
    /// Whole numbers of 64 bits.
    I64(&'a [i64]),
    /// Whole numbers of 32 bits.
    I32(&'a [i32]),
    /// Small whole numbers.
    Bytes(&'a [i8]),
    /// Texts of any length.
    Texts(&'a [&'a str]),
}

/// A dimension of the file being written, with its coordinate variable.
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

/// A NetCDF-4 file being written; nothing is at its path before [`NetcdfFile::finish`].
///
/// ```text
/// create → attribute* → coordinate* → variable*, chunked* with write_chunk* → finish
/// ```
pub struct NetcdfFile {
    // Declared before the file: open data sets must go first when an error drops the whole.
    dimensions: Vec<(Handle, usize)>,
    chunked: Vec<Handle>,
    part: PartFile,
}

impl NetcdfFile {
    /// Starts the file that will be at `target`, in an existing folder; meanwhile it is `<target>.part`.
    pub fn create(target: &Path) -> Result<Self> {
        Ok(Self {
            dimensions: Vec::new(),
            chunked: Vec::new(),
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
        let context = || self.problem("coordinate", name);
        let length = values.len();
        let dataset = self
            .write_small(name, &[length], values, attributes)
            .with_context(context)?;
        ffi::set_scale(&dataset, &c_text(name)?).with_context(context)?;
        self.dimensions.push((dataset, length));
        Ok(Dimension(self.dimensions.len() - 1))
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
            let dataset = self.write_small(name, &dims, values, attributes)?;
            self.attach(&dataset, dimensions)?;
            Ok(dataset.close()?)
        };
        write().with_context(|| self.problem("variable", name))
    }

    /// Makes a variable that [`NetcdfFile::write_chunk`] fills. What is never written reads as NaN.
    pub fn chunked(
        &mut self,
        name: &str,
        dimensions: &[Dimension],
        chunking: &Chunking<'_>,
        attributes: &[(String, Attribute)],
    ) -> Result<ChunkedVariable> {
        let create = || -> Result<Handle> {
            let (number, fill, fill_bytes) = match chunking.precision {
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
                chunk: Some(chunking.chunk),
                deflate: chunking.level,
                fill: Some(&fill_bytes),
                tracked: true,
            };
            let dims = self.lengths(dimensions);
            let of_type = ffi::number_type(number)?;
            let dataset =
                ffi::create_dataset(self.part.root(), &c_text(name)?, &of_type, &dims, &storage)?;
            self.attach(&dataset, dimensions)?;
            write_attribute(&dataset, "_FillValue", &fill)?;
            for (name, value) in attributes {
                write_attribute(&dataset, name, value)?;
            }
            Ok(dataset)
        };
        let dataset = create().with_context(|| self.problem("variable", name))?;
        self.chunked.push(dataset);
        Ok(ChunkedVariable(self.chunked.len() - 1))
    }

    /// Writes the chunk whose first element is at `offset`; `bytes` as [`encode_chunk`] makes them, or as
    /// [`EarlierVariable::chunk`] reads them.
    pub fn write_chunk(
        &self,
        variable: ChunkedVariable,
        offset: &[usize],
        bytes: &[u8],
    ) -> Result<()> {
        ffi::write_chunk(&self.chunked[variable.0], offset, bytes).with_context(|| {
            format!(
                "cannot write to {}: is the disk full?",
                self.part.path().display()
            )
        })
    }

    /// Closes the file with its errors checked, syncs it, and renames it over its target.
    pub fn finish(self) -> Result<()> {
        let Self {
            dimensions,
            chunked,
            part,
        } = self;
        let path = part.path().to_owned();
        for dataset in chunked
            .into_iter()
            .chain(dimensions.into_iter().map(|(d, _)| d))
        {
            dataset.close().with_context(|| {
                format!("cannot write to {}: is the disk full?", path.display())
            })?;
        }
        part.finish()
    }

    fn lengths(&self, dimensions: &[Dimension]) -> Vec<usize> {
        dimensions.iter().map(|d| self.dimensions[d.0].1).collect()
    }

    fn attach(&self, dataset: &Handle, dimensions: &[Dimension]) -> Result<()> {
        for (index, dimension) in dimensions.iter().enumerate() {
            ffi::attach_scale(dataset, &self.dimensions[dimension.0].0, index)?;
        }
        Ok(())
    }

    fn write_small(
        &self,
        name: &str,
        dims: &[usize],
        values: Data<'_>,
        attributes: &[(String, Attribute)],
    ) -> Result<Handle> {
        let dataset = write_dataset(self.part.root(), name, dims, values, true)?;
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

impl Data<'_> {
    fn len(&self) -> usize {
        match self {
            Self::F64(values) => values.len(),
            Self::I64(values) => values.len(),
            Self::I32(values) => values.len(),
            Self::Bytes(values) => values.len(),
            Self::Texts(values) => values.len(),
        }
    }
}

/// Writes a contiguous data set and leaves it open.
fn write_dataset(
    parent: &Handle,
    name: &str,
    dims: &[usize],
    values: Data<'_>,
    tracked: bool,
) -> Result<Handle> {
    let storage = Storage {
        chunk: None,
        deflate: 0,
        fill: None,
        tracked,
    };
    let (number, bytes) = match values {
        Data::F64(values) => (
            Number::F64,
            values.iter().flat_map(|v| v.to_le_bytes()).collect(),
        ),
        Data::I64(values) => (
            Number::I64,
            values.iter().flat_map(|v| v.to_le_bytes()).collect(),
        ),
        Data::I32(values) => (
            Number::I32,
            values.iter().flat_map(|v| v.to_le_bytes()).collect(),
        ),
        Data::Bytes(values) => (
            Number::I8,
            values
                .iter()
                .flat_map(|v| v.to_le_bytes())
                .collect::<Vec<u8>>(),
        ),
        Data::Texts(texts) => {
            let of_type = ffi::text_type(None, true)?;
            let dataset = ffi::create_dataset(parent, &c_text(name)?, &of_type, dims, &storage)?;
            let texts: Result<Vec<CString>> = texts.iter().map(|t| c_text(&storable(t))).collect();
            ffi::write_texts(&dataset, &texts?)?;
            return Ok(dataset);
        }
    };
    let of_type = ffi::number_type(number)?;
    let dataset = ffi::create_dataset(parent, &c_text(name)?, &of_type, dims, &storage)?;
    ffi::write(&dataset, &of_type, &bytes)?;
    Ok(dataset)
}

/// Writes an attribute as netCDF's own library does: text as characters, one number as a list of one.
fn write_attribute(object: &Handle, name: &str, value: &Attribute) -> Result<()> {
    if name.is_empty() || RESERVED_ATTRIBUTES.contains(&name) {
        bail!("an attribute can't be called `{name}`: choose another name");
    }
    let (number, count, bytes) = match value {
        Attribute::Text(text) => return write_text_attribute(object, name, text),
        Attribute::F64(value) => (Number::F64, 1, value.to_le_bytes().to_vec()),
        Attribute::F32(value) => (Number::F32, 1, value.to_le_bytes().to_vec()),
        Attribute::I32(value) => (Number::I32, 1, value.to_le_bytes().to_vec()),
        Attribute::Bytes(values) => (
            Number::I8,
            values.len(),
            values.iter().flat_map(|v| v.to_le_bytes()).collect(),
        ),
    };
    let of_type = ffi::number_type(number)?;
    Ok(ffi::write_attribute(
        object,
        &c_text(name)?,
        &of_type,
        Some(count),
        &bytes,
    )?)
}

fn write_text_attribute(object: &Handle, name: &str, text: &str) -> Result<()> {
    let text = storable(text);
    // HDF5 has no text of length 0; a lone terminator reads as empty text.
    let bytes = if text.is_empty() {
        b"\0"
    } else {
        text.as_bytes()
    };
    let of_type = ffi::text_type(Some(bytes.len()), !text.is_ascii())?;
    Ok(ffi::write_attribute(
        object,
        &c_text(name)?,
        &of_type,
        None,
        bytes,
    )?)
}

fn c_text(text: &str) -> Result<CString> {
    CString::new(text).with_context(|| format!("`{}` holds a NUL character", text.escape_debug()))
}

/// The text as these files hold it: as it stands, save that NUL becomes `\0`, for C strings end there.
///
/// Different texts stay different: where a text has a NUL, or could be taken for one escaped, its backslashes are doubled.
pub fn storable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') || text.contains("\\0") {
        Cow::Owned(text.replace('\\', "\\\\").replace('\0', "\\0"))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests;
