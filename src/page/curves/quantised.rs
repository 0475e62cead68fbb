//! Curves in whole numbers of one or two bytes, each between its own low and high.
//!
//! A browser draws a curve over a few hundred pixels; a byte a value is as much as shows of a coarse one, and two are enough to zoom in
//! by far.

use super::buckets::Thinned;
use crate::page::array::Array;

/// How the values of a level are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// As they are.
    F32,
    /// As 0 to 65534, 65535 where they are missing.
    U16,
    /// As even numbers from 0 to 254, 255 where they are missing: half as many steps show no less of a coarse curve, and pack into a fifth less.
    U8,
}

/// Written values.
pub(super) struct Written {
    pub(super) lows: Array,
    pub(super) highs: Array,
    /// The low and the high of each curve; `None` where values are as they are.
    pub(super) ranges: Option<Vec<f32>>,
}

impl Encoding {
    /// Writes curves of so many buckets each; `ranges` are those of the curves, if they are known.
    pub(super) fn write(self, curves: &Thinned, buckets: usize) -> Written {
        let Some((steps, each)) = self.steps() else {
            return Written {
                lows: Array::F32(curves.lows.clone()),
                highs: Array::F32(curves.highs.clone()),
                ranges: None,
            };
        };
        let ranges = self.ranges(curves, buckets);
        let write = |values: &[f32]| -> Vec<u16> {
            let curves = values.chunks(buckets).zip(ranges.as_chunks::<2>().0);
            curves
                .flat_map(|(curve, range)| {
                    curve.iter().map(move |value| match value.is_nan() {
                        true => steps * each + 1,
                        false => whole(*value, *range, steps) * each,
                    })
                })
                .collect()
        };
        let (lows, highs) = (
            self.array(write(&curves.lows)),
            self.array(write(&curves.highs)),
        );
        Written {
            lows,
            highs,
            ranges: Some(ranges),
        }
    }

    /// How many steps there are from the low to the high, and by how much a number grows with each.
    fn steps(self) -> Option<(u16, u16)> {
        match self {
            Self::F32 => None,
            Self::U16 => Some((65_534, 1)),
            Self::U8 => Some((127, 2)),
        }
    }

    fn array(self, values: Vec<u16>) -> Array {
        match self {
            Self::U8 => Array::U8(values.into_iter().map(|value| value as u8).collect()),
            Self::F32 | Self::U16 => Array::U16(values),
        }
    }

    /// The low and the high of each curve, NaN where all of it is missing.
    fn ranges(self, curves: &Thinned, buckets: usize) -> Vec<f32> {
        let highs = match curves.highs.is_empty() {
            true => &curves.lows,
            false => &curves.highs,
        };
        let each = curves.lows.chunks(buckets).zip(highs.chunks(buckets));
        let ends = each.flat_map(|(lows, highs)| {
            let low = lows.iter().copied().fold(f32::NAN, f32::min);
            let high = highs.iter().copied().fold(f32::NAN, f32::max);
            match self {
                Self::U8 => [short(low, false), short(high, true)],
                Self::F32 | Self::U16 => [low, high],
            }
        });
        ends.collect()
    }
}

/// The nearest number not above, or not below, whose last two bytes are 0: those of a coarse curve would be a good part of it.
fn short(value: f32, up: bool) -> f32 {
    let cut = f32::from_bits(value.to_bits() & 0xffff_0000);
    let is_away_from_zero = up == (value > 0.0);
    if cut == value || value.is_nan() || !is_away_from_zero {
        return cut;
    }
    let further = f32::from_bits(cut.to_bits() + 0x1_0000);
    if further.is_finite() { further } else { value }
}

/// How many of so many steps a value is above the low.
fn whole(value: f32, [low, high]: [f32; 2], steps: u16) -> u16 {
    let (value, low, high) = (f64::from(value), f64::from(low), f64::from(high));
    if high <= low {
        return 0;
    }
    let share = (value - low) / (high - low);
    (share * f64::from(steps))
        .round()
        .clamp(0.0, f64::from(steps)) as u16
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn missing_values_and_equal_ones_are_written_too() {
        let curves = Thinned {
            lows: vec![f32::NAN, f32::NAN, 2.0, f32::NAN],
            highs: vec![f32::NAN, f32::NAN, 2.0, f32::NAN],
        };
        let written = Encoding::U8.write(&curves, 2);
        assert_eq!(written.lows, Array::U8(vec![255, 255, 0, 255]));
        let ranges = written.ranges.expect("ranges");
        assert!(ranges[0].is_nan() && ranges[1].is_nan());
        assert_eq!(ranges[2..], [2.0, 2.0]);
    }

    proptest! {
        #[test]
        fn values_are_what_they_were_to_a_step(values in prop::collection::vec(-1e6..1e6_f32, 1..50)) {
            for encoding in [Encoding::U8, Encoding::U16] {
                let curves = Thinned { lows: values.clone(), highs: Vec::new() };
                let written = encoding.write(&curves, values.len());
                let ranges = written.ranges.expect("ranges");
                let (low, high) = (f64::from(ranges[0]), f64::from(ranges[1]));
                let (steps, each) = encoding.steps().expect("steps");
                let top = f64::from(steps * each);
                let numbers: Vec<f64> = match &written.lows {
                    Array::U8(numbers) => numbers.iter().copied().map(f64::from).collect(),
                    Array::U16(numbers) => numbers.iter().copied().map(f64::from).collect(),
                    other => panic!("{other:?}"),
                };
                for (number, value) in numbers.iter().zip(&values) {
                    let value = f64::from(*value);
                    prop_assert!(low <= value && value <= high);
                    let read = low + number / top * (high - low);
                    prop_assert!((read - value).abs() <= 0.5001 * (high - low) / f64::from(steps));
                }
            }
        }

        #[test]
        fn short_ends_are_close_and_on_the_right_side(value in any::<f32>()) {
            let (low, high) = (short(value, false), short(value, true));
            prop_assert_eq!(value.is_nan(), low.is_nan() && high.is_nan());
            if value.is_finite() {
                prop_assert!(low <= value && value <= high);
                prop_assert!(f64::from(high) - f64::from(low) <= f64::from(value.abs()) / 64.0 + 1e-37);
            }
        }
    }
}
