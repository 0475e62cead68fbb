//! Answers for people: why a catchment is fresh or stale, and what changed between two of its runs.
//!
//! It changes nothing, and whatever it tells of the past was stored before. Only [`crate::cli`] may use it.

pub mod text_diff;
pub mod why;
