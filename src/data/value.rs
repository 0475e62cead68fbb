//! A parameter's value, and the one way in which numbers become text.
//!
//! The text of a number decides whether a catchment is run again, so there is one place that makes it: the shortest
//! decimal that reads back to the same `f64`, without a trailing `.0`. It knows nothing of templates and formats.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The value of a parameter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Value {
    /// A floating point number; prints in the shortest form that reads back.
    Number(f64),
    /// A whole number; prints all its digits.
    Integer(i64),
    /// Text; prints as it stands.
    Text(String),
    /// Numbers and texts in order, which only templates use; prints as `[0.1, 3, "loam"]`. Stored: variants are only ever
    /// added at the end.
    List(Vec<Value>),
}

impl Value {
    /// A whole number; one beyond 64 bits with a sign is kept as its digits.
    pub fn from_whole(whole: i128) -> Self {
        i64::try_from(whole).map_or_else(|_| Self::Text(whole.to_string()), Self::Integer)
    }

    /// Whether it is the same to the bit, and so in every text that is made of it: 0 is not -0.
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Number(one), Self::Number(other)) => one.to_bits() == other.to_bits(),
            (Self::List(one), Self::List(other)) => {
                let mut pairs = one.iter().zip(other);
                one.len() == other.len() && pairs.all(|(one, other)| one.is_same(other))
            }
            (one, other) => one == other,
        }
    }

    /// The value as a number for formulas; `None` for text, for a list, and for a whole number that floating point would round.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Integer(integer) => {
                let number = *integer as f64;
                (number as i128 == i128::from(*integer)).then_some(number)
            }
            Self::Text(_) | Self::List(_) => None,
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
            Self::List(values) => {
                for (at, value) in values.iter().enumerate() {
                    f.write_str(if at == 0 { "[" } else { ", " })?;
                    match value {
                        Self::Text(text) => write!(f, "{text:?}")?,
                        other => other.fmt(f)?,
                    }
                }
                f.write_str(if values.is_empty() { "[]" } else { "]" })
            }
        }
    }
}

/// Appends the shortest text that reads back to exactly `number`: `3`, `0.012`, `1e-7`, `-0`, `NaN`, `inf`.
pub fn push_number(out: &mut Vec<u8>, number: f64) {
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format(number);
    out.extend_from_slice(text.strip_suffix(".0").unwrap_or(text).as_bytes());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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

    #[test]
    fn what_prints_differently_is_not_the_same() {
        let number = Value::Number;
        assert!(!number(0.0).is_same(&number(-0.0)));
        assert!(!number(1.0).is_same(&Value::Integer(1)));
        assert!(number(f64::NAN).is_same(&number(f64::NAN)));
    }

    #[test]
    fn lists_print_with_their_texts_apart() {
        let text = |text: &str| Value::Text(text.to_owned());
        let list = Value::List(vec![Value::Number(0.1), Value::Integer(3), text("a, b")]);
        assert_eq!(list.to_string(), "[0.1, 3, \"a, b\"]");
        assert_eq!(Value::List(Vec::new()).to_string(), "[]");
        assert!(!list.is_same(&Value::List(vec![Value::Number(0.1)])));
        assert!(list.is_same(&list.clone()));
        assert_eq!(list.number(), None);
    }

    #[test]
    fn stored_values_keep_their_numbers() {
        for (value, number) in [
            (Value::Number(0.0), 0),
            (Value::Text(String::new()), 2),
            (Value::List(Vec::new()), 3),
        ] {
            assert_eq!(postcard::to_stdvec(&value).expect("written")[0], number);
        }
    }

    #[test]
    fn whole_numbers_are_never_rounded() {
        assert_eq!(Value::Integer(1 << 53).number(), Some(2.0_f64.powi(53)));
        assert_eq!(Value::Integer((1 << 53) + 1).number(), None);
        assert_eq!(Value::Integer(i64::MAX).number(), None);
        assert_eq!(Value::Integer(i64::MIN).number(), Some(-2.0_f64.powi(63)));
        let largest = Value::from_whole(u64::MAX.into());
        assert_eq!(largest.to_string(), "18446744073709551615");
        assert_eq!(Value::from_whole(-7), Value::Integer(-7));
    }

    proptest! {
        #[test]
        fn numbers_read_back(bits in any::<u64>()) {
            let number = f64::from_bits(bits);
            prop_assume!(number.is_finite());
            let back: f64 = Value::Number(number).to_string().parse().expect("a number");
            prop_assert_eq!(back.to_bits(), number.to_bits());
        }
    }
}
