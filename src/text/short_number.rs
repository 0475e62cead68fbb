//! Short plain numbers, such as `12.34`, read without a loop over their digits.
//!
//! Nearly every number of a measured or modelled series has few digits. With up to fifteen of them and no exponent, the digits
//! as a whole number and the power of ten are both exact, so that one division rounds once: the same bits as any correct
//! reader's, with less work. Such cells are read eight or sixteen bytes at once. Anything longer
//! or written otherwise is left to other readers. It knows nothing of tables.

/// Powers of ten that are exact.
const POWERS: [f64; 16] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
];

/// How many bytes past the end of a cell [`quick`] wants to see.
pub(crate) const PADDING: usize = 17;

/// How many cells [`side_by_side`] reads.
pub(crate) const ABREAST: usize = 8;

/// The number at the beginning of a word: its digits as a whole number, how many of them are after the point, and how many bytes
/// it takes. It is `wrong` if there is anything but one digit or more, with or without a point, and a separator after them.
struct Simple {
    whole: i64,
    decimals: usize,
    length: usize,
    wrong: bool,
}

impl Simple {
    #[inline]
    fn number(&self, negative: bool) -> f64 {
        let number = self.whole as f64 / POWERS[self.decimals % POWERS.len()];
        if negative { -number } else { number }
    }
}

/// The [`Simple`] number that is the first `$length` bits of one word of `$word`, all others of which are zero.
///
/// All bytes are looked at together, none in a loop: the point's place follows from the bits that an equal byte leaves; the
/// digits after it move up to those before it, all to the upper end, zeros fill in below, and `$digits` makes a number of
/// them. Nothing here branches, so that the processor can read several cells at a time; what comes out of a wrong cell
/// means nothing.
macro_rules! in_one_word {
    ($word:ty, $cell:expr, $length:expr, $point:expr, $digits:expr) => {{
        const EACH: $word = <$word>::MAX / 0xff;
        // Before the byte with this bit, everything if there is none.
        let before = |bit: $word| (bit >> 7).wrapping_sub(1);
        let (cell, length): ($word, u32) = ($cell, $length);
        let point = first_equal!($word, cell, $point);
        let count = length.wrapping_sub(8 * u32::from(point != 0));
        let whole = before(point);
        let digits = (cell & whole) | (((cell & !whole) >> 8) & !whole);
        let values = (digits ^ (EACH * 0x30)).wrapping_shl(<$word>::BITS.wrapping_sub(count));
        let wrong = (values.wrapping_add(EACH * 0x76) | values) & (EACH << 7);
        let behind = count.wrapping_sub(point.trailing_zeros() & !7) / 8;
        Simple {
            whole: $digits(values),
            decimals: if point == 0 { 0 } else { behind as usize },
            length: (length / 8) as usize,
            wrong: wrong != 0 || count == 0,
        }
    }};
}

/// The highest bit of the first byte of a word that is equal to this one, and no other.
macro_rules! first_equal {
    ($word:ty, $in:expr, $byte:expr) => {{
        const EACH: $word = <$word>::MAX / 0xff;
        let differs = $in ^ EACH.wrapping_mul(<$word>::from($byte));
        let equal = differs.wrapping_sub(EACH) & !differs & (EACH << 7);
        equal & equal.wrapping_neg()
    }};
}

/// The [`Simple`] number at the beginning of some bytes, up to a separator.
macro_rules! up_to {
    ($word:ty, $bytes:expr, $separator:expr, $point:expr, $digits:expr) => {{
        let word = <$word>::from_le_bytes(*$bytes);
        let end = first_equal!($word, word, $separator);
        let cell = word & (end >> 7).wrapping_sub(1);
        let length = end.trailing_zeros() & !7;
        let mut simple = in_one_word!($word, cell, length, $point, $digits);
        simple.wrong |= end == 0;
        simple
    }};
}

/// The number at `at` and the place of the separator after it, if it is short and simple.
///
/// It looks at [`PADDING`] bytes, and finds nothing where there are fewer.
#[inline]
pub(crate) fn quick(text: &[u8], at: usize, separator: u8, point: u8) -> Option<(f64, usize)> {
    let negative = *text.get(at)? == b'-';
    let at = at + usize::from(negative);
    let bytes: &[u8; 16] = text.get(at..)?.first_chunk()?;
    let word: &[u8; 8] = bytes.first_chunk()?;
    let mut simple = up_to!(u64, word, separator, point, eight);
    if simple.wrong {
        simple = up_to!(u128, bytes, separator, point, sixteen);
    }
    if simple.wrong {
        return None;
    }
    Some((simple.number(negative), at + simple.length))
}

