//! What the product is to hold: the project's `[product]` table joined with a snapshot's catchments.
//!
//! It knows names, formulas and parameters, and touches neither the store nor a file.

use std::collections::{BTreeMap, HashSet};

use anyhow::{Result, bail};

use crate::data::catchment::CatchmentId;
use crate::data::time_axis::TimeAxis;
use crate::data::value::Value;
use crate::language::formula::{Expr, Operand};
use crate::plan::loaded::LoadedScenario;
use crate::plan::product_needs::{needed, needed_link, parameters, scalars};
use crate::plan::snapshot::{self, ScenarioSnapshot};
use crate::product::file::{
    self, Network, NetworkLink, Outlets, ParameterValues, ParameterVariable, Precision, ProductRow,
    ProductSpec, Statistic, Status,
};
use crate::project::{self, Layout, Project, ProjectError, VariableSource};
use crate::text::wording::{self, Quotes};

/// Checks that all that the product is made of is there.
pub fn check(loaded: &LoadedScenario<'_>) -> Result<()> {
    let names = parameters(loaded)?;
    let (project, basin) = (loaded.project, &loaded.basin);
    let link = needed_link(project);
    let mut drains = Vec::new();
    for (at, catchment) in basin.catchments().iter().enumerate() {
        let id = &catchment.id;
        for name in &names {
            let Err(fault) = basin.value_of_any(at, name) else {
                continue;
            };
            // One that can't be run is told of, or left out, for that; others would get a gap in the product.
            if Some(name.as_str()) == link || basin.values(at, loaded.recipe.names()).is_ok() {
                bail!("catchment {id}: {fault}, which the product needs");
            }
        }
        if let Some(link) = link {
            drains.push(Drain {
                id,
                link: basin.value_of_any(at, link)?,
                is_fit: catchment.problem.is_none(),
            });
        }
    }
    if link.is_some() {
        network(project, drains.into_iter())?;
    }
    Ok(())
}

/// A catchment and where it drains to.
struct Drain<'a> {
    id: &'a CatchmentId,
    link: Option<Value>,
    /// Whether it can be run.
    is_fit: bool,
}

/// How these catchments drain.
fn network<'a>(
    project: &Project,
    drains: impl Iterator<Item = Drain<'a>>,
) -> Result<Network, ProjectError> {
    let fault = |message: String| project.error("product.downstream", message);
    let (mut ids, mut links) = (Vec::new(), Vec::new());
    for drain in drains {
        // It might drain into any other, whose sum would be too small and nobody the wiser.
        if !drain.is_fit && drain.link.is_none() {
            return Err(fault(format!(
                "catchment {} can't be run and has no value that tells where it drains to; give it one in a table of parameters",
                drain.id
            )));
        }
        ids.push(drain.id.as_str());
        links.push(NetworkLink::from(drain.link.as_ref()));
    }
    for variable in &project.product.variables {
        let Some(Outlets::These(outlets)) = &variable.upstream else {
            continue;
        };
        let known: HashSet<&str> = ids.iter().copied().collect();
        if let Some(id) = outlets.iter().find(|id| !known.contains(id.as_str())) {
            let hint =
                wording::hint(id.as_str(), ids.iter().copied(), Quotes::Double).unwrap_or_default();
            let field = format!("product.variables.{}.outlets", variable.name);
            let message = format!("there is no catchment {:?}{hint}", id.as_str());
            return Err(project.error(&field, message));
        }
    }
    Network::new(&ids, &links).map_err(|error| fault(error.to_string()))
}

