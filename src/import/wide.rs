//! Wide tables: one column for each catchment, one row for each time step.
//!
//! What the columns are is found out here, from the header or from the ids that are given for them. Where the values are
//! is found out by `marks`, and they are read by `columns`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::cells::{cells, name, separator};
use super::columns::Columns;
use super::fault::Fault;
use super::ids;
use super::marks::Marks;
use super::number::Numbers;
use super::spec::{Ids, Separator, TextFormat};
use super::staged::Staged;
use super::stamps::Clock;
use super::text::Text;
use super::values::Values;
use super::write::GROUP;
use crate::catchment::CatchmentId;
use crate::digest::Digest;
use crate::parallel::ordered;

/// A wide table whose header has been read.
pub struct Wide {
    /// What comes after the header.
    text: Text,
    table: Table,
}

/// How a table is written.
pub struct Table {
    /// The file, for messages.
    pub path: PathBuf,
    /// The catchments of its columns.
    pub ids: Vec<CatchmentId>,
    /// What separates its cells.
    pub separator: Separator,
    /// How many cells the time takes.
    pub time_cells: usize,
    /// Whether those are its parts, in place of one time stamp.
    pub spread: bool,
    /// How the time is written.
    pub clock: Clock,
    /// How the values are written.
    pub numbers: Numbers,
}

/// What was read of a table.
pub struct Read {
    /// The times of its rows.
    pub stamps: Vec<i64>,
    /// The values of the catchments that were asked for.
    pub values: Values,
    /// The digest of the file, if it was asked for and came without another look at it.
    pub digest: Option<Digest>,
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
            None => {
                let header = ahead(&mut text, path, "a header")?;
                text.line()?;
                Some(header)
            }
        };
        let (line, first) = ahead(&mut text, path, "rows")?;
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
        let table = Table {
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

    /// Prepares the values of these catchments, all of which the table has, to be fetched.
    ///
    /// The whole text is read once, and digested on the way if `digest` says so; `tick` is told of bytes. The values are
    /// parsed when they are fetched.
    pub fn read(
        self,
        catchments: &[CatchmentId],
        digest: bool,
        threads: usize,
        folder: &Path,
        tick: &mut dyn FnMut(usize),
    ) -> Result<Read> {
        let Self { text, table } = self;
        let places: HashMap<&CatchmentId, usize> = (table.ids.iter().enumerate())
            .map(|(at, id)| (id, at))
            .collect();
        let wanted: Vec<usize> = catchments.iter().map(|id| places[id]).collect();
        let (stamps, marks, digest) = Marks::find(&table, text, digest, threads, folder, tick)?;
        let values = if wanted.is_sorted() {
            Values::Columns(Box::new(Columns::new(table, marks, wanted)))
        } else {
            Values::Staged(reordered(table, marks, &wanted, threads, folder)?)
        };
        Ok(Read {
            stamps,
            values,
            digest,
        })
    }
}

/// Parks the values of columns that are in another order than their catchments.
fn reordered(
    table: Table,
    marks: Marks,
    wanted: &[usize],
    threads: usize,
    folder: &Path,
) -> Result<Staged> {
    let mut places: Vec<(usize, usize)> = (wanted.iter().enumerate())
        .map(|(catchment, &column)| (column, catchment))
        .collect();
    places.sort_unstable();
    let sorted = places.iter().map(|(column, _)| *column).collect();
    let columns = Columns::new(table, marks, sorted);
    let mut staged = Staged::new(folder)?;
    let group = (GROUP / columns.steps().max(1)).max(1);
    let starts = (0..places.len()).step_by(group).map(Ok);
    let fetch = |start: usize| {
        let mut values = Vec::new();
        let range = start..places.len().min(start + group);
        columns.fetch(range, 0..columns.steps(), &mut values)?;
        Ok((start, values))
    };
    ordered(threads, starts, &fetch, &mut |(start, values)| {
        for (at, values) in values.chunks_exact(columns.steps()).enumerate() {
            staged.put(places[start + at].1, values)?;
        }
        Ok(())
    })?;
    Ok(staged)
}

/// The next line that is not empty.
fn ahead(text: &mut Text, path: &Path, what: &str) -> Result<(u64, Vec<u8>)> {
    text.ahead()?
        .with_context(|| format!("{}: the file ends where {what} should be", path.display()))
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

impl Table {
    /// The fault of a row that has not as many cells as there are columns.
    pub fn ragged(&self, number: u64, line: &[u8]) -> Fault {
        let found = cells(line, self.separator).len();
        let message = format!(
            "there are {found} cells, where {} belong: {} catchments after the time",
            self.ids.len() + self.time_cells,
            self.ids.len()
        );
        Fault::new(&self.path, number, message)
    }

    /// Where the cell or separator behind white space begins, where that is what separates.
    #[inline]
    pub fn skip_white(&self, line: &[u8], at: usize) -> usize {
        let mut at = at.min(line.len());
        if self.separator == Separator::White {
            while matches!(line.get(at), Some(b' ' | b'\t')) {
                at += 1;
            }
        }
        at
    }
}
