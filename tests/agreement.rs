//! All accounts of a run agree: exit code, last line, JSON, `runs`, `status`, `log` and the product's flags, whatever was
//! asked for and whatever came of it.

mod accounts;

use std::fs;

use accounts::{Told, listed, told};
use serde_json::Value;

use crate::common::{Project, Run, id, json, precipitation};

const CATCHMENTS: usize = 4;

/// A project whose simulator needs something that the project does not state: see [`deny`].
fn project(scenarios: &str) -> Project {
    let project = Project::new(CATCHMENTS);
    let denied = "[ -e \"$(value log).denied.$(value id)\" ] && exit 3\n\
        rm \"$(value log).once.$(value id)\" 2> /dev/null && exit 4";
    have_it_do(&project, denied);
    project.write_toml(&format!("{}{scenarios}", project.toml()));
    project
}

/// Has the simulator do this first, once it has logged the call.
fn have_it_do(project: &Project, what: &str) {
    let script = fs::read_to_string(project.path("simulator.sh")).expect("the simulator");
    let log = "echo \"$(value id)\" >> \"$(value log)\"\n";
    assert!(script.contains(log));
    let script = script.replace(log, &format!("{log}{what}\n"));
    project.write("simulator.sh", &script);
}

/// Has these catchments fail from now on, although their inputs are what they were.
fn deny(project: &Project, catchments: &[usize]) {
    for at in catchments {
        project.write(&format!("calls.denied.{}", id(*at)), "");
    }
}

fn allow(project: &Project) {
    for at in 0..CATCHMENTS {
        fs::remove_file(project.path(&format!("calls.denied.{}", id(at)))).ok();
    }
}

fn asked(project: &Project, arguments: &[&str], codes: &[i32]) -> Value {
    let run = project.rerunoff(arguments);
    assert!(codes.contains(&run.code), "{}: {}", run.code, run.stderr);
    json(&run.stdout)
}

fn all_run(project: &Project) {
    project.rerunoff(&["run"]).expect(0);
}

#[test]
fn a_forced_run_that_fails_has_failed_whatever_older_results_there_are() {
    let prepare = |project: &Project| {
        all_run(project);
        deny(project, &[0, 1, 2, 3]);
    };
    let Told { project, document } = told("", &prepare, &["run", "--force"]);
    assert_eq!(
        (&document["failed"], &document["fresh"]),
        (&4.into(), &0.into())
    );
    assert_eq!(document["failures"][3]["reason"], "exit code 3");
    assert_eq!(project.flags(), [1; 4]);
    assert!(project.product("concentration")[3][0].is_nan());

    project.calls();
    // It is tried again like every failure, and the sign of something that is not stated is told.
    let again = project.rerunoff(&["run"]).expect(1);
    assert!(
        again.stdout.starts_with("0 fresh, 4 run, 4 failed"),
        "{}",
        again.stdout
    );
    assert_eq!(project.calls().len(), 4);
    let why = project.rerunoff(&["why", &id(0)]).expect(0).stdout;
    assert!(
        why.contains("an earlier run of the same inputs gave a result"),
        "{why}"
    );
    allow(&project);
    let well = project.rerunoff(&["run"]).expect(0);
    assert!(
        well.stdout.starts_with("4 fresh, 4 run, 0 failed"),
        "{}",
        well.stdout
    );
    assert_eq!(project.flags(), [0; 4]);
}

#[test]
fn a_run_tells_when_the_same_inputs_gave_something_else() {
    let project = project("");
    project.set(&[(0, "undeclared")]);
    all_run(&project);
    deny(&project, &[1, 2]);
    project.write("calls.undeclared", "8");
    let run = project.rerunoff(&["run", "--force"]).expect(1);
    let said = "of those that had a result of the same inputs, 2 failed this time, 1 gave another result this time. Either";
    assert!(run.stderr.contains(said), "{}", run.stderr);
    let quiet = project.rerunoff(&["run", "--force", "--quiet"]).expect(1);
    assert_eq!(quiet.stderr.lines().count(), 2, "{}", quiet.stderr);
}

