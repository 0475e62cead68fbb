//! `after`: commands that are run after the simulator are part of its run, its time, its key, and of what is told of it.

use std::fs;
use std::process::Command;

use crate::common::{Project, id, precipitation};

/// Makes the table that the project takes: what the simulator left, its concentration times the first argument.
const EXTRACT: &str = r#"
[ -e raw.txt ] || { echo "no raw.txt"; exit 7; }
echo "extracting $2"
awk -F '\t' -v by="$1" 'NR > 1 && $2 != "NA" { $2 = $2 * by } { print $1 "\t" $2 "\t" $3 }' raw.txt > out.txt
"#;

/// A project whose simulator leaves `raw.txt` and prints a line, with this `after`.
fn project(catchments: usize, after: &str) -> Project {
    let project = Project::new(catchments);
    project.write("extract.sh", EXTRACT);
    let simulator = String::from_utf8(project.read("simulator.sh")).expect("text");
    project.write(
        "simulator.sh",
        &format!("{simulator}\n[ ! -e out.txt ] || mv out.txt raw.txt\necho simulated\n"),
    );
    project.edit(
        "support = [\"simulator.sh\"]",
        "support = [\"simulator.sh\", \"extract.sh\"]",
    );
    project.edit("timeout = ", &format!("after = {after}\ntimeout = "));
    project
}

#[test]
fn what_comes_after_makes_the_output_and_is_in_the_key() {
    let project = project(2, r#"["sh", "extract.sh", "10", "{id}"]"#);
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls().len(), 2);
    assert_eq!(
        project.product("concentration")[3][1],
        precipitation(1, 3) * 2.0 * 10.0
    );
    let log = project.rerunoff(&["log", &id(1)]).expect(0).stdout;
    assert!(
        log.ends_with(&format!("simulated\nextracting {}\n", id(1))),
        "{log}"
    );

    project.rerunoff(&["run"]).expect(0);
    assert!(project.calls().is_empty());
    project.edit(r#""10""#, r#""100""#);
    let why = project.rerunoff(&["why", &id(0)]).expect(0).stdout;
    assert!(why.contains("what is run after the simulator: "), "{why}");
    project.write("extract.sh", &EXTRACT.replace("$2 * by", "$2 / by"));
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls().len(), 2);
    assert_eq!(
        project.product("concentration")[3][1],
        precipitation(1, 3) * 2.0 / 100.0
    );
    // And back: nothing of it is lost.
    project.write("extract.sh", EXTRACT);
    project.edit(r#""100""#, r#""10""#);
    project.rerunoff(&["run"]).expect(0);
    assert!(project.calls().is_empty());
}

#[test]
fn several_are_run_one_after_the_other_until_one_fails() {
    let project = project(
        1,
        r#"[["sh", "extract.sh", "1", "{id}"], ["sh", "-c", "echo second; exit 3"], ["touch", "third"]]"#,
    );
    let run = project.rerunoff(&["run"]).expect(1);
    run.says("`sh -c 'echo second; exit 3'`, run after the simulator: exit code 3");
    let kept = project.path("cache/failed").join(id(0));
    let printed = fs::read_to_string(kept.join("rerunoff.stdout")).expect("printed");
    assert_eq!(
        printed,
        format!("simulated\nextracting {}\nsecond\n", id(0))
    );
    assert!(kept.join("out.txt").exists() && !kept.join("third").exists());
    let log = project.rerunoff(&["log", &id(0)]).expect(0).stdout;
    assert!(log.contains("UTC  `sh -c"), "{log}");
}

#[test]
fn nothing_comes_after_a_simulator_that_failed() {
    let project = project(2, r#"["sh", "extract.sh", "1", "{id}"]"#);
    project.set(&[(0, "exit"), (1, "said")]);
    let run = project.rerunoff(&["run"]).expect(1);
    run.says("exit code 3");
    run.says("printed \"[Error]\": [Error]: as told");
    assert!(!run.stderr.contains("after"), "{}", run.stderr);
}

#[test]
fn it_has_what_is_left_of_the_time() {
    let project = project(1, r#"["sleep", "1000"]"#);
    project.edit("timeout = \"20s\"", "timeout = \"2s\"");
    project.set(&[(0, "slow")]);
    let run = project.rerunoff(&["run"]).expect(1);
    run.says("`sleep 1000`, run after the simulator: stopped at its timeout of 2s");
    project.expect_all_gone();
}

#[test]
fn what_is_wrong_with_it_is_told_before_a_run_or_with_what_is_missing() {
    let project = project(1, r#"["extract-results"]"#);
    let check = project.rerunoff(&["check"]).expect(2);
    check.says("rerunoff.toml:18:1: simulator.after: no such program: extract-results");
    project.edit(r#"after = ["extract-results"]"#, "after = []");
    project
        .rerunoff(&["check"])
        .expect(2)
        .says("names no program");
    project.edit("after = []", r#"after = ["sh", "{nobody}"]"#);
    project
        .rerunoff(&["check"])
        .expect(2)
        .says("nothing provides {nobody}");
    project.edit("{nobody}", "extract.sh\", \"1");
    project.edit(", \"extract.sh\"]\nafter", "]\nafter");
    let run = project.rerunoff(&["run"]).expect(1);
    run.says("extract.sh is not in the work directory: add it to `support` under [simulator]");
}

#[test]
fn repro_prints_it_behind_the_simulator() {
    let project = project(1, r#"["sh", "extract.sh", "3", "{id}"]"#);
    let folder = project.path("by hand");
    let repro = project.rerunoff(&["repro", &id(0), "by hand"]).expect(0);
    assert_eq!(repro.stdout.lines().count(), 3, "{}", repro.stdout);
    let shell = Command::new("sh").args(["-c", &repro.stdout]).status();
    assert!(shell.is_ok_and(|ended| ended.success()));
    let table = fs::read_to_string(folder.join("out.txt")).expect("the table");
    let cell = format!("\t{}\t", precipitation(0, 3) * 2.0 * 3.0);
    assert!(table.contains(&cell), "{table}");
}
