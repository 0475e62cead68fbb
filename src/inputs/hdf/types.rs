//! Reading HDF5 objects whose types are only known at run time: text of any kind, numbers, columns of tables.
//!
//! The `hdf5` crate reads into Rust types that are fixed when the program is compiled. Tables written by PyTables have
//! columns and string widths of their own, and one column of a kind that the crate does not know (times, bit fields) would
//! keep it from looking at all the others. So the types are inspected here, with `unsafe` code behind safe functions. It
//! knows nothing of catchments and layouts.

use std::ffi::{CStr, c_void};

use hdf5::types::{
    CompoundField, CompoundType, FloatSize, IntSize, TypeDescriptor, VarLenAscii, VarLenUnicode,
};
use hdf5::{Container, Dataset, Datatype, Location};
use hdf5_sys::h5::{H5free_memory, herr_t, hsize_t};
use hdf5_sys::h5i::hid_t;
use hdf5_sys::h5t::{
    H5T_class_t, H5T_sign_t, H5Tclose, H5Tget_class, H5Tget_member_name, H5Tget_member_type,
    H5Tget_nmembers, H5Tget_sign, H5Tget_size, H5Tis_variable_str,
};

use crate::inputs::number::Stored;

/// An attribute of more bytes is that of a damaged file.
const LARGEST_ATTRIBUTE: usize = 64 << 20;

/// What kind of values a variable or a table column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ElementKind {
    /// Numbers; booleans and other enumerations are such as well.
    Number(Stored),
    /// Text in fields of this many bytes.
    FixedText(usize),
    /// Text of any length.
    FreeText,
    /// A record of several columns.
    Record,
    /// Anything else: it is passed over.
    Other,
}

impl ElementKind {
    /// Whether these are numbers.
    pub(crate) fn is_number(self) -> bool {
        matches!(self, Self::Number(_))
    }

    /// Whether these are whole numbers.
    pub(crate) fn is_whole(self) -> bool {
        matches!(self, Self::Number(stored) if stored.is_whole())
    }

    /// Whether this is text.
    pub(crate) fn is_text(self) -> bool {
        matches!(self, Self::FixedText(_) | Self::FreeText)
    }
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    /// The column's name.
    pub name: String,
    /// What it holds.
    pub kind: ElementKind,
}

/// The kind of a variable's or an attribute's values.
pub(crate) fn kind(object: &Container) -> hdf5::Result<ElementKind> {
    let datatype = object.dtype()?;
    Ok(hdf5::sync::sync(|| kind_of(datatype.id())))
}

/// The columns of a table in their order; none if it is not a table.
pub(crate) fn fields(table: &Container) -> hdf5::Result<Vec<Field>> {
    let datatype = table.dtype()?;
    Ok(hdf5::sync::sync(|| fields_of(datatype.id())))
}

#[allow(unsafe_code)]
fn kind_of(datatype: hid_t) -> ElementKind {
    // SAFETY: the callers pass the id of a datatype that they keep open and hold the library's lock; these functions
    // only read it and report a wrong id as an error value.
    unsafe {
        let bytes = H5Tget_size(datatype);
        match H5Tget_class(datatype) {
            // An enumeration has the sign of the type that it is made of.
            H5T_class_t::H5T_INTEGER | H5T_class_t::H5T_ENUM if bytes <= 8 => {
                match H5Tget_sign(datatype) {
                    H5T_sign_t::H5T_SGN_2 => ElementKind::Number(Stored::Whole {
                        signed: true,
                        bytes,
                    }),
                    H5T_sign_t::H5T_SGN_NONE => ElementKind::Number(Stored::Whole {
                        signed: false,
                        bytes,
                    }),
                    _ => ElementKind::Other,
                }
            }
            H5T_class_t::H5T_FLOAT => ElementKind::Number(Stored::Real { bytes }),
            H5T_class_t::H5T_STRING => match H5Tis_variable_str(datatype) {
                0 => ElementKind::FixedText(bytes),
                _ => ElementKind::FreeText,
            },
            H5T_class_t::H5T_COMPOUND => ElementKind::Record,
            _ => ElementKind::Other,
        }
    }
}

#[allow(unsafe_code)]
fn fields_of(datatype: hid_t) -> Vec<Field> {
    let mut fields = Vec::new();
    // SAFETY: as in `kind_of`. A member's name is a NUL-terminated string that HDF5 allocated for us and that is freed
    // with HDF5's own function after it was copied; a member's type is closed once, after its last use.
    unsafe {
        if H5Tget_class(datatype) != H5T_class_t::H5T_COMPOUND {
            return fields;
        }
        for index in 0..u32::try_from(H5Tget_nmembers(datatype)).unwrap_or(0) {
            let name = H5Tget_member_name(datatype, index);
            if name.is_null() {
                continue;
            }
            let text = CStr::from_ptr(name).to_string_lossy().into_owned();
            H5free_memory(name.cast::<c_void>());
            let member = H5Tget_member_type(datatype, index);
            if member < 0 {
                continue;
            }
            fields.push(Field {
                name: text,
                kind: kind_of(member),
            });
            H5Tclose(member);
        }
    }
    fields
}

