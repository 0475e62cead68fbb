//! What is asked of a batch system, asked of real ones: `make test-slurm`, `make test-gridengine`.
//!
//! A scheduler's commands find it by the environment, which the tests of this program share. So each test starts a cluster and then
//! itself once more, as a process of its own in the cluster's environment, with the part that asks.

pub(crate) mod grid_engine;
pub(crate) mod slurm;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rerunoff::cluster::engine::{self, Engine, Presence, Submission, Submitted, TaskState};
use rerunoff::project::cluster::{ClusterSpec, EngineKind, MemoryRequest, OnInterrupt};
use tempfile::TempDir;

/// Set where the part that asks is to run.
const INSIDE: &str = "RERUNOFF_TEST_INSIDE";

/// This program with the part of a test that asks, which is a test by itself.
fn inside(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env(INSIDE, "1");
    command
}

/// Whether a part that asks is to run: not where all ignored tests are.
fn is_inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

/// An engine with the script that it is to run: each task writes its index, and waits for a file.
struct Asked {
    folder: TempDir,
    engine: Box<dyn Engine>,
    kind: EngineKind,
}

impl Asked {
    fn new(kind: EngineKind, options: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let engine = engine::engine(&spec(kind, options), folder.path());
        let script = format!(
            "#!/bin/sh\ncd {} || exit\ntouch \"began-$SLURM_ARRAY_TASK_ID$SGE_TASK_ID\"\n\
             while [ ! -e go ]; do sleep 0.1; done\ntouch \"ended-$SLURM_ARRAY_TASK_ID$SGE_TASK_ID\"\n",
            folder.path().display()
        );
        fs::write(folder.path().join("script"), script).expect("a script");
        Self {
            folder,
            engine,
            kind,
        }
    }

    /// The same place, asked with other options.
    fn with(&self, options: &[&str]) -> Box<dyn Engine> {
        engine::engine(&spec(self.kind, options), self.folder.path())
    }

    fn script(&self) -> PathBuf {
        self.folder.path().join("script")
    }

    /// The files whose names begin so.
    fn files(&self, beginning: &str) -> usize {
        let entries = fs::read_dir(self.folder.path())
            .expect("a folder")
            .flatten();
        let names = entries.map(|entry| entry.file_name().display().to_string());
        names.filter(|name| name.starts_with(beginning)).count()
    }

    #[track_caller]
    fn accepted(&self, submission: &Submission<'_>) -> (String, String) {
        match self.engine.submit(submission) {
            Submitted::Accepted(job) => (job, submission.name.to_owned()),
            other => panic!("{other:?}"),
        }
    }

    /// What there is of a job; `None` while no answer is given.
    fn here(&self, job: &(String, String)) -> Option<Presence> {
        let here = self.engine.presence(std::slice::from_ref(job));
        here.ok()?.remove(&job.0)
    }

    /// Waits until this holds of what there is.
    #[track_caller]
    fn wait(&self, job: &(String, String), holds: impl Fn(&Presence) -> bool) -> Presence {
        for _ in 0..600 {
            if let Some(here) = self.here(job).filter(&holds) {
                return here;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("{:?}", self.here(job));
    }

    /// The job of this name, once an answer is given.
    #[track_caller]
    fn wait_for_answer(&self, name: &str) -> Option<String> {
        for _ in 0..600 {
            if let Ok(found) = self.engine.find(name) {
                return found;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("{:?}", self.engine.find(name));
    }

    /// An array of three is submitted, seen, found, let go and gone; another is ended.
    #[track_caller]
    fn walk(&self) {
        let script = self.script();
        let job = self.accepted(&submission("rr-walk.0.0", &script));
        let found = self.engine.find(&job.1).expect("an answer");
        assert_eq!(found.as_deref(), Some(job.0.as_str()));
        assert_eq!(self.engine.find("rr-walk.0.1").expect("an answer"), None);
        let here = self.wait(&job, |here| all_run(here, 3));
        assert!(matches!(here, Presence::Tasks(tasks) if tasks.keys().eq(&[0, 1, 2])));
        fs::write(self.folder.path().join("go"), "").expect("a file");
        self.wait(&job, |here| *here == Presence::Gone);
        assert_eq!((self.files("began-"), self.files("ended-")), (3, 3));

        fs::remove_file(self.folder.path().join("go")).expect("it was there");
        let job = self.accepted(&submission("rr-walk.1.0", &script));
        self.wait(&job, |here| all_run(here, 3));
        let jobs = [job.clone(), ("999999".to_owned(), "rr-none.0.0".to_owned())];
        self.engine.cancel(&jobs).expect("ended");
        self.wait(&job, |here| *here == Presence::Gone);
        self.engine.cancel(&jobs).expect("nothing to end");
    }
}

fn spec(engine: EngineKind, options: &[&str]) -> ClusterSpec {
    ClusterSpec {
        engine,
        cores: None,
        task: Duration::from_secs(1800),
        max_time: Duration::from_secs(86_400),
        max_queued: 500,
        options: options.iter().map(|option| (*option).to_owned()).collect(),
        setup: Vec::new(),
        memory: MemoryRequest::Auto,
        scratch: None,
        on_interrupt: OnInterrupt::Leave,
        ask_every: Duration::from_secs(60),
        templates: None,
    }
}

fn submission<'a>(name: &'a str, script: &'a Path) -> Submission<'a> {
    Submission {
        name,
        script,
        tasks: 3,
        seconds: 600,
        memory: None,
        cores: 1,
        exclude: &[],
    }
}

/// The tasks of a job that are there.
fn tasks(here: &Presence) -> BTreeMap<u32, TaskState> {
    match here {
        Presence::Tasks(tasks) => tasks.clone(),
        _ => BTreeMap::new(),
    }
}

fn all_run(here: &Presence, count: usize) -> bool {
    let tasks = tasks(here);
    tasks.len() == count && tasks.values().all(|task| task.running)
}
