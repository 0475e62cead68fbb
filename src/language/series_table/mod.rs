//! Series tables: a header, one row per time step, a footer.
//!
//! For a year of hourly steps the row is rendered 8,760 times per catchment, for thousands of catchments, so the work
//! is done where it is cheapest: what depends on time alone (`{step}`, `{step_days}`, `{time}`) becomes text once per
//! project, when the table is bound to its time axis; parameters become text once per catchment; a row then is a walk
//! over a few pieces, in which only the series' own numbers are formatted, and nothing is allocated. Measured and modelled
//! series are decimals of few digits, nearly all of them, and these are printed as the whole numbers that they are.

mod clock;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use crate::data::time_axis::TimeAxis;
use crate::data::value::{Value, push_number};
use crate::language::template::{
    Piece, Placeholder, RenderError, RenderProblem, Scope, Scoped, Template, TemplateError,
};
use crate::text::buffer::{SHORT, Tail, TextBuffer};
use crate::text::charset::Charset;
use crate::text::decimal::{self, Decimals, GAP};
use clock::{Clock, Texts, push_text};

/// The name of the number of time steps, which header and footer know by themselves.
pub const STEPS: &str = "steps";

/// The names that a row has of itself: the step from 0, the days since the first step, the date-time. They go before
/// series and parameters of the same name.
pub const ROW_NAMES: [&str; 3] = ["step", "step_days", "time"];

/// A part of a series table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowPart {
    /// What stands before the rows.
    Header,
    /// What is repeated for every time step.
    Row,
    /// What stands behind the rows.
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

