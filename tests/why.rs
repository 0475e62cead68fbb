//! `rerunoff why`: for each cause there is, what it was and what it is.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::common::{Project, id, precipitation};

/// What is said of a catchment; nothing is run, and nothing is ever merely "changed".
#[track_caller]
fn why(project: &Project, catchment: usize, said: &[&str]) -> String {
    let why = project.rerunoff(&["why", &id(catchment)]).expect(0).stdout;
    for text in said {
        assert!(why.contains(text), "no {text:?} in {why}");
    }
    assert!(!why.contains("changed"), "{why}");
    assert!(project.calls().is_empty());
    why
}

#[test]
fn one_that_was_never_run() {
    let project = Project::new(3);
    why(&project, 0, &["70001 is stale: never run", "factor = 2"]);
    assert!(!project.path("cache").exists());
    let unknown = project.rerunoff(&["why", "8"]).expect(2);
    assert!(unknown.stderr.contains("no catchment \"8\""));
}

#[test]
fn a_fresh_one_and_what_its_key_is_made_of() {
    let project = Project::ran(3);
    why(
        &project,
        1,
        &[
            "70002 is fresh",
            "  run at 2",
            "support file simulator.sh, digest ",
            "the command: ./simulator.sh layout.xml RUN param.txt out.txt",
            "`missing` of a good run = \"NA\"",
            "the time steps: 24 from 2009-01-01T00:00:00",
            "precipitation_mm: a series of 24 values",
            "factor = 2",
            "k = 0.012",
        ],
    );
}

#[test]
fn parameters() {
    let project = Project::ran(3);
    project.edit("k = 0.012", "k = 0.013");
    project.set_factors(&[], &[(1, 5.0)]);
    why(
        &project,
        1,
        &[
            "  factor: 2 → 5\n",
            "  k: 0.012 → 0.013\n",
            "as it was: the command, ",
        ],
    );
    let long = "long ".repeat(60);
    project.edit("k = 0.013", &format!("k = \"{long}\""));
    project.rerunoff(&["run"]).expect(0);
    project.calls();
    project.edit(&long, "short");
    why(&project, 0, &[&format!("  k: {long} → short\n")]);
}

#[test]
fn templates_and_the_layout_of_a_table() {
    let project = Project::ran(3);
    let layout = fs::read_to_string(project.path("templates/layout.xml")).expect("the template");
    project.write(
        "templates/layout.xml",
        &layout.replace("<layout>", "<layout version=\"2\">"),
    );
    why(
        &project,
        0,
        &[
            "the template of layout.xml:\n",
            "     2 - <layout><!-- {not} -->\n",
            "     2 + <layout version=\"2\"><!-- {not} -->\n",
        ],
    );
    project.edit("\\tN/A\"", "\\tnone\"");
    why(
        &project,
        0,
        &["the layout of input.txt:\n", "\\tN/A\n", "\\tnone\n"],
    );
    let param = fs::read_to_string(project.path("templates/param.txt")).expect("the template");
    project.write(
        "templates/param.txt",
        &format!("{param}C_back={{C_back}}\n"),
    );
    why(
        &project,
        0,
        &["   6 + C_back={C_back}\n", "C_back = 0.024 (new)"],
    );
}

#[test]
fn series() {
    let project = Project::ran(3);
    project.write_input(&|catchment, step| {
        precipitation(catchment, step) + if step == 5 || step == 9 { 0.5 } else { 0.0 }
    });
    let said = why(
        &project,
        2,
        &[
            "series precipitation_mm: 2 of 24 time steps differ, the first at step 5 (2009-01-01T05:00:00): 2.625 → 3.125",
        ],
    );
    assert!(!said.contains("series discharge"), "{said}");
}

#[test]
fn series_that_are_not_kept() {
    let project = Project::new(3);
    let toml = project.toml();
    project.write_toml(&format!("{toml}\n[cache]\nkeep_series = false\n"));
    project.rerunoff(&["run"]).expect(0);
    project.calls();
    project.write_input(&|catchment, step| precipitation(catchment, step) + 1.0);
    why(
        &project,
        2,
        &["series precipitation_mm: other values", "keep_series"],
    );
}

#[test]
fn series_that_are_new() {
    let project = Project::ran(3);
    project.edit("precipitation_mm", "rain");
    project.edit("{rain}\\t{discharge}", "{rain}\\t{discharge}\\t{rain}");
    why(
        &project,
        0,
        &[
            "the layout of input.txt:",
            "rain: a series of 24 values (new)",
        ],
    );
}

