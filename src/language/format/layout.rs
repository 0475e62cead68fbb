//! Numbers and text in Python's mini-language: `[[fill]align][sign][z][0][width][.precision][type]`.
//!
//! The digits come from std, which rounds the exact value as Python does; this file arranges them.

use std::io::Write as _;

use super::{FormatProblem, LARGEST, Misfit, shortened};
use crate::data::value::push_number;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Align {
    Left,
    Right,
    Centre,
    /// Padding between the sign and the digits.
    Inside,
}

impl Align {
    /// How many of the `missing` characters go before the text.
    fn before(self, missing: usize) -> usize {
        match self {
            Self::Left => 0,
            Self::Right | Self::Inside => missing,
            Self::Centre => missing / 2,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// No type: the shortest text that reads back, or with a precision Python's variant of `g`.
    Default,
    Exponent,
    Fixed,
    General,
    Integer,
    Text,
}

/// `[[fill]align][sign][z][0][width][.precision][type]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormatLayout {
    fill: char,
    align: Option<Align>,
    sign: Option<char>,
    no_negative_zero: bool,
    zeros: bool,
    width: usize,
    precision: Option<usize>,
    kind: Kind,
    capitals: bool,
}

impl FormatLayout {
    pub(crate) fn parse(text: &str) -> Result<Self, FormatProblem> {
        let mut layout = Self {
            fill: ' ',
            align: None,
            sign: None,
            no_negative_zero: false,
            zeros: false,
            width: 0,
            precision: None,
            kind: Kind::Default,
            capitals: false,
        };
        let mut rest = text;
        let mut chars = rest.chars();
        let (first, second) = (chars.next(), chars.next());
        let mut filled = false;
        if let (Some(fill), Some(align)) = (first, second.and_then(align_of)) {
            (layout.fill, layout.align, filled) = (fill, Some(align), true);
            rest = chars.as_str();
        } else if let Some(align) = first.and_then(align_of) {
            layout.align = Some(align);
            rest = &rest[1..];
        }
        if let Some(sign) = rest.chars().next().filter(|c| matches!(c, '+' | '-' | ' ')) {
            layout.sign = Some(sign);
            rest = &rest[1..];
        }
        layout.no_negative_zero = take(&mut rest, 'z');
        // After an explicit fill character, Python reads a leading zero as part of the width.
        if !filled && take(&mut rest, '0') {
            (layout.fill, layout.zeros) = ('0', true);
        }
        layout.width = number(&mut rest, text)?.unwrap_or(0);
        if take(&mut rest, '.') {
            let digits = number(&mut rest, text)?;
            layout.precision = Some(digits.ok_or_else(|| FormatProblem::NoPrecision(text.into()))?);
        }
        (layout.kind, layout.capitals) = match rest {
            "" => (Kind::Default, false),
            "e" => (Kind::Exponent, false),
            "E" => (Kind::Exponent, true),
            "f" => (Kind::Fixed, false),
            "F" => (Kind::Fixed, true),
            "g" => (Kind::General, false),
            "G" => (Kind::General, true),
            "d" => (Kind::Integer, false),
            "s" => (Kind::Text, false),
            _ => return Err(FormatProblem::Unknown(text.to_owned())),
        };
        let numbers_only =
            layout.sign.is_some() || layout.no_negative_zero || layout.align == Some(Align::Inside);
        if layout.kind == Kind::Text && (numbers_only || layout.zeros) {
            return Err(FormatProblem::Unknown(text.to_owned()));
        }
        if layout.kind == Kind::Integer && layout.precision.is_some() {
            return Err(FormatProblem::PrecisionOfInteger(text.to_owned()));
        }
        Ok(layout)
    }

    pub(super) fn width(&self) -> Option<usize> {
        (self.width > 0).then_some(self.width)
    }

    pub(super) fn is_for_text(&self) -> bool {
        matches!(self.kind, Kind::Default | Kind::Text)
            && self.sign.is_none()
            && !self.no_negative_zero
            && self.align != Some(Align::Inside)
    }

