//! The words that all others speak: catchment, scenario, value, parameters, time axis, digest, machine, what was measured.
//!
//! Plain values. Nothing here opens a file; all wings use it, and it uses none.

pub mod catchment;
pub mod digest;
pub(crate) mod machine;
pub mod objective;
pub mod observed;
pub(crate) mod parameters;
pub(crate) mod record;
pub(crate) mod run_cost;
pub(crate) mod scenario;
pub(crate) mod shuffle;
pub(crate) mod size;
pub mod time_axis;
pub mod value;
