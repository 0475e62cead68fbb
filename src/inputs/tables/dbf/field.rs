//! One field of a dBASE table: from the bytes of a record to a value or an id.
//!
//! It knows what each type looks like, what stands for no value in it, and when to say that a cell can't be understood. In a
//! field of a type that is not read at all, such as a memo, no cell can.

use std::borrow::Cow;

use crate::data::value::Value;
use crate::inputs::tables::cell::{self, DecimalMarks, EXACT, float, is_grouped, plain_number};
use crate::inputs::tables::code_page::CodePage;

/// A field.
pub(super) struct DbfField {
    kind: FieldKind,
    /// Its bytes in a record.
    pub begin: usize,
    pub end: usize,
    /// Where the bits of Visual FoxPro are in a record, and which of them say that the field is null, and that its last byte
    /// is its length.
    pub flags_begin: usize,
    pub null_bit: Option<usize>,
    pub length_bit: Option<usize>,
}

/// What is in a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FieldKind {
    Text,
    /// Digits, as text.
    Number {
        decimals: u8,
    },
    /// The same, floating; without decimals it is no whole number.
    Float,
    /// `T` or `F`.
    Logical,
    /// Eight digits.
    Date,
    /// 32 bits.
    Integer,
    /// 64 bits, in ten-thousandths.
    Currency,
    /// 64 bits of floating point.
    Double,
    /// A reference to a text in another file.
    Memo,
    /// Days and milliseconds.
    Time,
    /// Of no type that is known.
    Other(u8),
}

impl FieldKind {
    /// By the letter of a field's type and its width.
    pub(super) fn of(letter: u8, width: usize, decimals: u8, is_foxpro: bool) -> Self {
        match (letter, width) {
            (b'C' | b'V', _) => Self::Text,
            (b'N', _) => Self::Number { decimals },
            (b'F', _) => Self::Float,
            (b'L', 1) => Self::Logical,
            (b'D', 8) => Self::Date,
            (b'I', 4) => Self::Integer,
            (b'Y', 8) => Self::Currency,
            (b'B', 8) if is_foxpro => Self::Double,
            (b'M' | b'G' | b'P' | b'W', _) | (b'B', _) if letter != b'B' || !is_foxpro => {
                Self::Memo
            }
            (b'T', 8) => Self::Time,
            _ => Self::Other(letter),
        }
    }
}

impl DbfField {
    /// One that is never null.
    pub(super) fn new(kind: FieldKind, begin: usize, end: usize) -> Self {
        Self {
            kind,
            begin,
            end,
            flags_begin: 0,
            null_bit: None,
            length_bit: None,
        }
    }

    /// The value in a record, if there is one.
    pub(super) fn value(
        &self,
        record: &[u8],
        code_page: &CodePage,
    ) -> Result<Option<Value>, String> {
        if self.is_set(self.null_bit, record) {
            return Ok(None);
        }
        let bytes = &record[self.begin..self.end];
        match self.kind {
            FieldKind::Text => {
                let text = code_page.decode(self.text(record)?)?;
                Ok((!text.is_empty()).then_some(Value::Text(text)))
            }
            FieldKind::Number { .. } | FieldKind::Float => self.digits(record)?.map(|text| self.number(&text)).transpose(),
            FieldKind::Logical => match bytes {
                b"T" | b"t" | b"Y" | b"y" => Ok(Some(Value::Integer(1))),
                b"F" | b"f" | b"N" | b"n" => Ok(Some(Value::Integer(0))),
                b"?" | b" " | b"\0" => Ok(None),
                _ => Err(format!("\"{}\" is neither T nor F", bytes.escape_ascii())),
            },
            FieldKind::Date => date(bytes),
            FieldKind::Integer => Ok(bytes.first_chunk().map(|bytes| Value::Integer(i32::from_le_bytes(*bytes).into()))),
            FieldKind::Currency => Ok(bytes.first_chunk().and_then(|bytes| currency(i64::from_le_bytes(*bytes)))),
            FieldKind::Double => {
                let number = bytes.first_chunk().map(|bytes| f64::from_le_bytes(*bytes));
                match number.filter(|number| number.is_finite()) {
                    Some(number) => Ok(Some(Value::Number(number))),
                    None => Err(format!("{} is no number", number.unwrap_or(f64::NAN))),
                }
            }
            FieldKind::Memo | FieldKind::Time if is_blank(bytes) => Ok(None),
            FieldKind::Memo => Err("it is a memo field, whose texts are in a file of their own, which is not read; make it a field \
                               of text or numbers"
                .to_owned()),
            FieldKind::Time => Err("it is a field of times, which are not read; make it a field of text or numbers".to_owned()),
            FieldKind::Other(letter) => Err(format!(
                "it is a field of type {:?} and {} bytes, which is not read; make it a field of text or numbers",
                char::from(letter),
                bytes.len()
            )),
        }
    }

