//! What must never change by accident: the keys of results, the bytes of products and of imported files.
//!
//! A key that changes makes every user's catchments stale; other bytes of a product rebuild all that make has behind it. So
//! both are written down here, of one small project in several shapes. Where a change is meant, the new values go here, and the
//! CHANGELOG says who is concerned. Nothing in them depends on the machine: the simulator is a script that copies.

use std::fs;

use hdf5::types::FixedAscii;
use hdf5::{File, H5Type};
use rerunoff::system::regular;

use crate::common::{Project, STEPS, characters, discharge, id, precipitation, unlocked};

const CATCHMENTS: usize = 3;

/// Templates of both kinds, a table, a computed series, a formula, a support folder, and every part of the contract.
const PROJECT: &str = r#"
[input]
file = "input.h5"

[series]
precipitation_mm = "= precipitation * 25.4"

[parameters]
k = 0.012
name = "Aare < Rhein"
C_back = "= if(A_tot == 0, 0, k * 2)"

[[parameters.table]]
file = "catchments.csv"
id = "catchment"

[simulator]
command = ["./copy.sh", "{id}", "param.txt"]
support = ["copy.sh", "models"]
timeout = "20s"
exit_codes = [0, 3]
fail_on_stdout = ["[Error]"]
require = [{ file = "log_{id}.txt", contains = "COMPLETE" }]
directories = ["scratch"]
env = { MODEL = "{mode}" }

[[simulator.input]]
file = "layout.xml"
template = "templates/layout.xml"

[[simulator.input]]
file = "param.txt"
template = "templates/param.txt"

[[simulator.input]]
file = "input.txt"
header = "t\tP\tQ"
row = "{step_days}\t{precipitation_mm}\t{discharge}"
footer = "end of {id}"

[simulator.output]
file = "out.txt"
separator = "tab"
missing = ["NA", "-9999"]
skip_rows = 1
[simulator.output.columns]
rain = "P"
discharge = "Q"

[product]
file = "output.h5"
[product.variables]
rain = { units = "mm h-1", min = 0 }
discharge = { units = "m3 s-1" }
load = { formula = "rain * discharge", units = "g h-1" }
"#;

const SCENARIOS: &str = r#"
[scenario.dry]

[scenario.wet.parameters]
k = 0.013

[sweep.mode]
values = ["ok", "fast"]
"#;

const IMPORT: &str = r#"
[import]
[import.series.discharge]
file = "Q.csv"
units = "m3 s-1"
formula = "value / 1000"
[import.series.precipitation]
file = "P.csv"
id = "catchment"
time = "time"
value = "mm"
fill = "linear"
[[import.table]]
file = "areas.csv"
id = "catchment"
[import.parameters]
A_tot = { formula = "area * 1e6", units = "m2" }
region = "region"
"#;

#[derive(H5Type, Clone, Copy)]
#[repr(C)]
struct Series {
    precipitation: f64,
    discharge: f64,
}

#[derive(H5Type, Clone, Copy)]
#[repr(C)]
struct Parameter {
    name: FixedAscii<20>,
    value: f64,
}

fn project() -> Project {
    let project = Project::new(CATCHMENTS);
    project.write_toml(PROJECT);
    project.write(
        "copy.sh",
        "#!/bin/sh\nsed '1a of $1\n$d' input.txt > out.txt\necho COMPLETE > log_$1.txt\n",
    );
    fs::create_dir(project.path("models")).expect("a folder");
    project.write("models/a.dll", "one");
    project.write("models/b.dll", "two");
    project.write(
        "templates/layout.xml",
        "<?xml version=\"1.0\"?>\n<layout><!-- {not} --><catchment id=\"{id}\" area=\"{A_tot}\">{name}</catchment></layout>\n",
    );
    project.write(
        "templates/param.txt",
        "k={k:.5f} C={C_back} factor={factor} {input_file_name} {steps} {start:%Y-%m-%d} {{}}\n",
    );
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(project.path("copy.sh"), executable).expect("permissions");
    project
}

