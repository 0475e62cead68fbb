//! Tables with one value a row: which of their columns are the catchment, the time and the value, and what a row says.
//!
//! Shared by long tables, where every row names its catchment, and files of one catchment each.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::cells::{cells, find, name, separator};
use super::fault::Fault;
use super::number::Numbers;
use super::spec::{Separator, TextFormat};
use super::stamps::Clock;
use super::text::Text;

/// How to read the rows of one table.
pub struct RowReader {
    path: PathBuf,
    separator: Separator,
    header: Vec<String>,
    id: Option<usize>,
    time: usize,
    value: usize,
    clock: Clock,
    numbers: Numbers,
}

/// The names of the columns.
pub struct Names<'a> {
    /// With the catchments' ids.
    pub id: Option<&'a str>,
    /// With the time stamps; the first one without.
    pub time: Option<&'a str>,
    /// With the values.
    pub value: &'a str,
}

/// What a row says.
pub struct Row<'a> {
    /// The catchment's id as it stands; empty where rows have none.
    pub id: &'a [u8],
    /// The time, nanoseconds since 1970.
    pub stamp: i64,
    /// The value, NaN where it is missing.
    pub value: f64,
}

impl RowReader {
    /// Reads the header of an opened table.
    pub fn new(
        path: &Path,
        text: &mut Text,
        names: &Names<'_>,
        format: &TextFormat,
    ) -> Result<Self> {
        for _ in 0..format.skip_lines {
            text.line()?;
        }
        let Some((line, header)) = text.line()? else {
            bail!("{}: the file ends where a header should be", path.display());
        };
        let separator = separator(format, &header);
        let header: Vec<String> = cells(&header, separator).into_iter().map(name).collect();
        let at = |name: &str, field| find(path, line, &header, name, field);
        Ok(Self {
            path: path.to_owned(),
            separator,
            id: names.id.map(|name| at(name, "id")).transpose()?,
            time: match names.time {
                Some(name) => at(name, "time")?,
                None => 0,
            },
            value: at(names.value, "value")?,
            header,
            clock: Clock::new(format.time_format.as_deref()),
            numbers: Numbers::new(format),
        })
    }

    /// Reads one row.
    pub fn row<'a>(&self, number: u64, line: &'a [u8]) -> Result<Row<'a>, Fault> {
        let cells = cells(line, self.separator);
        if cells.len() != self.header.len() {
            let message = format!(
                "there are {} cells, but {} in the header",
                cells.len(),
                self.header.len()
            );
            return Err(Fault::new(&self.path, number, message));
        }
        let fault =
            |at: usize, message| Fault::cell(&self.path, number, at, &self.header[at], message);
        let id = self.id.map_or(&b""[..], |at| cells[at]);
        if let Some(at) = self.id.filter(|_| id.is_empty()) {
            return Err(fault(at, "there is no id".to_owned()));
        }
        Ok(Row {
            id,
            stamp: (self.clock.stamp(cells[self.time]))
                .map_err(|message| fault(self.time, message))?,
            value: (self.numbers.cell(cells[self.value]))
                .map_err(|message| fault(self.value, message))?,
        })
    }
}
