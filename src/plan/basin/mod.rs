//! All catchments of a project with their parameters and series columns: where the project file meets the input.
//!
//! It knows what a name means for a catchment. It reads no series and knows nothing of templates, keys or results.

mod columns;
mod parameters;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use anyhow::{Result, bail};

pub(crate) use self::columns::{BasinColumn, ColumnSource};
pub(crate) use self::parameters::{CatchmentValues, in_any_case};
use crate::data::catchment::CatchmentId;
use crate::data::time_axis::TimeAxis;
use crate::inputs::tables::{ParameterTable, TableSpec, read_parameter_table};
use crate::inputs::{BadInput, Catalog, CatalogEntry, InputSpec};
use crate::language::formula::Operand;
use crate::project::{Project, Selection};
use crate::text::wording::first_few;

/// Names that every template may use beside parameters; those of the time steps only where there are any.
pub(crate) const OWN_NAMES: [&str; 5] = ["id", "input_file_name", "steps", "start", "end"];

/// Those of them that are about the time steps.
pub(crate) const TIME_NAMES: [&str; 3] = ["steps", "start", "end"];

/// All catchments of a project.
pub struct Basin<'p> {
    project: &'p Project,
    catalog: Arc<Catalog>,
    /// The places of the chosen catchments in the catalog; `None` if all are chosen.
    chosen: Option<Vec<usize>>,
    catchments: Vec<Arc<CatalogEntry>>,
    /// The series columns: the input's, then the computed ones.
    pub columns: Vec<BasinColumn<'p>>,
    tables: Vec<Arc<ParameterTable>>,
}

/// The parameter tables of a study, each read once however many scenarios name it.
#[derive(Default)]
pub struct Tables(HashMap<TableSpec, Arc<ParameterTable>>);

impl Tables {
    /// The table, as it was read first.
    pub(crate) fn get(&mut self, table: &TableSpec) -> Result<Arc<ParameterTable>> {
        if let Some(known) = self.0.get(table) {
            return Ok(known.clone());
        }
        let read = Arc::new(read_parameter_table(table)?);
        self.0.insert(table.clone(), read.clone());
        Ok(read)
    }
}

impl<'p> Basin<'p> {
    /// Joins the project with the input's catalog and its parameter tables.
    pub fn new(project: &'p Project, catalog: Arc<Catalog>, read: &mut Tables) -> Result<Self> {
        let tables = (project.tables.iter())
            .map(|table| read.get(table))
            .collect::<Result<_>>()?;
        let mut basin = Self {
            project,
            catchments: catalog.catchments.clone(),
            columns: columns::of(project, &catalog)?,
            catalog,
            chosen: None,
            tables,
        };
        basin.check_formulas()?;
        basin.choose()?;
        basin.check_tables()?;
        Ok(basin)
    }

    /// Leaves out the catchments that the project's selection does not choose.
    fn choose(&mut self) -> Result<()> {
        let Some(selection) = &self.project.selection else {
            return Ok(());
        };
        let fault = |message: String| self.project.error("input.catchments", message);
        let all = &self.catalog.catchments;
        let chosen: Vec<usize> = match selection {
            Selection::List(ids) => {
                let ids: BTreeSet<&CatchmentId> = ids.iter().collect();
                let known: BTreeSet<&CatchmentId> = all.iter().map(|entry| &entry.id).collect();
                if let Some(id) = ids.difference(&known).next() {
                    return Err(fault(format!("there is no catchment {id:?} in the input")).into());
                }
                let is_chosen = |at: &usize| ids.contains(&all[*at].id);
                (0..all.len()).filter(is_chosen).collect()
            }
            Selection::Formula(formula) => {
                let mut chosen = Vec::new();
                for (at, entry) in all.iter().enumerate() {
                    let passes = self.compute_parameter(at, "catchments", formula);
                    let passes = passes
                        .map_err(|problem| fault(format!("catchment {}: {problem}", entry.id)))?;
                    if passes != 0.0 {
                        chosen.push(at);
                    }
                }
                chosen
            }
        };
        if chosen.is_empty() {
            return Err(fault("chooses no catchment of the input".to_owned()).into());
        }
        self.catchments = chosen.iter().map(|&at| all[at].clone()).collect();
        self.chosen = Some(chosen);
        Ok(())
    }

