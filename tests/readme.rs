//! What the README shows, run: its sessions are what the commands print, except for durations and the folder, and its example
//! of scenarios gives as many as it says.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::common::{Run, rerunoff, scenarios_of};

/// The commands of the console session under this heading of the README, each with what it prints on standard output.
fn session<'a>(readme: &'a str, heading: &str) -> Vec<(&'a str, String)> {
    let section = readme.split(heading).nth(1).expect("a section");
    let text = section.split("```console\n").nth(1).expect("a session");
    let mut commands: Vec<(&str, String)> = Vec::new();
    for line in text.split("```").next().expect("its end").lines() {
        match line.strip_prefix("$ ") {
            Some(command) => commands.push((command, String::new())),
            None => {
                let (_, printed) = commands.last_mut().expect("a command first");
                printed.push_str(line);
                printed.push('\n');
            }
        }
    }
    commands
}

/// The text without what differs from run to run and from machine to machine: durations become `…`.
fn normalised(text: &str, home: &str) -> String {
    let mut plain = String::new();
    for line in text.replace(home, "~").lines() {
        let line = match line
            .split_once(" in ")
            .map(|(head, rest)| (head, rest.split_once("; ")))
        {
            Some((head, Some((_, tail)))) => format!("{head} in …; {tail}"),
            // How long, and with how many, is the machine's affair.
            _ if line.trim_start().starts_with("to run: ") => "to run: …".to_owned(),
            _ => line.to_owned(),
        };
        plain.push_str(&line);
        plain.push('\n');
    }
    plain
}

/// A shell that finds the binary.
fn shell(command: &str, folder: &Path) -> Command {
    let ours = Path::new(env!("CARGO_BIN_EXE_rerunoff")).parent();
    let path = std::env::var("PATH").expect("a PATH");
    let path = format!("{}:{path}", ours.expect("a folder").display());
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).current_dir(folder);
    shell.env("PATH", path).env_remove("MAKEFLAGS");
    shell
}

/// What is there to be typed in an empty folder, once it is installed.
#[test]
fn the_first_lines_of_the_readme_lead_to_a_product_and_a_report() {
    let readme = include_str!("../README.md");
    let section = readme.split("\n## Try it\n").nth(1).expect("a section");
    let lines = section.split("```sh\n").nth(1).expect("lines");
    let lines = lines.split("```").next().expect("their end");
    let (install, lines) = lines.split_once('\n').expect("several");
    assert!(install.starts_with("pip install rerunoff-*.whl "));
    let folder = tempfile::tempdir().expect("a folder");
    let shell = shell(&format!("set -e\n{lines}"), folder.path()).output();
    let run = Run::from(shell.expect("a shell")).expect(0);
    for told in [
        "100 fresh, 100 run, 0 failed",
        "100 fresh, 0 run, 0 failed",
        "report.html: written",
        "Commands:",
    ] {
        assert!(run.stdout.contains(told), "{}", run.stdout);
    }
    assert!(folder.path().join("rhine/report.html").is_file());
}

#[test]
fn the_sessions_in_the_readme_are_real() {
    let home = tempfile::tempdir().expect("a folder");
    let mut folder = home.path().to_owned();
    let readme = include_str!("../README.md");
    let commands = session(readme, "\n## A day with it\n");
    assert!(commands.len() > 5);
    // In the project as the first one leaves it.
    let asked = session(readme, "\n## For calibrators and samplers\n");
    for (command, expected) in commands.into_iter().chain(asked) {
        if let Some(inner) = command.strip_prefix("cd ") {
            folder = folder.join(inner);
            continue;
        }
        let output = shell(command, &folder).output().expect("a shell");
        let printed = String::from_utf8_lossy(&output.stdout);
        assert_eq!(
            normalised(&printed, &home.path().display().to_string()),
            normalised(&expected, "/home/me"),
            "$ {command}\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

/// The README's example, added to the project that `init --example` writes.
#[test]
fn the_example_in_the_readme_runs() {
    let readme = include_str!("../README.md");
    let section = readme.split("## Scenarios").nth(1).expect("a section");
    let example = section.split("```toml\n").nth(1).expect("an example");
    let example = example.split("```").next().expect("its end");
    let folder = tempfile::tempdir().expect("a folder");
    let told = |arguments: &[&str]| {
        let run = rerunoff(folder.path(), arguments).output();
        Run::from(run.expect("the binary")).expect(0).stdout
    };
    told(&[
        "init",
        "--example",
        "--catchments",
        "5",
        "--steps",
        "48",
        ".",
    ]);
    let file = folder.path().join("rerunoff.toml");
    let text = fs::read_to_string(&file).expect("the project file");
    fs::write(&file, format!("{text}\n{example}")).expect("written");
    assert!(told(&["run"]).contains(" of 9 scenarios"));
    assert!(told(&["run"]).contains(" 0 run, 0 failed of 9 scenarios"));
    let (names, shape) = scenarios_of(&folder.path().join("output.nc"));
    assert_eq!((names.len(), shape), (9, vec![48, 9, 5]));
}
