//! Simulators that fail, hang, write garbage and leave children behind: each costs one catchment, with its reason.

use std::fs;
use std::path::Path;

use crate::common::{Project, STEPS, id, json, unlock};

#[test]
fn every_kind_of_failure_is_told_and_costs_one_catchment() {
    let project = Project::new(12);
    let kinds = [
        (1, "exit", "exit code 3"),
        (2, "said", "printed \"[Error]\": [Error]: as told"),
        (3, "silent", "its output out.txt: was not written"),
        (4, "garbage", "its output: "),
        (5, "short", "its output: "),
        (6, "word", "its output: "),
        (7, "infinite", "its output: "),
        (8, "negative", "discharge is -1 at time step 1"),
        (9, "crash", "ended by signal 11"),
    ];
    project.set(&kinds.map(|(at, mode, _)| (at, mode)));
    let run = project.rerunoff(&["run"]).expect(1);
    assert!(
        run.stdout.starts_with("3 fresh, 12 run, 9 failed"),
        "{}",
        run.stdout
    );
    let mut flags = [1; 12];
    for at in [0, 10, 11] {
        flags[at] = 0;
    }
    assert_eq!(project.flags(), flags);
    for (at, mode, reason) in kinds {
        let line = format!("catchment {} failed: {reason}", id(at));
        assert!(
            run.stderr.contains(&line),
            "{mode}: no {line:?} in {}",
            run.stderr
        );
        let kept = project.path("cache/failed").join(id(at));
        assert!(
            kept.join("param.txt").exists(),
            "{mode}: its work directory is kept"
        );
        assert!(project.product("concentration")[3][at].is_nan());
    }
    assert!(!project.path("cache/failed").join(id(0)).exists());
    assert!(project.is_tidy(), "no work directory is left");

    let status = project.rerunoff(&["status", "--json"]).expect(1);
    let status = json(&status.stdout);
    assert_eq!(
        (&status["fresh"], &status["failed"]),
        (&3.into(), &9.into())
    );
    assert_eq!(status["failures"][0]["catchment"], id(1));

    // A failed one is tried again next time, and once it goes well its evidence goes.
    project.calls();
    project.rerunoff(&["run"]).expect(1);
    assert_eq!(project.calls().len(), 9);
    project.set(&[]);
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls().len(), 9);
    assert_eq!(project.flags(), [0; 12]);
    assert!(!project.path("cache/failed").join(id(1)).exists());
}

#[test]
fn a_hanging_simulator_is_stopped_with_its_children() {
    let project = Project::new(3);
    project.edit("timeout = \"20s\"", "timeout = \"500ms\"");
    project.set(&[(0, "hang"), (1, "stubborn")]);
    let run = project.rerunoff(&["run"]).expect(1);
    assert!(
        run.stderr.contains("stopped at its timeout of 500ms"),
        "{}",
        run.stderr
    );
    assert!(
        run.stdout.starts_with("1 fresh, 3 run, 2 failed"),
        "{}",
        run.stdout
    );
    assert_child_is_gone(&project);
}

#[test]
fn a_child_left_behind_is_ended() {
    let project = Project::new(1);
    project.set(&[(0, "child")]);
    project.rerunoff(&["run"]).expect(0);
    assert_child_is_gone(&project);
}

fn assert_child_is_gone(project: &Project) {
    let child = fs::read_to_string(project.path("calls.child")).expect("the child's number");
    let state = fs::read_to_string(Path::new("/proc").join(child.trim()).join("stat"));
    // Killed, it may wait as a zombie for init to reap it.
    assert!(
        state.is_err() || state.is_ok_and(|state| state.contains(") Z ")),
        "the child is alive"
    );
}

#[test]
fn retries_and_budgets() {
    let project = Project::new(4);
    project.edit("timeout = \"20s\"", "timeout = \"20s\"\nretries = 1");
    project.set(&[(0, "flaky"), (1, "exit")]);
    project.rerunoff(&["run"]).expect(1);
    let calls = project.calls();
    assert_eq!(
        calls.iter().filter(|call| **call == id(0)).count(),
        2,
        "the second try went well"
    );
    assert_eq!(
        calls.iter().filter(|call| **call == id(1)).count(),
        2,
        "and this one failed twice"
    );
    assert_eq!(project.flags(), [0, 1, 0, 0]);

    let project = Project::new(40);
    let all: Vec<(usize, &str)> = (0..40).map(|at| (at, "exit")).collect();
    project.set(&all);
    let run = project
        .rerunoff(&["run", "-j", "1", "--max-failures", "3"])
        .expect(1);
    assert!(
        run.stderr.contains("stopped after 3 failures"),
        "{}",
        run.stderr
    );
    assert!(project.calls().len() < 10);
    assert!(!project.path("output.h5").exists());
}

