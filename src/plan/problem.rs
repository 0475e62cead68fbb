//! Why a catchment can't be run at all: its input, its parameters or what its templates make of them.

use crate::inputs::BadInput;
use crate::inputs::tables::CellFault;

/// Why a catchment can't be run at all.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Problem {
    /// Its input is faulty.
    #[error(transparent)]
    Input(#[from] BadInput),
    /// A parameter that the project uses is neither global nor its own.
    #[error("it has no parameter {0:?}")]
    NoParameter(String),
    /// A cell of a table that it needs can't be understood.
    #[error(transparent)]
    Cell(#[from] CellFault),
    /// A formula needs a number and found text.
    #[error("the formula of {formula} needs a number, but {name} is {text:?}")]
    TextInFormula {
        /// The parameter with the formula.
        formula: String,
        /// The name in it.
        name: String,
        /// The text found.
        text: String,
    },
    /// A formula needs a number and found a list.
    #[error("the formula of {formula} needs a number, but {name} is a list")]
    ListInFormula {
        /// The parameter with the formula.
        formula: String,
        /// The name in it.
        name: String,
    },
    /// A formula needs a number and found a whole one with more digits than it computes with.
    #[error(
        "the formula of {formula} would round {name}, which is {digits}: formulas compute with 64-bit floating point"
    )]
    RoundedInFormula {
        /// The parameter with the formula.
        formula: String,
        /// The name in it.
        name: String,
        /// The number found.
        digits: String,
    },
    /// A formula gave no finite number.
    #[error("the formula of {formula} gives {value}")]
    NotFinite {
        /// The parameter with the formula.
        formula: String,
        /// What it gave.
        value: f64,
    },
    /// A file or folder of its own is missing, or not as it should be.
    #[error("{0}")]
    OwnFile(String),
    /// A placeholder could not be filled in.
    #[error("{0}")]
    Rendering(String),
}
