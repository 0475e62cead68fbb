//! Signals, a closed pipe, a terminal that is gone, and a second run beside the first.

use std::fs::{self, File};
use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::common::{Project, undisturbed};

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
        wait_for_the_stubborn(&project);
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

/// Waits until three of the six catchments are done and the three stubborn ones run.
fn wait_for_the_stubborn(project: &Project) {
    project.wait_for("calls.child");
    project.wait_for("calls.daemon");
    project.wait_for_fresh(3);
}

#[test]
fn a_terminal_that_is_gone_is_an_interrupt() {
    let project = Project::new(6);
    project.set(&STUBBORN);
    let rerunoff = format!("exec '{}' run -j 6", env!("CARGO_BIN_EXE_rerunoff"));
    // Makes a terminal, and takes it away when it is killed: the kernel sends HUP, and writing to it is an error.
    let mut terminal = undisturbed("script")
        .args(["-qec", &rerunoff, "/dev/null"])
        .current_dir(project.root())
        .env("SHELL", "/bin/sh")
        .env_remove("MAKEFLAGS")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("script, of bsdutils");
    wait_for_the_stubborn(&project);
    kill_process(Pid::from_child(&terminal), Signal::KILL).expect("sent");
    terminal.wait().expect("its end");
    project.expect_all_gone();
    assert!(!project.path("output.h5").exists());
    assert!(project.is_tidy(), "it was not killed, but tidied up");
    project.calls();
    project.set(&[]);
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls().len(), 3, "what was done is kept");
}

#[test]
fn an_interrupt_of_make_is_one_of_rerunoff() {
    let project = Project::new(6);
    project.set(&STUBBORN);
    let rule = format!(
        "output.h5:\n\t+'{}' run -j 6\n",
        env!("CARGO_BIN_EXE_rerunoff")
    );
    project.write("Makefile", &rule);
    let mut make = undisturbed("make")
        .current_dir(project.root())
        .env_remove("MAKEFLAGS")
        .stdin(Stdio::null())
        .process_group(0)
        .spawn()
        .expect("make");
    wait_for_the_stubborn(&project);
    // As a terminal sends it at Ctrl-C: to the whole group.
    kill_process_group(Pid::from_child(&make), Signal::INT).expect("sent");
    assert!(!make.wait().expect("its end").success());
    project.expect_all_gone();
    assert!(!project.path("output.h5").exists());
    project.calls();
    project.set(&[]);
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls().len(), 3, "what was done is kept");
}

#[test]
fn a_reader_that_goes_early_stops_nothing() {
    let project = Project::new(6);
    let script = format!(
        "set -o pipefail; '{}' run --verbose 2>&1 | head -n 1",
        env!("CARGO_BIN_EXE_rerunoff")
    );
    let ended = Command::new("bash")
        .args(["-c", &script])
        .current_dir(project.root())
        .env_remove("MAKEFLAGS")
        .output()
        .expect("bash");
    assert!(ended.status.success(), "{ended:?}");
    assert_eq!(project.status(&[0])["fresh"], 6);
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
    let mut run = Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_rerunoff")])
        .current_dir(project.root())
        .spawn()
        .expect("a run");
    project.wait_for("calls.slower");
    kill_process(Pid::from_child(&run), Signal::HUP).expect("sent");
    assert_eq!(run.wait().expect("its end").code(), Some(0));
}

#[test]
fn what_needs_the_project_alone_tells_who_is_at_work_and_readers_read() {
    let project = Project::new(3);
    project.rerunoff(&["run"]).expect(0);
    let product = project.read("output.h5");
    project.set(&[(0, "slower")]);
    let mut first = project.command(&["run"]).spawn().expect("a run");
    project.wait_for("calls.slower");

    for verb in ["gc", "doctor"] {
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
    project.rerunoff(&["gc", "--wait"]).expect(0);
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
    project.rerunoff(&["gc"]).expect(0);
    assert_eq!(
        File::open(project.path("cache/lock"))
            .expect("there")
            .metadata()
            .expect("known")
            .len(),
        0
    );
}
