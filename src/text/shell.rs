//! Shell quoting, for commands in messages that people copy. It starts no shell itself.

use std::ffi::OsStr;

/// The text as one word for a shell. Bytes that are not UTF-8 can't be printed as they are and come out as �.
pub(crate) fn word(text: impl AsRef<OsStr>) -> String {
    let text = text.as_ref().to_string_lossy();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_./=:,+@%-".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.into_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A command as a shell reads it.
pub(crate) fn line<T: AsRef<OsStr>>(words: &[T]) -> String {
    let words: Vec<String> = words.iter().map(word).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_what_a_shell_reads_as_one() {
        assert_eq!(word("70001"), "70001");
        assert_eq!(word(""), "''");
        assert_eq!(word("Pond of Lies"), "'Pond of Lies'");
        assert_eq!(word("it's $HOME"), r"'it'\''s $HOME'");
    }
}
