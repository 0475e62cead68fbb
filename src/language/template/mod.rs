//! Templates: text with placeholders, and the rendering of them.
//!
//! A placeholder is `{name}`, `{name:format}` or `{name[0]}`; a block, `{#each step}` to `{/each}`, is repeated. `{{` and `}}` are
//! literal braces, and every other brace is an error with its line and column, because a forgotten brace in a simulator's input
//! file is expensive to find later. Everything else is passed on byte for byte, in its encoding. Values come from a [`Scope`];
//! [`crate::language::format`] knows formats, [`crate::language::xml`] the rules of XML and [`crate::text::charset`] encodings.
//!
//! The templates of PEST and of Dakota become the same pieces: see `pest.rs` and `dakota.rs`.

mod block;
mod builder;
mod dakota;
mod error;
mod expression;
mod lines;
mod pest;
mod placeholder;
mod refill;
mod tag;
mod uses;
mod xml_blocks;

pub(crate) use self::block::{Block, BlockLayout, ITEM_NAMES, Repeated};
use self::builder::TemplateBuilder;
use self::error::At;
pub use self::error::{RenderError, RenderProblem, TemplateError, TemplateProblem};
pub(crate) use self::pest::begins_as_pest;
pub(crate) use self::placeholder::{Place, Wanted};
pub use self::placeholder::{Placeholder, Scope, Scoped};
pub(crate) use self::refill::Filled;
pub(crate) use self::tag::Over;
pub(crate) use self::uses::{Use, Within};
use crate::language::format::Format;
use crate::language::xml::{self, XmlProblem};
use crate::text::charset::Charset;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Piece {
    Literal(String),
    Hole(Placeholder),
    Block(Block),
}

/// The programs whose templates are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplateStyle {
    /// rerunoff's own.
    Own,
    /// PEST's, with cells between delimiters.
    Pest,
    /// Dakota's, with expressions in braces.
    Dakota,
}

/// A template, parsed once and rendered for every catchment.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    source: String,
    charset: Charset,
    pieces: Vec<Piece>,
    unfilled: Vec<Placeholder>,
    is_xml: bool,
    keeps_widths: bool,
}

impl Template {
    /// Parses a template of plain text.
    pub fn text(source: &str) -> Result<Self, TemplateError> {
        Self::text_in(source, Charset::UTF_8)
    }

    /// Parses an XML template: placeholders count everywhere except in comments, and no value can break the rendered
    /// document.
    pub fn xml(source: &str) -> Result<Self, TemplateError> {
        Self::xml_in(source, Charset::UTF_8)
    }

    /// Parses the bytes of a plain text in this encoding; it is rendered in the same.
    pub fn text_of_bytes(bytes: &[u8], charset: Charset) -> Result<Self, TemplateError> {
        Self::in_style_of_bytes(TemplateStyle::Own, bytes, charset)
    }

    /// Parses the bytes of a plain text in this style and encoding; it is rendered in the same encoding.
    pub fn in_style_of_bytes(
        style: TemplateStyle,
        bytes: &[u8],
        charset: Charset,
    ) -> Result<Self, TemplateError> {
        let source = charset.decode(bytes).map_err(|fault| {
            let problem = TemplateProblem::NoText {
                byte: fault.byte,
                charset,
            };
            At {
                offset: fault.before.len(),
                problem,
            }
            .in_source(&fault.before)
        })?;
        match style {
            TemplateStyle::Own => Self::text_in(&source, charset),
            TemplateStyle::Pest => pest::parse(&source, charset),
            TemplateStyle::Dakota => dakota::parse(&source, charset),
        }
    }

    /// Parses the bytes of an XML document in the encoding that it declares; it is rendered in the same.
    pub fn xml_of_bytes(bytes: &[u8]) -> Result<Self, TemplateError> {
        let (source, charset) = xml::decode(bytes).map_err(|(before, problem)| {
            let offset = before.len();
            let problem = problem.into();
            At { offset, problem }.in_source(&before)
        })?;
        Self::xml_in(&source, charset)
    }

    /// Parses header, row and footer of an XML document in which the row is repeated; each has whole lines. Errors come
    /// with the index of their part.
    pub(crate) fn xml_table(parts: [&str; 3]) -> Result<[Self; 3], (usize, TemplateError)> {
        let [header, row, footer] = parts;
        Self::xml_parts(&parts, Charset::UTF_8)?;
        // A second row shows what a row leaves open.
        let two = Self::xml_parts(&[header, row, row, footer], Charset::UTF_8)
            .map_err(|(part, error)| ([0, 1, 1, 2][part], error))?;
        xml_blocks::check(&two, Charset::UTF_8)
            .map_err(|(part, error)| ([0, 1, 1, 2][part], error))?;
        match <[Self; 4]>::try_from(two) {
            Ok([header, first, row, footer]) if first.pieces == row.pieces => {
                Ok([header, row, footer])
            }
            _ => {
                let (line, column, problem) = (1, 1, XmlProblem::Rows.into());
                Err((
                    1,
                    TemplateError {
                        line,
                        column,
                        problem,
                    },
                ))
            }
        }
    }

    /// A plain text of these pieces.
    fn of_pieces(source: &str, charset: Charset, pieces: Vec<Piece>) -> Self {
        Self {
            source: source.to_owned(),
            charset,
            pieces,
            unfilled: Vec::new(),
            is_xml: false,
            keeps_widths: false,
        }
    }

    fn text_in(source: &str, charset: Charset) -> Result<Self, TemplateError> {
        let mut builder = TemplateBuilder::new(source, &[source], charset);
        builder
            .scan(0..source.len(), Place::Plain)
            .map_err(|at| at.in_source(source))?;
        let mut parts = builder.finish().map_err(|at| at.in_source(source))?;
        Ok(parts.remove(0))
    }

