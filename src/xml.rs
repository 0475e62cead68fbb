//! XML templates: a template that is no well-formed document is refused, and no value can make it one.
//!
//! quick-xml reads the template once; what it reads is used to check the document and to find the places where
//! placeholders count, and every byte of the source is passed on as it stands (declaration, comments, CDATA, white
//! space, quotes). quick-xml leaves some rules of XML 1.0 (<https://www.w3.org/TR/xml/>) to its caller: one root, names,
//! legal characters, known entities, blanks between attributes; those are checked here. DTDs are passed on unread, but
//! for the names of the entities they declare.

mod rules;

use std::borrow::Cow;
use std::ops::Range;

use quick_xml::Reader;
use quick_xml::events::attributes::{AttrError, Attributes};
use quick_xml::events::{BytesDecl, BytesStart, Event};

use crate::template::{At, Builder, Place, TemplateProblem};
use rules::{Entities, is_name, is_xml};

/// Why a template is no well-formed XML, or none that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum XmlProblem {
    /// What the XML reader says.
    #[error("not well-formed XML: {0}")]
    Syntax(String),
    /// The end comes before an element's end tag.
    #[error("not well-formed XML: the element <{0}> is never closed")]
    Unclosed(String),
    /// A second element beside the root.
    #[error("not well-formed XML: <{0}> is a second root element")]
    SecondRoot(String),
    /// No element at all.
    #[error("not well-formed XML: there is no root element")]
    NoRoot,
    /// Text, CDATA or a placeholder before or behind the root element.
    #[error("not well-formed XML: text outside the root element")]
    TextOutside,
    /// A placeholder in the name of an element or attribute, or in place of an attribute.
    #[error(
        "placeholders stand in attribute values and in text, not in the names of elements and attributes"
    )]
    PlaceholderInName,
    /// Not a name.
    #[error(
        "not well-formed XML: `{0}` is no name of an element, attribute or processing instruction"
    )]
    Name(String),
    /// No blank between two attributes.
    #[error("not well-formed XML: a blank is missing before the attribute `{0}`")]
    NoBlank(String),
    /// `<` in an attribute value.
    #[error("not well-formed XML: `<` in an attribute value; write `&lt;`")]
    LessThan,
    /// `]]>` in text.
    #[error("not well-formed XML: `]]>` in text; write `]]&gt;`")]
    CDataEnd,
    /// An entity that is neither predefined nor declared.
    #[error(
        "not well-formed XML: the entity `&{0};` is not defined; write `&amp;` for an ampersand"
    )]
    Entity(String),
    /// A character that XML 1.0 excludes.
    #[error("not well-formed XML: the character {0:?} is not allowed")]
    Character(char),
    /// The declaration or the DOCTYPE stands where it may not.
    #[error("not well-formed XML: {0} may stand only once, at the beginning")]
    Misplaced(&'static str),
    /// The declaration names another encoding than UTF-8.
    #[error(
        "the XML declaration names the encoding {0}; save the template as UTF-8 and say encoding=\"UTF-8\""
    )]
    Encoding(String),
}

/// Checks the document and hands its parts to the builder.
pub(crate) fn compile<'s>(source: &'s str, builder: &mut Builder<'s>) -> Result<(), At> {
    if let Some((offset, c)) = source.char_indices().find(|(_, c)| !is_xml(*c)) {
        return Err(at(offset, XmlProblem::Character(c)));
    }
    let bom = source.len() - source.strip_prefix('\u{feff}').unwrap_or(source).len();
    builder.verbatim(0..bom);
    let mut document = Document {
        source,
        builder,
        open: Vec::new(),
        root_seen: false,
        doctype_seen: false,
        entities: Entities::default(),
    };
    let mut reader = Reader::from_str(&source[bom..]);
    reader.config_mut().check_comments = true;
    let mut text = bom;
    loop {
        // Positions are those of a text in memory, so they fit.
        let start = bom + reader.buffer_position() as usize;
        let event = reader.read_event().map_err(|error| {
            let offset = bom + reader.error_position() as usize;
            at(offset, XmlProblem::Syntax(error.to_string()))
        })?;
        let end = bom + reader.buffer_position() as usize;
        // Text comes in pieces, divided by its references; a placeholder may hold one (`{k:&gt;8}`).
        if matches!(event, Event::Text(_) | Event::GeneralRef(_)) {
            continue;
        }
        document.text(text..start)?;
        text = end;
        if matches!(event, Event::Eof) {
            return document.end();
        }
        document.markup(&event, start..end, start == bom)?;
    }
}

