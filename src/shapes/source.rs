//! What the readers of all formats give: columns of texts, and shapes by what stands in one of them.

use anyhow::Result;

use super::geometry::Shape;

/// The catchment that a feature is of, by its place, and its shape, if it has one; or what is wrong with it, as the end of a sentence
/// about it.
pub(super) type Placed = (usize, Result<Option<Shape>>);

/// An opened file with shapes.
pub(super) trait Source {
    /// The columns that may hold ids.
    fn columns(&self) -> Vec<String>;

    /// Gives what stands in one of the columns to `take`; nothing for features without a value.
    fn cells(&self, column: &str, take: &mut dyn FnMut(&str)) -> Result<()>;

    /// The features of catchments: those to whose cell in one of the columns `place` gives a catchment, in the order of the file.
    fn shapes(&self, column: &str, place: &dyn Fn(&str) -> Option<usize>) -> Result<Vec<Placed>>;

    /// The reference system, as a code or in well-known text; `None` if nobody says.
    fn reference(&self) -> Option<String>;
}
