//! From fetched results to blocks of decoded values: who reads, who decodes, in what order.
//!
//! A feeder thread fetches (it borrows the store's connection), threads make whole blocks (decode, compute formulas, encode
//! pieces of the file: what a core has in its cache stays there), the calling thread gets one part of the product after the
//! other: scenario by scenario the blocks of the catchments' own variables, then, when all of the scenario are known, those of
//! sums over all upstream. It knows nothing of the product's files.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::sync_channel;
use std::thread;

use anyhow::{Context, Result};

use super::block::{Blank, Block};
use super::summary::Summaries;
use super::tiling::Tiling;
use super::unchanged::{Group, Unchanged};
use super::upstream::SumScratch;
use super::{ProductContent, ProductRow, ResultSource};
use crate::plan::snapshot::Status;
use crate::system::parallel::ordered;

/// Fetched but not yet decoded results kept ready at most, estimated in bytes of what they decode to.
const AHEAD_BYTES: usize = 16 << 20;

/// Decoded values of all blocks that threads are at work on at most, in bytes (a single block may exceed it).
const AT_WORK_BYTES: usize = 64 << 20;

/// Blocks that a thread is given at a time at most.
const BATCH: usize = 16;

/// All that a product is made of, one part at a time.
pub(super) struct Parts<'a> {
    product: &'a ProductContent,
    tiling: &'a Tiling,
    unchanged: &'a Unchanged,
    /// The variables of each group.
    variables: [Vec<usize>; 2],
    /// Of a row and a variable of the second group: whether there is a sum.
    sums: Vec<bool>,
    /// By row: whether it goes into a sum that has to be made.
    summed: Vec<bool>,
}

/// Makes pieces of a file: the group's variables in their order, out of the block's values, or, where it is unchanged and
/// there are none, out of what was there before; so is a variable that is unchanged in a changed block. Called on many threads.
pub(super) type Encode<'a, P> = dyn Fn(Group, usize, Option<&Block>) -> Result<Vec<P>> + Sync + 'a;

/// Takes a part: the group, the block and its pieces.
pub(super) type Take<'a, P> = dyn FnMut(Group, usize, Vec<P>) -> Result<()> + 'a;

