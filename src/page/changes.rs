//! What changed since a tag: how many catchments by how much, and which the most.

use schemars::JsonSchema;
use serde::Serialize;

use super::array::{Array, Arrays};
use super::colours::{Colour, ColourKind};

/// How many catchments that changed most are listed for each colour.
const MOST: usize = 20;

/// About how many classes a histogram has.
const CLASSES: f64 = 20.0;

/// The most colours whose changes are told: those of hundreds of scenarios nobody reads.
const COLOURS: usize = 60;

/// How one colour changed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Changes {
    /// What changed, by its place among the colours.
    pub colour: usize,
    /// The units of the edges: those of the colour, or `%` of what it was.
    pub units: Option<String>,
    /// How many catchments are compared.
    pub compared: usize,
    /// How many of them are not what they were.
    pub changed: usize,
    /// The edges of the histogram's classes, one more than there are classes.
    pub edges: Vec<f64>,
    /// How many of those that changed are in each class; what is beyond the edges is in the outermost ones.
    pub counts: Vec<usize>,
    /// Those that changed most, the most first.
    pub most: Vec<Change>,
}

/// How one catchment changed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Change {
    /// The catchment, by its place among the page's.
    pub catchment: usize,
    /// The value as of the tag.
    pub then: f64,
    /// The value now.
    pub now: f64,
}

/// How amounts changed, each with as many catchments as have it then and now; of hundreds that did the first.
pub(super) fn changes(
    colours: &[Colour],
    arrays: &Arrays,
    notes: &mut Vec<String>,
) -> Vec<Changes> {
    let amounts = colours.iter().enumerate();
    let amounts = amounts.filter(|(_, colour)| colour.kind == ColourKind::Amount);
    let changes = amounts.filter_map(|(at, colour)| {
        let then = arrays.get(colour.then.as_ref()?);
        match (then, arrays.get(&colour.values)) {
            (Some(Array::F32(then)), Some(Array::F32(now))) => {
                Changes::of(at, colour.units.as_deref(), then, now)
            }
            _ => None,
        }
    });
    let (mut told, mut left_out) = (Vec::new(), 0);
    for changes in changes {
        match told.len() < COLOURS {
            true => told.push(changes),
            false => left_out += usize::from(changes.changed > 0),
        }
    }
    if left_out > 0 {
        notes.push(format!(
            "{left_out} more numbers changed than are told below the map, which shows them too; `--scenario` chooses."
        ));
    }
    told
}

/// Whether any catchment has a number then and now.
pub(in crate::page) fn are_compared(colours: &[Colour], arrays: &Arrays) -> bool {
    colours.iter().any(|colour| {
        let then = colour.then.as_ref().and_then(|then| arrays.get(then));
        match (then, arrays.get(&colour.values)) {
            (Some(Array::F32(then)), Some(Array::F32(now))) => {
                let mut both = then.iter().zip(now);
                both.any(|(then, now)| then.is_finite() && now.is_finite())
            }
            _ => false,
        }
    })
}

/// The catchments that changed most in any way: the first of each list, then the second of each, and so on.
pub(super) fn most_changed(changes: &[Changes]) -> Vec<usize> {
    let mut all: Vec<usize> = Vec::new();
    for place in 0..MOST {
        for change in changes.iter().filter_map(|changes| changes.most.get(place)) {
            if !all.contains(&change.catchment) {
                all.push(change.catchment);
            }
        }
    }
    all
}

impl Changes {
    fn of(colour: usize, units: Option<&str>, then: &[f32], now: &[f32]) -> Option<Self> {
        let pairs = then.iter().zip(now).enumerate();
        let compared = pairs.filter(|(_, (then, now))| then.is_finite() && now.is_finite());
        let compared: Vec<Change> = compared
            .map(|(catchment, (then, now))| Change {
                catchment,
                then: f64::from(*then),
                now: f64::from(*now),
            })
            .collect();
        let count = compared.len();
        let changed: Vec<Change> = compared
            .into_iter()
            .filter(|it| it.then != it.now)
            .collect();
        if count == 0 {
            return None;
        }
        let is_relative = is_relative(units, &changed);
        let measure = |change: &Change| match is_relative {
            true => 100.0 * (change.now - change.then) / change.then.abs(),
            false => change.now - change.then,
        };
        let measures: Vec<f64> = changed.iter().map(measure).collect();
        let (edges, counts) = histogram(&measures);
        let mut ranked: Vec<(f64, Change)> = measures.into_iter().zip(changed).collect();
        let changed = ranked.len();
        // Of equal ones that which changed by more, then the first.
        let rank =
            |(measure, change): &(f64, Change)| (measure.abs(), (change.now - change.then).abs());
        ranked.sort_by(|a, b| {
            let (a, b) = (rank(a), rank(b));
            b.0.total_cmp(&a.0).then(b.1.total_cmp(&a.1))
        });
        Some(Self {
            colour,
            units: match is_relative {
                true => Some("%".to_owned()),
                false => units.map(str::to_owned),
            },
            compared: count,
            changed,
            edges,
            counts,
            most: ranked
                .into_iter()
                .take(MOST)
                .map(|(_, change)| change)
                .collect(),
        })
    }
}

