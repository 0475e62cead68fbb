//! What the placeholders and blocks of a template ask for by name, each with where it stands.

use super::block::Block;
use super::placeholder::Placeholder;
use super::tag::Over;
use super::{Piece, Template};

/// Something that a template asks for by name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Use<'t> {
    /// What a placeholder has in its place.
    Value(&'t Placeholder, Within<'t>),
    /// A list that a block is repeated for.
    List {
        /// The block.
        block: &'t Block,
        /// The list's name.
        name: &'t str,
    },
}

/// Where a placeholder stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Within<'t> {
    /// Outside of blocks.
    Text,
    /// In what is repeated for each time step.
    Rows,
    /// In what is repeated for the elements of these lists, perhaps in each row.
    Lists(&'t [String]),
}

impl Template {
    /// All that it asks for, in the order of the text.
    pub(crate) fn uses(&self) -> Vec<Use<'_>> {
        let mut found = Vec::new();
        collect(&mut self.pieces.iter(), Within::Text, &mut found);
        found
    }

    /// What its blocks for time steps ask for.
    pub(crate) fn uses_in_rows(&self) -> Vec<Use<'_>> {
        let mut found = Vec::new();
        for block in self.rows() {
            collect_block(block, &mut found);
        }
        found
    }
}

pub(super) fn collect<'t>(
    pieces: &mut dyn Iterator<Item = &'t Piece>,
    within: Within<'t>,
    found: &mut Vec<Use<'t>>,
) {
    for piece in pieces {
        match piece {
            Piece::Literal(_) => {}
            Piece::Hole(hole) => found.push(Use::Value(hole, within)),
            Piece::Block(block) => collect_block(block, found),
        }
    }
}

fn collect_block<'t>(block: &'t Block, found: &mut Vec<Use<'t>>) {
    let within = match &block.over {
        Over::Steps => Within::Rows,
        Over::Lists(lists) => {
            found.extend(lists.iter().map(|name| Use::List { block, name }));
            Within::Lists(lists)
        }
    };
    collect(&mut block.all_pieces(), within, found);
}
