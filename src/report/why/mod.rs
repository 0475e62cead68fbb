//! Why a catchment is fresh or stale: every part of its key, as it was when it was last run and as it is now.
//!
//! Everything said of the past comes from the store; of the present, only this one catchment's series are read. What can't
//! be shown is named with the reason. `words.rs` puts single parts into words.

mod words;

use anyhow::{Context, Result};
use jiff::Timestamp;

use crate::data::digest::Digest;
use crate::execute::local::failed_runs::FailedRuns;
use crate::inputs::BadInput;
use crate::plan::decide::{CommonChanges, Past};
use crate::plan::key::{Change, Explanation, KeyPart, leave_out_consequences};
use crate::plan::loaded::LoadedScenario;
use crate::plan::series;
use crate::plan::side_by_side::Keyed;
use crate::plan::{Entry, Staleness, State};
use crate::project::product_spec::VariableSource;
use crate::store::{Attempt, Last, Store};
use crate::system::progress::seconds;

use words::Words;

/// How many of the last lines that a failed run printed are shown.
const TAIL_LINES: usize = 5;

/// Why the catchment at this position of the basin is in its state, as lines of text.
pub(crate) fn explain(
    loaded: &LoadedScenario<'_>,
    store: Option<&Store>,
    catchment: usize,
) -> Result<Vec<String>> {
    let id = loaded.basin.id(catchment);
    let scenario = &loaded.project.scenario.name;
    let _read_transaction = store.map(Store::read_transaction).transpose()?;
    let last = match store {
        Some(store) => store.last(scenario)?.remove(id),
        None => None,
    };
    let values = loaded.read_series(catchment)?;
    let digests = (values.as_deref().map(series::digests)).map_err(BadInput::clone);
    let keyed = Keyed {
        key: loaded.key(catchment, &digests),
        explanation: None,
    };
    let past = Past {
        store,
        last: last.as_ref(),
    };
    let common = &mut CommonChanges::default();
    let entry = loaded.entry(catchment, &digests, &keyed, past, common)?;
    let attempts = match store {
        Some(store) => store.attempts(scenario, id)?,
        None => Vec::new(),
    };
    let mut lines = of_state(loaded, catchment, &entry, past, &attempts)?;
    if let Some(last) = &last {
        lines.extend(of_failure(loaded, catchment, last, &attempts));
    }
    let rendered = loaded.recipe.render(&loaded.basin, catchment);
    let (Ok(rendered), Ok(digests)) = (rendered, digests) else {
        return Ok(lines);
    };
    let now = loaded.recipe.explain(&rendered, &digests);
    let mut texts = loaded.recipe.long_texts(&rendered, &digests);
    texts.extend(loaded.recipe.common_texts(&loaded.basin));
    let words = Words::new(
        loaded,
        store,
        texts,
        values?,
        rendered.own.files().cloned().collect(),
    );
    lines.extend(match (&entry.state, store) {
        (State::Stale(Staleness::Changed(_)), Some(store)) => {
            changes(&words, &now, store.parts(scenario, id)?)?
        }
        (State::Stale(Staleness::Changed(_)), None) => changes(&words, &now, None)?,
        _ => parts(&words, &now)?,
    });
    Ok(lines)
}

