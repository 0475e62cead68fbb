//! The ids of columns that have no header: from the project file, a list, a table or an HDF5 coordinate.

use std::collections::HashSet;

use anyhow::{Context, Result, bail};

use crate::data::catchment::CatchmentId;
use crate::inputs::ids_in;
use crate::inputs::tables::{TableSpec, read_parameter_table};
use crate::project::import_spec::Ids;
use crate::system::regular;

/// Reads them, in their order; an error if one is there twice.
pub(crate) fn read(ids: &Ids) -> Result<Vec<CatchmentId>> {
    let found: Vec<CatchmentId> = match ids {
        Ids::List(ids) => ids.iter().map(|id| CatchmentId::of_cell(id)).collect(),
        Ids::Lines(path) => regular::read_to_string(path)
            .with_context(|| format!("{}: the ids can't be read", path.display()))?
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .map(CatchmentId::of_cell)
            .collect(),
        Ids::Column(path, column) => {
            let table = TableSpec {
                path: path.clone(),
                id: column.clone(),
                decimal: None,
            };
            read_parameter_table(&table)?.ids
        }
        Ids::Variable(path, variable) => ids_in(path, variable)?,
    };
    let mut seen = HashSet::new();
    if let Some(twice) = found.iter().find(|id| !seen.insert(*id)) {
        bail!("catchment {twice} is twice among the ids of the columns");
    }
    Ok(found)
}
