//! What users' files look like, in small, and what is read from them.

mod arrays;
mod conventions;
mod files;
mod groups;

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use hdf5::types::{FixedAscii, VarLenArray, VarLenUnicode};
use hdf5::{Dataset, File, H5Type, ObjectReference1};
use ndarray::{Array2, arr1};
use tempfile::TempDir;

use super::*;
use crate::data::catchment::CatchmentId;
use crate::data::value::Value;

const HOUR: i64 = 3_600_000_000_000;

/// A new HDF5 file without a lock: a program that another test starts in the meantime inherits the file, and would keep it locked
/// until it ends.
pub(super) fn create(path: impl AsRef<Path>) -> File {
    let mut options = File::with_options();
    let options = options.with_fapl(|fapl| fapl.file_locking(false));
    options.create(path).expect("a file")
}

#[derive(H5Type, Clone, Copy)]
#[repr(C)]
struct InputRow {
    temperature: f64,
    label: FixedAscii<4>,
    precipitation: f32,
}

#[derive(H5Type, Clone, Copy)]
#[repr(C)]
struct ParameterRow {
    name: FixedAscii<100>,
    value: f64,
    unit: FixedAscii<20>,
}

#[derive(H5Type, Clone, Copy)]
#[repr(C)]
struct TimeRow {
    timesteps: i64,
}

fn spec(files: &[&Path]) -> InputSpec {
    InputSpec::of_files(files.iter().map(|&file| file.to_owned()).collect())
}

fn ascii<const N: usize>(text: &str) -> FixedAscii<N> {
    FixedAscii::from_ascii(text).expect("ASCII")
}

fn set(of: &hdf5::Location, attribute: &str, text: &str) {
    let text: VarLenUnicode = text.parse().expect("text");
    let created = of
        .new_attr::<VarLenUnicode>()
        .create(attribute)
        .expect("an attribute");
    created.write_scalar(&text).expect("text");
}

/// Attaches dimension scales as netCDF-4 does.
fn dims(file: &File, of: &Dataset, names: &[&str]) {
    let list: Vec<VarLenArray<ObjectReference1>> = (names.iter())
        .map(|name| VarLenArray::from_slice(&[file.reference(name).expect("a reference")]))
        .collect();
    let attribute = of
        .new_attr::<VarLenArray<ObjectReference1>>()
        .shape(names.len())
        .create("DIMENSION_LIST")
        .expect("an attribute");
    attribute.write_raw(&list).expect("references");
}

/// The value of series `column` (0 or 1) of the catchment with this number.
fn value(column: usize, number: usize, step: usize) -> f64 {
    (column * 1000 + number * 10) as f64 + step as f64 / 8.0
}

struct Groups<'a> {
    numbers: &'a [usize],
    steps: usize,
    path: PathBuf,
}

impl Groups<'_> {
    fn write(&self) -> File {
        let file = create(&self.path);
        let times: Vec<TimeRow> = (0..self.steps as i64)
            .map(|step| TimeRow {
                timesteps: step * HOUR,
            })
            .collect();
        let builder = file.new_dataset_builder().with_data(&times);
        builder.create("time_steps").expect("a table");
        for &number in self.numbers {
            write_series(&file, &format!("catch_{number}"), number, self.steps);
            write_parameters(
                &file,
                &format!("catch_{number}"),
                &[("A_tot", number as f64), ("empty", f64::NAN)],
            );
        }
        file.create_group("no_catchment").expect("a group");
        file
    }
}

fn write_series(file: &File, group: &str, number: usize, steps: usize) {
    let rows: Vec<InputRow> = (0..steps)
        .map(|step| InputRow {
            temperature: value(1, number, step),
            label: ascii("x"),
            precipitation: value(0, number, step) as f32,
        })
        .collect();
    let builder = file.new_dataset_builder().deflate(4).with_data(&rows);
    builder
        .create(format!("{group}/inputs").as_str())
        .expect("a table");
}

fn write_parameters(file: &File, group: &str, parameters: &[(&str, f64)]) {
    let rows: Vec<ParameterRow> = (parameters.iter())
        .map(|(name, value)| ParameterRow {
            name: ascii(name),
            value: *value,
            unit: ascii("m**2"),
        })
        .collect();
    let builder = file.new_dataset_builder().with_data(&rows);
    builder
        .create(format!("{group}/parameters").as_str())
        .expect("a table");
}

/// A file as netCDF-4 writes it: `temperature` [time, catchment] and `precipitation` [catchment, time].
fn write_arrays(
    path: &Path,
    numbers: &[usize],
    steps: usize,
    chunk: Option<(usize, usize)>,
) -> File {
    let file = create(path);
    let times: Vec<i64> = (0..steps as i64).collect();
    let time = file
        .new_dataset_builder()
        .with_data(&times)
        .create("time")
        .expect("time");
    set(&time, "units", "hours since 1970-01-01");
    let ids: Vec<i32> = numbers.iter().map(|&number| number as i32).collect();
    let id = file
        .new_dataset_builder()
        .with_data(&ids)
        .create("gauge")
        .expect("ids");
    for scale in [&time, &id] {
        set(scale, "CLASS", "DIMENSION_SCALE");
    }
    let temperature =
        Array2::from_shape_fn((steps, numbers.len()), |(t, c)| value(1, numbers[c], t));
    let rain = Array2::from_shape_fn((numbers.len(), steps), |(c, t)| {
        value(0, numbers[c], t) as f32
    });
    let mut builder = file.new_dataset_builder();
    let mut other = file.new_dataset_builder();
    if let Some((t, c)) = chunk {
        builder = builder.chunk((t, c)).deflate(1);
        other = other.chunk((c, t)).deflate(1);
    }
    let first = builder
        .with_data(&temperature)
        .create("temperature")
        .expect("a variable");
    let second = other
        .with_data(&rain)
        .create("precipitation")
        .expect("a variable");
    set(&first, "units", "degC");
    dims(&file, &first, &["time", "gauge"]);
    dims(&file, &second, &["gauge", "time"]);
    let areas: Vec<f64> = numbers.iter().map(|&number| number as f64).collect();
    let area = file
        .new_dataset_builder()
        .with_data(&areas)
        .create("A_tot")
        .expect("a variable");
    dims(&file, &area, &["gauge"]);
    file
}

fn read_all(inputs: &Inputs, wanted: &[usize], block_bytes: usize) -> BTreeMap<String, Series> {
    let mut read = BTreeMap::new();
    let columns: Vec<usize> = (0..inputs.catalog().columns.len()).collect();
    inputs
        .read(wanted, &columns, block_bytes, &mut |at, series| {
            let id = inputs.catalog().catchments[at].id.to_string();
            assert!(
                read.insert(id, series).is_none(),
                "each catchment comes once"
            );
            ControlFlow::Continue(())
        })
        .expect("series");
    read
}

fn expect_values(read: &BTreeMap<String, Series>, numbers: &[usize], steps: usize) {
    assert_eq!(read.len(), numbers.len());
    for &number in numbers {
        let series = read[&number.to_string()].as_ref().expect("series");
        for (column, values) in series.iter().enumerate() {
            let expected: Vec<f64> = (0..steps).map(|step| value(column, number, step)).collect();
            assert_eq!(*values, expected, "column {column} of {number}");
        }
    }
}

fn ids(inputs: &Inputs) -> Vec<String> {
    inputs
        .catalog()
        .catchments
        .iter()
        .map(|entry| entry.id.to_string())
        .collect()
}

fn message(spec: &InputSpec) -> String {
    format!("{:#}", Inputs::open(spec).expect_err("an error"))
}
