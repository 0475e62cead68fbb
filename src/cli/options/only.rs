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

/// The catchments that an argument of `--only` names, each of which some scenario has.
pub(crate) fn chosen(
    loaded_study: &[&LoadedScenario<'_>],
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
    for loaded in loaded_study {
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

/// The text of a list in a file, or in a pipe that somebody holds open already: `<(…)` of a shell, `/dev/stdin`.
fn read_list(path: &Path) -> io::Result<String> {
    match is_open_pipe(path) {
        true => fs::read_to_string(path),
        false => regular::read_to_string(path),
    }
}

/// Whether it is a pipe without a name in any folder, which is there only while it is open.
fn is_open_pipe(path: &Path) -> bool {
    let is_pipe = fs::metadata(path).is_ok_and(|found| found.file_type().is_fifo());
    is_pipe && fs::canonicalize(path).is_err()
}

/// There is no such catchment.
pub(crate) fn missing(id: &str) -> Usage {
    Usage(format!("there is no catchment {id:?} in the input"))
}
