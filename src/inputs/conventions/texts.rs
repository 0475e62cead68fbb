//! What stands for a missing text.
//!
//! An empty text does, as in netCDF, which has one wherever none was written, and what the attributes `_FillValue` and
//! `missing_value` name. In arrays of characters, `_FillValue` is what netCDF puts in place of each character that was not
//! written. It knows nothing of files and their formats.

use crate::inputs::number::Attribute;

/// The texts that stand for a missing one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TextMarks {
    texts: Vec<String>,
}

impl TextMarks {
    /// The marks that attributes name; a number is meant as it is written, `-9999`.
    pub(crate) fn new(attributes: impl Iterator<Item = Attribute>) -> Self {
        let texts = attributes.flat_map(|attribute| match attribute {
            Attribute::Texts(texts) => texts,
            Attribute::Numbers(_, numbers) => numbers.iter().map(ToString::to_string).collect(),
            Attribute::Other => Vec::new(),
        });
        Self {
            texts: texts.map(|text| text.trim_end().to_owned()).collect(),
        }
    }

    /// Whether this text is named as one that stands for a missing one.
    pub(crate) fn name(&self, text: &str) -> bool {
        self.texts.iter().any(|mark| mark == text)
    }

    /// A text without trailing white space, `None` if it stands for a missing one.
    pub(crate) fn apply(&self, text: String) -> Option<String> {
        let is_missing = text.is_empty() || self.name(&text);
        (!is_missing).then_some(text)
    }

    /// The characters of a text that were written, where marks are single characters.
    pub(crate) fn trimmed<'a>(&self, mut characters: &'a [u8]) -> &'a [u8] {
        while let [rest @ .., last] = characters
            && self.texts.iter().any(|mark| mark.as_bytes() == [*last])
        {
            characters = rest;
        }
        characters
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_and_empty_texts_are_missing() {
        let marks = TextMarks::new([Attribute::Texts(vec!["n/a ".into(), "x".into()])].into_iter());
        let apply = |text: &str| marks.apply(text.to_owned());
        assert_eq!(apply("lake").as_deref(), Some("lake"));
        assert_eq!([apply(""), apply("n/a"), apply("x")], [None, None, None]);
        assert_eq!(marks.trimmed(b"axx"), b"a");
        assert_eq!(marks.trimmed(b"xx"), b"");
    }
}
