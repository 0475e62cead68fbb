//! The tweak loop: what a change will cost, a limit to it, what it did, and the way back.

use std::fs;

use crate::common::{Project, id, json};

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
    let project = Project::ran(10);
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
    let runs = runs["runs"].as_array().expect("a list");
    assert_eq!(runs.len(), 2, "the last one changed nothing");
    assert_eq!(runs[1]["ran"], 7);
    assert_eq!(runs[1]["failures"][0]["label"], id(2));
    assert_eq!(runs[1]["slowest"].as_array().map(Vec::len), Some(5));
    assert_eq!(runs[0]["causes"][0]["cause"], "mode exit → ok");
    let listed = project.rerunoff(&["runs"]).expect(0).stdout;
    assert_eq!(listed.lines().count(), 2, "{listed}");
    assert!(listed.contains("7 run, 1 failed in "), "{listed}");
}

#[test]
fn tag_tweak_diff_and_back() {
    let project = Project::ran(10);
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
            "concentration   ████················ 2 of 10 changed\n",
            "most +21.75 ng L-1: 21.75 → 43.5 in 70009 at 2009-01-01T23:00:00\n",
            "most +100 % in 70009 at 2009-01-01T01:00:00\n",
            "discharge       ···················· 0 of 10 changed\n",
            "herbicide_load  ████",
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
        same.contains("concentration   ···················· 0 of 10 changed"),
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
        diff.contains("herbicide_load  ████████████████████ 4 of 4 changed"),
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
