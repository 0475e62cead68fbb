//! The text of a description that is hashed: names with their values, written by hand.
//!
//! Whether two descriptions are the same must not depend on a type's present name. So every type whose text
//! goes into a digest says here which fields count and under which names; a field that is added later is left out where it has
//! the value that was implied before. The form is that of Rust's literals, because the first stores have it so.

use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Something that has one text to be hashed.
pub(crate) trait Described {
    /// Appends the text.
    fn describe(&self, text: &mut String);

    /// The text alone.
    fn description(&self) -> String {
        let mut text = String::new();
        self.describe(&mut text);
        text
    }
}

/// Appends `name { first: value, second: value }`.
pub(crate) fn record(text: &mut String, name: &str, fields: &[(&str, &dyn Described)]) {
    text.push_str(name);
    for (at, (field, value)) in fields.iter().enumerate() {
        text.push_str(if at == 0 { " { " } else { ", " });
        text.push_str(field);
        text.push_str(": ");
        value.describe(text);
    }
    if !fields.is_empty() {
        text.push_str(" }");
    }
}

/// Appends `name(value, value)`.
pub(crate) fn tuple(text: &mut String, name: &str, values: &[&dyn Described]) {
    text.push_str(name);
    list(text, ['(', ')'], values.iter().copied());
}

fn list<'a>(
    text: &mut String,
    [open, close]: [char; 2],
    values: impl Iterator<Item = &'a dyn Described>,
) {
    text.push(open);
    for (at, value) in values.enumerate() {
        if at > 0 {
            text.push_str(", ");
        }
        value.describe(text);
    }
    text.push(close);
}

/// In quotes, with Rust's escapes.
impl Described for str {
    fn describe(&self, text: &mut String) {
        let _ = write!(text, "{self:?}");
    }
}

impl Described for String {
    fn describe(&self, text: &mut String) {
        self.as_str().describe(text);
    }
}

/// In quotes, with Rust's escapes; bytes that are no UTF-8 as `\xFF`.
impl Described for PathBuf {
    fn describe(&self, text: &mut String) {
        let path: &Path = self;
        let _ = write!(text, "{path:?}");
    }
}

impl<T: Described> Described for Option<T> {
    fn describe(&self, text: &mut String) {
        match self {
            None => text.push_str("None"),
            Some(value) => tuple(text, "Some", &[value]),
        }
    }
}

impl<T: Described> Described for Vec<T> {
    fn describe(&self, text: &mut String) {
        list(text, ['[', ']'], self.iter().map(|value| value as _));
    }
}

impl<T: Described + ?Sized> Described for &T {
    fn describe(&self, text: &mut String) {
        (**self).describe(text);
    }
}

impl Described for bool {
    fn describe(&self, text: &mut String) {
        let _ = write!(text, "{self}");
    }
}

impl Described for u8 {
    fn describe(&self, text: &mut String) {
        let _ = write!(text, "{self}");
    }
}

impl Described for i32 {
    fn describe(&self, text: &mut String) {
        let _ = write!(text, "{self}");
    }
}

impl Described for usize {
    fn describe(&self, text: &mut String) {
        let _ = write!(text, "{self}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_rust_writes_them() {
        let texts = vec![Some("a\t\"b\"é".to_owned()), None];
        assert_eq!(texts.description(), r#"[Some("a\t\"b\"é"), None]"#);
        assert_eq!(PathBuf::from("a b").description(), "\"a b\"");
        let mut text = String::new();
        record(&mut text, "Format", &[("rows", &3_usize), ("comma", &true)]);
        record(&mut text, "Nothing", &[]);
        tuple(&mut text, "Byte", &[&9_u8]);
        assert_eq!(text, "Format { rows: 3, comma: true }NothingByte(9)");
    }
}
