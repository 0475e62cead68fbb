//! The same conventions for tables of groups, which may have attributes as well.

use hdf5::types::FixedAscii;
use hdf5::{File, H5Type};
use ndarray::Array1;
use rerunoff::data::value::Value;

use super::basin::{Attributes, Basin, Says, describe, variable};

#[derive(H5Type, Clone, Copy)]
#[repr(C)]
struct Step {
    #[hdf5(rename = "Q")]
    discharge: i64,
}

#[derive(H5Type, Clone, Copy)]
#[repr(C)]
struct Parameter {
    name: FixedAscii<8>,
    value: u64,
}

/// PyTables' own, of which there are some on every table.
const OWN: (&str, Says<'static>) = ("CLASS", Says::Text("TABLE"));

fn table<T: H5Type + Clone>(file: &File, name: &str, rows: &[T], attributes: Attributes<'_>) {
    let rows = Array1::from(rows.to_vec());
    let table = file.new_dataset_builder().with_data(&rows).create(name);
    let table = table.expect(name);
    describe(&table, &[OWN]);
    describe(&table, attributes);
}

/// Two catchments in groups: the series of the first, both parameters `k`, and what is said of the second's tables.
fn groups(series: [i64; 3], k: [u64; 2], second: Attributes<'_>, time: Attributes<'_>) -> Basin {
    let basin = Basin::new();
    let file = basin.create();
    let hour = 3_600_000_000_000_i64;
    variable(&file, "time_steps", &[0, hour, 2 * hour], time);
    for (id, k, attributes) in [("1", k[0], &[][..]), ("2", k[1], second)] {
        let steps = series.map(|discharge| Step { discharge });
        table(&file, &format!("catch_{id}/inputs"), &steps, attributes);
        let name = FixedAscii::from_ascii("k").expect("ASCII");
        let row = Parameter { name, value: k };
        table(&file, &format!("catch_{id}/parameters"), &[row], attributes);
    }
    file.close().expect("closed");
    basin
}

#[test]
fn what_attributes_of_a_table_say_holds_for_its_numbers() {
    let marked = [("missing_value", Says::Text("7"))];
    let basin = groups([5, 6, 7], [7, 7], &marked, &[]);
    assert_eq!(basin.series(), [Some(vec![5.0, 6.0, 7.0]), None]);
    assert_eq!(basin.parameter("k"), [Some(Value::Integer(7)), None]);
    let senseless = [("scale_factor", Says::Text("ten"))];
    let text = groups([5, 6, 7], [7, 7], &senseless, &[]).refusal();
    assert!(text.contains("`catch_2/parameters`"), "{text}");
    assert!(text.contains("`scale_factor` is \"ten\""), "{text}");
}

#[test]
fn large_numbers_in_tables_are_exact_or_refused() {
    let large = (1 << 53) + 1;
    let basin = groups([1, 2, large], [u64::MAX, large as u64], &[], &[]);
    let run = basin.rerunoff(&["run"]).expect(4);
    assert!(
        run.stderr.contains("column `Q`") && run.stderr.contains("9007199254740993"),
        "{}",
        run.stderr
    );
    let digits = Value::Text("18446744073709551615".into());
    assert_eq!(
        basin.parameter("k"),
        [Some(digits), Some(Value::Integer(large))]
    );
}

#[test]
fn plain_time_steps_may_lack_one_but_nothing_else() {
    let hour = 3_600_000_000_000_i64;
    let second = hour.to_string();
    let text = groups(
        [1, 2, 3],
        [1, 1],
        &[],
        &[("missing_value", Says::Text(&second))],
    )
    .refusal();
    assert!(
        text.contains("`time_steps`: time step 1 has no value"),
        "{text}"
    );
    let text = groups([1, 2, 3], [1, 1], &[], &[("units", Says::Text("hours"))]).refusal();
    assert!(text.contains("has the units `hours`"), "{text}");
    let basin = Basin::new();
    let file = basin.create();
    variable(&file, "time_steps", &[0_i64, 3600, 7200], &[]);
    table(&file, "catch_1/inputs", &[Step { discharge: 1 }; 3], &[]);
    file.close().expect("closed");
    let text = basin.refusal();
    assert!(text.contains("time steps of 3600 ns"), "{text}");
}
