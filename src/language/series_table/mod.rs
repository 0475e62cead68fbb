//! Series tables: a header, one row per time step, a footer.
//!
//! For a year of hourly steps the row is rendered 8,760 times per catchment, for thousands of catchments, so the work
//! is done where it is cheapest: what depends on time alone (`{step}`, `{step_days}`, `{time}`) becomes text once per
//! project, when the table is bound to its time axis; parameters become text once per catchment; a row then is a loop
//! over a few pieces, in which only the series' own numbers are formatted, and nothing is allocated. Nearly all measured and
//! modelled series are decimals of few digits, which are printed from whole numbers.

mod bound;
mod clock;

use std::fmt;

use crate::data::time_axis::TimeAxis;
use crate::language::template::{Piece, Placeholder, RenderError, Scope, Template, TemplateError};
use crate::text::charset::Charset;
pub(crate) use bound::BoundTable;
use bound::RowPiece;
use clock::{Clock, Texts};

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
        let template =
            |part: RowPart, source: &str| Template::text(&lines(source)).map_err(part.of());
        Ok(Self {
            header: template(RowPart::Header, header.unwrap_or(""))?,
            row: template(RowPart::Row, row)?,
            footer: template(RowPart::Footer, footer.unwrap_or(""))?,
            is_xml: false,
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
            .map_err(|(part, error)| {
                [RowPart::Header, RowPart::Row, RowPart::Footer][part].of()(error)
            })?;
        Ok(Self {
            header,
            row,
            footer,
            is_xml: true,
        })
    }

    /// Whether a value of `scope` is escaped because the table is XML.
    pub fn escapes(&self, scope: &dyn Scope) -> bool {
        let parts = [RowPart::Header, RowPart::Row, RowPart::Footer].into_iter();
        let mut holes = parts.flat_map(|part| self.placeholders(part));
        self.is_xml
            && holes.any(|hole| {
                let (mut plain, mut escaped) = (Vec::new(), Vec::new());
                let as_plain = hole.in_plain_text();
                as_plain.render(scope, Charset::UTF_8, &mut plain).is_ok()
                    && hole.render(scope, Charset::UTF_8, &mut escaped).is_ok()
                    && plain != escaped
            })
    }

    /// Header, row and footer as written.
    pub fn sources(&self) -> [&str; 3] {
        [&self.header, &self.row, &self.footer].map(Template::source)
    }

    /// The placeholders of a part.
    pub fn placeholders(&self, part: RowPart) -> impl Iterator<Item = &Placeholder> {
        match part {
            RowPart::Header => &self.header,
            RowPart::Row => &self.row,
            RowPart::Footer => &self.footer,
        }
        .placeholders()
    }

    /// Binds the row to the series' names and to the time axis; all other names are those of parameters.
    pub fn bind(
        &self,
        columns: &[String],
        time: &TimeAxis,
    ) -> Result<BoundTable, InPart<RenderError>> {
        let mut pieces = Vec::new();
        for piece in self.row.pieces() {
            if let (Piece::Literal(literal), Some(RowPiece::Clock(_, _, Some(texts)))) =
                (piece, pieces.last_mut())
                && texts.append(literal)
            {
                continue;
            }
            pieces.push(match piece {
                Piece::Literal(literal) => RowPiece::Literal(literal.clone()),
                Piece::Hole(hole) => {
                    let column = columns.iter().position(|column| *column == hole.name);
                    match (Clock::named(&hole.name), column) {
                        (Some(clock), _) => {
                            let texts =
                                Texts::prepare(clock, hole, time).map_err(RowPart::Row.of())?;
                            RowPiece::Clock(clock, hole.clone(), texts)
                        }
                        (None, Some(column)) => RowPiece::Column(column, hole.clone()),
                        (None, None) => RowPiece::Parameter(hole.clone()),
                    }
                }
            });
        }
        Ok(BoundTable {
            header: self.header.clone(),
            pieces,
            footer: self.footer.clone(),
            time: time.clone(),
        })
    }
}

#[cfg(test)]
mod tests;
