//! From fetched results to blocks of decoded values: which thread reads, which decodes, in what order.
//!
//! One thread fetches (it borrows the store's connection). Others make whole blocks: they decode, compute formulas and
//! encode pieces of the file, so that what a core has in its cache stays there. The calling thread gets one block after the
//! other: scenario by scenario first those of the catchments' own variables, then, when all of the scenario are known, those
//! of sums over all upstream. It knows nothing of the product's files.

use std::ops::Range;
use std::thread;

use anyhow::{Context, Result};

use super::block::{Block, BlockPool};
use super::fetched::Fetched;
use super::repeats::{Prints, ScenarioBefore};
use super::summary::{RowSummary, Summaries};
use super::tiling::Tiling;
use super::unchanged::{Group, Unchanged};
use super::upstream::SumScratch;
use super::{AxisGroup, ProductContent, ProductRow, ResultSource};
use crate::data::digest::Digest;
use crate::plan::snapshot::Status;
use crate::system::parallel::ordered;

/// Results fetched but not yet decoded: at most so many bytes, estimated by what they decode to.
const AHEAD_BYTES: usize = 16 << 20;

/// Decoded values of all blocks that threads are at work on: at most so many bytes (a single block may exceed it).
const AT_WORK_BYTES: usize = 64 << 20;

/// Blocks that a thread gets at a time, at most.
const BATCH: usize = 16;

/// All blocks of the variables over the same axes, and what is needed for them.
pub(super) struct ProductBlocks<'a> {
    product: &'a ProductContent,
    over: &'a AxisGroup<'a>,
    tiling: &'a Tiling,
    unchanged: &'a Unchanged,
    /// The variables of each group.
    variables: [Vec<usize>; 2],
    /// By row and variable of the group of sums: whether there is a sum.
    sums: Vec<bool>,
    /// By row: whether it is part of a sum that has to be made.
    summed: Vec<bool>,
}

/// Makes pieces of a file for a group and a block: the group's variables in their order. They are made from the block's
/// values, or, where the block is unchanged and there are none, from what was there before; so is an unchanged variable of
/// a changed block. The flags, which may be missing, tell of each variable whether it holds the same as in the scenario before, of which
/// the same block was written, too. Called on many threads.
pub(super) type Encode<'a, P> =
    dyn Fn(Group, usize, Option<&Block>, &[bool]) -> Result<Vec<P>> + Sync + 'a;

/// Writes the pieces of a group's block.
pub(super) type WritePieces<'a, P> = dyn FnMut(Group, usize, Vec<P>) -> Result<()> + 'a;

/// Where the blocks go.
pub(super) struct BlockSink<'a, P> {
    pub(super) encode: &'a Encode<'a, P>,
    pub(super) write: &'a mut WritePieces<'a, P>,
    /// Those of rows in changed blocks are set.
    pub(super) summaries: &'a mut Summaries,
}