/// Whatever is under way when the last of them comes in: no more are recorded, kept or counted.
#[test]
fn a_budget_for_failures_is_exact() {
    let project = Project::new(40);
    let all: Vec<(usize, &str)> = (0..40).map(|at| (at, "exit")).collect();
    project.set(&all);
    for (jobs, most) in [("8", 1), ("8", 3), ("3", 5)] {
        let most = most.to_string();
        let run = project.rerunoff(&[
            "run",
            "--force",
            "-j",
            jobs,
            "--max-failures",
            &most,
            "--json",
        ]);
        let document = json(&run.expect(1).stdout);
        assert_eq!(document["failed"].to_string(), most);
        assert_eq!(document["run"].to_string(), most);
        assert_eq!(document["gave_up"], true);
        assert!(document["failed_alike"].is_null());
        let kept = fs::read_dir(project.path("cache/failed"))
            .expect("a folder")
            .count();
        assert_eq!(kept.to_string(), most);
        let status = project.status(&[1]);
        assert_eq!(status["failed"].to_string(), most);
        fs::remove_dir_all(project.path("cache")).expect("removed");
    }
}

#[test]
fn a_run_whose_first_catchments_all_fail_alike_stops() {
    let project = Project::new(40);
    let all: Vec<(usize, &str)> = (0..40).map(|at| (at, "exit")).collect();
    project.set(&all);
    let run = project.rerunoff(&["run", "-j", "2", "--json"]).expect(1);
    run.says("… and 7 more with the same reason: exit code 3");
    run.says("stopped: the first 10 catchments failed alike and none went well");
    run.says("`--max-failures 40` goes on regardless");
    assert_eq!(run.stderr.matches(" failed: exit code 3").count(), 3);
    let document = json(&run.stdout);
    assert_eq!(document["failed_alike"]["count"], 10);
    assert_eq!(document["failed_alike"]["reason"], "exit code 3");
    assert_eq!(
        (&document["failed"], &document["stale"]),
        (&10.into(), &30.into())
    );
    assert_eq!(project.status(&[1])["failed"], 10);
    assert!(!project.path("output.h5").exists());
    // What failed before tells nothing new, and one that goes well settles it.
    let mut modes = all.clone();
    modes[11].1 = "ok";
    project.set(&modes);
    let run = project.rerunoff(&["run", "-j", "1", "--json"]).expect(1);
    let document = json(&run.stdout);
    assert_eq!(
        (&document["gave_up"], &document["failed"]),
        (&false.into(), &39.into())
    );
    // All is asked for regardless.
    project.set(&all);
    project
        .rerunoff(&["run", "--force", "--max-failures", "40"])
        .expect(1);
    assert_eq!(project.status(&[1])["failed"], 40);
}

#[test]
fn the_last_line_that_was_printed_is_in_the_reason() {
    let project = Project::new(2);
    let script = "#!/bin/sh\necho well; echo 'no module named x' >&2; echo >&2; exit 2\n";
    project.write("simulator.sh", script);
    let run = project.rerunoff(&["run"]).expect(1);
    run.says("catchment 70001 failed: exit code 2: no module named x (see ");
    project.write("simulator.sh", "#!/bin/sh\necho 'no licence found'\n");
    let run = project.rerunoff(&["run"]).expect(1);
    run.says(
        "failed: its output out.txt: was not written; the last line printed is: no licence found",
    );
}

#[test]
fn what_make_exports_reaches_no_simulator_and_no_key() {
    let project = Project::new(1);
    project.set(&[(0, "nosy")]);
    project.edit(
        "[[simulator.input]]\nfile = \"layout.xml\"",
        "[simulator.env]\nMODEL = \"v{k}\"\n[[simulator.input]]\nfile = \"layout.xml\"",
    );
    let first = project
        .command(&["run"])
        .env("MAKEFLAGS", "-j4")
        .env("SECRET", "1")
        .output()
        .expect("a run");
    assert!(first.status.success());
    let seen = fs::read_to_string(project.path("calls.env")).expect("what it saw");
    let names: Vec<&str> = seen
        .lines()
        .filter_map(|line| line.split('=').next())
        .collect();
    for name in ["MAKEFLAGS", "SECRET"] {
        assert!(!names.contains(&name), "{seen}");
    }
    for line in [
        "MODEL=v0.012",
        "LC_ALL=C.UTF-8",
        "TZ=UTC",
        "OMP_NUM_THREADS=1",
        "PYTHONDONTWRITEBYTECODE=1",
    ] {
        assert!(seen.lines().any(|seen| seen == line), "no {line} in {seen}");
    }
    project.calls();
    let second = project
        .command(&["run"])
        .env("MAKEFLAGS", "-j8")
        .output()
        .expect("a run");
    assert!(second.status.success());
    assert!(project.calls().is_empty());
}

