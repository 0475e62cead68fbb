//! Tables as simulators write them, and what is said of those that are wrong.

mod real;
mod shapes;

use proptest::prelude::*;

use super::*;
use crate::project::output_format::Separator;

fn format(missing: &[&str], skip_rows: usize) -> OutputFormat {
    OutputFormat {
        missing: missing.iter().map(|text| (*text).to_owned()).collect(),
        skip_rows,
        ..OutputFormat::default()
    }
}

/// So many days from 1970 on.
fn days(count: usize) -> Vec<i64> {
    (0..count as i64)
        .map(|day| day * 86_400_000_000_000)
        .collect()
}

/// Columns with these headers of a table with a row for each of so many time steps.
fn table(
    text: &[u8],
    format: &OutputFormat,
    headers: &[&str],
    steps: usize,
) -> Result<Vec<Vec<f64>>, OutputError> {
    let columns = headers.iter().map(|text| WantedColumn {
        place: ColumnPlace::Header,
        text,
    });
    let wanted = Wanted {
        format,
        axes: &RowAxes::default(),
        steps: &days(steps),
        columns: &columns.collect::<Vec<_>>(),
        conditions: &[],
        block: None,
    };
    Ok(parse(text, &wanted)?.columns)
}

fn read(text: &str, columns: &[&str], steps: usize) -> Result<Vec<Vec<f64>>, OutputError> {
    table(text.as_bytes(), &format(&["NA"], 0), columns, steps)
}

#[test]
fn tables_of_all_kinds_are_read() {
    for text in [
        "t\tQ\tC\n0\t1.5\t-2e3\n1\t2.5\t4\n",
        "t,Q,C\n0,1.5,-2e3\n1,2.5,4",
        "t;Q;C\r\n0;1.5;-2e3\r\n1;2.5;4\r\n",
        "\u{feff}t, Q ,C\n 0 , 1.5 , -2e3 \n1,2.5,4\n\n \n",
        "\n  t    Q  C  \n  0 \t1.5   -2e3 \n1 2.5 4  \r\n\r\n",
        "\"t\",\"Q\",\"C\"\n\"0, or so\",\"1.5\",\" -2e3\"\n\"\",2.5,+4\n",
        "t;Q;C;\n0;1.5;-2e3;\n1;2.5;4;\n",
        "t,Q,C\n0,1.5,-2e3,\n1,2.5,4, \n",
        "t,Q,C,\n2009-01-01 00:00,1.5,-2.0D+03\n\u{b0},2.5d0,4\n",
        "\"t [a,b; c]\" Q C\n\"x y\" 1.5 -2E3\nz 2.5 4.\n",
    ] {
        let result = read(text, &["C", "Q"], 2);
        assert_eq!(
            result,
            Ok(vec![vec![-2000.0, 4.0], vec![1.5, 2.5]]),
            "{text:?}"
        );
    }
    let twice = read("a b\n1 2\n", &["b", "a", "b"], 1);
    assert_eq!(twice, Ok(vec![vec![2.0], vec![1.0], vec![2.0]]));
    assert_eq!(read("a,b\n1,2\n", &[], 1), Ok(vec![]));
}

#[test]
fn names_with_units_are_whole() {
    let text = "time,date,hour,precip [mm/day],sub_001 [m3/s],sub_001 (observed) [m3/s],\n\
                0,1979-01-01,00:00:00,---,0.5,,\n1,1979-01-02,00:00:00,1.25,0.75,,\n";
    let skipped = table(
        text.as_bytes(),
        &format(&[], 1),
        &["sub_001 [m3/s]", "precip [mm/day]"],
        1,
    );
    assert_eq!(skipped, Ok(vec![vec![0.75], vec![1.25]]));
}

#[test]
fn a_stated_separator_is_used() {
    let format = OutputFormat {
        separator: Some(Separator::Whitespace),
        ..OutputFormat::default()
    };
    assert_eq!(
        table(b"a,b c\n1 2\n", &format, &["a,b"], 1),
        Ok(vec![vec![1.0]])
    );
}

#[test]
fn missing_values_are_nan() {
    let text = "a\tb\nNA\t1\n-9999.000\t\n nan \t-inf\n\"NA\"\t-9999\n1\t-1d99\n";
    let format = format(&["NA", "-9999", "nan", "-inf", "", "-1e99"], 0);
    let columns = table(text.as_bytes(), &format, &["a", "b"], 5).expect("a table");
    let found: Vec<Vec<bool>> = columns
        .iter()
        .map(|column| column.iter().map(|x| x.is_nan()).collect())
        .collect();
    assert_eq!(
        found,
        [
            [true, true, true, true, false],
            [false, true, true, true, true]
        ]
    );
}

