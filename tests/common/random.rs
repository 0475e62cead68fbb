//! How long a test at random goes on, and from which seed: `make random ROUNDS=… SEED=…`, `make torture KILLS=… SEED=…`.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use tempfile::TempDir;

use super::python;

/// A number from the environment.
fn stated(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// The seed and the rounds, both printed for a replay. The rounds are what this variable states, or else these.
pub(crate) fn draw(variable: &str, rounds: u64) -> (u64, u64) {
    let clock = || SystemTime::now().duration_since(UNIX_EPOCH);
    let now = || clock().map_or(0, |now| u64::from(now.subsec_nanos()));
    let seed = stated("RERUNOFF_SEED").unwrap_or_else(now);
    let rounds = stated(variable).unwrap_or(rounds);
    println!("RERUNOFF_SEED={seed} {variable}={rounds}");
    (seed, rounds)
}

/// The folder with the files that a script in `tests/interop` wrote, and in how many rounds: these, unless others are stated.
#[track_caller]
pub(crate) fn written(script: &str, rounds: u64) -> (TempDir, u64) {
    let (seed, rounds) = draw("RERUNOFF_ROUNDS", rounds);
    let folder = tempfile::tempdir().expect("a folder");
    let arguments = [seed, rounds].map(|number| number.to_string());
    let [seed, count] = arguments.each_ref().map(Path::new);
    python(script, &[folder.path(), seed, count]);
    (folder, rounds)
}

/// SplitMix64: small, and the same everywhere.
pub(crate) struct RandomNumbers(pub u64);

impl RandomNumbers {
    /// A number below this limit.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}
