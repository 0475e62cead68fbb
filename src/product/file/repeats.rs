//! Which variables of a block hold the same values as in the scenario before, so that their chunks need not be made again.
//!
//! Scenarios mostly differ in parameters: discharge that a simulator hands on is the same in all of them. That is told by the digests of
//! the columns as they were fetched, before anything of them is encoded. What is computed may use anything, and is never taken for the
//! same. It knows neither files nor values.

use super::tiling::Tiling;
use super::{AxisGroup, ProductContent};
use crate::data::digest::Digest;
use crate::project::product_spec::VariableSource;

/// What the variables of a block are made of, in the order of their group: a digest, or nothing where that is not known.
#[derive(Clone, Debug, Default)]
pub(super) struct Prints(Vec<Option<Digest>>);

impl Prints {
    /// Those of these variables in the rows of a block, of which each that has a result comes with its place in the block and the
    /// digests of the group's columns.
    pub(super) fn of(
        product: &ProductContent,
        over: &AxisGroup<'_>,
        variables: &[usize],
        rows: &[(usize, Vec<Digest>)],
    ) -> Self {
        let print = |variable: &usize| {
            let VariableSource::Column(column) = &product.spec.variables[*variable].source else {
                return None;
            };
            let place = over.columns.iter().position(|known| known == column)?;
            let mut bytes = Vec::with_capacity(40 * rows.len());
            for (row, columns) in rows {
                bytes.extend((*row as u64).to_le_bytes());
                bytes.extend(columns.get(place)?.as_bytes());
            }
            Some(Digest::of(&bytes))
        };
        Self(variables.iter().map(print).collect())
    }

    /// By variable: whether it holds the same as in a block with those.
    pub(super) fn same_as(&self, before: &Self) -> Vec<bool> {
        let both = self.0.iter().zip(&before.0);
        both.map(|(now, before)| now.is_some() && now == before)
            .collect()
    }
}

/// What the blocks of the scenario before are made of, by their number in it; nothing where they were not made.
#[derive(Debug, Default)]
pub(super) struct ScenarioBefore(Vec<Prints>);

impl ScenarioBefore {
    /// By variable: whether this block, counted through all scenarios, holds the same.
    pub(super) fn same(&self, tiling: &Tiling, block: usize, prints: &Prints) -> Vec<bool> {
        let before = self.0.get(block % tiling.blocks_each());
        before.map_or_else(Vec::new, |before| prints.same_as(before))
    }

    /// Adds the next block of its scenario.
    pub(super) fn push(&mut self, prints: Prints) {
        self.0.push(prints);
    }
}
