//! Files of arrays: what is recognised in them, and how they are read.

use super::*;

#[test]
fn blocks_of_any_size_and_chunks_of_any_shape_give_the_same_series() {
    let folder = TempDir::new().expect("a folder");
    let numbers: Vec<usize> = (0..23).map(|i| i * 7 % 23 + 1).collect();
    let steps = 30;
    let some: Vec<usize> = vec![22, 3, 4, 5, 11, 0];
    let some_numbers: Vec<usize> = some.iter().map(|&at| numbers[at]).collect();
    for chunk in [
        None,
        Some((1, 23)),
        Some((7, 4)),
        Some((30, 1)),
        Some((30, 23)),
    ] {
        let path = folder.path().join(format!("{chunk:?}.nc"));
        write_arrays(&path, &numbers, steps, chunk);
        let inputs = Inputs::open(&spec(&[&path]))
            .expect("inputs")
            .with_scratch(folder.path());
        let all: Vec<usize> = (0..23).collect();
        for catchments_in_block in [1, 3, 5, 12, 100] {
            let bytes = catchments_in_block * 2 * steps * 8;
            expect_values(&read_all(&inputs, &all, bytes), &numbers, steps);
            expect_values(&read_all(&inputs, &some, bytes), &some_numbers, steps);
        }
    }
}

#[test]
fn reading_stops_when_told() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("arrays.nc");
    write_arrays(&path, &[1, 2, 3], 6, None);
    let inputs = Inputs::open(&spec(&[&path])).expect("inputs");
    let mut count = 0;
    let mut each = |_, _: Series| {
        count += 1;
        ControlFlow::Break(())
    };
    inputs
        .read(&[0, 1, 2], &[1], 1 << 20, &mut each)
        .expect("no error");
    assert_eq!(count, 1);
}

#[test]
fn one_id_twice_is_an_error() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("arrays.nc");
    write_arrays(&path, &[5, 3, 5], 6, None);
    let message = message(&spec(&[&path]));
    assert!(
        message.contains("catchment id 5 is there twice"),
        "{message}"
    );
}

#[test]
fn plain_files_are_understood_by_the_lengths_of_their_axes() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("plain.h5");
    let file = create(&path);
    let names = ["b ", "ä"].map(|name| name.parse::<VarLenUnicode>().expect("text"));
    file.new_dataset_builder()
        .with_data(&names)
        .create("station")
        .expect("ids");
    let times = [0.0, 1.0 / 24.0, 2.0 / 24.0];
    let time = file
        .new_dataset_builder()
        .with_data(&times)
        .create("t")
        .expect("time");
    set(&time, "units", "days since 2009-01-01 00:00:00");
    let values = Array2::from_shape_vec((3, 2), vec![10_i16, 20, -99, 40, 50, 60]).expect("values");
    let q = file
        .new_dataset_builder()
        .with_data(&values)
        .create("Q")
        .expect("a variable");
    q.new_attr::<i16>()
        .create("_FillValue")
        .expect("attribute")
        .write_scalar(&-99_i16)
        .expect("value");
    q.new_attr::<f64>()
        .create("scale_factor")
        .expect("attribute")
        .write_scalar(&0.5)
        .expect("value");
    q.new_attr::<f64>()
        .create("add_offset")
        .expect("attribute")
        .write_scalar(&1.0)
        .expect("value");
    file.new_dataset_builder()
        .with_data(&[1.5, f64::NAN])
        .create("area")
        .expect("a variable");
    file.new_dataset_builder()
        .with_data(&[1, 2, 3, 4])
        .create("another")
        .expect("a variable");
    drop((time, q));
    file.close().expect("closed");
    let inputs = Inputs::open(&spec(&[&path])).expect("inputs");
    assert_eq!(ids(&inputs), ["b", "ä"]);
    assert_eq!(
        inputs
            .catalog()
            .time
            .as_ref()
            .expect("time steps")
            .date_time(2)
            .to_string(),
        "2009-01-01T02:00:00"
    );
    let parameters = |row| inputs.catalog().parameters.of(row).collect::<Vec<_>>();
    assert_eq!(parameters(0), [("area", &Value::Number(1.5))]);
    assert_eq!(parameters(1), []);
    let read = read_all(&inputs, &[0, 1], 1 << 20);
    assert_eq!(
        read["b"],
        Err(BadInput::MissingValue {
            column: "Q".into(),
            step: 1
        })
    );
    assert_eq!(read["ä"], Ok(vec![vec![11.0, 21.0, 31.0]]));
    let named = InputSpec {
        id: Some("area".into()),
        ..spec(&[&path])
    };
    let text = message(&named);
    assert!(text.contains("there is no id at position 1"), "{text}");
}

#[test]
fn what_can_not_be_told_apart_must_be_named() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("plain.h5");
    let file = create(&path);
    for name in ["one", "two"] {
        file.new_dataset_builder()
            .with_data(&[7, 8])
            .create(name)
            .expect("ids");
    }
    file.new_dataset_builder()
        .with_data(&[0_i64, HOUR, 2 * HOUR])
        .create("time_steps")
        .expect("time");
    file.new_dataset_builder()
        .with_data(&Array2::<f64>::zeros((2, 3)))
        .create("Q")
        .expect("series");
    file.close().expect("closed");
    let text = message(&spec(&[&path]));
    assert!(text.contains("`id = \"…\"`: `one`, `two`"), "{text}");
    let named = InputSpec {
        id: Some("two".into()),
        ..spec(&[&path])
    };
    let inputs = Inputs::open(&named).expect("inputs");
    assert_eq!(ids(&inputs), ["7", "8"]);
    assert_eq!(
        inputs.catalog().parameters.get("one", 1),
        Some(&Value::Integer(8))
    );
    let wrong = InputSpec {
        id: Some("three".into()),
        ..spec(&[&path])
    };
    assert!(message(&wrong).contains("no variable `three`"));
}
