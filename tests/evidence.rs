//! `log`, `repro` and `verify`: what is known of one catchment, its run by hand, and a second look at results.

use std::fs;
use std::process::Command;

use crate::common::{Project, id};

#[test]
fn log_tells_outcome_reason_cost_output_and_evidence() {
    let project = Project::new(3);
    project.edit("timeout = \"20s\"", "timeout = \"20s\"\nretries = 1");
    project.set(&[(1, "said"), (2, "wordy")]);
    let unknown = project.rerunoff(&["log", &id(0)]).expect(2);
    assert!(
        unknown.stderr.contains("was never run"),
        "{}",
        unknown.stderr
    );
    project.rerunoff(&["run"]).expect(1);

    let good = project.rerunoff(&["log", &id(0)]).expect(0).stdout;
    assert!(
        good.starts_with(&format!("catchment {}: went well\n", id(0))),
        "{good}"
    );
    assert!(good.contains("UTC  good; 0."), "{good}");
    assert!(good.contains(" MB\nit printed nothing\n"), "{good}");

    let bad = project.rerunoff(&["log", &id(1)]).expect(0).stdout;
    assert!(
        bad.contains("failed: printed \"[Error]\": [Error]: as told\n"),
        "{bad}"
    );
    assert_eq!(
        bad.matches("UTC  printed").count(),
        2,
        "both attempts: {bad}"
    );
    assert!(
        bad.ends_with("the end of what it printed:\n[Error]: as told\n"),
        "{bad}"
    );
    let kept = project.path("cache/failed").join(id(1));
    assert!(
        bad.contains(&format!("kept in {}\n", kept.display())),
        "{bad}"
    );

    let wordy = project.rerunoff(&["log", &id(2)]).expect(0).stdout;
    assert!(wordy.ends_with("line 19998\nline 19999\n"), "{wordy}");
    assert!(wordy.len() < 8000, "only the end of it");

    // Once it goes well with other inputs, the earlier attempts are still there.
    project.set(&[]);
    project.rerunoff(&["run"]).expect(0);
    let mended = project.rerunoff(&["log", &id(1)]).expect(0).stdout;
    assert!(
        mended.starts_with(&format!("catchment {}: went well\n", id(1))),
        "{mended}"
    );
    assert_eq!(mended.matches("(with other inputs)").count(), 2, "{mended}");
    assert!(!mended.contains("is kept in"), "{mended}");
}

#[test]
fn log_tells_where_attempts_ran_unless_it_was_here() {
    let project = Project::new(1);
    project.rerunoff(&["run"]).expect(0);
    let log = || project.rerunoff(&["log", &id(0)]).expect(0).stdout;
    assert!(log().contains(" MB\nit printed nothing"), "{}", log());

    let elsewhere = "UPDATE machine SET host = 'node7'";
    project.store().execute_batch(elsewhere).expect("changed");
    assert!(log().contains(" MB, on node7\nit printed"), "{}", log());
    let other = "UPDATE machine SET class = 'x86_64-v4, Other CPU'";
    project.store().execute_batch(other).expect("changed");
    let place = "node7 (x86_64-v4, Other CPU)";
    let line = format!(" MB, on {place}\nit printed");
    assert!(log().contains(&line), "{}", log());

    // Another run here, and back: the result is the first one's.
    project.edit("k = 0.012", "k = 0.014");
    project.rerunoff(&["run"]).expect(0);
    project.edit("k = 0.014", "k = 0.012");
    project.rerunoff(&["run"]).expect(0);
    let text = log();
    let first = format!("an earlier run with the same inputs, made on {place}\n");
    assert!(text.contains(&first), "{text}");
    assert_eq!(text.matches(", on ").count(), 2, "{text}");
}

/// The files of a folder below it, with their content, without what a simulator writes.
fn inputs(folder: &std::path::Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = fs::read_dir(folder)
        .expect("a folder")
        .flatten()
        .map(|file| (file.file_name().display().to_string(), file.path()))
        .filter(|(name, _)| !name.starts_with("rerunoff.") && name != "out.txt")
        .map(|(name, path)| (name, fs::read(path).expect("read")))
        .collect();
    files.sort();
    files
}

