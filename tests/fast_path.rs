//! The fast path of a run that has nothing to do: it is taken, and every kind of change leaves it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::{Duration, SystemTime};

use crate::common::waits::SHORT;
use crate::common::{Project, id};

/// A project with a folder among its support files, a variable that is handed on and a program on the `PATH`.
fn project() -> Project {
    let project = Project::new(3);
    fs::create_dir_all(project.path("data/in")).expect("a folder");
    project.write("data/in/plug", "1");
    for folder in ["early", "late"] {
        fs::create_dir(project.path(folder)).expect("a folder");
    }
    fs::copy(project.path("simulator.sh"), project.path("late/model")).expect("copied");
    project.edit(
        "\"./simulator.sh\", \"layout.xml\"",
        "\"model\", \"layout.xml\"",
    );
    let path = format!(
        "pass_env = [\"MODEL\"]\nenv = {{ PATH = \"{}:{}:/usr/bin:/bin\" }}\nsupport = [\"data\"]",
        project.path("early").display(),
        project.path("late").display()
    );
    project.edit("support = [\"simulator.sh\"]", &path);
    project
}

fn make_older(project: &Project, name: &str) {
    let file = fs::File::options().append(true).open(project.path(name));
    let past = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    file.expect(name).set_modified(past).expect("set");
}

#[test]
fn nothing_changed_is_told_at_once_and_in_the_same_words() {
    let project = project();
    let first = project.rerunoff(&["run"]).expect(0).stdout;
    project.settle();
    let last = project.rerunoff(&["run"]).expect(0).stdout;
    let words = |line: &str| line.split(" in ").map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(words(&last)[0], "3 fresh, 0 run, 0 failed");
    assert_eq!(
        last.split_once("; ").map(|(_, rest)| rest.to_owned()),
        first
            .split_once("; ")
            .map(|(_, rest)| rest.replace("written", "unchanged"))
    );
    project.rerunoff(&["run", "--depfile", "run.d"]).expect(0);
    let text = fs::read_to_string(project.path("run.d")).expect("the depfile");
    assert!(text.contains("  data/in/plug \\\n"), "{text}");
}

#[test]
fn what_objectives_come_to_is_told_all_the_same() {
    let project = project();
    project.write(
        "observed.csv",
        "time,70002\n2009-01-01 00:00,1\n2009-01-01 01:00,2\n",
    );
    let table = "
[observations]
flow = { file = \"observed.csv\", variable = \"discharge\" }
[objective]
nse = { of = \"flow\", statistic = \"nse\" }
";
    project.write_toml(&(project.toml() + table));
    let first = project.rerunoff(&["run"]).expect(0).stderr;
    let told = |said: &str| -> Vec<String> {
        let lines = said.lines().filter(|line| line.starts_with("nse "));
        lines.map(str::to_owned).collect()
    };
    assert_eq!(told(&first).len(), 1, "{first}");
    project.settle();
    let again = project.rerunoff(&["run", "--verbose"]).expect(0).stderr;
    assert!(again.contains(SHORT), "{again}");
    assert_eq!(told(&again), told(&first));
    let quiet = project.rerunoff(&["run", "--quiet"]).expect(0).stderr;
    assert!(told(&quiet).is_empty(), "{quiet}");
}

#[test]
fn who_asks_for_more_gets_more() {
    let project = project();
    project.settle();
    for more in [
        &["--rehash"][..],
        &["--only", "70001"],
        &["--no-assemble"],
        &["--dry-run"],
        &["--force"],
    ] {
        assert!(!project.is_short(more), "{more:?}");
    }
    assert_eq!(project.calls().len(), 3, "--force");
}

#[test]
fn an_evaluation_leaves_it_open() {
    let project = project();
    let toml = String::from_utf8_lossy(&project.read("rerunoff.toml")).into_owned();
    let summary = "[product.summary]\nc_mean = { of = \"concentration\", statistic = \"mean\" }\n";
    project.write_toml(&(toml + summary));
    project.settle();
    // What adds results, what finds them, and what is refused before anything is run.
    for (more, code, calls) in [
        (&["--set", "k=0.5"][..], 0, 3),
        (&["--set", "k=0.5"], 0, 0),
        (&["--set", "k=0.6", "--at", "70002"], 0, 1),
        (&["--set", "k=0.5", "--numbers", "c_max"], 2, 0),
    ] {
        let arguments = [&["evaluate"], more].concat();
        project.rerunoff(&arguments).expect(code);
        assert_eq!(project.calls().len(), calls, "{more:?}");
        assert!(project.is_short(&[]), "{more:?}");
    }
}

#[test]
fn every_kind_of_change_leaves_the_short_way() {
    let project = project();
    for name in [
        "rerunoff.toml",
        "templates/param.txt",
        "templates/layout.xml",
        "catchments.csv",
        "input.h5",
        "data/in/plug",
        "late/model",
        "output.h5",
    ] {
        project.settle();
        make_older(&project, name);
        assert!(!project.is_short(&[]), "{name}: another time");
        assert!(project.calls().is_empty(), "{name}: the same content");
    }
    let changes: [(&str, &dyn Fn()); 7] = [
        ("content of the same size", &|| {
            let metadata = fs::metadata(project.path("data/in/plug")).expect("there");
            project.write("data/in/plug", "2");
            let file = fs::File::options()
                .append(true)
                .open(project.path("data/in/plug"))
                .expect("opens");
            let time = metadata.modified().expect("a time");
            file.set_modified(time).expect("set");
        }),
        ("a new file in a support folder", &|| {
            project.write("data/in/more", "")
        }),
        ("a support file that is gone", &|| {
            fs::remove_file(project.path("data/in/more")).expect("removed")
        }),
        ("a right to execute", &|| {
            let mode = fs::Permissions::from_mode(0o755);
            fs::set_permissions(project.path("data/in/plug"), mode).expect("set");
        }),
        ("a program earlier on the PATH", &|| {
            let text = fs::read_to_string(project.path("simulator.sh")).expect("the script");
            project.write("early/model", &format!("{text}\n# another\n"));
            let mode = fs::Permissions::from_mode(0o755);
            fs::set_permissions(project.path("early/model"), mode).expect("set");
        }),
        ("one that is gone again", &|| {
            fs::remove_file(project.path("early/model")).expect("removed")
        }),
        ("a template in place of another", &|| {
            let text = fs::read_to_string(project.path("templates/param.txt")).expect("there");
            project.write("templates/new", &text.replace("k={k}", "k = {k}"));
            fs::rename(
                project.path("templates/new"),
                project.path("templates/param.txt"),
            )
            .expect("renamed");
        }),
    ];
    for (what, change) in changes {
        project.settle();
        change();
        assert!(!project.is_short(&[]), "{what}");
    }
    project.settle();
    let changed = project.command(&["run"]).env("MODEL", "new").output();
    assert!(changed.expect("a run").status.success());
    assert_eq!(project.calls().len(), 3, "a variable that is handed on");
}

#[test]
fn a_product_that_is_another_is_rebuilt() {
    let project = project();
    project.settle();
    let old = project.path("old.h5");
    fs::copy(project.path("output.h5"), &old).expect("copied");
    project.set_factors(&[], &[(1, 5.0)]);
    project.settle();
    let new = project.read("output.h5");
    fs::copy(&old, project.path("output.h5")).expect("put back");
    assert!(!project.is_short(&[]));
    assert_eq!(project.read("output.h5"), new);
    project.settle();
    fs::remove_file(project.path("output.h5")).expect("removed");
    assert!(!project.is_short(&[]));
    assert_eq!(project.read("output.h5"), new);
    assert!(project.calls().is_empty());
}

#[test]
fn a_result_taken_out_of_the_store_and_a_lost_store_are_missed() {
    let project = project();
    project.settle();
    let store = project.store();
    store
        .execute_batch("PRAGMA foreign_keys = on; DELETE FROM result WHERE id = 2")
        .expect("deleted");
    drop(store);
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls().len(), 1);
    project.settle();
    fs::remove_dir_all(project.path("cache")).expect("removed");
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls().len(), 3);
}