#[test]
fn all_places_agree_on_every_kind_of_run() {
    let fresh_then_denied = |project: &Project| {
        all_run(project);
        deny(project, &[0, 2]);
    };
    let with_bad_input = |project: &Project| {
        project.write_input(&|catchment, step| match (catchment, step) {
            (1, 5) => f64::NAN,
            _ => precipitation(catchment, step),
        });
        project.edit(
            "file = \"input.h5\"",
            "file = \"input.h5\"\non_bad_input = \"skip\"",
        );
        all_run(project);
        deny(project, &[0]);
    };
    let one_failed_before = |project: &Project| {
        deny(project, &[3]);
        project.rerunoff(&["run"]).expect(1);
    };
    let limits = |project: &Project| {
        project.set(&[(1, "undeclared")]);
        all_run(project);
        project.write("calls.undeclared", "-1");
    };
    let retried = |project: &Project| {
        project.edit("timeout = \"20s\"", "timeout = \"20s\"\nretries = 1");
        all_run(project);
        for name in [id(0), id(1)] {
            project.write(&format!("calls.once.{name}"), "");
        }
    };
    type Prepare<'a> = &'a dyn Fn(&Project);
    let nothing: Prepare<'_> = &|_| {};
    let some: Prepare<'_> = &|project| deny(project, &[1]);
    let (denied, bad, before): (Prepare<'_>, Prepare<'_>, Prepare<'_>) =
        (&fresh_then_denied, &with_bad_input, &one_failed_before);
    // What is fresh, run, failed, stale and skipped.
    let situations: [(Prepare<'_>, &str, [u64; 5]); 15] = [
        (nothing, "", [4, 4, 0, 0, 0]),
        (nothing, "--only 70001,70002", [2, 2, 0, 2, 0]),
        (&all_run, "", [4, 0, 0, 0, 0]),
        (some, "", [3, 4, 1, 0, 0]),
        (denied, "--force", [2, 4, 2, 0, 0]),
        (denied, "--force --only 70003", [3, 1, 1, 0, 0]),
        (denied, "--force --only 70002", [4, 1, 0, 0, 0]),
        (denied, "--force --no-assemble", [2, 4, 2, 0, 0]),
        (
            denied,
            "--force --only 70001 --max-failures 1",
            [3, 1, 1, 0, 0],
        ),
        (bad, "--force", [2, 3, 1, 0, 1]),
        (bad, "--force --only 70002", [3, 0, 0, 0, 1]),
        (&retried, "--force", [4, 4, 0, 0, 0]),
        (&limits, "--force", [3, 4, 1, 0, 0]),
        (before, "", [3, 1, 1, 0, 0]),
        (before, "--only 70001", [3, 0, 0, 1, 0]),
    ];
    for (prepare, more, expected) in situations {
        let more = more.split_whitespace();
        let arguments: Vec<&str> = ["run"].into_iter().chain(more).collect();
        let Told { document, .. } = told("", prepare, &arguments);
        let of = |name: &str| document[name].as_u64().expect(name);
        let found = ["fresh", "run", "failed", "stale", "skipped"].map(of);
        assert_eq!(found, expected, "{arguments:?}: {document}");
    }
}

#[test]
fn scenarios_that_share_a_result_share_its_failure_only_where_they_asked_for_it() {
    let shared = "\n[sweep.unused]\nvalues = [1, 2]\n";
    let prepare = |project: &Project| {
        all_run(project);
        deny(project, &[0]);
    };
    let both = told(shared, &prepare, &["run", "--force"]);
    assert_eq!(
        (&both.document["run"], &both.document["failed"]),
        (&4.into(), &2.into())
    );

    let one = ["run", "--force", "--scenario", "unused=1"];
    let Told { project, document } = told(shared, &prepare, &one);
    assert_eq!(
        (&document["catchments"], &document["failed"]),
        (&4.into(), &1.into())
    );
    let status = project.status(&[1]);
    assert_eq!(
        (&status["fresh"], &status["failed"]),
        (&7.into(), &1.into())
    );

    // A good run that one of them asks for is good for both.
    allow(&project);
    project.calls();
    let other = [
        "run",
        "--force",
        "--only",
        "70001",
        "--scenario",
        "unused=2",
    ];
    project.rerunoff(&other).expect(0);
    assert_eq!(project.calls(), [id(0)]);
    assert_eq!(project.status(&[0])["fresh"], 8);
    let log = project
        .rerunoff(&["log", &id(0), "--scenario", "unused=1"])
        .expect(0);
    assert!(!log.stdout.contains("went well"), "{}", log.stdout);

    // What failed in a scenario that is not asked about is none of this run's failures.
    deny(&project, &[1]);
    project.rerunoff(&one).expect(1);
    let other = ["run", "--scenario", "unused=2", "--json"];
    let document = asked(&project, &other, &[0]);
    assert_eq!(listed(&document, "failures"), [""; 0]);
}

#[test]
fn a_share_is_one_of_the_scenarios_that_are_asked_for() {
    let project = project("\n[sweep.k]\nvalues = [1, 2]\n");
    for more in [&["-n"][..], &[]] {
        let arguments = ["run", "--max-rerun", "50%", "--scenario", "k=1", "--json"];
        let document = asked(&project, &[&arguments, more].concat(), &[5]);
        let error = &document["error"];
        assert_eq!(
            (&error["would_run"], &error["catchments"]),
            (&4.into(), &4.into())
        );
        assert_eq!(error["why"][0]["cause"], "never run");
    }
}

#[test]
fn what_an_interrupted_run_left_is_what_it_tells() {
    let project = project("");
    // The third has rerunoff interrupted; there is one at a time, in the input's order. A fence keeps simulators from that.
    project.edit("timeout = \"20s\"", "timeout = \"20s\"\nnetwork = true");
    have_it_do(
        &project,
        "[ $(value id) = 70003 ] && [ -e \"$(value log).pid\" ] && kill -TERM $(cat \"$(value log).pid\") && sleep 9",
    );
    all_run(&project);
    deny(&project, &[0, 1]);
    let command = format!(
        "echo $$ > log/calls.pid; exec '{}' run --force -j1 --json",
        env!("CARGO_BIN_EXE_rerunoff")
    );
    let run: Run = std::process::Command::new("sh")
        .args(["-c", &command])
        .current_dir(project.root())
        .env_remove("MAKEFLAGS")
        .output()
        .expect("a run")
        .into();
    let run = run.expect(130);
    let document = json(&run.stdout);
    for (field, value) in [("fresh", 2), ("run", 2), ("failed", 2), ("stale", 0)] {
        assert_eq!(document[field], value, "{document}");
    }
    assert_eq!(document["interrupted"], true);
    assert_eq!(document["error"]["kind"], "interrupted");
    assert_eq!(document["error"]["exit_code"], 130);
    assert_eq!(document["failures"][1]["catchment"], id(1));
    let status = project.status(&[1]);
    assert_eq!(
        (&status["fresh"], &status["failed"]),
        (&2.into(), &2.into())
    );
}

#[test]
fn what_was_done_before_an_obstacle_is_told_by_all() {
    let project = project("");
    project.edit("timeout = \"20s\"", "timeout = \"20s\"\nsandbox = \"off\"");
    have_it_do(
        &project,
        "[ $(value id) = 70003 ] && [ -e \"$(value log).edit\" ] && echo '#' >> \"$(readlink simulator.sh)\"",
    );
    all_run(&project);
    let before = project.read("simulator.sh");
    deny(&project, &[0]);
    project.write("calls.edit", "");
    let document = asked(&project, &["run", "--force", "-j1", "--json"], &[4]);
    assert_eq!(document["error"]["kind"], "unreadable");
    let message = document["error"]["message"].as_str().expect("a message");
    assert!(
        message.contains("simulator.sh changed during the run"),
        "{message}"
    );
    fs::write(project.path("simulator.sh"), before).expect("put back");
    let status = project.status(&[1]);
    assert_eq!(
        (&status["fresh"], &status["failed"]),
        (&3.into(), &1.into())
    );
}

#[test]
fn a_dry_run_says_what_the_run_would_do() {
    let project = project("");
    all_run(&project);
    deny(&project, &[1]);
    project
        .rerunoff(&["run", "--force", "--only", &id(1)])
        .expect(1);
    for (arguments, would_run) in [
        (&[][..], 1),
        (&["--force"], 4),
        (&["--force", "--only", "70001"], 1),
        (&["--only", "70001"], 0),
    ] {
        project.calls();
        let dry = [&["run", "--dry-run", "--json"], arguments].concat();
        let planned = asked(&project, &dry, &[0]);
        assert_eq!(planned["would_run"], would_run, "{arguments:?}");
        let causes = planned["causes"].as_array().expect("causes");
        let sum: u64 = (causes.iter())
            .filter_map(|cause| cause["count"].as_u64())
            .sum();
        assert_eq!(sum, would_run, "{planned}");
        project.rerunoff(&[&["run"], arguments].concat());
        assert_eq!(project.calls().len() as u64, would_run, "{arguments:?}");
    }

    // What a run refuses, it refuses too.
    project.write_input(&|_, _| f64::NAN);
    for more in [&["-n"][..], &[]] {
        let document = asked(&project, &[&["run", "--json"], more].concat(), &[4]);
        assert_eq!(document["error"]["kind"], "bad input");
        let list = document["error"]["cannot_run"].as_array().map(Vec::len);
        assert_eq!(list, Some(CATCHMENTS));
    }
}

#[test]
fn assembling_again_tells_what_the_run_told() {
    let project = project("");
    project.write_input(&|catchment, _| if catchment == 1 { f64::NAN } else { 1.0 });
    project.edit(
        "file = \"input.h5\"",
        "file = \"input.h5\"\non_bad_input = \"skip\"",
    );
    all_run(&project);
    let made = project.rerunoff(&["assemble"]).expect(0);
    assert!(
        made.stdout.starts_with("3 fresh, 0 missing, 1 skipped in "),
        "{}",
        made.stdout
    );
    deny(&project, &[0]);
    project.rerunoff(&["run", "--force"]).expect(1);
    let made = project.rerunoff(&["assemble"]).expect(1);
    assert!(
        made.stdout.starts_with("2 fresh, 1 missing, 1 skipped in "),
        "{}",
        made.stdout
    );
    assert!(
        made.stdout.trim_end().ends_with("unchanged"),
        "{}",
        made.stdout
    );
}
