//! What `rerunoff export --json` prints: catchments' columns, each with its values one after the other.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::cli::document::CatchmentOf;
use crate::data::catchment::CatchmentId;
use crate::data::scenario::ScenarioName;
use crate::product::file::{AxisGroup, ProductContent};

/// Catchments' columns over the same axes.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct Columns {
    /// Of what state they are, in words: `the last run (2026-11-22T20:15:02Z)`.
    of: String,
    /// The axes that the values go over, the last of them fastest: `time` and a further dimension; none where they go over none.
    axes: Vec<String>,
    /// The columns.
    variables: Vec<VariableOf>,
    /// Their values in each catchment.
    catchments: Vec<CatchmentColumns>,
}

/// A column.
#[derive(Serialize, JsonSchema)]
struct VariableOf {
    /// Its name in the product.
    name: String,
    /// Its units; `null` where the project states none.
    units: Option<String>,
}

/// The columns of a catchment.
#[derive(Serialize, JsonSchema)]
struct CatchmentColumns {
    #[serde(flatten)]
    of: CatchmentOf,
    /// Where each value is, by axis: times as `2009-01-18T04:00:00`, else the place.
    places: BTreeMap<String, Vec<String>>,
    /// The values by variable, `null` where one is missing.
    values: BTreeMap<String, Vec<Option<f64>>>,
}

impl Columns {
    /// Those of the variables over these axes.
    pub(super) fn new(title: &str, product: &ProductContent, group: &AxisGroup<'_>) -> Self {
        let variables = group.variables.iter().map(|&variable| {
            let variable = &product.spec.variables[variable];
            VariableOf {
                name: variable.name.clone(),
                units: variable.units.clone(),
            }
        });
        Self {
            of: title.to_owned(),
            axes: group.axes.names().map(str::to_owned).collect(),
            variables: variables.collect(),
            catchments: Vec::new(),
        }
    }

    /// Adds a catchment with the values of all of the product's variables.
    pub(super) fn add(
        &mut self,
        scenario: &ScenarioName,
        id: &CatchmentId,
        group: &AxisGroup<'_>,
        all: &[Vec<f64>],
    ) {
        let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for row in 0..group.rows() {
            let labels = group.labels(row).into_iter().flatten();
            for (axis, label) in self.axes.iter().zip(labels) {
                places.entry(axis.clone()).or_default().push(label);
            }
        }
        let columns = self.variables.iter().zip(&group.variables);
        let values = columns.map(|(variable, &at)| {
            let values = all[at]
                .iter()
                .map(|&value| (!value.is_nan()).then_some(value));
            (variable.name.clone(), values.collect())
        });
        self.catchments.push(CatchmentColumns {
            of: CatchmentOf::new(scenario, id),
            places,
            values: values.collect(),
        });
    }
}
