//! A strip of a wide table: a few rows from one mark to the next, divided into cells that are read side by side.
//!
//! In most texts each separator byte ends a cell, and all of them are found at once; where there are quotes it takes a cell to know
//! where the next one begins. It knows where cells are, not what is wrong with them.

use std::ops::Range;

use crate::import::layouts::wide::row_index::STRIDE;
use crate::import::text::cells::{end_of_cell, skip_white};
use crate::project::import_spec::CellSeparator;
use crate::text::abreast::{ABREAST, AHEAD, numbers, word};
use crate::text::bitmask::{AT_ONCE, BLOCK, equal, places};
use crate::text::short_number::PADDING;

/// Room for the places of a stride, and for those that are found with the last of them.
const ROOM: usize = STRIDE + BLOCK + AT_ONCE;

/// How many bytes of the text of a row are looked at behind its end.
pub(super) const BEHIND: usize = BLOCK;
const _: () = assert!(BEHIND >= PADDING);

/// The cells of some rows from one mark to the next.
pub(super) struct Strip {
    cells: [Cells; ABREAST],
    /// The cells of each column.
    words: [[u64; ABREAST]; STRIDE],
}

/// Where the cells of a row start and end, counted from the beginning of its text.
struct Cells {
    starts: [u32; ROOM],
    ends: [u32; ROOM],
}

/// The text of a row, or a part of it.
#[derive(Clone, Copy)]
pub(super) struct RowText<'a> {
    /// [`AHEAD`] bytes, the text, something that ends its last cell, and [`BEHIND`] bytes or more.
    pub bytes: &'a [u8],
    /// How long the text is.
    pub length: usize,
}

impl<'a> RowText<'a> {
    /// The text with what is behind it.
    pub(super) fn padded(self) -> &'a [u8] {
        &self.bytes[AHEAD..]
    }
}

impl Strip {
    /// Without cells.
    pub(super) fn new() -> Self {
        Self {
            cells: std::array::from_fn(|_| Cells {
                starts: [0; ROOM],
                ends: [0; ROOM],
            }),
            words: [[0; ABREAST]; STRIDE],
        }
    }

    /// Divides the text of a row into so many cells from `from` on.
    pub(super) fn divide(
        &mut self,
        line: usize,
        separator: CellSeparator,
        text: RowText<'_>,
        from: u32,
        count: usize,
    ) {
        let cells = &mut self.cells[line];
        if cells.plain(text, from, count, separator).is_none() {
            cells.quoted(text, from, count, separator);
        }
        let places = cells.starts.iter().zip(&cells.ends).take(count);
        for ((start, end), words) in places.zip(&mut self.words) {
            words[line] = word(text.bytes, *start, *end);
        }
    }

    /// The numbers of all rows in a column of the strip, if all of them are short and simple.
    #[inline]
    pub(super) fn numbers(&self, column: usize, point: u8) -> Option<[f64; ABREAST]> {
        numbers(&self.words[column], point)
    }

    /// Where a cell is in the text of its row.
    #[inline]
    pub(super) fn cell(&self, line: usize, column: usize) -> Range<usize> {
        let cells = &self.cells[line];
        cells.starts[column] as usize..cells.ends[column] as usize
    }
}

impl Cells {
    /// Divides a text without quotes; `None` if there are any, or too few cells.
    #[inline]
    fn plain(
        &mut self,
        text: RowText<'_>,
        from: u32,
        wanted: usize,
        separator: CellSeparator,
    ) -> Option<()> {
        match separator {
            CellSeparator::Byte(separator) => self.at_bytes(text, from, wanted, separator),
            CellSeparator::White => self.at_white(text, from, wanted),
        }
    }

    /// The same where every separator ends a cell.
    #[inline]
    fn at_bytes(
        &mut self,
        text: RowText<'_>,
        from: u32,
        wanted: usize,
        separator: u8,
    ) -> Option<()> {
        let (mut at, mut count, mut quotes) = (from, 0, 0);
        while count < wanted {
            let block = text.padded().get(at as usize..)?.first_chunk()?;
            quotes |= equal(block, b'"');
            count = places(equal(block, separator), at, &mut self.ends, count)?;
            at = at.checked_add(BLOCK as u32)?;
        }
        self.starts[0] = from;
        for (start, end) in self.starts[1..STRIDE].iter_mut().zip(&self.ends) {
            *start = end.wrapping_add(1);
        }
        (quotes == 0).then_some(())
    }

    /// The same where white space does, however much of it.
    fn at_white(&mut self, text: RowText<'_>, from: u32, wanted: usize) -> Option<()> {
        let (mut at, mut quotes) = (from, 0);
        let (mut started, mut ended) = (0, 0);
        // For each byte whether the one before it is white, as what is before the first cell may be taken to be.
        let mut before = 1;
        while ended < wanted {
            let block = text.padded().get(at as usize..)?.first_chunk()?;
            quotes |= equal(block, b'"');
            let white = equal(block, b' ') | equal(block, b'\t');
            let after_white = white << 1 | before;
            before = white >> (BLOCK - 1);
            started = places(!white & after_white, at, &mut self.starts, started)?;
            ended = places(white & !after_white, at, &mut self.ends, ended)?;
            at = at.checked_add(BLOCK as u32)?;
        }
        (quotes == 0).then_some(())
    }

    /// Divides any text, a cell after the other; behind its end they are empty.
    fn quoted(&mut self, text: RowText<'_>, from: u32, wanted: usize, separator: CellSeparator) {
        let text = &text.padded()[..text.length];
        let mut at = from as usize;
        for (start, end) in self.starts.iter_mut().zip(&mut self.ends).take(wanted) {
            at = skip_white(text, at, separator);
            let length = end_of_cell(&text[at..], separator);
            // A row whose marks do not fit into 32 bits was refused.
            (*start, *end) = (at as u32, (at + length) as u32);
            at += length + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn plain_texts_are_divided_as_any(
            cells in prop::collection::vec(prop_oneof![
                9 => "-?[0-9]{1,4}(\\.[0-9]{1,6})?",
                1 => "[-+a-zA-Z0-9.]{1,9}",
                1 => "'?[0-9]{1,4}'?|\"?[0-9]{0,2}\"?",
            ], 1..=STRIDE),
            between in prop::sample::select(vec![";", ",", "\t", " ", "\t ", "   "]),
            front in "[0-9;]{0,80}", behind in "[0-9; ]{64}",
        ) {
            let separator = match between {
                _ if between.starts_with([' ', '\t']) => CellSeparator::White,
                _ => CellSeparator::Byte(between.as_bytes()[0]),
            };
            let ending = &between[..1];
            let white = separator == CellSeparator::White;
            let full = cells.iter().all(|cell| !cell.is_empty());
            prop_assume!(full || !white);
            let text = format!("{front}{}", cells.join(between));
            let bytes = format!("01234567{text}{ending}{behind}");
            let text = RowText { bytes: bytes.as_bytes(), length: text.len() };
            let (from, count) = (front.len() as u32, cells.len());
            let mut strip = Strip::new();
            let [quick, slow, ..] = &mut strip.cells;
            slow.quoted(text, from, count, separator);
            if quick.plain(text, from, count, separator).is_some() {
                prop_assert_eq!(&quick.starts[..count], &slow.starts[..count]);
                prop_assert_eq!(&quick.ends[..count], &slow.ends[..count]);
            } else {
                prop_assert!(bytes.contains('"'));
            }
            strip.divide(3, separator, text, from, count);
            let start = strip.cell(3, 0).start;
            prop_assert_eq!(&text.padded()[start..][..cells[0].len()], cells[0].as_bytes());
        }
    }
}
