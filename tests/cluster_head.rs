//! A run by way of tasks, from its command line: the same products as a run on one machine, each simulator started once, and what becomes
//! of it when the user does something else meanwhile.

use std::fs;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use rustix::process::Signal;

use crate::common::cluster::{SCENARIOS, each, ended, signal};
use crate::common::{Project, Run, id, json, precipitation};

/// A project of held catchments, of which a run submitted all and left.
#[track_caller]
fn detached(catchments: usize) -> Project {
    let project = Project::with_tasks(catchments, "");
    project.hold(catchments);
    project.rerunoff(&["run", "--detach"]).expect(6);
    project.wait_for_starts(1);
    project
}

#[track_caller]
fn counts(run: &Run) -> [u64; 5] {
    let document = json(&run.stdout);
    ["fresh", "run", "failed", "under_way", "stale"]
        .map(|name| document[name].as_u64().expect(name))
}

#[test]
fn the_product_is_that_of_one_machine_and_each_simulator_starts_once() {
    let project = Project::with_tasks(200, SCENARIOS);
    let run = project.rerunoff(&["run"]).expect(0);
    let told = "600 fresh, 600 run, 0 failed of 3 scenarios in ";
    assert!(run.stdout.starts_with(told), "{}", run.stdout);
    assert_eq!(project.calls(), each(200, 3));
    project.expect_no_package();
    let product = project.read("output.h5");
    let run = project.rerunoff(&["run"]).expect(0);
    assert!(run.stdout.starts_with("600 fresh, 0 run"), "{}", run.stdout);
    project.set_factors(&[], &[(77, 3.0)]);
    let run = project.rerunoff(&["run"]).expect(0);
    assert!(run.stdout.starts_with("600 fresh, 3 run"), "{}", run.stdout);
    assert_eq!(project.calls(), [id(77), id(77), id(77)]);
    let changed = project.read("output.h5");
    project.set_factors(&[], &[]);
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls(), [""; 0]);
    assert!(project.read("output.h5") == product);
    assert!(project.local_product() == product, "not the same bytes");
    project.set_factors(&[], &[(77, 3.0)]);
    project.rerunoff(&["run", "--local"]).expect(0);
    assert!(project.read("output.h5") == changed, "not the same bytes");
}

#[test]
fn what_is_under_way_is_not_submitted_again_and_a_waiting_run_collects_it() {
    let project = detached(6);
    for _ in 0..2 {
        let again = project.rerunoff(&["run", "--detach", "--json"]).expect(6);
        assert_eq!(counts(&again), [0, 0, 0, 6, 0]);
        assert!(json(&again.stdout)["product"].is_null());
    }
    project.package();
    let dry = project.rerunoff(&["run", "--dry-run", "--json"]).expect(0);
    let dry = json(&dry.stdout);
    assert_eq!(
        (&dry["would_run"], &dry["under_way"]),
        (&0.into(), &6.into())
    );
    project.go();
    let run = project.rerunoff(&["run", "--json"]).expect(0);
    assert_eq!(counts(&run), [6, 6, 0, 0, 0]);
    assert_eq!(project.calls(), each(6, 1));
    project.expect_no_package();
    let product = project.read("output.h5");
    assert!(project.local_product() == product, "not the same bytes");
}

#[test]
fn failures_are_told_once_and_tried_again_by_the_next_run() {
    let project = Project::with_tasks(4, "");
    project.set(&[(1, "exit"), (2, "held")]);
    project.rerunoff(&["run", "--detach"]).expect(6);
    project.wait_for_starts(3);
    project.go();
    project.wait_for_tasks();
    let run = project.rerunoff(&["run", "--json"]).expect(1);
    assert_eq!(counts(&run), [3, 4, 1, 0, 0]);
    let reason = json(&run.stdout)["failures"][0]["reason"].to_string();
    assert!(reason.contains("exit"), "{reason}");
    let evidence = project.path("cache/failed").join(id(1));
    assert!(evidence.join("out.txt").exists());
    assert_eq!(project.calls(), each(4, 1), "not by the run that collects");
    project.expect_no_package();
    assert!(project.path("output.h5").exists());

    let run = project.rerunoff(&["run"]).expect(1);
    assert!(
        run.stdout.starts_with("3 fresh, 1 run, 1 failed"),
        "{}",
        run.stdout
    );
    assert_eq!(project.calls(), [id(1)]);
    let log = project.rerunoff(&["log", &id(1)]).expect(0);
    assert!(log.stdout.contains("exit"), "{}", log.stdout);
    project.set(&[(2, "held")]);
    project.rerunoff(&["run"]).expect(0);
    assert!(!evidence.exists(), "it went well");
}

