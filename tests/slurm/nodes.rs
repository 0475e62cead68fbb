//! What nodes do to their tasks: they die, hang and come back, and have full disks.

use std::thread::sleep;
use std::time::Duration;

use super::OnSlurm;
use crate::common::walk::RUNS;

/// Simulators of a second and a half in tasks of a minute, so that results are published in between.
const LONG: &str = "cores = 2\ntask = \"1m\"";

#[test]
#[ignore = "starts a cluster: make test-slurm"]
fn a_node_that_loses_its_power_costs_what_was_not_published() {
    let on = OnSlurm::new(1.5, LONG);
    let head = on.head();
    let fresh = on.wait_for_results();
    on.slurm.kill_node(1);
    let begun = on.walk.count();
    head.end().expect(0);
    on.walk.is_complete();
    let again = on.walk.count() - RUNS;
    assert!(
        again <= begun - fresh,
        "{again} again of {begun} begun, {fresh} published"
    );
    assert!(again > 0, "nothing was lost with the node");
}

#[test]
#[ignore = "starts a cluster: make test-slurm"]
fn a_node_that_hangs_and_comes_back_does_no_harm() {
    let on = OnSlurm::new(1.5, LONG);
    let head = on.head();
    on.wait_for_results();
    on.slurm.freeze_node(1);
    on.walk.wait("the node is given up", || {
        on.slurm
            .ask("sinfo", &["-h", "-n", "node1", "-o", "%T"])
            .contains("down")
    });
    let begun = on.walk.count();
    on.walk
        .wait("its tasks run elsewhere", || on.walk.count() > begun);
    sleep(Duration::from_secs(2));
    on.slurm.thaw_node(1);
    // What was just being started there Slurm may hold for good; the head says so, and what a person is to do.
    for line in on.slurm.ask("squeue", &["-h", "-o", "%i|%r"]).lines() {
        if let Some((job, "launch failed requeued held")) = line.split_once('|') {
            on.slurm.ask("scontrol", &["release", job]);
        }
    }
    head.end().expect(0);
    on.walk.is_complete();
}

#[test]
#[ignore = "starts a cluster: make test-slurm"]
fn a_full_disk_on_a_node_ends_its_tasks_alone() {
    let on = OnSlurm::new(0.3, "cores = 2\ntask = \"10s\"");
    let ballast = on.slurm.scratch().join("ballast");
    // To the last byte; that it ends with an error is the point.
    let fill = format!("cat /dev/zero > {0} || true; df {0}", ballast.display());
    on.slurm.on_node(1, &["sh", "-c", &fill]);
    let run = on.head().end().expect(0);
    run.says("a task on node1 could not go on");
    run.says(&on.slurm.scratch().display().to_string());
    assert!(!run.stderr.contains("task on node2"), "{}", run.stderr);
    on.walk.is_complete();
}
