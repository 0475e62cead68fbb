//! A file driver that writes as the library's own does, except for chunks: of these it only finds out where they belong.
//!
//! The library writes a file one chunk after the other, on one thread, under its lock. Chunks are nearly all of a product,
//! and most of them are adjacent in another file already. So the bytes of chunks bypass the library, megabytes at a time,
//! and [`place_chunk`] makes it assign their place and record it in its index.
//!
//! To this end one function in a copy of its POSIX driver's class, `sec2`, is replaced (HDF5's `H5FDdevelop.h`,
//! `H5FD_class_t`, version 1). The file is the same to the byte.

use std::cell::Cell;
use std::ffi::{c_char, c_int, c_uint, c_void};
use std::path::Path;
use std::ptr::null;
use std::sync::OnceLock;

use hdf5::sync::sync;
use hdf5::{Error, Result, globals};
use hdf5_sys::h5::{HADDR_UNDEF, haddr_t, herr_t};
use hdf5_sys::h5d::H5Dwrite_chunk;
use hdf5_sys::h5f::H5F_ACC_RDONLY;
use hdf5_sys::h5fd::{H5FDclose, H5FDopen, H5FDregister};
use hdf5_sys::h5i::hid_t;
use hdf5_sys::h5p::{H5P_DEFAULT, H5Pclose, H5Pcreate, H5Pset_driver, H5Pset_fapl_sec2};

use super::dataset::chunk_offset;
use super::{Handle, c_path, call};

/// The version of `H5FD_class_t` that [`Class`] mirrors.
const CLASS_VERSION: c_uint = 1;

/// A number for private use (`H5FDpublic.h`: those below 256 are the library's, from 512 on they are registered).
const VALUE: c_int = 511;

type Write =
    unsafe extern "C" fn(*mut OpenFile, c_int, hid_t, haddr_t, usize, *const c_void) -> herr_t;

/// `H5FD_class_t`. What is not used here is only carried along.
#[repr(C)]
#[derive(Clone, Copy)]
struct Class {
    version: c_uint,
    value: c_int,
    name: *const c_char,
    max_address: haddr_t,
    close_degree: c_int,
    /// From `terminate` to `read`.
    before: [*const c_void; 23],
    write: Option<Write>,
    /// From `read_vector` to `ctl`.
    after: [*const c_void; 10],
    free_lists: [c_int; 7],
}

/// The beginning of `H5FD_t`, an open file.
#[repr(C)]
struct OpenFile {
    driver: hid_t,
    class: *const Class,
}

/// What a thread asks of the library's next write.
#[derive(Clone, Copy)]
enum Wanted {
    Nothing,
    /// The place of these bytes, which are not to be written.
    Place(*const c_void),
    /// They were left out here.
    Found(haddr_t),
}

/// Stands for the bytes of a chunk, unless that is longer.
static BLANK: [u8; 1 << 16] = [0; 1 << 16];

thread_local! {
    static WANTED: Cell<Wanted> = const { Cell::new(Wanted::Nothing) };
}

/// How `sec2` writes, once the driver is registered.
static SEC2_WRITE: OnceLock<Write> = OnceLock::new();

/// The driver's id.
static DRIVER: OnceLock<hid_t> = OnceLock::new();

/// Writes as `sec2` does, unless it is a chunk whose place is asked for.
///
/// # Safety
/// As the library calls it: for an open file of this driver, whose beginning `sec2` has made, with `size` readable bytes.
unsafe extern "C" fn write(
    file: *mut OpenFile,
    kind: c_int,
    transfer: hid_t,
    address: haddr_t,
    size: usize,
    bytes: *const c_void,
) -> herr_t {
    // The library may also write what it has kept back until now.
    if let Wanted::Place(blank) = WANTED.get()
        && blank == bytes
    {
        WANTED.set(Wanted::Found(address));
        return 0;
    }
    match SEC2_WRITE.get() {
        // SAFETY: all arguments are handed through to the driver that they are meant for.
        Some(write) => unsafe { write(file, kind, transfer, address, size, bytes) },
        None => -1,
    }
}

/// Has the driver write the files that are opened by this access list. `path` is any file that can be read.
pub(super) fn set(access: &Handle, path: &Path) -> Result<()> {
    let driver = driver(path)?;
    // SAFETY: the ids are open; the driver has no settings.
    call(|| unsafe { H5Pset_driver(access.id, driver, null()) })?;
    Ok(())
}

/// The driver's id. The driver is registered on first use, from the class of a file that `sec2` has opened.
fn driver(path: &Path) -> Result<hid_t> {
    let path = c_path(path)?;
    sync(|| {
        if let Some(driver) = DRIVER.get() {
            return Ok(*driver);
        }
        // SAFETY: the list's class is the library's own, the path a C string that outlives the call. An open file begins as
        // `OpenFile` says in every version that has had `H5FD_t`, and its class stays where it is. It is read as `Class` only if it is
        // of the version that `Class` mirrors, of which the version is the first field. The file is closed once.
        let sec2 = unsafe {
            let list = Handle::new(H5Pclose, || H5Pcreate(*globals::H5P_FILE_ACCESS))?;
            call(|| H5Pset_fapl_sec2(list.id))?;
            let file = H5FDopen(path.as_ptr(), H5F_ACC_RDONLY, list.id, HADDR_UNDEF);
            if file.is_null() {
                return Err(Error::query()?);
            }
            let class = (*file.cast::<OpenFile>()).class;
            let found = (*class.cast::<c_uint>() == CLASS_VERSION).then(|| *class);
            call(|| H5FDclose(file))?;
            found
        };
        let sec2 = sec2.ok_or("the HDF5 library is of another version")?;
        let original = sec2.write.ok_or("the HDF5 library can't write")?;
        let class = Class {
            value: VALUE,
            name: c"rerunoff".as_ptr(),
            write: Some(write),
            ..sec2
        };
        SEC2_WRITE.get_or_init(|| original);
        // SAFETY: the class is a whole one, its functions `sec2`'s and `write`; the library copies it, and the name lives for ever.
        let id = call(|| unsafe { H5FDregister((&raw const class).cast()) })?;
        Ok(*DRIVER.get_or_init(|| id))
    })
}

/// Has the library record in its index that the chunk whose first element is at `offset`, counted in elements, takes
/// `length` bytes, at least 1, that have been through the data set's filters already. Returns their place in the file; the
/// caller has to write them there.
///
/// The data set is in a file of [`super::create_file`], and the chunk has not been written before.
pub(in crate::netcdf) fn place_chunk(
    dataset: &Handle,
    offset: &[usize],
    length: usize,
) -> Result<u64> {
    let offset = chunk_offset(dataset, offset)?;
    let long;
    let blank = match BLANK.get(..length) {
        Some(blank) => blank,
        None => {
            long = vec![0; length];
            &long[..]
        }
    };
    sync(|| {
        WANTED.set(Wanted::Place(blank.as_ptr().cast()));
        // SAFETY: the id is open; there is an offset for each dimension (checked); `blank` is as long as is said.
        let outcome = call(|| unsafe {
            H5Dwrite_chunk(
                dataset.id,
                H5P_DEFAULT,
                0,
                offset.as_ptr(),
                length,
                blank.as_ptr().cast(),
            )
        });
        let found = WANTED.replace(Wanted::Nothing);
        outcome?;
        match found {
            Wanted::Found(address) => Ok(address),
            _ => Err("a chunk was given no place".into()),
        }
    })
}
