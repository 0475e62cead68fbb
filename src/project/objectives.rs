//! The `[objective]` table: how what is simulated is compared with what was measured, checked.
//!
//! An objective is a summary of a product variable that is missing where no gauge is, and one number over all gauges. What can be meant
//! in two ways (the sign of a bias, a logarithm of 0) has no default.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ProjectError;
use super::build::ProjectBuilder;
use super::objective_spec::{
    Epsilon, FitStatistic, Measure, Objective, ObjectiveSpec, ObservationSource, OverGauges, Period,
};
use super::product_spec::{ProductSpec, ProductVariable, SummaryKind, SummaryVariable};
use super::raw;
use super::stated_time::{moment, span};
use crate::data::catchment::CatchmentId;
use crate::data::time_axis::TimeAxis;

impl ProjectBuilder<'_> {
    /// Adds the objectives to a product, and checks what was measured against its variables.
    pub(super) fn add_objectives(
        &self,
        raw: BTreeMap<String, raw::objective::Objective>,
        observations: &BTreeMap<String, raw::objective::Observations>,
        sources: &[Arc<ObservationSource>],
        product: &mut ProductSpec,
    ) -> Result<(), ProjectError> {
        let mut compared = BTreeMap::new();
        for source in sources {
            let name = source.name.as_str();
            let variable = self.compared_variable(source, &observations[name], product)?;
            compared.insert(name, (source, variable));
        }
        for (name, raw) in raw {
            let field = format!("objective.{name}");
            let Some((source, of)) = compared.get(raw.of.as_str()) else {
                let known = || compared.keys().copied();
                let message = match compared.is_empty() {
                    true => format!(
                        "there is nothing measured to compare with: [observations.{}] names a file and a product variable",
                        raw.of
                    ),
                    false => format!(
                        "there is no {:?} under [observations]; there are {}",
                        raw.of,
                        known().collect::<Vec<_>>().join(", ")
                    ),
                };
                return Err(self.unknown(&format!("{field}.of"), &message, &raw.of, known()));
            };
            let spec = self.objective_spec(&field, &name, &raw, product)?;
            let objective = Objective {
                observations: (*source).clone(),
                measure: self.measure(&field, &raw)?,
                period: self.period(&field, &raw)?,
            };
            let variable = &product.variables[*of];
            product.summaries.push(SummaryVariable {
                units: objective.measure.units(variable.units.as_deref()),
                long_name: Some((raw.long_name).unwrap_or_else(|| long_name(&objective, variable))),
                standard_name: None,
                name,
                of: *of,
                kind: SummaryKind::Objective(Arc::new(objective)),
            });
            product.objectives.push(spec);
        }
        Ok(())
    }

    /// The product variable that measured values are compared with, by number.
    fn compared_variable(
        &self,
        source: &ObservationSource,
        raw: &raw::objective::Observations,
        product: &ProductSpec,
    ) -> Result<usize, ProjectError> {
        let field = format!("observations.{}", source.name);
        let wrong =
            |key: &str, message: &str| Err(self.source.error(&format!("{field}.{key}"), message));
        let names = || {
            product
                .variables
                .iter()
                .map(|variable| variable.name.as_str())
        };
        let Some(at) = names().position(|name| name == raw.variable) else {
            let message = format!(
                "there is no product variable {:?}; there are {}",
                raw.variable,
                names().collect::<Vec<_>>().join(", ")
            );
            return Err(self.unknown(
                &format!("{field}.variable"),
                &message,
                &raw.variable,
                names(),
            ));
        };
        let variable = &product.variables[at];
        if variable.axes.time.is_none() {
            return wrong(
                "variable",
                &format!("`{}` has no time steps to be compared", raw.variable),
            );
        }
        if let Some(dimension) = &variable.axes.dimension {
            let rule = format!(
                "`{}` has several values a time step, along `{dimension}`, and a gauge has one: take the column from an output \
                 whose `where` chooses one of them",
                raw.variable
            );
            return wrong("variable", &rule);
        }
        match (&source.units, &variable.units) {
            (Some(own), Some(units)) if own != units => wrong(
                "units",
                &format!(
                    "the measured values are in {own:?} and `{}` in {units:?}: bring them to these with `formula = \"value * …\"`, \
                     and write the units as they are there",
                    raw.variable
                ),
            ),
            _ => Ok(at),
        }
    }

    /// How one number is made of all gauges', and whether there is room for the names that products have for them.
    fn objective_spec(
        &self,
        field: &str,
        name: &str,
        raw: &raw::objective::Objective,
        product: &ProductSpec,
    ) -> Result<ObjectiveSpec, ProjectError> {
        let over = match raw.over.as_deref() {
            None => OverGauges::Mean,
            Some(text) => OverGauges::named(text).ok_or_else(|| {
                let known = OverGauges::NAMES;
                let message = format!("{text:?} is none of {}", known.join(", "));
                self.unknown(&format!("{field}.over"), &message, text, known)
            })?,
        };
        let mut weights = BTreeMap::new();
        for (id, &weight) in &raw.weights {
            let field = format!("{field}.weights.{id}");
            if !(weight.is_finite() && weight >= 0.0) {
                let rule = "must be a number that is not negative; 0 leaves the gauge out of the one number over gauges";
                return Err(self.source.error(&field, rule));
            }
            if over != OverGauges::Mean {
                let rule = format!("weights are for a mean, not for over = {:?}", over.name());
                return Err(self.source.error(&field, rule));
            }
            weights.insert(CatchmentId::new(id), weight);
        }
        let spec = ObjectiveSpec {
            name: name.to_owned(),
            summary: product.summaries.len(),
            weights,
            over,
        };
        let overall = spec.overall_name();
        for name in [name, &overall] {
            self.product_name(field, name)?;
            if product.has(name) {
                let rule = format!("the product has something else named `{name}`; rename one");
                return Err(self.source.error(field, rule));
            }
        }
        Ok(spec)
    }

    fn measure(
        &self,
        field: &str,
        raw: &raw::objective::Objective,
    ) -> Result<Measure, ProjectError> {
        let wrong =
            |key: &str, message: String| self.source.error(&format!("{field}.{key}"), message);
        let name = raw.statistic.as_str();
        let is_log = name.starts_with("log_");
        let statistic = match name.strip_prefix("log_").unwrap_or(name) {
            "nse" => FitStatistic::Nse,
            "kge" => FitStatistic::Kge,
            "kge_2012" => FitStatistic::Kge2012,
            "rmse" => FitStatistic::Rmse,
            "mae" => FitStatistic::Mae,
            "r2" => FitStatistic::R2,
            "pbias" if !is_log => match raw.positive.as_deref() {
                Some("over") => FitStatistic::PbiasOver,
                Some("under") => FitStatistic::PbiasUnder,
                _ => {
                    let rule = "a bias is written with either sign, so the statistic \"pbias\" needs `positive = \"over\"` (simulated \
                                minus measured, as hydroGOF and SPOTPY have it) or `positive = \"under\"` (measured minus simulated, as Moriasi \
                                et al. 2007 and HydroEval have it)";
                    return Err(wrong("positive", rule.to_owned()));
                }
            },
            _ => {
                let known = Measure::NAMES;
                let message = format!(
                    "there is no statistic {name:?} of what is simulated and what was measured; there are {}",
                    known.join(", ")
                );
                return Err(self.unknown(&format!("{field}.statistic"), &message, name, known));
            }
        };
        if raw.positive.is_some() && name != "pbias" {
            let rule = format!("the statistic {name:?} has no such setting");
            return Err(wrong("positive", rule));
        }
        let epsilon = match &raw.epsilon {
            None => Epsilon::Number(0.0),
            Some(_) if !is_log => {
                let rule =
                    format!("the statistic {name:?} has no such setting; it is for logarithms");
                return Err(wrong("epsilon", rule));
            }
            Some(raw::objective::Epsilon::Number(number))
                if number.is_finite() && *number >= 0.0 =>
            {
                Epsilon::Number(*number)
            }
            Some(raw::objective::Epsilon::Text(text)) if text == "mean/100" => {
                Epsilon::MeanHundredth
            }
            Some(_) => {
                let rule = "must be a number that is not negative, in the units of the values, or \"mean/100\", a hundredth of the mean of \
                            what was measured";
                return Err(wrong("epsilon", rule.to_owned()));
            }
        };
        Ok(Measure {
            statistic,
            logarithm: is_log.then_some(epsilon),
        })
    }

    /// Which part of the simulation counts.
    fn period(&self, field: &str, raw: &raw::objective::Objective) -> Result<Period, ProjectError> {
        let wrong =
            |key: &str, message: String| self.source.error(&format!("{field}.{key}"), message);
        let warm_up = raw.warm_up.as_deref().map(|text| {
            span(text).map_err(|_| {
                let rule = format!(
                    "{text:?} is no duration; write \"365 days\", \"6 months\" or \"1 year\""
                );
                wrong("warm_up", rule)
            })
        });
        let time = |key: &str, value: &Option<toml::Value>| {
            let Some(value) = value else { return Ok(None) };
            let found = moment(value).map_err(|why| wrong(key, why))?;
            let stamp = TimeAxis::nanoseconds_of(found.time);
            let rule = || wrong(key, "lies outside the years 1678 to 2261".to_owned());
            stamp.map(Some).ok_or_else(rule)
        };
        let (from, before) = (time("from", &raw.from)?, time("before", &raw.before)?);
        if let (Some(from), Some(before)) = (from, before)
            && before <= from
        {
            return Err(wrong(
                "before",
                "is not after `from`, so no time counts".to_owned(),
            ));
        }
        Ok(Period {
            warm_up: warm_up.transpose()?,
            from,
            before,
        })
    }
}

fn long_name(objective: &Objective, variable: &ProductVariable) -> String {
    let name = || variable.name.replace('_', " ");
    format!(
        "{} of {} and measured {}",
        objective.measure.words(),
        variable.long_name.clone().unwrap_or_else(name),
        objective.observations.name.replace('_', " ")
    )
}
