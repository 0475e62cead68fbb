//! The outputs that a run left → columns by their names in the store, those of all outputs together.
//!
//! Where an output itself tells its times or its places along a dimension, these are columns as well. Outputs that share an axis
//! must agree on it. How an output is read is [`crate::execute::output`]'s business.

use std::path::Path;

use crate::execute::failure::Failure;
use crate::execute::local::left_files::read_output;
use crate::execute::output::{self, OutputError, Wanted, WantedColumn};
use crate::plan::recipe::Rendered;
use crate::project::Simulator;
use crate::project::output_format::{OutputTime, places_column, time_column};

/// The columns that the project names, in its order, and behind them the axes that the outputs tell.
pub(crate) fn read(
    simulator: &Simulator,
    steps: &[i64],
    rendered: &Rendered,
    work: &Path,
) -> Result<Vec<(String, Vec<f64>)>, Failure> {
    let mut columns = vec![(String::new(), Vec::new()); simulator.columns.len()];
    let mut axes: Vec<(String, Vec<f64>)> = Vec::new();
    for (at, output) in simulator.outputs.iter().enumerate() {
        let (file, choice) = (&rendered.outputs[at], &rendered.choices[at]);
        let fault = |error| Failure::Output {
            file: (simulator.outputs.len() > 1).then(|| file.display().to_string()),
            error,
        };
        let text = read_output(&work.join(file)).map_err(|error| {
            Failure::NoOutput(format!("its output {}: {error}", file.display()))
        })?;
        let of_output = (0..columns.len()).filter(|&column| simulator.columns[column].output == at);
        let of_output: Vec<usize> = of_output.collect();
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
        let extract = output::parse(&text, &wanted).map_err(fault)?;
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
