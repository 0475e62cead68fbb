//! The `[product]` table: what to make of all results, checked.

use super::build::ProjectBuilder;
use super::product_spec::{DEFAULT_DEFLATE, Outlets, Statistic, valid_name};
use super::{
    OutputColumn, ParameterVariable, Per, Product, ProjectError, Summary, Variable, VariableSource,
    raw,
};
use crate::data::catchment::CatchmentId;
use crate::text::wording::{self, Quotes};

/// What stands for a scenario's name in the product's.
pub(super) const SCENARIO: &str = "{scenario}";

impl ProjectBuilder<'_> {
    pub(super) fn product(
        &self,
        raw: raw::Product,
        columns: &[OutputColumn],
    ) -> Result<Product, ProjectError> {
        let path = self.root.join(&raw.file);
        if path.file_name().is_none() {
            return Err(self.source.error("product.file", "names no file"));
        }
        let has_place = raw.file.contains(SCENARIO);
        let per = match (raw.per, has_place) {
            (Some(Per::File), false) => {
                let rule = "names one file for all scenarios; have \"{scenario}\" in it, or write `per = \"dimension\"`";
                return Err(self.source.error("product.file", rule));
            }
            (Some(Per::Dimension), true) => {
                let rule =
                    "one file is for all scenarios, so there can be no \"{scenario}\" in its name";
                return Err(self.source.error("product.file", rule));
            }
            (Some(per), _) => per,
            (None, true) => Per::File,
            (None, false) => Per::Dimension,
        };
        let compression = raw.compression.unwrap_or(DEFAULT_DEFLATE);
        if compression > 9 {
            return Err(self.source.error(
                "product.compression",
                "must be from 0 (none) to 9 (smallest, slow)",
            ));
        }
        let mut variables = Vec::new();
        for (name, variable) in raw.variables {
            variables.push(self.variable(name, variable, columns)?);
        }
        let summed = variables
            .iter()
            .find(|variable| variable.upstream.is_some());
        if let (Some(variable), None) = (summed, &raw.downstream) {
            let field = format!("product.variables.{}.accumulate", variable.name);
            let rule = "which catchment drains into which? `downstream` under [product] names the parameter that tells, \
                        such as downstream = \"NEXTDOWNID\"";
            return Err(self.source.error(&field, rule));
        }
        for (i, column) in columns.iter().enumerate() {
            let by_name = variables
                .iter()
                .find(|variable: &&Variable| variable.name == column.name);
            if by_name.is_some_and(|v| !matches!(v.source, VariableSource::Column(at) if at == i)) {
                let field = format!("product.variables.{}", column.name);
                let rule =
                    "an output column has this name; give the column or the variable another";
                return Err(self.source.error(&field, rule));
            }
        }
        // Every extracted column is in the product: under its own name, unless a variable takes it under another.
        for (i, column) in columns.iter().enumerate() {
            if !variables
                .iter()
                .any(|variable| matches!(variable.source, VariableSource::Column(at) if at == i))
            {
                variables.push(self.variable(
                    column.name.clone(),
                    raw::Variable::default(),
                    columns,
                )?);
            }
        }
        let mut parameters = Vec::new();
        for (name, parameter) in raw.parameters {
            let field = format!("product.parameters.{name}");
            self.product_name(&field, &name)?;
            if variables.iter().any(|variable| variable.name == name) {
                return Err(self
                    .source
                    .error(&field, "there is a product variable of this name already"));
            }
            parameters.push(ParameterVariable {
                parameter: parameter.parameter.unwrap_or_else(|| name.clone()),
                name,
                units: parameter.units,
                long_name: parameter.long_name,
                standard_name: parameter.standard_name,
            });
        }
        let mut summaries = Vec::new();
        for (name, summary) in raw.summary {
            let is_taken = variables.iter().any(|variable| variable.name == name)
                || parameters.iter().any(|parameter| parameter.name == name);
            if is_taken {
                let rule = "there is a product variable or parameter of this name already";
                let field = format!("product.summary.{name}");
                return Err(self.source.error(&field, rule));
            }
            summaries.push(self.summary(name, summary, &variables)?);
        }
        let attributes = raw.attributes;
        Ok(Product {
            path,
            per,
            downstream: raw.downstream,
            layout: raw.layout,
            compression,
            attributes,
            variables,
            parameters,
            summaries,
        })
    }

    fn variable(
        &self,
        name: String,
        raw: raw::Variable,
        columns: &[OutputColumn],
    ) -> Result<Variable, ProjectError> {
        let field = format!("product.variables.{name}");
        self.product_name(&field, &name)?;
        let source = match (raw.formula, raw.column) {
            (Some(formula), None) => {
                VariableSource::Formula(self.formula(&format!("{field}.formula"), &formula)?)
            }
            (Some(_), Some(_)) => {
                return Err(self
                    .source
                    .error(&field, "has both a `column` and a `formula`"));
            }
            (None, column) => {
                let wanted = column.as_deref().unwrap_or(&name);
                let names = || columns.iter().map(|column| column.name.as_str());
                let Some(at) = names().position(|name| name == wanted) else {
                    let message = format!(
                        "there is no output column {wanted:?}; [simulator.output.columns] has {}",
                        names().collect::<Vec<_>>().join(", ")
                    );
                    return Err(self.unknown(&field, &message, wanted, names()));
                };
                VariableSource::Column(at)
            }
        };
        if matches!(source, VariableSource::Formula(_)) && (raw.min.is_some() || raw.max.is_some())
        {
            return Err(self.source.error(
                &field,
                "`min` and `max` judge a run, so they belong to an output column",
            ));
        }
        if let (Some(min), Some(max)) = (raw.min, raw.max)
            && min > max
        {
            return Err(self
                .source
                .error(&field, format!("min {min} is above max {max}")));
        }
        let upstream = match (raw.accumulate, raw.outlets) {
            (None, None) => None,
            (None, Some(_)) => {
                let rule = "only a variable with accumulate = \"upstream\" has outlets";
                return Err(self.source.error(&format!("{field}.outlets"), rule));
            }
            (Some(raw::Accumulate::Upstream), None) => Some(Outlets::All),
            (Some(raw::Accumulate::Upstream), Some(ids)) => Some(Outlets::These(
                ids.into_iter().map(CatchmentId::new).collect(),
            )),
        };
        let mut attributes = Vec::new();
        for (key, value) in raw.attributes {
            let value = self.value(&format!("{field}.attributes.{key}"), value)?;
            attributes.push((key, value));
        }
        Ok(Variable {
            name,
            source,
            units: raw.units,
            long_name: raw.long_name,
            standard_name: raw.standard_name,
            min: raw.min,
            max: raw.max,
            upstream,
            precision: raw.precision,
            attributes,
        })
    }

    fn summary(
        &self,
        name: String,
        raw: raw::RawSummary,
        variables: &[Variable],
    ) -> Result<Summary, ProjectError> {
        let field = format!("product.summary.{name}");
        self.product_name(&field, &name)?;
        let names = || variables.iter().map(|variable| variable.name.as_str());
        let Some(of) = names().position(|name| name == raw.of) else {
            let message = format!(
                "there is no product variable {:?}; there are {}",
                raw.of,
                names().collect::<Vec<_>>().join(", ")
            );
            return Err(self.unknown(&format!("{field}.of"), &message, &raw.of, names()));
        };
        let setting = |name: &str, value: Option<f64>, is_good: fn(f64) -> bool, rule: &str| {
            let message = || format!("the statistic {:?} needs `{name}`, {rule}", raw.statistic);
            let good = value.filter(|value| is_good(*value));
            good.ok_or_else(|| self.source.error(&field, message()))
        };
        let statistic = match raw.statistic.as_str() {
            "mean" => Statistic::Mean,
            "max" => Statistic::Max,
            "min" => Statistic::Min,
            "sum" => Statistic::Sum,
            "quantile" => {
                let is_share = |q: f64| (0.0..=1.0).contains(&q);
                Statistic::Quantile(setting("q", raw.q, is_share, "a number from 0 to 1")?)
            }
            "exceedance" => {
                let rule = "the number that is to be exceeded";
                let threshold = setting("threshold", raw.threshold, f64::is_finite, rule)?;
                Statistic::Exceedance(threshold)
            }
            unknown => {
                let known = Statistic::NAMES;
                let message = format!(
                    "there is no statistic {unknown:?}; there are {}",
                    known.join(", ")
                );
                let field = format!("{field}.statistic");
                return Err(self.unknown(&field, &message, unknown, known));
            }
        };
        for (name, is_there, is_wanted) in [
            (
                "q",
                raw.q.is_some(),
                matches!(statistic, Statistic::Quantile(_)),
            ),
            (
                "threshold",
                raw.threshold.is_some(),
                matches!(statistic, Statistic::Exceedance(_)),
            ),
        ] {
            if is_there && !is_wanted {
                let rule = format!("the statistic {:?} has no such setting", raw.statistic);
                return Err(self.source.error(&format!("{field}.{name}"), rule));
            }
        }
        Ok(Summary {
            name,
            of,
            statistic,
            units: raw.units,
            long_name: raw.long_name,
            standard_name: raw.standard_name,
        })
    }

    /// An error about an unknown name, with the nearest known one.
    fn unknown<'n>(
        &self,
        field: &str,
        message: &str,
        name: &str,
        known: impl IntoIterator<Item = &'n str>,
    ) -> ProjectError {
        let hint = wording::hint(name, known, Quotes::Double).unwrap_or_default();
        self.source.error(field, format!("{message}{hint}"))
    }

    /// Whether `name` can be a name in the product; output columns get there unless they are renamed.
    pub(super) fn product_name(&self, field: &str, name: &str) -> Result<(), ProjectError> {
        if valid_name(name) {
            return Ok(());
        }
        let rule = "must be a letter and then letters, digits or underscores, and none of the names that every \
                    product uses itself: scenario, time, catchment, status, key, values_digest, upstream_digest";
        Err(self
            .source
            .error(field, format!("the name {name:?} {rule}")))
    }
}
