//! The times that the rows of an output tell, from one cell or several.
//!
//! A time without an offset from UTC is UTC; a table that has both is refused. Whether the times are in order, and whose time
//! steps they are, is not known here.

use super::OutputError;
use super::cell::shortened;
use super::lines::Lines;
use super::table::{Cut, Layout};
use crate::data::time_axis::TimeAxis;
use crate::language::time_format::{TimeFormat, iso};
use crate::project::output_format::{Dates, OutputFormat};

const SECOND: i64 = 1_000_000_000;

/// How times are written.
struct Clock<'a> {
    /// The stated form; `None`: ISO 8601.
    form: Option<(&'a str, TimeFormat)>,
    /// Whether the first time had an offset from UTC.
    zoned: Option<bool>,
}

/// The times of all rows, nanoseconds since 1970-01-01T00:00:00 UTC.
pub(super) fn stamps(
    rows: &Lines<'_>,
    layout: &Layout<'_>,
    dates: &Dates,
    format: &OutputFormat,
) -> Result<Vec<i64>, OutputError> {
    let mut cuts: Vec<Cut> = Vec::with_capacity(dates.columns.len());
    for column in &dates.columns {
        cuts.push(layout.cut_named(column, format)?);
    }
    let not_a_time = |line, why| OutputError::NotATime { line, why };
    let form = dates.format.as_deref().map(TimeFormat::new).transpose();
    let form = form.map_err(|why| not_a_time(rows.numbers.of(0), why))?;
    let mut clock = Clock {
        form: dates.format.as_deref().zip(form),
        zoned: None,
    };
    let mut stamps = Vec::new();
    let (mut text, mut before) = (String::new(), None);
    for row in rows.all() {
        let line = || rows.numbers.of(row.at);
        text.clear();
        for cut in &cuts {
            let cell = layout
                .cell(row.text, *cut)
                .ok_or_else(|| OutputError::NoCell {
                    line: line(),
                    column: layout.shown(*cut),
                })?;
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(&String::from_utf8_lossy(&cell));
        }
        // The rows of one time step follow each other where there is a further dimension.
        let stamp = match &before {
            Some((known, stamp)) if *known == text => *stamp,
            _ => {
                let stamp = clock.stamp(&text).map_err(|why| not_a_time(line(), why))?;
                before = Some((text.clone(), stamp));
                stamp
            }
        };
        stamps.push(stamp);
    }
    Ok(stamps)
}

impl Clock<'_> {
    fn stamp(&mut self, text: &str) -> Result<i64, String> {
        let told = |why: Option<String>| why.map_or_else(String::new, |why| format!(": {why}"));
        let shown = shortened(text.as_bytes());
        let (time, offset) = match &self.form {
            Some((form, format)) => format.read(text).map_err(|why| {
                format!("\"{shown}\" is no time of the form \"{form}\"{}", told(why))
            }),
            None => iso::read(text).map_err(|why| {
                let remedy = "; say how it is written, as in `format = \"%d.%m.%Y %H:%M\"`";
                let remedy = if why.is_none() { remedy } else { "" };
                format!("\"{shown}\" is no time after ISO 8601{}{remedy}", told(why))
            }),
        }?;
        if *self.zoned.get_or_insert(offset.is_some()) != offset.is_some() {
            return Err(format!(
                "\"{shown}\" and the first time of the table are not alike: one has an offset from UTC, and the other has none"
            ));
        }
        let nanoseconds = TimeAxis::nanoseconds_of(time);
        let offset = offset.unwrap_or(0).checked_mul(SECOND);
        (nanoseconds.zip(offset))
            .and_then(|(time, offset)| time.checked_sub(offset))
            .ok_or_else(|| format!("\"{shown}\" lies outside the years 1678 to 2261"))
    }
}
