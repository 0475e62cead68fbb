//! A controller that stands still, dies, forgets and refuses.

use super::OnSlurm;
use crate::common::slurm::Slurm;
use crate::common::walk::{RUNS, Waiting, in_front};

/// A head whose first `sbatch` is one to which this happens.
fn head_with(on: &OnSlurm, what: &str) -> Waiting {
    let project = &on.walk.project;
    let conf = on.slurm.conf();
    let folder = conf.parent().expect("a folder").display();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cluster/slurm.sh");
    let before = format!(
        "rig() {{ {script} \"$1\" {folder} </dev/null >/dev/null 2>&1; }}\n\
         if mkdir {} 2>/dev/null; then\n{what}\nfi",
        project.path("once").display()
    );
    let path = in_front(&project.path("bin"), &["sbatch"], &before);
    let mut command = on.slurm.user(project.command(&["run"]));
    command.env("PATH", path);
    on.walk.head(command)
}

#[test]
#[ignore = "starts a cluster: make test-slurm"]
fn a_controller_that_stands_still_while_it_is_handed_an_array_gets_it_once() {
    let on = OnSlurm::new(0.0, "cores = 2");
    let what =
        "rig stop-controller\n\"$real\" \"$@\"; code=$?\nrig continue-controller\nexit $code";
    let run = head_with(&on, what).end().expect(0);
    run.says("gave no clear answer");
    on.walk.each_once();
}

#[test]
#[ignore = "starts a cluster: make test-slurm"]
fn a_controller_that_forgets_what_it_had_accepted_is_handed_it_again() {
    let on = OnSlurm::on(Slurm::up(2, 2), 0.3, "cores = 2");
    let what = "\"$real\" \"$@\"; code=$?\nrig kill-controller\nrig start-controller\nexit $code";
    head_with(&on, what).end().expect(0);
    on.walk.is_complete();
    // What had begun by then went on, and its claims were seen.
    assert!(on.walk.count() <= RUNS + 4, "{}", on.walk.count());
}

#[test]
#[ignore = "starts a cluster: make test-slurm"]
fn arrays_are_no_larger_than_slurm_takes() {
    let slurm = Slurm::with(2, 8, "MaxArraySize=5");
    let on = OnSlurm::on(slurm, 0.0, "cores = 2\ntask = \"1s\"");
    on.head().end().expect(0);
    on.walk.each_once();
}

#[test]
#[ignore = "starts a cluster: make test-slurm"]
fn what_slurm_does_not_take_or_never_starts_is_told_in_its_words() {
    let on = OnSlurm::new(0.0, "cores = 2\noptions = [\"--partition=none\"]");
    let project = &on.walk.project;
    let run = on.head().end();
    assert_ne!(run.code, 0);
    run.says("slurm refused the tasks");
    run.says("nvalid partition");
    assert_eq!(on.walk.count(), 0);

    // No node has so many, which Slurm says once it looks for one.
    project.edit("cores = 2\noptions = [\"--partition=none\"]", "cores = 64");
    let head = on.head();
    on.walk.wait("the reason", || {
        head.said().contains("no node of the partition has")
    });
    let cancel = || on.walk.project.command(&["cancel"]);
    let cancelled = on.slurm.user(cancel()).output().expect("the binary");
    assert!(cancelled.status.success());
    head.end();
    on.walk.wait("all tasks gone", || on.arrays().is_empty());

    // A partition that is down comes up again: no fault, told by `status`.
    project.edit("cores = 64", "cores = 2");
    on.slurm
        .ask("scontrol", &["update", "PartitionName=main", "State=DOWN"]);
    let head = on.head();
    on.walk.wait("tasks wait", || !on.arrays().is_empty());
    on.walk.wait("why", || {
        let status = on
            .slurm
            .user(project.command(&["status"]))
            .output()
            .expect("the binary");
        String::from_utf8_lossy(&status.stdout).contains("PartitionDown")
    });
    assert_eq!(on.walk.count(), 0);
    on.slurm
        .ask("scontrol", &["update", "PartitionName=main", "State=UP"]);
    head.end().expect(0);
    on.walk.each_once();
}
