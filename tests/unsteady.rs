//! Surroundings that change during a run: programs replaced midway, flaky simulators, hangs, and outputs of any size.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use crate::common::{Project, id, precipitation};

#[test]
fn a_program_replaced_midway_stores_nothing_under_the_wrong_key() {
    let project = Project::new(8);
    project.set(&[(2, "slower")]);
    let run = project
        .command(&["run", "-j", "2"])
        .stderr(Stdio::piped())
        .spawn()
        .expect("a run");
    project.wait_for("calls.slower");
    let script = fs::read_to_string(project.path("simulator.sh")).expect("the simulator");
    let edited = script.replace("$2 * factor", "$2 * factor + 1");
    assert_ne!(script, edited);
    project.write("new.sh", &edited);
    let executable = fs::Permissions::from_mode(0o755);
    fs::set_permissions(project.path("new.sh"), executable.clone()).expect("permissions");
    fs::rename(project.path("new.sh"), project.path("simulator.sh")).expect("replaced");
    let ended = run.wait_with_output().expect("its end");
    let told = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(4), "{told}");
    assert!(
        told.contains("simulator.sh changed during the run"),
        "{told}"
    );
    assert!(!project.path("output.h5").exists());

    // Whatever was stored is the old program's: going back to it must find nothing of the new one's.
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.product("concentration")[1][1], 3.25);
    project.write("simulator.sh", &script);
    fs::set_permissions(project.path("simulator.sh"), executable).expect("permissions");
    project.rerunoff(&["run"]).expect(0);
    for at in 0..8 {
        let expected = 2.0 * precipitation(at, 1);
        assert_eq!(project.product("concentration")[1][at], expected, "{at}");
    }
}

#[test]
fn a_template_replaced_midway_is_the_next_runs() {
    let project = Project::new(4);
    project.set(&[(0, "slower")]);
    let run = project.command(&["run", "-j", "1"]).spawn().expect("a run");
    project.wait_for("calls.slower");
    let template = fs::read_to_string(project.path("templates/param.txt")).expect("the template");
    project.write("templates/param.txt", &template.replace("{factor}", "9"));
    assert!(run.wait_with_output().expect("its end").status.success());
    assert_eq!(
        project.product("concentration")[1][3],
        6.25,
        "as it was planned"
    );
    assert_eq!(project.status(&[0])["fresh"], 0);
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.product("concentration")[1][3], 28.125);
}

#[test]
fn one_in_five_flaky_or_bad_leaves_all_the_good_ones() {
    let project = Project::new(100);
    project.edit("timeout = \"20s\"", "timeout = \"20s\"\nretries = 1");
    // A small generator of its own, so that the mixture is the same each time.
    let mut state = 12_345u64;
    let mut modes = Vec::new();
    for at in 0..100 {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        match (state >> 33) % 10 {
            0 => modes.push((at, "flaky")),
            1 => modes.push((at, if at % 2 == 0 { "short" } else { "exit" })),
            _ => {}
        }
    }
    project.set(&modes);
    let bad: Vec<usize> = modes
        .iter()
        .filter(|(_, mode)| *mode != "flaky")
        .map(|(at, _)| *at)
        .collect();
    assert!(bad.len() > 3 && modes.len() > bad.len() + 3);
    let run = project.rerunoff(&["run"]).expect(1);
    let counts = format!("{} fresh, 100 run, {} failed", 100 - bad.len(), bad.len());
    assert!(run.stdout.starts_with(&counts), "{}", run.stdout);
    let failures = project.status(&[1])["failures"].clone();
    let failures = failures.as_array().expect("a list").iter();
    let failed: Vec<String> = (failures.map(|failure| failure["catchment"].clone()))
        .map(|id| id.as_str().expect("an id").to_owned())
        .collect();
    assert_eq!(failed, Vec::from_iter(bad.iter().map(|at| id(*at))));
    let flags: Vec<i8> = (0..100).map(|at| i8::from(bad.contains(&at))).collect();
    assert_eq!(project.flags(), flags);
    project.calls();
    project.rerunoff(&["run"]).expect(1);
    let mut again = project.calls();
    again.dedup();
    assert_eq!(again, bad.iter().map(|at| id(*at)).collect::<Vec<_>>());
}

