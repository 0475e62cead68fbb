//! The `[product]` table: what to make of all results, checked.

use std::collections::BTreeMap;

use super::build::ProjectBuilder;
use super::product_spec::{
    DEFAULT_DEFLATE, Layout, Outlets, ParameterVariable, Per, ProductSpec, ProductVariable,
    RESERVED, Statistic, SummaryKind, SummaryVariable, VariableAxes, VariableSource, valid_name,
};
use super::{ProjectError, Simulator, raw};
use crate::data::catchment::CatchmentId;
use crate::netcdf::Precision;

/// What stands for a scenario's name in the product's.
pub(super) const SCENARIO: &str = "{scenario}";

impl ProjectBuilder<'_> {
    pub(super) fn product(
        &self,
        raw: raw::Product,
        simulator: &Simulator,
    ) -> Result<ProductSpec, ProjectError> {
        self.check_layout(&raw)?;
        let path = self.root.join(&raw.file);
        if path.file_name().is_none() {
            return Err(self.source.error("product.file", "names no file"));
        }
        let per = self.per(raw.per, raw.file.contains(SCENARIO))?;
        let compression = raw.compression.unwrap_or(DEFAULT_DEFLATE);
        let compression = self.compression("product.compression", compression)?;
        let mut variables = self.variables(raw.variables, simulator)?;
        let summed = variables
            .iter()
            .find(|variable| variable.upstream.is_some());
        if let (Some(variable), None) = (summed, &raw.downstream) {
            let field = format!("product.variables.{}.accumulate", variable.name);
            let rule = "which catchment drains into which? `downstream` under [product] names the parameter that tells, \
                        such as downstream = \"NEXTDOWNID\"";
            return Err(self.source.error(&field, rule));
        }
        self.add_other_columns(&mut variables, simulator)?;
        let parameters = self.parameter_variables(raw.parameters, &variables)?;
        let summaries = self.summaries(raw.summary, &variables, &parameters)?;
        let axes = self.axis_words(raw.axes, &simulator.outputs)?;
        let spec = ProductSpec {
            path,
            axes,
            per,
            downstream: raw.downstream,
            ids: raw.ids,
            positions: raw.positions.unwrap_or(true),
            layout: raw.layout,
            compression,
            attributes: raw.attributes,
            variables,
            parameters,
            summaries,
            objectives: Vec::new(),
        };
        self.check_axes(&simulator.outputs, &spec)?;
        Ok(spec)
    }

    /// Whether nothing is stated that the layout has no place for.
    fn check_layout(&self, raw: &raw::Product) -> Result<(), ProjectError> {
        let stated = [
            ("ids", raw.ids.is_some()),
            ("positions", raw.positions.is_some()),
        ];
        let mut stated = stated.into_iter().filter(|(_, is_stated)| *is_stated);
        match (raw.layout, stated.next()) {
            (Layout::Steps, Some((name, _))) => {
                let rule = format!(
                    "tables with layout = \"steps\" always have texts for ids, and no positions; take `{name}` out"
                );
                Err(self.source.error(&format!("product.{name}"), rule))
            }
            _ => Ok(()),
        }
    }

    /// How several scenarios share the product: as stated, or as its name has it.
    fn per(&self, stated: Option<Per>, has_place: bool) -> Result<Per, ProjectError> {
        let rule = match (stated, has_place) {
            (Some(Per::File), false) => {
                "names one file for all scenarios; have \"{scenario}\" in it, or write `per = \"dimension\"`"
            }
            (Some(Per::Dimension), true) => {
                "one file is for all scenarios, so there can be no \"{scenario}\" in its name"
            }
            (Some(per), _) => return Ok(per),
            (None, true) => return Ok(Per::File),
            (None, false) => return Ok(Per::Dimension),
        };
        Err(self.source.error("product.file", rule))
    }

    /// The variables that the project file states.
    fn variables(
        &self,
        raw: BTreeMap<String, raw::Variable>,
        simulator: &Simulator,
    ) -> Result<Vec<ProductVariable>, ProjectError> {
        raw.into_iter()
            .map(|(name, variable)| self.variable(name, variable, simulator))
            .collect()
    }

    /// Every extracted column is in the product: under its own name, unless a variable has it under another.
    fn add_other_columns(
        &self,
        variables: &mut Vec<ProductVariable>,
        simulator: &Simulator,
    ) -> Result<(), ProjectError> {
        let columns = &simulator.columns;
        let is_of = |variable: &ProductVariable, i: usize| matches!(variable.source, VariableSource::Column(at) if at == i);
        for (i, column) in columns.iter().enumerate() {
            let by_name = (variables.iter()).find(|variable| variable.name == column.name);
            if by_name.is_some_and(|variable| !is_of(variable, i)) {
                let field = format!("product.variables.{}", column.name);
                let rule =
                    "an output column has this name; give the column or the variable another";
                return Err(self.source.error(&field, rule));
            }
        }
        for (i, column) in columns.iter().enumerate() {
            if !variables.iter().any(|variable| is_of(variable, i)) {
                let variable = raw::Variable::default();
                variables.push(self.variable(column.name.clone(), variable, simulator)?);
            }
        }
        Ok(())
    }

    fn parameter_variables(
        &self,
        raw: BTreeMap<String, raw::ParameterVariable>,
        variables: &[ProductVariable],
    ) -> Result<Vec<ParameterVariable>, ProjectError> {
        let mut parameters = Vec::with_capacity(raw.len());
        for (name, parameter) in raw {
            let field = format!("product.parameters.{name}");
            self.product_name(&field, &name)?;
            if variables.iter().any(|variable| variable.name == name) {
                let rule = "there is a product variable of this name already";
                return Err(self.source.error(&field, rule));
            }
            parameters.push(ParameterVariable {
                long_name: long_name(&name, parameter.long_name, &parameter.standard_name),
                parameter: parameter.parameter.unwrap_or_else(|| name.clone()),
                name,
                units: parameter.units,
                standard_name: parameter.standard_name,
            });
        }
        Ok(parameters)
    }

    fn summaries(
        &self,
        raw: BTreeMap<String, raw::SummaryFields>,
        variables: &[ProductVariable],
        parameters: &[ParameterVariable],
    ) -> Result<Vec<SummaryVariable>, ProjectError> {
        let mut summaries = Vec::with_capacity(raw.len());
        for (name, summary) in raw {
            let is_taken = variables.iter().any(|variable| variable.name == name)
                || parameters.iter().any(|parameter| parameter.name == name);
            if is_taken {
                let rule = "there is a product variable or parameter of this name already";
                let field = format!("product.summary.{name}");
                return Err(self.source.error(&field, rule));
            }
            summaries.push(self.summary(name, summary, variables)?);
        }
        Ok(summaries)
    }

    fn variable(
        &self,
        name: String,
        raw: raw::Variable,
        simulator: &Simulator,
    ) -> Result<ProductVariable, ProjectError> {
        let field = format!("product.variables.{name}");
        self.product_name(&field, &name)?;
        let (source, axes) = match (raw.formula, raw.column) {
            (Some(formula), None) => {
                let field = format!("{field}.formula");
                let formula = self.formula(&field, &formula)?;
                let axes = self.axes_of_formula(&field, &formula, simulator)?;
                (VariableSource::Formula(formula), axes)
            }
            (Some(_), Some(_)) => {
                return Err(self
                    .source
                    .error(&field, "has both a `column` and a `formula`"));
            }
            (None, column) => {
                let wanted = column.as_deref().unwrap_or(&name);
                let columns = &simulator.columns;
                let names = || columns.iter().map(|column| column.name.as_str());
                let Some(at) = names().position(|name| name == wanted) else {
                    let message = format!(
                        "there is no output column {wanted:?}; [simulator.output.columns] has {}",
                        names().collect::<Vec<_>>().join(", ")
                    );
                    return Err(self.unknown(&field, &message, wanted, names()));
                };
                let axes = &simulator.outputs[columns[at].output].axes;
                (VariableSource::Column(at), VariableAxes::of(axes))
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
        Ok(ProductVariable {
            long_name: long_name(&name, raw.long_name, &raw.standard_name),
            name,
            source,
            axes,
            units: raw.units,
            standard_name: raw.standard_name,
            min: raw.min,
            max: raw.max,
            upstream,
            precision: match raw.precision {
                raw::Precision::F64 => Precision::F64,
                raw::Precision::F32 => Precision::F32,
            },
            attributes,
        })
    }

    fn summary(
        &self,
        name: String,
        raw: raw::SummaryFields,
        variables: &[ProductVariable],
    ) -> Result<SummaryVariable, ProjectError> {
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
        if variables[of].axes.time.is_none() {
            let rule = match variables[of].axes.is_none() {
                true => "has no time steps: it is a number for each catchment already",
                false => "has no time steps over which there could be a statistic",
            };
            let message = format!("`{}` {rule}", raw.of);
            return Err(self.source.error(&format!("{field}.of"), message));
        }
        let statistic = self.statistic(&field, &raw)?;
        let (units, long_name) = words_of(statistic, &variables[of]);
        Ok(SummaryVariable {
            name,
            of,
            kind: SummaryKind::Statistic(statistic),
            units: raw.units.or(units),
            long_name: raw.long_name.or(Some(long_name)),
            standard_name: raw.standard_name,
        })
    }

    /// The statistic of a summary at this field, with just the setting that it needs.
    fn statistic(&self, field: &str, raw: &raw::SummaryFields) -> Result<Statistic, ProjectError> {
        let setting = |name: &str, value: Option<f64>, is_good: fn(f64) -> bool, rule: &str| {
            let message = || format!("the statistic {:?} needs `{name}`, {rule}", raw.statistic);
            let good = value.filter(|value| is_good(*value));
            good.ok_or_else(|| self.source.error(field, message()))
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
        Ok(statistic)
    }

    /// Whether `name` can be a name in the product; output columns get there unless they are renamed.
    pub(super) fn product_name(&self, field: &str, name: &str) -> Result<(), ProjectError> {
        if valid_name(name) {
            return Ok(());
        }
        let rule = format!(
            "the name {name:?} must be a letter and then letters, digits or underscores, and none of the names that every \
             product uses itself: {}",
            RESERVED.join(", ")
        );
        Err(self.source.error(field, rule))
    }
}

/// The stated name for people; without any, the variable's own does, so that every axis in a plot has a label.
fn long_name(name: &str, stated: Option<String>, standard: &Option<String>) -> Option<String> {
    let own = || standard.is_none().then(|| name.replace('_', " "));
    stated.or_else(own)
}

/// The units and the long name of a statistic, as they follow from the variable's.
fn words_of(statistic: Statistic, of: &ProductVariable) -> (Option<String>, String) {
    let own_name = || of.name.replace('_', " ");
    let name = of.long_name.clone().unwrap_or_else(own_name);
    let long_name = match statistic {
        Statistic::Mean => format!("mean of {name}"),
        Statistic::Max => format!("maximum of {name}"),
        Statistic::Min => format!("minimum of {name}"),
        Statistic::Sum => format!("sum of {name} over time"),
        Statistic::Quantile(q) => format!("{q} quantile of {name}"),
        Statistic::Exceedance(threshold) => {
            let units = of.units.as_deref().unwrap_or_default();
            let over = format!("{threshold} {units}");
            let name = format!("share of time steps with {name} over {}", over.trim_end());
            return (Some("1".to_owned()), name);
        }
    };
    (of.units.clone(), long_name)
}
