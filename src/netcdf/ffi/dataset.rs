//! Creating data sets, writing their values, and making them dimension scales.

use std::ffi::{CStr, CString, c_char, c_uint};

use hdf5::sync::sync;
use hdf5::{Error, Result, globals};
use hdf5_sys::h5::{HADDR_UNDEF, herr_t, hsize_t};
use hdf5_sys::h5a::H5Adelete;
use hdf5_sys::h5d::{
    H5D_alloc_time_t, H5D_fill_time_t, H5Dclose, H5Dcreate2, H5Dget_offset, H5Dget_space, H5Dwrite,
};
use hdf5_sys::h5i::hid_t;
use hdf5_sys::h5p::{
    H5P_DEFAULT, H5Pclose, H5Pcreate, H5Pset_alloc_time, H5Pset_attr_creation_order,
    H5Pset_attr_phase_change, H5Pset_chunk, H5Pset_deflate, H5Pset_fill_time, H5Pset_fill_value,
    H5Pset_obj_track_times, H5Pset_shuffle,
};
use hdf5_sys::h5s::{H5S_ALL, H5Sclose, H5Sget_simple_extent_ndims, H5Sget_simple_extent_npoints};
use hdf5_sys::h5t::{H5T_class_t, H5Tget_class, H5Tis_variable_str};

use super::{Handle, call, size_of, space, text_type, tracked, write_attribute};

/// The attribute by which a data set is a dimension scale, and what it says.
const SCALE_MARK: &CStr = c"CLASS";
const SCALE: &[u8] = b"DIMENSION_SCALE\0";

// The high-level library is linked (feature `hl`) but has no bindings.
unsafe extern "C" {
    fn H5DSset_scale(dataset: hid_t, name: *const c_char) -> herr_t;
    fn H5DSattach_scale(dataset: hid_t, scale: hid_t, index: c_uint) -> herr_t;
}

/// How a data set is stored.
pub(in crate::netcdf) struct Storage<'a> {
    /// The shape of a chunk; `None` for a contiguous one.
    pub(in crate::netcdf) chunk: Option<&'a [usize]>,
    /// Shuffle and deflate at this level, if not 0.
    pub(in crate::netcdf) deflate: u8,
    /// The value of elements that are never written.
    pub(in crate::netcdf) fill: Option<&'a [u8]>,
    /// For contiguous ones: allocate its place in the file at once, without values; [`place`] returns it.
    pub(in crate::netcdf) contiguous: bool,
    /// Whether it may grow along its first dimension, which needs chunks.
    pub(in crate::netcdf) grows: bool,
    /// Track the attributes' order, as netCDF wants it. Costs kilobytes per object once there are many attributes.
    pub(in crate::netcdf) tracked: bool,
}

impl Storage<'_> {
    /// A contiguous data set that is written at once.
    pub(in crate::netcdf) fn plain(tracked: bool) -> Self {
        Self {
            chunk: None,
            deflate: 0,
            fill: None,
            contiguous: false,
            grows: false,
            tracked,
        }
    }
}

/// Creates a data set below `parent`.
pub(in crate::netcdf) fn create_dataset(
    parent: &Handle,
    name: &CStr,
    of_type: &Handle,
    dims: &[usize],
    storage: &Storage<'_>,
) -> Result<Handle> {
    let space = space(Some(dims), storage.grows)?;
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
    if storage.contiguous {
        let (early, never) = (
            H5D_alloc_time_t::H5D_ALLOC_TIME_EARLY,
            H5D_fill_time_t::H5D_FILL_TIME_NEVER,
        );
        call(|| unsafe { H5Pset_alloc_time(list.id, early) })?;
        call(|| unsafe { H5Pset_fill_time(list.id, never) })?;
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

pub(super) fn points(dataset: &Handle) -> Result<usize> {
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

pub(super) fn has_pointers(of_type: &Handle) -> Result<bool> {
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

/// The offset of a chunk as the library wants it: exactly one number for each dimension.
pub(super) fn chunk_offset(dataset: &Handle, offset: &[usize]) -> Result<Vec<hsize_t>> {
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

/// Where in the file the values of a data set that was created as contiguous begin, in bytes.
pub(in crate::netcdf) fn place(dataset: &Handle) -> Result<u64> {
    // SAFETY: the id is an open data set.
    let offset = sync(|| unsafe { H5Dget_offset(dataset.id) });
    if offset == HADDR_UNDEF {
        return Err(Error::Internal("a data set has no place".to_owned()));
    }
    Ok(offset)
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

/// Makes `scale` the scale of the dimension `index` of a data set that is a scale itself.
///
/// netCDF's library writes such coordinates of several dimensions without it; readers that go by HDF5's scales alone, as kerchunk and
/// VirtualiZarr do, then take all dimensions for one.
pub(in crate::netcdf) fn attach_to_scale(
    dataset: &Handle,
    scale: &Handle,
    index: usize,
) -> Result<()> {
    // The high-level library refuses it while the mark of scales is there.
    // SAFETY: the id is open, the name a C string.
    call(|| unsafe { H5Adelete(dataset.id, SCALE_MARK.as_ptr()) })?;
    attach_scale(dataset, scale, index)?;
    let of_type = text_type(Some(SCALE.len()), false)?;
    write_attribute(dataset, SCALE_MARK, &of_type, None, SCALE)
}
