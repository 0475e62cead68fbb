//! What was measured in catchments, and how well the simulated values fit.

use std::collections::HashSet;
use std::ops::RangeInclusive;

use anyhow::Result;
use schemars::JsonSchema;
use serde::Serialize;

use super::array::{Array, Arrays};
use super::gather::Gathered;
use super::sources::Sources;
use crate::data::observed::GaugeSeries;
use crate::product::measured_at;
use crate::project::product_spec::SummaryKind;

/// The share of the page that measured values may take, and the fewest values of a gauge that are drawn nevertheless.
const SHARE: f64 = 0.15;
const FEWEST: usize = 500;

/// The bytes that a measured value takes, about.
const BYTES_OF_VALUE: f64 = 6.0;

/// What was measured in one catchment of one variable.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Gauge {
    /// The catchment, by its place among the page's.
    pub catchment: usize,
    /// The variable that it is compared with, by its place among the page's.
    pub variable: usize,
    /// The gauge's name.
    pub name: String,
    /// The name of the array (F64) with the times of what was measured, in seconds since 1970-01-01 UTC.
    pub times: String,
    /// The name of the array (F32) with what was measured.
    pub values: String,
    /// How well the simulated values fit.
    pub scores: Vec<Score>,
}

/// How well a scenario's values fit by one objective.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Score {
    /// The objective's name.
    pub objective: String,
    /// The scenario, by its place among the page's.
    pub scenario: usize,
    /// The number; `null` if it is missing.
    pub number: Option<f64>,
    /// The number as of the tag; `null` if it is missing, or without a tag.
    pub then: Option<f64>,
}

/// What was measured within the simulated time at the page's catchments, where objectives compare it, with how well it fits in each scenario.
pub(super) fn gauges(
    sources: &Sources<'_>,
    gathered: &Gathered,
    arrays: &mut Arrays,
    notes: &mut Vec<String>,
) -> Result<Vec<Gauge>> {
    let Some(first) = sources.scenarios.first() else {
        return Ok(Vec::new());
    };
    let project = first.loaded.project;
    let ids: HashSet<_> = sources.catchments.iter().collect();
    let places = sources.places();
    let mut found: Vec<Found> = Vec::new();
    for summary in &project.product.summaries {
        let SummaryKind::Objective(objective) = &summary.kind else {
            continue;
        };
        let variable = &project.product.variables[summary.of].name;
        let Some(variable) = gathered.variable(variable) else {
            continue;
        };
        for (catchment, series) in measured_at(project, &objective.observations, &ids)? {
            let catchment = places[&catchment];
            let source = &objective.observations.name;
            let is_same = |it: &&mut Found| {
                it.source == *source && (it.catchment, it.variable) == (catchment, variable)
            };
            let scores = scores(gathered, sources.scenarios.len(), &summary.name, catchment);
            match found.iter_mut().find(is_same) {
                Some(same) => same.scores.extend(scores),
                None => found.push(Found {
                    source: source.clone(),
                    catchment,
                    variable,
                    series,
                    scores,
                }),
            }
        }
    }
    let bytes_each = sources.size.0 as f64 * SHARE / found.len().max(1) as f64;
    let most = ((bytes_each / BYTES_OF_VALUE) as usize).max(FEWEST);
    let time = gathered.time().map(|time| {
        let stamps = time.nanoseconds();
        stamps[0]..=stamps[stamps.len() - 1]
    });
    let mut thinned = 0;
    let gauges = found.into_iter().enumerate().map(|(number, found)| {
        let (values, is_thinned) = drawn(&found.series.values, time.as_ref(), most);
        thinned += usize::from(is_thinned);
        found.into_gauge(number, &values, arrays)
    });
    let gauges = gauges.collect();
    if thinned > 0 {
        notes.push(format!(
            "What was measured is drawn by the least and the greatest value of {} parts of the time at {thinned} gauges; scores are of all values.",
            most / 2
        ));
    }
    Ok(gauges)
}

