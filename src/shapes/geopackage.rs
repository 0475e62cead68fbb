//! Shapes in a layer of a GeoPackage.

use anyhow::Result;

use super::source::{Placed, Source};
use super::wkb;
use crate::store::geopackage::{GeoPackageLayer, SpatialReference};

impl Source for GeoPackageLayer {
    fn columns(&self) -> Vec<String> {
        self.columns.clone()
    }

    fn cells(&self, column: &str, take: &mut dyn FnMut(&str)) -> Result<()> {
        self.cells(column, take)
    }

    fn shapes(&self, column: &str, place: &dyn Fn(&str) -> Option<usize>) -> Result<Vec<Placed>> {
        let mut placed = Vec::new();
        self.rows(column, |cell, blob| {
            if let Some(at) = place(&cell) {
                placed.push((at, wkb::of_geopackage(blob)));
            }
            Ok(())
        })?;
        Ok(placed)
    }

    fn reference(&self) -> Option<String> {
        match &self.reference {
            SpatialReference::Plane => None,
            SpatialReference::LonLat => Some("OGC:CRS84".to_owned()),
            SpatialReference::Known {
                organization, code, ..
            } if organization.eq_ignore_ascii_case("EPSG") => Some(format!("EPSG:{code}")),
            SpatialReference::Known { definition, .. } => Some(definition.clone()),
        }
    }
}
