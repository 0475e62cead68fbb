//! Sixty-four bytes as a word with a bit for each: where some byte stands, found for all of them at once.
//!
//! A search for the next separator takes longer to set up than a cell is long; here the next one is an instruction away. It
//! knows nothing of tables.

use wide::u8x16;

/// Bytes that are looked at together, as a word has bits.
pub(crate) const BLOCK: usize = 64;

/// How many places [`places`] writes at once.
pub(crate) const AT_ONCE: usize = 4;

/// The bytes that are equal to this one; the lowest bit is the first one's.
#[inline]
pub(crate) fn equal(block: &[u8; BLOCK], byte: u8) -> u64 {
    let byte = u8x16::splat(byte);
    let parts = block.as_chunks::<16>().0.iter();
    parts.rev().fold(0, |mask, bytes| {
        let equal = u8x16::new(*bytes).simd_eq(byte);
        mask << 16 | u64::from(equal.to_bitmask())
    })
}

/// Writes where the bits of a mask are, counted from `first` on, into `places` from `count` on; returns the new count, and
/// `None` if there is no room for [`AT_ONCE`] places more than there are.
///
/// So many are written whether there are or not, because a branch for each would be guessed wrong too often.
#[inline]
pub(crate) fn places(
    mut mask: u64,
    first: u32,
    places: &mut [u32],
    mut count: usize,
) -> Option<usize> {
    let after = count.wrapping_add(mask.count_ones() as usize);
    while count < after {
        for place in places.get_mut(count..)?.first_chunk_mut::<AT_ONCE>()? {
            *place = first.wrapping_add(mask.trailing_zeros());
            mask &= mask.wrapping_sub(1);
        }
        count = count.wrapping_add(AT_ONCE);
    }
    Some(after)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_byte_is_found_at_its_place(
            bytes in prop::collection::vec(b';'..=b'=', BLOCK), first in 0_u32..1000, before in 0_usize..9,
        ) {
            let block = bytes.first_chunk().expect("a block");
            let mut found = [7; BLOCK + 9 + AT_ONCE];
            let count = places(equal(block, b'<'), first, &mut found, before).expect("room");
            let wanted = (first..).zip(&bytes).filter(|(_, byte)| **byte == b'<');
            let wanted: Vec<u32> = wanted.map(|(at, _)| at).collect();
            prop_assert_eq!(&found[..before], &vec![7; before]);
            prop_assert_eq!(&found[before..count], wanted);
        }
    }

    #[test]
    fn without_room_nothing_is_found() {
        assert_eq!(places(0b111, 0, &mut [0; AT_ONCE], 0), Some(3));
        assert_eq!(places(0b111, 0, &mut [0; AT_ONCE], 1), None);
    }
}
