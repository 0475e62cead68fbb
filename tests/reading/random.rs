//! How long a test at random goes on, and from which seed: `make random ROUNDS=… SEED=…`.

use std::time::{SystemTime, UNIX_EPOCH};

/// A number from the environment.
fn stated(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// The seed, which is printed, and the rounds: these, if none are stated.
pub fn draw(rounds: u64) -> (u64, u64) {
    let clock = || SystemTime::now().duration_since(UNIX_EPOCH);
    let now = || clock().map_or(0, |now| u64::from(now.subsec_nanos()));
    let seed = stated("RERUNOFF_SEED").unwrap_or_else(now);
    println!("RERUNOFF_SEED={seed}");
    (seed, stated("RERUNOFF_ROUNDS").unwrap_or(rounds))
}
