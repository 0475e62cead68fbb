//! What people are told when something is wrong: the file, the line, the remedy, and the exit code.

use std::fs;

use crate::common::Project;

/// What `rerunoff check` says of the test project after one edit of its project file.
#[track_caller]
fn complaint(from: &str, to: &str, code: i32, wanted: &[&str]) {
    let project = Project::new(2);
    project.edit(from, to);
    let check = project.rerunoff(&["check"]).expect(code);
    for text in wanted {
        assert!(
            check.stderr.contains(text),
            "{from:?} → {to:?}: no {text:?} in\n{}",
            check.stderr
        );
    }
}

#[test]
fn values_of_the_wrong_type_are_shown_as_they_are_written() {
    complaint(
        "\"20s\"",
        "5",
        2,
        &["expected a string; write `timeout = \"5s\"`"],
    );
    let command = r#"["./simulator.sh", "layout.xml", "RUN", "param.txt", "out.txt"]"#;
    let right = "expected a sequence; write `command = [\"./simulator.sh\", \"RUN\"]`";
    complaint(command, "\"./simulator.sh RUN\"", 2, &[right]);
    let right = "write `title = \"7\"`";
    complaint("[input]", "title = 7\n[input]", 2, &[right]);
}

#[test]
fn a_check_names_every_file_that_is_missing() {
    let project = Project::new(2);
    fs::remove_file(project.path("simulator.sh")).expect("removed");
    fs::remove_file(project.path("input.h5")).expect("removed");
    fs::remove_file(project.path("templates/param.txt")).expect("removed");
    let check = project.rerunoff(&["check"]).expect(2);
    let named = [
        "input.file: ",
        "simulator.support.0: ",
        "simulator.input.1.template: ",
    ];
    for field in named {
        assert_eq!(check.stderr.matches(field).count(), 1, "{}", check.stderr);
    }
}

#[test]
fn faults_of_the_project_file_name_line_and_remedy() {
    complaint(
        "timeout =",
        "tmeout =",
        2,
        &[
            "rerunoff.toml:18:1",
            "unknown field `tmeout`",
            "did you mean `timeout`?",
        ],
    );
    complaint(
        "\"20s\"",
        "\"soon\"",
        2,
        &[
            "rerunoff.toml:18:",
            "simulator.timeout",
            "\"soon\" is no duration",
        ],
    );
    complaint(
        "\"input.h5\"",
        "\"inputs.h5\"",
        2,
        &["rerunoff.toml:2:1", "input.file", "inputs.h5"],
    );
    complaint(
        "templates/param.txt",
        "templates/parm.txt",
        2,
        &["simulator.input.1.template", "parm.txt"],
    );
    complaint(
        "k * 2)\"",
        "k * 2\"",
        2,
        &["rerunoff.toml:9:1", "parameters.C_back"],
    );
    complaint(
        "k * 2)\"",
        "kk * 2)\"",
        2,
        &["parameters.C_back", "\"kk\"", "did you mean \"k\"?"],
    );
    complaint(
        "k = 0.012",
        "k = \"= C_back\"",
        2,
        &["needs itself", "C_back → k → C_back"],
    );
    complaint(
        "{discharge}",
        "{dischrge}",
        2,
        &[
            "simulator.input.2",
            "{dischrge}",
            "did you mean {discharge}?",
        ],
    );
    complaint(
        "{discharge}",
        "{zz}",
        2,
        &["simulator.input.2", "nothing provides {zz}. There are "],
    );
    complaint(
        "concentration * discharge",
        "concentration * flow",
        2,
        &["herbicide_load", "\"flow\"", "concentration, discharge"],
    );
    complaint(
        "min = 0 }\ndischarge",
        "minimum = 0 }\ndischarge",
        2,
        &["unknown field `minimum`"],
    );
    complaint(
        "\"./simulator.sh\"",
        "\"./simulatr.sh\"",
        2,
        &["simulator.command", "simulator.support"],
    );
    complaint(
        "id = \"catchment\"",
        "id = \"number\"",
        4,
        &["catchments.csv", "number", "catchment, mode, factor"],
    );
    complaint(
        "= precipitation * 1",
        "= rain * 1",
        2,
        &[
            "series.precipitation_mm",
            "\"rain\"",
            "discharge, precipitation",
        ],
    );
}

