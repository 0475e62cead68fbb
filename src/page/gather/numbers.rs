//! The numbers of a page's catchments: those that its product has of each as a whole, in every scenario, now and as of a tag.

use super::outline::NumberOf;
use super::strand::Side;

/// Numbers of all catchments.
pub(crate) struct Numbers {
    /// What they are.
    pub(crate) of: Vec<NumberOf>,
    catchments: usize,
    /// By scenario and side; `None` where nothing is known of it.
    sides: Vec<[Option<Vec<f32>>; 2]>,
}

impl Numbers {
    /// No numbers yet.
    pub(super) fn new(of: Vec<NumberOf>, catchments: usize, scenarios: usize) -> Self {
        Self {
            of,
            catchments,
            sides: vec![[None, None]; scenarios],
        }
    }

    /// How many scenarios there are.
    pub(super) fn scenarios(&self) -> usize {
        self.sides.len()
    }

    /// Makes room for those of a scenario, all missing.
    pub(super) fn begin(&mut self, (scenario, side): Side) {
        let count = self.of.len() * self.catchments;
        self.sides[scenario][side] = Some(vec![f32::NAN; count]);
    }

    /// Sets one.
    pub(super) fn set(
        &mut self,
        (scenario, side): Side,
        number: usize,
        catchment: usize,
        value: f64,
    ) {
        if let Some(numbers) = &mut self.sides[scenario][side] {
            numbers[number * self.catchments + catchment] = value as f32;
        }
    }

    /// Sets one as of the tag to what it is now.
    pub(super) fn take_over(&mut self, scenario: usize, number: usize, catchment: usize) {
        if let [Some(now), Some(then)] = &mut self.sides[scenario] {
            let at = number * self.catchments + catchment;
            then[at] = now[at];
        }
    }

    /// One number by catchment, NaN where it is missing: as it is now (side 0) or as of the tag (side 1).
    pub(crate) fn by_catchment(
        &self,
        scenario: usize,
        side: usize,
        number: usize,
    ) -> Option<&[f32]> {
        let numbers = self.sides[scenario][side].as_ref()?;
        Some(&numbers[number * self.catchments..][..self.catchments])
    }
}
