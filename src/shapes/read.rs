//! The shapes of catchments out of a file, matched by their ids.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::geojson::GeoJson;
use super::geometry::Shape;
use super::reference::ReferenceSystem;
use super::shapefile::Shapefile;
use super::source::Source;
use crate::data::catchment::CatchmentId;
use crate::store::geopackage::GeoPackageLayer;
use crate::system::regular;
use crate::text::wording::first_few;

/// A file with catchments' polygons or points.
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
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_string_lossy().to_ascii_lowercase();
        match extension.as_str() {
            "gpkg" => Some(Self::GeoPackage),
            "geojson" | "json" => Some(Self::GeoJson),
            "shp" => Some(Self::Shapefile),
            _ => None,
        }
    }
}

/// What a file says of where catchments are.
#[derive(Debug)]
pub(crate) struct FileShapes {
    /// By catchment, as far as the file has them.
    pub shapes: Vec<Option<Shape>>,
    /// Whether they are in longitudes and latitudes.
    pub is_lon_lat: bool,
    /// What is to be told of the file, in sentences.
    pub notes: Vec<String>,
}

impl ShapesSpec {
    /// Reads the shapes of these catchments.
    ///
    /// Several features of one id are parts of one catchment. Where the file does not say what its coordinates mean, or in a way
    /// that is not understood, they are taken as x and y of a plane, which is noted.
    ///
    /// # Errors
    /// The file can't be read, or no column of ids is named, or it has none of the catchments': then the error names the columns that
    /// have some; or a catchment's shape is no area and no point, or not where the reference system has places.
    pub(crate) fn read(&self, ids: &[CatchmentId]) -> Result<FileShapes> {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        self.read_file(&name, ids).with_context(|| {
            format!(
                "{}: the catchments' shapes can't be read",
                self.path.display()
            )
        })
    }

    fn read_file(&self, name: &str, ids: &[CatchmentId]) -> Result<FileShapes> {
        let source: Box<dyn Source> = match self.kind {
            ShapesKind::GeoPackage => {
                Box::new(GeoPackageLayer::open(&self.path, self.layer.as_deref())?)
            }
            ShapesKind::GeoJson => {
                let text = regular::read(&self.path).context("it can't be read")?;
                Box::new(GeoJson::read(&text)?)
            }
            ShapesKind::Shapefile => Box::new(Shapefile::open(&self.path)?),
        };
        let places: HashMap<&str, usize> = (ids.iter().enumerate())
            .map(|(at, id)| (id.as_str(), at))
            .collect();
        let place = |cell: &str| {
            let id = CatchmentId::of_cell(cell);
            places
                .get(cell)
                .or_else(|| places.get(id.as_str()))
                .copied()
        };
        let mut shapes: Vec<Option<Shape>> = vec![None; ids.len()];
        let column = self.column(&*source, &place, ids)?;
        let placed = source.shapes(&column, &place)?;
        if placed.is_empty() {
            bail!(
                "no `{column}` in it is the id of a catchment{}",
                candidates(&*source, &place, ids)?
            );
        }
        for (at, shape) in placed {
            let shape = shape
                .map_err(|fault| anyhow::anyhow!("the shape of catchment {} {fault}", ids[at]))?;
            match (&mut shapes[at], shape) {
                (Some(known), Some(more)) => known.join(more),
                (known @ None, shape) => *known = shape,
                (Some(_), None) => {}
            }
        }
        let mut notes = Vec::new();
        let lacking: Vec<&CatchmentId> = (ids.iter().zip(&shapes))
            .filter_map(|(id, shape)| shape.is_none().then_some(id))
            .collect();
        if !lacking.is_empty() {
            let (count, few) = (lacking.len(), first_few(&lacking));
            notes.push(format!(
                "{name} has no shape for {count} of {} catchments: {few}.",
                ids.len()
            ));
        }
        let is_lon_lat = self.to_lon_lat(name, &*source, ids, &mut shapes, &mut notes)?;
        Ok(FileShapes {
            shapes,
            is_lon_lat,
            notes,
        })
    }

    /// The column with the ids.
    fn column(
        &self,
        source: &dyn Source,
        place: &dyn Fn(&str) -> Option<usize>,
        ids: &[CatchmentId],
    ) -> Result<String> {
        let columns = source.columns();
        match &self.id {
            Some(id) if columns.contains(id) => Ok(id.clone()),
            Some(id) => bail!("it has no column `{id}`{}", candidates(source, place, ids)?),
            None => bail!(
                "which of its columns has the catchments' ids is to be said as `id` under [report]{}",
                candidates(source, place, ids)?
            ),
        }
    }

    /// Makes longitudes and latitudes of all shapes, if it is known how; whether it is.
    fn to_lon_lat(
        &self,
        name: &str,
        source: &dyn Source,
        ids: &[CatchmentId],
        shapes: &mut [Option<Shape>],
        notes: &mut Vec<String>,
    ) -> Result<bool> {
        let system = match (&self.crs, source.reference()) {
            (Some(stated), _) => {
                let system = ReferenceSystem::named(stated);
                system
                    .with_context(|| format!("`crs` under [report], {stated:?}, can't be used"))?
            }
            (None, None) => {
                notes.push(format!("{name} does not say what its coordinates mean; they are drawn as x and y of a plane. State `crs` under [report]."));
                return Ok(false);
            }
            (None, Some(found)) => match ReferenceSystem::named(&found) {
                Ok(system) => system,
                Err(error) => {
                    notes.push(format!("The reference system of {name} is not understood: {error:#}. Its coordinates are drawn as x and y of a plane; state `crs` under [report]."));
                    return Ok(false);
                }
            },
        };
        for (id, shape) in ids.iter().zip(shapes) {
            for place in shape.iter_mut().flat_map(Shape::places_mut) {
                system.to_lon_lat(place).map_err(|fault| {
                    anyhow::anyhow!("catchment {id} is not where its reference system has places: {fault}; state the right one as `crs` under [report]")
                })?;
            }
        }
        Ok(true)
    }
}

/// The end of a message about a column without ids of catchments: those that have some.
fn candidates(
    source: &dyn Source,
    place: &dyn Fn(&str) -> Option<usize>,
    ids: &[CatchmentId],
) -> Result<String> {
    let columns = source.columns();
    let mut found = Vec::new();
    for column in &columns {
        let mut matching = BTreeSet::new();
        source.cells(column, &mut |cell| matching.extend(place(cell)))?;
        if !matching.is_empty() {
            found.push(format!("`{column}` ({} of {})", matching.len(), ids.len()));
        }
    }
    if !found.is_empty() {
        return Ok(format!(
            "; columns that have such ids: {}",
            found.join(", ")
        ));
    }
    let columns: Vec<String> = columns.iter().map(|column| format!("`{column}`")).collect();
    let few = first_few(&ids[..ids.len().min(3)]);
    Ok(format!(
        "; no column has such ids ({few}): {}",
        first_few(&columns)
    ))
}
