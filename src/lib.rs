//! The library behind the `rerunoff` command.

pub mod catchment;
pub mod digest;
pub mod expr;
pub mod format;
pub mod output;
pub mod series_table;
pub mod template;
pub mod time_axis;
pub mod value;
pub mod xml;