impl<'a> ProductBlocks<'a> {
    /// The blocks of these variables of a product, cut into these tiles.
    pub(super) fn new(
        product: &'a ProductContent,
        over: &'a AxisGroup<'a>,
        tiling: &'a Tiling,
        unchanged: &'a Unchanged,
    ) -> Self {
        let variables = Group::ALL.map(|group| group.variables(product, over));
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
            over,
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

    /// Makes all blocks and hands them to the sink in a fixed order. Returns how many results were fetched.
    pub(super) fn make<E: Send, P: Send>(
        &self,
        source: &mut ResultSource<'_, E>,
        mut sink: BlockSink<'_, P>,
    ) -> Result<usize> {
        let rows = self.wanted();
        let count = rows.len();
        let result_bytes = 8 * self.tiling.steps * self.over.variables.len().max(1);
        let ahead = (AHEAD_BYTES / result_bytes).clamp(1, 64);
        let maker = BlockMaker {
            blocks: self,
            threads: self.threads(source.threads),
            decode: source.decode,
            checksums: source.checksums,
            encode: sink.encode,
            pools: (self.variables.each_ref())
                .map(|variables| BlockPool::new(variables.len(), self.tiling.steps)),
            scratch: self.scratch()?,
        };
        let fetch = &mut *source.fetch;
        thread::scope(|scope| {
            // Owned in here: returning early drops it, and that ends its thread.
            let mut fetched = Fetched::start(
                scope,
                self.product,
                &self.over.columns,
                (rows, ahead),
                fetch,
            );
            let mut before = ScenarioBefore::default();
            for scenario in 0..self.tiling.scenarios {
                before = maker.make_own(scenario, &before, &mut fetched, &mut sink)?;
                if !self.variables[Group::Sums as usize].is_empty() {
                    maker.make_sums(scenario, &mut sink)?;
                }
            }
            Ok(count)
        })
    }

    /// Room for what the sums are made of; `None` where no sum has to be made.
    fn scratch(&self) -> Result<Option<SumScratch>> {
        let series = self.variables[Group::Sums as usize].len() * self.tiling.steps;
        match self.summed.contains(&true) {
            true => SumScratch::create(self.product, series).map(Some),
            false => Ok(None),
        }
    }

    /// How many of so many threads can be at work so that their blocks fit in memory.
    fn threads(&self, threads: usize) -> usize {
        let block = self.tiling.tile_catchments * self.tiling.steps * self.over.variables.len();
        threads.min(AT_WORK_BYTES / (8 * block.max(1))).max(1)
    }

    /// The blocks of a scenario in their order, cut so that each batch ends with a block that takes work. Blocks that take
    /// none are never a batch of their own, so that all threads have something to do.
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
}

/// What all threads need to make blocks.
struct BlockMaker<'m, E, P> {
    blocks: &'m ProductBlocks<'m>,
    threads: usize,
    decode: &'m (dyn Fn(&E) -> Result<Vec<Vec<f64>>> + Sync),
    checksums: &'m (dyn Fn(&E) -> Vec<Digest> + Sync),
    encode: &'m Encode<'m, P>,
    /// By group.
    pools: [BlockPool; 2],
    /// Holds the series that go into sums, and then the sums.
    scratch: Option<SumScratch>,
}

