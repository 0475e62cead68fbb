//! Eight short plain numbers, such as `12.34`, read side by side.
//!
//! They are what [`short_number`](crate::text::short_number) reads one at a time, in eight bytes or fewer. Where the cells end is
//! known, so that no step waits for another, and nothing branches: the processor's vector units do most of it for two or
//! more cells at once. What is longer or written otherwise is left to other readers.

use wide::{i16x8, i32x8, u8x16, u16x8, u64x2};

/// How many cells are read.
pub(crate) const ABREAST: usize = 8;

/// How many bytes there are in front of the text that [`word`] looks at.
pub(crate) const AHEAD: usize = 8;

/// What is in a word where its cell is not: a byte that no cell has, so that none is taken for it.
const NOTHING: u8 = b'\n';

/// By the length of a cell, what is left of the eight bytes before its end, and what takes the place of the others.
const OF_LENGTH: [(u64, u64); 10] = {
    let nothing = u64::from_le_bytes([NOTHING; 8]);
    let mut masks = [(0, nothing); 10];
    let mut length = 1;
    while length <= 8 {
        let mask = u64::MAX << (64 - 8 * length);
        masks[length] = (mask, nothing & !mask);
        length += 1;
    }
    masks
};

/// The power of ten that the number is too large by whose point is the lowest bit of eight, with a zero at its end.
const POWERS: [f64; 256] = {
    let mut powers = [1.0; 256];
    let mut points = 1_usize;
    while points < 256 {
        let mut decimals = points.trailing_zeros();
        while decimals < 8 {
            powers[points] *= 10.0;
            decimals += 1;
        }
        points += 1;
    }
    powers
};

/// A cell of a text in front of which there are [`AHEAD`] bytes: its last byte is the highest, and [`NOTHING`] is before the first.
/// There is nothing else in it if the cell is empty or longer than a word.
#[inline]
pub(crate) fn word(text: &[u8], start: u32, end: u32) -> u64 {
    let bytes = text.get(end as usize..).and_then(<[u8]>::first_chunk);
    let (mask, nothing) = OF_LENGTH[end.wrapping_sub(start).min(9) as usize];
    u64::from_le_bytes(*bytes.unwrap_or(&[NOTHING; 8])) & mask | nothing
}

/// The numbers that these words are, if all of them are digits and no more than a sign before and a point between them.
///
/// Some numbers that others read, such as `5.`, are refused here, because reading them takes more steps.
#[inline]
pub(crate) fn numbers(words: &[u64; ABREAST], point: u8) -> Option<[f64; ABREAST]> {
    let [nothing, zero, nine, minus] = [NOTHING, b'0', 9, b'-'].map(u8x16::splat);
    let point = u8x16::splat(point ^ b'0');
    let [one, sign] = [1, 1 << 63].map(u64x2::splat);
    let [lowest, highest] = [0xff, 0xff << 56].map(u64x2::splat);
    let (mut wrong, mut most) = (u64x2::ZERO, u8x16::ZERO);
    let mut signs = [[0; 2]; ABREAST / 2];
    let mut points_of = [0; ABREAST / 2];
    let mut fours = [[0; 4]; ABREAST / 2];
    for (two, words) in words.as_chunks::<2>().0.iter().enumerate() {
        let text = bytes(u64x2::new(*words));
        let none = twice(text.simd_eq(nothing));
        let negative = twice(text.simd_eq(minus));
        let no_digit = none | negative;
        // Digits are their values from here on, and all else is more than nine.
        let cell = twice(text ^ zero) & !no_digit;
        let points = bytes(cell).simd_eq(point);
        let point = twice(points);
        // Nothing is before the first byte, and a sign is the first one. The last byte is a digit.
        wrong |= no_digit & !((none << 8_u32) | lowest);
        wrong |= (no_digit | point) & highest;
        // What is after the first point moves to it: one zero more at the end, and one power of ten more to divide by.
        let before = !point & (point - one);
        let digits = (cell & before) | ((cell >> 8_u32) & !before);
        most = most.max(bytes(digits));
        let pairs = shorts(digits);
        let pairs = (pairs & u16x8::splat(0xff)) * u16x8::splat(10) + (pairs >> 8_u32);
        let pairs = i16x8::new(pairs.to_array().map(u16::cast_signed));
        fours[two] = (pairs.dot(i16x8::new([100, 1, 100, 1, 100, 1, 100, 1]))).to_array();
        points_of[two] = points.to_bitmask();
        signs[two] = ((u64x2::ZERO - negative) & sign).to_array();
    }
    if wrong.to_array() != [0; 2] || !most.max(nine).simd_eq(nine).all() {
        return None;
    }
    let mut numbers = [0.0; ABREAST];
    for (half, fours) in fours.as_flattened().as_chunks::<8>().0.iter().enumerate() {
        let fours = i16x8::from_i32x8_saturate(i32x8::new(*fours));
        let wholes = fours.dot(i16x8::new([10_000, 1, 10_000, 1, 10_000, 1, 10_000, 1]));
        for (at, whole) in (4 * half..).zip(wholes.to_array()) {
            let points = (points_of[at / 2] >> (8 * (at % 2))) as u8;
            let number = f64::from(whole) / POWERS[usize::from(points)];
            numbers[at] = f64::from_bits(number.to_bits() ^ signs[at / 2][at % 2]);
        }
    }
    Some(numbers)
}

