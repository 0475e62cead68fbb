//! Projects without an input file: the catchments are a list, the files of a folder, the rows of a table, or those of a file with
//! parameters alone; the time steps are stated, or there are none.

use std::fs;
use std::path::{Path, PathBuf};

use rerunoff::netcdf::{Data, NetcdfFile};
use tempfile::TempDir;

use crate::common::cluster::LOCAL;
use crate::common::{Project, Run, characters, json, rerunoff, unlock};

/// A simulator that prints three rows, of which the values are `k` and what its file says of the catchment.
const SIMULATOR: &str = r#"
[parameters]
k = 1
[simulator]
command = ["sh", "-c", "echo {id} >> $LOG; printf 'q\n%s\n2\n3\n' $(cat k.txt) > out.txt"]
timeout = "20s"
writes = ["log"]
[simulator.env]
LOG = "LOG_FILE"
[[simulator.input]]
file = "k.txt"
template = "k.txt"
[simulator.output]
file = "out.txt"
[simulator.output.columns]
q = "q"
[product]
file = "output.h5"
"#;

const DAYS: &str = "time = { start = \"1998-01-01\", step = \"1d\", steps = 3 }\n";

struct Place(TempDir);

impl Place {
    /// A project with this table `[input]` and this at its end.
    fn new(input: &str, more: &str) -> Self {
        let place = Self(tempfile::tempdir().expect("a folder"));
        place.write("k.txt", "{k}");
        fs::create_dir(place.path("log")).expect("made");
        place.describe(input, more);
        place
    }

    fn describe(&self, input: &str, more: &str) {
        let log = self.path("log/calls").display().to_string();
        let simulator = SIMULATOR.replace("LOG_FILE", &log);
        self.write("rerunoff.toml", &format!("{input}\n{simulator}\n{more}"));
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect(name);
    }

    #[track_caller]
    fn call(&self, arguments: &[&str]) -> Run {
        let run = rerunoff(self.0.path(), arguments).output();
        run.expect("the binary").into()
    }

    /// Runs what is stale; which catchments that were.
    #[track_caller]
    fn run(&self) -> String {
        self.call(&["run"]).expect(0);
        self.calls()
    }

    fn calls(&self) -> String {
        let text = fs::read_to_string(self.path("log/calls")).unwrap_or_default();
        fs::remove_file(self.path("log/calls")).ok();
        let mut calls: Vec<&str> = text.lines().collect();
        calls.sort_unstable();
        calls.join(" ")
    }

    /// The catchments of the product and their first values.
    fn product(&self) -> Vec<(String, f64)> {
        let file = hdf5::File::open(self.path("output.h5")).expect("the product");
        let ids = characters(&file, "catchment");
        let q = file.dataset("q").expect("q").read_2d::<f64>().expect("q");
        let first = q.row(0).to_vec();
        ids.into_iter().zip(first).collect()
    }
}

