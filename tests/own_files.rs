//! Files and decks that catchments have for themselves: an edit of one runs that catchment alone, and one that is missing is a problem
//! of that catchment alone.

use std::fs;

use crate::common::cluster::LOCAL;
use crate::common::{Project, Run, id};

/// The simulator adds the numbers in its files up.
const MODEL: &str = r#"sum=0
for file in "$@"; do read -r number < "$file" && sum=$((sum + number)); done
[ -e FAIL ] && exit 3
[ -e touched ] && echo 5 > input.gms
{ echo q; for step in $(seq 24); do echo $sum; done; } > out.txt
"#;

fn toml(simulator: &str) -> String {
    format!(
        r#"
[input]
file = "input.h5"
[parameters]
soil = "clay"
[[parameters.table]]
file = "soils.csv"
id = "id"
[simulator]
timeout = "1m"
{simulator}
[simulator.output]
file = "out.txt"
columns = {{ q = "q" }}
[product]
file = "output.h5"
"#
    )
}

const SUPPORT: &str = r#"
command = ["sh", "model.sh", "input.gms", "soil.dat"]
support = ["model.sh", { file = "gms/{id}.gms", as = "input.gms" }, { file = "soils/{soil}.dat", as = "soil.dat" }]
"#;

/// Catchments 1, 2, 3, … with files of 10, 20, 30, …; the first on clay, 1000, all others on sand, 2000.
fn project(catchments: usize, simulator: &str) -> Project {
    let project = Project::new(catchments);
    fs::create_dir(project.path("gms")).expect("made");
    fs::create_dir(project.path("soils")).expect("made");
    let mut soils = "id,soil\n".to_owned();
    for at in 0..catchments {
        project.write(
            &format!("gms/{}.gms", id(at)),
            &format!("{}\n", 10 * (at + 1)),
        );
        let soil = if at == 0 { "clay" } else { "sand" };
        soils.push_str(&format!("{},{soil}\n", id(at)));
    }
    project.write("soils.csv", &soils);
    project.write("soils/clay.dat", "1000\n");
    project.write("soils/sand.dat", "2000\n");
    project.write("model.sh", MODEL);
    project.write_toml(&toml(simulator));
    project
}

#[track_caller]
fn expect_runs(run: &Run, runs: usize) {
    let text = format!(" {runs} run, 0 failed");
    assert!(run.stdout.contains(&text), "{}{}", run.stdout, run.stderr);
}

#[track_caller]
fn expect_product(project: &Project, values: &[f64]) {
    assert_eq!(project.product("q")[0], values);
}

#[test]
fn an_edit_of_a_catchments_file_runs_that_catchment_alone() {
    let project = project(3, SUPPORT);
    expect_runs(&project.rerunoff(&["run"]).expect(0), 3);
    expect_product(&project, &[1010.0, 2020.0, 2030.0]);
    let unchanged = || {
        // Once more after what was too young to be trusted.
        std::thread::sleep(std::time::Duration::from_millis(50));
        expect_runs(&project.rerunoff(&["run"]).expect(0), 0);
        let run = project.rerunoff(&["run", "--verbose"]).expect(0);
        run.says("everything looks as it did");
    };
    unchanged();
    project.write(&format!("gms/{}.gms", id(1)), "21\n");
    let status = project.rerunoff(&["status"]).expect(0);
    let said = "1 support file input.gms changed";
    assert!(status.stdout.contains(said), "{}", status.stdout);
    let why = project.rerunoff(&["why", &id(1)]).expect(0);
    assert!(
        why.stdout.contains("support file input.gms: other content"),
        "{}",
        why.stdout
    );
    expect_runs(&project.rerunoff(&["run"]).expect(0), 1);
    expect_product(&project, &[1010.0, 2021.0, 2030.0]);
    unchanged();
    // A file that several have.
    project.write("soils/sand.dat", "3000\n");
    expect_runs(&project.rerunoff(&["run"]).expect(0), 2);
    expect_product(&project, &[1010.0, 3021.0, 3030.0]);
    // A parameter in a path.
    let soils = String::from_utf8(project.read("soils.csv")).expect("text");
    project.write("soils.csv", &soils.replace("clay", "sand"));
    expect_runs(&project.rerunoff(&["run"]).expect(0), 1);
    expect_product(&project, &[3010.0, 3021.0, 3030.0]);
    project.rerunoff(&["run", "--depfile", "d"]).expect(0);
    let depfile = String::from_utf8(project.read("d")).expect("text");
    for file in ["gms/70001.gms", "gms/70003.gms", "soils/sand.dat"] {
        assert!(depfile.contains(file), "{file}: {depfile}");
    }
    unchanged();
    let depfile = || project.rerunoff(&["run", "--depfile", "d"]).expect(0);
    depfile();
    assert!(
        project
            .read("d")
            .windows(13)
            .any(|text| text == b"gms/70003.gms")
    );
}

