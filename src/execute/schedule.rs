//! How long jobs take that are worked off by several workers.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The end of the last job if each goes to the worker that is free first.
pub(crate) fn schedule(costs: impl Iterator<Item = f64>, workers: usize) -> f64 {
    // The bits of numbers that are not negative are in the numbers' order.
    let mut free: BinaryHeap<Reverse<u64>> = vec![Reverse(0f64.to_bits()); workers.max(1)].into();
    let mut end = 0f64;
    for cost in costs {
        let Reverse(at) = free.pop().unwrap_or(Reverse(0));
        let done = f64::from_bits(at) + cost.max(0.0);
        end = end.max(done);
        free.push(Reverse(done.to_bits()));
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_job_bounds_the_run() {
        assert_eq!(schedule([1.0; 10].into_iter(), 2), 5.0);
        assert_eq!(schedule([1.0, 1.0, 60.0].into_iter(), 8), 60.0);
        assert_eq!(schedule([].into_iter(), 8), 0.0);
    }
}
