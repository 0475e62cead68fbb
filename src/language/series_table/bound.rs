//! A text with rows in it, bound to its columns and its time axis: a series table, or a template with blocks for time steps.

use std::borrow::Cow;

use super::STEPS;
use super::rows::Rows;
use crate::data::time_axis::TimeAxis;
use crate::data::value::Value;
use crate::language::template::{Over, Piece, RenderError, Scope, Scoped, Template, render_pieces};
use crate::text::charset::Charset;

/// A text with rows in it, bound to its columns and its time axis; workers share one.
#[derive(Clone, Debug, PartialEq)]
pub struct BoundTable {
    pub(super) parts: Vec<BoundPart>,
    pub(super) time: TimeAxis,
    pub(super) charset: Charset,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum BoundPart {
    /// What is written once.
    Text(Vec<Piece>),
    /// What is written for each time step.
    Rows(Rows),
}

impl BoundTable {
    /// Binds the blocks of a template to the series' names and to the time axis; all other names are those of parameters.
    pub fn of_template(
        template: &Template,
        columns: &[String],
        time: &TimeAxis,
    ) -> Result<Self, RenderError> {
        let charset = template.charset();
        let mut parts = Vec::new();
        for piece in template.pieces() {
            match (piece, parts.last_mut()) {
                (Piece::Block(block), _) if block.over == Over::Steps => {
                    let rows = Rows::bind(&block.pieces, &block.layout, columns, time, charset)?;
                    parts.push(BoundPart::Rows(rows));
                }
                (piece, Some(BoundPart::Text(pieces))) => pieces.push(piece.clone()),
                (piece, _) => parts.push(BoundPart::Text(vec![piece.clone()])),
            }
        }
        Ok(Self {
            parts,
            time: time.clone(),
            charset,
        })
    }

    /// The indices of the series that the rows use, ascending, each once.
    pub fn columns_used(&self) -> Vec<usize> {
        let rows = self.parts.iter().filter_map(|part| match part {
            BoundPart::Rows(rows) => Some(rows),
            BoundPart::Text(_) => None,
        });
        let mut used: Vec<usize> = rows.flat_map(Rows::columns_used).collect();
        used.sort_unstable();
        used.dedup();
        used
    }

    /// Appends the whole text of one catchment; on an error, which comes with the index of its part, `out` is as it was.
    ///
    /// `columns[i]` is the series of the `i`-th name that the rows were bound to; those that no row uses may be
    /// empty. Panics if one that is used is missing or does not have one value per time step.
    pub fn write(
        &self,
        scope: &dyn Scope,
        columns: &[&[f64]],
        out: &mut Vec<u8>,
    ) -> Result<(), (usize, RenderError)> {
        let start = out.len();
        let with_steps = WithSteps {
            scope,
            steps: Value::Integer(self.time.len() as i64),
        };
        for (at, part) in self.parts.iter().enumerate() {
            match part {
                BoundPart::Text(pieces) => render_pieces(pieces, &with_steps, self.charset, out),
                BoundPart::Rows(rows) => rows.write(&self.time, scope, columns, out),
            }
            .map_err(|error| {
                out.truncate(start);
                (at, error)
            })?;
        }
        if !self.charset.is_utf_8() {
            let rendered = out.split_off(start);
            out.extend_from_slice(&self.charset.encode(&String::from_utf8_lossy(&rendered)));
        }
        Ok(())
    }
}

/// The scope of what is written once.
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
