//! One pass over the results of a scenario: numbers and curves go where they belong.

use std::collections::{HashMap, HashSet};

use anyhow::Result;

use super::Gathered;
use super::same::Same;
use super::strand::Strand;
use crate::page::curves::curve::{Curve, CurvePlace};
use crate::page::curves::shelf::Shelf;
use crate::page::sources::Sources;
use crate::product::numbers::Seen;

/// What was made of a series.
struct Made {
    variable: usize,
    catchment: usize,
    /// Its place among those that are chosen.
    slot: Option<usize>,
    /// By place along the further dimension.
    curves: Vec<MadeCurve>,
    summaries: Vec<(usize, Vec<f64>)>,
}

struct MadeCurve {
    of_all: Option<Curve>,
    of_chosen: Option<Curve>,
}

impl Gathered {
    /// One pass over a scenario's results: of these catchments the finer curves, or of all catchments all there is. What is the `same` as
    /// it is now is passed over.
    pub(super) fn pass(
        &mut self,
        sources: &Sources<'_>,
        strand: &Strand,
        same: Option<&Same>,
        only: Option<&[usize]>,
        tick: &mut dyn FnMut(usize),
    ) -> Result<()> {
        let ways = strand.ways(&self.outline);
        let slots = self.chosen.catchments.iter().enumerate();
        let slots = slots.filter(|(_, catchment)| only.is_none_or(|only| only.contains(catchment)));
        let slots: HashMap<usize, usize> = slots.map(|(slot, at)| (*at, slot)).collect();
        let (scenario, side) = strand.side;
        let of_all = self
            .all
            .as_ref()
            .filter(|all| only.is_none() && all.wants(scenario, side));
        let of_all = of_all.map(|all| all.resolution);
        let all_have_durations = self.all.as_ref().is_some_and(Shelf::has_durations);
        let (of_chosen, has_durations) = (self.chosen.resolution, self.chosen.has_durations());
        let is_wanted = |variable: usize, row: usize| {
            let is_known = strand.catchments[row].is_some_and(|at| match only {
                Some(_) => slots.contains_key(&at),
                None => true,
            });
            is_known && !same.is_some_and(|same| same.is(&ways[variable], row))
        };
        let see = |seen: &Seen<'_>| {
            let way = &ways[seen.variable];
            let catchment = strand.catchments[seen.row].unwrap_or_default();
            let slot = slots.get(&catchment).copied();
            let mut curves = Vec::new();
            for place in 0..way.curve.map_or(0, |_| way.places) {
                let series = way.series(seen.values, place);
                curves.push(MadeCurve {
                    of_all: of_all.map(|fine| Curve::of(&series, fine, all_have_durations)),
                    of_chosen: slot.map(|_| Curve::of(&series, of_chosen, has_durations)),
                });
            }
            let summaries = match only {
                Some(_) => Vec::new(),
                None => seen.summaries(),
            };
            Ok(Made {
                variable: seen.variable,
                catchment,
                slot,
                curves,
                summaries,
            })
        };
        let mut seen = HashSet::new();
        let mut take = |made: Made| {
            let way = &ways[made.variable];
            for (at, curve) in (way.curve.unwrap_or_default()..).zip(&made.curves) {
                let place = |slot| CurvePlace {
                    slot,
                    variable: at,
                    scenario,
                    side,
                };
                if let (Some(all), Some(curve)) = (&mut self.all, &curve.of_all) {
                    all.put(place(made.catchment), curve);
                }
                if let (Some(slot), Some(curve)) = (made.slot, &curve.of_chosen) {
                    self.chosen.put(place(slot), curve);
                }
            }
            for (summary, values) in made.summaries {
                let Some(first) = way.number(summary) else {
                    continue;
                };
                for (number, value) in (first..).zip(values).take(way.places) {
                    (self.numbers).set(strand.side, number, made.catchment, value);
                }
            }
            if seen.insert(made.catchment) {
                tick(seen.len());
            }
            Ok(())
        };
        (strand.results).visit(sources.store, sources.threads, &is_wanted, &see, &mut take)
    }

    /// Takes over as of the tag what is the same now.
    pub(super) fn take_over(&mut self, strand: &Strand, same: &Same) {
        let slots = self.chosen.catchments.iter().enumerate();
        let slots: HashMap<usize, usize> = slots.map(|(slot, at)| (*at, slot)).collect();
        for way in strand.ways(&self.outline) {
            for (row, catchment) in strand.catchments.iter().enumerate() {
                let Some(catchment) = catchment.filter(|_| same.is(&way, row)) else {
                    continue;
                };
                for number in way.all_numbers() {
                    (self.numbers).take_over(strand.side.0, number, catchment);
                }
                for variable in way.all_curves() {
                    let scenario = strand.side.0;
                    let all = self.all.as_mut().map(|all| (all, catchment));
                    let chosen = slots.get(&catchment).map(|slot| (&mut self.chosen, *slot));
                    for (shelf, slot) in all.into_iter().chain(chosen) {
                        shelf.take_over(slot, variable, scenario);
                    }
                }
            }
        }
    }
}
