//! A parameter's value, and the one way numbers become text.
//!
//! The text of a number decides whether a catchment is run again, so there is one place that makes it: the shortest
//! decimal that reads back to the same `f64`, without a trailing `.0`. It knows nothing of templates and formats.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::decimal;

/// The value of a parameter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Value {
    /// A floating point number; prints in the shortest form that reads back.
    Number(f64),
    /// A whole number; prints all its digits.
    Integer(i64),
    /// Text; prints as it stands.
    Text(String),
}

impl Value {
    /// The value as a number for formulas, `None` for text.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Integer(integer) => Some(*integer as f64),
            Self::Text(_) => None,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => {
                let mut text = Vec::with_capacity(24);
                push_number(&mut text, *number);
                f.write_str(&String::from_utf8_lossy(&text))
            }
            Self::Integer(integer) => write!(f, "{integer}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// Appends the shortest text that reads back to exactly `number`: `3`, `0.012`, `1e-7`, `-0`, `NaN`, `inf`.
pub fn push_number(out: &mut Vec<u8>, number: f64) {
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format(number);
    out.extend_from_slice(text.strip_suffix(".0").unwrap_or(text).as_bytes());
}

/// Text of at most four bytes that stands behind numbers, such as a separator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tail {
    bytes: [u8; 4],
    length: usize,
}

impl Tail {
    /// `None` if the text is longer.
    pub fn new(text: &[u8]) -> Option<Self> {
        let mut bytes = [0; 4];
        bytes.get_mut(..text.len())?.copy_from_slice(text);
        let length = text.len();
        Some(Self { bytes, length })
    }

    /// Appends it.
    #[inline]
    pub fn push(self, out: &mut Vec<u8>) {
        push_short(out, &self.bytes, self.length);
    }
}

/// Appends a decimal, `whole` with so many `digits` behind the point, as [`push_number`] would, and what stands behind it.
///
/// With at most fifteen digits there is one shortest text that reads back, the decimal itself; so nothing has to be found
/// out about the `f64`, and the text is put together without a loop or a branch, which makes this several times as fast.
#[inline]
pub fn push_decimal(out: &mut Vec<u8>, whole: i32, digits: u8, tail: Tail) {
    let size = whole.unsigned_abs();
    let behind = u32::from(digits);
    if size >= 100_000_000 || behind > 7 || size == 0 {
        return push_any_decimal(out, whole, digits, tail);
    }
    let figures = eight(size);
    let (zeros, zeros_at_end) = (figures.trailing_zeros() / 8, figures.leading_zeros() / 8);
    // Figures before the point, all eight counted.
    let before = 8 - behind;
    if zeros > before + 4 {
        return push_any_decimal(out, whole, digits, tail);
    }
    let text = u128::from(figures | 0x3030_3030_3030_3030);
    // The last figure before the point is there even if it is zero.
    let left_out = zeros.min(before - 1);
    let first = before - left_out;
    let point = u128::from(b'.') << (8 * first);
    let fraction = (text >> (8 * before)) << (8 * (first + 1));
    let integer = (text >> (8 * left_out)) & ((1 << (8 * first)) - 1);
    let length = match zeros_at_end < behind {
        true => first + 1 + behind - zeros_at_end,
        false => first,
    };
    let sign = u32::from(whole < 0);
    let signed = ((integer | point | fraction) << (8 * sign)) | u128::from(b'-' * sign as u8);
    // At most eight figures, a sign, a zero and a point: eleven bytes, which leaves room for the tail.
    let bits = 8 * (length + sign);
    let behind = u128::from(u32::from_le_bytes(tail.bytes)) << bits;
    let text = (signed & ((1 << bits) - 1)) | behind;
    push_short(
        out,
        &text.to_le_bytes(),
        (length + sign) as usize + tail.length,
    );
}

/// The same for zero, a number like 1e-7, or a long one.
fn push_any_decimal(out: &mut Vec<u8>, whole: i32, digits: u8, tail: Tail) {
    if whole == 0 {
        out.push(b'0');
    } else {
        push_number(out, f64::from(whole) / decimal::scale(digits));
    }
    tail.push(out);
}

/// Appends the first `length` bytes of an array: to copy all of it takes a few instructions, to copy some of it a call.
#[inline]
pub fn push_short<const N: usize>(out: &mut Vec<u8>, bytes: &[u8; N], length: usize) {
    let end = out.len() + length;
    out.extend_from_slice(bytes);
    out.truncate(end);
}

/// The eight digits of a number below 10^8, a byte each, the first one lowest; all of them are worked on at once.
#[inline]
fn eight(number: u32) -> u64 {
    let fours = u64::from(number / 10_000) | u64::from(number % 10_000) << 32;
    let hundreds = ((fours * 10_486) >> 20) & 0x0000_007f_0000_007f;
    let twos = hundreds | (fours - 100 * hundreds) << 16;
    let tens = ((twos * 103) >> 10) & 0x000f_000f_000f_000f;
    tens | (twos - 10 * tens) << 8
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decimal(whole: i32, digits: u8) -> (String, String) {
        let (mut quick, mut plain) = (Vec::new(), Vec::new());
        let tail = Tail::new(b"; ").expect("short");
        push_decimal(&mut quick, whole, digits, tail);
        assert!(quick.ends_with(b"; "));
        quick.truncate(quick.len() - 2);
        push_number(&mut plain, f64::from(whole) / 10_f64.powi(digits.into()));
        let text = |bytes| String::from_utf8(bytes).expect("text");
        (text(quick), text(plain))
    }

    #[test]
    fn decimals_print_as_numbers_do() {
        for (whole, digits, wanted) in [
            (0, 3, "0"),
            (-165, 2, "-1.65"),
            (8_029, 6, "0.008029"),
            (1, 5, "0.00001"),
            (1, 8, "1e-8"),
            (i32::MAX, 0, "2147483647"),
            (-1_000_000_000, 8, "-10"),
            (12_000, 3, "12"),
        ] {
            let (quick, plain) = decimal(whole, digits);
            assert_eq!((quick.as_str(), plain.as_str()), (wanted, wanted));
        }
    }

    #[test]
    fn numbers_print_short() {
        for (number, text) in [
            (3.0, "3"),
            (0.012, "0.012"),
            (-0.0, "-0"),
            (8760.0, "8760"),
            (0.1 + 0.2, "0.30000000000000004"),
        ] {
            assert_eq!(Value::Number(number).to_string(), text);
        }
    }

    proptest! {
        #[test]
        fn any_decimal_prints_as_its_number_does(whole in any::<i32>(), shift in 0..32, digits in 0_u8..16) {
            let (quick, plain) = decimal(whole >> shift, digits);
            prop_assert_eq!(quick, plain);
        }

        #[test]
        fn numbers_read_back(bits in any::<u64>()) {
            let number = f64::from_bits(bits);
            prop_assume!(number.is_finite());
            let back: f64 = Value::Number(number).to_string().parse().expect("a number");
            prop_assert_eq!(back.to_bits(), number.to_bits());
        }
    }
}
