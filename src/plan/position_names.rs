//! The parameters that say where catchments are: one rule for products and for whatever is drawn.
//!
//! Those that the product states come first: a parameter called `lat` or `latitude`, or of that standard name, with one for the longitude;
//! or else `y` with `x`. Without any, what tables and input have under these names are taken. It knows names only, no values.

use std::collections::BTreeSet;

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
            let is_it = |parameter: &&ParameterVariable| {
                parameter.name.eq_ignore_ascii_case(name)
                    || parameter.standard_name.as_deref() == Some(name)
            };
            let found = parameters.iter().find(is_it);
            found.map(|parameter| parameter.parameter.clone())
        })
    }

    /// Those of a product, or else among parameters of these names; `None` if there are none.
    pub(crate) fn of(project: &Project, names: &BTreeSet<&str>) -> Option<Self> {
        Self::of_product(project).or_else(|| Self::among(names))
    }

    /// The longitude and the latitude of catchments that the product of a project has without being told: where it states no
    /// positions, and nothing else has their names; `None` if there are no parameters of such names, or it wants none.
    pub(crate) fn found(project: &Project, names: &BTreeSet<&str>) -> Option<Self> {
        let product = &project.product;
        let is_open = product.positions
            && product.layout == Layout::Grid
            && Self::of_product(project).is_none()
            && ![LATITUDE, LONGITUDE].iter().any(|name| product.has(name));
        let found = is_open.then(|| Self::among(names)).flatten();
        found.filter(|names| names.is_lon_lat)
    }

    /// Those among parameters of these names; `None` if there are none.
    fn among(names: &BTreeSet<&str>) -> Option<Self> {
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
