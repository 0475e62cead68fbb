//! What HDF5 stores in place of data: links to other objects and files, the mappings of virtual datasets, filters' names.
//!
//! The `hdf5` crate tells that a link is external but not where it leads, and knows regular selections only. This file has
//! just those calls, made safe; [`crate::inputs::links`] makes sense of them.

use std::ffi::{CStr, CString, OsString, c_char, c_int, c_void};
use std::os::unix::ffi::OsStringExt;

use hdf5::dataset::DatasetCreate;
use hdf5::{Dataspace, File};
use hdf5_sys::h5::hsize_t;
use hdf5_sys::h5i::hid_t;
use hdf5_sys::h5l::{H5L_info2_t, H5Lget_info2, H5Lget_val, H5Lunpack_elink_val};
use hdf5_sys::h5p::{
    H5P_DEFAULT, H5Pget_filter2, H5Pget_nfilters, H5Pget_virtual_count, H5Pget_virtual_dsetname,
    H5Pget_virtual_filename, H5Pget_virtual_srcspace, H5Pget_virtual_vspace,
};
use hdf5_sys::h5s::{
    H5S_sel_type, H5S_seloper_t, H5Sget_regular_hyperslab, H5Sget_select_type,
    H5Sis_regular_hyperslab, H5Smodify_select, H5Sselect_copy, H5Sselect_hyperslab,
};
use hdf5_sys::h5z::H5Zfilter_avail;

/// Where a link leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// To an object of the same file.
    Hard,
    /// To whatever has this path in the same file.
    Soft(String),
    /// To an object of another file.
    External {
        /// The file's name as it is stored.
        file: OsString,
        /// The object's path there.
        object: String,
    },
    /// A kind of link that only the program that made it understands.
    Foreign,
}

/// `H5L_info2_t` with its kind as a plain number: programs may define kinds of their own, which the bindings' enumeration
/// has not.
#[repr(C)]
#[derive(Default)]
struct LinkInfo {
    kind: c_int,
    order_is_valid: bool,
    order: i64,
    encoding: c_int,
    /// The length of the value, or an object's token of 16 bytes.
    size_or_token: [u64; 2],
}

const _: () = assert!(size_of::<LinkInfo>() >= size_of::<H5L_info2_t>());

/// The link of this path from the root; an error if there is none.
#[allow(unsafe_code)]
pub(crate) fn link(file: &File, path: &str) -> hdf5::Result<Link> {
    let name = CString::new(path).map_err(|_| "the name of a link has a NUL in it")?;
    let mut info = LinkInfo::default();
    hdf5::sync::sync(|| {
        // SAFETY: the id is open for the length of the call and the lock is held; the name ends with a NUL; `info` is laid out
        // as the library's structure and is no smaller.
        hdf5::h5check(unsafe {
            H5Lget_info2(
                file.id(),
                name.as_ptr(),
                (&raw mut info).cast::<H5L_info2_t>(),
                H5P_DEFAULT,
            )
        })?;
        let (hard, soft, external) = (0, 1, 64);
        if ![soft, external].contains(&info.kind) {
            return Ok(if info.kind == hard {
                Link::Hard
            } else {
                Link::Foreign
            });
        }
        let size = usize::try_from(info.size_or_token[0]).map_err(|_| "a link is too long")?;
        let mut value = vec![0_u8; size + 1];
        // SAFETY: as above; the library writes at most `size` bytes, and one more is there, a NUL for certain.
        hdf5::h5check(unsafe {
            H5Lget_val(
                file.id(),
                name.as_ptr(),
                value.as_mut_ptr().cast::<c_void>(),
                size,
                H5P_DEFAULT,
            )
        })?;
        if info.kind == soft {
            return Ok(Link::Soft(text(before_nul(&value))?));
        }
        let (mut flags, mut target, mut object) = (0, std::ptr::null(), std::ptr::null());
        // SAFETY: the value is the one of an external link as the library handed it out, `size` bytes; what comes back points
        // into it, at texts whose NULs it checks to lie within.
        let (target, object) = unsafe {
            hdf5::h5check(H5Lunpack_elink_val(
                value.as_ptr().cast::<c_void>(),
                size,
                &raw mut flags,
                &raw mut target,
                &raw mut object,
            ))?;
            (CStr::from_ptr(target), CStr::from_ptr(object))
        };
        Ok(Link::External {
            file: OsString::from_vec(target.to_bytes().to_vec()),
            object: text(object.to_bytes())?,
        })
    })
}

/// One mapping of a virtual dataset: these elements are those of another dataset.
#[derive(Debug)]
pub(crate) struct VirtualMapping {
    /// The source file's name as it is stored, `.` for the same file.
    pub file: OsString,
    /// The source dataset's path there.
    pub dataset: String,
    /// Which elements of the virtual dataset.
    pub target: Dataspace,
    /// Which elements of the source.
    pub source: Dataspace,
}

