//! `--only ID,…|@FILE`: the catchments that the user names.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use anyhow::{Context, Result};

use crate::cli::exit::Usage;
use crate::data::catchment::CatchmentId;
use crate::plan::basin::Basin;
use crate::plan::loaded::LoadedScenario;
use crate::system::regular;

/// The place of this catchment in the basin.
pub(crate) fn find(basin: &Basin<'_>, id: &str) -> Result<usize> {
    let found = basin.find(&CatchmentId::new(id));
    Ok(found.ok_or_else(|| missing(id))?)
}

/// The catchments that `--only` names. One that none of the scenarios has is an error.
pub(crate) fn chosen(
    scenarios: &[&LoadedScenario<'_>],
    only: &str,
) -> Result<HashSet<CatchmentId>> {
    let ids: Vec<String> = match only.strip_prefix('@') {
        Some(file) => {
            let text =
                read_list(Path::new(file)).with_context(|| format!("--only: can't read {file}"))?;
            let lines = text.lines().map(str::trim);
            lines
                .filter(|line| !line.is_empty())
                .map(str::to_owned)
                .collect()
        }
        None => only.split(',').map(str::to_owned).collect(),
    };
    let mut known = HashSet::new();
    for loaded in scenarios {
        known.extend(loaded.basin.catchments().iter().map(|entry| &entry.id));
    }
    let known = |id: &String| {
        let id = CatchmentId::new(id);
        match known.contains(&id) {
            true => Ok(id),
            false => Err(missing(id.as_str())),
        }
    };
    let chosen = ids.iter().map(known).collect::<Result<_, _>>();
    chosen.context("--only")
}

/// The text of a file, or of a pipe that is open already, such as a shell's `<(…)` or `/dev/stdin`.
fn read_list(path: &Path) -> io::Result<String> {
    match is_open_pipe(path) {
        true => fs::read_to_string(path),
        false => regular::read_to_string(path),
    }
}

/// Whether it is an unnamed pipe, which exists only while it is open.
fn is_open_pipe(path: &Path) -> bool {
    let is_pipe = fs::metadata(path).is_ok_and(|found| found.file_type().is_fifo());
    is_pipe && fs::canonicalize(path).is_err()
}

/// The error for an unknown catchment.
pub(crate) fn missing(id: &str) -> Usage {
    Usage(format!("there is no catchment {id:?} in the input"))
}
