//! From the plan and the store's results to the product: what the product is to hold, and where its values come from.
//!
//! It knows what a project's variables mean; [`crate::product`] knows how to write them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;

use anyhow::{Context, Result, bail};

use crate::catchment::CatchmentId;
use crate::codec;
use crate::expr::{Expr, Operand};
use crate::moment::{self, Moment};
use crate::plan::{Entry, Found, Plan, State};
use crate::process::Interrupt;
use crate::product::{
    self, ParameterValues, ParameterVariable, Precision, ProductSpec, Row, Status,
};
use crate::progress::Progress;
use crate::project::{self, Layout, Project, ProjectError, VariableSource, nearest};
use crate::session::Session;
use crate::store::{ResultId, Store, StoreError, StoredColumn};
use crate::time_axis::TimeAxis;
use crate::value::Value;
use crate::written::{self, Anew};

/// What became of the product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Product {
    /// It was up to date and was not touched.
    Unchanged,
    /// It was written.
    Written,
}

impl fmt::Display for Product {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unchanged => "unchanged",
            Self::Written => "written",
        })
    }
}

/// Checks that all that the product is made of is there.
pub fn check(session: &Session<'_>) -> Result<(), ProjectError> {
    parameters(session).map(drop)
}

/// The parameters that the product needs of every catchment; a name that nothing provides is an error.
pub fn parameters(session: &Session<'_>) -> Result<BTreeSet<String>, ProjectError> {
    let project = session.project;
    let known = session.basin.parameter_names();
    let columns: Vec<&str> = project
        .simulator
        .output
        .columns
        .iter()
        .map(|column| column.name.as_str())
        .collect();
    for variable in &project.product.variables {
        let VariableSource::Formula(formula) = &variable.source else {
            continue;
        };
        for name in formula
            .names()
            .into_iter()
            .filter(|name| !columns.contains(&name.as_str()))
        {
            if !known.contains(name.as_str()) {
                let there = || columns.iter().copied().chain(known.iter().copied());
                let hint = nearest(&name, there())
                    .map(|near| format!("; did you mean {near:?}?"))
                    .unwrap_or_default();
                let message = format!(
                    "the formula uses {name:?}, which is neither an output column ({}) nor a parameter{hint}",
                    columns.join(", ")
                );
                return Err(project.error(
                    &format!("product.variables.{}.formula", variable.name),
                    message,
                ));
            }
        }
    }
    for parameter in &project.product.parameters {
        if !known.contains(parameter.parameter.as_str()) {
            let near = nearest(&parameter.parameter, known.iter().copied());
            let hint = near
                .map(|near| format!("; did you mean {near:?}?"))
                .unwrap_or_default();
            let message = format!("there is no parameter {:?}{hint}", parameter.parameter);
            return Err(project.error(&format!("product.parameters.{}", parameter.name), message));
        }
    }
    Ok(needed(project))
}

/// The same without asking whether they are there.
fn needed(project: &Project) -> BTreeSet<String> {
    let columns = &project.simulator.output.columns;
    let formulas =
        (project.product.variables.iter()).filter_map(|variable| match &variable.source {
            VariableSource::Formula(formula) => Some(formula.names()),
            VariableSource::Column(_) => None,
        });
    let is_parameter = |name: &String| !columns.iter().any(|column| &column.name == name);
    let mut needed: BTreeSet<String> = formulas.flatten().filter(is_parameter).collect();
    let parameters = project.product.parameters.iter();
    needed.extend(parameters.map(|parameter| parameter.parameter.clone()));
    needed
}

/// Brings the product up to date with the plan's fresh results.
pub fn assemble(
    session: &Session<'_>,
    store: &mut Store,
    plan: &Plan,
    workers: usize,
    interrupt: &Interrupt,
    quiet: bool,
) -> Result<Product> {
    let moment = Moment::of(session, plan)?;
    let spec = describe(session.project, &moment, session.basin.time().clone())?;
    let result = |entry: &Entry| match entry.state {
        State::Fresh(found) => Some(found.result),
        State::Stale(_) | State::Bad(_) => None,
    };
    let results = plan.entries.iter().map(result).collect();
    write(
        session.project,
        store,
        spec,
        results,
        workers,
        interrupt,
        quiet,
    )
}

/// Makes the product of an earlier moment out of its results, which must all be there still.
pub fn restore(
    project: &Project,
    store: &mut Store,
    moment: &Moment,
    workers: usize,
    interrupt: &Interrupt,
    quiet: bool,
) -> Result<Product> {
    let results = Results::open(project, store, moment)?;
    let (spec, ids) = (results.spec, results.ids);
    write(project, store, spec, ids, workers, interrupt, quiet)
}

/// The results of a moment as the product's variables, catchment by catchment.
pub struct Results {
    /// What the product of that moment is.
    pub spec: ProductSpec,
    ids: Vec<Option<ResultId>>,
    sources: Vec<String>,
}

