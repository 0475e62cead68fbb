//! `rerunoff diff`: what changed between two tags, or from the run before to the last one.

use std::io::{Write, stdout};
use std::path::Path;

use anyhow::{Context, Result};
use clap::Args;
use serde::Serialize;

use super::tag::{Named, named};
use super::{Exit, print};
use crate::assembly::Results;
use crate::cache::Cache;
use crate::difference::{Change, Compared, Difference, Extreme};
use crate::progress::Progress;
use crate::project::Project;
use crate::time_axis::TimeAxis;

/// The width of the bars, in characters.
const BAR: usize = 20;

#[derive(Args)]
pub(super) struct Arguments {
    /// The tag to compare with [default: the run before the last]
    #[arg(value_name = "A")]
    then: Option<String>,
    /// The tag to compare [default: the last run]
    #[arg(value_name = "B")]
    now: Option<String>,
    /// Every catchment and variable, comma-separated
    #[arg(long)]
    csv: bool,
    /// Every catchment and variable as one JSON document
    #[arg(long, conflicts_with = "csv")]
    json: bool,
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
    catchment: &'a str,
    variable: &'a str,
    steps_changed: usize,
    became_or_ceased_missing: usize,
    largest_absolute: Option<f64>,
    largest_absolute_time: Option<String>,
    largest_relative: Option<f64>,
    largest_relative_time: Option<String>,
}

pub(super) fn diff(root: &Path, arguments: Arguments) -> Result<Exit> {
    let project = Project::load(root)?;
    let store = Cache::of(&project)
        .store_to_read()?
        .context("nothing has been run yet, so there is nothing to compare")?;
    let then = named(&store, arguments.then.as_deref(), 1)?;
    let now = named(&store, arguments.now.as_deref(), 0)?;
    let open = |named: &Named| {
        Results::open(&project, &store, &named.moment).with_context(|| named.title.clone())
    };
    let (results_then, results_now) = (open(&then)?, open(&now)?);
    let machine = arguments.csv || arguments.json;
    let mut progress: Option<Progress> = None;
    let difference =
        Difference::between(&store, &results_then, &results_now, &mut |done, total| {
            progress
                .get_or_insert_with(|| Progress::new("comparing", total, machine))
                .set(done);
        });
    drop(progress);
    let difference = difference.with_context(|| format!("{} and {}", then.title, now.title))?;
    let time = &results_now.spec.time;
    let mut out = stdout().lock();
    if arguments.json {
        let document = Document {
            then: &then.title,
            now: &now.title,
            compared: difference.catchments.len(),
            only_then: difference.alone[0],
            only_now: difference.alone[1],
            changes: lines(&difference, time).collect(),
        };
        writeln!(out, "{}", serde_json::to_string_pretty(&document)?).ok();
    } else if arguments.csv {
        let mut writer = csv::Writer::from_writer(Vec::new());
        for line in lines(&difference, time) {
            writer.serialize(line).context("can't write the table")?;
        }
        drop(out);
        print(&writer.into_inner().context("can't write the table")?)?;
    } else {
        writeln!(out, "{} → {}", then.title, now.title).ok();
        let units = results_now.spec.variables.iter();
        let units: Vec<&str> = units.map(|v| v.units.as_deref().unwrap_or("")).collect();
        tell(&difference, time, &units, &mut out).ok();
    }
    Ok(Exit::Fine)
}

fn lines<'a>(difference: &'a Difference, time: &'a TimeAxis) -> impl Iterator<Item = Line<'a>> {
    difference.catchments.iter().flat_map(move |compared| {
        let changes = difference.variables.iter().zip(&compared.changes);
        changes.map(move |(variable, change)| Line {
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

/// A line a variable: how many catchments changed, and where most.
fn tell(
    difference: &Difference,
    time: &TimeAxis,
    units: &[&str],
    out: &mut dyn Write,
) -> std::io::Result<()> {
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
        let most = |of: fn(&Change) -> Option<Extreme>, size: fn(&Extreme) -> f64| {
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
    of: fn(&Change) -> Option<Extreme>,
    size: fn(&Extreme) -> f64,
) -> Option<(&crate::catchment::CatchmentId, Extreme)> {
    let mut found: Option<(&crate::catchment::CatchmentId, Extreme)> = None;
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
