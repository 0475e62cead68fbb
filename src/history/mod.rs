//! What was: what each run did, what is kept of it, and what another one would take.
//!
//! It knows results as the store has them and nothing of how they come about. Only [`crate::cli`] may use it.

pub mod account;
pub mod difference;
pub mod gc;
pub mod prediction;
pub mod record;
