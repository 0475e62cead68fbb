//! Parameter tables in text: encodings, separators, what stands before the header, and rows that are as long as it.

use anyhow::{Result, bail, ensure};

use crate::data::value::Value;
use crate::inputs::foreign;
use crate::inputs::tables::cell::{self, DecimalMarks};
use crate::inputs::tables::delimited::{self, DelimitedRow};
use crate::inputs::tables::{Decimal, RawTable};
use crate::text::charset::Charset;

/// A table in text.
pub(super) struct TextTable {
    columns: Vec<String>,
    rows: Vec<DelimitedRow>,
    /// Of each column.
    marks: Vec<DecimalMarks>,
}

impl RawTable for TextTable {
    fn words(&self) -> (&'static str, &'static str) {
        ("line", "column")
    }

    fn columns(&self) -> &[String] {
        &self.columns
    }

    fn rows(&self) -> usize {
        self.rows.len()
    }

    fn number(&self, row: usize) -> u64 {
        self.rows[row].line
    }

    fn id(&self, row: usize, column: usize) -> Result<Option<String>, String> {
        let text = self.text(row, column);
        Ok((!text.is_empty()).then(|| cell::id(text, self.marks[column])))
    }

    fn value(&self, row: usize, column: usize) -> Result<Option<Value>, String> {
        cell::value(self.text(row, column), self.marks[column])
    }

    fn is_marked(&self, row: usize) -> bool {
        self.rows[row].is_marked
    }
}

impl TextTable {
    fn text(&self, row: usize, column: usize) -> &str {
        self.rows[row].cells.get(column).map_or("", String::as_str)
    }
}

/// Reads a table; `tabs` if its name says that tabs separate its cells, `id` the name of the column with the ids.
pub(super) fn read(
    bytes: &[u8],
    tabs: bool,
    id: Option<&str>,
    decimal: Option<Decimal>,
) -> Result<TextTable> {
    let text = lines(decoded(bytes)?);
    let (stated, text, line) = match stated_separator(&text) {
        Some((separator, rest)) => (Some(separator), rest, 2),
        None => (tabs.then_some(b'\t'), text.as_str(), 1),
    };
    let (text, line, comment) = behind_comments(text, line, id, stated);
    let separator = stated.unwrap_or_else(|| separator_in(text));
    let mut rows = delimited::rows(text, separator, line)?.into_iter();
    let Some(DelimitedRow {
        cells: mut columns, ..
    }) = rows.next()
    else {
        bail!("there is nothing in it");
    };
    if let Some(comment) = comment
        && comment.cells > 1
        && comment.cells == columns.len()
        && !id.is_some_and(|id| columns.iter().any(|column| column == id))
    {
        bail!(
            "line {} begins with `#` and has as many cells as the next one; take the `#` away if it has the names of the \
             columns",
            comment.line
        );
    }
    // One that could be a row is left to who knows whether ids may look so.
    let mut rows: Vec<DelimitedRow> = rows
        .filter(|row| {
            !row.is_marked || (used(row) <= columns.len() && row.cells.len() >= columns.len())
        })
        .collect();
    fit(&mut columns, &mut rows)?;
    let marks = match decimal {
        Some(Decimal::Point) => DecimalMarks::Stated('.'),
        Some(Decimal::Comma) => DecimalMarks::Stated(','),
        None if separator == b';' => {
            let cells = rows.iter().flat_map(|row| &row.cells);
            DecimalMarks::among(cells.map(String::as_str))
        }
        None => DecimalMarks::Point,
    };
    let marks = (0..columns.len())
        .map(|at| marks.within(rows.iter().map(|row| row.cells[at].as_str())))
        .collect();
    Ok(TextTable {
        columns,
        rows,
        marks,
    })
}

/// The text in a file: UTF-16 with a byte order mark, UTF-8, or else Latin-1.
fn decoded(bytes: &[u8]) -> Result<String> {
    if let Some(sentence) = foreign::named_text(bytes) {
        bail!("{sentence}");
    }
    let utf_16 = match bytes {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => {
            bail!("it is in UTF-32; convert it: `iconv -f UTF-32 -t UTF-8`")
        }
        [0xff, 0xfe, rest @ ..] => Some((Charset::UTF_16LE, rest)),
        [0xfe, 0xff, rest @ ..] => Some((Charset::UTF_16BE, rest)),
        _ => None,
    };
    let text = match utf_16 {
        Some((charset, rest)) => match charset.decode(rest) {
            Ok(text) => text,
            Err(_) => bail!("it begins like UTF-16, but is none; was it cut short?"),
        },
        None => {
            let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
            match std::str::from_utf8(bytes) {
                Ok(text) => text.to_owned(),
                Err(_) => bytes.iter().copied().map(char::from).collect(),
            }
        }
    };
    ensure!(
        !text.contains('\0'),
        "it has bytes of zero in it, as text in UTF-16 without a byte order mark has; if it is that, convert it: \
         `iconv -f UTF-16LE -t UTF-8`"
    );
    Ok(text)
}

