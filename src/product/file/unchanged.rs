//! What of a product is as it was in an earlier one, so that nothing has to be made of it. It knows neither files nor results.

use std::collections::BTreeMap;

use super::ProductContent;
use super::tiling::Tiling;
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

    /// The group's variables, by number.
    pub(super) fn variables(self, product: &ProductContent) -> Vec<usize> {
        let is_in = |variable: &usize| Self::of(&product.spec.variables[*variable]) == self;
        (0..product.spec.variables.len()).filter(is_in).collect()
    }
}

/// Which blocks are what they were, and which variables of those that are not.
pub(super) struct Unchanged {
    /// By group and block.
    blocks: [Vec<bool>; 2],
    /// By block: the flags of all variables. None for most.
    variables: BTreeMap<usize, Vec<bool>>,
}

impl Unchanged {
    /// All has to be made, as far as there is anything.
    pub(super) fn nothing(product: &ProductContent, tiling: &Tiling) -> Self {
        let is_empty = |group: Group| group.variables(product).is_empty();
        Self {
            blocks: Group::ALL.map(|group| vec![is_empty(group); tiling.blocks()]),
            variables: BTreeMap::new(),
        }
    }

    /// Nothing has to be made of this block.
    pub(super) fn keep(&mut self, group: Group, block: usize) {
        self.blocks[group as usize][block] = true;
    }

    /// Nothing has to be made of the flagged variables of this block.
    pub(super) fn keep_variables(&mut self, block: usize, variables: Vec<bool>) {
        self.variables.insert(block, variables);
    }

    /// Whether a block of a group is what it was.
    pub(super) fn is(&self, group: Group, block: usize) -> bool {
        self.blocks[group as usize][block]
    }

    /// Whether a variable of a group is in a block what it was.
    pub(super) fn is_variable(&self, group: Group, block: usize, variable: usize) -> bool {
        let is_kept = || {
            self.variables
                .get(&block)
                .is_some_and(|kept| kept[variable])
        };
        self.is(group, block) || is_kept()
    }

    /// Whether anything is what it was.
    pub(super) fn is_any(&self) -> bool {
        self.blocks.iter().flatten().any(|&unchanged| unchanged) || !self.variables.is_empty()
    }
}
