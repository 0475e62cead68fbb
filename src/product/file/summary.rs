//! Summary variables: one number for each catchment out of all time steps of a variable; with a further dimension one for
//! each place along it.
//!
//! Time steps without a value are left out; if no step has one, the number is missing. The numbers are computed in 64 bits,
//! whatever the precision in which the variable is stored, one series at a time and always in the order of the time steps,
//! so that they are the same on every machine. It knows no files.

use super::{AxisGroup, ProductAxis, ProductContent};
use crate::product::exact_sum::sum;
use crate::project::product_spec::{Statistic, SummaryKind, SummaryVariable};

impl Statistic {
    /// The numbers of a series that has `slice` values a time step, one for each of them.
    pub(super) fn of_each(self, series: &[f64], slice: usize) -> Vec<f64> {
        if slice == 1 {
            return vec![self.of(series)];
        }
        let along = |place: usize| series.iter().skip(place).step_by(slice).copied();
        (0..slice)
            .map(|place| self.of(&along(place).collect::<Vec<f64>>()))
            .collect()
    }

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

/// The numbers of one summary in one row, one for each place along the variable's further dimension, by the summary's number.
pub(in crate::product) type RowSummary = (usize, Vec<f64>);

impl ProductContent {
    /// The summaries of one of a group's variables (by number) in a row, from the variable's values there.
    pub(in crate::product) fn summarise(
        &self,
        group: &AxisGroup<'_>,
        row: usize,
        variable: usize,
        series: &[f64],
    ) -> Vec<RowSummary> {
        let summaries = self.spec.summaries.iter().enumerate();
        let own = summaries.filter(|(_, summary)| summary.of == variable);
        let numbers = |number: usize, kind: &SummaryKind| match kind {
            SummaryKind::Statistic(statistic) => statistic.of_each(series, group.slice()),
            SummaryKind::Objective(_) => {
                let id = &self.catchments[row].id;
                let gauges = self.gauges_of(number);
                vec![gauges.map_or(f64::NAN, |gauges| gauges.number(id, series))]
            }
        };
        own.map(|(number, summary)| (number, numbers(number, &summary.kind)))
            .collect()
    }
}

/// The summaries of all rows, filled in as blocks are made.
pub(in crate::product) struct Summaries {
    /// How many catchments each scenario has.
    each: usize,
    /// By summary: scenario by scenario, place by place, catchment by catchment.
    numbers: Vec<Vec<f64>>,
}

impl Summaries {
    /// All numbers missing.
    pub(in crate::product) fn new(product: &ProductContent) -> Self {
        let numbers = |summary: &SummaryVariable| {
            let dimension = &product.spec.variables[summary.of].axes.dimension;
            let places = dimension.as_ref().and_then(|name| product.axis(name));
            vec![f64::NAN; product.catchments.len() * places.map_or(1, ProductAxis::len)]
        };
        Self {
            each: product.catchments_each(),
            numbers: product.spec.summaries.iter().map(numbers).collect(),
        }
    }

    /// Sets numbers of a row.
    pub(in crate::product) fn set_row(
        &mut self,
        row: usize,
        summaries: impl IntoIterator<Item = RowSummary>,
    ) {
        for (summary, numbers) in summaries {
            for (place, number) in places(row, self.each, numbers.len()).zip(numbers) {
                self.numbers[summary][place] = number;
            }
        }
    }

    /// A summary's numbers of all rows.
    pub(in crate::product) fn of(&self, summary: usize) -> &[f64] {
        &self.numbers[summary]
    }
}

/// Where a row's numbers are among those of all rows, `count` for each, where each scenario has `each` catchments.
pub(super) fn places(row: usize, each: usize, count: usize) -> impl Iterator<Item = usize> {
    let first = row / each * each * count + row % each;
    (0..count).map(move |place| first + place * each)
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
    fn every_place_has_numbers_of_its_own() {
        let series = [1.0, 10.0, 3.0, NAN, 5.0, 30.0];
        assert_eq!(Statistic::Mean.of_each(&series, 2), [3.0, 20.0]);
        assert_eq!(Statistic::Max.of_each(&series, 1), [30.0]);
        // Two scenarios of three catchments with two places each.
        let all: Vec<usize> = (0..6).flat_map(|row| places(row, 3, 2)).collect();
        assert_eq!(all, [0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11]);
        assert_eq!(places(4, 3, 1).collect::<Vec<_>>(), [4]);
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