impl Results {
    /// Finds all results of a moment; that one of them was collected or is damaged is an error.
    pub fn open(project: &Project, store: &Store, moment: &Moment) -> Result<Self> {
        let _snapshot = store.snapshot()?;
        let time = store.content(&moment.time)?;
        let Some(time) = time.and_then(|bytes| TimeAxis::from_bytes(&bytes)) else {
            bail!("its time steps are no longer in the store");
        };
        let spec = describe(project, moment, time)?;
        let mut ids = Vec::with_capacity(moment.rows.len());
        let mut gone = Vec::new();
        for row in &moment.rows {
            let key = row.key.filter(|_| row.status == Status::Ok);
            let id = match key.map(|key| store.summary(&key)) {
                None => None,
                Some(Ok(Some(summary))) if row.content == Some(Found::of(&summary).content) => {
                    Some(summary.result)
                }
                Some(Ok(_) | Err(StoreError::Damaged { .. })) => {
                    gone.push(row.id.to_string());
                    None
                }
                Some(Err(error)) => return Err(error.into()),
            };
            ids.push(id);
        }
        if !gone.is_empty() {
            let list = gone[..gone.len().min(10)].join(", ");
            let more = if gone.len() > 10 { ", …" } else { "" };
            bail!(
                "{} of {} results are no longer in the store: {list}{more}; they were collected, damaged or replaced by those of a forced run, and only a run with the inputs of that time brings them back",
                gone.len(),
                moment.rows.len()
            );
        }
        let sources = project.simulator.output.columns.iter();
        Ok(Self {
            spec,
            ids,
            sources: sources.map(|column| column.source.clone()).collect(),
        })
    }

    /// Where a catchment is in `spec.catchments`.
    pub fn find(&self, id: &CatchmentId) -> Option<usize> {
        self.spec.catchments.iter().position(|row| &row.id == id)
    }

    /// Whether a catchment has a result.
    pub fn has(&self, catchment: usize) -> bool {
        self.ids[catchment].is_some()
    }

    /// The product's variables of one catchment; `None` if it has no result.
    pub fn variables(&self, store: &Store, catchment: usize) -> Result<Option<Vec<Vec<f64>>>> {
        let Some(id) = self.ids[catchment] else {
            return Ok(None);
        };
        let sources: Vec<&str> = self.sources.iter().map(String::as_str).collect();
        let columns = decode(&store.columns(id, &sources)?)?;
        let scalars = &self.spec.catchments[catchment].scalars;
        let variables = self.spec.variables.iter();
        Ok(Some(
            variables
                .map(|variable| match &variable.source {
                    product::VariableSource::Column(at) => columns[*at].clone(),
                    product::VariableSource::Formula(formula) => formula(&columns, scalars),
                })
                .collect(),
        ))
    }
}

fn decode(columns: &[StoredColumn]) -> Result<Vec<Vec<f64>>> {
    let decoded =
        (columns.iter()).map(|column| codec::decode(&column.bytes, &column.checksum, column.steps));
    let decoded: Result<_, _> = decoded.collect();
    decoded.context("its stored result is damaged; `rerunoff doctor` drops it, then run again")
}

fn write(
    project: &Project,
    store: &mut Store,
    mut spec: ProductSpec,
    results: Vec<Option<ResultId>>,
    workers: usize,
    interrupt: &Interrupt,
    quiet: bool,
) -> Result<Product> {
    let path = spec.path.clone();
    let anew = Anew::beside(&path)?;
    let is_ours = written::is_as_written(store, &path)?;
    if is_ours && product::digest_of(&path) == Some(product::digest(&spec).to_string()) {
        return Ok(Product::Unchanged);
    }
    // Somebody has touched the file since it was written, so no part of it is taken over, whatever it says of itself.
    let is_doubtful = !is_ours && path.exists();
    if is_doubtful {
        spec.path = anew.path().to_owned();
    }
    if let Some(folder) = spec.path.parent() {
        fs::create_dir_all(folder)
            .with_context(|| format!("can't make the product's folder {}", folder.display()))?;
    }
    let sources: Vec<&str> = project
        .simulator
        .output
        .columns
        .iter()
        .map(|column| column.source.as_str())
        .collect();
    let mut progress = Progress::new("assembling", results.len(), quiet);
    // It owns the store while it lasts: the reader has a thread of its own.
    let reader = &mut *store;
    let mut fetch = move |catchment: usize| -> Result<Vec<StoredColumn>> {
        if interrupt.is_triggered() {
            bail!("interrupted");
        }
        progress.set(catchment);
        let Some(result) = results[catchment] else {
            bail!("a catchment without a result was asked for")
        };
        Ok(reader.columns(result, &sources)?)
    };
    let decode = |columns: &Vec<StoredColumn>| decode(columns);
    product::assemble(&spec, workers, &mut fetch, &decode)?;
    drop(fetch);
    let is_new = !is_doubtful || anew.replaces(&path)?;
    written::remember(store, &path)?;
    Ok(if is_new {
        Product::Written
    } else {
        Product::Unchanged
    })
}

