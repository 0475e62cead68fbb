//! How values are got out of HDF5 files: objects of any type, and chunks as they are stored.
//!
//! What the values mean is for others, which read classic netCDF in the same terms.

pub(super) mod chunks;
pub(super) mod types;
