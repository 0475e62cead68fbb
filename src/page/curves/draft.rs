//! Levels that may come onto a page: what is taken of a shelf, how it is written, and how many bytes it takes then.

use super::buckets::Resolution;
use super::quantised::Encoding;
use super::shelf::Shelf;
use super::{Level, NAMES};
use crate::page::array::{Array, Arrays};

/// From so many buckets on a value has two bytes.
pub(super) const FINE: usize = 480;

/// From so many buckets on there are duration curves.
const WITH_DURATIONS: usize = 120;

/// About how many values of each curve are packed to find out how well they pack, of at least so many catchments; and by how much more
/// than fits by that may fit nevertheless.
const SAMPLED: usize = 60_000;
const FEWEST_SAMPLED: usize = 12;
const TOLERATED: f64 = 1.1;

/// A level that may come onto the page.
pub(super) struct Draft {
    pub(super) level: Level,
    pub(super) catchments: usize,
    arrays: Vec<(&'static str, Array)>,
    /// How many it takes on the page.
    pub(super) bytes: usize,
}

/// What to draw of a shelf.
pub(super) struct Extract<'s> {
    pub(super) shelf: &'s Shelf,
    /// The slots of the catchments, in the order of the page; `None`: all, which are in this order.
    pub(super) slots: Option<Vec<usize>>,
    pub(super) scenarios: &'s [usize],
    /// How many scenarios the page has.
    pub(super) all_scenarios: usize,
    pub(super) variables: &'s [usize],
    pub(super) has_durations: bool,
}

/// How curves of this resolution are written, the best first.
pub(super) fn encodings(resolution: Resolution) -> impl Iterator<Item = Encoding> {
    let all: &[Encoding] = match resolution {
        whole if whole.is_whole() => &[Encoding::F32, Encoding::U16],
        fine if fine.buckets >= FINE => &[Encoding::U16],
        _ => &[Encoding::U8],
    };
    all.iter().copied()
}

impl Extract<'_> {
    /// Whether it might fit into so many bytes, as far as a sample of it tells.
    pub(super) fn is_about(
        &self,
        resolution: Resolution,
        encoding: Encoding,
        bytes: usize,
    ) -> bool {
        let count = self.shelf.catchments.len();
        let least = SAMPLED / resolution.values();
        let every = count / least.clamp(FEWEST_SAMPLED, count.max(FEWEST_SAMPLED));
        if every < 2 {
            return true;
        }
        let sample = Extract {
            slots: Some((0..count).step_by(every).collect()),
            ..*self
        };
        let draft = sample.draft(resolution, encoding);
        let each = draft.bytes as f64 / draft.catchments as f64;
        each * count as f64 <= TOLERATED * bytes as f64
    }

    pub(super) fn draft(&self, resolution: Resolution, encoding: Encoding) -> Draft {
        let shelf = self.shelf;
        let every: Vec<usize>;
        let slots = match &self.slots {
            Some(slots) => slots,
            None => {
                every = (0..shelf.catchments.len()).collect();
                &every
            }
        };
        let buckets = resolution.buckets;
        let curves = shelf.thinned(slots, self.scenarios, resolution);
        let written = encoding.write(&curves, buckets);
        let mut arrays = vec![(NAMES.values, written.lows)];
        if !resolution.is_whole() {
            arrays.push((NAMES.highs, written.highs));
        }
        arrays.extend(
            written
                .ranges
                .map(|ranges| (NAMES.range, Array::F32(ranges))),
        );
        if let Some(slots) = &self.slots {
            let catchments = slots.iter().map(|slot| shelf.catchments[*slot] as u32);
            arrays.push((NAMES.catchments, Array::U32(catchments.collect())));
        }
        if self.scenarios.len() < self.all_scenarios {
            let band = shelf.band(slots, resolution);
            arrays.push((NAMES.band_lows, Array::F32(band.lows)));
            arrays.push((NAMES.band_highs, Array::F32(band.highs)));
        }
        // A browser can make those of whole series itself; beside coarse curves they would be most of it.
        let has_durations = self.has_durations && buckets >= WITH_DURATIONS;
        let durations = (has_durations && !resolution.is_whole())
            .then(|| shelf.durations(slots, self.scenarios))
            .flatten();
        arrays.extend(durations.map(|durations| (NAMES.durations, Array::F32(durations))));
        Draft {
            catchments: slots.len(),
            bytes: Arrays::packed_size(arrays.iter().map(|(_, array)| array)),
            level: Level {
                variables: self.variables.to_vec(),
                scenarios: self.scenarios.to_vec(),
                sides: shelf.kept.sides,
                buckets,
                ..Level::default()
            },
            arrays,
        }
    }
}

impl Draft {
    pub(super) fn into_level(mut self, number: usize, arrays: &mut Arrays) -> Level {
        let mut add = |name: &str| -> Option<String> {
            let at = self.arrays.iter().position(|(known, _)| *known == name)?;
            let (name, array) = self.arrays.swap_remove(at);
            Some(arrays.add(&format!("curves/{number}/{name}"), array))
        };
        Level {
            values: add(NAMES.values).unwrap_or_default(),
            highs: add(NAMES.highs),
            range: add(NAMES.range),
            catchments: add(NAMES.catchments),
            durations: add(NAMES.durations),
            bands: add(NAMES.band_lows)
                .zip(add(NAMES.band_highs))
                .map(|(low, high)| [low, high]),
            ..self.level
        }
    }
}
