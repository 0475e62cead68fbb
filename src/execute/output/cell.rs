//! One cell of a table, cut out of its line: its text, and the number or the mark that it is.
//!
//! It does not know where cells begin and end.

use std::borrow::Cow;

use super::{OutputError, OutputTable};

/// A cell without white space around it and without its quotes.
pub(super) fn unquoted(cell: &[u8]) -> Cow<'_, [u8]> {
    let cell = cell.trim_ascii();
    let inner = cell
        .strip_prefix(b"\"")
        .and_then(|cell| cell.strip_suffix(b"\""));
    match inner.map(<[u8]>::trim_ascii) {
        None => Cow::Borrowed(cell),
        Some(inner) if !inner.contains(&b'"') => Cow::Borrowed(inner),
        Some(inner) => {
            let mut single = Vec::with_capacity(inner.len());
            for byte in inner {
                if *byte != b'"' || single.last() != Some(&b'"') {
                    single.push(*byte);
                }
            }
            Cow::Owned(single)
        }
    }
}

/// A cell's text for a message.
pub(super) fn shortened(cell: &[u8]) -> String {
    let text = String::from_utf8_lossy(&cell[..cell.len().min(200)]).into_owned();
    match text.char_indices().nth(40) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

/// A number as C, Fortran (`1.0D+03`) and their kin print it.
fn number(cell: &[u8]) -> Option<f64> {
    if let Ok(number) = fast_float2::parse(cell) {
        return Some(number);
    }
    let mark = cell.iter().position(|byte| matches!(byte, b'd' | b'D'))?;
    let mut with_e = [0; 64];
    let with_e = with_e.get_mut(..cell.len())?;
    with_e.copy_from_slice(cell);
    with_e[mark] = b'e';
    // `inf` and `nan` have no exponent, so none of them comes out of this.
    fast_float2::parse(with_e).ok()
}

impl OutputTable<'_> {
    /// The value of a cell that is no plain number.
    #[cold]
    pub(super) fn unusual(
        &self,
        cell: &[u8],
        line: usize,
        column: &str,
    ) -> Result<f64, OutputError> {
        let cell = unquoted(cell);
        let number = number(&cell);
        let missing = number.is_some_and(|number| self.missing.numbers.contains(&number));
        if missing || self.missing.has_text(&cell) {
            return Ok(f64::NAN);
        }
        let (column, found) = (column.to_owned(), shortened(&cell));
        match number {
            Some(number) if number.is_finite() => Ok(number),
            Some(_) => Err(OutputError::NotFinite {
                line,
                column,
                found,
            }),
            None => Err(OutputError::NotANumber {
                line,
                column,
                found,
            }),
        }
    }
}
