//! What a page says of results, gathered in one pass over each scenario, now and as of a tag: numbers of catchments, thinned curves of
//! all of them, and finer ones of some.
//!
//! A result is decoded once. What is kept is bounded in memory, whatever the number of catchments and the length of a run: curves of
//! all catchments are as fine as fits, and finer ones are of as many catchments as fit. Of catchments that turn out to have changed most,
//! finer ones are fetched afterwards. Sums over all upstream are the product's own.

mod chosen;
mod numbers;
mod outline;
mod pass;
mod same;
mod strand;
mod unlike;

use std::collections::BTreeMap;

use anyhow::Result;

use self::chosen::{Chosen, spread};
pub(crate) use self::numbers::Numbers;
pub(crate) use self::outline::NumberOf;
use self::outline::Outline;
use self::same::Same;
use self::strand::{Side, Strand};
use self::unlike::Unlike;
use super::Variable;
use super::array::Arrays;
use super::curves::buckets::Resolution;
use super::curves::curve::Kept;
use super::curves::shelf::Shelf;
use super::curves::{Curves, Shelves};
use super::sources::Sources;
use crate::data::time_axis::TimeAxis;
use crate::plan::snapshot::Status;
use crate::system::progress::Progress;

/// The bytes that the curves of all catchments may take in memory.
const BYTES_OF_ALL: usize = 96 << 20;

/// The bytes that finer curves of some may take.
const BYTES_OF_CHOSEN: usize = 64 << 20;

/// Up to so many curves of all catchments there are duration curves of them: each takes as long to sort as all else.
const MOST_DURATIONS: usize = 10_000;

/// The most catchments of which finer curves are gathered, and of these the most that are those which changed most.
const MOST_CHOSEN: usize = 400;
const MOST_CHANGED: usize = 40;

/// The fewest catchments that finer curves are to be of: rather of so many than the finest.
const CHOSEN_AT_LEAST: usize = 64;

/// The fewest buckets with which the curves of all scenarios are kept, rather than the first one's with the least and the greatest of all.
const FEWEST_OF_EACH: usize = 24;

/// What was gathered.
pub(crate) struct Gathered {
    outline: Outline,
    /// The numbers of all catchments.
    pub(crate) numbers: Numbers,
    /// Curves of all catchments, in the page's order; `None` if they are too many for any.
    all: Option<Shelf>,
    /// Finer ones of some, in the order in which they came.
    chosen: Shelf,
    /// The catchments of which there are the finest curves: gauges, outlets, those that changed most, those that failed, and all others.
    looked_at: Vec<usize>,
    /// How many gauges and outlets there are.
    first: usize,
    /// How many catchments that changed most may be fetched afterwards.
    most_changed: usize,
    /// By scenario and side, and by objective: the catchments with a gauge there, `None` for one that is not on the page.
    gauged: BTreeMap<(Side, String), Vec<Option<usize>>>,
    /// What was left out, in sentences.
    pub(crate) notes: Vec<String>,
}

impl Gathered {
    /// Gathers all of it.
    pub(crate) fn of(sources: &Sources<'_>) -> Result<Self> {
        let mut gathered = Self::begun(sources)?;
        let sides = sides(sources);
        let count = sources.catchments.len();
        let mut progress = Progress::new("reading", sides.len() * count, sources.quiet);
        let mut before: Option<Strand> = None;
        let mut unlike = Unlike::default();
        for (done, side) in sides.into_iter().enumerate() {
            let Some(mut strand) = Strand::open(sources, side)? else {
                continue;
            };
            gathered.numbers.begin(side);
            gathered.add_gauges(&strand);
            let now = before.as_ref().filter(|before| before.side.0 == side.0);
            if let Some(now) = now {
                strand.compare_with(now);
            }
            let name = &sources.scenarios[side.0].loaded.project.scenario.name;
            unlike.add(strand.notes(&gathered.outline), name);
            let same = now.map(|now| Same::of(&strand, now));
            let mut tick = |seen: usize| progress.set(done * count + seen.min(count));
            gathered.pass(sources, &strand, same.as_ref(), None, &mut tick)?;
            if let Some(same) = same {
                gathered.take_over(&strand, &same);
            }
            before = Some(strand);
        }
        gathered.notes.extend(unlike.into_notes());
        Ok(gathered)
    }

