//! The previous product at the path: which of its blocks are unchanged, and their chunks and summaries.
//!
//! A scenario is found by its name and may have another place than before; within it, rows must have the places they had.
//! If anything can't be read or is not clear, the file is not used, and the product is made from scratch; that is never an error.

use anyhow::{Context, Result};

use super::digest::{
    CHUNKS_DIGEST, COMPARED_DIGEST, chunks_digest, values_digest, values_digest_with,
};
use super::ids::Ids;
use super::summary::{Summaries, places};
use super::unchanged::{Group, Unchanged};
use super::upstream::upstream_digests;
use super::{AxisGroup, KnownResult, ProductContent, ProductRow};
use crate::data::digest::Digest;
use crate::netcdf::{PreviousChunk, PreviousFile, PreviousVariable, Uncopied, storable};
use crate::plan::snapshot::Status;
use crate::product::objective::Gauges;
use crate::project::product_spec::{
    Outlets, SummaryKind, SummaryVariable, UPSTREAM_DIGEST, VALUES_DIGEST, VariableSource,
};

/// The previous product, as far as it can be used.
pub(super) struct Previous {
    /// By variable.
    variables: Vec<PreviousVariable>,
    /// By scenario: its number in the previous product.
    scenarios: Vec<Option<usize>>,
    /// By group of variables over the same axes.
    unchanged: Vec<Unchanged>,
    /// By summary: the numbers of all previous rows.
    summaries: Vec<Vec<f64>>,
    /// How many catchments each previous scenario had.
    catchments: usize,
}

/// What the previous product says of its rows.
struct Rows {
    ids: Vec<String>,
    status: Vec<i8>,
    keys: Vec<String>,
    made_of: Vec<String>,
    /// Empty where there are no sums.
    sums_made_of: Vec<String>,
    /// The digest of all that objectives compared, if there were any.
    compared: Option<String>,
}

