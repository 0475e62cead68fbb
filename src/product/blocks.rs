//! From fetched results to blocks of decoded values: who reads, who decodes, in what order.
//!
//! A feeder thread fetches (it borrows the store's connection), threads decode and compute formulas, the calling thread
//! gets one part of the product after the other: scenario by scenario the blocks of the catchments' own variables, then,
//! when all of the scenario are known, those of sums over all upstream. It knows nothing of the product's files.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::sync_channel;
use std::thread;

use anyhow::{Context, Result, ensure};

use super::summary::Summaries;
use super::tiling::{Block, Tiling};
use super::upstream::Slots;
use super::{ProductSpec, Status, Variable, VariableSource};
use crate::parallel::ordered;

/// Fetched but not yet decoded results kept ready at most, estimated in bytes of what they decode to.
const AHEAD_BYTES: usize = 16 << 20;

/// Where results come from, see [`super::assemble`].
pub(super) struct Source<'a, E> {
    pub(super) threads: usize,
    pub(super) fetch: &'a mut (dyn FnMut(usize) -> Result<E> + Send),
    pub(super) decode: &'a (dyn Fn(&E) -> Result<Vec<Vec<f64>>> + Sync),
}

/// Variables whose blocks are made together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    /// A catchment's own values.
    Own = 0,
    /// Sums over all upstream.
    Sums = 1,
}

impl Group {
    pub(super) const ALL: [Self; 2] = [Self::Own, Self::Sums];

    /// The group of a variable.
    pub(super) fn of(variable: &Variable) -> Self {
        match variable.upstream {
            None => Self::Own,
            Some(_) => Self::Sums,
        }
    }

    /// The group's variables, by number.
    pub(super) fn variables(self, spec: &ProductSpec) -> Vec<usize> {
        let is_in = |variable: &usize| Self::of(&spec.variables[*variable]) == self;
        (0..spec.variables.len()).filter(is_in).collect()
    }
}

/// By group and block: whether it is what it was, and nothing has to be made.
pub(super) struct Unchanged(pub(super) [Vec<bool>; 2]);

impl Unchanged {
    /// All has to be made, as far as there is anything.
    pub(super) fn nothing(spec: &ProductSpec, tiling: &Tiling) -> Self {
        let is_empty = |group: Group| group.variables(spec).is_empty();
        Self(Group::ALL.map(|group| vec![is_empty(group); tiling.blocks()]))
    }

    /// Whether a block of a group is what it was.
    pub(super) fn is(&self, group: Group, block: usize) -> bool {
        self.0[group as usize][block]
    }
}

/// All that a product is made of, one part at a time.
pub(super) struct Parts<'a> {
    spec: &'a ProductSpec,
    tiling: &'a Tiling,
    unchanged: &'a Unchanged,
    /// The variables of each group.
    variables: [Vec<usize>; 2],
    /// Of a row and a variable of the second group: whether there is a sum.
    sums: Vec<bool>,
    /// By row: whether it goes into a sum that has to be made.
    summed: Vec<bool>,
}

/// Takes a part: the group, the block and its values, the group's variables in their order; `None` where it is unchanged.
pub(super) type Take<'a> = dyn FnMut(Group, usize, Option<&Block>) -> Result<()> + 'a;

impl<'a> Parts<'a> {
    /// The parts of this product, cut so.
    pub(super) fn new(spec: &'a ProductSpec, tiling: &'a Tiling, unchanged: &'a Unchanged) -> Self {
        let variables = Group::ALL.map(|group| group.variables(spec));
        let sums = &variables[Group::Sums as usize];
        let has_sum = |row: &super::Row, variable: usize| {
            let outlets = spec.variables[variable].upstream.as_ref();
            outlets.is_some_and(|outlets| outlets.contain(&row.id))
        };
        let has_sums = spec.catchments.iter();
        let has_sums = has_sums.flat_map(|row| sums.iter().map(move |&sum| has_sum(row, sum)));
        let has_sums: Vec<bool> = has_sums.collect();
        let mut summed = Vec::with_capacity(spec.catchments.len());
        if sums.is_empty() {
            summed.resize(spec.catchments.len(), false);
        }
        for (scenario, network) in spec
            .networks
            .iter()
            .enumerate()
            .filter(|_| !sums.is_empty())
        {
            let rows = scenario * tiling.catchments..(scenario + 1) * tiling.catchments;
            let wanted = rows.map(|row| {
                let is_sum = has_sums[row * sums.len()..][..sums.len()].contains(&true);
                is_sum && !unchanged.is(Group::Sums, tiling.find(row).0)
            });
            summed.extend(network.with_upstream(wanted.collect()));
        }
        Self {
            spec,
            tiling,
            unchanged,
            variables,
            sums: has_sums,
            summed,
        }
    }

