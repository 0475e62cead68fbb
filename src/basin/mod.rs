//! All catchments of a project with their parameters and series columns: where the project file meets the input.
//!
//! Answers what a name means for a catchment. It reads no series and knows nothing of templates, keys or results.

mod columns;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Result, bail};
use jiff::civil::DateTime;

pub use self::columns::{Column, ColumnSource};
use crate::catchment::CatchmentId;
use crate::expr::{EvalError, Expr, Operand};
use crate::inputs::{BadInput, Catalog, CatalogEntry};
use crate::listing::first_few;
use crate::problem::Problem;
use crate::project::{Parameter, Project, ProjectError, Selection, Table, nearest};
use crate::tables::{ParameterTable, read_parameter_table};
use crate::template::{Scope, Scoped};
use crate::time_axis::TimeAxis;
use crate::value::Value;

/// Names that every template may use beside parameters.
pub const OWN_NAMES: [&str; 5] = ["id", "input_file_name", "steps", "start", "end"];

/// All catchments of a project.
pub struct Basin<'p> {
    project: &'p Project,
    catalog: Arc<Catalog>,
    /// The places of the chosen catchments among the catalog's; all of them without.
    chosen: Option<Vec<usize>>,
    catchments: Vec<Arc<CatalogEntry>>,
    /// The series columns: the input's, then the computed ones.
    pub columns: Vec<Column<'p>>,
    tables: Vec<Arc<ParameterTable>>,
}

/// The parameter tables of a study, each read once however many scenarios name it.
#[derive(Default)]
pub struct Tables(HashMap<(PathBuf, String), Arc<ParameterTable>>);

impl Tables {
    fn get(&mut self, table: &Table) -> Result<Arc<ParameterTable>> {
        let name = (table.path.clone(), table.id.clone());
        if let Some(known) = self.0.get(&name) {
            return Ok(known.clone());
        }
        let read = Arc::new(read_parameter_table(&table.path, &table.id)?);
        self.0.insert(name, read.clone());
        Ok(read)
    }
}

impl<'p> Basin<'p> {
    /// Joins the project with the input's catalog and its parameter tables.
    pub fn new(project: &'p Project, catalog: Arc<Catalog>, read: &mut Tables) -> Result<Self> {
        let tables = (project.tables.iter())
            .map(|table| read.get(table))
            .collect::<Result<_>>()?;
        let mut basin = Self {
            project,
            catchments: catalog.catchments.clone(),
            columns: columns::of(project, &catalog)?,
            catalog,
            chosen: None,
            tables,
        };
        basin.check_formulas()?;
        basin.choose()?;
        basin.check_tables()?;
        Ok(basin)
    }

    /// Leaves out what the project's selection does not choose.
    fn choose(&mut self) -> Result<()> {
        let Some(selection) = &self.project.selection else {
            return Ok(());
        };
        let fault = |message: String| self.project.error("input.catchments", message);
        let all = &self.catalog.catchments;
        let chosen: Vec<usize> = match selection {
            Selection::List(ids) => {
                let ids: BTreeSet<&CatchmentId> = ids.iter().collect();
                let known: BTreeSet<&CatchmentId> = all.iter().map(|entry| &entry.id).collect();
                if let Some(id) = ids.difference(&known).next() {
                    return Err(fault(format!("there is no catchment {id:?} in the input")).into());
                }
                let is_chosen = |at: &usize| ids.contains(&all[*at].id);
                (0..all.len()).filter(is_chosen).collect()
            }
            Selection::Formula(formula) => {
                let mut chosen = Vec::new();
                for (at, entry) in all.iter().enumerate() {
                    let passes = self.compute_parameter(at, "catchments", formula);
                    let passes = passes
                        .map_err(|problem| fault(format!("catchment {}: {problem}", entry.id)))?;
                    if passes != 0.0 {
                        chosen.push(at);
                    }
                }
                chosen
            }
        };
        if chosen.is_empty() {
            return Err(fault("chooses no catchment of the input".to_owned()).into());
        }
        self.catchments = chosen.iter().map(|&at| all[at].clone()).collect();
        self.chosen = Some(chosen);
        Ok(())
    }

