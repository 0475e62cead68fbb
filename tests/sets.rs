//! Values that the command line states in place of the project's: the same keys as in the file, what tells of them, and what they
//! leave alone.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use crate::common::{Project, Run, STEPS, id, json, scenarios_of};

/// Two substances and a sweep.
const SCENARIOS: &str = r#"
[scenario.atrazine]
[scenario.diuron.parameters]
k = 0.02
[sweep.n]
values = [1, 2]
"#;

fn with(catchments: usize, more: &str) -> Project {
    let project = Project::new(catchments);
    project.write_toml(&format!("{}{more}", project.toml()));
    project
}

/// What the store knows of the catchments' last runs.
fn states(project: &Project) -> Vec<(String, String, Vec<u8>, Option<String>)> {
    let store = project.store();
    let query =
        "SELECT scenario, catchment, key, failure_reason FROM state ORDER BY scenario, catchment";
    let mut statement = store.prepare(query).expect("a query");
    let rows = statement.query_map([], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
    });
    let rows = rows.expect("rows").collect::<Result<_, _>>();
    rows.expect("readable")
}

fn calls(project: &Project, arguments: &[&str], code: i32) -> (Run, usize) {
    let run = project.rerunoff(arguments).expect(code);
    let calls = project.calls().len();
    (run, calls)
}

