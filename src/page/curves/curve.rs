//! One curve as a shelf takes it: where it belongs, and what is kept of it.

use super::EXCEEDED;
use super::buckets::{Resolution, Thinned, durations};

/// Which curves are kept of each catchment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::page) struct Kept {
    /// How many variables.
    pub(in crate::page) variables: usize,
    /// The scenarios, by their places among the page's, ascending.
    pub(in crate::page) scenarios: Vec<usize>,
    /// 1: as it is now; 2: now, and as of the tag.
    pub(in crate::page) sides: usize,
}

impl Kept {
    /// How many curves a catchment has.
    pub(in crate::page) fn curves(&self) -> usize {
        self.variables * self.scenarios.len() * self.sides
    }
}

/// Where a curve belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::page) struct CurvePlace {
    /// The place of its catchment on the shelf.
    pub(in crate::page) slot: usize,
    /// The variable, by its place among those that have curves.
    pub(in crate::page) variable: usize,
    /// The scenario, by its place among the page's.
    pub(in crate::page) scenario: usize,
    /// 0: now; 1: as of the tag.
    pub(in crate::page) side: usize,
}

/// What a shelf keeps of a curve.
pub(in crate::page) struct Curve {
    pub(super) thinned: Thinned,
    /// Its duration curve, where it is wanted.
    pub(super) durations: Vec<f32>,
}

impl Curve {
    /// For a shelf of this resolution, which has duration curves or not.
    pub(in crate::page) fn of(series: &[f64], resolution: Resolution, has_durations: bool) -> Self {
        let durations = match has_durations {
            true => durations(
                &Thinned::of(series, Resolution::whole(series.len())).lows,
                &EXCEEDED,
            ),
            false => Vec::new(),
        };
        Self {
            thinned: Thinned::of(series, resolution),
            durations,
        }
    }
}
