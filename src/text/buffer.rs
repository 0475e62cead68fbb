//! Text built from many short pieces, at the speed of copying words.
//!
//! A row of a series table is half a dozen pieces of a few bytes each. Copying eight or twenty-four bytes, of which only some
//! count, takes one to three instructions; copying exactly those that count takes a call, and a vector that may have to grow checks
//! that at every piece. So pieces go into a small buffer first. It knows decimals, and nothing of tables.

use crate::data::value::push_number;
use crate::text::decimal::scale;

/// The most bytes that a short piece is made of.
pub(crate) const SHORT: usize = 24;

/// The buffer. Large enough that passing it on costs nothing, small enough to stay in the cache.
const BUFFER: usize = 4096;

/// The most bytes that a decimal writes, including those that do not count.
const LONGEST: usize = 40;

/// Text of at most seven bytes that follows a number, such as a separator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tail {
    bytes: u64,
    length: usize,
}

impl Tail {
    /// `None` if the text is longer.
    pub(crate) fn new(text: &[u8]) -> Option<Self> {
        let mut bytes = [0; 8];
        bytes[..7].get_mut(..text.len())?.copy_from_slice(text);
        Some(Self {
            bytes: u64::from_le_bytes(bytes),
            length: text.len(),
        })
    }
}

/// Appends pieces to a text. What is appended is there after [`TextBuffer::finish`] or [`TextBuffer::text`].
pub(crate) struct TextBuffer<'a> {
    text: &'a mut Vec<u8>,
    buffer: [u8; BUFFER],
    /// How much of it is filled.
    filled: usize,
}

impl<'a> TextBuffer<'a> {
    /// Appends to this text.
    pub(crate) fn new(text: &'a mut Vec<u8>) -> Self {
        Self {
            text,
            buffer: [0; BUFFER],
            filled: 0,
        }
    }

    /// The text with all pieces, for more to be appended by others.
    pub(crate) fn text(&mut self) -> &mut Vec<u8> {
        self.text.extend_from_slice(&self.buffer[..self.filled]);
        self.filled = 0;
        self.text
    }

    /// Appends what is still in the buffer.
    pub(crate) fn finish(mut self) {
        self.text();
    }

    /// Appends the first `length` bytes of an array of at most [`SHORT`].
    #[inline]
    pub(crate) fn short<const N: usize>(&mut self, bytes: &[u8; N], length: usize) {
        const { assert!(N <= SHORT) };
        self.make_room();
        self.buffer[self.filled..self.filled + N].copy_from_slice(bytes);
        self.filled += length.min(N);
    }

    /// Appends a decimal, `whole` with this many `digits` after the point, as [`push_number`] would, and its tail.
    ///
    /// With at most fifteen digits, the decimal itself is the shortest text that reads back. So the `f64` need not be examined,
    /// and the text is built without a loop or a branch, several times as fast.
    #[inline]
    pub(crate) fn decimal(&mut self, whole: i32, digits: u8, tail: Tail) {
        self.make_room();
        let size = whole.unsigned_abs();
        let behind = u32::from(digits);
        if whole == 0 {
            return self.word(u64::from(b'0') | (tail.bytes << 8), 1 + tail.length);
        }
        if size >= 100_000_000 || behind > 7 {
            return self.any_decimal(whole, digits, tail);
        }
        let figures = eight(size);
        let (zeros, zeros_at_end) = (figures.trailing_zeros() / 8, figures.leading_zeros() / 8);
        // Figures before the point, all eight counted.
        let before = 8 - behind;
        if zeros > before + 4 {
            return self.any_decimal(whole, digits, tail);
        }
        let text = figures | 0x3030_3030_3030_3030;
        // The last figure before the point is there even if it is zero.
        let left_out = zeros.min(before - 1);
        self.word(u64::from(b'-'), usize::from(whole < 0));
        self.word(text >> (8 * left_out), (before - left_out) as usize);
        // At most seven figures after the point, so that there is room for it.
        let fraction = behind.saturating_sub(zeros_at_end);
        let figures = text.checked_shr(8 * before).unwrap_or(0) & ((1 << (8 * fraction)) - 1);
        let length = fraction + u32::from(fraction > 0);
        self.word((figures << 8) | u64::from(b'.'), length as usize);
        self.word(tail.bytes, tail.length);
    }

