//! dBASE tables: what fields are read as, and which headers are believed.

use std::path::Path;

use super::*;
use crate::data::catchment::CatchmentId;
use crate::data::digest::Digest;
use crate::inputs::tables::{ParameterTable, by_catchment};

/// A table with fields of the given name, type, width and decimals; records begin with their deletion flag.
fn file(code_page: u8, fields: &[(&str, u8, u8, u8)], records: &[&[u8]]) -> Vec<u8> {
    let mut bytes = vec![0; 32];
    bytes[0] = 3;
    bytes[4] = records.len() as u8;
    bytes[8] = 32 * (fields.len() as u8 + 1) + 1;
    bytes[10] = 1 + fields.iter().map(|field| field.2).sum::<u8>();
    bytes[29] = code_page;
    for (name, kind, width, decimals) in fields {
        let mut field = [0; 32];
        field[..name.len()].copy_from_slice(name.as_bytes());
        (field[11], field[16], field[17]) = (*kind, *width, *decimals);
        bytes.extend(field);
    }
    bytes.push(b'\r');
    records.iter().for_each(|record| bytes.extend(*record));
    bytes.push(0x1a);
    bytes
}

fn table(bytes: Vec<u8>, id: &str) -> ParameterTable {
    let table = read(bytes, None).expect("a table");
    by_catchment(Path::new("t.dbf"), Box::new(table), Digest::of(b""), id).expect("ids")
}

/// What is in the cell of a table of one more field than the id, and one record.
fn cell(kind: u8, decimals: u8, bytes: &[u8]) -> Result<Option<Value>, String> {
    let fields = [("ID", b'N', 2, 0), ("A", kind, bytes.len() as u8, decimals)];
    let record = [b"  1", bytes].concat();
    let table = table(file(0, &fields, &[&record]), "ID");
    let value = table.get(&CatchmentId::new("1"), "A");
    value.map_err(|fault| fault.to_string())
}

/// The same of a table of Visual FoxPro, whose fields are described by name, type, width, decimals and flags.
fn foxpro(fields: &[(&str, u8, u8, u8, u8)], records: &[&[u8]]) -> Vec<u8> {
    let plain: Vec<(&str, u8, u8, u8)> = (fields.iter())
        .map(|&(name, kind, width, decimals, _)| (name, kind, width, decimals))
        .collect();
    let mut bytes = file(3, &plain, records);
    bytes[0] = 0x32;
    let mut begin = 1;
    for (at, field) in fields.iter().enumerate() {
        let descriptor = &mut bytes[32 * (at + 1)..][..32];
        (descriptor[12], descriptor[18]) = (begin, field.4);
        begin += field.2;
    }
    let end = 32 * (fields.len() + 1) + 1;
    bytes.splice(end..end, [0; 263]);
    let length = (end + 263) as u16;
    bytes[8..10].copy_from_slice(&length.to_le_bytes());
    bytes
}

#[test]
fn a_cell_of_numbers_is_one_is_empty_or_is_a_fault() {
    let (number, whole) = (Value::Number, Value::Integer);
    for (kind, decimals, text, expected) in [
        (b'N', 2, "12,50", Some(number(12.5))),
        (b'N', 3, "1,234", Some(number(1.234))),
        (b'N', 2, " 3.00", Some(number(3.0))),
        (b'N', 2, "7", Some(number(7.0))),
        (b'N', 0, "12.50", Some(number(12.5))),
        (b'N', 0, "-4", Some(whole(-4))),
        (b'N', 0, "9007199254740993", Some(whole(9007199254740993))),
        (b'N', 1, "9007199254740993.0", Some(whole(9007199254740993))),
        (b'F', 11, "1.5e+03", Some(number(1500.0))),
        (b'N', 0, "***", None),
        (b'N', 0, "   ", None),
        (b'N', 0, "\0\0\0", None),
        (b'D', 0, "20090131", Some(Value::Text("20090131".into()))),
        (b'D', 0, "00000000", None),
        (b'L', 0, "?", None),
        (b'L', 0, "n", Some(whole(0))),
        (b'M', 0, "          ", None),
        (b'T', 0, "\0\0\0\0\0\0\0\0", None),
    ] {
        assert_eq!(
            cell(kind, decimals, text.as_bytes()),
            Ok(expected),
            "{text:?}"
        );
    }
    for (kind, decimals, text, message) in [
        (
            b'N',
            2,
            "1,234",
            "t.dbf: record 1, field A: \"1,234\" has two readings",
        ),
        (
            b'N',
            2,
            "1,234.50",
            "t.dbf: record 1, field A: \"1,234.50\" is no number",
        ),
        (b'N', 2, "1.5D+03", "\"1.5D+03\" is no number"),
        (b'N', 2, "1.#INF", "\"1.#INF\" is no number"),
        (b'F', 2, "nan(ind)", "\"nan(ind)\" is no number"),
        (b'F', 2, "NaN", "\"NaN\" is no number"),
        (b'F', 2, "inf", "\"inf\" is no number"),
        (b'N', 0, "*12", "\"*12\" is no number"),
        (b'N', 0, "1 2", "\"1 2\" is no number"),
        (b'N', 0, "0x1F", "\"0x1F\" is no number"),
        (b'N', 0, "1e999", "\"1e999\" is no number"),
        (b'N', 0, "-", "\"-\" is no number"),
        (b'N', 0, "1\x002", "is no number"),
        (
            b'N',
            0,
            "12345678901234567891",
            "more digits than a number can hold",
        ),
        (b'L', 0, "X", "\"X\" is neither T nor F"),
        (b'D', 0, "20090231", "\"20090231\" is no date"),
        (b'D', 0, "31.01.09", "\"31.01.09\" is no date"),
        (b'M', 0, "        12", "it is a memo field"),
        (b'B', 0, "        12", "it is a memo field"),
        (b'@', 0, "12345678", "it is a field of type '@'"),
        (b'O', 0, "\0\0\0\0\0\0\0\0", "it is a field of type 'O'"),
        (b'+', 0, "\x01\0\0\0", "it is a field of type '+'"),
    ] {
        let fault = cell(kind, decimals, text.as_bytes()).expect_err(text);
        assert!(fault.contains(message), "{fault}");
    }
}

