//! What becomes of tasks whose head dies or leaves.

use rustix::process::Signal;

use super::{OnSlurm, TYPED};
use crate::common::slurm::Slurm;
use crate::common::walk::RUNS;

#[test]
#[ignore = "starts a cluster: make test-slurm"]
fn a_head_that_was_killed_is_followed_by_one_that_goes_on() {
    let on = OnSlurm::new(0.3, "cores = 2\ntask = \"10s\"");
    let head = on.head();
    on.wait_for_the_packed();
    head.signal(Signal::KILL);
    assert_eq!(head.end().code, -1);
    let run = on.head().end().expect(0);
    on.walk.each_once();
    assert!(
        run.stdout.starts_with(&format!("{RUNS} fresh")),
        "{}",
        run.stdout
    );
}

#[test]
#[ignore = "starts a cluster: make test-slurm"]
fn a_head_that_is_interrupted_leaves_its_tasks_which_can_be_seen_and_ended() {
    let on = OnSlurm::on(Slurm::up(2, 2), 0.3, "cores = 2\ntask = \"10s\"");
    let head = on.head();
    on.wait_for_the_packed();
    head.signal(TYPED);
    let run = head.end().expect(130);
    run.says("under way; `rerunoff run` waits for them again, `rerunoff cancel` ends them");

    let project = &on.walk.project;
    let asked = || {
        on.walk
            .head(on.slurm.user(project.command(&["status", "--json"])))
            .end()
    };
    let status = crate::common::json(&asked().expect(0).stdout);
    let way = &status["under_way"];
    assert!(way["tasks"]["run"].as_u64() >= Some(1), "{way}");
    assert!(way["tasks"]["wait"].as_u64() >= Some(1), "{way}");
    let reasons = way["tasks"]["reasons"].to_string();
    assert!(
        reasons.contains("Resources") || reasons.contains("Priority"),
        "{way}"
    );

    let cancel = on
        .walk
        .head(on.slurm.user(project.command(&["cancel"])))
        .end()
        .expect(0);
    assert!(cancel.stdout.contains("being ended"), "{}", cancel.stdout);
    on.walk.wait("all tasks gone", || on.arrays().is_empty());
    let begun = on.walk.count();
    assert!(begun < RUNS);
    on.head().end().expect(0);
    on.walk.is_complete();
    // What was at work when it was ended was not finished: two on each node.
    assert!(on.walk.count() <= RUNS + 4, "{}", on.walk.count());
}
