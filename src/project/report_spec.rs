//! What `[report]` asks for, checked: what is shown in a browser beside what is in the store.
//!
//! It serves looking alone: nothing of it is in a key or a product, and its files are opened by nobody but `report`, so that no run
//! fails for want of them.

use std::path::{Path, PathBuf};

use super::error::SourceText;
use super::{ProjectError, raw};

/// What is shown beside what is in the store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReportSpec {
    /// The catchments' polygons; `None`: cells or points take their place.
    pub shapes: Option<ShapesSpec>,
}

/// A file with catchments' polygons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShapesSpec {
    /// The file, which need not be there.
    pub path: PathBuf,
    /// What it is.
    pub kind: ShapesKind,
    /// Its column with the catchments' ids; `None` where the project does not say.
    pub id: Option<String>,
    /// Its layer; `None`: the only one.
    pub layer: Option<String>,
    /// Its reference system as people write it, `EPSG:25832`; `None`: as the file says.
    pub crs: Option<String>,
}

/// What a file with polygons is, by the ending of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShapesKind {
    /// A GeoPackage.
    GeoPackage,
    /// GeoJSON.
    GeoJson,
    /// A shapefile, whose columns are in the `.dbf` beside it.
    Shapefile,
}

impl ShapesKind {
    /// By the ending of the file's name.
    fn of(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_string_lossy().to_ascii_lowercase();
        match extension.as_str() {
            "gpkg" => Some(Self::GeoPackage),
            "geojson" | "json" => Some(Self::GeoJson),
            "shp" => Some(Self::Shapefile),
            _ => None,
        }
    }
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
