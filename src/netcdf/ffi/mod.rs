//! The few calls of the HDF5 C library that this crate's files are made with, behind safe functions.
//!
//! The `hdf5` crate's own builders hide what a reproducible NetCDF-4 file needs: dimension scales, chunks written as they
//! are, error-checked closing, bounds of the file format. So these calls are made directly, each under that crate's global
//! lock, and nothing outside of this module is unsafe. It knows handles, types and bytes; not what they mean.
//!
//! All numbers are handed over as little-endian bytes with little-endian types, so no conversion ever takes place.

#![allow(unsafe_code)]

pub(super) mod read;

use std::ffi::{CStr, CString, c_char, c_uint};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr::null;

use hdf5::sync::sync;
use hdf5::{Error, Result, globals};
use hdf5_sys::h5::{herr_t, hsize_t};
use hdf5_sys::h5a::{H5Aclose, H5Acreate2, H5Awrite};
use hdf5_sys::h5d::{H5Dclose, H5Dcreate2, H5Dget_space, H5Dwrite, H5Dwrite_chunk};
use hdf5_sys::h5f::{H5F_ACC_TRUNC, H5F_close_degree_t, H5F_libver_t, H5Fclose, H5Fcreate};
use hdf5_sys::h5g::{H5Gclose, H5Gcreate2};
use hdf5_sys::h5i::hid_t;
use hdf5_sys::h5p::{
    H5P_CRT_ORDER_INDEXED, H5P_CRT_ORDER_TRACKED, H5P_DEFAULT, H5Pclose, H5Pcreate,
    H5Pset_attr_creation_order, H5Pset_attr_phase_change, H5Pset_chunk, H5Pset_deflate,
    H5Pset_fclose_degree, H5Pset_file_locking, H5Pset_fill_value, H5Pset_libver_bounds,
    H5Pset_link_creation_order, H5Pset_obj_track_times, H5Pset_shuffle,
};
use hdf5_sys::h5s::{
    H5S_ALL, H5S_class_t, H5Sclose, H5Screate, H5Screate_simple, H5Sget_simple_extent_ndims,
    H5Sget_simple_extent_npoints,
};
use hdf5_sys::h5t::{
    H5T_VARIABLE, H5T_class_t, H5T_cset_t, H5T_str_t, H5Tclose, H5Tcopy, H5Tcreate, H5Tget_class,
    H5Tget_size, H5Tinsert, H5Tis_variable_str, H5Tset_cset, H5Tset_size, H5Tset_strpad,
};

// The high-level library is linked (feature `hl`) but has no bindings.
unsafe extern "C" {
    fn H5DSset_scale(dataset: hid_t, name: *const c_char) -> herr_t;
    fn H5DSattach_scale(dataset: hid_t, scale: hid_t, index: c_uint) -> herr_t;
}

/// Runs `f` under the library's lock; a negative outcome becomes the library's error.
fn call<T: Copy + Default + PartialOrd>(f: impl FnOnce() -> T) -> Result<T> {
    sync(|| {
        let outcome = f();
        if outcome < T::default() {
            Err(Error::query()?)
        } else {
            Ok(outcome)
        }
    })
}

/// An open HDF5 object, closed when dropped; [`Handle::close`] also tells whether that went well.
pub(in crate::netcdf) struct Handle {
    id: hid_t,
    closer: unsafe extern "C" fn(hid_t) -> herr_t,
}

impl Handle {
    /// Makes an object by `open` and takes care of its end by `closer`.
    fn new(
        closer: unsafe extern "C" fn(hid_t) -> herr_t,
        open: impl FnOnce() -> hid_t,
    ) -> Result<Self> {
        Ok(Self {
            id: call(open)?,
            closer,
        })
    }

    /// Closes the object and reports what goes wrong then, such as a full disk.
    pub(in crate::netcdf) fn close(self) -> Result<()> {
        let this = std::mem::ManuallyDrop::new(self);
        // SAFETY: the id is open, belongs to `this` alone and is not used again: `drop` will not run.
        call(|| unsafe { (this.closer)(this.id) })?;
        Ok(())
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: the id is open and nobody can use it after this. An error here has no one left to hear it; whoever
        // cares has called `close`.
        sync(|| unsafe { (self.closer)(self.id) });
    }
}

fn c_path(path: &Path) -> Result<CString> {
    CString::new(path.as_os_str().as_bytes())
        .map_err(|_| Error::Internal("the path holds a NUL character".to_owned()))
}

fn tracked() -> c_uint {
    H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED
}