#[test]
fn repro_rebuilds_the_work_directory_and_its_command_does_the_same() {
    let project = Project::new(2);
    project.set(&[(1, "exit")]);
    project.edit(
        "[[simulator.input]]\nfile = \"layout.xml\"",
        "[simulator.env]\nMODEL = \"it's {k}\"\n[[simulator.input]]\nfile = \"layout.xml\"",
    );
    project.rerunoff(&["run"]).expect(1);
    let kept = project.path("cache/failed").join(id(1));

    let folder = project.path("by hand");
    let told = project
        .rerunoff(&["repro", &id(1), "by hand"])
        .expect(0)
        .stdout;
    assert!(told.contains("it failed: exit code 3\n"), "{told}");
    assert_eq!(inputs(&folder), inputs(&kept));
    assert_eq!(
        inputs(&folder).len(),
        4,
        "layout, parameters, series, program"
    );
    let by_hand = Command::new("sh").args(["-c", &told]).status().expect("sh");
    assert_eq!(by_hand.code(), Some(3));
    assert_eq!(
        fs::read(folder.join("out.txt")).expect("written"),
        fs::read(kept.join("out.txt")).expect("kept")
    );

    // A fresh one, and one whose environment can be seen.
    project.set(&[(0, "nosy"), (1, "exit")]);
    project.rerunoff(&["run"]).expect(1);
    let seen = fs::read_to_string(project.path("calls.env")).expect("what it saw");
    let told = project
        .rerunoff(&["repro", &id(0), "fresh"])
        .expect(0)
        .stdout;
    assert!(told.contains("it went well"), "{told}");
    let by_hand = Command::new("sh").args(["-c", &told]).status().expect("sh");
    assert_eq!(by_hand.code(), Some(0));
    let again = fs::read_to_string(project.path("calls.env")).expect("what it saw");
    let settings = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| !line.contains('/'));
        lines.map(str::to_owned).collect()
    };
    assert_eq!(settings(&seen), settings(&again));
    assert!(again.contains("MODEL=it's 0.012"), "{again}");

    let refused = project.rerunoff(&["repro", &id(0), "fresh"]).expect(2);
    assert!(
        refused.stderr.contains("is not empty"),
        "{}",
        refused.stderr
    );
    project.rerunoff(&["repro", "70999", "other"]).expect(2);
    project.edit("k = 0.012", "k = 0.013");
    let told = project
        .rerunoff(&["repro", &id(0), "edited"])
        .expect(0)
        .stdout;
    assert!(told.contains("are not those of its last run"), "{told}");
}

#[test]
fn verify_finds_what_does_not_come_out_the_same_and_changes_nothing() {
    let project = Project::new(20);
    project.set(&[(3, "undeclared"), (5, "exit")]);
    fs::write(project.path("calls.undeclared"), "1.5").expect("written");
    project.rerunoff(&["run"]).expect(1);
    project.calls();
    let all = ["verify", "--sample", "100%"];
    let same = project.rerunoff(&all).expect(0);
    assert!(
        same.stdout
            .starts_with("19 run again: 19 gave the same result"),
        "{}",
        same.stdout
    );
    assert_eq!(project.calls().len(), 19);

    fs::write(project.path("calls.undeclared"), "2.5").expect("written");
    let product = project.read("output.h5");
    let found = project.rerunoff(&all).expect(1);
    let line = format!(
        "catchment {}: \"Q\" differs first at time step 2: stored 1.5, now 2.5",
        id(3)
    );
    assert!(found.stderr.contains(&line), "{}", found.stderr);
    assert!(
        found.stdout.contains("18 gave the same result, 1 did not"),
        "{}",
        found.stdout
    );
    project.calls();
    assert_eq!(project.status(&[1])["fresh"], 19);
    project.rerunoff(&["run"]).expect(1);
    assert_eq!(project.calls(), [id(5)], "only what had failed is run");
    assert!(project.read("output.h5") == product);
    assert!(project.path("cache/failed").join(id(5)).exists());

    project.rerunoff(&["verify", "--only", &id(0)]).expect(0);
    assert_eq!(project.calls(), [id(0)]);
    let stale = project.rerunoff(&["verify", "--only", &id(5)]).expect(2);
    assert!(
        stale.stderr.contains("has no fresh result"),
        "{}",
        stale.stderr
    );
    // The sample is one of random, but the same for the same seed.
    let mut drawn = Vec::new();
    for seed in ["1", "1", "2", "3", "4"] {
        project.rerunoff(&["verify", "--sample", "4", "--seed", seed]);
        drawn.push(project.calls());
    }
    assert_eq!(drawn[0].len(), 4);
    assert_eq!(drawn[0], drawn[1]);
    assert!(drawn[2..].iter().any(|other| *other != drawn[0]));
    project.rerunoff(&["verify", "--sample", "x"]).expect(2);
}