/// Whether a change is told as a part of what was: not of numbers without units, nor where values have both signs or most were 0.
fn is_relative(units: Option<&str>, changed: &[Change]) -> bool {
    let has_units = !matches!(units, Some("1" | "%"));
    let has = |is: fn(f64) -> bool| changed.iter().any(|change| is(change.then));
    let zeros = changed.iter().filter(|change| change.then == 0.0).count();
    has_units && !(has(|then| then > 0.0) && has(|then| then < 0.0)) && 2 * zeros < changed.len()
}

/// Edges at round numbers, 0 among them, around all but the outermost fiftieths; and how many are between them.
fn histogram(measures: &[f64]) -> (Vec<f64>, Vec<usize>) {
    let mut sorted: Vec<f64> = measures
        .iter()
        .copied()
        .filter(|it| it.is_finite())
        .collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| {
        let place = (share * sorted.len().saturating_sub(1) as f64).round() as usize;
        sorted.get(place).copied().unwrap_or(0.0)
    };
    let (low, high) = (at(0.02).min(0.0), at(0.98).max(0.0));
    let width = round_above((high - low) / CLASSES);
    let (first, last) = ((low / width).floor() as i64, (high / width).ceil() as i64);
    let last = last.max(first + 1);
    let edges: Vec<f64> = (first..=last).map(|number| number as f64 * width).collect();
    let mut counts = vec![0; edges.len() - 1];
    for measure in measures {
        // What was 0 changed by more than any part of it.
        let place = (measure / width)
            .floor()
            .clamp(first as f64, (last - 1) as f64);
        counts[(place as i64 - first) as usize] += 1;
    }
    (edges, counts)
}

/// The least of 1, 2 and 5, each with any power of 10, that is not below a number.
fn round_above(number: f64) -> f64 {
    if number <= 0.0 || !number.is_finite() {
        return 1.0;
    }
    let power = 10_f64.powi(libm::floor(libm::log10(number)) as i32);
    let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * power);
    steps
        .into_iter()
        .find(|step| *step >= number)
        .unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_parts_of_what_was() {
        let then = [10.0, 0.0, 5.0, f32::NAN, 100.0, 4.0];
        let now = [11.0, 2.0, 5.0, 3.0, 80.0, 4.2];
        let found = Changes::of(3, Some("m3 s-1"), &then, &now).expect("changes");
        assert_eq!((found.compared, found.changed), (5, 4));
        assert_eq!(found.units.as_deref(), Some("%"));
        let most: Vec<usize> = found.most.iter().map(|change| change.catchment).collect();
        assert_eq!(most, [1, 4, 0, 5]);
        assert_eq!(
            (found.edges[0], *found.edges.last().expect("an edge")),
            (-20.0, 10.0)
        );
        assert_eq!(found.counts.iter().sum::<usize>(), 4);
        assert_eq!(found.counts[0], 1);
        let same = Changes::of(0, None, &then, &then).expect("compared");
        assert_eq!((same.compared, same.changed), (5, 0));
        assert!(Changes::of(0, None, &[f32::NAN], &[1.0]).is_none());
        assert_eq!(most_changed(&[found]), [1, 4, 0, 5]);
    }

    #[test]
    fn numbers_of_both_signs_change_by_their_units() {
        let found = Changes::of(0, Some("degC"), &[-1.0, 2.0], &[0.5, 2.5]).expect("changes");
        assert_eq!(found.units.as_deref(), Some("degC"));
        assert_eq!(found.most[0].catchment, 0);
        let efficiency = Changes::of(0, Some("1"), &[0.5, 0.7], &[0.6, 0.9]).expect("changes");
        assert_eq!(efficiency.units.as_deref(), Some("1"));
    }

    #[test]
    fn edges_are_round() {
        let (edges, counts) = histogram(&[0.013, 0.5, 0.2, 1.9]);
        assert_eq!((edges[0], edges[1], edges.len()), (0.0, 0.1, 20));
        assert_eq!((counts[0], counts[18]), (1, 1));
        assert_eq!(round_above(0.02), 0.02);
        assert_eq!(round_above(3.0), 5.0);
        assert_eq!(histogram(&[f64::INFINITY]), (vec![0.0, 1.0], vec![1]));
    }
}
