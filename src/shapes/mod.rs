//! Where catchments are: their polygons out of other people's files, and what stands for them where there are none.
//!
//! ```text
//! geopackage, geojson, shapefile ─▶ source ─▶ read ─▶ reference ─▶ shapes by catchment, in longitudes and latitudes
//!                                             places of catchments ─▶ cells ─┐  │
//!                                                                 squares ──┐│  ▼
//!                                                                           ▼▼ drawing ◀─ projection, frame, arcs, simplify
//! ```
//! It knows ids, rings and points, and nothing of results, pages or colours. GeoPackages are databases, which
//! [`crate::store`] opens; tables beside shapefiles are read by [`crate::inputs`]. [`crate::project`] says which file to read, and
//! [`crate::page`] has a map made.

mod arcs;
mod cells;
mod drawing;
mod frame;
mod geojson;
mod geometry;
mod geopackage;
mod inside;
mod projection;
mod read;
mod reference;
mod shapefile;
mod simplify;
mod source;
mod squares;
mod wkb;

pub(crate) use drawing::{Drawing, DrawingKind};
pub(crate) use frame::MapPoint;
pub(crate) use geometry::Place;
pub(crate) use read::{ShapesKind, ShapesSpec};