    /// Checks that every catchment has a row in every table.
    fn check_tables(&self) -> Result<()> {
        for (table, rows) in self.project.tables.iter().zip(&self.tables) {
            let lacking: Vec<_> = (self.catchments.iter().map(|entry| &entry.id))
                .filter(|id| !rows.has(id))
                .collect();
            if !lacking.is_empty() {
                let path = table.path.display();
                bail!(
                    "{path}: has no row for {} of the input's catchments: {}; add rows, or choose others with `catchments` under [input]",
                    lacking.len(),
                    first_few(&lacking)
                );
            }
        }
        Ok(())
    }

    /// The parameter tables, as they were read.
    pub fn tables(&self) -> &[Arc<ParameterTable>] {
        &self.tables
    }

    /// Where the input is and how it is read, the same for all scenarios.
    pub fn input(&self) -> &InputSpec {
        &self.project.input
    }

    /// The input's time steps, columns and catchments, those that are not chosen included.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// Whether it has the same catchments as another basin of the same input.
    pub fn has_the_catchments_of(&self, other: &Basin<'_>) -> bool {
        self.chosen == other.chosen
    }

    /// The place of a catchment in the input.
    pub fn place(&self, catchment: usize) -> usize {
        match &self.chosen {
            Some(chosen) => chosen[catchment],
            None => catchment,
        }
    }

    /// The time steps, the same for all; `None` if there are no series and none are stated.
    pub fn time(&self) -> Option<&TimeAxis> {
        self.catalog.time.as_ref()
    }

    /// How many time steps there are; 0 without any.
    pub fn steps(&self) -> usize {
        self.time().map_or(0, TimeAxis::len)
    }

    /// The time steps as the store keeps them: no bytes without any.
    pub fn time_bytes(&self) -> Vec<u8> {
        self.time().map_or_else(Vec::new, TimeAxis::to_bytes)
    }

    /// The catchments, in the input's order.
    pub fn catchments(&self) -> &[Arc<CatalogEntry>] {
        &self.catchments
    }

    /// The catchment at a position.
    pub fn id(&self, catchment: usize) -> &CatchmentId {
        &self.catchments[catchment].id
    }

    /// The position of a catchment.
    pub fn find(&self, id: &CatchmentId) -> Option<usize> {
        self.catchments().iter().position(|entry| &entry.id == id)
    }

    /// The input columns from which the wanted columns are computed.
    pub fn input_columns(&self, wanted: &[usize]) -> Vec<usize> {
        let mut used = BTreeSet::new();
        for &column in wanted {
            match &self.columns[column].source {
                ColumnSource::Input(at) => drop(used.insert(*at)),
                ColumnSource::Formula(_, names) => used.extend(names.values()),
            }
        }
        used.into_iter().collect()
    }

    /// The wanted columns of one catchment, computed from the input columns that [`Self::input_columns`] names.
    pub fn compute(
        &self,
        wanted: &[usize],
        mut input: Vec<Vec<f64>>,
    ) -> Result<Vec<Vec<f64>>, BadInput> {
        let used = self.input_columns(wanted);
        let slot = |column: usize| used.iter().position(|&at| at == column);
        // The formulas first: they borrow columns that are moved out below, which saves copying them.
        let mut computed = vec![Vec::new(); wanted.len()];
        for (place, &column) in computed.iter_mut().zip(wanted) {
            let column = &self.columns[column];
            let ColumnSource::Formula(formula, names) = &column.source else {
                continue;
            };
            let operand = |name: &str| Some(Operand::Column(&input[slot(*names.get(name)?)?]));
            // Every name is an input column, and the reader gives them all the length of the time axis.
            let values = formula
                .eval_columns(self.steps(), &operand)
                .unwrap_or_default();
            if let Some(step) = values.iter().position(|value| !value.is_finite()) {
                return Err(BadInput::MissingValue {
                    column: column.name.clone(),
                    step,
                });
            }
            *place = values;
        }
        for (place, &column) in computed.iter_mut().zip(wanted) {
            // Each is wanted once.
            if let ColumnSource::Input(at) = &self.columns[column].source
                && let Some(slot) = slot(*at)
            {
                *place = std::mem::take(&mut input[slot]);
            }
        }
        Ok(computed)
    }
}
