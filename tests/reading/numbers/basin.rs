//! A small project whose input is written as other programs would: any type, any attribute.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use hdf5::types::VarLenUnicode;
use hdf5::{Dataset, File, H5Type};
use ndarray::{Array1, Array2};
use rerunoff::data::value::Value;
use rerunoff::inputs::{InputSpec, Inputs};
use tempfile::TempDir;

use crate::common::{Run, rerunoff, unlocked};

/// A project with two catchments, 1 and 2, and three hourly steps, whose simulator gives back the series `Q` that it got.
pub(super) struct Basin {
    pub folder: TempDir,
}

/// What another program wrote about a variable.
pub(super) enum Says<'a> {
    Text(&'a str),
    Byte(&'a [i8]),
    UnsignedByte(&'a [u8]),
    Short(&'a [i16]),
    Int(&'a [i32]),
    Float(&'a [f32]),
    Double(&'a [f64]),
}

pub(super) type Attributes<'a> = &'a [(&'a str, Says<'a>)];

pub(super) fn describe(dataset: &Dataset, attributes: Attributes<'_>) {
    pub(crate) fn write<T: H5Type>(dataset: &Dataset, name: &str, values: &[T]) {
        let attribute = dataset.new_attr::<T>().shape(values.len()).create(name);
        let attribute = attribute.expect(name);
        attribute.write_raw(values).expect(name);
    }
    for (name, says) in attributes {
        match says {
            Says::Text(text) => {
                let text: VarLenUnicode = text.parse().expect("text");
                write(dataset, name, &[text]);
            }
            Says::Byte(values) => write(dataset, name, values),
            Says::UnsignedByte(values) => write(dataset, name, values),
            Says::Short(values) => write(dataset, name, values),
            Says::Int(values) => write(dataset, name, values),
            Says::Float(values) => write(dataset, name, values),
            Says::Double(values) => write(dataset, name, values),
        }
    }
}

pub(super) const HOURS: (&str, Says<'static>) = ("units", Says::Text("hours since 2009-01-01"));

impl Basin {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let project = r#"
            [input]
            file = "input.nc"
            id = "id"
            [simulator]
            command = ["cp", "input.txt", "out.txt"]
            timeout = "20s"
            [[simulator.input]]
            file = "input.txt"
            header = "step\tQ"
            row = "{step}\t{Q}"
            [simulator.output]
            file = "out.txt"
            [simulator.output.columns]
            Q = "Q"
            [product]
            file = "output.h5"
            [product.variables]
            Q = {}
        "#;
        fs::write(folder.path().join("rerunoff.toml"), project).expect("a project");
        Self { folder }
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().join("input.nc")
    }

    /// An empty file.
    pub(super) fn create(&self) -> File {
        unlocked(&self.path())
    }

    /// An input without a time: ids alone.
    pub(super) fn bare(&self) -> File {
        let file = self.create();
        variable(&file, "id", &[1_i32, 2], &[]);
        file
    }

    /// An input with its time, but without series.
    pub(super) fn input(&self) -> File {
        let file = self.bare();
        variable(&file, "time", &[0_i32, 1, 2], &[HOURS]);
        file
    }

    pub(super) fn open(&self) -> anyhow::Result<Inputs> {
        Inputs::open(&spec(&self.path()))
    }

    /// The series `Q` of both catchments; `None` for one with a gap.
    #[track_caller]
    pub(super) fn series(&self) -> [Option<Vec<f64>>; 2] {
        let inputs = self.open().expect("an input");
        let mut read = [None, None];
        let mut each = |at: usize, series: Result<Vec<Vec<f64>>, _>| {
            read[at] = series.ok().and_then(|mut series| series.pop());
            ControlFlow::Continue(())
        };
        inputs
            .read(&[0, 1], &[0], 1 << 20, &mut each)
            .expect("series");
        read
    }

    /// A parameter of both catchments.
    #[track_caller]
    pub(super) fn parameter(&self, name: &str) -> [Option<Value>; 2] {
        let inputs = self.open().expect("an input");
        [0, 1].map(|at| inputs.catalog().parameters.get(name, at).cloned())
    }

    /// Why it can't be opened.
    #[track_caller]
    pub(super) fn refusal(&self) -> String {
        let error = self.open().expect_err("a refusal");
        format!("{error:#}")
    }

    pub(super) fn rerunoff(&self, arguments: &[&str]) -> Run {
        let run = rerunoff(self.folder.path(), arguments).output();
        run.expect("the binary").into()
    }

    /// The product's `Q` as rows of a catchment.
    pub(super) fn product(&self) -> Vec<Vec<f64>> {
        let product = File::open(self.folder.path().join("output.h5")).expect("a product");
        let values: Array2<f64> = product.dataset("Q").expect("Q").read_2d().expect("Q");
        values
            .columns()
            .into_iter()
            .map(|column| column.to_vec())
            .collect()
    }
}

/// Writes a list.
pub(super) fn variable<T: H5Type + Clone>(
    file: &File,
    name: &str,
    values: &[T],
    attributes: Attributes<'_>,
) -> Dataset {
    let values = Array1::from(values.to_vec());
    let dataset = file.new_dataset_builder().with_data(&values).create(name);
    let dataset = dataset.expect(name);
    describe(&dataset, attributes);
    dataset
}

/// Writes the series `Q`, given catchment by catchment, in either order of its axes.
pub(super) fn series<T: H5Type + Clone>(
    file: &File,
    time_first: bool,
    values: [[T; 3]; 2],
    attributes: Attributes<'_>,
) -> Dataset {
    let values = ndarray::arr2(&values);
    let values = match time_first {
        true => values.t().as_standard_layout().into_owned(),
        false => values,
    };
    let dataset = file.new_dataset_builder().with_data(&values).create("Q");
    let dataset = dataset.expect("Q");
    describe(&dataset, attributes);
    dataset
}

pub(super) fn spec(file: &Path) -> InputSpec {
    InputSpec {
        id: Some("id".to_owned()),
        ..InputSpec::of_files(vec![file.to_owned()])
    }
}
