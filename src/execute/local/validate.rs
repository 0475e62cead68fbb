//! Whether a simulator that has ended left a good result: every check that the project states.
//!
//! It trusts nothing that the simulator says of itself, and takes the output's columns only once all else is as it should be. It
//! reads the work directory and knows nothing of how the simulator was started.

use std::path::Path;

use crate::execute::failure::Failure;
use crate::execute::local::left_files::{find_any, size};
use crate::execute::local::netcdf_reader::NetcdfReader;
use crate::execute::local::outputs;
use crate::execute::local::work_directory::PRINTED_FILES;
use crate::plan::recipe::Rendered;
use crate::project::Project;
use crate::project::product_spec::VariableSource;
use crate::system::file_limit::FileLimit;

/// The exit code of a shell whose command was ended by the signal for a file that reached its limit.
const SHELL_SAYS_XFSZ: i32 = 128 + libc::SIGXFSZ;

/// The columns of a run that has ended, if it is a good one, by their names in the store: those that the project names, then the
/// axes that the outputs themselves tell. `steps` are the project's time steps.
///
/// It has ended by itself with this exit code in the work directory `work`.
pub(crate) fn validate(
    project: &Project,
    steps: &[i64],
    code: i32,
    rendered: &Rendered,
    work: &Path,
    reader: &mut NetcdfReader<'_>,
) -> Result<Vec<(String, Vec<f64>)>, Failure> {
    ended_well(project, code, work)?;
    let simulator = &project.simulator;
    for (file, phrase) in &rendered.require {
        if find_any(&work.join(file), std::slice::from_ref(phrase)).is_none() {
            return Err(Failure::Requirement {
                file: file.display().to_string(),
                phrase: phrase.clone(),
            });
        }
    }
    let columns = outputs::read(simulator, steps, rendered, work, reader)?;
    check_ranges(project, &columns)?;
    Ok(columns)
}

/// Whether what has ended with this exit code printed nothing that only failing runs print, and the code is accepted.
pub(crate) fn ended_well(project: &Project, code: i32, work: &Path) -> Result<(), Failure> {
    let simulator = &project.simulator;
    let limit = FileLimit::new(simulator.max_file_size);
    for name in PRINTED_FILES {
        let path = work.join(name);
        let printed = size(&path);
        if printed == Some(limit.size().0) {
            let file = Some(name.to_owned());
            return Err(Failure::FileSize { file, limit });
        }
        if printed == Some(0) {
            continue;
        }
        if let Some((phrase, line)) = find_any(&path, &simulator.fail_on_stdout) {
            return Err(Failure::Said { phrase, line });
        }
    }
    if !simulator.exit_codes.contains(&code) {
        return Err(Failure::Exit(code));
    }
    Ok(())
}

/// Whether all values are within the limits that the product's variables state.
fn check_ranges(project: &Project, columns: &[(String, Vec<f64>)]) -> Result<(), Failure> {
    for variable in &project.product.variables {
        let VariableSource::Column(at) = variable.source else {
            continue;
        };
        let outside = |value: &f64| {
            variable.min.is_some_and(|min| *value < min)
                || variable.max.is_some_and(|max| *value > max)
        };
        let (_, values) = &columns[at];
        if let Some(row) = values.iter().position(outside) {
            return Err(Failure::OutOfRange {
                column: project.simulator.columns[at].name.clone(),
                place: variable.axes.place(row),
                value: values[row],
            });
        }
    }
    Ok(())
}

/// Whether it was ended by the signal for a file that reached its limit, or is a shell whose command was.
pub(crate) fn is_refused_growth(failure: &Failure) -> bool {
    matches!(
        failure.bare(),
        Failure::Signal(libc::SIGXFSZ) | Failure::Exit(SHELL_SAYS_XFSZ)
    )
}
