//! The rows of a table: a scan over bytes that parses the wanted cells and counts the others.
//!
//! In a table without quotes every separator byte is a separator, so all those of a line are found at once, and only the wanted
//! cells are looked at. Most cells are plain numbers, so a wanted cell is first read as one where it stands, those of eight rows
//! [abreast](crate::text::abreast); only what is no plain number (a mark, quotes, a Fortran exponent, garbage) is cut out and looked at
//! as a [cell](super::cell), row by row, so that the first of two faults is told. Long numbers are parsed by fast-float2, correctly
//! rounded.

use std::borrow::Cow;

use super::OutputError;
use super::cell::Numbers;
use super::error::RowCount;
use super::lines::LineNumbers;
use super::scan::{Scan, divide};
use crate::text::abreast::{ABREAST, AHEAD, numbers, word};
use crate::text::short_number::of_length;

/// At most so many rows are read one by one before it is tried again whether eight can be read together.
const LONGEST_ALONE: usize = 4096;

/// What was read of a table: how many rows, and the values of each wanted column.
pub(super) struct Values {
    pub rows: usize,
    pub columns: Vec<Vec<f64>>,
}

/// The rows of a table.
pub(super) struct Rows<'a> {
    /// Their lines.
    pub body: &'a [u8],
    /// The numbers of these.
    pub lines: &'a LineNumbers,
    /// The names of all columns.
    pub names: &'a [Cow<'a, str>],
    /// Whether these come from no header.
    pub headless: bool,
    /// How numbers are written.
    pub numbers: &'a Numbers<'a>,
    /// How many rows there have to be, if that is known.
    pub limit: Option<RowCount>,
}

/// The wanted cells of every row, and the values read of them so far.
struct WantedCells<'a> {
    /// The indices of the wanted ones, ascending, each once.
    wanted: &'a [usize],
    /// One vector for each wanted column.
    series: Vec<Vec<f64>>,
}

/// The wanted cells of eight rows.
struct Abreast {
    /// By wanted column where each begins and ends, in the table's body.
    cells: Vec<[(usize, usize); ABREAST]>,
    /// By wanted column the values.
    values: Vec<[f64; ABREAST]>,
    /// How many of the next rows are read one by one.
    alone: usize,
    /// How many will be when the next eight can't be read together either.
    next_alone: usize,
}

/// Where a row begins.
#[derive(Clone, Copy)]
struct RowStart {
    /// In the table's body.
    at: usize,
    /// Which line of it this is, from 0.
    line: usize,
}

/// Where a cell of the row that begins at `at` and is divided like this begins and ends.
#[inline]
fn cell(at: usize, ends: &[u32], index: usize) -> (usize, usize) {
    let begin = index
        .checked_sub(1)
        .map_or(0, |before| ends[before] as usize + 1);
    (at + begin, at + ends[index] as usize)
}

