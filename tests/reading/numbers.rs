//! Numbers in NetCDF and HDF5, as the conventions have them.

mod at_random;
mod basin;
mod tables;
mod times;

use std::fs;
use std::ops::ControlFlow;

use hdf5::File;
use hdf5::types::VarLenUnicode;
use ndarray::Array2;
use rerunoff::data::value::Value;
use rerunoff::inputs::BadInput;

use basin::{Attributes, Basin, HOURS, Says, describe, series, variable};

#[test]
fn signs_are_what_the_attribute_says_wherever_numbers_are_read() {
    for time_first in [true, false] {
        let basin = Basin::new();
        let file = basin.input();
        let unsigned = [("_Unsigned", Says::Text("true"))];
        series(&file, time_first, [[1_i8, -56, 3], [4, -1, 6]], &unsigned);
        variable(&file, "k", &[-56_i8, 7], &unsigned);
        file.close().expect("closed");
        assert_eq!(
            basin.series(),
            [Some(vec![1.0, 200.0, 3.0]), Some(vec![4.0, 255.0, 6.0])]
        );
        assert_eq!(
            basin.parameter("k"),
            [Some(Value::Integer(200)), Some(Value::Integer(7))]
        );

        let file = basin.input();
        let packed = [
            ("_Unsigned", Says::Text("true")),
            ("_FillValue", Says::Short(&[-1])),
            ("scale_factor", Says::Double(&[0.1])),
            ("add_offset", Says::Double(&[10.0])),
        ];
        series(
            &file,
            time_first,
            [[1_i16, -25_536, 3], [4, 5, -2]],
            &packed,
        );
        variable(&file, "k", &[-1_i16, -2], &packed);
        file.close().expect("closed");
        let last = 65_534.0 * 0.1 + 10.0;
        assert_eq!(
            basin.series(),
            [
                Some(vec![10.1, 4010.0, 3.0 * 0.1 + 10.0]),
                Some(vec![10.4, 10.5, last])
            ]
        );
        assert_eq!(basin.parameter("k"), [None, Some(Value::Number(last))]);

        let file = basin.input();
        let signed = [("_Unsigned", Says::Text("false"))];
        series(&file, time_first, [[1_u8, 200, 3], [4, 255, 6]], &signed);
        file.close().expect("closed");
        assert_eq!(
            basin.series(),
            [Some(vec![1.0, -56.0, 3.0]), Some(vec![4.0, -1.0, 6.0])]
        );
    }
    let basin = Basin::new();
    let file = basin.input();
    series(
        &file,
        false,
        [[1_i8, -56, 3], [4, -1, 6]],
        &[("_Unsigned", Says::Text("true"))],
    );
    file.close().expect("closed");
    basin.rerunoff(&["run"]).expect(0);
    assert_eq!(basin.product(), [[1.0, 200.0, 3.0], [4.0, 255.0, 6.0]]);
}

#[test]
fn ids_are_whole_to_the_last_digit_or_there_are_none() {
    let of = |write: &dyn Fn(&File)| {
        let basin = Basin::new();
        let file = basin.create();
        variable(&file, "time", &[0_i32, 1, 2], &[HOURS]);
        write(&file);
        series(&file, true, [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], &[]);
        file.close().expect("closed");
        basin
    };
    let ids = |basin: Basin| {
        let inputs = basin.open().expect("an input");
        let catchments = inputs.catalog().catchments.iter();
        catchments.map(|c| c.id.to_string()).collect::<Vec<_>>()
    };
    let largest = of(&|file| drop(variable(file, "id", &[u64::MAX, (1 << 53) + 1], &[])));
    assert_eq!(ids(largest), ["18446744073709551615", "9007199254740993"]);
    let unsigned = of(&|file| {
        drop(variable(
            file,
            "id",
            &[-1_i64, 1],
            &[("_Unsigned", Says::Text("true"))],
        ))
    });
    assert_eq!(ids(unsigned), ["18446744073709551615", "1"]);
    let marked = of(&|file| {
        drop(variable(
            file,
            "id",
            &[7, -99],
            &[("missing_value", Says::Text("-99"))],
        ))
    });
    assert!(
        marked.refusal().contains("there is no id at position 1"),
        "{}",
        marked.refusal()
    );
    let texts = of(&|file| {
        let texts = ["a", ""].map(|text| text.parse::<VarLenUnicode>().expect("text"));
        drop(variable(file, "id", &texts, &[]));
    });
    assert!(
        texts.refusal().contains("there is no id at position 1"),
        "{}",
        texts.refusal()
    );
}

