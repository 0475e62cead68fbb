//! Grid Engine: what it does with an array, and what it says when it can't or stands still.

use rerunoff::cluster::engine::{Presence, Submission, Submitted};
use rerunoff::project::cluster::EngineKind;

use super::{Asked, inside, is_inside, submission, tasks};
use crate::common::grid_engine::GridEngine;

#[test]
#[ignore = "starts a cluster: make test-gridengine"]
fn an_array_is_submitted_seen_and_ended_and_what_can_not_be_run_is_refused() {
    let engine = GridEngine::up(4);
    let mut asking = engine.user(inside("engines::grid_engine::asks"));
    assert!(asking.status().expect("this program").success());
}

#[test]
#[ignore = "a part of the test above"]
fn asks() {
    let Some(grid) = GridEngine::around().filter(|_| is_inside()) else {
        return;
    };
    let asked = Asked::new(EngineKind::GridEngine, &[]);
    let limits = asked.engine.limits();
    assert_eq!(
        (limits.most_tasks, limits.node_cores),
        (Some(75_000), Some(1))
    );
    asked.engine.check().expect("it would take a task");
    asked.walk();

    let script = asked.script();
    let plain = submission("rr-much.0.0", &script);
    let nothing = script.with_extension("none");
    let refused = [
        asked.engine.submit(&Submission {
            tasks: 75_001,
            ..plain
        }),
        asked.engine.submit(&Submission { cores: 2, ..plain }),
        asked.engine.submit(&Submission {
            script: &nothing,
            ..plain
        }),
        asked.with(&["-q", "none.q"]).submit(&plain),
        asked.with(&["-l", "none=1"]).submit(&plain),
        asked.with(&["-no-such-option"]).submit(&plain),
    ];
    for submitted in refused {
        assert!(matches!(submitted, Submitted::Refused(_)), "{submitted:?}");
    }
    assert!(asked.with(&["-q", "none.q"]).check().is_err());
    assert_eq!(asked.engine.find(plain.name).expect("an answer"), None);

    // Two slots each, so that the third of three waits; and no node is left to one that none may have.
    let in_pairs = asked.with(&["-pe", "smp", "2"]);
    let submitted = in_pairs.submit(&Submission { cores: 2, ..plain });
    let Submitted::Accepted(job) = submitted else {
        panic!("{submitted:?}");
    };
    let job = (job, plain.name.to_owned());
    asked.wait(&job, |here| {
        let tasks = tasks(here);
        tasks.values().filter(|task| task.running).count() == 2 && !tasks[&2].running
    });
    let nowhere = submission("rr-much.1.0", &script);
    let exclude = ["localhost".to_owned()];
    let excluded = asked.accepted(&Submission {
        exclude: &exclude,
        ..nowhere
    });
    asked
        .engine
        .cancel(std::slice::from_ref(&job))
        .expect("ended");
    asked.wait(&job, |here| *here == Presence::Gone);
    let here = asked.here(&excluded).expect("an answer");
    assert!(
        tasks(&here)
            .values()
            .all(|task| !task.running && task.reason == "qw")
    );

    grid.stop_master();
    assert_eq!(asked.here(&excluded), None);
    grid.continue_master();
    asked
        .engine
        .cancel(std::slice::from_ref(&excluded))
        .expect("ended");
    asked.wait(&excluded, |here| *here == Presence::Gone);
}
