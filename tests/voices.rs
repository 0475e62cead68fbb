//! What goes where: the last line, JSON, silence, closed pipes; completions and man pages.

mod common;

use std::fs;
use std::process::Stdio;

use common::Project;
use serde_json::Value;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text}"))
}

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
    assert!(man.join("rerunoff.1").exists() && !man.join("rerunoff-generate.1").exists());
}
