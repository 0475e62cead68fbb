//! One scenario as it is now or as of a tag: its results, and which of the page's catchments each is of.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use anyhow::{Context, Result};

use super::outline::{Outline, summaries};
use crate::data::catchment::CatchmentId;
use crate::page::sources::{ScenarioSource, Sources};
use crate::product::numbers::ScenarioResults;

/// A scenario and a side, by number: 0 now, 1 as of the tag.
pub(super) type Side = (usize, usize);

/// One scenario as it is or was.
pub(super) struct Strand {
    pub(super) side: Side,
    pub(super) results: ScenarioResults,
    /// By row: the place of its catchment among the page's.
    pub(super) catchments: Vec<Option<usize>>,
}

impl Strand {
    /// Finds its results; `None` if this scenario was not known then.
    pub(super) fn open(sources: &Sources<'_>, side: Side) -> Result<Option<Self>> {
        let source: &ScenarioSource<'_> = &sources.scenarios[side.0];
        let (rows, title) = match side.1 {
            0 => (&source.now, Some(sources.now.title)),
            _ => (&source.then, sources.then.map(|then| then.title)),
        };
        let Some(rows) = rows else {
            return Ok(None);
        };
        let project = source.loaded.project;
        let results =
            ScenarioResults::open(project, sources.store, rows.snapshot, summaries(project));
        let results = results.with_context(|| title.unwrap_or_default().to_owned())?;
        let mut catchments = vec![None; rows.snapshot.rows.len()];
        for (catchment, row) in rows.rows.iter().enumerate() {
            if let Some(row) = row {
                catchments[*row] = Some(catchment);
            }
        }
        Ok(Some(Self {
            side,
            results,
            catchments,
        }))
    }

    /// Whether any catchment has a result.
    pub(super) fn has_results(&self) -> bool {
        (0..self.catchments.len()).any(|row| self.results.has(row))
    }

    /// The catchments that are looked at first: gauges, then outlets, where it is known how catchments drain.
    pub(super) fn looked_at_first(&self) -> Vec<usize> {
        let content = self.results.content();
        let gauges: BTreeSet<&CatchmentId> = (content.gauges.iter().flatten())
            .flat_map(|gauges| gauges.ids())
            .collect();
        let rows = 0..self.catchments.len();
        let at_gauges = rows
            .clone()
            .filter(|row| gauges.contains(&content.catchments[*row].id));
        let outlets = rows.filter(|row| self.results.is_outlet(*row));
        let both = at_gauges.chain(outlets);
        both.filter_map(|row| self.catchments[row]).collect()
    }

    /// Where each series goes, by the variable's number.
    pub(super) fn ways(&self, outline: &Outline) -> Vec<Way> {
        let content = self.results.content();
        let numbers = outline.numbers.iter().enumerate();
        let numbers: HashMap<&str, usize> = numbers
            .filter(|(_, number)| number.place.as_ref().is_none_or(|(place, _)| *place == 0))
            .map(|(at, number)| (number.summary.as_str(), at))
            .collect();
        let mut ways = vec![Way::default(); content.spec.variables.len()];
        for group in content.axis_groups() {
            for &variable in &group.variables {
                let way = &mut ways[variable];
                let places = outline.places_of(&content.spec.variables[variable].name);
                let Some((first, count)) = places else {
                    continue;
                };
                way.slice = group.dimension.map_or(1, |axis| axis.len());
                way.places = count;
                way.is_sum = content.spec.variables[variable].upstream.is_some();
                way.curve = outline
                    .curve(first)
                    .filter(|_| outline.is_over_time(&group));
            }
        }
        for (at, summary) in content.spec.summaries.iter().enumerate() {
            if let Some(number) = numbers.get(summary.name.as_str()) {
                ways[summary.of].numbers.push((at, *number));
            }
        }
        ways
    }
}

/// Where the series of a variable go.
#[derive(Clone, Default)]
pub(super) struct Way {
    /// Where its curve is among all, that of its first place; `None` if it has none here.
    pub(super) curve: Option<usize>,
    /// How many values it has a time step, and how many of them are looked at.
    pub(super) slice: usize,
    pub(super) places: usize,
    /// Whether they are sums over all upstream.
    pub(super) is_sum: bool,
    /// The scenario's summaries of it, each with the first of its numbers on the page.
    numbers: Vec<(usize, usize)>,
}

impl Way {
    /// The values at one place along the further dimension.
    pub(super) fn series<'v>(&self, values: &'v [f64], place: usize) -> Cow<'v, [f64]> {
        match self.slice {
            1 => Cow::Borrowed(values),
            slice => values.iter().skip(place).step_by(slice).copied().collect(),
        }
    }

    /// Where its curves are among all.
    pub(super) fn all_curves(&self) -> Range<usize> {
        self.curve.map_or(0..0, |first| first..first + self.places)
    }

    /// Where its numbers are on the page.
    pub(super) fn all_numbers(&self) -> impl Iterator<Item = usize> {
        let places = self.places;
        let numbers = self.numbers.iter();
        numbers.flat_map(move |(_, first)| *first..first + places)
    }

    /// Where the first of a summary's numbers is on the page.
    pub(super) fn number(&self, summary: usize) -> Option<usize> {
        let mut numbers = self.numbers.iter();
        numbers
            .find(|(own, _)| *own == summary)
            .map(|(_, number)| *number)
    }
}
