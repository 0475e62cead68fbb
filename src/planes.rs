//! HDF5's shuffle filter for numbers of 64 bits: all lowest bytes first, then all second ones, and so on to the highest.
//!
//! Eight numbers and eight planes are a square of bytes that is turned over in three steps, which is several times as fast
//! as moving single bytes. Pure; it knows nothing of files and filters' parameters.

/// Writes the bytes of the numbers as planes; `planes` has eight bytes a number.
pub fn split(numbers: impl ExactSizeIterator<Item = u64>, planes: &mut [u8]) {
    let count = numbers.len();
    assert_eq!(planes.len(), 8 * count, "eight planes");
    let mut numbers = numbers;
    let mut at = 0;
    while at < count {
        let width = (count - at).min(8);
        let mut square = [0; 8];
        for (row, number) in square.iter_mut().zip(numbers.by_ref().take(width)) {
            *row = number;
        }
        for (k, bytes) in turned(square).map(u64::to_le_bytes).iter().enumerate() {
            let from = k * count + at;
            planes[from..from + width].copy_from_slice(&bytes[..width]);
        }
        at += width;
    }
}

/// Reads `numbers.len()` numbers out of planes of `count` numbers, from the number `first` on.
pub fn join(planes: &[u8], count: usize, first: usize, numbers: &mut [f64]) {
    assert_eq!(planes.len(), 8 * count, "eight planes");
    assert!(first + numbers.len() <= count, "numbers that are there");
    let (squares, rest) = numbers.as_chunks_mut::<8>();
    let mut at = first;
    for eight in squares {
        let mut square = [0; 8];
        for (k, row) in square.iter_mut().enumerate() {
            let from = k * count + at;
            let mut bytes = [0; 8];
            bytes.copy_from_slice(&planes[from..from + 8]);
            *row = u64::from_le_bytes(bytes);
        }
        *eight = turned(square).map(f64::from_bits);
        at += 8;
    }
    for number in rest {
        let bits = (0..8).fold(0, |bits, k| {
            bits | u64::from(planes[k * count + at]) << (8 * k)
        });
        *number = f64::from_bits(bits);
        at += 1;
    }
}

/// A square of bytes, its rows as columns; after Hacker's Delight, section 7-3.
#[inline]
fn turned(mut square: [u64; 8]) -> [u64; 8] {
    for (step, mask) in [
        (1, 0x00ff_00ff_00ff_00ff_u64),
        (2, 0x0000_ffff_0000_ffff),
        (4, 0x0000_0000_ffff_ffff),
    ] {
        let shift = 8 * step;
        for at in (0..8).filter(|at| at & step == 0) {
            let (low, high) = (square[at], square[at + step]);
            square[at] = (low & mask) | ((high & mask) << shift);
            square[at + step] = ((low >> shift) & mask) | (high & !mask);
        }
    }
    square
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bytes_are_where_the_filter_puts_them() {
        let mut planes = [0; 16];
        split(
            [0x0807_0605_0403_0201, 0x1817_1615_1413_1211].into_iter(),
            &mut planes,
        );
        let expected = [
            1, 0x11, 2, 0x12, 3, 0x13, 4, 0x14, 5, 0x15, 6, 0x16, 7, 0x17, 8, 0x18,
        ];
        assert_eq!(planes, expected);
    }

    proptest! {
        #[test]
        fn what_is_split_joins(bits in prop::collection::vec(any::<u64>(), 0..70), from in 0_usize..70, length in 0_usize..70) {
            let mut planes = vec![0; 8 * bits.len()];
            split(bits.iter().copied(), &mut planes);
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
