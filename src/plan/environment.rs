//! The environment of simulators, and the program that a command names.
//!
//! The environment is small and fixed, whatever rerunoff's own is: a variable that `make` exports must reach neither a
//! simulator nor a key. What a project states is added and is part of the key.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::project::{Project, ProjectError, Simulator};
use crate::system::process;

/// The variables that every simulator gets. Paths in it are those of its work directory, so they are not part of any key.
fn fixed(work: &Path) -> Vec<(OsString, OsString)> {
    let work = work.as_os_str();
    [
        ("PATH", OsStr::new(process::DEFAULT_PATH)),
        ("HOME", work),
        ("TMPDIR", work),
        ("LC_ALL", OsStr::new("C.UTF-8")),
        ("TZ", OsStr::new("UTC")),
        // There is one simulator per core already.
        ("OMP_NUM_THREADS", OsStr::new("1")),
        // Python would write its bytecode beside the sources, which are the user's own files.
        ("PYTHONDONTWRITEBYTECODE", OsStr::new("1")),
    ]
    .map(|(name, value)| (name.into(), value.into()))
    .to_vec()
}

/// All variables of a simulator in this work directory: those that every one gets, then those stated. Later ones win.
pub(crate) fn of(work: &Path, stated: &[(String, String)]) -> Vec<(OsString, OsString)> {
    let mut environment = fixed(work);
    environment.extend((stated.iter()).map(|(name, value)| (name.into(), value.into())));
    environment
}

/// The variables that the project passes on, if they are set: from rerunoff's own environment, or as another process had them.
pub(crate) fn passed(simulator: &Simulator) -> Vec<(String, String)> {
    if let Some(passed) = &simulator.passed {
        return passed.clone();
    }
    let value = |name: &String| Some(std::env::var_os(name)?.to_string_lossy().into_owned());
    (simulator.pass_environment.iter())
        .filter_map(|name| Some((name.clone(), value(name)?)))
        .collect()
}

/// The program outside of the work directory that a field names: by its full path, or by a name that is looked up on the
/// `PATH` that the simulator gets.
pub(crate) fn find_program(
    project: &Project,
    field: &str,
    name: &str,
) -> Result<PathBuf, ProjectError> {
    let environment = with_path(project);
    process::find_program(OsStr::new(name), &project.root, &environment).map_err(|error| {
        let remedy = "`pass_env = [\"PATH\"]` hands your PATH on, `./NAME` means a support file";
        project.error(field, format!("{error}; {remedy}"))
    })
}

/// The absolute folders of that `PATH`, in order.
pub(crate) fn search_path(project: &Project) -> Vec<PathBuf> {
    process::search_path(&with_path(project))
}

/// The folders in which the project has the system look for libraries.
pub(crate) fn libraries(project: &Project) -> Vec<PathBuf> {
    const NAME: &str = "LD_LIBRARY_PATH";
    let simulator = &project.simulator;
    let passed = passed(simulator);
    let passed = passed.iter().filter(|(name, _)| name == NAME);
    let stated = simulator.environment.get(NAME).map(|value| value.source());
    let values = passed.map(|(_, value)| value.as_str()).chain(stated);
    let folders = values.flat_map(std::env::split_paths);
    folders.filter(|folder| folder.is_absolute()).collect()
}

/// The environment as far as the search for a program needs it.
fn with_path(project: &Project) -> Vec<(OsString, OsString)> {
    let simulator = &project.simulator;
    let mut environment = of(&project.root, &passed(simulator));
    if let Some(path) = simulator.environment.get("PATH") {
        environment.push(("PATH".into(), path.source().into()));
    }
    environment
}