#[test]
fn a_parameter_that_is_missing_has_no_value_and_large_ones_all_their_digits() {
    let basin = Basin::new();
    let file = basin.input();
    series(&file, true, [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], &[]);
    variable(&file, "large", &[(1 << 53) + 1, u64::MAX], &[]);
    variable(
        &file,
        "f4",
        &[-9999.9_f32, 1.5],
        &[("missing_value", Says::Double(&[-9999.9]))],
    );
    variable(
        &file,
        "several",
        &[-99_i32, -98],
        &[("missing_value", Says::Double(&[-99.0, -98.0]))],
    );
    variable(
        &file,
        "bounded",
        &[1_i32, 11],
        &[("valid_range", Says::Int(&[0, 10]))],
    );
    let texts = ["lake", "n/a"].map(|text| text.parse::<VarLenUnicode>().expect("text"));
    variable(&file, "kind", &texts, &[("_FillValue", Says::Text("n/a"))]);
    file.close().expect("closed");
    let text = |text: &str| Some(Value::Text(text.into()));
    assert_eq!(
        basin.parameter("large"),
        [
            Some(Value::Integer((1 << 53) + 1)),
            text("18446744073709551615")
        ]
    );
    assert_eq!(basin.parameter("f4"), [None, Some(Value::Number(1.5))]);
    assert_eq!(basin.parameter("several"), [None, None]);
    assert_eq!(basin.parameter("bounded"), [Some(Value::Integer(1)), None]);
    assert_eq!(basin.parameter("kind"), [text("lake"), None]);
    // Formulas compute with floating point: there the digits would be lost.
    let project = basin.folder.path().join("rerunoff.toml");
    let text = fs::read_to_string(&project).expect("a project");
    let text = text.replace("header =", "header = \"{k}\"\nheader_ =");
    let text = text.replace("header_ = \"step\\tQ\"\n", "");
    fs::write(&project, text + "[parameters]\nk = \"= large + 1\"\n").expect("written");
    let run = basin.rerunoff(&["check"]);
    assert!(
        run.stderr
            .contains("would round large, which is 9007199254740993"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_series_of_64_bits_is_exact_or_refused() {
    for time_first in [true, false] {
        let basin = Basin::new();
        let file = basin.input();
        let fill = [("_FillValue", Says::Int(&[-1]))];
        series(&file, time_first, [[1_i64, -1, 3], [1 << 62, 5, 6]], &fill);
        file.close().expect("closed");
        assert_eq!(
            basin.series(),
            [None, Some(vec![2.0_f64.powi(62), 5.0, 6.0])]
        );
        let file = basin.input();
        series(
            &file,
            time_first,
            [[1_u64, 2, 3], [4, 5, (1 << 53) + 1]],
            &[],
        );
        file.close().expect("closed");
        let run = basin.rerunoff(&["run"]).expect(4);
        let place = "time step 2 of the catchment at position 1 (counted from 0): 9007199254740993";
        assert!(run.stderr.contains(place), "{}", run.stderr);
        assert!(
            run.stderr.contains("input.nc: the series `Q`"),
            "{}",
            run.stderr
        );
    }
}

#[test]
fn marks_count_in_chunks_that_are_read_past_the_library_and_in_those_that_are_turned_first() {
    const STEPS: usize = 1000;
    for time_first in [true, false] {
        let basin = Basin::new();
        let file = basin.create();
        let hours: Vec<i32> = (0..STEPS as i32).collect();
        variable(&file, "time", &hours, &[HOURS]);
        variable(&file, "id", &[1_i32, 2, 3], &[]);
        // The first catchment has a mark, the second what is not valid, the third neither.
        let value = |catchment: usize, step: usize| match (catchment, step) {
            (0, 700) => -9999.0,
            (1, 800) => 1e6,
            _ => (catchment * STEPS + step) as f64,
        };
        let shape = if time_first { (STEPS, 3) } else { (3, STEPS) };
        let values = Array2::from_shape_fn(shape, |(row, column)| match time_first {
            true => value(column, row),
            false => value(row, column),
        });
        {
            let builder = file.new_dataset_builder().chunk(shape).shuffle().deflate(1);
            let dataset = builder.with_data(&values).create("Q").expect("Q");
            let marks = ("missing_value", Says::Text("-9999"));
            describe(&dataset, &[marks, ("valid_max", Says::Float(&[1e5]))]);
        }
        file.close().expect("closed");
        let scratch = basin.folder.path();
        let inputs = basin.open().expect("an input").with_scratch(scratch);
        // One catchment at once, and all of them.
        for block_bytes in [1, 1 << 20] {
            let mut gaps = [None; 3];
            let mut each = |at: usize, series: Result<Vec<Vec<f64>>, BadInput>| {
                gaps[at] = match series {
                    Err(BadInput::MissingValue { step, .. }) => Some(step),
                    _ => None,
                };
                ControlFlow::Continue(())
            };
            let read = inputs.read(&[0, 1, 2], &[0], block_bytes, &mut each);
            read.expect("series");
            assert_eq!(gaps, [Some(700), Some(800), None]);
        }
    }
}

#[test]
fn numbers_that_were_never_written_are_gaps() {
    let basin = Basin::new();
    let file = basin.input();
    let never = -2_147_483_647_i32;
    {
        let builder = file.new_dataset::<i32>().shape((2, 3)).fill_value(never);
        let dataset = builder.create("Q").expect("Q");
        let written = dataset.write_slice(&[7_i32, 8, 9], ndarray::s![1, ..]);
        written.expect("a row");
    }
    variable(&file, "k", &[never, 3], &[]);
    file.close().expect("closed");
    assert_eq!(basin.series(), [None, Some(vec![7.0, 8.0, 9.0])]);
    // Without a word on what was never written, it is a number as others are.
    assert_eq!(
        basin.parameter("k"),
        [Some(Value::Integer(never.into())), Some(Value::Integer(3))]
    );
}

#[test]
fn what_makes_no_sense_is_named_with_file_variable_attribute_and_what_was_found() {
    let refusal = |attributes: Attributes<'_>| {
        let basin = Basin::new();
        let file = basin.input();
        series(&file, true, [[1_i8, 2, 3], [4, 5, 6]], attributes);
        file.close().expect("closed");
        basin.refusal()
    };
    for (attributes, expected) in [
        (
            [("missing_value", Says::Text("none"))],
            "`missing_value` is \"none\"",
        ),
        (
            [("scale_factor", Says::Float(&[0.0]))],
            "`scale_factor` is 0.0",
        ),
        (
            [("valid_range", Says::Int(&[1, 2, 3]))],
            "`valid_range` is 1, 2, 3",
        ),
        (
            [("_FillValue", Says::UnsignedByte(&[255]))],
            "`_FillValue` is 255",
        ),
        ([("_Unsigned", Says::Byte(&[1]))], "`_Unsigned` is 1"),
    ] {
        let text = refusal(&attributes);
        assert!(text.contains("input.nc: the series `Q`"), "{text}");
        assert!(text.contains(expected), "{text}");
    }
}