/// What was measured at one catchment.
struct Found {
    /// The name of the observations.
    source: String,
    catchment: usize,
    variable: usize,
    series: GaugeSeries,
    scores: Vec<Score>,
}

impl Found {
    fn into_gauge(self, number: usize, values: &[(i64, f64)], arrays: &mut Arrays) -> Gauge {
        let seconds = values
            .iter()
            .map(|(stamp, _)| *stamp as f64 / 1e9)
            .collect();
        let measured = values.iter().map(|(_, value)| *value as f32).collect();
        Gauge {
            catchment: self.catchment,
            variable: self.variable,
            name: self.series.name,
            times: arrays.add(&format!("gauges/{number}/times"), Array::F64(seconds)),
            values: arrays.add(&format!("gauges/{number}/values"), Array::F32(measured)),
            scores: self.scores,
        }
    }
}

/// An objective's numbers at a catchment in all scenarios that have any.
fn scores(gathered: &Gathered, scenarios: usize, objective: &str, catchment: usize) -> Vec<Score> {
    let numbers = &gathered.numbers;
    let Some(number) = numbers.of.iter().position(|of| of.summary == objective) else {
        return Vec::new();
    };
    let score = |scenario: usize| {
        let [number, then] = [0, 1].map(|side| {
            let value = numbers.by_catchment(scenario, side, number)?[catchment];
            value.is_finite().then_some(f64::from(value))
        });
        Score {
            objective: objective.to_owned(),
            scenario,
            number,
            then,
        }
    };
    (0..scenarios).map(score).collect()
}

/// What of measured values is drawn: those within this time, and where there are more than `most`, the least and the greatest of each of
/// `most / 2` parts of them. The second tells whether any were left out for that.
fn drawn(
    values: &[(i64, f64)],
    time: Option<&RangeInclusive<i64>>,
    most: usize,
) -> (Vec<(i64, f64)>, bool) {
    let is_within = |stamp: i64| time.is_none_or(|time| time.contains(&stamp));
    let within = values.iter().filter(|(stamp, _)| is_within(*stamp));
    let within: Vec<(i64, f64)> = within.copied().collect();
    if within.len() <= most {
        return (within, false);
    }
    let parts = most / 2;
    let edge = |part: usize| part * within.len() / parts;
    let mut kept = Vec::with_capacity(most);
    for part in 0..parts {
        let own = &within[edge(part)..edge(part + 1)];
        let measured = || {
            own.iter()
                .enumerate()
                .filter(|(_, (_, value))| !value.is_nan())
        };
        let least = measured().min_by(|a, b| a.1.1.total_cmp(&b.1.1));
        let greatest = measured().max_by(|a, b| a.1.1.total_cmp(&b.1.1));
        match (least, greatest) {
            (Some((low, _)), Some((high, _))) => {
                kept.push(own[low.min(high)]);
                if low != high {
                    kept.push(own[low.max(high)]);
                }
            }
            // A gap stays one.
            _ => kept.push(own[0]),
        }
    }
    (kept, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peaks_and_gaps_of_what_was_measured_stay() {
        let values: Vec<(i64, f64)> = (0..100)
            .map(|at| {
                let value = match at {
                    37 => 1e3,
                    50..60 => f64::NAN,
                    _ => (at % 7) as f64,
                };
                (at, value)
            })
            .collect();
        let (kept, is_thinned) = drawn(&values, Some(&(10..=89)), 20);
        assert!(is_thinned && kept.len() <= 20);
        assert!(kept.contains(&(37, 1e3)));
        assert!(kept.iter().any(|(_, value)| value.is_nan()));
        assert!(kept.is_sorted_by_key(|(stamp, _)| *stamp));
        assert!(kept.iter().all(|(stamp, _)| (10..=89).contains(stamp)));
        assert_eq!(drawn(&values, None, 100).0.len(), 100);
    }
}
