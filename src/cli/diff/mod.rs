//! `rerunoff diff`: what changed between two tags or scenarios, or from the run before to the last one.
//!
//! Here is what is compared with what; how it is printed is in [`text`] for people, with pictures in [`plot`], and in [`table`] for machines.

mod objectives;
mod plot;
mod table;
mod text;

use std::io::stdout;

use anyhow::{Context, Result};
use clap::Args;

use self::objectives::ObjectiveChange;
use self::plot::Pictured;
pub(super) use self::table::Document;
use super::exit::Exit;
use super::named_snapshot::{Named, named};
use super::open::ProjectPlace;
use super::options::jobs::cores;
use super::options::plot::PlotOption;
use super::options::scenario::ScenarioOption;
use crate::data::objective::ObjectiveNumbers;
use crate::data::scenario::ScenarioName;
use crate::history::difference::Difference;
use crate::plan::snapshot::{ScenarioSnapshot, Snapshot};
use crate::product::file::{AxisGroup, ProductContent};
use crate::product::{SnapshotResults, numbers, positions};
use crate::project::{Project, Study};
use crate::store::Store;
use crate::system::progress::Progress;

#[derive(Args)]
pub(super) struct Arguments {
    /// The tag or scenario to compare with [default: the run before the last]
    #[arg(value_name = "A")]
    then: Option<String>,
    /// The tag or scenario to compare [default: the last run]
    #[arg(value_name = "B")]
    now: Option<String>,
    #[command(flatten)]
    scenarios: ScenarioOption,
    #[command(flatten)]
    plot: PlotOption,
    /// Every catchment and variable, comma-separated
    #[arg(long)]
    csv: bool,
    /// Every catchment and variable as one JSON document
    #[arg(long, conflicts_with = "csv")]
    pub(super) json: bool,
}

/// One side of a comparison: a snapshot, or a single scenario of one.
struct Side {
    /// With times in UTC, for documents.
    title: String,
    /// With times as people read them, for all else, messages of errors too.
    shown: String,
    snapshot: Snapshot,
    scenario: Option<ScenarioName>,
}

impl Side {
    /// The side that a name means: a tag, or else a scenario as the last run left it. Without a name, a run.
    fn of(study: &Study, store: &Store, name: Option<&str>, before: usize) -> Result<Self> {
        let scenario = study.names().find(|known| Some(known.as_str()) == name);
        let is_tag = name.map(|name| store.find_tag(name)).transpose()?;
        if let (Some(scenario), None) = (scenario.filter(|_| study.is_named()), is_tag.flatten()) {
            let title = format!("scenario {:?}", scenario.as_str());
            return Ok(Self {
                shown: title.clone(),
                title,
                snapshot: named(store, None, 0)?.snapshot,
                scenario: Some(scenario.clone()),
            });
        }
        let Named {
            title,
            shown,
            snapshot,
        } = named(store, name, before)?;
        Ok(Self {
            title,
            shown,
            snapshot,
            scenario: None,
        })
    }

    /// Its scenario, or the one that the other side is about.
    fn scenario_snapshot(&self, other: &ScenarioName) -> Result<&ScenarioSnapshot> {
        let name = self.scenario.as_ref().unwrap_or(other);
        let scenario_snapshot = self.snapshot.scenario_snapshot(name);
        scenario_snapshot
            .with_context(|| format!("{}: there was no scenario {:?}", self.shown, name.as_str()))
    }
}

/// All that was compared.
struct Comparison<'a> {
    then: &'a str,
    now: &'a str,
    pairs: Vec<Pair<'a>>,
    /// Whether the pairs have scenarios' names.
    is_named: bool,
}

/// Two scenario snapshots compared.
struct Pair<'a> {
    scenario: &'a ScenarioName,
    difference: Difference,
    /// What the later one's product holds, without its catchments.
    product: ProductContent,
    units: Vec<String>,
    objectives: Vec<ObjectiveChange>,
    /// The variables that only one of the two has, or none, as results are older than they.
    not_compared: Vec<String>,
    /// What is to be drawn, if anything is.
    pictured: Option<Pictured>,
}

impl Pair<'_> {
    /// Where a value of a variable is, in words: its time, its place along a further dimension.
    fn place(&self, groups: &[AxisGroup<'_>], variable: usize, step: usize) -> Place {
        let mut groups = groups.iter();
        let group = groups.find(|group| group.variables.contains(&variable));
        let [time, place] = group.map(|group| group.labels(step)).unwrap_or_default();
        let name = group.and_then(|group| group.axes.dimension.as_deref());
        let along = name
            .zip(place)
            .map(|(name, place)| format!("{name} {place}"));
        Place { time, along }
    }
}

/// Where a value is, as far as it has a place.
struct Place {
    /// Its time.
    time: Option<String>,
    /// The dimension and its place along it.
    along: Option<String>,
}

