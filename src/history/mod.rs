//! What runs did, what another one will take, how two snapshots differ, and what may be deleted.
//!
//! It knows results as the store has them and nothing of how they come about. Only [`crate::cli`] uses it.

pub mod account;
pub mod difference;
pub mod gc;
pub mod prediction;
pub mod record;
