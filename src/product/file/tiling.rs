//! How the array over time and catchments is cut into tiles, and what a tile holds.
//!
//! Results come by catchment, but readers want them by time step as well as by catchment, so tiles extend over both. All
//! tiles over the same catchments are a *block*, all over the same stretch of time a *slab*. Pure arithmetic.
//!
//! Why 128 × 16? Measured with 1,000 catchments × 8,760 steps × 4 variables on two cores, a product of 200 MB: processor time
//! to make it; milliseconds in xarray to read one step of all catchments and all steps of one catchment, of which 18 go to
//! opening the file; the share of blocks that are made again after one in a hundred catchments has changed.
//!
//! | steps × catchments | to make | one step | one catchment | again |
//! |---|---|---|---|---|
//! | 512 × 64 | 1.9 s | 61 | 78 | 47 % |
//! | 512 × 16 | 1.7 s | 70 | 33 | 15 % |
//! | 256 × 16 | 1.8 s | 51 | 36 | 15 % |
//! | 128 × 16 | 1.8 s | 41 | 41 | 15 % |
//! | 64 × 16 | 2.2 s | 30 | 43 | 15 % |
//! | 128 × 32 | 1.8 s | 35 | 44 | 27 % |
//! | 64 × 32 | 1.8 s | 30 | 51 | 27 % |
//!
//! Shorter tiles serve single steps better, but there are more of them, and HDF5 has work with each. Wider tiles are
//! costly when few catchments have changed, which happens every day.

use std::ops::Range;

use super::block::Block;

/// Values in a tile: 16 KiB of f64 fit in a core's nearest cache and cost a reader of a single value little.
const TILE_VALUES: usize = TILE_STEPS * 16;

/// Time steps in a tile, if there are as many.
const TILE_STEPS: usize = 128;

/// Decoded values of one block: at most so many bytes (a single catchment may exceed it).
const BLOCK_BYTES: usize = 16 << 20;

/// How `steps × catchments` values are cut into equal tiles; those at the edges are filled up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tiling {
    /// The number of scenarios, which follow each other.
    pub(super) scenarios: usize,
    pub(super) steps: usize,
    /// Of each scenario.
    pub(super) catchments: usize,
    pub(super) tile_steps: usize,
    pub(super) tile_catchments: usize,
}

impl Tiling {
    /// 128 × 16, but wider where time is short, and narrower where a block of so many variables would not fit in memory.
    ///
    /// It depends on the dimensions alone, so that every machine writes the same file. All are at least 1. `slice` steps, a
    /// divisor of their number, are not torn apart: no tile has less than all of them, even if it becomes larger than others.
    pub(super) fn new(steps: usize, slice: usize, catchments: usize, variables: usize) -> Self {
        let series_bytes = steps.saturating_mul(variables).saturating_mul(8);
        let fitting = (BLOCK_BYTES / series_bytes.max(1)).max(1);
        let whole = |most: usize| (most.min(steps) / slice).max(1) * slice;
        let tile_steps = whole(TILE_STEPS);
        let wanted = (TILE_VALUES / tile_steps).max(1);
        let tile_catchments = power_of_two_below(wanted.min(fitting));
        let tile_steps = if fitting < wanted {
            whole(TILE_VALUES / tile_catchments)
        } else {
            tile_steps
        };
        Self {
            scenarios: 1,
            steps,
            catchments,
            tile_steps,
            tile_catchments: tile_catchments.min(catchments),
        }
    }

    /// The same blocks with slabs of `tile_steps`.
    pub(super) fn with_steps(self, tile_steps: usize) -> Self {
        Self {
            tile_steps: tile_steps.clamp(1, self.steps),
            ..self
        }
    }

    /// The same tiles for each of several scenarios.
    pub(super) fn with_scenarios(self, scenarios: usize) -> Self {
        Self { scenarios, ..self }
    }

    /// The number of blocks. None mixes scenarios.
    pub(super) fn blocks(&self) -> usize {
        self.scenarios * self.blocks_each()
    }

    /// How many blocks a scenario has.
    pub(super) fn blocks_each(&self) -> usize {
        self.catchments.div_ceil(self.tile_catchments)
    }

    pub(super) fn slabs(&self) -> usize {
        self.steps.div_ceil(self.tile_steps)
    }

    /// The rows of a block: its catchments, counted through all scenarios.
    pub(super) fn block(&self, block: usize) -> Range<usize> {
        let (scenario, first) = self.corner(block);
        let end = (first + self.tile_catchments).min(self.catchments);
        let before = scenario * self.catchments;
        before + first..before + end
    }

    /// The scenario of a block, and the place of the block's first catchment in it.
    pub(super) fn corner(&self, block: usize) -> (usize, usize) {
        let each = self.blocks_each();
        (block / each, block % each * self.tile_catchments)
    }

