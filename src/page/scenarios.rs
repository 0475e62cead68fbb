//! The scenarios on a page: their states, the parameters in which they differ, and what came of them in a number each.

use std::collections::HashSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::Drawn;
use super::array::{Array, Arrays};
use super::colours::{Colour, ColourKind};
use super::counts::StateCounts;
use super::gather::Gathered;
use super::gauges::Score;
use super::sources::{ScenarioSource, Sources};
use crate::data::catchment::CatchmentId;
use crate::data::objective::stated;
use crate::history::values::PlainValue;
use crate::product::objective::overall;
use crate::project::objective_spec::ObjectiveSpec;

/// Scenarios with the parameters in which they differ, and their numbers.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub(crate) struct ScenarioTable {
    /// The parameters in which they differ.
    pub parameters: Vec<String>,
    /// What the numbers are.
    pub numbers: Vec<TableNumber>,
    /// A row for each scenario, the single unnamed one included.
    pub rows: Vec<ScenarioRow>,
}

/// What a column of numbers is.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct TableNumber {
    /// The summary or objective.
    pub name: String,
    /// What was made of the catchments' numbers: `median`, `mean over gauges`.
    pub of_catchments: String,
    /// Its units; `null` if nobody says.
    pub units: Option<String>,
}

/// One scenario.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct ScenarioRow {
    /// The scenario, by its place among the page's.
    pub scenario: usize,
    /// How many of its catchments are in which state.
    pub counts: StateCounts,
    /// Its values of the parameters; `null` where it has none.
    pub values: Vec<Option<PlainValue>>,
    /// Its numbers; `null` where one is missing. Medians with a tag are of the catchments that have a number then and now.
    pub numbers: Vec<Option<f64>>,
    /// Those as of the tag; empty without one.
    pub then: Vec<Option<f64>>,
}

impl ScenarioTable {
    /// Of these sources, whose numbers are drawn.
    pub(super) fn of(
        sources: &Sources<'_>,
        gathered: &Gathered,
        drawn: &Drawn,
        arrays: &Arrays,
    ) -> Self {
        let Some(first) = sources.scenarios.first() else {
            return Self::default();
        };
        let parameters = first.loaded.project.scenario.coordinates.keys();
        let parameters: Vec<String> = parameters.cloned().collect();
        let objectives = &first.loaded.project.product.objectives;
        let is_objective = |name: &str| objectives.iter().any(|objective| objective.name == name);
        let amounts: Vec<&Colour> = (drawn.colours.iter())
            .filter(|colour| colour.kind == ColourKind::Amount && !is_objective(&colour.name))
            .collect();
        // A scenario that failed has none.
        let mut named = HashSet::new();
        let summaries = amounts.iter().filter(|colour| named.insert(&colour.name));
        let summaries = summaries.map(|colour| TableNumber {
            name: colour.name.clone(),
            of_catchments: "median".to_owned(),
            units: colour.units.clone(),
        });
        let gauged = objectives.iter().map(|objective| TableNumber {
            name: objective.name.clone(),
            of_catchments: format!("{} over gauges", objective.over.name()),
            units: None,
        });
        let numbers: Vec<TableNumber> = gauged.chain(summaries).collect();
        let row = |(scenario, source): (usize, &ScenarioSource<'_>)| {
            let numbers_of = |is_then: bool| -> Vec<Option<f64>> {
                let gauged = objectives.iter();
                let gauged = gauged.map(|objective| {
                    let places =
                        gathered.gauges_of((scenario, usize::from(is_then)), &objective.name)?;
                    over_gauges(sources, drawn, objective, scenario, is_then, &places)
                });
                let summaries = numbers.iter().filter(|number| !is_objective(&number.name));
                let medians = summaries.map(|number| {
                    let is_its = |colour: &&&Colour| {
                        (colour.scenario, &colour.name) == (scenario, &number.name)
                    };
                    let colour = amounts.iter().find(is_its);
                    colour.and_then(|colour| median_of(colour, arrays, is_then))
                });
                gauged.chain(medians).collect()
            };
            let coordinates = &source.loaded.project.scenario.coordinates;
            let values = parameters.iter();
            ScenarioRow {
                scenario,
                counts: StateCounts::of(source),
                values: values
                    .map(|name| coordinates.get(name).map(PlainValue::from))
                    .collect(),
                numbers: numbers_of(false),
                then: match sources.then {
                    Some(_) => numbers_of(true),
                    None => Vec::new(),
                },
            }
        };
        let rows = sources.scenarios.iter().enumerate().map(row).collect();
        Self {
            parameters,
            numbers,
            rows,
        }
    }
}

