//! Templates: text with placeholders, and the rendering of them.
//!
//! A placeholder is `{name}` or `{name:format}`; `{{` and `}}` are literal braces, and every other brace is an error
//! with its line and column, because a forgotten brace in a simulator's input file is expensive to find later. All
//! else is passed on byte for byte, in the encoding that it is in. Where the values come from is the business of a
//! [`Scope`]; what a format means that of [`crate::format`]; what makes a document XML that of [`crate::xml`]; what an
//! encoding that of [`crate::charset`].

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use jiff::civil::DateTime;

use crate::charset::Charset;
use crate::format::{Format, FormatProblem, Misfit, push_time};
use crate::value::{Value, push_number};
use crate::xml::{self, XmlProblem};

/// What a template can't be used for, and where; lines and columns count from 1, columns in characters.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("line {line}, column {column}: {problem}")]
pub struct TemplateError {
    /// The line in the template.
    pub line: usize,
    /// The column in the line.
    pub column: usize,
    /// What is wrong there.
    pub problem: TemplateProblem,
}

/// What is wrong with a template.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TemplateProblem {
    /// `{` without a name and `}` or `:` behind it.
    #[error("`{{` starts no placeholder such as {{name}} or {{name:.6}}; write `{{{{` for a brace")]
    Opening,
    /// `}` without a `{` before it.
    #[error("`}}` ends no placeholder; write `}}}}` for a brace")]
    Closing,
    /// The line or the text ends within a placeholder's format.
    #[error("the placeholder `{{{0}:` is not closed by `}}` on its line")]
    Unclosed(String),
    /// The format is none.
    #[error("placeholder `{name}`: {problem}")]
    Format {
        /// The placeholder's name.
        name: String,
        /// What is wrong with its format.
        problem: FormatProblem,
    },
    /// A byte that is no text in the encoding that the template is to be in.
    #[error(
        "the byte 0x{byte:02x} is no {charset} text; save the template as UTF-8, or name the encoding that it is in, such \
         as `encoding = \"windows-1252\"` beside `template`"
    )]
    NoText {
        /// The byte.
        byte: u8,
        /// The encoding.
        charset: Charset,
    },
    /// The template is to be XML and is not.
    #[error(transparent)]
    Xml(#[from] XmlProblem),
}

/// Why a template can't be rendered with the values at hand.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("line {line}, column {column}: placeholder `{name}`: {problem}")]
pub struct RenderError {
    /// The placeholder's name.
    pub name: String,
    /// Its line in the template, from 1.
    pub line: usize,
    /// Its column, from 1, in characters.
    pub column: usize,
    /// What is wrong with its value.
    pub problem: RenderProblem,
}

/// What is wrong with a placeholder's value.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RenderProblem {
    /// The scope knows no such name.
    #[error("nothing has this name")]
    UnknownName,
    /// The value does not go with the format.
    #[error(transparent)]
    Misfit(#[from] Misfit),
    /// The value holds a character that no XML document can hold, not even escaped.
    #[error("the value holds {0:?}, which no XML document can hold")]
    NotInXml(char),
    /// The value holds a character that can stand there neither as it is nor as a reference.
    #[error(
        "the value holds {0:?}, which can't stand {1}; put the placeholder into an attribute or into text, where a \
         reference can stand for it"
    )]
    NotThere(char, &'static str),
    /// The value holds a character that the template's encoding has not got.
    #[error(
        "the value holds {0:?}, which {1} has not got; save the template in an encoding that has"
    )]
    NotInEncoding(char, Charset),
}

/// What a name stands for.
#[derive(Clone, Debug, PartialEq)]
pub enum Scoped<'a> {
    /// A parameter.
    Value(Cow<'a, Value>),
    /// A date-time, UTC.
    Time(DateTime),
}

/// Where the values of placeholders come from.
pub trait Scope {
    /// What `name` stands for, `None` if nothing has this name.
    fn get(&self, name: &str) -> Option<Scoped<'_>>;
}

impl Scope for BTreeMap<String, Value> {
    fn get(&self, name: &str) -> Option<Scoped<'_>> {
        self.get(name)
            .map(|value| Scoped::Value(Cow::Borrowed(value)))
    }
}

/// `{name}` or `{name:format}` and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Placeholder {
    /// The name.
    pub name: String,
    /// The format behind the colon.
    pub format: Option<Format>,
    /// The line in the template, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// What surrounds it.
    pub(crate) place: Place,
}

/// What surrounds a placeholder, and so how its value must be escaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Plain,
    XmlText,
    XmlAttribute,
    XmlCData,
    XmlInstruction,
}

