//! Where catchments are, by the product parameters that say so.
//!
//! A position is a parameter called `lat` or `latitude`, or of that standard name, with one for the longitude; or else `y` with `x`. It knows no shapes,
//! and nothing of reference systems: latitudes are in degrees, unless one of them can't be.

use std::collections::BTreeSet;

use crate::data::value::Value;
use crate::plan::snapshot::ScenarioSnapshot;
use crate::project::Project;
use crate::project::product_spec::ParameterVariable;

/// Names of coordinates, the one northward and the one eastward, and whether they are a latitude and a longitude.
const PAIRS: [([&str; 2], bool); 3] = [
    (["latitude", "longitude"], true),
    (["lat", "lon"], true),
    (["y", "x"], false),
];

/// Positions of a scenario's catchments.
#[derive(Clone, Debug, PartialEq)]
pub struct Positions {
    /// Whether they are degrees of longitude and latitude; else x and y of a map.
    pub is_lon_lat: bool,
    /// By catchment, in the snapshot's order: longitude and latitude, or x and y; `None` where either is missing or no number.
    pub places: Vec<Option<[f64; 2]>>,
}

/// The parameters that are coordinates.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PositionNames {
    /// The one for the longitude, or for x.
    pub east: String,
    /// The one for the latitude, or for y.
    pub north: String,
    /// Whether they are degrees of longitude and latitude; else x and y of a map.
    pub is_lon_lat: bool,
}

impl PositionNames {
    /// Those of a product; `None` if it has none.
    pub(crate) fn of_product(project: &Project) -> Option<Self> {
        let parameters = &project.product.parameters;
        Self::find(|name| {
            let is_it = |parameter: &&ParameterVariable| {
                parameter.name.eq_ignore_ascii_case(name)
                    || parameter.standard_name.as_deref() == Some(name)
            };
            let found = parameters.iter().find(is_it);
            found.map(|parameter| parameter.parameter.clone())
        })
    }

    /// Those among parameters of these names; `None` if there are none.
    pub(crate) fn among(names: &BTreeSet<&str>) -> Option<Self> {
        Self::find(|name| {
            let mut names = names.iter();
            let found = names.find(|known| known.eq_ignore_ascii_case(name));
            found.map(|known| (*known).to_owned())
        })
    }

    fn find(parameter: impl Fn(&str) -> Option<String>) -> Option<Self> {
        PAIRS.iter().find_map(|([north, east], is_lon_lat)| {
            Some(Self {
                east: parameter(east)?,
                north: parameter(north)?,
                is_lon_lat: *is_lon_lat,
            })
        })
    }
}

/// The positions of a snapshot's catchments; none if the product has no parameters that are coordinates.
pub fn positions(project: &Project, scenario_snapshot: &ScenarioSnapshot) -> Option<Positions> {
    let names = PositionNames::of_product(project)?;
    let place = |name: &String| {
        let mut known = scenario_snapshot.names.iter();
        known.position(|known| known == name)
    };
    let (east, north) = (place(&names.east)?, place(&names.north)?);
    let places = scenario_snapshot.rows.iter().map(|row| {
        let number = |place: usize| {
            let value = row.values.get(place)?.as_ref();
            value.and_then(Value::number).filter(|x| x.is_finite())
        };
        Some([number(east)?, number(north)?])
    });
    let places: Vec<Option<[f64; 2]>> = places.collect();
    Some(Positions {
        is_lon_lat: names.is_lon_lat && are_on_earth(&places),
        places,
    })
}

/// Whether all positions can be degrees of longitude and latitude.
pub(crate) fn are_on_earth(places: &[Option<[f64; 2]>]) -> bool {
    let is_on_earth = |[x, y]: &[f64; 2]| x.abs() <= 360.0 && y.abs() <= 90.0;
    places.iter().flatten().all(is_on_earth)
}
