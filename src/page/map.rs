//! The map of a page: shapes of catchments that share their edges, in small whole numbers.

use schemars::JsonSchema;
use serde::Serialize;

/// What stands for a catchment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MapKind {
    /// Its polygons out of a file.
    Polygons,
    /// All that is nearer to it than to any other.
    Cells,
    /// A point where it is.
    Points,
    /// A square, in the order of the input, as it is not known where it is.
    Grid,
}

/// The shapes of all catchments. A ring is made of arcs, which neighbours share; the end of one arc is the start of the next.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Map {
    /// What stands for a catchment.
    pub kind: MapKind,
    /// The greatest x of all points, which are whole numbers from 0 on, x to the right and y down.
    pub width: u16,
    /// The greatest y.
    pub height: u16,
    /// Whether the corners are longitudes and latitudes.
    pub is_lon_lat: bool,
    /// Of the left, lower, right and upper edge the longitude or latitude, or x or y of the file's own; `null` for a grid.
    pub corners: Option<[f64; 4]>,
    /// The name of the array (U16) with the points of all arcs: x, y, x, y and so on; `null`, like the next four, without shapes.
    pub arc_points: Option<String>,
    /// The name of the array (U32) with the number of points up to the end of each arc.
    pub arc_ends: Option<String>,
    /// The name of the array (I32) with the arcs of all rings; `-1 - arc` is that arc from its end to its start.
    pub ring_arcs: Option<String>,
    /// The name of the array (U32) with the number of arcs up to the end of each ring.
    pub ring_ends: Option<String>,
    /// The name of the array (U32) with the number of rings up to the last of each catchment; where rings overlap, the inner is a hole.
    pub catchment_rings: Option<String>,
    /// The name of the array (U16) with x, y of a point within each catchment; 65535, 65535 where it is not known where it is.
    pub centres: String,
}
