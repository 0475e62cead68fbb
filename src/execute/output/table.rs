//! A table's layout: how its lines are divided into cells, and where a wanted cell is in each of them.
//!
//! It knows one table's lines and no others; what is read of several is put together elsewhere.

use std::borrow::Cow;

use strsim::normalized_damerau_levenshtein;

use super::OutputError;
use super::cell::{self, Numbers};
use super::error::{NAMES_SHOWN, RowCount};
use super::fixed;
use super::lines::{Lines, TableLines};
use super::rows::{Rows, Values};
use super::scan::{Blanks, Delimiter, Division, Scan};
use crate::project::output_format::{CellPlace, Characters, OutputFormat, Separator};

/// How the lines of a table are divided.
pub(super) struct Layout<'l> {
    division: Division,
    /// The names in the header, with the number of its line; `None` where there is no header.
    header: Option<(Vec<Cow<'l, str>>, usize)>,
}

/// Where a cell is in every line of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// At this place among the cells, from 0.
    Index(usize),
    /// At these characters.
    Characters(Characters),
}

impl<'l> Layout<'l> {
    /// The layout of a table, recognised as far as the format leaves it open.
    pub(super) fn new(table: &TableLines<'l>, format: &OutputFormat) -> Self {
        let header = table.header;
        let first = || table.rows.all().next().map(|line| line.text.to_vec());
        let recognised = || match header {
            Some((header, _)) => recognised(header, format.decimal_comma),
            None => recognised(&first().unwrap_or_default(), format.decimal_comma),
        };
        let division = match format.separator.unwrap_or_else(recognised) {
            Separator::Tab => Division::Delimiter(Delimiter(b'\t')),
            Separator::Comma => Division::Delimiter(Delimiter(b',')),
            Separator::Semicolon => Division::Delimiter(Delimiter(b';')),
            Separator::Whitespace => Division::Blanks(Blanks),
        };
        let names = |(header, line)| {
            let mut names = names(header, division);
            if names.len() > 1 && names.last().is_some_and(|name| name.is_empty()) {
                names.pop();
            }
            (names, line)
        };
        Self {
            division,
            header: header.map(names),
        }
    }

    /// Where the cell of a column is that the project names.
    pub(super) fn cut_named(&self, name: &str, format: &OutputFormat) -> Result<Cut, OutputError> {
        let unknown = |_| OutputError::NoColumn {
            column: name.to_owned(),
            header: Vec::new(),
        };
        Ok(
            match CellPlace::named(name, format.headless).map_err(unknown)? {
                CellPlace::Header(name) => Cut::Index(self.below(&name)?),
                CellPlace::Number(number) => Cut::Index(number - 1),
                CellPlace::Characters(characters) => Cut::Characters(characters),
            },
        )
    }

    /// The index of the column with this header.
    pub(super) fn below(&self, name: &str) -> Result<usize, OutputError> {
        let names = self.header.as_ref().map_or(&[][..], |(names, _)| names);
        located(names, name)
    }