#[test]
fn a_missing_file_is_a_problem_of_its_catchment() {
    let project = project(3, SUPPORT);
    fs::remove_file(project.path("gms").join(format!("{}.gms", id(1)))).expect("removed");
    let check = project.rerunoff(&["check"]).expect(4);
    check.says("1 of 3 catchments can't be run");
    check.says("catchment 70002: there is no gms/70002.gms, which `support` under [simulator] names by \"gms/{id}.gms\"");
    let run = project.rerunoff(&["run"]).expect(4);
    run.says("there is no gms/70002.gms");
    project.edit("[input]", "[input]\non_bad_input = \"skip\"");
    let check = project.rerunoff(&["check"]).expect(0);
    check.says("1 of 3 catchments can't be run and are skipped");
    let run = project.rerunoff(&["run"]).expect(0);
    assert!(run.stdout.contains("2 run, 0 failed"), "{}", run.stdout);
    project.write("gms/70002.gms", "20\n");
    expect_runs(&project.rerunoff(&["run"]).expect(0), 1);
    expect_product(&project, &[1010.0, 2020.0, 2030.0]);
}

#[test]
fn paths_that_lead_elsewhere_and_places_that_are_taken_are_refused() {
    let project = project(2, SUPPORT);
    let refused = |from: &str, to: &str, said: &str| {
        project.write_toml(&toml(&SUPPORT.replace(from, to)));
        let check = project.rerunoff(&["check"]);
        assert!([2, 4].contains(&check.code), "{}", check.stderr);
        check.says(said);
    };
    refused(
        "{soil}",
        "{soils}",
        "nothing provides {soils}; did you mean {soil}",
    );
    refused("{soil}", "{precipitation}", "is a series");
    refused(
        "as = \"input.gms\"",
        "as = \"../x\"",
        "must be a path below",
    );
    refused(
        "as = \"soil.dat\"",
        "as = \"input.gms\"",
        "are in one place",
    );
    refused(
        "as = \"soil.dat\"",
        "as = \"out.txt\"",
        "a link to your own",
    );
    refused(
        "as = \"soil.dat\"",
        "is = \"out.txt\"",
        "unknown field `is`",
    );
    refused(
        "\"model.sh\", {",
        "3, {",
        "a path, or `{ file = \"…\", as = \"…\" }`",
    );
    project.write("soils.csv", "id,soil\n70001,../gms\n70002,sand\n");
    project.write_toml(&toml(SUPPORT));
    let check = project.rerunoff(&["check"]).expect(4);
    check.says("catchment 70001: {soil} in \"soils/{soil}.dat\" is \"../gms\", which can't be part of a path");
}

#[test]
fn a_file_that_changes_during_the_run_fails_its_catchment_alone() {
    let project = project(
        3,
        &SUPPORT.replace(
            "\"soil.dat\"]\n",
            "\"soil.dat\"]\ndirectories = [\"touched\"]\nsandbox = \"off\"\n",
        ),
    );
    let run = project.rerunoff(&["run"]).expect(1);
    run.says("gms/70001.gms changed during the run");
    run.says("gms/70003.gms changed during the run");
    project.write_toml(&toml(SUPPORT));
    // The last two are the same by now.
    expect_runs(&project.rerunoff(&["run"]).expect(0), 2);
    expect_product(&project, &[1005.0, 2005.0, 2005.0]);
}