/// An error and the part of the table that it is in.
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
    /// Parses the parts, each of one or more lines; a line end that is missing at a part's end is added.
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

    /// The same for a table that is an XML document, in which no value can break it.
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

    /// Whether a value of `scope` is written otherwise than in plain text, because the table is XML.
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

    /// Ties the row to the series' names and to the time axis; all other names are those of parameters.
    pub fn bind(
        &self,
        columns: &[String],
        time: &TimeAxis,
    ) -> Result<BoundTable, InPart<RenderError>> {
        let mut pieces = Vec::new();
        for piece in self.row.pieces() {
            if let (Piece::Literal(literal), Some(RowPiece::Clock(_, _, Some(texts)))) =
                (piece, pieces.last_mut())
                && texts.take(literal)
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

#[derive(Clone, Debug, PartialEq)]
enum RowPiece {
    Literal(String),
    Parameter(Placeholder),
    /// The series with this index.
    Column(usize, Placeholder),
    Clock(Clock, Placeholder, Option<Texts>),
}

/// A series table tied to its columns and its time axis; workers share one.
#[derive(Clone, Debug, PartialEq)]
pub struct BoundTable {
    header: Template,
    pieces: Vec<RowPiece>,
    footer: Template,
    time: TimeAxis,
}

/// What a row piece is for one catchment.
enum CellSource<'a> {
    /// The same text in every row, as a range of the constants.
    Constant(Range<usize>),
    /// With the short constant text that follows, if there is one.
    Decimals(Decimals, Tail),
    Series(&'a [f64], &'a Placeholder),
    Prepared(&'a Texts),
    Clock(Clock, &'a Placeholder),
}

impl BoundTable {
    /// The indices of the series that the rows use, ascending, each once.
    pub fn columns_used(&self) -> Vec<usize> {
        let mut used: Vec<usize> = self
            .pieces
            .iter()
            .filter_map(|piece| match piece {
                RowPiece::Column(index, _) => Some(*index),
                _ => None,
            })
            .collect();
        used.sort_unstable();
        used.dedup();
        used
    }

    /// Appends the whole table of one catchment; on an error `out` is as it was.
    ///
    /// `columns[i]` is the series of the `i`-th name given to [`SeriesTable::bind`]; those that no row uses may be
    /// empty. Panics if one that is used is missing or has not one value per time step.
    pub fn write(
        &self,
        scope: &dyn Scope,
        columns: &[&[f64]],
        out: &mut Vec<u8>,
    ) -> Result<(), InPart<RenderError>> {
        let start = out.len();
        self.write_parts(scope, columns, out)
            .inspect_err(|_| out.truncate(start))
    }

    fn write_parts(
        &self,
        scope: &dyn Scope,
        columns: &[&[f64]],
        out: &mut Vec<u8>,
    ) -> Result<(), InPart<RenderError>> {
        let with_steps = WithSteps {
            scope,
            steps: Value::Integer(self.time.len() as i64),
        };
        self.header
            .render(&with_steps, out)
            .map_err(RowPart::Header.of())?;
        self.write_rows(scope, columns, out)
            .map_err(RowPart::Row.of())?;
        self.footer
            .render(&with_steps, out)
            .map_err(RowPart::Footer.of())
    }

    fn write_rows(
        &self,
        scope: &dyn Scope,
        columns: &[&[f64]],
        out: &mut Vec<u8>,
    ) -> Result<(), RenderError> {
        let mut constants = Vec::new();
        let mut cells = self.cells(scope, columns, &mut constants)?;
        join_tails(&mut cells, &constants);
        constants.extend([0; SHORT]);
        let mut pieces = TextBuffer::new(out);
        for step in 0..self.time.len() {
            for cell in &cells {
                match cell {
                    CellSource::Constant(range) => {
                        push_text(&constants, range.clone(), &mut pieces);
                    }
                    CellSource::Prepared(texts) => texts.push(step, &mut pieces),
                    CellSource::Decimals(Decimals { digits, whole }, tail) => match whole[step] {
                        GAP => pieces.number(f64::NAN, *tail),
                        whole => pieces.decimal(whole, *digits, *tail),
                    },
                    CellSource::Series(series, hole) => match &hole.format {
                        None => push_number(pieces.text(), series[step]),
                        Some(format) => {
                            let out = pieces.text();
                            let start = out.len();
                            format
                                .push_number(series[step], out)
                                .map_err(|misfit| hole.error(RenderProblem::Misfit(misfit)))?;
                            hole.escape(start, Charset::UTF_8, out)?;
                        }
                    },
                    CellSource::Clock(clock, hole) => {
                        clock.push(hole, &self.time, step, pieces.text())?;
                    }
                }
            }
        }
        pieces.finish();
        Ok(())
    }

    /// Renders what is the same in all rows; neighbouring constants become one.
    fn cells<'a>(
        &'a self,
        scope: &dyn Scope,
        columns: &[&'a [f64]],
        constants: &mut Vec<u8>,
    ) -> Result<Vec<CellSource<'a>>, RenderError> {
        let mut cells = Vec::with_capacity(self.pieces.len());
        for piece in &self.pieces {
            let from = constants.len();
            match piece {
                RowPiece::Literal(literal) => constants.extend_from_slice(literal.as_bytes()),
                RowPiece::Parameter(hole) => {
                    hole.render(scope, Charset::UTF_8, constants)?;
                }
                RowPiece::Column(index, hole) => {
                    assert_eq!(
                        columns[*index].len(),
                        self.time.len(),
                        "the series `{}`",
                        hole.name
                    );
                    let decimals = match hole.format {
                        None => decimal::split(columns[*index]),
                        Some(_) => None,
                    };
                    cells.push(match decimals {
                        Some(decimals) => CellSource::Decimals(decimals, Tail::default()),
                        None => CellSource::Series(columns[*index], hole),
                    });
                }
                RowPiece::Clock(_, _, Some(texts)) => cells.push(CellSource::Prepared(texts)),
                RowPiece::Clock(clock, hole, None) => cells.push(CellSource::Clock(*clock, hole)),
            }
            if constants.len() > from {
                match cells.last_mut() {
                    Some(CellSource::Constant(range)) => range.end = constants.len(),
                    _ => cells.push(CellSource::Constant(from..constants.len())),
                }
            }
        }
        Ok(cells)
    }
}

/// Puts what follows a decimal to it, if it is short: so much more is done at once in every row.
fn join_tails(cells: &mut Vec<CellSource<'_>>, constants: &[u8]) {
    let mut at = 1;
    while at < cells.len() {
        let (before, behind) = cells.split_at_mut(at);
        if let (Some(CellSource::Decimals(_, tail)), Some(CellSource::Constant(range))) =
            (before.last_mut(), behind.first())
            && let Some(found) = Tail::new(&constants[range.clone()])
        {
            *tail = found;
            cells.remove(at);
        }
        at += 1;
    }
}

/// The scope of header and footer.
struct WithSteps<'a> {
    scope: &'a dyn Scope,
    steps: Value,
}

impl Scope for WithSteps<'_> {
    fn get(&self, name: &str) -> Option<Scoped<'_>> {
        if name == STEPS {
            return Some(Scoped::Value(Cow::Borrowed(&self.steps)));
        }
        self.scope.get(name)
    }
}

#[cfg(test)]
mod tests;
