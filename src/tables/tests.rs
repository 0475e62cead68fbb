//! Tables of text: what cells become, dialects and encodings, faults with their places.

use proptest::prelude::*;

use super::*;

fn table(text: impl AsRef<[u8]>, id: &str) -> anyhow::Result<ParameterTable> {
    by_catchment(read_text(text.as_ref(), false)?, id)
}

fn row<'a>(table: &'a ParameterTable, id: &str) -> Vec<(&'a str, String)> {
    let row = table.rows[&CatchmentId::new(id)];
    (table.values.of(row))
        .map(|(name, value)| (name, format!("{value:?}")))
        .collect()
}

fn cell(table: &ParameterTable, id: &str, name: &str) -> Option<Value> {
    table.get(&CatchmentId::new(id), name).cloned()
}

#[test]
fn cells_become_what_they_look_like() {
    let text = "id, k ,n,name,code,gap,na\r\n70007.0,0.50,12,\"a, \"\"b\"\"\",007,,NA\r\n\r\n3,1e-3,-4,x,7b,1,NaN\n";
    let table = table(text, "id").expect("a table");
    assert_eq!(table.columns, ["k", "n", "name", "code", "gap", "na"]);
    let first = [
        ("code", "Text(\"007\")"),
        ("k", "Number(0.5)"),
        ("n", "Integer(12)"),
        ("name", "Text(\"a, \\\"b\\\"\")"),
    ];
    assert_eq!(row(&table, "70007"), first.map(|(k, v)| (k, v.to_owned())));
    assert_eq!(cell(&table, "3", "n"), Some(Value::Integer(-4)));
    assert_eq!(cell(&table, "3", "k"), Some(Value::Number(0.001)));
}

#[test]
fn dialects_and_encodings_are_recognised() {
    let semicolons = table("\u{feff}id;A\na;0,5\nb;\"1,5\"\n", "id").expect("a table");
    assert_eq!(cell(&semicolons, "a", "A"), Some(Value::Number(0.5)));
    let tabs = table("A\tid\n0,5\ta\n", "id").expect("a table");
    assert_eq!(cell(&tabs, "a", "A"), Some(Value::Text("0,5".into())));
    let latin = table(b"id,name\n1,Z\xfcrich\n", "id").expect("a table");
    assert_eq!(
        cell(&latin, "1", "name"),
        Some(Value::Text("Zürich".into()))
    );
    let single = table("id\nx\n", "id").expect("a table");
    assert_eq!(single.columns, Vec::<String>::new());
}

#[test]
fn ids_are_kept_as_they_stand() {
    let ids = table("id,A\n007,1\n12.10,2\n5.00,3\n1e3,4\n", "id").expect("a table");
    for id in ["007", "12.10", "5", "1e3"] {
        assert!(ids.has(&CatchmentId::new(id)), "{id}");
    }
}

#[test]
fn faults_are_named() {
    let message = |text: &str| format!("{:#}", table(text, "id").expect_err("a fault"));
    assert!(message("a,b\n1,2\n").contains("the columns there are: a, b"));
    assert!(
        message("id,b\n1,2\n3,4\n1.0,2\n")
            .contains("catchment 1 is there twice, in line 2 and line 4")
    );
    assert!(message("id,b\n,2\n").contains("line 2 has no id"));
    assert!(message("id,b,b\n1,2,3\n").contains("two columns `b`"));
    assert!(message("id,b\n1,2,3\n").contains("line: 2"));
}

#[test]
fn the_extension_decides_and_the_file_is_named() {
    let error = read_parameter_table(Path::new("/nowhere/x.csv"), "id").expect_err("no file");
    assert!(format!("{error:#}").contains("/nowhere/x.csv"));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = table(&bytes, "id");
        let _ = dbf::read(&bytes);
    }

    #[test]
    fn numbers_come_back_exactly(number in prop::num::f64::NORMAL) {
        let text = format!("id,a\n1,{number:e}\n");
        let table = table(&text, "id").expect("a table");
        let value = cell(&table, "1", "a").and_then(|value| value.number());
        prop_assert_eq!(value.map(f64::to_bits), Some(number.to_bits()));
    }
}
