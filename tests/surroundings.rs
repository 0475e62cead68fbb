//! The surroundings of a project: support folders that simulators write to, links, things that are not files, and the system's
//! limit on the size of a file.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Stdio;

use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::common::{Project, Run, STEPS, undisturbed};

/// A project with the support folder `models`, whose simulator does this first.
fn with_models(first: &str) -> Project {
    let project = Project::new(3);
    fs::create_dir(project.path("models")).expect("a folder");
    project.write("models/rates", "1\n");
    let command =
        "command = [\"./simulator.sh\", \"layout.xml\", \"RUN\", \"param.txt\", \"out.txt\"]";
    let whole = format!("{first}; exec ./simulator.sh layout.xml RUN param.txt out.txt");
    project.edit(command, &format!("command = ['sh', '-c', '''{whole}''']"));
    let support = "support = [\"simulator.sh\"]";
    project.edit(support, "support = [\"simulator.sh\", \"models\"]");
    project
}

fn exclude(project: &Project, patterns: &str) {
    let support = "\"simulator.sh\", \"models\"]";
    project.edit(
        support,
        &format!("{support}\nsupport_exclude = [{patterns}]"),
    );
}

#[test]
fn a_python_package_among_the_support_files_stays_as_it_is() {
    let project =
        with_models("python3 -c \"import sys; sys.path.insert(0, str()); import models.core\"");
    project.write("models/__init__.py", "");
    project.write("models/core.py", "rate = 1\n");
    for edit in ["rate = 1\n", "rate = 2\n"] {
        project.write("models/core.py", edit);
        let run = project.rerunoff(&["run"]).expect(0);
        assert!(!run.stderr.contains("support folder"), "{}", run.stderr);
        assert_eq!(project.calls().len(), 3);
        project.rerunoff(&["run"]).expect(0);
        assert!(project.calls().is_empty());
    }
    assert!(!project.path("models/__pycache__").exists());
}

#[test]
fn a_project_may_want_bytecode_after_all() {
    let project = Project::new(1);
    project.set(&[(0, "nosy")]);
    let mut toml = project.toml();
    toml.push_str("\n[simulator.env]\nPYTHONDONTWRITEBYTECODE = \"\"\n");
    project.write_toml(&toml);
    project.rerunoff(&["run"]);
    let seen = String::from_utf8(project.read("calls.env")).expect("text");
    assert!(seen.contains("PYTHONDONTWRITEBYTECODE=\n"), "{seen}");
}

#[test]
fn a_file_left_in_a_support_folder_is_told_once_with_its_remedy() {
    let project = with_models("mkdir -p models/cache; echo ran >> models/cache/log");
    project.edit("writes = [\"log\"]", "writes = [\"log\", \"models\"]");
    let run = project.rerunoff(&["run"]).expect(0);
    let told = "models/cache was not in the support folder when the run began";
    assert_eq!(run.stderr.matches(told).count(), 1, "{}", run.stderr);
    let remedy = r#"support_exclude = ["models/cache"]"#;
    assert!(run.stderr.contains(remedy), "{}", run.stderr);
    assert_eq!(project.calls().len(), 3);
    // What it makes stale is told, too.
    let status = project.rerunoff(&["status"]).expect(0);
    assert!(
        status.stdout.contains("models/cache/log"),
        "{}",
        status.stdout
    );

    // The remedy makes all of it fresh, as it was run without the file.
    exclude(&project, "\"models/cache\"");
    let run = project.rerunoff(&["run", "--depfile", "deps"]).expect(0);
    assert!(project.calls().is_empty(), "{}", run.stderr);
    let dependencies = String::from_utf8(project.read("deps")).expect("text");
    assert!(dependencies.contains("models/rates"), "{dependencies}");
    assert!(!dependencies.contains("cache/log"), "{dependencies}");
    project.rerunoff(&["run", "--force"]).expect(0);
    assert_eq!(project.calls().len(), 3);
    project.rerunoff(&["run"]).expect(0);
    assert!(project.calls().is_empty());
    assert_eq!(project.read("models/cache/log"), b"ran\n".repeat(6));
}

#[test]
fn what_is_excluded_may_be_anything_and_is_still_seen_by_the_simulator() {
    let project = with_models("test -p models/control && test -e models/a/run.log");
    fs::create_dir(project.path("models/a")).expect("a folder");
    project.write("models/a/run.log", "");
    pipe(&project.path("models/control"));
    let run = project.rerunoff(&["run"]).expect(4);
    let told = "models/control: is a named pipe, not a file";
    assert!(run.stderr.contains(told), "{}", run.stderr);
    exclude(&project, "\"control\", \"*.log\"");
    project.rerunoff(&["run"]).expect(0);
    project.write("models/a/run.log", "changed\n");
    project.calls();
    project.rerunoff(&["run"]).expect(0);
    assert!(project.calls().is_empty());
    project.write("models/rates", "2\n");
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls().len(), 3);
    project.edit("\"control\"", "\"/control\"");
    let refused = project.rerunoff(&["run"]).expect(2);
    let told = "simulator.support_exclude.0: \"/control\" starts with a slash";
    assert!(refused.stderr.contains(told), "{}", refused.stderr);
}

