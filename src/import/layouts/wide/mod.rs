//! Wide tables: one column for each catchment, one row for each time step.
//!
//! What the columns are is found out here, from the header or from the ids that are given for them. Where the values are
//! is found out by `row_index`, and they are read by `columns`.

mod by_row;
pub(crate) mod columns;
pub(crate) mod row_index;
mod strip;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::data::catchment::CatchmentId;
use crate::import::layouts::ids;
use crate::import::layouts::reading::Reading;
use crate::import::layouts::staged::StagedSeries;
use crate::import::layouts::values::{GROUP, SeriesRead, SeriesValues};
use crate::import::layouts::wide::columns::Columns;
use crate::import::layouts::wide::row_index::RowIndex;
use crate::import::text::Text;
use crate::import::text::alignment::{self, EITHER, HeaderNames};
use crate::import::text::cells::{UNCLOSED, cells, unclosed};
use crate::import::text::clock::Clock;
use crate::import::text::fault::RowFault;
use crate::import::text::head::Head;
use crate::import::text::number::Numbers;
use crate::project::import_spec::{CellSeparator, Ids, TextFormat};
use crate::system::parallel::ordered;

/// A wide table whose header has been read.
pub(crate) struct Wide {
    /// What comes after the header.
    text: Text,
    table: WideTable,
}

/// How a table is written.
pub(crate) struct WideTable {
    /// The file, for messages.
    pub path: PathBuf,
    /// The catchments of its columns.
    pub ids: Vec<CatchmentId>,
    /// Whether they are that only if any row has something in its last cell.
    undecided: bool,
    /// What separates its cells.
    pub separator: CellSeparator,
    /// How many cells the time takes.
    pub time_cells: usize,
    /// How the time is written.
    pub clock: Clock,
    /// How the values are written.
    pub numbers: Numbers,
}

impl Wide {
    /// Opens a table and finds out which catchment each column is of.
    pub(crate) fn open(
        path: &Path,
        given: Option<&Ids>,
        time_columns: Option<usize>,
        format: &TextFormat,
    ) -> Result<Self> {
        let mut text = Text::open(path)?;
        let head = Head::read(&mut text, path, format, given.is_none())?;
        let row = head.row();
        let line = head.first.0;
        let time_cells = time_columns.unwrap_or(1);
        let time = &row[..time_cells.min(row.len())];
        let clock = Clock::new(format, time_columns.is_some(), time);
        let clock = clock.map_err(|message| RowFault::new(path, line, message))?;
        let (ids, undecided) = match (given, &head.header) {
            (None, Some(header)) => ids_of_header(path, &head, header, time_cells, &clock)?,
            (Some(given), _) => (ids::read(given)?, false),
            (None, None) => (Vec::new(), false),
        };
        let table = WideTable {
            path: path.to_owned(),
            ids,
            undecided,
            separator: head.separator,
            time_cells,
            clock,
            numbers: Numbers::new(format),
        };
        Ok(Self { text, table })
    }

    /// The catchments, in the order of the columns.
    pub(crate) fn ids(&self) -> &[CatchmentId] {
        &self.table.ids
    }

    /// Prepares the values of these catchments, all of which the table has, to be fetched.
    ///
    /// The whole text is read once, and digested on the way if `digest` says so. The values are parsed when they are
    /// fetched.
    pub(crate) fn read(
        self,
        catchments: &[CatchmentId],
        digest: bool,
        reading: &mut Reading<'_>,
    ) -> Result<SeriesRead> {
        let Self { text, table } = self;
        let places: HashMap<&CatchmentId, usize> = (table.ids.iter().enumerate())
            .map(|(at, id)| (id, at))
            .collect();
        let wanted: Vec<usize> = catchments.iter().map(|id| places[id]).collect();
        let (stamps, index, digest) = RowIndex::read(&table, text, digest, reading)?;
        if table.undecided {
            let decided = index.something_last(table.separator);
            table.decide(decided.with_context(|| table.unread())?)?;
        }
        let values: Box<dyn SeriesValues> = if wanted.is_sorted() {
            Box::new(Columns::new(table, index, wanted))
        } else {
            Box::new(reordered(table, index, &wanted, reading)?)
        };
        Ok(SeriesRead {
            stamps,
            values,
            digest,
        })
    }
}

