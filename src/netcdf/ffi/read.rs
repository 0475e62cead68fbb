//! Reading back what this crate has written itself: attributes, ids, flags and raw chunks of an earlier file.
//!
//! For nothing else: other people's files are read elsewhere.

use std::ffi::{CStr, c_char};
use std::path::Path;
use std::ptr::null_mut;

use hdf5::sync::sync;
use hdf5::{Error, Result};
use hdf5_sys::h5a::{H5Aclose, H5Aget_space, H5Aget_type, H5Aopen, H5Aread};
use hdf5_sys::h5d::{
    H5Dclose, H5Dget_chunk_info_by_coord, H5Dget_type, H5Dopen2, H5Dread, H5Dread_chunk,
};
use hdf5_sys::h5f::{H5F_ACC_RDONLY, H5Fclose, H5Fopen};
use hdf5_sys::h5p::H5P_DEFAULT;
use hdf5_sys::h5s::{H5S_ALL, H5Sclose, H5Sget_simple_extent_npoints};
use hdf5_sys::h5t::{H5T_class_t, H5Tclose, H5Tget_class, H5Treclaim};

use super::dataset::{chunk_offset, has_pointers, points};
use super::{Handle, Number, access, c_path, call, number_type, size_of, space, text_type};

/// Opens a file for reading.
pub(in crate::netcdf) fn open_file(path: &Path) -> Result<Handle> {
    let path = c_path(path)?;
    let access = access()?;
    // SAFETY: the ids are open; the path is a C string that outlives the call.
    Handle::new(H5Fclose, || unsafe {
        H5Fopen(path.as_ptr(), H5F_ACC_RDONLY, access.id)
    })
}

/// Opens a data set of a file.
pub(in crate::netcdf) fn open_dataset(file: &Handle, name: &CStr) -> Result<Handle> {
    // SAFETY: the id is open, the name a C string.
    Handle::new(H5Dclose, || unsafe {
        H5Dopen2(file.id, name.as_ptr(), H5P_DEFAULT)
    })
}

/// Reads a text attribute of fixed length, as they are written here; `None` for any other.
pub(in crate::netcdf) fn read_text_attribute(
    object: &Handle,
    name: &CStr,
) -> Result<Option<Vec<u8>>> {
    // SAFETY: the ids are open, the name is a C string.
    let attribute = Handle::new(H5Aclose, || unsafe {
        H5Aopen(object.id, name.as_ptr(), H5P_DEFAULT)
    })?;
    let of_type = Handle::new(H5Tclose, || unsafe { H5Aget_type(attribute.id) })?;
    if sync(|| unsafe { H5Tget_class(of_type.id) }) != H5T_class_t::H5T_STRING
        || has_pointers(&of_type)?
    {
        return Ok(None);
    }
    // SAFETY: the id is an open attribute. Its space decides, with the type's size, how much is read.
    let space = Handle::new(H5Sclose, || unsafe { H5Aget_space(attribute.id) })?;
    if call(|| unsafe { H5Sget_simple_extent_npoints(space.id) })? != 1 {
        return Ok(None);
    }
    let mut bytes = vec![0; size_of(&of_type)];
    // SAFETY: one value of this type's size is read into as many bytes.
    call(|| unsafe { H5Aread(attribute.id, of_type.id, bytes.as_mut_ptr().cast()) })?;
    Ok(Some(bytes))
}

/// Reads a data set of text of variable length; an error for any other.
pub(in crate::netcdf) fn read_texts(dataset: &Handle) -> Result<Vec<Vec<u8>>> {
    // SAFETY: the id is an open data set.
    let stored = Handle::new(H5Tclose, || unsafe { H5Dget_type(dataset.id) })?;
    if !has_pointers(&stored)? {
        return Err(Error::Internal("no text of variable length".to_owned()));
    }
    let of_type = text_type(None, true)?;
    let mut pointers: Vec<*mut c_char> = vec![null_mut(); points(dataset)?];
    // SAFETY: one pointer per element is written into as many places. They stay null or point to C strings that the
    // library has allocated; each is copied before the library frees them, also when reading failed half-way.
    let read = call(|| unsafe {
        H5Dread(
            dataset.id,
            of_type.id,
            H5S_ALL,
            H5S_ALL,
            H5P_DEFAULT,
            pointers.as_mut_ptr().cast(),
        )
    });
    let texts = pointers.iter().map(|&pointer| {
        if pointer.is_null() {
            Vec::new()
        } else {
            unsafe { CStr::from_ptr(pointer) }.to_bytes().to_vec()
        }
    });
    let texts: Vec<Vec<u8>> = texts.collect();
    let space = space(Some(&[pointers.len()]))?;
    call(|| unsafe {
        H5Treclaim(
            of_type.id,
            space.id,
            H5P_DEFAULT,
            pointers.as_mut_ptr().cast(),
        )
    })?;
    read?;
    Ok(texts)
}

/// Reads a data set of 8-bit integers.
pub(in crate::netcdf) fn read_bytes(dataset: &Handle) -> Result<Vec<i8>> {
    let bytes = read_values(dataset, Number::I8, 1)?;
    Ok(bytes.into_iter().map(u8::cast_signed).collect())
}

/// Reads a data set of numbers of 64 bits.
pub(in crate::netcdf) fn read_numbers(dataset: &Handle) -> Result<Vec<f64>> {
    let bytes = read_values(dataset, Number::F64, 8)?;
    let numbers = bytes.as_chunks().0.iter();
    Ok(numbers.map(|bytes| f64::from_le_bytes(*bytes)).collect())
}

/// Reads all numbers of a data set as bytes, `size` for each.
fn read_values(dataset: &Handle, number: Number, size: usize) -> Result<Vec<u8>> {
    let of_type = number_type(number)?;
    assert_eq!(size, size_of(&of_type), "the number's size");
    let mut bytes = vec![0_u8; size * points(dataset)?];
    // SAFETY: the ids are open; `size` bytes per element (asserted) are written into as many places.
    call(|| unsafe {
        H5Dread(
            dataset.id,
            of_type.id,
            H5S_ALL,
            H5S_ALL,
            H5P_DEFAULT,
            bytes.as_mut_ptr().cast(),
        )
    })?;
    Ok(bytes)
}

/// Reads one chunk as it is stored, its filters not undone; an error if it is missing, was stored without some of
/// the filters, or takes more than `limit` bytes.
pub(in crate::netcdf) fn read_chunk(
    dataset: &Handle,
    offset: &[usize],
    limit: usize,
) -> Result<Vec<u8>> {
    let offset = chunk_offset(dataset, offset)?;
    let (mut mask, mut address, mut size) = (0, 0, 0);
    // SAFETY: the id is open; there is an offset for each dimension (checked); the outcomes are written to live variables.
    call(|| unsafe {
        H5Dget_chunk_info_by_coord(
            dataset.id,
            offset.as_ptr(),
            &mut mask,
            &mut address,
            &mut size,
        )
    })?;
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    if mask != 0 || size == 0 || size > limit {
        return Err(Error::Internal("an unusual chunk".to_owned()));
    }
    let mut bytes = vec![0; size];
    let (mut filters, mut room) = (0, size);
    // SAFETY: the library writes at most `room` bytes, the buffer's length, and tells in `room` how many there are.
    call(|| unsafe {
        H5Dread_chunk(
            dataset.id,
            H5P_DEFAULT,
            offset.as_ptr(),
            &mut filters,
            bytes.as_mut_ptr().cast(),
            &mut room,
        )
    })?;
    if room != size {
        return Err(Error::Internal("a chunk of another length".to_owned()));
    }
    Ok(bytes)
}
