//! What a run cost and what is taken from it, in words.

use std::path::Path;

use jiff::Timestamp;

use crate::data::size::Size;
use crate::data::value::Value;
use crate::execute::trying::{self, Tried};
use crate::plan::loaded::LoadedScenario;
use crate::system::progress::seconds;

/// So many values of a column are shown.
const MOST_VALUES: usize = 4;

/// ` in 1.2 s, …`
pub(super) fn cost(tried: &Tried) -> String {
    match tried.trial.attempts.last() {
        None => String::new(),
        Some(attempt) => format!(
            " in {}, {} of processor time, {} of memory",
            seconds(attempt.cost.wall),
            seconds(attempt.cost.cpu()),
            Size(attempt.cost.peak_bytes)
        ),
    }
}

/// The columns that the project takes, each with its first values, or why there are none.
pub(super) fn values(loaded: &LoadedScenario<'_>, catchment: usize, tried: &Tried) -> Vec<String> {
    let Some(folder) = &tried.folder else {
        return Vec::new();
    };
    lines(loaded, catchment, folder).unwrap_or_else(|reason| vec![reason])
}

/// What these outputs give of the run in this folder, a line a column.
pub(super) fn lines(
    loaded: &LoadedScenario<'_>,
    catchment: usize,
    folder: &Path,
) -> Result<Vec<String>, String> {
    let columns = trying::columns(loaded, catchment, folder)?;
    let wanted = &loaded.project.simulator.columns;
    let lines = columns.iter().enumerate().map(|(at, (name, values))| {
        let name = wanted.get(at).map_or(name.as_str(), |column| &column.name);
        first_values(name, values)
    });
    Ok(lines.collect())
}

fn first_values(name: &str, values: &[f64]) -> String {
    // What outputs tell of times and places has names of its own.
    let times = name.strip_prefix("@time ");
    let name = match times {
        Some(axis) => format!("the times of {axis}"),
        None => name
            .strip_prefix('@')
            .map_or(name.to_owned(), |axis| format!("the places of {axis}")),
    };
    let text = |value: &f64| match times {
        _ if value.is_nan() => "missing".to_owned(),
        Some(_) => Timestamp::from_second(*value as i64).map_or(value.to_string(), |time| {
            time.strftime("%Y-%m-%dT%H:%M:%S").to_string()
        }),
        None => Value::Number(*value).to_string(),
    };
    let first: Vec<String> = values.iter().take(MOST_VALUES).map(text).collect();
    let rest = match values.len() {
        1 => String::new(),
        count if count <= MOST_VALUES => format!("  ({count} values)"),
        count => format!(", …  ({count} values)"),
    };
    format!("{name}: {}{rest}", first.join(", "))
}