/// A file with parameters and no time.
fn write_attributes(path: &Path, k: &[i64]) {
    let mut file = NetcdfFile::create(path).expect("a file");
    let ids: Vec<String> = (1..=k.len()).map(|id| format!("c{id}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let catchment = file.coordinate("catchment", Data::Texts(&ids), &[]);
    let catchment = catchment.expect("ids");
    file.variable("k_own", &[catchment], Data::I64(k), &[])
        .expect("parameters");
    file.finish().expect("a complete file");
    unlock(path);
}

#[test]
fn one_catchment_and_a_sweep_need_no_file() {
    let input = format!("[input]\ncatchments = [\"basin\"]\n{DAYS}");
    let place = Place::new(&input, "[sweep.k]\nvalues = [1, 2, 4]\n");
    let checked = place.call(&["check"]).expect(0).stdout;
    let overview = "1 catchment, 3 time steps from 1998-01-01T00:00:00 to 1998-01-03T00:00:00\n";
    assert!(checked.starts_with(overview), "{checked}");
    assert_eq!(place.run(), "basin basin basin");
    let file = hdf5::File::open(place.path("output.h5")).expect("the product");
    let q = file.dataset("q").expect("q").read_dyn::<f64>().expect("q");
    assert_eq!(q.shape(), [3, 3, 1]);
    let values: Vec<f64> = q.iter().copied().collect();
    // Time step by time step, one value for each scenario.
    assert_eq!(values, [1.0, 2.0, 4.0, 2.0, 2.0, 2.0, 3.0, 3.0, 3.0]);
    assert_eq!(place.run(), "");
    let told = place.call(&["status"]).expect(0).stdout;
    assert!(told.contains("3 fresh of 3"), "{told}");
    place.describe(&input, "[sweep.k]\nvalues = [1, 2, 4, 8]\n");
    assert_eq!(place.run(), "basin");
    // Nothing but stated time steps changes: all is run again, and `why` tells them.
    let longer = input.replace("1998-01-01", "1999-01-01");
    place.describe(&longer, "[sweep.k]\nvalues = [1, 2, 4]\n");
    let why = place.call(&["why", "basin", "--scenario", "k=1"]).expect(0);
    let told = "the time steps: 3 from 1998-01-01T00:00:00 to 1998-01-03T00:00:00 → 3 from 1999-01-01T00:00:00";
    assert!(why.stdout.contains(told), "{}", why.stdout);
    place.describe(&input, "");
    let folder = place.path("repro").display().to_string();
    place.call(&["repro", "basin", &folder]).expect(0);
    assert_eq!(
        fs::read_to_string(place.path("repro/k.txt")).expect("k"),
        "1"
    );
}

#[test]
fn a_file_for_each_catchment_is_a_catchment_for_each_file() {
    let input = format!("[input]\ncatchments = {{ folder = \"gms/{{id}}.gms\" }}\n{DAYS}");
    let place = Place::new(&input, "");
    for name in ["gms/b10.gms", "gms/b9.gms", "gms/notes.txt", "gms/.b1.gms"] {
        place.write(name, "");
    }
    let depfile = place.path("deps").display().to_string();
    place.call(&["run", "--depfile", &depfile]).expect(0);
    assert_eq!(place.calls(), "b10 b9");
    let ids =
        |place: &Place| -> Vec<String> { place.product().into_iter().map(|(id, _)| id).collect() };
    assert_eq!(ids(&place), ["b9", "b10"]);
    let depfile = fs::read_to_string(depfile).expect("a depfile");
    assert!(
        depfile.lines().any(|line| line.ends_with("gms:")),
        "{depfile}"
    );
    assert_eq!(place.run(), "");
    place.write("gms/b1.gms", "");
    assert_eq!(place.run(), "b1");
    assert_eq!(ids(&place), ["b1", "b9", "b10"]);
    fs::remove_file(place.path("gms/b9.gms")).expect("removed");
    assert_eq!(place.run(), "");
    assert_eq!(ids(&place), ["b1", "b10"]);
    // A scenario chooses among them.
    place.describe(
        &input,
        "[scenario.few]\ncatchments = [\"b10\"]\n[scenario.all]\n",
    );
    assert_eq!(place.run(), "");
    let file = hdf5::File::open(place.path("output.h5")).expect("the product");
    assert_eq!(file.dataset("q").expect("q").shape(), [3, 2, 2]);
}

#[test]
fn folders_that_come_to_hold_the_file_become_catchments() {
    let input = format!("[input]\ncatchments = {{ folder = \"decks/{{id}}/file.cio\" }}\n{DAYS}");
    let place = Place::new(&input, "");
    place.write("decks/a/file.cio", "");
    place.write("decks/b/other", "");
    assert_eq!(place.run(), "a");
    assert_eq!(place.run(), "");
    place.write("decks/b/file.cio", "");
    assert_eq!(place.run(), "b");
}

#[test]
fn the_rows_of_the_first_table_are_catchments() {
    let table = "[[parameters.table]]\nfile = \"basins.csv\"\nid = \"name\"\n";
    let input = format!("[input]\ncatchments = \"area > 1\"\n{DAYS}");
    let place = Place::new(&input, table);
    place.write("basins.csv", "name,area,k\nz,3,7\na,1,8\nm,2,9\n");
    assert_eq!(place.run(), "m z");
    let expected = [("z".to_owned(), 7.0), ("m".to_owned(), 9.0)];
    assert_eq!(place.product(), expected);
    place.write("basins.csv", "name,area,k\nz,3,7\na,4,8\nm,2,9\nx,1,1\n");
    assert_eq!(place.run(), "a");
    // Another table of a scenario gives values, and no catchments.
    let scenario =
        "[scenario.own]\n[[scenario.own.parameters.table]]\nfile = \"own.csv\"\nid = \"id\"\n";
    place.write("own.csv", "id,k\nz,1\na,8\nm,9\nother,5\n");
    place.describe(&input, &format!("{table}{scenario}"));
    assert_eq!(place.run(), "z");
    place.write("basins.csv", "name,area,k\n");
    place
        .call(&["run"])
        .expect(4)
        .says("there is no catchment in the table");
}

#[test]
fn a_file_may_hold_parameters_alone() {
    let input = format!("[input]\nfile = \"basins.nc\"\n{DAYS}");
    let place = Place::new(&input, "[scenario.own.parameters]\nk = \"= k_own\"\n");
    write_attributes(&place.path("basins.nc"), &[5, 6]);
    assert_eq!(place.run(), "c1 c2");
    assert_eq!(place.run(), "");
    write_attributes(&place.path("basins.nc"), &[5, 7]);
    assert_eq!(place.run(), "c2");
    // Steps that are stated are not remembered with the file.
    let other = input.replace("1d", "2d");
    place.describe(&other, "[scenario.own.parameters]\nk = \"= k_own\"\n");
    assert_eq!(place.run(), "c1 c2");
}

#[test]
fn stated_time_steps_are_as_good_as_those_of_a_file() {
    let project = Project::new(2);
    let text = SIMULATOR.replace("LOG_FILE", &project.path("calls").display().to_string());
    project.write("k.txt", "{k} {start} {steps}");
    let printing = r"printf 'q\n%s\n2\n3\n' $(cat k.txt)";
    let text = text.replace(printing, "(echo q; seq 24)");
    project.write_toml(&format!("[input]\nfile = \"input.h5\"\n{text}"));
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls().len(), 2);
    let time = "time = { start = 2009-01-01, step = \"1h\", end = \"2009-01-01 23:30\" }";
    project.write_toml(&format!(
        "[input]\ncatchments = [\"70001\", \"70002\"]\n{time}\n{text}"
    ));
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls(), [""; 0]);
    project.write_toml(&format!("[input]\nfile = \"input.h5\"\n{time}\n{text}"));
    let refused = project.rerunoff(&["status"]).expect(4);
    refused.says("series have 24 time steps from 2009-01-01T00:00:00 to 2009-01-01T23:00:00");
    refused.says("states 24 time steps from 2009-01-01T00:00:00");
}

