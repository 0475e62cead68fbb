//! The library behind the `rerunoff` command.

pub mod catchment;
pub mod digest;
pub mod format;
pub mod template;
pub mod time_axis;
pub mod value;
pub mod xml;