    fn add_gauges(&mut self, strand: &Strand) {
        let content = strand.results.content();
        for (summary, gauges) in content.spec.summaries.iter().zip(&content.gauges) {
            let Some(gauges) = gauges else { continue };
            let rows = content.catchments.iter().zip(&strand.catchments);
            let with_gauge = rows.filter(|(row, _)| gauges.has(&row.id));
            let places = with_gauge.map(|(_, place)| *place).collect();
            (self.gauged).insert((strand.side, summary.name.clone()), places);
        }
    }

    /// The catchments at which an objective compares something in a scenario, now (0) or as of the tag (1); `None` if any of them is not
    /// on the page.
    pub(crate) fn gauges_of(&self, side: (usize, usize), objective: &str) -> Option<Vec<usize>> {
        let places = self.gauged.get(&(side, objective.to_owned()))?;
        places.iter().copied().collect()
    }

    /// The variables of the page.
    pub(crate) fn variables(&self) -> &[Variable] {
        &self.outline.variables
    }

    /// The place of a product's variable among them.
    pub(crate) fn variable(&self, name: &str) -> Option<usize> {
        self.outline.places_of(name).map(|(first, _)| first)
    }

    /// The time steps that curves go over.
    pub(crate) fn time(&self) -> Option<&TimeAxis> {
        self.outline.time.as_ref()
    }

    /// The curves of the page that fit into so many bytes, with what was thinned in sentences.
    pub(crate) fn curves(
        &self,
        bytes: usize,
        arrays: &mut Arrays,
        notes: &mut Vec<String>,
    ) -> Curves {
        let shelves = Shelves {
            all: self.all.as_ref(),
            finer: self.finer(),
            looked_at: &self.looked_at,
            variables: &self.outline.curves,
            scenarios: self.numbers.scenarios(),
        };
        Curves::of(self.time(), &shelves, bytes, arrays, notes)
    }

    /// Fetches finer curves of these catchments too, and lets them come right after gauges and outlets.
    pub(crate) fn look_closer(
        &mut self,
        sources: &Sources<'_>,
        catchments: &[usize],
    ) -> Result<()> {
        let catchments = &catchments[..catchments.len().min(self.most_changed)];
        if !self.finer().catchments.is_empty() {
            let is_new = |catchment: &usize| !self.finer().catchments.contains(catchment);
            let new: Vec<usize> = catchments.iter().copied().filter(is_new).collect();
            self.chosen.extend(new.iter().copied());
            for side in sides(sources).into_iter().filter(|_| !new.is_empty()) {
                if let Some(strand) = Strand::open(sources, side)? {
                    self.pass(sources, &strand, None, Some(&new), &mut |_| {})?;
                }
            }
        }
        let mut order = Chosen::default();
        order.add(self.looked_at[..self.first].iter().copied(), usize::MAX);
        order.add(catchments.iter().copied(), usize::MAX);
        order.add(self.looked_at.iter().copied(), usize::MAX);
        self.looked_at = order.into_order();
        Ok(())
    }

    /// The finest curves that there are: of some catchments, or of all.
    fn finer(&self) -> &Shelf {
        let scenarios = self.numbers.scenarios();
        let whole = self.all.as_ref().filter(|all| all.is_whole_of(scenarios));
        whole.unwrap_or(&self.chosen)
    }

