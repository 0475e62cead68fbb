//! `rerunoff report`: one file to look at, of what the last run left. Here is when it is written and when not; what it tells is in [`told`],
//! and that nothing of it is markup but its own in [`hostile`].

mod earlier;
mod hostile;
mod told;

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::common::{Project, json, undisturbed};

/// The data behind the page.
#[track_caller]
pub(crate) fn facts(project: &Project, arguments: &[&str]) -> Value {
    let words = [&["report", "--json"], arguments].concat();
    json(&project.rerunoff(&words).expect(0).stdout)
}

/// The page as text.
#[track_caller]
pub(crate) fn page(project: &Project, arguments: &[&str]) -> String {
    let words = [&["report", "-q"], arguments].concat();
    project.rerunoff(&words).expect(0);
    String::from_utf8(project.read("report.html")).expect("text")
}

#[test]
fn a_page_is_written_once_for_the_same_state() {
    let project = Project::ran(3);
    let look = || {
        let found = fs::metadata(project.path("page.html")).expect("a page");
        (found.ino(), found.mtime(), found.mtime_nsec())
    };
    let said = project.rerunoff(&["report", "page.html"]).expect(0).stdout;
    assert!(said.starts_with("page.html: written"), "{said}");
    let (first, stamp) = (project.read("page.html"), look());
    let said = project.rerunoff(&["report", "page.html"]).expect(0).stdout;
    assert!(said.starts_with("page.html: unchanged"), "{said}");
    assert_eq!(look(), stamp);
    fs::remove_file(project.path("page.html")).expect("removed");
    let said = project.rerunoff(&["report", "page.html", "-q"]).expect(0);
    assert_eq!(said.stdout, "");
    let again = project.read("page.html");
    assert!(again == first, "the same state gave other bytes");
    // Nor does it matter where the project lies, and how many cores there are.
    let elsewhere = tempfile::tempdir().expect("a folder");
    let mut copied = Command::new("cp");
    copied
        .arg("-a")
        .arg(project.root())
        .arg(elsewhere.path().join("copy"));
    assert!(copied.status().expect("cp").success());
    let copy = elsewhere.path().join("copy");
    let mut narrow = Command::new("taskset");
    narrow.args(["-c", "0"]).arg(env!("CARGO_BIN_EXE_rerunoff"));
    narrow
        .arg("-C")
        .arg(&copy)
        .arg("report")
        .arg(copy.join("page.html"));
    assert!(narrow.status().expect("taskset").success());
    let there = fs::read(copy.join("page.html")).expect("a page");
    assert!(there == first, "other bytes elsewhere");
}

#[test]
fn nothing_but_the_page_is_written() {
    let project = Project::ran(2);
    let look = || {
        let mut found = Vec::new();
        for folder in ["", "cache"] {
            for entry in fs::read_dir(project.path(folder)).expect("a folder") {
                let entry = entry.expect("an entry");
                let data = entry.metadata().expect("data");
                let is_new = entry.file_name() == "report.html";
                // Readers of SQLite make and remove files beside it.
                if data.is_file()
                    && !is_new
                    && !entry
                        .file_name()
                        .display()
                        .to_string()
                        .contains("store.sqlite-")
                {
                    found.push((entry.path(), data.len(), data.mtime(), data.mtime_nsec()));
                }
            }
        }
        found.sort();
        found
    };
    fs::remove_file(project.path("output.h5")).expect("no product is needed");
    let before = look();
    page(&project, &[]);
    assert_eq!(look(), before);
    assert_eq!(project.calls(), [""; 0]);
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
    project.write("empty.html", "");
    project.rerunoff(&["report", "empty.html"]).expect(0);
    project
        .rerunoff(&["report", "missing/page.html"])
        .expect(4)
        .says("can't write missing/page.html");
    let new = Project::new(1);
    new.rerunoff(&["report"])
        .expect(4)
        .says("nothing has been run yet, so there is nothing to look at");
}

#[test]
fn an_edit_of_the_table_reruns_nothing() {
    let project = Project::ran(2);
    let product = project.read("output.h5");
    let toml = fs::read_to_string(project.path("rerunoff.toml")).expect("a text");
    project.write_toml(&format!(
        "{toml}\n[report]\nshapes = \"missing.gpkg\"\nid = \"ID\"\n"
    ));
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls(), [""; 0]);
    assert!(project.read("output.h5") == product);
    for (table, fault) in [
        ("id = \"ID\"", "report.id: is said of the file"),
        (
            "shapes = \"a.kml\"",
            "\"a.kml\" is no file with polygons that can be read",
        ),
        (
            "shapes = \"a.shp\"\nlayer = \"x\"",
            "report.layer: is for a GeoPackage",
        ),
        ("shape = \"a.shp\"", "unknown field `shape`"),
    ] {
        project.write_toml(&format!("{toml}\n[report]\n{table}\n"));
        project.rerunoff(&["report"]).expect(2).says(fault);
    }
}

/// The blocks of Makefiles in the docs, in their order, with the product called as in the tests' project.
fn makefiles() -> Vec<String> {
    let docs = include_str!("../../docs/report.md");
    let blocks = docs.split("```make\n").skip(1);
    let end = |block: &'static str| block.split("```").next().expect("its end");
    let renamed = |block: &'static str| end(block).replace("output.nc", "output.h5");
    blocks.map(renamed).collect()
}

/// Calls make with a Makefile of this text; whether all went well.
#[track_caller]
fn make(project: &Project, makefile: &str) -> bool {
    let ours = Path::new(env!("CARGO_BIN_EXE_rerunoff")).parent();
    let path = std::env::var("PATH").expect("a PATH");
    let path = format!("{}:{path}", ours.expect("a folder").display());
    project.write("Makefile", makefile);
    let mut make = undisturbed("make");
    make.current_dir(project.root()).env("PATH", path);
    make.stdout(Stdio::null()).stderr(Stdio::null());
    make.status().expect("make").success()
}

#[test]
fn make_has_a_rule_for_it() {
    let project = Project::new(2);
    let run = "report.html:\noutput.h5: FORCE\n\t+rerunoff run\n";
    let makefile = format!("{run}{}", makefiles()[0]);
    let look = || fs::metadata(project.path("report.html")).expect("a page");
    assert!(make(&project, &makefile));
    let first = look();
    assert!(make(&project, &makefile));
    assert_eq!(look().mtime_nsec(), first.mtime_nsec());
    project.edit("k = 0.012", "k = 0.013");
    assert!(make(&project, &makefile));
    assert_ne!(look().mtime_nsec(), first.mtime_nsec());
}

#[test]
fn make_has_a_rule_for_failures() {
    let project = Project::new(2);
    project.set(&[(1, "said")]);
    assert!(!make(&project, &format!("{}FORCE:\n", makefiles()[1])));
    let page = String::from_utf8(project.read("report.html")).expect("text");
    assert!(page.contains("[Error]: as told"), "{page}");
}
