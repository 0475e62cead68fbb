//! Rows bound to their columns and their time axis, and the writing of them: the loop over every row of every catchment.
//!
//! The rows of a series table and those of a block in a template are the same here.

use std::ops::Range;

use super::clock::{Clock, Texts, push_text};
use crate::data::time_axis::TimeAxis;
use crate::data::value::push_number;
use crate::language::template::{
    BlockLayout, Piece, Placeholder, RenderError, RenderProblem, Repeated, Scope, Wanted,
    render_pieces,
};
use crate::text::buffer::{SHORT, Tail, TextBuffer};
use crate::text::charset::Charset;
use crate::text::decimal::{self, Decimals, GAP};

/// A part of a row.
#[derive(Clone, Debug, PartialEq)]
enum RowPiece {
    Literal(String),
    /// What is the same in all rows of a catchment: a parameter, or a block over lists.
    Constant(Piece),
    /// The series with this index.
    Column(usize, Placeholder),
    Clock(Clock, Placeholder, Option<Texts>),
}

/// Rows bound to their columns and their time axis.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rows {
    pieces: Vec<RowPiece>,
    layout: BlockLayout,
    /// What the lines of several rows begin and end with.
    before: Vec<RowPiece>,
    after: Vec<RowPiece>,
    charset: Charset,
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

/// What the rows of one catchment are written from.
struct RowWriter<'a> {
    time: &'a TimeAxis,
    charset: Charset,
    /// The texts that are the same in every row, then [`SHORT`] more bytes.
    constants: Vec<u8>,
}

impl Rows {
    /// Binds what is repeated in this layout to the series' names and to the time axis; all other names are those of parameters.
    pub(super) fn bind(
        pieces: &[Piece],
        layout: &BlockLayout,
        columns: &[String],
        time: &TimeAxis,
        charset: Charset,
    ) -> Result<Self, RenderError> {
        let bind = |pieces: &[Piece]| bind(pieces, columns, time, charset);
        let lines = layout.lines.as_ref();
        Ok(Self {
            pieces: bind(pieces)?,
            before: bind(lines.map_or(&[], |lines| &lines.before))?,
            after: bind(lines.map_or(&[], |lines| &lines.after))?,
            layout: layout.clone(),
            charset,
        })
    }

    /// The indices of the series that the rows use; some may come more than once.
    pub(super) fn columns_used(&self) -> impl Iterator<Item = usize> {
        let all = self.pieces.iter().chain(&self.before).chain(&self.after);
        all.filter_map(|piece| match piece {
            RowPiece::Column(index, _) => Some(*index),
            _ => None,
        })
    }

    /// Appends all rows of one catchment, in UTF-8.
    pub(super) fn write(
        &self,
        time: &TimeAxis,
        scope: &dyn Scope,
        columns: &[&[f64]],
        out: &mut Vec<u8>,
    ) -> Result<(), RenderError> {
        let mut writer = RowWriter {
            time,
            charset: self.charset,
            constants: Vec::new(),
        };
        let row = writer.cells(&self.pieces, scope, columns)?;
        let before = writer.cells(&self.before, scope, columns)?;
        let after = writer.cells(&self.after, scope, columns)?;
        writer.constants.extend([0; SHORT]);
        let mut text = TextBuffer::new(out);
        if self.layout.is_plain() {
            for step in 0..time.len() {
                writer.write(&row, step, &mut text)?;
            }
        } else {
            self.layout
                .lay_out(time.len(), &mut |part, step| match part {
                    Repeated::Item => writer.write(&row, step, &mut text),
                    Repeated::Before => writer.write(&before, step, &mut text),
                    Repeated::After => writer.write(&after, step, &mut text),
                    Repeated::Text(between) => {
                        text.text().extend_from_slice(between.as_bytes());
                        Ok(())
                    }
                })?;
        }
        text.finish();
        Ok(())
    }
}

fn bind(
    pieces: &[Piece],
    columns: &[String],
    time: &TimeAxis,
    charset: Charset,
) -> Result<Vec<RowPiece>, RenderError> {
    let mut bound = Vec::new();
    for piece in pieces {
        if let (Piece::Literal(literal), Some(RowPiece::Clock(_, _, Some(texts)))) =
            (piece, bound.last_mut())
            && texts.append(literal)
        {
            continue;
        }
        let hole = match piece {
            Piece::Literal(literal) => {
                bound.push(RowPiece::Literal(literal.clone()));
                continue;
            }
            Piece::Hole(hole) if hole.wanted == Wanted::Value => hole,
            Piece::Hole(_) | Piece::Block(_) => {
                bound.push(RowPiece::Constant(piece.clone()));
                continue;
            }
        };
        let column = columns.iter().position(|column| *column == hole.name);
        bound.push(match (Clock::named(&hole.name), column) {
            (Some(clock), _) => {
                let texts = Texts::prepare(clock, hole, time, charset)?;
                RowPiece::Clock(clock, hole.clone(), texts)
            }
            (None, Some(column)) => RowPiece::Column(column, hole.clone()),
            (None, None) => RowPiece::Constant(piece.clone()),
        });
    }
    Ok(bound)
}

impl RowWriter<'_> {
    /// Appends one row.
    #[inline]
    fn write(
        &self,
        cells: &[CellSource<'_>],
        step: usize,
        text: &mut TextBuffer<'_>,
    ) -> Result<(), RenderError> {
        for cell in cells {
            match cell {
                CellSource::Constant(range) => {
                    push_text(&self.constants, range.clone(), text);
                }
                CellSource::Prepared(texts) => texts.push(step, text),
                CellSource::Decimals(Decimals { digits, whole }, tail) => match whole[step] {
                    GAP => text.number(f64::NAN, *tail),
                    whole => text.decimal(whole, *digits, *tail),
                },
                CellSource::Series(series, hole) => match &hole.format {
                    None => push_number(text.text(), series[step]),
                    Some(format) => {
                        let out = text.text();
                        let start = out.len();
                        format
                            .push_number(series[step], out)
                            .map_err(|misfit| hole.error(RenderProblem::Misfit(misfit)))
                            .and_then(|()| hole.finish(start, self.charset, out))
                            .map_err(|error| error.at_step(step))?;
                    }
                },
                CellSource::Clock(clock, hole) => {
                    clock.push(hole, self.time, step, self.charset, text.text())?;
                }
            }
        }
        Ok(())
    }

    /// The cells of a row for one catchment: what is the same in all rows is rendered, and neighbouring constants become one.
    fn cells<'a>(
        &mut self,
        pieces: &'a [RowPiece],
        scope: &dyn Scope,
        columns: &[&'a [f64]],
    ) -> Result<Vec<CellSource<'a>>, RenderError> {
        let mut cells = Vec::with_capacity(pieces.len());
        let constants = &mut self.constants;
        for piece in pieces {
            let from = constants.len();
            match piece {
                RowPiece::Literal(literal) => constants.extend_from_slice(literal.as_bytes()),
                RowPiece::Constant(piece) => {
                    let piece = std::slice::from_ref(piece);
                    render_pieces(piece, scope, self.charset, constants)?;
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
        join_tails(&mut cells, constants);
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
