//! Escaping of values for their places in a document: no value can end the section or attribute that it is in, and a reader
//! gets it back as it was.

use std::borrow::Cow;

use super::is_xml;
use crate::text::charset::Charset;

/// The place of a value in a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum XmlPlace {
    Text,
    /// In a quoted attribute value.
    Attribute,
    CData,
    Instruction,
}

impl XmlPlace {
    /// The kind of section, if it may hold code for an interpreter, in which braces have another meaning.
    pub(crate) fn of_code(self) -> Option<&'static str> {
        match self {
            Self::Text | Self::Attribute => None,
            Self::CData => Some("a CDATA section"),
            Self::Instruction => Some("a processing instruction"),
        }
    }
}

/// Why a value can't stand in its place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EscapeProblem {
    /// The value holds a character that no XML document can hold, not even escaped.
    #[error("the value holds {0:?}, which no XML document can hold")]
    NotInXml(char),
    /// The value holds a character that its place allows neither as it is nor as a reference.
    #[error(
        "the value holds {0:?}, which can't stand {1}; put the placeholder into an attribute or into text, where a \
         reference can stand for it"
    )]
    NotThere(char, &'static str),
}

/// The text of a format with its references resolved; unknown ones stay.
pub(crate) fn unescape(format: &str) -> Cow<'_, str> {
    quick_xml::escape::unescape(format).unwrap_or(Cow::Borrowed(format))
}

/// Escapes the value in `out` from `start` on for its place in XML.
pub(crate) fn escape(
    out: &mut Vec<u8>,
    start: usize,
    place: XmlPlace,
    charset: Charset,
) -> Result<(), EscapeProblem> {
    let harmless = |byte: &u8| byte.is_ascii_alphanumeric() || b" .+-_:/,".contains(byte);
    if out[start..].iter().all(harmless) && !(place == XmlPlace::CData && out.ends_with(b"]")) {
        return Ok(());
    }
    let value = String::from_utf8_lossy(&out[start..]).into_owned();
    if let Some(c) = value.chars().find(|c| !is_xml(*c)) {
        return Err(EscapeProblem::NotInXml(c));
    }
    match place {
        XmlPlace::Text | XmlPlace::Attribute => {
            out.truncate(start);
            push_escaped(&value, place, charset, out);
            Ok(())
        }
        XmlPlace::CData => {
            let there = "in a CDATA section of this encoding";
            refuse(&value, there, |c| is_turned(c) || !charset.holds(c))?;
            divide(out, start);
            Ok(())
        }
        XmlPlace::Instruction => {
            let there = "in a processing instruction";
            let ends_it = |c| matches!(c, '?' | '>');
            refuse(&value, there, |c| {
                ends_it(c) || is_turned(c) || !charset.holds(c)
            })
        }
    }
}

fn refuse(
    value: &str,
    there: &'static str,
    forbidden: impl Fn(char) -> bool,
) -> Result<(), EscapeProblem> {
    match value.chars().find(|c| forbidden(*c)) {
        Some(c) => Err(EscapeProblem::NotThere(c, there)),
        None => Ok(()),
    }
}

/// Whether a reader takes this character for a line end, or XML 1.1 requires a reference for it.
fn is_turned(c: char) -> bool {
    matches!(c, '\r' | '\u{7f}'..='\u{9f}' | '\u{2028}')
}

/// Line ends, and tabs in attributes, become references, because a reader would turn them into something else.
fn push_escaped(value: &str, place: XmlPlace, charset: Charset, out: &mut Vec<u8>) {
    for c in value.chars() {
        let reference = match c {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            '"' if place == XmlPlace::Attribute => "&quot;",
            '\'' if place == XmlPlace::Attribute => "&apos;",
            '\t' if place == XmlPlace::Attribute => "&#9;",
            '\n' if place == XmlPlace::Attribute => "&#10;",
            _ if is_turned(c) || !charset.holds(c) => {
                out.extend_from_slice(format!("&#{};", u32::from(c)).as_bytes());
                continue;
            }
            _ => {
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                continue;
            }
        };
        out.extend_from_slice(reference.as_bytes());
    }
}

/// The end of a section and the beginning of the next one.
const SEAM: &[u8; 12] = b"]]><![CDATA[";

/// Divides the section wherever the value completes a `]]>`, and after the value if the following text could complete one:
/// adjoining sections are one text.
fn divide(out: &mut Vec<u8>, start: usize) {
    let mut from = start.saturating_sub("]]".len());
    while let Some(found) = memchr::memmem::find(&out[from..], b"]]>") {
        let inside = from + found + "]]".len();
        out.splice(inside..inside, *SEAM);
        from = inside + SEAM.len();
    }
    if out.ends_with(b"]") {
        out.extend_from_slice(SEAM);
    }
}
