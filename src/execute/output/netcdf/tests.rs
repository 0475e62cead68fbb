//! Files of every shape, and what is told of those that do not fit.

use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use crate::netcdf::{Attribute, Data, Dimension, NetcdfFile};

/// Hours between the steps.
const STEP: i64 = 6;

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("out.nc")
    }

    /// A file of two time steps, three layers and two gauges, in which a value tells where it stands.
    fn written(&self) -> PathBuf {
        self.with(&|_, _| {})
    }

    fn with(&self, more: &dyn Fn(&mut NetcdfFile, [Dimension; 3])) -> PathBuf {
        let path = self.file();
        let mut file = NetcdfFile::create(&path).expect("a file");
        let units = [(
            "units".to_owned(),
            Attribute::from("hours since 2009-01-01"),
        )];
        let hours = [0.0, STEP as f64];
        let time = file
            .coordinate("time", Data::F64(&hours), &units)
            .expect("time");
        let layer = file
            .coordinate("depth", Data::F64(&[0.1, 0.3, 1.0]), &[])
            .expect("depth");
        let gauge = file
            .coordinate("gauge", Data::Texts(&["north", "south"]), &[])
            .expect("gauge");
        let values = |count: usize| (0..count).map(|at| at as f64).collect::<Vec<f64>>();
        let put = |file: &mut NetcdfFile, name: &str, dims: &[Dimension], count| {
            file.variable(name, dims, Data::F64(&values(count)), &[])
                .expect(name);
        };
        put(&mut file, "q", &[time], 2);
        put(&mut file, "q_by_gauge", &[time, gauge], 4);
        put(&mut file, "soil", &[layer, gauge, time], 12);
        put(&mut file, "volume", &[], 1);
        more(&mut file, [time, layer, gauge]);
        file.finish().expect("complete");
        path
    }
}

fn steps() -> TimeAxis {
    let start = 1_230_768_000_000_000_000;
    TimeAxis::new(vec![start, start + STEP * 3_600_000_000_000]).expect("an axis")
}

fn layers(places: WantedPlaces) -> WantedDimension {
    WantedDimension {
        name: "layer".to_owned(),
        places,
    }
}

/// What is wanted of one column with the project's steps.
fn wanted(columns: &[&str], steps: &TimeAxis) -> Wanted {
    Wanted {
        columns: columns.iter().map(|name| (*name).to_owned()).collect(),
        places: Vec::new(),
        indices: Vec::new(),
        time: Times::Same(steps.clone()),
        dimension: None,
        missing: Vec::new(),
    }
}

/// A coordinate with its value.
fn at(name: &str, value: &str) -> Vec<(String, String)> {
    vec![(name.to_owned(), value.to_owned())]
}

fn refused(path: &Path, wanted: &Wanted) -> String {
    read(path, wanted).expect_err("refused").to_string()
}

#[test]
fn series_numbers_and_dimensions_are_taken_in_any_order_of_axes() {
    let place = Place::new();
    let (path, steps) = (place.written(), steps());
    let all = read(&path, &wanted(&["q", "q"], &steps)).expect("read");
    assert_eq!(all.columns, [[0.0, 1.0], [0.0, 1.0]]);
    let by_gauge = Wanted {
        places: at("gauge", "south"),
        ..wanted(&["q", "q_by_gauge"], &steps)
    };
    let read_by_gauge = read(&path, &by_gauge).expect("read");
    assert_eq!(read_by_gauge.columns, [[0.0, 1.0], [1.0, 3.0]]);
    // [layer, gauge, time] becomes time-major.
    let dimension = layers(WantedPlaces::Read("depth".to_owned()));
    let soil = Wanted {
        dimension: Some(dimension),
        time: Times::Read,
        indices: vec![("gauge".to_owned(), 1)],
        ..wanted(&["soil"], &steps)
    };
    let table = read(&path, &soil).expect("read");
    assert_eq!(table.columns, [[2.0, 6.0, 10.0, 3.0, 7.0, 11.0]]);
    assert_eq!(table.places, Some(vec![0.1, 0.3, 1.0]));
    let start = 1_230_768_000.0;
    assert_eq!(table.time, Some(vec![start, start + 21_600.0]));
    let single = Wanted {
        time: Times::None,
        ..wanted(&["volume"], &steps)
    };
    assert_eq!(read(&path, &single).expect("read").columns, [[0.0]]);
}

