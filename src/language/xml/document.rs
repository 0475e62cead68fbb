//! Which files are XML, by name or by their first bytes, and in which encoding they are (XML 1.0, appendix F).
//!
//! The byte order mark comes first, then the declaration; without either it is UTF-8. Whether the two agree is checked
//! when the document is read.

use std::path::Path;

use quick_xml::Reader;
use quick_xml::events::Event;

use super::XmlProblem;
use crate::text::charset::Charset;

/// The suffixes of files that are XML whatever their content.
const SUFFIXES: [&str; 11] = [
    "xml", "xsd", "xsl", "xslt", "xhtml", "svg", "kml", "gml", "gpx", "ncml", "vrt",
];

/// Whether a file of this name is XML: `layout.xml`, `layout.XML`, also `layout.xml.tpl`.
pub(crate) fn named_as_xml(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut suffixes = name.split('.').skip(1);
    suffixes.any(|suffix| {
        SUFFIXES
            .iter()
            .any(|known| suffix.eq_ignore_ascii_case(known))
    })
}

/// Whether these bytes begin with `<?xml`, after a byte order mark and white space, if any.
pub(crate) fn begins_as_xml(bytes: &[u8]) -> bool {
    // In UTF-16 every other byte is a NUL.
    let mut begins = bytes
        .iter()
        .filter(|byte| !matches!(byte, 0 | 0xef | 0xbb | 0xbf | 0xfe | 0xff))
        .skip_while(|byte| byte.is_ascii_whitespace());
    b"<?xml".iter().all(|byte| begins.next() == Some(byte))
}

/// The text of a document and its encoding; or the text before the first fault, and the fault.
pub(crate) fn decode(bytes: &[u8]) -> Result<(String, Charset), (String, XmlProblem)> {
    let (charset, why) = match bytes {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => {
            let problem = XmlProblem::UnknownEncoding("UTF-32".to_owned());
            return Err((String::new(), problem));
        }
        [0xef, 0xbb, 0xbf, ..] => (Charset::UTF_8, "is in by its byte order mark"),
        [0xff, 0xfe, ..] => (Charset::UTF_16LE, "is in by its byte order mark"),
        [0xfe, 0xff, ..] => (Charset::UTF_16BE, "is in by its byte order mark"),
        [b'<', 0, b'?', 0, ..] => (Charset::UTF_16LE, "is in by its first bytes"),
        [0, b'<', 0, b'?', ..] => (Charset::UTF_16BE, "is in by its first bytes"),
        _ => match declared(bytes) {
            None => (Charset::UTF_8, "is in unless it says otherwise"),
            Some(declared) => match Charset::named(&declared) {
                Some(charset) if charset.is_ascii_compatible() => (charset, "declares"),
                _ => {
                    let problem = match declared.to_ascii_uppercase().starts_with("UTF-16") {
                        true => XmlProblem::Encoding {
                            declared,
                            found: Charset::UTF_8,
                        },
                        false => XmlProblem::UnknownEncoding(declared),
                    };
                    return Err((String::new(), problem));
                }
            },
        },
    };
    match charset.decode(bytes) {
        Ok(text) => Ok((text, charset)),
        Err(fault) => {
            let byte = fault.byte;
            let problem = XmlProblem::NoText { byte, charset, why };
            Err((fault.before, problem))
        }
    }
}

/// The encoding that a declaration in ASCII names.
fn declared(bytes: &[u8]) -> Option<String> {
    let end = memchr::memmem::find(bytes, b"?>")? + 2;
    let declaration = std::str::from_utf8(&bytes[..end]).ok()?;
    match Reader::from_str(declaration).read_event() {
        Ok(Event::Decl(declaration)) => Some(declaration.encoding()?.ok()?.into_owned()),
        _ => None,
    }
}

/// Whether a declaration may give a document's encoding this name. `UTF-16` needs the byte order mark.
pub(super) fn is_declared_so(declared: &str, charset: Charset, text: &str) -> bool {
    match declared.eq_ignore_ascii_case("UTF-16") {
        true => !charset.is_ascii_compatible() && text.starts_with('\u{feff}'),
        false => Charset::named(declared) == Some(charset),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_known_by_name_and_first_bytes() {
        for name in [
            "a.xml",
            "a.XML",
            "dir.d/a.xml.tpl",
            "a.b.Svg",
            "x.kml",
            "a.tpl.xml",
        ] {
            assert!(named_as_xml(name.as_ref()), "{name}");
        }
        for name in ["xml", "a.xmlx", "a.txt", "dir.xml/a.txt", "a_xml"] {
            assert!(!named_as_xml(name.as_ref()), "{name}");
        }
        for bytes in ["<?xml version", "\u{feff}<?xml ", "\n <?xml-stylesheet"] {
            assert!(begins_as_xml(bytes.as_bytes()), "{bytes}");
            assert!(begins_as_xml(&Charset::UTF_16LE.encode(bytes)), "{bytes}");
            assert!(begins_as_xml(&Charset::UTF_16BE.encode(bytes)), "{bytes}");
        }
        for bytes in ["<layout>", "", "x<?xml"] {
            assert!(!begins_as_xml(bytes.as_bytes()), "{bytes}");
        }
    }
}
