//! What changed from one snapshot's results to another's, variable by variable and catchment by catchment.

use std::collections::HashMap;

use anyhow::{Result, bail};

use crate::data::catchment::CatchmentId;
use crate::product::SnapshotResults;
use crate::project::product_spec::TIME;
use crate::store::Store;

/// Two snapshots' results compared.
pub(crate) struct Difference {
    /// The names of the variables.
    pub variables: Vec<String>,
    /// Every catchment that has a result in both.
    pub catchments: Vec<Compared>,
    /// Catchments with a result in one of them only: the earlier, the later.
    pub alone: [usize; 2],
}

/// One catchment's results compared.
pub(crate) struct Compared {
    /// The catchment.
    pub id: CatchmentId,
    /// A change for every variable.
    pub changes: Vec<ValueChange>,
}

/// How a variable of a catchment changed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct ValueChange {
    /// Values that are others than before, one a time step or place, including those that became missing or ceased to be.
    pub steps: usize,
    /// Those that became missing or ceased to be.
    pub missing: usize,
    /// Where it changed most.
    pub absolute: Option<Extreme>,
    /// Where it changed most in relation to what it was.
    pub relative: Option<Extreme>,
    /// The means then and now of all values that are there in both; none if no value is another, or none is in both.
    pub means: Option<[f64; 2]>,
}

/// A value then and now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Extreme {
    /// The place among the variable's values, from 0: the time step, where it goes over time alone.
    pub step: usize,
    /// The value then.
    pub then: f64,
    /// The value now.
    pub now: f64,
}

impl Extreme {
    /// By how much it grew.
    pub(crate) fn absolute(&self) -> f64 {
        self.now - self.then
    }

    /// By what fraction of its magnitude it grew; infinite where it was 0.
    pub(crate) fn relative(&self) -> f64 {
        (self.now - self.then) / self.then.abs()
    }
}

impl Difference {
    /// Whether anything is different.
    pub(crate) fn has_changes(&self) -> bool {
        let steps = (self.catchments.iter()).flat_map(|compared| &compared.changes);
        self.alone != [0, 0] || steps.map(|change| change.steps).any(|steps| steps > 0)
    }

    /// Compares all that both have; `tick` is told how many catchments of how many are done.
    pub(crate) fn between(
        store: &Store,
        then: &SnapshotResults,
        now: &SnapshotResults,
        tick: &mut dyn FnMut(usize, usize),
    ) -> Result<Self> {
        for axis in &now.product.axes {
            // One that only results could tell is not known without any.
            let earlier = then.product.axis(&axis.name);
            match earlier.is_none_or(|earlier| earlier == axis) {
                true => {}
                false if axis.name == TIME => {
                    bail!("they have different time steps and can't be compared value by value")
                }
                false => bail!(
                    "they differ in what they have along `{}` and can't be compared value by value",
                    axis.name
                ),
            }
        }
        let _transaction = store.read_transaction()?;
        let variables = now.product.spec.variables.iter();
        let mut difference = Self {
            variables: variables.map(|variable| variable.name.clone()).collect(),
            catchments: Vec::new(),
            alone: [0, 0],
        };
        let places = then.product.catchments.iter().enumerate();
        let places: HashMap<&CatchmentId, usize> = places.map(|(at, row)| (&row.id, at)).collect();
        let mut met = 0;
        for (at, row) in now.product.catchments.iter().enumerate() {
            tick(at, now.product.catchments.len());
            let earlier = places.get(&row.id).copied();
            let had = earlier.filter(|&at| then.has(at));
            let Some(before) = had else {
                difference.alone[1] += usize::from(now.has(at));
                continue;
            };
            if !now.has(at) {
                continue;
            }
            met += 1;
            let row_then = &then.product.catchments[before];
            let bits =
                |scalars: &[f64]| -> Vec<u64> { scalars.iter().map(|x| x.to_bits()).collect() };
            let same =
                row_then.content == row.content && bits(&row_then.scalars) == bits(&row.scalars);
            let changes = match same {
                true => vec![ValueChange::default(); difference.variables.len()],
                false => {
                    let then = then.variables(store, before)?.unwrap_or_default();
                    let now = now.variables(store, at)?.unwrap_or_default();
                    (then.iter().zip(&now))
                        .map(|(then, now)| change(then, now))
                        .collect()
                }
            };
            difference.catchments.push(Compared {
                id: row.id.clone(),
                changes,
            });
        }
        let had = (0..then.product.catchments.len()).filter(|&at| then.has(at));
        difference.alone[0] = had.count() - met;
        Ok(difference)
    }
}

fn change(then: &[f64], now: &[f64]) -> ValueChange {
    let mut change = ValueChange::default();
    let (mut sums, mut both) = ([0.0, 0.0], 0_usize);
    for (step, (&then, &now)) in then.iter().zip(now).enumerate() {
        if !then.is_nan() && !now.is_nan() {
            sums = [sums[0] + then, sums[1] + now];
            both += 1;
        }
        if then == now || (then.is_nan() && now.is_nan()) {
            continue;
        }
        change.steps += 1;
        if then.is_nan() || now.is_nan() {
            change.missing += 1;
            continue;
        }
        let here = Extreme { step, then, now };
        let exceeds = |most: Option<Extreme>, measure: fn(&Extreme) -> f64| {
            most.is_none_or(|most| measure(&here).abs() > measure(&most).abs())
        };
        if exceeds(change.absolute, Extreme::absolute) {
            change.absolute = Some(here);
        }
        // There is no fraction of 0; the absolute change shows it.
        if then != 0.0 && exceeds(change.relative, Extreme::relative) {
            change.relative = Some(here);
        }
    }
    if change.steps > 0 && both > 0 {
        change.means = Some(sums.map(|sum| sum / both as f64));
    }
    change
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_changes_are_found() {
        let nan = f64::NAN;
        let found = change(
            &[1.0, 100.0, 0.0, nan, nan, 5.0],
            &[2.0, 90.0, 3.0, nan, 1.0, 5.0],
        );
        assert_eq!((found.steps, found.missing), (4, 1));
        assert_eq!(
            found.absolute.map(|most| (most.step, most.absolute())),
            Some((1, -10.0))
        );
        assert_eq!(
            found.relative.map(|most| (most.step, most.relative())),
            Some((0, 1.0))
        );
        // Of 1, 100, 0 and 5, and of 2, 90, 3 and 5.
        assert_eq!(found.means, Some([26.5, 25.0]));
        assert_eq!(change(&[0.0, nan], &[-0.0, nan]), ValueChange::default());
        assert_eq!(change(&[nan], &[1.0]).means, None);
    }
}
