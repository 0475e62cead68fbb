//! A comparison for machines: every catchment and variable, as one JSON document or as CSV.

use anyhow::{Context, Result};
use serde::Serialize;

use super::{Comparison, Pair};
use crate::cli::terminal::{print, print_document};
use crate::history::difference::{Difference, Extreme};

#[derive(Serialize)]
struct Document<'a> {
    then: &'a str,
    now: &'a str,
    compared: usize,
    only_then: usize,
    only_now: usize,
    changes: Vec<Line<'a>>,
}

/// One variable of one catchment.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    scenario: Option<&'a str>,
    catchment: &'a str,
    variable: &'a str,
    steps_changed: usize,
    became_or_ceased_missing: usize,
    largest_absolute: Option<f64>,
    largest_absolute_time: Option<String>,
    /// In all lines, if any variable has a further dimension.
    #[serde(skip_serializing_if = "Option::is_none")]
    largest_absolute_place: Option<Option<String>>,
    largest_relative: Option<f64>,
    largest_relative_time: Option<String>,
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