    /// A cell of a line, if the line has it, without quotes and white space around it.
    pub(super) fn cell<'t>(&self, line: &'t [u8], cut: Cut) -> Option<Cow<'t, [u8]>> {
        match cut {
            Cut::Index(index) => {
                let mut at = self.division.first(line, 0)?;
                for _ in 0..index {
                    at = (self.division).next(line, self.division.end(line, at))?;
                }
                Some(cell::unquoted(&line[at..self.division.end(line, at)]))
            }
            Cut::Characters(characters) => {
                let range = fixed::range(line, characters);
                (!range.is_empty()).then(|| cell::unquoted(&line[range]))
            }
        }
    }

    /// A cell's place in words.
    pub(super) fn shown(&self, cut: Cut) -> String {
        match (cut, &self.header) {
            (Cut::Index(index), Some((names, _))) => match names.get(index) {
                Some(name) => format!("the column `{name}`"),
                None => format!("the column {}", index + 1),
            },
            (Cut::Index(index), None) => format!("the column {}", index + 1),
            (Cut::Characters(characters), _) => fixed::shown(characters),
        }
    }

    /// The numbers in the wanted cells of all rows, which all have to be as wide as the header, or as the first row. With a limit,
    /// there have to be as many rows as it says.
    pub(super) fn values(
        &self,
        rows: &Lines<'_>,
        cuts: &[Cut],
        numbers: &Numbers<'_>,
        limit: Option<RowCount>,
    ) -> Result<Values, OutputError> {
        let by_index: Vec<usize> = (cuts.iter())
            .filter_map(|cut| match cut {
                Cut::Index(index) => Some(*index),
                Cut::Characters(_) => None,
            })
            .collect();
        let by_characters: Vec<Characters> = (cuts.iter())
            .filter_map(|cut| match cut {
                Cut::Index(_) => None,
                Cut::Characters(characters) => Some(*characters),
            })
            .collect();
        let mut count = 0;
        let mut cells = Vec::new().into_iter();
        if !by_index.is_empty() || by_characters.is_empty() {
            let read = self.cells(rows, &by_index, numbers, limit.clone())?;
            count = read.rows;
            cells = read.columns.into_iter();
        }
        let mut fixed = Vec::new().into_iter();
        if !by_characters.is_empty() {
            let read = fixed::columns(rows, &by_characters, numbers, limit)?;
            count = read.rows;
            fixed = read.columns.into_iter();
        }
        let column = |cut: &Cut| match cut {
            Cut::Index(_) => cells.next(),
            Cut::Characters(_) => fixed.next(),
        };
        Ok(Values {
            rows: count,
            columns: cuts.iter().filter_map(column).collect(),
        })
    }

    /// The numbers in cells that are known by their index.
    fn cells(
        &self,
        lines: &Lines<'_>,
        indices: &[usize],
        numbers: &Numbers<'_>,
        limit: Option<RowCount>,
    ) -> Result<Values, OutputError> {
        let numbered;
        let (names, line) = match &self.header {
            Some((names, line)) => (names, *line),
            None => {
                numbered = self.numbers_of_columns(lines);
                (&numbered, lines.numbers.of(0))
            }
        };
        let has_rows = self.header.is_some() || !lines.text.is_empty();
        if let Some(index) = indices.iter().find(|index| **index >= names.len())
            && has_rows
        {
            return Err(OutputError::NoNumber {
                line,
                number: index + 1,
                found: names.len(),
            });
        }
        let mut wanted = indices.to_vec();
        wanted.sort_unstable();
        wanted.dedup();
        let rows = Rows {
            body: &lines.text,
            lines: &lines.numbers,
            names,
            headless: self.header.is_none(),
            numbers,
            limit,
        };
        let mut read = match self.division {
            Division::Delimiter(scan) => rows.read(scan, &wanted),
            Division::Blanks(scan) => rows.read(scan, &wanted),
        }?;
        let mut columns = Vec::with_capacity(indices.len());
        for (i, index) in indices.iter().enumerate() {
            let at = wanted.partition_point(|known| known < index);
            let again = indices[i + 1..].contains(index);
            columns.push(if again {
                read.columns[at].clone()
            } else {
                std::mem::take(&mut read.columns[at])
            });
        }
        Ok(Values {
            rows: read.rows,
            columns,
        })
    }

    /// The numbers of the columns in place of names: as many as the first row has cells.
    fn numbers_of_columns(&self, lines: &Lines<'_>) -> Vec<Cow<'static, str>> {
        let first = lines.all().next();
        let cells = first.map_or(0, |line| {
            let cells = names(line.text, self.division);
            match cells.last() {
                Some(last) if last.is_empty() && cells.len() > 1 => cells.len() - 1,
                _ => cells.len(),
            }
        });
        (1..=cells)
            .map(|number| number.to_string().into())
            .collect()
    }
}

/// What stands between the cells of a line.
fn recognised(line: &[u8], decimal_comma: bool) -> Separator {
    let mut quoted = false;
    let bare: Vec<u8> = line
        .iter()
        .copied()
        .filter(|byte| {
            quoted ^= *byte == b'"';
            !quoted
        })
        .collect();
    [
        (b'\t', Separator::Tab),
        (b';', Separator::Semicolon),
        (b',', Separator::Comma),
    ]
    .into_iter()
    .filter(|(byte, _)| !(decimal_comma && *byte == b','))
    .find(|(byte, _)| bare.contains(byte))
    .map_or(Separator::Whitespace, |(_, separator)| separator)
}

/// The texts in the cells of a line, unquoted and trimmed.
fn names(line: &[u8], scan: impl Scan) -> Vec<Cow<'_, str>> {
    let mut names = Vec::new();
    let mut next = scan.first(line, 0);
    while let Some(start) = next {
        let end = scan.end(line, start);
        names.push(match cell::unquoted(&line[start..end]) {
            Cow::Borrowed(name) => String::from_utf8_lossy(name),
            Cow::Owned(name) => Cow::Owned(String::from_utf8_lossy(&name).into_owned()),
        });
        next = scan.next(line, end);
    }
    names
}

fn located(names: &[Cow<'_, str>], column: &str) -> Result<usize, OutputError> {
    let wanted = column.trim();
    let mut found = (0..names.len()).filter(|index| names[*index] == wanted);
    match (found.next(), found.next()) {
        (Some(index), None) => Ok(index),
        (Some(_), Some(_)) => Err(OutputError::DuplicateColumn {
            column: column.to_owned(),
        }),
        (None, _) => {
            let distance =
                |name: &str| (1000.0 * (1.0 - normalized_damerau_levenshtein(name, wanted))) as u32;
            let mut header: Vec<String> = names
                .iter()
                .take(1000)
                .map(|name| cell::shortened(name.as_bytes()))
                .collect();
            header.sort_by_cached_key(|name| distance(name));
            header.truncate(NAMES_SHOWN);
            Err(OutputError::NoColumn {
                column: column.to_owned(),
                header,
            })
        }
    }
}