#[test]
fn nothing_of_the_users_is_ever_overwritten() {
    complaint(
        "file = \"output.h5\"",
        "file = \"./input.h5\"",
        2,
        &["product.file", "would overwrite"],
    );
    complaint(
        "file = \"output.h5\"",
        "file = \"catchments.csv\"",
        2,
        &["product.file", "would overwrite"],
    );
    complaint(
        "file = \"layout.xml\"",
        "file = \"./simulator.sh\"",
        2,
        &["simulator.input.0.file", "a link to your own"],
    );
    complaint(
        "file = \"out.txt\"",
        "file = \"simulator.sh\"",
        2,
        &["simulator.output.file", "a link to your own"],
    );
    complaint(
        "file = \"out.txt\"",
        "file = \"input.txt\"",
        2,
        &["simulator.input.2.file", "already"],
    );
    complaint(
        "herbicide_load = {",
        "concentration2 = { column = \"concentration\" }\nherbicide_load = {",
        0,
        &[],
    );
    complaint(
        "concentration = \"Conc_{id}\"",
        "herbicide_load = \"Conc_{id}\"",
        2,
        &["product.variables"],
    );
}

#[test]
fn faults_of_templates_name_their_line() {
    let project = Project::new(2);
    project.write("templates/param.txt", "id={id}\nk = {kay}\n");
    let check = project.rerunoff(&["check"]).expect(2);
    assert!(
        check
            .stderr
            .contains("templates/param.txt:2:5: nothing provides {kay}"),
        "{}",
        check.stderr
    );
    assert!(check.stderr.contains("A_tot, C_back"), "{}", check.stderr);

    let project = Project::new(2);
    project.write("templates/layout.xml", "<layout>\n<open>\n</layout>\n");
    let check = project.rerunoff(&["check"]).expect(2);
    assert!(
        check.stderr.contains("templates/layout.xml:3:"),
        "{}",
        check.stderr
    );
}

#[test]
fn a_good_project_is_told_so_and_shows_a_catchment() {
    let project = Project::new(3);
    let check = project
        .rerunoff(&["check", "70002", "--render", "look"])
        .expect(0);
    assert!(
        check
            .stdout
            .contains("3 catchments, 24 time steps from 2009-01-01T00:00:00"),
        "{}",
        check.stdout
    );
    assert!(check.stdout.contains("all is well"), "{}", check.stdout);
    let layout = fs::read_to_string(project.path("look/layout.xml")).expect("the layout");
    assert_eq!(
        layout,
        "<?xml version=\"1.0\"?>\n<layout><!-- {not} -->\n<catchment id=\"70002\" area=\"1000001\"/></layout>\n"
    );
    let table = fs::read_to_string(project.path("look/input.txt")).expect("the series");
    assert!(
        table.starts_with(
            "step\tP\tQ\tEmptymeas\n0\t1\t0\tN/A\n0.041666666666666664\t1.125\t1.25\tN/A\n"
        ),
        "{table}"
    );
    assert_eq!(table.lines().count(), 25);
    assert!(project.calls().is_empty());
}

#[test]
fn the_starter_says_what_is_missing_until_nothing_is() {
    let project = Project::new(2);
    let folder = project.path("started");
    let place = folder.to_str().expect("text");
    let init = project.rerunoff(&["-C", place, "init"]).expect(0);
    assert!(init.stdout.contains("rerunoff.toml"), "{}", init.stdout);
    let again = project.rerunoff(&["-C", place, "init"]).expect(2);
    assert!(
        again.stderr.contains("rerunoff.toml"),
        "nothing is overwritten: {}",
        again.stderr
    );
    let check = project.rerunoff(&["-C", place, "check"]).expect(2);
    assert!(
        check.stderr.contains("there is no file") && check.stderr.contains("input.h5"),
        "{}",
        check.stderr
    );
    fs::copy(project.path("input.h5"), folder.join("input.h5")).expect("copied");
    let check = project.rerunoff(&["-C", place, "check"]).expect(2);
    assert!(check.stderr.contains("bin/simulator"), "{}", check.stderr);
    fs::create_dir(folder.join("bin")).expect("made");
    fs::copy(project.path("simulator.sh"), folder.join("bin/simulator")).expect("copied");
    let check = project.rerunoff(&["-C", place, "check"]).expect(2);
    assert!(
        check.stderr.contains("nothing provides {temperature}"),
        "{}",
        check.stderr
    );
    let toml = fs::read_to_string(folder.join("rerunoff.toml")).expect("the project file");
    fs::write(
        folder.join("rerunoff.toml"),
        toml.replace("{temperature}", "{discharge}"),
    )
    .expect("written");
    project.rerunoff(&["-C", place, "check"]).expect(0);
}

#[test]
fn no_project_at_all() {
    let folder = tempfile::tempdir().expect("a folder");
    let project = Project::new(1);
    let run = project
        .rerunoff(&["-C", folder.path().to_str().expect("text"), "run"])
        .expect(2);
    assert!(
        run.stderr
            .contains("there is no project file here; `rerunoff init` writes one"),
        "{}",
        run.stderr
    );
    for (place, said) in [
        ("nowhere", "nowhere/rerunoff.toml: there is no such folder"),
        ("rerunoff.toml", "rerunoff.toml is no folder"),
        ("templates", "no project file here, but one above: `-C /"),
    ] {
        project.rerunoff(&["-C", place, "run"]).expect(2).says(said);
    }
}

