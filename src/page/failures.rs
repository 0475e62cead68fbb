//! Catchments without a result on a page, those with the same reason together, with what one of them printed and how to look again.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::path::Path;

use anyhow::Result;
use schemars::JsonSchema;
use serde::Serialize;

use super::sources::Sources;
use crate::data::catchment::CatchmentId;
use crate::data::scenario::ScenarioName;
use crate::execute::giving_up::masked;
use crate::execute::local::failed_runs::FailedRuns;
use crate::plan::{Staleness, State};
use crate::text::shell;

/// Among so many of a group one is looked for whose work directory is kept.
const LOOKED_AT: usize = 200;

/// Catchments that failed, or can't be run, for the same reason.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct FailureGroup {
    /// In words, with `{id}` where their ids are.
    pub reason: String,
    /// All of them.
    pub units: Vec<PageUnit>,
    /// The one of them that the rest is about.
    pub example: PageUnit,
    /// The end of what it printed; empty if nothing.
    pub printed: String,
    /// The folder that is kept of its last run, seen from that of the project; `null` if none is.
    pub work_directory: Option<String>,
    /// The command that makes its work directory anew, to run it by hand; `null` if it can't be run.
    pub reproduce: Option<String>,
}

/// A catchment in a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct PageUnit {
    /// The catchment, by its place among the page's.
    pub catchment: usize,
    /// The scenario, by its place among the page's.
    pub scenario: usize,
}

impl FailureGroup {
    /// Those that failed when they were last run, the most frequent reason first.
    pub(super) fn failed(sources: &Sources<'_>) -> Result<Vec<Self>> {
        let failed = |state: &State| match state {
            State::Stale(Staleness::Failed(reason)) => Some(reason.clone()),
            State::Fresh(_) | State::Stale(_) | State::Bad(_) => None,
        };
        let mut groups = grouped(sources, &failed);
        let failed_runs = FailedRuns::in_cache(sources.cache);
        for group in &mut groups {
            let kept = |unit: &PageUnit| {
                let (scenario, id) = names(sources, *unit);
                failed_runs.kept(scenario, id)
            };
            let mut looked_at = group.units.iter().take(LOOKED_AT);
            let found = looked_at.find_map(|unit| Some((*unit, kept(unit)?)));
            if let Some((unit, folder)) = found {
                group.example = unit;
                let root = sources.cache.parent().unwrap_or(Path::new(""));
                let folder = folder.strip_prefix(root).ok();
                group.work_directory = folder.map(|folder| folder.display().to_string());
            }
            let (scenario, id) = names(sources, group.example);
            let attempts = sources.store.attempts(scenario, id)?;
            let latest = attempts.first();
            group.printed = latest.map_or(String::new(), |(_, latest)| printable(&latest.tail));
            group.reproduce = Some(reproduce(scenario, id));
        }
        Ok(groups)
    }

    /// Those that can't be run.
    pub(super) fn bad(sources: &Sources<'_>) -> Vec<Self> {
        grouped(sources, &|state| match state {
            State::Bad(problem) => Some(problem.to_string()),
            State::Fresh(_) | State::Stale(_) => None,
        })
    }
}

/// The catchments for which there is a reason, those with the same together, the most frequent reason first.
fn grouped(sources: &Sources<'_>, reason: &dyn Fn(&State) -> Option<String>) -> Vec<FailureGroup> {
    let mut groups: Vec<FailureGroup> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for (scenario, source) in sources.scenarios.iter().enumerate() {
        for (catchment, place) in source.places.iter().enumerate() {
            let entry = place.map(|place| &source.plan.entries[place]);
            let Some(reason) = entry.and_then(|entry| reason(&entry.state)) else {
                continue;
            };
            let reason = masked(&reason, &sources.catchments[catchment]);
            let unit = PageUnit {
                catchment,
                scenario,
            };
            let at = *known.entry(reason.clone()).or_insert(groups.len());
            match groups.get_mut(at) {
                Some(group) => group.units.push(unit),
                None => groups.push(FailureGroup {
                    reason,
                    units: vec![unit],
                    example: unit,
                    printed: String::new(),
                    work_directory: None,
                    reproduce: None,
                }),
            }
        }
    }
    groups.sort_by_key(|group| Reverse(group.units.len()));
    groups
}

/// The scenario and the id of a catchment.
fn names<'a>(sources: &'a Sources<'_>, unit: PageUnit) -> (&'a ScenarioName, &'a CatchmentId) {
    let project = sources.scenarios[unit.scenario].loaded.project;
    (&project.scenario.name, &sources.catchments[unit.catchment])
}

/// A text without characters that are no text.
fn printable(text: &str) -> String {
    let is_text = |c: &char| !c.is_control() || matches!(c, '\n' | '\t');
    let text: String = text.chars().filter(is_text).collect();
    text.trim_end().to_owned()
}

/// The command that makes a catchment's work directory anew.
fn reproduce(scenario: &ScenarioName, id: &CatchmentId) -> String {
    let folder = format!("repro-{}", scenario.file_name(id));
    let mut words = vec!["rerunoff", "repro", id.as_str(), &folder];
    if !scenario.is_unnamed() {
        words.extend(["--scenario", scenario.as_str()]);
    }
    shell::line(&words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_takes_any_id() {
        let of = |scenario: &str, id: &str| {
            let scenario = match scenario {
                "" => ScenarioName::UNNAMED,
                name => ScenarioName::new(name).expect("a name"),
            };
            reproduce(&scenario, &CatchmentId::new(id))
        };
        assert_eq!(of("", "70007"), "rerunoff repro 70007 repro-70007");
        assert_eq!(
            of("k=1", "-rf; it's"),
            r"rerunoff repro '-rf; it'\''s' repro-k%3d1@%2drf%3b%20it%27s --scenario k=1"
        );
    }

    #[test]
    fn what_was_printed_is_text() {
        assert_eq!(printable("a\x1b[31m\tb\r\n\0\n"), "a[31m\tb");
    }
}
