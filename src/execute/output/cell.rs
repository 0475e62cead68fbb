//! One cell of a table, cut out of its line: its text, and the number or the mark that it is.
//!
//! It does not know where cells begin and end.

use std::borrow::Cow;

use super::OutputError;

/// The most digits before the point of a number whose exponent has no letter: Fortran's scaled forms print no more.
const MOST_WHOLE_DIGITS: usize = 3;

/// How the numbers of an output are written, and what stands for none.
pub(super) struct Numbers<'a> {
    /// The decimal point.
    pub point: u8,
    /// Numbers that stand for a missing value.
    pub missing: Vec<f64>,
    /// Texts that do.
    texts: &'a [String],
}

/// A cell without white space around it and without its quotes.
pub(super) fn unquoted(cell: &[u8]) -> Cow<'_, [u8]> {
    let cell = cell.trim_ascii();
    let inner = cell
        .strip_prefix(b"\"")
        .and_then(|cell| cell.strip_suffix(b"\""));
    match inner.map(<[u8]>::trim_ascii) {
        None => Cow::Borrowed(cell),
        Some(inner) if !inner.contains(&b'"') => Cow::Borrowed(inner),
        Some(inner) => {
            let mut single = Vec::with_capacity(inner.len());
            for byte in inner {
                if *byte != b'"' || single.last() != Some(&b'"') {
                    single.push(*byte);
                }
            }
            Cow::Owned(single)
        }
    }
}

