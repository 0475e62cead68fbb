//! Answers for people: why a catchment is fresh or stale, what changed between two of its runs, and what that looks like.
//!
//! It changes nothing and prints nothing; whatever it says of the past is in the store. Only [`crate::cli`] uses it.

pub(crate) mod plot;
pub(crate) mod text_diff;
pub(crate) mod why;
