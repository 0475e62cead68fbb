//! Finds the results of a scenario snapshot in the store: to make its product, to compare it with another, to print it.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use super::describe::describe;
use super::{axes, decode};
use crate::data::catchment::CatchmentId;
use crate::data::time_axis::TimeAxis;
use crate::plan::Found;
use crate::plan::snapshot::{ScenarioSnapshot, Status};
use crate::product::file::ProductContent;
use crate::project::Project;
use crate::store::{ResultId, Store, StoreError};
use crate::text::wording::first_few;

/// The results of a scenario snapshot as the product's variables, catchment by catchment: the catchments' own values, no sums.
pub struct SnapshotResults {
    /// The product of that snapshot, without sums over all upstream and summaries.
    pub product: ProductContent,
    /// The variables that these results lack, as they are older than one of its columns; sums are not among them.
    pub left_out: Vec<String>,
    /// The time steps, if there were any.
    pub(super) time: Option<TimeAxis>,
    /// By catchment.
    pub(super) ids: Vec<Option<ResultId>>,
}

impl SnapshotResults {
    /// Finds all results of a scenario snapshot. If one was collected or is damaged, that is an error.
    pub fn open(
        project: &Project,
        store: &Store,
        scenario_snapshot: &ScenarioSnapshot,
    ) -> Result<Self> {
        let (time, ids) = find_results(store, scenario_snapshot)?;
        let mut product = describe(project, scenario_snapshot, 1)?;
        let sums = product.spec.variables.iter();
        let sums = sums.filter(|variable| variable.upstream.is_some());
        let sums: BTreeSet<String> = sums.map(|variable| variable.name.clone()).collect();
        let mut left_out = leave_out_lacking(&mut product, &ids, store)?;
        left_out.retain(|name| !sums.contains(name));
        axes::give(&mut product, project, time.as_ref(), &ids, store)?;
        (product.spec.variables).retain(|variable| variable.upstream.is_none());
        product.spec.summaries.clear();
        product.spec.objectives.clear();
        product.networks.clear();
        Ok(Self {
            product,
            left_out,
            time,
            ids,
        })
    }

    /// Leaves only the variables that both have. Returns the names of the others.
    pub fn keep_common(&mut self, other: &mut Self) -> Vec<String> {
        let names = |of: &Self| -> BTreeSet<String> {
            let variables = of.product.spec.variables.iter();
            variables.map(|variable| variable.name.clone()).collect()
        };
        let (own, others) = (names(self), names(other));
        let mut left_out: BTreeSet<String> = own.symmetric_difference(&others).cloned().collect();
        let is_alone = |name: &str| !own.contains(name) || !others.contains(name);
        axes::leave_out(&mut self.product, &|it| is_alone(&it.name));
        axes::leave_out(&mut other.product, &|it| is_alone(&it.name));
        left_out.extend(self.left_out.iter().chain(&other.left_out).cloned());
        left_out.into_iter().collect()
    }

    /// The place of a catchment in `product.catchments`.
    pub fn find(&self, id: &CatchmentId) -> Option<usize> {
        self.product.catchments.iter().position(|row| &row.id == id)
    }

    /// Whether a catchment has a result.
    pub fn has(&self, catchment: usize) -> bool {
        self.ids[catchment].is_some()
    }

    /// The product's variables of one catchment; `None` if it has no result.
    pub fn variables(&self, store: &Store, catchment: usize) -> Result<Option<Vec<Vec<f64>>>> {
        let Some(id) = self.ids[catchment] else {
            return Ok(None);
        };
        let mut variables = vec![Vec::new(); self.product.spec.variables.len()];
        let headers: Vec<&str> = self.product.headers().collect();
        for group in self.product.axis_groups() {
            let wanted: Vec<&str> = group.columns.iter().map(|&at| headers[at]).collect();
            let columns = decode(&store.columns(id, &wanted)?)?;
            for &variable in &group.variables {
                let values = self.product.values(&group, catchment, variable, &columns)?;
                variables[variable] = values.into_owned();
            }
        }
        Ok(Some(variables))
    }
}

/// Takes the variables out of a product that are made of columns which any of these results lacks, as results do that are older than the
/// column. Returns their names.
pub(super) fn leave_out_lacking(
    product: &mut ProductContent,
    results: &[Option<ResultId>],
    store: &Store,
) -> Result<Vec<String>> {
    let mut lacking = BTreeSet::new();
    for result in results.iter().flatten() {
        let names = store.column_names(*result)?;
        let headers = product.headers().enumerate();
        lacking.extend(headers.filter_map(|(at, it)| (!names.contains(it)).then_some(at)));
    }
    let variables = product.spec.variables.iter().enumerate();
    let is_lacking = |variable| lacking.iter().any(|at| product.is_made_of(variable, *at));
    let out: BTreeSet<String> = variables
        .filter(|(at, _)| is_lacking(*at))
        .map(|(_, variable)| variable.name.clone())
        .collect();
    Ok(axes::leave_out(product, &|it| out.contains(&it.name)))
}

/// The time steps of a scenario snapshot, if there were any, and the results of its catchments.
pub(super) fn find_results(
    store: &Store,
    scenario_snapshot: &ScenarioSnapshot,
) -> Result<(Option<TimeAxis>, Vec<Option<ResultId>>)> {
    let _transaction = store.read_transaction()?;
    let time = match store.content(&scenario_snapshot.time)? {
        Some(bytes) if bytes.is_empty() => None,
        bytes => match bytes.and_then(|bytes| TimeAxis::from_bytes(&bytes)) {
            None => bail!("its time steps are no longer in the store"),
            time => time,
        },
    };
    let mut ids = Vec::with_capacity(scenario_snapshot.rows.len());
    let mut gone = Vec::new();
    for row in &scenario_snapshot.rows {
        let key = row.key.filter(|_| row.status == Status::Ok);
        let id = match key.map(|key| store.summary(&key)) {
            None => None,
            Some(Ok(Some(summary))) if row.content == Some(Found::of(&summary).content) => {
                Some(summary.result)
            }
            Some(Ok(_) | Err(StoreError::Damaged { .. })) => {
                gone.push(scenario_snapshot.scenario.label(&row.id));
                None
            }
            Some(Err(error)) => return Err(error.into()),
        };
        ids.push(id);
    }
    if !gone.is_empty() {
        bail!(
            "{} of {} results are no longer in the store: {}; they were collected, damaged or replaced by those of a forced run, and only a run with the inputs of that time brings them back",
            gone.len(),
            scenario_snapshot.rows.len(),
            first_few(&gone)
        );
    }
    Ok((time, ids))
}
