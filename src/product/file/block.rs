//! The decoded values of one block of catchments, in memory that is used again. It knows nothing of tiles.

use std::sync::{Mutex, PoisonError};

/// A block's decoded values: by catchment, then variable, then time step; NaN is missing.
///
/// They are one allocation, which is used again for another block: thousands of small series among a decoder's large and
/// short-lived buffers would fragment the heap.
pub(super) struct Block {
    values: Vec<f64>,
    series: usize,
    steps: usize,
}

impl Block {
    /// An empty block for `series` variables of `steps` values.
    pub(super) fn new(series: usize, steps: usize) -> Self {
        Self {
            values: Vec::new(),
            series,
            steps,
        }
    }

    /// Makes it a block of so many catchments, all values missing.
    pub(super) fn reset(&mut self, catchments: usize) {
        self.values.clear();
        self.values
            .resize(catchments * self.series * self.steps, f64::NAN);
    }

    /// Sets the values of a catchment's variable, one for each time step.
    pub(super) fn set(&mut self, catchment: usize, variable: usize, values: &[f64]) {
        let first = (catchment * self.series + variable) * self.steps;
        self.values[first..][..self.steps].copy_from_slice(values);
    }

    /// The values of a catchment's variable.
    pub(super) fn series(&self, catchment: usize, variable: usize) -> &[f64] {
        &self.values[(catchment * self.series + variable) * self.steps..][..self.steps]
    }
}

/// Blocks to be used again, so that their megabytes come from the system once.
pub(super) struct BlockPool {
    series: usize,
    steps: usize,
    blocks: Mutex<Vec<Block>>,
}

impl BlockPool {
    /// No blocks yet, for `series` variables of `steps` values.
    pub(super) fn new(series: usize, steps: usize) -> Self {
        Self {
            series,
            steps,
            blocks: Mutex::default(),
        }
    }

    /// A block of so many catchments, all values missing.
    pub(super) fn take(&self, catchments: usize) -> Block {
        let mut blocks = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        let used = blocks.pop();
        drop(blocks);
        let mut block = used.unwrap_or_else(|| Block::new(self.series, self.steps));
        block.reset(catchments);
        block
    }

    /// Takes a block back, to be used again.
    pub(super) fn give_back(&self, block: Block) {
        let mut blocks = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        blocks.push(block);
    }
}
