//! Short plain numbers, `12.34`, read at the speed at which text comes in.
//!
//! Nearly every number of a measured or modelled series has few digits. Up to fifteen of them and no exponent, the digits as
//! a whole number and the power of ten are both exact, so that one division rounds once: the same bits as any correct
//! reader's, without its work. Such cells are read eight or sixteen bytes at once, without a loop over digits; whatever
//! is longer or otherwise written is left to others. It knows nothing of tables.

/// Powers of ten that are exact.
const POWERS: [f64; 16] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
];

/// How many bytes past the end of a cell [`quick`] wants to see.
pub const PADDING: usize = 17;

/// The number at the beginning of one word of `$word` and its length, if it has no sign and a separator ends it there.
///
/// All bytes are looked at together, none in a loop: where the separator and the point are comes out of the bits that an
/// equal byte leaves; the digits behind the point move up to those before it, all to the upper end, zeros fill in below,
/// and `$digits` makes a number of them.
macro_rules! in_one_word {
    ($word:ty, $bytes:expr, $separator:expr, $point:expr, $digits:expr) => {{
        const EACH: $word = <$word>::MAX / 0xff;
        // The highest bit of the first byte that is equal, and no other.
        let first = |word: $word, byte: u8| {
            let differs = word ^ EACH.wrapping_mul(<$word>::from(byte));
            let equal = differs.wrapping_sub(EACH) & !differs & (EACH << 7);
            equal & equal.wrapping_neg()
        };
        // Before the byte with this bit, everything if there is none.
        let before = |bit: $word| (bit >> 7).wrapping_sub(1);
        let word = <$word>::from_le_bytes(*$bytes);
        let end = first(word, $separator);
        let cell = word & before(end);
        let point = first(cell, $point);
        let found = u32::from(point != 0);
        let length = end.trailing_zeros() & !7;
        let count = length.wrapping_sub(8 * found);
        if end == 0 || count == 0 {
            None
        } else {
            let whole = before(point);
            let digits = (cell & whole) | (((cell & !whole) >> 8) & !whole);
            let values = (digits ^ (EACH * 0x30)).wrapping_shl(<$word>::BITS - count);
            let wrong = (values.wrapping_add(EACH * 0x76) | values) & (EACH << 7);
            let decimals = if point == 0 {
                0
            } else {
                (length - 8 - (point.trailing_zeros() & !7)) / 8
            };
            let number = $digits(values) as f64 / POWERS[decimals as usize % POWERS.len()];
            (wrong == 0).then_some((number, (length / 8) as usize))
        }
    }};
}

/// The number that stands at `at` and where the separator behind it is, if it is short and simple.
///
/// It looks at [`PADDING`] bytes, and finds nothing where there are fewer.
#[inline]
pub fn quick(text: &[u8], at: usize, separator: u8, point: u8) -> Option<(f64, usize)> {
    let negative = *text.get(at)? == b'-';
    let at = at + usize::from(negative);
    let bytes: &[u8; 16] = text.get(at..)?.first_chunk()?;
    let word: &[u8; 8] = bytes.first_chunk()?;
    let (number, length) = in_one_word!(u64, word, separator, point, eight)
        .or_else(|| in_one_word!(u128, bytes, separator, point, sixteen))?;
    Some((if negative { -number } else { number }, at + length))
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
    eight(digits as u64) * 100_000_000 + eight((digits >> 64) as u64)
}
