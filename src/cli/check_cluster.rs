//! What `rerunoff check` tells of the cluster: how its settings were understood, and what the engine says to them. Nothing is submitted.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use jiff::SignedDuration;

use super::exit::Usage;
use crate::cluster::engine::engine;
use crate::project::cluster::{ClusterSpec, MemoryRequest};
use crate::system::process::ProcessError;
use crate::text::shell;

/// What the engine says, a line each. One that would take nothing is an error, with what to do.
pub(super) fn answer(spec: &ClusterSpec, root: &Path) -> Result<Vec<String>> {
    let answer = engine(spec, root).check();
    Ok(answer.map_err(|error| unusable(spec, &error))?)
}

/// The message about an engine that would take nothing.
fn unusable(spec: &ClusterSpec, error: &anyhow::Error) -> Usage {
    let engine = spec.engine.name();
    Usage(match error.downcast_ref() {
        Some(ProcessError::NoProgram(program)) => format!(
            "engine = {engine:?} needs `{}`, which is not on this machine; `--local` runs here",
            program.display()
        ),
        _ => format!("engine = {engine:?} would take no task: {error:#}; `--local` runs here"),
    })
}

/// The settings in words, a line each.
pub(super) fn understood(spec: &ClusterSpec) -> Vec<String> {
    let cores = match spec.cores {
        Some(cores) => format!("{cores} simulators at once"),
        None => "as many simulators at once as a node has cores".to_owned(),
    };
    let memory = match spec.memory {
        MemoryRequest::Auto => "memory by recorded peaks".to_owned(),
        MemoryRequest::Size(size) => format!("{size} of memory"),
    };
    let mut lines = vec![format!(
        "{}: tasks of about {}, at most {}, {} in the queue; in each {cores}, {memory}",
        spec.engine,
        duration(spec.task),
        duration(spec.max_time),
        spec.max_queued
    )];
    if !spec.options.is_empty() {
        let options: Vec<String> = spec.options.iter().map(shell::word).collect();
        lines.push(format!("options {}", options.join(" ")));
    }
    lines.extend(spec.setup.iter().map(|line| format!("setup {line}")));
    if let Some(scratch) = &spec.scratch {
        lines.push(format!("scratch {scratch}"));
    }
    if let Some(templates) = &spec.templates {
        lines.push(format!("submit {}", templates.submit.text()));
    }
    lines
}

/// As it may be written in the project file: `1h 30m`.
fn duration(duration: Duration) -> String {
    let duration = SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX);
    format!("{duration:#}")
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::*;
    use crate::data::size::Size;
    use crate::project::cluster::EngineKind;

    #[test]
    fn settings_are_told_in_words() {
        let mut spec = ClusterSpec {
            task: Duration::from_secs(5400),
            ..ClusterSpec::plain(EngineKind::Slurm)
        };
        assert_eq!(
            understood(&spec),
            [
                "slurm: tasks of about 1h 30m, at most 24h, 500 in the queue; in each as many simulators at once as a node has \
                 cores, memory by recorded peaks"
            ]
        );
        spec.cores = NonZeroUsize::new(16);
        spec.memory = MemoryRequest::Size(Size(4_000_000_000));
        spec.options = vec!["--comment=a b".to_owned(), "-p".to_owned()];
        spec.setup = vec!["module load x".to_owned()];
        let lines = understood(&spec);
        assert!(lines[0].contains("in each 16 simulators at once, 4.0 GB of memory"));
        assert_eq!(
            lines[1..],
            ["options '--comment=a b' -p", "setup module load x"]
        );
    }
}
