//! The library behind the `rerunoff` command.

pub mod catchment;
pub mod codec;
pub mod digest;
pub mod filesystem;
pub mod inputs;
pub mod lock;
pub mod process;
pub mod stamp;
pub mod store;
pub mod tables;
pub mod time_axis;
pub mod value;
