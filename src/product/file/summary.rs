//! Summary variables: one number for each catchment out of all time steps of a variable.
//!
//! Time steps without a value are left out; if no step has one, the number is missing. The numbers are computed in 64 bits,
//! whatever the precision in which the variable is stored, one series at a time and always in the order of the time steps,
//! so that they are the same on every machine. It knows no files.

use crate::project::product_spec::Statistic;

impl Statistic {
    /// The number; NaN if all values are.
    pub(super) fn of(self, series: &[f64]) -> f64 {
        let values = || series.iter().copied().filter(|value| !value.is_nan());
        let count = values().count();
        if count == 0 {
            return f64::NAN;
        }
        match self {
            Self::Mean => sum(values()) / count as f64,
            // Of equal values (0 and -0) the first.
            Self::Max => values().fold(f64::NEG_INFINITY, |a, b| if b > a { b } else { a }),
            Self::Min => values().fold(f64::INFINITY, |a, b| if b < a { b } else { a }),
            Self::Sum => sum(values()),
            Self::Quantile(q) => quantile(values().collect(), q),
            Self::Exceedance(threshold) => {
                values().filter(|&value| value > threshold).count() as f64 / count as f64
            }
        }
    }
}

/// Neumaier's sum: right to the last bits, however many time steps there are.
fn sum(values: impl Iterator<Item = f64>) -> f64 {
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

/// NumPy's `linear` method with its way of rounding; at least one value.
fn quantile(mut values: Vec<f64>, q: f64) -> f64 {
    let place = q * (values.len() - 1) as f64;
    let share = place - place.floor();
    let at = (place as usize).min(values.len() - 1);
    let (_, &mut low, above) = values.select_nth_unstable_by(at, f64::total_cmp);
    let high = above.iter().copied().min_by(f64::total_cmp).unwrap_or(low);
    if low == high {
        return low;
    }
    match share {
        0.0 => low,
        _ if share < 0.5 => low + (high - low) * share,
        _ => high - (high - low) * (1.0 - share),
    }
}

/// The summaries of all rows, filled in as blocks are made.
pub(super) struct Summaries(Vec<Vec<f64>>);

impl Summaries {
    /// All numbers missing.
    pub(super) fn new(summaries: usize, rows: usize) -> Self {
        Self(vec![vec![f64::NAN; rows]; summaries])
    }

    /// Sets numbers of a row, each with the number of its summary.
    pub(super) fn set_row(&mut self, row: usize, numbers: impl IntoIterator<Item = (usize, f64)>) {
        for (summary, number) in numbers {
            self.0[summary][row] = number;
        }
    }

    /// A summary's numbers of all rows.
    pub(super) fn of(&self, summary: usize) -> &[f64] {
        &self.0[summary]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAN: f64 = f64::NAN;

    #[test]
    fn missing_steps_are_left_out() {
        let series = [NAN, 4.0, 1.0, NAN, 3.0, 2.0];
        for (statistic, expected) in [
            (Statistic::Mean, 2.5),
            (Statistic::Max, 4.0),
            (Statistic::Min, 1.0),
            (Statistic::Sum, 10.0),
            (Statistic::Quantile(0.0), 1.0),
            (Statistic::Quantile(0.5), 2.5),
            (Statistic::Quantile(0.9), 3.7),
            (Statistic::Quantile(1.0), 4.0),
            (Statistic::Exceedance(2.0), 0.5),
            (Statistic::Exceedance(4.0), 0.0),
        ] {
            assert_eq!(statistic.of(&series), expected, "{statistic:?}");
            assert!(statistic.of(&[NAN, NAN]).is_nan(), "{statistic:?}");
            assert!(statistic.of(&[]).is_nan(), "{statistic:?}");
        }
    }

    #[test]
    fn sums_lose_nothing() {
        let series = [1e16, 1.0, -1e16, 1.0];
        assert_eq!(Statistic::Sum.of(&series), 2.0);
        assert_eq!(Statistic::Sum.of(&[f64::INFINITY, 1.0]), f64::INFINITY);
        assert_eq!(Statistic::Max.of(&[f64::NEG_INFINITY]), f64::NEG_INFINITY);
    }

    #[test]
    fn quantiles_of_one_or_equal_values_are_the_value() {
        for q in [0.0, 0.3, 1.0] {
            assert_eq!(Statistic::Quantile(q).of(&[7.5]), 7.5);
            assert_eq!(Statistic::Quantile(q).of(&[0.1, 0.1, 0.1]), 0.1);
        }
    }
}
