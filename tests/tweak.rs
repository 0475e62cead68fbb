//! The tweak loop: what a change will cost, a limit to it, what it did, and the way back.

use std::fs;

use crate::common::{Project, STEPS, discharge, id, precipitation};

/// A project that has been run.
fn ran(catchments: usize) -> Project {
    let project = Project::new(catchments);
    project.rerunoff(&["run"]).expect(0);
    project.calls();
    project
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).expect("one JSON document")
}

#[test]
fn status_predicts_from_what_each_catchment_took() {
    let project = Project::new(6);
    let status = project.rerunoff(&["status"]).expect(0).stdout;
    assert!(
        !status.contains("to run:"),
        "nothing to predict from: {status}"
    );
    project
        .rerunoff(&["run", "--only", "70001,70002"])
        .expect(0);
    let status = project.rerunoff(&["status", "-j", "3"]).expect(0).stdout;
    assert!(status.contains("to run: about "), "{status}");
    assert!(status.contains(" with 3 at once"), "{status}");
    project.edit("k = 0.012", "k = 0.013");
    let status = json(
        &project
            .rerunoff(&["status", "--json", "-j", "1"])
            .expect(0)
            .stdout,
    );
    assert_eq!(status["prediction"]["known"], 2);
    assert_eq!(status["prediction"]["workers"], 1);
    let seconds = status["prediction"]["seconds"].as_f64().expect("seconds");
    assert!(seconds > 0.0 && seconds < 3600.0, "{seconds}");
    project.rerunoff(&["run"]).expect(0);
    let status = json(&project.rerunoff(&["status", "--json"]).expect(0).stdout);
    assert!(status["prediction"].is_null());
}

#[test]
fn an_innocent_edit_burns_no_night() {
    let project = ran(10);
    let product = project.read("output.h5");
    project.set_factors(&[], &[(4, 3.0)]);
    project.rerunoff(&["run", "--max-rerun", "10%"]).expect(0);
    assert_eq!(project.calls(), [id(4)]);
    project.set_factors(&[], &[]);
    project.rerunoff(&["run", "--max-rerun", "0"]).expect(0);
    assert_eq!(project.read("output.h5"), product);

    project.edit("k = 0.012", "k = 0.013");
    for limit in ["5%", "9"] {
        let refused = project.rerunoff(&["run", "--max-rerun", limit]).expect(5);
        let reason =
            format!("10 of 10 catchments would be run, more than --max-rerun {limit} allows");
        assert!(refused.stderr.contains(&reason), "{}", refused.stderr);
        let dry = ["run", "--dry-run", "--max-rerun", limit];
        let told = project.rerunoff(&dry).expect(5).stdout;
        assert!(told.contains("10 k 0.012 → 0.013"), "{told}");
        assert!(told.contains("a run would refuse to start: "), "{told}");
    }
    assert!(project.calls().is_empty());
    assert_eq!(project.read("output.h5"), product);
    project
        .rerunoff(&["run", "--max-rerun", "1", "--only", "70002"])
        .expect(0);
    assert_eq!(project.calls(), [id(1)]);
    project.rerunoff(&["run", "--max-rerun", "10"]).expect(0);
    assert_eq!(project.calls().len(), 9);
    project.rerunoff(&["run", "--max-rerun", "5 %x"]).expect(2);
}

#[test]
fn a_run_says_what_it_did_and_puts_it_down() {
    let project = Project::new(7);
    project.set(&[(2, "exit")]);
    let run = project.rerunoff(&["run"]).expect(1);
    for text in [
        "ran 7 of 7\n",
        "      7 never run\n",
        "cost    ",
        "slowest 7000",
        "failed  1: 70003; ",
    ] {
        assert!(run.stderr.contains(text), "no {text:?} in {}", run.stderr);
    }
    assert_eq!(
        run.stdout.lines().count(),
        1,
        "the last line alone: {}",
        run.stdout
    );
    project.set(&[]);
    let run = project.rerunoff(&["run", "--quiet"]).expect(0);
    assert!(!run.stderr.contains("slowest"), "{}", run.stderr);
    project.rerunoff(&["run"]).expect(0);
    let runs = json(&project.rerunoff(&["runs", "--json"]).expect(0).stdout);
    let runs = runs.as_array().expect("a list");
    assert_eq!(runs.len(), 2, "the last one changed nothing");
    assert_eq!(runs[1]["ran"], 7);
    assert_eq!(runs[1]["failures"][0][0], id(2));
    assert_eq!(runs[1]["slowest"].as_array().map(Vec::len), Some(5));
    assert_eq!(runs[0]["causes"][0][1], "mode exit → ok");
    let listed = project.rerunoff(&["runs"]).expect(0).stdout;
    assert_eq!(listed.lines().count(), 2, "{listed}");
    assert!(listed.contains("7 run, 1 failed in "), "{listed}");
}

