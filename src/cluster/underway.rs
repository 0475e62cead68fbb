//! What is under way, for people and scripts: how much is owed, what its tasks are doing, since when.
//!
//! Nothing is taken in and nothing is written: packages are looked at beside a head that may be at work on them. What a task does is the
//! engine's word where it gives one in time; otherwise what the claims show, which is which tasks have begun.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::batch::Batch;
use super::claim::claims;
use super::engine::{Presence, engine};
use super::ids::{BatchNumber, PackageId, job_name};
use super::package::Package;
use super::package::manifest::{Manifest, Purpose};
use super::segment::list_segments;
use super::standing::{ArrayStanding, Stage, Standing};
use crate::project::cluster::ClusterSpec;
use crate::system::progress;

/// How long the engines may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// All that is under way.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(crate) struct UnderWay {
    /// Orders without a result yet, in all packages.
    pub orders: u64,
    /// What the tasks are doing.
    pub tasks: Tasks,
    /// Segments that no head has taken in yet.
    pub published: usize,
    /// When the oldest of it was handed to the engine, in seconds since 1970.
    pub since: Option<i64>,
    /// Why the engine's word on the tasks is missing.
    pub silence: Option<String>,
    /// The packages.
    pub packages: Vec<PackageUnderWay>,
}

/// A package of which something is owed or has not been taken in.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct PackageUnderWay {
    /// The package.
    pub id: PackageId,
    /// The engine that has its tasks.
    pub engine: &'static str,
    /// Whether its results are only to be compared.
    pub is_verification: bool,
    /// Whether the user has had it ended.
    pub is_cancelled: bool,
    /// The batches that were cut, each with a task.
    pub batches: usize,
    /// Of these, those whose tasks have ended.
    pub ended: usize,
    /// Of the others, those that a task has begun.
    pub claimed: usize,
    /// Orders without a result yet, of tasks that have not ended.
    pub orders: u64,
    /// What the tasks are doing that are not known to have ended.
    pub tasks: Tasks,
    /// Segments that no head has taken in yet.
    pub published: usize,
    /// When the oldest array of it came to where it is, in seconds since 1970.
    pub since: Option<i64>,
}

/// What tasks are doing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Tasks {
    /// So many run.
    pub run: usize,
    /// So many wait.
    pub wait: usize,
    /// Why, where the engine tells, with the number of tasks.
    pub reasons: BTreeMap<String, usize>,
    /// So many are gone from the engine, and the head has not looked at them yet.
    pub over: usize,
}

/// A package with what is still to be asked of its engine.
struct Open {
    shown: PackageUnderWay,
    manifest: Manifest,
    standing: Standing,
    /// The batches that a task has begun, of those whose tasks are not known to have ended.
    claimed: Vec<BatchNumber>,
}

/// The jobs of one engine, by id and name.
struct Question {
    spec: ClusterSpec,
    root: PathBuf,
    jobs: Vec<(String, String)>,
}

impl UnderWay {
    /// Looks at all packages in this folder, and asks their engines what has become of the tasks.
    ///
    /// # Errors
    /// If a package can't be read. An engine that gives no answer is none.
    pub(crate) fn look(packages: &Path) -> Result<Self> {
        let mut all = Self::default();
        let mut open = Vec::new();
        for (package, manifest) in Package::open_all(packages)?.into_values() {
            if let Ok(Some(manifest)) = manifest {
                open.extend(Open::look(&package, manifest)?);
            }
        }
        let questions: Vec<Question> = open.iter().filter_map(Open::question).collect();
        let answers = match questions.is_empty() {
            true => BTreeMap::new(),
            false => ask(questions, PATIENCE).unwrap_or_else(|silence| {
                all.silence = Some(silence);
                BTreeMap::new()
            }),
        };
        for package in open {
            all.add(package.answered(&answers));
        }
        Ok(all)
    }

    /// Whether nothing is.
    pub(crate) fn is_empty(&self) -> bool {
        self.packages.is_empty()
    }

    fn add(&mut self, package: PackageUnderWay) {
        self.orders += package.orders;
        self.published += package.published;
        self.tasks.add(&package.tasks);
        self.since = self.since.into_iter().chain(package.since).min();
        self.packages.push(package);
    }
}

impl Tasks {
    fn add(&mut self, other: &Self) {
        self.run += other.run;
        self.wait += other.wait;
        self.over += other.over;
        for (reason, count) in &other.reasons {
            *self.reasons.entry(reason.clone()).or_default() += count;
        }
    }
}

