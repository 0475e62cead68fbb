//! Decimals as whole numbers: a simulator prints `12.34`, which is 1234 hundredths.
//!
//! Whole numbers of 32 bits are faster to compress and to print than `f64`, and come out smaller. A column is split only if
//! dividing gives back every one of its values to the last bit. That is checked during the split, so it does not matter where
//! the values come from. How the whole numbers are stored or printed is not known here.
//!
//! The loops handle many values at once and branch on none of them, so that the compiler can vectorise them.

/// The most digits after the point; all powers of ten up to this are exact as `f64`.
pub(crate) const MOST_DIGITS: u8 = 15;

/// The whole number that stands for a missing value, NaN as Rust writes it. No value is split into it.
pub(crate) const GAP: i32 = i32::MIN;

/// Adding this to a number below 2^31 rounds it and leaves the whole number in the lower half of the sum.
const ROUNDING: f64 = 6_755_399_441_055_744.0; // 1.5 × 2^52

/// How many values are tried between two checks whether all of them fit.
const BLOCK: usize = 256;

/// A column of decimals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decimals {
    /// The number of digits after the point.
    pub digits: u8,
    /// The values without it; [`GAP`] where one is missing.
    pub whole: Vec<i32>,
}

/// The values as decimals with the fewest digits after the point that they need.
///
/// `None` if they are not all decimals of at most nine digits: infinities, the negative zero and NaNs with other bits than
/// Rust's are not.
pub(crate) fn split(values: &[f64]) -> Option<Decimals> {
    let mut whole = vec![0; values.len()];
    let mut digits = 0;
    'again: loop {
        let scale = scale(digits);
        for (values, whole) in values.chunks(BLOCK).zip(whole.chunks_mut(BLOCK)) {
            if fits(values, scale, whole) {
                continue;
            }
            for (value, whole) in values.iter().zip(whole) {
                if value.to_bits() == f64::NAN.to_bits() {
                    *whole = GAP;
                } else if !fits(&[*value], scale, &mut [0]) {
                    // The values that have fitted so far are tried again with more digits.
                    digits = (digits + 1..=MOST_DIGITS)
                        .find(|&digits| fits(&[*value], self::scale(digits), &mut [0]))?;
                    continue 'again;
                }
            }
        }
        return Some(Decimals { digits, whole });
    }
}

/// Puts the values times `scale` into `whole`, and returns whether dividing gives each of them back.
fn fits(values: &[f64], scale: f64, whole: &mut [i32]) -> bool {
    let mut odd = 0;
    for (value, whole) in values.iter().zip(whole) {
        let number = (value * scale + ROUNDING).to_bits() as i32;
        let back = f64::from(number) / scale;
        odd |= (back.to_bits() ^ value.to_bits()) | u64::from(number == GAP);
        *whole = number;
    }
    odd == 0
}

impl Decimals {
    /// The values again; `None` if the number of digits is beyond [`MOST_DIGITS`].
    pub(crate) fn join(&self) -> Option<Vec<f64>> {
        let scale = (self.digits <= MOST_DIGITS).then(|| scale(self.digits))?;
        let value = |&number: &i32| match number {
            GAP => f64::NAN,
            number => f64::from(number) / scale,
        };
        Some(self.whole.iter().map(value).collect())
    }
}

/// Ten to the power of this many digits; exact up to [`MOST_DIGITS`].
pub(crate) fn scale(digits: u8) -> f64 {
    (0..digits).fold(1.0, |scale, _| scale * 10.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decimals(digits: u8, whole: &[i32]) -> Decimals {
        Decimals {
            digits,
            whole: whole.to_vec(),
        }
    }

    #[test]
    fn only_decimals_are_split() {
        let wanted = decimals(2, &[1234, -50, 700]);
        assert_eq!(split(&[12.34, -0.5, 7.0]), Some(wanted));
        assert_eq!(split(&[]), Some(decimals(0, &[])));
        assert_eq!(split(&[1e-15]), Some(decimals(15, &[1])));
        assert_eq!(split(&[1.5, f64::NAN]), Some(decimals(1, &[15, GAP])));
        for odd in [
            -0.0,
            -f64::NAN,
            f64::INFINITY,
            1e-16,
            0.1 + 0.2,
            1e10,
            21_474_836.48,
            -2_147_483_648.0,
        ] {
            assert_eq!(split(&[1.5, odd]), None, "{odd}");
        }
    }

    #[test]
    fn late_digits_count_for_all() {
        let mut values = vec![1.0; 5000];
        values[4000] = 0.125;
        values[4500] = 0.5;
        let split = split(&values).expect("decimals");
        assert_eq!((split.digits, split.whole[0]), (3, 1000));
        assert_eq!(split.join(), Some(values));
    }

    proptest! {
        #[test]
        fn what_is_split_joins_to_the_same_bits(
            whole in prop::collection::vec(any::<i32>(), 0..600), digits in 0_u8..12, odd in any::<u64>()
        ) {
            let mut values = Decimals { digits, whole }.join().expect("few digits");
            if odd % 2 == 0 {
                values.push(f64::from_bits(odd));
            }
            if let Some(decimals) = split(&values) {
                prop_assert!(decimals.digits <= MOST_DIGITS);
                let back = decimals.join().expect("few digits");
                let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
                prop_assert_eq!(bits(&back), bits(&values));
            } else {
                prop_assert!(odd % 2 == 0, "decimals of few digits are split");
            }
        }
    }
}
