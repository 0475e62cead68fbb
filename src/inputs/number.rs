//! Numbers as files hold them: what type they are stored in, and exactly what they are.
//!
//! Whole numbers of up to 64 bits, signed or not, and floating point numbers are all exact here. Readers of any file format
//! make these of what they find, so that what a number *means* ([`decoding`](crate::inputs::conventions::decoding)) is
//! decided once for all of them.

use std::fmt;

/// The type in which numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stored {
    /// Whole numbers; booleans and other enumerations are such as well.
    Whole {
        /// Whether they can be below zero.
        signed: bool,
        /// Size of one number, at most 8.
        bytes: usize,
    },
    /// Floating point numbers.
    Real {
        /// Size of one number.
        bytes: usize,
    },
}

impl Stored {
    /// Whether these are whole numbers.
    pub(super) fn is_whole(self) -> bool {
        matches!(self, Self::Whole { .. })
    }

    /// Size of one number in bytes.
    pub(super) fn bytes(self) -> usize {
        match self {
            Self::Whole { bytes, .. } | Self::Real { bytes } => bytes,
        }
    }

    /// Whether a 64-bit floating point number holds each of these exactly.
    pub(super) fn fits_f64(self) -> bool {
        match self {
            Self::Whole { bytes, .. } => bytes < 8,
            Self::Real { bytes } => bytes <= 8,
        }
    }

    /// The least and the largest whole number of this type; of floating point numbers, all that are.
    pub(super) fn limits(self) -> (i128, i128) {
        match self {
            Self::Whole { signed, bytes } => {
                let span = 1_i128 << (8 * bytes);
                if signed {
                    (-span / 2, span / 2 - 1)
                } else {
                    (0, span - 1)
                }
            }
            Self::Real { .. } => (i128::MIN, i128::MAX),
        }
    }
}

impl fmt::Display for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = 8 * self.bytes();
        match self {
            Self::Whole { signed: true, .. } => write!(f, "whole numbers of {bits} bits"),
            Self::Whole { .. } => write!(f, "unsigned whole numbers of {bits} bits"),
            Self::Real { .. } => write!(f, "floating point numbers of {bits} bits"),
        }
    }
}

/// One number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    /// A whole number, exact.
    Whole(i128),
    /// A floating point number.
    Real(f64),
}

impl Number {
    /// As a floating point number, rounded if need be.
    pub(super) fn as_f64(self) -> f64 {
        match self {
            Self::Whole(whole) => whole as f64,
            Self::Real(real) => real,
        }
    }

    /// As a whole number, `None` if it is none or beyond all that files can hold.
    pub(super) fn as_whole(self) -> Option<i128> {
        match self {
            Self::Whole(whole) => Some(whole),
            Self::Real(real) => {
                (real.fract() == 0.0 && real.abs() < 2.0_f64.powi(100)).then_some(real as i128)
            }
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(whole) => write!(f, "{whole}"),
            Self::Real(real) => write!(f, "{real:?}"),
        }
    }
}

/// What an attribute of a variable holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Attribute {
    /// Numbers, any number of them.
    Numbers(Stored, Vec<Number>),
    /// Texts, any number of them.
    Texts(Vec<String>),
    /// Neither.
    Other,
}

impl Attribute {
    /// Its numbers, written as such or as text, with their type if they have one; `None` if it is something else.
    ///
    /// A text may list several, with white space or a comma and white space between them.
    pub(super) fn numbers(&self) -> Option<(Option<Stored>, Vec<Number>)> {
        match self {
            Self::Numbers(stored, numbers) => Some((Some(*stored), numbers.clone())),
            Self::Texts(texts) => {
                let words = texts.iter().flat_map(|text| text.split_whitespace());
                let numbers: Option<_> = words.map(number).collect();
                Some((None, numbers?))
            }
            Self::Other => None,
        }
    }
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let join = |parts: Vec<String>| match parts.is_empty() {
            true => "empty".to_owned(),
            false => parts.join(", "),
        };
        match self {
            Self::Numbers(_, numbers) => {
                f.write_str(&join(numbers.iter().map(ToString::to_string).collect()))
            }
            Self::Texts(texts) => f.write_str(&join(
                texts.iter().map(|text| format!("{text:?}")).collect(),
            )),
            Self::Other => f.write_str("neither numbers nor text"),
        }
    }
}

fn number(word: &str) -> Option<Number> {
    let word = word.strip_suffix(',').unwrap_or(word);
    match word.parse() {
        Ok(whole) => Some(Number::Whole(whole)),
        Err(_) => word.parse().ok().map(Number::Real),
    }
}

/// The nearest number of a shorter floating point type of so many bytes; the same, if it is not shorter.
pub(super) fn rounded(number: f64, bytes: usize) -> f64 {
    match bytes {
        4 => f64::from(number as f32),
        2 => {
            // Eleven significant bits, fewer below 2^-14.
            let exponent = libm::ilogb(number).clamp(-14, 1022);
            let unit = libm::ldexp(1.0, exponent - 10);
            let rounded = (number / unit).round_ties_even() * unit;
            if rounded.abs() > 65_504.0 {
                f64::INFINITY.copysign(number)
            } else {
                rounded
            }
        }
        _ => number,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_texts_are_numbers() {
        let numbers = |text: &str| Attribute::Texts(vec![text.to_owned()]).numbers();
        let whole = Number::Whole;
        assert_eq!(numbers("-9999"), Some((None, vec![whole(-9999)])));
        assert_eq!(
            numbers(" 18446744073709551615 "),
            Some((None, vec![whole(u64::MAX.into())]))
        );
        let several = Some((None, vec![whole(-9999), Number::Real(1e20)]));
        assert_eq!(numbers("-9999, 1e20"), several);
        assert_eq!(numbers("-9999 1e20"), several);
        assert_eq!(numbers(""), Some((None, vec![])));
        // With a comma alone it may be one number or two.
        for text in ["none", "-9999,5", "1e20f", "0x10"] {
            assert_eq!(numbers(text), None, "{text}");
        }
    }

    #[test]
    fn shorter_types_round_as_they_do() {
        assert_eq!(rounded(-9999.9, 4), f64::from(-9999.9_f32));
        assert_eq!(rounded(0.1, 8), 0.1);
        // What NumPy makes of them as float16.
        for (number, expected) in [
            (0.1, 0.099_975_585_937_5),
            (-9999.9, -10_000.0),
            (65_519.0, 65_504.0),
            (65_520.0, f64::INFINITY),
            (1e20, f64::INFINITY),
            (3e-8, 5.960_464_477_539_063e-8),
            (2e-8, 0.0),
            (0.0, 0.0),
        ] {
            assert_eq!(rounded(number, 2), expected, "{number}");
        }
    }
}
