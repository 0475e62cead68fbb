//! Joins several scenarios for a product that all of them share.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Part;
use super::describe::parameter_values;
use crate::data::catchment::CatchmentId;
use crate::data::digest::Digest;
use crate::data::scenario::ScenarioName;
use crate::data::time_axis::TimeAxis;
use crate::plan::product_needs::needed;
use crate::plan::snapshot::{ScenarioSnapshot, SnapshotRow};
use crate::product::file::{ScenarioCoordinate, ScenarioDimension};
use crate::project::product_spec::ParameterVariable;
use crate::store::ResultId;

/// Joins all parts into one. Each scenario gets all catchments that any scenario has; those that it leaves out are not run.
/// `None` if there are no parts.
pub(super) fn join<'p>(parts: Vec<Part<'p>>) -> Option<(Part<'p>, ScenarioDimension)> {
    let scenarios = scenarios(&parts);
    let ids = order(&parts);
    let first = parts.first()?;
    let (project, time, names) = (first.project, first.time.clone(), names(&parts));
    let recipes: Vec<u8> = (parts.iter())
        .flat_map(|part| *part.scenario_snapshot.recipe.as_bytes())
        .collect();
    let mut rows = Vec::with_capacity(ids.len() * parts.len());
    let mut results = Vec::with_capacity(ids.len() * parts.len());
    for mut part in parts {
        part.scenario_snapshot.keep(&names);
        let own = part.scenario_snapshot.rows.into_iter().zip(part.results);
        let mut own: HashMap<CatchmentId, (SnapshotRow, Option<ResultId>)> = own
            .map(|(row, result)| (row.id.clone(), (row, result)))
            .collect();
        for id in &ids {
            let (row, result) = own
                .remove(id)
                .unwrap_or_else(|| (SnapshotRow::left_out(id.clone(), names.len()), None));
            rows.push(row);
            results.push(result);
        }
    }
    let scenario_snapshot = ScenarioSnapshot {
        scenario: ScenarioName::UNNAMED,
        coordinates: BTreeMap::new(),
        recipe: Digest::of(&recipes),
        time: Digest::of(&time.as_ref().map_or_else(Vec::new, TimeAxis::to_bytes)),
        names,
        rows,
    };
    let part = Part {
        project,
        scenario_snapshot,
        time,
        results,
    };
    Some((part, scenarios))
}

/// The catchments of all parts, in the input's order as far as the parts show it.
fn order(parts: &[Part<'_>]) -> Vec<CatchmentId> {
    let longest = parts
        .iter()
        .max_by_key(|part| part.scenario_snapshot.rows.len());
    let all = longest.into_iter().chain(parts);
    let ids = all.flat_map(|part| part.scenario_snapshot.rows.iter().map(|row| &row.id));
    let mut seen = BTreeSet::new();
    ids.filter(|id| seen.insert(*id)).cloned().collect()
}

/// The parameters that some part has kept, whatever the order of parts; of those that the product needs, the ones that all have.
fn names(parts: &[Part<'_>]) -> Vec<String> {
    let of = |part: &Part<'_>| BTreeSet::from_iter(part.scenario_snapshot.names.iter().cloned());
    let mut names: BTreeSet<String> = parts.iter().flat_map(of).collect();
    for part in parts {
        let own = of(part);
        let needed = needed(part.project);
        names.retain(|name| own.contains(name) || !needed.contains(name));
    }
    names.into_iter().collect()
}

/// The names of the scenarios, and the parameters in which they differ.
fn scenarios(parts: &[Part<'_>]) -> ScenarioDimension {
    let scenario_snapshots = || parts.iter().map(|part| &part.scenario_snapshot);
    let stated: BTreeSet<&String> = scenario_snapshots()
        .flat_map(|scenario_snapshot| scenario_snapshot.coordinates.keys())
        .collect();
    let coordinate = |name: &String| {
        let values = scenario_snapshots().map(|snapshot| snapshot.coordinates.get(name));
        ScenarioCoordinate {
            variable: ParameterVariable {
                name: name.clone(),
                parameter: name.clone(),
                units: None,
                long_name: Some(name.replace('_', " ")),
                standard_name: None,
            },
            values: parameter_values(values.collect()),
        }
    };
    ScenarioDimension {
        names: (scenario_snapshots()
            .map(|scenario_snapshot| scenario_snapshot.scenario.as_str().to_owned()))
        .collect(),
        coordinates: stated.into_iter().map(coordinate).collect(),
    }
}