#[test]
fn what_is_wrong_is_said_exactly() {
    use OutputError as E;
    let (line, column) = (3, "C".to_owned());
    let not_a_number = |found: &str| E::NotANumber {
        line,
        column: column.clone(),
        found: found.to_owned(),
    };
    let not_finite = |found: &str| E::NotFinite {
        line,
        column: column.clone(),
        found: found.to_owned(),
    };
    let ragged_cells = |line, found, blanks| E::Ragged {
        line,
        found,
        expected: 2,
        headless: false,
        blanks,
    };
    let ragged = |line, found| ragged_cells(line, found, false);
    let row_count = |found, skipped| {
        E::RowCount(RowCount {
            found,
            skipped,
            steps: 2,
            of_input: true,
            places: None,
        })
    };
    for (text, expected) in [
        ("", E::Empty),
        (" \n\t\n", E::Empty),
        (
            "t,Q\n0,1\n1,2\n",
            E::NoColumn {
                column: "C".into(),
                header: vec!["t".into(), "Q".into()],
            },
        ),
        ("C,C\n0,1\n1,2\n", E::DuplicateColumn { column: "C".into() }),
        ("t,C\n0,1\n1,x1\n", not_a_number("x1")),
        ("t,C\n0,1\n1,\n", not_a_number("")),
        ("t,C\n0,1\n1,1.5.2\n", not_a_number("1.5.2")),
        ("t,C\n0,1\n1,1 2\n", not_a_number("1 2")),
        ("t,C\n0,1\n1,na\n", not_a_number("na")),
        ("t,C\n0,1\n1,1e\n", not_a_number("1e")),
        ("t,C\n0,1\n1,\"1\n", not_a_number("\"1")),
        ("t,C\n0,1\n1,NaN\n", not_finite("NaN")),
        ("t,C\n0,1\n1,-inf\n", not_finite("-inf")),
        ("t,C\n0,1\n1,1e999\n", not_finite("1e999")),
        ("t,C\n0,1\n1\n", ragged(3, 1)),
        ("t,C\n0,1,2\n1,2\n", ragged(2, 3)),
        ("t,C\n0,1,,\n1,2\n", ragged(2, 4)),
        ("t C\n\n1 2\n", ragged_cells(2, 0, true)),
        ("t,C\n0,1\n\n1,2\n", ragged(3, 1)),
        ("C,t\n0,1\n1\n", ragged(3, 1)),
        ("t,C\n0,1\n", row_count(1, 0)),
        ("t,C", row_count(0, 0)),
        ("t,C\n0,1\n1,2\n2,3", row_count(3, 0)),
        ("t,C\n0,1\n1,2\n2,x\n3\n", row_count(4, 0)),
    ] {
        assert_eq!(read(text, &["C"], 2), Err(expected), "{text:?}");
    }
    let too_few = table(b"t,C\n0,1\n", &format(&[], 5), &["C"], 2);
    assert_eq!(too_few, Err(row_count(0, 5)));
    assert!(matches!(
        table(b"\xff\xfea\0", &format(&[], 0), &["C"], 2),
        Err(E::NotText(_))
    ));
    let endless = table(&vec![b'x'; 2 << 20], &format(&[], 0), &["C"], 2);
    assert!(matches!(endless, Err(E::NotText(_))));
}

#[test]
fn a_missing_column_is_answered_with_similar_ones() {
    let error = read("time,Conc_70008,Q,Qloc\n", &["Conc_70007"], 2).expect_err("no such column");
    assert_eq!(
        error.to_string(),
        "the output has no column `Conc_70007`; its header has `Conc_70008`, `Qloc`, `time`, `Q`"
    );
    let long = "é".repeat(100);
    let error = read(&format!("C\n{long}\n"), &["C"], 1).expect_err("no number");
    assert!(
        error
            .to_string()
            .contains(&format!("`{}…`", "é".repeat(40))),
        "{error}"
    );
}

/// A number's text in one of the ways that programs print it.
fn number_text() -> impl Strategy<Value = String> {
    let finite = any::<f64>().prop_filter("finite", |number| number.is_finite());
    prop_oneof![
        finite.clone().prop_map(|number| format!("{number}")),
        finite.prop_map(|number| format!("{number:e}")),
        (-1e6..1e6).prop_map(|number: f64| format!("{number:.3}")),
        "[-+]?[0-9]{1,25}(\\.[0-9]{0,25})?([eE][-+]?[0-9]{1,2})?",
    ]
}

