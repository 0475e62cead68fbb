//! Files of groups, as PyTables programs write them.

use super::*;

#[test]
fn groups_are_read_in_natural_order() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("groups.h5");
    Groups {
        numbers: &[100, 9, 70],
        steps: 5,
        path: path.clone(),
    }
    .write();
    let inputs = Inputs::open(&spec(&[&path])).expect("inputs");
    assert_eq!(ids(&inputs), ["9", "70", "100"]);
    let names: Vec<_> = inputs
        .catalog()
        .columns
        .iter()
        .map(|column| &column.name)
        .collect();
    assert_eq!(names, ["precipitation", "temperature"]);
    assert_eq!(
        inputs
            .catalog()
            .time
            .as_ref()
            .expect("time steps")
            .nanoseconds()[4],
        4 * HOUR
    );
    let parameters: Vec<_> = inputs.catalog().parameters.of(1).collect();
    assert_eq!(parameters, [("A_tot", &Value::Number(70.0))]);
    expect_values(&read_all(&inputs, &[2, 0, 1, 0], 1 << 20), &[9, 70, 100], 5);
}

#[test]
fn a_fault_of_one_group_is_its_own() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("groups.h5");
    let file = Groups {
        numbers: &[1],
        steps: 5,
        path: path.clone(),
    }
    .write();
    write_series(&file, "catch_2", 2, 5);
    write_parameters(&file, "catch_3", &[("A_tot", 3.0)]);
    write_series(&file, "catch_4", 4, 4);
    write_parameters(&file, "catch_4", &[]);
    write_series(&file, "catch_5", 5, 5);
    write_parameters(&file, "catch_5", &[("a", 1.0), ("a", 2.0)]);
    let gap = [InputRow {
        temperature: f64::INFINITY,
        label: ascii(""),
        precipitation: 0.0,
    }; 5];
    file.new_dataset_builder()
        .with_data(&gap)
        .create("catch_6/inputs")
        .expect("a table");
    write_parameters(&file, "catch_6", &[]);
    file.close().expect("closed");
    let inputs = Inputs::open(&spec(&[&path])).expect("inputs");
    let read = read_all(&inputs, &[0, 1, 2, 3, 4, 5], 1 << 20);
    let problem = |id: &str| read[id].as_ref().expect_err("a problem").clone();
    assert!(read["1"].is_ok());
    assert_eq!(
        problem("2"),
        BadInput::NoParameters {
            table: "parameters".into()
        }
    );
    assert_eq!(
        problem("3"),
        BadInput::NoSeriesTable {
            table: "inputs".into()
        }
    );
    assert!(matches!(
        problem("4"),
        BadInput::Length {
            found: 4,
            expected: 5,
            ..
        }
    ));
    assert!(matches!(problem("5"), BadInput::BadParameters { .. }));
    assert_eq!(
        problem("6"),
        BadInput::MissingValue {
            column: "temperature".into(),
            step: 0
        }
    );
    assert_eq!(inputs.catalog().catchments[1].problem, Some(problem("2")));
}