    /// Works out what is to be gathered.
    fn begun(sources: &Sources<'_>) -> Result<Self> {
        let (count, scenarios) = (sources.catchments.len(), sources.scenarios.len());
        let mut first: Option<Strand> = None;
        for side in sides(sources) {
            let opened = Strand::open(sources, side)?.filter(Strand::has_results);
            // Rather one that lacks nothing.
            let is_whole = |strand: &Strand| strand.results.left_out().is_empty();
            if opened.as_ref().is_some_and(is_whole) {
                first = opened;
                break;
            }
            first = first.or(opened);
        }
        let outline = first
            .as_ref()
            .map(|first| Outline::of(first.results.content()));
        let outline = outline.unwrap_or_default();
        let kept = Kept {
            variables: outline.curves.len(),
            scenarios: (0..scenarios).collect(),
            sides: 1 + usize::from(sources.then.is_some()),
        };
        let steps = outline.time.as_ref().map_or(1, TimeAxis::len);
        let has_durations = kept.curves() * count <= MOST_DURATIONS;
        let all = shelf_of_all(&kept, steps, count, has_durations);
        let is_all = all.as_ref().is_some_and(|all| all.is_whole_of(scenarios));
        let values = BYTES_OF_CHOSEN / 4 / kept.curves().max(1);
        let fine = Resolution::within(steps, values / CHOSEN_AT_LEAST.min(count.max(1)));
        let fine = fine.filter(|_| !is_all && kept.variables > 0);
        let most = match fine {
            Some(fine) => (values / fine.values()).min(MOST_CHOSEN),
            // Those of all catchments are as fine as can be.
            None if is_all => count,
            None => 0,
        };
        let changed = match fine.is_some() && kept.sides == 2 {
            true => MOST_CHANGED.min(most / 3),
            // What is there of all need not be fetched, and nothing is where there is no room.
            false => 0,
        };
        let most_changed = if is_all { MOST_CHANGED } else { changed };
        let mut chosen = Chosen::default();
        let most = most - changed;
        chosen.add(first.iter().flat_map(Strand::looked_at_first), most);
        let first = chosen.len();
        chosen.add(failed(sources), most);
        let with_results: Vec<usize> = (0..count).filter(|at| has_result(sources, *at)).collect();
        chosen.add(spread(&with_results, most), most);
        let looked_at = chosen.into_order();
        let of_chosen = match fine {
            Some(_) => looked_at.clone(),
            None => Vec::new(),
        };
        let fine = fine.unwrap_or(Resolution::whole(steps));
        let chosen = Shelf::new(of_chosen, kept, fine, !fine.is_whole(), false);
        Ok(Self {
            numbers: Numbers::new(outline.numbers.clone(), count, scenarios),
            looked_at,
            notes: outline.notes.clone(),
            outline,
            all,
            chosen,
            first,
            most_changed,
            gauged: BTreeMap::new(),
        })
    }
}

/// All scenarios, each now and as of the tag.
fn sides(sources: &Sources<'_>) -> Vec<Side> {
    let sides = 1 + usize::from(sources.then.is_some());
    let of_each = |scenario| (0..sides).map(move |side| (scenario, side));
    (0..sources.scenarios.len()).flat_map(of_each).collect()
}

/// The shelf for the curves of all catchments: of all scenarios; or where these are too many, of the first, with the least and the greatest
/// of all.
fn shelf_of_all(
    kept: &Kept,
    steps: usize,
    catchments: usize,
    has_durations: bool,
) -> Option<Shelf> {
    if kept.variables == 0 || catchments == 0 {
        return None;
    }
    let values = BYTES_OF_ALL / 4 / catchments;
    let fine = Resolution::within(steps, values / kept.curves());
    let is_fine = |it: &Resolution| it.is_whole() || it.buckets >= FEWEST_OF_EACH;
    let is_one = kept.scenarios.len() == 1;
    let (kept, fine, has_band) = match fine.filter(|fine| is_fine(fine) || is_one) {
        Some(fine) => (kept.clone(), fine, false),
        None => {
            let first = Kept {
                scenarios: vec![0],
                ..kept.clone()
            };
            // The band is two curves more.
            let curves = first.curves() + 2 * first.variables;
            (first, Resolution::within(steps, values / curves)?, true)
        }
    };
    let all = (0..catchments).collect();
    let has_durations = has_durations && !fine.is_whole();
    Some(Shelf::new(all, kept, fine, has_durations, has_band))
}

/// Whether a catchment has a result in any scenario, now or as of the tag.
fn has_result(sources: &Sources<'_>, catchment: usize) -> bool {
    let mut sides = (sources.scenarios.iter()).flat_map(|it| it.now.iter().chain(&it.then));
    sides.any(|side| side.status(catchment) == Some(Status::Ok))
}

/// The catchments that failed, in the page's order.
fn failed(sources: &Sources<'_>) -> impl Iterator<Item = usize> {
    let is_failed = |catchment: &usize| {
        let mut scenarios = sources.scenarios.iter().filter_map(|it| it.now.as_ref());
        scenarios.any(|now| now.status(*catchment) == Some(Status::Failed))
    };
    (0..sources.catchments.len()).filter(is_failed)
}
