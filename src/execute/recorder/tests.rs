//! What becomes of segments: each once, whoever ordered its trials.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::*;
use crate::data::digest::Digest;
use crate::data::machine::Machine;
use crate::example::Example;
use crate::execute::timings::Timings;
use crate::execute::trial::Obstacle;
use crate::plan::key::{Explanation, Key};
use crate::plan::loaded::LoadedStudy;
use crate::project::Study;
use crate::store::codec::encode;
use crate::store::{Attempt, Failed, Outputs};
use crate::system::jobserver::slots::Slots;
use crate::system::process::Interrupt;

const PROJECT: &str = r#"
[input]
file = "input.h5"
[simulator]
command = ["true"]
[simulator.output]
file = "out.txt"
columns = { c = "C" }
[product]
file = "output.nc"
[product.variables.c]
max = 10.0
"#;

const UNNAMED: ScenarioName = ScenarioName::UNNAMED;

fn trial(id: &str, host: &str, outcome: TrialOutcome) -> Trial {
    Trial {
        scenario: UNNAMED,
        catchment: CatchmentId::new(id),
        key: Key(Digest::of(id.as_bytes())),
        explanation: Explanation::default(),
        texts: Vec::new(),
        series: Vec::new(),
        attempts: vec![Attempt {
            failure: match &outcome {
                TrialOutcome::Good(_) => None,
                TrialOutcome::Failed(failed) | TrialOutcome::Obstacle(_, failed) => {
                    Some(failed.clone())
                }
            },
            machine: Machine {
                host: host.to_owned(),
                class: "x86_64-v3".to_owned(),
            },
            ..Attempt::default()
        }],
        outcome,
        outputs: Outputs::NotKept,
    }
}

fn good(value: f64) -> TrialOutcome {
    TrialOutcome::Good(vec![encode("C", &[value; 3])])
}

fn failed() -> TrialOutcome {
    TrialOutcome::Failed(Failed {
        code: "exit".to_owned(),
        reason: "exit code 3".to_owned(),
    })
}

fn origin(others: &[(ScenarioName, CatchmentId)]) -> Origin<'_> {
    Origin {
        recipe: Digest::of(b"recipe"),
        recipe_parts: (*b"parts").into(),
        others,
        again: false,
    }
}

fn again() -> Origin<'static> {
    Origin {
        again: true,
        ..origin(&[])
    }
}

fn mark(name: &str) -> Mark<'_> {
    Mark {
        kind: "test",
        name,
        payload: b"",
    }
}

/// A project that has run nothing yet, and what a recorder of it needs.
struct Bench {
    folder: TempDir,
    study: Study,
    interrupt: Interrupt,
    timings: Timings,
    limits: Limits,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("rerunoff.toml"), PROJECT).expect("written");
        let example = Example {
            catchments: 2,
            steps: 3,
            seed: 1,
        };
        example.write_inputs(folder.path()).expect("written");
        fs::create_dir(folder.path().join("cache")).expect("made");
        Self {
            study: Study::load(folder.path()).expect("a project"),
            interrupt: Interrupt::new().expect("made"),
            timings: Timings::default(),
            limits: Limits {
                slots: Slots::fixed(1),
                give_up: GiveUp::After(2),
                verbosity: Verbosity::Quiet,
            },
            folder,
        }
    }

    /// Has a recorder do something, and returns what it reports in the end.
    fn record(&self, act: impl FnOnce(&mut Recorder<'_>)) -> RunReport {
        let loaded = LoadedStudy::without_series(&self.study, None, false).expect("loaded");
        let mut store = self.store();
        let run_context = RunContext {
            slots: &self.limits.slots,
            interrupt: &self.interrupt,
            timings: &self.timings,
        };
        let progress = Progress::new("running", 9, true);
        let (list, limits) = (&loaded.list, &self.limits);
        let mut recorder = Recorder::new(list, &mut store, progress, limits, run_context);
        act(&mut recorder);
        recorder.finish(Ok(())).expect("stored")
    }

    fn store(&self) -> Store {
        Store::open(&self.folder.path().join("store.db")).expect("opened")
    }

    /// The stored value of a catchment, `None` without a result; and whether it has failed.
    fn outcome(&self, id: &str) -> (Option<f64>, bool) {
        let store = self.store();
        let key = Digest::of(id.as_bytes());
        let summary = store.summary(&key).expect("sound");
        let value = summary.and_then(|summary| summary.columns[0].minimum);
        let last = store.last(&UNNAMED).expect("readable");
        let last = last.get(&CatchmentId::new(id));
        (value, last.is_some_and(|last| last.failure.is_some()))
    }

    fn evidence(&self, id: &str) -> std::path::PathBuf {
        let failed = Path::new("cache/failed");
        self.folder
            .path()
            .join(failed)
            .join(CatchmentId::new(id).file_name())
    }
}