impl Open {
    /// `None` if nothing of it is under way.
    fn look(package: &Package, manifest: Manifest) -> Result<Option<Self>> {
        let standing = Standing::read(package)?;
        let incoming = package.incoming();
        let published = list_segments(&incoming);
        let published = published.with_context(|| format!("can't list {}", incoming.display()))?;
        let live: Vec<BatchNumber> = standing.live().collect();
        if live.is_empty() && published.is_empty() {
            return Ok(None);
        }
        let claims = claims(&package.claims())
            .with_context(|| format!("can't look at {}", package.claims().display()))?;
        let (mut claimed, mut orders, mut since) = (Vec::new(), 0, None);
        for number in &live {
            let batch = &standing.batches[number];
            orders +=
                Batch::count(&package.batch(*number))?.saturating_sub(batch.done.len() as u64);
            if let Some(array) = standing.arrays.get(&batch.array) {
                since = since.into_iter().chain([array.since]).min();
                if claims.contains_key(&(*number, array.epoch)) {
                    claimed.push(*number);
                }
            }
        }
        let shown = PackageUnderWay {
            id: manifest.id.clone(),
            engine: manifest.spec.engine.name(),
            is_verification: manifest.purpose == Purpose::Verify,
            is_cancelled: standing.cancelled,
            batches: standing.batches.len(),
            ended: standing.batches.len() - live.len(),
            claimed: claimed.len(),
            orders,
            tasks: Tasks::default(),
            published: published.len(),
            since,
        };
        Ok(Some(Self {
            shown,
            manifest,
            standing,
            claimed,
        }))
    }

    /// The jobs that tasks of it may be in; `None` if there are none.
    fn question(&self) -> Option<Question> {
        let jobs = self.standing.jobs(&self.manifest.id);
        let (spec, root) = (&self.manifest.spec, &self.manifest.root);
        (!jobs.is_empty()).then(|| Question {
            spec: spec.clone(),
            root: root.clone(),
            jobs,
        })
    }

    /// With what the engine said of each job's name.
    fn answered(mut self, answers: &BTreeMap<String, Presence>) -> PackageUnderWay {
        let mut tasks = Tasks::default();
        for number in self.standing.live() {
            let array = self.standing.batches[&number].array;
            let Some(standing) = self.standing.arrays.get(&array) else {
                continue;
            };
            let name = job_name(&self.manifest.id, array, standing.epoch);
            let has_begun = self.claimed.contains(&number);
            tasks.count(number, standing, answers.get(&name), has_begun);
        }
        self.shown.tasks = tasks;
        self.shown
    }
}

impl Tasks {
    /// Counts the task of a batch.
    fn count(
        &mut self,
        number: BatchNumber,
        array: &ArrayStanding,
        presence: Option<&Presence>,
        has_begun: bool,
    ) {
        match presence.filter(|_| matches!(array.stage, Stage::Submitted(_))) {
            Some(Presence::Gone) => self.over += 1,
            Some(Presence::Tasks(states)) => match states.get(&(number.0 - array.first.0)) {
                None => self.over += 1,
                Some(state) if state.running => self.run += 1,
                Some(state) => {
                    self.wait += 1;
                    if !state.reason.is_empty() {
                        *self.reasons.entry(state.reason.clone()).or_default() += 1;
                    }
                }
            },
            Some(Presence::All) | None if has_begun => self.run += 1,
            Some(Presence::All) | None => self.wait += 1,
        }
    }
}

/// What the engines have of these jobs, by name: one question to each engine, whatever the number of packages. Why not, if they do not
/// answer in time.
fn ask(questions: Vec<Question>, patience: Duration) -> Result<BTreeMap<String, Presence>, String> {
    let mut together: Vec<Question> = Vec::new();
    for question in questions {
        let is_same =
            |other: &&mut Question| (&other.spec, &other.root) == (&question.spec, &question.root);
        match together.iter_mut().find(is_same) {
            Some(other) => other.jobs.extend(question.jobs),
            None => together.push(question),
        }
    }
    let (sender, receiver) = mpsc::channel();
    // A scheduler's command that hangs is left behind with its thread; it ends at its own time limit, or with this process.
    thread::spawn(move || {
        let mut answers = BTreeMap::new();
        let asked = together
            .iter()
            .try_for_each(|Question { spec, root, jobs }| {
                let mut presence = engine(spec, root).presence(jobs)?;
                answers.extend(
                    (jobs.iter())
                        .filter_map(|(job, name)| Some((name.clone(), presence.remove(job)?))),
                );
                anyhow::Ok(())
            });
        sender.send(asked.map(|()| answers)).ok();
    });
    match receiver.recv_timeout(patience) {
        Ok(answers) => answers.map_err(|error| format!("{error:#}")),
        Err(_) => Err(format!(
            "it gives no answer within {} s",
            patience.as_secs()
        )),
    }
}