/// The number that is `length` bytes at `at`, if it is short and simple.
///
/// It looks at [`PADDING`] bytes, and finds nothing where there are fewer.
#[inline]
pub(crate) fn of_length(text: &[u8], at: usize, length: usize, point: u8) -> Option<f64> {
    let negative = *text.get(at)? == b'-';
    let length = length.checked_sub(usize::from(negative))?;
    let at = at + usize::from(negative);
    let bytes: &[u8; 16] = text.get(at..)?.first_chunk()?;
    let bits = 8 * length as u32;
    let simple = match length {
        1..=8 => {
            let word = u64::from_le_bytes(*bytes.first_chunk()?);
            in_one_word!(u64, word & (u64::MAX >> (64 - bits)), bits, point, eight)
        }
        // Sixteen digits would not be exact.
        9..16 => {
            let word = u128::from_le_bytes(*bytes);
            let cell = word & (u128::MAX >> (128 - bits));
            in_one_word!(u128, cell, bits, point, sixteen)
        }
        _ => return None,
    };
    (!simple.wrong).then(|| simple.number(negative))
}

/// The numbers at each `at`, if all of them are simple and of at most seven bytes; each `at` is moved to after the
/// separator.
///
/// A cell begins where the one before ends, so that a single line is read no faster than one step follows from the other.
/// Lines side by side do not wait for each other, and the compiler does most steps for several of them at once. Some
/// numbers that [`quick`] reads, such as `5.`, are refused here, because reading them takes more steps.
#[inline]
pub(crate) fn side_by_side(
    text: &[u8],
    at: &mut [usize; ABREAST],
    separator: u8,
    point: u8,
) -> Option<[f64; ABREAST]> {
    const EACH: u64 = u64::MAX / 0xff;
    const TOP: u64 = EACH << 7;
    // The highest bits of the bytes that are equal to this one; those after the first may be wrong.
    let equal = |word: u64, pattern: u64| {
        let differs = word ^ pattern;
        differs.wrapping_sub(EACH) & !differs & TOP
    };
    let [separators, points] = [separator ^ b'0', point ^ b'0'].map(|byte| EACH * u64::from(byte));
    const MINUS: u64 = (b'-' ^ b'0') as u64;
    let (mut cells, mut signs, mut next) = ([0; ABREAST], [0; ABREAST], [0; ABREAST]);
    let (mut ends, mut bare) = (0, 0);
    for line in 0..ABREAST {
        let bytes = text.get(at[line]..)?.first_chunk()?;
        // Digits are their values from here on, and a minus sign is a leading zero.
        let word = u64::from_le_bytes(*bytes) ^ (EACH * 0x30);
        let negative = u64::from(word as u8 == MINUS as u8);
        let end = equal(word, separators).trailing_zeros();
        let word = word ^ (negative * MINUS);
        // The last byte of the cell comes to the upper end, zeros fill in below.
        cells[line] = word.wrapping_shl(7_u32.wrapping_sub(end));
        signs[line] = negative << 63;
        next[line] = at[line].wrapping_add((end >> 3) as usize + 1);
        ends |= end;
        bare |= end.wrapping_sub((negative as u32) << 4);
    }
    let (mut points_of, mut wholes) = ([0; ABREAST], [0.0; ABREAST]);
    let (mut wrong, mut last) = (0, 0);
    for line in 0..ABREAST {
        let cell = cells[line];
        let point = equal(cell, points);
        let first = point & point.wrapping_neg();
        let before = (first >> 7).wrapping_sub(1);
        // What is after the point moves to it: one zero more at the end, and one power of ten more to divide by.
        let digits = (cell & before) | ((cell >> 8) & !before);
        wrong |= digits.wrapping_add(EACH * 0x76) | digits;
        last |= first;
        points_of[line] = first;
        wholes[line] = f64::from(all_eight(digits));
    }
    // A cell without an end here, a sign alone, a point at the end or alone, and what is no digit. An empty cell begins
    // with its separator, which is none.
    if (ends & 64) | (bare >> 31) != 0 || (last >> 63) != 0 || wrong & TOP != 0 {
        return None;
    }
    let mut powers = [1.0; ABREAST];
    for (power, point) in powers.iter_mut().zip(points_of) {
        *power = POWERS[8 - (point.trailing_zeros() >> 3) as usize];
    }
    let mut numbers = [0.0; ABREAST];
    for line in 0..ABREAST {
        let number: f64 = wholes[line] / powers[line];
        numbers[line] = f64::from_bits(number.to_bits() ^ signs[line]);
    }
    *at = next;
    Some(numbers)
}