/// The state in words, with what is worth saying of it.
fn of_state(
    loaded: &LoadedScenario<'_>,
    catchment: usize,
    entry: &Entry,
    past: Past<'_>,
    attempts: &[(Digest, Attempt)],
) -> Result<Vec<String>> {
    let name = loaded.label(catchment);
    let key = entry.key.map(|key| key.0);
    let mut lines = Vec::new();
    match &entry.state {
        State::Fresh(_) => {
            lines.push(format!(
                "{name} is fresh: its simulator would receive what it received when it was run"
            ));
            if let Some((_, run)) = attempts
                .iter()
                .find(|(key_then, attempt)| Some(*key_then) == key && attempt.failure.is_none())
            {
                lines.push(format!("  run {}", when(run)));
            }
            if past.last.is_none_or(|last| Some(last.key) != key) {
                lines.push(
                    "  its result is from an earlier time, when all was as it is now".to_owned(),
                );
            }
        }
        State::Bad(problem) => lines.push(format!("{name} can't be run: {problem}")),
        State::Stale(staleness) => {
            match staleness {
                Staleness::Changed(_) => lines.push(format!(
                    "{name} is stale: its simulator would not receive what it received in its last run"
                )),
                other => lines.push(format!("{name} is stale: {other}")),
            }
            lines.extend(of_staleness(loaded, past.store, staleness, key)?);
        }
    }
    Ok(lines)
}

/// What changed since `then`: the catchment's own parts and its recipe's, as they are stored, unless they are damaged.
fn changes(
    words: &Words<'_>,
    now: &Explanation,
    then: Option<(Vec<u8>, Vec<u8>)>,
) -> Result<Vec<String>> {
    let Some((own, recipe)) = then else {
        let damaged = "  the store's account of the last run is damaged, so all parts count as new";
        return Ok(vec![damaged.to_owned()]);
    };
    let read = |bytes: &[u8]| {
        postcard::from_bytes::<Explanation>(bytes)
            .context("the store's account of the last run is another version's")
    };
    let common = words.loaded().recipe.explanation();
    compare(words, now, &read(&own)?, common, &read(&recipe)?)
}

/// The parts that the key is made of.
fn parts(words: &Words<'_>, now: &Explanation) -> Result<Vec<String>> {
    let mut lines = vec!["its key is made of".to_owned()];
    for explanation in [now, words.loaded().recipe.explanation()] {
        let shown = explanation.parts();
        for (part, remembered) in shown.filter(|(part, _)| is_shown(part, explanation)) {
            lines.push(format!("  {}", words.present(part, remembered)?));
        }
    }
    Ok(lines)
}

/// What is worth saying of reasons other than a change.
fn of_staleness(
    loaded: &LoadedScenario<'_>,
    store: Option<&Store>,
    staleness: &Staleness,
    key: Option<Digest>,
) -> Result<Vec<String>> {
    Ok(match staleness {
        Staleness::Lost => vec![
            "  it was run with exactly these inputs; its result was collected by `rerunoff gc`, discarded as damaged, or never completed".to_owned(),
        ],
        Staleness::OutOfRange(name) => {
            let variable = (loaded.project.product.variables.iter())
                .find(|variable| &variable.name == name);
            let summary = match (store, key) {
                (Some(store), Some(key)) => store.summary(&key)?,
                _ => None,
            };
            let column = variable.and_then(|variable| match variable.source {
                VariableSource::Column(at) => {
                    let source = &loaded.project.simulator.columns[at].source;
                    summary?.columns.into_iter().find(|column| &column.name == source)
                }
                VariableSource::Formula(_) => None,
            });
            let text = |bound: Option<f64>| bound.map_or("none".to_owned(), |bound| bound.to_string());
            match (variable, column) {
                (Some(variable), Some(column)) => vec![format!(
                    "  its stored values of {name} go from {} to {}; the project now states min {}, max {}",
                    text(column.minimum),
                    text(column.maximum),
                    text(variable.min),
                    text(variable.max)
                )],
                _ => Vec::new(),
            }
        }
        Staleness::Failed(_) => {
            let earlier = match (store, key) {
                (Some(store), Some(key)) => store.summary(&key).ok().flatten(),
                _ => None,
            };
            let note = "  an earlier run of the same inputs gave a result, so it depends on something that the project does not state";
            earlier.map(|_| note.to_owned()).into_iter().collect()
        }
        Staleness::NeverRun | Staleness::Changed(_) => Vec::new(),
    })
}

