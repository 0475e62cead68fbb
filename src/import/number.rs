//! A cell of a table of numbers → `f64`, at the speed at which text comes in.
//!
//! Nearly every number of a measured or modelled series has few digits. Up to fifteen of them and no exponent, the digits as
//! a whole number and the power of ten are both exact, so that one division rounds once: the same bits as any correct
//! reader's, without its work. All other cells take the long way.

use super::fault::shown;
use super::spec::TextFormat;

/// Powers of ten that are exact.
const POWERS: [f64; 16] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
];

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

    /// The number at the beginning of `bytes` and how long it is, if it is one of the simple ones.
    ///
    /// What follows it is not looked at: `1e5` begins with a simple number, too.
    #[inline]
    pub fn simple(&self, bytes: &[u8]) -> Option<(f64, usize)> {
        let negative = bytes.first() == Some(&b'-');
        let start = usize::from(negative);
        let mut at = start;
        let mut digits: u64 = 0;
        while let Some(digit) = digit(bytes, at) {
            digits = digits.wrapping_mul(10).wrapping_add(digit);
            at += 1;
        }
        let mut count = at - start;
        let mut decimals = 0;
        if bytes.get(at) == Some(&self.point) {
            at += 1;
            let from = at;
            while let Some(digit) = digit(bytes, at) {
                digits = digits.wrapping_mul(10).wrapping_add(digit);
                at += 1;
            }
            decimals = at - from;
            count += decimals;
        }
        if count == 0 || count > 15 {
            return None;
        }
        let number = digits as f64 / POWERS[decimals];
        Some((if negative { -number } else { number }, at))
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

#[inline]
fn digit(bytes: &[u8], at: usize) -> Option<u64> {
    let digit = bytes.get(at)?.wrapping_sub(b'0');
    (digit < 10).then_some(u64::from(digit))
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
        fn the_short_way_gives_the_bits_of_the_long_one(sign in "-?", whole in "[0-9]{0,15}", decimals in "(\\.[0-9]{0,15})?") {
            let text = format!("{sign}{whole}{decimals}");
            if let Some((number, length)) = numbers(false, &[]).simple(text.as_bytes()) {
                prop_assert_eq!(length, text.len());
                let plain: f64 = text.parse().expect("a number");
                prop_assert_eq!(number.to_bits(), plain.to_bits());
            }
        }

        #[test]
        fn any_number_reads_as_printed(bits in any::<u64>()) {
            let number = f64::from_bits(bits);
            prop_assume!(number.is_finite());
            let found = numbers(false, &[]).cell(format!("{number:e}").as_bytes()).expect("a number");
            prop_assert_eq!(found.to_bits(), number.to_bits());
        }
    }
}