/// The text with `\n` at the end of lines, whether they ended so, in `\r\n` or all in `\r`; without the end-of-file mark of
/// DOS.
fn lines(mut text: String) -> String {
    if text.ends_with('\u{1a}') {
        text.pop();
    }
    if !text.contains('\r') {
        return text;
    }
    if !text.contains('\n') {
        return text.replace('\r', "\n");
    }
    while text.contains("\r\n") {
        text = text.replace("\r\n", "\n");
    }
    if text.ends_with('\r') {
        text.pop();
    }
    text
}

/// The separator that a first line `sep=;` states, as spreadsheets write and read it, and what comes behind that line.
fn stated_separator(text: &str) -> Option<(u8, &str)> {
    let (line, rest) = text.split_once('\n')?;
    let line = line.trim_matches('"');
    let (key, value) = line.split_at_checked(4)?;
    match value.as_bytes() {
        [one] if key.eq_ignore_ascii_case("sep=") && *one != b'"' => Some((*one, rest)),
        _ => None,
    }
}

/// A line before the header that begins with `#`.
struct Comment {
    line: u64,
    cells: usize,
}

/// The text from the header on with the number of its first line, and the comment right before it, if there is one.
///
/// Lines that begin with `#` are comments, unless the column with the ids is named in one: that is the header.
fn behind_comments<'t>(
    text: &'t str,
    line: u64,
    id: Option<&str>,
    separator: Option<u8>,
) -> (&'t str, u64, Option<Comment>) {
    let (mut rest, mut number, mut comment) = (text, line, None);
    while let Some((line, behind)) = rest.split_once('\n') {
        if line.starts_with('#') {
            let separator = separator.unwrap_or_else(|| separator_in(line));
            let cells: Vec<&str> = line
                .split(char::from(separator))
                .map(|cell| cell.trim_matches([' ', '"']))
                .collect();
            if id.is_some_and(|id| cells.contains(&id)) {
                break;
            }
            comment = Some(Comment {
                line: number,
                cells: cells.len(),
            });
        } else if !line.trim().is_empty() {
            break;
        }
        (rest, number) = (behind, number + 1);
    }
    (rest, number, comment)
}

fn separator_in(header: &str) -> u8 {
    separator_of(header, b",;\t").unwrap_or(b',')
}

/// The one of these separators that the first line has most of, outside quotes; the first of equals.
pub(crate) fn separator_of(text: &str, candidates: &[u8]) -> Option<u8> {
    let mut counts = vec![0; candidates.len()];
    let mut quoted = false;
    for byte in text.bytes() {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' | b'\r' if !quoted => break,
            _ if quoted => {}
            _ => {
                if let Some(at) = candidates.iter().position(|candidate| *candidate == byte) {
                    counts[at] += 1;
                }
            }
        }
    }
    // The first of equals: `max_by_key` would give the last.
    let found = candidates.iter().zip(counts).rev().max_by_key(|(_, n)| *n);
    found.filter(|(_, count)| *count > 0).map(|(byte, _)| *byte)
}

/// Makes header and rows equally long where all surplus cells are empty, as behind a separator at the end of lines.
fn fit(columns: &mut Vec<String>, rows: &mut [DelimitedRow]) -> Result<()> {
    while columns.last().is_some_and(String::is_empty)
        && rows.iter().all(|row| used(row) < columns.len())
    {
        columns.pop();
    }
    let is_surplus_empty = rows.iter().all(|row| used(row) <= columns.len());
    let least = columns.len();
    for row in rows {
        let length = row.cells.len();
        if length < least || (length > least && !is_surplus_empty) {
            let hint = match least > 1 && length == least + 1 {
                true => {
                    "; if the first cell of each is the name of a row, name that column in the header"
                }
                false => "",
            };
            bail!(
                "line {} has {length} cells, where the header has {least}{hint}",
                row.line
            );
        }
        row.cells.truncate(least);
    }
    Ok(())
}

/// How many cells a row has up to the last one that is not empty.
fn used(row: &DelimitedRow) -> usize {
    let last = row.cells.iter().rposition(|cell| !cell.is_empty());
    last.map_or(0, |at| at + 1)
}
