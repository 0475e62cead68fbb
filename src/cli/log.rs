//! `rerunoff log`: how the last runs of one catchment went.

use std::io::{self, Write, stdout};
use std::path::Path;

use anyhow::Result;
use clap::Args;

use super::exit::{Exit, Usage};
use super::log_document::{CatchmentLog, Document};
use super::open::ProjectPlace;
use super::options::scenario::ScenarioOption;
use super::terminal::print_document;
use crate::data::catchment::CatchmentId;
use crate::data::digest::Digest;
use crate::data::machine::Machine;
use crate::data::scenario::ScenarioName;
use crate::execute::local::failed_runs::FailedRuns;
use crate::store::{Attempt, Last};
use crate::system::machine;
use crate::system::progress::seconds;
use crate::text::wording::{here, utc};

#[derive(Args)]
pub(super) struct Arguments {
    /// The catchment
    #[arg(value_name = "ID", allow_hyphen_values = true)]
    catchment: String,
    #[command(flatten)]
    scenarios: ScenarioOption,
    /// One JSON document instead of text
    #[arg(long)]
    json: bool,
}

pub(super) fn log(place: &ProjectPlace, arguments: Arguments) -> Result<Exit> {
    let opened = place.open()?;
    let study = &opened.study;
    let chosen = arguments.scenarios.of(study)?;
    let id = CatchmentId::new(&arguments.catchment);
    let store = opened.store_to_read()?;
    let mut is_known = false;
    let mut document = Document::default();
    for scenario in chosen.iter().map(|&at| &study.scenarios[at].scenario.name) {
        let Some(store) = &store else { break };
        let Some(last) = store.last(scenario)?.remove(&id) else {
            continue;
        };
        is_known = true;
        let attempts = store.attempts(scenario, &id)?;
        let made_on = store.made_on(&last.key)?;
        let kept = FailedRuns::in_cache(opened.cache.folder()).kept(scenario, &id);
        let kept = kept.map(|kept| kept.display().to_string());
        if arguments.json {
            let log = CatchmentLog::new(scenario, &id, &last, attempts, made_on, kept);
            document.catchments.push(log);
            continue;
        }
        let label = scenario.label(&id);
        print(
            &label,
            &last,
            &attempts,
            &made_on,
            kept.as_deref(),
            &mut stdout().lock(),
        )
        .ok();
    }
    if let Some(store) = &store {
        let attempts = store.attempts(&ScenarioName::PASSING, &id)?;
        let failed_runs = FailedRuns::in_cache(opened.cache.folder());
        let kept = failed_runs.kept(&ScenarioName::PASSING, &id);
        is_known |= !attempts.is_empty();
        if arguments.json {
            document.set_passing(attempts, kept);
        } else {
            print_passing(&id, &attempts, kept.as_deref(), &mut stdout().lock()).ok();
        }
    }
    if !is_known {
        let hint = "`rerunoff status` tells what is there";
        return Err(Usage(format!("catchment {id:?} was never run; {hint}")).into());
    }
    if arguments.json {
        print_document(&document)?;
    }
    Ok(Exit::Fine)
}

fn print(
    label: &str,
    last: &Last,
    attempts: &[(Digest, Attempt)],
    made_on: &Machine,
    kept: Option<&str>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let latest = attempts.first();
    let places = Places::of(attempts);
    let is_its_own =
        latest.is_some_and(|(key, attempt)| *key == last.key && attempt.failure.is_none());
    match &last.failure {
        Some(failure) => writeln!(out, "catchment {label} failed: {}", failure.reason)?,
        None if is_its_own => writeln!(out, "catchment {label}: went well")?,
        // Its result is not that of the latest attempt.
        None => {
            let elsewhere = made_on.is_known() && made_on != machine::this();
            let place = match elsewhere {
                true => format!(", made on {made_on}"),
                false => String::new(),
            };
            writeln!(
                out,
                "catchment {label}: has the result of an earlier run with the same inputs{place}"
            )?
        }
    }
    if let Some(kept) = kept {
        writeln!(out, "its work directory is kept in {kept}")?;
    }
    for (key, attempt) in attempts {
        let inputs = if *key == last.key {
            ""
        } else {
            " (with other inputs)"
        };
        print_attempt(attempt, inputs, &places, out)?;
    }
    print_end(latest, out)
}

/// What failed with values that are not the project's, in `run --as` and `evaluate`; nothing if nothing did.
fn print_passing(
    id: &CatchmentId,
    attempts: &[(Digest, Attempt)],
    kept: Option<&Path>,
    out: &mut dyn Write,
) -> io::Result<()> {
    if attempts.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "catchment {id} failed with other values than the project's (`run --as`, `evaluate`):"
    )?;
    if let Some(kept) = kept {
        let kept = kept.display();
        writeln!(
            out,
            "the work directory of the last such run is kept in {kept}"
        )?;
    }
    let places = Places::of(attempts);
    for (_, attempt) in attempts {
        print_attempt(attempt, "", &places, out)?;
    }
    print_end(attempts.first(), out)
}

/// One attempt in a line.
fn print_attempt(
    attempt: &Attempt,
    inputs: &str,
    places: &Places,
    out: &mut dyn Write,
) -> io::Result<()> {
    let outcome = attempt
        .failure
        .as_ref()
        .map_or("good", |failure| failure.reason.as_str());
    writeln!(
        out,
        "  {}  {outcome}{inputs}; {}, {} of processor time, {:.1} MB{}",
        here(&utc(attempt.started)),
        seconds(attempt.cost.wall),
        seconds(attempt.cost.cpu()),
        attempt.cost.peak_bytes as f64 / 1e6,
        places.of_attempt(attempt)
    )
}

/// The end of what the latest attempt printed.
fn print_end(latest: Option<&(Digest, Attempt)>, out: &mut dyn Write) -> io::Result<()> {
    match latest {
        None => writeln!(
            out,
            "it has not been run here: its result was there already"
        ),
        Some((_, latest)) if latest.tail.trim().is_empty() => writeln!(out, "it printed nothing"),
        Some((_, latest)) => {
            writeln!(out, "the end of what it printed:")?;
            // Control characters could do anything to a terminal.
            let is_safe = |c: &char| !c.is_control() || matches!(c, '\n' | '\t');
            let text: String = latest.tail.chars().filter(is_safe).collect();
            writeln!(out, "{}", text.trim_end())
        }
    }
}

/// How much is said of where attempts ran: nothing as long as all did so here, no class as long as all are of this one.
struct Places {
    hosts: bool,
    classes: bool,
}

impl Places {
    fn of(attempts: &[(Digest, Attempt)]) -> Self {
        let here = machine::this();
        let machines = attempts.iter().map(|(_, attempt)| &attempt.machine);
        let known: Vec<&Machine> = machines.filter(|machine| machine.is_known()).collect();
        Self {
            hosts: known.iter().any(|machine| machine.host != here.host),
            classes: known.iter().any(|machine| machine.class != here.class),
        }
    }

    /// `, on node7 (x86_64-v4, …)`.
    fn of_attempt(&self, attempt: &Attempt) -> String {
        let machine = &attempt.machine;
        match machine.is_known() {
            true if self.classes => format!(", on {machine}"),
            true if self.hosts => format!(", on {}", machine.host),
            _ => String::new(),
        }
    }
}