fn at(offset: usize, problem: XmlProblem) -> At {
    At {
        offset,
        problem: TemplateProblem::Xml(problem),
    }
}

struct Document<'a, 's> {
    source: &'s str,
    builder: &'a mut Builder<'s>,
    /// The elements not yet closed and where they start.
    open: Vec<(&'s str, usize)>,
    root_seen: bool,
    doctype_seen: bool,
    entities: Entities,
}

impl Document<'_, '_> {
    fn text(&mut self, span: Range<usize>) -> Result<(), At> {
        let text = &self.source[span.clone()];
        let outside = self
            .open
            .is_empty()
            .then(|| text.find(|c| !matches!(c, ' ' | '\t' | '\r' | '\n')));
        if let Some(offset) = outside.flatten() {
            return Err(at(span.start + offset, XmlProblem::TextOutside));
        }
        if let Some(offset) = text.find("]]>") {
            return Err(at(span.start + offset, XmlProblem::CDataEnd));
        }
        self.entities.check(text, span.start)?;
        self.builder.scan(span, Place::XmlText)
    }

    fn markup(&mut self, event: &Event<'_>, span: Range<usize>, first: bool) -> Result<(), At> {
        let start = span.start;
        match event {
            Event::Start(tag) => {
                self.element(tag, span)?;
                let name_length = tag.name().as_ref().len();
                self.open
                    .push((&self.source[start + 1..start + 1 + name_length], start));
                return Ok(());
            }
            Event::Empty(tag) => return self.element(tag, span),
            Event::End(_) => {
                self.open.pop();
            }
            Event::CData(_) if self.open.is_empty() => {
                return Err(at(start, XmlProblem::TextOutside));
            }
            Event::Decl(declaration) => {
                if !first {
                    return Err(at(start, XmlProblem::Misplaced("the XML declaration")));
                }
                check_declaration(declaration).map_err(|problem| at(start, problem))?;
            }
            Event::DocType(declarations) => {
                if self.doctype_seen || self.root_seen {
                    return Err(at(start, XmlProblem::Misplaced("a DOCTYPE")));
                }
                self.doctype_seen = true;
                self.entities.declare(declarations);
            }
            Event::PI(instruction) => {
                let target = instruction.target();
                if !is_name(target) || target.eq_ignore_ascii_case("xml") {
                    return Err(at(start, XmlProblem::Name(target.to_owned())));
                }
            }
            Event::CData(_)
            | Event::Comment(_)
            | Event::Text(_)
            | Event::GeneralRef(_)
            | Event::Eof => {}
        }
        self.builder.verbatim(span);
        Ok(())
    }

    /// The start tag of an element, or an element without content.
    fn element(&mut self, tag: &BytesStart<'_>, span: Range<usize>) -> Result<(), At> {
        let inside = span.start + 1;
        let name = tag.name().as_ref().to_owned();
        if let Some(offset) = brace_outside_quotes(tag) {
            return Err(at(inside + offset, XmlProblem::PlaceholderInName));
        }
        if !is_name(&name) {
            return Err(at(inside, XmlProblem::Name(name)));
        }
        if self.open.is_empty() && self.root_seen {
            return Err(at(span.start, XmlProblem::SecondRoot(name)));
        }
        self.root_seen = true;
        let mut done = span.start;
        for attribute in tag.attributes() {
            let attribute = attribute.map_err(|error| {
                let offset = inside + attribute_error_offset(&error);
                at(offset, XmlProblem::Syntax(error.to_string()))
            })?;
            let key = attribute.key.as_ref();
            let key_at = inside + offset_in(tag, key);
            if !is_name(key) {
                return Err(at(key_at, XmlProblem::Name(key.to_owned())));
            }
            if !self.source.as_bytes()[key_at - 1].is_ascii_whitespace() {
                return Err(at(key_at, XmlProblem::NoBlank(key.to_owned())));
            }
            let value_at = inside + offset_in(tag, &attribute.value);
            if let Some(offset) = attribute.value.find('<') {
                return Err(at(value_at + offset, XmlProblem::LessThan));
            }
            self.entities.check(&attribute.value, value_at)?;
            self.builder.verbatim(done..value_at);
            done = value_at + attribute.value.len();
            self.builder.scan(value_at..done, Place::XmlAttribute)?;
        }
        self.builder.verbatim(done..span.end);
        Ok(())
    }

