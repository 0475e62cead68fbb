//! What the product is to hold: the project's `[product]` table joined with a snapshot's catchments.
//!
//! It knows names, parameters and where water flows, and touches neither the store nor a file.

use anyhow::{Result, bail};

use super::drainage::{Drain, network};
use crate::data::value::Value;
use crate::plan::loaded::LoadedScenario;
use crate::plan::product_needs::{needed, needed_link, parameters, scalars};
use crate::plan::snapshot::{ScenarioSnapshot, SnapshotRow, Status};
use crate::product::file::{Network, ParameterValues, ProductContent, ProductRow, ResultColumn};
use crate::project::product_spec::{IdType, ParameterVariable, VariableAxes};
use crate::project::{OutputColumn, Project, ProjectError};

/// Checks that everything the product needs is there.
pub(super) fn check(loaded: &LoadedScenario<'_>) -> Result<()> {
    let names = parameters(loaded)?;
    let (project, basin) = (loaded.project, &loaded.basin);
    if project.product.ids == Some(IdType::Integer) {
        let mut ids = basin.catchments().iter().map(|catchment| &catchment.id);
        if let Some(id) = ids.find(|id| id.number().is_none()) {
            let rule = format!(
                "the id of catchment {id} is no plain whole number; write ids = \"text\", or leave it out"
            );
            return Err(project.error("product.ids", rule).into());
        }
    }
    let link = needed_link(project);
    let mut drains = Vec::new();
    for (at, catchment) in basin.catchments().iter().enumerate() {
        let id = &catchment.id;
        for name in &names {
            let Err(fault) = basin.value_of_any(at, name) else {
                continue;
            };
            // A catchment that can't be run is reported, or left out, for that. Others would be a gap in the product.
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

/// What the product is to hold at a scenario snapshot.
///
/// The rows of a scenario snapshot may be those of several scenarios, one after the other. Its axes are not known yet.
pub(super) fn describe(
    project: &Project,
    scenario_snapshot: &ScenarioSnapshot,
    scenarios: usize,
) -> Result<ProductContent> {
    let values = SnapshotValues(scenario_snapshot);
    let mut needed = needed(project).into_iter();
    if let Some(name) = needed.find(|name| values.place(name).is_none()) {
        bail!(
            "the product now needs the parameter {name:?}, which was not put down then; take it out of [product], or run with the inputs of that time"
        );
    }
    let scalars: Vec<String> = scalars(project).into_iter().collect();
    let row = |row: &SnapshotRow| ProductRow {
        id: row.id.clone(),
        status: row.status,
        key: row.key,
        content: row.content,
        scalars: scalars
            .iter()
            .map(|name| values.number(row, name))
            .collect(),
    };
    let each = (scenario_snapshot.rows.len() / scenarios).max(1);
    let parameter = |parameter: &ParameterVariable| {
        let mut all = values.of_all(&parameter.parameter);
        if project.product.downstream.as_ref() == Some(&parameter.parameter) {
            fill(&mut all, &scenario_snapshot.rows, each);
        }
        parameter_values(all)
    };
    let column = |column: &OutputColumn| ResultColumn {
        name: column.name.clone(),
        header: column.source.clone(),
        axes: VariableAxes::of(&project.simulator.outputs[column.output].axes),
    };
    Ok(ProductContent {
        spec: project.product.clone(),
        title: title(&project.title),
        recipe: scenario_snapshot.recipe,
        axes: Vec::new(),
        columns: (project.simulator.columns.iter().map(column)).collect(),
        scenarios: None,
        catchments: scenario_snapshot.rows.iter().map(row).collect(),
        networks: networks(project, &values, scenarios)?,
        parameters: (project.product.parameters.iter()).map(parameter).collect(),
        scalars,
        gauges: Vec::new(),
    })
}

/// How the catchments of each scenario drain; none where nothing is summed up.
fn networks(
    project: &Project,
    values: &SnapshotValues<'_>,
    scenarios: usize,
) -> Result<Vec<Network>, ProjectError> {
    let Some(link) = needed_link(project) else {
        return Ok(Vec::new());
    };
    let rows = &values.0.rows;
    let each = (rows.len() / scenarios).max(1);
    let networks = rows.chunks(each).map(|rows| {
        let drains = rows.iter().map(|row| Drain {
            id: &row.id,
            link: values.of(row, link).cloned(),
            is_fit: row.status != Status::Skipped,
        });
        network(project, drains)
    });
    networks.collect()
}

/// Gives catchments that a scenario leaves out what the first scenario that has them says, since none would be the mark of an outlet.
/// Each of the scenarios has `each` rows.
fn fill(values: &mut [Option<&Value>], rows: &[SnapshotRow], each: usize) {
    let is_left_out = |row: usize| rows[row].status.is_left_out(rows[row].key.as_ref());
    for at in (0..rows.len()).filter(|&at| is_left_out(at)) {
        let mut of_others = (at % each..rows.len()).step_by(each);
        if let Some(other) = of_others.find(|&other| !is_left_out(other)) {
            values[at] = values[other];
        }
    }
}

/// The parameters that a snapshot has kept of its catchments.
struct SnapshotValues<'s>(&'s ScenarioSnapshot);

impl<'s> SnapshotValues<'s> {
    fn place(&self, name: &str) -> Option<usize> {
        self.0.names.iter().position(|known| known == name)
    }

    /// The value of a parameter in a row.
    fn of<'r>(&self, row: &'r SnapshotRow, name: &str) -> Option<&'r Value> {
        row.values.get(self.place(name)?)?.as_ref()
    }

    /// The value as a number; NaN if it is none.
    fn number(&self, row: &SnapshotRow, name: &str) -> f64 {
        let number = self.of(row, name).and_then(Value::number);
        number.unwrap_or(f64::NAN)
    }

    /// The values of a parameter in all rows.
    fn of_all(&self, name: &str) -> Vec<Option<&'s Value>> {
        self.0.rows.iter().map(|row| self.of(row, name)).collect()
    }
}

/// The stated title, or what is true of every product.
pub(super) fn title(stated: &Option<String>) -> String {
    let stated = stated.clone();
    stated.unwrap_or_else(|| "simulated catchments".to_owned())
}

/// Numbers as long as there are only numbers; else all are texts.
pub(super) fn parameter_values(values: Vec<Option<&Value>>) -> ParameterValues {
    let is_text = |value: &&Value| matches!(value, Value::Text(_) | Value::List(_));
    if values.iter().flatten().any(is_text) {
        let text = |value: Option<&Value>| value.map(Value::to_string).unwrap_or_default();
        return ParameterValues::Texts(values.into_iter().map(text).collect());
    }
    let number = |value: Option<&Value>| value.and_then(Value::number).unwrap_or(f64::NAN);
    ParameterValues::Numbers(values.into_iter().map(number).collect())
}
