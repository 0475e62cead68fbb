//! A comparison for machines: every catchment and variable, as one JSON document or as CSV.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use schemars::JsonSchema;
use serde::Serialize;

use super::objectives::ObjectiveChange;
use super::{Comparison, Pair};
use crate::cli::terminal::{print, print_document};
use crate::history::difference::{Difference, Extreme};

/// What changed in the results between two states.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct Document<'a> {
    /// The earlier state, in words: `tag "calibrated"`.
    then: &'a str,
    /// The later state, in words: `the last run (2026-11-22T20:15:02Z)`.
    now: &'a str,
    /// Catchments with results in both, counted in each scenario.
    compared: usize,
    /// Those with a result in the earlier one alone.
    only_then: usize,
    /// Those with a result in the later one alone.
    only_now: usize,
    /// An entry for every variable of every catchment with results in both, whether it changed or not.
    changes: Vec<Line<'a>>,
    /// The variables that are not compared, as some results are older than they; left out where there are none.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    not_compared: BTreeSet<&'a str>,
    /// What the objectives come to in both; left out where there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    objectives: Vec<ObjectiveLine<'a>>,
}

/// An objective in both states.
#[derive(Serialize, JsonSchema)]
struct ObjectiveLine<'a> {
    /// Left out where the project has none, or where two scenarios are compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    scenario: Option<&'a str>,
    #[serde(flatten)]
    change: &'a ObjectiveChange,
}

/// One variable of one catchment.
#[derive(Serialize, JsonSchema)]
struct Line<'a> {
    /// Left out where the project has none, or where two scenarios are compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    scenario: Option<&'a str>,
    /// Its id.
    catchment: &'a str,
    /// Its name in the product.
    variable: &'a str,
    /// How many values are others, or missing on one side only.
    steps_changed: usize,
    /// How many of these are missing on one side only.
    became_or_ceased_missing: usize,
    /// The largest difference, later less earlier; `null` where no value that both have is another.
    largest_absolute: Option<f64>,
    /// When that was; `null` where the variable has no time.
    largest_absolute_time: Option<String>,
    /// Where that was along a further dimension: `layer 2`; left out of all entries if no variable has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    largest_absolute_place: Option<Option<String>>,
    /// The largest difference as a fraction of the earlier value's magnitude; `null` where there is none, or where that was 0.
    largest_relative: Option<f64>,
    /// When that was; `null` where the variable has no time.
    largest_relative_time: Option<String>,
    /// Where that was along a further dimension; left out of all entries if no variable has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    largest_relative_place: Option<Option<String>>,
}

impl Comparison<'_> {
    /// Prints one JSON document.
    pub(super) fn print_document(&self) -> Result<()> {
        let sum = |of: &dyn Fn(&Difference) -> usize| {
            self.pairs.iter().map(|pair| of(&pair.difference)).sum()
        };
        print_document(&Document {
            then: self.then,
            now: self.now,
            compared: sum(&|difference| difference.catchments.len()),
            only_then: sum(&|difference| difference.alone[0]),
            only_now: sum(&|difference| difference.alone[1]),
            changes: self.lines().collect(),
            not_compared: (self.pairs.iter())
                .flat_map(|pair| pair.not_compared.iter().map(String::as_str))
                .collect(),
            objectives: self.objectives().collect(),
        })
    }

    /// Prints a table with commas.
    pub(super) fn print_csv(&self) -> Result<()> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        for line in self.lines() {
            writer.serialize(line).context("can't write the table")?;
        }
        print(&writer.into_inner().context("can't write the table")?)
    }

    fn objectives(&self) -> impl Iterator<Item = ObjectiveLine<'_>> {
        self.pairs.iter().flat_map(|pair| {
            let scenario = self.is_named.then_some(pair.scenario.as_str());
            let changes = pair.objectives.iter();
            changes.map(move |change| ObjectiveLine { scenario, change })
        })
    }

    fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        let axes = |pair: &Pair<'_>| {
            let mut variables = pair.product.spec.variables.iter();
            variables.any(|variable| variable.axes.dimension.is_some())
        };
        let has_places = self.pairs.iter().any(axes);
        let pairs = self.pairs.iter();
        pairs.flat_map(move |pair| pair.lines(self.is_named, has_places))
    }
}

impl Pair<'_> {
    /// A line for every variable of every catchment.
    fn lines(&self, is_named: bool, has_places: bool) -> impl Iterator<Item = Line<'_>> {
        let (difference, groups) = (&self.difference, self.product.axis_groups());
        let changes = difference.catchments.iter().flat_map(|compared| {
            let changes = compared.changes.iter().enumerate();
            changes.map(move |(variable, change)| (&compared.id, variable, change))
        });
        changes.map(move |(id, variable, change)| {
            let place = |most: Option<Extreme>| {
                let place = most.map(|most| self.place(&groups, variable, most.step));
                let (time, along) = place.map_or((None, None), |at| (at.time, at.along));
                (time, has_places.then_some(along))
            };
            let (largest_absolute_time, largest_absolute_place) = place(change.absolute);
            let (largest_relative_time, largest_relative_place) = place(change.relative);
            Line {
                scenario: is_named.then_some(self.scenario.as_str()),
                catchment: id.as_str(),
                variable: &difference.variables[variable],
                steps_changed: change.steps,
                became_or_ceased_missing: change.missing,
                largest_absolute: change.absolute.map(|most| most.absolute()),
                largest_absolute_time,
                largest_absolute_place,
                largest_relative: change.relative.map(|most| most.relative()),
                largest_relative_time,
                largest_relative_place,
            }
        })
    }
}
