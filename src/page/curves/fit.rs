//! How curves are made to fit into so many bytes: a coarse one of every catchment, then finer ones of those that are looked at most.
//!
//! What fits is tried, the finest first, and each try is packed as the page will pack it, so that no guess of how well it packs
//! can be wrong.

use super::buckets::Resolution;
use super::quantised::Encoding;
use super::shelf::Shelf;
use super::{Level, NAMES};
use crate::page::array::{Array, Arrays};

/// From so many buckets on a value has two bytes.
const FINE: usize = 480;

/// The share of the bytes that the coarse curves of all catchments may take where there are finer ones of some.
const COARSE_SHARE: f64 = 0.75;

/// The share of the rest that whole series may take.
const WHOLE_SHARE: f64 = 0.5;

/// A level that may come onto the page.
struct Draft {
    level: Level,
    catchments: usize,
    arrays: Vec<(&'static str, Array)>,
    /// How many it takes on the page.
    bytes: usize,
}

/// What to draw of a shelf.
struct Extract<'s> {
    shelf: &'s Shelf,
    /// The slots of the catchments, in the order of the page; `None`: all, which are in this order.
    slots: Option<Vec<usize>>,
    scenarios: &'s [usize],
    variables: &'s [usize],
    has_durations: bool,
}

/// What curves there are to be on a page.
pub(in crate::page) struct Shelves<'s> {
    /// Those of all catchments of the page, in its order.
    pub(in crate::page) all: Option<&'s Shelf>,
    /// Finer ones of some.
    pub(in crate::page) chosen: &'s Shelf,
    /// The places on that shelf, those that are looked at most first.
    pub(in crate::page) looked_at: &'s [usize],
    /// The variables of the shelves, by their places among the page's.
    pub(in crate::page) variables: &'s [usize],
}

impl Shelves<'_> {
    /// The levels that fit into so many bytes, the coarsest first, and how many catchments each has. Their arrays are added to the page's.
    pub(super) fn levels(&self, bytes: usize, arrays: &mut Arrays) -> (Vec<Level>, Vec<usize>) {
        let mut left = bytes;
        let mut drafts: Vec<Draft> = Vec::new();
        let is_more = !self.chosen.catchments.is_empty();
        if let Some(all) = self.all {
            let share = if is_more { COARSE_SHARE } else { 1.0 };
            drafts.extend(self.all_of(all, (left as f64 * share) as usize));
        }
        left -= drafts.iter().map(|draft| draft.bytes).sum::<usize>();
        let has = drafts.first().map_or(0, |draft| draft.level.buckets);
        let steps = self.chosen.resolution.steps;
        // The whole ones first: what is left of their share is for the others.
        let whole = (has < steps)
            .then(|| self.first_of(self.chosen.resolution, (left as f64 * WHOLE_SHARE) as usize))
            .flatten();
        left -= whole.as_ref().map_or(0, |draft| draft.bytes);
        let fine = (self.chosen.resolution.coarser()).find(|it| it.buckets <= 2 * FINE);
        let is_finer = |it: &Resolution| it.buckets >= 2 * has && *it != self.chosen.resolution;
        let fine = fine
            .filter(is_finer)
            .and_then(|fine| self.first_of(fine, left));
        drafts.extend(fine.into_iter().chain(whole));
        let counts = drafts.iter().map(|draft| draft.catchments).collect();
        let numbered = (1..).zip(drafts);
        let levels = numbered.map(|(number, draft)| draft.into_level(number, arrays));
        (levels.collect(), counts)
    }

    /// The finest curves of all catchments that fit.
    fn all_of(&self, shelf: &Shelf, bytes: usize) -> Option<Draft> {
        let scenarios = &shelf.kept.scenarios;
        // Where all scenarios are too many, those that come first, with the least and the greatest of all.
        let counts = std::iter::successors(Some(scenarios.len()), |count| match count {
            1 => None,
            count if shelf.has_band() => Some(count / 2),
            _ => None,
        });
        for count in counts {
            for resolution in shelf.resolution.coarser() {
                for encoding in encodings(resolution) {
                    let extract = Extract {
                        shelf,
                        slots: None,
                        scenarios: &scenarios[..count],
                        variables: self.variables,
                        has_durations: shelf.has_durations() || shelf.resolution.is_whole(),
                    };
                    if extract.least_bytes(resolution, encoding) <= bytes {
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
        let draft_of = |count: usize| {
            // In the order of the page.
            let mut slots = self.looked_at[..count].to_vec();
            slots.sort_by_key(|slot| self.chosen.catchments[*slot]);
            let extract = Extract {
                shelf: self.chosen,
                slots: Some(slots),
                scenarios: &self.chosen.kept.scenarios,
                variables: self.variables,
                has_durations: true,
            };
            extract.draft(resolution, Encoding::U16)
        };
        // A few tell how many there may be; what is too much by a little is tried with fewer.
        let mut count = self.chosen.catchments.len().min(8);
        let mut best: Option<Draft> = None;
        for _ in 0..8 {
            if count == 0 {
                break;
            }
            let draft = draft_of(count);
            let each = draft.bytes as f64 / count as f64;
            let fits = draft.bytes <= bytes;
            let more = ((bytes as f64 / each * 0.98) as usize).min(self.chosen.catchments.len());
            if fits {
                best = Some(draft);
                if more <= count + count / 20 {
                    break;
                }
                count = more;
            } else if best.is_some() {
                break;
            } else {
                count = more.min(count - 1);
            }
        }
        best
    }
}

/// How curves of this resolution are written, the best first.
fn encodings(resolution: Resolution) -> impl Iterator<Item = Encoding> {
    let all: &[Encoding] = match resolution {
        whole if whole.is_whole() => &[Encoding::F32, Encoding::U16],
        fine if fine.buckets >= FINE => &[Encoding::U16],
        _ => &[Encoding::U8],
    };
    all.iter().copied()
}

impl Extract<'_> {
    /// Fewer bytes than it could ever take.
    fn least_bytes(&self, resolution: Resolution, encoding: Encoding) -> usize {
        let catchments = (self.slots.as_ref()).map_or(self.shelf.catchments.len(), Vec::len);
        let curves = catchments * self.shelf.kept.curves() / self.shelf.kept.scenarios.len()
            * self.scenarios.len();
        let width = match encoding {
            Encoding::F32 => 4,
            Encoding::U16 => 2,
            Encoding::U8 => 1,
        };
        curves * resolution.values() * width / 16
    }

    fn draft(&self, resolution: Resolution, encoding: Encoding) -> Draft {
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
        if let Some(band) = shelf.band(slots, resolution) {
            arrays.push((NAMES.band_lows, Array::F32(band.lows)));
            arrays.push((NAMES.band_highs, Array::F32(band.highs)));
        }
        // A browser can make those of whole series itself.
        let durations = (self.has_durations && !resolution.is_whole())
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
    fn into_level(mut self, number: usize, arrays: &mut Arrays) -> Level {
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