#[test]
fn a_support_file_that_is_only_touched_ends_no_run() {
    let project = with_models("touch models/rates");
    project.edit("writes = [\"log\"]", "writes = [\"log\", \"models\"]");
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls().len(), 3);
    project.rerunoff(&["run"]).expect(0);
    assert!(project.calls().is_empty());
}

#[test]
fn a_support_file_that_a_simulator_changes_is_named_with_the_remedy() {
    let project = with_models("echo 2 >> models/rates");
    project.edit("writes = [\"log\"]", "writes = [\"log\", \"models\"]");
    let run = project.rerunoff(&["run"]).expect(4);
    for told in [
        "models/rates changed during the run",
        r#"support_exclude = ["models/rates"]"#,
        "its work directory",
    ] {
        assert!(run.stderr.contains(told), "{}", run.stderr);
    }
    exclude(&project, "\"rates\"");
    project.rerunoff(&["run"]).expect(0);
    project.calls();
    project.rerunoff(&["run"]).expect(0);
    assert!(project.calls().is_empty());
}

fn pipe(path: &Path) {
    mknodat(CWD, path, FileType::Fifo, Mode::RWXU, 0).expect("a pipe");
}

/// Puts a pipe, a socket, a device and a folder in the place of a file; whatever is asked for says so and waits for nothing.
#[track_caller]
fn refused_in_the_place_of(project: &Project, name: &str, verbs: &[&[&str]]) {
    let (path, aside) = (project.path(name), project.path("aside"));
    fs::rename(&path, &aside).expect("moved");
    for what in ["a named pipe", "a socket", "a device", "a folder"] {
        match what {
            "a named pipe" => pipe(&path),
            "a socket" => drop(UnixListener::bind(&path).expect("a socket")),
            "a device" => symlink("/dev/zero", &path).expect("a link"),
            _ => fs::create_dir(&path).expect("a folder"),
        }
        for verb in verbs {
            let run = project.rerunoff(verb);
            assert!(matches!(run.code, 2 | 4), "{verb:?}: {}", run.stderr);
            let told = format!("is {what}, not a file");
            assert!(run.stderr.contains(&told), "{verb:?}: {}", run.stderr);
            assert!(run.stderr.contains(name), "{verb:?}: {}", run.stderr);
        }
        match path.is_dir() {
            true => fs::remove_dir(&path).expect("removed"),
            false => fs::remove_file(&path).expect("removed"),
        }
    }
    fs::rename(&aside, &path).expect("moved");
}

#[test]
fn what_is_no_file_is_named_in_every_place_of_one() {
    let project = Project::new(2);
    project.rerunoff(&["run"]).expect(0);
    let verbs: [&[&str]; 7] = [
        &["run"],
        &["status"],
        &["check"],
        &["why", "70000"],
        &["gc"],
        &["repro", "70000", "by-hand"],
        &["run", "--dry-run"],
    ];
    for name in [
        "rerunoff.toml",
        "input.h5",
        "catchments.csv",
        "templates/param.txt",
        "output.h5",
        "cache/store.sqlite",
    ] {
        refused_in_the_place_of(&project, name, &verbs);
    }
    project.write("ids", "70000\n");
    project.write("deps", "");
    refused_in_the_place_of(&project, "ids", &[&["run", "--only", "@ids"]]);
    refused_in_the_place_of(&project, "deps", &[&["run", "--depfile", "deps"]]);
    refused_in_the_place_of(&project, "cache/lock", &[&["run"]]);
    project.rerunoff(&["run"]).expect(0);
}

#[test]
fn what_is_no_file_is_named_among_the_sources_of_an_import() {
    let project = Project::new(1);
    project.write("P.csv", "time,70000\n2009-01-01,1\n2009-01-02,2\n");
    project.write("ids.txt", "70000\n");
    project.write("areas.csv", "id,area\n70000,1\n");
    fs::create_dir(project.path("cache")).expect("a folder");
    let import = "\n[import.series.precipitation]\nfile = \"P.csv\"\n[[import.table]]\nfile = \"areas.csv\"\nid = \"id\"\n\
                  [import.parameters]\nA_tot = \"area\"\n";
    fs::remove_file(project.path("input.h5")).expect("removed");
    project.write_toml(&(project.toml() + import));
    project.rerunoff(&["import"]).expect(0);
    for name in ["P.csv", "areas.csv", "input.h5"] {
        refused_in_the_place_of(&project, name, &[&["import"], &["run"], &["status"]]);
    }
}

#[test]
fn a_list_of_catchments_may_come_through_an_open_pipe() {
    let project = Project::new(3);
    let script = "echo 70001 | \"$0\" run --only @/dev/stdin --depfile deps";
    let run = undisturbed("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_rerunoff")])
        .current_dir(project.root())
        .env_remove("MAKEFLAGS")
        .output();
    assert!(run.expect("sh").status.success());
    assert_eq!(project.calls(), ["70001"]);
    let dependencies = String::from_utf8(project.read("deps")).expect("text");
    assert!(!dependencies.contains("/dev"), "{dependencies}");
}

