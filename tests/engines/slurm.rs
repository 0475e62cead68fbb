//! Slurm: what it does with an array, and what it says when it can't, stands still or dies.

use rerunoff::cluster::engine::{Presence, Submission, Submitted};
use rerunoff::project::cluster::EngineKind;

use super::{Asked, inside, is_inside, submission, tasks};
use crate::common::slurm::Slurm;

/// A cluster of two nodes, in which this part asks.
#[track_caller]
fn in_a_cluster(test: &str) {
    let slurm = Slurm::up(2, 4);
    let mut asking = slurm.user(inside(&format!("engines::slurm::{test}")));
    assert!(asking.status().expect("this program").success());
}

#[test]
#[ignore = "starts a cluster: make test-slurm"]
fn an_array_is_submitted_seen_and_ended() {
    in_a_cluster("asks_for_an_array");
}

#[test]
#[ignore = "a part of the test above"]
fn asks_for_an_array() {
    if !is_inside() {
        return;
    }
    let asked = Asked::new(EngineKind::Slurm, &["--partition=main"]);
    let limits = asked.engine.limits();
    assert_eq!(
        (limits.most_tasks, limits.node_cores),
        (Some(20_001), Some(4))
    );
    let said = asked.engine.check().expect("it would take a task");
    assert!(said[0].contains("4 cores and 30 minutes"), "{said:?}");
    asked.walk();
}

#[test]
#[ignore = "starts a cluster: make test-slurm"]
fn what_can_not_be_run_is_refused_or_told() {
    in_a_cluster("asks_too_much");
}

#[test]
#[ignore = "a part of the test above"]
fn asks_too_much() {
    if !is_inside() {
        return;
    }
    let asked = Asked::new(EngineKind::Slurm, &[]);
    let script = asked.script();
    let plain = submission("rr-much.0.0", &script);
    let exclude = ["node1".to_owned(), "node2".to_owned()];
    let nothing = script.with_extension("none");
    let refused = [
        asked.engine.submit(&Submission {
            memory: Some(1 << 40),
            ..plain
        }),
        asked.engine.submit(&Submission {
            tasks: 20_002,
            ..plain
        }),
        asked.engine.submit(&Submission {
            exclude: &exclude,
            ..plain
        }),
        asked.engine.submit(&Submission {
            script: &nothing,
            ..plain
        }),
        asked.with(&["--partition=none"]).submit(&plain),
        asked.with(&["--constraint=gpu"]).submit(&plain),
        asked.with(&["--no-such-option"]).submit(&plain),
    ];
    for submitted in refused {
        assert!(matches!(submitted, Submitted::Refused(_)), "{submitted:?}");
    }
    assert!(asked.with(&["--partition=none"]).check().is_err());
    assert_eq!(asked.engine.find(plain.name).expect("an answer"), None);

    let job = asked.accepted(&Submission { cores: 64, ..plain });
    let here = asked.wait(&job, |here| {
        let mut tasks = tasks(here).into_values();
        tasks.any(|task| asked.engine.incurable(&task.reason).is_some())
    });
    assert_eq!(tasks(&here).len(), 3);
    asked
        .engine
        .cancel(std::slice::from_ref(&job))
        .expect("ended");
    asked.wait(&job, |here| *here == Presence::Gone);
}

#[test]
#[ignore = "starts a cluster: make test-slurm"]
fn a_controller_that_stands_still_or_dies_leaves_no_doubt_that_lasts() {
    in_a_cluster("asks_a_controller_that_fails");
}

#[test]
#[ignore = "a part of the test above"]
fn asks_a_controller_that_fails() {
    let Some(slurm) = Slurm::around().filter(|_| is_inside()) else {
        return;
    };
    let asked = Asked::new(EngineKind::Slurm, &[]);
    let script = asked.script();
    let plain = submission("rr-fails.0.0", &script);
    slurm.stop_controller();
    let submitted = asked.engine.submit(&plain);
    assert!(matches!(submitted, Submitted::Unclear(_)), "{submitted:?}");
    assert!(asked.engine.find(plain.name).is_err());
    let job = ("1".to_owned(), plain.name.to_owned());
    assert_eq!(asked.here(&job), None);
    slurm.continue_controller();
    // What was asked while it stood still may have been taken, which then is seen by its name, or not.
    let found = asked.wait_for_answer(plain.name);
    let name = plain.name.to_owned();
    let again = submission("rr-fails.0.1", &script);
    let job = found.map_or_else(|| asked.accepted(&again), |job| (job, name));
    asked.wait(&job, |here| super::all_run(here, 3));

    // A node that dies has its tasks started elsewhere, under the same id.
    slurm.kill_node(1);
    slurm.kill_node(2);
    slurm.start_node(1);
    slurm.start_node(2);
    asked.wait(&job, |here| tasks(here).values().any(|task| !task.running));
    assert_eq!(
        asked.engine.find(&job.1).expect("an answer"),
        Some(job.0.clone())
    );

    slurm.kill_controller();
    assert!(asked.engine.presence(std::slice::from_ref(&job)).is_err());
    slurm.start_controller();
    asked.wait_for_answer(&job.1);
    // Whether it still knows the job or has forgotten it, in the end nothing is left.
    asked
        .engine
        .cancel(std::slice::from_ref(&job))
        .expect("ended");
    asked.wait(&job, |here| *here == Presence::Gone);
}