#[test]
fn the_types_of_foxpro_and_its_null_flags_are_understood() {
    let fields = [
        ("ID", b'I', 4, 0, 0),
        ("PRICE", b'Y', 8, 4, 2),
        ("NAME", b'V', 6, 0, 2),
        ("DEPTH", b'B', 8, 3, 2),
        ("_NullFlags", b'0', 1, 0, 5),
    ];
    let record = |id: i32, price: i64, name: &[u8; 6], depth: f64, flags: u8| {
        [
            &b" "[..],
            &id.to_le_bytes(),
            &price.to_le_bytes(),
            name,
            &depth.to_le_bytes(),
            &[flags],
        ]
        .concat()
    };
    // PRICE is null by the first bit, the length of NAME is told by the second, it is null by the third, DEPTH by the fourth.
    let records = [
        record(1, 125_000, b"Rhine\x05", 0.1, 0b0010),
        record(2, -5, b"Danube", -1.5, 0b0001),
        record(3, i64::MAX, b"\0\0\0\0\0\0", f64::NAN, 0b1110),
        record(4, 10_000, b"Oder  ", f64::INFINITY, 0),
    ];
    let records: Vec<&[u8]> = records.iter().map(Vec::as_slice).collect();
    let table = table(foxpro(&fields, &records), "ID");
    assert_eq!(table.columns, ["PRICE", "NAME", "DEPTH"]);
    let value = |id, name| table.get(&CatchmentId::new(id), name).expect("no fault");
    let text = |text: &str| Some(Value::Text(text.to_owned()));
    assert_eq!(value("1", "PRICE"), Some(Value::Number(12.5)));
    assert_eq!(value("1", "NAME"), text("Rhine"));
    assert_eq!(value("1", "DEPTH"), Some(Value::Number(0.1)));
    assert_eq!(value("2", "PRICE"), None);
    assert_eq!(value("2", "NAME"), text("Danube"));
    assert_eq!(value("3", "PRICE"), Some(Value::Number(922337203685477.6)));
    assert_eq!(value("3", "NAME"), None);
    assert_eq!(value("3", "DEPTH"), None);
    assert_eq!(value("4", "PRICE"), Some(Value::Number(1.0)));
    assert_eq!(value("4", "NAME"), text("Oder"));
    assert!(table.get(&CatchmentId::new("4"), "DEPTH").is_err());
}