pub(super) fn diff(place: &ProjectPlace, arguments: Arguments) -> Result<Exit> {
    let opened = place.open()?;
    let study = &opened.study;
    let store = (opened.store_to_read()?)
        .context("nothing has been run yet, so there is nothing to compare")?;
    let then = Side::of(study, &store, arguments.then.as_deref(), 1)?;
    let now = Side::of(study, &store, arguments.now.as_deref(), 0)?;
    let chosen = arguments.scenarios.of(study)?;
    let one = now.scenario.as_ref().or(then.scenario.as_ref());
    let names: Vec<&ScenarioName> = match one {
        Some(name) => vec![name],
        None => {
            let names: Vec<&ScenarioName> = study.names().collect();
            chosen.iter().map(|&at| names[at]).collect()
        }
    };
    let quiet = arguments.csv || arguments.json;
    let columns = arguments.plot.columns();
    let mut pairs = Vec::with_capacity(names.len());
    for name in names {
        pairs.push(compare(study, &store, [&then, &now], name, quiet, columns)?);
    }
    // A pair of two scenarios has no name of its own.
    let is_named = study.is_named() && then.scenario.is_none() && now.scenario.is_none();
    let titles = [&then, &now].map(|side| match quiet {
        true => side.title.as_str(),
        false => side.shown.as_str(),
    });
    let comparison = Comparison {
        then: titles[0],
        now: titles[1],
        pairs,
        is_named,
    };
    match (arguments.json, arguments.csv) {
        (true, _) => comparison.print_document()?,
        (false, true) => comparison.print_csv()?,
        (false, false) => drop(comparison.print(&mut stdout().lock()).ok()),
    }
    Ok(Exit::Fine)
}

/// The project in the scenario of a side's snapshot.
fn project_of<'s>(
    study: &'s Study,
    side: &Side,
    scenario_snapshot: &ScenarioSnapshot,
) -> Result<&'s Project> {
    let mut scenarios = study.scenarios.iter();
    let found = scenarios.find(|project| project.scenario.name == scenario_snapshot.scenario);
    found.with_context(|| {
        let gone = scenario_snapshot.scenario.as_str();
        format!(
            "{}: the project has no scenario {gone:?} any more",
            side.shown
        )
    })
}

/// A scenario of a side.
struct Opened<'a> {
    project: &'a Project,
    scenario_snapshot: &'a ScenarioSnapshot,
    results: SnapshotResults,
}

impl<'a> Opened<'a> {
    fn of(study: &'a Study, store: &Store, side: &'a Side, name: &ScenarioName) -> Result<Self> {
        let scenario_snapshot = side.scenario_snapshot(name)?;
        let project = project_of(study, side, scenario_snapshot)?;
        let results = SnapshotResults::open(project, store, scenario_snapshot);
        Ok(Self {
            project,
            scenario_snapshot,
            results: results.with_context(|| side.shown.clone())?,
        })
    }

    /// What its objectives come to.
    fn objectives(&self, store: &Store) -> Result<Vec<ObjectiveNumbers>> {
        let (project, scenario_snapshot) = (self.project, self.scenario_snapshot);
        numbers::objectives(
            project,
            scenario_snapshot,
            &self.results,
            store,
            cores(None),
        )
    }
}

/// Compares one scenario of both sides; with `quiet`, without a progress bar. With `columns`, pictures of that width are to be drawn.
fn compare<'a>(
    study: &Study,
    store: &Store,
    sides: [&Side; 2],
    name: &'a ScenarioName,
    quiet: bool,
    columns: Option<usize>,
) -> Result<Pair<'a>> {
    let [then, now] = sides.map(|side| Opened::of(study, store, side, name));
    let (mut then, mut now) = (then?, now?);
    let not_compared = then.results.keep_common(&mut now.results);
    let mut progress: Option<Progress> = None;
    let difference = Difference::between(store, &then.results, &now.results, &mut |done, total| {
        progress
            .get_or_insert_with(|| Progress::new("comparing", total, quiet))
            .set(done);
    });
    drop(progress);
    let objectives = ObjectiveChange::between(then.objectives(store)?, now.objectives(store)?);
    let [shown_then, shown_now] = sides.map(|side| &side.shown);
    let difference = difference.with_context(|| format!("{shown_then} and {shown_now}"))?;
    let pictured = match columns.filter(|_| difference.has_changes()) {
        None => None,
        Some(columns) => {
            let positions = positions::positions(now.project, now.scenario_snapshot);
            let results = [&then.results, &now.results];
            let pictured = Pictured::of(store, results, &difference, positions, columns);
            Some(pictured?)
        }
    };
    let mut product = now.results.product;
    product.catchments = Vec::new();
    let units = product.spec.variables.iter();
    Ok(Pair {
        objectives,
        not_compared,
        scenario: name,
        difference,
        units: units.map(|v| v.units.clone().unwrap_or_default()).collect(),
        product,
        pictured,
    })
}
