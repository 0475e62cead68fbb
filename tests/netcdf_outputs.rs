//! Outputs in NetCDF and HDF5: what netCDF4 reads of them, to the bit, and what becomes of files that are none.

use std::fs;
use std::path::Path;

use crate::common::{Project, id, python};

/// A project whose simulator copies files that were made before, and takes these outputs of them.
fn project(catchments: usize, outputs: &str) -> Project {
    let project = Project::new(catchments);
    fs::create_dir(project.path("made")).expect("a folder");
    let toml = project.toml();
    let (before, rest) = toml.split_once("[simulator]").expect("a simulator");
    let (_, product) = rest.split_once("[product]").expect("a product");
    let (product, _) = product
        .split_once("[product.variables]")
        .expect("variables");
    project.write_toml(&format!(
        "{before}[simulator]\ncommand = [\"cp\", \"made/{{id}}.nc\", \"out.nc\"]\n\
        after = [\"cp\", \"made/{{id}}.cdf\", \"cells.cdf\"]\nsupport = [\"made\"]\n{outputs}\n[product]{product}"
    ));
    project
}

const OUTPUTS: &str = r#"
[[simulator.output]]
file = "out.nc"
missing = ["_FillValue"]
columns = { packed = "packed", routed = "/routing/q" }
[[simulator.output]]
file = "out.nc"
where = { station_name = "at{id}" }
columns = { short = "short" }
[[simulator.output]]
file = "out.nc"
dimension = { name = "layer", column = "depth" }
columns = { soil = "soil" }
[[simulator.output]]
file = "out.nc"
index = { station = 0 }
time = { name = "day" }
columns = { daily = "daily" }
[[simulator.output]]
file = "out.nc"
time = "none"
columns = { area = "area" }
[[simulator.output]]
file = "cells.cdf"
where = { lat = 52.75, lon = 6.3 }
columns = { cell = "cells" }
"#;

/// One output of `packed`, which has no gap.
const ONE: &str = "[simulator.output]\nfile = \"out.nc\"\nmissing = [\"_FillValue\"]\ncolumns = { q = \"packed\" }\n";

fn make(project: &Project, ids: &[String]) -> String {
    let folder = project.path("made");
    let mut arguments: Vec<&Path> = vec![&folder];
    arguments.extend(ids.iter().map(Path::new));
    python("make_outputs.py", &arguments)
}

#[test]
fn variables_are_what_netcdf4_reads_to_the_bit() {
    let project = project(3, OUTPUTS);
    let ids: Vec<String> = (0..3).map(id).collect();
    let expected = make(&project, &ids);
    project.rerunoff(&["run"]).expect(0);
    let file = hdf5::File::open(project.path("output.h5")).expect("the product");
    for line in expected.lines() {
        let mut words = line.split(' ');
        let (name, catchment) = (words.next().expect("a name"), words.next().expect("an id"));
        let at = ids
            .iter()
            .position(|id| id == catchment)
            .expect("a catchment");
        let dataset = file.dataset(name).expect(name);
        let values = dataset.read_raw::<f64>().expect(name);
        let shape = dataset.shape();
        // [time, (layer,) catchment] or [catchment].
        let axis = shape
            .iter()
            .rposition(|length| *length == 3)
            .expect("the catchments");
        let behind: usize = shape[axis + 1..].iter().product();
        let own = values
            .iter()
            .enumerate()
            .filter(|(place, _)| place / behind % 3 == at);
        let found: Vec<String> = own
            .map(|(_, value)| match value.is_nan() {
                true => "nan".to_owned(),
                false => value.to_bits().to_string(),
            })
            .collect();
        assert_eq!(
            found,
            words.collect::<Vec<_>>(),
            "{name} of {catchment}, {shape:?}"
        );
    }
    let depth = file
        .dataset("layer")
        .expect("the layers")
        .read_raw::<f64>()
        .expect("read");
    assert_eq!(depth, [0.1_f32, 0.3, 1.0].map(f64::from));
    assert!(project.is_tidy());
}