/// The last run's failure and what is left of it, whatever has changed since.
fn of_failure(
    loaded: &LoadedScenario<'_>,
    catchment: usize,
    last: &Last,
    attempts: &[(Digest, Attempt)],
) -> Vec<String> {
    let Some(failure) = &last.failure else {
        return Vec::new();
    };
    let mut lines = vec![format!("  its last run failed: {}", failure.reason)];
    if let Some((_, attempt)) = attempts.first() {
        let times = match last.attempts {
            0 | 1 => String::new(),
            n => format!(", the last of {n} tries"),
        };
        lines.push(format!("    {}{times}", when(attempt)));
        let printed: Vec<&str> = attempt.tail.lines().collect();
        for line in &printed[printed.len().saturating_sub(TAIL_LINES)..] {
            let shown: String = (line.chars())
                .map(|c| if c.is_control() { ' ' } else { c })
                .collect();
            lines.push(format!("    | {shown}"));
        }
    }
    let id = loaded.basin.id(catchment);
    let failed_runs = FailedRuns::in_cache(&loaded.project.cache());
    if let Some(kept) = failed_runs.kept(&loaded.project.scenario.name, id) {
        lines.push(format!("    its work directory is {}", kept.display()));
    }
    lines
}

fn when(attempt: &Attempt) -> String {
    let started = Timestamp::from_second(attempt.started)
        .map(|at| at.to_string())
        .unwrap_or_default();
    let took = seconds(attempt.cost.wall);
    format!("at {started}, in {took}")
}

/// More support files than this that are as they were are only counted.
const MOST_NAMED: usize = 10;

/// The parts that differ, then the names of those that do not.
fn compare(
    words: &Words<'_>,
    own: &Explanation,
    own_then: &Explanation,
    common: &Explanation,
    common_then: &Explanation,
) -> Result<Vec<String>> {
    let mut changes: Vec<(Change, bool)> = Vec::new();
    let pairs = [(own, own_then), (common, common_then)];
    let mut all: Vec<Change> = Vec::new();
    for (now, then) in pairs {
        all.extend(now.changes_since(then));
    }
    leave_out_consequences(&mut all);
    for (is_common, (now, then)) in [false, true].into_iter().zip(pairs) {
        let here = now.changes_since(then).into_iter();
        changes.extend(
            here.filter(|change| all.contains(change))
                .map(|c| (c, is_common)),
        );
    }
    changes.sort();
    let mut lines = Vec::new();
    for (change, is_common) in &changes {
        let (now, then) = pairs[usize::from(*is_common)];
        for line in words.change(&change.part, then.get(&change.part), now.get(&change.part))? {
            lines.push(format!("  {line}"));
        }
    }
    let mut same: Vec<String> = Vec::new();
    for (now, then) in pairs {
        let unchanged = now
            .parts()
            .filter(|(part, remembered)| then.get(part) == Some(remembered) && is_shown(part, now));
        let parts: Vec<&KeyPart> = unchanged.map(|(part, _)| part).collect();
        let is_support = |part: &&&KeyPart| matches!(part, KeyPart::Support(_));
        let files = parts.iter().filter(is_support).count();
        // A deck may have thousands.
        let named = parts
            .iter()
            .filter(|part| files <= MOST_NAMED || !is_support(part));
        same.extend(named.map(|part| part.to_string()));
        same.extend((files > MOST_NAMED).then(|| format!("{files} support files")));
    }
    if !same.is_empty() {
        lines.push(format!("as it was: {}", same.join(", ")));
    }
    Ok(lines)
}

/// Whether a part deserves a line: not if other parts say the same.
fn is_shown(part: &KeyPart, explanation: &Explanation) -> bool {
    let is_there = |part: &KeyPart| explanation.get(part).is_some();
    match part {
        KeyPart::File(_) => false,
        // The common one is shown field by field; the other is the name of the output file with its headers.
        KeyPart::Output => !is_there(&KeyPart::Contract("file".to_owned())),
        _ => true,
    }
}
