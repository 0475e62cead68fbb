//! `--only ID,…|@FILE`: the catchments that the user names.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result};

use super::Usage;
use crate::basin::Basin;
use crate::catchment::CatchmentId;

/// The place of this catchment in the basin.
pub(super) fn find(basin: &Basin<'_>, id: &str) -> Result<usize> {
    let found = basin.find(&CatchmentId::new(id));
    Ok(found.ok_or_else(|| Usage(format!("there is no catchment {id:?} in the input")))?)
}

/// The places of the catchments that an argument of `--only` names.
pub(super) fn chosen(basin: &Basin<'_>, only: &str) -> Result<BTreeSet<usize>> {
    let ids: Vec<String> = match only.strip_prefix('@') {
        Some(file) => {
            let text =
                fs::read_to_string(file).with_context(|| format!("--only: can't read {file}"))?;
            let lines = text.lines().map(str::trim);
            lines
                .filter(|line| !line.is_empty())
                .map(str::to_owned)
                .collect()
        }
        None => only.split(',').map(str::to_owned).collect(),
    };
    ids.iter()
        .map(|id| find(basin, id).context("--only"))
        .collect()
}
