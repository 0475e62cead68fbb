//! Several scenarios in one product: the same catchments once for each, along a dimension of their names.
//!
//! Without scenarios the file has no such dimension. It knows neither files nor where scenarios come from.

use std::collections::HashSet;

use anyhow::{Result, ensure};

use super::{Network, ParameterValues, ProductContent};
use crate::project::product_spec::{ParameterVariable, valid_name};

/// The scenarios of a product, in the file's order.
pub struct ScenarioDimension {
    /// Their names, at least one, each once. Readers select by them: `ds.herbicide_load.sel(scenario="k=0.013")`.
    pub names: Vec<String>,
    /// What they differ in. Their names pass [`valid_name`] and are unique among all variables.
    pub coordinates: Vec<ScenarioCoordinate>,
}

/// A parameter in which scenarios differ: a coordinate along `scenario`.
pub struct ScenarioCoordinate {
    /// The variable that holds it.
    pub variable: ParameterVariable,
    /// One value per scenario.
    pub values: ParameterValues,
}

impl ProductContent {
    /// The number of scenarios; a product without names has one.
    pub(super) fn scenario_count(&self) -> usize {
        self.scenarios
            .as_ref()
            .map_or(1, |scenarios| scenarios.names.len())
    }

    /// How many catchments each scenario has.
    pub(in crate::product) fn catchments_each(&self) -> usize {
        self.catchments.len() / self.scenario_count()
    }

    /// The scenario of a row, by number.
    pub(in crate::product) fn scenario_of(&self, row: usize) -> usize {
        row / self.catchments_each()
    }

    /// The parameters along the catchments with their values.
    pub(super) fn parameters(
        &self,
    ) -> impl ExactSizeIterator<Item = (&ParameterVariable, &ParameterValues)> + Clone {
        self.spec.parameters.iter().zip(&self.parameters)
    }

    /// What messages call a row.
    pub(in crate::product) fn row_name(&self, row: usize) -> String {
        let id = &self.catchments[row].id;
        match &self.scenarios {
            Some(scenarios) => {
                let scenario = &scenarios.names[self.scenario_of(row)];
                format!("scenario {scenario:?}, catchment {id}")
            }
            None => format!("catchment {id}"),
        }
    }

    /// Whether rows, scenarios and parameters fit together.
    pub(super) fn check_rows(&self) -> Result<()> {
        let path = self.spec.path.display();
        ensure!(
            !self.catchments.is_empty(),
            "there are no catchments to write to {path}"
        );
        if let Some(scenarios) = &self.scenarios {
            scenarios.check(self)?;
        }
        if self
            .spec
            .variables
            .iter()
            .any(|variable| variable.upstream.is_some())
        {
            let fits = |network: &Network| network.order().len() == self.catchments_each();
            ensure!(
                self.networks.len() == self.scenario_count() && self.networks.iter().all(fits),
                "sums over all upstream need the links of all catchments"
            );
        }
        ensure!(
            self.parameters.len() == self.spec.parameters.len(),
            "there are {} parameters with values in place of {}",
            self.parameters.len(),
            self.spec.parameters.len()
        );
        for (parameter, values) in self.parameters() {
            ensure!(
                values.len() == self.catchments.len(),
                "the parameter `{}` has {} values for {} catchments",
                parameter.name,
                values.len(),
                self.catchments.len()
            );
        }
        Ok(())
    }
}

impl ScenarioDimension {
    /// The coordinates along the scenarios with their values.
    pub(super) fn parameters(
        &self,
    ) -> impl ExactSizeIterator<Item = (&ParameterVariable, &ParameterValues)> + Clone {
        let coordinates = self.coordinates.iter();
        coordinates.map(|coordinate| (&coordinate.variable, &coordinate.values))
    }

    fn check(&self, product: &ProductContent) -> Result<()> {
        let (count, rows) = (self.names.len(), product.catchments.len());
        ensure!(count > 0, "there are no scenarios to write");
        ensure!(
            rows.is_multiple_of(count),
            "{rows} rows can't be shared out evenly among {count} scenarios"
        );
        let mut seen = HashSet::new();
        for name in &self.names {
            ensure!(
                seen.insert(name),
                "two scenarios have the name {name:?}; give one of them another"
            );
        }
        let each = rows / count;
        for (at, row) in product.catchments.iter().enumerate().skip(each) {
            let first = &product.catchments[at % each];
            ensure!(
                row.id == first.id,
                "{}: the first scenario has {} in this place, and all need the same catchments in the same order",
                product.row_name(at),
                first.id
            );
        }
        let variables = product.spec.variables.iter().map(|variable| &variable.name);
        let parameters = product
            .spec
            .parameters
            .iter()
            .map(|parameter| &parameter.name);
        let summaries = product.spec.summaries.iter().map(|summary| &summary.name);
        let mut taken: HashSet<&String> = variables.chain(parameters).chain(summaries).collect();
        for coordinate in &self.coordinates {
            let name = &coordinate.variable.name;
            ensure!(
                valid_name(name),
                "a scenario's parameter can't be called {name:?} in the product: letters, digits and underscores only"
            );
            ensure!(
                taken.insert(name),
                "{name:?} is a parameter of the scenarios and something else in the product; rename the other"
            );
            ensure!(
                coordinate.values.len() == count,
                "the scenarios' parameter `{name}` has {} values for {count} scenarios",
                coordinate.values.len()
            );
        }
        Ok(())
    }
}

impl ParameterValues {
    /// How many values there are.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Numbers(numbers) => numbers.len(),
            Self::Texts(texts) => texts.len(),
        }
    }

    /// Whether the values repeat after every `each` of them, to the bit.
    pub(super) fn repeat_after(&self, each: usize) -> bool {
        let same_bits = |a: &f64, b: &f64| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
        match self {
            Self::Numbers(numbers) => numbers
                .iter()
                .zip(&numbers[each..])
                .all(|(a, b)| same_bits(a, b)),
            Self::Texts(texts) => texts.iter().zip(&texts[each..]).all(|(a, b)| a == b),
        }
    }
}
