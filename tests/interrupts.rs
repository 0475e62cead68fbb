//! Signals, a closed pipe, a terminal that is gone, and a second run beside the first.

mod common;

use std::fs::{self, File};
use std::io::Read;
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use common::Project;
use rustix::process::{Pid, Signal, kill_process};

const STUBBORN: [(usize, &str); 3] = [(3, "stubborn"), (4, "deaf"), (5, "daemon")];

#[test]
fn every_signal_ends_children_keeps_results_and_tells_how_to_go_on() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let project = Project::new(6);
        project.set(&STUBBORN);
        let mut run = project
            .command(&["run", "-j", "6"])
            .stderr(Stdio::piped())
            .spawn()
            .expect("a run");
        project.wait_for("calls.child");
        project.wait_for("calls.daemon");
        while project.status(&[0])["fresh"].as_u64() < Some(3) {
            sleep(Duration::from_millis(50));
        }
        kill_process(Pid::from_child(&run), signal).expect("sent");
        assert_eq!(run.wait().expect("its end").code(), Some(130));
        assert_eq!(project.alive(), [""; 0], "after {signal:?}");
        let mut told = String::new();
        let mut stderr = run.stderr.take().expect("a pipe");
        stderr.read_to_string(&mut told).expect("read");
        assert!(
            told.contains("the same command goes on from here"),
            "{told}"
        );
        assert!(project.is_tidy());
        project.calls();
        project.set(&[]);
        project.rerunoff(&["run"]).expect(0);
        assert_eq!(project.calls().len(), 3, "what was done is kept");
    }
}

#[test]
fn a_closed_pipe_stops_nothing_and_panics_nowhere() {
    let project = Project::new(3);
    project.set(&[(1, "exit")]);
    for verb in [
        &["run"][..],
        &["status"],
        &["status", "--json"],
        &["check"],
        &["log", "70001"],
    ] {
        let closed = || {
            let (reader, writer) = std::io::pipe().expect("a pipe");
            drop(reader);
            Stdio::from(OwnedFd::from(writer))
        };
        let mut run = project.command(verb);
        let ended = run.stdout(closed()).stderr(closed()).status().expect("run");
        assert!(matches!(ended.code(), Some(0 | 1)), "{verb:?}: {ended}");
    }
    assert_eq!(project.status(&[1])["fresh"], 2);
}

#[test]
fn an_ignored_hangup_stays_ignored() {
    let project = Project::new(2);
    project.set(&[(0, "slower")]);
    let script = "trap '' HUP; exec \"$0\" run";
    let mut run = std::process::Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_rerunoff")])
        .current_dir(project.root())
        .spawn()
        .expect("a run");
    project.wait_for("calls.slower");
    kill_process(Pid::from_child(&run), Signal::HUP).expect("sent");
    assert_eq!(run.wait().expect("its end").code(), Some(0));
}

#[test]
fn a_second_run_waits_or_tells_who_holds_the_lock_and_readers_read() {
    let project = Project::new(3);
    project.rerunoff(&["run"]).expect(0);
    let product = project.read("output.h5");
    project.set(&[(0, "slower")]);
    let mut first = project.command(&["run"]).spawn().expect("a run");
    project.wait_for("calls.slower");

    for verb in ["run", "assemble", "doctor", "verify"] {
        let second = project.rerunoff(&[verb]).expect(3);
        let holder = format!("process {} on ", first.id());
        assert!(second.stderr.contains(&holder), "{}", second.stderr);
        assert!(second.stderr.contains("since 20"), "{}", second.stderr);
    }
    assert_eq!(project.status(&[0])["fresh"], 2);
    project.rerunoff(&["log", "70002"]).expect(0);
    assert!(
        project.read("output.h5") == product,
        "the old product stays readable"
    );
    project.calls();
    let waited = project.rerunoff(&["run", "--wait"]).expect(0);
    assert!(
        waited.stdout.starts_with("3 fresh, 0 run"),
        "{}",
        waited.stdout
    );
    assert!(first.wait().expect("its end").success());
    assert!(project.calls().is_empty());
}

#[test]
fn a_lock_whose_holder_died_is_no_lock() {
    let project = Project::new(1);
    fs::create_dir(project.path("cache")).expect("made");
    let name = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned();
    project.write(
        "cache/lock",
        &format!("{name} 999999999 2020-01-01T00:00:00Z\n"),
    );
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(
        File::open(project.path("cache/lock"))
            .expect("there")
            .metadata()
            .expect("known")
            .len(),
        0
    );
}