/// Never locks: results live on network file systems that can't, and rerunoff's own lock keeps writers apart.
fn access() -> Result<Handle> {
    // SAFETY: the class is the library's own, the new list is set up with values of its documented ranges.
    let list = Handle::new(H5Pclose, || unsafe { H5Pcreate(*globals::H5P_FILE_ACCESS) })?;
    call(|| unsafe { H5Pset_file_locking(list.id, 0, 1) })?;
    call(|| unsafe { H5Pset_fclose_degree(list.id, H5F_close_degree_t::H5F_CLOSE_SEMI) })?;
    // HDF5 1.10 is the oldest in use; it can't read what the newer bounds produce.
    let bound = H5F_libver_t::H5F_LIBVER_V110;
    call(|| unsafe { H5Pset_libver_bounds(list.id, bound, bound) })?;
    Ok(list)
}

/// Creates the file, or empties it; creation order is tracked so that netCDF can append to it later.
pub(in crate::netcdf) fn create_file(path: &Path) -> Result<Handle> {
    let path = c_path(path)?;
    let access = access()?;
    // SAFETY: the class is the library's own; all ids are open; the path is a C string that outlives the call.
    let list = Handle::new(H5Pclose, || unsafe { H5Pcreate(*globals::H5P_FILE_CREATE) })?;
    call(|| unsafe { H5Pset_link_creation_order(list.id, tracked()) })?;
    call(|| unsafe { H5Pset_attr_creation_order(list.id, tracked()) })?;
    call(|| unsafe { H5Pset_obj_track_times(list.id, 0) })?;
    Handle::new(H5Fclose, || unsafe {
        H5Fcreate(path.as_ptr(), H5F_ACC_TRUNC, list.id, access.id)
    })
}

/// Creates a group below `parent`.
pub(in crate::netcdf) fn create_group(parent: &Handle, name: &CStr) -> Result<Handle> {
    // SAFETY: the class is the library's own; all ids are open; the name is a C string.
    let list = Handle::new(H5Pclose, || unsafe {
        H5Pcreate(*globals::H5P_GROUP_CREATE)
    })?;
    call(|| unsafe { H5Pset_obj_track_times(list.id, 0) })?;
    Handle::new(H5Gclose, || unsafe {
        H5Gcreate2(parent.id, name.as_ptr(), H5P_DEFAULT, list.id, H5P_DEFAULT)
    })
}

/// The types of numbers that are written, all little-endian.
#[derive(Clone, Copy)]
pub(in crate::netcdf) enum Number {
    F64,
    F32,
    I8,
    I32,
    I64,
}

/// The type of a number.
pub(in crate::netcdf) fn number_type(number: Number) -> Result<Handle> {
    let id = match number {
        Number::F64 => *globals::H5T_IEEE_F64LE,
        Number::F32 => *globals::H5T_IEEE_F32LE,
        Number::I8 => *globals::H5T_STD_I8LE,
        Number::I32 => *globals::H5T_STD_I32LE,
        Number::I64 => *globals::H5T_STD_I64LE,
    };
    // SAFETY: a predefined type is always open.
    Handle::new(H5Tclose, || unsafe { H5Tcopy(id) })
}

/// The type of text: `size` bytes (at least 1), or of variable length without a size.
pub(in crate::netcdf) fn text_type(size: Option<usize>, utf8: bool) -> Result<Handle> {
    let set = if utf8 {
        H5T_cset_t::H5T_CSET_UTF8
    } else {
        H5T_cset_t::H5T_CSET_ASCII
    };
    // SAFETY: a predefined type is always open, its copy is ours and is given values of the documented ranges.
    let text = Handle::new(H5Tclose, || unsafe { H5Tcopy(*globals::H5T_C_S1) })?;
    call(|| unsafe { H5Tset_size(text.id, size.unwrap_or(H5T_VARIABLE)) })?;
    call(|| unsafe { H5Tset_cset(text.id, set) })?;
    call(|| unsafe { H5Tset_strpad(text.id, H5T_str_t::H5T_STR_NULLTERM) })?;
    Ok(text)
}

/// A packed compound type of `size` bytes with its fields: name, offset, type.
pub(in crate::netcdf) fn compound_type(
    size: usize,
    fields: &[(CString, usize, Handle)],
) -> Result<Handle> {
    // SAFETY: the names are C strings, the ids are open; the library checks offsets against the size.
    let compound = Handle::new(H5Tclose, || unsafe {
        H5Tcreate(H5T_class_t::H5T_COMPOUND, size)
    })?;
    for (name, offset, field) in fields {
        call(|| unsafe { H5Tinsert(compound.id, name.as_ptr(), *offset, field.id) })?;
    }
    Ok(compound)
}

