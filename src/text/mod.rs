//! Characters and digits: encodings, reading and writing numbers, building text fast, phrases of messages.
//!
//! Numbers are read and written here and not by a library, because that is most of what rerunoff does. What the texts are about
//! is not known here; every wing but data may use it.

pub mod buffer;
pub mod charset;
pub mod decimal;
pub mod shell;
pub mod short_number;
pub mod wording;