/// The cells of a row, most of them short numbers.
fn short_cells() -> impl Strategy<Value = String> {
    let cell = prop_oneof![
        60 => "-?[0-9]{1,4}(\\.[0-9]{1,4})?",
        4 => "-?[0-9]{1,12}(\\.[0-9]{0,12})?",
        2 => Just("-9999".to_owned()),
        1 => "NA| ?[0-9]{1,3} ?|[0-9]e[0-9]|\\+[0-9]|\\.[0-9]|nan|[a-z]?",
    ];
    let cells = proptest::collection::vec(cell, 3).prop_map(|cells| cells.join(","));
    prop_oneof![
        40 => cells.clone(),
        2 => cells.clone().prop_map(|cells| cells + ","),
        2 => cells.clone().prop_map(|cells| cells + "\r"),
        1 => cells.prop_map(|cells| cells + ",5"),
    ]
}

proptest! {
    #[test]
    fn rows_together_are_what_each_is_alone(rows in proptest::collection::vec(short_cells(), 1..60)) {
        let format = format(&["NA", "-9999"], 0);
        let read = |rows: &[String]| {
            let text = format!("a,b,c\n{}\n", rows.join("\n"));
            table(text.as_bytes(), &format, &["c", "a"], rows.len())
        };
        let alone: Result<Vec<Vec<Vec<f64>>>, OutputError> = (rows.chunks(1).enumerate())
            .map(|(at, row)| {
                read(row).map_err(|mut error| {
                    use OutputError as E;
                    if let E::NotANumber { line, .. } | E::NotFinite { line, .. } | E::Ragged { line, .. } = &mut error {
                        *line += at;
                    }
                    error
                })
            })
            .collect();
        let bits = |column: Vec<f64>| column.into_iter().map(f64::to_bits).collect::<Vec<u64>>();
        let together = read(&rows).map(|columns| columns.into_iter().map(bits).collect::<Vec<_>>());
        let alone = alone.map(|rows| {
            let column = |at: usize| rows.iter().map(|row| row[at][0].to_bits()).collect();
            vec![column(0), column(1)]
        });
        prop_assert_eq!(together, alone);
    }

    #[test]
    fn numbers_are_those_of_the_csv_crate_and_std(
        rows in proptest::collection::vec(proptest::collection::vec(number_text(), 4), 1..20),
        separator in prop_oneof![Just(b'\t'), Just(b','), Just(b';')],
    ) {
        let mut writer = csv::WriterBuilder::new().delimiter(separator).from_writer(Vec::new());
        writer.write_record(["a", "b \"x\", y;\tz", "c", "d"]).expect("a record");
        for row in &rows {
            writer.write_record(row).expect("a record");
        }
        let text = writer.into_inner().expect("bytes");
        let format = OutputFormat {
            separator: Some(match separator {
                b'\t' => Separator::Tab,
                b',' => Separator::Comma,
                _ => Separator::Semicolon,
            }),
            ..OutputFormat::default()
        };
        let names = ["d", "a", "b \"x\", y;\tz"];
        let columns = table(&text, &format, &names, rows.len()).expect("a table");
        let mut reader = csv::ReaderBuilder::new().delimiter(separator).from_reader(&text[..]);
        for (i, record) in reader.records().enumerate() {
            let record = record.expect("a record");
            for (column, index) in columns.iter().zip([3, 0, 1]) {
                let expected: f64 = record[index].parse().expect("a number");
                prop_assert_eq!(column[i].to_bits(), expected.to_bits(), "{}", &record[index]);
            }
        }
    }

    #[test]
    fn any_bytes_give_columns_or_an_error(
        text in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..200),
            "([abQ]|[,;\t \"\r\n]|1\\.5|-2e3|nan|NA|\n){0,60}".prop_map(String::into_bytes),
        ],
        separator in proptest::option::of(prop_oneof![
            Just(Separator::Tab), Just(Separator::Comma), Just(Separator::Semicolon), Just(Separator::Whitespace)
        ]),
        skip_rows in prop_oneof![0_usize..3, Just(usize::MAX)],
        steps in prop_oneof![0_usize..5, Just(1000)],
    ) {
        let missing = vec!["NA".into(), String::new()];
        let format = OutputFormat { separator, missing, skip_rows, ..OutputFormat::default() };
        for columns in [&["Q"][..], &["a", "b"], &[""], &[]] {
            if let Ok(found) = table(&text, &format, columns, steps) {
                prop_assert_eq!(found.len(), columns.len());
                prop_assert!(found.iter().all(|column| column.len() == steps));
            }
        }
    }
}
