//! What `rerunoff import` makes of some files: the catchments, the times, the values, or what it said.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use rerunoff::inputs::{InputSpec, Inputs};

use crate::common::{IMPORTING, rerunoff};

/// An imported file.
#[derive(Debug)]
pub(super) struct Imported {
    pub ids: Vec<String>,
    /// Nanoseconds since 1970.
    pub times: Vec<i64>,
    /// Of each series and catchment.
    pub series: BTreeMap<String, Vec<Vec<f64>>>,
}

impl Imported {
    /// The values of the series `Q`.
    pub(super) fn values(&self) -> &[Vec<f64>] {
        &self.series["Q"]
    }

    /// The times as text.
    pub(super) fn dates(&self) -> Vec<String> {
        let at = |stamp: &i64| jiff::Timestamp::from_nanosecond(i128::from(*stamp));
        let show = |stamp| {
            at(stamp)
                .expect("in range")
                .strftime("%Y-%m-%d %H:%M")
                .to_string()
        };
        self.times.iter().map(show).collect()
    }
}

/// Imports these files as the project file says from `[import]` on; what the binary said if it would not.
#[track_caller]
pub(super) fn import(import: &str, files: &[(&str, &[u8])]) -> Result<Imported, String> {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).expect(name);
    }
    let toml = format!("{IMPORTING}[import]\n{import}\n");
    fs::write(folder.path().join("rerunoff.toml"), toml).expect("the project file");
    run(folder.path())
}

/// Imports the series `Q` of one file, with these fields.
#[track_caller]
pub(super) fn import_one(fields: &str, text: impl AsRef<[u8]>) -> Result<Imported, String> {
    let series = format!("[import.series.Q]\nfile = \"Q.csv\"\n{fields}");
    import(&series, &[("Q.csv", text.as_ref())])
}

fn run(folder: &Path) -> Result<Imported, String> {
    let output = rerunoff(folder, &["import"]).output().expect("the binary");
    let file = folder.join("input.h5");
    if !output.status.success() {
        assert!(!file.exists(), "nothing was written");
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let spec = InputSpec::of_files(vec![file.clone()]);
    let catalog = Inputs::open(&spec).expect("an input").into_catalog();
    let read = hdf5::File::open(&file).expect("a file");
    let values = |name: &str| {
        let values = read
            .dataset(name)
            .expect(name)
            .read_2d::<f64>()
            .expect(name);
        values.outer_iter().map(|row| row.to_vec()).collect()
    };
    Ok(Imported {
        ids: catalog
            .catchments
            .iter()
            .map(|one| one.id.as_str().to_owned())
            .collect(),
        times: catalog.time.expect("time steps").nanoseconds().to_vec(),
        series: (catalog.columns.iter())
            .map(|column| (column.name.clone(), values(&column.name)))
            .collect(),
    })
}