#[test]
fn retries_are_the_tasks_matter_and_a_budget_ends_them_all() {
    let project = Project::with_tasks(4, "");
    project.edit("timeout = \"20s\"", "timeout = \"20s\"\nretries = 1");
    project.set(&[(0, "flaky")]);
    project.rerunoff(&["run"]).expect(0);
    let mut calls = each(4, 1);
    calls.insert(0, id(0));
    assert_eq!(project.calls(), calls);

    let project = Project::with_tasks(8, "");
    project.set(&[(0, "exit"), (7, "hang"), (6, "hang")]);
    let run = project.rerunoff(&["run", "--max-failures", "1"]).expect(1);
    run.says("stopped after 1 failure (--max-failures)");
    assert!(!project.path("output.h5").exists());
    project.wait_for_tasks();
    project.expect_no_package();
    project.calls();
    project.set(&[]);
    project.rerunoff(&["run"]).expect(0);
    project.expect_no_package();
}

#[test]
fn a_part_of_it_can_be_asked_for_and_what_is_fresh_forced() {
    let project = Project::with_tasks(4, "");
    let run = project
        .rerunoff(&["run", "--only", &id(2), "--json"])
        .expect(0);
    assert_eq!(project.calls(), [id(2)]);
    assert_eq!(counts(&run)[0], 1);
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls(), [id(0), id(1), id(3)]);
    let forced = project
        .rerunoff(&["run", "--force", "--only", &id(3)])
        .expect(0);
    assert!(
        forced.stdout.starts_with("4 fresh, 1 run"),
        "{}",
        forced.stdout
    );
    assert_eq!(project.calls(), [id(3)]);
    // What is forced and under way is not what nobody wants.
    project.hold(4);
    project.go();
    project.rerunoff(&["run"]).expect(0);
    project.calls();
    fs::remove_file(project.path("calls.go")).expect("removed");
    project.rerunoff(&["run", "--force", "--detach"]).expect(6);
    project.wait_for_starts(1);
    project.go();
    let run = project.rerunoff(&["run"]).expect(0);
    assert!(run.stdout.starts_with("4 fresh, 4 run"), "{}", run.stdout);
    assert_eq!(project.calls(), each(4, 1));
    project.expect_no_package();
}

#[test]
fn this_machine_can_help_and_a_cluster_that_is_stated_no_more_is_still_collected() {
    let project = detached(4);
    let run = project.rerunoff(&["run", "--local", "--json"]).expect(6);
    assert_eq!(counts(&run), [0, 0, 0, 4, 0]);
    project.set(&[(0, "held"), (1, "held")]);
    // Two are what others are at work on, two were changed and are done here.
    let run = project.rerunoff(&["run", "--local", "--json"]).expect(6);
    let [fresh, run, failed, under_way, _] = counts(&run);
    assert_eq!((fresh, run, failed, under_way), (2, 2, 0, 2));
    assert!(!project.path("output.h5").exists());
    let text = fs::read_to_string(project.path("rerunoff.toml")).expect("it");
    let without = text.split("\n[cluster]").next().expect("a part");
    project.write_toml(without);
    project.go();
    project.wait_for_tasks();
    let run = project.rerunoff(&["run", "--json"]).expect(0);
    assert_eq!(counts(&run)[0], 4);
    project.expect_no_package();
}