#[test]
fn catchments_have_decks_of_their_own() {
    let simulator = r#"
command = ["./model", "own.dat", "sub/soil.dat", "common.dat"]
support = ["common.dat"]
deck = "decks/{id}"
deck_exclude = ["*.log"]
"#;
    let project = project(3, simulator);
    project.write("common.dat", "500000\n");
    for at in 0..3 {
        let folder = format!("decks/{}", id(at));
        fs::create_dir_all(project.path(&format!("{folder}/sub"))).expect("made");
        project.write(&format!("{folder}/own.dat"), &format!("{at}\n"));
        project.write(&format!("{folder}/sub/soil.dat"), "100\n");
        project.write(&format!("{folder}/out.txt"), "q\n7\n");
        project.write(&format!("{folder}/model"), &format!("#!/bin/sh\n{MODEL}"));
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(project.path(&format!("{folder}/model")), mode).expect("set");
    }
    let check = project.rerunoff(&["check", &id(1)]).expect(0);
    assert!(
        check
            .stdout
            .contains("deck of catchment 70002: decks/{id}, 3 files"),
        "{}",
        check.stdout
    );
    expect_runs(&project.rerunoff(&["run"]).expect(0), 3);
    expect_product(&project, &[500_100.0, 500_101.0, 500_102.0]);
    project.write("decks/70002/sub/soil.dat", "200\n");
    project.write("decks/70001/out.txt", "q\n8\n");
    project.write("decks/70003/a.log", "log");
    expect_runs(&project.rerunoff(&["run"]).expect(0), 1);
    expect_product(&project, &[500_100.0, 500_201.0, 500_102.0]);
    fs::remove_file(project.path("decks/70003/model")).expect("removed");
    let check = project.rerunoff(&["check"]).expect(4);
    check.says("catchment 70003: no support file and no file of the deck is the program ./model");
    fs::remove_dir_all(project.path("decks/70003")).expect("removed");
    let check = project.rerunoff(&["check"]).expect(4);
    check.says("there is no decks/70003, which `deck` under [simulator] names");
    project.edit("[input]", "[input]\non_bad_input = \"skip\"");
    expect_runs(&project.rerunoff(&["run"]).expect(0), 0);
}

/// Tasks get copies of all that they need, and see what the head saw.
#[test]
fn own_files_and_decks_go_along_to_a_cluster() {
    let simulator = r#"
command = ["sh", "model.sh", "sub/own.dat", "soil.dat", "common.dat"]
support = [{ file = "soils/{soil}.dat", as = "soil.dat" }]
deck = "decks/{id}"
"#;
    let common = r#"
command = ["sh", "model.sh", "sub/own.dat", "soil.dat"]
support = [{ file = "soils/{soil}.dat", as = "soil.dat" }]
deck = "decks/70001"
"#;
    let project = project(3, simulator);
    for at in 0..3 {
        let folder = format!("decks/{}", id(at));
        fs::create_dir_all(project.path(&format!("{folder}/sub"))).expect("made");
        fs::create_dir_all(project.path(&format!("{folder}/empty"))).expect("made");
        project.write(&format!("{folder}/sub/own.dat"), &format!("{at}\n"));
        project.write(&format!("{folder}/common.dat"), "500000\n");
        project.write(&format!("{folder}/model.sh"), MODEL);
        project.write(&format!("{folder}/out.txt"), "of an earlier run");
    }
    // With a deck in common the last two are the same.
    for (simulator, runs, values) in [
        (simulator, 3, [501_000.0, 502_001.0, 502_002.0]),
        (common, 2, [1000.0, 2000.0, 2000.0]),
    ] {
        project.write_toml(&format!("{}{LOCAL}", toml(simulator)));
        expect_runs(&project.rerunoff(&["run"]).expect(0), runs);
        expect_product(&project, &values);
        let status = project.rerunoff(&["status"]).expect(0);
        assert!(status.stdout.contains("3 fresh of 3"), "{}", status.stdout);
    }
}

