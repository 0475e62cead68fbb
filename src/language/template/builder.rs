//! Divides the text of a template into its pieces: literal text, placeholders and blocks.
//!
//! The caller decides which parts of a text may hold placeholders, and passes all parts in order. A block may begin in one and end
//! in another.

use std::collections::VecDeque;
use std::ops::Range;

use super::block::{Block, BlockPlace};
use super::error::{At, TemplateProblem};
use super::lines::{own_line, take_lines};
use super::placeholder::{Place, Placeholder};
use super::tag::{self, Opening, Over};
use super::{Piece, Template, end_literal};
use crate::language::xml::{self, Part, XmlProblem};
use crate::text::charset::Charset;

/// Collects the pieces of a template, or of the parts of one text, which must be passed in order.
pub(crate) struct TemplateBuilder<'s> {
    source: &'s str,
    charset: Charset,
    /// Where the present part begins, and where it and the following ones end.
    start: usize,
    ends: VecDeque<usize>,
    done: Vec<Template>,
    pieces: Vec<Piece>,
    literal: String,
    unfilled: Vec<Placeholder>,
    /// The blocks that are open, the outermost first.
    open: Vec<OpenBlock>,
    /// The first block that is not as it should be.
    fault: Option<At>,
    /// How far lines have been counted: byte, line, start of the line.
    counted: (usize, usize, usize),
}

/// A block whose end has not come yet.
struct OpenBlock {
    opening: Opening,
    place: BlockPlace,
    /// Where its tag begins in the source.
    offset: usize,
    has_own_line: bool,
    /// The pieces before it.
    outside: Vec<Piece>,
}

impl<'s> TemplateBuilder<'s> {
    /// The `parts` together are the source. Each but the last ends with a line end or is empty.
    pub(super) fn new(source: &'s str, parts: &[&str], charset: Charset) -> Self {
        let mut end = 0;
        let ends = parts.iter().map(|part| {
            end += part.len();
            end
        });
        Self {
            source,
            charset,
            start: 0,
            ends: ends.collect(),
            done: Vec::new(),
            pieces: Vec::new(),
            literal: String::new(),
            unfilled: Vec::new(),
            open: Vec::new(),
            fault: None,
            counted: (0, 1, 0),
        }
    }

    /// A template for each part.
    pub(super) fn finish(mut self) -> Result<Vec<Template>, At> {
        while let Some(end) = self.ends.pop_front() {
            self.end_part(end);
        }
        match self.fault {
            Some(fault) => Err(fault),
            None => Ok(self.done),
        }
    }

    fn end_part(&mut self, end: usize) {
        self.end_literal();
        if let Some(open) = self.open.drain(..).next() {
            let problem = TemplateProblem::OpenBlock(open.opening.over.to_string());
            let offset = open.offset;
            self.fault.get_or_insert(At { offset, problem });
        }
        let pieces = take_lines(std::mem::take(&mut self.pieces)).unwrap_or_else(|mut fault| {
            fault.offset += self.start;
            self.fault.get_or_insert(fault);
            Vec::new()
        });
        let source = &self.source[self.start..end];
        self.done.push(Template {
            unfilled: std::mem::take(&mut self.unfilled),
            ..Template::of_pieces(source, self.charset, pieces)
        });
        self.start = end;
        self.counted = (end, 1, end);
    }

    fn end_literal(&mut self) {
        end_literal(&mut self.literal, &mut self.pieces);
    }

    /// Adds a span of the source as it stands.
    pub(super) fn verbatim(&mut self, mut span: Range<usize>) {
        while let Some(end) = self.ends.pop_front_if(|end| *end <= span.end) {
            self.literal.push_str(&self.source[span.start..end]);
            self.end_part(end);
            span.start = end;
        }
        self.literal.push_str(&self.source[span]);
    }

    /// Adds a span of the source as it stands, and remembers what looks like placeholders in it.
    pub(super) fn pass_over(&mut self, span: Range<usize>) {
        let mut at = span.start;
        while let Some(found) = self.source[at..span.end].find('{') {
            at += found;
            match self.placeholder(at..span.end, Place::Plain) {
                Ok((placeholder, length)) => {
                    self.unfilled.push(placeholder);
                    at += length;
                }
                Err(_) if self.source[at..span.end].starts_with("{{") => at += 2,
                Err(_) => at += 1,
            }
        }
        self.verbatim(span);
    }

    /// Adds a span of the source that may hold placeholders.
    pub(super) fn scan(&mut self, span: Range<usize>, place: Place) -> Result<(), At> {
        let (mut at, end) = (span.start, span.end);
        while let Some(found) = memchr::memchr2(b'{', b'}', &self.source.as_bytes()[at..end]) {
            self.push_literal(at..at + found, place);
            at += found;
            let rest = &self.source[at..end];
            if rest.starts_with("{{") || rest.starts_with("}}") {
                self.literal.push_str(&rest[..1]);
                at += 2;
            } else if rest.starts_with('}') {
                return Err(At {
                    offset: at,
                    problem: TemplateProblem::Closing,
                });
            } else if rest.starts_with("{#") || rest.starts_with("{/") {
                at += self.tag(at..end).map_err(|problem| At {
                    offset: at,
                    problem,
                })?;
            } else {
                let (placeholder, length) =
                    self.placeholder(at..end, place).map_err(|problem| At {
                        offset: at,
                        problem,
                    })?;
                self.end_literal();
                self.pieces.push(Piece::Hole(placeholder));
                at += length;
            }
        }
        self.push_literal(at..end, place);
        Ok(())
    }

