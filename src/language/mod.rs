//! What people write in a project: templates with their formats, formulas, series tables, forms of time stamps.
//!
//! Each is text that is parsed once and then applied to values, many times. Nothing here opens a file or knows a catchment. Used
//! by [`crate::project`], which parses, and by the wings above it, which apply.

pub(crate) mod format;
pub(crate) mod formula;
pub(crate) mod series_table;
pub mod template;
pub(crate) mod time_format;
pub(crate) mod xml;
