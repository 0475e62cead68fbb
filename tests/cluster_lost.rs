//! Tasks that are lost, frozen or out of time, a batch system that lies, forgets and falls silent, and segments that are damaged: what
//! was not done goes to another task, and what was done counts once.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, SystemTime};

use rustix::process::{Signal, kill_process};

use crate::common::cluster::{each, ended};
use crate::common::{Project, id, json};

/// Sends all tasks a signal. How many there were.
fn signal_tasks(project: &Project, signal: Signal) -> usize {
    let tasks = project.tasks();
    for task in &tasks {
        kill_process(*task, signal).ok();
    }
    tasks.len()
}

/// The segments that were published and not taken in.
fn published(project: &Project) -> Vec<PathBuf> {
    let entries = fs::read_dir(project.package().join("in")).expect("a list");
    entries.flatten().map(|entry| entry.path()).collect()
}

/// How many arrays the batch system was given.
fn submissions(project: &Project) -> usize {
    let text = fs::read_to_string(project.path("batch/submitted"));
    text.unwrap_or_default().lines().count()
}

#[test]
fn what_a_killed_task_has_not_done_goes_to_another() {
    let project = Project::with_tasks(4, "");
    project.hold(4);
    let waiting = project.start(&["run"]);
    project.wait_for_starts(1);
    let killed = signal_tasks(&project, Signal::KILL);
    assert!(killed > 0);
    project.go();
    let run = ended(waiting).expect(0);
    run.says("was lost; ");
    run.says("go to other tasks");
    let starts = project.calls().len();
    assert!(
        (5..=4 + killed).contains(&starts),
        "{starts} after {killed}"
    );
    project.expect_no_package();
    project.expect_local_product();
}

#[test]
fn runs_that_do_not_wait_find_out_what_was_lost_as_well() {
    let project = Project::with_tasks(2, "");
    project.hold(2);
    project.rerunoff(&["run", "--detach"]).expect(6);
    project.wait_for_starts(1);
    signal_tasks(&project, Signal::KILL);
    project.wait_for_tasks();
    project.rerunoff(&["run", "--detach"]).expect(6);
    assert!(project.tasks().is_empty(), "not concluded from one look");
    project.go();
    sleep(Duration::from_millis(3100));
    let run = project.rerunoff(&["run", "--detach"]);
    run.says("was lost; ");
    project.rerunoff(&["run"]).expect(0);
    project.expect_no_package();
    project.expect_local_product();
}

#[test]
fn what_brings_down_four_tasks_fails_and_nothing_else_does() {
    let project = Project::with_tasks(4, "");
    project.edit("timeout = \"20s\"", "timeout = \"20s\"\nnetwork = true");
    project.set(&[(2, "deadly")]);
    let run = project.rerunoff(&["run", "--json"]).expect(1);
    let document = json(&run.stdout);
    assert_eq!(
        (&document["fresh"], &document["failed"]),
        (&3.into(), &1.into())
    );
    let failure = &document["failures"][0];
    assert_eq!(failure["catchment"], id(2));
    let reason = failure["reason"].as_str().expect("a text");
    assert!(reason.starts_with("its task was lost 4 times"), "{reason}");
    let calls = project.calls();
    assert_eq!(calls.iter().filter(|call| **call == id(2)).count(), 4);
    project.expect_no_package();
    assert_eq!(project.flags().iter().filter(|flag| **flag != 0).count(), 1);
    let log = project.rerunoff(&["log", &id(2)]).expect(0);
    assert!(log.stdout.contains("was lost 4 times"), "{}", log.stdout);
}

#[test]
fn runs_that_do_not_wait_count_losses_as_well() {
    let project = Project::with_tasks(1, "");
    project.edit("timeout = \"20s\"", "timeout = \"20s\"\nnetwork = true");
    project.set(&[(0, "deadly")]);
    for _ in 0..40 {
        let run = project.rerunoff(&["run", "--detach"]);
        if run.code != 6 {
            assert!(run.stderr.contains("was lost 4 times"), "{}", run.stderr);
            assert_eq!(project.calls(), each(1, 4));
            project.expect_no_package();
            return;
        }
        sleep(Duration::from_millis(500));
    }
    panic!("it goes on for ever");
}

#[test]
fn a_frozen_task_that_comes_back_does_no_harm() {
    let project = Project::with_batch_system(3);
    project.set(&[(0, "slower"), (2, "held")]);
    let waiting = project.start(&["run"]);
    project.wait_for("calls.slower");
    let frozen = project.tasks();
    signal_tasks(&project, Signal::STOP);
    project.write("batch/lost.41", "");
    project.wait_until("others are submitted", || submissions(&project) > 1);
    for task in frozen {
        kill_process(task, Signal::CONT).ok();
    }
    sleep(Duration::from_millis(1500));
    project.go();
    ended(waiting).expect(0).says("was lost");
    project.wait_for_tasks();
    project.set(&[]);
    project.rerunoff(&["run"]).expect(0);
    project.expect_no_package();
    project.expect_local_product();
}

#[test]
fn what_a_task_has_no_time_for_goes_to_another_and_what_no_task_has_time_for_fails() {
    let project = Project::with_tasks(4, "");
    project.edit("task = \"10s\"", "task = \"4s\"\nmax_time = \"4s\"");
    project.set(&[(0, "hang")]);
    let run = project.rerunoff(&["run", "--json"]).expect(1);
    let document = json(&run.stdout);
    assert_eq!(
        (&document["fresh"], &document["failed"]),
        (&3.into(), &1.into())
    );
    let reason = document["failures"][0]["reason"].as_str().expect("a text");
    assert!(
        reason.contains("within the longest time that a task may ask for"),
        "{reason}"
    );
    project.expect_no_package();
    let mut calls = project.calls();
    calls.retain(|call| *call != id(0));
    assert_eq!(calls, each(4, 1)[1..]);
}

