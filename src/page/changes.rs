//! What changed since a tag: how many catchments by how much, and which the most.

use schemars::JsonSchema;
use serde::Serialize;

/// How one colour changed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Changes {
    /// What changed, by its place among the colours.
    pub colour: usize,
    /// The units of the edges: those of the colour, or `%` of what it was.
    pub units: Option<String>,
    /// How many catchments are compared.
    pub compared: usize,
    /// How many of them are not what they were.
    pub changed: usize,
    /// The edges of the histogram's classes, one more than there are classes.
    pub edges: Vec<f64>,
    /// How many catchments are in each class; what is beyond the edges is in the outermost ones.
    pub counts: Vec<usize>,
    /// Those that changed most, the most first.
    pub most: Vec<Change>,
}

/// How one catchment changed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Change {
    /// The catchment, by its place among the page's.
    pub catchment: usize,
    /// The value as of the tag.
    pub then: f64,
    /// The value now.
    pub now: f64,
}
