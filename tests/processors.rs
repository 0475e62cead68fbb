//! `same_processor`: results of one class of processors, where a project asks for it.

use std::thread;
use std::time::Duration;

use crate::common::{Project, id, undisturbed};

const LIMIT: &str = "timeout = \"20s\"";

/// What `check` says of this machine's class.
fn class(project: &Project) -> String {
    let check = project.rerunoff(&["check"]).expect(0).stdout;
    let mut lines = check.lines();
    let told = lines.find_map(|line| line.strip_prefix("processor: "));
    told.expect("the class").to_owned()
}

#[test]
fn the_class_counts_only_where_it_is_asked_for() {
    let project = Project::ran(2);
    let check = project.rerunoff(&["check"]).expect(0).stdout;
    assert!(!check.contains("processor"), "{check}");

    project.edit(LIMIT, &format!("{LIMIT}\nsame_processor = true"));
    let class = class(&project);
    let why = project.rerunoff(&["why", &id(0)]).expect(0).stdout;
    let new = format!("the class of the processor = {class} (new)\n");
    assert!(why.contains(&new), "{why}");
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls().len(), 2);

    // Said in words it is the same.
    let words = format!("same_processor = {class:?}");
    project.edit("same_processor = true", &words);
    project.rerunoff(&["run"]).expect(0);
    assert!(project.calls().is_empty());

    project.edit(&words, "same_processor = false");
    project.rerunoff(&["run"]).expect(0);
    assert!(project.calls().is_empty(), "the first results");
}

#[test]
fn a_machine_of_another_class_runs_nothing_and_says_both() {
    let project = Project::ran(2);
    project.edit(LIMIT, &format!("{LIMIT}\nsame_processor = true"));
    project.rerunoff(&["run"]).expect(0);
    project.calls();
    let class = class(&project);
    let other = "same_processor = \"x86_64-v9, Other CPU\"";
    project.edit("same_processor = true", other);
    let why = project.rerunoff(&["why", &id(1)]).expect(0).stdout;
    let change = format!("the class of the processor: {class} → x86_64-v9, Other CPU\n");
    assert!(why.contains(&change), "{why}");

    let run = project.rerunoff(&["run"]).expect(4);
    assert!(project.calls().is_empty());
    for said in [class.as_str(), "x86_64-v9, Other CPU", "`same_processor`"] {
        assert!(run.stderr.contains(said), "no {said:?} in {}", run.stderr);
    }
    let status = project.status(&[0]);
    assert_eq!(
        (&status["stale"], &status["failed"]),
        (&2.into(), &0.into())
    );
    let check = project.rerunoff(&["check"]).expect(0).stdout;
    assert!(check.contains("so this machine runs none"), "{check}");

    project.edit(other, "same_processor = true");
    project.rerunoff(&["run"]).expect(0);
    assert!(project.calls().is_empty());
}

/// What a run says on a machine that is like this one but for its processor.
fn elsewhere(project: &Project) -> String {
    let processor = "model name\t: Other  CPU\nflags\t\t: fpu sse2\n\n";
    project.write("cpuinfo", processor);
    let script = "mount --bind cpuinfo /proc/cpuinfo && exec \"$@\"";
    let output = undisturbed("unshare")
        .args([
            "--user",
            "--map-root-user",
            "--mount",
            "sh",
            "-c",
            script,
            "sh",
        ])
        .arg(env!("CARGO_BIN_EXE_rerunoff"))
        .args(["run", "--verbose"])
        .current_dir(project.root())
        .output()
        .expect("unshare, of util-linux");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.success(),
        "{told}\nAre user namespaces forbidden here? RERUNOFF_NO_NAMESPACES=1 leaves this test out."
    );
    told
}

#[test]
fn a_shared_folder_has_the_results_of_each_class() {
    if std::env::var_os("RERUNOFF_NO_NAMESPACES").is_some() {
        eprintln!("left out, as RERUNOFF_NO_NAMESPACES asks for");
        return;
    }
    let short = |told: &str| told.contains("everything looks as it did");
    let run = |project: &Project| {
        // What a run wrote itself is old enough for the short way only in the next one but one.
        thread::sleep(Duration::from_millis(60));
        project.rerunoff(&["run", "--verbose"]).expect(0).stderr
    };
    let project = Project::ran(2);
    project.edit(LIMIT, &format!("{LIMIT}\nsame_processor = true"));
    project.write("cpuinfo", "");
    let told = [run(&project), run(&project), run(&project)];
    assert!(short(&told[2]), "{}", told[2]);
    project.calls();

    let told = elsewhere(&project);
    assert!(!short(&told), "{told}");
    assert_eq!(project.calls().len(), 2, "{told}");
    let log = project.rerunoff(&["log", &id(0)]).expect(0).stdout;
    assert!(log.contains("(x86_64, Other CPU, glibc "), "{log}");
    assert!(log.contains(&format!("({})", class(&project))), "{log}");

    let told = run(&project);
    assert!(!short(&told), "{told}");
    assert!(project.calls().is_empty(), "each class has its results");

    // Where nobody asks, a result is a result.
    project.edit("same_processor = true", "same_processor = false");
    run(&project);
    elsewhere(&project);
    assert!(project.calls().is_empty());
}

#[test]
fn what_is_no_class_is_refused_with_its_line() {
    let project = Project::new(1);
    for (value, said) in [
        ("\" \"", "simulator.same_processor: names no class"),
        ("3", "true, false or a class of processors as text"),
    ] {
        let line = format!("same_processor = {value}");
        project.edit(LIMIT, &format!("{LIMIT}\n{line}"));
        let check = project.rerunoff(&["check"]).expect(2);
        assert!(check.stderr.contains(said), "{}", check.stderr);
        project.edit(&format!("\n{line}"), "");
    }
}
