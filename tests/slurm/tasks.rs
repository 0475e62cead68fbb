//! What is done to single tasks: a user ends one, Slurm starts one anew, their time is up.

use super::OnSlurm;
use crate::common::walk::RUNS;

#[test]
#[ignore = "starts a cluster: make test-slurm"]
fn tasks_that_a_user_ends_or_has_started_anew_lose_only_what_was_at_work() {
    let on = OnSlurm::new(1.5, "cores = 2\ntask = \"1m\"");
    let head = on.head();
    on.wait_for_the_packed();
    let array = on.arrays().pop().expect("an array");
    on.walk.wait("simulators of it", || on.walk.count() > 100);
    on.slurm.ask("scancel", &[&format!("{array}_0")]);
    on.slurm
        .ask("scontrol", &["requeue", &format!("{array}_1")]);
    head.end().expect(0);
    on.walk.is_complete();
    // Two cores of two tasks.
    assert!(on.walk.count() <= RUNS + 4, "{}", on.walk.count());
}

#[test]
#[ignore = "starts a cluster: make test-slurm"]
fn time_that_is_up_is_nobody_s_failure() {
    let on = OnSlurm::new(1.5, "cores = 8\nmax_time = \"1m\"");
    let run = on.head().end().expect(0);
    on.walk.each_once();
    assert!(run.stdout.contains(" 0 failed"), "{}", run.stdout);
}