#[test]
fn a_tightened_limit_reruns_the_offenders_only() {
    let project = Project::new(4);
    project.rerunoff(&["run"]).expect(0);
    project.calls();
    project.edit(
        "long_name = \"concentration\", min = 0",
        "long_name = \"concentration\", min = 0, max = 11",
    );
    let status = project.rerunoff(&["status"]).expect(0);
    assert!(
        status
            .stdout
            .contains("1 concentration outside of the stated limits"),
        "{}",
        status.stdout
    );
    project.rerunoff(&["run"]).expect(1);
    assert_eq!(project.calls(), [id(3)]);
    assert_eq!(project.flags(), [0, 0, 0, 1]);
}

#[test]
fn a_forced_run_replaces_a_result_that_depends_on_something_undeclared() {
    let project = Project::new(2);
    let script = String::from_utf8(project.read("simulator.sh")).expect("text");
    // What it reads like the system's own does not count.
    project.write("hidden", "2");
    project.edit(
        "timeout = \"20s\"",
        "timeout = \"20s\"\nsystem = [\"hidden\"]",
    );
    let hidden = project.path("hidden");
    let script = script.replace("$(value factor)", &format!("$(cat {})", hidden.display()));
    project.write("simulator.sh", &script);
    project.rerunoff(&["run"]).expect(0);
    project.write("hidden", "3");
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(
        project.product("concentration")[8][1],
        4.0,
        "nobody can know"
    );
    project
        .rerunoff(&["run", "--force", "--only", &id(1)])
        .expect(0);
    assert_eq!(project.product("concentration")[8][1], 6.0);
    assert_eq!(project.product("concentration")[8][0], 2.0);
}

#[test]
fn hostile_ids_stay_in_their_place() {
    let project = Project::new(1);
    let script = fs::read_to_string(project.path("simulator.sh")).expect("the simulator");
    project.write("simulator.sh", &script.replace("value id", "value safe"));
    let ids = [
        "../../etc/x",
        "-rf",
        "a\nb",
        "<&>\"'",
        &"x".repeat(10_000),
        "Ä ö",
    ];
    write_ids(&project, &ids);
    let param = fs::read_to_string(project.path("templates/param.txt")).expect("the template");
    project.write(
        "templates/param.txt",
        &param.replace("id={id}", "safe={safe}"),
    );
    project.edit("\"Conc_{id}\"", "\"Conc_{safe}\"");
    let mut table = "catchment,mode,factor,safe\n".to_owned();
    for (at, id) in ids.iter().enumerate() {
        let mode = if at < 3 { "ok" } else { "exit" };
        table.push_str(&format!("\"{}\",{mode},2,c{at}\n", id.replace('"', "\"\"")));
    }
    project.write("catchments.csv", &table);
    let run = project.rerunoff(&["run"]).expect(1);
    assert!(
        run.stdout.starts_with("3 fresh, 6 run, 3 failed"),
        "{}{}",
        run.stdout,
        run.stderr
    );
    assert_eq!(
        fs::read_dir(project.path("cache/failed"))
            .expect("kept")
            .count(),
        3
    );
    let layout = fs::read_dir(project.path("cache/failed"))
        .expect("kept")
        .flatten();
    assert!(
        layout
            .into_iter()
            .all(|entry| entry.path().join("layout.xml").exists())
    );
}

/// An input of the same series under these ids.
fn write_ids(project: &Project, ids: &[&str]) {
    use rerunoff::netcdf::{Attribute, Data, NetcdfFile};
    let mut file = NetcdfFile::create(&project.path("input.h5")).expect("a file");
    let units = vec![(
        "units".to_owned(),
        Attribute::from("hours since 2009-01-01 00:00:00"),
    )];
    let hours: Vec<f64> = (0..STEPS).map(|step| step as f64).collect();
    let time = file
        .coordinate("time", Data::F64(&hours), &units)
        .expect("time");
    let catchment = file
        .coordinate("catchment", Data::Texts(ids), &[])
        .expect("ids");
    file.variable("A_tot", &[catchment], Data::F64(&vec![1.0; ids.len()]), &[])
        .expect("areas");
    let ones = vec![1.0; STEPS * ids.len()];
    for name in ["precipitation", "discharge"] {
        file.variable(name, &[time, catchment], Data::F64(&ones), &[])
            .expect(name);
    }
    file.finish().expect("a complete file");
    unlock(&project.path("input.h5"));
}
