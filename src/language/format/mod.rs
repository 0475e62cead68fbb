//! Format specifications: the part after the colon in `{name:format}`.
//!
//! Numbers and text follow the mini-language of Python's `str.format`, because that is what the users of templates
//! know; date-times follow `strftime` and are recognised by their `%`. Where Python would make a table unsafe, safety
//! wins: a number with neither type nor precision keeps the text it has without a format (`3`, not `3.0`), a
//! `d` accepts every whole number, and padding text with zeros by `08` is refused, because Python would append them
//! to an id. This file knows nothing of templates: it turns one value into bytes. `layout.rs` does so for numbers and
//! text, `cell.rs` for numbers where only a width is given.

mod cell;
mod layout;

use jiff::civil::DateTime;
use jiff::fmt::StdIoWrite;
use jiff::fmt::strtime::{BrokenDownTime, Config, PosixCustom};
use jiff::tz::Offset;

pub(crate) use layout::FormatLayout;

use crate::data::value::Value;

/// Widths and precisions beyond this are slips, and would let a template fill the memory.
const LARGEST: usize = 999;

/// Why a text is not a format specification.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatProblem {
    /// The specification, or its end, has no known form.
    #[error(
        "the format `{0}` is unknown: numbers take [[fill]align][sign][z][0][width][.precision][type] with one of the types \
         e E f F g G d s, times take strftime such as %Y-%m-%d %H:%M"
    )]
    Unknown(String),
    /// A dot without digits after it.
    #[error("the format `{0}` has a `.` without the number of digits behind it")]
    NoPrecision(String),
    /// A width or precision that nobody can mean.
    #[error("the format `{0}` has a width or precision beyond {LARGEST}")]
    TooLarge(String),
    /// `.2d`.
    #[error("the format `{0}` asks for digits after the point of a whole number (type d)")]
    PrecisionOfInteger(String),
    /// A `%` directive that a date-time in UTC can't fill.
    #[error("the time format `{format}` is invalid: {reason}")]
    Time {
        /// The format as written.
        format: String,
        /// What the time library says about it.
        reason: String,
    },
}

/// Why a value does not suit a format.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Misfit {
    /// Text for a format for numbers.
    #[error("the text {0:?} is no number, and the format is one for numbers")]
    TextForNumber(String),
    /// Text with `08`: Python appends the zeros, which nobody wants.
    #[error(
        "the text {0:?} can't be padded with zeros by `0` before the width; write `0>` for leading zeros"
    )]
    TextWithZeros(String),
    /// A number with a fractional part for type `d`.
    #[error("{0} is no whole number, and the format's type is d")]
    NotWhole(f64),
    /// A number for `.3s`: cutting characters off would change it.
    #[error("the number {0} can't be cut to a number of characters; use the types f, e or g")]
    NumberCut(f64),
    /// A number or text for a strftime format.
    #[error("{0:?} is no date-time, and the format is one for date-times")]
    NotATime(String),
    /// A date-time for a format for numbers.
    #[error("a date-time needs a strftime format such as %Y-%m-%d %H:%M")]
    TimeForNumber,
    /// A number that no text of this width tells.
    #[error("{number} has no form with a point in {width} characters; widen its cell")]
    NoForm {
        /// The number.
        number: f64,
        /// The width.
        width: usize,
    },
    /// A number that is none.
    #[error("{0} is no finite number")]
    NotFinite(f64),
    /// A date-time that the format can't print.
    #[error("the date-time can't be printed: {0}")]
    Time(String),
}

/// A parsed format specification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Format {
    /// For numbers and text.
    Layout(FormatLayout),
    /// For date-times: a strftime format, known to work.
    Time(String),
    /// For numbers, with a point, as exactly as this many characters allow. Other programs' templates ask for it.
    Cell(usize),
    /// For numbers this layout; text stands as it is. Other programs' templates ask for it.
    Numbers(FormatLayout),
}

