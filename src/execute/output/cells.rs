//! The wanted columns that are cells of rows, out of one table or of the tables in all blocks, and what these rows tell of their
//! times and places.

use super::axes::{Axes, Told};
use super::cell::Numbers;
use super::error::RowCount;
use super::lines::{Lines, Section};
use super::table::{Cut, Layout};
use super::{OutputError, Wanted, dates, filter};
use crate::project::output_format::{ColumnPlace, DimensionPlaces};

/// What was read of one table.
struct Part {
    /// The wanted columns, in their order.
    columns: Vec<Vec<f64>>,
    told: Told,
}

/// Reads these columns into their places among `columns`; what their rows tell, or `None` if no column is a cell of rows.
pub(super) fn read(
    wanted: &Wanted<'_>,
    sections: &[Section<'_>],
    numbers: &Numbers<'_>,
    axes: &Axes<'_>,
    columns: &mut [Vec<f64>],
) -> Result<Option<Told>, OutputError> {
    let is_cell = |at: &usize| !matches!(wanted.columns[*at].place, ColumnPlace::Text(_));
    let of_cells: Vec<usize> = (0..wanted.columns.len()).filter(is_cell).collect();
    if of_cells.is_empty() && !wanted.columns.is_empty() {
        return Ok(None);
    }
    let mut all = Told::default();
    let mut first = None;
    for section in sections {
        let limit = axes.limit().filter(|_| sections.len() == 1);
        let Part {
            columns: read,
            told,
        } = part(wanted, &of_cells, section, numbers, limit)?;
        let expected = *first.get_or_insert(told.rows);
        // Where rows tell their times, days of months for instance, these show whether any is missing.
        let may_differ = told.stamps.is_some()
            && wanted.axes.dimension.is_none()
            && wanted.format.conditions.is_empty();
        if let Some(block) = section.block
            && told.rows != expected
            && !may_differ
        {
            return Err(OutputError::UnevenBlocks {
                line: block,
                found: told.rows,
                expected,
            });
        }
        all.add(told);
        for (at, read) in of_cells.iter().zip(read) {
            match columns[*at].is_empty() {
                true => columns[*at] = read,
                false => columns[*at].extend(read),
            }
        }
    }
    Ok(Some(all))
}

/// Reads one table.
fn part(
    wanted: &Wanted<'_>,
    of_cells: &[usize],
    section: &Section<'_>,
    numbers: &Numbers<'_>,
    limit: Option<RowCount>,
) -> Result<Part, OutputError> {
    let format = wanted.format;
    let lines = section.lines(format);
    let table = lines.table(format, section.block.is_some())?;
    let layout = Layout::new(&table, format);
    let chosen;
    let rows: &Lines<'_> = match format.conditions.is_empty() {
        true => &table.rows,
        false => {
            let (texts, block) = (wanted.conditions, section.block);
            chosen = filter::chosen(&table.rows, &layout, format, texts, numbers, block)?;
            &chosen
        }
    };
    let mut cuts = Vec::with_capacity(of_cells.len() + 1);
    for at in of_cells {
        let column = &wanted.columns[*at];
        cuts.push(match column.place {
            ColumnPlace::Number(number) => Cut::Index(number - 1),
            ColumnPlace::Characters(characters) => Cut::Characters(characters),
            ColumnPlace::Header | ColumnPlace::Text(_) => Cut::Index(layout.below(column.text)?),
        });
    }
    let dimension = wanted.axes.dimension.as_ref();
    let told_by = dimension.and_then(|dimension| match &dimension.places {
        DimensionPlaces::Read(column) => Some((&dimension.name, column)),
        DimensionPlaces::Stated(_) | DimensionPlaces::Count(_) => None,
    });
    if let Some((_, column)) = told_by {
        cuts.push(layout.cut_named(column, format)?);
    }
    let dates = format.dates.as_ref();
    // Who counts drawn lines among those to be passed over would lose rows, and nothing else may show it.
    for passed in table.passed_over.each() {
        let is_row = !cuts.is_empty()
            && layout.values(&passed, &cuts, numbers, None).is_ok()
            && dates.is_none_or(|dates| dates::stamps(&passed, &layout, dates, format).is_ok());
        if is_row {
            return Err(OutputError::PassedRow {
                line: passed.numbers.of(0),
            });
        }
    }
    let mut values = layout.values(rows, &cuts, numbers, limit)?;
    let line = |row| rows.numbers.of(row);
    let places = told_by.and_then(|(dimension, _)| Some((dimension, values.columns.pop()?)));
    if let Some((dimension, places)) = &places
        && let Some(row) = places.iter().position(|place| place.is_nan())
    {
        return Err(OutputError::Place {
            line: line(row),
            dimension: (*dimension).clone(),
            found: "missing".to_owned(),
            why: String::new(),
        });
    }
    let stamps = dates
        .map(|dates| dates::stamps(rows, &layout, dates, format))
        .transpose()?;
    let tells = places.is_some() || stamps.is_some();
    Ok(Part {
        columns: values.columns,
        told: Told {
            rows: values.rows,
            lines: if tells {
                (0..values.rows).map(line).collect()
            } else {
                Vec::new()
            },
            stamps,
            places: places.map(|(_, places)| places),
        },
    })
}
