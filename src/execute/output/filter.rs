//! The rows of a table that count, where the project chooses some of them by what stands in their columns.
//!
//! A table in which no row is chosen is an error with what does stand there: it is nearly always a wrong id.

use super::OutputError;
use super::cell::{Numbers, shortened};
use super::lines::Lines;
use super::table::{Cut, Layout};
use crate::project::output_format::OutputFormat;

/// How many texts of a column an error shows.
const TEXTS_SHOWN: usize = 6;

/// A condition for one table.
struct Bound<'a> {
    /// The column as the project names it.
    column: &'a str,
    cut: Cut,
    text: &'a str,
    /// The same as a number, if it is one.
    number: Option<f64>,
    /// Whether a row has met it.
    is_met: bool,
    /// Texts of rows that do not.
    others: Vec<String>,
}

impl Bound<'_> {
    /// Whether a row meets it.
    fn meets(&mut self, layout: &Layout<'_>, line: &[u8], numbers: &Numbers<'_>) -> bool {
        let cell = layout.cell(line, self.cut).unwrap_or_default();
        let same = || {
            let number = numbers.number(&cell).filter(|number| number.is_finite());
            number.is_some() && number == self.number
        };
        let meets = *cell == *self.text.as_bytes() || same();
        self.is_met |= meets;
        if !meets && !self.is_met && self.others.len() < TEXTS_SHOWN && !cell.is_empty() {
            let text = shortened(&cell);
            if !self.others.contains(&text) {
                self.others.push(text);
            }
        }
        meets
    }
}

/// The rows that meet all conditions, whose texts are `texts`; at least one.
pub(super) fn chosen<'b>(
    rows: &Lines<'_>,
    layout: &Layout<'_>,
    format: &OutputFormat,
    texts: &[String],
    numbers: &Numbers<'_>,
    block: Option<usize>,
) -> Result<Lines<'b>, OutputError> {
    // The project and a formatted value may have a point where the table has a comma.
    let plain = Numbers::new(false, &[]);
    let mut conditions = Vec::with_capacity(texts.len());
    for (condition, text) in format.conditions.iter().zip(texts) {
        let text = text.trim();
        let number = plain.number(text.as_bytes());
        conditions.push(Bound {
            column: &condition.column,
            cut: layout.cut_named(&condition.column, format)?,
            text,
            number: number.filter(|number| number.is_finite()),
            is_met: false,
            others: Vec::new(),
        });
    }
    let found = rows.chosen(|line| {
        let mut meets = true;
        for condition in &mut conditions {
            meets &= condition.meets(layout, line.text, numbers);
        }
        meets
    });
    if !found.text.is_empty() {
        return Ok(found);
    }
    let wanted = conditions
        .iter()
        .map(|c| format!("`{}` = {:?}", c.column, c.text));
    let wanted: Vec<String> = wanted.collect();
    let unmet = conditions.iter_mut().find(|condition| !condition.is_met);
    Err(OutputError::NoRow {
        block,
        wanted: wanted.join(" and "),
        found: unmet
            .map(|unmet| std::mem::take(&mut unmet.others))
            .unwrap_or_default(),
    })
}
