//! `rerunoff diff`: what changed between two tags or scenarios, or from the run before to the last one.

use std::io::{Write, stdout};
use std::path::Path;

use anyhow::{Context, Result};
use clap::Args;
use serde::Serialize;

use super::exit::Exit;
use super::named_snapshot::{Named, named};
use super::open::OpenProject;
use super::options::scenario::ScenarioOption;
use super::terminal::{print, print_document};
use crate::data::scenario::ScenarioName;
use crate::data::time_axis::TimeAxis;
use crate::history::difference::{Compared, Difference, Extreme, ValueChange};
use crate::plan::snapshot::{ScenarioSnapshot, Snapshot};
use crate::product::Results;
use crate::project::Study;
use crate::store::Store;
use crate::system::progress::Progress;

/// The width of the bars, in characters.
const BAR: usize = 20;

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
    /// Every catchment and variable, comma-separated
    #[arg(long)]
    csv: bool,
    /// Every catchment and variable as one JSON document
    #[arg(long, conflicts_with = "csv")]
    pub(super) json: bool,
}

#[derive(Serialize)]
struct Document<'a> {
    then: &'a str,
    now: &'a str,
    compared: usize,
    only_then: usize,
    only_now: usize,
    changes: Vec<Line<'a>>,
}

/// One variable of one catchment.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    scenario: Option<&'a str>,
    catchment: &'a str,
    variable: &'a str,
    steps_changed: usize,
    became_or_ceased_missing: usize,
    largest_absolute: Option<f64>,
    largest_absolute_time: Option<String>,
    largest_relative: Option<f64>,
    largest_relative_time: Option<String>,
}

/// One side of a comparison: a snapshot, or a single scenario of one.
struct Side {
    title: String,
    snapshot: Snapshot,
    scenario: Option<ScenarioName>,
}

impl Side {
    /// What a name means: a tag, or else a scenario as the last run left it. Without a name, a run.
    fn of(study: &Study, store: &Store, name: Option<&str>, before: usize) -> Result<Self> {
        let scenario = study.names().find(|known| Some(known.as_str()) == name);
        let is_tag = name.map(|name| store.find_tag(name)).transpose()?;
        if let (Some(scenario), None) = (scenario.filter(|_| study.is_named()), is_tag.flatten()) {
            return Ok(Self {
                title: format!("scenario {:?}", scenario.as_str()),
                snapshot: named(store, None, 0)?.snapshot,
                scenario: Some(scenario.clone()),
            });
        }
        let Named { title, snapshot } = named(store, name, before)?;
        Ok(Self {
            title,
            snapshot,
            scenario: None,
        })
    }

    /// Its scenario, or the one that the other side is about.
    fn scenario_snapshot(&self, other: &ScenarioName) -> Result<&ScenarioSnapshot> {
        let name = self.scenario.as_ref().unwrap_or(other);
        let scenario_snapshot = self.snapshot.scenario_snapshot(name);
        scenario_snapshot
            .with_context(|| format!("{}: there was no scenario {:?}", self.title, name.as_str()))
    }
}

/// Two scenario snapshots compared.
struct Pair<'a> {
    scenario: &'a ScenarioName,
    difference: Difference,
    time: TimeAxis,
    units: Vec<String>,
}

pub(super) fn diff(root: &Path, arguments: Arguments) -> Result<Exit> {
    let opened = OpenProject::at(root)?;
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
    let machine = arguments.csv || arguments.json;
    let mut pairs = Vec::with_capacity(names.len());
    for name in names {
        pairs.push(compare(study, &store, [&then, &now], name, machine)?);
    }
    // Two scenarios compared are no scenario of their own.
    let is_named = study.is_named() && then.scenario.is_none() && now.scenario.is_none();
    let mut out = stdout().lock();
    if arguments.json {
        let sum =
            |of: &dyn Fn(&Difference) -> usize| pairs.iter().map(|pair| of(&pair.difference)).sum();
        let document = Document {
            then: &then.title,
            now: &now.title,
            compared: sum(&|difference| difference.catchments.len()),
            only_then: sum(&|difference| difference.alone[0]),
            only_now: sum(&|difference| difference.alone[1]),
            changes: pairs.iter().flat_map(|pair| pair.lines(is_named)).collect(),
        };
        drop(out);
        print_document(&document)?;
    } else if arguments.csv {
        let mut writer = csv::Writer::from_writer(Vec::new());
        for line in pairs.iter().flat_map(|pair| pair.lines(is_named)) {
            writer.serialize(line).context("can't write the table")?;
        }
        drop(out);
        print(&writer.into_inner().context("can't write the table")?)?;
    } else {
        writeln!(out, "{} → {}", then.title, now.title).ok();
        let is_told = |pair: &&Pair<'_>| !is_named || pair.difference.has_changes();
        for pair in pairs.iter().filter(is_told) {
            if is_named {
                writeln!(out, "\n{}", pair.scenario).ok();
            }
            tell(pair, &mut out).ok();
        }
        let same: Vec<&str> = (pairs.iter().filter(|pair| !is_told(pair)))
            .map(|pair| pair.scenario.as_str())
            .collect();
        if !same.is_empty() {
            writeln!(out, "\nnothing changed in {}", same.join(", ")).ok();
        }
    }
    Ok(Exit::Fine)
}

