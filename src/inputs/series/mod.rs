//! Reads the series of many catchments out of one array, whose chunks may span all of them.
//!
//! It knows positions in an array and slots in a block, not catchments.

pub(super) mod slabs;
pub(super) mod staging;
