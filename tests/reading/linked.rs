//! Inputs that point to other files: links, virtual datasets, raw files.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::common::{Project, Run, id, precipitation, python};

/// An input of some kind, and the file behind it that has the precipitation of the second catchment at step 2.
struct Kind {
    name: String,
    input: PathBuf,
    source: PathBuf,
}

/// All kinds there are, each in a folder of its own below this one.
fn kinds(folder: &Path) -> Vec<Kind> {
    let lines = python("make_linked.py", &[folder]);
    let kind = |line: &str| {
        let (name, source) = line.split_once(' ').expect("a kind and a file");
        let place = folder.canonicalize().expect("a folder").join(name);
        Kind {
            name: name.to_owned(),
            input: place.join("input.h5"),
            source: place.join(source),
        }
    };
    lines.lines().map(kind).collect()
}

/// A project that has run on an ordinary input, and now reads this one.
fn project(input: &Path) -> Project {
    let project = Project::new(3);
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls().len(), 3);
    let file = format!("file = {:?}\n\n[series]", input.display());
    project.edit("file = \"input.h5\"\n\n[series]", &file);
    project
}

/// Lets all stamps settle.
fn settle() {
    std::thread::sleep(Duration::from_millis(50));
}

#[test]
fn what_an_input_points_to_is_its_content() {
    let folder = tempfile::tempdir().expect("a folder");
    let kinds = kinds(folder.path());
    settle();
    let projects: Vec<Project> = kinds.iter().map(|kind| project(&kind.input)).collect();
    for (kind, project) in kinds.iter().zip(&projects) {
        let rule = project.path("rule.d");
        let run = project.rerunoff(&["run", "--depfile", "rule.d"]).expect(0);
        assert_eq!(project.calls(), [""; 0], "{}: {}", kind.name, run.stderr);
        let whole = fs::read_to_string(&rule).expect("a rule");
        let source = kind.source.display().to_string();
        assert!(whole.contains(&source), "{}: {whole}", kind.name);
        let again = (project.rerunoff(&["run", "--verbose", "--depfile", "rule.d"])).expect(0);
        again.says("everything looks as it did when nothing was left");
        assert_eq!(fs::read_to_string(&rule).expect("a rule"), whole);
    }
    python("make_linked.py", &[folder.path(), Path::new("change")]);
    settle();
    for (kind, project) in kinds.iter().zip(&projects) {
        let status = project.rerunoff(&["status"]).expect(0);
        assert!(
            status.stdout.contains("2 fresh of 3"),
            "{}: {}",
            kind.name,
            status.stdout
        );
        project.rerunoff(&["run"]).expect(0);
        assert_eq!(project.calls(), [id(1)], "{}", kind.name);
        let concentration = project.product("concentration");
        assert_eq!(concentration[2][1], 2.0 * 777.0, "{}", kind.name);
        assert_eq!(
            concentration[2][2],
            2.0 * precipitation(2, 2),
            "{}",
            kind.name
        );
    }
}

#[test]
fn a_source_that_is_gone_is_an_error_that_names_it_for_every_verb() {
    let folder = tempfile::tempdir().expect("a folder");
    for kind in kinds(folder.path()) {
        if kind.source == kind.input {
            continue;
        }
        let project = project(&kind.input);
        project.rerunoff(&["run"]).expect(0);
        let product = project.read("output.h5");
        fs::remove_file(&kind.source).expect("removed");
        let name = kind.source.file_name().expect("a name").to_string_lossy();
        for verb in [
            &["run"][..],
            &["run", "--force"],
            &["run", "--rehash"],
            &["run", "--dry-run"],
            &["status"],
            &["check"],
            &["why", "70002"],
        ] {
            let run = project.rerunoff(verb).expect(4);
            run.says(&format!("{name} is not there"));
        }
        assert_eq!(project.calls(), [""; 0], "{}", kind.name);
        assert_eq!(project.read("output.h5"), product, "{}", kind.name);
    }
}

#[test]
fn what_leads_nowhere_or_to_too_little_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let lines = python("make_broken_links.py", &[folder.path()]);
    let lines: Vec<_> = (lines.lines())
        .map(|line| line.split_once(' ').expect("a kind and a text"))
        .collect();
    let [kinds @ .., ("plugins", plugins)] = lines.as_slice() else {
        panic!("{lines:?}");
    };
    let ordinary = Project::new(3);
    ordinary.rerunoff(&["run"]).expect(0);
    for (kind, message) in kinds {
        let input = folder.path().join(kind).join("input.h5");
        ordinary.edit("file = \"input.h5\"", &format!("file = {input:?}"));
        for verb in ["run", "status", "check"] {
            let run = ordinary.rerunoff(&[verb]).expect(4);
            assert!(run.stderr.contains(message), "{kind}: {}", run.stderr);
            assert!(run.stderr.contains("input.h5: `"), "{kind}: {}", run.stderr);
        }
        ordinary.edit(&format!("file = {input:?}"), "file = \"input.h5\"");
    }
    assert_eq!(ordinary.calls().len(), 3, "of the ordinary input");
    // What a virtual dataset has no source for is a missing value if its fill value says so.
    let holes = project(&folder.path().join("gap_of_missing_values/input.h5"));
    let run = holes.rerunoff(&["run"]).expect(4);
    run.says("70003: the series `precipitation` has no value at time step 0");
    assert_eq!(holes.calls(), [""; 0]);
    // With its plugin a filter is like any other.
    for kind in ["filter_of_series", "filter_of_ids", "filter_behind_a_link"] {
        let project = project(&folder.path().join(kind).join("input.h5"));
        let mut command = project.command(&["run"]);
        Run::from((command.env("HDF5_PLUGIN_PATH", plugins).output()).expect("the binary"))
            .expect(0);
        assert_eq!(project.calls(), [""; 0], "{kind}");
    }
    // A raw file's relative name counts from the current folder, or from the input with a variable that HDF5 has for it.
    let elsewhere = folder.path().join("raw_file_elsewhere");
    let project = project(&elsewhere.join("input.h5"));
    let mut command = project.command(&["run"]);
    let command = command.env("HDF5_EXTFILE_PREFIX", "${ORIGIN}");
    Run::from(command.output().expect("the binary")).expect(0);
    let without = project.rerunoff(&["run"]).expect(4);
    without.says("HDF5_EXTFILE_PREFIX");
    fs::copy(elsewhere.join("p.bin"), project.path("p.bin")).expect("copied");
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls(), [""; 0]);
}

