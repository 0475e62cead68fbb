//! Several callers at once on one project: none is refused, what two want is run once, and whoever is killed costs nobody anything.

use std::fs::{self, File};
use std::io::Read;
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::common::waits::wait_until;
use crate::common::{Project, Run, id};

const CALLERS: usize = 8;

/// A call that goes on beside others; what it prints is read in the end.
fn begin(project: &Project, arguments: &[&str]) -> Child {
    let mut command = project.command(arguments);
    let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    piped.spawn().expect("the binary")
}

fn end(call: Child) -> Run {
    call.wait_with_output().expect("its end").into()
}

/// The ids of so many catchments, from one on.
fn ids(from: usize, count: usize) -> Vec<String> {
    (from..from + count).map(id).collect()
}

fn kill(mut call: Child) {
    kill_process(Pid::from_child(&call), Signal::KILL).expect("sent");
    call.wait().expect("its end");
}

#[test]
fn eight_callers_with_the_same_wish_run_everything_once() {
    let project = Project::new(40);
    project.rerunoff(&["run"]).expect(0);
    let undisturbed = project.read("output.h5");
    fs::remove_dir_all(project.path("cache")).expect("removed");
    fs::remove_file(project.path("output.h5")).expect("removed");
    project.calls();

    let callers: Vec<Child> = (0..CALLERS)
        .map(|_| begin(&project, &["run", "-j", "2"]))
        .collect();
    let mut run = 0;
    for caller in callers {
        let caller = end(caller).expect(0);
        assert!(caller.stdout.starts_with("40 fresh, "), "{}", caller.stdout);
        let words: Vec<&str> = caller.stdout.split(' ').collect();
        run += words[2].parse::<usize>().expect("a number");
    }
    assert_eq!(project.calls(), ids(0, 40));
    assert_eq!(run, 40, "each is told as run by one of them");
    assert!(project.read("output.h5") == undisturbed);
    assert!(project.is_tidy());
    let doctor = project.rerunoff(&["doctor"]).expect(0);
    assert!(doctor.stdout.starts_with("40 results are sound, 0 damaged"));
}

#[test]
fn callers_with_different_wishes_share_what_they_have_in_common() {
    let project = Project::new(24);
    let asked = |number: usize| {
        let set = format!("k=0.0{}", number % 4 + 2);
        begin(
            &project,
            &["run", "--no-assemble", "-j", "2", "--set", &set],
        )
    };
    let callers: Vec<Child> = (0..CALLERS).map(asked).collect();
    for caller in callers {
        let caller = end(caller).expect(0);
        assert!(caller.stdout.starts_with("24 fresh, "), "{}", caller.stdout);
    }
    let calls = project.calls();
    assert_eq!(calls.len(), 4 * 24);
    assert_eq!(calls.iter().filter(|call| **call == id(7)).count(), 4);
    for set in ["k=0.02", "k=0.03", "k=0.04", "k=0.05"] {
        let again = project.rerunoff(&["run", "--no-assemble", "--set", set]);
        let again = again.expect(0).stdout;
        assert!(again.starts_with("24 fresh, 0 run"), "{again}");
    }
    let doctor = project.rerunoff(&["doctor"]).expect(0);
    assert!(doctor.stdout.starts_with("96 results are sound, 0 damaged"));
}

#[test]
fn what_is_under_way_elsewhere_is_waited_for_and_ends_fresh() {
    let project = Project::new(3);
    project.set(&[(0, "held")]);
    // On a machine of one core, too, all three are begun.
    let first = begin(&project, &["run", "-j", "3"]);
    project.wait_for_calls(3);
    let second = begin(&project, &["run", "-j", "3"]);
    let other = project.rerunoff(&["run", "-j", "3", "--only", &id(1)]);
    let other = other.expect(0);
    assert!(
        other.stdout.starts_with("2 fresh, 0 run") || other.stdout.starts_with("1 fresh, 0 run")
    );
    project.write("calls.go", "");
    let [first, second] = [first, second].map(|call| end(call).expect(0));
    assert!(
        first.stdout.starts_with("3 fresh, 3 run"),
        "{}",
        first.stdout
    );
    assert!(
        second.stdout.starts_with("3 fresh, 0 run"),
        "{}",
        second.stdout
    );
    assert_eq!(project.calls(), ids(0, 3));
    assert_eq!(project.status(&[0])["fresh"], 3);
}

#[test]
fn what_a_killed_caller_was_at_work_on_is_run_by_the_one_that_waits() {
    let project = Project::new(4);
    project.set(&[(0, "held"), (1, "held")]);
    let first = begin(&project, &["run", "-j", "4"]);
    project.wait_for_calls(4);
    let second = begin(&project, &["run", "-j", "4"]);
    // Those that are done may not be committed yet, and then they are run again with the others.
    project.wait_for_fresh(2);
    kill(first);
    project.wait_for_calls(6);
    project.write("calls.go", "");
    let second = end(second).expect(0);
    assert!(
        second.stdout.starts_with("4 fresh, 2 run"),
        "{}",
        second.stdout
    );
    assert_eq!(project.calls().len(), 6);
    project.expect_all_gone();
    project.rerunoff(&["run"]).expect(0);
    assert!(project.is_tidy());
}

