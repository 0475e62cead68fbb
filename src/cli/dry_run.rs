//! `rerunoff run --dry-run`: what would be run and why.

use std::io::{Write, stdout};

use anyhow::Result;

use super::jobs::cores;
use super::run::Arguments;
use super::wanted::{refusal, wanted};
use super::{Exit, import, open};
use crate::cache::Cache;
use crate::key::Key;
use crate::plan::{Unit, causes};
use crate::prediction::Prediction;
use crate::project::Study;
use crate::session::Sessions;
use crate::store::Store;
use crate::update::Work;

/// Plans and tells, and touches nothing: not even a cache folder is made.
pub(super) fn dry_run(study: &Study, chosen: &[usize], arguments: &Arguments) -> Result<Exit> {
    let project = study.common();
    let store = Cache::of(project).store_to_read()?;
    import::before_look(project, store.as_ref())?;
    let sessions = open(study, store.as_ref(), arguments.rehash, arguments.quiet)?;
    let force = |at| arguments.force && chosen.contains(&at);
    let (plans, _) = sessions.plan(store.as_ref(), &force)?;
    let wanted = wanted(&sessions, &plans, chosen, arguments.only.as_deref())?;
    let work = Work::of(&wanted);
    let entry = |(unit, _): &(Unit, Key)| &plans[unit.scenario].entries[unit.catchment];
    let causes = match arguments.only {
        Some(_) => causes(wanted.iter().map(entry)),
        None => causes(chosen.iter().flat_map(|&at| &plans[at].entries)),
    };
    let prediction = match &store {
        Some(store) => prediction(store, &sessions, &work, cores(arguments.jobs))?,
        None => None,
    };
    let all: usize = chosen.iter().map(|&at| plans[at].entries.len()).sum();
    let refusal = refusal(arguments, work.runs(), all);
    let exit = match refusal {
        Some(_) => Exit::Refused,
        None => Exit::Fine,
    };
    if arguments.json {
        let causes = causes.into_iter();
        let document = serde_json::json!({
            "catchments": all,
            "would_run": work.runs(),
            "causes": causes
                .map(|(count, cause)| serde_json::json!({"count": count, "cause": cause}))
                .collect::<Vec<_>>(),
            "prediction": prediction,
            "refused": refusal,
        });
        writeln!(stdout(), "{document:#}").ok();
        return Ok(exit);
    }
    let mut out = stdout().lock();
    writeln!(out, "would run {} of {all}", work.runs()).ok();
    for (count, cause) in causes {
        writeln!(out, "{count:>7} {cause}").ok();
    }
    if let Some(prediction) = prediction {
        writeln!(out, "        to run: {prediction}").ok();
    }
    if let Some(refusal) = refusal {
        writeln!(out, "a run would refuse to start: {refusal}").ok();
    }
    Ok(exit)
}

/// How long the work will take.
pub(super) fn prediction(
    store: &Store,
    sessions: &Sessions<'_>,
    work: &Work,
    workers: usize,
) -> Result<Option<Prediction>> {
    let name = |unit: Unit| {
        let session = &sessions.list[unit.scenario];
        let id = session.basin.id(unit.catchment);
        (session.project.scenario.name.clone(), id.clone())
    };
    let units: Vec<_> = work.units().map(name).collect();
    Prediction::of(store, &units, workers)
}