impl Place {
    /// Where braces had another meaning than in the text around it, if one takes it for what it is elsewhere: code.
    pub fn of_code(self) -> Option<&'static str> {
        match self {
            Self::Plain | Self::XmlText | Self::XmlAttribute => None,
            Self::XmlCData => Some("a CDATA section"),
            Self::XmlInstruction => Some("a processing instruction"),
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Piece {
    Literal(String),
    Hole(Placeholder),
}

/// A template, parsed once and rendered for every catchment.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    source: String,
    charset: Charset,
    pieces: Vec<Piece>,
    unfilled: Vec<Placeholder>,
}

impl Template {
    /// Parses a template of plain text.
    pub fn text(source: &str) -> Result<Self, TemplateError> {
        Self::text_in(source, Charset::UTF_8)
    }

    /// Parses an XML template: placeholders count everywhere but in comments, and no value can break the rendered
    /// document.
    pub fn xml(source: &str) -> Result<Self, TemplateError> {
        Self::xml_in(source, Charset::UTF_8)
    }

    /// Parses the bytes of a plain text in this encoding; rendered, it is in the same.
    pub fn text_of_bytes(bytes: &[u8], charset: Charset) -> Result<Self, TemplateError> {
        let source = charset.decode(bytes).map_err(|fault| {
            let problem = TemplateProblem::NoText {
                byte: fault.byte,
                charset,
            };
            At {
                offset: fault.before.len(),
                problem,
            }
            .in_source(&fault.before)
        })?;
        Self::text_in(&source, charset)
    }

    /// Parses the bytes of an XML document in the encoding that it declares; rendered, it is in the same.
    pub fn xml_of_bytes(bytes: &[u8]) -> Result<Self, TemplateError> {
        let (source, charset) = xml::read(bytes)?;
        Self::xml_in(&source, charset)
    }

    fn text_in(source: &str, charset: Charset) -> Result<Self, TemplateError> {
        let mut builder = Builder::new(source, charset);
        builder
            .scan(0..source.len(), Place::Plain)
            .map_err(|at| at.in_source(source))?;
        Ok(builder.finish())
    }

    fn xml_in(source: &str, charset: Charset) -> Result<Self, TemplateError> {
        let mut builder = Builder::new(source, charset);
        xml::compile(source, charset, &mut builder).map_err(|at| at.in_source(source))?;
        Ok(builder.finish())
    }

    /// The placeholders in the order of the text; a name may come more than once.
    pub fn placeholders(&self) -> impl Iterator<Item = &Placeholder> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Hole(placeholder) => Some(placeholder),
            Piece::Literal(_) => None,
        })
    }

    /// Whether it has placeholders that are filled in as in plain text.
    pub fn is_plain(&self) -> bool {
        self.placeholders().any(|hole| hole.place == Place::Plain)
    }

    /// What looks like placeholders in the comments of XML, where nothing is filled in.
    pub fn unfilled(&self) -> impl Iterator<Item = &Placeholder> {
        self.unfilled.iter()
    }

    /// Appends the text with the values of `scope` filled in; on an error `out` is as it was.
    pub fn render(&self, scope: &dyn Scope, out: &mut Vec<u8>) -> Result<(), RenderError> {
        let start = out.len();
        self.render_utf_8(scope, out)
            .inspect_err(|_| out.truncate(start))?;
        if !self.charset.is_utf_8() {
            let rendered = out.split_off(start);
            out.extend_from_slice(&self.charset.encode(&String::from_utf8_lossy(&rendered)));
        }
        Ok(())
    }

    fn render_utf_8(&self, scope: &dyn Scope, out: &mut Vec<u8>) -> Result<(), RenderError> {
        for piece in &self.pieces {
            match piece {
                Piece::Literal(literal) => out.extend_from_slice(literal.as_bytes()),
                Piece::Hole(placeholder) => placeholder.render(scope, self.charset, out)?,
            }
        }
        Ok(())
    }

    /// The template as written.
    pub fn source(&self) -> &str {
        &self.source
    }

    pub(crate) fn pieces(&self) -> &[Piece] {
        &self.pieces
    }
}

impl Placeholder {
    /// Appends the value that `scope` has for this placeholder, as UTF-8, but of characters that the encoding has.
    pub(crate) fn render(
        &self,
        scope: &dyn Scope,
        charset: Charset,
        out: &mut Vec<u8>,
    ) -> Result<(), RenderError> {
        let start = out.len();
        let scoped = scope
            .get(&self.name)
            .ok_or_else(|| self.error(RenderProblem::UnknownName))?;
        match (&scoped, &self.format) {
            (Scoped::Value(value), Some(format)) => format.push_value(value, out),
            (Scoped::Time(time), Some(format)) => format.push_time(*time, out),
            (Scoped::Value(value), None) => {
                match value.as_ref() {
                    Value::Number(number) => push_number(out, *number),
                    Value::Text(text) => out.extend_from_slice(text.as_bytes()),
                    Value::Integer(_) => out.extend_from_slice(value.to_string().as_bytes()),
                }
                Ok(())
            }
            (Scoped::Time(time), None) => {
                push_time(*time, out);
                Ok(())
            }
        }
        .map_err(|misfit| self.error(misfit.into()))?;
        self.escape(start, charset, out)
    }