#[test]
fn an_automatic_timeout_comes_from_the_history() {
    let project = Project::new(3);
    project.edit(
        "timeout = \"20s\"",
        "timeout = \"auto\"\ntimeout_floor = \"1s\"",
    );
    project.set(&[(1, "slow")]);
    project.rerunoff(&["run"]).expect(0);
    project.set(&[(0, "hang"), (1, "slow")]);
    let run = project.rerunoff(&["run"]).expect(1);
    assert!(
        run.stderr.contains("stopped at its timeout of "),
        "{}",
        run.stderr
    );
    // The next time it may take twice as long.
    let limit = |told: &str| -> f64 {
        let text = told.split("its timeout of ").nth(1).expect("a limit");
        let number: String = text
            .chars()
            .take_while(|c| c.is_ascii_digit() || *c == '.')
            .collect();
        number.parse().expect("seconds")
    };
    let first = limit(&run.stderr);
    let second = limit(&project.rerunoff(&["run"]).expect(1).stderr);
    assert!((second - 2.0 * first).abs() < 1e-6, "{first} and {second}");

    project.edit("\"auto\"", "\"5s\"");
    let refused = project.rerunoff(&["run"]).expect(2);
    assert!(
        refused.stderr.contains("timeout_floor"),
        "{}",
        refused.stderr
    );
}

#[test]
fn outputs_of_any_size_are_refused_in_little_memory() {
    let project = Project::new(3);
    project.set(&[(0, "sparse"), (1, "line")]);
    // The limit of a file comes first, unless it is raised.
    let refused = project.rerunoff(&["run", "-j", "1"]).expect(1);
    assert!(
        refused
            .stderr
            .contains("a file of its own reached the limit of 1.0 GB"),
        "{}",
        refused.stderr
    );
    project.edit(
        "timeout = \"20s\"",
        "timeout = \"20s\"\nmax_file_size = \"20 GB\"",
    );
    let run = project.rerunoff(&["run", "-j", "1"]).expect(1);
    assert!(
        run.stdout.starts_with("1 fresh, 2 run, 2 failed"),
        "{}",
        run.stdout
    );
    assert!(
        run.stderr.contains("10737418240 bytes; more than"),
        "{}",
        run.stderr
    );
    assert!(
        run.stderr
            .contains(&format!("catchment {} failed: its output", id(1))),
        "{}",
        run.stderr
    );
    assert!(run.stderr.len() < 10_000, "the line is not repeated");
}

#[test]
fn a_simulator_that_writes_without_end_is_stopped_at_the_limit_of_a_file() {
    let project = Project::new(4);
    let limit = |size: &str| format!("timeout = \"20s\"\nmax_file_size = \"{size}\"");
    project.edit("timeout = \"20s\"", &limit("3 MB"));
    // `patient` ignores the signal, sees an error and goes on as if nothing were.
    project.set(&[(0, "endless"), (1, "patient"), (2, "grown")]);
    let run = project.rerunoff(&["run"]).expect(1);
    for (at, file) in [
        (0, "rerunoff.stdout"),
        (1, "rerunoff.stdout"),
        (2, "out.txt"),
    ] {
        let told = format!(
            "catchment {} failed: {file} reached the limit of 3.0 MB",
            id(at)
        );
        assert!(run.stderr.contains(&told), "{}", run.stderr);
        let kept = project.path(&format!("cache/failed/{}/{file}", id(at)));
        let length = fs::metadata(kept).expect("evidence").len();
        assert_eq!(length, 1_000_000, "the beginning is kept");
    }
    assert!(run.stderr.contains("raise `max_file_size`"));
    assert_eq!(project.alive(), [""; 0]);

    // No part of the key.
    project.edit(&limit("3 MB"), &limit("2 MB"));
    project.calls();
    project.rerunoff(&["run"]).expect(1);
    assert!(!project.calls().contains(&id(3)));
    project.edit(&limit("2 MB"), &limit("much"));
    let refused = project.rerunoff(&["run"]).expect(2);
    assert!(
        refused.stderr.contains("max_file_size"),
        "{}",
        refused.stderr
    );
}

#[test]
fn pipes_in_the_place_of_files_are_not_waited_for() {
    let project = Project::new(2);
    project.set(&[(0, "pipes")]);
    let run = project.rerunoff(&["run"]).expect(1);
    assert!(
        run.stderr
            .contains("its output out.txt: is a named pipe, not a file"),
        "{}",
        run.stderr
    );
}
