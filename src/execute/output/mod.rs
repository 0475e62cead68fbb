//! The text that a simulator wrote → columns of numbers, or exactly what is wrong with it.
//!
//! An exit code proves nothing; a whole table does: a header that has every wanted column once, then
//! as many rows as there are time steps, all as wide as the header, every wanted cell a finite number or one of the
//! stated marks of a missing value. This file is pure and knows neither catchments nor files; `rows.rs` is the fast part.
//! Cells of other columns may hold anything, and are skipped without being looked at.

mod cell;
mod rows;
mod scan;

use std::borrow::Cow;

use strsim::normalized_damerau_levenshtein;

use crate::project::output_format::{OutputFormat, Separator};
use scan::{Blanks, Delimiter, Scan};

/// A first line beyond this is no header; the limit bounds the memory that a garbage file can take.
const LONGEST_HEADER: usize = 1 << 20;
/// How many names of a header an error repeats.
const NAMES_SHOWN: usize = 20;

/// What is wrong with a simulator's table; lines count from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutputError {
    /// Nothing, or white space only.
    #[error("the output is empty")]
    Empty,
    /// Bytes that are no text in UTF-8 or a relative of ASCII.
    #[error("the output is no table of text: {0}")]
    NotText(&'static str),
    /// The header lacks a column.
    #[error(
        "the output has no column `{column}`; its header has {}",
        listed(header)
    )]
    NoColumn {
        /// The column asked for.
        column: String,
        /// The header's columns, the most similar first; at most twenty.
        header: Vec<String>,
    },
    /// The header has a wanted column twice.
    #[error("the output's header has the column `{column}` more than once")]
    DuplicateColumn {
        /// The column.
        column: String,
    },
    /// A row of another width than the header.
    #[error("line {line}: {found} cells, where the header has {expected}")]
    Ragged {
        /// The line in the file.
        line: usize,
        /// How many cells it has.
        found: usize,
        /// How many columns the header has.
        expected: usize,
    },
    /// A cell that is neither a number nor marked as missing.
    #[error(
        "line {line}, column `{column}`: `{found}` is no number and not among the marks of missing values"
    )]
    NotANumber {
        /// The line in the file.
        line: usize,
        /// The column's name.
        column: String,
        /// The cell's text, shortened.
        found: String,
    },
    /// An infinite number or NaN that is not marked as missing.
    #[error(
        "line {line}, column `{column}`: `{found}` is not finite and not among the marks of missing values"
    )]
    NotFinite {
        /// The line in the file.
        line: usize,
        /// The column's name.
        column: String,
        /// The cell's text, shortened.
        found: String,
    },
    /// More or fewer rows than time steps.
    #[error(
        "{found} rows (after the header and {skipped} skipped), but there are {expected} time steps"
    )]
    RowCount {
        /// The rows that there are.
        found: usize,
        /// The rows passed over before them.
        skipped: usize,
        /// The number of time steps.
        expected: usize,
    },
}

fn listed(names: &[String]) -> String {
    let more = if names.len() < NAMES_SHOWN {
        ""
    } else {
        ", …"
    };
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    format!("{}{more}", quoted.join(", "))
}

/// Reads `columns` out of a simulator's table: one vector of `steps` values for each, in the order asked for, missing
/// values as NaN.
pub fn parse(
    text: &[u8],
    format: &OutputFormat,
    columns: &[&str],
    steps: usize,
) -> Result<Vec<Vec<f64>>, OutputError> {
    if text.starts_with(b"\xff\xfe") || text.starts_with(b"\xfe\xff") {
        return Err(OutputError::NotText("it is UTF-16"));
    }
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let (header, before) = first_line(text).ok_or(OutputError::Empty)?;
    if header.len() > LONGEST_HEADER {
        return Err(OutputError::NotText("its first line is longer than 1 MiB"));
    }
    let separator = format.separator.unwrap_or_else(|| recognised(header));
    let body = &text[text.len().min(before.end + 1)..];
    let table = OutputTable {
        body: &body[..body.len() - blank_lines_at_end(body)],
        first_line: before.number + 1,
        missing: Missing::new(&format.missing),
        skip_rows: format.skip_rows,
        steps,
    };
    match separator {
        Separator::Tab => table.columns(header, Delimiter(b'\t'), columns),
        Separator::Comma => table.columns(header, Delimiter(b','), columns),
        Separator::Semicolon => table.columns(header, Delimiter(b';'), columns),
        Separator::Whitespace => table.columns(header, Blanks, columns),
    }
}

