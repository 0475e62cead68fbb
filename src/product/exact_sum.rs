//! Sums without the errors that add up: of statistics over time steps, of measures over pairs, of objectives over gauges.

/// Neumaier's sum: right to the last bits, however many values there are, and the same on every machine.
pub(super) fn sum(values: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut lost) = (0.0_f64, 0.0);
    for value in values {
        let next = sum + value;
        lost += if sum.abs() >= value.abs() {
            (sum - next) + value
        } else {
            (value - next) + sum
        };
        sum = next;
    }
    // Of infinities nothing is lost that could be added again.
    if sum.is_finite() { sum + lost } else { sum }
}