    /// Every catchment has a row in every table.
    fn check_tables(&self) -> Result<()> {
        for (table, rows) in self.project.tables.iter().zip(&self.tables) {
            let lacking: Vec<_> = (self.catchments.iter().map(|entry| &entry.id))
                .filter(|id| !rows.has(id))
                .collect();
            if !lacking.is_empty() {
                let path = table.path.display();
                bail!(
                    "{path}: has no row for {} of the input's catchments: {}; add rows, or choose others with `catchments` under [input]",
                    lacking.len(),
                    first_few(&lacking)
                );
            }
        }
        Ok(())
    }

    /// The input's time steps, columns and catchments, those that are not chosen included.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The place of a catchment in the input.
    pub fn place(&self, catchment: usize) -> usize {
        match &self.chosen {
            Some(chosen) => chosen[catchment],
            None => catchment,
        }
    }

    /// The time steps, the same for all.
    pub fn time(&self) -> &TimeAxis {
        &self.catalog.time
    }

    /// The catchments, in the input's order.
    pub fn catchments(&self) -> &[Arc<CatalogEntry>] {
        &self.catchments
    }

    /// The catchment at a position.
    pub fn id(&self, catchment: usize) -> &CatchmentId {
        &self.catchments[catchment].id
    }

    /// The position of a catchment.
    pub fn find(&self, id: &CatchmentId) -> Option<usize> {
        self.catchments().iter().position(|entry| &entry.id == id)
    }

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