#[test]
fn what_fails_for_another_is_tried_here_too() {
    let project = Project::new(2);
    project.set(&[(0, "exit")]);
    let callers: Vec<Child> = (0..3).map(|_| begin(&project, &["run"])).collect();
    for caller in callers {
        let caller = end(caller).expect(1);
        assert!(caller.stdout.starts_with("1 fresh, "), "{}", caller.stdout);
        assert!(caller.stdout.contains(", 1 failed"), "{}", caller.stdout);
        caller.says("catchment 70001 failed: exit code 3");
    }
    let calls = project.calls();
    assert_eq!(calls.iter().filter(|call| **call == id(1)).count(), 1);
    assert!(project.path("cache/failed/70001/out.txt").exists());
    assert_eq!(
        fs::read_dir(project.path("cache/failed"))
            .expect("a list")
            .count(),
        1
    );
}

#[test]
fn whoever_is_interrupted_leaves_its_share_to_the_others() {
    let project = Project::new(3);
    project.set(&[(0, "stubborn")]);
    let mut first = begin(&project, &["run", "-j", "3"]);
    project.wait_for("calls.child");
    let mut second = begin(&project, &["run", "-j", "3"]);
    kill_process(Pid::from_child(&first), Signal::INT).expect("sent");
    assert_eq!(first.wait().expect("its end").code(), Some(130));
    wait_until("the second one begins it, too", || {
        let log = fs::read_to_string(project.path("calls")).expect("a log");
        log.matches(&id(0)).count() >= 2
    });
    kill_process(Pid::from_child(&second), Signal::INT).expect("sent");
    assert_eq!(second.wait().expect("its end").code(), Some(130));
    project.expect_all_gone();
    assert!(project.is_tidy());
    project.set(&[]);
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.status(&[0])["fresh"], 3);
}

#[test]
fn what_needs_the_project_alone_is_refused_or_waits() {
    let project = Project::new(2);
    project.rerunoff(&["run"]).expect(0);
    project.rerunoff(&["tag", "before"]).expect(0);
    project.set(&[(0, "held")]);
    project.calls();
    let first = begin(&project, &["run"]);
    project.wait_for_calls(1);
    for verb in [&["gc"][..], &["doctor"], &["run", "--at", "before"]] {
        let refused = project.rerunoff(verb).expect(3);
        refused.says("another run on this project is under way: process ");
        refused.says(&format!("process {} on ", first.id()));
    }
    // These need not be alone.
    project.rerunoff(&["tag", "meanwhile"]).expect(0);
    project.rerunoff(&["assemble"]).expect(1);
    let verify = ["verify", "-j", "1", "--only", &id(1)];
    project.rerunoff(&verify).expect(0);
    let waiting = begin(&project, &["gc", "--wait"]);
    project.write("calls.go", "");
    end(first).expect(0);
    end(waiting).expect(0);

    let lock = File::open(project.path("cache/lock")).expect("the lock");
    lock.lock().expect("held as gc holds it");
    let refused = project.rerunoff(&["run", "--force"]).expect(3);
    refused.says("another process needs this project for itself alone just now");
    let waiting = begin(&project, &["run", "--wait"]);
    drop(lock);
    end(waiting).expect(0);
}

#[test]
fn products_are_written_one_after_the_other_and_a_wait_can_be_interrupted() {
    let project = Project::new(2);
    project.rerunoff(&["run", "--no-assemble"]).expect(0);
    let lock = File::create(project.path("cache/product.lock")).expect("the lock");
    lock.lock().expect("held as one holds it that writes");
    project.rerunoff(&["run", "--no-assemble"]).expect(0);
    let mut call = begin(&project, &["run"]);
    let mut told = String::new();
    let mut stderr = call.stderr.take().expect("a pipe");
    let mut byte = [0];
    while !told.contains("is at it\n") {
        assert_eq!(stderr.read(&mut byte).expect("readable"), 1, "{told}");
        told.push(char::from(byte[0]));
    }
    assert!(
        told.contains("waiting to write the product: another process is at it"),
        "{told}"
    );
    kill_process(Pid::from_child(&call), Signal::INT).expect("sent");
    assert_eq!(call.wait().expect("its end").code(), Some(130));
    assert!(!project.path("output.h5").exists());
    let call = begin(&project, &["run"]);
    drop(lock);
    let call = end(call).expect(0);
    assert!(
        call.stdout.ends_with("output.h5 written\n"),
        "{}",
        call.stdout
    );
}

#[test]
fn forced_runs_of_the_same_are_each_done() {
    let project = Project::new(3);
    project.rerunoff(&["run"]).expect(0);
    project.calls();
    let callers: Vec<Child> = (0..2)
        .map(|_| begin(&project, &["run", "--force"]))
        .collect();
    for caller in callers {
        let caller = end(caller).expect(0);
        assert!(
            caller.stdout.starts_with("3 fresh, 3 run"),
            "{}",
            caller.stdout
        );
    }
    assert_eq!(project.calls().len(), 6);
}

#[test]
fn a_run_that_began_earlier_leaves_the_product_of_a_later_one() {
    let project = Project::new(2);
    project.rerunoff(&["run"]).expect(0);
    let product = project.read("output.h5");
    project.edit("k = 0.012", "k = 0.013");
    project.set(&[(0, "held")]);
    project.calls();
    let first = begin(&project, &["run"]);
    project.wait_for_calls(1);
    project.edit("k = 0.013", "k = 0.012");
    project.set(&[]);
    let second = project.rerunoff(&["run"]).expect(0);
    assert!(
        second.stdout.ends_with("output.h5 unchanged\n"),
        "{}",
        second.stdout
    );
    project.write("calls.go", "");
    let first = end(first).expect(0);
    assert!(
        first.stdout.ends_with("output.h5 left to a later run\n"),
        "{}",
        first.stdout
    );
    assert!(project.read("output.h5") == product);
    let third = project.rerunoff(&["run"]).expect(0);
    assert!(
        third.stdout.ends_with("output.h5 unchanged\n"),
        "{}",
        third.stdout
    );
}