/// What the product is to hold at a moment.
fn describe(project: &Project, moment: &Moment, time: TimeAxis) -> Result<ProductSpec> {
    let needed = needed(project);
    let place = |name: &str| moment.names.iter().position(|known| known == name);
    if let Some(name) = needed.iter().find(|name| place(name).is_none()) {
        bail!(
            "the product now needs the parameter {name:?}, which was not put down then; take it out of [product], or run with the inputs of that time"
        );
    }
    let scalars: Vec<String> = needed.iter().cloned().collect();
    let value = |row: &moment::Row, name: &str| row.values.get(place(name)?).cloned().flatten();
    let mut rows = Vec::with_capacity(moment.rows.len());
    let mut texts: BTreeMap<&str, Vec<Option<Value>>> = BTreeMap::new();
    for row in &moment.rows {
        for parameter in &project.product.parameters {
            let values = texts.entry(&parameter.name).or_default();
            values.push(value(row, &parameter.parameter));
        }
        rows.push(Row {
            id: row.id.clone(),
            status: row.status,
            key: row.key,
            content: row.content,
            scalars: scalars
                .iter()
                .map(|name| {
                    value(row, name)
                        .and_then(|v| v.number())
                        .unwrap_or(f64::NAN)
                })
                .collect(),
        });
    }
    let parameters = (project.product.parameters.iter())
        .map(|parameter| ParameterVariable {
            name: parameter.name.clone(),
            values: parameter_values(texts.remove(parameter.name.as_str()).unwrap_or_default()),
            units: parameter.units.clone(),
            long_name: long_name(
                &parameter.name,
                &parameter.long_name,
                &parameter.standard_name,
            ),
            standard_name: parameter.standard_name.clone(),
        })
        .collect();
    let columns: Vec<String> = project
        .simulator
        .output
        .columns
        .iter()
        .map(|column| column.name.clone())
        .collect();
    let variables = (project.product.variables.iter())
        .map(|variable| product::Variable {
            name: variable.name.clone(),
            source: match &variable.source {
                VariableSource::Column(at) => product::VariableSource::Column(*at),
                VariableSource::Formula(formula) => computed(formula, &columns, &scalars),
            },
            definition: match &variable.source {
                VariableSource::Column(at) => project.simulator.output.columns[*at].source.clone(),
                VariableSource::Formula(formula) => {
                    format!("= {} of {columns:?}, {scalars:?}", formula.source())
                }
            },
            units: variable.units.clone(),
            long_name: long_name(&variable.name, &variable.long_name, &variable.standard_name),
            standard_name: variable.standard_name.clone(),
            attributes: variable.attributes.clone(),
            precision: match variable.precision {
                project::Precision::F64 => Precision::F64,
                project::Precision::F32 => Precision::F32,
            },
        })
        .collect();
    Ok(ProductSpec {
        path: project.product.path.clone(),
        title: project
            .title
            .clone()
            .unwrap_or_else(|| "simulated catchments".to_owned()),
        attributes: project.product.attributes.clone().into_iter().collect(),
        recipe: moment.recipe,
        time,
        variables,
        catchments: rows,
        parameters,
        deflate: project.product.compression,
        layout: match project.product.layout {
            Layout::Grid => product::Layout::Grid,
            Layout::Steps => product::Layout::Steps,
        },
    })
}

/// The stated name for people; without any, the variable's own does, so that every axis in a plot has a label.
fn long_name(name: &str, stated: &Option<String>, standard: &Option<String>) -> Option<String> {
    let own = || standard.is_none().then(|| name.replace('_', " "));
    stated.clone().or_else(own)
}

/// Numbers as long as there are only numbers; else all are texts.
fn parameter_values(values: Vec<Option<Value>>) -> ParameterValues {
    if values
        .iter()
        .flatten()
        .any(|value| matches!(value, Value::Text(_)))
    {
        let text = |value: &Option<Value>| value.as_ref().map(Value::to_string).unwrap_or_default();
        return ParameterValues::Texts(values.iter().map(text).collect());
    }
    let number = |value: &Option<Value>| value.as_ref().and_then(Value::number).unwrap_or(f64::NAN);
    ParameterValues::Numbers(values.iter().map(number).collect())
}

/// A product variable by formula over the columns of a catchment and its scalars.
fn computed(formula: &Expr, columns: &[String], scalars: &[String]) -> product::VariableSource {
    let (formula, columns, scalars) = (formula.clone(), columns.to_vec(), scalars.to_vec());
    product::VariableSource::Formula(Box::new(move |series, values| {
        let length = series.first().map_or(0, Vec::len);
        let operand = |name: &str| {
            let column = columns
                .iter()
                .position(|column| column == name)
                .map(|at| Operand::Column(&series[at]));
            column.or_else(|| {
                Some(Operand::Scalar(
                    values[scalars.iter().position(|scalar| scalar == name)?],
                ))
            })
        };
        // The names were checked before anything was run, and all columns of a result have one length.
        formula.eval_columns(length, &operand).unwrap_or_default()
    }))
}
