//! Series tables: a header, one row per time step, a footer; and the rows in the middle of templates.
//!
//! For a year of hourly steps the row is rendered 8,760 times per catchment, for thousands of catchments, so the work
//! is done where it is cheapest: what depends on time alone (`{step}`, `{step_days}`, `{time}`) becomes text once per
//! project, when the table is bound to its time axis; parameters become text once per catchment; a row then is a loop
//! over a few pieces, in which only the series' own numbers are formatted, and nothing is allocated. Nearly all measured and
//! modelled series are decimals of few digits, which are printed from whole numbers.

mod bound;
mod clock;
mod rows;

use std::fmt;

use crate::data::time_axis::TimeAxis;
use crate::language::template::{
    BlockLayout, Placeholder, RenderError, Scope, Template, TemplateError, Use,
};
use crate::text::charset::Charset;
use bound::BoundPart;
pub(crate) use bound::BoundTable;
use rows::Rows;

/// The name of the number of time steps, which header and footer always have.
pub(crate) const STEPS: &str = "steps";

/// The names that every row has: the step from 0, the days since the first step, the date-time. They take precedence over
/// series and parameters of the same name.
pub(crate) const ROW_NAMES: [&str; 3] = ["step", "step_days", "time"];

/// A part of a series table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowPart {
    /// The text before the rows.
    Header,
    /// The text that is repeated for every time step.
    Row,
    /// The text after the rows.
    Footer,
}

impl fmt::Display for RowPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Header => "header",
            Self::Row => "row",
            Self::Footer => "footer",
        })
    }
}

/// An error with the part of the table that it is in.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{part}, {error}")]
pub struct InPart<E: std::error::Error> {
    /// The part.
    pub part: RowPart,
    /// What is wrong in it; lines and columns are those of the part.
    pub error: E,
}

impl RowPart {
    /// The part with this index of a bound table.
    pub(crate) fn at(index: usize) -> Self {
        [Self::Header, Self::Row, Self::Footer][index]
    }

    fn of<E: std::error::Error>(self) -> impl Fn(E) -> InPart<E> {
        move |error| InPart { part: self, error }
    }
}

/// The templates of a series table.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesTable {
    header: Template,
    row: Template,
    footer: Template,
    is_xml: bool,
    keeps_widths: bool,
}

fn lines(source: &str) -> String {
    match source.is_empty() || source.ends_with('\n') {
        true => source.to_owned(),
        false => format!("{source}\n"),
    }
}

impl SeriesTable {
    /// Parses the parts, each of one or more lines; a missing line end at a part's end is added.
    pub fn parse(
        header: Option<&str>,
        row: &str,
        footer: Option<&str>,
    ) -> Result<Self, InPart<TemplateError>> {
        let template = |part: RowPart, source: &str| {
            let parsed = Template::text(&lines(source)).map_err(part.of())?;
            without_rows(part, parsed)
        };
        Ok(Self {
            header: template(RowPart::Header, header.unwrap_or(""))?,
            row: template(RowPart::Row, row)?,
            footer: template(RowPart::Footer, footer.unwrap_or(""))?,
            is_xml: false,
            keeps_widths: false,
        })
    }

    /// The same for a table that is an XML document, which no value can break.
    pub fn parse_xml(
        header: Option<&str>,
        row: &str,
        footer: Option<&str>,
    ) -> Result<Self, InPart<TemplateError>> {
        let parts = [header.unwrap_or(""), row, footer.unwrap_or("")].map(lines);
        let [header, row, footer] = Template::xml_table(parts.each_ref().map(String::as_str))
            .map_err(|(part, error)| RowPart::at(part).of()(error))?;
        Ok(Self {
            header: without_rows(RowPart::Header, header)?,
            row: without_rows(RowPart::Row, row)?,
            footer: without_rows(RowPart::Footer, footer)?,
            is_xml: true,
            keeps_widths: false,
        })
    }

    /// The same with the rule that no value exceeds the width of its format.
    pub fn keeping_widths(self) -> Self {
        Self {
            header: self.header.keeping_widths(),
            row: self.row.keeping_widths(),
            footer: self.footer.keeping_widths(),
            is_xml: self.is_xml,
            keeps_widths: true,
        }
    }

    /// Whether a value of `scope` is escaped because the table is XML.
    pub fn escapes(&self, scope: &dyn Scope) -> bool {
        let parts = [RowPart::Header, RowPart::Row, RowPart::Footer].into_iter();
        let mut holes = parts.clone().flat_map(|part| self.placeholders(part));
        let has_blocks = |part| self.part(part).has_blocks();
        self.is_xml
            && (parts.clone().any(has_blocks)
                || holes.any(|hole| {
                    let (mut plain, mut escaped) = (Vec::new(), Vec::new());
                    let as_plain = hole.in_plain_text();
                    as_plain.render(scope, Charset::UTF_8, &mut plain).is_ok()
                        && hole.render(scope, Charset::UTF_8, &mut escaped).is_ok()
                        && plain != escaped
                }))
    }

    /// Header, row and footer as written, and the rule about widths if there is one: what determines the file beside the values.
    pub fn layout(&self) -> String {
        let parts = [&self.header, &self.row, &self.footer].map(Template::source);
        let mut layout = parts.join("\0");
        // Without it, a result from before the rule would stand for a catchment that the rule refuses.
        if self.keeps_widths {
            layout.push_str("\0fixed_width\n");
        }
        layout
    }

    /// The placeholders of a part.
    pub fn placeholders(&self, part: RowPart) -> impl Iterator<Item = &Placeholder> {
        self.part(part).placeholders()
    }

    /// All that a part asks for by name.
    pub(crate) fn uses(&self, part: RowPart) -> Vec<Use<'_>> {
        self.part(part).uses()
    }

    fn part(&self, part: RowPart) -> &Template {
        match part {
            RowPart::Header => &self.header,
            RowPart::Row => &self.row,
            RowPart::Footer => &self.footer,
        }
    }

    /// Binds the row to the series' names and to the time axis; all other names are those of parameters.
    pub fn bind(
        &self,
        columns: &[String],
        time: &TimeAxis,
    ) -> Result<BoundTable, InPart<RenderError>> {
        let layout = BlockLayout::default();
        let rows = Rows::bind(self.row.pieces(), &layout, columns, time, Charset::UTF_8);
        let text = |template: &Template| BoundPart::Text(template.pieces().to_vec());
        Ok(BoundTable {
            parts: vec![
                text(&self.header),
                BoundPart::Rows(rows.map_err(RowPart::Row.of())?),
                text(&self.footer),
            ],
            time: time.clone(),
            charset: Charset::UTF_8,
        })
    }
}

/// A part of a table, which has no blocks for time steps of its own.
fn without_rows(part: RowPart, template: Template) -> Result<Template, InPart<TemplateError>> {
    match template.rows_are_misplaced() {
        None => Ok(template),
        Some(error) => Err(part.of()(error)),
    }
}

#[cfg(test)]
mod tests;