/// The mappings of a virtual dataset.
#[allow(unsafe_code)]
pub(crate) fn mappings(plist: &DatasetCreate) -> hdf5::Result<Vec<VirtualMapping>> {
    let id = plist.id();
    hdf5::sync::sync(|| {
        let mut count = 0;
        // SAFETY: the id is open for the length of the call and the lock is held; the outcome goes to a live variable.
        hdf5::h5check(unsafe { H5Pget_virtual_count(id, &raw mut count) })?;
        let mapping = |index| {
            // SAFETY: as above, and the index is below the count. The texts are written to buffers of the size that is passed
            // along; each data space is a new one, whose id is handed to its only owner.
            unsafe {
                Ok(VirtualMapping {
                    file: OsString::from_vec(sized(|buffer, size| {
                        H5Pget_virtual_filename(id, index, buffer, size)
                    })?),
                    dataset: text(&sized(|buffer, size| {
                        H5Pget_virtual_dsetname(id, index, buffer, size)
                    })?)?,
                    target: hdf5::from_id(H5Pget_virtual_vspace(id, index))?,
                    source: hdf5::from_id(H5Pget_virtual_srcspace(id, index))?,
                })
            }
        };
        (0..count).map(mapping).collect()
    })
}

/// Whether a selection is no selection: all elements, as many as there are.
#[allow(unsafe_code)]
pub(crate) fn is_all(selection: &Dataspace) -> bool {
    // SAFETY: the id is open for the length of the call and the lock is held.
    let kind = hdf5::sync::sync(|| unsafe { H5Sget_select_type(selection.id()) });
    kind == H5S_sel_type::H5S_SEL_ALL
}

/// How many blocks of a selection that has no end begin within this extent; `None` if it has one.
pub(crate) fn blocks(selection: &Dataspace, extent: &[usize]) -> Option<u64> {
    let slab = hdf5::sync::sync(|| Slab::of(selection))?;
    let axis = slab.endless()?;
    Some(slab.blocks_below(axis, *extent.get(axis)? as u64))
}

/// What of a selection lies within an extent; `None` if nothing does.
#[allow(unsafe_code)]
pub(crate) fn within(selection: &Dataspace, extent: &[usize]) -> hdf5::Result<Option<Dataspace>> {
    if selection.ndim() != extent.len() {
        return Err("the number of dimensions differs".into());
    }
    if extent.contains(&0) {
        return Ok(None);
    }
    let (found, whole) = (Dataspace::try_new(extent)?, Dataspace::try_new(extent)?);
    hdf5::sync::sync(|| {
        Slab::all(extent).select(&whole)?;
        // SAFETY: the ids are open for the length of the calls and the lock is held. Both spaces have as many dimensions.
        unsafe {
            match H5Sget_select_type(selection.id()) {
                H5S_sel_type::H5S_SEL_ALL => Slab::all(&selection.shape()).select(&found)?,
                H5S_sel_type::H5S_SEL_HYPERSLABS => match Slab::of(selection) {
                    Some(mut slab) => {
                        if let Some(axis) = slab.endless() {
                            slab.end(axis, extent[axis] as u64);
                        }
                        if slab.count.contains(&0) {
                            return Ok(None);
                        }
                        slab.select(&found)?;
                    }
                    None => {
                        hdf5::h5check(H5Sselect_copy(found.id(), selection.id()))?;
                    }
                },
                _ => return Err("a selection of a kind that virtual datasets do not have".into()),
            }
            let and = H5S_seloper_t::H5S_SELECT_AND;
            hdf5::h5check(H5Smodify_select(found.id(), and, whole.id()))?;
        }
        Ok(Some(found))
    })
}

/// Adds the elements of one selection to another; both come from [`within`], with the same extent.
#[allow(unsafe_code)]
pub(crate) fn add(to: &Dataspace, selection: &Dataspace) -> hdf5::Result<()> {
    hdf5::sync::sync(|| {
        let or = H5S_seloper_t::H5S_SELECT_OR;
        // SAFETY: both ids are open for the length of the call and the lock is held.
        hdf5::h5check(unsafe { H5Smodify_select(to.id(), or, selection.id()) })?;
        Ok(())
    })
}

/// A regular selection: blocks at even distances along each axis.
struct Slab {
    start: Vec<hsize_t>,
    stride: Vec<hsize_t>,
    count: Vec<hsize_t>,
    block: Vec<hsize_t>,
}

/// What stands for a count or a block without an end (`H5S_UNLIMITED`).
const ENDLESS: hsize_t = hsize_t::MAX;

impl Slab {
    /// A box that begins at the first element.
    fn all(extent: &[usize]) -> Self {
        Self {
            start: vec![0; extent.len()],
            stride: vec![1; extent.len()],
            count: vec![1; extent.len()],
            block: extent.iter().map(|&length| length as hsize_t).collect(),
        }
    }

