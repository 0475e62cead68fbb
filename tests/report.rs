//! `rerunoff report`: one file to look at, of what the last run left.

use std::fs;
use std::os::unix::fs::MetadataExt;

use crate::common::Project;

#[test]
fn a_page_is_written_once_for_the_same_state() {
    let project = Project::ran(3);
    let said = project.rerunoff(&["report", "page.html"]).expect(0).stdout;
    assert!(said.starts_with("page.html: written"), "{said}");
    let first = project.read("page.html");
    let touched = fs::metadata(project.path("page.html")).expect("a page");
    let said = project.rerunoff(&["report", "page.html"]).expect(0).stdout;
    assert!(said.starts_with("page.html: unchanged"), "{said}");
    let found = fs::metadata(project.path("page.html")).expect("a page");
    assert_eq!(
        (touched.ino(), touched.mtime_nsec()),
        (found.ino(), found.mtime_nsec())
    );
    fs::remove_file(project.path("page.html")).expect("removed");
    project.rerunoff(&["report", "page.html", "-q"]).expect(0);
    assert!(
        project.read("page.html") == first,
        "other bytes of the same state"
    );
}

#[test]
fn what_is_no_page_is_not_replaced() {
    let project = Project::ran(1);
    let toml = project.toml();
    project
        .rerunoff(&["report", "rerunoff.toml"])
        .expect(2)
        .says("rerunoff.toml is no report, so it is not replaced");
    assert_eq!(project.toml(), toml);
}

#[test]
fn the_data_behind_it_is_one_document() {
    let project = Project::ran(3);
    let document = project.rerunoff(&["report", "--json"]).expect(0);
    let document = crate::common::json(&document.stdout);
    assert_eq!(document["counts"]["fresh"], 3, "{document}");
    let ids = document["ids"].as_str().expect("a name");
    assert_eq!(document["arrays"][ids][1], "70002", "{document}");
    assert!(!project.path("report.html").exists());
}