#[test]
fn a_result_that_was_replaced_is_noticed() {
    let project = project();
    project.settle();
    // It depends on something that its project does not declare.
    let store = project.store();
    let latest = "SELECT CAST(max(id) AS INTEGER) FROM result";
    let latest: i64 = store
        .query_row(latest, [], |row| row.get(0))
        .expect("a result");
    let touched = "UPDATE result SET seal = zeroblob(length(seal)) WHERE id = ?1";
    store.execute(touched, [latest]).expect("damaged");
    drop(store);
    assert!(!project.is_short(&[]));
    assert_eq!(project.calls().len(), 1);
}

#[test]
fn a_copied_project_and_one_with_failures_are_looked_at() {
    let project = project();
    project.settle();
    let copy = tempfile::tempdir().expect("a folder");
    let status = Command::new("cp")
        .arg("-a")
        .arg(project.root())
        .arg(copy.path().join("copy"))
        .status();
    assert!(status.expect("cp").success());
    let toml = copy.path().join("copy/rerunoff.toml");
    let text = fs::read_to_string(&toml).expect("the project file");
    // Its simulator writes to the log of the project that it was copied from.
    let log = format!("writes = [{:?}]", project.path("log"));
    let text = text.replace("writes = [\"log\"]", &log);
    fs::write(&toml, text.replace("k = 0.012", "k = 0.013")).expect("written");
    let run = project
        .command(&["-C", &copy.path().join("copy").display().to_string(), "run"])
        .output()
        .expect("a run");
    assert!(run.status.success());
    assert_eq!(project.calls().len(), 3, "the copy's own parameter");

    project.set(&[(0, "exit")]);
    for _ in 0..3 {
        project.rerunoff(&["run"]).expect(1);
        std::thread::sleep(Duration::from_millis(60));
    }
    assert_eq!(
        project.calls(),
        [id(0), id(0), id(0)],
        "tried again each time"
    );
}

#[test]
fn a_failure_that_left_the_product_alone_is_not_passed_over() {
    let project = project();
    let script = fs::read_to_string(project.path("simulator.sh")).expect("the script");
    let denied = project.path("denied").display().to_string();
    let denied = format!("[ -e '{denied}' ] && exit 3\n");
    let log = "case $mode in\n";
    project.write(
        "late/model",
        &script.replace(log, &format!("{denied}{log}")),
    );
    project.settle();
    project.write("denied", "");
    project
        .rerunoff(&["run", "--force", "--no-assemble"])
        .expect(1);
    assert_eq!(project.calls().len(), 3);
    let next = project.rerunoff(&["run", "--verbose"]).expect(1);
    assert!(!next.stderr.contains(SHORT), "{}", next.stderr);
    assert_eq!(project.calls().len(), 3, "they are tried again");
    fs::remove_file(project.path("denied")).expect("removed");
    project.settle();
}
