//! The values of some columns of a wide table, for some time steps: the second of two readings.
//!
//! The bulk of the work of an import, and any number of threads may do it. The lines of a few rows are read side by side,
//! each number in place where it stands, and leave as pieces of the catchments' series: what is written for a catchment is
//! a whole line of the processor's cache.

use std::ops::Range;

use anyhow::{Context, Result};

use crate::import::layouts::values::SeriesValues;
use crate::import::layouts::wide::WideTable;
use crate::import::layouts::wide::row_index::{RowIndex, STRIDE};
use crate::import::text::cells::end_of_cell;
use crate::import::text::fault::RowFault;
use crate::project::import_spec::CellSeparator;
use crate::text::short_number::{ABREAST, PADDING, quick, side_by_side};

/// How many columns of a table are read at once at least: a thousand bytes or more of each row.
const BREADTH: usize = 4 * STRIDE;

/// After a column that is not simple so many are not tried side by side: where numbers have many digits, most are like it.
const ALONE: u32 = 7;

/// The wanted columns of a table.
pub(crate) struct Columns {
    table: WideTable,
    index: RowIndex,
    /// Which columns they are, from the left.
    wanted: Vec<usize>,
}

/// Some rows that are read side by side, from their first wanted mark on.
struct Band {
    /// The number of the first of them.
    top: usize,
    rows: usize,
    /// Their texts one after the other, each with room behind it for [`quick`] to look at.
    text: Vec<u8>,
    /// Where in it the next cell of each begins.
    at: [usize; ABREAST],
    /// Where each ends.
    ends: [usize; ABREAST],
    /// How many of the next columns are not tried side by side.
    alone: u32,
}

impl Columns {
    /// The columns at these positions, from the left.
    pub(crate) fn new(table: WideTable, index: RowIndex, wanted: Vec<usize>) -> Self {
        debug_assert!(wanted.is_sorted());
        Self {
            table,
            index,
            wanted,
        }
    }

    /// Reads some rows from one mark to another.
    fn read(
        &self,
        band: &mut Band,
        rows: Range<usize>,
        marks: (usize, usize),
    ) -> std::io::Result<()> {
        (band.top, band.rows) = (rows.start, rows.len());
        let ending = self.ending();
        let mut start = 0;
        for (line, row) in rows.enumerate() {
            let length = self.index.length(row, marks);
            let end = start + length;
            if band.text.len() < end + 1 + PADDING {
                band.text.resize(end + 1 + PADDING, 0);
            }
            (self.index).read_between(row, marks, &mut band.text[start..end])?;
            band.text[end] = ending;
            (band.at[line], band.ends[line]) = (start, end);
            start = end + 1 + PADDING;
        }
        Ok(())
    }

    /// Passes over a cell in each row.
    fn pass(&self, band: &mut Band) {
        for line in 0..band.rows {
            let text = &band.text[..band.ends[line]];
            let at = self.table.skip_white(text, band.at[line]);
            band.at[line] = at + end_of_cell(&text[at..], self.table.separator) + 1;
        }
    }

    /// Reads the values of one column.
    #[inline]
    fn cells(&self, band: &mut Band, column: usize, values: &mut [[u8; 8]]) -> Result<()> {
        let WideTable {
            separator, numbers, ..
        } = &self.table;
        if *separator == CellSeparator::White {
            for line in 0..band.rows {
                let text = &band.text[..band.ends[line]];
                band.at[line] = self.table.skip_white(text, band.at[line]);
            }
        }
        if band.alone > 0 {
            band.alone -= 1;
        } else if let Ok(values) = <&mut [[u8; 8]; ABREAST]>::try_from(&mut *values) {
            let found = side_by_side(&band.text, &mut band.at, self.ending(), numbers.point());
            if let Some(found) = found {
                *values = match numbers.all_count() {
                    true => found.map(f64::to_le_bytes),
                    false => found.map(|number| numbers.or_missing(number).to_le_bytes()),
                };
                return Ok(());
            }
            band.alone = ALONE;
        }
        self.one_by_one(band, column, values)
    }

    /// Reads the values of one column where not all of them are simple.
    fn one_by_one(&self, band: &mut Band, column: usize, values: &mut [[u8; 8]]) -> Result<()> {
        let WideTable {
            separator, numbers, ..
        } = &self.table;
        for (line, value) in values.iter_mut().enumerate() {
            let at = band.at[line].min(band.ends[line]);
            let (number, end) = match quick(&band.text, at, self.ending(), numbers.point()) {
                Some((number, end)) => (numbers.or_missing(number), end),
                None => {
                    let rest = &band.text[at..band.ends[line]];
                    let end = end_of_cell(rest, *separator);
                    let number = (numbers.cell(&rest[..end]))
                        .or_else(|message| self.fault(band.top + line, column, message))?;
                    (number, at + end)
                }
            };
            *value = number.to_le_bytes();
            band.at[line] = end + 1;
        }
        Ok(())
    }

    /// What ends most cells.
    fn ending(&self) -> u8 {
        match self.table.separator {
            CellSeparator::Byte(separator) => separator,
            CellSeparator::White => b' ',
        }
    }

    /// The fault of a cell. Its line is counted only now: nobody needs it as long as all is well.
    #[cold]
    fn fault(&self, row: usize, column: usize, message: String) -> Result<f64> {
        let table = &self.table;
        let head = table.ids[column].as_str();
        let line = self.index.line(row).with_context(|| self.table.unread())?;
        Err(RowFault::cell(&table.path, line, column + table.time_cells, head, message).into())
    }
}

impl SeriesValues for Columns {
    fn steps(&self) -> usize {
        self.index.rows()
    }

    /// Whole series, so that what is written is one long piece, unless they would be of too few columns, whose cells are short
    /// pieces of the text.
    fn tile(&self, values: usize) -> [usize; 2] {
        let steps = self.steps().max(1);
        let columns = (values / steps).next_multiple_of(STRIDE).max(BREADTH);
        let pieces = (steps * columns.min(self.wanted.len()) / values).max(1);
        [columns, steps.div_ceil(pieces).next_multiple_of(ABREAST)]
    }

    fn fetch(
        &self,
        range: Range<usize>,
        steps: Range<usize>,
        values: &mut Vec<[u8; 8]>,
    ) -> Result<()> {
        let wanted = &self.wanted[range];
        // What was in it is written over.
        values.resize(wanted.len() * steps.len(), [0; 8]);
        let (Some(first), Some(last)) = (wanted.first(), wanted.last()) else {
            return Ok(());
        };
        let from = first / STRIDE;
        let marks = (from, last / STRIDE + 1);
        let mut band = Band {
            top: 0,
            rows: 0,
            text: Vec::new(),
            at: [0; ABREAST],
            ends: [0; ABREAST],
            alone: 0,
        };
        for top in steps.clone().step_by(ABREAST) {
            self.read(&mut band, top..steps.end.min(top + ABREAST), marks)
                .with_context(|| self.table.unread())?;
            let mut next = from * STRIDE;
            let done = top - steps.start;
            for (&column, series) in wanted.iter().zip(values.chunks_exact_mut(steps.len())) {
                for _ in next..column {
                    self.pass(&mut band);
                }
                let values = &mut series[done..done + band.rows];
                self.cells(&mut band, column, values)?;
                next = column + 1;
            }
        }
        Ok(())
    }
}