fn space(dims: Option<&[usize]>) -> Result<Handle> {
    let Some(dims) = dims else {
        // SAFETY: the class is a valid one.
        return Handle::new(H5Sclose, || unsafe { H5Screate(H5S_class_t::H5S_SCALAR) });
    };
    let dims: Vec<hsize_t> = dims.iter().map(|&n| n as hsize_t).collect();
    // SAFETY: `dims` holds as many sizes as is said and outlives the call; no maximum means the same sizes.
    Handle::new(H5Sclose, || unsafe {
        H5Screate_simple(dims.len() as i32, dims.as_ptr(), null())
    })
}

fn size_of(of_type: &Handle) -> usize {
    // SAFETY: the id is an open type.
    sync(|| unsafe { H5Tget_size(of_type.id) })
}

/// Writes an attribute: a scalar without `count`, else a list; `bytes` are its values.
pub(in crate::netcdf) fn write_attribute(
    object: &Handle,
    name: &CStr,
    of_type: &Handle,
    count: Option<usize>,
    bytes: &[u8],
) -> Result<()> {
    assert_eq!(
        bytes.len(),
        size_of(of_type) * count.unwrap_or(1),
        "the attribute's size"
    );
    let dims = count.map(|n| [n]);
    let space = space(dims.as_ref().map(|d| &d[..]))?;
    // SAFETY: all ids are open; the library reads as many bytes as type and space say, which are there (asserted).
    let attribute = Handle::new(H5Aclose, || unsafe {
        H5Acreate2(
            object.id,
            name.as_ptr(),
            of_type.id,
            space.id,
            H5P_DEFAULT,
            H5P_DEFAULT,
        )
    })?;
    call(|| unsafe { H5Awrite(attribute.id, of_type.id, bytes.as_ptr().cast()) })?;
    attribute.close()
}

/// How a data set is stored.
pub(in crate::netcdf) struct Storage<'a> {
    /// The shape of a chunk; contiguous without.
    pub(in crate::netcdf) chunk: Option<&'a [usize]>,
    /// Shuffle and deflate at this level, if not 0.
    pub(in crate::netcdf) deflate: u8,
    /// The value of what is never written.
    pub(in crate::netcdf) fill: Option<&'a [u8]>,
    /// Track the attributes' order, as netCDF wants it. Costs kilobytes an object once there are many attributes.
    pub(in crate::netcdf) tracked: bool,
}

/// Creates a data set below `parent`.
pub(in crate::netcdf) fn create_dataset(
    parent: &Handle,
    name: &CStr,
    of_type: &Handle,
    dims: &[usize],
    storage: &Storage<'_>,
) -> Result<Handle> {
    let space = space(Some(dims))?;
    // SAFETY: the class is the library's own; all ids are open; the values are of the documented ranges; chunk sizes
    // and fill value are read during the calls only, and are as long as the library will read (asserted).
    let list = Handle::new(H5Pclose, || unsafe {
        H5Pcreate(*globals::H5P_DATASET_CREATE)
    })?;
    call(|| unsafe { H5Pset_obj_track_times(list.id, 0) })?;
    if storage.tracked {
        call(|| unsafe { H5Pset_attr_creation_order(list.id, tracked()) })?;
    } else {
        call(|| unsafe { H5Pset_attr_phase_change(list.id, 4096, 0) })?;
    }
    if let Some(chunk) = storage.chunk {
        assert_eq!(
            chunk.len(),
            dims.len(),
            "a chunk has the data set's dimensions"
        );
        let chunk: Vec<hsize_t> = chunk.iter().map(|&n| n as hsize_t).collect();
        call(|| unsafe { H5Pset_chunk(list.id, chunk.len() as i32, chunk.as_ptr()) })?;
        if storage.deflate > 0 {
            call(|| unsafe { H5Pset_shuffle(list.id) })?;
            call(|| unsafe { H5Pset_deflate(list.id, c_uint::from(storage.deflate)) })?;
        }
    }
    if let Some(fill) = storage.fill {
        assert_eq!(fill.len(), size_of(of_type), "the fill value's size");
        call(|| unsafe { H5Pset_fill_value(list.id, of_type.id, fill.as_ptr().cast()) })?;
    }
    Handle::new(H5Dclose, || unsafe {
        H5Dcreate2(
            parent.id,
            name.as_ptr(),
            of_type.id,
            space.id,
            H5P_DEFAULT,
            list.id,
            H5P_DEFAULT,
        )
    })
}

