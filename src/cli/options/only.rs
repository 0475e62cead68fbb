//! `--only ID,…|@FILE`, `--at ID,…|@FILE`: the catchments that the user names.

use std::collections::HashSet;
use std::path::Path;

use anyhow::{Context, Result};

use crate::cli::exit::Usage;
use crate::cli::options::given;
use crate::data::catchment::CatchmentId;
use crate::plan::basin::Basin;
use crate::plan::loaded::LoadedScenario;

/// The place of this catchment in the basin.
pub(crate) fn find(basin: &Basin<'_>, id: &str) -> Result<usize> {
    let found = basin.find(&CatchmentId::new(id));
    Ok(found.ok_or_else(|| missing(id))?)
}

/// The catchments that an option, such as `--only`, names. One that none of the scenarios has is an error.
pub(crate) fn chosen(
    scenarios: &[&LoadedScenario<'_>],
    option: &str,
    only: &str,
) -> Result<HashSet<CatchmentId>> {
    let ids: Vec<String> = match only.strip_prefix('@') {
        Some(file) => {
            let text = given::read_to_string(Path::new(file))
                .with_context(|| format!("{option}: can't read {file}"))?;
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
    chosen.with_context(|| option.to_owned())
}

/// The error for an unknown catchment.
pub(crate) fn missing(id: &str) -> Usage {
    Usage(format!("there is no catchment {id:?} in the input"))
}
