//! Where in a wide table each row begins, and every so many of its columns: the first of two readings.
//!
//! A file with a row for each time step has to become one with a row for each catchment. What is written first needs values
//! of every line, so the text is read once to learn where they are, and then a group of columns at a time, see `columns`:
//! nothing is transposed through a scratch file, and memory holds marks, a hundredth of the text. The first reading also
//! checks the times, counts the cells of every row, and digests the bytes. Packed text can't be read in pieces, so it is
//! unpacked into an unnamed file.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;

use anyhow::{Context, Result};

use crate::data::digest::{Digest, Digester};
use crate::import::layouts::reading::{Reading, scratch_file};
use crate::import::layouts::wide::WideTable;
use crate::import::stamps::Steps;
use crate::import::text::cells::{cells, end_of_cell, name, skip_white};
use crate::import::text::fault::RowFault;
use crate::import::text::{Text, TextBlock};
use crate::project::import_spec::CellSeparator;
use crate::system::parallel::ordered;
use crate::system::regular;
use crate::text::bitmask::{BLOCK, equal};

/// How many columns lie between two marks.
pub(crate) const STRIDE: usize = 64;

/// Where the values of a table are.
pub(crate) struct RowIndex {
    file: File,
    /// Where the first value of each row begins.
    rows: Vec<u64>,
    /// For each row, counted from there, where the cells begin that a stride comes before; at last, where one would begin
    /// behind the row.
    ends: Vec<u32>,
    /// How many of these a row has.
    each: usize,
    /// The line of the text behind the header, and where it begins.
    first: (u64, u64),
}

/// A block after its marks were found.
struct MarkedBlock {
    block: TextBlock,
    /// Line and time of each row.
    stamps: Vec<(u64, i64)>,
    rows: Vec<u64>,
    ends: Vec<u32>,
}

impl RowIndex {
    /// Reads all of `text` behind its header: the times of the rows, where they are, and the digest of the file if `digest`
    /// asks for it and the file is not packed.
    pub(crate) fn read(
        table: &WideTable,
        text: Text,
        digest: bool,
        reading: &mut Reading<'_>,
    ) -> Result<(Vec<i64>, Self, Option<Digest>)> {
        let unread = || table.unread();
        let file = regular::open(&table.path).with_context(unread)?;
        let mut scratch = match text.packed() {
            true => Some(scratch_file(reading.folder)?),
            false => None,
        };
        let first = text.position();
        let head = first.1;
        let mut digester = (digest && !text.packed()).then(Digester::default);
        if let Some(digester) = &mut digester {
            let mut bytes = Vec::new();
            (&file)
                .take(head)
                .read_to_end(&mut bytes)
                .with_context(unread)?;
            digester.update(&bytes);
        }
        let mut index = Self {
            file,
            rows: Vec::new(),
            ends: Vec::new(),
            each: table.ids.len().div_ceil(STRIDE),
            first,
        };
        let mut steps = Steps::default();
        let spare = text.spare();
        let blocks = text.blocks().inspect(|block| {
            (reading.tick)(block.as_ref().map_or(0, |block| block.bytes.len()));
        });
        let mark = |block| mark(table, block);
        ordered(
            reading.threads,
            blocks,
            &mark,
            &mut |marked: MarkedBlock| {
                for (line, stamp) in &marked.stamps {
                    (steps.push(*stamp))
                        .map_err(|message| RowFault::new(&table.path, *line, message))?;
                }
                index.rows.extend_from_slice(&marked.rows);
                index.ends.extend_from_slice(&marked.ends);
                if let Some(digester) = &mut digester {
                    digester.update(&marked.block.bytes);
                }
                if let Some(scratch) = &mut scratch {
                    (scratch.write_all(&marked.block.bytes))
                        .context("can't write the scratch file: is the disk full?")?;
                }
                spare.give(marked.block.bytes);
                Ok(())
            },
        )?;
        if let Some(scratch) = scratch {
            // It begins behind the header.
            index.rows.iter_mut().for_each(|row| *row -= head);
            index.first.1 = 0;
            index.file = scratch;
        }
        let digest = digester.map(Digester::finish);
        Ok((steps.into_stamps(), index, digest))
    }

