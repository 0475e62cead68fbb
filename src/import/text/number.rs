//! A cell of a table of numbers → `f64`, whatever is in it.
//!
//! It knows what people write for no value, how decimal points look, and what to say of what is no number; short and simple
//! numbers, nearly all of them, [`short_number`](crate::text::short_number) reads.

use crate::import::text::fault::shown;
use crate::project::import_spec::TextFormat;

/// How the numbers of a source are written.
#[derive(Clone, Debug)]
pub(crate) struct Numbers {
    point: u8,
    /// Texts that stand for no value.
    texts: Vec<Vec<u8>>,
    /// Numbers that stand for no value.
    numbers: Vec<f64>,
}

impl Numbers {
    /// As the format says.
    pub(crate) fn new(format: &TextFormat) -> Self {
        let mut numbers = Self {
            point: if format.decimal_comma { b',' } else { b'.' },
            texts: Vec::new(),
            numbers: Vec::new(),
        };
        for text in &format.missing {
            let text = text.trim().as_bytes();
            // In the project file a number may have a point, however those of the table are written.
            let number = (numbers.number(text).ok()).or_else(|| pointed(text).ok());
            numbers.numbers.extend(number);
            numbers.texts.push(text.to_vec());
        }
        numbers
    }

    /// The decimal point.
    #[inline]
    pub(crate) fn point(&self) -> u8 {
        self.point
    }

    /// Whether there are numbers that stand for no value.
    #[inline]
    pub(crate) fn all_count(&self) -> bool {
        self.numbers.is_empty()
    }

    /// The value after a simple number was read: none where the number stands for that.
    #[inline]
    pub(crate) fn or_missing(&self, number: f64) -> f64 {
        if self.numbers.is_empty() || !self.numbers.contains(&number) {
            number
        } else {
            f64::NAN
        }
    }

    /// The value of a whole cell, quotes and white space around it included: NaN where it is missing, or what is wrong.
    pub(crate) fn cell(&self, cell: &[u8]) -> Result<f64, String> {
        let trimmed = cell.trim_ascii();
        let bare = match trimmed {
            [b'"', inner @ .., b'"'] | [b'\'', inner @ .., b'\''] => inner.trim_ascii(),
            other => other,
        };
        if bare.is_empty()
            || bare == b"NA"
            || bare.eq_ignore_ascii_case(b"nan")
            || self.texts.iter().any(|text| text == bare)
        {
            return Ok(f64::NAN);
        }
        let number = self
            .number(bare)
            .map_err(|why| format!("{} {}", shown(cell), self.told(why, bare)))?;
        Ok(self.or_missing(number))
    }

    fn number(&self, bare: &[u8]) -> Result<f64, No> {
        if self.point == b'.' {
            return pointed(bare);
        }
        if bare.contains(&b'.') {
            return Err(No::Number);
        }
        let comma = |byte: &u8| if *byte == self.point { b'.' } else { *byte };
        let text: Vec<u8> = bare.iter().map(comma).collect();
        pointed(&text)
    }

    fn told(&self, why: No, bare: &[u8]) -> &'static str {
        let has = |byte: u8| bare.contains(&byte);
        match why {
            No::Range => "is beyond what a number of 64 bits can hold",
            No::Number if has(0) => "is no number; is the file in UTF-16?",
            No::Number if has(b',') && has(b'.') => {
                "is no number; separators of thousands are not read"
            }
            No::Number if self.point == b'.' && has(b',') => {
                "is no number; set `decimal = \",\"` if commas are its decimal points"
            }
            No::Number if self.point == b',' && has(b'.') => {
                "is no number with `decimal = \",\"`; separators of thousands are not read"
            }
            No::Number => "is no number; name it in `missing` if it stands for no value",
        }
    }
}

/// Why a text is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum No {
    Number,
    /// Too large.
    Range,
}

/// The number that a text with a decimal point is; the exponent may be Fortran's, as in `1.5D+03`.
fn pointed(text: &[u8]) -> Result<f64, No> {
    let (body, digits) = match text {
        [b'+', rest @ ..] => (rest, rest),
        [b'-', rest @ ..] => (text, rest),
        _ => (text, text),
    };
    // `inf`, `infinity` and `nan` are words to a reader of floating point numbers.
    let is_digit = |first: &u8| first.is_ascii_digit() || *first == b'.';
    if !digits.first().is_some_and(is_digit) {
        return Err(No::Number);
    }
    let number: f64 = match fast_float2::parse(body) {
        Ok(number) => number,
        Err(_) if body.iter().any(|byte| b"dD".contains(byte)) => {
            let e = |byte: &u8| if b"dD".contains(byte) { b'e' } else { *byte };
            let text: Vec<u8> = body.iter().map(e).collect();
            fast_float2::parse(&text).map_err(|_| No::Number)?
        }
        Err(_) => return Err(No::Number),
    };
    if number.is_finite() {
        Ok(number)
    } else {
        Err(No::Range)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn numbers(decimal_comma: bool, missing: &[&str]) -> Numbers {
        Numbers::new(&TextFormat {
            decimal_comma,
            missing: missing.iter().map(|text| (*text).to_owned()).collect(),
            ..TextFormat::default()
        })
    }

    #[test]
    fn cells_mean_what_people_mean() {
        let plain = numbers(false, &["-999", "no data"]);
        for (cell, value) in [
            (" 1.5", 1.5),
            ("\"2\"", 2.0),
            ("+3e2 ", 300.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("1.5D+03", 1500.0),
            ("-2d-1", -0.2),
        ] {
            assert_eq!(plain.cell(cell.as_bytes()), Ok(value), "{cell}");
        }
        for cell in ["", "  ", "NA", "nan", "NaN", "-999.0", "no data", "\"\""] {
            assert!(plain.cell(cell.as_bytes()).expect(cell).is_nan(), "{cell}");
        }
        for cell in [
            "x",
            "1,5",
            "inf",
            "-inf",
            "1.5.2",
            "--1",
            "+-1",
            "1e400",
            "1 2",
            "1.5-103",
            "1,234.5",
            "1'000",
            "1_000",
            "0x10",
            "-",
            "null",
            "#N/A",
            "1D",
            "1d5d",
            "1de5",
            "\u{2212}1",
            "1 %",
        ] {
            assert!(plain.cell(cell.as_bytes()).is_err(), "{cell}");
        }
        let told = plain.cell(b"-1e999").expect_err("too large");
        assert!(told.contains("beyond"), "{told}");
        assert!(plain.cell(b"1,5").expect_err("a comma").contains("decimal"));
        let comma = numbers(true, &[]);
        assert_eq!(comma.cell(b"-1,5e1"), Ok(-15.0));
        for cell in ["1.5", "1.234,5", "1,234,5"] {
            assert!(comma.cell(cell.as_bytes()).is_err(), "{cell}");
        }
        let comma = numbers(true, &["-99.9", "-"]);
        for cell in ["-99,9", "-99,90", "-"] {
            assert!(comma.cell(cell.as_bytes()).expect(cell).is_nan(), "{cell}");
        }
    }

    proptest! {
        #[test]
        fn any_number_reads_as_printed(bits in any::<u64>()) {
            let number = f64::from_bits(bits);
            prop_assume!(number.is_finite());
            let found = numbers(false, &[]).cell(format!("{number:e}").as_bytes()).expect("a number");
            prop_assert_eq!(found.to_bits(), number.to_bits());
        }
    }
}