    /// The block of a row, and the row's place in it.
    pub(super) fn find(&self, row: usize) -> (usize, usize) {
        let (scenario, catchment) = (row / self.catchments, row % self.catchments);
        let block = scenario * self.blocks_each() + catchment / self.tile_catchments;
        (block, catchment % self.tile_catchments)
    }

    /// The time steps of a slab.
    pub(super) fn slab(&self, slab: usize) -> Range<usize> {
        let start = slab * self.tile_steps;
        start..(start + self.tile_steps).min(self.steps)
    }

    /// Values in a tile, the filled up ones included.
    pub(super) fn tile_values(&self) -> usize {
        self.tile_steps * self.tile_catchments
    }

    /// Fills `out` (`tile_values()` long) with a tile of the block's values, time first, and with NaN beyond the edges.
    pub(super) fn gather(&self, values: &Block, tile: TilePlace, out: &mut [f64]) {
        let (catchments, steps) = (self.block(tile.block).len(), self.slab(tile.slab));
        if catchments < self.tile_catchments || steps.len() < self.tile_steps {
            out.fill(f64::NAN);
        }
        for column in 0..catchments {
            let places = out[column..].iter_mut().step_by(self.tile_catchments);
            for (place, value) in places.zip(&values.series(column, tile.variable)[steps.clone()]) {
                *place = *value;
            }
        }
    }
}

/// The place of a tile.
#[derive(Clone, Copy)]
pub(super) struct TilePlace {
    pub(super) block: usize,
    /// The variable's place in its group.
    pub(super) variable: usize,
    pub(super) slab: usize,
}

fn power_of_two_below(number: usize) -> usize {
    1 << number.max(1).ilog2()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn usual_sizes_have_the_usual_tiles() {
        let tile = |steps, catchments, variables| {
            let tiling = Tiling::new(steps, 1, catchments, variables);
            (tiling.tile_steps, tiling.tile_catchments)
        };
        assert_eq!(tile(8760, 18_000, 4), (128, 16));
        assert_eq!(tile(8760, 10, 4), (128, 10));
        assert_eq!(tile(731, 765, 2), (128, 16));
        assert_eq!(tile(12, 18_000, 4), (12, 128));
        assert_eq!(tile(1, 18_000, 4), (1, 2048));
        assert_eq!(tile(1_000_000, 18_000, 4), (2048, 1));
        assert_eq!(tile(8760, 18_000, 40), (512, 4));
    }

    #[test]
    fn slices_are_whole() {
        let tile = |steps, slice, variables| {
            let tiling = Tiling::new(steps, slice, 18_000, variables);
            (tiling.tile_steps, tiling.tile_catchments)
        };
        assert_eq!(tile(8760 * 3, 3, 1), (126, 16));
        assert_eq!(tile(12 * 3, 3, 1), (36, 32));
        assert_eq!(tile(365 * 647, 647, 1), (647, 2));
        assert_eq!(tile(24 * 5_000, 5_000, 1), (5_000, 1));
        assert_eq!(tile(8760 * 7, 7, 20), (2044, 1));
    }

    proptest! {
        #[test]
        fn each_value_is_in_one_tile(scenarios in 1_usize..4, each in 1_usize..20, steps in 1_usize..40, tile_steps in 1_usize..50) {
            let tiling = Tiling { tile_catchments: 3.min(each), ..Tiling::new(steps, 1, each, 1) };
            let tiling = tiling.with_steps(tile_steps).with_scenarios(scenarios);
            let catchments = scenarios * each;
            let mut seen = vec![0; steps * catchments];
            for block in 0..tiling.blocks() {
                let mut values = Block::new(1, steps);
                values.reset(tiling.block(block).len());
                for (i, c) in tiling.block(block).enumerate() {
                    let series: Vec<f64> = (0..steps).map(|t| (t * catchments + c) as f64).collect();
                    values.set(i, 0, &series);
                }
                for slab in 0..tiling.slabs() {
                    let mut tile = vec![-1.0; tiling.tile_values()];
                    let place = TilePlace { block, variable: 0, slab };
                    tiling.gather(&values, place, &mut tile);
                    for (i, value) in tile.iter().enumerate().filter(|(_, v)| !v.is_nan()) {
                        let step = slab * tiling.tile_steps + i / tiling.tile_catchments;
                        let catchment = tiling.block(block).start + i % tiling.tile_catchments;
                        prop_assert_eq!(tiling.find(catchment), (block, i % tiling.tile_catchments));
                        prop_assert_eq!(*value, (step * catchments + catchment) as f64);
                        seen[*value as usize] += 1;
                    }
                }
            }
            prop_assert!(seen.iter().all(|&n| n == 1));
        }
    }
}
