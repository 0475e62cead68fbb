//! Attribute tables, joined by id: the filter and the parameters made of their columns.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::data::catchment::CatchmentId;
use crate::data::value::Value;
use crate::inputs::tables::{CellFault, ParameterTable, read_parameter_table};
use crate::language::formula::Expr;
use crate::project::Project;
use crate::project::import_spec::ImportSpec;
use crate::text::wording::{self, Quotes};

/// Why a catchment has no value of a formula.
pub(super) enum Unfit {
    /// Something that it needs is missing; what.
    Lacking(String),
    /// Something that it needs is there, and can't be understood.
    Faulty(CellFault),
}

impl From<CellFault> for Unfit {
    fn from(fault: CellFault) -> Self {
        Self::Faulty(fault)
    }
}

/// The tables, and which of them has which column.
pub(super) struct Attributes {
    tables: Vec<ParameterTable>,
    columns: BTreeMap<String, usize>,
}

impl Attributes {
    /// Reads the tables and finds the columns that filter and parameters need.
    pub(super) fn read(project: &Project, spec: &ImportSpec) -> Result<Self> {
        let tables = (spec.tables.iter())
            .map(read_parameter_table)
            .collect::<Result<Vec<_>>>()?;
        let mut attributes = Self {
            tables,
            columns: BTreeMap::new(),
        };
        let parameters = (spec.parameters.iter()).map(|parameter| {
            (
                format!("import.parameters.{}", parameter.name),
                &parameter.formula,
            )
        });
        let filter = spec
            .filter
            .iter()
            .map(|filter| ("import.filter".to_owned(), filter));
        for (field, formula) in parameters.chain(filter) {
            for name in formula.names() {
                let table = attributes
                    .table_with(spec, &name)
                    .map_err(|message| project.error(&field, message))?;
                attributes.columns.insert(name, table);
            }
        }
        Ok(attributes)
    }

    fn table_with(&self, spec: &ImportSpec, name: &str) -> Result<usize, String> {
        let mut found = (0..self.tables.len())
            .filter(|at| self.tables[*at].columns.iter().any(|column| column == name));
        match (found.next(), found.next()) {
            (Some(at), None) => Ok(at),
            (Some(one), Some(other)) => Err(format!(
                "both {} and {} have a column `{name}`; rename one",
                spec.tables[one].path.display(),
                spec.tables[other].path.display()
            )),
            (None, _) => {
                let columns = self.tables.iter().flat_map(|table| &table.columns);
                let all: Vec<&str> = columns.map(String::as_str).collect();
                let hint = wording::hint(name, all.iter().copied(), Quotes::Backticks)
                    .unwrap_or_else(|| ".".to_owned());
                Err(format!(
                    "no table has a column `{name}`{hint} There are {}",
                    all.join(", ")
                ))
            }
        }
    }

    /// The catchments of each table, in its order.
    pub(super) fn ids(&self) -> impl Iterator<Item = &[CatchmentId]> {
        self.tables.iter().map(|table| table.ids.as_slice())
    }

    /// Whether the table at this position has the catchment.
    pub(super) fn has(&self, table: usize, id: &CatchmentId) -> bool {
        self.tables[table].has(id)
    }

    /// Whether a formula that filters lets a catchment pass.
    pub(super) fn passes(&self, filter: &Expr, id: &CatchmentId) -> Result<bool, Unfit> {
        let mut numbers = BTreeMap::new();
        for name in filter.names() {
            match self.value(&name, id)? {
                Some(Value::Text(text)) => return Err(no_number(&name, &text)),
                Some(value) => drop(numbers.insert(name, value)),
                None => {}
            }
        }
        let value = filter.eval(&|name| numbers.get(name)?.number());
        match value.ok().filter(|value| !value.is_nan()) {
            Some(value) => Ok(value != 0.0),
            None => Err(Unfit::Lacking(
                "a value that the filter needs is missing".to_owned(),
            )),
        }
    }

    /// A parameter of a catchment: a column's value as it stands, or what a formula gives.
    pub(super) fn parameter(&self, formula: &Expr, id: &CatchmentId) -> Result<Value, Unfit> {
        let missing = |name: &str| Unfit::Lacking(format!("{name} is missing"));
        let names = formula.names();
        let only = names
            .first()
            .filter(|name| formula.source().trim() == name.as_str());
        if let Some(name) = only {
            return self.value(name, id)?.ok_or_else(|| missing(name));
        }
        let mut numbers = BTreeMap::new();
        for name in &names {
            match self.value(name, id)? {
                None => return Err(missing(name)),
                Some(Value::Text(text)) => return Err(no_number(name, &text)),
                Some(value) => drop(numbers.insert(name.as_str(), value)),
            }
        }
        let number = formula
            .eval(&|name| numbers.get(name)?.number())
            .map_err(|error| Unfit::Lacking(error.to_string()))?;
        if number.is_finite() {
            Ok(Value::Number(number))
        } else {
            Err(Unfit::Lacking(format!("the formula gives {number}")))
        }
    }

    fn value(&self, name: &str, id: &CatchmentId) -> Result<Option<Value>, CellFault> {
        match self.columns.get(name) {
            Some(&table) => self.tables[table].get(id, name),
            None => Ok(None),
        }
    }
}

fn no_number(name: &str, text: &str) -> Unfit {
    Unfit::Lacking(format!("{name} is {text:?}, no number"))
}
