//! How long a test at random goes on, and from which seed: `make random ROUNDS=… SEED=…`, `make torture KILLS=… SEED=…`.

use std::time::{SystemTime, UNIX_EPOCH};

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
