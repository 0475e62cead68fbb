//! What the operators and functions of formulas compute, one pair of numbers at a time.

use strsim::damerau_levenshtein;

use super::ExprProblem;
use crate::text::wording::{Quotes, did_you_mean};

/// An operator between two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

impl Operator {
    #[inline]
    pub(super) fn apply(self, a: f64, b: f64) -> f64 {
        match self {
            Self::Add => a + b,
            Self::Subtract => a - b,
            Self::Multiply => a * b,
            Self::Divide => a / b,
            Self::Equal => number(a == b),
            Self::NotEqual => number(a != b),
            Self::Less => number(a < b),
            Self::LessEqual => number(a <= b),
            Self::Greater => number(a > b),
            Self::GreaterEqual => number(a >= b),
        }
    }
}

/// A function and how many arguments it takes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Call {
    One(fn(f64) -> f64),
    Two(fn(f64, f64) -> f64),
    /// One argument or more, combined from the left.
    Many(fn(f64, f64) -> f64),
    If,
}

/// All functions by name. `libm` is written in Rust and gives the same bits everywhere; std's functions may not.
const FUNCTIONS: [(&str, Call); 25] = [
    ("abs", Call::One(libm::fabs)),
    ("acos", Call::One(libm::acos)),
    ("asin", Call::One(libm::asin)),
    ("atan", Call::One(libm::atan)),
    ("atan2", Call::Two(libm::atan2)),
    ("ceil", Call::One(libm::ceil)),
    ("cos", Call::One(libm::cos)),
    ("exp", Call::One(libm::exp)),
    ("floor", Call::One(libm::floor)),
    ("if", Call::If),
    ("isnan", Call::One(is_nan)),
    ("ln", Call::One(libm::log)),
    ("log10", Call::One(libm::log10)),
    ("log2", Call::One(libm::log2)),
    ("max", Call::Many(libm::fmaximum)),
    ("min", Call::Many(libm::fminimum)),
    ("pow", Call::Two(libm::pow)),
    ("round", Call::One(libm::round)),
    ("sin", Call::One(libm::sin)),
    ("sinh", Call::One(libm::sinh)),
    ("cosh", Call::One(libm::cosh)),
    ("sqrt", Call::One(libm::sqrt)),
    ("tan", Call::One(libm::tan)),
    ("tanh", Call::One(libm::tanh)),
    ("trunc", Call::One(libm::trunc)),
];

/// The function of this name and its name as a constant.
pub(super) fn function(name: &str) -> Result<(&'static str, Call), ExprProblem> {
    let found = FUNCTIONS.iter().find(|(known, _)| *known == name);
    found.copied().ok_or_else(|| {
        let nearest = FUNCTIONS
            .iter()
            .map(|(known, _)| (damerau_levenshtein(known, &name.to_lowercase()), *known))
            .min()
            .filter(|(distance, known)| *distance <= 1 + known.len() / 4);
        let hint = match (name, nearest) {
            ("log", _) => "did you mean `ln` or `log10`?".to_owned(),
            (_, Some((_, known))) => did_you_mean(known, Quotes::Backticks),
            (_, None) => format!("there are {}", FUNCTIONS.map(|(known, _)| known).join(", ")),
        };
        ExprProblem::UnknownFunction {
            name: name.to_owned(),
            hint,
        }
    })
}

/// Whether a condition holds; `None` for a missing value.
#[inline]
pub(super) fn truth(condition: f64) -> Option<bool> {
    (!condition.is_nan()).then_some(condition != 0.0)
}

#[inline]
fn number(holds: bool) -> f64 {
    if holds { 1.0 } else { 0.0 }
}

fn is_nan(a: f64) -> f64 {
    number(a.is_nan())
}

pub(super) fn negative(a: f64) -> f64 {
    -a
}

pub(super) fn not(a: f64) -> f64 {
    truth(a).map_or(f64::NAN, |holds| number(!holds))
}

pub(super) fn and(a: f64, b: f64) -> f64 {
    match (truth(a), truth(b)) {
        (Some(false), _) | (_, Some(false)) => 0.0,
        (Some(true), Some(true)) => 1.0,
        _ => f64::NAN,
    }
}

pub(super) fn or(a: f64, b: f64) -> f64 {
    match (truth(a), truth(b)) {
        (Some(true), _) | (_, Some(true)) => 1.0,
        (Some(false), Some(false)) => 0.0,
        _ => f64::NAN,
    }
}

/// The remainder with the sign of the divisor, as CPython's `float_rem` computes it.
pub(super) fn remainder(a: f64, b: f64) -> f64 {
    let rest = libm::fmod(a, b);
    if rest == 0.0 {
        libm::copysign(0.0, b)
    } else if (rest < 0.0) != (b < 0.0) {
        rest + b
    } else {
        rest
    }
}
