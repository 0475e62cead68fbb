//! Why a run does not start: catchments that can't be run, or more to run than is allowed.

use std::fmt;
use std::io::{Write, stderr};

use super::document::{Cause, FailureOf};
use super::options::max_rerun::MaxRerun;
use crate::plan::Plan;
use crate::plan::loaded::{LoadedScenario, LoadedStudy};
use crate::project::OnBadInput;

/// How many catchments that can't be run are named.
const LISTED: usize = 10;

/// More would be run than `--max-rerun` allows.
#[derive(Debug, thiserror::Error)]
#[error(
    "{would_run} of {all} catchments would be run, more than --max-rerun {limit} allows; `rerunoff status` tells why, a higher limit lets it go ahead"
)]
pub(super) struct TooMany {
    pub would_run: usize,
    pub all: usize,
    limit: MaxRerun,
    /// Why they would be run.
    pub causes: Vec<Cause>,
}

/// Some catchments can't be run, and the project does not say to skip them.
#[derive(Debug)]
pub(super) struct CannotRun {
    /// All of them.
    pub catchments: Vec<FailureOf>,
    all: usize,
}

impl TooMany {
    /// The error, if the limit allows less.
    pub(super) fn of(
        limit: Option<MaxRerun>,
        would_run: usize,
        all: usize,
        causes: &[(usize, String)],
    ) -> Option<Self> {
        let limit = limit?;
        (would_run > limit.of(all)).then(|| Self {
            would_run,
            all,
            limit,
            causes: Cause::all(causes.to_vec()),
        })
    }
}

impl CannotRun {
    /// The error, if there are any. Where the project says to skip them, they are only listed on standard error.
    pub(super) fn of(loaded_study: &LoadedStudy<'_>, plans: &[Plan]) -> Option<Self> {
        let found = Self {
            catchments: FailureOf::bad(loaded_study.list.iter().zip(plans)),
            all: plans.iter().map(|plan| plan.entries.len()).sum(),
        };
        found.unless_skipped(loaded_study.list[0].project.on_bad_input)
    }

    /// The same of those of one scenario whose own files are not as they should be.
    pub(super) fn for_own_files(loaded: &LoadedScenario<'_>) -> Option<Self> {
        if !loaded.recipe.has_own_files() {
            return None;
        }
        let all = loaded.basin.catchments().len();
        let bad = (0..all).filter_map(|catchment| {
            let problem = loaded.recipe.render(&loaded.basin, catchment).err()?;
            Some(FailureOf::new(loaded, catchment, problem.to_string()))
        });
        let catchments = bad.collect();
        Self { catchments, all }.unless_skipped(loaded.project.on_bad_input)
    }

    fn unless_skipped(self, on_bad_input: OnBadInput) -> Option<Self> {
        if self.catchments.is_empty() {
            return None;
        }
        match on_bad_input {
            OnBadInput::Fail => Some(self),
            OnBadInput::Skip => {
                let (bad, all, list) = (self.catchments.len(), self.all, self.list());
                let told = "catchments can't be run and are skipped";
                writeln!(stderr(), "{bad} of {all} {told}:\n{list}").ok();
                None
            }
        }
    }

    /// The first of them, one a line.
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