#[test]
fn a_tweak_while_tasks_are_at_work_leaves_frozen_results_under_their_keys() {
    type Tweak = (&'static str, fn(&Project), fn(&Project));
    let tweaks: [Tweak; 4] = [
        (
            "a parameter",
            |project| project.edit("k = 0.012", "k = 0.013"),
            |project| project.edit("k = 0.013", "k = 0.012"),
        ),
        (
            "a template",
            |project| {
                let text = fs::read_to_string(project.path("templates/param.txt")).expect("it");
                project.write("templates/param.txt", &format!("{text}more=1\n"));
            },
            |project| {
                let text = fs::read_to_string(project.path("templates/param.txt")).expect("it");
                project.write("templates/param.txt", &text.replace("more=1\n", ""));
            },
        ),
        (
            "a support file",
            |project| {
                let text = fs::read_to_string(project.path("simulator.sh")).expect("it");
                project.write("simulator.sh", &format!("{text}# a remark\n"));
            },
            |project| {
                let text = fs::read_to_string(project.path("simulator.sh")).expect("it");
                project.write("simulator.sh", &text.replace("# a remark\n", ""));
            },
        ),
        (
            "the input",
            |project| project.write_input(&|catchment, step| precipitation(catchment, step) + 1.0),
            |project| project.write_input(&precipitation),
        ),
    ];
    for (what, tweak, back) in tweaks {
        let project = Project::with_tasks(2, "");
        project.set(&[(1, "held")]);
        project.rerunoff(&["run", "--detach"]).expect(6);
        project.wait_for_starts(2);
        tweak(&project);
        let run = project.rerunoff(&["run", "--detach"]).expect(6);
        assert!(
            run.stderr.contains("the project has changed"),
            "{what}: {}",
            run.stderr
        );
        project.go();
        let run = project.rerunoff(&["run"]).expect(0);
        assert!(run.stdout.starts_with("2 fresh"), "{what}: {}", run.stdout);
        let starts = project.calls().len();
        // The held one was ended before it came to its end, or was done.
        assert!((3..=4).contains(&starts), "{what}: {starts}");
        let product = project.read("output.h5");
        assert!(
            project.local_product() == product,
            "{what}: not the same bytes"
        );
        back(&project);
        project.rerunoff(&["run"]).expect(0);
        project.expect_no_package();
    }
}

#[test]
fn what_was_done_before_a_tweak_is_there_when_it_is_taken_back() {
    let project = Project::with_tasks(4, "");
    project.rerunoff(&["run", "--detach"]).expect(6);
    project.wait_for_tasks();
    project.edit("k = 0.012", "k = 0.013");
    let run = project.rerunoff(&["run"]).expect(0);
    assert!(run.stdout.starts_with("4 fresh, 8 run"), "{}", run.stdout);
    assert_eq!(project.calls(), each(4, 2));
    project.edit("k = 0.013", "k = 0.012");
    let run = project.rerunoff(&["run"]).expect(0);
    assert!(run.stdout.starts_with("4 fresh, 0 run"), "{}", run.stdout);
    assert_eq!(project.calls(), [""; 0]);
}

#[test]
fn cancel_ends_what_nobody_waits_for_and_what_a_run_waits_for() {
    let project = detached(4);
    let cancelled = project.rerunoff(&["cancel"]).expect(0);
    assert!(
        cancelled.stdout.contains("on local are being ended"),
        "{}",
        cancelled.stdout
    );
    project.wait_for_tasks();
    let none = Project::with_tasks(1, "").rerunoff(&["cancel"]).expect(0);
    assert_eq!(none.stdout, "nothing is under way\n");
    // The next run goes on from there.
    project.calls();
    let waiting = project.start(&["run"]);
    project.wait_for_starts(1);
    project.rerunoff(&["cancel"]).expect(0);
    let run = ended(waiting).expect(130);
    run.says("ended by `rerunoff cancel`");
    assert!(!project.path("output.h5").exists());
    assert_eq!(project.tasks(), []);
    project.expect_no_package();
    project.go();
    project.rerunoff(&["run"]).expect(0);
    project.expect_no_package();
}

#[test]
fn what_was_cancelled_is_submitted_anew_by_a_run_that_does_not_wait() {
    let project = detached(2);
    project.rerunoff(&["cancel"]).expect(0);
    project.wait_for_tasks();
    project.calls();
    let again = project.rerunoff(&["run", "--detach", "--json"]).expect(6);
    assert_eq!(counts(&again), [0, 0, 0, 2, 0]);
    project.wait_for_starts(1);
    project.package();
    project.go();
    project.rerunoff(&["run"]).expect(0);
    project.expect_no_package();
}

#[test]
fn an_interrupt_leaves_the_tasks_and_a_second_one_ends_them() {
    for sent in [Signal::INT, Signal::TERM, Signal::HUP] {
        let project = Project::with_tasks(3, "");
        project.hold(3);
        let waiting = project.start(&["run"]);
        project.wait_for_starts(1);
        signal(&waiting, sent);
        let run = ended(waiting).expect(130);
        run.says("under way; `rerunoff run` waits for them again, `rerunoff cancel` ends them");
        assert!(!project.tasks().is_empty(), "{sent:?}");
        project.go();
        project.rerunoff(&["run"]).expect(0);
        assert_eq!(project.calls(), each(3, 1), "{sent:?}");
        project.expect_no_package();
    }

    let project = Project::with_tasks(3, "");
    project.hold(3);
    let waiting = project.start(&["run"]);
    project.wait_for_starts(1);
    signal(&waiting, Signal::INT);
    sleep(Duration::from_millis(500));
    signal(&waiting, Signal::INT);
    ended(waiting).expect(130).says("are being ended");
    project.wait_for_tasks();
    project.go();
    project.rerunoff(&["run"]).expect(0);
    project.expect_no_package();
}

#[test]
fn ctrl_c_ends_tasks_where_the_project_says_so_and_a_lost_connection_never_does() {
    for (sent, goes_on) in [(Signal::INT, false), (Signal::HUP, true)] {
        let project = Project::with_tasks(3, "");
        project.edit("ask_every", "on_interrupt = \"cancel\"\nask_every");
        project.hold(3);
        let waiting = project.start(&["run"]);
        project.wait_for_starts(1);
        signal(&waiting, sent);
        let run = ended(waiting).expect(130);
        match goes_on {
            true => run.says("waits for them again"),
            false => run.says("are being ended"),
        }
        if !goes_on {
            project.wait_for_tasks();
        }
        assert_eq!(!project.tasks().is_empty(), goes_on);
        project.go();
        project.rerunoff(&["run"]).expect(0);
        project.expect_no_package();
    }
}

#[test]
fn one_head_at_a_time_on_one_machine_and_on_several() {
    let project = Project::with_tasks(2, "");
    project.hold(2);
    let waiting = project.start(&["run"]);
    project.wait_for_starts(1);
    for verb in [&["run"][..], &["run", "--detach"]] {
        project.rerunoff(verb).expect(3).says("since 20");
    }
    signal(&waiting, Signal::KILL);
    ended(waiting);
    let now = jiff::Timestamp::now();
    let fresh = format!("7 {now:.0} {now:.0}\n");
    project.write("cache/cluster/head-login7", &fresh);
    let refused = project.rerunoff(&["run"]).expect(3);
    refused.says("process 7 on login7 since 20");
    project.status(&[0]);
    project.write(
        "cache/cluster/head-login7",
        "7 2026-01-01T00:00:00Z 2026-01-01T00:00:00Z\n",
    );
    project.go();
    project.rerunoff(&["run"]).expect(0);
    fs::remove_file(project.path("cache/cluster/head-login7")).expect("left alone");
    assert_eq!(project.calls(), each(2, 1));
    project.expect_no_package();
}

#[test]
fn behind_make_a_run_waits_or_says_that_it_did_not() {
    let project = Project::with_tasks(3, "");
    project.hold(3);
    let make = |flags: &str| -> Run {
        let rerunoff = env!("CARGO_BIN_EXE_rerunoff");
        let rule = format!(
            "figure: output.h5\n\ttouch figure\noutput.h5: rerunoff.toml log/calls.go\n\t+'{rerunoff}' run {flags}\n\ttouch -c $@\nlog/calls.go:\n"
        );
        project.write("Makefile", &rule);
        let mut make = Command::new("make");
        make.args(["-j", "2", "figure"]).current_dir(project.root());
        make.env_remove("MAKEFLAGS")
            .env_remove("MAKELEVEL")
            .env("RERUNOFF_CLUSTER_FILE", "");
        make.stdin(Stdio::null()).output().expect("make").into()
    };
    let run = make("--detach");
    assert!(
        run.code == 2 && run.stderr.contains("Error 6"),
        "{}",
        run.stderr
    );
    assert!(!project.path("figure").exists());
    project.go();
    let run = make("");
    assert!(
        run.code == 0 && project.path("figure").exists(),
        "{}",
        run.stderr
    );
    assert_eq!(project.calls(), each(3, 1));
    project.expect_no_package();
}

#[test]
fn the_fast_path_is_closed_while_something_is_under_way_and_open_afterwards() {
    let project = Project::with_tasks(2, "");
    project.hold(2);
    project.go();
    project.rerunoff(&["run"]).expect(0);
    sleep(Duration::from_millis(100));
    project.rerunoff(&["run"]).expect(0);
    let looked = "everything looks as it did when nothing was left to do";
    project.rerunoff(&["run", "-v"]).expect(0).says(looked);
    fs::remove_file(project.path("calls.go")).expect("removed");
    project.rerunoff(&["run", "--force", "--detach"]).expect(6);
    for _ in 0..2 {
        let run = project.rerunoff(&["run", "-v", "--detach"]).expect(6);
        assert!(!run.stderr.contains(looked), "{}", run.stderr);
    }
    project.go();
    project.rerunoff(&["run"]).expect(0);
    project.expect_no_package();
    sleep(Duration::from_millis(100));
    project.rerunoff(&["run"]).expect(0);
    project.rerunoff(&["run", "-v"]).expect(0).says(looked);
}
