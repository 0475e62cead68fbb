//! The axes of the product's variables: those of the outputs that they are made of, checked against each other.
//!
//! An axis is known by its name, so one name must mean one axis, and nothing else in the product. What an axis that the output
//! itself tells looks like is only known with the results: [`crate::product`] sees to it that they agree.

use std::collections::{BTreeMap, BTreeSet};

use super::build::ProjectBuilder;
use super::output_format::{DimensionPlaces, OutputTime, TIME};
use super::product_spec::{AxisWords, Layout, ProductSpec, VariableAxes};
use super::{Output, ProjectError, Simulator, raw};
use crate::language::formula::Expr;

impl ProjectBuilder<'_> {
    /// Whether the axes of all outputs fit together, and into this product.
    pub(super) fn check_axes(
        &self,
        outputs: &[Output],
        spec: &ProductSpec,
    ) -> Result<(), ProjectError> {
        let has_steps = outputs.iter().any(is_along_steps);
        for (at, output) in outputs.iter().enumerate() {
            for (part, name) in stated(output) {
                let field = format!("{}.{part}", output.field);
                let fault = |rule: &str| Err(self.source.error(&field, rule));
                match name == TIME {
                    true if has_steps || part != "time" => {
                        return fault(
                            "`time` is the axis of the project's own time steps; give this one another name",
                        );
                    }
                    true => {}
                    false => self.product_name(&field, name)?,
                }
                let parameters = spec.parameters.iter().map(|parameter| &parameter.name);
                let summaries = spec.summaries.iter().map(|summary| &summary.name);
                let variables = spec.variables.iter().map(|variable| &variable.name);
                if (variables.chain(parameters).chain(summaries)).any(|taken| taken == name) {
                    return fault(&format!(
                        "the axis has the name of the product variable, parameter or summary `{name}`; give one of them another"
                    ));
                }
                let others = outputs[..at].iter().chain([output]);
                for other in others {
                    let is_same = |(its_part, its_name): (&str, &str)| {
                        its_name != name || (its_part == part && is_one_axis(output, other, part))
                    };
                    if !stated(other).all(is_same) {
                        return fault(&format!(
                            "another axis has the name `{name}`; give it another, or state both alike"
                        ));
                    }
                }
            }
        }
        let other = |axes: &VariableAxes| *axes != VariableAxes::steps();
        let mut variables = spec.variables.iter();
        match variables.find(|variable| spec.layout == Layout::Steps && other(&variable.axes)) {
            None => Ok(()),
            Some(variable) => {
                let message = format!(
                    "a table for each of the project's time steps can't hold `{}`, which goes over {}; write layout = \"grid\"",
                    variable.name, variable.axes
                );
                Err(self.source.error("product.layout", message))
            }
        }
    }

    /// What `[product.axes]` says of the axes of these outputs.
    pub(super) fn axis_words(
        &self,
        raw: BTreeMap<String, raw::Axis>,
        outputs: &[Output],
    ) -> Result<Vec<AxisWords>, ProjectError> {
        let times = outputs.iter().filter_map(|output| output.axes.time.name());
        let times: BTreeSet<&str> = times.collect();
        let dimensions = outputs.iter().flat_map(stated).map(|(_, name)| name);
        let known: BTreeSet<&str> = times.iter().copied().chain(dimensions).collect();
        let mut words = Vec::with_capacity(raw.len());
        for (name, axis) in raw {
            let field = format!("product.axes.{name}");
            if !known.contains(name.as_str()) {
                let names = known.iter().copied().collect::<Vec<_>>().join(", ");
                let message = format!("there is no axis {name:?}; the outputs have {names}");
                return Err(self.unknown(&field, &message, &name, known));
            }
            let of_time = of_time(&axis).filter(|_| times.contains(name.as_str()));
            if let Some(part) = of_time {
                let rule = "follows from what it is: an axis of time steps; leave it out";
                return Err(self.source.error(&format!("{field}.{part}"), rule));
            }
            let mut attributes = Vec::with_capacity(axis.attributes.len());
            for (key, value) in axis.attributes {
                let value = self.value(&format!("{field}.attributes.{key}"), value)?;
                attributes.push((key, value));
            }
            words.push(AxisWords {
                name,
                units: axis.units,
                long_name: axis.long_name,
                standard_name: axis.standard_name,
                attributes,
            });
        }
        Ok(words)
    }

    /// The axes of what a formula gives: those of its columns. A column that is a single number goes with any other; a formula
    /// without columns goes over the project's time steps, if any output does.
    pub(super) fn axes_of_formula(
        &self,
        field: &str,
        formula: &Expr,
        simulator: &Simulator,
    ) -> Result<VariableAxes, ProjectError> {
        let (mut found, mut has_number): (Option<(String, VariableAxes)>, bool) = (None, false);
        for name in formula.names() {
            let mut columns = simulator.columns.iter();
            let Some(column) = columns.find(|column| column.name == name) else {
                continue;
            };
            let axes = VariableAxes::of(&simulator.outputs[column.output].axes);
            match &found {
                _ if axes.is_none() => has_number = true,
                Some((_, known)) if *known == axes => {}
                Some((first, known)) => {
                    let message = format!(
                        "uses `{first}`, which goes over {known}, and `{name}`, which goes over {axes}; columns of one formula must go over the same"
                    );
                    return Err(self.source.error(field, message));
                }
                None => found = Some((name, axes)),
            }
        }
        let has_steps = simulator.outputs.iter().any(is_along_steps);
        Ok(match found {
            Some((_, axes)) => axes,
            None if !has_number && has_steps => VariableAxes::steps(),
            None => VariableAxes::default(),
        })
    }
}

/// What is stated of an axis that follows from its steps if it is one of time.
fn of_time(axis: &raw::Axis) -> Option<String> {
    const OWN: [&str; 4] = ["units", "calendar", "standard_name", "axis"];
    let own = |name: &&String| OWN.contains(&name.as_str());
    match (&axis.units, &axis.standard_name) {
        (Some(_), _) => Some("units".to_owned()),
        (None, Some(_)) => Some("standard_name".to_owned()),
        (None, None) => (axis.attributes.keys().find(own)).map(|name| format!("attributes.{name}")),
    }
}

/// Whether an output's rows are the project's own time steps.
fn is_along_steps(output: &Output) -> bool {
    output.axes.time == OutputTime::Steps
}

/// The names of the axes that an output states, each with its field.
fn stated(output: &Output) -> impl Iterator<Item = (&'static str, &str)> {
    let time = match &output.axes.time {
        OutputTime::Steps | OutputTime::None => None,
        OutputTime::Stated { name, .. } | OutputTime::Read { name } => Some(name),
    };
    let dimension = output.axes.dimension.as_ref();
    let dimension = dimension.map(|dimension| ("dimension", dimension.name.as_str()));
    (time.map(|name| ("time", name.as_str())).into_iter()).chain(dimension)
}

/// Whether two outputs mean the same by axes of one name. Where outputs tell the places themselves, the results must agree.
fn is_one_axis(one: &Output, other: &Output, part: &str) -> bool {
    if part == "time" {
        return one.axes.time == other.axes.time;
    }
    let places = |output: &Output| output.axes.dimension.as_ref().map(|d| d.places.clone());
    match (places(one), places(other)) {
        (Some(DimensionPlaces::Read(_)), Some(DimensionPlaces::Read(_))) => true,
        (one, other) => one == other,
    }
}
