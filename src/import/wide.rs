//! Wide tables: one column for each catchment, one row for each time step.
//!
//! The bulk of what is imported, so this is where speed counts: blocks of lines are parsed in threads, each number in
//! place where it stands, straight into the catchments' order of the file to be written; columns that nobody wants are
//! passed over. Each block leaves as a transposed tile.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::cells::{cells, end_of_cell, name, separator};
use super::fault::Fault;
use super::ids;
use super::number::Numbers;
use super::spec::{Ids, Separator, TextFormat};
use super::staged::{Staged, tile};
use super::stamps::{Clock, Steps, spread};
use super::text::{Block, Text};
use crate::catchment::CatchmentId;
use crate::parallel::ordered;

/// A column that nobody wants.
const UNWANTED: usize = usize::MAX;

/// A wide table whose header has been read.
pub struct Wide {
    /// What comes after the header.
    text: Text,
    table: Columns,
}

/// What the columns of a table are.
struct Columns {
    path: PathBuf,
    ids: Vec<CatchmentId>,
    separator: Separator,
    /// How many cells the time takes.
    time_cells: usize,
    /// Whether those are its parts, in place of one time stamp.
    spread: bool,
    clock: Clock,
    numbers: Numbers,
}

/// Rows that were parsed.
struct Rows {
    tile: Vec<u8>,
    /// Line and time of each.
    stamps: Vec<(u64, i64)>,
}

impl Wide {
    /// Opens a table and finds out which catchment each column is of.
    pub fn open(
        path: &Path,
        given: Option<&Ids>,
        time_columns: Option<usize>,
        format: &TextFormat,
    ) -> Result<Self> {
        let mut text = Text::open(path)?;
        for skipped in 0..format.skip_lines {
            if text.line()?.is_none() {
                bail!(
                    "{}: the file has {skipped} lines, and `skip_lines` is {}",
                    path.display(),
                    format.skip_lines
                );
            }
        }
        let time_cells = time_columns.unwrap_or(1);
        let header = match given {
            Some(_) => None,
            None => Some(next_line(&mut text, path, "a header")?),
        };
        let (line, first) = next_line(&mut text, path, "rows")?;
        let separator = separator(format, header.as_ref().map_or(&first, |(_, header)| header));
        let found = cells(&first, separator).len();
        let ids = match (given, &header) {
            (Some(given), _) => {
                let ids = ids::read(given)?;
                if found != ids.len() + time_cells {
                    return Err(Fault::new(path, line, format!(
                        "there are {found} cells, where `ids` names {} catchments after {time_cells} for the time",
                        ids.len()
                    )).into());
                }
                ids
            }
            (None, Some((line_of_header, header))) => {
                let names: Vec<String> = cells(header, separator).into_iter().map(name).collect();
                // R writes no name above the first column.
                let skipped = match found.checked_sub(names.len()) {
                    Some(0) => time_cells,
                    Some(less) if less == time_cells => 0,
                    _ => {
                        return Err(Fault::new(path, line, format!(
                            "there are {found} cells, but {} in the header in line {line_of_header}",
                            names.len()
                        )).into());
                    }
                };
                ids_of_header(path, *line_of_header, &names, skipped)?
            }
            (None, None) => Vec::new(),
        };
        text.put_back(&first);
        let table = Columns {
            path: path.to_owned(),
            ids,
            separator,
            time_cells,
            spread: time_columns.is_some(),
            clock: Clock::new(format.time_format.as_deref()),
            numbers: Numbers::new(format),
        };
        Ok(Self { text, table })
    }

    /// The catchments, in the order of the columns.
    pub fn ids(&self) -> &[CatchmentId] {
        &self.table.ids
    }

    /// Reads the values of these catchments, all of which the table has; `tick` is told of bytes.
    pub fn read(
        self,
        catchments: &[CatchmentId],
        threads: usize,
        folder: &Path,
        tick: &mut dyn FnMut(usize),
    ) -> Result<(Vec<i64>, Staged)> {
        let Self { text, table } = self;
        let mut slots = vec![UNWANTED; table.ids.len()];
        let columns: HashMap<&CatchmentId, usize> = table
            .ids
            .iter()
            .enumerate()
            .map(|(at, id)| (id, at))
            .collect();
        for (slot, id) in catchments.iter().enumerate() {
            slots[columns[id]] = slot;
        }
        let mut staged = Staged::new(folder, catchments.len())?;
        let mut steps = Steps::default();
        let blocks = text.blocks().inspect(|block| {
            tick(block.as_ref().map_or(0, |block| block.bytes.len()));
        });
        let parser = Parser {
            table: &table,
            slots: &slots,
            wanted: catchments.len(),
        };
        ordered(
            threads,
            blocks,
            &|block| parser.rows(&block),
            &mut |rows: Rows| {
                for (line, stamp) in &rows.stamps {
                    steps
                        .push(*stamp)
                        .map_err(|message| Fault::new(&table.path, *line, message))?;
                }
                staged.push_tile(&rows.tile, rows.stamps.len())
            },
        )?;
        Ok((steps.into_stamps(), staged))
    }
}

