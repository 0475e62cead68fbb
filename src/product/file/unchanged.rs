//! Which blocks can be copied from the previous product. It knows neither files nor results.

use std::collections::BTreeMap;

use super::tiling::Tiling;
use super::{AxisGroup, ProductContent};
use crate::project::product_spec::ProductVariable;

/// Variables whose blocks are made together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    /// A catchment's own values.
    Own = 0,
    /// Sums over all upstream.
    Sums = 1,
}

impl Group {
    pub(super) const ALL: [Self; 2] = [Self::Own, Self::Sums];

    /// The group of a variable.
    pub(super) fn of(variable: &ProductVariable) -> Self {
        match variable.upstream {
            None => Self::Own,
            Some(_) => Self::Sums,
        }
    }

    /// The group's variables among those over the same axes, by number.
    pub(super) fn variables(self, product: &ProductContent, over: &AxisGroup<'_>) -> Vec<usize> {
        let is_in = |variable: &usize| Self::of(&product.spec.variables[*variable]) == self;
        over.variables.iter().copied().filter(is_in).collect()
    }
}

/// The unchanged blocks of the variables over the same axes, and the unchanged variables of changed blocks.
pub(super) struct Unchanged {
    /// By group and block.
    blocks: [Vec<bool>; 2],
    /// By block: a flag for each variable. Most blocks have none.
    variables: BTreeMap<usize, Vec<bool>>,
}

impl Unchanged {
    /// Everything has changed; only groups without variables count as unchanged.
    pub(super) fn nothing(product: &ProductContent, over: &AxisGroup<'_>, tiling: &Tiling) -> Self {
        let is_empty = |group: Group| group.variables(product, over).is_empty();
        Self {
            blocks: Group::ALL.map(|group| vec![is_empty(group); tiling.blocks()]),
            variables: BTreeMap::new(),
        }
    }

    /// Marks a block as unchanged.
    pub(super) fn keep(&mut self, group: Group, block: usize) {
        self.blocks[group as usize][block] = true;
    }

    /// Marks the flagged variables of a block as unchanged.
    pub(super) fn keep_variables(&mut self, block: usize, variables: Vec<bool>) {
        self.variables.insert(block, variables);
    }

    /// Whether a block of a group is unchanged.
    pub(super) fn is(&self, group: Group, block: usize) -> bool {
        self.blocks[group as usize][block]
    }

    /// Whether a variable of a group is unchanged in a block.
    pub(super) fn is_variable(&self, group: Group, block: usize, variable: usize) -> bool {
        let is_kept = || {
            self.variables
                .get(&block)
                .is_some_and(|kept| kept[variable])
        };
        self.is(group, block) || is_kept()
    }

    /// Whether anything is unchanged.
    pub(super) fn is_any(&self) -> bool {
        self.blocks.iter().flatten().any(|&unchanged| unchanged) || !self.variables.is_empty()
    }
}