    /// Makes what was appended from `start` on fit to stand in its place.
    pub(crate) fn escape(
        &self,
        start: usize,
        charset: Charset,
        out: &mut Vec<u8>,
    ) -> Result<(), RenderError> {
        match self.place {
            Place::Plain if charset.is_utf_8() => Ok(()),
            Place::Plain => {
                let text = String::from_utf8_lossy(&out[start..]);
                match text.chars().find(|c| !charset.holds(*c)) {
                    Some(c) => Err(RenderProblem::NotInEncoding(c, charset)),
                    None => Ok(()),
                }
            }
            place => xml::escape(out, start, place, charset),
        }
        .map_err(|problem| self.error(problem))
    }

    pub(crate) fn error(&self, problem: RenderProblem) -> RenderError {
        RenderError {
            name: self.name.clone(),
            line: self.line,
            column: self.column,
            problem,
        }
    }
}

/// A problem at a byte of the source.
pub(crate) struct At {
    pub offset: usize,
    pub problem: TemplateProblem,
}

impl At {
    pub fn in_source(self, source: &str) -> TemplateError {
        let before = &source[..source.floor_char_boundary(self.offset)];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        TemplateError {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            problem: self.problem,
        }
    }
}

/// Collects the pieces of a template; the parts of the source must come in their order.
pub(crate) struct Builder<'s> {
    source: &'s str,
    charset: Charset,
    pieces: Vec<Piece>,
    literal: String,
    unfilled: Vec<Placeholder>,
    /// Where the counting of lines has come to: byte, line, start of the line.
    counted: (usize, usize, usize),
}

impl<'s> Builder<'s> {
    fn new(source: &'s str, charset: Charset) -> Self {
        Self {
            source,
            charset,
            pieces: Vec::new(),
            literal: String::new(),
            unfilled: Vec::new(),
            counted: (0, 1, 0),
        }
    }

    fn finish(mut self) -> Template {
        self.end_literal();
        Template {
            source: self.source.to_owned(),
            charset: self.charset,
            pieces: self.pieces,
            unfilled: self.unfilled,
        }
    }

    fn end_literal(&mut self) {
        if !self.literal.is_empty() {
            self.pieces
                .push(Piece::Literal(std::mem::take(&mut self.literal)));
        }
    }

    /// Takes a part of the source as it stands.
    pub fn verbatim(&mut self, span: Range<usize>) {
        self.literal.push_str(&self.source[span]);
    }

    /// Takes a part of the source as it stands, and remembers what looks like placeholders in it.
    pub fn pass_over(&mut self, span: Range<usize>) {
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

    /// Takes a part of the source that may hold placeholders.
    pub fn scan(&mut self, span: Range<usize>, place: Place) -> Result<(), At> {
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

    /// The placeholder at the start of a part of the source, and its length.
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
    fn push_literal(&mut self, span: Range<usize>, place: Place) {
        let mut text = &self.source[span];
        let behind_hole =
            self.literal.is_empty() && matches!(self.pieces.last(), Some(Piece::Hole(_)));
        if place == Place::XmlText && behind_hole {
            let brackets = text.len() - text.trim_start_matches(']').len();
            if brackets < 2 && text[brackets..].starts_with('>') {
                self.literal.push_str(&text[..brackets]);
                self.literal.push_str("&gt;");
                text = &text[brackets + 1..];
            }
        }
        self.literal.push_str(text);
    }

    /// Line and column of a byte that is not before the last one asked for.
    fn position(&mut self, offset: usize) -> (usize, usize) {
        let (from, mut line, mut line_start) = self.counted;
        for newline in memchr::memchr_iter(b'\n', &self.source.as_bytes()[from..offset]) {
            (line, line_start) = (line + 1, from + newline + 1);
        }
        self.counted = (offset, line, line_start);
        (line, self.source[line_start..offset].chars().count() + 1)
    }
}

/// Whether a name of a parameter, series or placeholder may start so.
pub(crate) fn starts_name(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

/// Whether a name may go on so.
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
        Place::XmlText | Place::XmlAttribute => xml::unescape(&format[..end]),
        Place::Plain | Place::XmlCData | Place::XmlInstruction => Cow::Borrowed(&format[..end]),
    };
    let parsed = Format::parse(&text).map_err(|problem| TemplateProblem::Format {
        name: name.to_owned(),
        problem,
    })?;
    Ok((name, Some(parsed), 1 + length + 1 + end + 1))
}

#[cfg(test)]
mod tests;
