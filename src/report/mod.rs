//! Answers for people: why a catchment is fresh or stale, and what changed between two of its runs.
//!
//! It changes nothing and prints nothing; whatever it says of the past is in the store. Only [`crate::cli`] uses it.

pub(crate) mod text_diff;
pub(crate) mod why;
