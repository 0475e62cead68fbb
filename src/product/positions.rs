//! Where catchments are: in products, without being told, and on maps.
//!
//! Which parameters say so is told by [`PositionNames`], which numbers can be degrees by [`are_degrees`]. It knows no shapes, and nothing of
//! reference systems.

use std::collections::BTreeSet;
use std::f64::consts::{FRAC_PI_2, PI, TAU};

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
        is_lon_lat: names.is_lon_lat && are_degrees(&places),
        places,
    })
}

/// Whether positions, x before y, can be degrees of longitude and latitude: all lie on Earth, and not all so close to 0° north and 0° east
/// that they are probably radians, or zeros where a position is missing. That leaves out catchments in the Gulf of Guinea alone, which is
/// open sea but for the small island of Annobón.
pub(crate) fn are_degrees(places: &[Option<[f64; 2]>]) -> bool {
    let is_on_earth = |[x, y]: &[f64; 2]| (-180.0..=360.0).contains(x) && y.abs() <= 90.0;
    let is_doubtful = |[x, y]: &[f64; 2]| (-PI..=TAU).contains(x) && y.abs() <= FRAC_PI_2;
    let places = || places.iter().flatten();
    places().all(is_on_earth) && !places().all(is_doubtful)
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
/// scenarios. Several catchments that all have the same, such as the one of a whole basin, have none of their own.
pub(super) fn give(
    product: &mut ProductContent,
    project: &Project,
    scenario_snapshot: &ScenarioSnapshot,
) {
    let kept = || kept(scenario_snapshot);
    let Some(names) = PositionNames::found(project, kept) else {
        return;
    };
    if [LATITUDE, LONGITUDE].iter().any(|name| product.has(name)) {
        return;
    }
    let each = product.catchments_each();
    let [east, north] = [&names.east, &names.north].map(|parameter| {
        let rows: Vec<Option<f64>> = numbers(scenario_snapshot, parameter)?.collect();
        common(&rows, each)
    });
    let Some((east, north)) = east.zip(north) else {
        return;
    };
    let places = east.iter().zip(&north);
    let places: Vec<Option<[f64; 2]>> = places.map(|(x, y)| Some([*x, *y])).collect();
    let is_one = each > 1 && places.iter().all(|place| *place == places[0]);
    if is_one || !are_degrees(&places) {
        return;
    }
    let scenarios = product.catchments.len() / each.max(1);
    for (name, parameter, word, units, values) in [
        (LATITUDE, names.north, "latitude", "degrees_north", north),
        (LONGITUDE, names.east, "longitude", "degrees_east", east),
    ] {
        product.spec.parameters.push(ParameterVariable {
            name: name.to_owned(),
            parameter,
            units: Some(units.to_owned()),
            long_name: Some(word.to_owned()),
            standard_name: Some(word.to_owned()),
        });
        let values = ParameterValues::Numbers(values.repeat(scenarios));
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

    #[test]
    fn degrees_are_told_from_other_numbers() {
        let are = |places: &[[f64; 2]]| {
            let places: Vec<_> = places.iter().copied().map(Some).chain([None]).collect();
            are_degrees(&places)
        };
        assert!(are(&[[7.1, 51.5], [187.0, -51.5]]));
        assert!(are(&[[0.5, 0.9], [0.5, 5.5]]), "Ghana's coast and the sea");
        assert!(are(&[[-69.0, -0.2]]), "on the Equator");
        assert!(!are(&[[0.124, 0.899], [3.0, -0.6]]), "radians");
        assert!(!are(&[[0.0, 0.0]]), "missing");
        assert!(!are(&[[51.5, 97.1]]), "exchanged, and it can be told");
        assert!(!are(&[[361.0, 7.0]]));
        assert!(!are(&[[-181.0, 7.0]]));
    }
}
