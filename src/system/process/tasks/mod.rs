//! A script that is run so many times, so many at once, apart from whoever asked for it.
//!
//! A process of its own, the keeper, leads a session of its own, so that neither a terminal's signals nor its end reach it, and
//! outlives the process that started it. It starts the script's runs, each as the leader of a process group, ends those whose time is up,
//! and ends all when it is told to by TERM. Nothing is written anywhere: whoever wants to know what is still there looks into
//! `/proc`, where each process has its marks in its environment, and the keeper, as its name, how many runs it has begun.
//! So what is told is what is there, a process's number is never mistaken for an earlier one's, and a keeper that was killed is seen to be gone.

mod keeper;
mod marked;

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

pub(crate) use self::keeper::keep;
pub(crate) use self::marked::{end, kept};
use super::server::keep_from_children;
use super::this_program;

/// The hidden verb that makes rerunoff a keeper. What it is to do is in its environment.
pub(crate) const VERB: &str = "keep-tasks";

/// How long a run has between TERM and KILL.
const GRACE: Duration = Duration::from_secs(10);

/// The marks: what all processes of a job have, what its runs have, what its keeper has.
const NAME: &str = "RERUNOFF_NAME";
const JOB: &str = "RERUNOFF_JOB";
const INDEX: &str = "RERUNOFF_INDEX";
const TASKS: &str = "RERUNOFF_TASKS";
const SCRIPT: &str = "RERUNOFF_SCRIPT";
const AT_ONCE: &str = "RERUNOFF_AT_ONCE";
const SECONDS: &str = "RERUNOFF_SECONDS";

/// What a keeper is called, before the number of runs that it has begun.
const CALLED: &str = "tasks ";

/// What is handed on of the environment: what a login would make anew.
const LOGIN: [&str; 5] = ["HOME", "USER", "LOGNAME", "PATH", "SHELL"];

/// What is to be run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tasks<'a> {
    /// The job's name: no other has the same.
    pub name: &'a str,
    /// The script, whose first line names its interpreter.
    pub script: &'a Path,
    /// How many times.
    pub tasks: u32,
    /// How many of them at once.
    pub at_once: u32,
    /// How long one may take.
    pub seconds: u64,
}

impl Tasks<'_> {
    /// Starts a keeper for it. The job's id, which is known to be right when this returns.
    pub(crate) fn start(&self) -> io::Result<String> {
        // It outlives this process, whose files it must not keep open: HDF5's have locks.
        keep_from_children()?;
        let mut keeper = this_program(VERB, "system::process::tasks::tests::keeper_of_these_tests")
            .env_clear()
            .envs(login())
            .env(NAME, self.name)
            .env(SCRIPT, self.script)
            .env(TASKS, self.tasks.to_string())
            .env(AT_ONCE, self.at_once.to_string())
            .env(SECONDS, self.seconds.to_string())
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut job = None;
        if let Some(stdout) = keeper.stdout.take() {
            let lines = BufReader::new(stdout).lines().map_while(Result::ok);
            job = { lines }.find_map(|line| Some(line.strip_prefix(CALLED)?.to_owned()));
        }
        // Reaped when it ends, if this process is still there.
        thread::spawn(move || keeper.wait());
        job.ok_or_else(|| io::Error::other("the process that was to start tasks has ended"))
    }
}