    pub(super) fn push_text(&self, text: &str, out: &mut Vec<u8>) -> Result<(), Misfit> {
        if !self.is_for_text() {
            return Err(Misfit::TextForNumber(shortened(text)));
        }
        if self.zeros {
            return Err(Misfit::TextWithZeros(shortened(text)));
        }
        let start = out.len();
        let end = self
            .precision
            .and_then(|longest| text.char_indices().nth(longest))
            .map_or(text.len(), |(at, _)| at);
        out.extend_from_slice(&text.as_bytes()[..end]);
        if self.width > 0 {
            let missing = self.width.saturating_sub(text[..end].chars().count());
            let align = self.align.unwrap_or(Align::Left);
            self.pad(out, start, missing, align.before(missing));
        }
        Ok(())
    }

    pub(super) fn push_integer(&self, integer: i64, out: &mut Vec<u8>) -> Result<(), Misfit> {
        let as_float = integer as f64;
        let start = out.len();
        match self.kind {
            Kind::Exponent | Kind::Fixed | Kind::General => return self.push_number(as_float, out),
            Kind::Default if self.precision.is_some() => return self.push_number(as_float, out),
            Kind::Text if self.precision.is_some() => return Err(Misfit::NumberCut(as_float)),
            Kind::Default | Kind::Integer | Kind::Text => {}
        }
        let sign = self.push_sign(integer < 0, out);
        // Writing to a vector can't fail, here and below.
        let _ = write!(out, "{}", integer.unsigned_abs());
        self.pad_number(out, start, sign);
        Ok(())
    }

    pub(super) fn push_number(&self, number: f64, out: &mut Vec<u8>) -> Result<(), Misfit> {
        if self.kind == Kind::Text && self.precision.is_some() {
            return Err(Misfit::NumberCut(number));
        }
        if self.kind == Kind::Integer && number != number.trunc() {
            return Err(Misfit::NotWhole(number));
        }
        let start = out.len();
        let mut sign = self.push_sign(number.is_sign_negative() && !number.is_nan(), out);
        let digits = start + sign;
        self.push_magnitude(number.abs(), out)?;
        if self.no_negative_zero && number.is_sign_negative() && sign == 1 {
            let mut mantissa = out[digits..]
                .iter()
                .take_while(|byte| !matches!(byte, b'e' | b'E'));
            if mantissa.all(|byte| matches!(byte, b'0' | b'.')) {
                let body = out.split_off(digits);
                out.truncate(start);
                sign = self.push_sign(false, out);
                out.extend_from_slice(&body);
            }
        }
        self.pad_number(out, start, sign);
        Ok(())
    }

    fn push_magnitude(&self, magnitude: f64, out: &mut Vec<u8>) -> Result<(), Misfit> {
        let start = out.len();
        let by_default = matches!(
            (self.kind, self.precision),
            (Kind::Default, None) | (Kind::Text, _)
        );
        if by_default {
            push_number(out, magnitude);
            return Ok(());
        }
        if !magnitude.is_finite() {
            if self.kind == Kind::Integer {
                return Err(Misfit::NotWhole(magnitude));
            }
            out.extend_from_slice(if magnitude.is_nan() { b"nan" } else { b"inf" });
        } else {
            let precision = self.precision.unwrap_or(6);
            let _ = match self.kind {
                Kind::Fixed => write!(out, "{magnitude:.precision$}"),
                Kind::Integer => write!(out, "{magnitude:.0}"),
                Kind::Exponent => {
                    let exponent = push_mantissa(magnitude, precision, out);
                    write!(out, "e{}{:02}", sign_of(exponent), exponent.unsigned_abs())
                }
                Kind::Default | Kind::General | Kind::Text => {
                    push_general(magnitude, precision.max(1), self.kind == Kind::Default, out);
                    Ok(())
                }
            };
        }
        if self.capitals {
            out[start..].make_ascii_uppercase();
        }
        Ok(())
    }

    /// Appends the sign of a number, and returns its length.
    fn push_sign(&self, negative: bool, out: &mut Vec<u8>) -> usize {
        let sign = match self.sign {
            _ if negative => b'-',
            Some('+') => b'+',
            Some(' ') => b' ',
            _ => return 0,
        };
        out.push(sign);
        1
    }

