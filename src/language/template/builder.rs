//! Divides the text of a template into its pieces: literal text and placeholders.
//!
//! The caller decides which parts of a text may hold placeholders, and passes all parts in order.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::ops::Range;

use super::error::{At, TemplateProblem};
use super::{Piece, Place, Placeholder, Template};
use crate::language::format::Format;
use crate::language::xml::{self, Part, XmlProblem};
use crate::text::charset::Charset;

/// Collects the pieces of a template, or of the parts of one text, which must be passed in order.
pub(crate) struct TemplateBuilder<'s> {
    source: &'s str,
    charset: Charset,
    /// Where the present part begins, and where it and the following ones end.
    start: usize,
    ends: VecDeque<usize>,
    done: Vec<Template>,
    pieces: Vec<Piece>,
    literal: String,
    unfilled: Vec<Placeholder>,
    /// How far lines have been counted: byte, line, start of the line.
    counted: (usize, usize, usize),
}

impl<'s> TemplateBuilder<'s> {
    /// The `parts` together are the source. Each but the last ends with a line end or is empty.
    pub(super) fn new(source: &'s str, parts: &[&str], charset: Charset) -> Self {
        let mut end = 0;
        let ends = parts.iter().map(|part| {
            end += part.len();
            end
        });
        Self {
            source,
            charset,
            start: 0,
            ends: ends.collect(),
            done: Vec::new(),
            pieces: Vec::new(),
            literal: String::new(),
            unfilled: Vec::new(),
            counted: (0, 1, 0),
        }
    }

    /// A template for each part.
    pub(super) fn finish(mut self) -> Vec<Template> {
        while let Some(end) = self.ends.pop_front() {
            self.end_part(end);
        }
        self.done
    }

    fn end_part(&mut self, end: usize) {
        self.end_literal();
        self.done.push(Template {
            source: self.source[self.start..end].to_owned(),
            charset: self.charset,
            pieces: std::mem::take(&mut self.pieces),
            unfilled: std::mem::take(&mut self.unfilled),
        });
        self.start = end;
        self.counted = (end, 1, end);
    }

    fn end_literal(&mut self) {
        if !self.literal.is_empty() {
            self.pieces
                .push(Piece::Literal(std::mem::take(&mut self.literal)));
        }
    }

    /// Adds a span of the source as it stands.
    pub(super) fn verbatim(&mut self, mut span: Range<usize>) {
        while let Some(end) = self.ends.pop_front_if(|end| *end <= span.end) {
            self.literal.push_str(&self.source[span.start..end]);
            self.end_part(end);
            span.start = end;
        }
        self.literal.push_str(&self.source[span]);
    }

    /// Adds a span of the source as it stands, and remembers what looks like placeholders in it.
    pub(super) fn pass_over(&mut self, span: Range<usize>) {
        let mut at = span.start;
        while let Some(found) = self.source[at..span.end].find('{') {
            at += found;
            match self.placeholder(at..span.end, Place::Plain) {
                Ok((placeholder, length)) => {
                    self.unfilled.push(placeholder);
                    at += length;
                }
                Err(_) if self.source[at..span.end].starts_with("{{") => at += 2,
                Err(_) => at += 1,
            }
        }
        self.verbatim(span);
    }

    /// Adds a span of the source that may hold placeholders.
    pub(super) fn scan(&mut self, span: Range<usize>, place: Place) -> Result<(), At> {
        let (mut at, end) = (span.start, span.end);
        while let Some(found) = memchr::memchr2(b'{', b'}', &self.source.as_bytes()[at..end]) {
            self.push_literal(at..at + found, place);
            at += found;
            let rest = &self.source[at..end];
            if rest.starts_with("{{") || rest.starts_with("}}") {
                self.literal.push_str(&rest[..1]);
                at += 2;
            } else if rest.starts_with('}') {
                return Err(At {
                    offset: at,
                    problem: TemplateProblem::Closing,
                });
            } else {
                let (placeholder, length) =
                    self.placeholder(at..end, place).map_err(|problem| At {
                        offset: at,
                        problem,
                    })?;
                self.end_literal();
                self.pieces.push(Piece::Hole(placeholder));
                at += length;
            }
        }
        self.push_literal(at..end, place);
        Ok(())
    }

