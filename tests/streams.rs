//! What is printed to which stream: the last line, JSON, silence, closed pipes; completions and man pages.

use std::fs;
use std::process::Stdio;

use serde_json::Value;

use crate::common::{Project, json};

#[test]
fn json_is_one_document_and_all_else_goes_elsewhere() {
    let project = Project::new(3);
    project.set(&[(1, "exit")]);
    let planned = json(&project.rerunoff(&["run", "--json", "-n"]).expect(0).stdout);
    assert_eq!(planned["would_run"], 3);
    assert_eq!(planned["causes"][0]["cause"], "never run");

    let run = project.rerunoff(&["run", "--json", "--verbose"]).expect(1);
    let document = json(&run.stdout);
    for (field, value) in [("catchments", 3), ("fresh", 2), ("run", 3), ("failed", 1)] {
        assert_eq!(document[field], value, "{document}");
    }
    assert_eq!(document["failures"][0]["catchment"], "70002");
    assert_eq!(document["product"]["state"], "written");
    assert_eq!(document["interrupted"], false);
    assert!(run.stderr.contains("3 never run"), "{}", run.stderr);
    assert!(run.stderr.contains("catchment 70001: "), "{}", run.stderr);

    project.set(&[]);
    project.rerunoff(&["run"]).expect(0);
    for _ in 0..3 {
        let document = json(&project.rerunoff(&["run", "--json"]).expect(0).stdout);
        assert_eq!(document["fresh"], 3);
        assert_eq!(document["run"], 0);
        assert_eq!(document["product"]["state"], "unchanged");
        std::thread::sleep(std::time::Duration::from_millis(30));
    }
}

/// Verbs that print a document for machines, and take no word that could be an id.
const VERBS: [&str; 9] = [
    "run", "status", "tags", "runs", "diff", "check", "assemble", "verify", "gc",
];

/// The error in the document that this call of the binary prints, which tells the exit code too.
#[track_caller]
fn error(project: &Project, arguments: &[&str], code: i32, kind: &str) -> Value {
    let run = project.rerunoff(arguments).expect(code);
    let error = json(&run.stdout)["error"].take();
    assert_eq!(
        (&error["kind"], &error["exit_code"]),
        (&kind.into(), &code.into()),
        "{error}"
    );
    let message = error["message"].as_str().expect("a message");
    assert!(
        !message.is_empty() && run.stderr.contains(message),
        "{message:?} in {}",
        run.stderr
    );
    error
}

#[test]
fn every_exit_code_has_a_document() {
    for verb in VERBS {
        let project = Project::new(2);
        let unknown = error(&project, &[verb, "--json", "--nonsense"], 2, "usage");
        let message = unknown["message"].as_str().expect("a message");
        assert!(
            message.starts_with("unexpected argument '--nonsense'"),
            "{message}"
        );
        assert!(!message.contains("Usage"), "{message}");
        let plain = project.rerunoff(&[verb, "--nonsense"]).expect(2);
        assert!(plain.stdout.is_empty() && !plain.stderr.is_empty());
        let help = project.rerunoff(&[verb, "--help", "--json"]).expect(0);
        assert!(help.stdout.contains("Usage:"), "{}", help.stdout);

        fs::create_dir(project.path("cache")).expect("made");
        project.write(
            "cache/store.sqlite",
            "this is no database, but it is long enough to be one",
        );
        let store = error(&project, &[verb, "--json"], 4, "unreadable");
        let file = store["file"].as_str().expect("a file");
        assert!(file.ends_with("cache/store.sqlite"), "{file}");

        project.edit("timeout =", "tmeout =");
        let fault = error(&project, &[verb, "--json"], 2, "project file");
        let file = fault["file"].as_str().expect("a file");
        assert!(file.ends_with("rerunoff.toml"), "{file}");
        assert_eq!((&fault["line"], &fault["column"]), (&18.into(), &1.into()));
        assert!(
            fault["message"]
                .as_str()
                .is_some_and(|text| text.starts_with("unknown field `tmeout`"))
        );
    }
    let elsewhere = Project::new(1);
    let error = |arguments: &[&str], code, kind| error(&elsewhere, arguments, code, kind);
    error(&["-C", "nowhere", "status", "--json"], 2, "project file");
    error(&["diff", "x", "--json"], 4, "unreadable");
    error(&["run", "--json", "--only", "8"], 2, "usage");
    error(&["run", "--json", "--at", "x"], 2, "usage");
    elsewhere.rerunoff(&["run"]).expect(0);
    error(&["diff", "x", "--json"], 2, "usage");
    elsewhere.write("input.h5", "this is no HDF5 file");
    error(&["run", "--json"], 4, "unreadable");
    error(&["status", "--json"], 4, "unreadable");
}

