//! What the map can be coloured by: a number or a state of every catchment.

use schemars::JsonSchema;
use serde::Serialize;

use super::array::{Array, Arrays};
use super::gather::{NumberOf, Numbers};
use super::sources::{ScenarioSource, Sources};
use crate::plan::{Staleness, State};
use crate::store::StoreError;

/// The share of the page that numbers of catchments may take.
const SHARE: f64 = 0.5;

/// What a colour tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ColourKind {
    /// An amount, such as a summary of the product; F32.
    Amount,
    /// A state: 0 fresh, 1 stale, 2 failed, 3 can't be run, 255 not in this scenario; U8.
    Status,
    /// What running it took; F32.
    Cost,
}

/// A number or a state of every catchment in one scenario.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Colour {
    /// Its name, `q_mean`.
    pub name: String,
    /// What it is, for people; `null` if nobody says.
    pub long_name: Option<String>,
    /// Its units, as UDUNITS writes them; `null` if nobody says.
    pub units: Option<String>,
    /// What it tells.
    pub kind: ColourKind,
    /// Whether it is so skewed that classes of equal counts show more than those of equal widths.
    pub is_skewed: bool,
    /// The scenario, by its place among the page's.
    pub scenario: usize,
    /// The name of the array with a value for each catchment.
    pub values: String,
    /// The name of the array with the values as of the tag; `null` without one.
    pub then: Option<String>,
}

/// The numbers of all scenarios, those that most catchments have before others, then the states, then what it took to run them. Where there are too many scenarios for the page, numbers
/// are those of the first.
pub(super) fn colours(
    sources: &Sources<'_>,
    numbers: &Numbers,
    arrays: &mut Arrays,
    notes: &mut Vec<String>,
) -> Result<Vec<Colour>, StoreError> {
    let mut colours = Vec::new();
    let mut left = (sources.size.0 as f64 * SHARE) as usize;
    for scenario in 0..sources.scenarios.len() {
        let mut drafts: Vec<Draft<'_>> = (0..numbers.of.len())
            .filter_map(|number| Draft::of(numbers, scenario, number))
            .collect();
        // The first one is what a page begins with: no map on which nearly all is missing.
        drafts.sort_by_key(|draft| draft.is_of_few);
        let mut bytes: usize = drafts.iter().map(Draft::bytes).sum();
        let all = drafts.len();
        // One number at least, whatever its size.
        while scenario == 0 && bytes > left && drafts.len() > 1 {
            bytes -= drafts.pop().map_or(0, |draft| draft.bytes());
        }
        if drafts.len() < all {
            notes.push(format!(
                "{} of {all} numbers are left out, as there is no room for them; `--size` makes room.",
                all - drafts.len()
            ));
        }
        if scenario > 0 && bytes > left {
            let (all, without) = (sources.scenarios.len(), sources.scenarios.len() - scenario);
            notes.push(format!(
                "The numbers of {without} of {all} scenarios are left out, as there is no room for them; `--scenario` chooses, `--size` makes room."
            ));
            break;
        }
        left = left.saturating_sub(bytes);
        let of_scenario = drafts
            .into_iter()
            .map(|draft| draft.into_colour(scenario, arrays));
        colours.extend(of_scenario);
    }
    for (at, scenario) in sources.scenarios.iter().enumerate() {
        let states = Array::U8(states(scenario));
        colours.push(Colour {
            name: "status".to_owned(),
            long_name: Some("state of the result".to_owned()),
            units: None,
            kind: ColourKind::Status,
            is_skewed: false,
            scenario: at,
            values: arrays.add(&format!("colours/{at}/status"), states),
            then: None,
        });
    }
    for (at, scenario) in sources.scenarios.iter().enumerate() {
        let costs = costs(sources, scenario)?;
        if costs.iter().any(|cost| !cost.is_nan()) {
            colours.push(Colour {
                name: "time".to_owned(),
                long_name: Some("time that the simulator took".to_owned()),
                units: Some("s".to_owned()),
                kind: ColourKind::Cost,
                is_skewed: is_skewed(&costs),
                scenario: at,
                values: arrays.add(&format!("colours/{at}/time"), Array::F32(costs)),
                then: None,
            });
        }
    }
    Ok(colours)
}