impl Rows<'_> {
    /// The values of the cells with the indices `wanted` (ascending, each once).
    pub(super) fn read<S: Scan>(&self, scan: S, wanted: &[usize]) -> Result<Values, OutputError> {
        let limit = self.limit.as_ref().map_or(usize::MAX, RowCount::wanted);
        let capacity = if self.limit.is_some() { limit } else { 0 }.min(self.body.len() / 2 + 1);
        let mut cells = WantedCells {
            wanted,
            series: (wanted.iter().map(|_| Vec::with_capacity(capacity))).collect(),
        };
        let separator = scan.separator();
        let separator = separator.filter(|_| memchr::memchr(b'"', self.body).is_none());
        let mut ends = Vec::with_capacity(self.names.len());
        let mut abreast = Abreast {
            cells: vec![[(0, 0); ABREAST]; wanted.len()],
            values: vec![[0.0; ABREAST]; wanted.len()],
            alone: 0,
            next_alone: ABREAST,
        };
        let (mut start, mut rows) = (0, 0);
        while start < self.body.len() {
            if let Some(separator) = separator
                && abreast.alone == 0
                && limit - rows >= ABREAST
            {
                if let Some(next) =
                    self.plain_rows(start, separator, &mut ends, wanted, &mut abreast)
                {
                    for (series, values) in cells.series.iter_mut().zip(&abreast.values) {
                        series.extend_from_slice(values);
                    }
                    start = next;
                    rows += ABREAST;
                    abreast.next_alone = ABREAST;
                    continue;
                }
                abreast.alone = abreast.next_alone;
                abreast.next_alone = LONGEST_ALONE.min(2 * abreast.next_alone);
            }
            abreast.alone = abreast.alone.saturating_sub(1);
            if rows == limit {
                let more = memchr::memchr_iter(b'\n', self.body[start..].trim_ascii_end()).count();
                return self.counted(rows + more + 1, Vec::new());
            }
            let row = RowStart {
                at: start,
                line: rows,
            };
            let end = match separator {
                Some(separator) => {
                    let end = divide(self.body, start, separator, &mut ends);
                    self.plain_row(scan, row, &ends, &mut cells)?;
                    end
                }
                None => self.row(scan, row, &mut cells)?,
            };
            start = end + 1;
            rows += 1;
        }
        self.counted(rows, cells.series)
    }

    /// What was read, if there are as many rows as there have to be.
    fn counted(&self, rows: usize, columns: Vec<Vec<f64>>) -> Result<Values, OutputError> {
        match &self.limit {
            Some(limit) if limit.wanted() != rows => Err(limit.with(rows)),
            _ => Ok(Values { rows, columns }),
        }
    }

    fn line_end(&self, at: usize) -> usize {
        let rest = self.body.get(at..).unwrap_or(&[]);
        memchr::memchr(b'\n', rest).map_or(self.body.len(), |length| at + length)
    }

    /// Reads eight rows without quotes, and returns where the next one begins; `None` if one of them is not there or not whole, or has a
    /// wanted cell that is no plain number.
    #[inline]
    fn plain_rows(
        &self,
        first: usize,
        separator: u8,
        ends: &mut Vec<u32>,
        wanted: &[usize],
        abreast: &mut Abreast,
    ) -> Option<usize> {
        // The rows at the very beginning have nothing in front of them.
        let text = &self.body[first.checked_sub(AHEAD)?..];
        let mut at = first;
        for row in 0..ABREAST {
            if at >= self.body.len() {
                return None;
            }
            let end = divide(self.body, at, separator, ends);
            if !self.is_whole(at, ends) {
                return None;
            }
            for (index, cells) in wanted.iter().zip(&mut abreast.cells) {
                cells[row] = cell(at, ends, *index);
            }
            at = end + 1;
        }
        let Numbers { point, missing, .. } = self.numbers;
        for (cells, values) in abreast.cells.iter().zip(&mut abreast.values) {
            let words =
                cells.map(|(from, to)| word(text, (from - first) as u32, (to - first) as u32));
            *values = match numbers(&words, *point) {
                Some(numbers) => numbers,
                None => {
                    let mut numbers = [0.0; ABREAST];
                    for (number, (from, to)) in numbers.iter_mut().zip(cells) {
                        *number = of_length(self.body, *from, to - from, *point)?;
                    }
                    numbers
                }
            };
            if !missing.is_empty() && values.iter().any(|value| missing.contains(value)) {
                return None;
            }
        }
        Some(at)
    }

    /// Whether the row that begins at `at` and is divided like this has as many cells as the others; a separator at its end may make one
    /// more.
    #[inline]
    fn is_whole(&self, at: usize, ends: &[u32]) -> bool {
        let count = ends.len();
        count == self.names.len()
            || (count == self.names.len() + 1 && {
                let (from, to) = cell(at, ends, count - 1);
                self.body[from..to].trim_ascii().is_empty()
            })
    }

    /// Reads one row without quotes, whose separators are known, counted from its beginning; at last where the line ends.
    #[inline]
    fn plain_row<S: Scan>(
        &self,
        scan: S,
        row: RowStart,
        ends: &[u32],
        cells: &mut WantedCells<'_>,
    ) -> Result<(), OutputError> {
        let WantedCells { wanted, series } = cells;
        if !self.is_whole(row.at, ends) {
            return Err(self.ragged(scan, row));
        }
        for (index, values) in wanted.iter().zip(series.iter_mut()) {
            let (from, to) = cell(row.at, ends, *index);
            let value = match of_length(self.body, from, to - from, self.numbers.point) {
                Some(number) if !self.numbers.missing.contains(&number) => number,
                _ => match self.plain_number(scan, from) {
                    Some((number, _)) => number,
                    None => self.unusual(&self.body[from..to], row, *index)?,
                },
            };
            values.push(value);
        }
        Ok(())
    }

    /// Reads one row and returns where its line ends.
    #[inline]
    fn row<S: Scan>(
        &self,
        scan: S,
        row: RowStart,
        cells: &mut WantedCells<'_>,
    ) -> Result<usize, OutputError> {
        let WantedCells { wanted, series } = cells;
        let names = self.names;
        let ragged = || self.ragged(scan, row);
        let mut at = scan.first(self.body, row.at).ok_or_else(ragged)?;
        let mut cell = 0;
        // Where the cell `cell` ends, once that is known.
        let mut end = None;
        for (index, values) in wanted.iter().zip(series.iter_mut()) {
            while cell < *index {
                let known = end.take().unwrap_or_else(|| scan.end(self.body, at));
                at = scan.next(self.body, known).ok_or_else(ragged)?;
                cell += 1;
            }
            let (value, value_end) = match self.plain_number(scan, at) {
                Some(read) => read,
                None => {
                    let cell_end = scan.end(self.body, at);
                    let value = self.unusual(&self.body[at..cell_end], row, *index)?;
                    (value, cell_end)
                }
            };
            values.push(value);
            end = Some(value_end);
        }
        let mut end = end.unwrap_or_else(|| scan.end(self.body, at));
        let mut last_is_empty = false;
        while let Some(next) = scan.next(self.body, end) {
            cell += 1;
            end = scan.end(self.body, next);
            last_is_empty = self.body[next..end].trim_ascii().is_empty();
        }
        // A separator at the end of the row makes an empty cell that the header need not have.
        let count = cell + 1;
        if count == names.len() || (count == names.len() + 1 && last_is_empty) {
            return Ok(self.line_end(end));
        }
        Err(ragged())
    }

    /// The finite number that makes up the whole cell at `at`, and where the cell ends.
    #[inline]
    fn plain_number<S: Scan>(&self, scan: S, at: usize) -> Option<(f64, usize)> {
        if self.numbers.point != b'.' {
            return None;
        }
        let start = at
            + self.body[at..]
                .iter()
                .take_while(|byte| **byte == b' ')
                .count();
        let (number, length) = fast_float2::parse_partial::<f64, _>(&self.body[start..]).ok()?;
        let mut end = start + length;
        loop {
            match self.body.get(end) {
                None | Some(b'\n') => break,
                Some(byte) if scan.ends_number(*byte) => break,
                Some(b' ' | b'\r') => end += 1,
                Some(_) => return None,
            }
        }
        let usual = number.is_finite() && !self.numbers.missing.contains(&number);
        usual.then_some((number, end))
    }

    #[cold]
    fn unusual(&self, cell: &[u8], row: RowStart, index: usize) -> Result<f64, OutputError> {
        let line = self.lines.of(row.line);
        (self.numbers).unusual(cell, line, || self.names[index].clone().into_owned())
    }

    #[cold]
    fn ragged<S: Scan>(&self, scan: S, row: RowStart) -> OutputError {
        let mut found = 0;
        let mut next = scan.first(self.body, row.at);
        while let Some(at) = next {
            found += 1;
            next = scan.next(self.body, scan.end(self.body, at));
        }
        OutputError::Ragged {
            line: self.lines.of(row.line),
            found,
            expected: self.names.len(),
            headless: self.headless,
            blanks: scan.separator().is_none(),
        }
    }
}
