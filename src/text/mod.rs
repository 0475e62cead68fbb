//! Characters and digits: encodings, numbers from text and to it, texts put together fast, wording.
//!
//! The numbers are here and not with a library, since reading and writing them is what rerunoff does most. Nothing here knows
//! whose text it is; all wings above use it.

pub(crate) mod abreast;
pub(crate) mod bitmask;
pub(crate) mod buffer;
pub mod charset;
pub(crate) mod decimal;
pub(crate) mod name;
pub(crate) mod shell;
pub(crate) mod short_number;
pub(crate) mod wording;
