//! What could be taken from a NetCDF or HDF5 file: of its variables those that most have their axes in common with.

use std::path::Path;

use super::{Known, axis_of, name_like, quoted, template};
use crate::inputs::DataFile;
use crate::project::output_format::is_named_netcdf;
use crate::system::regular;

/// So many variables are proposed; more are named.
const MOST_VARIABLES: usize = 12;

/// The axes of the limits of cells and time steps, which are no results.
const LIMITS: [&str; 4] = ["bnds", "nbnds", "bounds", "nv"];

/// Variables over the same axes.
struct Group {
    /// How many time steps there are; `None` without a time.
    times: Option<usize>,
    /// The other axes of more than one place, by name and length.
    others: Axes,
    variables: Vec<String>,
}

/// What could be said of the file, the likeliest first; `None` if it is of another format.
pub(super) fn of_file(name: &str, path: &Path, known: &Known<'_>) -> Option<Vec<String>> {
    let begin = regular::head(path, 8).ok()?;
    if !begin.starts_with(b"\x89HDF") && !begin.starts_with(b"CDF") {
        return None;
    }
    let Ok(file) = DataFile::open(path, &[]) else {
        return Some(Vec::new());
    };
    let mut groups: Vec<Group> = Vec::new();
    for variable in file.numbers() {
        let Some((times, others)) = axes(&file, variable) else {
            continue;
        };
        if (others.iter()).any(|(axis, _)| LIMITS.contains(&axis.as_str())) {
            continue;
        }
        match groups
            .iter_mut()
            .find(|group| (group.times, &group.others) == (times, &others))
        {
            Some(group) => group.variables.push(variable.to_owned()),
            None => groups.push(Group {
                times,
                others,
                variables: vec![variable.to_owned()],
            }),
        }
    }
    let largest = groups
        .iter()
        .max_by_key(|group| (group.times.is_some(), group.variables.len()));
    Some(largest.map_or(Vec::new(), |group| proposals(name, group, known)))
}

/// Named axes with their lengths.
type Axes = Vec<(String, usize)>;

/// How many time steps a variable has, if any, and its other axes of more than one place. `None` if one of them has no name.
fn axes(file: &DataFile, name: &str) -> Option<(Option<usize>, Axes)> {
    let variable = file.variable(name).ok()?;
    let time = variable.time().ok()?;
    let mut others = Vec::new();
    for (at, axis) in variable.axes().iter().enumerate() {
        let is_time = time.as_ref().is_some_and(|(along, _)| *along == at);
        if !is_time && axis.length > 1 {
            others.push((axis.name.clone()?, axis.length));
        }
    }
    Some((time.map(|(_, steps)| steps.len()), others))
}

fn proposals(name: &str, group: &Group, known: &Known<'_>) -> Vec<String> {
    let mut places = String::new();
    if let Some(((axis, length), chosen)) = group.others.split_last() {
        let own = name_like(axis, "", &mut Vec::new());
        places.push_str(&format!(
            "dimension = {{ name = \"{own}\", count = {length} }}\n"
        ));
        let chosen: Vec<String> = chosen
            .iter()
            .map(|(axis, _)| format!("{} = 0", quoted(axis)))
            .collect();
        if !chosen.is_empty() {
            places.push_str(&format!("index = {{ {} }}\n", chosen.join(", ")));
        }
    }
    let read = format!("time = {{ name = \"{}\" }}\n", axis_of(name, "time"));
    let times: &[&str] = match group.times {
        None => &["time = \"none\"\n"],
        Some(times) if known.steps == Some(times) => &["", &read],
        Some(_) => &[&read],
    };
    let format = match is_named_netcdf(name) {
        true => "",
        false => "format = \"netcdf\"\n",
    };
    let mut taken = known.taken.to_vec();
    let mut columns = String::new();
    for (count, variable) in group.variables.iter().enumerate() {
        let mark = if count < MOST_VARIABLES { "" } else { "# " };
        let own = name_like(variable, known.id, &mut taken);
        let source = quoted(&template(variable, known.id));
        columns.push_str(&format!("{mark}{own} = {source}\n"));
    }
    let file = quoted(&template(name, known.id));
    let mut all = Vec::new();
    for missing in ["", "missing = [\"_FillValue\"]\n"] {
        for time in times {
            all.push(format!(
                "[[simulator.output]]\nfile = {file}\n{format}{time}{places}{missing}[simulator.output.columns]\n{columns}"
            ));
        }
    }
    all
}