#[test]
fn links_in_the_place_of_products_and_depfiles_stay() {
    let project = Project::new(2);
    let is_link = |name: &str| {
        fs::symlink_metadata(project.path(name))
            .expect(name)
            .is_symlink()
    };
    for folder in ["scratch", "links"] {
        fs::create_dir(project.path(folder)).expect("a folder");
    }
    symlink("../scratch/big.h5", project.path("links/one")).expect("a link");
    symlink("links/one", project.path("output.h5")).expect("a link");
    symlink("scratch/deps", project.path("deps")).expect("a link");
    // Once nothing is there, once what was written, once what somebody has changed, once a new product.
    for state in 0..4 {
        if state == 2 {
            project.write("scratch/big.h5", "something else");
        }
        if state == 3 {
            project.edit("ng L-1", "ug L-1");
        }
        project.rerunoff(&["run", "--depfile", "deps"]).expect(0);
        assert!(
            is_link("output.h5") && is_link("links/one") && is_link("deps"),
            "{state}"
        );
        assert_eq!(project.product("discharge").len(), STEPS, "{state}");
        let mut left: Vec<_> = fs::read_dir(project.path("scratch"))
            .expect("listed")
            .map(|entry| entry.expect("an entry").file_name())
            .collect();
        left.sort();
        assert_eq!(left, ["big.h5", "deps"], "{state}");
    }
    assert_eq!(project.calls().len(), 2);

    fs::remove_dir_all(project.path("scratch")).expect("removed");
    let lost = project.rerunoff(&["run"]).expect(2);
    assert!(
        lost.stderr.contains("there is no folder"),
        "{}",
        lost.stderr
    );
    assert!(is_link("output.h5") && !project.path("scratch").exists());
}

#[test]
fn a_link_in_the_place_of_an_imported_file_stays() {
    let project = Project::new(1);
    fs::create_dir(project.path("scratch")).expect("a folder");
    fs::remove_file(project.path("input.h5")).expect("removed");
    symlink("scratch/input.h5", project.path("input.h5")).expect("a link");
    project.write("P.csv", "time,70000\n2009-01-01,1\n2009-01-02,2\n");
    let import = "\n[import.series.precipitation]\nfile = \"P.csv\"\n";
    project.write_toml(&(project.toml() + import));
    for _ in 0..2 {
        project.rerunoff(&["import"]).expect(0);
        assert!(
            fs::symlink_metadata(project.path("input.h5"))
                .expect("there")
                .is_symlink()
        );
        assert!(project.path("scratch/input.h5").is_file());
        project.write("P.csv", "time,70000\n2009-01-01,3\n2009-01-02,4\n");
    }
}

#[test]
fn the_products_of_two_scenarios_may_not_be_one_file_by_links() {
    let project = Project::new(1);
    project.edit("\"output.h5\"", "\"{scenario}.h5\"");
    let toml = String::from_utf8(project.read("rerunoff.toml")).expect("text");
    project.write_toml(&(toml + "\n[scenario.a]\n[scenario.b]\n"));
    symlink("one.h5", project.path("a.h5")).expect("a link");
    symlink("one.h5", project.path("b.h5")).expect("a link");
    let refused = project.rerunoff(&["run"]).expect(2);
    let told = "is a link to another scenario's product";
    assert!(refused.stderr.contains(told), "{}", refused.stderr);
}

#[test]
fn a_limit_to_the_size_of_files_is_an_error_that_names_the_file() {
    let project = Project::new(2);
    // In blocks of 512 bytes.
    let limited = |blocks: u32| {
        let script = format!("ulimit -f {blocks}; exec \"$0\" run");
        let run = undisturbed("sh")
            .args(["-c", &script, env!("CARGO_BIN_EXE_rerunoff")])
            .current_dir(project.root())
            .env_remove("MAKEFLAGS")
            .stdin(Stdio::null())
            .output();
        Run::from(run.expect("sh"))
    };
    let run = limited(20).expect(4);
    let told = "a file reached 10.2 kB, the limit that `ulimit -f` sets";
    assert!(run.stderr.contains(told), "{}", run.stderr);
    assert!(run.stderr.contains("store.sqlite"), "{}", run.stderr);
    project.rerunoff(&["run"]).expect(0);
    let product = project.read("output.h5");
    assert_eq!(project.calls().len(), 2);
    project.edit("ng L-1", "ug L-1");
    limited(20).expect(4);
    assert!(project.read("output.h5") == product, "as it was");
    project.rerunoff(&["run"]).expect(0);
    assert!(project.read("output.h5") != product);
    assert!(project.calls().is_empty(), "nothing was lost");

    // A simulator is ended as by `max_file_size`, whatever rerunoff does with the signal.
    project.set(&[(1, "grown")]);
    let run = limited(4000).expect(1);
    let told = "out.txt reached the limit of 2.0 MB for a file; if it needs to be that large, raise what `ulimit -f` sets";
    assert!(run.stderr.contains(told), "{}", run.stderr);
}
