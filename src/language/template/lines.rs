//! What a block with `wrap` has of the lines that it stands on.
//!
//! Its repetitions are divided into lines, and each of these begins and ends with what stands around the block on its own line.
//! That is taken out of the pieces around it here, once all of them are known.

use std::ops::Range;

use super::Piece;
use super::error::{At, TemplateProblem};

/// Takes the line end off the end of a text's pieces, if there is one.
pub(super) fn line_end_off(pieces: &mut Vec<Piece>) -> Option<&'static str> {
    let Some(Piece::Literal(text)) = pieces.last_mut() else {
        return None;
    };
    let end = ["\r\n", "\n"].into_iter().find(|end| text.ends_with(end))?;
    text.truncate(text.len() - end.len());
    if text.is_empty() {
        pieces.pop();
    }
    Some(end)
}

/// Gives the blocks with `wrap` what stands around them on their line, which each of their lines repeats.
pub(super) fn take_lines(pieces: Vec<Piece>) -> Result<Vec<Piece>, At> {
    let mut done: Vec<Piece> = Vec::with_capacity(pieces.len());
    let mut rest = pieces.into_iter();
    let mut next = rest.next();
    while let Some(piece) = next.take() {
        next = rest.next();
        let Piece::Block(mut block) = piece else {
            done.push(piece);
            continue;
        };
        if let Some(lines) = block.layout.lines.as_mut().filter(|lines| lines.is_open) {
            let beside = At {
                offset: block.place.offset,
                problem: TemplateProblem::WrappedBeside,
            };
            let Some(before) = line_off(&mut done) else {
                return Err(beside);
            };
            lines.before = before;
            lines.is_open = false;
            while let Some(piece) = next.take() {
                match piece {
                    Piece::Block(_) => return Err(beside),
                    Piece::Literal(text) if text.contains('\n') => {
                        let (line, behind) = text.split_once('\n').unwrap_or((&text, ""));
                        let (line, end) = match line.strip_suffix('\r') {
                            Some(line) => (line, "\r\n"),
                            None => (line, "\n"),
                        };
                        push_literal(&mut lines.after, line);
                        (lines.end, lines.ends_last) = (end, true);
                        next = match behind.is_empty() {
                            true => rest.next(),
                            false => Some(Piece::Literal(behind.to_owned())),
                        };
                        break;
                    }
                    other => lines.after.push(other),
                }
                next = rest.next();
            }
        }
        done.push(Piece::Block(block));
    }
    Ok(done)
}

/// Takes the line that a text's pieces end with off; `None` if there is a block in it.
fn line_off(pieces: &mut Vec<Piece>) -> Option<Vec<Piece>> {
    for at in (0..pieces.len()).rev() {
        match &mut pieces[at] {
            Piece::Block(block) => {
                let lines = block.layout.lines.as_ref();
                let ends_line = block.is_of_lines || lines.is_some_and(|lines| lines.ends_last);
                return ends_line.then(|| pieces.split_off(at + 1));
            }
            Piece::Literal(text) if text.contains('\n') => {
                let start = text.rfind('\n').map_or(0, |newline| newline + 1);
                let line = text.split_off(start);
                let mut taken = Vec::new();
                push_literal(&mut taken, &line);
                taken.extend(pieces.split_off(at + 1));
                return Some(taken);
            }
            Piece::Literal(_) | Piece::Hole(_) => {}
        }
    }
    Some(std::mem::take(pieces))
}

fn push_literal(pieces: &mut Vec<Piece>, text: &str) {
    if !text.is_empty() {
        pieces.push(Piece::Literal(text.to_owned()));
    }
}

/// Whether a tag has its line to itself: the blanks before it, and the length of what is behind it on the line. `behind` is
/// what follows the tag as far as it is known to be text.
pub(super) fn own_line(source: &str, tag: usize, behind: Range<usize>) -> Option<(usize, usize)> {
    let is_blank = |c| c == ' ' || c == '\t';
    let before = source[..tag].trim_end_matches(is_blank);
    if !(before.is_empty() || before.ends_with('\n')) {
        return None;
    }
    let (start, end) = (behind.start, behind.end);
    let text = &source[behind];
    let blanks = text.len() - text.trim_start_matches(is_blank).len();
    let line_end = ["\r\n", "\n"]
        .into_iter()
        .find(|line_end| text[blanks..].starts_with(line_end));
    let length = match line_end {
        Some(line_end) => blanks + line_end.len(),
        None if start + blanks == end && end == source.len() => blanks,
        None => return None,
    };
    Some((tag - before.len(), length))
}
