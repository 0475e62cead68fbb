//! GeoJSON (RFC 7946): a collection of features with their ids.
//!
//! A feature after the other is made into what is kept of it, so that a file of a million places takes little more memory than
//! these. The reference system that the RFC did away with, and many programs still write, is read too.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::Value;

use super::geometry::{Parts, Place, Unfit};
use super::source::{Placed, Source};

/// How the id of a feature, which is no property, is named as a column.
const FEATURE_ID: &str = "id";

/// A file.
pub(super) struct GeoJson(Collection);

#[derive(Deserialize)]
struct Collection {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    features: Vec<Feature>,
    crs: Option<NamedSystem>,
}

#[derive(Deserialize)]
struct Feature {
    id: Option<Value>,
    #[serde(default)]
    properties: Option<BTreeMap<String, Value>>,
    geometry: Option<Geometry>,
}

#[derive(Deserialize)]
struct Geometry {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    coordinates: Coordinates,
    geometries: Option<Vec<Geometry>>,
}

/// `{"type": "name", "properties": {"name": "EPSG:25832"}}`
#[derive(Deserialize)]
struct NamedSystem {
    properties: Option<BTreeMap<String, Value>>,
}

/// Coordinates, as deep as they are.
#[derive(Debug, PartialEq)]
enum Coordinates {
    /// A place; two NaN if there is nothing.
    Place(Place),
    Places(Vec<Place>),
    Parts(Vec<Coordinates>),
}

impl Default for Coordinates {
    fn default() -> Self {
        Self::Parts(Vec::new())
    }
}

impl<'de> Deserialize<'de> for Coordinates {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CoordinatesVisitor)
    }
}

/// A number or more coordinates.
enum Member {
    Number(f64),
    More(Coordinates),
}

impl<'de> Deserialize<'de> for Member {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MemberVisitor;
        impl<'de> Visitor<'de> for MemberVisitor {
            type Value = Member;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("coordinates")
            }
            fn visit_f64<E>(self, number: f64) -> Result<Member, E> {
                Ok(Member::Number(number))
            }
            fn visit_i64<E>(self, number: i64) -> Result<Member, E> {
                Ok(Member::Number(number as f64))
            }
            fn visit_u64<E>(self, number: u64) -> Result<Member, E> {
                Ok(Member::Number(number as f64))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, members: A) -> Result<Member, A::Error> {
                CoordinatesVisitor.visit_seq(members).map(Member::More)
            }
        }
        deserializer.deserialize_any(MemberVisitor)
    }
}

struct CoordinatesVisitor;

impl<'de> Visitor<'de> for CoordinatesVisitor {
    type Value = Coordinates;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("coordinates")
    }

    fn visit_unit<E>(self) -> Result<Coordinates, E> {
        Ok(Coordinates::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut members: A) -> Result<Coordinates, A::Error> {
        let (mut places, mut parts) = (Vec::new(), Vec::new());
        while let Some(member) = members.next_element()? {
            match member {
                Member::Number(x) => {
                    let y = members.next_element()?.unwrap_or(f64::NAN);
                    while members.next_element::<IgnoredAny>()?.is_some() {}
                    return Ok(Coordinates::Place([x, y]));
                }
                Member::More(Coordinates::Place(place)) => places.push(place),
                Member::More(part) => parts.push(part),
            }
        }
        Ok(if places.is_empty() {
            Coordinates::Parts(parts)
        } else {
            Coordinates::Places(places)
        })
    }
}

impl GeoJson {
    /// Reads the text of a file.
    pub(super) fn read(text: &[u8]) -> Result<Self> {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let read: Collection = serde_json::from_slice(text).context("it is no GeoJSON")?;
        match read.kind.as_str() {
            "FeatureCollection" => Ok(Self(read)),
            "Topology" => bail!("it is TopoJSON; write it as GeoJSON"),
            other => bail!("it is a {other:?} and no FeatureCollection, so that it has no ids"),
        }
    }
}

