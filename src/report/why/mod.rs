//! Why a catchment is fresh or stale: every part of its key, as it was when it was last run and as it is now.
//!
//! Everything said of the past comes from the store; of the present, only this one catchment's series are read. What can't
//! be shown is named with the reason. `words.rs` puts single parts into words.

mod explained;
mod words;

use anyhow::{Context, Result};

pub(crate) use self::explained::Explained;
use self::explained::{ChangeOf, LastFailure, PartName, PartOf, StateOf};
use self::words::Words;
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
use crate::text::wording::utc;

/// How many of the last lines that a failed run printed are shown.
const TAIL_LINES: usize = 5;

/// Why the catchment at this position of the basin is in its state.
pub(crate) fn explain(
    loaded: &LoadedScenario<'_>,
    store: Option<&Store>,
    catchment: usize,
) -> Result<Explained> {
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
        key: loaded.key(catchment, &digests).map_err(Box::new),
        explanation: None,
    };
    let past = Past {
        store,
        last: last.as_ref(),
    };
    let common = Some(&mut CommonChanges::default());
    let entry = loaded.entry(catchment, &digests, &keyed, past, common)?;
    let attempts = match store {
        Some(store) => store.attempts(scenario, id)?,
        None => Vec::new(),
    };
    let mut explained = of_state(loaded, catchment, &entry, past, &attempts)?;
    explained.failure = last.and_then(|last| of_failure(loaded, catchment, &last, &attempts));
    let rendered = loaded.recipe.render(&loaded.basin, catchment);
    let (Ok(rendered), Ok(digests)) = (rendered, digests) else {
        return Ok(explained);
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
    match (&entry.state, store) {
        (State::Stale(Staleness::Changed(_)), store) => {
            let then = store.map(|store| store.parts(scenario, id)).transpose()?;
            add_changes(&mut explained, &words, &now, then.flatten())?;
        }
        _ => explained.parts = parts(&words, &now)?,
    }
    Ok(explained)
}

/// The state, with what is worth saying of it.
fn of_state(
    loaded: &LoadedScenario<'_>,
    catchment: usize,
    entry: &Entry,
    past: Past<'_>,
    attempts: &[(Digest, Attempt)],
) -> Result<Explained> {
    let key = entry.key.map(|key| key.0);
    let mut notes = Vec::new();
    let (state, reason) = match &entry.state {
        State::Fresh(_) => {
            if let Some((_, run)) = attempts
                .iter()
                .find(|(key_then, attempt)| Some(*key_then) == key && attempt.failure.is_none())
            {
                let took = seconds(run.cost.wall);
                notes.push(format!("run at {}, in {took}", utc(run.started)));
            }
            if past.last.is_none_or(|last| Some(last.key) != key) {
                notes.push(
                    "its result is from an earlier time, when all was as it is now".to_owned(),
                );
            }
            let reason = "its simulator would receive what it received when it was run";
            (StateOf::Fresh, reason.to_owned())
        }
        State::Bad(problem) => (StateOf::Bad, problem.to_string()),
        State::Stale(staleness) => {
            notes = of_staleness(loaded, past.store, staleness, key)?;
            let reason = match staleness {
                Staleness::Changed(_) => {
                    "its simulator would not receive what it received in its last run".to_owned()
                }
                other => other.to_string(),
            };
            (StateOf::Stale, reason)
        }
    };
    Ok(Explained {
        scenario: loaded.project.scenario.name.clone(),
        catchment: loaded.basin.id(catchment).clone(),
        state,
        reason,
        notes,
        failure: None,
        changes: Vec::new(),
        unchanged: Vec::new(),
        parts: Vec::new(),
    })
}

/// Adds what changed since `then`: the catchment's own parts and its recipe's, as they are stored, unless they are damaged.
fn add_changes(
    explained: &mut Explained,
    words: &Words<'_>,
    now: &Explanation,
    then: Option<(Vec<u8>, Vec<u8>)>,
) -> Result<()> {
    let Some((own, recipe)) = then else {
        let damaged = "the store's account of the last run is damaged, so all parts count as new";
        explained.notes.push(damaged.to_owned());
        return Ok(());
    };
    let read = |bytes: &[u8]| {
        postcard::from_bytes::<Explanation>(bytes)
            .context("the store's account of the last run is another version's")
    };
    let (own, recipe) = (read(&own)?, read(&recipe)?);
    let pairs = [(now, &own), (words.loaded().recipe.explanation(), &recipe)];
    explained.changes = changes(words, pairs)?;
    for (now, then) in pairs {
        let unchanged = now
            .parts()
            .filter(|(part, remembered)| then.get(part) == Some(remembered) && is_shown(part, now));
        let unchanged = unchanged.map(|(part, _)| PartName::from(part));
        explained.unchanged.extend(unchanged);
    }
    Ok(())
}

/// The parts that the key is made of.
fn parts(words: &Words<'_>, now: &Explanation) -> Result<Vec<PartOf>> {
    let mut parts = Vec::new();
    for explanation in [now, words.loaded().recipe.explanation()] {
        let shown = explanation.parts();
        for (part, remembered) in shown.filter(|(part, _)| is_shown(part, explanation)) {
            parts.push(PartOf {
                part: PartName::from(part),
                text: words.present(part, remembered)?,
            });
        }
    }
    Ok(parts)
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
            "it was run with exactly these inputs; its result was collected by `rerunoff gc`, discarded as damaged, or never completed".to_owned(),
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
                    "its stored values of {name} go from {} to {}; the project now states min {}, max {}",
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
            let note = "an earlier run of the same inputs gave a result, so it depends on something that the project does not state";
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
) -> Option<LastFailure> {
    let failure = last.failure.as_ref()?;
    let attempt = attempts.first().map(|(_, attempt)| attempt);
    let printed: Vec<&str> = attempt.map_or(Vec::new(), |attempt| attempt.tail.lines().collect());
    let end = &printed[printed.len().saturating_sub(TAIL_LINES)..];
    let id = loaded.basin.id(catchment);
    let failed_runs = FailedRuns::in_cache(&loaded.project.cache());
    let kept = failed_runs.kept(&loaded.project.scenario.name, id);
    Some(LastFailure {
        reason: failure.reason.clone(),
        started: attempt.map(|attempt| utc(attempt.started)),
        seconds: attempt.map(|attempt| attempt.cost.wall),
        tries: last.attempts,
        printed: end.iter().map(|line| (*line).to_owned()).collect(),
        work_directory: kept.map(|kept| kept.display().to_string()),
    })
}

/// The parts that differ, of the catchment's own and of its recipe's, each now and then.
fn changes(words: &Words<'_>, pairs: [(&Explanation, &Explanation); 2]) -> Result<Vec<ChangeOf>> {
    let mut changes: Vec<(Change, bool)> = Vec::new();
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
    let mut told = Vec::new();
    for (Change { part, .. }, is_common) in &changes {
        let (now, then) = pairs[usize::from(*is_common)];
        let (then, now) = (then.get(part), now.get(part));
        told.push(ChangeOf {
            part: PartName::from(part),
            text: words.change(part, then, now)?.join("\n"),
            then: words.value(part, then)?,
            now: words.value(part, now)?,
        });
    }
    Ok(told)
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
