//! `[cluster]` and the user's own file about it: what is wrong is told by line, and what changes in them makes nothing stale.

use std::fs;

use crate::common::waits::SHORT;
use crate::common::{Project, Run};

/// The variable that names a file in the place of `~/.config/rerunoff/cluster.toml`.
const OWN_FILE: &str = "RERUNOFF_CLUSTER_FILE";

/// A call with a file of the user's own.
fn with_own_file(project: &Project, own: &str, arguments: &[&str]) -> Run {
    project.write("own.toml", own);
    let mut command = project.command(arguments);
    command.env(OWN_FILE, project.path("own.toml"));
    command.output().expect("rerunoff").into()
}

fn append(project: &Project, text: &str) {
    let file = project.path("rerunoff.toml");
    let before = fs::read_to_string(&file).expect("a project file");
    fs::write(file, format!("{before}\n{text}\n")).expect("written");
}

#[test]
fn nothing_is_stale_because_of_it() {
    let project = Project::ran(3);
    let product = fs::read(project.path("output.h5")).expect("a product");
    append(&project, "[cluster]\nengine = \"local\"");
    for (from, to) in [
        ("engine = \"local\"", "engine = \"local\"\ncores = 2"),
        (
            "cores = 2",
            "cores = 1\nsetup = [\"true\"]\nmemory = \"1 GB\"",
        ),
    ] {
        let status = project.rerunoff(&["status"]).expect(0);
        assert!(status.stdout.contains("3 fresh of 3"), "{}", status.stdout);
        let run = project.rerunoff(&["run"]).expect(0);
        assert!(run.stdout.contains("3 fresh, 0 run"), "{}", run.stdout);
        project.edit(from, to);
    }
    assert_eq!(project.calls(), [""; 0]);
    assert_eq!(
        fs::read(project.path("output.h5")).expect("a product"),
        product
    );
    assert!(!project.path("cache/cluster").exists());
}

#[test]
fn what_is_the_users_own_leaves_the_fast_path_open() {
    let project = Project::ran(3);
    append(&project, "[cluster]\nengine = \"local\"");
    project.settle();
    for own in ["cores = 1", "cores = 2", "what is this"] {
        let run = with_own_file(&project, own, &["run", "--verbose"]).expect(0);
        run.says(SHORT);
    }
}

#[test]
fn check_tells_what_was_understood() {
    let project = Project::new(2);
    append(&project, "[cluster]\nengine = \"local\"\ntask = \"10m\"");
    let check = with_own_file(&project, "cores = 2", &["check"]).expect(0);
    let told = "cluster: local: tasks of about 10m, at most 24h, 500 in the queue; in each 2 simulators at once";
    assert!(check.stdout.contains(told), "{}", check.stdout);
    let check = project.rerunoff(&["check", "--local"]).expect(0);
    assert!(!check.stdout.contains("cluster"), "{}", check.stdout);
    // Without [cluster] an engine must be asked for.
    let project = Project::new(2);
    let own = "engine = \"local\"\ncores = 2";
    let check = with_own_file(&project, own, &["check"]).expect(0);
    assert!(!check.stdout.contains("cluster"), "{}", check.stdout);
    let check = with_own_file(&project, own, &["check", "--on", "local"]).expect(0);
    assert!(check.stdout.contains("cluster: local"), "{}", check.stdout);
}

#[test]
fn what_is_wrong_is_told_by_its_line() {
    let project = Project::new(2);
    append(&project, "[cluster]\nengine = \"slurmm\"");
    let says = "cluster.engine: there is no engine \"slurmm\"; did you mean \"slurm\"?";
    project.rerunoff(&["status"]).expect(2).says(says);
    project.edit("slurmm", "local");
    let check = with_own_file(&project, "cores = 2\ntask = 7", &["check"]).expect(2);
    check.says("own.toml:2:8: invalid type: integer `7`, expected a string");
    // What is not needed is not read.
    with_own_file(&project, "cores = 2\ntask = 7", &["check", "--local"]).expect(0);
    let mut command = project.command(&["check"]);
    let missing: Run = command
        .env(OWN_FILE, "/nowhere/own.toml")
        .output()
        .expect("rerunoff")
        .into();
    missing
        .expect(2)
        .says("/nowhere/own.toml: is not there, and RERUNOFF_CLUSTER_FILE names it");
}

#[test]
fn an_engine_that_is_not_there_is_named() {
    let project = Project::new(2);
    append(&project, "[cluster]\nengine = \"slurm\"");
    let empty = project.path("empty");
    fs::create_dir(&empty).expect("a folder");
    let mut command = project.command(&["check"]);
    let check: Run = command
        .env("PATH", empty)
        .output()
        .expect("rerunoff")
        .into();
    let says =
        "engine = \"slurm\" needs `sbatch`, which is not on this machine; `--local` runs here";
    check.expect(2).says(says);
}
