//! Work directories: in memory or on the disk, emptied between runs, and gone in the end.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use rustix::process::{Pid, Signal, kill_process};

use crate::common::{Project, id};

/// What a simulator finds, as `ls -A` lists it.
const FOUND: &str =
    "input.txt layout.xml out.txt param.txt rerunoff.stderr rerunoff.stdout simulator.sh ";

fn on_disk(project: &Project) {
    project.write_toml(&format!("{}\n[cache]\nwork = \"disk\"\n", project.toml()));
}

#[test]
fn no_run_sees_what_another_has_left() {
    for disk in [false, true] {
        let project = Project::new(6);
        if disk {
            on_disk(&project);
        }
        let modes = ["messy", "messy", "shut", "shut", "messy", "ok"];
        let modes: Vec<(usize, &str)> = modes.into_iter().enumerate().collect();
        project.set(&modes);
        project.rerunoff(&["run", "-j", "1"]).expect(0);
        assert_eq!(project.calls().len(), 6, "none was tried again");
        let seen = String::from_utf8(project.read("calls.seen")).expect("text");
        assert_eq!(seen.lines().collect::<Vec<_>>(), [FOUND; 5]);
        assert!(project.is_tidy());
        assert!(
            fs::read_to_string(project.path("simulator.sh")).is_ok_and(|text| text.len() > 100),
            "the link was replaced, not what it leads to"
        );
    }
}

#[test]
fn evidence_is_on_the_disk_with_its_permissions() {
    let project = Project::new(3);
    project.set(&[(1, "exit")]);
    project.rerunoff(&["run"]).expect(1);
    let kept = project.path("cache/failed").join(id(1));
    assert!(kept.join("out.txt").exists());
    let link = fs::read_link(kept.join("simulator.sh")).expect("a link");
    assert_eq!(
        link.canonicalize().expect("it leads somewhere"),
        project
            .path("simulator.sh")
            .canonicalize()
            .expect("the simulator")
    );
    let mode = |path| fs::metadata(path).expect("there").permissions().mode();
    assert_eq!(
        mode(kept.join("param.txt")),
        mode(project.path("rerunoff.toml"))
    );
    assert!(project.is_tidy());
}

#[test]
fn what_a_killed_run_has_left_goes_with_the_next() {
    let project = Project::new(2);
    project.set(&[(1, "stubborn")]);
    for disk in [false, true] {
        if disk {
            on_disk(&project);
        }
        let mut run = project.command(&["run", "--force"]).spawn().expect("a run");
        project.wait_for("calls.child");
        kill_process(Pid::from_child(&run), Signal::KILL).expect("sent");
        run.wait().expect("its end");
        project.expect_all_gone();
        assert!(!project.is_tidy());
        project.set(&[]);
        project.rerunoff(&["run"]).expect(0);
        assert!(project.is_tidy());
        fs::remove_file(project.path("calls.child")).expect("it was there");
        project.set(&[(1, "stubborn")]);
    }
}

#[test]
fn a_run_whose_files_are_taken_away_is_done_again() {
    let project = Project::new(3);
    project.set(&[(0, "lost")]);
    // A fence keeps simulators from it; others may still do it.
    project.edit("timeout = \"20s\"", "timeout = \"20s\"\nsandbox = \"off\"");
    let run = project.rerunoff(&["run", "-j", "1"]).expect(0);
    assert!(run.stdout.starts_with("3 fresh, 3 run, 0 failed"));
    // Once more on the disk where memory was used, once more as a retry where it was not.
    let calls = project.calls();
    assert_eq!(calls.iter().filter(|call| **call == id(0)).count(), 2);
    assert!(project.is_tidy());
}
