//! Which catchments a run is about: those that are stale and asked for, unless some can't be run or they are too many.

use std::fmt;
use std::io::{Write, stderr};

use anyhow::Result;

use super::max_rerun::MaxRerun;
use super::summary::{Cause, FailureOf};
use crate::cli::options::only;
use crate::cli::run::Arguments;
use crate::plan::key::Key;
use crate::plan::loaded::{LoadedScenario, LoadedStudy};
use crate::plan::{Plan, State, Unit};
use crate::project::OnBadInput;

/// How many catchments that can't be run are named.
const LISTED: usize = 10;

/// More would be run than `--max-rerun` allows.
#[derive(Debug, thiserror::Error)]
#[error(
    "{would_run} of {all} catchments would be run, more than --max-rerun {limit} allows; `rerunoff status` tells why, a higher limit lets it go ahead"
)]
pub(crate) struct TooMany {
    pub would_run: usize,
    pub all: usize,
    limit: MaxRerun,
    /// Why they would be run.
    pub causes: Vec<Cause>,
}

/// Some catchments can't be run, and the project does not say to skip them.
#[derive(Debug)]
pub(crate) struct CannotRun {
    /// All of them.
    pub catchments: Vec<FailureOf>,
    all: usize,
}

impl TooMany {
    /// The error, if so many of all are too many.
    pub fn of(
        arguments: &Arguments,
        would_run: usize,
        all: usize,
        causes: &[(usize, String)],
    ) -> Option<Self> {
        let limit = arguments.max_rerun?;
        (would_run > limit.of(all)).then(|| Self {
            would_run,
            all,
            limit,
            causes: Cause::all(causes.to_vec()),
        })
    }
}

impl CannotRun {
    /// The error, if there are such catchments; where the project says to skip them, they are only named.
    pub fn of(loaded_study: &LoadedStudy<'_>, plans: &[Plan]) -> Option<Self> {
        let found = Self {
            catchments: FailureOf::bad(loaded_study.list.iter().zip(plans)),
            all: plans.iter().map(|plan| plan.entries.len()).sum(),
        };
        if found.catchments.is_empty() {
            return None;
        }
        match loaded_study.list[0].project.on_bad_input {
            OnBadInput::Fail => Some(found),
            OnBadInput::Skip => {
                let (bad, all, list) = (found.catchments.len(), found.all, found.list());
                let told = "catchments can't be run and are skipped";
                writeln!(stderr(), "{bad} of {all} {told}:\n{list}").ok();
                None
            }
        }
    }

    /// The first of them.
    fn list(&self) -> String {
        let line = |bad: &FailureOf| format!("  catchment {}: {}", bad.label(), bad.reason);
        let lines: Vec<String> = self.catchments.iter().take(LISTED).map(line).collect();
        match self.catchments.len() {
            0..=LISTED => lines.join("\n"),
            all => format!(
                "{}\n  and {} more; `rerunoff status --json` lists all",
                lines.join("\n"),
                all - LISTED
            ),
        }
    }
}

impl fmt::Display for CannotRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} of {} catchments can't be run, so nothing was:\n{}\n\
             Mend the input, or leave them out with `on_bad_input = \"skip\"` under [input].",
            self.catchments.len(),
            self.all,
            self.list()
        )
    }
}

impl std::error::Error for CannotRun {}

/// The catchments that are to be run, of those asked for: the stale ones, or with `force` the fresh ones as well.
pub(crate) fn wanted(
    loaded_study: &LoadedStudy<'_>,
    plans: &[Plan],
    chosen: &[usize],
    chosen_ids: Option<&str>,
    force: bool,
) -> Result<Vec<(Unit, Key)>> {
    let chosen_sessions: Vec<&LoadedScenario<'_>> =
        chosen.iter().map(|&at| &loaded_study.list[at]).collect();
    let ids = chosen_ids
        .map(|ids| only::chosen(&chosen_sessions, ids))
        .transpose()?;
    let mut wanted = Vec::new();
    for (&scenario, loaded) in chosen.iter().zip(chosen_sessions) {
        let catchments = loaded.basin.catchments().iter();
        for (catchment, (entry, plan)) in catchments.zip(&plans[scenario].entries).enumerate() {
            if ids.as_ref().is_some_and(|ids| !ids.contains(&entry.id)) {
                continue;
            }
            let is_wanted = match plan.state {
                State::Stale(_) => true,
                State::Fresh(_) => force,
                State::Bad(_) => false,
            };
            if let (true, Some(key)) = (is_wanted, plan.key) {
                let unit = Unit {
                    scenario,
                    catchment,
                };
                wanted.push((unit, key));
            }
        }
    }
    Ok(wanted)
}
