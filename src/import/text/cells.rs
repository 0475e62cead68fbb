//! Lines of a table → cells, and what the cells of its header say.
//!
//! For headers and tables of few columns; the numbers of wide tables are read in place, in `wide`. A quoted cell may hold
//! separators, but no line ends.

use std::path::Path;

use crate::import::text::fault::{RowFault, decoded};
use crate::inputs::tables::separator_of;
use crate::project::import_spec::{CellSeparator, TextFormat};
use crate::text::wording::{self, Quotes};

/// The separator of a source that states none: what this line of it has most of.
///
/// With decimal commas the comma may still separate cells, if those with commas are quoted; the first row shows that.
pub(crate) fn separator(format: &TextFormat, line: &[u8], row: &[u8]) -> CellSeparator {
    let of = |candidates| separator_of(&decoded(line), candidates).map(CellSeparator::Byte);
    let found = match format.decimal_comma {
        false => of(b",;\t"),
        true => of(b";\t").or_else(|| {
            let comma = CellSeparator::Byte(b',');
            let mut cells = cells(row, comma).into_iter();
            let quoted = cells.any(|cell| is_quoted(cell) && cell.contains(&b','));
            quoted.then_some(comma)
        }),
    };
    found.unwrap_or(CellSeparator::White)
}

/// The cells of a line as they stand, quotes included, white space around them not.
pub(crate) fn cells(line: &[u8], separator: CellSeparator) -> Vec<&[u8]> {
    let mut cells = Vec::new();
    let mut rest = line;
    loop {
        if separator == CellSeparator::White {
            rest = rest.trim_ascii_start();
            if rest.is_empty() {
                return cells;
            }
        }
        let end = end_of_cell(rest, separator);
        cells.push(rest[..end].trim_ascii());
        if end == rest.len() {
            return cells;
        }
        rest = &rest[end + 1..];
    }
}

/// Where the cell at the beginning of a line's rest ends.
pub(crate) fn end_of_cell(rest: &[u8], separator: CellSeparator) -> usize {
    let mut quoted = false;
    let opens = rest.trim_ascii_start().first() == Some(&b'"');
    for (at, byte) in rest.iter().enumerate() {
        match (byte, separator) {
            (b'"', _) if opens => quoted = !quoted,
            _ if quoted => {}
            (byte, CellSeparator::Byte(separator)) if *byte == separator => return at,
            (b' ' | b'\t', CellSeparator::White) => return at,
            _ => {}
        }
    }
    rest.len()
}

/// Where the cell or separator behind white space begins, where that is what separates.
#[inline]
pub(crate) fn skip_white(line: &[u8], at: usize, separator: CellSeparator) -> usize {
    let mut at = at.min(line.len());
    if separator == CellSeparator::White {
        while matches!(line.get(at), Some(b' ' | b'\t')) {
            at += 1;
        }
    }
    at
}

/// Whether a cell stands in quotes.
pub(crate) fn is_quoted(cell: &[u8]) -> bool {
    matches!(cell, [b'"', .., b'"'])
}

/// What to say of a line with a quote that is not closed.
pub(crate) const UNCLOSED: &str = "a quote is opened and not closed; a cell may hold no line end";

/// Whether the last cell of a line opens a quote that it does not close.
pub(crate) fn unclosed(line: &[u8], separator: CellSeparator) -> bool {
    let last = cells(line, separator).pop().unwrap_or_default();
    last.starts_with(b"\"") && memchr::memchr_iter(b'"', last).count() % 2 == 1
}

/// What a cell says: without quotes, decoded.
pub(crate) fn name(cell: &[u8]) -> String {
    match cell {
        [b'"', inner @ .., b'"'] => decoded(inner).replace("\"\"", "\"").trim().to_owned(),
        other => decoded(other),
    }
}

/// Where a named column is in a header.
pub(crate) fn find(
    path: &Path,
    line: u64,
    header: &[String],
    name: &str,
    field: &str,
) -> Result<usize, RowFault> {
    let mut found = (0..header.len()).filter(|at| header[*at] == name);
    match (found.next(), found.next()) {
        (Some(at), None) => Ok(at),
        (Some(_), Some(_)) => Err(RowFault::new(
            path,
            line,
            format!("there are two columns `{name}`; rename one"),
        )),
        (None, _) => {
            let names = header.iter().map(String::as_str);
            let hint =
                wording::hint(name, names, Quotes::Backticks).unwrap_or_else(|| ";".to_owned());
            Err(RowFault::new(
                path,
                line,
                format!(
                    "there is no column `{name}`, which `{field}` names{hint} The columns there are: {}",
                    header.join(", ")
                ),
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &str, separator: CellSeparator) -> Vec<String> {
        cells(line.as_bytes(), separator)
            .into_iter()
            .map(name)
            .collect()
    }

    #[test]
    fn cells_are_told_apart() {
        let semicolon = CellSeparator::Byte(b';');
        assert_eq!(
            split("a; \"b;\"\"c\" ;;d", semicolon),
            ["a", "b;\"c", "", "d"]
        );
        assert_eq!(split("", semicolon), [""]);
        assert_eq!(split("  1 2\t 3 ", CellSeparator::White), ["1", "2", "3"]);
    }

    #[test]
    fn separators_are_recognised() {
        let of = |line: &str| separator(&TextFormat::default(), line.as_bytes(), b"");
        assert_eq!(of("time;a;b"), CellSeparator::Byte(b';'));
        assert_eq!(of("time\ta\tb"), CellSeparator::Byte(b'\t'));
        assert_eq!(of("2009 1 1 0.5"), CellSeparator::White);
        let comma = TextFormat {
            decimal_comma: true,
            ..TextFormat::default()
        };
        let of = |line: &str, row: &str| separator(&comma, line.as_bytes(), row.as_bytes());
        assert_eq!(of("1,5\t2,5,3", ""), CellSeparator::Byte(b'\t'));
        assert_eq!(
            of("time,1,2", "2009-01-01,\"1,5\",\"2,5\""),
            CellSeparator::Byte(b',')
        );
        assert_eq!(
            of("2009 1 1 1,5 2,5", "2009 1 1 1,5 2,5"),
            CellSeparator::White
        );
    }
}
