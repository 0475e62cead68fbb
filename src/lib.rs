//! The library behind the `rerunoff` command.

pub mod catchment;
pub mod digest;
pub mod example;
pub mod netcdf;
pub mod product;
pub mod time_axis;
pub mod value;
