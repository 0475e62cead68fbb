//! Short plain numbers, such as `12.34`, read without a loop over their digits.
//!
//! Nearly every number of a measured or modelled series has few digits. With up to fifteen of them and no exponent, the digits
//! as a whole number and the power of ten are both exact, so that one division rounds once: the same bits as any correct
//! reader's, with less work. Such cells are read eight or sixteen bytes at once; eight cells of eight bytes,
//! [`abreast`](crate::text::abreast). Anything longer or written otherwise is left to other readers. It knows nothing of tables.

/// Powers of ten that are exact.
const POWERS: [f64; 16] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
];

/// How many bytes past the beginning of a cell [`of_length`] wants to see.
pub(crate) const PADDING: usize = 17;

/// The number in a word: its digits as a whole number, and how many of them are after the point. It is `wrong` if there is
/// anything but one digit or more, with or without a point.
struct Simple {
    whole: i64,
    decimals: usize,
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

/// Eight digits, one a byte, the first one lowest: pairs of them, then fours, then all, each step for all at once.
#[inline]
fn eight(digits: u64) -> i64 {
    const LOW: u64 = 0x0000_00ff_0000_00ff;
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8);
    let even = (pairs & LOW).wrapping_mul(100 + (1_000_000 << 32));
    let odd = ((pairs >> 16) & LOW).wrapping_mul(1 + (10_000 << 32));
    (even.wrapping_add(odd) >> 32) as i64
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
    }
}