    /// The same for a number like 1e-7, or a long one.
    fn any_decimal(&mut self, whole: i32, digits: u8, tail: Tail) {
        self.number(f64::from(whole) / scale(digits), tail);
    }

    /// Appends any number, as [`push_number`] does, and its tail.
    pub(crate) fn number(&mut self, number: f64, tail: Tail) {
        push_number(self.text(), number);
        self.word(tail.bytes, tail.length);
    }

    /// Appends the first bytes of eight; there must be room.
    #[inline]
    fn word(&mut self, word: u64, length: usize) {
        self.buffer[self.filled..self.filled + 8].copy_from_slice(&word.to_le_bytes());
        self.filled += length;
    }

    #[inline]
    fn make_room(&mut self) {
        if self.filled > BUFFER - LONGEST {
            self.text();
        }
    }
}

/// The eight digits of a number below 10^8, a byte each, the first one lowest; all of them are worked on at once.
#[inline]
fn eight(number: u32) -> u64 {
    let fours = u64::from(number / 10_000) | u64::from(number % 10_000) << 32;
    let hundreds = ((fours * 10_486) >> 20) & 0x0000_007f_0000_007f;
    let twos = hundreds | (fours - 100 * hundreds) << 16;
    let tens = ((twos * 103) >> 10) & 0x000f_000f_000f_000f;
    tens | (twos - 10 * tens) << 8
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decimals(of: &[(i32, u8)], tail: &str) -> [String; 2] {
        let (mut quick, mut plain) = (b"before ".to_vec(), b"before ".to_vec());
        let mut pieces = TextBuffer::new(&mut quick);
        for (whole, digits) in of {
            pieces.decimal(*whole, *digits, Tail::new(tail.as_bytes()).expect("short"));
            push_number(
                &mut plain,
                f64::from(*whole) / 10_f64.powi((*digits).into()),
            );
            plain.extend(tail.bytes());
        }
        pieces.finish();
        [quick, plain].map(|bytes| String::from_utf8(bytes).expect("text"))
    }

    #[test]
    fn decimals_print_as_numbers_do() {
        for (whole, digits, wanted) in [
            (0, 3, "0"),
            (-165, 2, "-1.65"),
            (8_029, 6, "0.008029"),
            (1, 5, "0.00001"),
            (1, 8, "1e-8"),
            (i32::MAX, 0, "2147483647"),
            (-1_000_000_000, 8, "-10"),
            (-99_999_999, 7, "-9.9999999"),
            (12_000, 3, "12"),
        ] {
            let wanted = format!("before {wanted}; ");
            assert_eq!(decimals(&[(whole, digits)], "; "), [wanted.clone(), wanted]);
        }
        assert_eq!(Tail::new(b"12345678"), None);
    }

    proptest! {
        #[test]
        fn any_decimals_print_as_their_numbers_do(
            of in prop::collection::vec((any::<i32>(), 0..32, 0_u8..16), 0..900), tail in "[ -~]{0,7}"
        ) {
            let of: Vec<(i32, u8)> = of.iter().map(|(whole, shift, digits)| (whole >> shift, *digits)).collect();
            let [quick, plain] = decimals(&of, &tail);
            prop_assert_eq!(quick, plain);
        }

        #[test]
        fn pieces_follow_each_other(lengths in prop::collection::vec((0..SHORT, any::<bool>()), 0..900)) {
            let bytes: [u8; SHORT] = std::array::from_fn(|at| at as u8);
            let (mut quick, mut plain) = (Vec::new(), Vec::<u8>::new());
            let mut pieces = TextBuffer::new(&mut quick);
            for (length, is_long) in lengths {
                match is_long {
                    true => pieces.text().extend(&bytes[..length]),
                    false => pieces.short(&bytes, length),
                }
                plain.extend(&bytes[..length]);
            }
            pieces.finish();
            prop_assert_eq!(quick, plain);
        }
    }
}
