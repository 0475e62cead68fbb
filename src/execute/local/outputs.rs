//! The outputs that a run left → columns by their names in the store, those of all outputs together.
//!
//! Where an output itself tells its times or its places along a dimension, these are columns as well. Outputs that share an axis
//! must agree on it. How an output is read is [`crate::execute::output`]'s business.

use std::io;
use std::path::{Path, PathBuf};

use crate::data::time_axis::TimeAxis;
use crate::execute::failure::Failure;
use crate::execute::local::left_files::{is_there, read_output};
use crate::execute::local::netcdf_reader::NetcdfReader;
use crate::execute::output::netcdf::{self, Times, WantedDimension, WantedPlaces};
use crate::execute::output::{self, OutputError, Wanted, WantedColumn};
use crate::plan::recipe::{Rendered, RowChoice};
use crate::project::output_format::{
    DimensionPlaces, NetcdfFormat, OutputTime, places_column, time_column,
};
use crate::project::{Output, Sandbox, Simulator};

/// The columns that the project names, in its order, and behind them the axes that the outputs tell.
pub(crate) fn read(
    simulator: &Simulator,
    steps: &[i64],
    rendered: &Rendered,
    work: &Path,
    reader: &mut NetcdfReader<'_>,
) -> Result<Vec<(String, Vec<f64>)>, Failure> {
    let mut columns = vec![(String::new(), Vec::new()); simulator.columns.len()];
    let mut axes: Vec<(String, Vec<f64>)> = Vec::new();
    // Where a link may lead matters only where what may be read does.
    let is_strict = simulator.fence.sandbox == Sandbox::Strict;
    for (at, output) in simulator.outputs.iter().enumerate() {
        let (file, choice) = (&rendered.outputs[at], &rendered.choices[at]);
        if is_strict && has_a_link(work, file) {
            let place = expect_inside(simulator, rendered, work, file);
            place.map_err(|error| no_output(file, &error))?;
        }
        let fault = |error| Failure::Output {
            file: (simulator.outputs.len() > 1).then(|| file.display().to_string()),
            error,
        };
        let of_output = (0..columns.len()).filter(|&column| simulator.columns[column].output == at);
        let of_output: Vec<usize> = of_output.collect();
        let extract = match &output.format.netcdf {
            Some(netcdf) => {
                let variables = of_output
                    .iter()
                    .map(|&column| rendered.headers[column].clone());
                let wanted = variables_wanted(output, netcdf, steps, variables.collect(), choice);
                is_there(&work.join(file)).map_err(|error| no_output(file, &error))?;
                let read = reader.read(file, wanted, work);
                read.map_err(|error| fault(error.into()))?
            }
            None => {
                let text =
                    read_output(&work.join(file)).map_err(|error| no_output(file, &error))?;
                let wanted = of_output.iter().map(|&column| WantedColumn {
                    place: simulator.columns[column].place,
                    text: &rendered.headers[column],
                });
                let wanted = Wanted {
                    format: &output.format,
                    axes: &output.axes,
                    steps,
                    columns: &wanted.collect::<Vec<_>>(),
                    conditions: &choice.conditions,
                    block: choice.block.as_deref(),
                };
                output::parse(&text, &wanted).map_err(fault)?
            }
        };
        for (column, values) in of_output.into_iter().zip(extract.columns) {
            columns[column] = (simulator.columns[column].source.clone(), values);
        }
        let time = match &output.axes.time {
            OutputTime::Read { name } => Some((name, time_column(name))),
            OutputTime::Steps | OutputTime::None | OutputTime::Stated { .. } => None,
        };
        let dimension = output.axes.dimension.as_ref();
        let dimension = dimension.map(|spec| (&spec.name, places_column(&spec.name)));
        for (axis, values) in [(time, extract.times), (dimension, extract.places)] {
            let (Some((axis, column)), Some(values)) = (axis, values) else {
                continue;
            };
            match axes.iter().find(|(known, _)| *known == column) {
                Some((_, known)) if *known != values => {
                    let axis = axis.clone();
                    return Err(fault(OutputError::AxesDiffer { axis }));
                }
                Some(_) => {}
                None => axes.push((column, values)),
            }
        }
    }
    columns.extend(axes);
    Ok(columns)
}

/// Whether a file of the work directory, or a folder on the way to it, is a link.
fn has_a_link(work: &Path, file: &Path) -> bool {
    let mut path = work.to_owned();
    file.components().any(|part| {
        path.push(part);
        path.is_symlink()
    })
}

/// Whether an output is what the run wrote itself: a link to another file would bring in what nobody stated.
fn expect_inside(
    simulator: &Simulator,
    rendered: &Rendered,
    work: &Path,
    file: &Path,
) -> io::Result<()> {
    // One that is not there, or a link that leads nowhere, is told otherwise.
    let Some(place) = real(&work.join(file)) else {
        return Ok(());
    };
    let fence = &simulator.fence;
    let reads = fence.reads.iter().map(|read| &read.path);
    let links = simulator.support.iter().chain(&rendered.own.links);
    let stated = reads.chain(links.map(|link| &link.path));
    let mut stated = stated.chain(&fence.writes);
    let is_in = |folder: &Path| real(folder).is_some_and(|folder| place.starts_with(folder));
    if is_in(work) || stated.any(|path| is_in(path)) {
        return Ok(());
    }
    Err(io::Error::other(format!(
        "is a link to {}, which is outside of the work directory and not stated; have the run write the file itself",
        place.display()
    )))
}

/// A path without links; `None` if nothing is there.
fn real(path: &Path) -> Option<PathBuf> {
    path.canonicalize().ok()
}

fn no_output(file: &Path, error: &io::Error) -> Failure {
    Failure::NoOutput(format!("its output {}: {error}", file.display()))
}

/// What is wanted of a file of NetCDF or HDF5.
fn variables_wanted(
    output: &Output,
    netcdf: &NetcdfFormat,
    steps: &[i64],
    columns: Vec<String>,
    choice: &RowChoice,
) -> netcdf::Wanted {
    let conditions = output.format.conditions.iter().zip(&choice.conditions);
    let dimension = output.axes.dimension.as_ref();
    netcdf::Wanted {
        columns,
        places: conditions
            .map(|(condition, value)| (condition.column.clone(), value.clone()))
            .collect(),
        indices: netcdf.indices.clone(),
        time: match (&output.axes.time, TimeAxis::new(steps.to_vec())) {
            (OutputTime::None, _) => Times::None,
            (OutputTime::Read { .. }, _) => Times::Read,
            (OutputTime::Stated { axis, .. }, _) => Times::Count(axis.len()),
            (OutputTime::Steps, Ok(steps)) if netcdf.compares_times => Times::Same(steps),
            (OutputTime::Steps, _) => Times::Count(steps.len()),
        },
        dimension: dimension.map(|dimension| WantedDimension {
            name: dimension.name.clone(),
            places: match &dimension.places {
                DimensionPlaces::Stated(places) => WantedPlaces::Count(places.len()),
                DimensionPlaces::Count(count) => WantedPlaces::Count(*count),
                DimensionPlaces::Read(coordinate) => WantedPlaces::Read(coordinate.clone()),
            },
        }),
        missing: output.format.missing.clone(),
    }
}
