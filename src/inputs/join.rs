//! Puts several input files together: one catalog, joined by catchment id.
//!
//! All files must agree on the catchments, though not on their order, and on the time steps. Nothing is filled in and
//! nothing is dropped: a difference is an error that shows it.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};

use crate::data::catchment::CatchmentId;
use crate::data::parameters::Parameters;
use crate::data::time_axis::TimeAxis;
use crate::inputs::Inputs;
use crate::inputs::catalog::{Catalog, CatalogEntry, SeriesColumn};
use crate::inputs::layouts::InputFile;

/// How many of the differing ids an error shows.
const SHOWN: usize = 10;

/// Joins opened files; `is_time_named` if the project names a time coordinate, which some of them must have then.
pub(super) fn join(mut sources: Vec<InputFile>, is_time_named: bool) -> anyhow::Result<Inputs> {
    let first = sources.first().context("there is no input file")?;
    let ids = first.ids();
    if ids.is_empty() {
        bail!(
            "{}: there is no catchment in the file",
            first.path().display()
        );
    }
    let mut time: Option<(TimeAxis, usize)> = None;
    let mut columns: Vec<(SeriesColumn, usize, usize)> = Vec::new();
    let mut positions = Vec::with_capacity(sources.len());
    for (at, source) in sources.iter().enumerate() {
        positions.push(positions_of(&ids, first.path(), source)?);
        if let Some(axis) = source.time() {
            match &time {
                None => time = Some((axis.clone(), at)),
                Some((known, of)) => same_time(known, sources[*of].path(), axis, source.path())?,
            }
        }
        for (index, column) in source.columns().into_iter().enumerate() {
            if let Some((_, of, _)) = columns.iter().find(|(c, _, _)| c.name == column.name) {
                bail!(
                    "the series `{}` is in both {} and {}; leave one of the files out or rename it there",
                    column.name,
                    sources[*of].path().display(),
                    source.path().display()
                );
            }
            columns.push((column, at, index));
        }
    }
    let parameters = join_parameters(&ids, &mut sources, &positions)?;
    // Attributes alone are an input, too, unless there is a time that was not found.
    if time.is_none() && (parameters.is_empty() || is_time_named) {
        let paths: Vec<String> = sources
            .iter()
            .map(|s| s.path().display().to_string())
            .collect();
        bail!(
            "{}: there are no series; expected tables `inputs` in groups, or variables of shape [time, catchment] and a \
             time coordinate, numbers with units such as \"hours since 2009-01-01\" (if its name is not obvious, say it with `time = \"…\"`)",
            paths.join(", ")
        );
    }
    let problem = |at: usize| {
        let mut files = sources.iter_mut().zip(&positions);
        files.find_map(|(source, positions)| source.take_problem(positions[at]))
    };
    let problems: Vec<_> = (0..ids.len()).map(problem).collect();
    let catchments = (ids.into_iter().zip(problems))
        .map(|(id, problem)| Arc::new(CatalogEntry { id, problem }))
        .collect();
    columns.sort_by(|(one, ..), (other, ..)| one.name.cmp(&other.name));
    let locations = columns
        .iter()
        .map(|(_, source, index)| (*source, *index))
        .collect();
    Ok(Inputs {
        catalog: Catalog {
            time: time.map(|(time, _)| time),
            columns: columns.into_iter().map(|(column, _, _)| column).collect(),
            catchments,
            parameters,
        },
        sources,
        columns: locations,
        positions,
        scratch: std::env::temp_dir(),
        may_miss: false,
    })
}

fn join_parameters(
    ids: &[CatchmentId],
    sources: &mut [InputFile],
    positions: &[Vec<usize>],
) -> anyhow::Result<Parameters> {
    let mut joined = Parameters::default();
    // Where each parameter comes from, for the message when a second file has another value.
    let mut origins: HashMap<String, usize> = HashMap::new();
    for at in 0..sources.len() {
        for (name, mut values) in sources[at].take_parameters() {
            let origin = *origins.entry(name.clone()).or_insert(at);
            for (row, &position) in positions[at].iter().enumerate() {
                let Some(value) = values.get_mut(position).and_then(Option::take) else {
                    continue;
                };
                if let Some(known) = joined.get(&name, row)
                    && *known != value
                {
                    bail!(
                        "catchment {}: the parameter `{name}` is {known} in {} but {value} in {}",
                        ids[row],
                        sources[origin].path().display(),
                        sources[at].path().display()
                    );
                }
                joined.set(&name, row, value);
            }
        }
    }
    Ok(joined)
}

/// Where each of `ids` is in `source`; an error if an id is missing on either side or twice in the file.
fn positions_of(
    ids: &[CatchmentId],
    first: &Path,
    source: &InputFile,
) -> anyhow::Result<Vec<usize>> {
    let own = source.ids();
    let mut at = HashMap::with_capacity(own.len());
    for (position, id) in own.iter().enumerate() {
        if at.insert(id, position).is_some() {
            bail!(
                "{}: the catchment id {id} is there twice; ids must be unique",
                source.path().display()
            );
        }
    }
    let found: Vec<Option<usize>> = ids.iter().map(|id| at.remove(id)).collect();
    let missing: Vec<&CatchmentId> = ids
        .iter()
        .zip(&found)
        .filter(|(_, at)| at.is_none())
        .map(|(id, _)| id)
        .collect();
    let mut surplus: Vec<(&CatchmentId, usize)> = at.into_iter().collect();
    surplus.sort_by_key(|(_, position)| *position);
    if missing.is_empty() && surplus.is_empty() {
        return Ok(found.into_iter().flatten().collect());
    }
    let surplus: Vec<&CatchmentId> = surplus.into_iter().map(|(id, _)| id).collect();
    let mut differences = Vec::new();
    for (missing, from, has) in [
        (missing, source.path(), first),
        (surplus, first, source.path()),
    ] {
        if !missing.is_empty() {
            differences.push(format!(
                "not in {} but in {}: {}",
                from.display(),
                has.display(),
                listed(&missing)
            ));
        }
    }
    bail!(
        "the input files do not have the same catchments; {} (files are joined by id, here {} against {})",
        differences.join("; "),
        ids.len(),
        own.len()
    )
}

fn listed(ids: &[&CatchmentId]) -> String {
    let shown: Vec<String> = ids.iter().take(SHOWN).map(ToString::to_string).collect();
    match ids.len().checked_sub(SHOWN) {
        None | Some(0) => shown.join(", "),
        Some(more) => format!("{} and {more} more", shown.join(", ")),
    }
}

fn same_time(known: &TimeAxis, of: &Path, axis: &TimeAxis, path: &Path) -> anyhow::Result<()> {
    if known == axis {
        return Ok(());
    }
    let (of, path) = (of.display(), path.display());
    if known.len() != axis.len() {
        bail!(
            "{of} has {} time steps ({} to {}), but {path} has {} ({} to {})",
            known.len(),
            known.date_time(0),
            known.date_time(known.len() - 1),
            axis.len(),
            axis.date_time(0),
            axis.date_time(axis.len() - 1)
        );
    }
    let pairs = known.nanoseconds().iter().zip(axis.nanoseconds());
    let step = pairs.into_iter().position(|(a, b)| a != b).unwrap_or(0);
    bail!(
        "{of} and {path} have different times: step {step} (counted from 0) is {} in one and {} in the other",
        known.date_time(step),
        axis.date_time(step)
    )
}