fn points(dataset: &Handle) -> Result<usize> {
    // SAFETY: the id is an open data set, its space an open space.
    let space = Handle::new(H5Sclose, || unsafe { H5Dget_space(dataset.id) })?;
    let points = call(|| unsafe { H5Sget_simple_extent_npoints(space.id) })?;
    usize::try_from(points).map_err(|_| Error::Internal("a data set is too large".to_owned()))
}

/// Writes all values of a data set of numbers or compounds.
pub(in crate::netcdf) fn write(dataset: &Handle, of_type: &Handle, bytes: &[u8]) -> Result<()> {
    assert_eq!(
        bytes.len(),
        points(dataset)? * size_of(of_type),
        "the data's size"
    );
    assert!(
        !has_pointers(of_type)?,
        "text of variable length is written by write_texts"
    );
    // SAFETY: the ids are open; the library reads as many bytes as the data set's space and the type say, which are
    // there (asserted), and none of them is taken for a pointer (asserted).
    call(|| unsafe {
        H5Dwrite(
            dataset.id,
            of_type.id,
            H5S_ALL,
            H5S_ALL,
            H5P_DEFAULT,
            bytes.as_ptr().cast(),
        )
    })?;
    Ok(())
}

fn has_pointers(of_type: &Handle) -> Result<bool> {
    // SAFETY: the id is an open type. Compounds made here hold numbers and text of a fixed size only.
    Ok(
        sync(|| unsafe { H5Tget_class(of_type.id) }) == H5T_class_t::H5T_STRING
            && call(|| unsafe { H5Tis_variable_str(of_type.id) })? > 0,
    )
}

/// Writes all values of a data set of text of variable length.
pub(in crate::netcdf) fn write_texts(dataset: &Handle, texts: &[CString]) -> Result<()> {
    assert_eq!(texts.len(), points(dataset)?, "one text for each element");
    let of_type = text_type(None, true)?;
    let pointers: Vec<*const c_char> = texts.iter().map(|text| text.as_ptr()).collect();
    // SAFETY: the ids are open; there is a pointer to a living C string for each element (asserted).
    call(|| unsafe {
        H5Dwrite(
            dataset.id,
            of_type.id,
            H5S_ALL,
            H5S_ALL,
            H5P_DEFAULT,
            pointers.as_ptr().cast(),
        )
    })?;
    Ok(())
}

/// Offsets of a chunk as the library wants them: exactly one for each dimension.
fn chunk_offset(dataset: &Handle, offset: &[usize]) -> Result<Vec<hsize_t>> {
    // SAFETY: the id is an open data set, its space an open space.
    let space = Handle::new(H5Sclose, || unsafe { H5Dget_space(dataset.id) })?;
    let rank = call(|| unsafe { H5Sget_simple_extent_ndims(space.id) })?;
    if usize::try_from(rank) != Ok(offset.len()) {
        return Err(Error::Internal(format!(
            "{} offsets for {rank} dimensions",
            offset.len()
        )));
    }
    Ok(offset.iter().map(|&n| n as hsize_t).collect())
}

/// Writes one chunk that has been through the data set's filters already. `offset` counts elements.
pub(in crate::netcdf) fn write_chunk(
    dataset: &Handle,
    offset: &[usize],
    bytes: &[u8],
) -> Result<()> {
    let offset = chunk_offset(dataset, offset)?;
    // SAFETY: the id is open; there is an offset for each dimension (checked); `bytes` is as long as is said.
    call(|| unsafe {
        H5Dwrite_chunk(
            dataset.id,
            H5P_DEFAULT,
            0,
            offset.as_ptr(),
            bytes.len(),
            bytes.as_ptr().cast(),
        )
    })?;
    Ok(())
}

/// Makes the data set a dimension scale of this name.
pub(in crate::netcdf) fn set_scale(dataset: &Handle, name: &CStr) -> Result<()> {
    // SAFETY: the id is open, the name a C string.
    call(|| unsafe { H5DSset_scale(dataset.id, name.as_ptr()) })?;
    Ok(())
}

/// Makes `scale` the scale of the dimension `index` of the data set.
pub(in crate::netcdf) fn attach_scale(
    dataset: &Handle,
    scale: &Handle,
    index: usize,
) -> Result<()> {
    // SAFETY: the ids are open; the library checks the index.
    call(|| unsafe { H5DSattach_scale(dataset.id, scale.id, index as c_uint) })?;
    Ok(())
}
