//! Classic netCDF files.

use std::fs;
use std::path::Path;

use crate::common::{Project, id, python};

const CLASSIC: [&str; 3] = [
    "NETCDF3_CLASSIC",
    "NETCDF3_64BIT_OFFSET",
    "NETCDF3_64BIT_DATA",
];

/// Has the project read another file.
fn switch(project: &Project, file: &Path) {
    fs::copy(file, project.path("input.h5")).expect("copied");
}

/// The formats of all layouts, below a folder.
fn layouts(folder: &Path) -> Vec<String> {
    let said = python("make_classic.py", &[folder]);
    said.lines().map(str::to_owned).collect()
}

#[test]
fn all_formats_of_netcdf_say_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    for layout in layouts(folder.path()) {
        let project = Project::new(3);
        let file = |format: &str| folder.path().join(format!("{layout}/{format}.nc"));
        switch(&project, &file("NETCDF4"));
        project.edit("[input]", "[input]\non_bad_input = \"skip\"");
        let first = project.rerunoff(&["run"]);
        let fine = if layout == "gaps" { 1 } else { 3 };
        assert_eq!(project.calls().len(), fine, "{}", first.stderr);
        let product = project.read("output.h5");
        for format in CLASSIC {
            switch(&project, &file(format));
            let run = project.rerunoff(&["run"]).expect(first.code);
            assert_eq!(project.calls(), [""; 0], "{layout} {format}");
            assert_eq!(project.read("output.h5"), product, "{layout} {format}");
            let about = |text: &str| -> Vec<String> {
                let lines = text.lines().filter(|line| line.contains("no value"));
                lines.map(str::to_owned).collect()
            };
            assert_eq!(about(&run.stderr), about(&first.stderr), "{format}");
            let rendered = project.rerunoff(&["check", &id(0)]).expect(0);
            switch(&project, &file("NETCDF4"));
            let expected = project.rerunoff(&["check", &id(0)]).expect(0);
            assert_eq!(rendered.stdout, expected.stdout, "{layout} {format}");
        }
    }
}

#[test]
fn a_file_whose_writer_could_not_tell_its_records_is_read_to_its_end() {
    let folder = tempfile::tempdir().expect("a folder");
    layouts(folder.path());
    for (format, width) in CLASSIC.into_iter().zip([4, 4, 8]) {
        let file = folder.path().join(format!("records/{format}.nc"));
        let project = Project::new(3);
        switch(&project, &file);
        project.rerunoff(&["run"]).expect(0);
        assert_eq!(project.calls().len(), 3);
        let mut bytes = fs::read(&file).expect("a file");
        bytes[4..4 + width].fill(0xff);
        fs::write(project.path("input.h5"), bytes).expect("written");
        project.rerunoff(&["run"]).expect(0);
        assert_eq!(project.calls(), [""; 0], "{format}");
    }
}

#[test]
fn a_damaged_file_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    layouts(folder.path());
    let whole = fs::read(folder.path().join("packed/NETCDF3_CLASSIC.nc")).expect("a file");
    let project = Project::new(3);
    for (length, version, message) in [
        (whole.len() - 20, 1, "the file is cut off: it has"),
        (
            100,
            1,
            "the header of this classic netCDF file can't be read: it is cut off",
        ),
        (3, 1, "it is cut off"),
        (
            whole.len(),
            3,
            "the version of the format is 3, known are 1, 2 and 5",
        ),
    ] {
        let mut bytes = whole[..length].to_vec();
        if let Some(place) = bytes.get_mut(3) {
            *place = version;
        }
        fs::write(project.path("input.h5"), bytes).expect("written");
        for verb in ["run", "status", "check"] {
            let run = project.rerunoff(&[verb]).expect(4);
            assert!(run.stderr.contains(message), "{}", run.stderr);
            assert!(run.stderr.contains("input.h5: "), "{}", run.stderr);
        }
    }
    assert_eq!(project.calls(), [""; 0]);
}

#[test]
fn ids_of_an_import_may_be_in_a_classic_file() {
    let folder = tempfile::tempdir().expect("a folder");
    layouts(folder.path());
    let project = Project::new(3);
    fs::remove_file(project.path("input.h5")).expect("removed");
    project.write("q.csv", "2009-01-01,1,2,3\n2009-01-02,1,2,3\n");
    for (file, name, ids) in [
        (
            "records/NETCDF3_CLASSIC.nc",
            "catchment",
            ["70001", "70002", "70003"],
        ),
        (
            "packed/NETCDF3_64BIT_DATA.nc",
            "station",
            ["70001", "70002", "70003"],
        ),
        ("alone.nc", "id", ["7", "-1", "300"]),
    ] {
        let toml = project.toml();
        let import = format!(
            "[import.series.q]\nfile = \"q.csv\"\nids = {{ file = {:?}, name = {name:?} }}\n\n[input]",
            folder.path().join(file)
        );
        project.write_toml(&toml.replace("[input]", &import));
        project.rerunoff(&["import"]).expect(0);
        let imported = hdf5::File::open(project.path("input.h5")).expect("the input");
        let found = imported.dataset("catchment").expect("ids");
        let found = found.read_raw::<hdf5::types::VarLenUnicode>().expect("ids");
        let found: Vec<&str> = found.iter().map(|id| id.as_str()).collect();
        assert_eq!(found, ids, "{file}");
    }
}
