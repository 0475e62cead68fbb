//! Killed at any moment, a run continues: nothing finished is computed again, and the product is the undisturbed one.

mod common;

use std::fs;
use std::thread::sleep;
use std::time::Duration;

use common::Project;
use rustix::process::{Pid, Signal, kill_process};

const CATCHMENTS: usize = 40;

/// Starts a run and sends it a signal as soon as the simulator has been called so often.
fn signalled(project: &Project, calls: usize, signal: Signal) -> i32 {
    let mut run = project.command(&["run", "-j", "2"]).spawn().expect("a run");
    let log = project.path("calls");
    while fs::read_to_string(&log).unwrap_or_default().lines().count() < calls {
        if run.try_wait().expect("its state").is_some() {
            break;
        }
        sleep(Duration::from_millis(2));
    }
    kill_process(Pid::from_child(&run), signal).ok();
    run.wait().expect("its end").code().unwrap_or(-1)
}

fn clean(project: &Project) {
    fs::remove_dir_all(project.path("cache")).expect("removed");
    fs::remove_file(project.path("output.h5")).ok();
    project.calls();
}

#[test]
fn killed_and_resumed_equals_undisturbed() {
    let project = Project::new(CATCHMENTS);
    project.rerunoff(&["run"]).expect(0);
    let undisturbed = project.read("output.h5");
    for calls in [0, 1, 7, 20, CATCHMENTS] {
        clean(&project);
        signalled(&project, calls, Signal::KILL);
        let again = project.rerunoff(&["run"]).expect(0);
        assert!(
            again.stdout.starts_with(&format!("{CATCHMENTS} fresh")),
            "{}",
            again.stdout
        );
        assert!(
            project.read("output.h5") == undisturbed,
            "killed after {calls} calls"
        );
        assert!(!project.path("output.h5.part").exists() && !project.path("cache/work").exists());
        project.rerunoff(&["run"]).expect(0);
    }
}

#[test]
fn an_interrupted_run_keeps_what_is_done_and_goes_on() {
    let project = Project::new(CATCHMENTS);
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        project.calls();
        if project.path("cache").exists() {
            clean(&project);
        }
        assert_eq!(signalled(&project, 10, signal), 130);
        let done = project.calls().len();
        assert!(
            !project.path("output.h5").exists(),
            "the product is not touched"
        );
        project.rerunoff(&["run"]).expect(0);
        let rest = project.calls().len();
        // At most the two under way at the signal are run a second time.
        assert!(
            (CATCHMENTS..=CATCHMENTS + 2).contains(&(done + rest)),
            "{done} and {rest}"
        );
    }
}
