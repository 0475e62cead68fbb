//! Where catchments are, by the product parameters that say so.
//!
//! A position is a parameter called `lat` or `latitude`, or of that standard name, with one for the longitude; or else `y` with `x`. It knows no shapes,
//! and nothing of reference systems: latitudes are in degrees, unless one of them can't be.

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

/// The positions of a snapshot's catchments; none if the product has no parameters that are coordinates.
pub fn positions(project: &Project, scenario_snapshot: &ScenarioSnapshot) -> Option<Positions> {
    let parameters = &project.product.parameters;
    let place = |name: &str| {
        let is_it = |parameter: &&ParameterVariable| {
            parameter.name.eq_ignore_ascii_case(name)
                || parameter.standard_name.as_deref() == Some(name)
        };
        let parameter = parameters.iter().find(is_it)?;
        let mut names = scenario_snapshot.names.iter();
        names.position(|known| *known == parameter.parameter)
    };
    let found = PAIRS
        .iter()
        .find_map(|([north, east], is_lon_lat)| Some((place(east)?, place(north)?, *is_lon_lat)));
    let (east, north, is_lon_lat) = found?;
    let places = scenario_snapshot.rows.iter().map(|row| {
        let number = |place: usize| {
            let value = row.values.get(place)?.as_ref();
            value.and_then(Value::number).filter(|x| x.is_finite())
        };
        Some([number(east)?, number(north)?])
    });
    let places: Vec<Option<[f64; 2]>> = places.collect();
    let is_on_earth = |[x, y]: &[f64; 2]| x.abs() <= 360.0 && y.abs() <= 90.0;
    Some(Positions {
        is_lon_lat: is_lon_lat && places.iter().flatten().all(is_on_earth),
        places,
    })
}