    fn pad_number(&self, out: &mut Vec<u8>, start: usize, sign: usize) {
        if self.width > 0 {
            let missing = self.width.saturating_sub(out.len() - start);
            let by_default = match (self.kind, self.zeros) {
                (_, true) => Align::Inside,
                (Kind::Text, false) => Align::Left,
                (_, false) => Align::Right,
            };
            let align = self.align.unwrap_or(by_default);
            let start = start + if align == Align::Inside { sign } else { 0 };
            self.pad(out, start, missing, align.before(missing));
        }
    }

    /// Puts `count` fill characters around the content of `out` from `start` on, of which `before` go before it.
    fn pad(&self, out: &mut Vec<u8>, start: usize, count: usize, before: usize) {
        let mut buffer = [0; 4];
        let fill = self.fill.encode_utf8(&mut buffer).as_bytes();
        for _ in 0..count {
            out.extend_from_slice(fill);
        }
        out[start..].rotate_right(before * fill.len());
    }
}

/// Appends `d.ddd` with `precision` digits after the point, correctly rounded, and returns the power of ten.
fn push_mantissa(magnitude: f64, precision: usize, out: &mut Vec<u8>) -> i32 {
    let start = out.len();
    let _ = write!(out, "{magnitude:.precision$e}");
    let mark = out[start..].iter().rposition(|byte| *byte == b'e');
    let mark = start + mark.expect("LowerExp always writes an e");
    let exponent = std::str::from_utf8(&out[mark + 1..])
        .ok()
        .and_then(|digits| digits.parse().ok());
    out.truncate(mark);
    exponent.expect("LowerExp writes a whole number after the e")
}

/// Python's `g` with `digits` significant digits; if `pointed`, its variant without a type, which keeps one digit after the
/// point and therefore switches to exponents one power earlier.
fn push_general(magnitude: f64, digits: usize, pointed: bool, out: &mut Vec<u8>) {
    let start = out.len();
    let exponent = push_mantissa(magnitude, digits - 1, out);
    if out.len() > start + 1 {
        out.remove(start + 1);
        let zeros = out[start + 1..]
            .iter()
            .rev()
            .take_while(|byte| **byte == b'0')
            .count();
        out.truncate(out.len() - zeros);
    }
    let significant = out.len() - start;
    // At most 999 digits, so neither conversion can be wrong.
    let largest = digits as i32 - i32::from(pointed);
    if exponent < -4 || exponent >= largest {
        if significant > 1 {
            out.insert(start + 1, b'.');
        }
        let _ = write!(out, "e{}{:02}", sign_of(exponent), exponent.unsigned_abs());
    } else if exponent < 0 {
        let zeros = exponent.unsigned_abs() as usize - 1;
        out.splice(
            start..start,
            b"0."
                .iter()
                .copied()
                .chain(std::iter::repeat_n(b'0', zeros)),
        );
    } else {
        let whole = exponent as usize + 1;
        if significant > whole {
            out.insert(start + whole, b'.');
        } else {
            out.resize(start + whole, b'0');
            if pointed {
                out.extend_from_slice(b".0");
            }
        }
    }
}

fn sign_of(exponent: i32) -> char {
    if exponent < 0 { '-' } else { '+' }
}

fn align_of(c: char) -> Option<Align> {
    match c {
        '<' => Some(Align::Left),
        '>' => Some(Align::Right),
        '^' => Some(Align::Centre),
        '=' => Some(Align::Inside),
        _ => None,
    }
}

fn take(rest: &mut &str, wanted: char) -> bool {
    let stripped = rest.strip_prefix(wanted);
    *rest = stripped.unwrap_or(rest);
    stripped.is_some()
}

fn number(rest: &mut &str, whole: &str) -> Result<Option<usize>, FormatProblem> {
    let length = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, behind) = rest.split_at(length);
    *rest = behind;
    match digits.parse() {
        _ if digits.is_empty() => Ok(None),
        Ok(number) if number <= LARGEST => Ok(Some(number)),
        _ => Err(FormatProblem::TooLarge(whole.to_owned())),
    }
}
