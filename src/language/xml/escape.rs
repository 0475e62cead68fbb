//! What a value becomes in its place in a document: no value can end the place that it stands in, and a reader gets it
//! back as it was.

use std::borrow::Cow;

use super::is_xml;
use crate::language::template::{Place, RenderProblem};
use crate::text::charset::Charset;

/// The text of a format, in which `<` and the like had to be escaped; anything unknown stays.
pub(crate) fn unescape(format: &str) -> Cow<'_, str> {
    quick_xml::escape::unescape(format).unwrap_or(Cow::Borrowed(format))
}

/// Escapes what stands in `out` from `start` on for its place in XML.
pub(crate) fn escape(
    out: &mut Vec<u8>,
    start: usize,
    place: Place,
    charset: Charset,
) -> Result<(), RenderProblem> {
    let harmless = |byte: &u8| byte.is_ascii_alphanumeric() || b" .+-_:/,".contains(byte);
    if out[start..].iter().all(harmless) && !(place == Place::XmlCData && out.ends_with(b"]")) {
        return Ok(());
    }
    let value = String::from_utf8_lossy(&out[start..]).into_owned();
    if let Some(c) = value.chars().find(|c| !is_xml(*c)) {
        return Err(RenderProblem::NotInXml(c));
    }
    match place {
        Place::Plain => Ok(()),
        Place::XmlText | Place::XmlAttribute => {
            out.truncate(start);
            push_escaped(&value, place, charset, out);
            Ok(())
        }
        Place::XmlCData => {
            let there = "in a CDATA section of this encoding";
            refuse(&value, there, |c| is_turned(c) || !charset.holds(c))?;
            divide(out, start);
            Ok(())
        }
        Place::XmlInstruction => {
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
) -> Result<(), RenderProblem> {
    match value.chars().find(|c| forbidden(*c)) {
        Some(c) => Err(RenderProblem::NotThere(c, there)),
        None => Ok(()),
    }
}

/// Whether a reader takes this character for a line end, or XML 1.1 wants it as a reference.
fn is_turned(c: char) -> bool {
    matches!(c, '\r' | '\u{7f}'..='\u{9f}' | '\u{2028}')
}

/// Line ends, and tabs in attributes, become references, because a reader would turn them into something else.
fn push_escaped(value: &str, place: Place, charset: Charset, out: &mut Vec<u8>) {
    for c in value.chars() {
        let reference = match c {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            '"' if place == Place::XmlAttribute => "&quot;",
            '\'' if place == Place::XmlAttribute => "&apos;",
            '\t' if place == Place::XmlAttribute => "&#9;",
            '\n' if place == Place::XmlAttribute => "&#10;",
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

/// Divides the section wherever the value completes a `]]>`, and behind it where what follows could: two sections
/// that adjoin are one text.
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
