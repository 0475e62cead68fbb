//! Tables with one value a row: which of their columns are the catchment, the time and the value, and what a row says.
//!
//! Shared by long tables, where every row names its catchment, and files of one catchment each.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::import::text::Text;
use crate::import::text::alignment::{named, nameless};
use crate::import::text::cells::{UNCLOSED, cells, find, name, unclosed};
use crate::import::text::clock::Clock;
use crate::import::text::fault::RowFault;
use crate::import::text::head::Head;
use crate::import::text::number::Numbers;
use crate::project::import_spec::{CellSeparator, TextFormat};

/// How to read the rows of one table.
pub(crate) struct RowReader {
    path: PathBuf,
    separator: CellSeparator,
    header: Vec<String>,
    id: Option<usize>,
    time: usize,
    value: usize,
    clock: Clock,
    numbers: Numbers,
}

/// The names of the columns.
pub(crate) struct ColumnNames<'a> {
    /// With the catchments' ids.
    pub id: Option<&'a str>,
    /// With the time stamps; the first one without.
    pub time: Option<&'a str>,
    /// With the values.
    pub value: &'a str,
}

/// What a row says.
pub(crate) struct SourceRow<'a> {
    /// The catchment's id as it stands; empty where rows have none.
    pub id: &'a [u8],
    /// The time, nanoseconds since 1970.
    pub stamp: i64,
    /// The value, NaN where it is missing.
    pub value: f64,
}

impl RowReader {
    /// Reads the header of an opened table.
    pub(crate) fn new(
        path: &Path,
        text: &mut Text,
        names: &ColumnNames<'_>,
        format: &TextFormat,
    ) -> Result<Self> {
        let head = Head::read(text, path, format, true)?;
        let (line, first) = head.header.as_ref().unwrap_or(&head.first);
        let cells_of_header = cells(first, head.separator);
        let header = named(&cells_of_header);
        let at = |name: &str, field| find(path, *line, &header, name, field);
        let time = match names.time {
            Some(name) => at(name, "time")?,
            None => 0,
        };
        let row = head.row();
        let clock = Clock::new(format, false, row.get(time..=time).unwrap_or_default());
        let clock = clock.map_err(|message| RowFault::new(path, *line, message))?;
        head.check(path, &clock, &cells_of_header[time..=time])?;
        Ok(Self {
            path: path.to_owned(),
            separator: head.separator,
            id: names.id.map(|name| at(name, "id")).transpose()?,
            time,
            value: at(names.value, "value")?,
            clock,
            numbers: Numbers::new(format),
            header,
        })
    }

    /// Reads one row.
    pub(crate) fn row<'a>(&self, number: u64, line: &'a [u8]) -> Result<SourceRow<'a>, RowFault> {
        let cells = cells(line, self.separator);
        let surplus = cells
            .iter()
            .skip(self.header.len())
            .find(|cell| !name(cell).is_empty());
        if cells.len() < self.header.len() || surplus.is_some() || unclosed(line, self.separator) {
            return Err(self.ragged(number, line, surplus));
        }
        let fault =
            |at: usize, message| RowFault::cell(&self.path, number, at, &self.header[at], message);
        let id = self.id.map_or(&b""[..], |at| cells[at]);
        if let Some(at) = self.id.filter(|_| matches!(id, b"" | b"\"\"")) {
            return Err(fault(at, "there is no id".to_owned()));
        }
        Ok(SourceRow {
            id,
            stamp: (self.clock.stamp(&cells[self.time..=self.time]))
                .map_err(|message| fault(self.time, message))?,
            value: (self.numbers.cell(cells[self.value]))
                .map_err(|message| fault(self.value, message))?,
        })
    }

    /// The fault of a row whose cells are not those that the header names.
    fn ragged(&self, number: u64, line: &[u8], surplus: Option<&&[u8]>) -> RowFault {
        let found = cells(line, self.separator).len();
        let mut message = format!(
            "there are {found} cells, but {} in the header",
            self.header.len()
        );
        if let Some(surplus) = surplus {
            message += &format!("; {}", nameless(surplus));
        } else if found >= self.header.len() {
            message = UNCLOSED.to_owned();
        }
        RowFault::new(&self.path, number, message)
    }
}
