//! Series thinned to the least and the greatest value of each bucket of time: peaks stay, whatever is left out between them.
//!
//! Bucket `k` of `n` has the steps from `k·steps/n` (rounded down) to before those of the next. So buckets of which each is made of the
//! same number of finer ones are made of these exactly, and need not be made of the series again. Pure.

use std::ops::Range;

/// How finely curves are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::page) struct Resolution {
    /// The time steps, at least one.
    pub(in crate::page) steps: usize,
    /// The buckets, at most as many.
    pub(in crate::page) buckets: usize,
}

/// Numbers of buckets, the most first. What is thinned to one of them can be thinned further to others that divide it.
const LADDER: [usize; 27] = [
    15_360, 7_680, 3_840, 1_920, 960, 480, 320, 240, 160, 120, 96, 80, 60, 48, 40, 32, 30, 24, 20,
    16, 15, 12, 10, 8, 6, 5, 4,
];

impl Resolution {
    /// Every step on its own.
    pub(in crate::page) fn whole(steps: usize) -> Self {
        Self {
            steps,
            buckets: steps,
        }
    }

    /// The finest of which a curve has at most so many values; `None` if there are too few for any.
    pub(in crate::page) fn within(steps: usize, values: usize) -> Option<Self> {
        if steps <= values {
            return Some(Self::whole(steps));
        }
        let mut ladder = LADDER.into_iter();
        let buckets = ladder.find(|buckets| 2 * buckets <= values && 2 * buckets <= steps)?;
        Some(Self { steps, buckets })
    }

    /// Whether every step is on its own.
    pub(in crate::page) fn is_whole(self) -> bool {
        self.buckets == self.steps
    }

    /// How many values a curve has.
    pub(in crate::page) fn values(self) -> usize {
        match self.is_whole() {
            true => self.steps,
            false => 2 * self.buckets,
        }
    }

    /// This one and coarser ones that can be made of it, the finest first.
    pub(super) fn coarser(self) -> impl Iterator<Item = Self> {
        let is_made_of = move |buckets: &usize| match self.is_whole() {
            true => 2 * buckets <= self.steps,
            false => *buckets < self.buckets && self.buckets.is_multiple_of(*buckets),
        };
        let steps = self.steps;
        let others = LADDER.into_iter().filter(is_made_of);
        std::iter::once(self).chain(others.map(move |buckets| Self { steps, buckets }))
    }

    /// The steps of a bucket.
    fn of(self, bucket: usize) -> Range<usize> {
        let edge = |bucket: usize| bucket * self.steps / self.buckets;
        edge(bucket)..edge(bucket + 1)
    }
}

/// A curve: the least and the greatest value of each bucket, NaN where all are missing.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Thinned {
    /// The least of each; the values themselves, where every step is on its own.
    pub(super) lows: Vec<f32>,
    /// The greatest of each; nothing where every step is on its own.
    pub(super) highs: Vec<f32>,
}

impl Thinned {
    /// A series of so many steps as the resolution has.
    pub(super) fn of(series: &[f64], resolution: Resolution) -> Self {
        if resolution.is_whole() {
            return Self {
                lows: series.iter().map(|value| *value as f32).collect(),
                highs: Vec::new(),
            };
        }
        let buckets = (0..resolution.buckets).map(|bucket| ends(&series[resolution.of(bucket)]));
        let (lows, highs) = buckets.map(|(low, high)| (low as f32, high as f32)).unzip();
        Self { lows, highs }
    }
}

/// Adds a curve's buckets of one resolution, made of those of a finer one.
pub(super) fn thin_further(
    (lows, highs): (&[f32], &[f32]),
    (from, to): (Resolution, Resolution),
    (into_lows, into_highs): (&mut Vec<f32>, &mut Vec<f32>),
) {
    if from == to {
        into_lows.extend_from_slice(lows);
        into_highs.extend_from_slice(highs);
        return;
    }
    let each = from.buckets / to.buckets;
    for bucket in 0..to.buckets {
        let fine = match from.is_whole() {
            true => to.of(bucket),
            false => bucket * each..(bucket + 1) * each,
        };
        let of_highs = if from.is_whole() { lows } else { highs };
        into_lows.push(least(&lows[fine.clone()]));
        into_highs.push(greatest(&of_highs[fine]));
    }
}

