//! A comparison for machines: every catchment and variable, as one JSON document or as CSV.

use anyhow::{Context, Result};
use serde::Serialize;

use super::{Comparison, Pair};
use crate::cli::terminal::{print, print_document};
use crate::history::difference::Difference;

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
    largest_relative: Option<f64>,
    largest_relative_time: Option<String>,
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
        let pairs = self.pairs.iter();
        pairs.flat_map(|pair| pair.lines(self.is_named))
    }
}

impl Pair<'_> {
    /// A line for every variable of every catchment.
    fn lines(&self, is_named: bool) -> impl Iterator<Item = Line<'_>> {
        let Self {
            difference, time, ..
        } = self;
        difference.catchments.iter().flat_map(move |compared| {
            let changes = difference.variables.iter().zip(&compared.changes);
            changes.map(move |(variable, change)| Line {
                scenario: is_named.then_some(self.scenario.as_str()),
                catchment: compared.id.as_str(),
                variable,
                steps_changed: change.steps,
                became_or_ceased_missing: change.missing,
                largest_absolute: change.absolute.map(|most| most.absolute()),
                largest_absolute_time: change
                    .absolute
                    .map(|most| time.date_time(most.step).to_string()),
                largest_relative: change.relative.map(|most| most.relative()),
                largest_relative_time: change
                    .relative
                    .map(|most| time.date_time(most.step).to_string()),
            })
        })
    }
}