/// Eight digits, one a byte, the first one lowest: pairs of them, then fours, then all, each step for all at once.
#[inline]
fn eight(digits: u64) -> i64 {
    const LOW: u64 = 0x0000_00ff_0000_00ff;
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8);
    let even = (pairs & LOW).wrapping_mul(100 + (1_000_000 << 32));
    let odd = ((pairs >> 16) & LOW).wrapping_mul(1 + (10_000 << 32));
    (even.wrapping_add(odd) >> 32) as i64
}

/// Eight digits as [`eight`] takes them, by steps that the vector units of all processors have.
#[inline]
fn all_eight(digits: u64) -> i32 {
    const PAIRS: u64 = 0x00ff_00ff_00ff_00ff;
    const LOW: u64 = 0x0000_00ff_0000_00ff;
    let pairs = (digits << 3)
        .wrapping_add(digits << 1)
        .wrapping_add(digits >> 8)
        & PAIRS;
    let (high, low) = (pairs & LOW, (pairs >> 16) & LOW);
    let fours = (high << 6)
        .wrapping_add(high << 5)
        .wrapping_add(high << 2)
        .wrapping_add(low);
    let all = (fours & 0xffff_ffff).wrapping_mul(10_000);
    all.wrapping_add(fours >> 32) as i32
}

/// Sixteen digits, of which the first one is zero here: fifteen are exact in a floating point number.
#[inline]
fn sixteen(digits: u128) -> i64 {
    let (high, low) = (eight(digits as u64), eight((digits >> 64) as u64));
    high.wrapping_mul(100_000_000).wrapping_add(low)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_quick_way_gives_the_bits_of_the_long_one(
            cell in "-{0,2}[0-9]{0,12}(\\.[0-9]{0,12}){0,2}[e/: ]?", separator in "[;,\t]", rest in "[-.0-9;]{0,20}",
        ) {
            let text = format!("{cell}{separator}{rest}{}", " ".repeat(PADDING));
            let separator = separator.as_bytes()[0];
            if let Some((number, end)) = quick(text.as_bytes(), 0, separator, b'.') {
                prop_assert_eq!(end, cell.len());
                let plain: f64 = cell.parse().expect("a number");
                prop_assert_eq!(number.to_bits(), plain.to_bits());
                prop_assert_eq!(of_length(text.as_bytes(), 0, end, b'.'), Some(number));
            } else {
                let simple = cell.len() < 16 && cell.parse::<f64>().is_ok() && !cell.contains('e');
                prop_assert!(!simple, "{}", cell);
            }
        }

        #[test]
        fn a_cell_of_known_length_is_what_others_read(cell in "-?[0-9.]{1,17}|[ -~]{1,17}") {
            let text = format!("{cell}7{}", " ".repeat(PADDING));
            let found = of_length(text.as_bytes(), 0, cell.len(), b'.');
            let plain: Option<f64> = cell.parse().ok();
            if let Some(found) = found {
                prop_assert_eq!(Some(found.to_bits()), plain.map(f64::to_bits));
            } else {
                let simple = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'-');
                prop_assert!(plain.is_none() || cell.len() > 15 || !cell.bytes().all(simple));
            }
        }

        #[test]
        fn side_by_side_gives_the_bits_of_one_by_one(
            cells in prop::collection::vec("-{0,2}[0-9]{0,5}(\\.[0-9]{0,4}){0,2}[e/: ]?|[ -~]{0,7}", ABREAST),
            rest in "[-.0-9;]{0,20}",
        ) {
            let mut text = String::new();
            let mut at = [0; ABREAST];
            for (at, cell) in at.iter_mut().zip(&cells) {
                *at = text.len();
                text += &format!("{cell};{rest}{}", " ".repeat(PADDING));
            }
            let before = at;
            let found = side_by_side(text.as_bytes(), &mut at, b';', b'.');
            let alone = |at| quick(text.as_bytes(), at, b';', b'.');
            match found {
                Some(found) => {
                    for line in 0..ABREAST {
                        let (number, end) = alone(before[line]).expect("simple");
                        prop_assert_eq!(found[line].to_bits(), number.to_bits());
                        prop_assert_eq!(at[line], end + 1);
                    }
                }
                None => {
                    prop_assert_eq!(at, before);
                    let short = |cell: &String| cell.len() < 8 && !cell.ends_with('.');
                    let simple = before.iter().all(|&at| alone(at).is_some()) && cells.iter().all(short);
                    prop_assert!(!simple, "{:?}", cells);
                }
            }
        }
    }
}