#[test]
fn nothing_is_begun_in_a_folder_where_something_is_in_the_way() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().to_str().expect("text");
    fs::write(folder.path().join("templates"), "").expect("a file");
    let project = Project::new(1);
    for arguments in [&["init", place][..], &["init", "--example", place]] {
        let init = project.rerunoff(arguments).expect(2);
        init.says("templates is no folder; choose another folder or move it away");
    }
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
}

#[test]
fn bad_input_is_refused_or_skipped_and_always_named() {
    let project = Project::new(3);
    project.write_input(&|catchment, step| {
        if (catchment, step) == (1, 5) {
            f64::NAN
        } else {
            1.0
        }
    });
    let run = project.rerunoff(&["run"]).expect(4);
    assert!(run.stderr.contains("catchment 70002: "), "{}", run.stderr);
    assert!(run.stderr.contains("time step 5"), "{}", run.stderr);
    assert!(
        run.stderr.contains("on_bad_input = \"skip\""),
        "{}",
        run.stderr
    );
    assert!(project.calls().is_empty());

    project.edit(
        "file = \"input.h5\"",
        "file = \"input.h5\"\non_bad_input = \"skip\"",
    );
    let run = project.rerunoff(&["run"]).expect(0);
    assert!(run.stderr.contains("catchment 70002: "), "{}", run.stderr);
    assert!(
        run.stdout
            .starts_with("2 fresh, 2 run, 0 failed, 1 skipped"),
        "{}",
        run.stdout
    );
    assert_eq!(project.flags(), [0, 2, 0]);
    assert_eq!(project.calls().len(), 2);
}

#[test]
fn a_damaged_input_is_an_error_with_its_path() {
    let project = Project::new(2);
    project.write("input.h5", "this is no HDF5 file");
    let run = project.rerunoff(&["run"]).expect(4);
    assert!(run.stderr.contains("input.h5"), "{}", run.stderr);
    run.says("it is text, and tables become an input by [import]");
    project.write("input.h5", "");
    project.rerunoff(&["run"]).expect(4);
}

#[test]
fn what_needs_the_project_alone_is_told_who_is_at_work() {
    let project = Project::new(1);
    project.set(&[(0, "hang")]);
    let mut first = project.command(&["run"]).spawn().expect("a run");
    project.wait_for("calls");
    let second = project.rerunoff(&["gc"]).expect(3);
    assert!(
        second.stderr.contains(&format!("process {}", first.id())),
        "{}",
        second.stderr
    );
    project.rerunoff(&["status"]);
    let pid = rustix::process::Pid::from_child(&first);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("a signal");
    assert_eq!(first.wait().expect("an end").code(), Some(130));
}

#[test]
fn faults_of_summaries_name_the_remedy() {
    let summary = |fields: &str, wanted: &[&str]| {
        let table = format!("[product.summary]\ns = {{ {fields} }}\n[product.variables]");
        complaint("[product.variables]", &table, 2, wanted);
    };
    summary(
        "of = \"herbicide_lod\", statistic = \"mean\"",
        &[
            "product.summary.s.of",
            "no product variable \"herbicide_lod\"",
            "did you mean \"herbicide_load\"?",
        ],
    );
    summary(
        "of = \"herbicide_load\", statistic = \"quantil\", q = 0.5",
        &[
            "no statistic \"quantil\"",
            "mean, max, min",
            "did you mean \"quantile\"?",
        ],
    );
    summary(
        "of = \"herbicide_load\", statistic = \"quantile\", q = 95",
        &["product.summary.s", "needs `q`, a number from 0 to 1"],
    );
    summary(
        "of = \"herbicide_load\", statistic = \"exceedance\"",
        &["needs `threshold`, the number that is to be exceeded"],
    );
    summary(
        "of = \"herbicide_load\", statistic = \"mean\", q = 0.5",
        &["product.summary.s.q", "\"mean\" has no such setting"],
    );
    complaint(
        "[product.variables]",
        "[product.summary]\nherbicide_load = { of = \"herbicide_load\", statistic = \"mean\" }\n[product.variables]",
        2,
        &["product.summary.herbicide_load", "of this name already"],
    );
}

#[test]
fn before_a_run_has_come_to_its_end_there_is_nothing_to_look_at() {
    let project = Project::new(1);
    let input = project.path("input.h5");
    let aside = project.path("aside");
    fs::rename(&input, &aside).expect("a move");
    fs::write(&input, "step,T\n").expect("a text");
    project.rerunoff(&["run"]).expect(4);
    fs::rename(&aside, &input).expect("a move back");
    for call in [&["report"][..], &["diff"], &["export", "--summary"]] {
        let said = project.rerunoff(call).expect(2).stderr;
        assert!(
            said.contains("no run has come to its end yet"),
            "{call:?}: {said}"
        );
    }
}