    fn xml_in(source: &str, charset: Charset) -> Result<Self, TemplateError> {
        let mut parts = Self::xml_parts(&[source], charset).map_err(|(_, error)| error)?;
        xml_blocks::check(&parts, charset).map_err(|(_, error)| error)?;
        Ok(parts.remove(0))
    }

    fn xml_parts(parts: &[&str], charset: Charset) -> Result<Vec<Self>, (usize, TemplateError)> {
        let whole = parts.concat();
        let mut builder = TemplateBuilder::new(&whole, parts, charset);
        let mut take = |span, part| builder.xml(span, part);
        xml::read(&whole, charset, &mut take).map_err(|at: At| at.in_parts(parts))?;
        let mut templates = builder.finish().map_err(|at| at.in_parts(parts))?;
        for template in &mut templates {
            template.is_xml = true;
        }
        Ok(templates)
    }

    /// The same with the rule that no value exceeds the width of its format.
    pub fn keeping_widths(mut self) -> Self {
        keep_widths(&mut self.pieces.iter_mut());
        self.keeps_widths = true;
        self
    }

    /// The placeholders in the order of the text, those of blocks included; a name may come more than once.
    pub fn placeholders(&self) -> impl Iterator<Item = &Placeholder> {
        self.uses().into_iter().filter_map(|found| match found {
            Use::Value(placeholder, _) => Some(placeholder),
            Use::List { .. } => None,
        })
    }

    /// Whether it has blocks.
    pub fn has_blocks(&self) -> bool {
        self.pieces
            .iter()
            .any(|piece| matches!(piece, Piece::Block(_)))
    }

    /// What is wrong with it as a text that has no blocks for time steps.
    pub fn rows_are_misplaced(&self) -> Option<TemplateError> {
        self.rows().next().map(|block| {
            let (line, column) = block.position();
            let problem = TemplateProblem::Rows;
            TemplateError {
                line,
                column,
                problem,
            }
        })
    }

    /// Whether it has blocks that are repeated for each time step.
    pub fn has_rows(&self) -> bool {
        self.rows().next().is_some()
    }

    /// The blocks that are repeated for each time step.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &Block> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Block(block) if block.over == Over::Steps => Some(block),
            _ => None,
        })
    }

    /// Appends what stands around the blocks for time steps, each text behind its length: what determines the rendered file
    /// beside these blocks, the time steps, the series and the parameters in the blocks.
    pub(crate) fn render_around_rows(
        &self,
        scope: &dyn Scope,
        out: &mut Vec<u8>,
    ) -> Result<(), RenderError> {
        let is_rows =
            |piece: &Piece| matches!(piece, Piece::Block(block) if block.over == Over::Steps);
        for pieces in self.pieces.split(is_rows) {
            let mut text = Vec::new();
            render_pieces(pieces, scope, self.charset, &mut text)?;
            out.extend_from_slice(&(text.len() as u64).to_le_bytes());
            out.extend_from_slice(&text);
        }
        Ok(())
    }

    /// How its values become text beside their formats: the encoding, whether it is XML, whether widths are kept.
    pub(crate) fn rules(&self) -> String {
        format!("{} {} {}", self.charset, self.is_xml, self.keeps_widths)
    }

    /// The encoding that it is rendered in.
    pub(crate) fn charset(&self) -> Charset {
        self.charset
    }

    /// Whether it has placeholders that are filled in without escaping.
    pub fn is_plain(&self) -> bool {
        self.placeholders().any(|hole| hole.place == Place::Plain)
    }

    /// What looks like placeholders in XML comments, where nothing is filled in.
    pub fn unfilled(&self) -> impl Iterator<Item = &Placeholder> {
        self.unfilled.iter()
    }

    /// Appends the text with the values of `scope` filled in; on an error `out` is as it was.
    pub fn render(&self, scope: &dyn Scope, out: &mut Vec<u8>) -> Result<(), RenderError> {
        let start = out.len();
        render_pieces(&self.pieces, scope, self.charset, out)
            .inspect_err(|_| out.truncate(start))?;
        if !self.charset.is_utf_8() {
            let rendered = out.split_off(start);
            out.extend_from_slice(&self.charset.encode(&String::from_utf8_lossy(&rendered)));
        }
        Ok(())
    }

    /// The template as written.
    pub fn source(&self) -> &str {
        &self.source
    }

    pub(crate) fn pieces(&self) -> &[Piece] {
        &self.pieces
    }
}

/// Appends pieces with the values of `scope` filled in, in UTF-8; an error if the encoding lacks a character of a value.
pub(crate) fn render_pieces(
    pieces: &[Piece],
    scope: &dyn Scope,
    charset: Charset,
    out: &mut Vec<u8>,
) -> Result<(), RenderError> {
    for piece in pieces {
        match piece {
            Piece::Literal(literal) => out.extend_from_slice(literal.as_bytes()),
            Piece::Hole(placeholder) => placeholder.render(scope, charset, out)?,
            Piece::Block(block) => block.render(scope, charset, out)?,
        }
    }
    Ok(())
}

/// Moves the text before the next piece, if there is any, to the pieces.
fn end_literal(literal: &mut String, pieces: &mut Vec<Piece>) {
    if !literal.is_empty() {
        pieces.push(Piece::Literal(std::mem::take(literal)));
    }
}

fn keep_widths(pieces: &mut dyn Iterator<Item = &mut Piece>) {
    for piece in pieces {
        match piece {
            Piece::Literal(_) => {}
            Piece::Hole(hole) => hole.width = hole.format.as_ref().and_then(Format::width),
            Piece::Block(block) => keep_widths(&mut block.all_pieces_mut()),
        }
    }
}

#[cfg(test)]
mod tests;
