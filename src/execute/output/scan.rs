//! How a line of a table is divided into cells: by one separator, or by runs of blanks.
//!
//! It knows positions, not what the cells mean. A table without quotes is scanned for separators alone, all of a line at
//! once; in all others it takes a cell to know where the next one begins.

use crate::text::bitmask::{BLOCK, equal};

/// How a line is divided into cells. Positions are those of bytes in `text`; a line ends at `\n` or with the text.
pub(super) trait Scan: Copy {
    /// Where the first cell of the line at `at` starts.
    fn first(self, text: &[u8], at: usize) -> Option<usize>;
    /// Where the cell that starts at `at` ends: at a separator, a line end or the end of the text.
    fn end(self, text: &[u8], at: usize) -> usize;
    /// Where the cell behind the one that ends at `end` starts, if the line has one.
    fn next(self, text: &[u8], end: usize) -> Option<usize>;
    /// Whether a number may end here.
    fn ends_number(self, byte: u8) -> bool;
    /// The one byte that divides cells, and does nothing else where there are no quotes.
    fn separator(self) -> Option<u8>;
}

/// One separator between two cells; cells may be empty, and padded with blanks.
#[derive(Clone, Copy)]
pub(super) struct Delimiter(pub u8);

impl Scan for Delimiter {
    fn first(self, _: &[u8], at: usize) -> Option<usize> {
        Some(at)
    }

    #[inline]
    fn end(self, text: &[u8], at: usize) -> usize {
        let rest = &text[at..];
        let content = rest
            .iter()
            .take_while(|byte| is_blank(**byte) && **byte != self.0)
            .count();
        if rest.get(content) == Some(&b'"') {
            let behind = at + quote_end(rest, content);
            return behind + find_either(&text[behind..], self.0, b'\n');
        }
        at + find_either(rest, self.0, b'\n')
    }

    #[inline]
    fn next(self, text: &[u8], end: usize) -> Option<usize> {
        (text.get(end) == Some(&self.0)).then_some(end + 1)
    }

    #[inline]
    fn ends_number(self, byte: u8) -> bool {
        byte == self.0
    }

    fn separator(self) -> Option<u8> {
        Some(self.0)
    }
}

/// Runs of blanks and tabs between cells, before the first and behind the last.
#[derive(Clone, Copy)]
pub(super) struct Blanks;

impl Scan for Blanks {
    fn first(self, text: &[u8], at: usize) -> Option<usize> {
        let blanks = text[at..]
            .iter()
            .take_while(|byte| is_blank(**byte))
            .count();
        let start = at + blanks;
        text.get(start)
            .filter(|byte| **byte != b'\n')
            .map(|_| start)
    }

    #[inline]
    fn end(self, text: &[u8], at: usize) -> usize {
        if text.get(at) == Some(&b'"') {
            return quote_end(text, at);
        }
        let length = text[at..]
            .iter()
            .take_while(|byte| !is_blank(**byte) && **byte != b'\n')
            .count();
        at + length
    }

    #[inline]
    fn next(self, text: &[u8], end: usize) -> Option<usize> {
        self.first(text, end)
    }

    #[inline]
    fn ends_number(self, byte: u8) -> bool {
        is_blank(byte)
    }

    fn separator(self) -> Option<u8> {
        None
    }
}

/// Either of them, where that is known only when the table is there.
#[derive(Clone, Copy)]
pub(super) enum Division {
    Delimiter(Delimiter),
    Blanks(Blanks),
}

impl Scan for Division {
    fn first(self, text: &[u8], at: usize) -> Option<usize> {
        match self {
            Self::Delimiter(scan) => scan.first(text, at),
            Self::Blanks(scan) => scan.first(text, at),
        }
    }

    fn end(self, text: &[u8], at: usize) -> usize {
        match self {
            Self::Delimiter(scan) => scan.end(text, at),
            Self::Blanks(scan) => scan.end(text, at),
        }
    }

