//! Which planes of a chunk can't be compressed, recognised without trying.
//!
//! A number printed with six digits and read as 64 bits fills the lower bytes with what looks random: deflate spends
//! most of its time on them and gains nothing. If they are recognised beforehand, they are only copied. A wrong guess
//! costs a little space or time, never a value. Whole numbers only, so that every machine guesses alike.

/// Fewer bytes than this are too few to judge.
const LEAST: usize = 512;

/// The size of the table of sequences seen, a power of two.
const PLACES: usize = 1024;

/// The total length of the planes at the beginning of `planes`, each of `count` bytes, that look like noise.
pub(super) fn noisy_prefix(planes: &[u8], count: usize) -> usize {
    if count < LEAST || repeats(&planes[..count]) {
        return 0;
    }
    let noisy = planes
        .chunks_exact(count)
        .take_while(|plane| is_even(plane));
    noisy.count() * count
}

/// Whether the bytes are about equally frequent, so that no code would be much shorter than eight bits: hardly more than
/// an eighth of them have values that are more than twice as frequent. A limit of half that would save 0.7 % of a product
/// and take a tenth more time.
fn is_even(plane: &[u8]) -> bool {
    // Four tables, because counting the same byte twice in a row waits for the first time to end. No count exceeds the plane's
    // length, and checking that for each would take longer than counting.
    let mut counts = [[0_u32; 256]; 4];
    let (fours, rest) = plane.as_chunks::<4>();
    for four in fours {
        for (counts, byte) in counts.iter_mut().zip(four) {
            let count = &mut counts[usize::from(*byte)];
            *count = count.wrapping_add(1);
        }
    }
    for byte in rest {
        counts[0][usize::from(*byte)] += 1;
    }
    let usual = plane.len().div_ceil(128) as u32;
    let [first, second, third, fourth] = &counts;
    let excess = (0..256).fold(0_u32, |sum, byte| {
        let halves = [(first, second), (third, fourth)];
        let [one, other] = halves.map(|(a, b)| a[byte].wrapping_add(b[byte]));
        sum.wrapping_add(one.wrapping_add(other).saturating_sub(usual))
    });
    8 * u64::from(excess) <= plane.len() as u64
}

/// Whether a good part of the plane repeats four bytes seen before: the same series twice, or values that stay the same.
///
/// Only the lowest plane is examined: where numbers repeat, its bytes do.
fn repeats(plane: &[u8]) -> bool {
    let mut seen = [0_u32; PLACES];
    let (fours, _) = plane.as_chunks::<4>();
    let mut repeated = 0;
    for four in fours {
        let four = u32::from_le_bytes(*four);
        let place = four.wrapping_mul(0x9E37_79B1) >> (32 - PLACES.ilog2());
        let place = &mut seen[place as usize];
        repeated += usize::from(*place == four);
        *place = four;
    }
    8 * repeated > fours.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pseudo-random bytes.
    fn noise(count: usize) -> Vec<u8> {
        let mut state = 1_u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8
        };
        (0..count).map(|_| next()).collect()
    }

    #[test]
    fn noise_is_found_up_to_the_first_plane_that_is_none() {
        for count in [512, 2048, 32_768] {
            let mut planes = noise(4 * count);
            assert_eq!(noisy_prefix(&planes, count), 4 * count);
            planes[2 * count..3 * count].fill(7);
            assert_eq!(noisy_prefix(&planes, count), 2 * count);
        }
    }

    #[test]
    fn what_deflate_can_use_is_no_noise() {
        let count = 4096;
        let noise = noise(count);
        let narrow: Vec<u8> = noise.iter().map(|byte| byte & 0x3f).collect();
        let half_missing: Vec<u8> = (noise.iter().enumerate())
            .map(|(at, byte)| if at % 1000 < 500 { 0 } else { *byte })
            .collect();
        let lasting: Vec<u8> = (0..count).map(|at| noise[at / 64]).collect();
        let twice = [&noise[..count / 2]; 2].concat();
        for plane in [narrow, half_missing, lasting, twice, vec![0; count]] {
            assert_eq!(noisy_prefix(&plane, count), 0);
        }
        assert_eq!(noisy_prefix(&noise[..100], 100), 0);
        assert_eq!(noisy_prefix(&[], 0), 0);
    }
}
