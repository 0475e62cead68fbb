//! Shapefiles: the shapes in the `.shp`, their ids in the `.dbf` beside it, the reference system in the `.prj`.

use std::fs::File;
use std::io::{BufReader, ErrorKind};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use shapefile::record::traits::HasXY;
use shapefile::{Patch, PolygonRing, Shape as FileShape, ShapeReader};

use super::geometry::{Parts, Place, Shape, Unfit};
use super::source::{Placed, Source};
use crate::inputs::tables::AttributeTable;
use crate::system::regular;

/// A shapefile whose table has been read.
pub(super) struct Shapefile {
    path: PathBuf,
    attributes: AttributeTable,
    reference: Option<String>,
}

impl Shapefile {
    /// Opens the `.shp` of this path with what is beside it.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let Some(table) = beside(path, "dbf")? else {
            bail!("there is no .dbf beside it, and so no ids");
        };
        let attributes = AttributeTable::read(&table);
        let attributes =
            attributes.with_context(|| format!("{} can't be read", table.display()))?;
        let reference = match beside(path, "prj")? {
            None => None,
            Some(prj) => {
                let text = regular::read(&prj)
                    .with_context(|| format!("{} can't be read", prj.display()))?;
                let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
                Some(String::from_utf8_lossy(text).trim().to_owned())
            }
        };
        Ok(Self {
            path: path.to_owned(),
            attributes,
            reference,
        })
    }

    fn reader(&self) -> Result<ShapeReader<BufReader<File>>> {
        let shapes = BufReader::new(regular::open(&self.path)?);
        let reader = match beside(&self.path, "shx")? {
            Some(index) => ShapeReader::with_shx(shapes, BufReader::new(regular::open(&index)?)),
            None => ShapeReader::new(shapes),
        };
        reader.context("it is no shapefile, or it is damaged")
    }

    /// The place of a column of the table.
    fn column(&self, name: &str) -> Result<usize> {
        let mut names = self.attributes.columns().iter();
        names
            .position(|known| known == name)
            .context("there is no such column")
    }
}

impl Source for Shapefile {
    fn columns(&self) -> Vec<String> {
        self.attributes.columns().to_vec()
    }

    fn cells(&self, column: &str, take: &mut dyn FnMut(&str)) -> Result<()> {
        let column = self.column(column)?;
        let rows = 0..self.attributes.rows();
        // A cell that can't be understood is no id of a catchment.
        rows.filter_map(|row| self.attributes.id(row, column).ok().flatten())
            .for_each(|cell| take(&cell));
        Ok(())
    }

    fn shapes(&self, column: &str, place: &dyn Fn(&str) -> Option<usize>) -> Result<Vec<Placed>> {
        let column = self.column(column)?;
        let mut placed = Vec::new();
        let mut reader = self.reader()?;
        let mut shapes = (1..).zip(reader.iter_shapes());
        for row in 0..self.attributes.rows() {
            // A deleted record's shape is still there.
            let number = self.attributes.number(row);
            let shape = shapes.find(|(at, _)| *at == number).map(|(_, shape)| shape);
            let shape = shape
                .with_context(|| format!("there is no shape for record {number} of its .dbf"))?;
            let shape = shape.with_context(|| format!("shape {number} is damaged"))?;
            let Ok(Some(id)) = self.attributes.id(row, column) else {
                continue;
            };
            if let Some(at) = place(&id) {
                placed.push((at, of_file(shape)));
            }
        }
        Ok(placed)
    }

    fn reference(&self) -> Option<String> {
        self.reference.clone()
    }
}

/// The shape as all formats have it.
fn of_file(shape: FileShape) -> Result<Option<Shape>> {
    let mut parts = Parts::default();
    match shape {
        FileShape::NullShape => {}
        FileShape::Point(point) => parts.point(place(&point)),
        FileShape::PointM(point) => parts.point(place(&point)),
        FileShape::PointZ(point) => parts.point(place(&point)),
        FileShape::Multipoint(points) => points
            .points()
            .iter()
            .for_each(|point| parts.point(place(point))),
        FileShape::MultipointM(points) => points
            .points()
            .iter()
            .for_each(|point| parts.point(place(point))),
        FileShape::MultipointZ(points) => points
            .points()
            .iter()
            .for_each(|point| parts.point(place(point))),
        FileShape::Polygon(polygon) => rings(polygon.rings(), &mut parts),
        FileShape::PolygonM(polygon) => rings(polygon.rings(), &mut parts),
        FileShape::PolygonZ(polygon) => rings(polygon.rings(), &mut parts),
        FileShape::Multipatch(patches) => {
            for patch in patches.patches() {
                ensure!(
                    !matches!(patch, Patch::TriangleStrip(_) | Patch::TriangleFan(_)),
                    Unfit("Multipatch of triangles".to_owned())
                );
                parts.ring(patch.points().iter().map(place).collect());
            }
        }
        other @ (FileShape::Polyline(_) | FileShape::PolylineM(_) | FileShape::PolylineZ(_)) => {
            return Err(Unfit(other.shapetype().to_string()).into());
        }
    }
    parts.shape()
}

fn rings<P: HasXY>(rings: &[PolygonRing<P>], parts: &mut Parts) {
    for ring in rings {
        parts.ring(ring.points().iter().map(place).collect());
    }
}

fn place<P: HasXY>(point: &P) -> Place {
    [point.x(), point.y()]
}

/// The file with another ending beside it, in small letters or capitals, if there is one.
fn beside(path: &Path, ending: &str) -> Result<Option<PathBuf>> {
    for ending in [ending.to_owned(), ending.to_uppercase()] {
        let other = path.with_extension(ending);
        match std::fs::metadata(&other) {
            Ok(_) => return Ok(Some(other)),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => {
                return Err(error).with_context(|| format!("{} can't be read", other.display()));
            }
        }
    }
    Ok(None)
}