    fn next(self, text: &[u8], end: usize) -> Option<usize> {
        match self {
            Self::Delimiter(scan) => scan.next(text, end),
            Self::Blanks(scan) => scan.next(text, end),
        }
    }

    fn ends_number(self, byte: u8) -> bool {
        match self {
            Self::Delimiter(scan) => scan.ends_number(byte),
            Self::Blanks(scan) => scan.ends_number(byte),
        }
    }

    fn separator(self) -> Option<u8> {
        match self {
            Self::Delimiter(scan) => scan.separator(),
            Self::Blanks(scan) => scan.separator(),
        }
    }
}

/// Where the first of two bytes stands, or the length; eight bytes at a time, because most cells are short and a vector
/// search would take longer to set up than to run.
#[inline]
fn find_either(text: &[u8], a: u8, b: u8) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    // The lowest bit set marks the first byte that is zero; above it there may be false ones.
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word & (ONES << 7);
    let (words, rest) = text.as_chunks::<8>();
    for (i, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let found = zeros(word ^ (ONES * u64::from(a))) | zeros(word ^ (ONES * u64::from(b)));
        if found != 0 {
            return 8 * i + found.trailing_zeros() as usize / 8;
        }
    }
    let tail = rest
        .iter()
        .take_while(|byte| **byte != a && **byte != b)
        .count();
    8 * words.len() + tail
}

/// Where the line that begins at `at` ends; where its separators stand goes into `ends`, and its end at last, all counted
/// from its beginning.
///
/// A block of bytes becomes two words with a bit for each byte, in which the next one is found by an instruction.
#[inline]
pub(super) fn divide(text: &[u8], at: usize, separator: u8, ends: &mut Vec<u32>) -> usize {
    ends.clear();
    let mut from = at;
    loop {
        let rest = text.get(from..).unwrap_or(&[]);
        // The text's end is a line's end.
        let mut padded = [b'\n'; BLOCK];
        let block = rest.first_chunk().unwrap_or_else(|| {
            padded[..rest.len()].copy_from_slice(rest);
            &padded
        });
        let (mut separators, line_ends) = (equal(block, separator), equal(block, b'\n'));
        let before_the_end = line_ends.wrapping_sub(1) & !line_ends;
        separators &= before_the_end;
        let ahead = (from - at) as u32;
        while separators != 0 {
            ends.push(ahead + separators.trailing_zeros());
            separators &= separators - 1;
        }
        if line_ends != 0 {
            let end = from + line_ends.trailing_zeros() as usize;
            ends.push((end - at) as u32);
            return end;
        }
        from += BLOCK;
    }
}

/// `\r` counts, so that lines may end in `\r\n`.
#[inline]
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r')
}

/// Behind the quoted text that starts at `at`; without a closing quote on the line, it is an ordinary character.
fn quote_end(text: &[u8], at: usize) -> usize {
    let mut end = at + 1;
    while let Some(byte) = text.get(end).filter(|byte| **byte != b'\n') {
        end += 1;
        if *byte == b'"' {
            if text.get(end) != Some(&b'"') {
                return end;
            }
            end += 1;
        }
    }
    at + 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn lines_are_divided_where_their_separators_are(text in "(([0-9]|\t){0,200}\n?){0,5}", at in 0_usize..200) {
            let text = text.as_bytes();
            let at = at.min(text.len());
            let ends_line = |byte: &u8| *byte == b'\n';
            let line = text[at..].split(ends_line).next().expect("a line, if an empty one");
            let separators = (0..).zip(line).filter(|(_, byte)| **byte == b'\t');
            let wanted: Vec<u32> = separators.map(|(at, _)| at).chain([line.len() as u32]).collect();
            let mut ends = vec![7];
            prop_assert_eq!(divide(text, at, b'\t', &mut ends), at + line.len());
            prop_assert_eq!(ends, wanted);
        }
    }
}
