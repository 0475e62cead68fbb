//! Attributes and small sets of values, and how NetCDF-4 represents them in HDF5.
//!
//! Nothing here knows dimensions or files.

use std::borrow::Cow;
use std::ffi::CString;

use anyhow::{Context, Result, bail};

use super::ffi::dataset::{self, Storage};
use super::ffi::{self, Handle, Number};

/// Attributes that HDF5, NetCDF-4 or what is written here defines; a file that uses their names otherwise can't be read.
const RESERVED_ATTRIBUTES: [&str; 9] = [
    "CLASS",
    "NAME",
    "DIMENSION_LIST",
    "REFERENCE_LIST",
    "_Encoding",
    "_NCProperties",
    "_Netcdf4Coordinates",
    "_Netcdf4Dimid",
    "_nc3_strict",
];

/// An attribute's value. Whole numbers have 32 bits because CF knows wider ones only since 1.9.
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
    /// Texts as characters: so many for each, in UTF-8, filled up with NUL. Their number is the length of the last dimension.
    Characters(&'a [&'a str], usize),
}

impl Data<'_> {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::F64(values) => values.len(),
            Self::I64(values) => values.len(),
            Self::I32(values) => values.len(),
            Self::Bytes(values) => values.len(),
            Self::Texts(values) => values.len(),
            Self::Characters(values, size) => values.len() * size,
        }
    }
}

/// How many characters, as [`Data::Characters`] counts them, the longest of these texts needs; at least 1.
pub fn text_length(texts: &[&str]) -> usize {
    let lengths = texts.iter().map(|text| storable(text).len());
    lengths.max().unwrap_or(0).max(1)
}

/// Texts as characters, `size` for each.
fn characters(texts: &[&str], size: usize) -> Result<Vec<u8>> {
    let mut bytes = vec![0; texts.len() * size];
    for (place, text) in bytes.chunks_exact_mut(size).zip(texts) {
        let text = storable(text);
        let place = place.get_mut(..text.len());
        let place = place.with_context(|| format!("{text:?} has more than {size} characters"))?;
        place.copy_from_slice(text.as_bytes());
    }
    Ok(bytes)
}

/// Writes a data set that is stored like this, and leaves it open.
pub(super) fn write_dataset(
    parent: &Handle,
    name: &str,
    dims: &[usize],
    values: Data<'_>,
    storage: &Storage<'_>,
) -> Result<Handle> {
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
            let dataset = dataset::create_dataset(parent, &c_text(name)?, &of_type, dims, storage)?;
            let texts: Result<Vec<CString>> = texts.iter().map(|t| c_text(&storable(t))).collect();
            dataset::write_texts(&dataset, &texts?)?;
            return Ok(dataset);
        }
        Data::Characters(texts, size) => {
            // What netCDF calls `char`.
            let of_type = ffi::text_type(Some(1), false)?;
            let bytes = characters(texts, size)?;
            let dataset = dataset::create_dataset(parent, &c_text(name)?, &of_type, dims, storage)?;
            dataset::write(&dataset, &of_type, &bytes)?;
            write_text_attribute(&dataset, "_Encoding", "utf-8")?;
            return Ok(dataset);
        }
    };
    let of_type = ffi::number_type(number)?;
    let dataset = dataset::create_dataset(parent, &c_text(name)?, &of_type, dims, storage)?;
    dataset::write(&dataset, &of_type, &bytes)?;
    Ok(dataset)
}

/// Writes an attribute as netCDF's own library does: text as characters, one number as a list of one.
pub(super) fn write_attribute(object: &Handle, name: &str, value: &Attribute) -> Result<()> {
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

pub(super) fn write_text_attribute(object: &Handle, name: &str, text: &str) -> Result<()> {
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

/// Writes an attribute of netCDF's own about dimensions, which are known by their numbers.
pub(super) fn write_dimensions(object: &Handle, about: &Numbered<'_>) -> Result<()> {
    let of_type = ffi::number_type(Number::I32)?;
    let (name, count, numbers) = match about {
        Numbered::Own(number) => (c"_Netcdf4Dimid", None, std::slice::from_ref(number)),
        Numbered::Coordinates(numbers) => {
            (c"_Netcdf4Coordinates", Some(numbers.len()), &numbers[..])
        }
    };
    let bytes: Result<Vec<_>, _> = numbers.iter().map(|&n| i32::try_from(n)).collect();
    let bytes: Vec<u8> = (bytes?.into_iter()).flat_map(i32::to_le_bytes).collect();
    Ok(ffi::write_attribute(object, name, &of_type, count, &bytes)?)
}

/// What netCDF says of dimensions by their numbers, where HDF5 has no words for it.
pub(super) enum Numbered<'n> {
    /// The number of a data set's own dimension.
    Own(usize),
    /// The dimensions of a coordinate variable that has several.
    Coordinates(&'n [usize]),
}

pub(super) fn c_text(text: &str) -> Result<CString> {
    CString::new(text).with_context(|| format!("`{}` holds a NUL character", text.escape_debug()))
}

/// The text as these files hold it: as it stands, except that NUL, at which C strings end, becomes `\0`.
///
/// Different texts stay different: if a text has a NUL, or could be taken for an escaped one, its backslashes are doubled.
pub fn storable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') || text.contains("\\0") {
        Cow::Owned(text.replace('\\', "\\\\").replace('\0', "\\0"))
    } else {
        Cow::Borrowed(text)
    }
}