    /// The values of `names` for one catchment; formulas are computed.
    pub fn values(&self, catchment: usize, names: &BTreeSet<String>) -> Result<Values, Problem> {
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
                "steps" => Value::Integer(self.time().len() as i64),
                "start" | "end" => continue,
                _ => self.parameter(place, name)?,
            };
            values.insert(name.clone(), value);
        }
        let time = self.time();
        let (start, end) = (time.date_time(0), time.date_time(time.len() - 1));
        Ok(Values { values, start, end })
    }

    /// A parameter of a catchment that may be unfit to be run; `None` where it has none of this name.
    pub fn value_of_any(&self, catchment: usize, name: &str) -> Option<Value> {
        self.parameter(self.place(catchment), name).ok()
    }

    /// One parameter of the catchment at a place of the input: its own from the last table that has it, its own from the
    /// input, the global.
    ///
    /// What the scenario states comes before a catchment's own, but for tables that the scenario itself names.
    fn parameter(&self, place: usize, name: &str) -> Result<Value, Problem> {
        let id = &self.catalog.catchments[place].id;
        let scenario = &self.project.scenario;
        let is_stated = scenario.stated.contains(name);
        let first = if is_stated { scenario.first_table } else { 0 };
        let own = (self.tables[first..].iter().rev())
            .find_map(|table| table.get(id, name))
            .or_else(|| (self.catalog.parameters.get(name, place)).filter(|_| !is_stated));
        if let Some(value) = own {
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

    /// The value of a formula over a catchment's parameters.
    fn compute_parameter(&self, place: usize, name: &str, formula: &Expr) -> Result<f64, Problem> {
        let mut numbers = BTreeMap::new();
        for used in formula.names() {
            let value = match self.parameter(place, &used) {
                // It may be in the branch of an `if` that does not count here.
                Err(Problem::NoParameter(_)) => continue,
                found => found?,
            };
            let Some(number) = value.number() else {
                let (formula, text) = (name.to_owned(), value.to_string());
                return Err(Problem::TextInFormula {
                    formula,
                    name: used,
                    text,
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

    /// Every name in the formulas of parameters is known, and none needs itself.
    fn check_formulas(&self) -> Result<(), ProjectError> {
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
                    let hint = match nearest(name, known.iter().copied()) {
                        Some(near) => format!("did you mean {near:?}?"),
                        None => format!(
                            "there are {}",
                            Vec::from_iter(known.iter().copied()).join(", ")
                        ),
                    };
                    let message =
                        format!("the formula uses {name:?}, which is no parameter; {hint}");
                    return Err(self
                        .project
                        .error(&format!("parameters.{formula}"), message));
                }
            }
        }
        let mut settled = BTreeSet::new();
        for name in formulas.keys() {
            if let Err(circle) = follow(name, &formulas, &mut Vec::new(), &mut settled) {
                let message = format!("the formula needs itself: {circle}");
                return Err(self.project.error(&format!("parameters.{name}"), message));
            }
        }
        Ok(())
    }

    /// The input columns that the wanted columns are made of.
    pub fn input_columns(&self, wanted: &[usize]) -> Vec<usize> {
        let mut used = BTreeSet::new();
        for &column in wanted {
            match &self.columns[column].source {
                ColumnSource::Input(at) => drop(used.insert(*at)),
                ColumnSource::Formula(_, names) => used.extend(names.values()),
            }
        }
        used.into_iter().collect()
    }

    /// The wanted columns of one catchment out of the input columns that [`Self::input_columns`] names.
    pub fn compute(
        &self,
        wanted: &[usize],
        mut input: Vec<Vec<f64>>,
    ) -> Result<Vec<Vec<f64>>, BadInput> {
        let used = self.input_columns(wanted);
        let slot = |column: usize| used.iter().position(|&at| at == column);
        // The formulas first: they look at columns that are then handed on, which saves copying them.
        let mut computed = vec![Vec::new(); wanted.len()];
        for (place, &column) in computed.iter_mut().zip(wanted) {
            let column = &self.columns[column];
            let ColumnSource::Formula(formula, names) = &column.source else {
                continue;
            };
            let operand = |name: &str| Some(Operand::Column(&input[slot(*names.get(name)?)?]));
            // Every name is an input column, and the reader gives them all the length of the time axis.
            let values = formula
                .eval_columns(self.time().len(), &operand)
                .unwrap_or_default();
            if let Some(step) = values.iter().position(|value| !value.is_finite()) {
                return Err(BadInput::MissingValue {
                    column: column.name.clone(),
                    step,
                });
            }
            *place = values;
        }
        for (place, &column) in computed.iter_mut().zip(wanted) {
            // Each is wanted once.
            if let ColumnSource::Input(at) = &self.columns[column].source
                && let Some(slot) = slot(*at)
            {
                *place = std::mem::take(&mut input[slot]);
            }
        }
        Ok(computed)
    }
}

/// Walks from formula to formula; the error is the way back to one that is still being walked.
fn follow(
    name: &str,
    formulas: &BTreeMap<&str, BTreeSet<String>>,
    path: &mut Vec<String>,
    settled: &mut BTreeSet<String>,
) -> Result<(), String> {
    if let Some(start) = path.iter().position(|step| step == name) {
        return Err(format!("{} → {name}", path[start..].join(" → ")));
    }
    let Some(names) = formulas.get(name) else {
        return Ok(());
    };
    if settled.contains(name) {
        return Ok(());
    }
    path.push(name.to_owned());
    for next in names {
        follow(next, formulas, path, settled)?;
    }
    path.pop();
    settled.insert(name.to_owned());
    Ok(())
}

/// The values of the names that templates use, for one catchment.
pub struct Values {
    values: BTreeMap<String, Value>,
    start: DateTime,
    end: DateTime,
}

impl Values {
    /// The value of a parameter.
    pub fn parameter(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }
}

impl Scope for Values {
    fn get(&self, name: &str) -> Option<Scoped<'_>> {
        match name {
            "start" => Some(Scoped::Time(self.start)),
            "end" => Some(Scoped::Time(self.end)),
            _ => self
                .values
                .get(name)
                .map(|value| Scoped::Value(Cow::Borrowed(value))),
        }
    }
}
