//! How curves are made to fit into so many bytes: a coarse one of every catchment, then finer ones of those that are looked at most.
//!
//! What may fit by a sample is tried, the finest first, and packed as the page will pack it: only what does fit is taken, however well
//! or badly it packs.

use std::collections::HashMap;

use super::Level;
use super::buckets::Resolution;
use super::draft::{Draft, Extract, FINE, encodings};
use super::quantised::Encoding;
use super::shelf::Shelf;
use crate::page::array::Arrays;

/// Rather fewer scenarios than fewer buckets.
const ENOUGH: usize = 12;

/// The share of the bytes that the coarse curves of all catchments may take where there are finer ones of some.
const COARSE_SHARE: f64 = 0.75;

/// The share of the rest that fine curves may take where there are finer ones yet.
const FINE_SHARE: f64 = 0.5;

/// What curves there are to be on a page.
pub(in crate::page) struct Shelves<'s> {
    /// Those of all catchments of the page, in its order.
    pub(in crate::page) all: Option<&'s Shelf>,
    /// The finest that there are, of some or of all.
    pub(in crate::page) finer: &'s Shelf,
    /// The catchments of which these are, those that are looked at most first.
    pub(in crate::page) looked_at: &'s [usize],
    /// The variables of the shelves, by their places among the page's.
    pub(in crate::page) variables: &'s [usize],
    /// How many scenarios the page has, of which a shelf may have some.
    pub(in crate::page) scenarios: usize,
}

