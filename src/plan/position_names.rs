//! The parameters that say where catchments are: one rule for products and for whatever is drawn.
//!
//! Those that the product states come first: a parameter called `lat` or `latitude`, or of that standard name, with one for the longitude;
//! or else `y` with `x`. Without any, what tables and input have under these names are taken, in any case; of two that differ by
//! capitals neither. It knows names only, no values.

use std::collections::BTreeSet;

use crate::plan::basin::in_any_case;
use crate::project::Project;
use crate::project::product_spec::{Layout, ParameterVariable};

/// What a product calls a latitude that it was not told of.
pub(crate) const LATITUDE: &str = "lat";

/// What a product calls a longitude that it was not told of.
pub(crate) const LONGITUDE: &str = "lon";

/// Names of coordinates, the one northward and the one eastward, and whether they are a latitude and a longitude.
const PAIRS: [([&str; 2], bool); 3] = [
    (["latitude", "longitude"], true),
    (["lat", "lon"], true),
    (["y", "x"], false),
];

/// What a parameter of a product is for, if it has one of these names or standard names.
const WORDS: [&str; 4] = ["latitude", "longitude", LATITUDE, LONGITUDE];

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
    fn of_product(project: &Project) -> Option<Self> {
        let parameters = &project.product.parameters;
        Self::find(|name| {
            let found = parameters
                .iter()
                .find(|parameter| is_called(parameter, name));
            found.map(|parameter| parameter.parameter.clone())
        })
    }

    /// Those of a product, or else among parameters of these names; `None` if there are none.
    pub(crate) fn of(project: &Project, names: &BTreeSet<&str>) -> Option<Self> {
        Self::of_product(project).or_else(|| Self::among(names))
    }

    /// The longitude and the latitude of catchments that the product of a project has without being told: where it states no
    /// positions, not even one of both, and nothing else has their names; `None` if there are no parameters of such names, or it
    /// wants none. The names are asked for only if they matter.
    pub(crate) fn found<'n>(
        project: &Project,
        names: impl FnOnce() -> BTreeSet<&'n str>,
    ) -> Option<Self> {
        let product = &project.product;
        let is_half =
            |parameter: &ParameterVariable| WORDS.iter().any(|name| is_called(parameter, name));
        let is_open = product.positions
            && product.layout == Layout::Grid
            && Self::of_product(project).is_none()
            && !product.parameters.iter().any(is_half)
            && ![LATITUDE, LONGITUDE].iter().any(|name| product.has(name));
        let found = is_open.then(|| Self::among(&names())).flatten();
        found.filter(|names| names.is_lon_lat)
    }

    /// Those among parameters of these names; `None` if there are none.
    fn among(names: &BTreeSet<&str>) -> Option<Self> {
        Self::find(|name| {
            let found = in_any_case(name, names.iter().copied()).ok();
            found.map(str::to_owned)
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

/// Whether a parameter of a product has this name, in any case, or this standard name.
fn is_called(parameter: &ParameterVariable, name: &str) -> bool {
    parameter.name.eq_ignore_ascii_case(name) || parameter.standard_name.as_deref() == Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_names_that_differ_by_capitals_the_one_that_is_meant_is_taken_or_none() {
        let north = |names: &[&str]| {
            let names = names.iter().copied().collect();
            PositionNames::among(&names).map(|names| names.north)
        };
        assert_eq!(north(&["LAT", "Lon"]).as_deref(), Some("LAT"));
        assert_eq!(north(&["LAT", "lat", "lon"]).as_deref(), Some("lat"));
        assert_eq!(north(&["LAT", "Lat", "lon"]), None);
    }
}
