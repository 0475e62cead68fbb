//! What each place tells of a run, and that it is the same.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{CATCHMENTS, asked, project};
use crate::common::{Project, Run, id, json};

/// How many catchments the last line has in each state.
fn counts(line: &str) -> BTreeMap<String, u64> {
    let (counts, _) = line.split_once(" in ").expect("a last line");
    let counts = counts.split(" of ").next().expect("counts").split(", ");
    let pair = |text: &str| {
        let (count, state) = text.split_once(' ').expect("a count and a state");
        (state.to_owned(), count.parse().expect("a number"))
    };
    counts.map(pair).collect()
}

/// Who failed, or can't be run, as a document lists them.
pub(super) fn listed(document: &Value, list: &str) -> Vec<String> {
    let name = |failure: &Value| {
        let scenario = failure["scenario"].as_str().unwrap_or_default();
        format!(
            "{scenario}@{}",
            failure["catchment"].as_str().expect("an id")
        )
    };
    let list = document[list].as_array().expect("a list");
    list.iter().map(name).collect()
}

/// A run in two projects that are alike, one asked for the line and one for the document.
pub(super) struct Told {
    pub project: Project,
    pub document: Value,
}

/// Runs `arguments` in a project that `prepare` has made ready, and compares all places that tell of it.
pub(super) fn told(scenarios: &str, prepare: &dyn Fn(&Project), arguments: &[&str]) -> Told {
    let ready = || {
        let project = project(scenarios);
        prepare(&project);
        project
    };
    let line = ready().rerunoff(arguments);
    let project = ready();
    let run = project.rerunoff(&[arguments, &["--json"]].concat());
    let document = json(&run.stdout);
    assert_eq!(line.code, run.code, "{}\n{}", line.stderr, run.stderr);
    agree_with_the_line(&document, &line);
    agree_with_what_was_left(&project, &document);
    Told { project, document }
}

#[track_caller]
fn agree_with_the_line(document: &Value, line: &Run) {
    let count = |name: &str| document[name].as_u64().expect(name);
    let told = counts(&line.stdout);
    for state in ["fresh", "run", "failed", "stale", "skipped"] {
        let in_line = told.get(state).copied().unwrap_or_default();
        assert_eq!(in_line, count(state), "{state}: {}", line.stdout);
    }
    let sum: u64 = (["fresh", "failed", "stale", "skipped"].iter())
        .map(|state| count(state))
        .sum();
    assert_eq!(sum, count("catchments"), "each is counted once: {document}");
    assert_eq!(listed(document, "failures").len() as u64, count("failed"));
    assert_eq!(
        listed(document, "cannot_run").len() as u64,
        count("skipped")
    );
    let is_bad = count("failed") > 0 || document["gave_up"] == true;
    assert_eq!(line.code, i32::from(is_bad), "{}", line.stdout);
    let written = document["product"]["state"].as_str().unwrap_or_default();
    assert!(line.stdout.trim_end().ends_with(written), "{}", line.stdout);
}

fn agree_with_what_was_left(project: &Project, document: &Value) {
    let runs = asked(project, &["runs", "--json"], &[0]);
    if document["run"].as_u64() > Some(0) {
        let last = &runs["runs"][0];
        assert_eq!(last["ran"], document["run"], "{last}");
        assert_eq!(last["failed"], document["failed"], "{last}");
        assert_eq!(last["gave_up"], document["gave_up"], "{last}");
    }
    let status = project.status(&[0, 1]);
    let (failed, bad) = (listed(&status, "failures"), listed(&status, "cannot_run"));
    assert_eq!(status["failed"], failed.len());
    let run = project.rerunoff(&["status"]);
    assert_eq!(run.code, i32::from(!failed.is_empty()));
    for name in listed(document, "failures") {
        assert!(failed.contains(&name), "{name}: {status}");
    }
    for name in &failed {
        let (scenario, id) = name.split_once('@').expect("a name");
        let mut log = vec!["log", id];
        if !scenario.is_empty() {
            log.extend(["--scenario", scenario]);
        }
        let log = project.rerunoff(&log).expect(0).stdout;
        assert!(
            log.lines().next().expect("a line").contains(" failed: "),
            "{log}"
        );
    }
    for at in (0..CATCHMENTS).map(id) {
        let log = project.rerunoff(&["log", &at]).stdout;
        let logs = log.split("catchment ");
        for log in logs.filter(|log| log.contains(": went well")) {
            let latest = log.lines().find(|line| line.starts_with("  2"));
            assert!(latest.expect("an attempt").contains("  good; "), "{log}");
        }
    }
    if document["product"].is_object() {
        let mut flags = BTreeMap::<i8, usize>::new();
        for flag in project.flags() {
            *flags.entry(flag).or_default() += 1;
        }
        let flagged = |flag: i8| flags.get(&flag).copied().unwrap_or_default();
        assert_eq!(flagged(0) as u64, status["fresh"].as_u64().expect("fresh"));
        assert_eq!(flagged(1), failed.len());
        assert_eq!(flagged(2), bad.len());
    }
}
