//! The values of some columns of a wide table, for all time steps: the second of two readings.
//!
//! The bulk of the work of an import, and any number of threads may do it. A group of columns is read row by row, each
//! number in place where it stands, and leaves as the catchments' series. A few rows at a time are parsed before they are
//! turned round, so that what is written is whole lines of the processor's cache.

use std::ops::Range;

use anyhow::{Context, Result};

use super::cells::end_of_cell;
use super::fault::Fault;
use super::marks::{Marks, STRIDE};
use super::number::PADDING;
use super::spec::Separator;
use super::wide::Table;

/// How many rows are turned round at a time: as many numbers as a line of the cache holds.
const BAND: usize = 8;

/// The wanted columns of a table.
pub struct Columns {
    table: Table,
    marks: Marks,
    /// Which columns they are, from the left.
    wanted: Vec<usize>,
}

impl Columns {
    /// The columns at these positions, from the left.
    pub fn new(table: Table, marks: Marks, wanted: Vec<usize>) -> Self {
        debug_assert!(wanted.is_sorted());
        Self {
            table,
            marks,
            wanted,
        }
    }

    /// The number of time steps.
    pub fn steps(&self) -> usize {
        self.marks.rows()
    }

    /// All values of some of them, one column after the other, as they lie in files.
    pub fn fetch(&self, range: Range<usize>, values: &mut Vec<[u8; 8]>) -> Result<()> {
        let wanted = &self.wanted[range];
        let steps = self.steps();
        // What was in it is written over.
        values.resize(wanted.len() * steps, [0; 8]);
        let (Some(first), Some(last)) = (wanted.first(), wanted.last()) else {
            return Ok(());
        };
        let from = first / STRIDE;
        let to = last / STRIDE + 1;
        let ending = self.ending();
        let mut text = Vec::new();
        let mut band = vec![0.0; BAND * wanted.len()];
        for top in (0..steps).step_by(BAND) {
            let rows = BAND.min(steps - top);
            for row in 0..rows {
                let length = (self.marks)
                    .read(top + row, (from, to), &mut text, (ending, PADDING))
                    .with_context(|| {
                        format!("{}: the file can't be read", self.table.path.display())
                    })?;
                let values = &mut band[row * wanted.len()..(row + 1) * wanted.len()];
                self.row(top + row, &text, length, from * STRIDE, wanted, values)?;
            }
            for (column, values) in values.chunks_exact_mut(steps).enumerate() {
                for (row, value) in values[top..top + rows].iter_mut().enumerate() {
                    *value = band[row * wanted.len() + column].to_le_bytes();
                }
            }
        }
        Ok(())
    }

    /// Reads the wanted values of a row, of which `text` holds `length` bytes from column `next` on.
    fn row(
        &self,
        row: usize,
        text: &[u8],
        length: usize,
        mut next: usize,
        wanted: &[usize],
        values: &mut [f64],
    ) -> Result<()> {
        let Table {
            separator, numbers, ..
        } = &self.table;
        let (line, ending) = (&text[..length], self.ending());
        let mut at = 0;
        for (&column, value) in wanted.iter().zip(values) {
            while next < column {
                at = self.table.skip_white(line, at);
                at += end_of_cell(&line[at..], *separator) + 1;
                next += 1;
            }
            at = self.table.skip_white(line, at);
            let end = match numbers.quick(text, at, ending) {
                Some((number, end)) => {
                    *value = numbers.or_missing(number);
                    end
                }
                None => {
                    let end = at + end_of_cell(&line[at..], *separator);
                    *value = (numbers.cell(&line[at..end]))
                        .or_else(|message| self.fault(row, column, message))?;
                    end
                }
            };
            at = end + 1;
            next += 1;
        }
        Ok(())
    }

    /// What ends most cells.
    fn ending(&self) -> u8 {
        match self.table.separator {
            Separator::Byte(separator) => separator,
            Separator::White => b' ',
        }
    }

    /// The fault of a cell. Its line is counted only now: nobody needs it as long as all is well.
    #[cold]
    fn fault(&self, row: usize, column: usize, message: String) -> Result<f64> {
        let table = &self.table;
        let head = table.ids[column].as_str();
        let line = (self.marks.line(row))
            .with_context(|| format!("{}: the file can't be read", table.path.display()))?;
        Err(Fault::cell(&table.path, line, column + table.time_cells, head, message).into())
    }
}
