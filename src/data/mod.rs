//! The words that all others speak: catchment, scenario, value, parameters, time axis, digest.
//!
//! Plain values. Nothing here opens a file; all wings use it, and it uses none.

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