/// A colour that may come onto the page.
struct Draft<'n> {
    of: &'n NumberOf,
    values: Array,
    then: Option<Array>,
    is_skewed: bool,
    /// Whether most catchments have none, as where only gauges have one.
    is_of_few: bool,
}

impl<'n> Draft<'n> {
    /// `None` if it has no values at all.
    fn of(numbers: &'n Numbers, scenario: usize, number: usize) -> Option<Self> {
        let [now, then] = [0, 1].map(|side| numbers.by_catchment(scenario, side, number));
        let has_any = |values: &[f32]| values.iter().any(|value| !value.is_nan());
        if ![now, then].into_iter().flatten().any(has_any) {
            return None;
        }
        let missing = || vec![f32::NAN; now.or(then).map_or(0, <[f32]>::len)];
        let now = now.map_or_else(missing, <[f32]>::to_vec);
        Some(Self {
            of: &numbers.of[number],
            is_skewed: is_skewed(&now),
            is_of_few: 2 * now.iter().filter(|value| !value.is_nan()).count() < now.len(),
            values: Array::F32(now),
            then: then.map(|then| Array::F32(then.to_vec())),
        })
    }

    fn bytes(&self) -> usize {
        Arrays::packed_size(std::iter::once(&self.values).chain(&self.then))
    }

    fn into_colour(self, scenario: usize, arrays: &mut Arrays) -> Colour {
        let name = self.of.name();
        let array = format!("colours/{scenario}/{name}");
        Colour {
            long_name: self.of.long_name.clone(),
            units: self.of.units.clone(),
            kind: ColourKind::Amount,
            is_skewed: self.is_skewed,
            scenario,
            values: arrays.add(&array, self.values),
            then: self
                .then
                .map(|then| arrays.add(&format!("{array}/then"), then)),
            name,
        }
    }
}

/// Whether the median lies in the lowest or the highest fifth of all that is between the least and the greatest.
fn is_skewed(values: &[f32]) -> bool {
    let mut sorted: Vec<f32> = values
        .iter()
        .copied()
        .filter(|value| value.is_finite())
        .collect();
    sorted.sort_unstable_by(f32::total_cmp);
    let (Some(low), Some(high)) = (sorted.first(), sorted.last()) else {
        return false;
    };
    let [low, median, high] = [*low, sorted[sorted.len() / 2], *high].map(f64::from);
    let place = (median - low) / (high - low);
    // Of equal values there is no place.
    high > low && !(0.2..=0.8).contains(&place)
}

/// By catchment of the page.
fn states(scenario: &ScenarioSource<'_>) -> Vec<u8> {
    let state = |place: &Option<usize>| match place.map(|at| &scenario.plan.entries[at].state) {
        Some(State::Fresh(_)) => 0,
        Some(State::Stale(Staleness::Failed(_))) => 2,
        Some(State::Stale(_)) => 1,
        Some(State::Bad(_)) => 3,
        None => 255,
    };
    scenario.places.iter().map(state).collect()
}

/// By catchment of the page: the seconds that the simulator took, when it last went well.
fn costs(sources: &Sources<'_>, scenario: &ScenarioSource<'_>) -> Result<Vec<f32>, StoreError> {
    let last = (sources.store).last(scenario.loaded.project.scenario.past())?;
    let cost = |id| Some(last.get(id)?.cost?.wall as f32);
    let costs = sources.catchments.iter().zip(&scenario.places);
    Ok(costs
        .map(|(id, place)| place.and_then(|_| cost(id)).unwrap_or(f32::NAN))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_large_ones_make_it_skewed() {
        assert!(is_skewed(&[1.0, 2.0, 1.5, f32::NAN, 100.0]));
        assert!(is_skewed(&[-100.0, -1.0, 0.0, -0.5]));
        assert!(!is_skewed(&[1.0, 2.0, 3.0, 4.0]));
        assert!(!is_skewed(&[2.0, 2.0]));
        assert!(!is_skewed(&[f32::NAN]));
    }
}
