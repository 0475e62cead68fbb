//! `rerunoff report`: one file to look at, of what the last run left.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::common::{Project, Run, json, rerunoff};

/// The data behind the page.
#[track_caller]
fn facts(project: &Project, arguments: &[&str]) -> Value {
    let words = [&["report", "--json"], arguments].concat();
    json(&project.rerunoff(&words).expect(0).stdout)
}

/// The page as text.
#[track_caller]
fn page(project: &Project, arguments: &[&str]) -> String {
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
fn what_is_fresh_failed_and_stale_is_told() {
    let project = Project::new(6);
    project.set(&[(1, "said"), (2, "said"), (4, "exit")]);
    project.rerunoff(&["run"]).expect(1);
    project.set_factors(&[(1, "said"), (2, "said"), (4, "exit")], &[(5, 9.0)]);
    let facts = facts(&project, &[]);
    let counts = [
        ("catchments", 6),
        ("fresh", 2),
        ("stale", 4),
        ("failed", 3),
        ("bad", 0),
    ];
    for (name, count) in counts {
        assert_eq!(facts["counts"][name], count, "{name}: {facts}");
    }
    let failures = &facts["failures"];
    assert_eq!(failures.as_array().map(Vec::len), Some(2), "{failures}");
    let alike = &failures[0];
    assert!(
        alike["reason"]
            .as_str()
            .is_some_and(|reason| reason.contains("[Error]")),
        "{alike}"
    );
    assert_eq!(alike["units"][1]["catchment"], 2, "{alike}");
    assert_eq!(alike["printed"], "[Error]: as told");
    assert_eq!(alike["work_directory"], "cache/failed/70002");
    assert_eq!(alike["reproduce"], "rerunoff repro 70002 repro-70002");
    project
        .rerunoff(&["repro", "70002", "repro-70002"])
        .expect(0);
    let page = page(&project, &[]);
    for text in [
        "as told",
        "rerunoff repro 70002 repro-70002",
        "#catchment=70003",
        "factor 2 → 9",
    ] {
        assert!(page.contains(text), "no {text:?} in {page}");
    }
}

#[test]
fn runs_with_the_same_cause_are_folded() {
    let project = Project::new(3);
    project.set(&[(1, "exit")]);
    for _ in 0..4 {
        project.rerunoff(&["run"]).expect(1);
    }
    let facts = facts(&project, &[]);
    let runs = facts["runs"].as_array().expect("runs");
    let told: Vec<(i64, i64, i64)> = (runs.iter())
        .map(|run| ["runs", "ran", "failed"].map(|name| run[name].as_i64().expect("a number")))
        .map(|[runs, ran, failed]| (runs, ran, failed))
        .collect();
    assert_eq!(told, [(3, 3, 1), (1, 3, 1)]);
    let ended = [&runs[0]["since"], &runs[0]["ended"]];
    assert!(ended[0].as_str() <= ended[1].as_str(), "{ended:?}");
    let page = page(&project, &[]);
    assert!(page.contains("3 alike since"), "{page}");
}

#[test]
fn scenarios_and_catchments_are_chosen() {
    let project = Project::new(4);
    project.edit("k = 0.012", "k = \"= factor_k * 1\"\nfactor_k = 1");
    let toml = fs::read_to_string(project.path("rerunoff.toml")).expect("a text");
    project.write_toml(&format!("{toml}\n[sweep.factor_k]\nvalues = [1, 2, 3]\n"));
    project.rerunoff(&["run"]).expect(0);
    let all = facts(&project, &[]);
    assert_eq!(
        all["scenarios"],
        serde_json::json!(["factor_k=1", "factor_k=2", "factor_k=3"])
    );
    assert_eq!(all["counts"]["fresh"], 12);
    assert_eq!(all["scenario_table"]["parameters"][0], "factor_k");
    assert_eq!(all["scenario_table"]["rows"][2]["values"][0], 3);
    let some = facts(
        &project,
        &["--scenario", "factor_k=2,*3", "--only", "70002,70003"],
    );
    assert_eq!(
        some["scenarios"],
        serde_json::json!(["factor_k=2", "factor_k=3"])
    );
    assert_eq!(some["counts"]["catchments"], 4);
    let ids = some["ids"].as_str().expect("a name");
    assert_eq!(some["arrays"][ids], serde_json::json!(["70002", "70003"]));
    project
        .rerunoff(&["report", "--only", "7"])
        .expect(2)
        .says("there is no catchment \"7\" in the input");
}

#[test]
fn a_tag_is_compared_with() {
    let project = Project::ran(2);
    project.rerunoff(&["tag", "calibrated"]).expect(0);
    project.edit("k = 0.012", "k = 0.013");
    project.rerunoff(&["run"]).expect(0);
    let facts = facts(&project, &["--since", "calibrated"]);
    assert_eq!(facts["since"], "tag \"calibrated\"");
    assert!(
        facts["now"]
            .as_str()
            .is_some_and(|now| now.starts_with("the last run ("))
    );
    let page = page(&project, &["--since", "calibrated"]);
    assert!(
        page.contains("What changed: tag &quot;calibrated&quot; → the last run"),
        "{page}"
    );
    project
        .rerunoff(&["report", "--since", "calibrate"])
        .expect(2)
        .says("there is no tag \"calibrate\"; did you mean \"calibrated\"?");
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

/// Texts from outside that would be markup.
const HOSTILE: &str = "</script></title><img src=x onerror=alert(1)><!--\"'&";

/// A project in which every text is hostile that can be, run once.
fn hostile() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let ids = [
        HOSTILE,
        "b\u{1b}[31m",
        "#catchment=1&scenario=2",
        "../../etc",
    ];
    let ids: Vec<String> = ids
        .iter()
        .map(|id| format!("{id:?}").replace("\\u{1b}", "\\u001b"))
        .collect();
    let toml = format!(
        r#"title = {HOSTILE:?}
[input]
catchments = [{}]
time = {{ start = "1998-01-01", step = "1d", steps = 3 }}
[parameters]
k = 1
[simulator]
command = ["sh", "-c", "printf 'q\n1\n2\n3\n' > out.txt; cat id.txt k.txt; grep -q '[.]' id.txt || exit 3"]
[simulator.env]
[[simulator.input]]
file = "id.txt"
template = "id.txt"
[[simulator.input]]
file = "k.txt"
template = "k.txt"
[simulator.output]
file = "out.txt"
[simulator.output.columns]
q = "q"
[product]
file = "output.h5"
[product.variables]
q = {{ units = {HOSTILE:?}, long_name = {HOSTILE:?} }}
[product.summary]
q_mean = {{ of = "q", statistic = "mean", long_name = {HOSTILE:?} }}
"#,
        ids.join(", ")
    );
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect(name);
    write("rerunoff.toml", &toml);
    write("id.txt", "{id}");
    write("k.txt", HOSTILE);
    folder
}

#[track_caller]
fn call(folder: &Path, arguments: &[&str]) -> Run {
    let run = rerunoff(folder, arguments).output();
    run.expect("the binary").into()
}

#[test]
fn nothing_from_outside_becomes_markup() {
    let folder = hostile();
    call(folder.path(), &["run", "--max-failures", "9"]).expect(1);
    call(folder.path(), &["tag", "<b>tag</b>"]).expect(0);
    call(folder.path(), &["report", "--since", "<b>tag</b>"]).expect(0);
    let page = fs::read_to_string(folder.path().join("report.html")).expect("text");
    let harmless = page.contains("&lt;/script&gt;&lt;/title&gt;&lt;img src=x onerror=alert(1)&gt;");
    assert!(harmless, "{page}");
    for markup in ["<img", "<!--", "<b>tag", "</script></title>", "\u{1b}"] {
        assert!(!page.contains(markup), "{markup:?} in {page}");
    }
    // As many ends as beginnings, however a browser counts them.
    let starts = page.matches("<script").count();
    assert_eq!(page.matches("</script").count(), starts, "{page}");
}
