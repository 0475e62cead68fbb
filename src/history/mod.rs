//! What runs did, what another one will take, how two snapshots differ, and what may be deleted.
//!
//! It knows results as the store has them and nothing of how they come about. [`crate::page`] and [`crate::cli`] use it.

pub(crate) mod account;
pub(crate) mod difference;
pub(crate) mod gc;
pub(crate) mod prediction;
pub(crate) mod record;
pub(crate) mod values;
