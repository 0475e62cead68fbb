//! Decimals as whole numbers: a simulator prints `12.34`, which is 1234 hundredths.
//!
//! Whole numbers of 32 bits take half the time to compress that `f64` do, and come out smaller. A column is split only if
//! dividing gives back every one of its values to the last bit, which is tried while it is split, so that nothing has to be
//! known of where the values come from. Pure; it knows nothing of how the whole numbers are stored.

use std::num::Wrapping;

/// The most digits behind the point; all powers of ten up to this are exact as `f64`.
pub const MOST_DIGITS: u8 = 15;

/// Differences of differences beyond this order gain nothing on anything that was measured.
const HIGHEST_ORDER: usize = 4;

/// Values that are looked at to choose an order.
const SAMPLE: usize = 1024;

/// The digits behind the point that the values need, and the values without it.
///
/// `None` if the values are no such decimals, of at most nine digits in all: NaN, infinities and the negative zero
/// among them.
pub fn split(values: &[f64]) -> Option<(u8, Vec<i32>)> {
    let mut whole = Vec::with_capacity(values.len());
    for digits in 0..=MOST_DIGITS {
        let scale = scale(digits);
        whole.clear();
        whole.extend(values.iter().map_while(|value| {
            // A cast to the nearest by way of the truncation that processors have; NaN gives 0, which is no NaN below.
            let scaled = value * scale;
            let number = (scaled + 0.5_f64.copysign(scaled)) as i32;
            let back = f64::from(number) / scale;
            (back.to_bits() == value.to_bits()).then_some(number)
        }));
        match values.get(whole.len()) {
            None => return Some((digits, whole)),
            // With more digits it only grows.
            Some(odd) if (odd * scale).abs() < f64::from(i32::MAX) => {}
            Some(_) => return None,
        }
    }
    None
}

/// The values of whole numbers with so many digits behind the point; `None` if these are too many.
pub fn join(digits: u8, whole: &[i32]) -> Option<Vec<f64>> {
    let scale = (digits <= MOST_DIGITS).then(|| scale(digits))?;
    let values = whole.iter().map(|number| f64::from(*number) / scale);
    Some(values.collect())
}

fn scale(digits: u8) -> f64 {
    (0..digits).fold(1.0, |scale, _| scale * 10.0)
}

/// How often differences between neighbours should be taken for the numbers to become small: not at all, once, …
///
/// Judged by the bits of a sample out of the middle.
pub fn order(whole: &[i32]) -> usize {
    let from = (whole.len() - whole.len().min(SAMPLE)) / 2;
    let sample = &whole[from..whole.len().min(from + SAMPLE)];
    let mut differences: Vec<Wrapping<i32>> = sample.iter().copied().map(Wrapping).collect();
    let bits = |numbers: &[Wrapping<i32>]| -> u32 {
        let of = |n: &Wrapping<i32>| 32 - n.0.unsigned_abs().leading_zeros();
        numbers.iter().map(of).sum()
    };
    let mut best = (bits(&differences), 0);
    for order in 1..=HIGHEST_ORDER.min(sample.len().saturating_sub(1)) {
        for at in (order..differences.len()).rev() {
            let before = differences[at - 1];
            differences[at] -= before;
        }
        let now = bits(&differences);
        if now >= best.0 {
            break;
        }
        best = (now, order);
    }
    best.1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_decimals_are_split() {
        assert_eq!(split(&[12.34, -0.5, 7.0]), Some((2, vec![1234, -50, 700])));
        assert_eq!(split(&[]), Some((0, vec![])));
        assert_eq!(split(&[1e-15]), Some((15, vec![1])));
        for odd in [
            -0.0,
            f64::NAN,
            f64::INFINITY,
            1e-16,
            0.1 + 0.2,
            1e10,
            21_474_836.48,
        ] {
            assert_eq!(split(&[1.5, odd]), None, "{odd}");
        }
    }

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
        fn what_is_split_joins_to_the_same_bits(
            whole in prop::collection::vec(any::<i32>(), 0..50), digits in 0_u8..12, odd in any::<u64>()
        ) {
            let mut values = join(digits, &whole).expect("few digits");
            if odd % 2 == 0 {
                values.push(f64::from_bits(odd));
            }
            if let Some((digits, whole)) = split(&values) {
                let back = join(digits, &whole).expect("few digits");
                let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
                prop_assert_eq!(bits(&back), bits(&values));
            } else {
                prop_assert!(odd % 2 == 0 || whole.iter().any(|n| n.unsigned_abs() > 1 << 30));
            }
        }
    }
}
