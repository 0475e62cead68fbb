//! This machine as an engine, for trials and tests: tasks are processes here, as many at once as its cores allow.
//!
//! They outlive the head like any other engine's, and are seen and ended by a later one. Each array is by itself: two of them under way
//! at once share the cores as the system sees fit.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::thread;

use anyhow::{Context, Result};

use super::{Engine, EngineLimits, Presence, Submission, Submitted, TaskState};
use crate::system::process::tasks::{self, Tasks};

/// This machine.
#[derive(Debug)]
pub(super) struct Local;

/// The cores that this process may use.
fn cores() -> u32 {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    u32::try_from(cores).unwrap_or(u32::MAX)
}

impl Engine for Local {
    fn check(&self) -> Result<Vec<String>> {
        Ok(vec![format!(
            "tasks run on this machine, which has {} cores for them",
            cores()
        )])
    }

    fn limits(&self) -> EngineLimits {
        EngineLimits {
            most_tasks: None,
            node_cores: Some(cores()),
            longest: None,
        }
    }

    fn submit(&self, submission: &Submission<'_>) -> Submitted {
        let tasks = Tasks {
            name: submission.name,
            script: submission.script,
            tasks: submission.tasks,
            at_once: (cores() / submission.cores.max(1)).max(1),
            seconds: submission.seconds,
        };
        match tasks.start() {
            Ok(job) => Submitted::Accepted(job),
            Err(error) => Submitted::Unclear(format!("can't start tasks here: {error}")),
        }
    }

    fn find(&self, name: &str) -> Result<Option<String>> {
        let mut kept = tasks::kept(&[name]).context("can't list processes")?;
        Ok(kept.remove(name).map(|kept| kept.job))
    }

    fn presence(&self, jobs: &[(String, String)]) -> Result<BTreeMap<String, Presence>> {
        let names: Vec<&str> = jobs.iter().map(|(_, name)| name.as_str()).collect();
        let kept = tasks::kept(&names).context("can't list processes")?;
        let presence = |(job, name): &(String, String)| {
            let presence = kept.get(name).map_or(Presence::Gone, |kept| {
                let state = |running| TaskState {
                    running,
                    reason: String::new(),
                };
                let waiting = kept.waiting.clone().map(|index| (index, state(false)));
                let running = kept.running.keys().map(|index| (*index, state(true)));
                // One that began meanwhile is in both.
                Presence::Tasks(waiting.chain(running).collect())
            });
            (job.clone(), presence)
        };
        Ok(jobs.iter().map(presence).collect())
    }

    fn cancel(&self, jobs: &[(String, String)]) -> Result<()> {
        let names: Vec<&str> = jobs.iter().map(|(_, name)| name.as_str()).collect();
        tasks::end(&names).context("can't list processes")
    }

    fn incurable(&self, _: &str) -> Option<String> {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_job_is_found_seen_and_ended() {
        let folder = tempfile::tempdir().expect("a folder");
        let script = folder.path().join("script");
        fs::write(&script, "#!/bin/sh\nexec sleep 1000\n").expect("a script");
        let submission = Submission {
            name: &folder.path().display().to_string(),
            script: &script,
            tasks: 3,
            seconds: 600,
            memory: None,
            cores: u32::MAX,
            exclude: &[],
        };
        let Submitted::Accepted(job) = Local.submit(&submission) else {
            panic!("not accepted");
        };
        let jobs = [(job.clone(), submission.name.to_owned())];
        let here = || Local.presence(&jobs).expect("a list").remove(&job);
        let waits = |running| TaskState {
            running,
            reason: String::new(),
        };
        let tasks = [(0, waits(true)), (1, waits(false)), (2, waits(false))];
        let expected = Some(Presence::Tasks(BTreeMap::from(tasks)));
        // The first begins soon after the job was accepted.
        while here() != expected {
            thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(
            Local.find(submission.name).expect("a list"),
            Some(job.clone())
        );
        Local.cancel(&jobs).expect("ended");
        while here() != Some(Presence::Gone) {
            thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(Local.find(submission.name).expect("a list"), None);
        let script = Path::new("/no/such/script");
        let nothing = Local.submit(&Submission {
            script,
            ..submission
        });
        assert!(matches!(nothing, Submitted::Unclear(_)), "{nothing:?}");
    }
}