    fn end(&self) -> Result<(), At> {
        match self.open.last() {
            Some((name, start)) => Err(at(*start, XmlProblem::Unclosed((*name).to_owned()))),
            None if !self.root_seen => Err(at(self.source.len(), XmlProblem::NoRoot)),
            None => Ok(()),
        }
    }
}

/// Where `part`, a piece of `whole`, starts in it.
fn offset_in(whole: &str, part: &str) -> usize {
    part.as_ptr() as usize - whole.as_ptr() as usize
}

fn brace_outside_quotes(tag: &str) -> Option<usize> {
    let mut quote = None;
    tag.bytes().position(|byte| {
        match (quote, byte) {
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
        quote.is_none() && matches!(byte, b'{' | b'}')
    })
}

fn attribute_error_offset(error: &AttrError) -> usize {
    match error {
        AttrError::ExpectedEq(offset)
        | AttrError::ExpectedValue(offset)
        | AttrError::UnquotedValue(offset)
        | AttrError::ExpectedQuote(offset, _)
        | AttrError::Duplicated(offset, _) => *offset,
    }
}

fn check_declaration(declaration: &BytesDecl<'_>) -> Result<(), XmlProblem> {
    let syntax = |error: quick_xml::Error| XmlProblem::Syntax(error.to_string());
    declaration.xml_version().map_err(syntax)?;
    let keys = Attributes::new(declaration, "xml".len())
        .map(|attribute| Ok(attribute?.key.into_inner()))
        .collect::<Result<Vec<_>, AttrError>>()
        .map_err(|error| syntax(error.into()))?;
    let known = ["version", "encoding", "standalone"];
    if !known
        .into_iter()
        .filter(|key| keys.contains(key))
        .eq(keys.iter().copied())
    {
        let rule = "the XML declaration takes version, encoding and standalone, in this order";
        return Err(XmlProblem::Syntax(rule.to_owned()));
    }
    match declaration
        .encoding()
        .transpose()
        .map_err(|error| syntax(error.into()))?
    {
        Some(encoding) if !encoding.eq_ignore_ascii_case("UTF-8") => {
            Err(XmlProblem::Encoding(encoding.into_owned()))
        }
        _ => Ok(()),
    }
}

/// The text of a format, in which `<` and the like had to be escaped; anything unknown stays.
pub(crate) fn unescape(format: &str) -> Cow<'_, str> {
    quick_xml::escape::unescape(format).unwrap_or(Cow::Borrowed(format))
}

/// Escapes what stands in `out` from `start` on for its place; fails with a character that XML can't hold.
///
/// Line ends, and tabs in attributes, become references, because a reader would turn them into something else.
pub(crate) fn escape(out: &mut Vec<u8>, start: usize, place: Place) -> Result<(), char> {
    let harmless = |byte: &u8| byte.is_ascii_alphanumeric() || b" .+-_:/,".contains(byte);
    if place == Place::Plain || out[start..].iter().all(harmless) {
        return Ok(());
    }
    let raw = out.split_off(start);
    for c in String::from_utf8_lossy(&raw).chars() {
        let reference = match c {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            '"' if place == Place::XmlAttribute => "&quot;",
            '\'' if place == Place::XmlAttribute => "&apos;",
            '\t' if place == Place::XmlAttribute => "&#9;",
            '\n' if place == Place::XmlAttribute => "&#10;",
            '\r' => "&#13;",
            _ if !is_xml(c) => return Err(c),
            // XML 1.1 takes some of these for line ends and wants the others escaped.
            '\u{7f}'..='\u{9f}' | '\u{2028}' => {
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
    Ok(())
}

#[cfg(test)]
mod tests;
