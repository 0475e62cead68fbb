//! One scenario as it is now or as of a tag: its results, and which of the page's catchments each is of.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use anyhow::{Context, Result};

use super::outline::{Outline, summaries};
use crate::data::catchment::CatchmentId;
use crate::page::sources::{ScenarioSource, Sources};
use crate::product::file::{ProductAxis, ProductContent};
use crate::product::numbers::ScenarioResults;
use crate::project::product_spec::ProductVariable;
use crate::text::wording::first_few;

/// A scenario and a side, by number: 0 now, 1 as of the tag.
pub(super) type Side = (usize, usize);

/// One scenario as it is or was.
pub(super) struct Strand {
    pub(super) side: Side,
    pub(super) results: ScenarioResults,
    /// By row: the place of its catchment among the page's.
    pub(super) catchments: Vec<Option<usize>>,
    /// What it is called: `the last run (…)`, `tag "calibrated"`.
    title: String,
    /// The variables that go over other time steps than now, so that their numbers are not compared.
    other_steps: BTreeSet<String>,
}

impl Strand {
    /// Finds its results; `None` if this scenario was not known then.
    pub(super) fn open(sources: &Sources<'_>, side: Side) -> Result<Option<Self>> {
        let source: &ScenarioSource<'_> = &sources.scenarios[side.0];
        let (rows, title) = match side.1 {
            0 => (&source.now, Some(sources.now.title)),
            _ => (&source.then, sources.then.map(|then| then.title)),
        };
        let title = title.unwrap_or_default().to_owned();
        let Some(rows) = rows else {
            return Ok(None);
        };
        let project = source.loaded.project;
        let results =
            ScenarioResults::open(project, sources.store, rows.snapshot, summaries(project));
        let results = results.with_context(|| title.clone())?;
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
            title,
            other_steps: BTreeSet::new(),
        }))
    }

    /// Finds out which numbers can't be compared with those of the same scenario now: a sum over two years is not one over three.
    pub(super) fn compare_with(&mut self, now: &Self) {
        let (then, now) = (self.results.content(), now.results.content());
        fn steps<'c>(
            content: &'c ProductContent,
            variable: &ProductVariable,
        ) -> Option<&'c ProductAxis> {
            content.axis(variable.axes.time.as_ref()?)
        }
        for variable in &then.spec.variables {
            let mut variables = now.spec.variables.iter();
            let same = variables.find(|other| other.name == variable.name);
            if same.is_some_and(|same| steps(then, variable) != steps(now, same)) {
                self.other_steps.insert(variable.name.clone());
            }
        }
    }

    /// How it differs from what the page shows, in sentences.
    pub(super) fn notes(&self, outline: &Outline) -> Vec<String> {
        let content = self.results.content();
        let (title, mut notes) = (&self.title, Vec::new());
        let left_out = self.results.left_out();
        if self.has_results() && !left_out.is_empty() {
            notes.push(format!(
                "There is nothing of {} in {title}: its results lack what that is made of.",
                first_few(left_out)
            ));
        }
        let mut is_drawn = true;
        for group in content.axis_groups() {
            let names = group.variables.iter();
            let names = names.map(|at| content.spec.variables[*at].name.clone());
            let known = names.filter(|name| outline.places_of(name).is_some());
            let (alike, others): (Vec<String>, Vec<String>) =
                known.partition(|name| outline.has_places(name, &group));
            if !others.is_empty() {
                let axis = group.dimension.map_or("", |axis| &axis.name);
                notes.push(format!(
                    "The places along `{axis}` are others in {title}, so nothing of {} is shown of it.",
                    first_few(&others)
                ));
            }
            let first = |name: &String| outline.places_of(name).map(|(first, _)| first);
            let mut alike = alike.iter().filter_map(first);
            let has_curve = alike.any(|first| outline.curve(first).is_some());
            is_drawn &= !has_curve || outline.is_over_time(&group);
        }
        match (is_drawn, self.other_steps.is_empty()) {
            (true, true) => {}
            (true, false) => notes.push(format!(
                "The numbers in {title} are over other time steps, so those of {} are not compared.",
                first_few(&Vec::from_iter(&self.other_steps))
            )),
            (false, true) => notes.push(format!(
                "The numbers in {title} are over other time steps, so no curves of it are drawn."
            )),
            (false, false) => notes.push(format!(
                "The numbers in {title} are over other time steps, so they are not compared, and no curves of it are drawn."
            )),
        }
        notes
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
                // Of other places than those of the page there is nothing: neither curves nor numbers.
                let has_places = outline.has_places(&content.spec.variables[variable].name, &group);
                way.places = if has_places { count } else { 0 };
                way.is_sum = content.spec.variables[variable].upstream.is_some();
                way.curve = outline
                    .curve(first)
                    .filter(|_| has_places && outline.is_over_time(&group));
            }
        }
        let summaries = content.spec.summaries.iter().enumerate();
        let is_compared = |of: usize| {
            let name = &content.spec.variables[of].name;
            !self.other_steps.contains(name)
        };
        for (at, summary) in summaries.filter(|(_, summary)| is_compared(summary.of)) {
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