impl Previous {
    /// The previous product, if chunks can be copied from it: same tiles, same definitions, and something unchanged.
    pub(super) fn open(
        product: &ProductContent,
        groups: &[AxisGroup<'_>],
        known: &dyn Fn(&Digest) -> Option<KnownResult>,
    ) -> Option<Self> {
        if !product.spec.path.is_file() {
            return None;
        }
        let file = PreviousFile::open(&product.spec.path).ok()?;
        if file.attribute(CHUNKS_DIGEST)? != chunks_digest(product, groups).to_string() {
            return None;
        }
        let rows = Rows {
            ids: match product.ids() {
                Ids::Texts(_) => file.texts("catchment").ok()?,
                Ids::I32(_) | Ids::I64(_) => {
                    let ids = file.integers("catchment").ok()?;
                    ids.iter().map(i64::to_string).collect()
                }
            },
            status: file.bytes("status").ok()?,
            keys: file.texts("key").ok()?,
            made_of: file.texts(VALUES_DIGEST).ok()?,
            sums_made_of: match product.networks.is_empty() {
                true => Vec::new(),
                false => file.texts(UPSTREAM_DIGEST).ok()?,
            },
            compared: file.attribute(COMPARED_DIGEST),
        };
        let names = match &product.scenarios {
            Some(_) => file.texts("scenario").ok()?,
            None => vec![String::new()],
        };
        let counts = [rows.status.len(), rows.keys.len(), rows.made_of.len()];
        if counts != [names.len() * rows.ids.len(); 3] {
            return None;
        }
        if !product.networks.is_empty() && rows.sums_made_of.len() != rows.status.len() {
            return None;
        }
        let place = |name: &str| names.iter().position(|known| known == &storable(name));
        let scenarios: Vec<Option<usize>> = match &product.scenarios {
            Some(scenarios) => scenarios.names.iter().map(|name| place(name)).collect(),
            None => vec![Some(0)],
        };
        let unchanged = groups.iter();
        let unchanged = unchanged.map(|group| rows.unchanged(product, group, &scenarios, known));
        let unchanged: Vec<Unchanged> = unchanged.collect();
        if !unchanged.iter().any(Unchanged::is_any) {
            return None;
        }
        let variables = product
            .spec
            .variables
            .iter()
            .map(|variable| file.chunked(&variable.name).ok());
        let numbers = |summary: &SummaryVariable| {
            let numbers = file.numbers(&summary.name).ok()?;
            let is_of_group = |group: &&AxisGroup<'_>| group.variables.contains(&summary.of);
            let each = groups.iter().find(is_of_group)?.slice();
            (numbers.len() == rows.status.len() * each).then_some(numbers)
        };
        Some(Self {
            summaries: product
                .spec
                .summaries
                .iter()
                .map(numbers)
                .collect::<Option<_>>()?,
            catchments: rows.ids.len(),
            variables: variables.collect::<Option<_>>()?,
            scenarios,
            unchanged,
        })
    }

    /// What is unchanged of a group of variables over the same axes, by number, so that its chunks can be copied.
    pub(super) fn unchanged(&self, group: usize) -> &Unchanged {
        &self.unchanged[group]
    }

    /// The summaries of all rows in unchanged blocks; those of other rows are still missing.
    pub(super) fn summaries(
        &self,
        product: &ProductContent,
        groups: &[AxisGroup<'_>],
    ) -> Summaries {
        let mut summaries = Summaries::new(product);
        for (number, summary) in product.spec.summaries.iter().enumerate() {
            // Where there was a gauge, there may be none any more.
            let is_objective = matches!(summary.kind, SummaryKind::Objective(_));
            let has_number = |row: usize| {
                let id = &product.catchments[row].id;
                let gauges = product.gauges_of(number);
                !is_objective || gauges.is_some_and(|gauges| gauges.has(id))
            };
            let group = Group::of(&product.spec.variables[summary.of]);
            let over = groups.iter().zip(&self.unchanged);
            for (over, unchanged) in over.filter(|(over, _)| over.variables.contains(&summary.of)) {
                let tiling = over.tiling(product);
                let is_unchanged = |block: &usize| unchanged.is(group, *block);
                for block in (0..tiling.blocks()).filter(is_unchanged) {
                    let (scenario, first) = tiling.corner(block);
                    let before = self.scenario(scenario) * self.catchments + first;
                    let rows = tiling.block(block).enumerate();
                    for (i, row) in rows.filter(|(_, row)| has_number(*row)) {
                        let numbers = places(before + i, self.catchments, over.slice())
                            .map(|place| self.summaries[number][place]);
                        summaries.set_row(row, [(number, numbers.collect())]);
                    }
                }
            }
        }
        summaries
    }

    /// The previous number of a scenario with an unchanged block.
    pub(super) fn scenario(&self, scenario: usize) -> usize {
        self.scenarios[scenario].expect("what is unchanged was there before")
    }

    /// A variable's chunk; an error is [`Uncopied`].
    pub(super) fn chunk(
        &self,
        variable: usize,
        offset: &[usize],
        limit: u64,
    ) -> Result<PreviousChunk> {
        let chunk = self.variables[variable].chunk(offset, limit);
        chunk.context(Uncopied)
    }
}

impl Rows {
    /// The blocks of a group of variables that are made of the same as before, and such variables of the other blocks.
    fn unchanged(
        &self,
        product: &ProductContent,
        over: &AxisGroup<'_>,
        scenarios: &[Option<usize>],
        known: &dyn Fn(&Digest) -> Option<KnownResult>,
    ) -> Unchanged {
        let tiling = over.tiling(product);
        let each = self.ids.len();
        let block = |block: usize, same: &mut dyn FnMut(usize, usize) -> bool| {
            let (scenario, first) = tiling.corner(block);
            let Some(previous) = scenarios[scenario] else {
                return false;
            };
            let rows = tiling.block(block);
            // The old block must end where the new one does, or its chunk holds other catchments besides.
            let old_end = each.min(first + tiling.tile_catchments);
            let same = |(row, catchment): (usize, usize)| {
                storable(product.catchments[row].id.as_str()) == self.ids[catchment]
                    && same(row, previous * each + catchment)
            };
            first + rows.len() == old_end && rows.zip(first..).all(same)
        };
        let [other_gauges, other_sums] = Group::ALL.map(|group| self.gauges(product, over, group));
        let own = |index: usize, old: usize| {
            let row = &product.catchments[index];
            // Only a digest says that a result is what it was.
            (row.status != Status::Ok || row.content.is_some())
                && row.status as i8 == self.status[old]
                && values_digest(row) == self.made_of[old]
                && !other_gauges[index]
        };
        let digests = upstream_digests(product);
        let outlets: Vec<&Outlets> = (product.spec.variables.iter())
            .filter_map(|variable| variable.upstream.as_ref())
            .collect();
        let mut sums = |index: usize, old: usize| {
            let id = &product.catchments[index].id;
            let is_known = |digest: Digest| digest.to_string() == self.sums_made_of[old];
            // Where there are no sums, nothing of them can change.
            !outlets.iter().any(|outlets| outlets.contain(id))
                || digests[index].is_some_and(is_known) && !other_sums[index]
        };
        // What is computed may use any column.
        let variables = product.spec.variables.iter().enumerate();
        let is_column = variables.map(|(number, variable)| match variable.source {
            VariableSource::Column(_) => {
                variable.upstream.is_none() && over.variables.contains(&number)
            }
            VariableSource::Formula(_) => false,
        });
        let is_column: Vec<bool> = is_column.collect();
        let mut unchanged = Unchanged::nothing(product, over, &tiling);
        for at in 0..tiling.blocks() {
            let (mut all, mut variables) = (true, is_column.clone());
            let mut anything = |index: usize, old: usize| {
                if !own(index, old) {
                    all = false;
                    let columns = self.same_columns(product, index, old, known);
                    for (same, variable) in variables.iter_mut().zip(&product.spec.variables) {
                        if let VariableSource::Column(column) = variable.source {
                            *same &= columns.get(column) == Some(&true);
                        }
                    }
                }
                all || variables.contains(&true)
            };
            if block(at, &mut anything) {
                match all {
                    true => unchanged.keep(Group::Own, at),
                    false => unchanged.keep_variables(at, variables),
                }
            }
            if block(at, &mut sums) {
                unchanged.keep(Group::Sums, at);
            }
        }
        unchanged
    }

    /// By row: whether an objective of a group's variables has a number there, if any objective compares something else than before.
    fn gauges(&self, product: &ProductContent, over: &AxisGroup<'_>, group: Group) -> Vec<bool> {
        let compared = product.compared_digest().map(|digest| digest.to_string());
        if compared == self.compared {
            return vec![false; product.catchments.len()];
        }
        let variables = group.variables(product, over);
        let summaries = product.spec.summaries.iter().enumerate();
        let of_group = summaries.filter(|(_, summary)| variables.contains(&summary.of));
        let gauges: Vec<&Gauges> = of_group
            .filter_map(|(number, _)| product.gauges_of(number))
            .collect();
        let has_gauge = |row: &ProductRow| gauges.iter().any(|gauges| gauges.has(&row.id));
        product.catchments.iter().map(has_gauge).collect()
    }

    /// By column: whether a row's result has the same values as the one that the previous row was made of; empty if unknown.
    fn same_columns(
        &self,
        product: &ProductContent,
        index: usize,
        old: usize,
        known: &dyn Fn(&Digest) -> Option<KnownResult>,
    ) -> Vec<bool> {
        let row = &product.catchments[index];
        let compare = || {
            let before = known(&Digest::from_hex(&self.keys[old])?)?;
            let now = known(row.key.as_ref().filter(|_| row.status == Status::Ok)?)?;
            // A key's result may have been replaced since.
            let is_it = self.status[old] == Status::Ok as i8
                && self.made_of[old] == values_digest_with(row, &before.content)
                && row.content == Some(now.content);
            let same = before.columns.iter().zip(&now.columns);
            is_it.then(|| same.map(|(before, now)| before == now).collect())
        };
        compare().unwrap_or_default()
    }
}
