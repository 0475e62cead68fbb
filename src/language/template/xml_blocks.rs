//! Whether an XML document stays one however often the blocks of its template are repeated.
//!
//! The template itself is one with each block once. Here it is looked at with each of them left out, twice and more often: it
//! must be a document then, too, and every placeholder must stand in the same kind of place.

use super::block::{Block, Repeated};
use super::error::TemplateError;
use super::placeholder::Place;
use super::tag::Over;
use super::{Piece, Template};
use crate::language::xml::XmlProblem;
use crate::text::charset::Charset;

/// The numbers of repetitions to look at; in the last one, blocks of lines have a line more than is full.
const REPETITIONS: [usize; 5] = [0, 1, 2, 3, usize::MAX];

/// A text with the places of the placeholders that should be in it.
#[derive(Default)]
struct Sample {
    text: String,
    places: Vec<Place>,
}

/// Checks the parts that together are a document; an error comes with the index of its part.
pub(super) fn check(parts: &[Template], charset: Charset) -> Result<(), (usize, TemplateError)> {
    let first = parts.iter().enumerate().find_map(|(part, template)| {
        template.pieces.iter().find_map(|piece| match piece {
            Piece::Block(block) => Some((part, block)),
            _ => None,
        })
    });
    let Some((part, block)) = first else {
        return Ok(());
    };
    for repetitions in REPETITIONS {
        let mut sample = Sample::default();
        for template in parts {
            sample.add(&template.pieces, repetitions);
        }
        let read = Template::xml_parts(&[&sample.text], charset);
        let is_the_same = read.is_ok_and(|read| {
            let places = read[0].placeholders().map(|hole| hole.place);
            places.eq(sample.places)
        });
        if !is_the_same {
            let (line, column) = block.position();
            let problem = XmlProblem::Rows.into();
            return Err((
                part,
                TemplateError {
                    line,
                    column,
                    problem,
                },
            ));
        }
    }
    Ok(())
}

impl Sample {
    fn add(&mut self, pieces: &[Piece], repetitions: usize) {
        for piece in pieces {
            match piece {
                Piece::Literal(text) => self.add_text(text),
                Piece::Hole(hole) => {
                    self.text.push_str("{x}");
                    self.places.push(hole.place);
                }
                Piece::Block(block) => self.add_block(block, repetitions),
            }
        }
    }

    fn add_text(&mut self, text: &str) {
        self.text
            .push_str(&text.replace('{', "{{").replace('}', "}}"));
    }

    fn add_block(&mut self, block: &Block, repetitions: usize) {
        let lines = block.layout.lines.as_ref();
        let count = match (repetitions, &block.over) {
            (usize::MAX, _) => lines.map_or(4, |lines| lines.count + 1),
            // There is always a time step.
            (0, Over::Steps) => 1,
            (count, _) => count,
        };
        let all: Result<(), std::convert::Infallible> =
            block.layout.lay_out(count, &mut |part, _| {
                match part {
                    Repeated::Item => self.add(&block.pieces, repetitions),
                    Repeated::Before => {
                        self.add(lines.map_or(&[], |lines| &lines.before), repetitions);
                    }
                    Repeated::After => {
                        self.add(lines.map_or(&[], |lines| &lines.after), repetitions);
                    }
                    Repeated::Text(text) => self.add_text(text),
                }
                Ok(())
            });
        let Ok(()) = all;
    }
}
