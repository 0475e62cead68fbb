//! Numbers of things, of which there is at least one.

use std::num::NonZeroUsize;

/// Such a number, or what to write.
pub(crate) fn count(text: &str) -> Result<NonZeroUsize, String> {
    let number = text.parse();
    number.map_err(|_| "write a whole number, 1 or more".to_owned())
}
