//! XML documents with placeholders: a reader that checks them and finds where placeholders count.
//!
//! A document that is not well-formed is refused. quick-xml reads the document; every part of it is then passed on byte for
//! byte (declaration, white space, quotes). Placeholders count everywhere except in comments, which mean nothing to a
//! simulator, and in the DOCTYPE, where they are refused. quick-xml leaves some rules of XML 1.0
//! (<https://www.w3.org/TR/xml/>) to its caller: one root, names, legal characters, known entities, blanks between attributes;
//! those are checked here. DTDs are passed on unread, except for the names of the entities that they declare. `document.rs`
//! finds out what is XML and in which encoding, `escape.rs` makes values fit their place. How placeholders are
//! written and what fills them is not known here, but in [`crate::language::template`].

mod document;
mod escape;
mod problem;
mod rules;

use std::ops::Range;

use quick_xml::events::attributes::{AttrError, Attributes};
use quick_xml::events::{BytesDecl, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use crate::text::charset::Charset;
pub(crate) use document::{begins_as_xml, decode, named_as_xml};
pub(crate) use escape::{EscapeProblem, XmlPlace, escape, unescape};
use problem::at;
pub(crate) use problem::{XmlFault, XmlProblem};
pub(crate) use rules::is_xml;
use rules::{Entities, is_name};

/// How a part of a document is to be treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// It holds no placeholders and is passed on as it stands.
    Markup,
    /// It is passed on as it stands, even where it looks as if it held placeholders.
    Comment,
    /// It may hold placeholders.
    Content(XmlPlace),
}