#[test]
fn a_refusal_and_a_lock_tell_what_is_known_of_them() {
    let project = Project::new(3);
    let refused = error(
        &project,
        &["run", "--json", "--max-rerun", "1"],
        5,
        "refused",
    );
    assert_eq!(
        (&refused["would_run"], &refused["catchments"]),
        (&3.into(), &3.into())
    );
    assert_eq!(refused["why"][0]["count"], 3);
    project.set(&[(0, "slower")]);
    let mut first = project.command(&["run"]).spawn().expect("a run");
    project.wait_for("calls.slower");
    let locked = error(&project, &["doctor", "--json"], 3, "locked");
    assert_eq!(locked["holder"]["pid"], first.id());
    assert!(first.wait().expect("its end").success());
}

#[test]
fn quiet_tells_of_failures_and_the_last_line_only() {
    let project = Project::new(3);
    project.set(&[(2, "exit")]);
    let run = project.rerunoff(&["run", "--quiet"]).expect(1);
    assert_eq!(run.stdout.lines().count(), 1);
    assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
    project.rerunoff(&["run", "--quiet", "--verbose"]).expect(2);
}

#[test]
fn equal_failures_are_told_three_times_and_listed_elsewhere() {
    let project = Project::new(22);
    let scenarios = "\n[sweep.unused]\nvalues = [1, 2, 3]\n";
    project.write_toml(&format!("{}{scenarios}", project.toml()));
    let all: Vec<(usize, &str)> = (0..22).map(|at| (at, "exit")).collect();
    project.set(&all);
    let run = project
        .rerunoff(&["run", "--json", "--max-failures", "100"])
        .expect(1);
    assert_eq!(run.stderr.matches(" failed: exit code 3").count(), 3);
    let more = "… and 19 more with the same reason: exit code 3";
    assert_eq!(run.stderr.matches(more).count(), 1, "{}", run.stderr);
    let hint = "`rerunoff status --json` lists all of them";
    assert_eq!(run.stderr.matches(hint).count(), 1, "{}", run.stderr);
    let document = json(&run.stdout);
    assert_eq!(
        (&document["run"], &document["failed"]),
        (&22.into(), &66.into())
    );
    assert_eq!(document["failures"].as_array().map(Vec::len), Some(66));
    let first = &document["failures"][0];
    assert_eq!(
        (&first["scenario"], &first["catchment"]),
        (&"unused=1".into(), &"70001".into())
    );
}

#[test]
fn nothing_but_text_goes_into_files() {
    let project = Project::new(2);
    project.set(&[(1, "coloured")]);
    for environment in [None, Some("1")] {
        let mut command = project.command(&["run", "--verbose"]);
        command
            .env("TERM", "xterm-256color")
            .env("CLICOLOR_FORCE", "0");
        environment.map(|value| command.env("NO_COLOR", value));
        let output = command.output().expect("a run");
        let text = [output.stdout, output.stderr].concat();
        let plain = text.iter().all(|&byte| byte == b'\n' || byte >= b' ');
        assert!(plain, "{}", String::from_utf8_lossy(&text));
        assert!(String::from_utf8_lossy(&text).contains("[Error]: in red"));
    }
}

#[test]
fn closed_pipes_are_no_trouble() {
    let project = Project::new(2);
    project.set(&[(1, "exit")]);
    for arguments in [
        &["run", "--verbose"][..],
        &["run", "--json"],
        &["run", "-n"],
        &["status"],
        &["check"],
        &["assemble"],
        &["--help"],
        &["help", "run"],
        &["nonsense"],
    ] {
        let mut child = project
            .command(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("started");
        drop((child.stdout.take(), child.stderr.take()));
        let code = child.wait().expect("ended").code();
        assert!(matches!(code, Some(0..=2)), "{arguments:?}: {code:?}");
    }
    assert_eq!(project.flags(), [0, 1]);
}

#[test]
fn completions_and_man_pages_know_every_verb() {
    let project = Project::new(1);
    let (man, completions) = (project.path("man1"), project.path("completions"));
    let generate = |kind: &str| project.rerunoff(&["generate", kind, kind]).expect(0);
    generate("man");
    generate("completions");
    fs::rename(project.path("man"), &man).expect("made");
    let help = project.rerunoff(&["--help"]).expect(0).stdout;
    assert!(!help.contains("generate"), "{help}");
    for verb in ["run", "status", "check", "assemble", "init"] {
        let page = man.join(format!("rerunoff-{verb}.1"));
        let page = fs::read_to_string(page).expect("a man page");
        assert!(
            page.contains(".TH RERUNOFF-") && page.contains("\\-\\-directory"),
            "{page}"
        );
        for file in ["rerunoff.bash", "_rerunoff", "rerunoff.fish"] {
            let text = fs::read_to_string(completions.join(file)).expect("completions");
            assert!(text.contains(verb), "{file}");
        }
    }
    let page = fs::read_to_string(man.join("rerunoff.1")).expect("a man page");
    let version = format!(".SH VERSION\nv{}", env!("CARGO_PKG_VERSION"));
    assert!(
        page.contains(".SH EXAMPLES\n")
            && page.replace("\\-", "-").ends_with(&format!("{version}\n")),
        "{page}"
    );
    assert!(!man.join("rerunoff-generate.1").exists());
}