#[test]
fn a_change_behind_a_link_and_another_one_are_run_together() {
    let folder = tempfile::tempdir().expect("a folder");
    let kinds = kinds(folder.path());
    let project = project(&kinds[0].input);
    project.rerunoff(&["run"]).expect(0);
    python("make_linked.py", &[folder.path(), Path::new("change")]);
    settle();
    project.edit("header = \"step", "header = \"STEP");
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls().len(), 3);
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls(), [""; 0]);
}

#[test]
fn sources_are_looked_for_where_hdf5_looks() {
    let folder = tempfile::tempdir().expect("a folder");
    let kinds = kinds(folder.path());
    for (name, variable) in [
        ("external", "HDF5_EXT_PREFIX"),
        ("virtual_of_one", "HDF5_VDS_PREFIX"),
    ] {
        let kind = kinds.iter().find(|kind| kind.name == name).expect(name);
        let project = project(&kind.input);
        // In a folder that a variable names, in the current one, or beside the input that a link leads to.
        let away = project.path("away");
        fs::create_dir(&away).expect("a folder");
        fs::rename(&kind.source, away.join("source.h5")).expect("moved");
        settle();
        project.rerunoff(&["run"]).expect(4);
        let with = || {
            let mut command = project.command(&["run", "--verbose"]);
            let output = command.env(variable, &away).output().expect("the binary");
            Run::from(output)
        };
        with().expect(0);
        with().expect(0).says("everything looks as it did");
        project.rerunoff(&["run"]).expect(4);
        fs::copy(away.join("source.h5"), project.path("source.h5")).expect("copied");
        project.rerunoff(&["run"]).expect(0);
        let elsewhere = fs::canonicalize(&away).expect("a folder");
        let root = project.root().to_str().expect("a text").to_owned();
        let mut command = project.command(&["-C", &root, "run"]);
        let run = command
            .current_dir(&elsewhere)
            .output()
            .expect("the binary");
        Run::from(run).expect(0);
        fs::remove_file(project.path("source.h5")).expect("removed");
        project.rerunoff(&["run"]).expect(4);
        fs::rename(away.join("source.h5"), &kind.source).expect("moved back");
        let link = project.path("link.h5");
        std::os::unix::fs::symlink(&kind.input, &link).expect("linked");
        project.edit(&format!("{:?}", kind.input.display()), "\"link.h5\"");
        project.rerunoff(&["run"]).expect(0);
        assert_eq!(project.calls(), [""; 0]);
    }
}

#[test]
fn ids_of_an_import_are_not_taken_from_behind_a_link() {
    let folder = tempfile::tempdir().expect("a folder");
    let kinds = kinds(folder.path());
    let kind = kinds.iter().find(|kind| kind.name == "everything_external");
    let kind = kind.expect("a kind");
    let project = Project::new(3);
    project.write("q.csv", "2009-01-01,1,2,3\n2009-01-02,1,2,3\n");
    let import = format!(
        "[import.series.q]\nfile = \"q.csv\"\nids = {{ file = {:?}, name = \"catchment\" }}\n\n[input]",
        kind.input.display()
    );
    project.edit("[input]", &import);
    let run = project.rerunoff(&["import"]).expect(4);
    run.says("`catchment` is made of other files; name the one that has it");
    run.says("source.h5");
}

#[test]
fn a_product_does_not_take_the_place_of_what_the_input_leads_to() {
    let folder = tempfile::tempdir().expect("a folder");
    let kinds = kinds(folder.path());
    for name in ["external", "virtual_of_one", "groups"] {
        let kind = kinds.iter().find(|kind| kind.name == name).expect(name);
        let project = project(&kind.input);
        let source = fs::read(&kind.source).expect("a source");
        let product = format!("[product]\nfile = {:?}", kind.source.display());
        project.edit("[product]\nfile = \"output.h5\"", &product);
        let run = project.rerunoff(&["run"]).expect(2);
        run.says("the product would overwrite");
        assert_eq!(fs::read(&kind.source).expect("a source"), source, "{name}");
    }
}
