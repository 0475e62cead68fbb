//! What can be wrong with the NetCDF or HDF5 file that a simulator left.

use serde::{Deserialize, Serialize};

use crate::inputs::DataFault;

/// What is wrong with a simulator's output in NetCDF or HDF5.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum NetcdfError {
    /// The program that reads the file did not come to its end.
    #[error("reading it {0}: the file is damaged, or too large")]
    Broken(String),
    /// Everything was ended meanwhile.
    #[error("interrupted")]
    Interrupted,
    /// The file can't be read, or lacks what is wanted.
    #[error(transparent)]
    Fault(#[from] DataFault),
    /// A variable has a further axis, and nothing says what is wanted along it.
    #[error(
        "`{variable}` has {length} places along {axis}; choose one by `where` or `index`, or make it a `dimension` of the output"
    )]
    OpenAxis {
        /// The variable.
        variable: String,
        /// The axis, as a message calls it.
        axis: String,
        /// How many places there are.
        length: usize,
    },
    /// None of the variables has the axis on which a place is chosen.
    #[error("none of the columns runs along `{0}`, where a place is chosen")]
    NoAxis(String),
    /// A place beyond the end of its axis.
    #[error(
        "`{variable}` has {length} places along `{axis}`, counted from 0, and {index} is none of them"
    )]
    NoIndex {
        /// The variable.
        variable: String,
        /// The axis.
        axis: String,
        /// Its length.
        length: usize,
        /// The place.
        index: usize,
    },
    /// A variable without the stated dimension.
    #[error("`{variable}` does not run along the output's dimension `{dimension}`")]
    NoDimension {
        /// The variable.
        variable: String,
        /// The dimension.
        dimension: String,
    },
    /// Another number of places along the output's dimension than stated.
    #[error(
        "`{variable}` has {found} places along the output's dimension, and {expected} are stated"
    )]
    DimensionLength {
        /// The variable.
        variable: String,
        /// The places there are.
        found: usize,
        /// The places stated.
        expected: usize,
    },
    /// No axis of a variable is that of the time.
    #[error(
        "`{0}` has no time: none of its axes has a coordinate with units such as \"hours since 2009-01-01\"; `time = \"steps\"` \
         takes the project's time steps without a comparison, `time = \"none\"` takes a single number"
    )]
    NoTime(String),
    /// A single number is wanted of what has time steps.
    #[error("`{variable}` has {found} time steps, and `time = \"none\"` wants a single number")]
    HasTime {
        /// The variable.
        variable: String,
        /// Its time steps.
        found: usize,
    },
    /// More or fewer time steps than there should be.
    #[error("`{variable}` has {found} time steps, but there are {expected}{}", hint(*.with_hint))]
    StepCount {
        /// The variable.
        variable: String,
        /// Its time steps.
        found: usize,
        /// Those that there should be.
        expected: usize,
        /// Whether the file's own could be taken.
        with_hint: bool,
    },
    /// As many time steps, but others.
    #[error(
        "time step {step} of `{variable}` is {found}, and that of the project is {expected}{}, `time = \"steps\"` takes the \
         project's",
        hint(true)
    )]
    OtherTime {
        /// The variable.
        variable: String,
        /// The time step, from 0.
        step: usize,
        /// Its time in the file.
        found: String,
        /// Its time in the project.
        expected: String,
    },
    /// Variables of one output with different times or places along its axes.
    #[error("`{first}` and `{second}` differ in their {what}; give each an output of its own")]
    Differ {
        /// A variable.
        first: String,
        /// Another one.
        second: String,
        /// What differs.
        what: String,
    },
    /// A value that is missing by what the file says, where the project allows none.
    #[error("`{variable}` has a missing value ({place}); `missing = [\"_FillValue\"]` allows them")]
    Missing {
        /// The variable.
        variable: String,
        /// Where it stands.
        place: String,
    },
    /// An infinite number, or NaN that nothing marks as missing.
    #[error(
        "`{variable}` has a value that is {found} ({place}), which is not finite and not among the marks \
         of missing values"
    )]
    NotFinite {
        /// The variable.
        variable: String,
        /// The value.
        found: String,
        /// Where it stands.
        place: String,
    },
}

fn hint(is_wanted: bool) -> &'static str {
    match is_wanted {
        true => "; `time = { name = \"day\" }` takes the file's own, as an axis of that name",
        false => "",
    }
}