#[test]
fn tag_tweak_diff_and_back() {
    let project = ran(10);
    let first = project.read("output.h5");
    let tagged = project.rerunoff(&["tag", "base line"]).expect(0).stdout;
    assert!(
        tagged.contains("10 of 10 catchments have results"),
        "{tagged}"
    );
    assert!(
        project
            .rerunoff(&["tag", "base line"])
            .expect(2)
            .stderr
            .contains("--replace")
    );

    project.set_factors(&[], &[(3, 3.0), (8, 4.0)]);
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls(), [id(3), id(8)]);
    let second = project.read("output.h5");
    assert_ne!(first, second);

    // The concentration is precipitation times the factor: 8 + 23/8 at the last step, doubled or taken four times.
    let since_tag = project.rerunoff(&["diff", "base line"]).expect(0).stdout;
    let since_run = project.rerunoff(&["diff"]).expect(0).stdout;
    for diff in [&since_tag, &since_run] {
        for text in [
            "10 catchments have results in both\n",
            "concentration  ████················ 2 of 10 changed\n",
            "most +21.75 ng L-1: 21.75 → 43.5 in 70009 at 2009-01-01T23:00:00\n",
            "most +100 % in 70009 at 2009-01-01T01:00:00\n",
            "discharge      ···················· 0 of 10 changed\n",
            "load           ████",
        ] {
            assert!(diff.contains(text), "no {text:?} in {diff}");
        }
    }
    assert!(
        since_tag.starts_with("tag \"base line\" → the last run ("),
        "{since_tag}"
    );
    let table = project
        .rerunoff(&["diff", "base line", "--csv"])
        .expect(0)
        .stdout;
    assert_eq!(table.lines().count(), 1 + 3 * 10, "{table}");
    assert!(table.contains("\n70001,concentration,0,0,,,,\n"), "{table}");
    assert!(
        table.contains(
            "\n70009,concentration,23,0,21.75,2009-01-01T23:00:00,1.0,2009-01-01T01:00:00\n"
        ),
        "{table}"
    );
    let document = json(&project.rerunoff(&["diff", "--json"]).expect(0).stdout);
    assert_eq!(document["compared"], 10);
    assert_eq!(document["changes"].as_array().map(Vec::len), Some(30));

    let back = project
        .rerunoff(&["run", "--at", "base line"])
        .expect(0)
        .stdout;
    assert!(
        back.contains("tag \"base line\": 10 results, 0 run in "),
        "{back}"
    );
    assert!(back.trim_end().ends_with("output.h5 written"), "{back}");
    assert_eq!(project.read("output.h5"), first);
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.read("output.h5"), second);
    assert!(
        project.calls().is_empty(),
        "no simulator on the way back and forth"
    );

    // Not even the input is needed to go back.
    fs::rename(project.path("catchments.csv"), project.path("gone.csv")).expect("moved");
    project.write("catchments.csv", "nonsense");
    project.rerunoff(&["run", "--at", "base line"]).expect(0);
    assert_eq!(project.read("output.h5"), first);
    fs::rename(project.path("gone.csv"), project.path("catchments.csv")).expect("moved");

    let tags = project.rerunoff(&["tags"]).expect(0).stdout;
    assert!(
        tags.starts_with("base line  2") && tags.contains("10 of 10 with results"),
        "{tags}"
    );
    let unknown = project.rerunoff(&["run", "--at", "base lin"]).expect(2);
    assert!(
        unknown.stderr.contains("did you mean \"base line\"?"),
        "{}",
        unknown.stderr
    );
    project
        .rerunoff(&["tag", "--replace", "base line"])
        .expect(0);
    let same = project.rerunoff(&["diff", "base line"]).expect(0).stdout;
    assert!(
        same.contains("concentration  ···················· 0 of 10 changed"),
        "{same}"
    );
    project
        .rerunoff(&["tag", "--delete", "base line"])
        .expect(0);
    project
        .rerunoff(&["tag", "--delete", "base line"])
        .expect(2);
    assert!(project.rerunoff(&["tags"]).expect(0).stdout.is_empty());
}

