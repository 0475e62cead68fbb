//! Text → rows of cells, with the number of the line that each row begins in.
//!
//! Cells may be quoted and hold separators, line ends and doubled quotes then. It is stricter than readers of CSV are: a
//! quote that is never closed would make the rest of the file one cell, and a carriage return within a line two rows of one,
//! and nobody would hear of it. It knows nothing of headers and of what cells mean.

use anyhow::{Result, bail, ensure};

/// A row of a table.
#[derive(Debug)]
pub(super) struct DelimitedRow {
    /// The number of its first line, from 1.
    pub line: u64,
    /// Without quotes and white space around them.
    pub cells: Vec<String>,
    /// Whether the line begins with `#`, which may make it a comment.
    pub is_marked: bool,
}

/// Takes text apart at a separator in ASCII; lines end in `\n`, and rows without anything in them are passed over.
pub(super) fn rows(text: &str, separator: u8, first_line: u64) -> Result<Vec<DelimitedRow>> {
    let mut rows = Vec::new();
    let (mut rest, mut line) = (text, first_line);
    while !rest.is_empty() {
        let mut row = DelimitedRow {
            line,
            cells: Vec::with_capacity(rows.last().map_or(0, |row: &DelimitedRow| row.cells.len())),
            is_marked: rest.starts_with('#'),
        };
        loop {
            let (cell, behind, lines) = cell(rest, separator, line)?;
            row.cells.push(cell);
            line += lines;
            rest = behind.get(1..).unwrap_or_default();
            if !behind.as_bytes().starts_with(&[separator]) {
                break;
            }
        }
        line += 1;
        if row.cells.iter().any(|cell| !cell.is_empty()) {
            rows.push(row);
        }
    }
    Ok(rows)
}

/// The cell at the beginning of `rest`, what comes behind it, and how many line ends are in it.
fn cell(rest: &str, separator: u8, line: u64) -> Result<(String, &str, u64)> {
    let is_blank = |c: char| matches!(c, ' ' | '\t') && c != char::from(separator);
    let Some(quoted) = rest.trim_start_matches(is_blank).strip_prefix('"') else {
        let end = memchr::memchr3(separator, b'\n', b'\r', rest.as_bytes()).unwrap_or(rest.len());
        ensure!(
            !rest[end..].starts_with('\r'),
            "line {line} has a carriage return in it; lines must end in one way throughout the file"
        );
        return Ok((rest[..end].trim().to_owned(), &rest[end..], 0));
    };
    let mut text = String::new();
    let mut open = quoted;
    loop {
        let Some(end) = open.find('"') else {
            bail!("line {line} opens a quote that is never closed");
        };
        text.push_str(&open[..end]);
        open = &open[end + 1..];
        match open.strip_prefix('"') {
            Some(more) => {
                text.push('"');
                open = more;
            }
            None => break,
        }
    }
    let behind = open.trim_start_matches(is_blank);
    ensure!(
        behind.is_empty() || behind.starts_with([char::from(separator), '\n']),
        "line {line} has a cell that goes on behind its closing quote"
    );
    let length = rest.len() - open.len();
    let lines = memchr::memchr_iter(b'\n', &rest.as_bytes()[..length]).count() as u64;
    Ok((text.trim().to_owned(), behind, lines))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(text: &str) -> Vec<(u64, Vec<String>)> {
        let rows = rows(text, b',', 1).expect("rows");
        rows.into_iter().map(|row| (row.line, row.cells)).collect()
    }

    #[test]
    fn cells_are_told_apart() {
        let found = cells("a, \"b,\"\"c\"\"\" ,d\n\n , \n\"e\nf\",5\" pipe,\ng");
        let expected: [(u64, &[&str]); 3] = [
            (1, &["a", "b,\"c\"", "d"]),
            (4, &["e\nf", "5\" pipe", ""]),
            (6, &["g"]),
        ];
        let expected = expected.map(|(line, cells)| {
            (
                line,
                cells
                    .iter()
                    .map(|cell| (*cell).to_owned())
                    .collect::<Vec<_>>(),
            )
        });
        assert_eq!(found, expected);
    }

    #[test]
    fn what_would_swallow_or_split_rows_is_an_error() {
        for (text, message) in [
            ("a,b\n1,\"x\n2,y\n", "line 2 opens a quote"),
            ("a,b\n1,\"x\"y\n", "line 2 has a cell that goes on"),
            ("a,b\n1,x\r2,y\n", "line 2 has a carriage return"),
        ] {
            let fault = rows(text, b',', 1).expect_err(text).to_string();
            assert!(fault.contains(message), "{fault}");
        }
    }
}
