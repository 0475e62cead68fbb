//! Random numbers without a state: which number comes depends on what is drawn, never on what was drawn before.
//!
//! That is what lets a catchment be made by itself, in any order and on any thread.

use std::ops::Range;

/// What is drawn; every purpose has its own stream of numbers.
#[derive(Clone, Copy)]
pub(super) enum Draw {
    /// What the catchments of a region have in common.
    Region,
    /// What a catchment has for all time.
    Site,
    /// Warm and cold spells.
    Spell,
    /// Weather fronts.
    Front,
    /// How much of a front a catchment gets.
    FrontHere,
    /// Summer storms of a region.
    Storm,
    /// Whether a storm hits a catchment.
    StormHere,
    /// Gusts of rain.
    Rain,
    /// The air of a catchment from hour to hour.
    Air,
}

/// A hash of the seed, the purpose and two counters.
#[derive(Clone, Copy, Debug)]
pub(super) struct RandomNumbers(u64);

impl RandomNumbers {
    /// The numbers that belong to `seed`.
    pub(super) fn new(seed: u64) -> Self {
        Self(mix(seed))
    }

    /// A number in [0, 1).
    pub(super) fn uniform(self, draw: Draw, a: usize, b: usize) -> f64 {
        let hash = mix(mix(mix(self.0 ^ ((draw as u64 + 1) << 56)) ^ a as u64) ^ b as u64);
        (hash >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A number in `range`.
    pub(super) fn between(self, range: Range<f64>, draw: Draw, a: usize, b: usize) -> f64 {
        range.start + (range.end - range.start) * self.uniform(draw, a, b)
    }

    /// A bell-shaped number, mean 0, standard deviation 1, within ±3: the sum of three uniform ones.
    pub(super) fn bell(self, draw: Draw, a: usize, b: usize) -> f64 {
        2.0 * ((0..3)
            .map(|i| self.uniform(draw, a, 3 * b + i))
            .sum::<f64>()
            - 1.5)
    }
}

/// The output function of SplitMix64 (Steele, Lea and Flood 2014).
fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_spread_evenly_and_streams_differ() {
        let random = RandomNumbers::new(7);
        let mut counts = [0; 10];
        let (mut mean, mut square) = (0.0, 0.0);
        for i in 0..10_000 {
            counts[(10.0 * random.uniform(Draw::Site, i, 0)) as usize] += 1;
            let bell = random.bell(Draw::Air, 3, i);
            mean += bell / 10_000.0;
            square += bell * bell / 10_000.0;
        }
        assert!(
            counts.iter().all(|count| (850..1150).contains(count)),
            "{counts:?}"
        );
        assert!(
            mean.abs() < 0.05 && (square - 1.0).abs() < 0.05,
            "{mean} {square}"
        );
        assert_ne!(
            random.uniform(Draw::Site, 1, 2),
            random.uniform(Draw::Site, 2, 1)
        );
        assert_ne!(
            random.uniform(Draw::Site, 1, 2),
            random.uniform(Draw::Rain, 1, 2)
        );
        assert_ne!(
            random.uniform(Draw::Site, 1, 2),
            RandomNumbers::new(8).uniform(Draw::Site, 1, 2)
        );
    }
}