#[test]
fn a_tag_keeps_the_parameters_that_only_the_product_uses() {
    let project = Project::new(4);
    project.edit(
        "\"concentration * discharge *",
        "\"C_back * concentration * discharge *",
    );
    project.rerunoff(&["run"]).expect(0);
    let first = project.read("output.h5");
    project.rerunoff(&["tag", "first"]).expect(0);
    project.calls();
    project.edit("k * 2)", "k * 3)");
    project.rerunoff(&["run"]).expect(0);
    assert!(project.calls().is_empty() && project.read("output.h5") != first);
    let diff = project.rerunoff(&["diff", "first"]).expect(0).stdout;
    assert!(
        diff.contains("load           ████████████████████ 4 of 4 changed"),
        "{diff}"
    );
    assert!(diff.contains("most +50 % in 7000"), "{diff}");
    project.rerunoff(&["run", "--at", "first"]).expect(0);
    assert_eq!(project.read("output.h5"), first);
}

#[test]
fn failures_and_gaps_are_told_in_a_diff() {
    let project = Project::new(4);
    project.set(&[(1, "exit")]);
    project.rerunoff(&["run"]).expect(1);
    project.rerunoff(&["tag", "with a failure"]).expect(0);
    let first = project.read("output.h5");
    project.set(&[(2, "exit")]);
    project.rerunoff(&["run"]).expect(1);
    let diff = project.rerunoff(&["diff"]).expect(0).stdout;
    assert!(
        diff.contains(
            "2 catchments have results in both, 1 only in the earlier, 1 only in the later"
        ),
        "{diff}"
    );
    project
        .rerunoff(&["run", "--at", "with a failure"])
        .expect(0);
    assert_eq!(project.read("output.h5"), first);
    let first_run = Project::new(2);
    assert!(
        first_run
            .rerunoff(&["diff"])
            .expect(4)
            .stderr
            .contains("nothing has been run yet")
    );
    first_run.rerunoff(&["run"]).expect(0);
    assert!(
        first_run
            .rerunoff(&["diff"])
            .expect(2)
            .stderr
            .contains("no run before")
    );
}

/// The bytes of the store on disk.
fn size(project: &Project) -> u64 {
    let file = fs::metadata(project.path("cache/store.sqlite")).expect("the store");
    file.len()
}

#[test]
fn what_nothing_needs_is_collected_and_the_file_shrinks() {
    let project = ran(400);
    let first = project.read("output.h5");
    project.rerunoff(&["tag", "kept"]).expect(0);
    for k in ["0.02", "0.03", "0.04"] {
        project.edit("k = ", &format!("k = {k} # "));
        project.write_input(&|catchment, step| {
            let seed = (catchment * STEPS + step) as f64;
            (seed * 12.9898).sin().abs() * k.parse::<f64>().expect("a number")
        });
        project.rerunoff(&["run"]).expect(0);
    }
    project.calls();
    let before = size(&project);
    let dry = project.rerunoff(&["gc", "--dry-run"]).expect(0).stdout;
    assert!(
        dry.starts_with("would remove 0 results, "),
        "all are of the last ten runs: {dry}"
    );
    let dry = project
        .rerunoff(&["gc", "--dry-run", "--keep-runs", "1"])
        .expect(0)
        .stdout;
    assert!(
        dry.starts_with("would remove 800 results, ") && dry.contains("; 800 stay"),
        "{dry}"
    );
    assert_eq!(size(&project), before);

    let roomy = ["gc", "--keep-runs", "1", "--max-size", "1 GB"];
    let told = project.rerunoff(&roomy).expect(0).stdout;
    assert!(told.starts_with("removed 0 results, "), "{told}");
    let tight = ["gc", "--keep-runs", "1", "--max-size", "1 kB"];
    let told = project.rerunoff(&tight).expect(0).stdout;
    assert!(told.starts_with("removed 800 results, "), "{told}");
    assert!(told.contains("need more than 1.0 kB"), "{told}");
    assert!(
        size(&project) * 4 < before * 3,
        "{} of {before} bytes left",
        size(&project)
    );
    assert!(
        project
            .rerunoff(&["gc"])
            .expect(0)
            .stdout
            .starts_with("removed 0 results")
    );

    assert!(
        project
            .rerunoff(&["run"])
            .expect(0)
            .stdout
            .starts_with("400 fresh, 0 run")
    );
    project.rerunoff(&["run", "--at", "kept"]).expect(0);
    assert_eq!(project.read("output.h5"), first);
    assert!(project.calls().is_empty());
    let diff = project.rerunoff(&["diff"]).expect(4);
    assert!(diff.stderr.contains("collected"), "{}", diff.stderr);

    // Without its tag and runs the first state goes as well, and is then as if never run.
    project.rerunoff(&["tag", "--delete", "kept"]).expect(0);
    let told = project
        .rerunoff(&["gc", "--keep-runs", "0"])
        .expect(0)
        .stdout;
    assert!(
        told.starts_with("removed 400 results, ") && told.contains("; 400 stay"),
        "{told}"
    );
    assert!(
        project
            .rerunoff(&["run"])
            .expect(0)
            .stdout
            .starts_with("400 fresh, 0 run")
    );
    let why = project.rerunoff(&["why", &id(5)]).expect(0).stdout;
    assert!(why.contains("is fresh"), "{why}");
    project.write_input(&|_, step| step as f64);
    let why = project.rerunoff(&["why", &id(5)]).expect(0).stdout;
    assert!(
        why.contains("24 of 24 time steps differ, the first at step 0"),
        "{why}"
    );
}

