//! A series table bound to its columns and its time axis, and the writing of it: the loop over every row of every catchment.

use std::borrow::Cow;
use std::ops::Range;

use super::clock::{Clock, Texts, push_text};
use super::{InPart, RowPart, STEPS};
use crate::data::time_axis::TimeAxis;
use crate::data::value::{Value, push_number};
use crate::language::template::{Placeholder, RenderError, RenderProblem, Scope, Scoped, Template};
use crate::text::buffer::{SHORT, Tail, TextBuffer};
use crate::text::charset::Charset;
use crate::text::decimal::{self, Decimals, GAP};

#[derive(Clone, Debug, PartialEq)]
pub(super) enum RowPiece {
    Literal(String),
    Parameter(Placeholder),
    /// The series with this index.
    Column(usize, Placeholder),
    Clock(Clock, Placeholder, Option<Texts>),
}

/// A series table bound to its columns and its time axis; workers share one.
#[derive(Clone, Debug, PartialEq)]
pub struct BoundTable {
    pub(super) header: Template,
    pub(super) pieces: Vec<RowPiece>,
    pub(super) footer: Template,
    pub(super) time: TimeAxis,
}

/// What a row piece is for one catchment.
enum CellSource<'a> {
    /// The same text in every row, as a range of the constants.
    Constant(Range<usize>),
    /// Decimals, with the short constant text that follows them, if there is one.
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
    /// `columns[i]` is the series of the `i`-th name given to [`super::SeriesTable::bind`]; those that no row uses may be
    /// empty. Panics if one that is used is missing or does not have one value per time step.
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

    /// The cells of a row for one catchment: what is the same in all rows is rendered, and neighbouring constants become one.
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

/// Joins each decimal with the text that follows it, if that is short, so that every row has fewer cells.
fn join_tails(cells: &mut Vec<CellSource<'_>>, constants: &[u8]) {
    let mut at = 1;
    while at < cells.len() {
        let (before, after) = cells.split_at_mut(at);
        if let (Some(CellSource::Decimals(_, tail)), Some(CellSource::Constant(range))) =
            (before.last_mut(), after.first())
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
