//! Tables of text: what cells become, dialects and encodings, faults with their places.

use proptest::prelude::*;

use super::*;

fn table(text: impl AsRef<[u8]>, id: &str) -> anyhow::Result<ParameterTable> {
    table_with(text, id, None)
}

fn table_with(
    text: impl AsRef<[u8]>,
    id: &str,
    decimal: Option<Decimal>,
) -> anyhow::Result<ParameterTable> {
    let table = text::read(text.as_ref(), false, Some(id), decimal)?;
    by_catchment(Path::new("t.csv"), Box::new(table), Digest::of(b""), id)
}

fn row<'a>(table: &'a ParameterTable, id: &str) -> Vec<(&'a str, String)> {
    let id = CatchmentId::new(id);
    let value = |name: &'a String| {
        let value = table.get(&id, name).expect("no fault")?;
        Some((name.as_str(), format!("{value:?}")))
    };
    table.columns.iter().filter_map(value).collect()
}

fn cell(table: &ParameterTable, id: &str, name: &str) -> Option<Value> {
    table.get(&CatchmentId::new(id), name).expect("no fault")
}

fn fault(table: &ParameterTable, id: &str, name: &str) -> String {
    let value = table.get(&CatchmentId::new(id), name);
    value.expect_err("a fault").to_string()
}

#[test]
fn cells_become_what_they_look_like() {
    let text = "id, k ,n,name,code,gap,na\r\n70007.0,0.50,12,\"a, \"\"b\"\"\",007,,NA\r\n\r\n3,1e-3,-4,x,7b,1,NaN\n";
    let table = table(text, "id").expect("a table");
    assert_eq!(table.columns, ["k", "n", "name", "code", "gap", "na"]);
    let first = [
        ("k", "Number(0.5)"),
        ("n", "Integer(12)"),
        ("name", "Text(\"a, \\\"b\\\"\")"),
        ("code", "Text(\"007\")"),
    ];
    assert_eq!(row(&table, "70007"), first.map(|(k, v)| (k, v.to_owned())));
    assert_eq!(cell(&table, "3", "n"), Some(Value::Integer(-4)));
    assert_eq!(cell(&table, "3", "k"), Some(Value::Number(0.001)));
}

#[test]
fn dialects_and_encodings_are_recognised() {
    let semicolons = table("\u{feff}id;A\na;0,5\nb;\"1,5\"\n", "id").expect("a table");
    assert_eq!(cell(&semicolons, "a", "A"), Some(Value::Number(0.5)));
    let tabs = table("A\tid\n0.5\ta\n", "id").expect("a table");
    assert_eq!(cell(&tabs, "a", "A"), Some(Value::Number(0.5)));
    for utf_16 in [little_endian("id;A\na;0,5\n"), big_endian("id;A\na;0,5\n")] {
        let utf_16 = table(utf_16, "id").expect("a table");
        assert_eq!(cell(&utf_16, "a", "A"), Some(Value::Number(0.5)));
    }
    let latin = table(b"id,name\n1,Z\xfcrich\n", "id").expect("a table");
    assert_eq!(
        cell(&latin, "1", "name"),
        Some(Value::Text("Zürich".into()))
    );
    let single = table("id\nx\n", "id").expect("a table");
    assert_eq!(single.columns, Vec::<String>::new());
}