#[test]
fn the_least_recently_used_goes_first() {
    let project = ran(50);
    for factor in [3.0, 4.0] {
        let factors: Vec<_> = (0..50).map(|catchment| (catchment, factor)).collect();
        project.set_factors(&[], &factors);
        project.rerunoff(&["run"]).expect(0);
    }
    project.calls();
    project.edit(
        "[product]\nfile",
        "[cache]\nkeep_runs = 1\nmax_size = \"1 B\"\n[product]\nfile",
    );
    let dry = project.rerunoff(&["gc", "-n"]).expect(0).stdout;
    assert!(dry.starts_with("would remove 100 results"), "{dry}");
    project.edit("\"1 B\"", "\"1 parsec\"");
    let fault = project.rerunoff(&["gc", "-n"]).expect(2).stderr;
    assert!(
        fault.contains("cache.max_size") && fault.contains("20 GB"),
        "{fault}"
    );
    project.edit("\"1 parsec\"", "\"1 GB\"");
    assert!(
        project
            .rerunoff(&["gc"])
            .expect(0)
            .stdout
            .starts_with("removed 0 results")
    );
}

#[test]
fn a_collected_tag_is_an_error_that_says_so() {
    let project = ran(3);
    project.rerunoff(&["tag", "t"]).expect(0);
    // As if it had been lost some other way: a tag's results are never collected.
    let store = rusqlite::Connection::open(project.path("cache/store.sqlite")).expect("the store");
    store
        .execute_batch("DELETE FROM result WHERE id = 2")
        .expect("deleted");
    drop(store);
    let before = project.read("output.h5");
    let gone = project.rerunoff(&["run", "--at", "t"]).expect(4);
    assert!(
        gone.stderr
            .contains("tag \"t\": 1 of 3 results are no longer in the store: 7000"),
        "{}",
        gone.stderr
    );
    assert_eq!(project.read("output.h5"), before);

    // What a tag protects is not known when its record is damaged: nothing goes then.
    let store = rusqlite::Connection::open(project.path("cache/store.sqlite")).expect("the store");
    let damage = "UPDATE content SET bytes = x'00' WHERE digest = (SELECT moment FROM tag)";
    store.execute_batch(damage).expect("damaged");
    drop(store);
    let refused = project.rerunoff(&["gc", "--keep-runs", "0"]).expect(4);
    assert!(
        refused
            .stderr
            .contains("the store's record of tag \"t\" is damaged, so nothing was removed"),
        "{}",
        refused.stderr
    );
}

#[test]
fn columns_with_time_stamps() {
    let project = ran(3);
    let table = project
        .rerunoff(&["export", "70002", "70003", "--csv"])
        .expect(0)
        .stdout;
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 1 + 2 * STEPS);
    assert_eq!(lines[0], "catchment,time,concentration,discharge,load");
    assert_eq!(lines[1], "70002,2009-01-01T00:00:00,NaN,0,NaN");
    let step = 7;
    let (concentration, flow) = (precipitation(2, step) * 2.0, discharge(2, step));
    let load = concentration * flow * 3600.0 * 1e-6;
    assert_eq!(
        lines[1 + STEPS + step],
        format!("70003,2009-01-01T07:00:00,{concentration},{flow},{load}")
    );
    let plain = project.rerunoff(&["export", "70002"]).expect(0).stdout;
    assert!(
        plain.starts_with("#catchment\ttime\tconcentration\t"),
        "{plain}"
    );

    project.rerunoff(&["tag", "before"]).expect(0);
    project.set_factors(&[(0, "exit")], &[(1, 4.0)]);
    project.rerunoff(&["run"]).expect(1);
    let now = project
        .rerunoff(&["export", "70002", "--csv"])
        .expect(0)
        .stdout;
    assert_ne!(now.lines().nth(5), Some(lines[5]));
    let then = project
        .rerunoff(&["export", "70002", "--csv", "--at", "before"])
        .expect(0)
        .stdout;
    assert_eq!(then.lines().nth(5), Some(lines[5]));
    let failed = project.rerunoff(&["export", "70001"]).expect(4).stderr;
    assert!(
        failed.contains("70001 has no result; `rerunoff why 70001`"),
        "{failed}"
    );
    project.rerunoff(&["export", "8"]).expect(2);
}