/// The same input as groups, one for each catchment.
fn write_groups(project: &Project) {
    fs::remove_file(project.path("input.h5")).expect("removed");
    let file = unlocked(&project.path("input.h5"));
    let hour = 3_600_000_000_000_i64;
    let start = 14_245 * 24 * hour;
    let time: Vec<i64> = (0..STEPS as i64).map(|step| start + step * hour).collect();
    let times = file.new_dataset_builder().with_data(&time);
    times.create("time_steps").expect("the time");
    for catchment in 0..CATCHMENTS {
        let group = file
            .create_group(&format!("catch_{}", id(catchment)))
            .expect("a group");
        let rows: Vec<Series> = (0..STEPS)
            .map(|step| Series {
                precipitation: precipitation(catchment, step),
                discharge: discharge(catchment, step),
            })
            .collect();
        let series = group.new_dataset_builder().with_data(&rows);
        series.create("inputs").expect("a table");
        let area = [Parameter {
            name: FixedAscii::from_ascii("A_tot").expect("a name"),
            value: 1e6 + catchment as f64,
        }];
        let parameters = group.new_dataset_builder().with_data(&area);
        parameters.create("parameters").expect("a table");
    }
}

/// Runs it, and gives the beginnings of the product's keys.
fn keys(project: &Project) -> Vec<String> {
    project.rerunoff(&["run"]).expect(0);
    let product = File::open(project.path("output.h5")).expect("the product");
    let keys = characters(&product, "key");
    keys.iter().map(|key| key[..16].to_owned()).collect()
}

fn digest(project: &Project, file: &str) -> String {
    regular::digest(&project.path(file))
        .expect("a digest")
        .to_string()
}

#[test]
fn keys_and_products_of_arrays_are_what_they_were() {
    let project = project();
    assert_eq!(
        keys(&project),
        ["b3c793b8df23a079", "e2876f0812915325", "80b03910e7af760d"]
    );
    assert_eq!(
        digest(&project, "output.h5"),
        "2c27d215b2ef891973e725ee76831b2dcf67ddf3f2d7008b0e52bde400609b92"
    );
    project.edit(
        "file = \"output.h5\"\n",
        "file = \"output.h5\"\nlayout = \"steps\"\n",
    );
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(
        digest(&project, "output.h5"),
        "57ef58dc829ad13031ebd55e64e76af35f82db605eb3912a5360fbfddff5965d"
    );
}

#[test]
fn groups_have_the_keys_of_arrays() {
    let [arrays, groups] = [project(), project()];
    write_groups(&groups);
    assert_eq!(keys(&groups), keys(&arrays));
}

#[test]
fn keys_and_products_of_scenarios_are_what_they_were() {
    let project = project();
    project.write_toml(&format!("{PROJECT}{SCENARIOS}"));
    assert_eq!(
        keys(&project),
        [
            "b3c793b8df23a079",
            "e2876f0812915325",
            "80b03910e7af760d",
            "412a9f95cfecca0a",
            "21dfd1312bebd551",
            "8e8b674fc0ec4e6b",
            "4dbee8373032cd69",
            "01260f3a2eb70db8",
            "51a68726ad98e2d9",
            "0a262337a3cfd11e",
            "12b7bcca529c49e7",
            "8fabbd191272238e"
        ]
    );
    assert_eq!(
        digest(&project, "output.h5"),
        "f2f0bc860543baecfb5bd112f0e035656699a5626163e1aadfd12f86d0b47751"
    );
}

#[test]
fn imported_files_are_what_they_were() {
    let project = project();
    let project_file = PROJECT.replace("file = \"input.h5\"\n", "file = \"imported.h5\"\n");
    project.write_toml(&format!("{project_file}{IMPORT}"));
    let mut wide = "time;70001;70002;70003\n".to_owned();
    let mut long = "catchment,time,mm\n".to_owned();
    for step in 0..STEPS {
        let flow = |catchment| discharge(catchment, step);
        wide.push_str(&format!(
            "2009-01-01 {step:02}:00;{};{};{}\n",
            flow(0),
            flow(1),
            flow(2)
        ));
    }
    for catchment in 0..CATCHMENTS {
        for step in (0..=STEPS).step_by(6) {
            let (day, hour) = (1 + step / 24, step % 24);
            let rain = precipitation(catchment, step);
            let id = id(catchment);
            long.push_str(&format!("{id},2009-01-{day:02} {hour:02}:00,{rain}\n"));
        }
    }
    project.write("Q.csv", &wide);
    project.write("P.csv", &long);
    project.write(
        "areas.csv",
        "catchment,area,region\n70001,1.5,north\n70002,2,south\n70003,0.25,south\n",
    );
    assert_eq!(
        keys(&project),
        ["15c2cb8888f05bfd", "28fb9c6c0e52cfc5", "7bf12e57a364a1f8"]
    );
    assert_eq!(
        digest(&project, "imported.h5"),
        "bff86329701e6c1f0d6c659a9b113f46dbe21b1735aa81b1ee59b6cd896acf96"
    );
}
