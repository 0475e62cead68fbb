//! Which characters make a name: of a parameter, a series, a function.

/// Whether a name may start with this character.
pub(crate) fn starts_name(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

/// Whether a name may continue with this character.
pub(crate) fn continues_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '.'
}

/// Divides a text behind the name that it starts with; the name is empty if it starts with none.
pub(crate) fn split_name(text: &str) -> (&str, &str) {
    let length = match text.starts_with(starts_name) {
        true => text.find(|c| !continues_name(c)).unwrap_or(text.len()),
        false => 0,
    };
    text.split_at(length)
}