impl Shelves<'_> {
    /// The levels that fit into so many bytes, the coarsest first, and how many catchments each has. Their arrays are added to the page's.
    pub(super) fn levels(&self, bytes: usize, arrays: &mut Arrays) -> (Vec<Level>, Vec<usize>) {
        let mut left = bytes;
        let mut drafts: Vec<Draft> = Vec::new();
        if let Some(all) = self.all {
            let whole = self.all_of(all, left, &|it| it.is_whole());
            let share = if self.looked_at.is_empty() {
                1.0
            } else {
                COARSE_SHARE
            };
            let some = || self.all_of(all, (left as f64 * share) as usize, &|_| true);
            drafts.extend(whole.or_else(some));
        }
        left -= drafts.iter().map(|draft| draft.bytes).sum::<usize>();
        let has = drafts.first().map_or(0, |draft| draft.level.buckets);
        let finest = self.finer.resolution;
        let is_finer = |it: &Resolution| it.buckets >= 2 * has && *it != finest;
        let fine = (finest.coarser())
            .find(|it| it.buckets <= FINE)
            .filter(is_finer);
        // What is left of their share is for the finest ones.
        let share = (left as f64 * FINE_SHARE) as usize;
        let fine = fine.and_then(|fine| self.first_of(fine, share));
        left -= fine.as_ref().map_or(0, |draft| draft.bytes);
        let finest = (has < finest.buckets).then(|| self.first_of(finest, left));
        drafts.extend(fine.into_iter().chain(finest.flatten()));
        let counts = drafts.iter().map(|draft| draft.catchments).collect();
        let numbered = (1..).zip(drafts);
        let levels = numbered.map(|(number, draft)| draft.into_level(number, arrays));
        (levels.collect(), counts)
    }

    /// The finest curves of all catchments that fit, of these resolutions.
    fn all_of(
        &self,
        shelf: &Shelf,
        bytes: usize,
        is_meant: &dyn Fn(Resolution) -> bool,
    ) -> Option<Draft> {
        let scenarios = &shelf.kept.scenarios;
        // Where all scenarios are too many, those that come first, with the least and the greatest of all.
        let counts = std::iter::successors(Some(scenarios.len()), |count| match count {
            1 => None,
            count => Some(count / 2),
        });
        let is_enough = |it: &Resolution, count: usize| {
            is_meant(*it) && (count == 1 || it.is_whole() || it.buckets >= ENOUGH)
        };
        for count in counts {
            for resolution in shelf.resolution.coarser().filter(|it| is_enough(it, count)) {
                for encoding in encodings(resolution) {
                    let extract = Extract {
                        shelf,
                        slots: None,
                        scenarios: &scenarios[..count],
                        all_scenarios: self.scenarios,
                        variables: self.variables,
                        has_durations: shelf.has_durations() || shelf.resolution.is_whole(),
                    };
                    if extract.is_about(resolution, encoding, bytes) {
                        let draft = extract.draft(resolution, encoding);
                        if draft.bytes <= bytes {
                            return Some(draft);
                        }
                    }
                }
            }
        }
        None
    }

    /// As many of the chosen catchments as fit at this resolution.
    fn first_of(&self, resolution: Resolution, bytes: usize) -> Option<Draft> {
        let places = self.finer.catchments.iter().enumerate();
        let places: HashMap<usize, usize> = places.map(|(slot, it)| (*it, slot)).collect();
        let looked_at = self.looked_at.iter().filter_map(|it| places.get(it));
        let looked_at: Vec<usize> = looked_at.copied().collect();
        let draft_of = |count: usize| {
            let mut slots = looked_at[..count].to_vec();
            // In the order of the page.
            slots.sort_by_key(|slot| self.finer.catchments[*slot]);
            let extract = Extract {
                shelf: self.finer,
                slots: Some(slots),
                scenarios: &self.finer.kept.scenarios,
                all_scenarios: self.scenarios,
                variables: self.variables,
                has_durations: true,
            };
            extract.draft(resolution, Encoding::U16)
        };
        // A few tell about how many there may be; then between what fits and what does not.
        let (mut too_many, mut count) = (looked_at.len() + 1, looked_at.len().min(8));
        let mut best: Option<Draft> = None;
        while count > best.as_ref().map_or(0, |best| best.catchments) && count < too_many {
            let draft = draft_of(count);
            let about = (bytes as f64 / draft.bytes as f64 * count as f64) as usize;
            match draft.bytes <= bytes {
                true => best = Some(draft),
                false => too_many = count,
            }
            let fits = best.as_ref().map_or(0, |best| best.catchments);
            let nearly_all = fits + fits / 20;
            if too_many <= 1 + nearly_all || (fits == count && about <= nearly_all) {
                break;
            }
            count = about.clamp(fits + 1, too_many - 1);
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use crate::page::array::Array;

    use super::super::curve::{Curve, CurvePlace, Kept};
    use super::*;

    const STEPS: usize = 2_000;

    /// Values that do not pack well, with one peak.
    fn series(catchment: usize) -> Vec<f64> {
        let noise = |step: usize| {
            let number = ((step * 300 + catchment) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            (number ^ (number >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) as f64 / u64::MAX as f64
        };
        let mut series: Vec<f64> = (0..STEPS).map(noise).collect();
        series[catchment % STEPS] = 50.0;
        series
    }

    fn shelf(catchments: Vec<usize>, resolution: Resolution) -> Shelf {
        let kept = Kept {
            variables: 1,
            scenarios: vec![0],
            sides: 1,
        };
        let has_durations = !resolution.is_whole();
        let mut shelf = Shelf::new(catchments.clone(), kept, resolution, has_durations, false);
        for (slot, catchment) in catchments.into_iter().enumerate() {
            let place = CurvePlace {
                slot,
                variable: 0,
                scenario: 0,
                side: 0,
            };
            let curve = Curve::of(&series(catchment), resolution, has_durations);
            shelf.put(place, &curve);
        }
        shelf
    }

    /// The levels that fit, with the bytes that they take and how many catchments they have.
    fn levels(bytes: usize) -> (Vec<Level>, Vec<usize>, Arrays) {
        let coarse = Resolution {
            steps: STEPS,
            buckets: 60,
        };
        let all = shelf((0..300).collect(), coarse);
        let looked_at: Vec<usize> = (0..60).map(|at| (at * 37) % 300).collect();
        let finer = shelf(looked_at.clone(), Resolution::whole(STEPS));
        let shelves = Shelves {
            all: Some(&all),
            finer: &finer,
            looked_at: &looked_at,
            variables: &[0],
            scenarios: 1,
        };
        let mut arrays = Arrays::default();
        let (levels, counts) = shelves.levels(bytes, &mut arrays);
        (levels, counts, arrays)
    }

    #[test]
    fn all_have_coarse_curves_and_some_finer_ones_and_they_fit() {
        for bytes in [30_000, 100_000, 300_000] {
            let (levels, counts, arrays) = levels(bytes);
            let taken = arrays.packed().text.len();
            assert!(taken <= bytes, "{taken} of {bytes}");
            assert!(5 * taken >= 3 * bytes, "{taken} of {bytes}");
            assert_eq!((counts[0], &levels[0].catchments), (300, &None));
            let buckets = levels.iter().map(|level| level.buckets);
            assert!(buckets.is_sorted(), "{levels:?}");
        }
        let (levels, counts, arrays) = levels(300_000);
        let whole = levels.last().expect("a level");
        assert_eq!(whole.buckets, STEPS);
        let catchments = whole.catchments.as_ref().expect("some");
        let Some(Array::U32(catchments)) = arrays.get(catchments) else {
            panic!("no catchments");
        };
        assert!(catchments.is_sorted() && catchments.len() == counts[counts.len() - 1]);
        // Those that are looked at most first.
        assert!(catchments.contains(&0) && catchments.contains(&37));
    }

    #[test]
    fn peaks_are_on_every_level() {
        let (levels, _, arrays) = levels(100_000);
        let name = levels[0].highs.as_ref().expect("highs");
        let Some(Array::U8(highs)) = arrays.get(name) else {
            panic!("no bytes");
        };
        let Some(Array::F32(ranges)) = levels[0].range.as_ref().and_then(|name| arrays.get(name))
        else {
            panic!("no ranges");
        };
        for (curve, range) in highs.chunks(levels[0].buckets).zip(ranges.chunks(2)) {
            let greatest = curve.iter().max().copied().unwrap_or_default();
            let greatest = range[0] + f32::from(greatest) / 254.0 * (range[1] - range[0]);
            assert!((greatest - 50.0).abs() < 0.5, "{greatest}");
        }
    }

    #[test]
    fn without_room_there_are_none() {
        assert!(levels(100).0.is_empty());
    }

    #[test]
    fn curves_of_one_of_several_scenarios_have_a_band_and_none_that_is_not_there_is_looked_for() {
        let kept = Kept {
            variables: 1,
            scenarios: vec![0],
            sides: 1,
        };
        let whole = Resolution::whole(STEPS);
        let mut all = Shelf::new(vec![0, 1], kept.clone(), whole, false, true);
        for slot in 0..2 {
            let place = CurvePlace {
                slot,
                variable: 0,
                scenario: 0,
                side: 0,
            };
            all.put(place, &Curve::of(&series(slot), whole, false));
        }
        let shelves = Shelves {
            all: Some(&all),
            finer: &Shelf::new(Vec::new(), kept, whole, false, false),
            looked_at: &[1, 0],
            variables: &[0],
            scenarios: 3,
        };
        let (levels, _) = shelves.levels(1 << 20, &mut Arrays::default());
        assert!(levels[0].bands.is_some(), "{levels:?}");
    }
}