#[test]
fn what_does_not_fit_is_told() {
    let place = Place::new();
    let (path, steps) = (place.written(), steps());
    let later = TimeAxis::new(steps.nanoseconds().iter().map(|at| at + 1).collect()).expect("it");
    let longer = TimeAxis::new([steps.nanoseconds(), &[i64::MAX / 2]].concat()).expect("it");
    let count = layers(WantedPlaces::Count(4));
    let plain = |columns: &'static [&'static str]| wanted(columns, &steps);
    let cases: [(Wanted, &str); 12] = [
        (plain(&["r"]), "there is no variable `r`; there are `"),
        (
            plain(&["soil"]),
            "`soil` has 3 places along `depth`; choose one by `where` or `index`",
        ),
        (plain(&["volume"]), "`volume` has no time"),
        (plain(&["gauge"]), "`gauge` has no time"),
        (
            wanted(&["q"], &later),
            "time step 0 of `q` is 2009-01-01T00:00:00, and that of the project is 2009-01-01T00:00:00.000000001",
        ),
        (
            wanted(&["q"], &longer),
            "`q` has 2 time steps, but there are 3; `time = { name",
        ),
        (
            Wanted {
                time: Times::None,
                ..plain(&["q"])
            },
            "`q` has 2 time steps, and `time = \"none\"` wants a single number",
        ),
        (
            Wanted {
                time: Times::Count(3),
                ..plain(&["q"])
            },
            "`q` has 2 time steps, but there are 3",
        ),
        (
            Wanted {
                places: at("gauge", "west"),
                ..plain(&["q_by_gauge"])
            },
            "`gauge` is nowhere west; it is north, south, …",
        ),
        (
            Wanted {
                places: at("depth", "0.2999"),
                ..plain(&["soil"])
            },
            "`depth` is nowhere 0.2999; it is 0.3, 0.1, 1, …",
        ),
        (
            Wanted {
                places: at("gauge", "north"),
                ..plain(&["q"])
            },
            "none of the columns runs along `gauge`",
        ),
        (
            Wanted {
                dimension: Some(count),
                places: at("gauge", "north"),
                ..plain(&["soil"])
            },
            "`soil` has 3 places along the output's dimension, and 4 are stated",
        ),
    ];
    for (wanted, expected) in cases {
        let text = refused(&path, &wanted);
        assert!(text.contains(expected), "{text}");
    }
    let beyond = Wanted {
        indices: vec![("gauge".to_owned(), 2)],
        ..plain(&["q_by_gauge"])
    };
    assert!(refused(&path, &beyond).contains("2 is none of them"));
}

#[test]
fn only_what_is_marked_may_be_missing() {
    let place = Place::new();
    let fill = [("_FillValue".to_owned(), Attribute::F64(-9999.0))];
    let path = place.with(&|file, [time, ..]| {
        for (name, value, attributes) in [
            ("filled", -9999.0, &fill[..]),
            ("nan", f64::NAN, &[]),
            ("endless", f64::INFINITY, &[]),
            ("marked", -99.0, &[]),
        ] {
            let values = [1.5, value];
            file.variable(name, &[time], Data::F64(&values), attributes)
                .expect(name);
        }
    });
    let steps = steps();
    let with = |columns: &[&str], missing: &[&str]| {
        let missing: Vec<String> = missing.iter().map(|mark| (*mark).to_owned()).collect();
        let wanted = Wanted {
            missing,
            ..wanted(columns, &steps)
        };
        read(&path, &wanted).map(|table| table.columns[0].clone())
    };
    let text = |columns: &[&str]| with(columns, &[]).expect_err("refused").to_string();
    assert!(text(&["filled"]).contains("`filled` has a missing value (time 1)"));
    assert!(text(&["nan"]).contains("`nan` has a value that is NaN (time 1)"));
    assert!(text(&["endless"]).contains("a value that is inf"));
    for (column, mark) in [
        ("filled", "_FillValue"),
        ("nan", "NaN"),
        ("endless", "inf"),
        ("marked", "-99.0"),
    ] {
        let values = with(&[column], &[mark]).expect(column);
        assert!(
            values[0] == 1.5 && values[1].is_nan(),
            "{column}: {values:?}"
        );
    }
}

#[test]
fn what_is_no_such_file_is_told() {
    let place = Place::new();
    let (path, steps) = (place.written(), steps());
    let whole = std::fs::read(&path).expect("the file");
    let wanted = wanted(&["q"], &steps);
    for (bytes, expected) in [
        (&b""[..], "the file is empty"),
        (b"year,q\n2009,1\n", "can't be opened as HDF5"),
        (b"CDF\x01garbage", "classic netCDF file can't be read"),
        (&whole[..whole.len() / 2], "can't be opened as HDF5"),
    ] {
        std::fs::write(&path, bytes).expect("written");
        let text = refused(&path, &wanted);
        assert!(text.contains(expected), "{text}");
        assert!(!text.contains(&*path.to_string_lossy()), "{text}");
    }
}