/// A cell's text for a message.
pub(super) fn shortened(cell: &[u8]) -> String {
    let text = String::from_utf8_lossy(&cell[..cell.len().min(200)]).into_owned();
    match text.char_indices().nth(40) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

/// A number as C, Fortran (`1.0D+03`, `1.0-103`) and their kin print it, with a decimal point.
fn pointed(cell: &[u8]) -> Option<f64> {
    if let Ok(number) = fast_float2::parse(cell) {
        return Some(number);
    }
    let with_e = |mark: usize, rest: &[u8]| {
        let mut text = [0; 64];
        let text = text.get_mut(..mark + 1 + rest.len())?;
        text[..mark].copy_from_slice(&cell[..mark]);
        text[mark] = b'e';
        text[mark + 1..].copy_from_slice(rest);
        // `inf` and `nan` have no exponent, so none of them comes out of this.
        fast_float2::parse(text).ok()
    };
    if let Some(mark) = cell.iter().position(|byte| matches!(byte, b'd' | b'D')) {
        return with_e(mark, &cell[mark + 1..]);
    }
    // Fortran has no room for the letter where the exponent has three digits. Anything else of this form is two numbers, or a
    // date.
    let mark = cell.iter().rposition(|byte| matches!(byte, b'+' | b'-'))?;
    let (mantissa, exponent) = cell.split_at(mark);
    let unsigned = mantissa.strip_prefix(b"-").unwrap_or(mantissa);
    let unsigned = unsigned.strip_prefix(b"+").unwrap_or(unsigned);
    let whole = unsigned.iter().position(|byte| *byte == b'.')?;
    let digits = |text: &[u8]| text.iter().all(u8::is_ascii_digit);
    let is_mantissa = digits(&unsigned[..whole])
        && digits(&unsigned[whole + 1..])
        && (2..).contains(&unsigned.len())
        && whole <= MOST_WHOLE_DIGITS;
    let is_exponent = exponent.len() == 4 && digits(&exponent[1..]) && exponent[1] != b'0';
    (is_mantissa && is_exponent)
        .then(|| with_e(mark, exponent))
        .flatten()
}

impl<'a> Numbers<'a> {
    /// Those of an output with these marks of missing values.
    pub(super) fn new(decimal_comma: bool, missing: &'a [String]) -> Self {
        let mut numbers = Self {
            point: if decimal_comma { b',' } else { b'.' },
            missing: Vec::new(),
            texts: missing,
        };
        // In the project file a number may have a point, however those of the table are written.
        let marks = missing.iter().filter_map(|text| {
            let text = text.trim();
            let plain: Option<f64> = text.parse().ok();
            plain.or_else(|| decimal_comma.then(|| numbers.number(text.as_bytes()))?)
        });
        numbers.missing = marks.filter(|number| number.is_finite()).collect();
        numbers
    }

    /// The number that a cell is, without white space around it.
    pub(super) fn number(&self, cell: &[u8]) -> Option<f64> {
        if self.point == b'.' {
            return pointed(cell);
        }
        if cell.contains(&b'.') {
            return None;
        }
        let comma = |byte: &u8| if *byte == self.point { b'.' } else { *byte };
        pointed(&cell.iter().map(comma).collect::<Vec<u8>>())
    }

    /// Whether a cell, which is this number if it is one, stands for a missing value.
    pub(super) fn is_missing(&self, cell: &[u8], number: Option<f64>) -> bool {
        number.is_some_and(|number| self.missing.contains(&number))
            || self.texts.iter().any(|text| text.trim().as_bytes() == cell)
    }

    /// The value of a cell that is no plain number: in this line, of the column that `column` names.
    #[cold]
    pub(super) fn unusual(
        &self,
        cell: &[u8],
        line: usize,
        column: impl Fn() -> String,
    ) -> Result<f64, OutputError> {
        let cell = unquoted(cell);
        let number = self.number(&cell);
        if self.is_missing(&cell, number) {
            return Ok(f64::NAN);
        }
        match number {
            Some(number) if number.is_finite() => Ok(number),
            Some(_) => Err(OutputError::NotFinite {
                line,
                column: column(),
                found: shortened(&cell),
            }),
            None => Err(OutputError::NotANumber {
                line,
                column: column(),
                found: shortened(&cell),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number(cell: &str) -> Option<f64> {
        Numbers::new(false, &[]).number(cell.as_bytes())
    }

    #[test]
    fn numbers_of_fortran_are_read() {
        for (cell, value) in [
            ("1.5D+03", 1500.0),
            ("1.5d3", 1500.0),
            ("-2D-1", -0.2),
            (".5", 0.5),
            ("5.", 5.0),
            ("-.5", -0.5),
            ("+5.", 5.0),
            ("1.e5", 1e5),
            (".5D0", 0.5),
            ("1.5-103", 1.5e-103),
            ("-0.12345+123", -0.12345e123),
            (".5-300", 0.5e-300),
            ("123.4-100", 123.4e-100),
            ("1.-100", 1e-100),
            ("1.5E-003", 0.0015),
        ] {
            assert_eq!(number(cell), Some(value), "{cell}");
        }
    }

    #[test]
    fn what_may_be_two_numbers_is_none() {
        for cell in [
            "",
            ".",
            "-",
            "1D",
            "d5",
            "1.5-10",
            "1.5-1000",
            "1.5-003",
            "2009-103",
            "2009-01-01",
            "-12.345-67.890",
            "1234.5-103",
            "1.5e5-103",
            "1.5-1.3",
            ".-103",
            "--1.5-103",
            "+-1.5-103",
            "1.5D+03-103",
            "inf-103",
            "*******",
            "1.5 +103",
            "1,5",
            "0x10",
        ] {
            assert_eq!(number(cell), None, "{cell}");
        }
    }

    #[test]
    fn a_decimal_comma_is_the_only_point() {
        let marks = ["-99.9".to_owned(), "-7,5".to_owned()];
        let comma = Numbers::new(true, &marks);
        for (cell, value) in [
            ("1,5", Some(1.5)),
            ("-1,5e1", Some(-15.0)),
            ("1,5-103", Some(1.5e-103)),
            ("7", Some(7.0)),
            ("1.5", None),
            ("1.234,5", None),
            ("1,234,5", None),
        ] {
            assert_eq!(comma.number(cell.as_bytes()), value, "{cell}");
        }
        for (cell, is_missing) in [("-99,90", true), ("-7,50", true), ("7,5", false)] {
            let number = comma.number(cell.as_bytes());
            assert_eq!(
                comma.is_missing(cell.as_bytes(), number),
                is_missing,
                "{cell}"
            );
        }
    }

    proptest! {
        #[test]
        fn numbers_without_a_letter_are_those_with_one(
            mantissa in "[-+]?[0-9]{1,3}\\.[0-9]{0,12}", sign in "[-+]", exponent in 100..300_u32,
        ) {
            let with: f64 = format!("{mantissa}e{sign}{exponent}").parse().expect("a number");
            prop_assert_eq!(number(&format!("{mantissa}{sign}{exponent}")).map(f64::to_bits), Some(with.to_bits()));
        }
    }
}
