//! Blocks: a part of a template that is repeated for each time step, or for each element of lists.
//!
//! How repetitions follow each other, in lines and with separators, is the same for both and stands here once. Blocks over
//! lists are also filled in here; the rows of time steps are [`crate::language::series_table`]'s business, which is made for many.

use std::borrow::Cow;

use super::error::{RenderError, RenderProblem, TemplateProblem};
use super::lines::line_end_off;
use super::placeholder::{Scope, Scoped};
use super::tag::{Opening, Over};
use super::{Piece, render_pieces};
use crate::data::value::Value;
use crate::text::charset::Charset;

/// The names that a block over lists has beside them: the place in the list, from 0 and from 1.
pub(crate) const ITEM_NAMES: [&str; 2] = ["index", "number"];

/// A part of a template that is repeated.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Block {
    pub over: Over,
    /// What is repeated.
    pub pieces: Vec<Piece>,
    pub layout: BlockLayout,
    /// As it is written, with its tags and what each of its lines repeats.
    pub source: String,
    /// Whether its tags have lines to themselves, which leave nothing behind.
    pub(super) is_of_lines: bool,
    pub(super) place: BlockPlace,
}

/// Where a block begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BlockPlace {
    pub offset: usize,
    pub line: usize,
    pub column: usize,
}

/// How the repetitions of a block follow each other.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct BlockLayout {
    /// What stands between two.
    pub separator: String,
    /// The lines that they are divided into.
    pub lines: Option<BlockLines>,
}

/// Lines of several repetitions each, of which the last one may have fewer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct BlockLines {
    /// How many go on a line.
    pub count: usize,
    /// What each line begins with.
    pub before: Vec<Piece>,
    /// What each line ends with.
    pub after: Vec<Piece>,
    /// The line end.
    pub end: &'static str,
    /// Whether the last line has one, too.
    pub ends_last: bool,
    /// Whether what each line begins and ends with is still to be taken from around the block.
    pub(super) is_open: bool,
}

/// A part of a repeated block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Repeated<'l> {
    /// What the line with this repetition in it begins with.
    Before,
    /// The repetition.
    Item,
    /// What the line with this repetition in it ends with.
    After,
    /// Text.
    Text(&'l str),
}

impl BlockLayout {
    /// Whether the repetitions follow each other without anything between them.
    pub(crate) fn is_plain(&self) -> bool {
        self.separator.is_empty() && self.lines.is_none()
    }

    /// Passes on the parts of a block that is repeated `count` times, each with the number of the repetition that it goes with.
    pub(crate) fn lay_out<E>(
        &self,
        count: usize,
        put: &mut dyn FnMut(Repeated<'_>, usize) -> Result<(), E>,
    ) -> Result<(), E> {
        for at in 0..count {
            let is_last = at + 1 == count;
            let Some(lines) = &self.lines else {
                put(Repeated::Item, at)?;
                if !is_last {
                    put(Repeated::Text(&self.separator), at)?;
                }
                continue;
            };
            if at % lines.count == 0 {
                put(Repeated::Before, at)?;
            }
            put(Repeated::Item, at)?;
            let ends_line = is_last || (at + 1) % lines.count == 0;
            if !is_last {
                let separator = match ends_line {
                    true => self.separator.trim_end(),
                    false => &self.separator,
                };
                put(Repeated::Text(separator), at)?;
            }
            if ends_line {
                put(Repeated::After, at)?;
            }
            if ends_line && (!is_last || lines.ends_last) {
                put(Repeated::Text(lines.end), at)?;
            }
        }
        Ok(())
    }
}

impl Block {
    /// A block without what each of its lines repeats.
    pub(super) fn new(
        opening: Opening,
        mut pieces: Vec<Piece>,
        is_of_lines: bool,
        source: &str,
        place: BlockPlace,
    ) -> Result<Self, TemplateProblem> {
        let lines = match opening.wrap {
            None => None,
            Some(count) => {
                let end = match is_of_lines {
                    true => line_end_off(&mut pieces),
                    false => Some("\n"),
                };
                let has_more =
                    |piece: &Piece| matches!(piece, Piece::Literal(text) if text.contains('\n'));
                let Some(end) = end.filter(|_| !pieces.iter().any(has_more)) else {
                    return Err(TemplateProblem::WrappedLines);
                };
                Some(BlockLines {
                    count,
                    before: Vec::new(),
                    after: Vec::new(),
                    end,
                    ends_last: is_of_lines,
                    is_open: !is_of_lines,
                })
            }
        };
        Ok(Self {
            over: opening.over,
            pieces,
            layout: BlockLayout {
                separator: opening.separator,
                lines,
            },
            source: source.to_owned(),
            is_of_lines,
            place,
        })
    }

