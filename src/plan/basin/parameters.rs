//! What a name means for a catchment: which statement of a parameter takes precedence, and what formulas compute.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::DateTime;

use super::Basin;
use crate::data::value::Value;
use crate::inputs::tables::CellFault;
use crate::language::formula::{EvalError, Expr};
use crate::language::template::{Scope, Scoped};
use crate::plan::problem::Problem;
use crate::project::{Parameter, ProjectError};
use crate::text::wording::{self, Quotes};

/// The values of the names that templates use, for one catchment.
pub struct CatchmentValues {
    values: BTreeMap<String, Value>,
    /// The first and the last time step, where there are any.
    ends: Option<[DateTime; 2]>,
}

impl CatchmentValues {
    /// The value of a parameter.
    pub fn parameter(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }

    /// Replaces the values of some parameters by those that a basin has for the same catchment; on an error some may be replaced.
    pub fn replace(
        &mut self,
        basin: &Basin<'_>,
        catchment: usize,
        names: &[String],
    ) -> Result<(), Problem> {
        let place = basin.place(catchment);
        for name in names {
            let value = basin.parameter(place, name)?;
            match self.values.get_mut(name) {
                Some(known) => *known = value,
                None => drop(self.values.insert(name.clone(), value)),
            }
        }
        Ok(())
    }
}

impl Scope for CatchmentValues {
    fn get(&self, name: &str) -> Option<Scoped<'_>> {
        match name {
            "start" => self.ends.map(|[start, _]| Scoped::Time(start)),
            "end" => self.ends.map(|[_, end]| Scoped::Time(end)),
            _ => self
                .values
                .get(name)
                .map(|value| Scoped::Value(Cow::Borrowed(value))),
        }
    }

    fn get_in_any_case(&self, name: &str) -> Option<Scoped<'_>> {
        if let Some(known) = self.get(name) {
            return Some(known);
        }
        let ends = ["start", "end"].into_iter();
        let ends = ends.filter(|_| self.ends.is_some());
        let known = self.values.keys().map(String::as_str).chain(ends);
        in_any_case(name, known)
            .ok()
            .and_then(|known| self.get(known))
    }
}

/// The name that is this one, or the only one that differs from it by capitals; else all those that do.
pub(crate) fn in_any_case<'n>(
    name: &str,
    names: impl Iterator<Item = &'n str>,
) -> Result<&'n str, Vec<&'n str>> {
    let alike: Vec<&str> = names.filter(|known| is_alike(known, name)).collect();
    match (alike.iter().find(|known| **known == name), alike.as_slice()) {
        (Some(same), _) => Ok(same),
        (None, [only]) => Ok(only),
        (None, _) => Err(alike),
    }
}

/// Whether two names differ by capitals at most.
fn is_alike(one: &str, other: &str) -> bool {
    let is_ascii = one.is_ascii() && other.is_ascii();
    one.eq_ignore_ascii_case(other) || !is_ascii && one.to_lowercase() == other.to_lowercase()
}