fn little_endian(text: &str) -> Vec<u8> {
    let units = ['\u{feff}'].into_iter().chain(text.chars());
    let units = units.collect::<String>();
    units.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn big_endian(text: &str) -> Vec<u8> {
    let mut bytes = little_endian(text);
    bytes.chunks_exact_mut(2).for_each(|unit| unit.reverse());
    bytes
}

#[test]
fn the_decimal_mark_may_be_stated() {
    let text = "id,A,B\n1,\"0,5\",0.5\n2,\"1,234.5\",1\n";
    let unknown = table(text, "id").expect("a table");
    assert!(fault(&unknown, "1", "A").starts_with("t.csv: line 2, column A: \"0,5\" may be"));
    let comma = table_with(text, "id", Some(Decimal::Comma)).expect("a table");
    assert_eq!(cell(&comma, "1", "A"), Some(Value::Number(0.5)));
    let point = table_with(text, "id", Some(Decimal::Point)).expect("a table");
    assert_eq!(cell(&point, "1", "A"), Some(Value::Text("0,5".into())));
    for table in [&unknown, &comma, &point] {
        assert!(fault(table, "2", "A").contains("thousands"));
    }
}

#[test]
fn numbers_with_both_decimal_marks_in_a_table_are_faults_where_they_may_be_thousands() {
    let both = table("id;A;B\n1;0,5;1.234\n2;1,234;0.5\n3;7;1.5\n", "id").expect("a table");
    assert_eq!(cell(&both, "1", "A"), Some(Value::Number(0.5)));
    assert_eq!(cell(&both, "3", "B"), Some(Value::Number(1.5)));
    assert!(fault(&both, "1", "B").contains("two readings"));
    assert!(fault(&both, "2", "A").contains("two readings"));
    let points = table("id;B\n1;1.234\n2;0.5\n", "id").expect("a table");
    assert_eq!(cell(&points, "1", "B"), Some(Value::Number(1.234)));
}

#[test]
fn what_stands_before_the_header_is_passed_over() {
    for text in [
        "sep=;\nid;A\n1;2\n",
        "\"sep=;\"\r\nid;A\r\n1;2\r\n",
        "# by hand, 2009\n\n#\nid,A\n1,2\n",
        "#id,A\n1,2\n",
        "id,A,\n1,2,\n",
        "id,A\n1,2,\n3,4,,\n",
        "id,A\n# the next ones are measured\n1,2\n\u{1a}",
        "id,A\r1,2\r",
    ] {
        let id = if text.starts_with("#id") { "#id" } else { "id" };
        let Ok(table) = table(text, id) else {
            panic!("{text:?}")
        };
        assert_eq!(cell(&table, "1", "A"), Some(Value::Integer(2)), "{text:?}");
        assert_eq!(table.columns, ["A"], "{text:?}");
    }
    let other = table("sep=|\nid|A\n1|2,5\n", "id").expect("a table");
    assert!(fault(&other, "1", "A").contains("line 3, column A"));
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
    let message = |text: &str| format!("{:#}", table(text, "id").err().expect("a fault"));
    assert!(message("a,b\n1,2\n").contains("the columns there are: a, b"));
    assert!(
        message("id,b\n1,2\n3,4\n1.0,2\n")
            .contains("catchment 1 is there twice, in line 2 and line 4")
    );
    assert!(message("id,b\n,2\n").contains("line 2 has no id"));
    assert!(message("id,b,b\n1,2,3\n").contains("two columns `b`"));
    assert!(message("id,b\n1,2,3\n").contains("line 2 has 3 cells, where the header has 2"));
    assert!(message("id,b\n\n1,2\n3\n").contains("line 4 has 1 cells"));
    assert!(message("#a,b\nk,l\n1,2\n").contains("line 1 begins with `#` and has as many cells"));
    assert!(message("b,id\n#1,2\n3,4\n").contains("line 2 begins with `#`; take it out"));
    assert!(message("id,b\n1,\"x\n").contains("line 2 opens a quote"));
    assert!(message("id,b\n1,\0\n").contains("UTF-16 without a byte order mark"));
    assert!(message("PK\u{3}\u{4} [Content_Types].xml").contains("Excel workbook"));
    assert!(message("").contains("there is nothing in it"));
    assert!(message("# only this\n").contains("there is nothing in it"));
}

#[test]
fn the_extension_decides_and_the_file_is_named() {
    let spec = TableSpec {
        path: "/nowhere/x.csv".into(),
        id: "id".to_owned(),
        decimal: None,
    };
    let error = read_parameter_table(&spec).err().expect("no file");
    assert!(format!("{error:#}").contains("/nowhere/x.csv"));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = table(&bytes, "id");
        let _ = dbf::read(bytes, None);
    }

    #[test]
    fn numbers_come_back_exactly(number in prop::num::f64::NORMAL) {
        let text = format!("id,a\n1,{number:e}\n");
        let table = table(&text, "id").expect("a table");
        let value = cell(&table, "1", "a").and_then(|value| value.number());
        prop_assert_eq!(value.map(f64::to_bits), Some(number.to_bits()));
    }
}
