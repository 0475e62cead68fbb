//! Objectives of a product: what they compare, and the one number over all gauges.
//!
//! The numbers at gauges are summaries like any other. It knows no files.

use super::summary::Summaries;
use super::{ProductContent, ProductRow};
use crate::data::catchment::CatchmentId;
use crate::data::digest::Digest;
use crate::data::objective::{AtGauge, ObjectiveNumbers, stated};
use crate::data::scenario::ScenarioName;
use crate::product::objective::{Gauges, overall};
use crate::project::objective_spec::ObjectiveSpec;

impl ProductContent {
    /// What a summary compares, by number, if it compares anything.
    pub(in crate::product) fn gauges_of(&self, summary: usize) -> Option<&Gauges> {
        self.gauges.get(summary)?.as_ref()
    }

    /// The digest of all that objectives compare; `None` if there are none.
    pub(super) fn compared_digest(&self) -> Option<Digest> {
        let gauges = self.gauges.iter().flatten();
        let bytes: Vec<u8> = gauges
            .flat_map(|gauges| *gauges.digest().as_bytes())
            .collect();
        (!bytes.is_empty()).then(|| Digest::of(&bytes))
    }

    /// One number over all gauges for each scenario, from an objective's numbers in all rows.
    pub(in crate::product) fn overall(
        &self,
        objective: &ObjectiveSpec,
        numbers: &[f64],
    ) -> Vec<f64> {
        let one = |scenario| overall(objective, self.at_gauges(objective, numbers, scenario));
        (0..self.scenario_count()).map(one).collect()
    }

    /// What all objectives come to, scenario by scenario.
    pub(in crate::product) fn objective_numbers(
        &self,
        summaries: &Summaries,
    ) -> Vec<ObjectiveNumbers> {
        let mut all = Vec::new();
        for scenario in 0..self.scenario_count() {
            for objective in &self.spec.objectives {
                let numbers = summaries.of(objective.summary);
                let gauges = || self.at_gauges(objective, numbers, scenario);
                let at_gauge = |(id, number): (&CatchmentId, f64)| AtGauge {
                    catchment: id.clone(),
                    number: stated(number),
                };
                all.push(ObjectiveNumbers {
                    objective: objective.name.clone(),
                    scenario: self.scenario_name(scenario),
                    over_gauges: stated(overall(objective, gauges())),
                    gauges: gauges().map(at_gauge).collect(),
                });
            }
        }
        all
    }

    /// The gauges of a scenario, each with its number out of an objective's numbers in all rows.
    fn at_gauges<'a>(
        &'a self,
        objective: &ObjectiveSpec,
        numbers: &'a [f64],
        scenario: usize,
    ) -> impl Iterator<Item = (&'a CatchmentId, f64)> + use<'a> {
        let each = self.catchments_each();
        let own = scenario * each..(scenario + 1) * each;
        let gauges = self.gauges_of(objective.summary);
        // A catchment that the scenario leaves out is no gauge of it.
        let counts = move |row: &ProductRow| {
            !row.status.is_left_out(row.key.as_ref())
                && gauges.is_some_and(|gauges| gauges.has(&row.id))
        };
        let rows = self.catchments[own.clone()].iter().zip(&numbers[own]);
        let at_gauges = rows.filter(move |(row, _)| counts(row));
        at_gauges.map(|(row, number)| (&row.id, *number))
    }

    /// The name of a scenario, by number.
    fn scenario_name(&self, scenario: usize) -> ScenarioName {
        let names = self.scenarios.as_ref().map(|scenarios| &scenarios.names);
        let name = names.and_then(|names| ScenarioName::new(&names[scenario]).ok());
        name.unwrap_or(ScenarioName::UNNAMED)
    }
}
