//! What the engine has given to a task: cores and time.

use std::num::NonZeroUsize;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::TaskId;
use crate::cluster::journal::{Event, Journal};
use crate::cluster::package::Package;
use crate::cluster::package::manifest::Manifest;
use crate::project::cluster::EngineKind;

/// What the names of tasks' folders on nodes begin with.
pub(super) const SCRATCH_PREFIX: &str = "rerunoff-task-";

/// Variables in which engines tell how many processors a task has on its node, those first that tell what was asked for.
const CORES: [&str; 3] = ["SLURM_CPUS_PER_TASK", "NSLOTS", "SLURM_CPUS_ON_NODE"];

/// A task ends by itself so long before the engine ends it, or a quarter of its time before where that is less.
const MARGIN: Duration = Duration::from_secs(120);

/// What a task may use.
pub(super) struct Allocation {
    /// So many simulators at once.
    pub cores: usize,
    /// When it should have published everything; `None` if no limit is known.
    pub deadline: Option<Instant>,
}

impl Allocation {
    /// That of a task that has just begun.
    pub(super) fn of(package: &Package, manifest: &Manifest, task: &TaskId) -> Result<Self> {
        let now = Instant::now();
        let seconds = Journal::read(&package.journal())?
            .into_iter()
            .find_map(|entry| match entry.event {
                Event::Intend {
                    array,
                    epoch,
                    seconds,
                    ..
                } if (array, epoch) == (task.array, task.epoch) => Some(seconds),
                _ => None,
            });
        let own = available_parallelism().map_or(1, NonZeroUsize::get);
        let stated = manifest.spec.cores.map_or(own, NonZeroUsize::get);
        Ok(Self {
            cores: match manifest.spec.engine {
                // Variables may be those of another engine around it.
                EngineKind::Command => stated,
                _ => cores(&|name| std::env::var(name).ok()).unwrap_or(stated),
            },
            deadline: seconds.and_then(|seconds| now.checked_add(usable(seconds))),
        })
    }
}

/// The cores that an engine tells of in its variables.
fn cores(variable: &dyn Fn(&str) -> Option<String>) -> Option<usize> {
    let number = |name: &str| variable(name)?.trim().parse::<NonZeroUsize>().ok();
    CORES
        .iter()
        .find_map(|name| number(name))
        .map(NonZeroUsize::get)
}

/// How much of the time asked for a task uses.
fn usable(seconds: u64) -> Duration {
    let asked = Duration::from_secs(seconds);
    asked - MARGIN.min(asked / 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_says_how_many_cores_there_are() {
        let told = |variables: &[(&str, &str)]| {
            cores(&|name: &str| {
                let found = variables.iter().find(|(other, _)| *other == name);
                found.map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(told(&[]), None);
        let exclusive = [("SLURM_CPUS_ON_NODE", "128"), ("SLURM_CPUS_PER_TASK", "16")];
        assert_eq!(told(&exclusive), Some(16));
        assert_eq!(told(&exclusive[..1]), Some(128));
        assert_eq!(told(&[("NSLOTS", "8")]), Some(8));
        assert_eq!(
            told(&[("NSLOTS", "0"), ("SLURM_CPUS_PER_TASK", "all")]),
            None
        );
    }

    #[test]
    fn a_task_ends_before_it_is_ended() {
        assert_eq!(usable(3600), Duration::from_secs(3480));
        assert_eq!(usable(60), Duration::from_secs(45));
        assert_eq!(usable(0), Duration::ZERO);
    }
}
