//! The library behind the `rerunoff` command.

pub mod catchment;
pub mod codec;
pub mod digest;
pub mod example;
pub mod expr;
pub mod filesystem;
pub mod format;
pub mod inputs;
pub mod lock;
pub mod netcdf;
pub mod output;
pub mod process;
pub mod product;
pub mod series_table;
pub mod stamp;
pub mod store;
pub mod tables;
pub mod template;
pub mod time_axis;
pub mod value;
pub mod xml;