struct LinePlace {
    number: usize,
    end: usize,
}

/// The first line that is not blank, without its line end.
fn first_line(text: &[u8]) -> Option<(&[u8], LinePlace)> {
    let mut start = 0;
    let mut number = 1;
    while start < text.len() {
        let end = memchr::memchr(b'\n', &text[start..]).map_or(text.len(), |length| start + length);
        let line = &text[start..end];
        if !line.trim_ascii().is_empty() {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            return Some((line, LinePlace { number, end }));
        }
        (start, number) = (end + 1, number + 1);
    }
    None
}

/// How many bytes at the end are lines of nothing but white space.
fn blank_lines_at_end(body: &[u8]) -> usize {
    let content = body.trim_ascii_end().len();
    let rest = &body[content..];
    memchr::memchr(b'\n', rest).map_or(if content == 0 { rest.len() } else { 0 }, |newline| {
        rest.len() - newline
    })
}

fn recognised(header: &[u8]) -> Separator {
    let mut quoted = false;
    let bare: Vec<u8> = header
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
    .find(|(byte, _)| bare.contains(byte))
    .map_or(Separator::Whitespace, |(_, separator)| separator)
}

/// The marks of missing values.
struct Missing<'a> {
    texts: &'a [String],
    numbers: Vec<f64>,
}

impl<'a> Missing<'a> {
    fn new(texts: &'a [String]) -> Self {
        let numbers = texts.iter().filter_map(|text| text.trim().parse().ok());
        Self {
            texts,
            numbers: numbers.filter(|number: &f64| number.is_finite()).collect(),
        }
    }

    fn has_text(&self, cell: &[u8]) -> bool {
        self.texts.iter().any(|text| text.trim().as_bytes() == cell)
    }
}

struct OutputTable<'a> {
    /// What stands behind the header, without blank lines at the end.
    body: &'a [u8],
    /// The number of its first line.
    first_line: usize,
    missing: Missing<'a>,
    skip_rows: usize,
    steps: usize,
}

impl OutputTable<'_> {
    fn columns(
        &self,
        header: &[u8],
        scan: impl Scan,
        columns: &[&str],
    ) -> Result<Vec<Vec<f64>>, OutputError> {
        let mut names = header_names(header, scan);
        if names.len() > 1 && names.last().is_some_and(|name| name.is_empty()) {
            names.pop();
        }
        let indices: Vec<usize> = columns
            .iter()
            .map(|column| located(&names, column))
            .collect::<Result<_, _>>()?;
        let mut wanted = indices.clone();
        wanted.sort_unstable();
        wanted.dedup();
        let mut series = self.rows(scan, &names, &wanted)?;
        let mut results = Vec::with_capacity(columns.len());
        for (i, index) in indices.iter().enumerate() {
            let at = wanted.partition_point(|known| known < index);
            let again = indices[i + 1..].contains(index);
            results.push(if again {
                series[at].clone()
            } else {
                std::mem::take(&mut series[at])
            });
        }
        Ok(results)
    }

    /// The error for a table with so many rows.
    fn row_count(&self, found: usize) -> OutputError {
        OutputError::RowCount {
            found,
            skipped: self.skip_rows,
            expected: self.steps,
        }
    }
}

/// The names in the header, unquoted and trimmed.
fn header_names(header: &[u8], scan: impl Scan) -> Vec<Cow<'_, str>> {
    let mut names = Vec::new();
    let mut next = scan.first(header, 0);
    while let Some(start) = next {
        let end = scan.end(header, start);
        names.push(match cell::unquoted(&header[start..end]) {
            Cow::Borrowed(name) => String::from_utf8_lossy(name),
            Cow::Owned(name) => Cow::Owned(String::from_utf8_lossy(&name).into_owned()),
        });
        next = scan.next(header, end);
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

#[cfg(test)]
mod tests;