impl<E: Send, P: Send> BlockMaker<'_, E, P> {
    /// Makes the blocks of a scenario's own variables, and puts away what its sums are made of. Returns what they are made of.
    fn make_own(
        &self,
        scenario: usize,
        before: &ScenarioBefore,
        fetched: &mut Fetched<'_, E>,
        sink: &mut BlockSink<'_, P>,
    ) -> Result<ScenarioBefore> {
        let tiling = self.blocks.tiling;
        let batches = self.blocks.batches(Group::Own, scenario).map(|blocks| {
            let with_results =
                blocks.map(|block| Ok((block, fetched.in_range(&tiling.block(block))?)));
            with_results.collect()
        });
        let work = |batch: Vec<(usize, Vec<(usize, E)>)>| -> Result<Vec<Made<P>>> {
            let blocks = batch.iter();
            blocks
                .map(|(block, results)| self.own_block(*block, before, results))
                .collect()
        };
        let mut now = ScenarioBefore::default();
        ordered(self.threads, batches, &work, &mut |batch: Vec<Made<P>>| {
            for mut made in batch {
                now.push(std::mem::take(&mut made.prints));
                if let Some(scratch) = &self.scratch {
                    for (row, series) in &made.summed {
                        scratch.put(row % tiling.catchments, series)?;
                    }
                }
                sink.accept(Group::Own, made)?;
            }
            Ok(())
        })?;
        Ok(now)
    }

    /// A block of the catchments' own variables, from the fetched results.
    fn own_block(
        &self,
        block: usize,
        before: &ScenarioBefore,
        results: &[(usize, E)],
    ) -> Result<Made<P>> {
        let (blocks, product) = (self.blocks, self.blocks.product);
        let range = blocks.tiling.block(block);
        let is_unchanged = blocks.unchanged.is(Group::Own, block);
        let [own, sums] = &blocks.variables;
        let pool = &self.pools[Group::Own as usize];
        let mut made = Made::of(block);
        let mut values = pool.take(if is_unchanged { 0 } else { range.len() });
        for (row, encoded) in results {
            let context = || format!("{}: cannot decode its result", product.row_name(*row));
            let columns = (self.decode)(encoded).with_context(context)?;
            if !is_unchanged {
                let mut summarised = Vec::new();
                for (place, &variable) in own.iter().enumerate() {
                    let series = product.values(blocks.over, *row, variable, &columns)?;
                    summarised.extend(product.summarise(blocks.over, *row, variable, &series));
                    values.set(row - range.start, place, &series);
                }
                made.summaries.push((*row, summarised));
            }
            if blocks.summed[*row] {
                let mut series = Vec::with_capacity(sums.len() * blocks.tiling.steps);
                for &variable in sums {
                    series.extend_from_slice(&product.values(
                        blocks.over,
                        *row,
                        variable,
                        &columns,
                    )?);
                }
                made.summed.push((*row, series));
            }
        }
        if !own.is_empty() {
            let mut repeated = Vec::new();
            if !is_unchanged && blocks.tiling.scenarios > 1 {
                let rows = results.iter();
                let rows =
                    rows.map(|(row, encoded)| (row - range.start, (self.checksums)(encoded)));
                let rows: Vec<_> = rows.collect();
                made.prints = Prints::of(product, blocks.over, own, &rows);
                repeated = before.same(blocks.tiling, block, &made.prints);
            }
            let values = (!is_unchanged).then_some(&values);
            made.pieces = (self.encode)(Group::Own, block, values, &repeated)?;
        }
        pool.give_back(values);
        Ok(made)
    }

    /// Makes the blocks of a scenario's sums, from what was put away of its catchments.
    fn make_sums(&self, scenario: usize, sink: &mut BlockSink<'_, P>) -> Result<()> {
        let (blocks, product) = (self.blocks, self.blocks.product);
        let (first, each) = (
            scenario * blocks.tiling.catchments,
            blocks.tiling.catchments,
        );
        if let Some(scratch) = &self.scratch {
            let is_there =
                |catchment: usize| product.catchments[first + catchment].status == Status::Ok;
            let summed = &blocks.summed[first..][..each];
            scratch.accumulate(&product.networks[scenario], summed, &is_there)?;
        }
        let work = |blocks: Range<usize>| -> Result<Vec<Made<P>>> {
            blocks.map(|block| self.sums_block(block)).collect()
        };
        let batches = blocks.batches(Group::Sums, scenario).map(Ok);
        ordered(self.threads, batches, &work, &mut |batch: Vec<Made<P>>| {
            let mut batch = batch.into_iter();
            batch.try_for_each(|made| sink.accept(Group::Sums, made))
        })
    }

    /// A block of sums, which are in the scratch file.
    fn sums_block(&self, block: usize) -> Result<Made<P>> {
        let (blocks, tiling) = (self.blocks, self.blocks.tiling);
        let product = blocks.product;
        let mut made = Made::of(block);
        if blocks.unchanged.is(Group::Sums, block) {
            made.pieces = (self.encode)(Group::Sums, block, None, &[])?;
            return Ok(made);
        }
        let variables = &blocks.variables[Group::Sums as usize];
        let range = tiling.block(block);
        let pool = &self.pools[Group::Sums as usize];
        let mut values = pool.take(range.len());
        let mut series = Vec::new();
        for row in range.clone().filter(|&row| blocks.summed[row]) {
            if let Some(scratch) = &self.scratch {
                scratch.get(row % tiling.catchments, &mut series)?;
            }
            let has_sums = &blocks.sums[row * variables.len()..][..variables.len()];
            let mut summarised = Vec::new();
            for (place, series) in series.chunks_exact_mut(tiling.steps).enumerate() {
                if !has_sums[place] {
                    series.fill(f64::NAN);
                }
                summarised.extend(product.summarise(blocks.over, row, variables[place], series));
                values.set(row - range.start, place, series);
            }
            made.summaries.push((row, summarised));
        }
        made.pieces = (self.encode)(Group::Sums, block, Some(&values), &[])?;
        pool.give_back(values);
        Ok(made)
    }
}

/// A block as a thread has made it.
struct Made<P> {
    block: usize,
    pieces: Vec<P>,
    /// By row: its summaries.
    summaries: Vec<(usize, Vec<RowSummary>)>,
    /// By row: the series that go into sums, variable by variable.
    summed: Vec<(usize, Vec<f64>)>,
    /// What it is made of, where another scenario may hold the same.
    prints: Prints,
}

impl<P> Made<P> {
    /// A block of which nothing is made yet.
    fn of(block: usize) -> Self {
        Self {
            block,
            pieces: Vec::new(),
            summaries: Vec::new(),
            summed: Vec::new(),
            prints: Prints::default(),
        }
    }
}

impl<P> BlockSink<'_, P> {
    fn accept(&mut self, group: Group, made: Made<P>) -> Result<()> {
        for (row, numbers) in made.summaries {
            self.summaries.set_row(row, numbers);
        }
        // There are none where the group has no variables.
        match made.pieces.is_empty() {
            true => Ok(()),
            false => (self.write)(group, made.block, made.pieces),
        }
    }
}