    /// The id in a record, if there is one: whole numbers have no decimals.
    pub(super) fn id(&self, record: &[u8], code_page: &CodePage) -> Result<Option<String>, String> {
        let value = self.value(record, code_page)?;
        Ok(match (self.kind, value) {
            (_, None) => None,
            (FieldKind::Text, Some(value)) => {
                Some(cell::id(&value.to_string(), DecimalMarks::Point))
            }
            (FieldKind::Number { .. } | FieldKind::Float, Some(value)) => {
                let digits = self.digits(record)?.unwrap_or_default();
                let plain = cell::id(&digits, DecimalMarks::Point);
                match (plain.bytes().all(|byte| byte.is_ascii_digit()), &value) {
                    (true, _) => Some(plain),
                    (false, Value::Number(number)) if number.abs() >= EXACT => {
                        return Err(format!("{digits:?} has more digits than can be told apart"));
                    }
                    (false, value) => Some(value.to_string()),
                }
            }
            (_, Some(value)) => Some(value.to_string()),
        })
    }

    fn is_set(&self, bit: Option<usize>, record: &[u8]) -> bool {
        bit.is_some_and(|bit| record[self.flags_begin + bit / 8] >> (bit % 8) & 1 == 1)
    }

    /// The bytes of a text, without what fills it up.
    fn text<'r>(&self, record: &'r [u8]) -> Result<&'r [u8], String> {
        let bytes = &record[self.begin..self.end];
        let bytes = match bytes {
            [held @ .., length] if self.is_set(self.length_bit, record) => held
                .get(..usize::from(*length))
                .ok_or_else(|| format!("its length is {length} of at most {}", held.len()))?,
            _ => &bytes[..memchr::memchr(0, bytes).unwrap_or(bytes.len())],
        };
        Ok(bytes.trim_ascii())
    }

    /// What stands in a field of numbers, with a decimal point: `None` where nothing does, or the asterisks that fill a field
    /// which was too narrow.
    fn digits<'r>(&self, record: &'r [u8]) -> Result<Option<Cow<'r, str>>, String> {
        let bytes = &record[self.begin..self.end];
        let filler = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0;
        let begin = bytes
            .iter()
            .position(|byte| !filler(byte))
            .unwrap_or(bytes.len());
        let end = bytes
            .iter()
            .rposition(|byte| !filler(byte))
            .map_or(begin, |at| at + 1);
        let bytes = &bytes[begin..end];
        if bytes.iter().all(|&byte| byte == b'*') {
            return Ok(None);
        }
        let Ok(text) = std::str::from_utf8(bytes) else {
            return Err(format!("\"{}\" is no number", bytes.escape_ascii()));
        };
        let Some((_, decimals)) = text.split_once(',').filter(|_| !text.contains('.')) else {
            return Ok(Some(text.into()));
        };
        // Three digits may be thousands, unless the field has just as many decimals.
        let is_stated = matches!(self.kind, FieldKind::Number { decimals: 3 });
        match is_grouped(text, ',') && !(is_stated && decimals.len() == 3) {
            true => Err(format!(
                "{text:?} has two readings: a decimal comma, or one between thousands"
            )),
            false => Ok(Some(text.replacen(',', ".", 1).into())),
        }
    }

    fn number(&self, text: &str) -> Result<Value, String> {
        let number = match self.kind {
            FieldKind::Float => float(text).map(Value::Number),
            _ => plain_number(text),
        };
        match (number, self.kind) {
            // Where there may be decimals, it is no whole number for having none, unless it needs to be.
            (Some(Value::Integer(whole)), FieldKind::Number { decimals: 1.. })
                if whole.unsigned_abs() < EXACT as u64 =>
            {
                Ok(Value::Number(text.parse().unwrap_or(whole as f64)))
            }
            (Some(value), _) => Ok(value),
            (None, _) if float(text).is_some() => {
                Err(format!("{text:?} has more digits than a number can hold"))
            }
            (None, _) => Err(format!(
                "{text:?} is no number; leave the cell blank if it stands for no value"
            )),
        }
    }
}

/// Whether nothing was ever put in a field: blanks, zeros, or digits of zero.
fn is_blank(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| matches!(byte, 0 | b' ' | b'0'))
}

/// A date as its eight digits.
fn date(bytes: &[u8]) -> Result<Option<Value>, String> {
    if is_blank(bytes) {
        return Ok(None);
    }
    let fault = || format!("\"{}\" is no date", bytes.escape_ascii());
    let text = std::str::from_utf8(bytes).map_err(|_| fault())?;
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(fault());
    }
    match jiff::civil::Date::strptime("%Y%m%d", text) {
        Ok(_) => Ok(Some(Value::Text(text.to_owned()))),
        Err(_) => Err(fault()),
    }
}

fn currency(parts: i64) -> Option<Value> {
    let sign = if parts < 0 { "-" } else { "" };
    let (whole, decimals) = (parts.unsigned_abs() / 10_000, parts.unsigned_abs() % 10_000);
    plain_number(&format!("{sign}{whole}.{decimals:04}"))
}