    /// A selection's; `None` if it is not regular. The caller must hold the library's lock.
    #[allow(unsafe_code)]
    fn of(selection: &Dataspace) -> Option<Self> {
        let mut slab = Self::all(&selection.shape());
        // SAFETY: the id is open for the length of the calls and the lock is held; each of the four has an element for each
        // dimension.
        let found = unsafe {
            H5Sget_select_type(selection.id()) == H5S_sel_type::H5S_SEL_HYPERSLABS
                && H5Sis_regular_hyperslab(selection.id()) > 0
                && H5Sget_regular_hyperslab(
                    selection.id(),
                    slab.start.as_mut_ptr(),
                    slab.stride.as_mut_ptr(),
                    slab.count.as_mut_ptr(),
                    slab.block.as_mut_ptr(),
                ) >= 0
        };
        found.then_some(slab)
    }

    fn endless(&self) -> Option<usize> {
        let endless = |&axis: &usize| self.count[axis] == ENDLESS || self.block[axis] == ENDLESS;
        (0..self.count.len()).find(endless)
    }

    fn blocks_below(&self, axis: usize, end: u64) -> u64 {
        let length = end.saturating_sub(self.start[axis]);
        match self.block[axis] {
            ENDLESS => u64::from(length > 0),
            _ => length.div_ceil(self.stride[axis].max(1)),
        }
    }

    /// Lets an endless axis end here.
    fn end(&mut self, axis: usize, end: u64) {
        self.count[axis] = self.blocks_below(axis, end);
        if self.block[axis] == ENDLESS {
            self.block[axis] = end.saturating_sub(self.start[axis]);
        }
    }

    /// Makes it the selection of a space with as many dimensions. The caller must hold the library's lock.
    #[allow(unsafe_code)]
    fn select(&self, space: &Dataspace) -> hdf5::Result<()> {
        if space.ndim() != self.start.len() {
            return Err("the number of dimensions differs".into());
        }
        // SAFETY: the id is open for the length of the call and the lock is held; each of the four has an element for each
        // dimension, as was checked.
        hdf5::h5check(unsafe {
            H5Sselect_hyperslab(
                space.id(),
                H5S_seloper_t::H5S_SELECT_SET,
                self.start.as_ptr(),
                self.stride.as_ptr(),
                self.count.as_ptr(),
                self.block.as_ptr(),
            )
        })?;
        Ok(())
    }
}

/// A filter that a dataset needs and that is not available.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MissingFilter {
    /// Its number, with its name as the file has it. A plugin would bring it.
    Unknown(String),
    /// Blosc is built in, without this one of its compressors, so that no plugin for it is looked for.
    BloscSnappy,
}

/// Blosc's number among HDF5's filters, the place among its parameters where its compressor is said, and Snappy's number there.
const BLOSC: i32 = 32001;
const COMPRESSOR: usize = 6;
const SNAPPY: u32 = 3;

/// The first filter that a dataset needs and that is not available.
#[allow(unsafe_code)]
pub(crate) fn missing_filter(plist: &DatasetCreate) -> hdf5::Result<Option<MissingFilter>> {
    let id: hid_t = plist.id();
    hdf5::sync::sync(|| {
        // SAFETY: the id is open for the length of the calls and the lock is held. The filter's parameters and its name go to
        // buffers of the sizes that are passed along; the name ends with a NUL because one byte more is there.
        unsafe {
            for index in 0..u32::try_from(H5Pget_nfilters(id)).unwrap_or(0) {
                let (mut flags, mut config) = (0, 0);
                let mut parameters = [0; COMPRESSOR + 1];
                let mut count = parameters.len();
                let mut name = [0_u8; 257];
                let number = hdf5::h5check(H5Pget_filter2(
                    id,
                    index,
                    &raw mut flags,
                    &raw mut count,
                    parameters.as_mut_ptr(),
                    name.len() - 1,
                    name.as_mut_ptr().cast::<c_char>(),
                    &raw mut config,
                ))?;
                if H5Zfilter_avail(number) <= 0 {
                    return Ok(Some(MissingFilter::Unknown(match before_nul(&name) {
                        [] => number.to_string(),
                        name => format!("{number} ({})", String::from_utf8_lossy(name)),
                    })));
                }
                if number == BLOSC && count > COMPRESSOR && parameters[COMPRESSOR] == SNAPPY {
                    return Ok(Some(MissingFilter::BloscSnappy));
                }
            }
        }
        Ok(None)
    })
}

/// A text whose length a function tells when it is given no buffer.
fn sized(mut get: impl FnMut(*mut c_char, usize) -> isize) -> hdf5::Result<Vec<u8>> {
    let length = get(std::ptr::null_mut(), 0);
    let length = usize::try_from(length).map_err(|_| "a name can't be read")?;
    let mut bytes = vec![0_u8; length + 1];
    get(bytes.as_mut_ptr().cast::<c_char>(), bytes.len());
    Ok(before_nul(&bytes).to_vec())
}

fn before_nul(bytes: &[u8]) -> &[u8] {
    &bytes[..memchr::memchr(0, bytes).unwrap_or(bytes.len())]
}

fn text(bytes: &[u8]) -> hdf5::Result<String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "the name of an object is no UTF-8")?;
    Ok(text.to_owned())
}
