//! Which catchments are imported: those that pass the filter and that every source has.

use std::collections::HashSet;

use anyhow::{Result, bail};

use crate::data::catchment::CatchmentId;
use crate::data::value::Value;
use crate::import::attributes::{Attributes, Unfit};
use crate::project::import_spec::{ImportSpec, OnMissing};

/// How many catchments an error lists.
const SHOWN: usize = 10;

/// The catchments to import.
pub(super) struct Selection {
    /// In the order of the first source.
    pub ids: Vec<CatchmentId>,
    /// The values of each parameter, by catchment.
    pub parameters: Vec<Vec<Value>>,
    /// Those left out because a source lacks them, and what lacks them.
    pub dropped: Vec<(CatchmentId, String)>,
    /// How many did not pass the filter.
    pub filtered: usize,
}

/// Chooses among the catchments of all sources; `series` are the files' names and ids.
pub(super) fn select(
    spec: &ImportSpec,
    series: &[(String, &[CatchmentId])],
    attributes: &Attributes,
) -> Result<Selection> {
    let tables: Vec<&[CatchmentId]> = attributes.ids().collect();
    let mut seen = HashSet::new();
    let all: Vec<&CatchmentId> = (series.iter().map(|(_, ids)| *ids))
        .chain(tables)
        .flatten()
        .filter(|id| seen.insert(*id))
        .collect();
    let sets: Vec<HashSet<&CatchmentId>> = (series.iter())
        .map(|(_, ids)| ids.iter().collect())
        .collect();
    let mut selection = Selection {
        ids: Vec::new(),
        parameters: vec![Vec::new(); spec.parameters.len()],
        dropped: Vec::new(),
        filtered: 0,
    };
    for id in all {
        let passes = spec
            .filter
            .as_ref()
            .map_or(Ok(true), |filter| attributes.passes(filter, id));
        if matches!(passes, Ok(false)) {
            selection.filtered += 1;
            continue;
        }
        let lacking = series.iter().zip(&sets).find(|(_, set)| !set.contains(id));
        let problem = match lacking {
            Some(((name, _), _)) => Some(format!("not in {name}")),
            None => (0..spec.tables.len())
                .find(|table| !attributes.has(*table, id))
                .map(|table| format!("not in {}", spec.tables[table].path.display())),
        };
        let values = match (problem, passes) {
            (Some(problem), _) | (None, Err(Unfit::Lacking(problem))) => Err(problem),
            (None, Err(Unfit::Faulty(fault))) => bail!("catchment {id}: {fault}"),
            (None, Ok(_)) => parameters(spec, attributes, id)?,
        };
        match values {
            Err(problem) => selection.dropped.push((id.clone(), problem)),
            Ok(values) => {
                selection.ids.push(id.clone());
                for (column, value) in selection.parameters.iter_mut().zip(values) {
                    column.push(value);
                }
            }
        }
    }
    let Selection {
        ids,
        dropped,
        filtered,
        ..
    } = &selection;
    if !dropped.is_empty() && spec.on_missing == OnMissing::Fail {
        bail!(
            "{} catchments are not in every source, so nothing was imported:\n{}\nMend the sources, or leave these \
             out with `on_missing = \"drop\"` under [import].",
            dropped.len(),
            list(dropped)
        );
    }
    if ids.is_empty() {
        bail!(
            "no catchment is left to import: {filtered} do not pass the filter, {} are not in every source:\n{}",
            dropped.len(),
            list(dropped)
        );
    }
    Ok(selection)
}

/// The values of the parameters, or which of them is missing and why.
fn parameters(
    spec: &ImportSpec,
    attributes: &Attributes,
    id: &CatchmentId,
) -> Result<Result<Vec<Value>, String>> {
    let mut values = Vec::with_capacity(spec.parameters.len());
    for parameter in &spec.parameters {
        match attributes.parameter(&parameter.formula, id) {
            Ok(value) => values.push(value),
            Err(Unfit::Lacking(problem)) => {
                return Ok(Err(format!("no {}: {problem}", parameter.name)));
            }
            Err(Unfit::Faulty(fault)) => bail!("catchment {id}: {fault}"),
        }
    }
    Ok(Ok(values))
}

/// The first of them, a line each.
pub(super) fn list(dropped: &[(CatchmentId, String)]) -> String {
    let mut lines: Vec<String> = (dropped.iter().take(SHOWN))
        .map(|(id, problem)| format!("  catchment {id}: {problem}"))
        .collect();
    if dropped.len() > SHOWN {
        lines.push(format!("  and {} more", dropped.len() - SHOWN));
    }
    lines.join("\n")
}
