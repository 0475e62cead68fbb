//! The few calls of the HDF5 C library with which this crate's files are made, behind safe functions.
//!
//! The `hdf5` crate's own builders hide what a reproducible NetCDF-4 file needs: dimension scales, chunks written as they
//! are, error-checked closing, bounds of the file format. So these calls are made directly, each under that crate's global
//! lock, and nothing outside of this module is unsafe. It knows handles, types and bytes; not what they mean.
//!
//! All numbers are passed as little-endian bytes with little-endian types, so no conversion ever takes place.

#![allow(unsafe_code)]

pub(super) mod dataset;
pub(super) mod driver;
pub(super) mod read;

use std::ffi::{CStr, CString, c_uint};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use hdf5::sync::sync;
use hdf5::{Error, Result, globals};
use hdf5_sys::h5::{herr_t, hsize_t};
use hdf5_sys::h5a::{H5Aclose, H5Acreate2, H5Awrite};
use hdf5_sys::h5ac::{H5AC__CURR_CACHE_CONFIG_VERSION, H5AC_cache_config_t};
use hdf5_sys::h5c::{H5C_cache_decr_mode, H5C_cache_flash_incr_mode, H5C_cache_incr_mode};
use hdf5_sys::h5f::{H5F_ACC_TRUNC, H5F_close_degree_t, H5F_libver_t, H5Fclose, H5Fcreate};
use hdf5_sys::h5g::{H5Gclose, H5Gcreate2};
use hdf5_sys::h5i::hid_t;
use hdf5_sys::h5p::{
    H5P_CRT_ORDER_INDEXED, H5P_CRT_ORDER_TRACKED, H5P_DEFAULT, H5Pclose, H5Pcreate,
    H5Pget_mdc_config, H5Pset_attr_creation_order, H5Pset_fclose_degree, H5Pset_file_locking,
    H5Pset_libver_bounds, H5Pset_link_creation_order, H5Pset_mdc_config, H5Pset_obj_track_times,
};
use hdf5_sys::h5s::{H5S_UNLIMITED, H5S_class_t, H5Sclose, H5Screate, H5Screate_simple};
use hdf5_sys::h5t::{
    H5T_VARIABLE, H5T_class_t, H5T_cset_t, H5T_str_t, H5Tclose, H5Tcopy, H5Tcreate, H5Tget_size,
    H5Tinsert, H5Tset_cset, H5Tset_size, H5Tset_strpad,
};

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

/// An open HDF5 object, closed when dropped; [`Handle::close`] also reports whether that went well.
pub(in crate::netcdf) struct Handle {
    id: hid_t,
    closer: unsafe extern "C" fn(hid_t) -> herr_t,
}

impl Handle {
    /// Opens an object with `open`; `closer` closes it.
    fn new(
        closer: unsafe extern "C" fn(hid_t) -> herr_t,
        open: impl FnOnce() -> hid_t,
    ) -> Result<Self> {
        Ok(Self {
            id: call(open)?,
            closer,
        })
    }

    /// Closes the object and reports errors, such as a full disk.
    pub(in crate::netcdf) fn close(self) -> Result<()> {
        let this = std::mem::ManuallyDrop::new(self);
        // SAFETY: the id is open, belongs to `this` alone and is not used again: `drop` will not run.
        call(|| unsafe { (this.closer)(this.id) })?;
        Ok(())
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: the id is open and nobody can use it after this. An error here can't be reported; a caller
        // that wants it has called `close`.
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

/// Memory for the library's metadata of a file, in bytes: its index of chunks, 24 bytes each.
const INDEX: usize = 32 << 20;

/// Has the library keep its index of chunks in memory.
///
/// Chunks come in another order than that of the index, so each is on another of its pages than the one before. Pages that do
/// not fit are encoded, written, read and decoded again and again, which for 18,000 catchments takes as long as everything else
/// that the library does.
fn keep_index(access: &Handle) -> Result<()> {
    let mut config = H5AC_cache_config_t {
        version: H5AC__CURR_CACHE_CONFIG_VERSION,
        ..Default::default()
    };
    // SAFETY: the list is an open one of file access, the configuration alive, of the library's type and version.
    call(|| unsafe { H5Pget_mdc_config(access.id, &mut config) })?;
    config.set_initial_size = 1;
    config.initial_size = INDEX;
    config.max_size = INDEX;
    config.incr_mode = H5C_cache_incr_mode::H5C_incr__off;
    config.flash_incr_mode = H5C_cache_flash_incr_mode::H5C_flash_incr__off;
    config.decr_mode = H5C_cache_decr_mode::H5C_decr__off;
    call(|| unsafe { H5Pset_mdc_config(access.id, &config) })?;
    Ok(())
}

/// Empties an existing file and makes it an HDF5 file; creation order is tracked so that netCDF can append to it later.
pub(in crate::netcdf) fn create_file(path: &Path) -> Result<Handle> {
    let access = access()?;
    driver::set(&access, path)?;
    keep_index(&access)?;
    let path = c_path(path)?;
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

/// The type of text: of `size` bytes (at least 1), or of variable length.
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

/// A data space of these dimensions, or of one value; `grows`: of which the first is unlimited.
fn space(dims: Option<&[usize]>, grows: bool) -> Result<Handle> {
    let Some(dims) = dims else {
        // SAFETY: the class is a valid one.
        return Handle::new(H5Sclose, || unsafe { H5Screate(H5S_class_t::H5S_SCALAR) });
    };
    let dims: Vec<hsize_t> = dims.iter().map(|&n| n as hsize_t).collect();
    let mut most = dims.clone();
    if let Some(first) = most.first_mut().filter(|_| grows) {
        *first = H5S_UNLIMITED;
    }
    // SAFETY: both hold as many sizes as is said and outlive the call.
    Handle::new(H5Sclose, || unsafe {
        H5Screate_simple(dims.len() as i32, dims.as_ptr(), most.as_ptr())
    })
}

fn size_of(of_type: &Handle) -> usize {
    // SAFETY: the id is an open type.
    sync(|| unsafe { H5Tget_size(of_type.id) })
}

/// Writes an attribute: a list of `count` values, or a scalar; `bytes` are its values.
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
    let space = space(dims.as_ref().map(|d| &d[..]), false)?;
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
