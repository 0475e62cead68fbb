//! Formulas: `if(R_appl == 0, 0, C_back * A_appl / A_tot / ratio)`.
//!
//! All values are `f64`, and the same formula gives the same bits on every machine: the functions are those of the `libm`
//! crate and never the system's, nothing is fused or reordered, and every NaN is the same NaN. The text of a computed
//! parameter decides whether catchments are run again, so this is necessary. That is also why no expression crate is
//! used: the maintained ones under a free licence divide integers, mix in text and booleans, or call the system's
//! functions. The grammar is winnow's expression parser; its result is a flat program for a stack machine, so that no
//! formula, however hostile, causes deep recursion later. `columns.rs` runs the same program over whole series.
//!
//! The rules: `or ||`, `and &&`, `not`, comparisons (which do not chain), `+ -`, `* / %`, unary `- + !`, `^ **` (from the
//! right, before a sign on its left), loosest first. Comparisons give 1 or 0. `%` has the sign of the divisor, as in
//! Python and R. A missing value (NaN) in a condition makes the outcome missing unless the other side settles it;
//! `min` and `max` pass it on; a comparison with it is false. `round` rounds halves away from zero.

mod columns;
mod functions;
mod grammar;

use std::collections::BTreeSet;
use std::fmt;

pub(crate) use columns::Operand;
use functions::{Operator, truth};

/// A parsed formula.
#[derive(Clone)]
pub struct Expr {
    source: String,
    /// The names in the order of their first use.
    names: Vec<String>,
    program: Vec<Op>,
}

/// Why a text is not a formula.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: {problem}")]
pub struct ExprError {
    /// Where, from 1, in characters of the formula.
    pub column: usize,
    /// What is wrong there.
    pub problem: ExprProblem,
}

/// What is wrong with a formula.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExprProblem {
    /// An operand is missing.
    #[error("a number, a name, a function or `(` is missing here")]
    NoOperand,
    /// Something after a complete formula.
    #[error("`{0}` is not expected here: an operator is missing before it, or it is too much")]
    Unexpected(String),
    /// A single equals sign.
    #[error("`=` is no operator; write `==` to compare")]
    Assignment,
    /// `a < b < c`.
    #[error("comparisons do not chain; write `a < b && b < c`")]
    Chain,
    /// An opening parenthesis without its closing one; the column is that of the opening one.
    #[error("`(` is never closed")]
    NotClosed,
    /// A function that does not exist.
    #[error("there is no function `{name}`; {hint}")]
    UnknownFunction {
        /// The name as written.
        name: String,
        /// The nearest known one, or all of them.
        hint: String,
    },
    /// Too few or too many arguments.
    #[error("`{name}` takes {expected}, not {found}")]
    Arguments {
        /// The function.
        name: &'static str,
        /// How many it takes, in words.
        expected: &'static str,
        /// How many there are.
        found: usize,
    },
    /// A number beyond the range of `f64`.
    #[error("the number `{0}` is too large")]
    TooLarge(String),
    /// Longer or deeper than any formula that a person could read.
    #[error("the formula is too long or too deeply nested")]
    TooComplex,
}

/// Why a formula can't be computed with the given values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// Nothing has this name, or nothing that is a number.
    #[error("`{0}` is not known or is no number")]
    UnknownName(String),
    /// A column of another length.
    #[error("the column `{name}` has {found} values in place of {expected}")]
    Length {
        /// The column's name.
        name: String,
        /// Its length.
        found: usize,
        /// The expected length.
        expected: usize,
    },
}

/// An instruction of the stack machine. Jumps are relative, so that programs can be concatenated.
#[derive(Clone, Copy, Debug)]
enum Op {
    Number(f64),
    /// The index of a name.
    Name(usize),
    Operator(Operator),
    Unary(fn(f64) -> f64),
    Binary(fn(f64, f64) -> f64),
    /// Takes the condition of an `if`: on to its first branch, `otherwise` ahead to its second, or, where the
    /// condition is missing, `end` ahead. A machine that runs both branches ignores it.
    Branch {
        otherwise: usize,
        end: usize,
    },
    /// Ends the first branch.
    Jump(usize),
    /// Ends the second branch; a machine that ran both picks by the condition.
    Select,
}

impl Expr {
    /// Parses a formula (without the `=` that marks it in a project file).
    pub fn parse(source: &str) -> Result<Self, ExprError> {
        grammar::parse(source)
    }

    /// The formula as written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The names that it uses.
    pub fn names(&self) -> BTreeSet<String> {
        self.names.iter().cloned().collect()
    }

    /// The value for scalars; of an `if`, only the branch that is taken is computed and needs its names.
    pub fn eval(&self, value: &dyn Fn(&str) -> Option<f64>) -> Result<f64, EvalError> {
        let mut stack = Vec::with_capacity(8);
        let mut at = 0;
        while let Some(op) = self.program.get(at) {
            at += 1;
            match *op {
                Op::Number(number) => stack.push(number),
                Op::Name(name) => {
                    let name = &self.names[name];
                    stack.push(value(name).ok_or_else(|| EvalError::UnknownName(name.clone()))?);
                }
                Op::Operator(operator) => {
                    let (a, b) = pop_two(&mut stack);
                    stack.push(operator.apply(a, b));
                }
                Op::Binary(function) => {
                    let (a, b) = pop_two(&mut stack);
                    stack.push(function(a, b));
                }
                Op::Unary(function) => {
                    let a = pop(&mut stack);
                    stack.push(function(a));
                }
                Op::Branch { otherwise, end } => match truth(pop(&mut stack)) {
                    Some(true) => {}
                    Some(false) => at += otherwise,
                    None => {
                        stack.push(f64::NAN);
                        at += end;
                    }
                },
                Op::Jump(ahead) => at += ahead,
                Op::Select => {}
            }
        }
        Ok(canonical(pop(&mut stack)))
    }
}

fn pop<T>(stack: &mut Vec<T>) -> T {
    stack
        .pop()
        .expect("the grammar only makes programs whose operands are there")
}

fn pop_two<T>(stack: &mut Vec<T>) -> (T, T) {
    let b = pop(stack);
    (pop(stack), b)
}

/// Sign and payload of a NaN depend on the processor, so there is only one.
fn canonical(number: f64) -> f64 {
    if number.is_nan() { f64::NAN } else { number }
}

impl PartialEq for Expr {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl fmt::Debug for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Expr({:?})", self.source)
    }
}

#[cfg(test)]
mod tests;
