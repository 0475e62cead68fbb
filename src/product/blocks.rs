//! From fetched results to blocks of decoded values: who reads, who decodes, in what order.
//!
//! A feeder thread fetches (it borrows the store's connection), threads decode and compute formulas, the calling thread
//! gets one block after the other. It knows nothing of files.

use std::borrow::Cow;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::sync_channel;
use std::thread;

use anyhow::{Context, Result, ensure};

use super::summary::Summaries;
use super::tiling::{Block, Tiling};
use super::{ProductSpec, Status, Summary, VariableSource};
use crate::parallel::ordered;

/// Fetched but not yet decoded results kept ready at most, estimated in bytes of what they decode to.
const AHEAD_BYTES: usize = 16 << 20;

/// Where results come from, see [`super::assemble`].
pub(super) struct Source<'a, E> {
    pub(super) threads: usize,
    pub(super) fetch: &'a mut (dyn FnMut(usize) -> Result<E> + Send),
    pub(super) decode: &'a (dyn Fn(&E) -> Result<Vec<Vec<f64>>> + Sync),
}

/// Calls `each` with every block in order: with its values, or with `None` where `skip` (one entry per block) says so
/// and nothing is fetched. The summaries of what is fetched are put down.
pub(super) fn for_each_block<E: Send>(
    spec: &ProductSpec,
    tiling: &Tiling,
    skip: &[bool],
    source: &mut Source<'_, E>,
    summaries: &mut Summaries,
    each: &mut dyn FnMut(usize, Option<&Block>) -> Result<()>,
) -> Result<()> {
    let Source {
        threads,
        fetch,
        decode,
    } = source;
    let fetched_blocks = (0..tiling.blocks()).filter(|&block| !skip[block]);
    let is_ok = |index: &usize| spec.catchments[*index].status == Status::Ok;
    let wanted: Vec<usize> = fetched_blocks
        .flat_map(|block| tiling.block(block))
        .filter(is_ok)
        .collect();
    let ahead = AHEAD_BYTES / (8 * tiling.steps * spec.variables.len().max(1));
    let mut values = Block::new(spec.variables.len(), tiling.steps);
    thread::scope(|scope| {
        // The receiver is owned in here: returning early drops it, and that ends the feeder.
        let (sender, fetched) = sync_channel(ahead.clamp(1, 64));
        scope.spawn(move || {
            for index in wanted {
                let outcome = catch_unwind(AssertUnwindSafe(|| fetch(index)));
                let good = matches!(outcome, Ok(Ok(_)));
                if sender.send(outcome).is_err() || !good {
                    return;
                }
            }
        });
        for (block, &skipped) in skip.iter().enumerate() {
            if skipped {
                each(block, None)?;
                continue;
            }
            let range = tiling.block(block);
            values.reset(range.len());
            let inputs = range.clone().filter(is_ok).map(|index| {
                let outcome = fetched.recv().expect("the feeder feeds until the last one");
                let encoded = outcome.unwrap_or_else(|panic| resume_unwind(panic));
                let context = || format!("{}: cannot fetch its result", spec.row_name(index));
                Ok((index, encoded.with_context(context)?))
            });
            let work = |(index, encoded): (usize, E)| {
                let columns = decode(&encoded);
                let context = || format!("{}: cannot decode its result", spec.row_name(index));
                let series = variables(spec, index, &columns.with_context(context)?)?;
                let summarised = summarise(spec, tiling.steps, &series);
                Ok((index, series, summarised))
            };
            ordered(*threads, inputs, &work, &mut |(
                index,
                series,
                summarised,
            )| {
                values.set(index - range.start, &series);
                for (summary, value) in summarised.into_iter().enumerate() {
                    summaries.set(summary, index, value);
                }
                Ok(())
            })?;
            each(block, Some(&values))?;
        }
        Ok(())
    })
}

/// How many of these catchments have a result to fetch.
pub(super) fn fetched_of(spec: &ProductSpec, catchments: Range<usize>) -> usize {
    spec.catchments[catchments]
        .iter()
        .filter(|row| row.status == Status::Ok)
        .count()
}

/// The summaries of one catchment, from its variables one after the other.
fn summarise(spec: &ProductSpec, steps: usize, series: &[f64]) -> Vec<f64> {
    let of = |summary: &Summary| summary.statistic.of(&series[summary.of * steps..][..steps]);
    spec.summaries.iter().map(of).collect()
}

/// The product's variables of one catchment, one after the other, from the columns of its result.
fn variables(spec: &ProductSpec, index: usize, columns: &[Vec<f64>]) -> Result<Vec<f64>> {
    let (row, steps) = (&spec.catchments[index], spec.time.len());
    let mut all = Vec::with_capacity(spec.variables.len() * steps);
    for variable in &spec.variables {
        let values = match &variable.source {
            VariableSource::Column(column) => {
                Cow::Borrowed(columns.get(*column).with_context(|| {
                    format!(
                        "{}: its result has no column for `{}`",
                        spec.row_name(index),
                        variable.name
                    )
                })?)
            }
            VariableSource::Formula(formula) => Cow::Owned(formula(columns, &row.scalars)),
        };
        ensure!(
            values.len() == steps,
            "{}: `{}` has {} values for {steps} time steps",
            spec.row_name(index),
            variable.name,
            values.len()
        );
        all.extend_from_slice(&values);
    }
    Ok(all)
}
