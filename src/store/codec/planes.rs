//! Whole numbers as planes of bytes: their differences, folded and split by byte, so that a general compressor sees what
//! repeats.
//!
//! Neighbours in time differ by little, so differences (of differences, …) are small; folding the sign into the lowest bit
//! (0, -1, 1, -2, … become 0, 1, 2, 3, …) makes the high bytes zero; with all lowest bytes first, then all second ones,
//! and so on, zstd codes the noise of the low plane by its frequencies and passes over the rest. It knows nothing of what the
//! numbers stand for.

use std::cell::RefCell;
use std::io;
use std::num::Wrapping;

use zstd::bulk::{Compressor, Decompressor};

/// Differences of differences beyond this order gain nothing on anything that was measured.
const HIGHEST_ORDER: u8 = 4;

/// How many numbers are examined to choose an order.
const SAMPLE: usize = 1024;

const LEVEL: i32 = 1;

thread_local! {
    // Setting up their tables takes longer than compressing a column.
    static COMPRESSOR: RefCell<io::Result<Compressor<'static>>> = RefCell::new(Compressor::new(LEVEL));
    static DECOMPRESSOR: RefCell<io::Result<Decompressor<'static>>> = RefCell::new(Decompressor::new());
}

/// How often differences between neighbours should be taken so that the numbers become small: not at all, once, …
///
/// Judged by the bits of a sample from the middle.
pub(super) fn order(whole: &[i32]) -> u8 {
    let from = (whole.len() - whole.len().min(SAMPLE)) / 2;
    let mut sample = whole[from..whole.len().min(from + SAMPLE)].to_vec();
    let bits = |numbers: &[i32]| -> u32 {
        numbers
            .iter()
            .map(|number| 32 - number.unsigned_abs().leading_zeros())
            .sum()
    };
    let mut best = (bits(&sample), 0);
    for order in 1..=HIGHEST_ORDER {
        sample = differences(&sample);
        // What the first numbers differ from is not in the sample.
        let Some(inner) = sample
            .get(usize::from(order)..)
            .filter(|inner| !inner.is_empty())
        else {
            break;
        };
        let now = bits(inner);
        if now >= best.0 {
            break;
        }
        best = (now, order);
    }
    best.1
}

/// Appends the numbers to `bytes`, compressed.
pub(super) fn compress(whole: &[i32], order: u8, bytes: &mut Vec<u8>) -> io::Result<()> {
    let mut numbers = Vec::new();
    for taken in 0..order {
        numbers = differences(if taken == 0 { whole } else { &numbers });
    }
    let numbers = if order == 0 { whole } else { &numbers };
    let mut planes = vec![0; 4 * numbers.len()];
    if !numbers.is_empty() {
        for (shift, plane) in (0..).step_by(8).zip(planes.chunks_exact_mut(numbers.len())) {
            for (byte, number) in plane.iter_mut().zip(numbers) {
                let folded = (number << 1) ^ (number >> 31);
                *byte = (folded as u32 >> shift) as u8;
            }
        }
    }
    let packed = COMPRESSOR.with_borrow_mut(|compressor| match compressor {
        Ok(compressor) => compressor.compress(&planes),
        Err(error) => Err(io::Error::other(error.to_string())),
    })?;
    bytes.extend_from_slice(&packed);
    Ok(())
}

/// Reads the `count` numbers that [`compress`] has appended; the error says what is wrong with them.
pub(super) fn decompress(stream: &[u8], order: u8, count: usize) -> Result<Vec<i32>, String> {
    if order > HIGHEST_ORDER {
        return Err(format!("its differences are of the order {order}"));
    }
    let mut planes = vec![0; 4 * count];
    let found = DECOMPRESSOR
        .with_borrow_mut(|decompressor| match decompressor {
            Ok(decompressor) => decompressor.decompress_to_buffer(stream, &mut planes[..]),
            Err(error) => Err(io::Error::other(error.to_string())),
        })
        .map_err(|error| error.to_string())?;
    if found != planes.len() {
        return Err("its values are not as many as it says".to_owned());
    }
    let mut numbers = vec![0; count];
    if count > 0 {
        for (shift, plane) in (0..).step_by(8).zip(planes.chunks_exact(count)) {
            for (number, byte) in numbers.iter_mut().zip(plane) {
                *number |= u32::from(*byte) << shift;
            }
        }
    }
    let unfolded = |folded: u32| (folded >> 1) as i32 ^ -((folded & 1) as i32);
    let mut numbers: Vec<i32> = numbers.into_iter().map(unfolded).collect();
    for _ in 0..order {
        let mut sum = Wrapping(0);
        for number in &mut numbers {
            sum += *number;
            *number = sum.0;
        }
    }
    Ok(numbers)
}

/// The first number, then by how much each differs from the one before it.
fn differences(numbers: &[i32]) -> Vec<i32> {
    let mut differences = numbers.to_vec();
    let later = differences.iter_mut().skip(1);
    for (now, before) in later.zip(numbers) {
        *now = now.wrapping_sub(*before);
    }
    differences
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_order_follows_the_series() {
        let of = |f: &dyn Fn(i32) -> i32| order(&(0..3000).map(f).collect::<Vec<_>>());
        let scattered = |n: i32| {
            let n = n.wrapping_mul(-1_640_531_527);
            (n ^ (n >> 15)).wrapping_mul(0x2c1b_3c6d) >> 16
        };
        assert_eq!(of(&scattered), 0);
        assert_eq!(
            of(&|n| 100_000 + n * 3),
            2,
            "the differences are all the same"
        );
        assert_eq!(of(&|n| n * n), 3);
        assert_eq!(order(&[]), 0);
    }

    proptest! {
        #[test]
        fn any_numbers_survive(whole in prop::collection::vec(any::<i32>(), 0..300), order in 0..=HIGHEST_ORDER) {
            let mut bytes = vec![7];
            compress(&whole, order, &mut bytes).expect("compressed");
            prop_assert_eq!(decompress(&bytes[1..], order, whole.len()), Ok(whole.clone()));
            prop_assert!(decompress(&bytes[1..], order, whole.len() + 1).is_err());
        }
    }
}