#[test]
fn an_obstacle_on_every_machine_ends_the_run_and_says_what_it_is() {
    let project = Project::with_tasks(4, "");
    project.edit("ask_every", "scratch = \"/proc/nowhere\"\nask_every");
    let run = project.rerunoff(&["run"]).expect(4);
    run.says("can't make a folder in /proc/nowhere");
    run.says("its tasks were ended, what they published is kept");
    assert_eq!(project.calls(), [""; 0]);
    project.edit("scratch = \"/proc/nowhere\"\n", "");
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls(), each(4, 1));
    project.expect_no_package();
}

#[test]
fn a_submission_that_fails_and_was_taken_is_found_by_its_name() {
    let project = Project::with_batch_system(3);
    project.write("batch/unclear", "");
    let run = project.rerunoff(&["run"]).expect(0);
    run.says("gave no clear answer");
    assert_eq!(submissions(&project), 1);
    assert_eq!(project.calls(), each(3, 1));
    project.expect_no_package();
}

#[test]
fn a_submission_that_was_taken_and_is_forgotten_is_made_again_and_comes_late_in_vain() {
    let project = Project::with_batch_system(3);
    project.hold(3);
    project.write("batch/forgets", "");
    let waiting = project.start(&["run"]);
    project.wait_for_starts(1);
    assert_eq!(submissions(&project), 2);
    // The forgotten one appears after all.
    let package = project.package();
    let late = Command::new("sh")
        .arg(package.join("scripts/0.0"))
        .envs([("INDEX", "0"), ("JOB_ID", "41")])
        .stdin(Stdio::null())
        .status();
    assert!(late.expect("a shell").success());
    let log = fs::read_to_string(package.join("log/0.0-0")).expect("a log");
    assert!(log.contains("batch 0 was taken back"), "{log}");
    project.go();
    ended(waiting).expect(0).says("never begun");
    assert_eq!(project.calls(), each(3, 1));
    project.expect_no_package();
}

#[test]
fn a_batch_system_that_takes_nothing_is_asked_again_under_another_name() {
    let project = Project::with_batch_system(2);
    project.write("batch/refuses", "");
    let waiting = project.start(&["run"]);
    project.wait_until("it is asked", || submissions(&project) > 0);
    fs::remove_file(project.path("batch/refuses")).expect("removed");
    ended(waiting).expect(0).says("gave no clear answer");
    let submitted = fs::read_to_string(project.path("batch/submitted")).expect("it");
    let epochs: Vec<&str> = (submitted.lines())
        .filter_map(|line| line.split(' ').nth(1)?.rsplit('.').next())
        .collect();
    assert_eq!(epochs, ["0", "1"]);
    assert_eq!(project.calls(), each(2, 1));
    project.expect_no_package();
}

#[test]
fn a_batch_system_that_is_silent_is_no_reason_to_lose_anything() {
    let project = Project::with_batch_system(2);
    project.hold(2);
    let waiting = project.start(&["run"]);
    project.wait_for_starts(1);
    project.write("batch/silent", "");
    sleep(Duration::from_millis(4000));
    project.go();
    let run = ended(waiting).expect(0);
    run.says("gives no answer");
    assert_eq!(submissions(&project), 1);
    assert_eq!(project.calls(), each(2, 1));
    project.expect_no_package();
}

#[test]
fn damaged_and_foreign_segments_are_told_and_their_runs_done_again() {
    let project = Project::with_tasks(4, "");
    project.rerunoff(&["run", "--detach"]).expect(6);
    project.wait_for_tasks();
    let segments = published(&project);
    let [flipped, cut, ..] = &segments[..] else {
        panic!("too few: {segments:?}");
    };
    let folder = project.package().join("in");
    // Of a batch that there is not, of another attempt, and nothing that rerunoff made.
    let name = cut.file_name().expect("a name").to_str().expect("text");
    let (_, rest) = name.split_once('.').expect("its batch");
    fs::copy(cut, folder.join(format!("9.{rest}"))).expect("copied");
    let renamed = folder.join(format!("{}.7-0-0-0123abcd.4", &name[..1]));
    fs::copy(cut, renamed).expect("copied");
    fs::write(folder.join(format!("{name}.note")), "mine").expect("written");
    let mut bytes = fs::read(flipped).expect("it");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    fs::write(flipped, &bytes).expect("written");
    let whole = fs::read(cut).expect("it");
    fs::write(cut, &whole[..whole.len() * 2 / 3]).expect("written");
    let long_ago = SystemTime::now() - Duration::from_secs(600);
    let file = File::options().append(true).open(cut).expect("opens");
    file.set_modified(long_ago).expect("set");
    let run = project.rerunoff(&["run"]).expect(0);
    run.says("it ends in the middle");
    run.says("the package has no such batch");
    run.says("it says that it is of package");
    assert_eq!(
        run.stderr.matches("can't be taken in").count(),
        4,
        "{}",
        run.stderr
    );
    assert_eq!(project.calls(), each(4, 2));
    project.expect_no_package();
    project.expect_local_product();
}
