//! `rerunoff log`: how the last runs of one catchment went.

use std::io::{self, Write, stdout};
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use jiff::Timestamp;

use super::{Exit, Usage};
use crate::cache::Cache;
use crate::catchment::CatchmentId;
use crate::digest::Digest;
use crate::progress::duration;
use crate::project::Project;
use crate::store::{Attempt, Last};

#[derive(Args)]
pub(super) struct Arguments {
    /// The catchment
    #[arg(value_name = "ID", allow_hyphen_values = true)]
    catchment: String,
}

pub(super) fn log(root: &Path, arguments: Arguments) -> Result<Exit> {
    let project = Project::load(root)?;
    let cache = Cache::of(&project);
    let id = CatchmentId::new(&arguments.catchment);
    let mut known = None;
    if let Some(store) = cache.store_to_read()? {
        let last = store.last()?.remove(&id);
        known = last
            .map(|last| Ok::<_, anyhow::Error>((last, store.attempts(&id)?)))
            .transpose()?;
    }
    let Some((last, attempts)) = known else {
        let hint = "`rerunoff status` tells what is there";
        return Err(Usage(format!("catchment {id:?} was never run; {hint}")).into());
    };
    let kept = cache.failed().path(&id);
    let kept = kept.exists().then(|| kept.display().to_string());
    tell(&id, &last, &attempts, kept.as_deref(), &mut stdout().lock()).ok();
    Ok(Exit::Fine)
}

fn tell(
    id: &CatchmentId,
    last: &Last,
    attempts: &[(Digest, Attempt)],
    kept: Option<&str>,
    out: &mut dyn Write,
) -> io::Result<()> {
    match &last.failure {
        Some(failure) => writeln!(out, "catchment {id} failed: {}", failure.reason)?,
        None => writeln!(out, "catchment {id}: went well")?,
    }
    if let Some(kept) = kept {
        writeln!(out, "its work directory is kept in {kept}")?;
    }
    for (key, attempt) in attempts {
        let started = Timestamp::from_second(attempt.started).unwrap_or_default();
        let outcome = attempt
            .failure
            .as_ref()
            .map_or("good", |failure| failure.reason.as_str());
        let inputs = if *key == last.key {
            ""
        } else {
            " (with other inputs)"
        };
        let seconds =
            |seconds: f64| duration(Duration::try_from_secs_f64(seconds).unwrap_or_default());
        writeln!(
            out,
            "  {}  {outcome}{inputs}; {}, {} of processor time, {:.1} MB",
            started.strftime("%Y-%m-%d %H:%M:%S UTC"),
            seconds(attempt.wall),
            seconds(attempt.user + attempt.system),
            attempt.peak_bytes as f64 / 1e6
        )?;
    }
    match attempts.first() {
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
