//! Placeholders: what one asks for, and the text that a value becomes in its place.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::civil::DateTime;

use super::error::{RenderError, RenderProblem};
use crate::data::value::{Value, push_number};
use crate::language::format::{Format, push_time};
use crate::language::formula::Expr;
use crate::language::xml;
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

    /// What `name` stands for beside the rows of a block over it, in which it is one element.
    fn get_whole(&self, name: &str) -> Option<Scoped<'_>> {
        self.get(name)
    }

    /// What `name` stands for, or what the only name does that differs from it by capitals.
    fn get_in_any_case(&self, name: &str) -> Option<Scoped<'_>> {
        self.get(name)
    }
}

impl Scope for BTreeMap<String, Value> {
    fn get(&self, name: &str) -> Option<Scoped<'_>> {
        self.get(name)
            .map(|value| Scoped::Value(Cow::Borrowed(value)))
    }
}

/// `{name}`, `{name:format}`, `{name[0]}`, or what another style of templates has in its place; with its position.
#[derive(Clone, Debug, PartialEq)]
pub struct Placeholder {
    /// The name, or the formula as written.
    pub name: String,
    /// The format after the colon.
    pub format: Option<Format>,
    /// The line in the template, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// What surrounds it.
    pub(crate) place: Place,
    /// What of its name it asks for.
    pub(crate) wanted: Wanted,
    /// The number of characters that its text must not exceed.
    pub(crate) width: Option<usize>,
}

/// What a placeholder asks for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Wanted {
    /// The value of its name.
    Value,
    /// The value of its name, whatever its capitals.
    InAnyCase,
    /// One element of a list, counted from 0.
    Element(usize),
    /// What a formula gives.
    Formula(Expr),
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

impl Placeholder {
    /// The names of what it needs.
    pub(crate) fn names(&self) -> Vec<String> {
        match &self.wanted {
            Wanted::Formula(formula) => formula.names().into_iter().collect(),
            Wanted::Value | Wanted::InAnyCase | Wanted::Element(_) => vec![self.name.clone()],
        }
    }

    /// Appends the value that `scope` has for this placeholder, in UTF-8; an error if the encoding lacks a character of it.
    pub(crate) fn render(
        &self,
        scope: &dyn Scope,
        charset: Charset,
        out: &mut Vec<u8>,
    ) -> Result<(), RenderError> {
        let start = out.len();
        self.push(scope, out)
            .map_err(|problem| self.error(problem))?;
        self.finish(start, charset, out)
    }

    fn push(&self, scope: &dyn Scope, out: &mut Vec<u8>) -> Result<(), RenderProblem> {
        let scoped = match &self.wanted {
            Wanted::Value => scope.get(&self.name),
            Wanted::InAnyCase => scope.get_in_any_case(&self.name),
            Wanted::Element(at) => {
                let whole = scope.get_whole(&self.name);
                return match whole.ok_or(RenderProblem::UnknownName)? {
                    Scoped::Value(list) => self.push_value(element(&list, *at)?, out),
                    Scoped::Time(_) => Err(RenderProblem::NoList),
                };
            }
            Wanted::Formula(formula) => {
                let number = compute(formula, scope)?;
                return self.push_value(&Value::Number(number), out);
            }
        };
        match (scoped.ok_or(RenderProblem::UnknownName)?, &self.format) {
            (Scoped::Value(value), _) => self.push_value(&value, out),
            (Scoped::Time(time), Some(format)) => Ok(format.push_time(time, out)?),
            (Scoped::Time(time), None) => {
                push_time(time, out);
                Ok(())
            }
        }
    }

    fn push_value(&self, value: &Value, out: &mut Vec<u8>) -> Result<(), RenderProblem> {
        match (value, &self.format) {
            (Value::List(_), _) => return Err(RenderProblem::List(self.name.clone())),
            (value, Some(format)) => format.push_value(value, out)?,
            (Value::Number(number), None) => push_number(out, *number),
            (Value::Text(text), None) => out.extend_from_slice(text.as_bytes()),
            (Value::Integer(_), None) => out.extend_from_slice(value.to_string().as_bytes()),
        }
        Ok(())
    }

    /// Checks the width of what was appended from `start` on and escapes it, so that it fits its place.
    pub(crate) fn finish(
        &self,
        start: usize,
        charset: Charset,
        out: &mut Vec<u8>,
    ) -> Result<(), RenderError> {
        self.finish_value(start, charset, out)
            .map_err(|problem| self.error(problem))
    }

    fn finish_value(
        &self,
        start: usize,
        charset: Charset,
        out: &mut Vec<u8>,
    ) -> Result<(), RenderProblem> {
        if let Some(width) = self.width
            && out.len() - start > width
        {
            let text = String::from_utf8_lossy(&out[start..]);
            if text.chars().count() > width {
                let text = text.into_owned();
                return Err(RenderProblem::TooWide { text, width });
            }
        }
        match self.place {
            Place::Plain if charset.is_utf_8() => Ok(()),
            Place::Plain => {
                let text = String::from_utf8_lossy(&out[start..]);
                match text.chars().find(|c| !charset.holds(*c)) {
                    Some(c) => Err(RenderProblem::NotInEncoding(c, charset)),
                    None => Ok(()),
                }
            }
            Place::Xml(place) => Ok(xml::escape(out, start, place, charset)?),
        }
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
            step: None,
            problem,
        }
    }
}

/// An element of a list.
fn element(list: &Value, at: usize) -> Result<&Value, RenderProblem> {
    let Value::List(values) = list else {
        return Err(RenderProblem::NoList);
    };
    let length = values.len();
    values
        .get(at)
        .ok_or(RenderProblem::NoElement { at, length })
}

/// The value of a formula over parameters.
fn compute(formula: &Expr, scope: &dyn Scope) -> Result<f64, RenderProblem> {
    let mut numbers = BTreeMap::new();
    for name in formula.names() {
        let number = match scope.get(&name) {
            None => return Err(RenderProblem::UnknownName),
            Some(Scoped::Value(value)) => value.number(),
            Some(Scoped::Time(_)) => None,
        };
        let number = number.ok_or_else(|| RenderProblem::NoNumber(name.clone()))?;
        numbers.insert(name, number);
    }
    let value = formula
        .eval(&|name| numbers.get(name).copied())
        .map_err(|error| RenderProblem::Formula(error.to_string()))?;
    match value.is_finite() {
        true => Ok(value),
        false => Err(RenderProblem::Formula(format!("it gives {value}"))),
    }
}