#[test]
fn a_cluster_runs_the_catchments_of_the_plan() {
    let input = format!("[input]\ncatchments = {{ folder = \"gms/{{id}}.gms\" }}\n{DAYS}");
    let place = Place::new(&input, LOCAL);
    place.write("gms/a.gms", "");
    place.write("gms/b.gms", "");
    assert_eq!(place.run(), "a b");
    place.write("gms/c.gms", "");
    assert_eq!(place.run(), "c");
}

#[test]
fn what_is_missing_or_there_twice_is_said() {
    let table = "[[parameters.table]]\nfile = \"basins.csv\"\nid = \"name\"\n";
    let place = Place::new("", "");
    place.write("basins.csv", "name,k\na,1\n");
    write_attributes(&place.path("basins.nc"), &[5, 6]);
    let with = |input: &str, more: &str, code: i32, text: &str| {
        place.describe(input, more);
        let run = place.call(&["check"]);
        assert_eq!(run.code, code, "{input}: {}", run.stderr);
        run.says(text);
    };
    with("", "", 2, "there are no catchments; list them");
    with(
        "[input]\ncatchments = \"k > 1\"",
        "",
        2,
        "chooses among catchments, and there are none",
    );
    with("[input]\ncatchments = []", "", 2, "names no catchment");
    with(
        "[input]\ncatchments = [\"a\", \"a\"]",
        "",
        2,
        "names \"a\" twice",
    );
    with(
        "[input]\ncatchments = { folder = \"gms\" }",
        "",
        2,
        "has no {id} in it",
    );
    with(
        "[input]\ncatchments = { folder = \"gms/{id}\" }",
        "",
        4,
        "gms can't be listed",
    );
    with(
        "[input]\nfile = \"basins.nc\"\ncatchments = { folder = \"gms/{id}\" }",
        "",
        2,
        "the catchments are those of `file` already",
    );
    with(
        "[input]\ntime = \"t\"",
        table,
        2,
        "input.time: is a name in `file`",
    );
    with(
        "[input]\ngroup_prefix = \"t\"",
        table,
        2,
        "input.group_prefix: is a name in `file`",
    );
    with(
        "[input]\nfile = \"basins.nc\"\ntime = \"t\"",
        "",
        4,
        "there are no series",
    );
    with(
        "[input]\ncatchments = [\"a\"]",
        "",
        2,
        "should have a row for each time step of the project, and that has none",
    );
    let steps = "[input]\ncatchments = [\"a\"]\ntime = { start = \"1998-01-01\", step = \"1d\"";
    with(&format!("{steps} }}"), "", 2, "needs either `steps`");
    with(
        &format!("{steps}, steps = 0 }}"),
        "",
        2,
        "must be at least 1",
    );
    with(
        &format!("{steps}, end = \"1997-01-01\" }}"),
        "",
        2,
        "is before `start`",
    );
    with(
        &format!("[input]\ncatchments = [\"a\", \"b\"]\n{DAYS}"),
        table,
        4,
        "has no row for 1 of the input's catchments: b",
    );
    let scenario = "[scenario.s]\ncatchments = { folder = \"gms/{id}\" }";
    let input = format!("[input]\ncatchments = [\"a\"]\n{DAYS}");
    with(&input, scenario, 2, "a folder goes under [input]");
    with(
        &input,
        "[scenario.s]\ncatchments = [\"b\"]",
        2,
        "there is no catchment \"b\"",
    );
    place.describe("", "");
    let document = json(&place.call(&["run", "--json"]).expect(2).stdout);
    assert_eq!(document["error"]["kind"], "project file");
}