impl UnderWay {
    /// `12 tasks run, 20 wait (Priority), since 2 h 0 min`, as far as there is something to tell at this time.
    fn tasks(&self, now: i64) -> String {
        let Tasks {
            run,
            wait,
            reasons,
            over,
        } = &self.tasks;
        let [runs, waits] = match self.silence {
            None => ["run", "wait"],
            Some(_) => ["have begun", "have not begun"],
        };
        let reasons: Vec<&str> = reasons.keys().map(String::as_str).collect();
        let reasons = match reasons.is_empty() {
            true => String::new(),
            false => format!(" ({})", reasons.join(", ")),
        };
        let counts = [
            (*run, runs.to_owned()),
            (*wait, format!("{waits}{reasons}")),
            (*over, "have ended".to_owned()),
        ];
        let mut parts: Vec<String> = Vec::new();
        for (count, what) in counts.into_iter().filter(|(count, _)| *count > 0) {
            let of = match (parts.is_empty(), count) {
                (false, _) => "",
                (true, 1) => " task",
                (true, _) => " tasks",
            };
            parts.push(format!("{count}{of} {what}"));
        }
        if let Some(since) = self.since {
            let time = now.saturating_sub(since) as f64;
            parts.push(format!("since {}", progress::seconds(time)));
        }
        parts.join(", ")
    }

    /// What there is to tell, a line each: `under way: 12 tasks run, 20 wait (Priority), since 2 h 0 min` goes with the number of orders.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let tasks = self.tasks(Timestamp::now().as_second());
        lines.push(match tasks.is_empty() {
            true => "under way".to_owned(),
            false => format!("under way: {tasks}"),
        });
        if let Some(silence) = &self.silence {
            lines.push(format!("whether they run is not known: {silence}"));
        }
        let (files, them) = match self.published {
            0 => return lines,
            1 => ("file of results is", "it"),
            _ => ("files of results are", "them"),
        };
        lines.push(format!(
            "{} {files} in; `rerunoff run` takes {them} into the store",
            self.published
        ));
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::engine::TaskState;
    use crate::cluster::ids::Epoch;

    fn array(stage: Stage) -> ArrayStanding {
        ArrayStanding {
            epoch: Epoch(0),
            first: BatchNumber(10),
            batches: 4,
            seconds: 600,
            memory: None,
            cores: 2,
            exclude: Vec::new(),
            stage,
            since: 0,
        }
    }

    fn counted(stage: Stage, presence: Option<&Presence>, begun: u32) -> Tasks {
        let mut tasks = Tasks::default();
        let array = array(stage);
        for number in array.numbers() {
            tasks.count(number, &array, presence, number.0 < 10 + begun);
        }
        tasks
    }

    fn told(tasks: Tasks, silence: Option<&str>) -> String {
        let under_way = UnderWay {
            orders: 4310,
            tasks,
            since: Some(1000),
            silence: silence.map(str::to_owned),
            ..UnderWay::default()
        };
        under_way.tasks(1000 + 7200)
    }

    #[test]
    fn the_engine_s_word_comes_first_and_the_claims_where_there_is_none() {
        let submitted = || Stage::Submitted("17".to_owned());
        let state = |running, reason: &str| TaskState {
            running,
            reason: reason.to_owned(),
        };
        let states = [
            (0, state(true, "")),
            (1, state(false, "Priority")),
            (2, state(false, "")),
        ];
        let some = Presence::Tasks(BTreeMap::from(states));
        let tasks = counted(submitted(), Some(&some), 4);
        assert_eq!(
            told(tasks, None),
            "1 task run, 2 wait (Priority), 1 have ended, since 2 h 0 min"
        );
        let tasks = counted(submitted(), Some(&Presence::Gone), 4);
        assert_eq!(told(tasks, None), "4 tasks have ended, since 2 h 0 min");
        for presence in [None, Some(&Presence::All)] {
            let tasks = counted(submitted(), presence, 3);
            assert_eq!((tasks.run, tasks.wait, tasks.over), (3, 1, 0));
            let silent = told(tasks, Some("no squeue"));
            assert_eq!(
                silent,
                "3 tasks have begun, 1 have not begun, since 2 h 0 min"
            );
        }
        let tasks = counted(Stage::Intended, None, 0);
        assert_eq!((tasks.run, tasks.wait), (0, 4));
    }

    #[test]
    fn where_nothing_was_ever_submitted_nothing_is_under_way() {
        let folder = tempfile::tempdir().expect("a folder");
        let none = UnderWay::look(&folder.path().join("cluster")).expect("looked");
        assert!(none.is_empty());
        // Neither a foreign folder nor a package whose making did not come to its end.
        std::fs::create_dir(folder.path().join("0123456789abcdef01234567")).expect("made");
        std::fs::create_dir(folder.path().join("notes")).expect("made");
        assert!(UnderWay::look(folder.path()).expect("looked").is_empty());
    }
}
