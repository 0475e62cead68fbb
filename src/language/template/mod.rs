//! Templates: text with placeholders, and the rendering of them.
//!
//! A placeholder is `{name}` or `{name:format}`; `{{` and `}}` are literal braces, and every other brace is an error
//! with its line and column, because a forgotten brace in a simulator's input file is expensive to find later. Everything
//! else is passed on byte for byte, in its encoding. Values come from a [`Scope`]; [`crate::language::format`] knows formats,
//! [`crate::language::xml`] the rules of XML and [`crate::text::charset`] encodings.

mod builder;
mod error;

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::civil::DateTime;

use self::builder::TemplateBuilder;
pub(crate) use self::builder::{continues_name, starts_name};
use self::error::At;
pub use self::error::{RenderError, RenderProblem, TemplateError, TemplateProblem};
use crate::data::value::{Value, push_number};
use crate::language::format::{Format, push_time};
use crate::language::xml::{self, XmlProblem};
use crate::text::charset::Charset;

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

/// `{name}` or `{name:format}`, with its position.
#[derive(Clone, Debug, PartialEq)]
pub struct Placeholder {
    /// The name.
    pub name: String,
    /// The format after the colon.
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
    Xml(xml::XmlPlace),
}

impl Place {
    /// The kind of section, if it may hold code, in which braces have another meaning.
    pub(crate) fn of_code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Xml(place) => place.of_code(),
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

    /// Parses an XML template: placeholders count everywhere except in comments, and no value can break the rendered
    /// document.
    pub fn xml(source: &str) -> Result<Self, TemplateError> {
        Self::xml_in(source, Charset::UTF_8)
    }

    /// Parses the bytes of a plain text in this encoding; it is rendered in the same.
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

    /// Parses the bytes of an XML document in the encoding that it declares; it is rendered in the same.
    pub fn xml_of_bytes(bytes: &[u8]) -> Result<Self, TemplateError> {
        let (source, charset) = xml::decode(bytes).map_err(|(before, problem)| {
            let offset = before.len();
            let problem = problem.into();
            At { offset, problem }.in_source(&before)
        })?;
        Self::xml_in(&source, charset)
    }

    /// Parses header, row and footer of an XML document in which the row is repeated; each has whole lines. Errors come
    /// with the index of their part.
    pub(crate) fn xml_table(parts: [&str; 3]) -> Result<[Self; 3], (usize, TemplateError)> {
        let [header, row, footer] = parts;
        Self::xml_parts(&parts, Charset::UTF_8)?;
        // A second row shows what a row leaves open.
        let two = Self::xml_parts(&[header, row, row, footer], Charset::UTF_8)
            .map_err(|(part, error)| ([0, 1, 1, 2][part], error))?;
        match <[Self; 4]>::try_from(two) {
            Ok([header, first, row, footer]) if first.pieces == row.pieces => {
                Ok([header, row, footer])
            }
            _ => {
                let (line, column, problem) = (1, 1, XmlProblem::Rows.into());
                Err((
                    1,
                    TemplateError {
                        line,
                        column,
                        problem,
                    },
                ))
            }
        }
    }

    fn text_in(source: &str, charset: Charset) -> Result<Self, TemplateError> {
        let mut builder = TemplateBuilder::new(source, &[source], charset);
        builder
            .scan(0..source.len(), Place::Plain)
            .map_err(|at| at.in_source(source))?;
        Ok(builder.finish().remove(0))
    }

    fn xml_in(source: &str, charset: Charset) -> Result<Self, TemplateError> {
        Self::xml_parts(&[source], charset)
            .map(|mut parts| parts.remove(0))
            .map_err(|(_, error)| error)
    }

    fn xml_parts(parts: &[&str], charset: Charset) -> Result<Vec<Self>, (usize, TemplateError)> {
        let whole = parts.concat();
        let mut builder = TemplateBuilder::new(&whole, parts, charset);
        let mut take = |span, part| builder.xml(span, part);
        xml::read(&whole, charset, &mut take).map_err(|at: At| at.in_parts(parts))?;
        Ok(builder.finish())
    }

    /// The placeholders in the order of the text; a name may come more than once.
    pub fn placeholders(&self) -> impl Iterator<Item = &Placeholder> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Hole(placeholder) => Some(placeholder),
            Piece::Literal(_) => None,
        })
    }

    /// Whether it has placeholders that are filled in without escaping.
    pub fn is_plain(&self) -> bool {
        self.placeholders().any(|hole| hole.place == Place::Plain)
    }

    /// What looks like placeholders in XML comments, where nothing is filled in.
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
    /// Appends the value that `scope` has for this placeholder, in UTF-8; an error if the encoding lacks a character of it.
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

    /// Escapes what was appended from `start` on, so that it fits its place.
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
            Place::Xml(place) => xml::escape(out, start, place, charset).map_err(Into::into),
        }
        .map_err(|problem| self.error(problem))
    }

    /// The same placeholder outside of XML.
    pub(crate) fn in_plain_text(&self) -> Self {
        Self {
            place: Place::Plain,
            ..self.clone()
        }
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

#[cfg(test)]
mod tests;
