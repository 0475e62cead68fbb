//! What a page is made of: a study as it is planned now, and its snapshots as the last run left it and as of a tag.
//!
//! The catchments of a page are those that the chosen scenarios have now, each once, in the order of the input. Every part of a page
//! counts them and the scenarios from 0 on.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use crate::data::catchment::CatchmentId;
use crate::data::size::Size;
use crate::data::value::Value;
use crate::history::prediction::Prediction;
use crate::plan::loaded::LoadedScenario;
use crate::plan::snapshot::{ScenarioSnapshot, Snapshot, Status};
use crate::plan::{Entry, Plan};
use crate::project::report_spec::ReportSpec;
use crate::store::Store;
use crate::text::wording::first_few;

/// A snapshot and what it is called.
#[derive(Clone, Copy)]
pub(crate) struct Side<'a> {
    /// `the last run (…)`, `tag "calibrated"`.
    pub title: &'a str,
    /// All scenarios as they were.
    pub snapshot: &'a Snapshot,
}

/// What a page is made of.
pub(crate) struct Sources<'a> {
    /// What the study is called.
    pub title: String,
    /// What the project says of pages.
    pub spec: &'a ReportSpec,
    /// The results.
    pub store: &'a Store,
    /// The cache folder.
    pub cache: &'a Path,
    /// As the last run left it.
    pub now: Side<'a>,
    /// As of the tag, if one is named.
    pub then: Option<Side<'a>>,
    /// The chosen scenarios.
    pub scenarios: Vec<ScenarioSource<'a>>,
    /// The catchments.
    pub catchments: Vec<CatchmentId>,
    /// How long what is stale will take, if anything is.
    pub prediction: Option<Prediction>,
    /// The most bytes that the page may have.
    pub size: Size,
    /// How many threads may be used.
    pub threads: usize,
    /// Whether no progress is to be shown.
    pub quiet: bool,
}

/// One scenario of a page.
pub(crate) struct ScenarioSource<'a> {
    /// The project in it, its basin and recipe.
    pub loaded: &'a LoadedScenario<'a>,
    /// What of it is fresh or stale now, in the basin's order.
    pub plan: &'a Plan,
    /// As the last run left it; `None` if it did not know this scenario.
    pub now: Option<SnapshotRows<'a>>,
    /// The same as of the tag.
    pub then: Option<SnapshotRows<'a>>,
    /// By catchment of the page: its place in the basin, if the scenario has it.
    pub places: Vec<Option<usize>>,
}

impl<'a> ScenarioSource<'a> {
    /// What is planned for the page's catchments, as far as the scenario has them.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &'a Entry> {
        let places = self.places.iter().flatten();
        places.map(|&place| &self.plan.entries[place])
    }
}

/// A scenario as it was, and where the page's catchments are in it.
pub(crate) struct SnapshotRows<'a> {
    /// The scenario as it was.
    pub snapshot: &'a ScenarioSnapshot,
    /// By catchment of the page: its row, if it was there.
    pub rows: Vec<Option<usize>>,
}

impl Sources<'_> {
    /// A parameter of a catchment, as the first scenario with it has it; `None` if it has none, or none that can be understood.
    pub(crate) fn value(&self, catchment: usize, name: &str) -> Option<Value> {
        let mut with_it = self.scenarios.iter();
        let found = with_it.find_map(|scenario| Some((scenario, scenario.places[catchment]?)));
        let (scenario, place) = found?;
        scenario.loaded.basin.value_of_any(place, name).ok()?
    }

    /// The same, if it is a finite number.
    pub(crate) fn number(&self, catchment: usize, name: &str) -> Option<f64> {
        let number = self.value(catchment, name)?.number();
        number.filter(|number| number.is_finite())
    }
}

impl SnapshotRows<'_> {
    /// What state one of the page's catchments was in, if it was there.
    pub(crate) fn status(&self, catchment: usize) -> Option<Status> {
        let row = self.rows[catchment]?;
        Some(self.snapshot.rows[row].status)
    }
}

impl<'a> Sources<'a> {
    /// The catchments that these scenarios have, in the order of the first that has them; only those that are named, if any are.
    pub(crate) fn catchments(
        scenarios: &[LoadedScenario<'_>],
        only: Option<&HashSet<CatchmentId>>,
    ) -> Vec<CatchmentId> {
        let mut seen = HashSet::new();
        let all = (scenarios.iter()).flat_map(|loaded| loaded.basin.catchments());
        let wanted = all.filter(|entry| only.is_none_or(|only| only.contains(&entry.id)));
        let each_once = wanted.filter(|entry| seen.insert(&entry.id));
        each_once.map(|entry| entry.id.clone()).collect()
    }

    /// The scenarios with their plans and with what these snapshots have of them.
    pub(crate) fn scenarios(
        scenarios: &'a [LoadedScenario<'a>],
        plans: &'a [Plan],
        now: Side<'a>,
        then: Option<Side<'a>>,
        catchments: &[CatchmentId],
    ) -> Vec<ScenarioSource<'a>> {
        let both = scenarios.iter().zip(plans);
        let source = |(loaded, plan): (&'a LoadedScenario<'a>, &'a Plan)| {
            let name = &loaded.project.scenario.name;
            let rows = |side: Side<'a>| {
                let snapshot = side.snapshot.scenario_snapshot(name)?;
                let ids = snapshot.rows.iter().map(|row| &row.id);
                let rows = places(ids, catchments);
                Some(SnapshotRows { snapshot, rows })
            };
            let entries = loaded.basin.catchments().iter();
            ScenarioSource {
                loaded,
                plan,
                now: rows(now),
                then: then.and_then(rows),
                places: places(entries.map(|entry| &entry.id), catchments),
            }
        };
        both.map(source).collect()
    }

    /// What is missing of it, in sentences.
    pub(crate) fn notes(&self) -> Vec<String> {
        let without = |side: Option<Side<'_>>, has: &dyn Fn(&ScenarioSource<'_>) -> bool| {
            let scenarios = self.scenarios.iter().filter(|scenario| !has(scenario));
            let names = scenarios.map(|scenario| &scenario.loaded.project.scenario.name);
            let names: Vec<_> = names.filter(|name| !name.is_unnamed()).collect();
            let title = side.filter(|_| !names.is_empty())?.title;
            Some(format!(
                "There are no numbers in {title} of the scenarios that it did not have: {}.",
                first_few(&names)
            ))
        };
        let now = without(Some(self.now), &|scenario| scenario.now.is_some());
        let then = without(self.then, &|scenario| scenario.then.is_some());
        now.into_iter().chain(then).collect()
    }

    /// By catchment of the page: its place.
    pub(crate) fn places(&self) -> HashMap<&CatchmentId, usize> {
        let places = self.catchments.iter().enumerate();
        places.map(|(at, id)| (id, at)).collect()
    }
}

/// Of each wanted id its place among others.
fn places<'i>(
    ids: impl Iterator<Item = &'i CatchmentId>,
    wanted: &[CatchmentId],
) -> Vec<Option<usize>> {
    let places: HashMap<&CatchmentId, usize> = ids.enumerate().map(|(at, id)| (id, at)).collect();
    let place = |id| places.get(id).copied();
    wanted.iter().map(place).collect()
}