#[test]
fn a_header_that_does_not_fit_is_refused() {
    let fields = [("ID", b'N', 4, 0), ("A", b'N', 6, 2)];
    let whole = file(0, &fields, &[b"    1  1.50", b"    2  2.50"]);
    assert!(read(whole.clone(), None).is_ok());
    type Change = fn(&mut Vec<u8>);
    let changes: [(&str, Change); 13] = [
        ("no dBASE table", |bytes| bytes[0] = b'i'),
        ("dBASE II table", |bytes| bytes[0] = 2),
        ("dBASE 7 table", |bytes| (bytes[0], bytes[32 + 11]) = (4, 0)),
        ("encrypted", |bytes| bytes[15] = 1),
        ("a transaction", |bytes| bytes[14] = 1),
        ("there is more behind the 1 records", |bytes| bytes[4] = 1),
        ("ends after 2 of 3 records", |bytes| {
            bytes[4] = 3;
            bytes.extend([0; 20]);
        }),
        ("its fields are longer than its records", |bytes| {
            bytes[10] = 10
        }),
        ("does not fit", |bytes| bytes[8] += 1),
        ("record 1 begins with", |bytes| bytes[32 * 3 + 1] = b'1'),
        ("its fields have 4 bytes, and its records 10", |bytes| {
            bytes[8] -= 33
        }),
        ("at byte 1 of a record", |bytes| {
            (bytes[0], bytes[32 + 12]) = (0x30, 7)
        }),
        ("it is packed by gzip", |bytes| {
            bytes[..2].copy_from_slice(b"\x1f\x8b")
        }),
    ];
    for (message, change) in changes {
        let mut bytes = whole.clone();
        change(&mut bytes);
        let fault = read(bytes, None).err().map(|fault| fault.to_string());
        assert!(
            fault.as_ref().is_some_and(|fault| fault.contains(message)),
            "{message}: {fault:?}"
        );
    }
    // What old shapefile libraries wrote: no byte between fields and records, and nothing behind them.
    let mut bare = whole;
    bare.remove(32 * 3);
    bare.pop();
    bare[8] -= 1;
    assert!(read(bare, None).is_ok());
}

#[test]
fn text_that_nobody_asks_for_need_not_be_decoded() {
    let fields = [("ID", b'N', 2, 0), ("A", b'N', 2, 0), ("NAME", b'C', 3, 0)];
    let table = table(file(0x64, &fields, &[b"  1 7\xc4\xee\xed"]), "ID");
    let value = |name| table.get(&CatchmentId::new("1"), name);
    assert_eq!(value("A"), Ok(Some(Value::Integer(7))));
    let fault = value("NAME").expect_err("an unknown code page").to_string();
    assert!(fault.contains(
        "record 1, field NAME: \"\\xc4\\xee\\xed\" is in the code page of the dBASE number 0x64"
    ));
}

#[test]
fn fields_are_read_by_their_type() {
    let fields = [
        ("WSO1_ID", b'N', 8, 0),
        ("AREA", b'F', 19, 11),
        ("NAME", b'C', 6, 0),
        ("LAKE", b'L', 1, 0),
        ("BIG", b'N', 3, 0),
    ];
    let record = |flag: char, id: &str, area: &str, name: &str, lake: &str, big: &str| {
        let text = format!("{flag}{id:>8}{area:>19}{name:<6}{lake:1}{big:>3}");
        text.bytes()
            .map(|byte| if byte == b'#' { 0x81 } else { byte })
            .collect::<Vec<u8>>()
    };
    let records = [
        record(' ', "70007", "12345678.1234567895", "Z#rich", "T", "***"),
        record('*', "70008", "1.0000000000", "Gone", "F", "1"),
        record(' ', "70009", "", "", "?", "-4"),
    ];
    let records: Vec<&[u8]> = records.iter().map(Vec::as_slice).collect();
    let table = table(file(2, &fields, &records), "WSO1_ID");
    assert_eq!(table.ids.len(), 2);
    let value = |id, name| table.get(&CatchmentId::new(id), name).expect("no fault");
    let area = Value::Number(12345678.12345679);
    assert_eq!(value("70007", "AREA"), Some(area));
    assert_eq!(value("70007", "NAME"), Some(Value::Text("Zürich".into())));
    assert_eq!(value("70007", "LAKE"), Some(Value::Integer(1)));
    assert_eq!(value("70007", "BIG"), None);
    let missing = ["AREA", "NAME", "LAKE"].map(|name| value("70009", name));
    assert_eq!(missing, [None, None, None]);
    assert_eq!(value("70009", "BIG"), Some(Value::Integer(-4)));
}

#[test]
fn a_file_cut_short_is_an_error() {
    let whole = file(0, &[("ID", b'N', 4, 0)], &[b"    1", b"    2"]);
    assert!(read(whole.clone(), None).is_ok());
    assert!(read(whole[..whole.len() - 3].to_vec(), None).is_err());
    assert!(read(b"not a table".to_vec(), None).is_err());
}

#[test]
fn whole_numbers_in_fields_with_decimals_are_ids_without_a_point() {
    let table = table(file(0, &[("ID", b'N', 8, 2)], &[b"    12.00"]), "ID");
    assert!(table.has(&CatchmentId::new("12")));
}
