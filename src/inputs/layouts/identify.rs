//! Finds the variables that hold the catchments' ids and the time in a file of arrays.
//!
//! Files say what a variable is in many ways, some plainer than others. The plainest that a file has decides; where two
//! variables fit equally well, nothing is guessed: the error tells how to name the right one.

use std::path::Path;

use anyhow::bail;

use crate::inputs::InputSpec;
use crate::inputs::conventions::time;
use crate::inputs::hdf::types::ElementKind;
use crate::inputs::variables::{Dim, FileVariable};

/// Finds the time coordinate: the one that is named, or else the variable whose units are "… since …".
///
/// A coordinate variable of its dimension comes before others, the name `time` before other names. `None` if there is
/// no time in this file.
pub(super) fn find_time<'a>(
    path: &Path,
    spec: &InputSpec,
    variables: &'a [FileVariable],
) -> anyhow::Result<Option<&'a FileVariable>> {
    if let Some(name) = &spec.time {
        return match variables.iter().find(|variable| variable.name == *name) {
            Some(variable) if variable.dims.len() != 1 => bail!(
                "{}: `{name}` has {} dimensions and can't be the time coordinate that `time` names",
                path.display(),
                variable.dims.len()
            ),
            found => Ok(found),
        };
    }
    let mut fitting = likely_times(variables.iter()).into_iter();
    match (fitting.next(), fitting.next()) {
        (Some(one), Some(other)) => bail!(
            "{}: both `{}` and `{}` could be the time coordinate; say which with `time = \"…\"`",
            path.display(),
            one.name,
            other.name
        ),
        (one, _) => Ok(one),
    }
}

/// Those of the variables that look most like a time coordinate: one, unless that is not clear or there is none.
pub(crate) fn likely_times<'a>(
    variables: impl Iterator<Item = &'a FileVariable>,
) -> Vec<&'a FileVariable> {
    let rank = |variable: &&FileVariable| {
        let since = variable
            .text("units")
            .is_some_and(|u| time::is_time_unit(&u));
        let steps = variable.name == "time_steps";
        let fits = variable.dims.len() == 1
            && ((variable.kind.is_number() && since)
                || (steps && (variable.kind.is_whole() || variable.kind == ElementKind::Record)));
        let named = variable.name.eq_ignore_ascii_case("time")
            || steps
            || variable
                .text("standard_name")
                .is_some_and(|name| name == "time")
            || variable.text("axis").is_some_and(|axis| axis == "T");
        fits.then_some((variable.coordinate, named))
    };
    let ranked: Vec<_> = variables
        .filter_map(|variable| rank(&variable).map(|rank| (rank, variable)))
        .collect();
    let best = ranked.iter().map(|(rank, _)| *rank).max();
    let fitting = ranked.iter().filter(|(rank, _)| Some(*rank) == best);
    fitting.map(|(_, variable)| *variable).collect()
}

/// Finds the variable with the ids, by the first of these that settles it: the name given as `id`; `cf_role`; the
/// coordinate variable of the series' other dimension; the name that other files use; what the series' attribute
/// `coordinates` names; the only text, or else the only whole numbers along that dimension.
pub(super) fn find_ids<'a>(
    path: &Path,
    spec: &InputSpec,
    variables: &'a [FileVariable],
    time: Option<&FileVariable>,
    hints: &[String],
) -> anyhow::Result<&'a FileVariable> {
    let is_time = |variable: &FileVariable| time.is_some_and(|time| time.name == variable.name);
    let is_list = |variable: &FileVariable| {
        variable.is_text_list() || (variable.dims.len() == 1 && variable.kind.is_number())
    };
    if let Some(name) = &spec.id
        && let Some(variable) = variables.iter().find(|variable| variable.name == *name)
    {
        if !is_list(variable) {
            bail!(
                "{}: `{name}`, which `id` names, is no list of texts or numbers",
                path.display()
            );
        }
        return Ok(variable);
    }
    let lists: Vec<&FileVariable> = (variables.iter())
        .filter(|variable| is_list(variable) && !is_time(variable))
        .collect();
    if let Some(variable) = only(&lists, |v| {
        v.text("cf_role")
            .is_some_and(|role| role == "timeseries_id")
    }) {
        return Ok(variable);
    }
    let along = series_dims(variables, time);
    let fitting: Vec<&FileVariable> = (lists.into_iter())
        .filter(|v| along.is_empty() || along.iter().any(|dim| dim.agrees(&v.dims[0])))
        .collect();
    let coordinates: Vec<String> = (variables.iter())
        .filter_map(|variable| variable.text("coordinates"))
        .flat_map(|names| {
            names
                .split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .collect();
    let identifies = |v: &FileVariable| v.is_text_list() || v.kind.is_whole();
    let found = only(&fitting, |v| identifies(v) && v.coordinate)
        .or_else(|| only(&fitting, |v| hints.contains(&v.name)))
        .or_else(|| only(&fitting, |v| identifies(v) && coordinates.contains(&v.name)))
        .or_else(|| only(&fitting, FileVariable::is_text_list))
        .or_else(|| only(&fitting, |v| v.kind.is_whole()));
    if let Some(variable) = found {
        return Ok(variable);
    }
    let mut candidates: Vec<&str> = fitting.iter().map(|v| v.name.as_str()).collect();
    candidates.sort_unstable();
    match (&spec.id, candidates.is_empty()) {
        (Some(name), _) => bail!(
            "{}: there is no variable `{name}` that `id` names; the variables there are: {}",
            path.display(),
            join(variables.iter().map(|variable| variable.name.as_str()))
        ),
        (None, true) => bail!(
            "{}: no variable holds catchment ids; expected groups `{}…` with tables, or a variable of text or whole \
             numbers along the catchments (the variables there are: {})",
            path.display(),
            spec.group_prefix,
            join(variables.iter().map(|variable| variable.name.as_str()))
        ),
        (None, false) => bail!(
            "{}: it is not clear which variable holds the catchment ids; say it with `id = \"…\"`: {}",
            path.display(),
            join(candidates.into_iter())
        ),
    }
}

/// The dimensions that arrays of numbers have besides the time; none without a time.
fn series_dims<'a>(variables: &'a [FileVariable], time: Option<&FileVariable>) -> Vec<&'a Dim> {
    let Some(time) = time else { return Vec::new() };
    let other = |variable: &'a FileVariable| match variable.dims.as_slice() {
        [first, second] if first.agrees(&time.dims[0]) => Some(second),
        [first, second] if second.agrees(&time.dims[0]) => Some(first),
        _ => None,
    };
    variables
        .iter()
        .filter(|variable| variable.kind.is_number())
        .filter_map(other)
        .collect()
}

fn only<'a>(
    among: &[&'a FileVariable],
    fits: impl Fn(&FileVariable) -> bool,
) -> Option<&'a FileVariable> {
    let mut fitting = among.iter().copied().filter(|variable| fits(variable));
    match (fitting.next(), fitting.next()) {
        (Some(variable), None) => Some(variable),
        _ => None,
    }
}

fn join<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}
