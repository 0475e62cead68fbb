//! What the map can be coloured by: a number or a state of every catchment.

use schemars::JsonSchema;
use serde::Serialize;

/// What a colour tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ColourKind {
    /// An amount, such as a summary of the product; F32.
    Amount,
    /// A state: 0 fresh, 1 stale, 2 failed, 3 can't be run, 255 not in this scenario; U8.
    Status,
    /// What running it took; F32.
    Cost,
}

/// A number or a state of every catchment in one scenario.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Colour {
    /// Its name, `q_mean`.
    pub name: String,
    /// What it is, for people; `null` if nobody says.
    pub long_name: Option<String>,
    /// Its units, as UDUNITS writes them; `null` if nobody says.
    pub units: Option<String>,
    /// What it tells.
    pub kind: ColourKind,
    /// Whether it is so skewed that classes of equal counts show more than those of equal widths.
    pub is_skewed: bool,
    /// The scenario, by its place among the page's.
    pub scenario: usize,
    /// The name of the array with a value for each catchment.
    pub values: String,
    /// The name of the array with the values as of the tag; `null` without one.
    pub then: Option<String>,
}