/// What an objective comes to over these gauges, which are all of a scenario; none where it is missing.
fn over_gauges(
    sources: &Sources<'_>,
    drawn: &Drawn,
    objective: &ObjectiveSpec,
    scenario: usize,
    is_then: bool,
    places: &[usize],
) -> Option<f64> {
    let is_its = |score: &&Score| score.objective == objective.name && score.scenario == scenario;
    let gauges = places.iter().map(|place| {
        let here = drawn
            .gauges
            .iter()
            .filter(|gauge| gauge.catchment == *place);
        let score = here.flat_map(|gauge| &gauge.scores).find(is_its);
        let number = score.and_then(|score| if is_then { score.then } else { score.number });
        let id: &CatchmentId = &sources.catchments[*place];
        (id, number.unwrap_or(f64::NAN))
    });
    stated(overall(objective, gauges))
}

/// The median of a colour's numbers; none where all are missing. With a tag only those catchments count that have a number then and now:
/// else one that fails would change it.
fn median_of(colour: &Colour, arrays: &Arrays, is_then: bool) -> Option<f64> {
    let numbers = |name: &str| match arrays.get(name) {
        Some(Array::F32(numbers)) => Some(numbers.as_slice()),
        _ => None,
    };
    let now = numbers(&colour.values)?;
    let then = colour.then.as_deref().and_then(numbers);
    let wanted = if is_then { then? } else { now };
    let is_known = |at: usize| {
        let of = |numbers: &[f32]| numbers.get(at).is_some_and(|number| number.is_finite());
        of(now) && then.is_none_or(of)
    };
    let known = wanted.iter().enumerate().filter(|(at, _)| is_known(*at));
    let mut known: Vec<f32> = known.map(|(_, number)| *number).collect();
    known.sort_by(f32::total_cmp);
    let middle = known.len() / 2;
    let upper = f64::from(*known.get(middle)?);
    Some(match known.len() % 2 {
        0 => (f64::from(known[middle - 1]) + upper) / 2.0,
        _ => upper,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_of_catchments_that_have_both() {
        let mut arrays = Arrays::default();
        let mut of = |values: &[f32], then: Option<&[f32]>| {
            let mut add = |numbers: &[f32]| arrays.add("q", Array::F32(numbers.to_vec()));
            let colour = Colour {
                name: "q".to_owned(),
                long_name: None,
                units: None,
                kind: ColourKind::Amount,
                is_skewed: false,
                scenario: 0,
                values: add(values),
                then: then.map(&mut add),
            };
            [false, true].map(|is_then| median_of(&colour, &arrays, is_then))
        };
        let nan = f32::NAN;
        assert_eq!(of(&[3.0, nan, 1.0, 8.0], None), [Some(3.0), None]);
        assert_eq!(of(&[4.0, 1.0], None), [Some(2.5), None]);
        assert_eq!(of(&[nan], None), [None, None]);
        let then = [nan, 5.0, 2.0, 4.0];
        assert_eq!(
            of(&[3.0, nan, 1.0, 8.0], Some(&then)),
            [Some(4.5), Some(3.0)]
        );
    }
}
