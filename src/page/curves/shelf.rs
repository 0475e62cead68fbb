//! The curves that a pass over the results leaves behind: a few values of each, in memory, to be made into levels of a page.
//!
//! All are equally fine, so that a curve has its place by catchment, variable, scenario and side, in this order.

use super::EXCEEDED;
use super::buckets::{Resolution, Thinned, durations, thin_further};
use super::curve::{Curve, CurvePlace, Kept};

/// Curves of some catchments.
pub(in crate::page) struct Shelf {
    /// The catchments, by their places among the page's.
    pub(in crate::page) catchments: Vec<usize>,
    pub(in crate::page) kept: Kept,
    pub(in crate::page) resolution: Resolution,
    lows: Vec<f32>,
    highs: Vec<f32>,
    /// The duration curves, where they can't be made of what is kept and are wanted.
    durations: Option<Vec<f32>>,
    /// Where not all scenarios are kept: the least and the greatest of all, by catchment, variable and bucket, as it is now.
    band: Option<Thinned>,
}

impl Shelf {
    /// A shelf of missing values for these catchments.
    pub(in crate::page) fn new(
        catchments: Vec<usize>,
        kept: Kept,
        resolution: Resolution,
        has_durations: bool,
        has_band: bool,
    ) -> Self {
        let mut shelf = Self {
            catchments: Vec::new(),
            kept,
            resolution,
            lows: Vec::new(),
            highs: Vec::new(),
            durations: has_durations.then(Vec::new),
            band: has_band.then(Thinned::default),
        };
        shelf.extend(catchments);
        shelf
    }

    /// Whether it has whole series of as many scenarios.
    pub(in crate::page) fn is_whole_of(&self, scenarios: usize) -> bool {
        self.resolution.is_whole() && self.kept.scenarios.len() == scenarios
    }

    /// Makes room for more catchments, their values missing.
    pub(in crate::page) fn extend(&mut self, catchments: impl IntoIterator<Item = usize>) {
        self.catchments.extend(catchments);
        let (count, buckets) = (self.catchments.len(), self.resolution.buckets);
        let curves = count * self.kept.curves();
        let of_highs = if self.resolution.is_whole() {
            0
        } else {
            buckets
        };
        self.lows.resize(curves * buckets, f32::NAN);
        self.highs.resize(curves * of_highs, f32::NAN);
        if let Some(durations) = &mut self.durations {
            durations.resize(curves * EXCEEDED.len(), f32::NAN);
        }
        if let Some(band) = &mut self.band {
            let bands = count * self.kept.variables;
            band.lows.resize(bands * buckets, f32::NAN);
            band.highs.resize(bands * buckets, f32::NAN);
        }
    }

    /// Whether it has duration curves of its own.
    pub(in crate::page) fn has_durations(&self) -> bool {
        self.durations.is_some()
    }

    /// Whether a curve of this scenario and side is of use here.
    pub(in crate::page) fn wants(&self, scenario: usize, side: usize) -> bool {
        self.kept.scenarios.contains(&scenario) || (self.band.is_some() && side == 0)
    }

    /// The number of a curve, if curves of its scenario are kept.
    fn number(&self, place: CurvePlace) -> Option<usize> {
        let kept = &self.kept;
        let scenario = kept.scenarios.binary_search(&place.scenario).ok()?;
        let scenario =
            (place.slot * kept.variables + place.variable) * kept.scenarios.len() + scenario;
        Some(scenario * kept.sides + place.side)
    }

