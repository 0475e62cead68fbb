//! HDF5's shuffle filter for numbers of 64 bits: all lowest bytes first, then all second ones, and so on to the highest.
//!
//! Sixteen numbers are eight vectors, and so are sixteen bytes of each plane. A few steps of the same kind
//! lead from one to the other, several times as fast as moving single bytes. Pure; it knows nothing of files
//! or of the filter's parameters.

use wide::u8x16;

/// How many numbers are moved together.
const ABREAST: usize = 16;

/// Writes the bytes of the numbers as planes; `planes` has eight bytes a number.
pub(crate) fn split(numbers: &[f64], planes: &mut [u8]) {
    let count = numbers.len();
    assert_eq!(planes.len(), 8 * count, "eight planes");
    let (squares, rest) = numbers.as_chunks::<ABREAST>();
    for (at, numbers) in (0..).step_by(ABREAST).zip(squares) {
        let mut vectors = [u8x16::ZERO; 8];
        for (vector, two) in vectors.iter_mut().zip(numbers.as_chunks::<2>().0) {
            *vector = u8x16::new(two_as_bytes(*two));
        }
        for _ in 0..4 {
            vectors = rotated(vectors);
        }
        for (k, vector) in vectors.iter().enumerate() {
            planes[k * count + at..][..ABREAST].copy_from_slice(vector.as_array());
        }
    }
    let first = ABREAST * squares.len();
    for (at, number) in (first..).zip(rest) {
        for (k, byte) in number.to_le_bytes().iter().enumerate() {
            planes[k * count + at] = *byte;
        }
    }
}

/// Reads `numbers.len()` numbers out of planes of `count` numbers, from the number `first` on.
pub(crate) fn join(planes: &[u8], count: usize, first: usize, numbers: &mut [f64]) {
    assert_eq!(planes.len(), 8 * count, "eight planes");
    assert!(first + numbers.len() <= count, "numbers that are there");
    let (squares, rest) = numbers.as_chunks_mut::<ABREAST>();
    let mut at = first;
    for numbers in squares {
        let mut vectors = [u8x16::ZERO; 8];
        for (k, vector) in vectors.iter_mut().enumerate() {
            let mut bytes = [0; ABREAST];
            bytes.copy_from_slice(&planes[k * count + at..][..ABREAST]);
            *vector = u8x16::new(bytes);
        }
        for _ in 0..3 {
            vectors = rotated(vectors);
        }
        for (two, vector) in numbers.as_chunks_mut::<2>().0.iter_mut().zip(vectors) {
            *two = two_of_bytes(vector.to_array());
        }
        at += ABREAST;
    }
    for number in rest {
        let bits = (0..8).fold(0, |bits, k| {
            bits | u64::from(planes[k * count + at]) << (8 * k)
        });
        *number = f64::from_bits(bits);
        at += 1;
    }
}

/// Moves every one of 128 bytes from its place to the one whose seven bits are the old place's, rotated to the left by one.
///
/// A byte of a number has a place of four bits for the number, then three for the byte; in planes it is the other way round.
/// So four such steps lead from numbers to planes, and three more back to numbers.
#[inline]
fn rotated(vectors: [u8x16; 8]) -> [u8x16; 8] {
    let (low, high) = vectors.split_at(4);
    let mut turned = vectors;
    for ((two, low), high) in turned.as_chunks_mut().0.iter_mut().zip(low).zip(high) {
        *two = [
            u8x16::unpack_low(*low, *high),
            u8x16::unpack_high(*low, *high),
        ];
    }
    turned
}

#[inline]
fn two_as_bytes(two: [f64; 2]) -> [u8; 16] {
    let [one, other] = two.map(f64::to_bits).map(u128::from);
    (one | other << 64).to_le_bytes()
}

#[inline]
fn two_of_bytes(bytes: [u8; 16]) -> [f64; 2] {
    let both = u128::from_le_bytes(bytes);
    [both as u64, (both >> 64) as u64].map(f64::from_bits)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bytes_are_where_the_filter_puts_them() {
        let mut planes = [0; 16];
        let numbers = [0x0807_0605_0403_0201, 0x1817_1615_1413_1211].map(f64::from_bits);
        split(&numbers, &mut planes);
        let expected = [
            1, 0x11, 2, 0x12, 3, 0x13, 4, 0x14, 5, 0x15, 6, 0x16, 7, 0x17, 8, 0x18,
        ];
        assert_eq!(planes, expected);
    }

    proptest! {
        #[test]
        fn what_is_split_joins(bits in prop::collection::vec(any::<u64>(), 0..70), from in 0_usize..70, length in 0_usize..70) {
            let mut planes = vec![0; 8 * bits.len()];
            let numbers: Vec<f64> = bits.iter().copied().map(f64::from_bits).collect();
            split(&numbers, &mut planes);
            for (at, number) in bits.iter().enumerate() {
                for (k, byte) in number.to_le_bytes().iter().enumerate() {
                    prop_assert_eq!(planes[k * bits.len() + at], *byte);
                }
            }
            let from = from.min(bits.len());
            let mut numbers = vec![0.0; length.min(bits.len() - from)];
            join(&planes, bits.len(), from, &mut numbers);
            let back: Vec<u64> = numbers.iter().map(|number| number.to_bits()).collect();
            prop_assert_eq!(&back[..], &bits[from..from + back.len()]);
        }
    }
}
