//! No simulator outlives rerunoff, and neither does anything that it started, however rerunoff ends and whatever they do.

use rustix::process::{Pid, Signal, kill_process};

use crate::common::Project;

/// Simulators that ignore TERM, fork, daemonise and fill their standard output.
const WORST: [&str; 5] = ["stubborn", "daemon", "deaf", "flood", "hang"];

fn unruly(timeout: &str) -> Project {
    let project = Project::new(WORST.len());
    let modes: Vec<(usize, &str)> = WORST.into_iter().enumerate().collect();
    project.set(&modes);
    project.edit("timeout = \"20s\"", &format!("timeout = \"{timeout}\""));
    project
}

#[test]
fn after_a_normal_end_nothing_is_alive() {
    let project = unruly("1s");
    let run = project.rerunoff(&["run", "-j", "5"]).expect(1);
    assert_eq!(project.alive(), [""; 0]);
    assert!(
        run.stdout.starts_with("1 fresh, 5 run, 4 failed"),
        "{}{}",
        run.stdout,
        run.stderr
    );
}

#[test]
fn after_kill_9_nothing_is_alive() {
    let project = unruly("100s");
    let mut run = project.command(&["run", "-j", "5"]).spawn().expect("a run");
    project.wait_for("calls.daemon");
    project.wait_for("calls.child");
    assert!(project.alive().len() > WORST.len());
    kill_process(Pid::from_child(&run), Signal::KILL).expect("sent");
    run.wait().expect("its end");
    project.expect_all_gone();
}

#[test]
fn the_next_run_begins_when_the_last_simulator_of_a_killed_one_is_gone() {
    let project = unruly("100s");
    for _ in 0..3 {
        let mut run = project.command(&["run", "-j", "5"]).spawn().expect("a run");
        project.wait_for("calls.child");
        kill_process(Pid::from_child(&run), Signal::KILL).expect("sent");
        run.wait().expect("its end");
        std::fs::remove_file(project.path("calls.child")).expect("it was there");
    }
    project.set(&[]);
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.alive(), [""; 0]);
    assert!(project.is_tidy());
}

#[test]
fn a_second_interrupt_leaves_nothing_either() {
    let project = unruly("100s");
    let mut run = project.command(&["run", "-j", "5"]).spawn().expect("a run");
    project.wait_for("calls.daemon");
    for _ in 0..2 {
        kill_process(Pid::from_child(&run), Signal::INT).expect("sent");
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    assert_eq!(run.wait().expect("its end").code(), Some(130));
    project.expect_all_gone();
}
