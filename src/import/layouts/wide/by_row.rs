//! A wide table row by row: for tables of few columns that are held in memory.
//!
//! Nothing is asked of the times but that they are times: what lies between two rows is left to whoever gets them.

use anyhow::Result;

use crate::import::layouts::wide::Wide;
use crate::import::text::cells::{cells, name};
use crate::import::text::fault::RowFault;

/// Gets a row: its line, its time in nanoseconds since 1970, a value for each column, NaN where it is missing.
type TakeRow<'a> = dyn FnMut(u64, i64, &[f64]) -> Result<()> + 'a;

impl Wide {
    /// Hands on every row in the order of the file.
    pub(crate) fn each_row(self, take: &mut TakeRow<'_>) -> Result<()> {
        let Self { text, table } = self;
        let belong = table.time_cells + table.ids.len();
        let mut something_last = false;
        let mut values = Vec::with_capacity(table.ids.len());
        for block in text.blocks() {
            for (number, line) in block?.lines() {
                let cells = cells(line, table.separator);
                let surplus = cells.iter().skip(belong).any(|cell| !name(cell).is_empty());
                if cells.len() < belong || surplus {
                    return Err(table.ragged(number, line).into());
                }
                let (time, numbers) = cells[..belong].split_at(table.time_cells);
                let fault = |column: usize, head: &str, why: String| {
                    RowFault::cell(&table.path, number, column, head, why)
                };
                let stamp = (table.clock.stamp(time)).map_err(|why| fault(0, "time", why))?;
                values.clear();
                for (at, (cell, id)) in numbers.iter().zip(&table.ids).enumerate() {
                    let value = table.numbers.cell(cell);
                    let column = at + table.time_cells;
                    values.push(value.map_err(|why| fault(column, id.as_str(), why))?);
                }
                something_last |= numbers.last().is_some_and(|cell| !name(cell).is_empty());
                take(number, stamp, &values)?;
            }
        }
        table.decide(something_last)
    }
}
