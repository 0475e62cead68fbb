//! The words that all others speak: catchment, scenario, value, parameters, time steps, digest.
//!
//! Plain values. Nothing here opens a file, and nothing below it is of this project.

pub mod catchment;
pub mod digest;
pub mod parameters;
pub mod record;
pub mod run_cost;
pub mod scenario;
pub mod shuffle;
pub mod size;
pub mod time_axis;
pub mod value;