    /// The number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.rows.len()
    }

    /// The number of a row's line, which takes reading all before it.
    pub(crate) fn line(&self, row: usize) -> io::Result<u64> {
        let (mut line, mut at) = self.first;
        let mut bytes = vec![0; 1 << 16];
        while at < self.rows[row] {
            let length = (self.rows[row] - at).min(bytes.len() as u64) as usize;
            self.file.read_exact_at(&mut bytes[..length], at)?;
            line += memchr::memchr_iter(b'\n', &bytes[..length]).count() as u64;
            at += length as u64;
        }
        Ok(line)
    }

    /// How many bytes the cells of a row from one mark to another are, the last one's separator excluded.
    pub(crate) fn length(&self, row: usize, (from, to): (usize, usize)) -> usize {
        self.before(row, to) - 1 - self.before(row, from)
    }

    /// How many bytes of a row there are from one mark to another.
    pub(crate) fn between(&self, row: usize, from: usize, to: usize) -> u32 {
        (self.before(row, to) - self.before(row, from)) as u32
    }

    /// Reads these bytes into `text`.
    pub(crate) fn read_between(
        &self,
        row: usize,
        (from, _): (usize, usize),
        text: &mut [u8],
    ) -> io::Result<()> {
        let start = self.rows[row] + self.before(row, from) as u64;
        self.file.read_exact_at(text, start)
    }

    /// Whether any row has something in its last cell, of several.
    pub(crate) fn something_last(&self, separator: CellSeparator) -> io::Result<bool> {
        for row in 0..self.rows() {
            let mut end = [0; 2];
            let at = self.rows[row] + self.before(row, self.each) as u64 - 1;
            self.file.read_exact_at(&mut end, at - 2)?;
            let last = CellSeparator::Byte(end[1]);
            if last != separator && !end[1].is_ascii_whitespace() && &end != b"\"\"" {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The bytes of a row before a mark.
    fn before(&self, row: usize, mark: usize) -> usize {
        let ends = &self.ends[row * self.each..(row + 1) * self.each];
        mark.checked_sub(1).map_or(0, |mark| ends[mark] as usize)
    }
}

/// Finds the rows of a block and the marks in them.
fn mark(table: &WideTable, block: TextBlock) -> Result<MarkedBlock> {
    let (mut stamps, mut rows, mut ends) = (Vec::new(), Vec::new(), Vec::new());
    for (number, offset, line) in block.lines_at() {
        let (stamp, at) = time(table, number, line)?;
        stamps.push((number, stamp));
        rows.push(offset + at as u64);
        let cells = &line[at..];
        let before = ends.len();
        let plain = match table.separator {
            CellSeparator::Byte(separator) => plain(cells, separator, table.ids.len(), &mut ends),
            CellSeparator::White => None,
        };
        let whole = plain.unwrap_or_else(|| {
            ends.truncate(before);
            quoted(table, cells, &mut ends)
        });
        if !whole || u32::try_from(cells.len() + 1).is_err() {
            return Err(table.ragged(number, line).into());
        }
    }
    Ok(MarkedBlock {
        block,
        stamps,
        rows,
        ends,
    })
}

/// The time of a row, and where its values begin.
fn time(table: &WideTable, number: u64, line: &[u8]) -> Result<(i64, usize), RowFault> {
    let mut at = 0;
    let mut parts = Vec::with_capacity(table.time_cells);
    for _ in 0..table.time_cells {
        at = skip_white(line, at, table.separator);
        let end = at + end_of_cell(&line[at..], table.separator);
        if end == line.len() {
            return Err(table.ragged(number, line));
        }
        parts.push(&line[at..end]);
        at = end + 1;
    }
    let stamp = (table.clock.stamp(&parts))
        .map_err(|message| RowFault::cell(&table.path, number, 0, "time", message))?;
    Ok((stamp, at))
}

/// The marks of a row without quotes; whether it has so many cells and nothing behind them, `None` if there are quotes.
fn plain(cells: &[u8], separator: u8, columns: usize, ends: &mut Vec<u32>) -> Option<bool> {
    // The next separator whose place matters: that before a mark, or that behind the last column.
    let (mut found, mut next) = (0, STRIDE.min(columns));
    for (at, bytes) in (0..).step_by(BLOCK).zip(cells.chunks(BLOCK)) {
        let mut padded = [b'\n'; BLOCK];
        let block = bytes.first_chunk().unwrap_or_else(|| {
            padded[..bytes.len()].copy_from_slice(bytes);
            &padded
        });
        if equal(block, b'"') != 0 {
            return None;
        }
        let mut separators = equal(block, separator);
        let count = separators.count_ones() as usize;
        if found + count < next {
            found += count;
            continue;
        }
        while separators != 0 {
            found += 1;
            if found == next {
                let behind = at + separators.trailing_zeros() as usize + 1;
                ends.push(behind as u32);
                if found == columns {
                    return Some(is_empty(&cells[behind..], separator));
                }
                next = (next + STRIDE).min(columns);
            }
            separators &= separators - 1;
        }
    }
    ends.push((cells.len() + 1) as u32);
    Some(found + 1 == columns)
}

/// Whether all cells are empty.
fn is_empty(rest: &[u8], separator: u8) -> bool {
    let mut cells = cells(rest, CellSeparator::Byte(separator)).into_iter();
    cells.all(|cell| name(cell).is_empty())
}

/// The marks of any row; whether it has so many cells and nothing behind them.
fn quoted(table: &WideTable, cells: &[u8], ends: &mut Vec<u32>) -> bool {
    let columns = table.ids.len();
    let mut at = skip_white(cells, 0, table.separator);
    for column in 1..=columns {
        if at >= cells.len() && (table.separator == CellSeparator::White || at > cells.len()) {
            return false;
        }
        let end = at + end_of_cell(&cells[at..], table.separator);
        if column == columns {
            ends.push((end + 1) as u32);
            let rest = cells.get(end + 1..).unwrap_or_default();
            return match table.separator {
                CellSeparator::White => rest.trim_ascii().is_empty(),
                CellSeparator::Byte(separator) => is_empty(rest, separator),
            };
        }
        at = end + 1;
        if at > cells.len() {
            return false;
        }
        at = skip_white(cells, at, table.separator);
        if column.is_multiple_of(STRIDE) {
            ends.push(at as u32);
        }
    }
    false
}