fn compare<'a>(
    study: &Study,
    store: &Store,
    sides: [&Side; 2],
    name: &'a ScenarioName,
    machine: bool,
) -> Result<Pair<'a>> {
    let open = |side: &Side| {
        let scenario_snapshot = side.scenario_snapshot(name)?;
        let project = (study.scenarios.iter())
            .find(|project| project.scenario.name == scenario_snapshot.scenario)
            .with_context(|| {
                let gone = scenario_snapshot.scenario.as_str();
                format!(
                    "{}: the project has no scenario {gone:?} any more",
                    side.title
                )
            })?;
        Results::open(project, store, scenario_snapshot).with_context(|| side.title.clone())
    };
    let [then, now] = sides.map(open);
    let (then, now) = (then?, now?);
    let mut progress: Option<Progress> = None;
    let difference = Difference::between(store, &then, &now, &mut |done, total| {
        progress
            .get_or_insert_with(|| Progress::new("comparing", total, machine))
            .set(done);
    });
    drop(progress);
    let [title_then, title_now] = sides.map(|side| &side.title);
    let units = now.product.spec.variables.iter();
    Ok(Pair {
        scenario: name,
        difference: difference.with_context(|| format!("{title_then} and {title_now}"))?,
        units: units.map(|v| v.units.clone().unwrap_or_default()).collect(),
        time: now.product.time,
    })
}

impl Pair<'_> {
    fn lines(&self, is_named: bool) -> impl Iterator<Item = Line<'_>> {
        let Self {
            difference, time, ..
        } = self;
        difference.catchments.iter().flat_map(move |compared| {
            let changes = difference.variables.iter().zip(&compared.changes);
            changes.map(move |(variable, change)| Line {
                scenario: is_named.then_some(self.scenario.as_str()),
                catchment: compared.id.as_str(),
                variable,
                steps_changed: change.steps,
                became_or_ceased_missing: change.missing,
                largest_absolute: change.absolute.map(|most| most.absolute()),
                largest_absolute_time: change
                    .absolute
                    .map(|most| time.date_time(most.step).to_string()),
                largest_relative: change.relative.map(|most| most.relative()),
                largest_relative_time: change
                    .relative
                    .map(|most| time.date_time(most.step).to_string()),
            })
        })
    }
}

/// A line a variable: how many catchments changed, and where most.
fn tell(pair: &Pair<'_>, out: &mut dyn Write) -> std::io::Result<()> {
    let Pair {
        difference,
        time,
        units,
        ..
    } = pair;
    let all = difference.catchments.len();
    write!(out, "{all} catchments have results in both")?;
    let [then, now] = difference.alone;
    for (count, which) in [(then, "earlier"), (now, "later")] {
        if count > 0 {
            write!(out, ", {count} only in the {which}")?;
        }
    }
    writeln!(out)?;
    let width = difference.variables.iter().map(|name| name.chars().count());
    let width = width.max().unwrap_or(0);
    for (at, name) in difference.variables.iter().enumerate() {
        let changed = difference
            .catchments
            .iter()
            .filter(|c| c.changes[at].steps > 0);
        let changed = changed.count();
        let filled = (BAR * changed).div_ceil(all.max(1));
        let bar = "█".repeat(filled) + &"·".repeat(BAR - filled);
        let padding = " ".repeat(width - name.chars().count());
        writeln!(out, "{name}{padding}  {bar} {changed} of {all} changed")?;
        let indent = " ".repeat(width + 2);
        let most = |of: fn(&ValueChange) -> Option<Extreme>, size: fn(&Extreme) -> f64| {
            largest(&difference.catchments, at, of, size)
        };
        if let Some((id, most)) = most(|change| change.absolute, Extreme::absolute) {
            let unit = if units[at].is_empty() {
                String::new()
            } else {
                format!(" {}", units[at])
            };
            let (Extreme { step, then, now }, by) = (most, short(most.absolute()));
            writeln!(
                out,
                "{indent}most {by}{unit}: {} → {} in {id} at {}",
                short(then).trim_start_matches('+'),
                short(now).trim_start_matches('+'),
                time.date_time(step)
            )?;
        }
        if let Some((id, most)) = most(|change| change.relative, Extreme::relative) {
            let by = short(100.0 * most.relative());
            writeln!(
                out,
                "{indent}most {by} % in {id} at {}",
                time.date_time(most.step)
            )?;
        }
        let missing = difference.catchments.iter().map(|c| c.changes[at].missing);
        let missing: usize = missing.sum();
        if missing > 0 {
            writeln!(
                out,
                "{indent}{missing} values became missing or are it no more"
            )?;
        }
    }
    Ok(())
}

/// The catchment where a variable changed most; the first of several.
fn largest(
    catchments: &[Compared],
    variable: usize,
    of: fn(&ValueChange) -> Option<Extreme>,
    size: fn(&Extreme) -> f64,
) -> Option<(&crate::data::catchment::CatchmentId, Extreme)> {
    let mut found: Option<(&crate::data::catchment::CatchmentId, Extreme)> = None;
    for compared in catchments {
        if let Some(most) = of(&compared.changes[variable])
            && found.is_none_or(|(_, other)| size(&most).abs() > size(&other).abs())
        {
            found = Some((&compared.id, most));
        }
    }
    found
}

/// A number with its sign and three or four digits.
fn short(number: f64) -> String {
    match number.abs() {
        0.0 => "0".to_owned(),
        0.001..1e6 => {
            let digits = (3 - number.abs().log10().floor() as i32).clamp(0, 6) as usize;
            let text = format!("{number:+.digits$}");
            match text.contains('.') {
                true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
                false => text,
            }
        }
        _ => format!("{number:+.3e}"),
    }
}