#[test]
fn what_does_not_fit_is_the_catchments_failure_and_no_crash() {
    let project = project(9, ONE);
    let ids: Vec<String> = (0..9).map(id).collect();
    make(&project, &ids);
    let made = |at: usize| project.path("made").join(format!("{}.nc", ids[at]));
    let whole = fs::read(made(0)).expect("a file");
    fs::write(made(0), "year,q\n2009,1\n").expect("written");
    fs::write(made(1), "").expect("written");
    fs::write(made(2), &whole[..whole.len() / 3]).expect("written");
    fs::copy(made(3).with_extension("cdf"), made(3)).expect("copied");
    // Damage all over it: whatever the library makes of that, the others go on.
    let mut damaged = whole.clone();
    for at in (0..damaged.len()).step_by(97) {
        damaged[at] ^= 0x55;
    }
    fs::write(made(4), &damaged).expect("written");
    let outside = "import sys, h5py\nwith h5py.File(sys.argv[1], 'a') as f:\n    del f['packed']\n    \
        f['packed'] = h5py.ExternalLink(sys.argv[2], '/packed')\n";
    let virtual_one = "import sys, h5py\nwith h5py.File(sys.argv[1], 'a') as f:\n    s = f['packed']\n    \
        l = h5py.VirtualLayout(shape=s.shape, dtype=s.dtype)\n    l[:] = h5py.VirtualSource(sys.argv[2], '/packed', s.shape)\n    \
        d = f['packed'].attrs.get('DIMENSION_LIST')\n    del f['packed']\n    f.create_virtual_dataset('packed', l)\n    \
        f['packed'].dims[0].attach_scale(f['time'])\n";
    for (at, script) in [(5, outside), (6, virtual_one)] {
        let interpreter = Path::new(env!("CARGO_MANIFEST_DIR")).join(".venv/interop/bin/python");
        let ended = std::process::Command::new(interpreter)
            .args(["-c", script])
            .args([made(at), made(8)])
            .status();
        assert!(ended.is_ok_and(|ended| ended.success()), "{at}");
    }
    let run = project
        .rerunoff(&["run", "--max-failures", "100"])
        .expect(1);
    let failures = crate::common::json(&project.rerunoff(&["status", "--json"]).stdout);
    let failures = failures["failures"].as_array().expect("a list").clone();
    let reason = |at: usize| {
        let own = failures
            .iter()
            .find(|failure| failure["catchment"] == *ids[at]);
        own.map(|failure| failure["reason"].as_str().expect("text").to_owned())
    };
    for (at, expected) in [
        (0, "the file can't be opened as HDF5 or netCDF-4"),
        (1, "the file is empty"),
        (2, "the file can't be opened as HDF5 or netCDF-4"),
        (3, "there is no variable `packed`; there are `"),
        (4, ""),
        (5, "there is no variable `packed`"),
        (6, "its values are in other files"),
    ] {
        let reason = reason(at).unwrap_or_else(|| panic!("{at}: {}", run.stderr));
        assert!(
            reason.starts_with("its output: ") && reason.contains(expected),
            "{at}: {reason}"
        );
    }
    assert_eq!((reason(7), reason(8)), (None, None));
    assert!(
        run.stdout.starts_with("2 fresh, 9 run, 7 failed"),
        "{}",
        run.stdout
    );
    project.expect_all_gone();
}

#[test]
fn what_is_stated_of_it_is_checked_before_anything_is_run() {
    let project = project(1, ONE);
    make(&project, &[id(0)]);
    let told = |from: &str, to: &str, expected: &str| {
        project.edit(from, to);
        project.rerunoff(&["check"]).expect(2).says(expected);
        project.edit(to, from);
    };
    let file = "file = \"out.nc\"";
    told(
        file,
        "file = \"out.nc\"\nskip_rows = 1",
        "simulator.output.skip_rows: goes with text, and this output is NetCDF",
    );
    told(
        file,
        "file = \"out.txt\"\nindex = { station = 1 }",
        "simulator.output.index: goes with NetCDF, and this output is text",
    );
    told(
        "q = \"packed\"",
        "q = 3",
        "a column of NetCDF is a variable: write its name",
    );
    told(
        file,
        "file = \"out.nc\"\nformat = \"csv\"",
        "must be \"text\" or \"netcdf\"",
    );
    // A year that is not the project's is told with both times.
    project.edit("missing =", "index = { station = 0 }\nmissing =");
    let run = project.rerunoff(&["run"]).expect(1);
    run.says("none of the columns runs along `station`, where a place is chosen");
    project.edit("index = { station = 0 }\n", "");
    project.write_input_since("2009-02-01", &|_, _| 0.0);
    let run = project.rerunoff(&["run"]).expect(1);
    run.says("time step 0 of `packed` is 2009-01-01T00:00:00, and that of the project is 2009-02-01T00:00:00");
    project.edit("missing =", "time = \"steps\"\nmissing =");
    project.rerunoff(&["run"]).expect(0);
    project.edit("missing = [\"_FillValue\"]", "");
    let run = project.rerunoff(&["run"]).expect(1);
    run.says("`packed` has a missing value (time 7); `missing = [\"_FillValue\"]` allows them");
}

#[test]
fn kept_files_are_read_again() {
    let project = project(2, ONE);
    make(&project, &[id(0), id(1)]);
    let toml = String::from_utf8(project.read("rerunoff.toml")).expect("text");
    project.write_toml(&format!("{toml}\n[cache]\nkeep_outputs = true\n"));
    project.rerunoff(&["run"]).expect(0);
    project.edit("q = \"packed\"", "q = \"packed\", r = \"routing/q\"");
    let run = project.rerunoff(&["run"]).expect(0);
    assert!(
        run.stdout
            .starts_with("2 fresh, 0 run, 0 failed, 2 read again"),
        "{}",
        run.stdout
    );
    assert_eq!(project.product("r").len(), 24);
}
