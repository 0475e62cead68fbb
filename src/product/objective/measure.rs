//! How well simulated values fit measured ones: the formulas.
//!
//! With n pairs of a measured value o and a simulated value s, their means μ, standard deviations σ and correlation r:
//!
//! | statistic | formula | source |
//! |---|---|---|
//! | `nse` | 1 − Σ(o − s)² / Σ(o − μₒ)² | Nash & Sutcliffe 1970, doi:10.1016/0022-1694(70)90255-6 |
//! | `kge` | 1 − √((r − 1)² + (σₛ/σₒ − 1)² + (μₛ/μₒ − 1)²) | Gupta et al. 2009, doi:10.1016/j.jhydrol.2009.08.003 |
//! | `kge_2012` | the same with (σₛ/μₛ) / (σₒ/μₒ) in place of σₛ/σₒ | Kling et al. 2012, doi:10.1016/j.jhydrol.2012.01.011 |
//! | `rmse` | √(Σ(o − s)² / n) | |
//! | `mae` | Σ\|o − s\| / n | |
//! | `r2` | r² | Pearson's correlation, squared |
//! | `pbias` | 100 Σ(s − o) / Σo, or with the other sign | Gupta et al. 1999, doi:10.1061/(ASCE)1084-0699(1999)4:2(135) |
//!
//! Forms with `log_` are of ln(o + ε) and ln(s + ε), ε = 0 unless it is stated; `"mean/100"` is a hundredth of μₒ, as Pushpalatha et
//! al. 2012 advise, doi:10.1016/j.jhydrol.2011.11.055. A number that is not defined (a division by 0, a logarithm of what is
//! not positive, no pairs) is missing. It knows neither times nor gauges.

use crate::product::exact_sum::sum;
use crate::project::objective_spec::{Epsilon, FitStatistic, Measure};

impl Measure {
    /// The number for these pairs of a measured and a simulated value, all finite; NaN where it is not defined.
    pub(crate) fn of(&self, pairs: &[(f64, f64)]) -> f64 {
        let number = match self.logarithm {
            None => fit(self.statistic, pairs),
            Some(epsilon) => {
                let epsilon = match epsilon {
                    Epsilon::Number(number) => number,
                    Epsilon::MeanHundredth => 0.01 * mean(pairs, measured),
                };
                let ln = |value: f64| libm::log(value + epsilon);
                let logarithms = pairs.iter().map(|&(o, s)| (ln(o), ln(s)));
                fit(self.statistic, &logarithms.collect::<Vec<_>>())
            }
        };
        // Which of many NaNs comes out is the processor's choice.
        if number.is_finite() { number } else { f64::NAN }
    }
}

type Pair = (f64, f64);

fn measured(pair: &Pair) -> f64 {
    pair.0
}

fn simulated(pair: &Pair) -> f64 {
    pair.1
}

fn total(pairs: &[Pair], of: impl Fn(&Pair) -> f64) -> f64 {
    sum(pairs.iter().map(of))
}

fn mean(pairs: &[Pair], of: impl Fn(&Pair) -> f64) -> f64 {
    total(pairs, of) / pairs.len() as f64
}

fn fit(statistic: FitStatistic, pairs: &[Pair]) -> f64 {
    let squared_error = |&(o, s): &Pair| (o - s) * (o - s);
    let bias = || 100.0 * total(pairs, |&(o, s)| s - o) / total(pairs, measured);
    match statistic {
        FitStatistic::Nse => {
            let mean = mean(pairs, measured);
            let spread = total(pairs, |&(o, _)| (o - mean) * (o - mean));
            1.0 - total(pairs, squared_error) / spread
        }
        FitStatistic::Kge => {
            let moments = Moments::of(pairs);
            moments.efficiency(moments.deviations[1] / moments.deviations[0])
        }
        FitStatistic::Kge2012 => {
            let moments = Moments::of(pairs);
            let [o, s] = [0, 1].map(|at| moments.deviations[at] / moments.means[at]);
            moments.efficiency(s / o)
        }
        FitStatistic::Rmse => mean(pairs, squared_error).sqrt(),
        FitStatistic::Mae => mean(pairs, |&(o, s)| (o - s).abs()),
        FitStatistic::R2 => {
            let r = Moments::of(pairs).correlation;
            r * r
        }
        FitStatistic::PbiasOver => bias(),
        FitStatistic::PbiasUnder => -bias(),
    }
}