    /// Line and column of its beginning, from 1.
    pub(crate) fn position(&self) -> (usize, usize) {
        (self.place.line, self.place.column)
    }

    /// What it repeats, and what each of its lines does.
    pub(crate) fn all_pieces(&self) -> impl Iterator<Item = &Piece> {
        let lines = self.layout.lines.iter();
        let around = lines.flat_map(|lines| lines.before.iter().chain(&lines.after));
        self.pieces.iter().chain(around)
    }

    /// The same, to be changed.
    pub(super) fn all_pieces_mut(&mut self) -> impl Iterator<Item = &mut Piece> {
        let lines = self.layout.lines.iter_mut();
        let around = lines.flat_map(|lines| lines.before.iter_mut().chain(&mut lines.after));
        self.pieces.iter_mut().chain(around)
    }

    /// Appends a block over lists with the elements that they have in `scope`.
    pub(crate) fn render(
        &self,
        scope: &dyn Scope,
        charset: Charset,
        out: &mut Vec<u8>,
    ) -> Result<(), RenderError> {
        let Over::Lists(names) = &self.over else {
            return Err(self.error(RenderProblem::Rows));
        };
        let mut lists = Vec::with_capacity(names.len());
        for name in names {
            match scope.get(name) {
                None => return Err(self.error(RenderProblem::UnknownName)),
                Some(Scoped::Value(value)) if matches!(*value, Value::List(_)) => {
                    lists.push((name.as_str(), value));
                }
                Some(_) => return Err(self.error(RenderProblem::NoList)),
            }
        }
        let lengths: Vec<usize> = lists.iter().map(|(_, list)| elements(list).len()).collect();
        let count = lengths.first().copied().unwrap_or(0);
        if lengths.iter().any(|length| *length != count) {
            let lengths: Vec<String> = lengths.iter().map(usize::to_string).collect();
            return Err(self.error(RenderProblem::UnequalLists(lengths.join(" and "))));
        }
        self.layout.lay_out(count, &mut |part, at| {
            let item = ItemScope {
                scope,
                lists: &lists,
                index: Value::Integer(at as i64),
                number: Value::Integer(at as i64 + 1),
                at,
            };
            let lines = self.layout.lines.as_ref();
            match part {
                Repeated::Item => render_pieces(&self.pieces, &item, charset, out),
                Repeated::Before => render_pieces(
                    lines.map_or(&[], |lines| &lines.before),
                    &item,
                    charset,
                    out,
                ),
                Repeated::After => {
                    render_pieces(lines.map_or(&[], |lines| &lines.after), &item, charset, out)
                }
                Repeated::Text(text) => {
                    out.extend_from_slice(text.as_bytes());
                    Ok(())
                }
            }
        })
    }

    fn error(&self, problem: RenderProblem) -> RenderError {
        RenderError {
            name: format!("#each {}", self.over),
            line: self.place.line,
            column: self.place.column,
            step: None,
            problem,
        }
    }
}

fn elements(list: &Value) -> &[Value] {
    match list {
        Value::List(values) => values,
        _ => &[],
    }
}

/// The scope of one repetition of a block over lists.
struct ItemScope<'a> {
    scope: &'a dyn Scope,
    lists: &'a [(&'a str, Cow<'a, Value>)],
    index: Value,
    number: Value,
    at: usize,
}

impl Scope for ItemScope<'_> {
    fn get(&self, name: &str) -> Option<Scoped<'_>> {
        let own = match name {
            "index" => Some(&self.index),
            "number" => Some(&self.number),
            _ => {
                let list = self.lists.iter().find(|(known, _)| *known == name);
                list.and_then(|(_, list)| elements(list).get(self.at))
            }
        };
        match own {
            Some(value) => Some(Scoped::Value(Cow::Borrowed(value))),
            None => self.scope.get(name),
        }
    }

    fn get_whole(&self, name: &str) -> Option<Scoped<'_>> {
        self.scope.get_whole(name)
    }
}
