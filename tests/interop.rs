//! What other programs write is read, and what rerunoff writes is read by other programs: the real ones, from the
//! virtual environment that `make test` sets up.

mod common;

use std::path::Path;
use std::process::Command;

use common::{Project, STEPS, discharge, id, precipitation};

/// Runs one of the scripts beside this file in the virtual environment; it must succeed.
#[track_caller]
fn python(script: &str, arguments: &[&Path]) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let interpreter = root.join(".venv/interop/bin/python");
    assert!(
        interpreter.exists(),
        "the readers are not installed; `make test` installs them"
    );
    let script = root.join("tests/interop").join(script);
    let output = Command::new(interpreter)
        .arg("-B")
        .arg(script)
        .args(arguments)
        .output()
        .expect("Python");
    let said = [output.stdout, output.stderr].concat();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&said)
    );
}

/// What the simulator printed, as the readers' script wants it.
fn write_expected(project: &Project, catchments: usize, failed: usize) {
    let mut text = "catchment,step,concentration,discharge,load\n".to_owned();
    for catchment in 0..catchments {
        for step in 0..STEPS {
            let row = match (catchment == failed, discharge(catchment, step)) {
                (true, _) => ",,".to_owned(),
                (false, 0.0) => ",0,".to_owned(),
                (false, flow) => {
                    let concentration = precipitation(catchment, step) * 2.0;
                    format!(
                        "{concentration},{flow},{:?}",
                        concentration * flow * 3600.0 * 1e-6
                    )
                }
            };
            text.push_str(&format!("{},{step},{row}\n", id(catchment)));
        }
    }
    project.write("expected.csv", &text);
}

#[test]
fn a_product_opens_in_every_reader_with_every_value_to_the_bit() {
    let project = Project::new(7);
    project.edit(
        "[product.variables]",
        "[product.parameters]\narea = { parameter = \"A_tot\", units = \"m2\" }\n[product.variables]",
    );
    project.set(&[(4, "exit")]);
    project.rerunoff(&["run"]).expect(1);
    write_expected(&project, 7, 4);
    python(
        "check_product.py",
        &[&project.path("output.h5"), &project.path("expected.csv")],
    );
}

#[test]
fn a_product_of_steps_opens_in_pytables_and_pandas() {
    let project = Project::new(7);
    project.edit("[product]\n", "[product]\nlayout = \"steps\"\n");
    project.set(&[(4, "exit")]);
    project.rerunoff(&["run"]).expect(1);
    write_expected(&project, 7, 4);
    python(
        "check_product.py",
        &[&project.path("output.h5"), &project.path("expected.csv")],
    );
    let again = project.rerunoff(&["run"]).expect(1);
    assert!(
        again.stdout.trim_end().ends_with("unchanged"),
        "{}",
        again.stdout
    );
}

#[test]
fn groups_and_arrays_with_the_same_data_give_the_same_keys() {
    let project = Project::new(6);
    let paths = ["input.h5", "groups.h5", "arrays.nc"].map(|name| project.path(name));
    python(
        "make_inputs.py",
        &paths.each_ref().map(|path| path.as_path()),
    );
    project.rerunoff(&["run"]).expect(0);
    assert_eq!(project.calls().len(), 6);
    let product = project.read("output.h5");
    for (from, to) in [("input.h5", "groups.h5"), ("groups.h5", "arrays.nc")] {
        project.edit(&format!("file = \"{from}\""), &format!("file = \"{to}\""));
        let run = project.rerunoff(&["run", "--rehash"]).expect(0);
        assert!(project.calls().is_empty(), "{to}: another key");
        assert!(
            run.stdout.trim_end().ends_with("unchanged"),
            "{to}: {}",
            run.stdout
        );
        assert!(project.read("output.h5") == product);
    }
}

#[test]
fn an_imported_file_opens_in_xarray_with_every_value() {
    let project = Project::new(4);
    std::fs::remove_file(project.path("input.h5")).expect("removed");
    let mut table = "time".to_owned();
    (0..4).for_each(|c| table.push_str(&format!(";{}", id(c))));
    for step in 0..STEPS {
        table.push_str(&format!("\n2009-01-01 {step:02}:00"));
        (0..4).for_each(|c| table.push_str(&format!(";{}", discharge(c, step) * 1000.0)));
    }
    project.write("Q.csv", &table);
    let days: String = (0..4)
        .map(|c| format!("2009-01-01,{},{c}.5\n", id(c)))
        .collect();
    project.write("T.csv", &format!("day,id,T\n{days}"));
    let rows: String = (0..4)
        .map(|c| format!("{},{c},{}\n", id(c), 1.5 + c as f64))
        .collect();
    project.write("basin.csv", &format!("id,order,area\n{rows}"));
    let import = r#"
[import]
filter = "order < 3"
[import.series.discharge]
file = "Q.csv"
formula = "value / 1000"
units = "m3 s-1"
[import.series.temperature]
file = "T.csv"
id = "id"
value = "T"
fill = "previous"
units = "degC"
[[import.table]]
file = "basin.csv"
id = "id"
[import.parameters]
A_tot = { formula = "area * 1e6", units = "m2" }
"#;
    project.write_toml(&(project.toml() + import));
    project.rerunoff(&["import"]).expect(0);
    let paths = ["input.h5", "Q.csv"].map(|name| project.path(name));
    python(
        "check_import.py",
        &paths.each_ref().map(|path| path.as_path()),
    );
}