impl Feature {
    /// What it has in a column, as a text.
    fn cell(&self, column: &str) -> Option<String> {
        let property = self
            .properties
            .as_ref()
            .and_then(|properties| properties.get(column));
        let own = self.id.as_ref().filter(|_| column == FEATURE_ID);
        match property.or(own)? {
            Value::String(text) => Some(text.trim().to_owned()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }
}

impl Source for GeoJson {
    fn columns(&self) -> Vec<String> {
        let features = &self.0.features;
        let own = features.iter().any(|feature| feature.id.is_some());
        let names = features
            .iter()
            .filter_map(|feature| feature.properties.as_ref());
        let mut columns: BTreeSet<&str> = names
            .flat_map(|names| names.keys().map(String::as_str))
            .collect();
        columns.extend(own.then_some(FEATURE_ID));
        columns.into_iter().map(str::to_owned).collect()
    }

    fn cells(&self, column: &str, take: &mut dyn FnMut(&str)) -> Result<()> {
        let features = self.0.features.iter();
        let cells = features.filter_map(|feature| feature.cell(column));
        cells.for_each(|cell| take(&cell));
        Ok(())
    }

    fn shapes(&self, column: &str, place: &dyn Fn(&str) -> Option<usize>) -> Result<Vec<Placed>> {
        let mut placed = Vec::new();
        for feature in &self.0.features {
            let Some(at) = feature.cell(column).and_then(|cell| place(&cell)) else {
                continue;
            };
            let mut parts = Parts::default();
            let taken = feature
                .geometry
                .as_ref()
                .map_or(Ok(()), |geometry| geometry.take(&mut parts));
            placed.push((at, taken.and_then(|()| parts.shape())));
        }
        Ok(placed)
    }

    fn reference(&self) -> Option<String> {
        let Some(stated) = &self.0.crs else {
            return Some("OGC:CRS84".to_owned());
        };
        let properties = stated.properties.as_ref();
        let name = properties.and_then(|all| all.get("name")?.as_str());
        name.map(str::to_owned)
    }
}

impl Geometry {
    fn take(&self, parts: &mut Parts) -> Result<()> {
        let coordinates = &self.coordinates;
        let is_empty = *coordinates == Coordinates::default();
        match (self.kind.as_str(), coordinates) {
            ("GeometryCollection", _) => {
                let mut each = self.geometries.iter().flatten();
                each.try_for_each(|part| part.take(parts))
            }
            ("Point" | "MultiPoint" | "Polygon" | "MultiPolygon", _) if is_empty => Ok(()),
            ("Point", Coordinates::Place(place)) => {
                parts.point(*place);
                Ok(())
            }
            ("MultiPoint", Coordinates::Places(places)) => {
                places.iter().for_each(|place| parts.point(*place));
                Ok(())
            }
            ("Polygon", Coordinates::Parts(rings)) => take_rings(rings, parts),
            ("MultiPolygon", Coordinates::Parts(polygons)) => {
                polygons.iter().try_for_each(|polygon| match polygon {
                    Coordinates::Parts(rings) => take_rings(rings, parts),
                    _ => bail!("has coordinates that are no polygons"),
                })
            }
            ("Point" | "MultiPoint" | "Polygon" | "MultiPolygon", _) => {
                bail!("has coordinates that are no {}", self.kind)
            }
            (kind, _) => Err(Unfit(kind.to_owned()).into()),
        }
    }
}

fn take_rings(rings: &[Coordinates], parts: &mut Parts) -> Result<()> {
    for ring in rings {
        match ring {
            Coordinates::Places(places) => parts.ring(places.clone()),
            other => ensure!(*other == Coordinates::default(), "has a ring that is none"),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::shapes::geometry::Shape;

    fn collection(features: &str) -> GeoJson {
        let text = format!("{{\"type\": \"FeatureCollection\", \"features\": [{features}]}}");
        GeoJson::read(text.as_bytes()).expect("GeoJSON")
    }

    fn feature(id: &str, geometry: &str) -> String {
        format!(
            "{{\"type\": \"Feature\", \"id\": 7, \"properties\": {{\"name\": {id}}}, \"geometry\": {geometry}}}"
        )
    }

    /// The shape of the first feature of these names.
    fn shape(geometry: &str) -> Result<Option<Shape>> {
        let read = collection(&feature("\"a\"", geometry));
        let mut shapes = read
            .shapes("name", &|cell| (cell == "a").then_some(3))
            .expect("shapes");
        assert_eq!(shapes.len(), 1);
        let (at, shape) = shapes.pop().expect("a shape");
        assert_eq!(at, 3);
        shape
    }

    #[test]
    fn polygons_with_holes_heights_and_parts_are_read() {
        let square = "[[0, 0, 9], [4, 0, 9], [4, 4.5, 9, 1], [0, 4, 9], [0, 0, 9]]";
        let one = shape(&format!(
            "{{\"type\": \"Polygon\", \"coordinates\": [{square}, [[1,1],[2,1],[2,2],[1,1]]]}}"
        ));
        let ring = vec![[0.0, 0.0], [4.0, 0.0], [4.0, 4.5], [0.0, 4.0]];
        let hole = vec![[1.0, 1.0], [2.0, 1.0], [2.0, 2.0]];
        assert_eq!(
            one.expect("a shape"),
            Some(Shape::Area(vec![ring.clone(), hole]))
        );
        // The type may come last.
        let two = shape(&format!(
            "{{\"coordinates\": [[{square}], [{square}]], \"type\": \"MultiPolygon\"}}"
        ));
        assert_eq!(
            two.expect("a shape"),
            Some(Shape::Area(vec![ring.clone(), ring]))
        );
        let point = shape("{\"type\": \"Point\", \"coordinates\": [8, 50]}");
        assert_eq!(point.expect("a shape"), Some(Shape::Point([8.0, 50.0])));
    }

    #[test]
    fn what_is_nowhere_has_no_shape() {
        for empty in [
            "null",
            "{\"type\": \"Polygon\", \"coordinates\": []}",
            "{\"type\": \"MultiPolygon\", \"coordinates\": [[[]]]}",
            "{\"type\": \"GeometryCollection\", \"geometries\": []}",
            "{\"type\": \"GeometryCollection\", \"geometries\": null}",
        ] {
            assert_eq!(shape(empty).expect(empty), None, "{empty}");
        }
    }

    #[test]
    fn lines_and_wrong_coordinates_are_refused() {
        let said = |text| shape(text).expect_err(text).to_string();
        assert_eq!(
            said("{\"type\": \"LineString\", \"coordinates\": [[0,0],[1,1]]}"),
            "is a LineString; only polygons and points will do"
        );
        assert_eq!(
            said("{\"type\": \"Polygon\", \"coordinates\": [[0,0],[1,1],[1,0]]}"),
            "has coordinates that are no Polygon"
        );
    }

    #[test]
    fn ids_are_properties_or_the_features_own() {
        let read = collection(
            &[
                feature("7.0", "null"),
                feature("\" b \"", "null"),
                feature("null", "null"),
            ]
            .join(","),
        );
        assert_eq!(read.columns(), ["id", "name"]);
        for (column, cells) in [("name", vec!["7.0", "b"]), ("id", vec!["7", "7", "7"])] {
            let mut found = Vec::new();
            let taken = read.cells(column, &mut |cell| found.push(cell.to_owned()));
            taken.expect("cells");
            assert_eq!(found, cells);
        }
    }

    #[test]
    fn the_reference_system_is_the_stated_one_or_wgs84() {
        assert_eq!(collection("").reference().as_deref(), Some("OGC:CRS84"));
        let named = br#"{"type": "FeatureCollection", "features": [], "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::25832"}}}"#;
        let named = GeoJson::read(named).expect("GeoJSON").reference();
        assert_eq!(named.as_deref(), Some("urn:ogc:def:crs:EPSG::25832"));
        let none = br#"{"type": "FeatureCollection", "features": [], "crs": {"type": "name", "properties": null}}"#;
        assert_eq!(GeoJson::read(none).expect("GeoJSON").reference(), None);
    }

    #[test]
    fn what_is_no_collection_is_refused() {
        let said = |text: &str| {
            GeoJson::read(text.as_bytes())
                .err()
                .map(|error| error.to_string())
        };
        assert!(said("{\"type\": \"Topology\"}").is_some_and(|said| said.contains("TopoJSON")));
        assert!(
            said("{\"type\": \"Polygon\", \"coordinates\": []}")
                .is_some_and(|said| said.contains("no ids"))
        );
        assert!(said("id,lat,lon").is_some_and(|said| said.contains("no GeoJSON")));
    }

    proptest! {
        #[test]
        fn any_coordinates_are_a_shape_or_an_error(coordinates in "[0-9\\[\\], .e-]{0,60}", kind in prop::sample::select(vec!["Point", "Polygon", "MultiPolygon"])) {
            let text = format!("{{\"type\": \"FeatureCollection\", \"features\": [{}]}}", feature("1", &format!("{{\"type\": \"{kind}\", \"coordinates\": [{coordinates}]}}")));
            if let Ok(read) = GeoJson::read(text.as_bytes()) {
                let _ = read.shapes("name", &|_| Some(0));
            }
        }
    }
}
