//! Reading back what this crate has written itself: attributes, ids, flags and the places of chunks in an earlier file.
//!
//! Only for that: other files are read elsewhere.

use std::ffi::{CStr, c_int, c_uint, c_void};
use std::path::Path;
use std::ptr::null_mut;

use hdf5::sync::sync;
use hdf5::{Error, Result};
use hdf5_sys::h5::{haddr_t, hsize_t};
use hdf5_sys::h5a::{H5Aclose, H5Aget_space, H5Aget_type, H5Aopen, H5Aread};
use hdf5_sys::h5d::{H5Dchunk_iter, H5Dclose, H5Dget_space, H5Dget_type, H5Dopen2, H5Dread};
use hdf5_sys::h5f::{H5F_ACC_RDONLY, H5Fclose, H5Fopen};
use hdf5_sys::h5p::H5P_DEFAULT;
use hdf5_sys::h5s::{
    H5S_ALL, H5Sclose, H5Sget_simple_extent_dims, H5Sget_simple_extent_ndims,
    H5Sget_simple_extent_npoints,
};
use hdf5_sys::h5t::{H5T_class_t, H5Tclose, H5Tget_class};

use super::dataset::{has_pointers, points};
use super::{Handle, Number, access, c_path, call, number_type, size_of, text_type};

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

/// Reads a text attribute of fixed length, as this crate writes them; `None` for any other.
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

/// Reads a data set of characters: those of all its texts, and how many each has; an error for texts in one piece and for all else.
pub(in crate::netcdf) fn read_characters(dataset: &Handle) -> Result<(Vec<u8>, usize)> {
    // SAFETY: the id is an open data set, its space an open space.
    let space = Handle::new(H5Sclose, || unsafe { H5Dget_space(dataset.id) })?;
    let rank = rank(&space)?;
    let mut dims: [hsize_t; CHUNK_RANK] = [0; CHUNK_RANK];
    if rank == 0 || rank > CHUNK_RANK {
        return Err(Error::Internal(format!(
            "characters along {rank} dimensions"
        )));
    }
    // SAFETY: the id is open; there is room for as many numbers as the space has dimensions (checked).
    call(|| unsafe { H5Sget_simple_extent_dims(space.id, dims.as_mut_ptr(), null_mut()) })?;
    let of_type = Handle::new(H5Tclose, || unsafe { H5Dget_type(dataset.id) })?;
    // The library would cut longer texts. It makes characters neither of texts of variable length nor of what is no text.
    if size_of(&of_type) != 1 {
        return Err("texts in one piece, not characters".into());
    }
    let bytes = read_values(dataset, &text_type(Some(1), false)?, 1)?;
    let size = usize::try_from(dims[rank - 1])
        .ok()
        .filter(|&size| size > 0);
    let size = size.ok_or("texts without characters")?;
    Ok((bytes, size))
}

/// Reads a data set of 8-bit integers.
pub(in crate::netcdf) fn read_bytes(dataset: &Handle) -> Result<Vec<i8>> {
    let bytes = read_values(dataset, &number_type(Number::I8)?, 1)?;
    Ok(bytes.into_iter().map(u8::cast_signed).collect())
}

/// Reads a data set of numbers of 64 bits.
pub(in crate::netcdf) fn read_numbers(dataset: &Handle) -> Result<Vec<f64>> {
    let bytes = read_values(dataset, &number_type(Number::F64)?, 8)?;
    let numbers = bytes.as_chunks().0.iter();
    Ok(numbers.map(|bytes| f64::from_le_bytes(*bytes)).collect())
}

/// Reads a data set of whole numbers of up to 64 bits.
pub(in crate::netcdf) fn read_integers(dataset: &Handle) -> Result<Vec<i64>> {
    let bytes = read_values(dataset, &number_type(Number::I64)?, 8)?;
    let numbers = bytes.as_chunks().0.iter();
    Ok(numbers.map(|bytes| i64::from_le_bytes(*bytes)).collect())
}

/// Reads all values of a data set as bytes, `size` for each.
fn read_values(dataset: &Handle, of_type: &Handle, size: usize) -> Result<Vec<u8>> {
    assert_eq!(size, size_of(of_type), "the value's size");
    assert!(!has_pointers(of_type)?, "values, not pointers to them");
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

/// How many dimensions a data space has.
fn rank(space: &Handle) -> Result<usize> {
    // SAFETY: the id is an open space.
    let rank = call(|| unsafe { H5Sget_simple_extent_ndims(space.id) })?;
    Ok(usize::try_from(rank).unwrap_or(usize::MAX))
}

/// Where a chunk is stored: its first element (0 in dimensions that the data set lacks), its place in the file, its length.
pub(in crate::netcdf) type ChunkPlace = ([u64; CHUNK_RANK], u64, u64);

/// The most dimensions of a chunk.
pub(in crate::netcdf) const CHUNK_RANK: usize = 4;

/// The number of a data set's dimensions and the places of its chunks, except those that were stored without some of the filters.
///
/// All at once, because asking for one makes the library walk over all of them.
pub(in crate::netcdf) fn chunk_places(dataset: &Handle) -> Result<(usize, Vec<ChunkPlace>)> {
    /// What the library's walk is given.
    struct Walk {
        rank: usize,
        places: Vec<ChunkPlace>,
    }

    /// # Safety
    /// `walk` points to a [`Walk`] that nobody else uses meanwhile; `offset` to as many numbers as its rank says.
    unsafe extern "C" fn visit(
        offset: *const hsize_t,
        filter_mask: c_uint,
        address: haddr_t,
        size: hsize_t,
        walk: *mut c_void,
    ) -> c_int {
        // SAFETY: as promised above.
        let walk = unsafe { &mut *walk.cast::<Walk>() };
        let first = unsafe { std::slice::from_raw_parts(offset, walk.rank) };
        let mut place = [0; CHUNK_RANK];
        for (place, first) in place.iter_mut().zip(first) {
            *place = *first;
        }
        if filter_mask == 0 {
            walk.places.push((place, address, size));
        }
        0
    }

    // SAFETY: the id is an open data set, its space an open space.
    let space = Handle::new(H5Sclose, || unsafe { H5Dget_space(dataset.id) })?;
    let rank = rank(&space)?;
    if rank > CHUNK_RANK {
        return Err(Error::Internal("too many dimensions".to_owned()));
    }
    let mut walk = Walk {
        rank,
        places: Vec::new(),
    };
    // SAFETY: the id is open; `walk` is alive and used by `visit` alone until the call returns, and has the data set's rank,
    // which is how many numbers the library gives. `visit` does not panic: it writes within bounds that it asks for.
    call(|| unsafe {
        H5Dchunk_iter(dataset.id, H5P_DEFAULT, Some(visit), (&raw mut walk).cast())
    })?;
    walk.places.sort_unstable();
    Ok((rank, walk.places))
}
