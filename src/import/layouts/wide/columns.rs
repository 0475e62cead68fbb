//! The values of some columns of a wide table, for some time steps: the second of two readings.
//!
//! The bulk of the work of an import, and any number of threads may do it. The lines of a few rows are divided into cells, a `strip`
//! of columns at a time, and read side by side; they leave as pieces of the catchments' series: what is written for a catchment
//! is a whole line of the processor's cache.

use std::io;
use std::ops::Range;

use anyhow::{Context, Result};

use crate::import::layouts::values::SeriesValues;
use crate::import::layouts::wide::WideTable;
use crate::import::layouts::wide::row_index::{RowIndex, STRIDE};
use crate::import::layouts::wide::strip::{BEHIND, RowText, Strip};
use crate::import::text::fault::RowFault;
use crate::project::import_spec::CellSeparator;
use crate::text::abreast::{ABREAST, AHEAD};
use crate::text::short_number::of_length;

/// How many columns of a table are read at once at least: two thousand bytes or more of each row. The more, the shorter are the
/// pieces that are written.
const BREADTH: usize = 8 * STRIDE;

/// The wanted columns of a table.
pub(crate) struct Columns {
    table: WideTable,
    index: RowIndex,
    /// Which columns they are, from the left.
    wanted: Vec<usize>,
}

/// The texts of some rows, each from one mark to another.
#[derive(Default)]
struct Band {
    /// One after the other, each as a [`RowText`].
    bytes: Vec<u8>,
    /// Where each of these begins, and how long the text is.
    texts: Vec<(usize, usize)>,
}

impl Band {
    fn text(&self, line: usize) -> RowText<'_> {
        let (start, length) = self.texts[line];
        RowText {
            bytes: &self.bytes[start..start + AHEAD + length + 1 + BEHIND],
            length,
        }
    }
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
    fn read(&self, band: &mut Band, rows: Range<usize>, marks: (usize, usize)) -> io::Result<()> {
        band.texts.clear();
        let mut start = 0;
        for row in rows {
            let length = self.index.length(row, marks);
            let text = start + AHEAD;
            let end = text + length;
            if band.bytes.len() < end + 1 + BEHIND {
                band.bytes.resize(end + 1 + BEHIND, 0);
            }
            (self.index).read_between(row, marks, &mut band.bytes[text..end])?;
            band.bytes[end] = self.ending();
            band.texts.push((start, length));
            start = end + 1 + BEHIND;
        }
        Ok(())
    }

    /// Reads the values of one column of a strip.
    #[inline]
    fn cells(
        &self,
        band: &Band,
        strip: &Strip,
        (top, column): (usize, usize),
        values: &mut [[u8; 8]],
    ) -> Result<()> {
        let numbers = &self.table.numbers;
        if let Ok(values) = <&mut [[u8; 8]; ABREAST]>::try_from(&mut *values)
            && let Some(found) = strip.numbers(column % STRIDE, numbers.point())
        {
            *values = match numbers.all_count() {
                true => found.map(f64::to_le_bytes),
                false => found.map(|number| numbers.or_missing(number).to_le_bytes()),
            };
            return Ok(());
        }
        for (line, value) in values.iter_mut().enumerate() {
            let text = band.text(line).padded();
            let cell = strip.cell(line, column % STRIDE);
            let quick = of_length(text, cell.start, cell.len(), numbers.point());
            let number = match quick {
                Some(number) => numbers.or_missing(number),
                None => (numbers.cell(text.get(cell).unwrap_or_default()))
                    .or_else(|message| self.fault(top + line, column, message))?,
            };
            *value = number.to_le_bytes();
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
        let marks = (first / STRIDE, last / STRIDE + 1);
        let (mut band, mut strip) = (Band::default(), Strip::new());
        for top in steps.clone().step_by(ABREAST) {
            let rows = top..steps.end.min(top + ABREAST);
            self.read(&mut band, rows.clone(), marks)
                .with_context(|| self.table.unread())?;
            let done = top - steps.start;
            let mut places = (wanted.iter().copied())
                .zip(values.chunks_exact_mut(steps.len()))
                .peekable();
            while let Some((next, _)) = places.peek() {
                let mark = next / STRIDE;
                let columns = mark * STRIDE..self.table.ids.len().min((mark + 1) * STRIDE);
                for (line, row) in rows.clone().enumerate() {
                    let from = self.index.between(row, marks.0, mark);
                    strip.divide(
                        line,
                        self.table.separator,
                        band.text(line),
                        from,
                        columns.len(),
                    );
                }
                while let Some((column, series)) =
                    places.next_if(|(column, _)| columns.contains(column))
                {
                    let values = &mut series[done..done + rows.len()];
                    self.cells(&band, &strip, (top, column), values)?;
                }
            }
        }
        Ok(())
    }
}
