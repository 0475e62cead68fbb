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

use crate::project::output_format::{
    ColumnPlace, DimensionPlaces, OutputFormat, OutputTime, RowAxes,
};
use axes::{Axes, Told};
use cell::Numbers;
use lines::Section;
use table::{Cut, Layout};

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
    let told = wanted.cells(&sections, &numbers, &axes, &mut columns)?;
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

impl Wanted<'_> {
    /// The column with the places along the further dimension, if the output tells them.
    fn places(&self) -> Option<&str> {
        let dimension = self.axes.dimension.as_ref()?;
        match &dimension.places {
            DimensionPlaces::Read(column) => Some(column),
            DimensionPlaces::Stated(_) | DimensionPlaces::Count(_) => None,
        }
    }

    /// Reads the columns that are cells of rows, and what these rows tell; `None` if no column is.
    fn cells(
        &self,
        sections: &[Section<'_>],
        numbers: &Numbers<'_>,
        axes: &Axes<'_>,
        columns: &mut [Vec<f64>],
    ) -> Result<Option<Told>, OutputError> {
        let of_cells = |column: &&WantedColumn<'_>| !matches!(column.place, ColumnPlace::Text(_));
        let wanted: Vec<&WantedColumn<'_>> = self.columns.iter().filter(of_cells).collect();
        if wanted.is_empty() && !self.columns.is_empty() {
            return Ok(None);
        }
        let format = self.format;
        let mut told = Told::default();
        let mut first = None;
        for section in sections {
            let lines = section.lines(format);
            let table = lines.table(format, section.block.is_some())?;
            let layout = Layout::new(&table, format);
            let chosen;
            let rows = match format.conditions.is_empty() {
                true => &table.rows,
                false => {
                    let texts = self.conditions;
                    chosen = filter::chosen(
                        &table.rows,
                        &layout,
                        format,
                        texts,
                        numbers,
                        section.block,
                    )?;
                    &chosen
                }
            };
            let mut cuts = Vec::with_capacity(wanted.len() + 1);
            for column in &wanted {
                cuts.push(match column.place {
                    ColumnPlace::Number(number) => Cut::Index(number - 1),
                    ColumnPlace::Characters(characters) => Cut::Characters(characters),
                    ColumnPlace::Header | ColumnPlace::Text(_) => {
                        Cut::Index(layout.below(column.text)?)
                    }
                });
            }
            let places = self
                .places()
                .map(|column| layout.cut_named(column, format))
                .transpose()?;
            cuts.extend(places);
            let limit = axes.limit().filter(|_| sections.len() == 1);
            let mut values = layout.values(rows, &cuts, numbers, limit)?;
            let expected = *first.get_or_insert(values.rows);
            // Where rows tell their times, days of months for instance, these show whether any is missing.
            let may_differ = format.dates.is_some()
                && self.axes.dimension.is_none()
                && format.conditions.is_empty();
            if let Some(block) = section.block
                && values.rows != expected
                && !may_differ
            {
                return Err(OutputError::UnevenBlocks {
                    line: block,
                    found: values.rows,
                    expected,
                });
            }
            let line = |row| rows.numbers.of(row);
            if let Some(along) = places.and_then(|_| values.columns.pop()) {
                if let Some(row) = along.iter().position(|place| place.is_nan()) {
                    let dimension = self.axes.dimension.as_ref();
                    return Err(OutputError::Place {
                        line: line(row),
                        dimension: dimension.map_or_else(String::new, |d| d.name.clone()),
                        found: "missing".to_owned(),
                        why: String::new(),
                    });
                }
                told.places.get_or_insert_default().extend(along);
            }
            if let Some(dates) = &format.dates {
                let stamps = dates::stamps(rows, &layout, dates, format)?;
                told.stamps.get_or_insert_default().extend(stamps);
            }
            if told.places.is_some() || told.stamps.is_some() {
                told.lines.extend((0..values.rows).map(line));
            }
            told.rows += values.rows;
            let of_cells = self.columns.iter().zip(&mut *columns);
            let of_cells =
                of_cells.filter(|(column, _)| !matches!(column.place, ColumnPlace::Text(_)));
            for ((_, column), read) in of_cells.zip(values.columns) {
                match column.is_empty() {
                    true => *column = read,
                    false => column.extend(read),
                }
            }
        }
        Ok(Some(told))
    }
}

#[cfg(test)]
mod tests;
