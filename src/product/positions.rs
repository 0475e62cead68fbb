//! Where catchments are: in products, without being told, and on maps.
//!
//! Which parameters say so is told by [`PositionNames`]. It knows no shapes, and nothing of reference systems: latitudes are in degrees, unless
//! one of them can't be.

use std::collections::BTreeSet;

use super::file::{ParameterValues, ProductContent};
use crate::data::value::Value;
use crate::plan::position_names::{LATITUDE, LONGITUDE, PositionNames};
use crate::plan::snapshot::ScenarioSnapshot;
use crate::project::Project;
use crate::project::product_spec::ParameterVariable;

/// Positions of a scenario's catchments.
#[derive(Clone, Debug, PartialEq)]
pub struct Positions {
    /// Whether they are degrees of longitude and latitude; else x and y of a map.
    pub is_lon_lat: bool,
    /// By catchment, in the snapshot's order: longitude and latitude, or x and y; `None` where either is missing or no number.
    pub places: Vec<Option<[f64; 2]>>,
}

/// The positions of a snapshot's catchments; none if it has kept no parameters that are coordinates.
pub fn positions(project: &Project, scenario_snapshot: &ScenarioSnapshot) -> Option<Positions> {
    let names = PositionNames::of(project, &kept(scenario_snapshot))?;
    let [east, north] = [&names.east, &names.north].map(|name| numbers(scenario_snapshot, name));
    let places = east?.zip(north?).map(|(east, north)| Some([east?, north?]));
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

/// The names of what a snapshot has kept.
fn kept(scenario_snapshot: &ScenarioSnapshot) -> BTreeSet<&str> {
    scenario_snapshot.names.iter().map(String::as_str).collect()
}

/// The numbers of a parameter, row by row; `None` if the snapshot has not kept it.
fn numbers<'s>(
    scenario_snapshot: &'s ScenarioSnapshot,
    name: &str,
) -> Option<impl Iterator<Item = Option<f64>> + use<'s>> {
    let place = scenario_snapshot
        .names
        .iter()
        .position(|known| known == name)?;
    let number = move |value: Option<&Option<Value>>| value?.as_ref()?.number();
    let rows = scenario_snapshot.rows.iter();
    Some(rows.map(move |row| number(row.values.get(place)).filter(|x| x.is_finite())))
}

/// Gives a product the latitudes and longitudes of its catchments that it was not told of, where each has a plausible one, the same in all
/// scenarios.
pub(super) fn give(
    product: &mut ProductContent,
    project: &Project,
    scenario_snapshot: &ScenarioSnapshot,
) {
    let Some(names) = PositionNames::found(project, &kept(scenario_snapshot)) else {
        return;
    };
    let latitudes = (
        LATITUDE,
        names.north,
        "latitude",
        "degrees_north",
        -90.0..=90.0,
    );
    let longitudes = (
        LONGITUDE,
        names.east,
        "longitude",
        "degrees_east",
        -180.0..=360.0,
    );
    let mut found = Vec::new();
    for (name, parameter, word, units, range) in [latitudes, longitudes] {
        let Some(rows) = numbers(scenario_snapshot, &parameter) else {
            return;
        };
        let rows: Vec<Option<f64>> = rows.collect();
        let values = common(&rows, product.catchments_each());
        let plausible = values.filter(|values| values.iter().all(|value| range.contains(value)));
        let (Some(values), false) = (plausible, product.has(name)) else {
            return;
        };
        let variable = ParameterVariable {
            name: name.to_owned(),
            parameter,
            units: Some(units.to_owned()),
            long_name: Some(word.to_owned()),
            standard_name: Some(word.to_owned()),
        };
        let all = values.iter().copied().cycle().take(rows.len());
        found.push((variable, ParameterValues::Numbers(all.collect())));
    }
    for (variable, values) in found {
        product.spec.parameters.push(variable);
        product.parameters.push(values);
    }
}

/// The number of each of `each` catchments, out of all scenarios' rows, of which some leave it out; `None` if there is none in any or
/// another one in another.
fn common(rows: &[Option<f64>], each: usize) -> Option<Vec<f64>> {
    let of = |catchment: usize| {
        let mut numbers = rows.iter().skip(catchment).step_by(each).flatten();
        let first = *numbers.next()?;
        numbers.all(|number| *number == first).then_some(first)
    };
    (0..each).map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_catchment_has_one_position() {
        let rows = [Some(1.0), Some(2.0), None, Some(2.0)];
        assert_eq!(common(&rows, 2), Some(vec![1.0, 2.0]));
        assert_eq!(common(&rows, 4), None, "one has none");
        let rows = [Some(1.0), Some(2.0), Some(1.5), None];
        assert_eq!(common(&rows, 2), None, "elsewhere in another scenario");
    }
}
