//! Which catchments a run is about: those that are stale and asked for, unless some can't be run or they are too many.

use std::io::{Write, stderr};

use anyhow::{Result, bail};

use super::only;
use super::run::Arguments;
use crate::key::Key;
use crate::plan::{Plan, State, Unit};
use crate::project::OnBadInput;
use crate::session::{Session, Sessions};

/// How many catchments that can't be run are named.
const LISTED: usize = 10;

/// Why a run is not to start, if it is not.
pub(super) fn refusal(arguments: &Arguments, wanted: usize, all: usize) -> Option<String> {
    let limit = arguments.max_rerun?;
    (wanted > limit.of(all)).then(|| {
        format!("{wanted} of {all} catchments would be run, more than --max-rerun {limit} allows; `rerunoff status` tells why, a higher limit lets it go ahead")
    })
}

/// Catchments that can't be run end everything; where the project says to skip them, they are named.
pub(super) fn refuse_bad(sessions: &Sessions<'_>, plans: &[Plan]) -> Result<()> {
    let mut bad = Vec::new();
    for (session, plan) in sessions.list.iter().zip(plans) {
        for (at, entry) in plan.entries.iter().enumerate() {
            if let State::Bad(problem) = &entry.state {
                bad.push(format!("  catchment {}: {problem}", session.label(at)));
            }
        }
    }
    if bad.is_empty() {
        return Ok(());
    }
    let more = match bad.len() {
        0..=LISTED => String::new(),
        all => format!(
            "\n  and {} more; `rerunoff status --json` lists all",
            all - LISTED
        ),
    };
    let list = bad[..bad.len().min(LISTED)].join("\n") + &more;
    let all: usize = plans.iter().map(|plan| plan.entries.len()).sum();
    let (bad, project) = (bad.len(), sessions.list[0].project);
    if project.on_bad_input == OnBadInput::Skip {
        writeln!(
            stderr(),
            "{bad} of {all} catchments can't be run and are skipped:\n{list}"
        )
        .ok();
        return Ok(());
    }
    bail!(
        "{bad} of {all} catchments can't be run, so nothing was:\n{list}\n\
         Mend the input, or leave them out with `on_bad_input = \"skip\"` under [input]."
    );
}

/// The stale catchments among those asked for.
pub(super) fn wanted(
    sessions: &Sessions<'_>,
    plans: &[Plan],
    chosen: &[usize],
    chosen_ids: Option<&str>,
) -> Result<Vec<(Unit, Key)>> {
    let chosen_sessions: Vec<&Session<'_>> = chosen.iter().map(|&at| &sessions.list[at]).collect();
    let ids = chosen_ids
        .map(|ids| only::chosen(&chosen_sessions, ids))
        .transpose()?;
    let mut wanted = Vec::new();
    for (&scenario, session) in chosen.iter().zip(chosen_sessions) {
        let catchments = session.basin.catchments().iter();
        for (catchment, (entry, plan)) in catchments.zip(&plans[scenario].entries).enumerate() {
            if ids.as_ref().is_some_and(|ids| !ids.contains(&entry.id)) {
                continue;
            }
            if let (State::Stale(_), Some(key)) = (&plan.state, plan.key) {
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