    /// Adds a span of a source that is an XML document.
    pub(super) fn xml(&mut self, span: Range<usize>, part: Part) -> Result<(), At> {
        let place = match part {
            Part::Markup => {
                self.verbatim(span);
                return Ok(());
            }
            Part::Comment => {
                self.pass_over(span);
                return Ok(());
            }
            Part::Content(place) => place,
        };
        let (source, end) = (self.source, span.end);
        self.scan(span, Place::Xml(place)).map_err(|found| {
            let (offset, problem) = match (place.of_code(), &found.problem) {
                (Some(code), problem) => {
                    (found.offset, XmlProblem::Brace(code, problem.to_string()))
                }
                // `{k:<8}` ends for a reader where the tag begins.
                (None, TemplateProblem::Unclosed(_))
                    if place == xml::XmlPlace::Text && source[end..].starts_with('<') =>
                {
                    (end, XmlProblem::LessThan)
                }
                (None, _) => return found,
            };
            let problem = problem.into();
            At { offset, problem }
        })
    }

    /// The placeholder at the start of a span of the source, and its length.
    fn placeholder(
        &mut self,
        span: Range<usize>,
        place: Place,
    ) -> Result<(Placeholder, usize), TemplateProblem> {
        let source = self.source;
        let (name, format, length) = placeholder(&source[span.clone()], place)?;
        let (line, column) = self.position(span.start);
        let placeholder = Placeholder {
            name: name.to_owned(),
            format,
            line,
            column,
            place,
        };
        Ok((placeholder, length))
    }

    /// A literal `>` that a value could complete to `]]>`, which is forbidden in XML text, becomes a reference.
    fn push_literal(&mut self, mut span: Range<usize>, place: Place) {
        let text = &self.source[span.clone()];
        let after_hole =
            self.literal.is_empty() && matches!(self.pieces.last(), Some(Piece::Hole(_)));
        if place == Place::Xml(xml::XmlPlace::Text) && after_hole {
            let brackets = text.len() - text.trim_start_matches(']').len();
            if brackets < 2 && text[brackets..].starts_with('>') {
                self.literal.push_str(&text[..brackets]);
                self.literal.push_str("&gt;");
                span.start += brackets + 1;
            }
        }
        self.verbatim(span);
    }

    /// Line and column of a byte, which is not before that of the last call.
    fn position(&mut self, offset: usize) -> (usize, usize) {
        let (from, mut line, mut line_start) = self.counted;
        for newline in memchr::memchr_iter(b'\n', &self.source.as_bytes()[from..offset]) {
            (line, line_start) = (line + 1, from + newline + 1);
        }
        self.counted = (offset, line, line_start);
        (line, self.source[line_start..offset].chars().count() + 1)
    }
}

/// Whether the name of a parameter, series or placeholder may start with this character.
pub(crate) fn starts_name(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

/// Whether a name may continue with this character.
pub(crate) fn continues_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '.'
}

/// Reads `{name}` or `{name:format}` at the start of `rest`: name, format and length.
fn placeholder(rest: &str, place: Place) -> Result<(&str, Option<Format>, usize), TemplateProblem> {
    let inner = &rest[1..];
    let length = inner.find(|c| !continues_name(c)).unwrap_or(inner.len());
    let (name, behind) = inner.split_at(length);
    if !name.starts_with(starts_name) {
        return Err(TemplateProblem::Opening);
    }
    if behind.starts_with('}') {
        return Ok((name, None, 1 + length + 1));
    }
    let format = behind.strip_prefix(':').ok_or(TemplateProblem::Opening)?;
    let end = format
        .find(['{', '}', '\n'])
        .filter(|end| format[*end..].starts_with('}'));
    let end = end.ok_or_else(|| TemplateProblem::Unclosed(name.to_owned()))?;
    let text = match place {
        Place::Xml(xml::XmlPlace::Text | xml::XmlPlace::Attribute) => xml::unescape(&format[..end]),
        Place::Plain | Place::Xml(xml::XmlPlace::CData | xml::XmlPlace::Instruction) => {
            Cow::Borrowed(&format[..end])
        }
    };
    let parsed = Format::parse(&text).map_err(|problem| TemplateProblem::Format {
        name: name.to_owned(),
        problem,
    })?;
    Ok((name, Some(parsed), 1 + length + 1 + end + 1))
}