#[test]
fn a_segment_is_stored_and_counted_once() {
    let bench = Bench::new();
    let others = [(UNNAMED, CatchmentId::new("b2"))];
    let segment = || {
        vec![
            (trial("a", "node1", good(1.0)), origin(&[])),
            (trial("b", "node1", failed()), origin(&others)),
            (
                trial(
                    "c",
                    "node1",
                    TrialOutcome::Obstacle(
                        Obstacle::Disk,
                        Failed {
                            code: "work".to_owned(),
                            reason: "disk full".to_owned(),
                        },
                    ),
                ),
                origin(&[]),
            ),
        ]
    };
    fs::create_dir_all(bench.evidence("a")).expect("made");
    fs::create_dir_all(bench.evidence("b")).expect("made");
    let report = bench.record(|recorder| {
        assert!(recorder.take_segment(segment(), &mark("1")).expect("taken"));
        assert!(!recorder.take_segment(segment(), &mark("1")).expect("seen"));
        assert!(
            recorder.report().gave_up.is_some(),
            "two of at most two failed"
        );
    });
    assert_eq!((report.run, report.good.len()), (2, 1));
    let labels: Vec<String> = report.failed.iter().map(|failed| failed.label()).collect();
    assert_eq!(labels, ["b", "b2"], "in each that waited for it");
    assert_eq!(report.obstacle, None, "it is the task's, not the run's");
    assert_eq!(bench.outcome("a"), (Some(1.0), false));
    assert!(bench.outcome("b").1);
    assert!(bench.outcome("b2").1);
    assert_eq!(bench.outcome("c"), (None, false));
    assert!(!bench.evidence("a").exists(), "it fails no longer");
    assert!(bench.evidence("b").exists());

    // Another run does not store it again either.
    let report = bench.record(|recorder| {
        assert!(!recorder.take_segment(segment(), &mark("1")).expect("seen"));
    });
    assert_eq!(report.run, 0);
}

#[test]
fn of_two_results_the_first_stays_unless_it_is_beyond_the_limits() {
    let bench = Bench::new();
    let report = bench.record(|recorder| {
        let segment = |host, a, b| {
            vec![
                (trial("a", host, good(a)), origin(&[])),
                (trial("b", host, good(b)), origin(&[])),
            ]
        };
        recorder
            .take_segment(segment("node1", 1.0, 11.0), &mark("1"))
            .expect("taken");
        recorder
            .take_segment(segment("node2", 2.0, 9.0), &mark("2"))
            .expect("taken");
    });
    assert_eq!(report.contradictions, 1);
    assert_eq!(bench.outcome("a").0, Some(1.0));
    assert_eq!(bench.outcome("b").0, Some(9.0));
}

#[test]
fn an_order_carried_out_twice_counts_once_and_is_good_if_one_was() {
    let bench = Bench::new();
    let report = bench.record(|recorder| {
        let first = vec![
            (trial("a", "node1", good(1.0)), origin(&[])),
            (trial("b", "node1", failed()), origin(&[])),
        ];
        recorder.take_segment(first, &mark("1")).expect("taken");
        let second = vec![
            (trial("a", "node2", failed()), again()),
            (trial("b", "node2", good(2.0)), again()),
        ];
        recorder.take_segment(second, &mark("2")).expect("taken");
    });
    assert_eq!((report.run, report.failed.len()), (2, 0));
    assert_eq!(bench.outcome("a"), (Some(1.0), false));
    assert_eq!(bench.outcome("b"), (Some(2.0), false));
}