/// Reads all elements of a variable or an attribute, converted to the type `memory`, as their bytes in this machine's
/// order. `memory` must hold its values itself: numbers, fixed text, records of these.
#[allow(unsafe_code)]
fn read_as(object: &Container, memory: &TypeDescriptor) -> hdf5::Result<Vec<u8>> {
    use hdf5_sys::h5a::H5Aread;
    use hdf5_sys::h5d::H5Dread;
    use hdf5_sys::h5i::H5I_type_t;
    use hdf5_sys::h5p::H5P_DEFAULT;
    use hdf5_sys::h5s::H5S_ALL;

    let space = object.space()?;
    if space.is_null() || space.size() == 0 {
        return Ok(Vec::new());
    }
    let size = memory.size();
    let length = space
        .size()
        .checked_mul(size)
        .ok_or("the array is too large")?;
    let memory = Datatype::from_descriptor(memory)?;
    if memory.size() != size {
        return Err("the type in memory has an unexpected size".into());
    }
    let attribute = object.id_type() == H5I_type_t::H5I_ATTR;
    if attribute && length > LARGEST_ATTRIBUTE {
        return Err("the attribute is too large".into());
    }
    let mut bytes = vec![0_u8; length];
    hdf5::sync::sync(|| {
        let buffer = bytes.as_mut_ptr().cast::<c_void>();
        // SAFETY: both ids are open for the length of the call and the lock is held. HDF5 writes one value of the
        // memory type, `size` bytes, per element of the whole data space, which is what `buffer` has room for; any
        // bytes are valid `u8`, and by this function's condition none of them is a pointer.
        hdf5::h5check(unsafe {
            if attribute {
                H5Aread(object.id(), memory.id(), buffer)
            } else {
                H5Dread(
                    object.id(),
                    memory.id(),
                    H5S_ALL,
                    H5S_ALL,
                    H5P_DEFAULT,
                    buffer,
                )
            }
        })
    })?;
    Ok(bytes)
}

/// All numbers of a variable or attribute; `f32` is widened exactly.
pub(crate) fn numbers(object: &Container) -> hdf5::Result<Vec<f64>> {
    let bytes = read_as(object, &TypeDescriptor::Float(FloatSize::U8))?;
    Ok(words(&bytes).map(f64::from_ne_bytes).collect())
}

/// All whole numbers of a variable or attribute, exact.
pub(crate) fn whole(object: &Container) -> hdf5::Result<Vec<i128>> {
    let ElementKind::Number(stored @ Stored::Whole { .. }) = kind(object)? else {
        return Err("it does not hold whole numbers".into());
    };
    let bytes = read_as(object, &whole_type(stored))?;
    Ok(words(&bytes).map(|word| whole_of(stored, word)).collect())
}

/// The type in memory that holds every whole number of a type.
fn whole_type(stored: Stored) -> TypeDescriptor {
    match stored {
        Stored::Whole { signed: false, .. } => TypeDescriptor::Unsigned(IntSize::U8),
        _ => TypeDescriptor::Integer(IntSize::U8),
    }
}

fn whole_of(stored: Stored, word: [u8; 8]) -> i128 {
    match stored {
        Stored::Whole { signed: false, .. } => u64::from_ne_bytes(word).into(),
        _ => i64::from_ne_bytes(word).into(),
    }
}

/// All texts of a variable or attribute: fixed ones end at the first NUL or before trailing blanks.
///
/// None for an empty data space, which is how PyTables stores an empty string.
pub(crate) fn texts(object: &Container) -> hdf5::Result<Vec<String>> {
    if object.space()?.is_null() {
        return Ok(Vec::new());
    }
    match kind(object)? {
        ElementKind::FixedText(size) => {
            let bytes = read_as(object, &fixed_text(object, size)?)?;
            Ok(bytes.chunks_exact(size.max(1)).map(text).collect())
        }
        ElementKind::FreeText => Ok(match object.dtype()?.to_descriptor()? {
            TypeDescriptor::VarLenAscii => object
                .read_raw::<VarLenAscii>()?
                .iter()
                .map(|found| text(found.as_bytes()))
                .collect(),
            _ => object
                .read_raw::<VarLenUnicode>()?
                .iter()
                .map(|found| text(found.as_bytes()))
                .collect(),
        }),
        _ => Err("it does not hold text".into()),
    }
}

/// The type in memory for fixed text: HDF5 does not convert between the two character sets.
fn fixed_text(object: &Container, size: usize) -> hdf5::Result<TypeDescriptor> {
    Ok(match object.dtype()?.to_descriptor()? {
        TypeDescriptor::FixedUnicode(_) => TypeDescriptor::FixedUnicode(size),
        _ => TypeDescriptor::FixedAscii(size),
    })
}

