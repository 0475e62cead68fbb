//! The project with what one scenario changes, and those that it extends, before it is checked.

use std::collections::{BTreeMap, BTreeSet};

use super::error::{Moved, SourceText};
use super::sweep::Sweeps;
use super::{ProjectError, raw};
use crate::data::value::Value;
use crate::text::wording::{self, Quotes};

/// The project with what one scenario changes, before it is checked.
pub(super) struct Variant {
    /// With what it changes in place of what the project file states.
    pub(super) raw: raw::Project,
    /// Where the fields that it changes really stand.
    pub(super) moved: Moved,
    /// The parameters that it states.
    pub(super) stated: BTreeSet<String>,
    /// The sweeps that it names; `None` for all.
    pub(super) sweeps: Option<Vec<String>>,
}

impl Variant {
    /// The project as it is.
    pub(super) fn plain(base: &raw::Project) -> Self {
        Self {
            raw: base.clone(),
            moved: Moved::new(),
            stated: BTreeSet::new(),
            sweeps: None,
        }
    }

    /// The project as a scenario has it, after the changes of the scenarios that it extends.
    pub(super) fn of(
        base: &raw::Project,
        name: &str,
        named: &BTreeMap<String, raw::Scenario>,
        sweeps: &Sweeps,
        source: &SourceText<'_>,
    ) -> Result<Self, ProjectError> {
        let mut lineage: Vec<(&str, &raw::Scenario)> = Vec::new();
        let mut next = Some(name);
        while let Some(name) = next {
            // Only the first is known to be there, and it is.
            let Some(scenario) = named.get(name) else {
                break;
            };
            lineage.push((name, scenario));
            next = scenario.extends.as_deref();
            if let Some(parent) = next {
                let field = format!("scenario.{name}.extends");
                if lineage.iter().any(|(known, _)| *known == parent) {
                    return Err(
                        source.error(&field, "leads back to a scenario that extends this one")
                    );
                }
                if !named.contains_key(parent) {
                    let known = named.keys().map(String::as_str);
                    return Err(source.error(&field, unknown("scenario", parent, known)));
                }
            }
            if let Some(raw::Catchments::Folder(_)) = scenario.catchments {
                let field = format!("scenario.{name}.catchments");
                let rule = "chooses among the catchments of the project, with a formula or a list of ids; a folder goes under [input]";
                return Err(source.error(&field, rule));
            }
            for sweep in scenario.sweep.iter().flatten() {
                if !sweeps.has(sweep) {
                    let field = format!("scenario.{name}.sweep");
                    return Err(source.error(&field, unknown("sweep", sweep, sweeps.names())));
                }
            }
        }
        let mut variant = Self::plain(base);
        for (name, scenario) in lineage.into_iter().rev() {
            variant.apply(name, scenario.clone());
        }
        Ok(variant)
    }

    /// Replaces what the scenario states.
    fn apply(&mut self, name: &str, scenario: raw::Scenario) {
        let origin = format!("scenario.{name}");
        let mut moved = |place: String, here: String| {
            self.moved.push((place, format!("{origin}.{here}")));
        };
        if scenario.title.is_some() {
            self.raw.title = scenario.title;
        }
        if scenario.catchments.is_some() {
            self.raw.input.catchments = scenario.catchments;
            moved("input.catchments".to_owned(), "catchments".to_owned());
        }
        if scenario.sweep.is_some() {
            self.sweeps = scenario.sweep;
        }
        for (name, value) in scenario.parameters.values {
            let field = format!("parameters.{name}");
            moved(field.clone(), field);
            self.stated.insert(name.clone());
            self.raw.parameters.values.insert(name, value);
        }
        let tables = &mut self.raw.parameters.table;
        for (i, table) in scenario.parameters.table.into_iter().enumerate() {
            let place = format!("parameters.table.{}", tables.len());
            moved(place, format!("parameters.table.{i}"));
            tables.push(table);
        }
        let inputs = &mut self.raw.simulator.input;
        for (i, input) in scenario.simulator.input.into_iter().enumerate() {
            let at = inputs.iter().position(|known| known.file == input.file);
            let at = at.unwrap_or(inputs.len());
            moved(
                format!("simulator.input.{at}"),
                format!("simulator.input.{i}"),
            );
            match at < inputs.len() {
                true => inputs[at] = input,
                false => inputs.push(input),
            }
        }
        for (name, variable) in scenario.product.variables {
            let field = format!("product.variables.{name}");
            moved(field.clone(), field);
            self.raw.product.variables.insert(name, variable);
        }
    }

    /// The constants among the parameters that a scenario states.
    pub(super) fn constants(&self) -> BTreeMap<String, Value> {
        let value = |name: &String| {
            let value = match self.raw.parameters.values.get(name)? {
                toml::Value::String(text) if text.trim_start().starts_with('=') => return None,
                toml::Value::String(text) => Value::Text(text.clone()),
                toml::Value::Integer(integer) => Value::Integer(*integer),
                toml::Value::Float(number) => Value::Number(*number),
                _ => return None,
            };
            Some((name.clone(), value))
        };
        self.stated.iter().filter_map(value).collect()
    }
}

fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let hint = wording::hint(name, known, Quotes::Double).unwrap_or_default();
    format!("there is no {what} {name:?}{hint}")
}
