//! The text that a simulator wrote → columns of numbers, or exactly what is wrong with it.
//!
//! An exit code proves nothing; a whole table does: a header that has every wanted column once, then
//! as many rows as there are time steps, all as wide as the header, every wanted cell a finite number or one of the
//! stated marks of a missing value. Cells of other columns may hold anything, and are skipped without being looked at.
//!
//! What is no such table is declared in the project file and becomes one here: a report is divided into blocks (`lines`), rows
//! are chosen (`filter`), their times and places along a dimension are read (`dates`) and put in order (`axes`); cells at
//! the same characters of every line (`fixed`) and numbers behind a text (`texts`) are columns like the others. Still every
//! row is counted. This wing is pure and knows neither catchments nor files; `rows` is the fast part.

mod axes;
mod cell;
mod cells;
mod dates;
mod error;
mod filter;
mod fixed;
mod lines;
pub(crate) mod netcdf;
mod rows;
mod scan;
mod table;
mod texts;

pub use error::{OutputError, RowCount};

use crate::project::output_format::{ColumnPlace, OutputFormat, OutputTime, RowAxes};
use axes::{Axes, Told};
use cell::Numbers;
use lines::Section;

/// What is wanted of an output of one catchment.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// How it is written.
    pub format: &'a OutputFormat,
    /// Over what its rows go.
    pub axes: &'a RowAxes,
    /// The project's time steps, nanoseconds since 1970-01-01T00:00:00 UTC.
    pub steps: &'a [i64],
    /// The columns.
    pub columns: &'a [WantedColumn<'a>],
    /// The texts of the format's conditions.
    pub conditions: &'a [String],
    /// The text that begins a block, if there are blocks.
    pub block: Option<&'a str>,
}

/// A column that is wanted of an output.
#[derive(Clone, Copy, Debug)]
pub struct WantedColumn<'a> {
    /// Where it is.
    pub place: ColumnPlace,
    /// Its header, or the text before the number.
    pub text: &'a str,
}

/// What was taken from an output.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Extract {
    /// A vector for each wanted column, in the order asked for: time step by time step, and within each along the further dimension;
    /// missing values as NaN.
    pub columns: Vec<Vec<f64>>,
    /// The time steps, seconds since 1970-01-01T00:00:00, if the output itself tells them.
    pub times: Option<Vec<f64>>,
    /// The places along the further dimension, if the output itself tells them.
    pub places: Option<Vec<f64>>,
}

/// Reads what is wanted out of a simulator's output.
pub fn parse(text: &[u8], wanted: &Wanted<'_>) -> Result<Extract, OutputError> {
    if text.starts_with(b"\xff\xfe") || text.starts_with(b"\xfe\xff") {
        return Err(OutputError::NotText("it is UTF-16"));
    }
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    if text.trim_ascii_start().is_empty() {
        return Err(OutputError::Empty);
    }
    let sections = match wanted.block {
        None => vec![Section::whole(text)],
        Some(begin) => Section::blocks(text, begin)?,
    };
    let format = wanted.format;
    let numbers = Numbers::new(format.decimal_comma, &format.missing);
    let axes = Axes {
        spec: wanted.axes,
        steps: wanted.steps,
        skipped: format.skip_rows,
    };
    let mut columns = vec![Vec::new(); wanted.columns.len()];
    let told = cells::read(wanted, &sections, &numbers, &axes, &mut columns)?;
    for (column, values) in wanted.columns.iter().zip(&mut columns) {
        if let ColumnPlace::Text(which) = column.place {
            for section in &sections {
                values.extend(texts::behind(section, column.text, which, &numbers)?);
            }
        }
    }
    let told = told.unwrap_or_else(|| Told {
        rows: columns.first().map_or(0, Vec::len),
        ..Told::default()
    });
    let order = axes.order(&told)?;
    for (column, values) in wanted.columns.iter().zip(&mut columns) {
        if values.len() != told.rows {
            return Err(OutputError::Lengths {
                column: column.text.to_owned(),
                found: values.len(),
                expected: told.rows,
            });
        }
        if let Some(rows) = &order.rows {
            *values = rows.iter().map(|row| values[*row]).collect();
        }
    }
    let seconds = |times: Vec<i64>| times.into_iter().map(|time| time as f64 / 1e9).collect();
    let is_read = matches!(wanted.axes.time, OutputTime::Read { .. });
    Ok(Extract {
        columns,
        times: order.times.filter(|_| is_read).map(seconds),
        places: order.places,
    })
}

#[cfg(test)]
mod tests;