/// What the product is to hold at a scenario snapshot.
///
/// The rows of a scenario snapshot may be those of several scenarios, one after the other.
pub(super) fn describe(
    project: &Project,
    scenario_snapshot: &ScenarioSnapshot,
    scenarios: usize,
    time: TimeAxis,
) -> Result<ProductSpec> {
    let needed = needed(project);
    let place = |name: &str| {
        scenario_snapshot
            .names
            .iter()
            .position(|known| known == name)
    };
    if let Some(name) = needed.iter().find(|name| place(name).is_none()) {
        bail!(
            "the product now needs the parameter {name:?}, which was not put down then; take it out of [product], or run with the inputs of that time"
        );
    }
    let scalars: Vec<String> = scalars(project).into_iter().collect();
    let value =
        |row: &snapshot::SnapshotRow, name: &str| row.values.get(place(name)?).cloned().flatten();
    let mut rows = Vec::with_capacity(scenario_snapshot.rows.len());
    let mut texts: BTreeMap<&str, Vec<Option<Value>>> = BTreeMap::new();
    for row in &scenario_snapshot.rows {
        for parameter in &project.product.parameters {
            let values = texts.entry(&parameter.name).or_default();
            values.push(value(row, &parameter.parameter));
        }
        rows.push(ProductRow {
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
    let networks = match needed_link(project) {
        None => Vec::new(),
        Some(link) => {
            let each = (scenario_snapshot.rows.len() / scenarios).max(1);
            let networks = scenario_snapshot.rows.chunks(each).map(|rows| {
                let drains = rows.iter().map(|row| Drain {
                    id: &row.id,
                    link: value(row, link),
                    is_fit: row.status != Status::Skipped,
                });
                network(project, drains)
            });
            networks.collect::<Result<_, _>>()?
        }
    };
    let columns: Vec<String> = project
        .simulator
        .output
        .columns
        .iter()
        .map(|column| column.name.clone())
        .collect();
    let variables = (project.product.variables.iter())
        .map(|variable| file::Variable {
            name: variable.name.clone(),
            source: match &variable.source {
                VariableSource::Column(at) => file::VariableSource::Column(*at),
                VariableSource::Formula(formula) => computed(formula, &columns, &scalars),
            },
            definition: match &variable.source {
                VariableSource::Column(at) => project.simulator.output.columns[*at].source.clone(),
                VariableSource::Formula(formula) => {
                    format!("= {} of {columns:?}, {scalars:?}", formula.source())
                }
            },
            upstream: variable.upstream.clone(),
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
        title: title(&project.title),
        attributes: project.product.attributes.clone().into_iter().collect(),
        recipe: scenario_snapshot.recipe,
        time,
        variables,
        scenarios: None,
        catchments: rows,
        networks,
        parameters,
        summaries: project
            .product
            .summaries
            .iter()
            .map(summary(project))
            .collect(),
        deflate: project.product.compression,
        layout: match project.product.layout {
            Layout::Grid => file::Layout::Grid,
            Layout::Steps => file::Layout::Steps,
        },
    })
}

/// The stated title, or what is true of every product.
pub(super) fn title(stated: &Option<String>) -> String {
    let stated = stated.clone();
    stated.unwrap_or_else(|| "simulated catchments".to_owned())
}

/// A summary with what it does not state itself: its units and its name follow from the variable's.
fn summary(project: &Project) -> impl Fn(&project::Summary) -> file::Summary + '_ {
    |summary| {
        let of = &project.product.variables[summary.of];
        let name = of.long_name.clone();
        let name = name.unwrap_or_else(|| of.name.replace('_', " "));
        let (units, long_name) = match summary.statistic {
            Statistic::Mean => (of.units.clone(), format!("mean of {name}")),
            Statistic::Max => (of.units.clone(), format!("maximum of {name}")),
            Statistic::Min => (of.units.clone(), format!("minimum of {name}")),
            Statistic::Sum => (of.units.clone(), format!("sum of {name} over time")),
            Statistic::Quantile(q) => (of.units.clone(), format!("{q} quantile of {name}")),
            Statistic::Exceedance(threshold) => {
                let units = of.units.as_deref().unwrap_or_default();
                let over = format!("{threshold} {units}");
                let name = format!("share of time steps with {name} over {}", over.trim_end());
                (Some("1".to_owned()), name)
            }
        };
        file::Summary {
            name: summary.name.clone(),
            of: summary.of,
            statistic: summary.statistic,
            units: summary.units.clone().or(units),
            long_name: summary.long_name.clone().or(Some(long_name)),
            standard_name: summary.standard_name.clone(),
        }
    }
}

/// The stated name for people; without any, the variable's own does, so that every axis in a plot has a label.
fn long_name(name: &str, stated: &Option<String>, standard: &Option<String>) -> Option<String> {
    let own = || standard.is_none().then(|| name.replace('_', " "));
    stated.clone().or_else(own)
}

/// Numbers as long as there are only numbers; else all are texts.
pub(super) fn parameter_values(values: Vec<Option<Value>>) -> ParameterValues {
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
fn computed(formula: &Expr, columns: &[String], scalars: &[String]) -> file::VariableSource {
    let (formula, columns, scalars) = (formula.clone(), columns.to_vec(), scalars.to_vec());
    file::VariableSource::Formula(Box::new(move |series, values| {
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