/// Text as stored in a field: up to the first NUL, without trailing blanks; UTF-8, or else Latin-1.
pub(crate) fn text(bytes: &[u8]) -> String {
    let end = memchr::memchr(0, bytes).unwrap_or(bytes.len());
    let bytes = bytes[..end].trim_ascii_end();
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    }
}

/// One column of a table as read.
#[derive(Debug)]
pub(crate) enum FieldValues {
    /// Floating point numbers.
    Numbers(Vec<f64>),
    /// Whole numbers.
    Whole(Vec<i128>),
    /// Text.
    Texts(Vec<String>),
}

/// Reads the named columns of a table in one go, all rows; the other columns are not converted.
pub(crate) fn columns(table: &Container, wanted: &[&Field]) -> hdf5::Result<Vec<FieldValues>> {
    let mut fields = Vec::with_capacity(wanted.len());
    let mut size = 0;
    for (index, field) in wanted.iter().enumerate() {
        let ty = match field.kind {
            ElementKind::Number(stored) if stored.is_whole() => whole_type(stored),
            ElementKind::Number(_) => TypeDescriptor::Float(FloatSize::U8),
            ElementKind::FixedText(size) => TypeDescriptor::FixedAscii(size),
            _ => {
                return Err(
                    format!("column `{}` holds neither numbers nor text", field.name).into(),
                );
            }
        };
        let width = ty.size();
        fields.push(CompoundField {
            name: field.name.clone(),
            ty,
            offset: size,
            index,
        });
        size += width;
    }
    let record = CompoundType { fields, size };
    let bytes = read_as(table, &TypeDescriptor::Compound(record.clone()))?;
    let cells = |field: &CompoundField| {
        let cell = field.offset..field.offset + field.ty.size();
        bytes
            .chunks_exact(size.max(1))
            .map(move |row| &row[cell.clone()])
    };
    let read = |(field, wanted): (&CompoundField, &&Field)| {
        let words = || cells(field).flat_map(words);
        match wanted.kind {
            ElementKind::Number(stored) if stored.is_whole() => {
                FieldValues::Whole(words().map(|word| whole_of(stored, word)).collect())
            }
            ElementKind::Number(_) => {
                FieldValues::Numbers(words().map(f64::from_ne_bytes).collect())
            }
            _ => FieldValues::Texts(cells(field).map(text).collect()),
        }
    };
    Ok(record.fields.iter().zip(wanted).map(read).collect())
}

fn words(bytes: &[u8]) -> impl Iterator<Item = [u8; 8]> {
    bytes.as_chunks::<8>().0.iter().copied()
}

/// Whether an object has an attribute of this name. Asking for the names of all takes many times longer.
#[allow(unsafe_code)]
pub(crate) fn has_attribute(of: &Location, name: &CStr) -> bool {
    use hdf5_sys::h5a::H5Aexists;
    // SAFETY: the id is open for the length of the call, the lock is held, and the name ends with a NUL.
    hdf5::sync::sync(|| unsafe { H5Aexists(of.id(), name.as_ptr()) > 0 })
}

/// All bytes of an array of single characters.
pub(crate) fn characters(object: &Container) -> hdf5::Result<Vec<u8>> {
    read_as(object, &fixed_text(object, 1)?)
}

// The library has it, its bindings have not.
#[allow(unsafe_code)]
unsafe extern "C" {
    fn H5Dget_chunk_storage_size(
        dataset: hid_t,
        offset: *const hsize_t,
        size: *mut hsize_t,
    ) -> herr_t;
}

/// One chunk of a two-dimensional array as it is stored, its filters not undone; `None` if there is none, if it was stored
/// without some of the filters, or takes more than `limit` bytes.
#[allow(unsafe_code)]
pub(crate) fn stored_chunk(dataset: &Dataset, offset: [usize; 2], limit: usize) -> Option<Vec<u8>> {
    use hdf5_sys::h5d::H5Dread_chunk;
    use hdf5_sys::h5p::H5P_DEFAULT;

    if dataset.ndim() != offset.len() {
        return None;
    }
    let offset = offset.map(|start| start as u64);
    hdf5::sync::sync(|| {
        let mut size = 0;
        // SAFETY: the id is open for the length of the call and the lock is held; there is an offset for each of the two
        // dimensions, as was checked; the outcome is written to a live variable of the type that the library wants. This looks
        // the chunk up; asking for all that is known of it would walk over all chunks before it.
        let found = unsafe { H5Dget_chunk_storage_size(dataset.id(), offset.as_ptr(), &mut size) };
        let size = usize::try_from(size).ok()?;
        if found < 0 || size == 0 || size > limit {
            return None;
        }
        let mut bytes = vec![0; size];
        let (mut filters, mut room) = (0, size);
        // SAFETY: as above; the library writes at most `room` bytes, the buffer's length, and tells in `room` how many.
        let read = unsafe {
            H5Dread_chunk(
                dataset.id(),
                H5P_DEFAULT,
                offset.as_ptr(),
                &mut filters,
                bytes.as_mut_ptr().cast(),
                &mut room,
            )
        };
        (read >= 0 && room == size && filters == 0).then_some(bytes)
    })
}
