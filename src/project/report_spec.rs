//! What `[report]` asks for, checked: what is shown in a browser beside what is in the store.
//!
//! It serves looking alone: nothing of it is in a key or a product, and its files are opened by nobody but `report`, so that no run
//! fails for want of them.

use std::path::Path;

use super::error::SourceText;
use super::{ProjectError, raw};
use crate::shapes::{ShapesKind, ShapesSpec};

/// What is shown beside what is in the store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReportSpec {
    /// The catchments' polygons; `None`: cells or points take their place.
    pub shapes: Option<ShapesSpec>,
}

impl ReportSpec {
    /// What the table says of a project in the folder `root`.
    pub(super) fn of(
        raw: raw::report::Report,
        root: &Path,
        source: &SourceText<'_>,
    ) -> Result<Self, ProjectError> {
        let Some(shapes) = raw.shapes else {
            let of_shapes = [("id", raw.id), ("layer", raw.layer), ("crs", raw.crs)];
            let stated = of_shapes.into_iter().find(|(_, given)| given.is_some());
            return match stated {
                None => Ok(Self::default()),
                Some((key, _)) => {
                    let rule =
                        "is said of the file with the catchments' polygons; name it with `shapes`";
                    Err(source.error(&format!("report.{key}"), rule))
                }
            };
        };
        let path = root.join(&shapes);
        let Some(kind) = ShapesKind::of(&path) else {
            let message = format!(
                "{shapes:?} is no file with polygons that can be read: a GeoPackage (.gpkg), GeoJSON (.geojson, .json) or a shapefile (.shp)"
            );
            return Err(source.error("report.shapes", message));
        };
        if raw.layer.is_some() && kind != ShapesKind::GeoPackage {
            let rule = "is for a GeoPackage; other files have one layer";
            return Err(source.error("report.layer", rule));
        }
        for (key, given) in [("id", &raw.id), ("layer", &raw.layer), ("crs", &raw.crs)] {
            if given.as_deref() == Some("") {
                return Err(source.error(&format!("report.{key}"), "is empty; leave it out"));
            }
        }
        Ok(Self {
            shapes: Some(ShapesSpec {
                path,
                kind,
                id: raw.id,
                layer: raw.layer,
                crs: raw.crs,
            }),
        })
    }
}
