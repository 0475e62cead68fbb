//! A run on a real Grid Engine on this machine, held against a run here: `make test-gridengine`.

use crate::common::grid_engine::GridEngine;
use crate::common::walk::{RUNS, Walk};

#[test]
#[ignore = "starts a cluster: make test-gridengine"]
fn all_is_run_once_and_what_qdel_kills_is_run_again() {
    let grid = GridEngine::up(4);
    let walk = Walk::new(
        0.0,
        "engine = \"gridengine\"\nask_every = \"1s\"\ncores = 1\ntask = \"5s\"",
    );
    let project = &walk.project;
    let command = |arguments: &[&str]| grid.user(project.command(arguments));
    walk.head(command(&["run"])).end().expect(0);
    walk.each_once();

    // Here the end of a task is KILL and no warning, so what it had not published is lost with it.
    std::fs::remove_file(project.path("calls")).expect("removed");
    std::fs::remove_dir_all(project.path("cache")).expect("removed");
    project.write("calls.pace", "0.1");
    let head = walk.head(command(&["run"]));
    walk.wait("the second array", || {
        let text = std::fs::read_dir(project.path("cache/cluster"));
        let folders = text.into_iter().flatten().flatten();
        let mut batches = folders.map(|folder| folder.path().join("scripts/1.0"));
        batches.any(|script| script.exists()) && walk.count() > 100
    });
    let cancelled = walk.head(command(&["cancel"])).end().expect(0);
    assert!(
        cancelled.stdout.contains("being ended"),
        "{}",
        cancelled.stdout
    );
    let run = head.end();
    assert_ne!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert!(walk.count() < RUNS);
    walk.head(command(&["run"])).end().expect(0);
    walk.is_complete();
}