/// A pattern stands for what matches it now: a new file is a new support file, also for a run that would have nothing to do.
#[test]
fn patterns_stand_for_what_matches_them() {
    let simulator = r#"
command = ["sh", "-c", "(echo q; for step in $(seq 24); do cat *.dat | grep -c .; done) > out.txt"]
support = ["lib/*.dat", "lib/?/**/*.dat"]
support_exclude = ["*.old.dat"]
"#;
    let project = project(2, simulator);
    let check = project.rerunoff(&["check"]).expect(2);
    check.says("simulator.support.0: \"lib/*.dat\" matches nothing; `deck");
    fs::create_dir_all(project.path("lib/a/deep")).expect("made");
    project.write("lib/one.dat", "1\n");
    project.write("lib/two.old.dat", "1\n");
    project.write("lib/.hidden.dat", "1\n");
    project.write("lib/a/deep/three.dat", "1\n");
    expect_runs(&project.rerunoff(&["run"]).expect(0), 1);
    expect_product(&project, &[2.0, 2.0]);
    std::thread::sleep(std::time::Duration::from_millis(50));
    expect_runs(&project.rerunoff(&["run"]).expect(0), 0);
    let run = project.rerunoff(&["run", "--verbose"]).expect(0);
    run.says("everything looks as it did");
    project.write("lib/a/deep/four.dat", "1\n");
    let status = project.rerunoff(&["status"]).expect(0);
    let said = "support file four.dat changed";
    assert!(status.stdout.contains(said), "{}", status.stdout);
    expect_runs(&project.rerunoff(&["run"]).expect(0), 1);
    expect_product(&project, &[3.0, 3.0]);
    project.write("lib/a/deep/one.dat", "1\n");
    let check = project.rerunoff(&["check"]).expect(2);
    check.says("there is a support file named \"one.dat\" already");
    check.says("lib/one.dat, so");
    check.says("lib/a/deep/one.dat can't be");
    project.edit("lib/*.dat", "*");
    project.rerunoff(&["check"]).expect(2).says("own cache");
    project.edit("\"*\"", "\"gms/{id}*\"");
    project
        .rerunoff(&["check"])
        .expect(2)
        .says("wildcards and placeholders");
}

/// A template for each catchment, each with placeholders of its own.
#[test]
fn catchments_have_templates_of_their_own() {
    let simulator = r#"
command = ["sh", "model.sh", "made.inp"]
support = ["model.sh"]
[[simulator.input]]
file = "made.inp"
template = "gms/{id}.inp"
"#;
    let project = project(3, simulator);
    project.edit("soil = \"clay\"", "soil = \"clay\"\nk = 7\nm = 5");
    for (at, text) in ["{k}00\n", "2{k}\n", "{m}\n"].into_iter().enumerate() {
        project.write(&format!("gms/{}.inp", id(at)), text);
    }
    project.rerunoff(&["check"]).expect(0);
    expect_runs(&project.rerunoff(&["run"]).expect(0), 3);
    expect_product(&project, &[700.0, 27.0, 5.0]);
    project.edit("m = 5", "m = 6");
    let status = project.rerunoff(&["status"]).expect(0);
    assert!(status.stdout.contains("1 m 5 → 6"), "{}", status.stdout);
    expect_runs(&project.rerunoff(&["run"]).expect(0), 1);
    project.write("gms/70002.inp", "3{k}\n");
    let why = project.rerunoff(&["why", &id(1)]).expect(0);
    for line in ["the template of made.inp:", "- 2{k}", "+ 3{k}"] {
        assert!(why.stdout.contains(line), "{}", why.stdout);
    }
    expect_runs(&project.rerunoff(&["run"]).expect(0), 1);
    expect_product(&project, &[700.0, 37.0, 6.0]);
    // What looks as it does for no longer than a step of the clock is looked at once more.
    std::thread::sleep(std::time::Duration::from_millis(100));
    expect_runs(&project.rerunoff(&["run"]).expect(0), 0);
    let run = project.rerunoff(&["run", "--verbose"]).expect(0);
    run.says("everything looks as it did");
    let cluster = format!(
        "{}{LOCAL}",
        String::from_utf8_lossy(&project.read("rerunoff.toml"))
    );
    project.write_toml(&cluster);
    expect_runs(&project.rerunoff(&["run", "--force"]).expect(0), 3);
    project.write("gms/70003.inp", "1 {kk}\n");
    fs::remove_file(project.path("gms/70002.inp")).expect("removed");
    let check = project.rerunoff(&["check"]).expect(4);
    check.says("gms/70003.inp:1:3: nothing provides {kk}; did you mean {k}");
    check.says("there is no gms/70002.inp, which `template` under [[simulator.input]] names");
}