// The least and the greatest of NaN and a number are the number.

fn least(values: &[f32]) -> f32 {
    values.iter().copied().fold(f32::NAN, f32::min)
}

fn greatest(values: &[f32]) -> f32 {
    values.iter().copied().fold(f32::NAN, f32::max)
}

/// The least and the greatest; NaN if all are missing.
fn ends(values: &[f64]) -> (f64, f64) {
    let ends = (f64::NAN, f64::NAN);
    (values.iter()).fold(ends, |(low, high), value| {
        (low.min(*value), high.max(*value))
    })
}

/// The values that are exceeded in these shares of the time, in percent: the quantiles of what is not missing, between two values linearly.
/// NaN if all are.
pub(super) fn durations(series: &[f32], percents: &[f64]) -> Vec<f32> {
    let mut sorted: Vec<f32> = series
        .iter()
        .copied()
        .filter(|value| !value.is_nan())
        .collect();
    sorted.sort_unstable_by(|a, b| b.total_cmp(a));
    let Some(last) = sorted.len().checked_sub(1) else {
        return vec![f32::NAN; percents.len()];
    };
    let value = |percent: &f64| {
        let place = percent / 100.0 * last as f64;
        let (at, share) = (place as usize, place.fract());
        let (high, low) = (f64::from(sorted[at]), f64::from(sorted[(at + 1).min(last)]));
        (high + (low - high) * share) as f32
    };
    percents.iter().map(value).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NAN: f32 = f32::NAN;

    #[test]
    fn the_finest_that_fits_is_taken() {
        let within = |steps, values| Resolution::within(steps, values).map(|it| it.buckets);
        assert_eq!(within(8_760, 8_760), Some(8_760));
        assert_eq!(within(8_760, 8_759), Some(3_840));
        assert_eq!(within(8_760, 111), Some(48));
        assert_eq!(within(8_760, 7), None);
        assert_eq!(within(3, 7), Some(3));
        let coarser = |resolution: Resolution| -> Vec<usize> {
            resolution.coarser().map(|it| it.buckets).collect()
        };
        let fine = Resolution {
            steps: 8_760,
            buckets: 60,
        };
        assert_eq!(coarser(fine), [60, 30, 20, 15, 12, 10, 6, 5, 4]);
        assert_eq!(coarser(Resolution::whole(24)), [24, 12, 10, 8, 6, 5, 4]);
    }

    #[test]
    fn what_is_exceeded_lies_between_the_greatest_and_the_least() {
        let series = [3.0, NAN, 1.0, 2.0, 5.0, 4.0];
        let found = durations(&series, &[0.0, 25.0, 62.5, 100.0]);
        assert_eq!(found, [5.0, 4.0, 2.5, 1.0]);
        assert!(durations(&[NAN], &[50.0])[0].is_nan());
    }

    fn bits(values: &[f32]) -> Vec<u32> {
        values.iter().map(|value| value.to_bits()).collect()
    }

    proptest! {
        #[test]
        fn thinning_further_is_thinning_at_once(
            series in prop::collection::vec(prop_oneof![Just(f64::NAN), -1e3..1e3_f64, Just(0.0)], 1..400),
            values in 8_usize..500,
        ) {
            let Some(fine) = Resolution::within(series.len(), values) else { return Ok(()); };
            prop_assert!(fine.values() <= values);
            let kept = Thinned::of(&series, fine);
            prop_assert_eq!(kept.lows.len() + kept.highs.len(), fine.values());
            for coarse in fine.coarser() {
                let (mut lows, mut highs) = (Vec::new(), Vec::new());
                thin_further((&kept.lows, &kept.highs), (fine, coarse), (&mut lows, &mut highs));
                let at_once = Thinned::of(&series, coarse);
                prop_assert_eq!(bits(&lows), bits(&at_once.lows));
                prop_assert_eq!(bits(&highs), bits(&at_once.highs));
                // Peaks stay.
                let greatest = series.iter().copied().fold(f64::NAN, f64::max) as f32;
                let of = if coarse.is_whole() { &lows } else { &highs };
                let kept = of.iter().copied().fold(f32::NAN, f32::max);
                prop_assert!(kept == greatest || (kept.is_nan() && greatest.is_nan()));
            }
        }
    }
}