/// Checks a document and passes all of its parts to `each`, in order.
///
/// # Errors
/// The first fault of the document, or the first error that `each` returns for a part before it.
pub(crate) fn read<E: From<XmlFault>>(
    source: &str,
    charset: Charset,
    each: Each<'_, E>,
) -> Result<(), E> {
    if let Some((offset, c)) = source.char_indices().find(|(_, c)| !is_xml(*c)) {
        return Err(at(offset, XmlProblem::Character(c)).into());
    }
    let bom = source.len() - source.strip_prefix('\u{feff}').unwrap_or(source).len();
    each(0..bom, Part::Markup)?;
    let mut document = Document {
        source,
        charset,
        each,
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
        // Text comes in pieces, split at references; a placeholder may hold one (`{k:&gt;8}`).
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

/// Receives the parts of a document.
type Each<'a, E> = &'a mut dyn FnMut(Range<usize>, Part) -> Result<(), E>;

struct Document<'a, 's, E> {
    source: &'s str,
    charset: Charset,
    each: Each<'a, E>,
    /// The elements not yet closed and where they start.
    open: Vec<(&'s str, usize)>,
    root_seen: bool,
    doctype_seen: bool,
    entities: Entities,
}

impl<E: From<XmlFault>> Document<'_, '_, E> {
    fn text(&mut self, span: Range<usize>) -> Result<(), E> {
        let text = &self.source[span.clone()];
        let outside = self
            .open
            .is_empty()
            .then(|| text.find(|c| !matches!(c, ' ' | '\t' | '\r' | '\n')));
        if let Some(offset) = outside.flatten() {
            return Err(at(span.start + offset, XmlProblem::TextOutside).into());
        }
        if let Some(offset) = text.find("]]>") {
            return Err(at(span.start + offset, XmlProblem::CDataEnd).into());
        }
        self.entities.check(text, span.start)?;
        (self.each)(span, Part::Content(XmlPlace::Text))
    }

    fn markup(&mut self, event: &Event<'_>, span: Range<usize>, first: bool) -> Result<(), E> {
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
                return Err(at(start, XmlProblem::TextOutside).into());
            }
            Event::CData(text) => {
                let inside = start + "<![CDATA[".len();
                return self.code(span, inside..inside + text.len(), XmlPlace::CData);
            }
            Event::Comment(_) => {
                return (self.each)(span, Part::Comment);
            }
            Event::Decl(declaration) => {
                if !first {
                    return Err(at(start, XmlProblem::Misplaced("the XML declaration")).into());
                }
                self.declaration(declaration)
                    .map_err(|problem| at(start, problem))?;
            }
            Event::DocType(declarations) => {
                if self.doctype_seen || self.root_seen {
                    return Err(at(start, XmlProblem::Misplaced("a DOCTYPE")).into());
                }
                if let Some(offset) = self.source[span.clone()].find(['{', '}']) {
                    return Err(at(start + offset, XmlProblem::BraceInDoctype).into());
                }
                self.doctype_seen = true;
                self.entities.declare(declarations);
            }
            Event::PI(instruction) => {
                let target = instruction.target();
                if !is_name(target) || target.eq_ignore_ascii_case("xml") {
                    return Err(at(start, XmlProblem::Name(target.to_owned())).into());
                }
                let inside = start + "<?".len();
                let inside = inside + target.len()..inside + instruction.len();
                return self.code(span, inside, XmlPlace::Instruction);
            }
            Event::Text(_) | Event::GeneralRef(_) | Event::Eof => {}
        }
        (self.each)(span, Part::Markup)
    }

    /// Markup around content that no XML reader parses, but an interpreter may.
    fn code(&mut self, span: Range<usize>, inside: Range<usize>, place: XmlPlace) -> Result<(), E> {
        (self.each)(span.start..inside.start, Part::Markup)?;
        (self.each)(inside.clone(), Part::Content(place))?;
        (self.each)(inside.end..span.end, Part::Markup)
    }

    /// The start tag of an element, or an element without content.
    fn element(&mut self, tag: &BytesStart<'_>, span: Range<usize>) -> Result<(), E> {
        let inside = span.start + 1;
        let name = tag.name().as_ref().to_owned();
        if let Some(offset) = brace_outside_quotes(tag) {
            return Err(at(inside + offset, XmlProblem::PlaceholderInName).into());
        }
        if !is_name(&name) {
            return Err(at(inside, XmlProblem::Name(name)).into());
        }
        if self.open.is_empty() && self.root_seen {
            return Err(at(span.start, XmlProblem::SecondRoot(name)).into());
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
                return Err(at(key_at, XmlProblem::Name(key.to_owned())).into());
            }
            if !self.source.as_bytes()[key_at - 1].is_ascii_whitespace() {
                return Err(at(key_at, XmlProblem::NoBlank(key.to_owned())).into());
            }
            let value_at = inside + offset_in(tag, &attribute.value);
            if let Some(offset) = attribute.value.find('<') {
                return Err(at(value_at + offset, XmlProblem::LessThan).into());
            }
            self.entities.check(&attribute.value, value_at)?;
            (self.each)(done..value_at, Part::Markup)?;
            done = value_at + attribute.value.len();
            (self.each)(value_at..done, Part::Content(XmlPlace::Attribute))?;
        }
        (self.each)(done..span.end, Part::Markup)
    }

    fn declaration(&self, declaration: &BytesDecl<'_>) -> Result<(), XmlProblem> {
        let syntax = |error: quick_xml::Error| XmlProblem::Syntax(error.to_string());
        let version = declaration.xml_version().map_err(syntax)?;
        let mut found = Vec::new();
        for attribute in Attributes::new(declaration, "xml".len()) {
            let attribute = attribute.map_err(|error| syntax(error.into()))?;
            found.push((attribute.key.into_inner(), attribute.value));
        }
        let known = ["version", "encoding", "standalone"];
        let keys = || found.iter().map(|(key, _)| *key);
        if !known
            .into_iter()
            .filter(|key| keys().any(|found| found == *key))
            .eq(keys())
        {
            let rule = "the XML declaration takes version, encoding and standalone, in this order";
            return Err(XmlProblem::Syntax(rule.to_owned()));
        }
        let stated = |key: &str| found.iter().find(|(found, _)| *found == key);
        if let Some((_, value)) = stated("standalone")
            && !["yes", "no"].contains(&value.as_ref())
        {
            let rule = "`standalone` is \"yes\" or \"no\"";
            return Err(XmlProblem::Syntax(rule.to_owned()));
        }
        if let Some((_, declared)) = stated("encoding")
            && !document::is_declared_so(declared, self.charset, self.source)
        {
            let (declared, found) = (declared.clone().into_owned(), self.charset);
            return Err(XmlProblem::Encoding { declared, found });
        }
        // The only characters that XML 1.1 forbids and 1.0 allows.
        let restricted = |c: &char| matches!(c, '\u{7f}'..='\u{84}' | '\u{86}'..='\u{9f}');
        match self.source.chars().find(restricted) {
            Some(c) if version == XmlVersion::Explicit1_1 => Err(XmlProblem::Character(c)),
            _ => Ok(()),
        }
    }

    fn end(&self) -> Result<(), E> {
        match self.open.last() {
            Some((name, start)) => Err(at(*start, XmlProblem::Unclosed((*name).to_owned())).into()),
            None if !self.root_seen => Err(at(self.source.len(), XmlProblem::NoRoot).into()),
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

#[cfg(test)]
mod tests;