/// Means and standard deviations of measured and simulated values, and their correlation.
struct Moments {
    means: [f64; 2],
    deviations: [f64; 2],
    correlation: f64,
}

impl Moments {
    fn of(pairs: &[Pair]) -> Self {
        let [o, s] = [mean(pairs, measured), mean(pairs, simulated)];
        let spreads = [
            total(pairs, |pair| (pair.0 - o) * (pair.0 - o)),
            total(pairs, |pair| (pair.1 - s) * (pair.1 - s)),
        ];
        let common = total(pairs, |pair| (pair.0 - o) * (pair.1 - s));
        let deviations = spreads.map(f64::sqrt);
        Self {
            means: [o, s],
            correlation: common / (deviations[0] * deviations[1]),
            deviations,
        }
    }

    /// Kling and Gupta's efficiency with this ratio of variabilities.
    fn efficiency(&self, variability: f64) -> f64 {
        let bias = self.means[1] / self.means[0];
        let square = |ratio: f64| (ratio - 1.0) * (ratio - 1.0);
        1.0 - (square(self.correlation) + square(variability) + square(bias)).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(statistic: FitStatistic, pairs: &[Pair]) -> f64 {
        let measure = Measure {
            statistic,
            logarithm: None,
        };
        measure.of(pairs)
    }

    fn log(epsilon: Epsilon, pairs: &[Pair]) -> f64 {
        let measure = Measure {
            statistic: FitStatistic::Nse,
            logarithm: Some(epsilon),
        };
        measure.of(pairs)
    }

    /// The example in the documentation of HydroEval.
    const EXAMPLE: [Pair; 4] = [(4.7, 5.3), (4.3, 4.2), (5.5, 5.7), (2.7, 2.3)];

    #[test]
    fn numbers_are_those_of_others() {
        let close = |found: f64, expected: f64| {
            assert!((found - expected).abs() < 5e-9, "{found} {expected}");
        };
        close(of(FitStatistic::Nse, &EXAMPLE), 0.862_980_77);
        close(of(FitStatistic::Kge, &EXAMPLE), 0.706_623_2);
        assert_eq!(
            of(FitStatistic::PbiasOver, &EXAMPLE),
            -of(FitStatistic::PbiasUnder, &EXAMPLE)
        );
    }

    #[test]
    fn what_is_not_defined_is_missing() {
        for statistic in [
            FitStatistic::Nse,
            FitStatistic::Kge,
            FitStatistic::Kge2012,
            FitStatistic::Rmse,
            FitStatistic::Mae,
            FitStatistic::R2,
            FitStatistic::PbiasOver,
        ] {
            assert!(of(statistic, &[]).is_nan(), "{statistic:?}");
        }
        let constant = [(2.0, 1.0), (2.0, 3.0)];
        assert!(of(FitStatistic::Nse, &constant).is_nan());
        assert!(of(FitStatistic::R2, &constant).is_nan());
        assert_eq!(of(FitStatistic::Rmse, &constant), 1.0);
        assert!(of(FitStatistic::PbiasOver, &[(1.0, 1.0), (-1.0, 1.0)]).is_nan());
    }

    #[test]
    fn a_logarithm_of_nothing_is_missing_unless_something_is_added() {
        let dry = [(1.0, 2.0), (2.0, 0.0), (4.0, 3.0)];
        assert!(log(Epsilon::Number(0.0), &dry).is_nan());
        assert!(log(Epsilon::Number(0.1), &dry).is_finite());
        assert!(log(Epsilon::MeanHundredth, &dry).is_finite());
        assert!(log(Epsilon::Number(0.1), &[(1.0, -0.5), (2.0, 1.0)]).is_nan());
    }

    proptest! {
        #[test]
        fn a_perfect_fit_is_perfect(values in prop::collection::vec(0.1_f64..1e6, 2..50)) {
            prop_assume!(values.iter().any(|value| *value != values[0]));
            let pairs: Vec<Pair> = values.iter().map(|value| (*value, *value)).collect();
            prop_assert_eq!(of(FitStatistic::Nse, &pairs), 1.0);
            prop_assert!((of(FitStatistic::Kge, &pairs) - 1.0).abs() < 1e-12);
            prop_assert!((of(FitStatistic::R2, &pairs) - 1.0).abs() < 1e-12);
            prop_assert_eq!(of(FitStatistic::Rmse, &pairs), 0.0);
            prop_assert_eq!(of(FitStatistic::PbiasOver, &pairs), 0.0);
        }
    }
}