impl Format {
    /// Reads the text after the colon; empty text is the plain layout.
    pub fn parse(text: &str) -> Result<Self, FormatProblem> {
        if text.contains('%') {
            let sample = DateTime::constant(2009, 1, 1, 0, 0, 0, 0);
            return match push_strftime(text, sample, &mut Vec::new()) {
                Ok(()) => Ok(Self::Time(text.to_owned())),
                Err(reason) => Err(FormatProblem::Time {
                    format: text.to_owned(),
                    reason,
                }),
            };
        }
        FormatLayout::parse(text).map(Self::Layout)
    }

    /// Appends a parameter's value.
    pub fn push_value(&self, value: &Value, out: &mut Vec<u8>) -> Result<(), Misfit> {
        match (self, value) {
            (_, Value::List(_)) => Err(Misfit::TextForNumber(shortened(&value.to_string()))),
            (Self::Time(_), _) => Err(Misfit::NotATime(shortened(&value.to_string()))),
            (Self::Cell(_), Value::Text(text)) => Err(Misfit::TextForNumber(shortened(text))),
            (Self::Cell(width), Value::Number(number)) => cell::push(*number, *width, out),
            (Self::Cell(width), Value::Integer(whole)) => cell::push(*whole as f64, *width, out),
            (Self::Numbers(_), Value::Text(text)) => {
                out.extend_from_slice(text.as_bytes());
                Ok(())
            }
            (Self::Numbers(layout), Value::Number(number)) => layout.push_number(*number, out),
            (Self::Numbers(layout), Value::Integer(whole)) => layout.push_integer(*whole, out),
            (Self::Layout(layout), Value::Number(number)) => layout.push_number(*number, out),
            (Self::Layout(layout), Value::Integer(integer)) => layout.push_integer(*integer, out),
            (Self::Layout(layout), Value::Text(text)) => layout.push_text(text, out),
        }
    }

    /// Appends a number.
    pub fn push_number(&self, number: f64, out: &mut Vec<u8>) -> Result<(), Misfit> {
        match self {
            Self::Layout(layout) | Self::Numbers(layout) => layout.push_number(number, out),
            Self::Cell(width) => cell::push(number, *width, out),
            Self::Time(_) => Err(Misfit::NotATime(Value::Number(number).to_string())),
        }
    }

    /// Appends a date-time, read as UTC.
    pub fn push_time(&self, time: DateTime, out: &mut Vec<u8>) -> Result<(), Misfit> {
        match self {
            Self::Time(format) => push_strftime(format, time, out).map_err(Misfit::Time),
            Self::Layout(layout) if layout.is_for_text() => {
                let mut text = Vec::new();
                push_time(time, &mut text);
                layout.push_text(&String::from_utf8_lossy(&text), out)
            }
            Self::Layout(_) | Self::Cell(_) | Self::Numbers(_) => Err(Misfit::TimeForNumber),
        }
    }

    /// The width that it pads to, if it has one.
    pub fn width(&self) -> Option<usize> {
        match self {
            Self::Layout(layout) | Self::Numbers(layout) => layout.width(),
            Self::Time(_) | Self::Cell(_) => None,
        }
    }
}

/// Appends a date-time without a format: `2009-01-01 00:00:00`, with a fraction of a second only if there is one.
pub(crate) fn push_time(time: DateTime, out: &mut Vec<u8>) {
    let text = time.to_string();
    out.extend(
        text.bytes()
            .map(|byte| if byte == b'T' { b' ' } else { byte }),
    );
}

fn push_strftime(format: &str, time: DateTime, out: &mut Vec<u8>) -> Result<(), String> {
    let mut broken_down = BrokenDownTime::from(time);
    broken_down.set_offset(Some(Offset::UTC));
    let config = Config::new().custom(PosixCustom::new());
    let start = out.len();
    broken_down
        .format_with_config(&config, format, &mut StdIoWrite(&mut *out))
        .map_err(|error| {
            out.truncate(start);
            error.to_string()
        })
}

/// The start of a text, for a message.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
