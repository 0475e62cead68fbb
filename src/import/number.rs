//! A cell of a table of numbers → `f64`, whatever is in it.
//!
//! It knows what people write for no value, how decimal points look, and what to say of what is no number; short and simple
//! numbers, nearly all of them, [`short_number`](crate::short_number) reads.

use super::fault::shown;
use super::spec::TextFormat;

/// How the numbers of a source are written.
#[derive(Clone, Debug)]
pub struct Numbers {
    point: u8,
    /// Texts that stand for no value.
    texts: Vec<Vec<u8>>,
    /// Numbers that stand for no value.
    numbers: Vec<f64>,
}

impl Numbers {
    /// As the format says.
    pub fn new(format: &TextFormat) -> Self {
        let mut numbers = Self {
            point: if format.decimal_comma { b',' } else { b'.' },
            texts: Vec::new(),
            numbers: Vec::new(),
        };
        for text in &format.missing {
            match numbers.number(text.trim().as_bytes()) {
                Some(number) => numbers.numbers.push(number),
                None => numbers.texts.push(text.trim().as_bytes().to_vec()),
            }
        }
        numbers
    }

    /// The decimal point.
    #[inline]
    pub fn point(&self) -> u8 {
        self.point
    }

    /// Whether there are numbers that stand for no value.
    #[inline]
    pub fn all_count(&self) -> bool {
        self.numbers.is_empty()
    }

    /// The value after a simple number was read: none where the number stands for that.
    #[inline]
    pub fn or_missing(&self, number: f64) -> f64 {
        if self.numbers.is_empty() || !self.numbers.contains(&number) {
            number
        } else {
            f64::NAN
        }
    }

    /// The value of a whole cell, quotes and white space around it included: NaN where it is missing, or what is wrong.
    pub fn cell(&self, cell: &[u8]) -> Result<f64, String> {
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
        match self.number(bare) {
            Some(number) => Ok(self.or_missing(number)),
            None => Err(format!("{} is no number{}", shown(cell), self.hint(bare))),
        }
    }

    fn number(&self, bare: &[u8]) -> Option<f64> {
        let body = bare.strip_prefix(b"+").unwrap_or(bare);
        // `inf`, `infinity` and `nan` are words to a reader of floating point numbers.
        let first = body.strip_prefix(b"-").unwrap_or(body).first()?;
        if !first.is_ascii_digit() && *first != self.point {
            return None;
        }
        let number: f64 = if self.point == b'.' {
            fast_float2::parse(body).ok()?
        } else {
            if body.contains(&b'.') {
                return None;
            }
            let pointed: Vec<u8> = (body.iter())
                .map(|&byte| if byte == self.point { b'.' } else { byte })
                .collect();
            fast_float2::parse(&pointed).ok()?
        };
        number.is_finite().then_some(number)
    }

    fn hint(&self, bare: &[u8]) -> &'static str {
        if self.point == b'.' && bare.contains(&b',') && !bare.contains(&b'.') {
            "; set `decimal = \",\"` if commas are its decimal points"
        } else if bare.contains(&0) {
            "; is the file in UTF-16?"
        } else {
            "; name it in `missing` if it stands for no value"
        }
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
        ] {
            assert_eq!(plain.cell(cell.as_bytes()), Ok(value), "{cell}");
        }
        for cell in ["", "  ", "NA", "nan", "NaN", "-999.0", "no data", "\"\""] {
            assert!(plain.cell(cell.as_bytes()).expect(cell).is_nan(), "{cell}");
        }
        for cell in ["x", "1,5", "inf", "1.5.2", "--1", "1e400", "1 2"] {
            assert!(plain.cell(cell.as_bytes()).is_err(), "{cell}");
        }
        assert!(plain.cell(b"1,5").expect_err("a comma").contains("decimal"));
        let comma = numbers(true, &[]);
        assert_eq!(comma.cell(b"-1,5e1"), Ok(-15.0));
        assert!(comma.cell(b"1.5").is_err());
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