    /// The rows that have to be fetched, in ascending order.
    fn wanted(&self) -> Vec<usize> {
        let is_wanted = |row: &usize| {
            let is_ok = self.spec.catchments[*row].status == Status::Ok;
            let block = self.tiling.find(*row).0;
            is_ok && (self.summed[*row] || !self.unchanged.is(Group::Own, block))
        };
        (0..self.spec.catchments.len()).filter(is_wanted).collect()
    }

    /// Hands all parts to `take` in a fixed order, puts down the summaries of those that changed, and tells how many results
    /// were fetched.
    pub(super) fn make<E: Send>(
        &self,
        source: &mut Source<'_, E>,
        summaries: &mut Summaries,
        take: &mut Take<'_>,
    ) -> Result<usize> {
        let Source {
            threads,
            fetch,
            decode,
        } = source;
        let wanted = self.wanted();
        let count = wanted.len();
        let ahead = AHEAD_BYTES / (8 * self.tiling.steps * self.spec.variables.len().max(1));
        let [own, sums] = self.variables.each_ref().map(|variables| variables.len());
        let slots = match self.summed.contains(&true) {
            true => Some(Slots::create(self.spec, sums * self.tiling.steps)?),
            false => None,
        };
        let mut values = Block::new(own, self.tiling.steps);
        thread::scope(|scope| {
            // The receiver is owned in here: returning early drops it, and that ends the feeder.
            let (sender, fetched) = sync_channel(ahead.clamp(1, 64));
            let mut to_come = wanted.clone().into_iter().peekable();
            scope.spawn(move || {
                for index in wanted {
                    let outcome = catch_unwind(AssertUnwindSafe(|| fetch(index)));
                    let good = matches!(outcome, Ok(Ok(_)));
                    if sender.send(outcome).is_err() || !good {
                        return;
                    }
                }
            });
            let mut receive = |index: usize| {
                let outcome = fetched.recv().expect("the feeder feeds until the last one");
                let encoded = outcome.unwrap_or_else(|panic| resume_unwind(panic));
                let context = || format!("{}: cannot fetch its result", self.spec.row_name(index));
                Ok((index, encoded.with_context(context)?))
            };
            let work = |(index, encoded): (usize, E)| self.decoded(index, decode(&encoded));
            for block in 0..self.tiling.blocks() {
                let (range, is_unchanged) = (
                    self.tiling.block(block),
                    self.unchanged.is(Group::Own, block),
                );
                values.reset(if is_unchanged { 0 } else { range.len() });
                let rows = std::iter::from_fn(|| to_come.next_if(|row| range.contains(row)));
                let inputs = rows.map(&mut receive);
                ordered(*threads, inputs, &work, &mut |(
                    index,
                    series,
                    summarised,
                )| {
                    let (own, sums) = series.split_at(own * self.tiling.steps);
                    if let Some(slots) = slots.as_ref().filter(|_| self.summed[index]) {
                        slots.put(index % self.tiling.catchments, sums)?;
                    }
                    if !is_unchanged {
                        values.set(index - range.start, own);
                        summaries.set_row(index, summarised);
                    }
                    Ok(())
                })?;
                if own > 0 {
                    take(Group::Own, block, Some(&values).filter(|_| !is_unchanged))?;
                }
                if sums > 0 && (block + 1).is_multiple_of(self.tiling.blocks_each()) {
                    let scenario = self.tiling.corner(block).0;
                    self.make_sums(scenario, slots.as_ref(), *threads, summaries, take)?;
                }
            }
            Ok(count)
        })
    }