fn next_line(text: &mut Text, path: &Path, what: &str) -> Result<(u64, Vec<u8>)> {
    loop {
        match text.line()? {
            Some((_, line)) if line.iter().all(u8::is_ascii_whitespace) => {}
            Some(found) => return Ok(found),
            None => bail!("{}: the file ends where {what} should be", path.display()),
        }
    }
}

fn ids_of_header(
    path: &Path,
    line: u64,
    names: &[String],
    skipped: usize,
) -> Result<Vec<CatchmentId>, Fault> {
    let mut seen = HashMap::new();
    let mut ids = Vec::with_capacity(names.len());
    for (at, name) in names.iter().enumerate().skip(skipped) {
        if name.is_empty() {
            return Err(Fault::cell(
                path,
                line,
                at,
                "",
                "the header has no id for this column",
            ));
        }
        if let Some(before) = seen.insert(name, at) {
            let message = format!(
                "the header has this catchment in column {} already",
                before + 1
            );
            return Err(Fault::cell(path, line, at, name, message));
        }
        ids.push(CatchmentId::new(name));
    }
    Ok(ids)
}

/// What a thread needs to parse a block.
struct Parser<'a> {
    table: &'a Columns,
    slots: &'a [usize],
    wanted: usize,
}

impl Parser<'_> {
    fn rows(&self, block: &Block) -> Result<Rows> {
        let mut stamps = Vec::new();
        let mut rows = Vec::new();
        for (number, line) in block.lines() {
            let (stamp, rest) = self.time(number, line)?;
            stamps.push((number, stamp));
            let from = rows.len();
            rows.resize(from + self.wanted, f64::NAN);
            self.values(number, line, rest, &mut rows[from..])?;
        }
        Ok(Rows {
            tile: tile(&rows, self.wanted),
            stamps,
        })
    }

    /// The time of a row, and where its values begin.
    fn time(&self, number: u64, line: &[u8]) -> Result<(i64, usize), Fault> {
        let Columns {
            path,
            separator,
            time_cells,
            clock,
            ..
        } = self.table;
        let mut at = 0;
        let mut parts = Vec::with_capacity(*time_cells);
        for _ in 0..*time_cells {
            at = self.skip_white(line, at);
            let end = at + end_of_cell(&line[at..], *separator);
            if end == line.len() {
                return Err(self.ragged(number, line));
            }
            parts.push(&line[at..end]);
            at = end + 1;
        }
        let stamp = match (self.table.spread, parts.as_slice()) {
            (false, [cell]) => clock.stamp(cell),
            (_, cells) => spread(cells),
        };
        let stamp = stamp.map_err(|message| Fault::cell(path, number, 0, "time", message))?;
        Ok((stamp, at))
    }

    fn values(&self, number: u64, line: &[u8], from: usize, row: &mut [f64]) -> Result<(), Fault> {
        let Columns {
            path,
            separator,
            numbers,
            ids,
            time_cells,
            ..
        } = self.table;
        let mut at = from;
        let last = self.slots.len() - 1;
        for (column, &slot) in self.slots.iter().enumerate() {
            at = self.skip_white(line, at);
            let end;
            if slot == UNWANTED {
                end = at + end_of_cell(&line[at..], *separator);
            } else {
                let simple = numbers
                    .simple(&line[at..])
                    .filter(|(_, length)| self.ends(line, at + length));
                row[slot] = match simple {
                    Some((value, length)) => {
                        end = at + length;
                        numbers.or_missing(value)
                    }
                    None => {
                        end = at + end_of_cell(&line[at..], *separator);
                        let cell = &line[at..end];
                        // The row's end, not an empty cell: white space has none.
                        if *separator == Separator::White && cell.is_empty() {
                            return Err(self.ragged(number, line));
                        }
                        numbers.cell(cell).map_err(|message| {
                            let head = ids[column].as_str();
                            Fault::cell(path, number, column + time_cells, head, message)
                        })?
                    }
                };
            }
            if (end == line.len()) != (column == last) {
                let rest = self.skip_white(line, end);
                if column != last || rest != line.len() {
                    return Err(self.ragged(number, line));
                }
            }
            at = end + 1;
        }
        Ok(())
    }

    #[inline]
    fn ends(&self, line: &[u8], at: usize) -> bool {
        match (line.get(at), self.table.separator) {
            (None, _) => true,
            (Some(byte), Separator::Byte(separator)) => *byte == separator,
            (Some(byte), Separator::White) => matches!(byte, b' ' | b'\t'),
        }
    }

    #[inline]
    fn skip_white(&self, line: &[u8], mut at: usize) -> usize {
        if self.table.separator == Separator::White {
            while matches!(line.get(at), Some(b' ' | b'\t')) {
                at += 1;
            }
        }
        at.min(line.len())
    }

    fn ragged(&self, number: u64, line: &[u8]) -> Fault {
        let Columns {
            path,
            separator,
            ids,
            time_cells,
            ..
        } = self.table;
        let found = cells(line, *separator).len();
        let message = format!(
            "there are {found} cells, where {} belong: {} catchments after the time",
            ids.len() + time_cells,
            ids.len()
        );
        Fault::new(path, number, message)
    }
}
