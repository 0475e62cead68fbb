//! The two layouts of input files: arrays of time and catchment, and a group for each catchment.

pub(super) mod arrays;
pub(super) mod groups;
mod identify;
