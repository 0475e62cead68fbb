//! Time coordinates in NetCDF.

use hdf5::File;

use super::basin::{Basin, HOURS, Says, describe, series, variable};

#[test]
fn a_time_step_without_a_value_is_named() {
    let times = |write: &dyn Fn(&File)| {
        let basin = Basin::new();
        let file = basin.bare();
        write(&file);
        series(&file, true, [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], &[]);
        file.close().expect("closed");
        basin
    };
    let never = -2_147_483_647_i32;
    let gaps: [&dyn Fn(&File); 9] = [
        &|file| {
            drop(variable(
                file,
                "time",
                &[0_i32, 1, 9999],
                &[HOURS, ("_FillValue", Says::Int(&[9999]))],
            ))
        },
        &|file| {
            drop(variable(
                file,
                "time",
                &[0.0, 1.0, 9999.0],
                &[HOURS, ("missing_value", Says::Double(&[9999.0]))],
            ))
        },
        &|file| {
            drop(variable(
                file,
                "time",
                &[0_i32, 1, -999],
                &[HOURS, ("missing_value", Says::Text("-999"))],
            ))
        },
        &|file| {
            drop(variable(
                file,
                "time",
                &[0_i64, 1, 9999],
                &[HOURS, ("valid_range", Says::Int(&[0, 9998]))],
            ))
        },
        &|file| {
            drop(variable(
                file,
                "time",
                &[0_f32, 1.0, 9999.0],
                &[HOURS, ("valid_max", Says::Float(&[9998.0]))],
            ))
        },
        &|file| {
            drop(variable(
                file,
                "time",
                &[0_u64, 1, u64::MAX],
                &[HOURS, ("missing_value", Says::Text("18446744073709551615"))],
            ))
        },
        &|file| {
            drop(variable(
                file,
                "time",
                &[0_i8, 1, -1],
                &[
                    HOURS,
                    ("_Unsigned", Says::Text("true")),
                    ("_FillValue", Says::Byte(&[-1])),
                ],
            ))
        },
        &|file| {
            drop(variable(
                file,
                "time",
                &[0_i16, 1, 99],
                &[
                    HOURS,
                    ("scale_factor", Says::Double(&[0.5])),
                    ("_FillValue", Says::Short(&[99])),
                ],
            ))
        },
        &|file| {
            let dataset = file
                .new_dataset::<i32>()
                .shape(3)
                .fill_value(never)
                .create("time");
            let dataset = dataset.expect("time");
            dataset.write_slice(&[0, 1], ndarray::s![..2]).expect("two");
            describe(&dataset, &[HOURS]);
        },
    ];
    for write in gaps {
        let basin = times(write);
        let run = basin.rerunoff(&["check"]).expect(4);
        let expected = "input.nc: the time coordinate `time`: time step 2 has no value";
        assert!(run.stderr.contains(expected), "{}", run.stderr);
    }
}

#[test]
fn times_are_unpacked_and_exact() {
    let stamps = |write: &dyn Fn(&File)| {
        let basin = Basin::new();
        let file = basin.bare();
        write(&file);
        series(&file, true, [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], &[]);
        file.close().expect("closed");
        let inputs = basin.open().expect("an input");
        let time = inputs.catalog().time.as_ref().expect("time steps");
        [0, 1, 2].map(|step| time.date_time(step).to_string())
    };
    let hours = [
        "2009-01-01T00:00:00",
        "2009-01-01T01:00:00",
        "2009-01-01T02:00:00",
    ];
    let packed = |file: &File| {
        let scale = ("scale_factor", Says::Float(&[0.5]));
        drop(variable(file, "time", &[0_i16, 2, 4], &[HOURS, scale]));
    };
    assert_eq!(stamps(&packed), hours);
    let unsigned = |file: &File| {
        let units = ("units", Says::Text("hours since 2008-12-21 16:00:00"));
        drop(variable(
            file,
            "time",
            &[-8_i8, -7, -6],
            &[units, ("_Unsigned", Says::Text("true"))],
        ));
    };
    assert_eq!(stamps(&unsigned), hours);
    let large = |file: &File| {
        let start = 1_230_768_000_000_000_000_u64;
        let units = ("units", Says::Text("nanoseconds since 1970-01-01"));
        let hour = 3_600_000_000_000;
        drop(variable(
            file,
            "time",
            &[start, start + hour, start + 2 * hour],
            &[units],
        ));
    };
    assert_eq!(stamps(&large), hours);
    let zoned = |file: &File| {
        let units = (
            "units",
            Says::Text("hours since 2009-01-01 01:00:00 +01:00"),
        );
        drop(variable(file, "time", &[0_i32, 1, 2], &[units]));
    };
    assert_eq!(stamps(&zoned), hours);
}
