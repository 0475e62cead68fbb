//! What a product needs besides results: the parameters of which a snapshot keeps every catchment's value.
//!
//! It knows names only, no values.

use std::collections::BTreeSet;

use crate::plan::loaded::LoadedScenario;
use crate::project::product_spec::{ProductVariable, VariableSource};
use crate::project::{Project, ProjectError};
use crate::text::wording::{self, Quotes};

/// The parameters that the product needs of every catchment; a name that nothing provides is an error.
pub(crate) fn parameters(loaded: &LoadedScenario<'_>) -> Result<BTreeSet<String>, ProjectError> {
    let project = loaded.project;
    let known = loaded.basin.parameter_names();
    let lists = loaded.basin.list_names();
    let columns: Vec<&str> = project
        .simulator
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
                let hint = wording::hint(&name, there(), Quotes::Double).unwrap_or_default();
                let message = format!(
                    "the formula uses {name:?}, which is neither an output column ({}) nor a parameter{hint}",
                    columns.join(", ")
                );
                return Err(project.error(
                    &format!("product.variables.{}.formula", variable.name),
                    message,
                ));
            }
            if lists.contains(name.as_str()) {
                let message = format!(
                    "the formula uses {name:?}, a list; formulas compute with single numbers"
                );
                let field = format!("product.variables.{}.formula", variable.name);
                return Err(project.error(&field, message));
            }
        }
    }
    let stated = (project.product.parameters.iter()).map(|stated| {
        let field = format!("product.parameters.{}", stated.name);
        (field, &stated.parameter)
    });
    let link = project.product.downstream.iter();
    let link = link.map(|link| ("product.downstream".to_owned(), link));
    for (field, name) in stated.chain(link) {
        if !known.contains(name.as_str()) {
            let hint = wording::hint(name, known.iter().copied(), Quotes::Double);
            let hint = hint.unwrap_or_default();
            return Err(project.error(&field, format!("there is no parameter {name:?}{hint}")));
        }
        if lists.contains(name.as_str()) {
            let rule = format!(
                "the parameter {name:?} is a list, which has no place in the product; give it single ones"
            );
            return Err(project.error(&field, rule));
        }
    }
    Ok(needed(project))
}

/// The parameters that the product needs of every catchment, whether anything provides them or not.
pub(crate) fn needed(project: &Project) -> BTreeSet<String> {
    let mut needed = scalars(project);
    needed.extend(needed_link(project).map(str::to_owned));
    needed
}

/// The parameters from which a catchment's own values in the product are computed.
pub(crate) fn scalars(project: &Project) -> BTreeSet<String> {
    let columns = &project.simulator.columns;
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

/// The parameter with the id of the catchment downstream, if a variable is summed up.
pub(crate) fn needed_link(project: &Project) -> Option<&str> {
    let is_summed = |variable: &ProductVariable| variable.upstream.is_some();
    let link = project.product.downstream.as_deref();
    link.filter(|_| project.product.variables.iter().any(is_summed))
}