    /// Takes a curve.
    pub(in crate::page) fn put(&mut self, place: CurvePlace, curve: &Curve) {
        let Curve { thinned, durations } = curve;
        let (buckets, each) = (self.resolution.buckets, EXCEEDED.len());
        if let Some(number) = self.number(place) {
            self.lows[number * buckets..][..buckets].copy_from_slice(&thinned.lows);
            if !self.resolution.is_whole() {
                self.highs[number * buckets..][..buckets].copy_from_slice(&thinned.highs);
            }
            if let Some(all) = &mut self.durations {
                all[number * each..][..each].copy_from_slice(durations);
            }
        }
        if let Some(band) = self.band.as_mut().filter(|_| place.side == 0) {
            let first = (place.slot * self.kept.variables + place.variable) * buckets;
            let highs = match self.resolution.is_whole() {
                true => &thinned.lows,
                false => &thinned.highs,
            };
            let lows = band.lows[first..][..buckets].iter_mut().zip(&thinned.lows);
            lows.for_each(|(low, value)| *low = low.min(*value));
            let highs = band.highs[first..][..buckets].iter_mut().zip(highs);
            highs.for_each(|(high, value)| *high = high.max(*value));
        }
    }

    /// Sets a curve as of the tag to what it is now.
    pub(in crate::page) fn take_over(&mut self, slot: usize, variable: usize, scenario: usize) {
        let place = |side| CurvePlace {
            slot,
            variable,
            scenario,
            side,
        };
        let (Some(now), Some(then)) = (self.number(place(0)), self.number(place(1))) else {
            return;
        };
        let durations = self.durations.as_mut();
        let all = [
            (&mut self.lows, self.resolution.buckets),
            (&mut self.highs, self.resolution.buckets),
        ];
        let durations = durations.map(|durations| (durations, EXCEEDED.len()));
        for (values, each) in all.into_iter().chain(durations) {
            if !values.is_empty() {
                values.copy_within(now * each..(now + 1) * each, then * each);
            }
        }
    }

