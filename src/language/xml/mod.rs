//! XML templates: a template that is no well-formed document is refused, and no value can make it one.
//!
//! quick-xml reads the template once; what it reads is used to check the document and to find the places where
//! placeholders count, and every other byte of the source is passed on as it stands (declaration, white space, quotes).
//! Placeholders count everywhere but in comments, which mean nothing to a simulator, and in the DOCTYPE, where they are
//! refused. quick-xml leaves some rules of XML 1.0 (<https://www.w3.org/TR/xml/>) to its caller: one root, names,
//! legal characters, known entities, blanks between attributes; those are checked here. DTDs are passed on unread, but
//! for the names of the entities they declare. What is XML, and in which encoding, is found in [`document`], what a value
//! becomes in its place in [`escape`](mod@escape).

mod document;
mod escape;
mod problem;
mod rules;

use std::ops::Range;

use quick_xml::events::attributes::{AttrError, Attributes};
use quick_xml::events::{BytesDecl, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use crate::language::template::{At, Place, TemplateBuilder, TemplateProblem};
use crate::text::charset::Charset;
pub(crate) use document::{begins_as_xml, named_as_xml, read};
pub(crate) use escape::{escape, unescape};
pub use problem::XmlProblem;
use rules::{Entities, is_name, is_xml};

/// Checks the document and hands its parts to the builder.
pub(crate) fn compile<'s>(
    source: &'s str,
    charset: Charset,
    builder: &mut TemplateBuilder<'s>,
) -> Result<(), At> {
    if let Some((offset, c)) = source.char_indices().find(|(_, c)| !is_xml(*c)) {
        return Err(at(offset, XmlProblem::Character(c)));
    }
    let bom = source.len() - source.strip_prefix('\u{feff}').unwrap_or(source).len();
    builder.verbatim(0..bom);
    let mut document = Document {
        source,
        charset,
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
    charset: Charset,
    builder: &'a mut TemplateBuilder<'s>,
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
        self.builder
            .scan(span.clone(), Place::XmlText)
            .map_err(|found| match found.problem {
                // `{k:<8}` ends for a reader where the tag begins.
                TemplateProblem::Unclosed(_) if self.source[span.end..].starts_with('<') => {
                    at(span.end, XmlProblem::LessThan)
                }
                _ => found,
            })
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
            Event::CData(text) => {
                let inside = start + "<![CDATA[".len();
                return self.code(span, inside..inside + text.len(), Place::XmlCData);
            }
            Event::Comment(_) => {
                self.builder.pass_over(span);
                return Ok(());
            }
            Event::Decl(declaration) => {
                if !first {
                    return Err(at(start, XmlProblem::Misplaced("the XML declaration")));
                }
                self.declaration(declaration)
                    .map_err(|problem| at(start, problem))?;
            }
            Event::DocType(declarations) => {
                if self.doctype_seen || self.root_seen {
                    return Err(at(start, XmlProblem::Misplaced("a DOCTYPE")));
                }
                if let Some(offset) = self.source[span.clone()].find(['{', '}']) {
                    return Err(at(start + offset, XmlProblem::BraceInDoctype));
                }
                self.doctype_seen = true;
                self.entities.declare(declarations);
            }
            Event::PI(instruction) => {
                let target = instruction.target();
                if !is_name(target) || target.eq_ignore_ascii_case("xml") {
                    return Err(at(start, XmlProblem::Name(target.to_owned())));
                }
                let inside = start + "<?".len();
                let inside = inside + target.len()..inside + instruction.len();
                return self.code(span, inside, Place::XmlInstruction);
            }
            Event::Text(_) | Event::GeneralRef(_) | Event::Eof => {}
        }
        self.builder.verbatim(span);
        Ok(())
    }

    /// Markup with something inside that no XML reader looks into, but perhaps an interpreter.
    fn code(&mut self, span: Range<usize>, inside: Range<usize>, place: Place) -> Result<(), At> {
        self.builder.verbatim(span.start..inside.start);
        self.builder
            .scan(inside.clone(), place)
            .map_err(|found| match place.of_code() {
                Some(code) => at(
                    found.offset,
                    XmlProblem::Brace(code, found.problem.to_string()),
                ),
                None => found,
            })?;
        self.builder.verbatim(inside.end..span.end);
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
        // The one thing that XML 1.1 forbids and 1.0 allows.
        let restricted = |c: &char| matches!(c, '\u{7f}'..='\u{84}' | '\u{86}'..='\u{9f}');
        match self.source.chars().find(restricted) {
            Some(c) if version == XmlVersion::Explicit1_1 => Err(XmlProblem::Character(c)),
            _ => Ok(()),
        }
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

#[cfg(test)]
mod tests;
