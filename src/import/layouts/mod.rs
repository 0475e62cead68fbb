//! The layouts of series that people have: wide tables, long tables, a file for each catchment.
//!
//! Each tells which catchments it has and then hands on [`values`](crate::import::layouts::values), to be fetched by catchment.

pub(super) mod files;
pub(super) mod ids;
pub(super) mod long;
pub(super) mod reading;
pub(super) mod staged;
pub(super) mod values;
pub(super) mod wide;