    /// All parts of a scenario's sums, from its catchments' own series in their slots.
    fn make_sums(
        &self,
        scenario: usize,
        slots: Option<&Slots>,
        threads: usize,
        summaries: &mut Summaries,
        take: &mut Take<'_>,
    ) -> Result<()> {
        let (spec, tiling) = (self.spec, self.tiling);
        let (first, each) = (scenario * tiling.catchments, tiling.catchments);
        if let Some(slots) = slots {
            let is_there =
                |catchment: usize| spec.catchments[first + catchment].status == Status::Ok;
            let these = &self.summed[first..][..each];
            slots.accumulate(&spec.networks[scenario], these, &is_there)?;
        }
        let variables = &self.variables[Group::Sums as usize];
        let mut values = Block::new(variables.len(), tiling.steps);
        for block in (0..tiling.blocks_each()).map(|block| scenario * tiling.blocks_each() + block)
        {
            if self.unchanged.is(Group::Sums, block) {
                take(Group::Sums, block, None)?;
                continue;
            }
            let range = tiling.block(block);
            values.reset(range.len());
            let inputs = range.clone().filter(|&row| self.summed[row]).map(|row| {
                let mut series = Vec::new();
                if let Some(slots) = slots {
                    slots.get(row - first, &mut series)?;
                }
                Ok((row, series))
            });
            let work = |(row, mut series): (usize, Vec<f64>)| {
                let has_sums = &self.sums[row * variables.len()..][..variables.len()];
                for (series, _) in (series.chunks_exact_mut(tiling.steps).zip(has_sums))
                    .filter(|(_, has_sum)| !**has_sum)
                {
                    series.fill(f64::NAN);
                }
                let summarised = self.summarise(Group::Sums, &series);
                Ok((row, series, summarised))
            };
            ordered(threads, inputs, &work, &mut |(row, series, summarised)| {
                values.set(row - range.start, &series);
                summaries.set_row(row, summarised);
                Ok(())
            })?;
            take(Group::Sums, block, Some(&values))?;
        }
        Ok(())
    }

    /// What comes of a result: its variables, those of the first group first, and the summaries of these.
    fn decoded(&self, row: usize, columns: Result<Vec<Vec<f64>>>) -> Result<Decoded> {
        let context = || format!("{}: cannot decode its result", self.spec.row_name(row));
        let columns = columns.with_context(context)?;
        let mut series = Vec::with_capacity(self.spec.variables.len() * self.tiling.steps);
        for &variable in self.variables.iter().flatten() {
            series.extend_from_slice(&values_of(self.spec, row, variable, &columns)?);
        }
        let summarised = self.summarise(Group::Own, &series);
        Ok((row, series, summarised))
    }

    /// The summaries of a group's variables of one catchment, these one after the other.
    fn summarise(&self, group: Group, series: &[f64]) -> Vec<(usize, f64)> {
        let steps = self.tiling.steps;
        let mut summarised = Vec::new();
        for (place, variable) in self.variables[group as usize].iter().enumerate() {
            let own = self.spec.summaries.iter().enumerate();
            for (number, summary) in own.filter(|(_, summary)| summary.of == *variable) {
                let value = summary.statistic.of(&series[place * steps..][..steps]);
                summarised.push((number, value));
            }
        }
        summarised
    }
}

/// A row, its variables one after the other, and summaries by number.
type Decoded = (usize, Vec<f64>, Vec<(usize, f64)>);

/// A variable's values of one catchment, from the columns of its result.
fn values_of<'c>(
    spec: &ProductSpec,
    row: usize,
    variable: usize,
    columns: &'c [Vec<f64>],
) -> Result<Cow<'c, [f64]>> {
    let (variable, steps) = (&spec.variables[variable], spec.time.len());
    let values = match &variable.source {
        VariableSource::Column(column) => {
            let column = columns.get(*column);
            let context = || {
                format!(
                    "{}: its result has no column for `{}`",
                    spec.row_name(row),
                    variable.name
                )
            };
            Cow::Borrowed(column.with_context(context)?.as_slice())
        }
        VariableSource::Formula(formula) => {
            Cow::Owned(formula(columns, &spec.catchments[row].scalars))
        }
    };
    ensure!(
        values.len() == steps,
        "{}: `{}` has {} values for {steps} time steps",
        spec.row_name(row),
        variable.name,
        values.len()
    );
    Ok(values)
}