#[test]
fn a_value_that_is_set_is_the_value_written_into_the_file() {
    let project = Project::ran(4);
    let before = project.read("output.h5");
    let status = project.rerunoff(&["status", "--set", "k=0.5"]).expect(0);
    let expected = "        with k=0.5 (--set):\n      0 fresh of 4\n      4 k 0.012 → 0.5\n";
    assert!(status.stdout.starts_with(expected), "{}", status.stdout);
    let (run, ran) = calls(&project, &["run", "--set", "k=0.5"], 0);
    assert_eq!(ran, 4);
    assert!(run.stdout.contains("output.h5 written"), "{}", run.stdout);
    let set = project.read("output.h5");

    // The product is what the file would give, and what was run is a hit.
    project.edit("k = 0.012", "k = 0.5");
    let (run, ran) = calls(&project, &["run"], 0);
    assert_eq!(ran, 0);
    assert!(run.stdout.contains("output.h5 unchanged"), "{}", run.stdout);
    assert!(project.read("output.h5") == set);
    let (_, ran) = calls(&project, &["run", "--set", "k=0.012"], 0);
    assert_eq!(ran, 0);
    assert!(project.read("output.h5") == before);

    // Whoever asks next is told, and after a run without values nobody is.
    let told = "the last run had k=0.012 (--set)";
    let text = |arguments: &[&str]| project.rerunoff(arguments).expect(0).stdout;
    assert!(text(&["status"]).contains(told));
    assert!(text(&["why", &id(0)]).contains(told));
    assert!(text(&["runs"]).contains(" with k=0.012 (--set)"));
    let diff = text(&["diff"]);
    assert!(diff.contains(", with k=0.012 (--set))"), "{diff}");
    let runs = json(&text(&["runs", "--json"])).to_string();
    assert!(runs.contains(r#""set":{"k":0.012}"#), "{runs}");
    assert_eq!(project.status(&[0])["last_run_set"]["k"], 0.012);
    project.rerunoff(&["run"]).expect(0);
    assert!(!text(&["status"]).contains("the last run had"));
    assert_eq!(project.calls().len(), 0);
}

#[test]
fn a_value_that_is_set_wins_over_tables_and_what_is_computed_follows() {
    let project = Project::ran(3);
    project.edit("k = 0.012", "k = \"= 0.004 * factor\"");
    project.rerunoff(&["run"]).expect(0);
    project.calls();
    let (_, ran) = calls(&project, &["run", "--set", "factor=5"], 0);
    assert_eq!(ran, 3);
    let last = STEPS - 1;
    let row = &project.product("concentration")[last];
    assert_eq!(row[0], 5.0 * last as f64 / 8.0);
    project.set_factors(&[], &[(0, 5.0), (1, 5.0), (2, 5.0)]);
    let (run, ran) = calls(&project, &["run"], 0);
    assert_eq!(ran, 0);
    assert!(run.stdout.contains("output.h5 unchanged"), "{}", run.stdout);
}

#[test]
fn what_a_scenario_and_a_sweep_state_gives_way() {
    let project = with(3, SCENARIOS);
    project.rerunoff(&["run"]).expect(0);
    project.calls();
    let (_, ran) = calls(&project, &["run", "--set", "k=0.7", "--set", "n=9"], 0);
    // All four scenarios have the same values, and each catchment is run once.
    assert_eq!(ran, 3);
    let (names, _) = scenarios_of(&project.path("output.h5"));
    assert_eq!(
        names,
        ["atrazine+n=1", "atrazine+n=2", "diuron+n=1", "diuron+n=2"]
    );
    let file = hdf5::File::open(project.path("output.h5")).expect("the product");
    for (name, value) in [("k", 0.7), ("n", 9.0)] {
        let values = file
            .dataset(name)
            .and_then(|values| values.read_raw::<f64>());
        assert_eq!(values.expect(name), [value; 4], "{name}");
    }
}

#[test]
fn samples_are_scenarios() {
    let project = with(3, "");
    project.write("samples.csv", "scenario,k,factor\nlow,0.1,2\nhigh,0.2,3\n");
    let (run, ran) = calls(&project, &["run", "--samples", "samples.csv"], 0);
    assert_eq!(ran, 6);
    let line = "6 fresh, 6 run, 0 failed of 2 scenarios in ";
    assert!(run.stdout.starts_with(line), "{}", run.stdout);
    let (names, shape) = scenarios_of(&project.path("output.h5"));
    assert_eq!(
        (names, shape),
        (vec!["low".into(), "high".into()], vec![STEPS, 2, 3])
    );
    let status = project.rerunoff(&["status"]).expect(0);
    let told = "the last run had 2 samples (--samples)";
    assert!(status.stdout.contains(told), "{}", status.stdout);

    // The same as a sweep gives the same bytes.
    let product = project.read("output.h5");
    project.write_toml(&format!(
        "{}\n[sweep.calib]\nfile = \"samples.csv\"\n",
        project.toml()
    ));
    let (run, ran) = calls(&project, &["run"], 0);
    assert_eq!(ran, 0);
    assert!(run.stdout.contains("output.h5 unchanged"), "{}", run.stdout);
    assert!(project.read("output.h5") == product);
    project.write_toml(&project.toml());

    // TOML, a value for all that state none, standard input, and each sample in each scenario.
    let toml = "[high]\nk = 0.2\nfactor = 3\n[low]\nk = 0.1\n";
    project.write("samples.toml", toml);
    let arguments = ["run", "--samples", "samples.toml", "--set", "factor=2"];
    let (_, ran) = calls(&project, &arguments, 0);
    assert_eq!(ran, 0);
    let mut child = (project.command(&["run", "--samples", "-", "--json"]))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary");
    let rows = b"k,factor\n0.1,2\n0.2,3\n";
    (child.stdin.take().expect("a pipe").write_all(rows)).expect("taken");
    let output = child.wait_with_output().expect("ended");
    let document = json(&String::from_utf8_lossy(&output.stdout));
    assert_eq!(
        (&document["run"], &document["fresh"]),
        (&0.into(), &6.into())
    );
    let (names, _) = scenarios_of(&project.path("output.h5"));
    assert_eq!(names, ["sample=1", "sample=2"]);
    project.write_toml(&format!("{}{SCENARIOS}", project.toml()));
    let status = project.rerunoff(&["status", "--samples", "samples.csv", "--json"]);
    let status = json(&status.expect(0).stdout);
    assert_eq!(status["catchments"], 24);
    assert_eq!(status["fresh"], 24);
    assert_eq!(status["scenarios"][1]["name"], "atrazine+n=1+high");
}

#[test]
fn what_is_unknown_or_no_value_is_refused() {
    let project = Project::new(2);
    project.write("bad.csv", "k,sample\n1\n");
    for (arguments, told) in [
        (&["run", "--set", "kk=1"][..], "did you mean \"k\"?"),
        (&["status", "--set", "facto=1"], "did you mean \"factor\"?"),
        (&["run", "--set", "k"], "--set: \"k\" has no value"),
        (
            &["run", "--set", "k=1", "--set", "k=2"],
            "k is stated twice",
        ),
        (&["run", "--samples", "none.csv"], "--samples none.csv: "),
        (&["run", "--samples", "bad.csv"], "--samples bad.csv: "),
        (&["run", "--as", "trial"], "--set"),
        (&["run", "--set", "k=1", "--at", "x"], "cannot be used with"),
        (
            &["run", "--set", "k=1", "--as", " "],
            "a tag's name must have letters",
        ),
    ] {
        project.rerunoff(arguments).expect(2).says(told);
    }
    // What the input has for each catchment is a parameter like any other.
    project.rerunoff(&["check", "--set", "A_tot=3"]).expect(0);
    assert_eq!(project.calls().len(), 0);
}

#[test]
fn lists_are_set_where_templates_use_them() {
    let project = Project::new(2);
    project.edit("k = 0.012", "k = 0.012\nlayers = [1, 2]");
    let param = String::from_utf8(project.read("templates/param.txt")).expect("text");
    project.write(
        "templates/param.txt",
        &format!("{param}top={{layers[0]}}\nbottom={{layers[1]}}\n"),
    );
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls().len(), 2);
    let (_, ran) = calls(&project, &["run", "--set", "layers=[1, 7]"], 0);
    assert_eq!(ran, 2);
    project.edit("layers = [1, 2]", "layers = [1, 7]");
    let (_, ran) = calls(&project, &["run"], 0);
    assert_eq!(ran, 0);
    project.write(
        "samples.csv",
        "scenario,layers\na,\"[1, 7]\"\nb,\"[1, 2]\"\n",
    );
    let (_, ran) = calls(&project, &["run", "--samples", "samples.csv"], 0);
    assert_eq!(ran, 0);
}

#[test]
fn other_verbs_look_at_other_values() {
    let project = Project::ran(2);
    let why = project
        .rerunoff(&["why", &id(0), "--set", "k=0.5"])
        .expect(0);
    assert!(why.stdout.contains("k: 0.012 → 0.5"), "{}", why.stdout);
    let repro = ["repro", &id(0), "by-hand", "--set", "k=0.5"];
    project.rerunoff(&repro).expect(0);
    let param = String::from_utf8(project.read("by-hand/param.txt")).expect("text");
    assert!(param.contains("\nk=0.5\n"), "{param}");
    let check = ["check", "--render", "rendered", "--set", "k=[0.5]"];
    project.rerunoff(&check).expect(2);
    let check = ["check", "--render", "rendered", "--set", "k=0.25"];
    project.rerunoff(&check).expect(0);
    let param = String::from_utf8(project.read("rendered/param.txt")).expect("text");
    assert!(param.contains("\nk=0.25\n"), "{param}");
    let kept = ["try", &id(1), "--set", "mode=exit"];
    let tried = project.rerunoff(&kept);
    assert_ne!(tried.code, 0, "{}", tried.stdout);
    project.calls();

    // Results are exported as soon as they are there.
    let export = ["export", &id(1), "--csv", "--set", "factor=3"];
    let missing = project.rerunoff(&export);
    assert_ne!(missing.code, 0);
    missing.says("has no result");
    project.rerunoff(&["run", "--set", "factor=3"]).expect(0);
    project.rerunoff(&["run"]).expect(0);
    let set = project.rerunoff(&export).expect(0).stdout;
    let own = project.rerunoff(&export[..3]).expect(0).stdout;
    assert_eq!(set.lines().count(), own.lines().count());
    assert_ne!(set, own);
}

#[test]
fn an_outcome_is_kept_under_a_name_and_all_else_is_as_it_was() {
    let project = with(3, SCENARIOS);
    project.rerunoff(&["run"]).expect(0);
    project.calls();
    let (product, before) = (project.read("output.h5"), states(&project));
    let stamp = || fs::metadata(project.path("output.h5")).and_then(|found| found.modified());
    let made = stamp().expect("a stamp");
    let runs = project.rerunoff(&["runs", "--json"]).expect(0).stdout;

    let trial = [
        "run", "--set", "k=0.5", "--set", "factor=5", "--as", "trial",
    ];
    let (run, ran) = calls(&project, &trial, 0);
    assert_eq!(ran, 3);
    assert!(
        run.stdout.trim_end().ends_with("; kept as tag \"trial\""),
        "{}",
        run.stdout
    );
    assert!(project.read("output.h5") == product);
    assert_eq!(stamp().expect("a stamp"), made);
    assert_eq!(states(&project), before);
    assert_eq!(project.rerunoff(&["runs", "--json"]).expect(0).stdout, runs);
    let status = project.status(&[0]);
    assert_eq!(
        (&status["fresh"], &status["stale"]),
        (&12.into(), &0.into())
    );
    assert!(status.get("last_run_set").is_none());
    let tags = project.rerunoff(&["tags"]).expect(0).stdout;
    assert!(
        tags.contains("12 of 12 with results  with factor=5, k=0.5\n"),
        "{tags}"
    );
    let tags = json(&project.rerunoff(&["tags", "--json"]).expect(0).stdout).to_string();
    assert!(tags.contains(r#""set":{"factor":5,"k":0.5}"#), "{tags}");

    // A second time nothing is run; other values need another name.
    let (run, ran) = calls(&project, &[&trial[..], &["--json"]].concat(), 0);
    assert_eq!(ran, 0);
    assert_eq!(json(&run.stdout)["tag"], "trial");
    let other = ["run", "--set", "k=0.6", "--as", "trial"];
    project
        .rerunoff(&other)
        .expect(2)
        .says("tag --delete trial");

    // It is compared, restored and taken away like any other.
    let diff = project.rerunoff(&["diff", "trial"]).expect(0).stdout;
    assert!(
        diff.contains("concentration   ████████████████████ 3 of 3 changed"),
        "{diff}"
    );
    let back = project.rerunoff(&["run", "--at", "trial"]).expect(0).stdout;
    assert!(back.contains("12 results, 0 run"), "{back}");
    assert!(project.read("output.h5") != product);
    let (_, ran) = calls(&project, &["run"], 0);
    assert_eq!(ran, 0);
    assert!(project.read("output.h5") == product);
    project.rerunoff(&["gc"]).expect(0);
    project.rerunoff(&["run", "--at", "trial"]).expect(0);
    project.rerunoff(&["tag", "--delete", "trial"]).expect(0);
    assert!(project.rerunoff(&["tags"]).expect(0).stdout.is_empty());
    project.rerunoff(&["run", "--at", "trial"]).expect(2);
    let count = "SELECT count(*) FROM memo WHERE kind = 'tag''s values'";
    let left: i64 = (project.store())
        .query_row(count, [], |row| row.get(0))
        .expect("a count");
    assert_eq!(left, 0);
}

#[test]
fn what_fails_in_passing_is_told_and_touches_no_state() {
    let project = Project::ran(3);
    let before = states(&project);
    let trial = [
        "run",
        "--set",
        "mode=exit",
        "--as",
        "broken",
        "--max-failures",
        "9",
    ];
    let (run, ran) = calls(&project, &trial, 1);
    assert_eq!(ran, 3);
    assert!(run.stdout.contains("3 failed"), "{}", run.stdout);
    assert!(
        run.stdout.contains("kept as tag \"broken\""),
        "{}",
        run.stdout
    );
    assert_eq!(states(&project), before);
    assert_eq!(project.status(&[0])["fresh"], 3);
    let log = project.rerunoff(&["log", &id(1)]).expect(0).stdout;
    assert!(log.contains("catchment 70002: went well"), "{log}");
    assert!(
        log.contains("catchment 70002 failed with other values than the project's"),
        "{log}"
    );
    assert!(log.contains("cache/failed/%2a@70002"), "{log}");
    project.rerunoff(&["run", "--at", "broken"]).expect(0);
    assert_eq!(project.flags(), [1, 1, 1]);

    // Those that failed are tried again, and one that goes well leaves alone what tells of another that did not.
    let (_, ran) = calls(&project, &trial, 1);
    assert_eq!(ran, 3);
    let good = ["run", "--set", "k=0.5", "--as", "good"];
    let (_, ran) = calls(&project, &good, 0);
    assert_eq!(ran, 3);
    assert!(project.path("cache/failed/%2a@70002").exists());

    // What gives up is kept by no name.
    let one = [
        "run",
        "--set",
        "mode=exit",
        "--as",
        "one",
        "--max-failures",
        "1",
        "-j",
        "1",
    ];
    let (run, _) = calls(&project, &one, 1);
    run.says("no tag was made");
    let tags = project.rerunoff(&["tags"]).expect(0).stdout;
    assert!(!tags.contains("one"), "{tags}");
}

#[test]
fn the_fast_path_is_not_for_values_that_are_set() {
    let project = Project::ran(3);
    project.settle();
    // It is neither taken nor lost by what only adds results.
    assert!(!project.is_short(&["--set", "k=0.012", "--as", "same"]));
    assert!(!project.is_short(&["--set", "k=0.5", "--as", "trial"]));
    assert_eq!(project.calls().len(), 3);
    assert!(project.is_short(&[]));
    // A run with the same values leaves all as it was, and still is one.
    assert!(!project.is_short(&["--set", "k=0.5", "--no-assemble"]));
    assert!(!project.is_short(&[]));
    assert_eq!(project.calls().len(), 0);
}

#[test]
fn make_knows_the_file_with_samples() {
    let project = Project::new(2);
    project.write("samples.csv", "k\n0.1\n");
    let run = ["run", "--samples", "samples.csv", "--depfile", "run.d"];
    project.rerunoff(&run).expect(0);
    let rule = String::from_utf8(project.read("run.d")).expect("text");
    assert!(rule.contains("samples.csv"), "{rule}");
}

#[test]
fn tasks_on_other_machines_have_the_same_values() {
    let project = Project::with_tasks(3, "");
    let (run, ran) = calls(&project, &["run", "--set", "factor=5"], 0);
    assert_eq!(ran, 3);
    assert!(run.stdout.starts_with("3 fresh, 3 run"), "{}", run.stdout);
    project.set_factors(&[], &[(0, 5.0), (1, 5.0), (2, 5.0)]);
    let (run, ran) = calls(&project, &["run"], 0);
    assert_eq!(ran, 0);
    assert!(run.stdout.contains("output.h5 unchanged"), "{}", run.stdout);

    let trial = ["run", "--set", "factor=6", "--as", "trial"];
    project.rerunoff(&trial).expect(2).says("add --local");
    let (_, ran) = calls(&project, &[&trial[..], &["--local"]].concat(), 0);
    assert_eq!(ran, 3);
}