impl<'a> Parts<'a> {
    /// The parts of this product, cut so.
    pub(super) fn new(
        product: &'a ProductContent,
        tiling: &'a Tiling,
        unchanged: &'a Unchanged,
    ) -> Self {
        let variables = Group::ALL.map(|group| group.variables(product));
        let sums = &variables[Group::Sums as usize];
        let has_sum = |row: &ProductRow, variable: usize| {
            let outlets = product.spec.variables[variable].upstream.as_ref();
            outlets.is_some_and(|outlets| outlets.contain(&row.id))
        };
        let has_sums = product.catchments.iter();
        let has_sums = has_sums.flat_map(|row| sums.iter().map(move |&sum| has_sum(row, sum)));
        let has_sums: Vec<bool> = has_sums.collect();
        let mut summed = Vec::with_capacity(product.catchments.len());
        if sums.is_empty() {
            summed.resize(product.catchments.len(), false);
        }
        for (scenario, network) in product
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
            product,
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
            let is_ok = self.product.catchments[*row].status == Status::Ok;
            let block = self.tiling.find(*row).0;
            is_ok && (self.summed[*row] || !self.unchanged.is(Group::Own, block))
        };
        (0..self.product.catchments.len())
            .filter(is_wanted)
            .collect()
    }

    /// Hands all parts to `take` in a fixed order, puts down the summaries of those that changed, and tells how many results
    /// were fetched.
    pub(super) fn make<E: Send, P: Send>(
        &self,
        source: &mut ResultSource<'_, E>,
        summaries: &mut Summaries,
        encode: &Encode<'_, P>,
        take: &mut Take<'_, P>,
    ) -> Result<usize> {
        let ResultSource {
            threads,
            fetch,
            decode,
            ..
        } = source;
        let threads = self.threads(*threads);
        let wanted = self.wanted();
        let count = wanted.len();
        let ahead =
            AHEAD_BYTES / (8 * self.tiling.steps * self.product.spec.variables.len().max(1));
        let [own, sums] = self.variables.each_ref().map(|variables| variables.len());
        let slots = match self.summed.contains(&true) {
            true => Some(SumScratch::create(self.product, sums * self.tiling.steps)?),
            false => None,
        };
        let blank = Blank::new(own, self.tiling.steps);
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
                let context =
                    || format!("{}: cannot fetch its result", self.product.row_name(index));
                Ok((index, encoded.with_context(context)?))
            };
            let work = |batch: Vec<(usize, Vec<(usize, E)>)>| -> Result<Vec<Made<P>>> {
                let made = batch.iter();
                made.map(|(block, rows)| self.make_own(*block, rows, decode, &blank, encode))
                    .collect()
            };
            for scenario in 0..self.tiling.scenarios {
                let inputs = self.batches(Group::Own, scenario).map(|blocks| {
                    let fetched = blocks.map(|block| {
                        let range = self.tiling.block(block);
                        let rows =
                            std::iter::from_fn(|| to_come.next_if(|row| range.contains(row)));
                        let rows: Result<Vec<(usize, E)>> = rows.map(&mut receive).collect();
                        Ok((block, rows?))
                    });
                    fetched.collect()
                });
                ordered(threads, inputs, &work, &mut |batch: Vec<Made<P>>| {
                    for made in batch {
                        for (row, series) in &made.summed {
                            if let Some(slots) = &slots {
                                slots.put(row % self.tiling.catchments, series)?;
                            }
                        }
                        for (row, summarised) in made.summaries {
                            summaries.set_row(row, summarised);
                        }
                        if own > 0 {
                            take(Group::Own, made.block, made.pieces)?;
                        }
                    }
                    Ok(())
                })?;
                if sums > 0 {
                    self.make_sums(scenario, slots.as_ref(), threads, summaries, encode, take)?;
                }
            }
            Ok(count)
        })
    }

    /// So many threads that the blocks under way fit in memory.
    fn threads(&self, threads: usize) -> usize {
        let block =
            self.tiling.tile_catchments * self.tiling.steps * self.product.spec.variables.len();
        threads.min(AT_WORK_BYTES / (8 * block.max(1))).max(1)
    }

    /// The blocks of a scenario in their order, as many at a time as have one among them that takes work, the last. Those that
    /// take none do not use up the turns of those that do, so that all threads have something to do.
    fn batches(&self, group: Group, scenario: usize) -> impl Iterator<Item = Range<usize>> {
        let each = self.tiling.blocks_each();
        let mut left = scenario * each..(scenario + 1) * each;
        let takes_work = move |block: &usize| {
            let is_summed = || self.summed[self.tiling.block(*block)].contains(&true);
            !self.unchanged.is(group, *block) || (group == Group::Own && is_summed())
        };
        std::iter::from_fn(move || {
            let most = left.start..left.end.min(left.start + BATCH);
            let last = most.clone().find(&takes_work);
            let batch = most.start..last.map_or(most.end, |last| last + 1);
            left.start = batch.end;
            (!batch.is_empty()).then_some(batch)
        })
    }

    /// What comes of the fetched results of a block.
    fn make_own<E, P>(
        &self,
        block: usize,
        rows: &[(usize, E)],
        decode: &(dyn Fn(&E) -> Result<Vec<Vec<f64>>> + Sync),
        blank: &Blank,
        encode: &Encode<'_, P>,
    ) -> Result<Made<P>> {
        let range = self.tiling.block(block);
        let is_unchanged = self.unchanged.is(Group::Own, block);
        let [own, sums] = &self.variables;
        let mut made = Made::of(block);
        let mut values = blank.take(if is_unchanged { 0 } else { range.len() });
        for (row, encoded) in rows {
            let context = || format!("{}: cannot decode its result", self.product.row_name(*row));
            let columns = decode(encoded).with_context(context)?;
            if !is_unchanged {
                let mut summarised = Vec::new();
                for (place, &variable) in own.iter().enumerate() {
                    let series = self.product.values(*row, variable, &columns)?;
                    summarised.extend(self.summarise(variable, &series));
                    values.set(row - range.start, place, &series);
                }
                made.summaries.push((*row, summarised));
            }
            if self.summed[*row] {
                let mut series = Vec::with_capacity(sums.len() * self.tiling.steps);
                for &variable in sums {
                    series.extend_from_slice(&self.product.values(*row, variable, &columns)?);
                }
                made.summed.push((*row, series));
            }
        }
        if !own.is_empty() {
            made.pieces = encode(Group::Own, block, (!is_unchanged).then_some(&values))?;
        }
        blank.give_back(values);
        Ok(made)
    }

    /// All parts of a scenario's sums, from its catchments' own series in their slots.
    fn make_sums<P: Send>(
        &self,
        scenario: usize,
        slots: Option<&SumScratch>,
        threads: usize,
        summaries: &mut Summaries,
        encode: &Encode<'_, P>,
        take: &mut Take<'_, P>,
    ) -> Result<()> {
        let (product, tiling) = (self.product, self.tiling);
        let (first, each) = (scenario * tiling.catchments, tiling.catchments);
        if let Some(slots) = slots {
            let is_there =
                |catchment: usize| product.catchments[first + catchment].status == Status::Ok;
            let these = &self.summed[first..][..each];
            slots.accumulate(&product.networks[scenario], these, &is_there)?;
        }
        let variables = &self.variables[Group::Sums as usize];
        let blank = Blank::new(variables.len(), tiling.steps);
        let make = |block: usize| {
            let mut made = Made::of(block);
            if self.unchanged.is(Group::Sums, block) {
                made.pieces = encode(Group::Sums, block, None)?;
                return Ok(made);
            }
            let range = tiling.block(block);
            let mut values = blank.take(range.len());
            let mut series = Vec::new();
            for row in range.clone().filter(|&row| self.summed[row]) {
                if let Some(slots) = slots {
                    slots.get(row - first, &mut series)?;
                }
                let has_sums = &self.sums[row * variables.len()..][..variables.len()];
                let mut summarised = Vec::new();
                for (place, series) in series.chunks_exact_mut(tiling.steps).enumerate() {
                    if !has_sums[place] {
                        series.fill(f64::NAN);
                    }
                    summarised.extend(self.summarise(variables[place], series));
                    values.set(row - range.start, place, series);
                }
                made.summaries.push((row, summarised));
            }
            made.pieces = encode(Group::Sums, block, Some(&values))?;
            blank.give_back(values);
            Ok(made)
        };
        let work = |blocks: Range<usize>| blocks.map(make).collect::<Result<Vec<_>>>();
        let batches = self.batches(Group::Sums, scenario).map(Ok);
        ordered(threads, batches, &work, &mut |batch: Vec<Made<P>>| {
            for made in batch {
                for (row, summarised) in made.summaries {
                    summaries.set_row(row, summarised);
                }
                take(Group::Sums, made.block, made.pieces)?;
            }
            Ok(())
        })
    }

    /// The summaries of a variable of one catchment, by number.
    fn summarise(&self, variable: usize, series: &[f64]) -> Vec<(usize, f64)> {
        let summaries = self.product.spec.summaries.iter().enumerate();
        let own = summaries.filter(|(_, summary)| summary.of == variable);
        own.map(|(number, summary)| (number, summary.statistic.of(series)))
            .collect()
    }
}

/// What a thread has made of a block.
struct Made<P> {
    block: usize,
    pieces: Vec<P>,
    /// By row: its summaries by number.
    summaries: Vec<(usize, Vec<(usize, f64)>)>,
    /// By row: what goes into sums, variable by variable.
    summed: Vec<(usize, Vec<f64>)>,
}

impl<P> Made<P> {
    /// Nothing yet.
    fn of(block: usize) -> Self {
        Self {
            block,
            pieces: Vec::new(),
            summaries: Vec::new(),
            summed: Vec::new(),
        }
    }
}
