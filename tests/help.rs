//! Help: the examples of every verb do what they say, the pages of the documentation are there, and what was probably meant is proposed.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::common::{Project, Run, rerunoff};

/// Examples that need more than the example project: tables to import, Dakota, or a while.
const ELSEWHERE: [&str; 4] = [
    "rerunoff import",
    "rerunoff import --force",
    "rerunoff evaluate --dakota params.in results.out",
    "rerunoff init --example --catchments 1000 meuse",
];

/// What the binary prints in this folder; it must end well.
#[track_caller]
fn told(folder: &Path, arguments: &[&str]) -> String {
    let run = rerunoff(folder, arguments).output().expect("the binary");
    Run::from(run).expect(0).stdout
}

/// The verbs that the help lists.
fn verbs(help: &str) -> Vec<String> {
    let commands = help.split("Commands:\n").nth(1).expect("commands");
    let commands = commands.split("\n\n").next().expect("their end");
    let names = commands.lines().filter_map(|line| {
        let line = line.strip_prefix("  ")?;
        let name = line.split_whitespace().next()?;
        line.starts_with(name).then(|| name.to_owned())
    });
    names.collect()
}

/// The calls under "Examples:".
fn examples(help: &str) -> Vec<&str> {
    let examples = help.split("Examples:\n").nth(1).expect("examples");
    let lines = examples.lines().take_while(|line| !line.is_empty());
    // What a long call does is on a line of its own.
    let calls = lines.filter(|line| !line.starts_with("      "));
    let calls = calls.map(|line| line.trim_start().split("  ").next());
    calls.map(|call| call.expect("a call").trim()).collect()
}

#[test]
fn the_examples_of_every_verb_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let init = [
        "init",
        "--example",
        "--catchments",
        "9",
        "--steps",
        "48",
        ".",
    ];
    told(folder, &init);
    let file = folder.join("rerunoff.toml");
    let text = fs::read_to_string(&file).expect("the project file");
    let summary = "[product.summary]\nc_p95 = { of = \"concentration\", statistic = \"quantile\", q = 0.95 }\n";
    fs::write(&file, format!("{text}\n{summary}")).expect("written");
    fs::write(folder.join("lhs.csv"), "k,beta\n0.013,6e-5\n0.014,5e-5\n").expect("written");
    told(folder, &["run"]);
    told(folder, &["tag", "calibrated"]);
    // For `diff` to have two runs.
    told(folder, &["run", "--set", "k=0.011"]);
    told(folder, &["run"]);
    let ours = Path::new(env!("CARGO_BIN_EXE_rerunoff")).parent();
    let path = std::env::var("PATH").expect("a PATH");
    let path = format!("{}:{path}", ours.expect("a folder").display());
    let verbs = verbs(&told(folder, &["--help"]));
    assert!(verbs.len() > 20, "{verbs:?}");
    for verb in &verbs {
        if verb == "tag" {
            told(folder, &["tag", "--delete", "calibrated"]);
        }
        let help = told(folder, &[verb, "--help"]);
        assert_eq!(help, told(folder, &["help", verb]));
        for example in examples(&help) {
            if ELSEWHERE.contains(&example) {
                continue;
            }
            let call = Command::new("sh")
                .args(["-c", example])
                .current_dir(folder)
                .env("PATH", &path)
                .env_remove("MAKEFLAGS")
                .output();
            let call = Run::from(call.expect("a shell"));
            assert_eq!(call.code, 0, "{example}: {}", call.stderr);
        }
        if verb == "tag" {
            told(folder, &["tag", "calibrated"]);
        }
    }
    let summary = fs::read_to_string(folder.join("summary.csv")).expect("a table");
    assert_eq!(summary.lines().count(), 10);
}

#[test]
fn pages_of_the_documentation_are_in_the_program() {
    let folder = tempfile::tempdir().expect("a folder");
    let codes = told(folder.path(), &["help", "exit-codes"]);
    for line in [
        "    0  nothing",
        "    5  more would be run",
        "  130  it was interrupted",
    ] {
        assert!(codes.contains(line), "{codes}");
    }
    let help = told(folder.path(), &["help"]);
    assert_eq!(help, told(folder.path(), &["--help"]));
    let topics = help
        .split("`rerunoff help TOPIC`:\n")
        .nth(1)
        .expect("topics");
    assert!(topics.lines().count() > 8, "{topics}");
    for line in topics.lines() {
        let topic = line.split_whitespace().next().expect("a topic");
        let page = told(folder.path(), &["help", topic]);
        assert!(page.lines().count() > 10, "{topic}: {page}");
    }
    let unknown = rerunoff(folder.path(), &["help", "exitcodes"]).output();
    let unknown = Run::from(unknown.expect("the binary")).expect(2);
    unknown.says("a similar value exists: 'exit-codes'");
}

#[test]
fn what_was_probably_meant_is_proposed() {
    let project = Project::new(1);
    for (words, proposed) in [
        (&["stauts"][..], "'status'"),
        (&["ls"], "'status'"),
        (&["clean"], "'gc'"),
        (&["run", "--jbs", "3"], "'--jobs'"),
        (&["run", "k=0.013"], "write '--set k=0.013'"),
        (&["run", "70001"], "write '--only 70001'"),
        (&["status", "k=0.013"], "write '--set k=0.013'"),
        (&["run", "-j", "0"], "write a whole number, 1 or more"),
    ] {
        let run = project.rerunoff(words).expect(2);
        run.says(proposed);
    }
    // Nothing comes close.
    let run = project.rerunoff(&["zzz"]).expect(2);
    assert!(!run.stderr.contains("tip:"), "{}", run.stderr);
}

/// What is seen on a terminal of ten lines when this is typed there.
fn typed(project: &Project, line: &str) -> String {
    let ours = env!("CARGO_BIN_EXE_rerunoff");
    let line = format!(
        "stty rows 10 cols 80; export PAGER='sed s/^/paged:/'; {}",
        line.replace("rerunoff", ours)
    );
    let mut script = Command::new("script");
    script
        .args(["-qec", &line, "/dev/null"])
        .current_dir(project.root());
    script
        .env("TERM", "xterm")
        .env_remove("NO_PAGER")
        .stdin(Stdio::null());
    Run::from(script.output().expect("script(1)"))
        .expect(0)
        .stdout
}

#[test]
fn long_texts_go_through_a_pager_on_a_terminal_alone() {
    let project = Project::ran(1);
    let paged = typed(&project, "rerunoff why 70001");
    assert!(paged.starts_with("paged:70001 is fresh"), "{paged}");
    let plain = paged.replace("paged:", "");
    for line in [
        "rerunoff why 70001 --no-pager",
        "NO_PAGER=1 rerunoff why 70001",
        "PAGER= rerunoff why 70001",
        "TERM=dumb rerunoff why 70001",
        "PAGER=there-is-none rerunoff why 70001 2>/dev/null",
        "PAGER=/tmp rerunoff why 70001 2>/dev/null",
        "stty rows 100; rerunoff why 70001",
        "rerunoff why 70001 | cat",
    ] {
        assert_eq!(typed(&project, line), plain, "{line}");
    }
    let topic = typed(&project, "rerunoff help json");
    assert!(topic.starts_with("paged:# "), "{topic}");
}