impl Basin<'_> {
    /// The names of all parameters that some catchment has.
    pub fn parameter_names(&self) -> BTreeSet<&str> {
        let mut names: BTreeSet<&str> =
            self.project.parameters.keys().map(String::as_str).collect();
        names.extend(
            self.tables
                .iter()
                .flat_map(|table| table.columns.iter().map(String::as_str)),
        );
        let places = (0..self.catchments.len()).map(|catchment| self.place(catchment));
        names.extend(self.catalog.parameters.names_in(places));
        names
    }

    /// Whether a table or the input has a parameter of this name for some catchment.
    pub(crate) fn has_own(&self, name: &str) -> bool {
        let places = (0..self.catchments.len()).map(|catchment| self.place(catchment));
        let mut tables = self.tables.iter();
        tables.any(|table| table.columns.iter().any(|column| column == name))
            || (self.catalog.parameters.names_in(places)).any(|known| known == name)
    }

    /// The names of the project's parameters that are lists.
    pub fn list_names(&self) -> BTreeSet<&str> {
        let all = self.project.parameters.iter();
        let is_list = |parameter| matches!(parameter, &Parameter::Constant(Value::List(_)));
        all.filter(|(_, parameter)| is_list(*parameter))
            .map(|(name, _)| name.as_str())
            .collect()
    }

    /// The values of `names` for one catchment; formulas are computed.
    pub fn values(
        &self,
        catchment: usize,
        names: &BTreeSet<String>,
    ) -> Result<CatchmentValues, Problem> {
        let entry = &self.catchments[catchment];
        let place = self.place(catchment);
        if let Some(problem) = &entry.problem {
            return Err(problem.clone().into());
        }
        let mut values = BTreeMap::new();
        for name in names {
            let value = match name.as_str() {
                "id" => Value::Text(entry.id.as_str().to_owned()),
                "input_file_name" => Value::Text(self.project.series_file_name().to_owned()),
                "steps" => Value::Integer(self.steps() as i64),
                "start" | "end" => continue,
                _ => self.parameter(place, name)?,
            };
            values.insert(name.clone(), value);
        }
        let ends = self.time();
        let ends = ends.map(|time| [0, time.len() - 1].map(|step| time.date_time(step)));
        Ok(CatchmentValues { values, ends })
    }

    /// A parameter of a catchment that may be unfit to be run; `None` where it has none of this name.
    ///
    /// # Errors
    /// There is a value, but it can't be understood.
    pub fn value_of_any(&self, catchment: usize, name: &str) -> Result<Option<Value>, CellFault> {
        match self.parameter(self.place(catchment), name) {
            Ok(value) => Ok(Some(value)),
            Err(Problem::Cell(fault)) => Err(fault),
            Err(_) => Ok(None),
        }
    }

    /// One parameter of the catchment at a place of the input: its own from the last table that has it, its own from the
    /// input, the global.
    ///
    /// What the scenario states comes before a catchment's own, but for tables that the scenario itself names. What overrides state
    /// comes before all of them.
    fn parameter(&self, place: usize, name: &str) -> Result<Value, Problem> {
        let id = &self.catalog.catchments[place].id;
        let (first, has_input) = self.sources(name);
        for table in self.tables[first..].iter().rev() {
            if let Some(value) = table.get(id, name)? {
                return Ok(value);
            }
        }
        if has_input && let Some(value) = self.catalog.parameters.get(name, place) {
            return Ok(value.clone());
        }
        match self.project.parameters.get(name) {
            None => Err(Problem::NoParameter(name.to_owned())),
            Some(Parameter::Constant(value)) => Ok(value.clone()),
            Some(Parameter::Formula(formula)) => {
                let value = self.compute_parameter(place, name, formula)?;
                Ok(Value::Number(value))
            }
        }
    }

    /// Where a catchment may have its own value of a parameter: in the tables from this one on, and in the input or not.
    fn sources(&self, name: &str) -> (usize, bool) {
        let scenario = &self.project.scenario;
        let is_stated = scenario.stated.contains(name);
        let is_overridden = scenario.overridden.contains(name);
        let first = match (is_overridden, is_stated) {
            (true, _) => self.tables.len(),
            (false, true) => scenario.first_table,
            (false, false) => 0,
        };
        (first, !is_stated && !is_overridden)
    }

    /// The value of a parameter that all catchments have from the project file; `None` if one may have its own, or can't be computed.
    pub fn common_value(&self, name: &str) -> Option<Value> {
        self.is_common(name)
            .then(|| self.parameter(self.place(0), name).ok())?
    }

    fn is_common(&self, name: &str) -> bool {
        let (first, has_input) = self.sources(name);
        let mut tables = self.tables[first..].iter();
        if tables.any(|table| table.columns.iter().any(|column| column == name))
            || has_input && self.catalog.parameters.has(name)
        {
            return false;
        }
        match self.project.parameters.get(name) {
            None => false,
            Some(Parameter::Constant(_)) => true,
            Some(Parameter::Formula(formula)) => {
                formula.names().iter().all(|used| self.is_common(used))
            }
        }
    }

    /// Whether some catchment's value of a parameter may be another than in `other`, a basin of the same catchments.
    pub fn may_differ(&self, other: &Basin<'_>, name: &str) -> bool {
        let (here, there) = (&self.project.scenario, &other.project.scenario);
        let mut tables = self.tables.iter().zip(&other.tables);
        let ranked_alike = here.stated.contains(name) == there.stated.contains(name)
            && here.overridden.contains(name) == there.overridden.contains(name)
            && here.first_table == there.first_table
            && self.tables.len() == other.tables.len()
            && tables.all(|(table, other)| Arc::ptr_eq(table, other));
        if !ranked_alike {
            return true;
        }
        let parameters = [self.project, other.project].map(|project| project.parameters.get(name));
        match (parameters[0], parameters[1]) {
            (None, None) => false,
            (Some(Parameter::Constant(value)), Some(Parameter::Constant(other))) => {
                !value.is_same(other)
            }
            (Some(Parameter::Formula(formula)), Some(Parameter::Formula(its))) => {
                formula.source() != its.source()
                    || (formula.names().iter()).any(|used| self.may_differ(other, used))
            }
            _ => true,
        }
    }

    /// The value of a formula over a catchment's parameters.
    pub(super) fn compute_parameter(
        &self,
        place: usize,
        name: &str,
        formula: &Expr,
    ) -> Result<f64, Problem> {
        let mut numbers = BTreeMap::new();
        for used in formula.names() {
            let value = match self.parameter(place, &used) {
                // It may be in the branch of an `if` that does not count here.
                Err(Problem::NoParameter(_)) => continue,
                found => found?,
            };
            let Some(number) = value.number() else {
                let (formula, name) = (name.to_owned(), used);
                return Err(match value {
                    Value::Text(text) => Problem::TextInFormula {
                        formula,
                        name,
                        text,
                    },
                    Value::List(_) => Problem::ListInFormula { formula, name },
                    value => Problem::RoundedInFormula {
                        formula,
                        name,
                        digits: value.to_string(),
                    },
                });
            };
            numbers.insert(used, number);
        }
        let value =
            formula
                .eval(&|name| numbers.get(name).copied())
                .map_err(|error| match error {
                    EvalError::UnknownName(name) => Problem::NoParameter(name),
                    other => Problem::Rendering(other.to_string()),
                })?;
        match value.is_finite() {
            true => Ok(value),
            false => Err(Problem::NotFinite {
                formula: name.to_owned(),
                value,
            }),
        }
    }

    /// Checks that every name in the formulas of parameters is known, and that no formula needs itself.
    pub(super) fn check_formulas(&self) -> Result<(), ProjectError> {
        let known = self.parameter_names();
        let formulas =
            self.project
                .parameters
                .iter()
                .filter_map(|(name, parameter)| match parameter {
                    Parameter::Formula(formula) => Some((name.as_str(), formula.names())),
                    Parameter::Constant(_) => None,
                });
        let formulas: BTreeMap<&str, BTreeSet<String>> = formulas.collect();
        for (formula, names) in &formulas {
            for name in names {
                if !known.contains(name.as_str()) {
                    let names = known.iter().copied();
                    let hint =
                        wording::hint(name, names.clone(), Quotes::Double).unwrap_or_else(|| {
                            format!("; there are {}", Vec::from_iter(names).join(", "))
                        });
                    let message = format!("the formula uses {name:?}, which is no parameter{hint}");
                    return Err(self
                        .project
                        .error(&format!("parameters.{formula}"), message));
                }
                if let Some(Parameter::Constant(Value::List(_))) = self.project.parameters.get(name)
                {
                    let message = format!(
                        "the formula uses {name:?}, a list; formulas compute with single numbers"
                    );
                    return Err(self
                        .project
                        .error(&format!("parameters.{formula}"), message));
                }
            }
        }
        let mut visited = BTreeSet::new();
        for name in formulas.keys() {
            if let Err(circle) = follow(name, &formulas, &mut Vec::new(), &mut visited) {
                let message = format!("the formula needs itself: {circle}");
                return Err(self.project.error(&format!("parameters.{name}"), message));
            }
        }
        Ok(())
    }
}