    /// The curves of the catchments in these slots, in this order, of some scenarios, as fine or less.
    pub(super) fn thinned(
        &self,
        slots: &[usize],
        scenarios: &[usize],
        resolution: Resolution,
    ) -> Thinned {
        let mut thinned = Thinned::default();
        let buckets = self.resolution.buckets;
        for number in self.numbers(slots, scenarios) {
            let of_curve = |values: &'_ [f32]| -> std::ops::Range<usize> {
                match values.is_empty() {
                    true => 0..0,
                    false => number * buckets..(number + 1) * buckets,
                }
            };
            let lows = &self.lows[of_curve(&self.lows)];
            let highs = &self.highs[of_curve(&self.highs)];
            let into = (&mut thinned.lows, &mut thinned.highs);
            thin_further((lows, highs), (self.resolution, resolution), into);
        }
        thinned
    }

    /// The least and the greatest of all scenarios, likewise, by catchment, variable and bucket.
    pub(super) fn band(&self, slots: &[usize], resolution: Resolution) -> Thinned {
        let mut band = Thinned::default();
        for &slot in slots {
            for variable in 0..self.kept.variables {
                let (lows, highs) = self.band_of(slot, variable);
                let (mut of_lows, mut of_highs) = Default::default();
                let from_to = (self.resolution, resolution);
                if self.resolution.is_whole() {
                    // The least of the least, and the greatest of the greatest.
                    thin_further((&lows, &[]), from_to, (&mut band.lows, &mut of_lows));
                    thin_further((&highs, &[]), from_to, (&mut of_highs, &mut band.highs));
                    if resolution.is_whole() {
                        band.highs.append(&mut of_highs);
                    }
                } else {
                    let into = (&mut band.lows, &mut band.highs);
                    thin_further((&lows, &highs), from_to, into);
                }
            }
        }
        band
    }

    /// Those of one catchment and variable, as fine as is kept.
    fn band_of(&self, slot: usize, variable: usize) -> (Vec<f32>, Vec<f32>) {
        let buckets = self.resolution.buckets;
        if let Some(band) = &self.band {
            let own = (slot * self.kept.variables + variable) * buckets;
            let of = |values: &[f32]| values[own..][..buckets].to_vec();
            return (of(&band.lows), of(&band.highs));
        }
        let (mut lows, mut highs) = (vec![f32::NAN; buckets], vec![f32::NAN; buckets]);
        let numbers = self.kept.scenarios.iter().filter_map(|scenario| {
            self.number(CurvePlace {
                slot,
                variable,
                scenario: *scenario,
                side: 0,
            })
        });
        for number in numbers {
            let of =
                |values: &'_ [f32]| -> Vec<f32> { values[number * buckets..][..buckets].to_vec() };
            let own = of(&self.lows);
            let own_highs = match self.resolution.is_whole() {
                true => own.clone(),
                false => of(&self.highs),
            };
            let lows = lows.iter_mut().zip(own);
            lows.for_each(|(low, value)| *low = low.min(value));
            let highs = highs.iter_mut().zip(own_highs);
            highs.for_each(|(high, value)| *high = high.max(value));
        }
        (lows, highs)
    }

    /// The duration curves, likewise; `None` if nothing is known of them.
    pub(super) fn durations(&self, slots: &[usize], scenarios: &[usize]) -> Option<Vec<f32>> {
        let each = EXCEEDED.len();
        let mut all = Vec::new();
        for number in self.numbers(slots, scenarios) {
            match &self.durations {
                Some(durations) => all.extend_from_slice(&durations[number * each..][..each]),
                None if self.resolution.is_whole() => {
                    let steps = self.resolution.steps;
                    all.extend(durations(&self.lows[number * steps..][..steps], &EXCEEDED));
                }
                None => return None,
            }
        }
        Some(all)
    }

    /// The numbers of all curves of these slots and scenarios.
    fn numbers(&self, slots: &[usize], scenarios: &[usize]) -> Vec<usize> {
        let mut numbers = Vec::new();
        for &slot in slots {
            for variable in 0..self.kept.variables {
                for &scenario in scenarios {
                    for side in 0..self.kept.sides {
                        numbers.extend(self.number(CurvePlace {
                            slot,
                            variable,
                            scenario,
                            side,
                        }));
                    }
                }
            }
        }
        numbers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_come_back_from_where_they_were_put() {
        let kept = Kept {
            variables: 2,
            scenarios: vec![0, 2],
            sides: 2,
        };
        let resolution = Resolution::whole(8);
        let mut shelf = Shelf::new(vec![7], kept, resolution, false, true);
        shelf.extend([3]);
        let place = |slot, variable, scenario, side| CurvePlace {
            slot,
            variable,
            scenario,
            side,
        };
        let curve = |from: f64| -> Curve {
            let series: Vec<f64> = (0..8).map(|step| from + f64::from(step)).collect();
            Curve::of(&series, resolution, false)
        };
        shelf.put(place(1, 0, 2, 1), &curve(10.0));
        shelf.put(place(1, 0, 2, 0), &curve(20.0));
        shelf.put(place(1, 0, 1, 0), &curve(30.0));
        let coarse = Resolution {
            steps: 8,
            buckets: 4,
        };
        let found = shelf.thinned(&[1], &[2], coarse);
        assert_eq!(
            found.lows[..8],
            [20.0, 22.0, 24.0, 26.0, 10.0, 12.0, 14.0, 16.0]
        );
        assert_eq!(found.highs[..4], [21.0, 23.0, 25.0, 27.0]);
        assert!(found.lows[8..].iter().all(|value| value.is_nan()));
        // A scenario that is not kept is in the band.
        let band = shelf.band(&[1], coarse);
        assert_eq!(band.lows[..4], [20.0, 22.0, 24.0, 26.0]);
        assert_eq!(band.highs[..4], [31.0, 33.0, 35.0, 37.0]);
        let whole = shelf.band(&[1], resolution);
        assert_eq!((whole.lows[7], whole.highs[7]), (27.0, 37.0));
        assert!(shelf.wants(1, 0) && !shelf.wants(1, 1));
        let durations = shelf.durations(&[1], &[2]).expect("durations");
        assert_eq!(durations[0], 27.0);
        assert_eq!(durations[EXCEEDED.len() - 1], 20.0);
    }
}
