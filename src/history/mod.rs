//! The past: what each run did, how results changed, what may be removed, and from all that how long another run would take.
//!
//! It knows results as the store has them, and nothing of how they are made. Only [`crate::cli`] may use it.

pub mod account;
pub mod difference;
pub mod gc;
pub mod prediction;
pub mod record;