/// Walks from formula to formula; the error is the circle that leads back to one that is still being walked.
fn follow(
    name: &str,
    formulas: &BTreeMap<&str, BTreeSet<String>>,
    path: &mut Vec<String>,
    visited: &mut BTreeSet<String>,
) -> Result<(), String> {
    if let Some(start) = path.iter().position(|step| step == name) {
        return Err(format!("{} → {name}", path[start..].join(" → ")));
    }
    let Some(names) = formulas.get(name) else {
        return Ok(());
    };
    if visited.contains(name) {
        return Ok(());
    }
    path.push(name.to_owned());
    for next in names {
        follow(next, formulas, path, visited)?;
    }
    path.pop();
    visited.insert(name.to_owned());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_whatever_its_capitals_and_the_ends_of_time_with_it() {
        let values = ["hk1", "Ölig", "twice", "Twice", "steps"];
        let values = values.map(|name| (name.to_owned(), Value::Text(name.to_owned())));
        let times = [2001, 2002].map(|year| jiff::civil::date(year, 1, 1).at(0, 0, 0, 0));
        let values = CatchmentValues {
            values: BTreeMap::from(values),
            ends: Some(times),
        };
        let found = |name: &str| match values.get_in_any_case(name)? {
            Scoped::Value(value) => Some(value.to_string()),
            Scoped::Time(time) => Some(time.year().to_string()),
        };
        for (name, known) in [
            ("HK1", "hk1"),
            ("hk1", "hk1"),
            ("ÖLIG", "Ölig"),
            ("Twice", "Twice"),
            ("STEPS", "steps"),
            ("start", "2001"),
            ("END", "2002"),
        ] {
            assert_eq!(found(name).as_deref(), Some(known), "{name}");
        }
        assert_eq!(found("TWICE"), None, "either");
        assert_eq!(found("hk"), None);
    }
}
