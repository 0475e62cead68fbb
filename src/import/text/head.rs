//! What stands before the rows of a text table: lines to be passed over, the separator by itself, comments, the header.
//!
//! Shared by tables of every layout. It looks at the first row, too, without taking it: what separates its cells and how many
//! there are says what the header means, see `alignment`.

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::import::text::Text;
use crate::import::text::cells::{UNCLOSED, cells, separator, unclosed};
use crate::import::text::clock::Clock;
use crate::import::text::fault::RowFault;
use crate::project::import_spec::{CellSeparator, TextFormat};

/// The beginning of a table.
pub(crate) struct Head {
    /// What separates its cells.
    pub separator: CellSeparator,
    /// The header and its line, where there is one.
    pub header: Option<(u64, Vec<u8>)>,
    /// The first row and its line; it is still to be read.
    pub first: (u64, Vec<u8>),
    /// The last line that was passed over as a comment.
    comment: Option<u64>,
}

impl Head {
    /// Reads up to the first row of a table, which begins with a header if `headed` says so.
    pub(crate) fn read(
        text: &mut Text,
        path: &Path,
        format: &TextFormat,
        headed: bool,
    ) -> Result<Self> {
        for skipped in 0..format.skip_lines {
            if text.line()?.is_none() {
                bail!(
                    "{}: the file has {skipped} lines, and `skip_lines` is {}",
                    path.display(),
                    format.skip_lines
                );
            }
        }
        let own = match text.ahead()? {
            Some((_, line)) => separator_line(&line),
            None => None,
        };
        if own.is_some() {
            text.line()?;
        }
        let mut comment = None;
        while let Some((number, line)) = text.ahead()?
            && line.trim_ascii_start().starts_with(b"#")
        {
            comment = Some(number);
            text.line()?;
        }
        let header = match headed {
            true => {
                let header = ahead(text, path, "a header")?;
                text.line()?;
                Some(header)
            }
            false => None,
        };
        let first = ahead(text, path, "rows")?;
        let separator = format.separator.or(own).unwrap_or_else(|| {
            separator(
                format,
                header.as_ref().map_or(&first.1, |(_, header)| header),
                &first.1,
            )
        });
        for (number, line) in header.iter().chain([&first]) {
            if unclosed(line, separator) {
                return Err(RowFault::new(path, *number, UNCLOSED).into());
            }
        }
        Ok(Self {
            separator,
            header,
            first,
            comment,
        })
    }

    /// The cells of the first row.
    pub(crate) fn row(&self) -> Vec<&[u8]> {
        cells(&self.first.1, self.separator)
    }

    /// What is wrong if the cells of the header that stand above the time are a time themselves.
    pub(crate) fn check(
        &self,
        path: &Path,
        clock: &Clock,
        above: &[&[u8]],
    ) -> Result<(), RowFault> {
        let long: usize = above.iter().map(|cell| cell.len()).sum();
        let Some((line, _)) = &self.header else {
            return Ok(());
        };
        // A short number may be a name of a column as well as a year.
        if long < 8 || clock.stamp(above).is_err() {
            return Ok(());
        }
        let mut message = "this is a row, and a header should be here: write one".to_owned();
        if let Some(comment) = self.comment {
            message += &format!("; if it is in line {comment}, remove the # before it");
        }
        Err(RowFault::new(
            path,
            *line,
            message + "; where there is none, `ids` names the catchments of the columns",
        ))
    }
}

/// The separator that a line such as `sep=;` states, which spreadsheets write and read.
fn separator_line(line: &[u8]) -> Option<CellSeparator> {
    let line = line
        .strip_prefix(b"\"")
        .and_then(|line| line.strip_suffix(b"\""))
        .unwrap_or(line);
    match line {
        [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', b' '] => Some(CellSeparator::White),
        [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', separator] => {
            Some(CellSeparator::Byte(*separator))
        }
        _ => None,
    }
}

/// The next line that is not empty.
fn ahead(text: &mut Text, path: &Path, what: &str) -> Result<(u64, Vec<u8>)> {
    let (number, line) = (text.ahead()?)
        .with_context(|| format!("{}: the file ends where {what} should be", path.display()))?;
    let message = if line.contains(&b'\r') {
        "lines end with CR alone here, as on an old Macintosh; convert the file: `tr '\\r' '\\n'`"
    } else if line.contains(&0) {
        "there are NUL bytes: the file is in UTF-16, or no text; convert it: `iconv -f UTF-16LE -t UTF-8`"
    } else {
        return Ok((number, line));
    };
    Err(RowFault::new(path, number, message).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_may_state_the_separator() {
        assert_eq!(separator_line(b"sep=;"), Some(CellSeparator::Byte(b';')));
        assert_eq!(
            separator_line(b"\"SEP=\t\""),
            Some(CellSeparator::Byte(b'\t'))
        );
        assert_eq!(separator_line(b"sep=;;"), None);
        assert_eq!(separator_line(b"september"), None);
    }
}
