//! How a line of a table is divided into cells: by one separator, or by runs of blanks.
//!
//! It knows positions, not what the cells mean. A table without quotes is scanned for separators alone, all of a line at
//! once; in all others it takes a cell to know where the next one begins.

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

/// Where all separators of a line stand, and at last where it ends; eight bytes at a time.
#[inline]
pub(super) fn separators(line: &[u8], separator: u8, ends: &mut Vec<u32>) {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    let pattern = u64::from_le_bytes([separator; 8]);
    ends.clear();
    let (words, rest) = line.as_chunks::<8>();
    for (at, word) in (0..).step_by(8).zip(words) {
        let differs = u64::from_le_bytes(*word) ^ pattern;
        // The highest bit of every byte that is equal, and no other.
        let mut equal = !(((differs & LOW) + LOW) | differs | LOW);
        while equal != 0 {
            ends.push(at + equal.trailing_zeros() / 8);
            equal &= equal - 1;
        }
    }
    let rest = (8 * words.len()..).zip(rest);
    let equal = rest.filter(|(_, byte)| **byte == separator);
    ends.extend(equal.map(|(at, _)| at as u32));
    ends.push(line.len() as u32);
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
