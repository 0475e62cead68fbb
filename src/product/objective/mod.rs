//! How well what is simulated fits what was measured: the numbers at gauges, and one number over all of them.
//!
//! `measure` has the formulas, `pairing` says which simulated steps belong to which measured value. A gauge is a catchment here. It
//! knows neither files nor results.

mod measure;
mod pairing;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use crate::data::catchment::CatchmentId;
use crate::data::digest::Digest;
use crate::product::exact_sum::sum;
use crate::project::objective_spec::{
    ComparedSteps, Measure, Objective, ObjectiveSpec, OverGauges,
};
pub(crate) use pairing::{Comparison, pairs};

/// What an objective compares at which catchments.
#[derive(Clone, Debug)]
pub struct Gauges {
    /// The measured values with their simulated steps, by catchment; none has no pairs.
    comparisons: Arc<BTreeMap<CatchmentId, Comparison>>,
    /// What becomes of several simulated steps, and how they are compared.
    steps: ComparedSteps,
    measure: Measure,
    digest: OnceLock<Digest>,
}

impl Gauges {
    /// The gauges of an objective.
    pub(crate) fn new(
        comparisons: Arc<BTreeMap<CatchmentId, Comparison>>,
        objective: &Objective,
    ) -> Self {
        Self {
            comparisons,
            steps: objective.observations.steps,
            measure: objective.measure,
            digest: OnceLock::new(),
        }
    }

    /// Of all that is compared: equal digests, equal numbers of equal simulated values.
    pub(crate) fn digest(&self) -> &Digest {
        self.digest.get_or_init(|| {
            let mut bytes = Vec::new();
            for (id, comparison) in &*self.comparisons {
                let id = id.as_str().as_bytes();
                bytes.extend((id.len() as u64).to_le_bytes());
                bytes.extend(id);
                comparison.put_into(&mut bytes);
            }
            Digest::of(&bytes)
        })
    }

    /// The catchments with a gauge, in the order of their ids.
    pub fn ids(&self) -> impl Iterator<Item = &CatchmentId> {
        self.comparisons.keys()
    }

    /// Whether the catchment has a gauge.
    pub fn has(&self, id: &CatchmentId) -> bool {
        self.comparisons.contains_key(id)
    }

    /// The number at a catchment whose values over all time steps are these; missing where there is no gauge.
    pub(crate) fn number(&self, id: &CatchmentId, series: &[f64]) -> f64 {
        match self.comparisons.get(id) {
            Some(comparison) => self.measure.of(&comparison.pairs_with(series, self.steps)),
            None => f64::NAN,
        }
    }
}

/// One number out of those at the gauges; missing where that at any of them is, unless it has no weight.
pub fn overall<'a>(
    spec: &ObjectiveSpec,
    gauges: impl Iterator<Item = (&'a CatchmentId, f64)>,
) -> f64 {
    let weighted =
        gauges.map(|(id, number)| (number, spec.weights.get(id).copied().unwrap_or(1.0)));
    let weighted: Vec<(f64, f64)> = weighted.filter(|(_, weight)| *weight > 0.0).collect();
    if weighted.is_empty() || weighted.iter().any(|(number, _)| number.is_nan()) {
        return f64::NAN;
    }
    let numbers = || weighted.iter().map(|(number, _)| *number);
    match spec.over {
        OverGauges::Mean => {
            let total = sum(weighted.iter().map(|(number, weight)| number * weight));
            total / sum(weighted.iter().map(|(_, weight)| *weight))
        }
        OverGauges::Min => numbers().fold(f64::INFINITY, f64::min),
        OverGauges::Max => numbers().fold(f64::NEG_INFINITY, f64::max),
        OverGauges::Median => {
            let mut sorted: Vec<f64> = numbers().collect();
            sorted.sort_by(f64::total_cmp);
            let middle = sorted.len() / 2;
            match sorted.len() % 2 {
                1 => sorted[middle],
                _ => sorted[middle - 1] / 2.0 + sorted[middle] / 2.0,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn over(over: OverGauges, weights: &[(&str, f64)], numbers: &[(&str, f64)]) -> f64 {
        let weights = weights.iter();
        let spec = ObjectiveSpec {
            name: "nse".to_owned(),
            summary: 0,
            weights: weights
                .map(|(id, weight)| (CatchmentId::new(id), *weight))
                .collect(),
            over,
        };
        let gauges: Vec<(CatchmentId, f64)> = (numbers.iter())
            .map(|(id, number)| (CatchmentId::new(id), *number))
            .collect();
        overall(&spec, gauges.iter().map(|(id, number)| (id, *number)))
    }

    #[test]
    fn one_number_is_made_of_all() {
        let numbers = [("a", 0.5), ("b", 0.8), ("c", -1.0)];
        assert_eq!(over(OverGauges::Min, &[], &numbers), -1.0);
        assert_eq!(over(OverGauges::Max, &[], &numbers), 0.8);
        assert_eq!(over(OverGauges::Median, &[], &numbers), 0.5);
        assert_eq!(over(OverGauges::Median, &[], &numbers[..2]), 0.65);
        assert_eq!(
            over(OverGauges::Mean, &[("a", 3.0)], &numbers[..2]),
            2.3 / 4.0
        );
        // What counts for nothing may be missing, nothing else may.
        let failed = [("a", 0.5), ("b", f64::NAN)];
        assert!(over(OverGauges::Mean, &[], &failed).is_nan());
        assert_eq!(over(OverGauges::Mean, &[("b", 0.0)], &failed), 0.5);
        assert!(over(OverGauges::Min, &[], &[]).is_nan());
    }
}