#[test]
fn support_files() {
    let project = Project::new(3);
    fs::create_dir(project.path("models")).expect("a folder");
    project.write("models/a", "a");
    project.write("models/b", "b");
    project.edit("[\"simulator.sh\"]", "[\"simulator.sh\", \"models\"]");
    project.rerunoff(&["run"]).expect(0);
    project.calls();
    project.write("models/a", "other");
    project.write("models/c", "c");
    let executable = fs::Permissions::from_mode(0o755);
    fs::set_permissions(project.path("models/b"), executable).expect("permissions");
    why(
        &project,
        0,
        &[
            "support file models/a: other content",
            "support file models/b: was not executable, is executable now; the same content",
            "support file models/c, digest ",
            " (new)",
            "as it was: ",
            "support file simulator.sh",
        ],
    );
    fs::remove_file(project.path("models/c")).expect("removed");
    fs::remove_file(project.path("models/a")).expect("removed");
    why(&project, 0, &["support file models/a is no longer there"]);
}

#[test]
fn the_program() {
    let project = Project::ran(3);
    project.edit("[\"./simulator.sh\", ", "[\"sh\", \"./simulator.sh\", ");
    why(
        &project,
        0,
        &[
            "the command: ./simulator.sh layout.xml RUN param.txt out.txt → sh ./simulator.sh layout.xml",
            "the program, digest ",
        ],
    );
}

#[test]
fn environment_and_folders() {
    let project = Project::ran(3);
    project.edit(
        "timeout = ",
        "directories = [\"out\", \"two words\"]\nenv = { MODE = \"fast\" }\ntimeout = ",
    );
    why(
        &project,
        0,
        &[
            "the folders made beforehand: none → out \"two words\"",
            "environment variable MODE = fast (new)",
        ],
    );
    project.rerunoff(&["run"]).expect(0);
    project.calls();
    project.edit("fast", "slow");
    why(&project, 0, &["environment variable MODE: fast → slow"]);
    project.edit("env = { MODE = \"slow\" }", "");
    why(
        &project,
        0,
        &["environment variable MODE is no longer there, was fast"],
    );
}

#[test]
fn what_a_good_run_is() {
    let project = Project::ran(3);
    project.edit(
        "missing = [\"NA\"]",
        "missing = [\"NA\", \"-9\"]\nskip_rows = 0",
    );
    project.edit("timeout = ", "exit_codes = [0, 3]\ntimeout = ");
    project.edit("\"[Error]\", \"not valid\"", "\"[Error]\"");
    why(
        &project,
        0,
        &[
            "`missing` of a good run: \"NA\" → \"NA\", \"-9\"",
            "`exit_codes` of a good run: 0 → 0, 3",
            "`fail_on_stdout` of a good run: \"[Error]\", \"not valid\" → \"[Error]\"",
        ],
    );
    let status = project.rerunoff(&["status"]).expect(0).stdout;
    assert!(
        status.contains("`exit_codes` of a good run 0 → 0, 3"),
        "{status}"
    );
}

#[test]
fn the_time_steps() {
    let project = Project::ran(3);
    project.write_input_since("2010-01-01", &precipitation);
    why(
        &project,
        0,
        &[
            "the time steps: 24 from 2009-01-01T00:00:00 to 2009-01-01T23:00:00 → 24 from 2010-01-01T00:00:00",
        ],
    );
}

#[test]
fn a_failed_one_and_its_evidence() {
    let project = Project::new(3);
    project.set(&[(1, "said")]);
    project.rerunoff(&["run"]).expect(1);
    project.calls();
    why(
        &project,
        1,
        &[
            "70002 is stale: failed: printed",
            "its last run failed: printed \"[Error]\": [Error]: as told",
            "    | [Error]: as told",
            "cache/failed/70002",
        ],
    );
    project.set(&[(1, "exit")]);
    why(
        &project,
        1,
        &["mode: said → exit", "its last run failed: printed"],
    );
}

#[test]
fn limits_lost_results_and_bad_input() {
    let project = Project::ran(3);
    project.edit("long_name = \"concentration\", min = 0", "max = 5");
    why(
        &project,
        1,
        &[
            "concentration outside of the stated limits",
            "now states min none, max 5",
        ],
    );
    project.edit("max = 5", "min = 0");
    fs::remove_file(project.path("cache/store.sqlite")).expect("removed");
    why(&project, 1, &["never run"]);
    project.write_input(&|catchment, step| match (catchment, step) {
        (1, 3) => f64::NAN,
        _ => precipitation(catchment, step),
    });
    why(&project, 1, &["70002 can't be run: "]);
    why(&project, 0, &["70001 is stale"]);
}