    /// Adds a span of a source that is an XML document.
    pub(super) fn xml(&mut self, span: Range<usize>, part: Part) -> Result<(), At> {
        let place = match part {
            Part::Markup => {
                self.verbatim(span);
                return Ok(());
            }
            Part::Comment => {
                self.pass_over(span);
                return Ok(());
            }
            Part::Content(place) => place,
        };
        let (source, end) = (self.source, span.end);
        self.scan(span, Place::Xml(place)).map_err(|found| {
            let (offset, problem) = match (place.of_code(), &found.problem) {
                (Some(code), problem) => {
                    (found.offset, XmlProblem::Brace(code, problem.to_string()))
                }
                // `{k:<8}` ends for a reader where the tag begins.
                (None, TemplateProblem::Unclosed(_))
                    if place == xml::XmlPlace::Text && source[end..].starts_with('<') =>
                {
                    (end, XmlProblem::LessThan)
                }
                (None, _) => return found,
            };
            let problem = problem.into();
            At { offset, problem }
        })
    }

    /// Takes the tag of a block at the start of a span of the source; returns its length, with that of the rest of its line if it
    /// has the line to itself.
    fn tag(&mut self, span: Range<usize>) -> Result<usize, TemplateProblem> {
        let (source, offset) = (self.source, span.start);
        let rest = &source[span.clone()];
        let opening = match rest.starts_with("{#") {
            true => Some(tag::opening(rest)?),
            false => None,
        };
        let length = match &opening {
            Some((_, length)) => *length,
            None if rest.starts_with(tag::END) => tag::END.len(),
            None => return Err(TemplateProblem::BlockEnd),
        };
        let behind = own_line(source, offset, span.start + length..span.end);
        if let Some((blanks, _)) = behind {
            let kept = self.literal.len().saturating_sub(blanks);
            self.literal.truncate(kept);
        }
        self.end_literal();
        let has_own_line = behind.is_some();
        match opening {
            Some((opening, _)) => {
                let may_stand_here = match self.open.as_slice() {
                    [] => true,
                    [outer] => outer.opening.over == Over::Steps && opening.over != Over::Steps,
                    _ => false,
                };
                if !may_stand_here {
                    return Err(TemplateProblem::BlockInBlock);
                }
                let (line, column) = self.position(offset);
                let place = BlockPlace {
                    offset: offset - self.start,
                    line,
                    column,
                };
                self.open.push(OpenBlock {
                    opening,
                    place,
                    offset,
                    has_own_line,
                    outside: std::mem::take(&mut self.pieces),
                });
            }
            None => {
                let open = self.open.pop().ok_or(TemplateProblem::NoBlock)?;
                let inside = std::mem::replace(&mut self.pieces, open.outside);
                let inside = take_lines(inside).map_err(|fault| fault.problem)?;
                let is_of_lines = open.has_own_line && has_own_line;
                let mut written = open.offset..offset + length;
                if open.opening.wrap.is_some() && !is_of_lines {
                    // Each of its lines repeats what stands around it.
                    let before = source[..written.start].rfind('\n');
                    written.start = before.map_or(0, |newline| newline + 1);
                    let behind = source[written.end..].find('\n');
                    written.end = behind.map_or(source.len(), |newline| written.end + newline);
                }
                let block = Block::new(
                    open.opening,
                    inside,
                    is_of_lines,
                    &source[written],
                    open.place,
                )?;
                self.pieces.push(Piece::Block(block));
            }
        }
        Ok(length + behind.map_or(0, |(_, behind)| behind))
    }

    /// The placeholder at the start of a span of the source, and its length.
    fn placeholder(
        &mut self,
        span: Range<usize>,
        place: Place,
    ) -> Result<(Placeholder, usize), TemplateProblem> {
        let source = self.source;
        let (name, wanted, format, length) = tag::placeholder(&source[span.clone()], place)?;
        let (line, column) = self.position(span.start);
        let placeholder = Placeholder {
            name: name.to_owned(),
            format,
            line,
            column,
            place,
            wanted,
            width: None,
        };
        Ok((placeholder, length))
    }

    /// A literal `>` that a value could complete to `]]>`, which is forbidden in XML text, becomes a reference.
    fn push_literal(&mut self, mut span: Range<usize>, place: Place) {
        let text = &self.source[span.clone()];
        // At the start of a block, the repetition before is what comes before.
        let after_hole = self.literal.is_empty()
            && match self.pieces.last() {
                None => !self.open.is_empty(),
                Some(Piece::Hole(_) | Piece::Block(_)) => true,
                Some(Piece::Literal(_)) => false,
            };
        if place == Place::Xml(xml::XmlPlace::Text) && after_hole {
            let brackets = text.len() - text.trim_start_matches(']').len();
            if brackets < 2 && text[brackets..].starts_with('>') {
                self.literal.push_str(&text[..brackets]);
                self.literal.push_str("&gt;");
                span.start += brackets + 1;
            }
        }
        self.verbatim(span);
    }

    /// Line and column of a byte, which is not before that of the last call.
    fn position(&mut self, offset: usize) -> (usize, usize) {
        let (from, mut line, mut line_start) = self.counted;
        for newline in memchr::memchr_iter(b'\n', &self.source.as_bytes()[from..offset]) {
            (line, line_start) = (line + 1, from + newline + 1);
        }
        self.counted = (offset, line, line_start);
        (line, self.source[line_start..offset].chars().count() + 1)
    }
}