#[test]
fn a_project_without_time_steps_has_a_product() {
    let place = Place::new(
        "[input]\ncatchments = [\"basin\"]",
        "[sweep.k]\nvalues = [1, 2]\n",
    );
    let text = fs::read_to_string(place.path("rerunoff.toml")).expect("it");
    let text = text.replace("file = \"out.txt\"", "file = \"out.txt\"\ntime = \"none\"");
    place.write(
        "rerunoff.toml",
        &text.replace("\\n%s\\n2\\n3\\n", "\\n%s\\n"),
    );
    let checked = place.call(&["check", "--run"]).expect(0).stdout;
    assert!(
        checked.starts_with("1 catchment, no time steps\n"),
        "{checked}"
    );
    assert!(checked.ends_with(":\n  q: 1\n"), "{checked}");
    place.calls();
    assert_eq!(place.run(), "basin basin");
    let file = hdf5::File::open(place.path("output.h5")).expect("the product");
    let q = file.dataset("q").expect("q").read_dyn::<f64>().expect("q");
    assert_eq!(
        (q.shape(), q.iter().copied().collect()),
        (&[2, 1][..], vec![1.0, 2.0])
    );
    drop(file);
    assert_eq!(place.run(), "");
    place.call(&["tag", "first"]).expect(0);
    place.write("k.txt", "{k:.1f}1");
    assert_eq!(place.run(), "basin basin");
    let differ = place.call(&["diff", "first"]).expect(0).stdout;
    assert!(differ.contains("1 of 1 changed"), "{differ}");
    let csv = place.call(&["export", "basin", "--csv"]).expect(0).stdout;
    assert!(csv.contains("2.01"), "{csv}");
    let why = place
        .call(&["why", "basin", "--scenario", "k=1"])
        .expect(0)
        .stdout;
    assert!(!why.contains("time steps"), "{why}");
    place.call(&["run", "--at", "first"]).expect(0);
    place.call(&["verify", "--sample", "2"]).expect(0);
}

#[test]
fn what_is_about_time_steps_says_that_there_are_none() {
    let place = Place::new("[input]\ncatchments = [\"a\"]", "");
    place.write("k.txt", "{k} {steps}");
    let told = place.call(&["check"]).expect(2);
    told.says("{steps} is about the time steps, and the project has none; state them for all");
    place.write("k.txt", "{k}");
    let row = "[[simulator.input]]\nfile = \"series.txt\"\nrow = \"{step}\"\n";
    let text = String::from_utf8(fs::read(place.path("rerunoff.toml")).expect("it")).expect("text");
    let text = text
        .replace("[[simulator.input]]", &format!("{row}[[simulator.input]]"))
        .replace("file = \"out.txt\"", "file = \"out.txt\"\ntime = \"none\"");
    place.write("rerunoff.toml", &text);
    let told = place.call(&["check"]).expect(2);
    told.says("simulator.input.0.row: is printed for each time step, and there are none");
}
