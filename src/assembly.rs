//! From the plan and the store's results to the product: what the product is to hold, and where its values come from.
//!
//! It knows what a project's variables mean; [`crate::product`] knows how to write them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;

use anyhow::{Context, Result, bail};

use crate::codec;
use crate::expr::{Expr, Operand};
use crate::plan::{Plan, Staleness, State};
use crate::process::Interrupt;
use crate::product::{
    self, ParameterValues, ParameterVariable, Precision, ProductSpec, Row, Status,
};
use crate::progress::Progress;
use crate::project::{self, Layout, ProjectError, VariableSource, nearest};
use crate::session::Session;
use crate::store::{Store, StoredColumn};
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
fn parameters(session: &Session<'_>) -> Result<BTreeSet<String>, ProjectError> {
    let project = session.project;
    let known = session.basin.parameter_names();
    let columns: Vec<&str> = project
        .simulator
        .output
        .columns
        .iter()
        .map(|column| column.name.as_str())
        .collect();
    let mut wanted = BTreeSet::new();
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
            wanted.insert(name);
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
        wanted.insert(parameter.parameter.clone());
    }
    Ok(wanted)
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
    let (mut spec, results) = describe(session, plan)?;
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
    let sources: Vec<&str> = session
        .project
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
    let decode = |columns: &Vec<StoredColumn>| -> Result<Vec<Vec<f64>>> {
        let decoded = columns
            .iter()
            .map(|column| codec::decode(&column.bytes, &column.checksum, column.steps));
        let decoded: Result<_, _> = decoded.collect();
        decoded.context("its stored result is damaged; `rerunoff doctor` drops it, then run again")
    };
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

/// What the product is to hold, and the result of every catchment that has one.
fn describe(
    session: &Session<'_>,
    plan: &Plan,
) -> Result<(ProductSpec, Vec<Option<crate::store::ResultId>>)> {
    let project = session.project;
    let names = parameters(session)?;
    let scalars: Vec<String> = names.iter().cloned().collect();
    let mut rows = Vec::with_capacity(plan.entries.len());
    let mut results = Vec::with_capacity(plan.entries.len());
    let mut texts: BTreeMap<&str, Vec<Option<Value>>> = BTreeMap::new();
    for (at, (catchment, entry)) in session
        .basin
        .catchments()
        .iter()
        .zip(&plan.entries)
        .enumerate()
    {
        let values = session.basin.values(at, &names).ok();
        let value = |name: &str| {
            values
                .as_ref()
                .and_then(|values| values.parameter(name).cloned())
        };
        for parameter in &project.product.parameters {
            texts
                .entry(&parameter.name)
                .or_default()
                .push(value(&parameter.parameter));
        }
        let (status, found) = match &entry.state {
            State::Fresh(found) => (Status::Ok, Some(*found)),
            State::Stale(Staleness::Failed(_)) => (Status::Failed, None),
            State::Stale(_) => (Status::NotRun, None),
            State::Bad(_) => (Status::Skipped, None),
        };
        results.push(found.map(|found| found.result));
        rows.push(Row {
            id: catchment.id.clone(),
            status,
            key: entry.key.map(|key| key.0),
            content: found.map(|found| found.content),
            scalars: scalars
                .iter()
                .map(|name| value(name).and_then(|v| v.number()).unwrap_or(f64::NAN))
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
    let spec = ProductSpec {
        path: project.product.path.clone(),
        title: project
            .title
            .clone()
            .unwrap_or_else(|| "simulated catchments".to_owned()),
        attributes: project.product.attributes.clone().into_iter().collect(),
        recipe: *session.recipe.digest(),
        time: session.basin.time().clone(),
        variables,
        catchments: rows,
        parameters,
        deflate: project.product.compression,
        layout: match project.product.layout {
            Layout::Grid => product::Layout::Grid,
            Layout::Steps => product::Layout::Steps,
        },
    };
    Ok((spec, results))
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