#[inline]
fn bytes(words: u64x2) -> u8x16 {
    let [low, high] = words.to_array().map(u64::to_le_bytes);
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&low);
    bytes[8..].copy_from_slice(&high);
    u8x16::new(bytes)
}

#[inline]
fn twice(bytes: u8x16) -> u64x2 {
    let mut words = [0; 2];
    for (word, bytes) in words.iter_mut().zip(bytes.to_array().as_chunks::<8>().0) {
        *word = u64::from_le_bytes(*bytes);
    }
    u64x2::new(words)
}

#[inline]
fn shorts(words: u64x2) -> u16x8 {
    let mut shorts = [0; 8];
    let bytes = bytes(words).to_array();
    for (short, bytes) in shorts.iter_mut().zip(bytes.as_chunks::<2>().0) {
        *short = u16::from_le_bytes(*bytes);
    }
    u16x8::new(shorts)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::short_number::{PADDING, of_length};

    proptest! {
        #[test]
        fn eight_at_once_give_the_bits_of_one_by_one(
            cells in prop::collection::vec(
                prop_oneof![
                    40 => "-?[0-9]{1,5}(\\.[0-9]{1,3})?",
                    1 => "-{0,2}[0-9]{0,5}(\\.[0-9]{0,4}){0,2}[e/: \\x00-]?[0-9]?",
                    1 => "[ -~\\x00-\\x1f&&[^\n]]{0,10}",
                    1 => "[\\x00+ ]{0,2}-?[0-9]{1,4}[\\x00 ]?",
                ],
                ABREAST,
            ),
            before in "[-.0-9\\x00;]{8}",
        ) {
            let mut words = [0; ABREAST];
            let mut alone = Vec::new();
            for (cell, taken) in cells.iter().zip(&mut words) {
                let text = format!("{before}{cell}; {}", " ".repeat(PADDING));
                *taken = word(text.as_bytes(), 0, cell.len() as u32);
                alone.push(of_length(text.as_bytes(), AHEAD, cell.len(), b'.').map(f64::to_bits));
            }
            match numbers(&words, b'.') {
                Some(found) => {
                    let found: Vec<_> = found.map(f64::to_bits).into_iter().map(Some).collect();
                    prop_assert_eq!(found, alone);
                }
                None => {
                    let short = |cell: &String| cell.len() <= 8 && !cell.ends_with('.');
                    let simple = alone.iter().all(Option::is_some) && cells.iter().all(short);
                    prop_assert!(!simple, "{:?}", cells);
                }
            }
        }
    }

    #[test]
    fn nothing_in_a_cell_is_taken_for_nothing_before_it() {
        for cell in [
            "\x005",
            "\x00\x005",
            "\x00-5",
            "0-5",
            "\t5",
            "\r5",
            "\x7f5",
            "\u{1}5",
            "5\x00",
        ] {
            let text = format!("\x00\x00\x00\x00\x00\x00\x00\x00{cell};");
            let words = [word(text.as_bytes(), 0, cell.len() as u32); ABREAST];
            assert_eq!(numbers(&words, b'.'), None, "{cell:?}");
        }
    }

    #[test]
    fn decimal_commas_are_read_where_they_are_stated() {
        let cells = [
            "0,5", "-1,25", "7", "-0", "0,0001", "12345678", "123456,7", "-1234,56",
        ];
        let words = cells.map(|cell| {
            let text = format!("98765432{cell};");
            word(text.as_bytes(), 0, cell.len() as u32)
        });
        let numbers = numbers(&words, b',').expect("numbers");
        let wanted: [f64; 8] = cells.map(|cell| cell.replace(',', ".").parse().expect("a number"));
        assert_eq!(numbers.map(f64::to_bits), wanted.map(f64::to_bits));
    }
}