/// What is handed on of this process's environment.
fn login() -> impl Iterator<Item = (&'static str, OsString)> {
    (LOGIN.into_iter()).filter_map(|name| Some((name, std::env::var_os(name)?)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;
    use std::process::Command;
    use std::time::SystemTime;

    use rustix::process::{Pid, Signal, kill_process};

    use super::marked::{Kept, id, shown};
    use super::*;

    /// Does nothing in a run of all tests; see [`command`].
    #[test]
    fn keeper_of_these_tests() {
        if std::env::var_os(NAME).is_some() {
            keep().expect("kept to the end");
            std::process::exit(0);
        }
    }

    /// A name that no other job has.
    fn name() -> String {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = now.expect("after 1970").as_nanos();
        format!("rr-{now}.{}", std::process::id())
    }

    /// Starts a job whose runs do this.
    fn start(folder: &Path, name: &str, lines: &str, seconds: u64) -> String {
        let script = folder.join("script");
        fs::write(
            &script,
            format!("#!/bin/sh\ncd {}\n{lines}\n", folder.display()),
        )
        .expect("a script");
        let tasks = Tasks {
            name,
            script: &script,
            tasks: 5,
            at_once: 2,
            seconds,
        };
        tasks.start().expect("a job")
    }

    /// Waits until this holds of what is there.
    #[track_caller]
    fn wait(name: &str, holds: impl Fn(Option<&Kept>) -> bool) {
        for _ in 0..3000 {
            if holds(kept(&[name]).expect("a list").get(name)) {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("{:?}", kept(&[name]));
    }

    #[test]
    fn so_many_run_at_once_and_each_of_them_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let name = name();
        let lines = "echo $RERUNOFF_INDEX >> begun; while [ ! -e go ]; do sleep 0.05; done; echo $RERUNOFF_INDEX >> ended";
        let job = start(folder.path(), &name, lines, 600);
        // A task is there before the list of those that wait is without it.
        wait(&name, |kept| {
            kept.is_some_and(|kept| kept.running.len() == 2 && kept.waiting == (2..5))
        });
        let here = kept(&[&name])
            .expect("a list")
            .remove(&name)
            .expect("there");
        assert_eq!(here.job, job);
        assert!(here.running.keys().eq(&[0, 1]));
        assert_eq!(kept(&["rr-other"]).expect("a list"), BTreeMap::new());
        fs::write(folder.path().join("go"), "").expect("a file");
        wait(&name, |kept| kept.is_none());
        let ended = fs::read_to_string(folder.path().join("ended")).expect("a text");
        let mut ended: Vec<&str> = ended.lines().collect();
        ended.sort_unstable();
        assert_eq!(ended, ["0", "1", "2", "3", "4"]);
    }

    #[test]
    fn all_end_when_the_job_is_ended_and_hear_of_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let name = name();
        let lines =
            "trap 'echo told >> told; exit' TERM; echo >> begun; while :; do sleep 0.05; done";
        start(folder.path(), &name, lines, 600);
        let begun = || fs::read_to_string(folder.path().join("begun")).unwrap_or_default();
        wait(&name, |_| begun().lines().count() == 2);
        end(&[&name]).expect("told");
        wait(&name, |kept| kept.is_none());
        let told = fs::read_to_string(folder.path().join("told")).expect("a text");
        assert_eq!((told.lines().count(), begun().lines().count()), (2, 2));
    }

    #[test]
    fn runs_whose_keeper_was_killed_are_still_there_and_can_be_ended() {
        let folder = tempfile::tempdir().expect("a folder");
        let name = name();
        let job = start(folder.path(), &name, "sleep 1000", 600);
        wait(&name, |kept| {
            kept.is_some_and(|kept| kept.running.len() == 2)
        });
        let keeper = kept(&[&name]).expect("a list")[&name].keeper;
        kill_process(keeper.expect("a keeper"), Signal::KILL).expect("killed");
        wait(&name, |kept| kept.is_some_and(|kept| kept.keeper.is_none()));
        let left = kept(&[&name])
            .expect("a list")
            .remove(&name)
            .expect("there");
        assert_eq!((left.job, left.waiting, left.running.len()), (job, 0..0, 2));
        end(&[&name]).expect("ended");
        assert_eq!(kept(&[&name]).expect("a list"), BTreeMap::new());
    }

    #[test]
    fn of_a_process_that_has_ended_nothing_is_shown() {
        let mut child = Command::new("sleep").arg("1000").spawn().expect("started");
        let pid = Pid::from_child(&child);
        let number = format!("{}-", pid.as_raw_pid());
        let is_it = |id: &String| id.starts_with(&number) && *id != number;
        assert!(id(pid).expect("shown").as_ref().is_some_and(is_it));
        child.kill().expect("told");
        child.wait().expect("reaped");
        assert_eq!(id(pid).expect("nothing"), None);
        assert_eq!(shown(pid, "environ").expect("nothing"), None);
    }

    #[test]
    fn a_run_whose_time_is_up_is_told_and_the_next_begins() {
        let folder = tempfile::tempdir().expect("a folder");
        let name = name();
        let lines = "trap 'echo told >> told; exit' TERM; while :; do sleep 0.05; done";
        start(folder.path(), &name, lines, 1);
        wait(&name, |kept| kept.is_none());
        let told = fs::read_to_string(folder.path().join("told")).expect("a text");
        assert_eq!(told.lines().count(), 5);
    }

    #[test]
    fn without_a_script_nothing_is_started() {
        let name = name();
        let tasks = Tasks {
            name: &name,
            script: Path::new("/no/such/script"),
            tasks: 1,
            at_once: 1,
            seconds: 1,
        };
        assert!(tasks.start().is_err());
        assert_eq!(kept(&[&name]).expect("a list"), BTreeMap::new());
    }
}