/// Parks the values of columns that are in another order than their catchments.
fn reordered(
    table: WideTable,
    index: RowIndex,
    wanted: &[usize],
    reading: &Reading<'_>,
) -> Result<StagedSeries> {
    let mut places: Vec<(usize, usize)> = (wanted.iter().enumerate())
        .map(|(catchment, &column)| (column, catchment))
        .collect();
    places.sort_unstable();
    let sorted = places.iter().map(|(column, _)| *column).collect();
    let columns = Columns::new(table, index, sorted);
    let mut staged = StagedSeries::new(reading.folder)?;
    let group = (GROUP / columns.steps().max(1)).max(1);
    let starts = (0..places.len()).step_by(group).map(Ok);
    let fetch = |start: usize| {
        let mut values = Vec::new();
        let range = start..places.len().min(start + group);
        columns.fetch(range, 0..columns.steps(), &mut values)?;
        Ok((start, values))
    };
    ordered(reading.threads, starts, &fetch, &mut |(start, values)| {
        for (at, values) in values.chunks_exact(columns.steps()).enumerate() {
            staged.put(places[start + at].1, values)?;
        }
        Ok(())
    })?;
    Ok(staged)
}

/// The catchments that a header names, and whether that depends on what is in the last cells of rows.
fn ids_of_header(
    path: &Path,
    head: &Head,
    (line, header): &(u64, Vec<u8>),
    time_cells: usize,
    clock: &Clock,
) -> Result<(Vec<CatchmentId>, bool), RowFault> {
    let line = *line;
    let (header, row) = (cells(header, head.separator), head.row());
    let names = alignment::align(&header, &row, time_cells).map_err(|message| {
        let clock = row.get(time_cells).is_some_and(|cell| cell.contains(&b':'));
        let hint = match head.separator {
            CellSeparator::White if clock => "; times with a space in them have to be quoted",
            _ => "",
        };
        RowFault::new(path, head.first.0, format!("{message} (line {line}){hint}"))
    })?;
    let skipped = if names == HeaderNames::All {
        time_cells
    } else {
        0
    };
    let undecided = names == HeaderNames::Undecided;
    head.check(path, clock, &header[..skipped])?;
    let names = alignment::named(&header);
    let mut seen = HashMap::new();
    let mut ids = Vec::with_capacity(names.len());
    for (at, name) in names.iter().enumerate().skip(skipped) {
        if name.is_empty() {
            return Err(RowFault::cell(
                path,
                line,
                at,
                "",
                "the header has no id for this column",
            ));
        }
        let id = CatchmentId::of_cell(name);
        if let Some(before) = seen.insert(id.clone(), at) {
            let message = format!(
                "the header has this catchment in column {} already",
                before + 1
            );
            return Err(RowFault::cell(path, line, at, name, message));
        }
        ids.push(id);
    }
    if ids.is_empty() {
        return Err(RowFault::new(
            path,
            line,
            "the header names no catchment; if it is something else than , ; or a tab that separates its cells, state the `separator`",
        ));
    }
    Ok((ids, undecided))
}

impl WideTable {
    /// An error if what the columns are depends on whether any row has something in its last cell, and none has.
    fn decide(&self, something_last: bool) -> Result<()> {
        if self.undecided && !something_last {
            bail!(
                "{}: the last cell of every row is empty: {EITHER}",
                self.path.display()
            );
        }
        Ok(())
    }

    /// What is said if its file can't be read.
    pub(super) fn unread(&self) -> String {
        format!("{}: the file can't be read", self.path.display())
    }

    /// The fault of a row that has fewer cells than there are columns, or more that say something.
    pub(super) fn ragged(&self, number: u64, line: &[u8]) -> RowFault {
        if unclosed(line, self.separator) {
            return RowFault::new(&self.path, number, UNCLOSED);
        }
        let cells = cells(line, self.separator);
        let belong = self.ids.len() + self.time_cells;
        let mut message = format!(
            "there are {} cells, where {belong} belong: {} catchments after the time",
            cells.len(),
            self.ids.len()
        );
        let surplus = cells.iter().skip(belong).find(|cell| !cell.is_empty());
        if let Some(surplus) = surplus {
            message += &format!("; {}", alignment::nameless(surplus));
        }
        RowFault::new(&self.path, number, message)
    }
}
