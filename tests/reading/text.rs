//! Series in text tables: columns, cells, packings.

use std::io::Write;

use super::imported::{Imported, import, import_one};

/// What is told of a table that is refused.
#[track_caller]
fn refused(fields: &str, text: impl AsRef<[u8]>) -> String {
    let found = import_one(fields, text.as_ref());
    found.expect_err(&String::from_utf8_lossy(text.as_ref()))
}

#[track_caller]
fn read(fields: &str, text: impl AsRef<[u8]>) -> Imported {
    let found = import_one(fields, text.as_ref());
    found.unwrap_or_else(|told| panic!("{}: {told}", String::from_utf8_lossy(text.as_ref())))
}

/// Two days of catchments 1, 2, 3, with something behind each row, or each of the two.
fn table(header: &str, separator: char, behind: [&str; 2]) -> String {
    let mut text = format!("{header}\n");
    for (day, behind) in behind.iter().enumerate() {
        let row = [11 + day, 22 + day, 33 + day].map(|value| value.to_string());
        let row = row.join(&separator.to_string());
        text += &format!("2009-01-0{}{separator}{row}{behind}\n", day + 1);
    }
    text
}

const VALUES: [[f64; 2]; 3] = [[11.0, 12.0], [22.0, 23.0], [33.0, 34.0]];

/// Checks that each column is under its name.
#[track_caller]
fn expect_columns(found: &Imported) {
    assert_eq!(found.ids, ["1", "2", "3"]);
    assert_eq!(found.values(), VALUES);
}

#[test]
fn a_separator_at_the_end_of_every_row_moves_no_column() {
    for separator in [';', ',', '\t'] {
        let header = ["time", "1", "2", "3"].join(&separator.to_string());
        let end = separator.to_string();
        let quoted = format!("{separator}\"\" ");
        for behind in [
            ["", ""],
            [&end, &end],
            ["", &end],
            [&end, ""],
            [&quoted, &end],
        ] {
            expect_columns(&read("", table(&header, separator, behind)));
            expect_columns(&read(
                "",
                table(&(header.clone() + &end), separator, behind),
            ));
            let bare = table("", separator, behind);
            expect_columns(&read("ids = [\"1\", \"2\", \"3\"]", bare));
        }
    }
    expect_columns(&read("", table("time 1 2 3 ", ' ', ["  ", ""])));
}

#[test]
fn a_cell_without_a_name_that_says_something_is_an_error_in_whichever_row_it_is() {
    for separator in [';', ',', '\t', ' '] {
        let header = ["time", "1", "2", "3"].join(&separator.to_string());
        let more = format!("{separator}99");
        for header in ["time", "Datum", "when", "\"\""].map(|time| header.replacen("time", time, 1))
        {
            let told = refused("", table(&header, separator, [&more, &more]));
            assert!(
                told.contains("line 2: there are 5 cells") && told.contains("\"99\" has no name"),
                "{told}"
            );
            assert!(told.contains("as R writes"), "{told}");
        }
        let told = refused("", table(&header, separator, ["", &more]));
        assert!(
            told.contains("line 3: there are 5 cells, where 4 belong"),
            "{told}"
        );
        let told = refused(
            "ids = [\"1\", \"2\", \"3\"]",
            table("", separator, ["", &more]),
        );
        assert!(told.contains("line 3: there are 5 cells"), "{told}");
        let fewer = table(&header, separator, ["", ""]).replace(&format!("{separator}34"), "");
        let told = refused("", fewer);
        assert!(
            told.contains("line 3: there are 3 cells, where 4 belong"),
            "{told}"
        );
    }
}

#[test]
fn rows_with_names_as_r_writes_them_are_read_where_nothing_else_can_be_meant() {
    for (header, separator) in [
        ("1;2;3", ';'),
        ("\"1\" \"2\" \"3\"", ' '),
        ("1\t2\t3", '\t'),
    ] {
        expect_columns(&read("", table(header, separator, ["", ""])));
    }
    let quoted = "\"Aare\" \"Reuss\"\n\"2009-01-01\" 11 22\n\"2009-01-02\" 12 NA\n";
    let found = read("", quoted);
    assert_eq!(found.ids, ["Aare", "Reuss"]);
    assert_eq!(found.values()[0], [11.0, 12.0]);
    assert!(found.values()[1][1].is_nan());
    let found = read("", "1;2;3\n2009-01-01;11;22;\n2009-01-02;12;23;34\n");
    assert_eq!(found.ids, ["1", "2", "3"]);
    assert!(found.values()[2][0].is_nan());
    assert_eq!(found.values()[2][1], 34.0);
    // The last value may be missing in all rows, or nothing be there; the names may be of rivers or of the time.
    for text in [
        "1;2;3\n2009-01-01;11;22;\n2009-01-02;12;23;\n",
        "1;2;3\n2009-01-01;11;22\n2009-01-02;12;23\n",
        "Aare;Reuss\n2009-01-01;11;22\n2009-01-02;12;23\n",
    ] {
        let told = refused("", text);
        assert!(told.contains("as R writes"), "{told}");
    }
}

#[test]
fn tables_with_one_value_a_row_keep_their_columns_too() {
    let long = "id = \"id\"\nvalue = \"v\"";
    let rows = |behind: &str| {
        format!("time;id;v{behind}\n2009-01-01;7;5{behind}\n2009-01-02;7;6{behind}\n")
    };
    for text in [
        rows(""),
        rows(";"),
        rows(";").replacen("v;", "v", 1),
        rows("").replacen("5\n", "5;;\n", 1),
    ] {
        let found = read(long, &text);
        assert_eq!(
            (found.ids.as_slice(), found.values()),
            (&["7".to_owned()][..], &[vec![5.0, 6.0]][..]),
            "{text}"
        );
    }
    for (text, told) in [
        (
            rows(";9").replacen(";9", "", 1),
            "line 2: there are 4 cells, but 3 in the header; \"9\" has no name",
        ),
        (
            rows("").replacen(";5", "", 1),
            "line 2: there are 2 cells, but 3 in the header",
        ),
        (
            "time;id;v\n\"1\";2009-01-01;7;5\n".to_owned(),
            "as R writes",
        ),
        (
            rows("").replacen(";7", ";\"\"", 1),
            "line 2, column 2 (id): there is no id",
        ),
        (
            "time;id;v;v\n2009-01-01;7;5;5\n".to_owned(),
            "two columns `v`",
        ),
    ] {
        let found = refused(long, &text);
        assert!(found.contains(told), "{text}: {found}");
    }
    let files = "[import.series.Q]\nfile = \"Q_{id}.csv\"\nvalue = \"v\"";
    let found = import(files, &[("Q_7.csv", b"time;v\n2009-01-01;5;\n")]).expect("imported");
    assert_eq!(found.values(), [[5.0]]);
    let told =
        import(files, &[("Q_7.csv", b"time;v\n2009-01-01;5;8\n")]).expect_err("a surplus cell");
    assert!(
        told.contains("Q_7.csv: line 2") && told.contains("\"8\" has no name"),
        "{told}"
    );
}

#[test]
fn a_header_is_a_header() {
    for (text, told) in [
        (
            "2009-01-01;11;22\n2009-01-02;12;23\n",
            "line 1: this is a row, and a header should be here",
        ),
        (
            "time;1;;3\n2009-01-01;1;2;3\n",
            "line 1, column 3: the header has no id for this column",
        ),
        (
            "time;1;1.0\n2009-01-01;1;2\n",
            "the header has this catchment in column 2 already",
        ),
        (
            "#time;1;2\n2009-01-01;1;2\n2009-01-02;1;2\n",
            "if it is in line 1, remove the #",
        ),
        (
            "time Upper Rhine Elbe\n2009-01-01 1 2\n",
            "there are 3 cells, and 4 names",
        ),
        (
            "time 1 2\n2009-01-01 00:00 1 2\n",
            "times with a space in them have to be quoted",
        ),
        ("time|1|2\n2009-01-01|1|2\n", "state the `separator`"),
        (
            "time;1;\"2\n3\"\n2009-01-01;1;2\n",
            "line 1: a quote is opened and not closed",
        ),
        ("time;1\n", "the file ends where rows should be"),
    ] {
        let found = refused("", text);
        assert!(found.contains(told), "{text}: {found}");
    }
    let found = read("", "time \"Upper Rhine\" Elbe\n\"2009-01-01 00:00\" 1 2\n");
    assert_eq!(found.ids, ["Upper Rhine", "Elbe"]);
}

#[test]
fn what_stands_before_a_header_is_passed_over() {
    let plain = table("time;1;2;3", ';', ["", ""]);
    for before in [
        "# a gauge\n# in; m3/s\n",
        "sep=;\n",
        "\"sep=;\"\r\n",
        "\u{feff}sep=;\n# a gauge\n",
        "\n\n",
    ] {
        expect_columns(&read("", format!("{before}{plain}")));
    }
    expect_columns(&read("", format!("SEP=|\n{}", plain.replace(';', "|"))));
    expect_columns(&read(
        "skip_lines = 2",
        format!("written by\na gauge\n# in m3/s\n{plain}"),
    ));
    let told = refused("skip_lines = 9", &plain);
    assert!(
        told.contains("the file has 3 lines, and `skip_lines` is 9"),
        "{told}"
    );
    refused("", plain + "# the end\n");
}

#[test]
fn what_is_no_text_is_named() {
    let plain = table("time;1;2;3", ';', ["", ""]);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(plain.as_bytes()).expect("packed");
    expect_columns(&read("", packed.finish().expect("packed")));
    for line_end in ["\r\n", "\r\r\n"] {
        expect_columns(&read("", plain.replace('\n', line_end)));
    }
    let utf16: Vec<u8> = plain.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut marked = vec![0xff, 0xfe];
    marked.extend_from_slice(&utf16);
    for (bytes, told) in [
        (b"PK\x03\x04\x14\0\0\0".to_vec(), "ZIP archive"),
        (b"BZh91AY&SY".to_vec(), "bunzip2"),
        (b"\xfd7zXZ\0\0".to_vec(), "unxz"),
        (b"\x28\xb5\x2f\xfd\0\0".to_vec(), "unzstd"),
        (b"7z\xbc\xaf\x27\x1c\0".to_vec(), "7z"),
        (b"PAR1\x15\0".to_vec(), "Parquet"),
        (b"\x89HDF\r\n\x1a\n\0\0".to_vec(), "[input]"),
        (b"\r\n<!DOCTYPE html><html>".to_vec(), "web page"),
        (marked, "UTF-16"),
        (utf16, "UTF-16"),
        (
            plain.replace('\n', "\r").into_bytes(),
            "lines end with CR alone",
        ),
        (plain.replacen("22", "\0", 1).into_bytes(), "NUL"),
    ] {
        let found = refused("", bytes);
        assert!(
            found.contains("Q.csv") && found.contains(told),
            "{told}: {found}"
        );
    }
}

#[test]
fn a_cell_is_a_number_a_missing_value_or_an_error() {
    let row = |cell: &str| format!("time;1;2\n2009-01-01;1;5\n2009-01-02;{cell};6\n");
    for (cell, value) in [
        ("1.5D+03", 1500.0),
        ("-2d-1", -0.2),
        ("+5", 5.0),
        ("\"1.5\"", 1.5),
        ("1e-400", 0.0),
        ("12345678901234567890", 12345678901234567890.0),
    ] {
        assert_eq!(
            read("", row(cell)).values(),
            [[1.0, value], [5.0, 6.0]],
            "{cell}"
        );
    }
    let fields = "missing = [\"-\", \"null\", \"-999\"]";
    for cell in [
        "", "NA", "NaN", "\"\"", "-", "null", "-999.0", "-9.99e2", "\" NA \"",
    ] {
        let found = read(fields, row(cell));
        assert!(found.values()[0][1].is_nan(), "{cell}");
        assert_eq!(found.values()[1], [5.0, 6.0]);
    }
    for (cell, told) in [
        ("1e999", "beyond what a number of 64 bits can hold"),
        ("-1e999", "beyond"),
        ("1,234.5", "separators of thousands"),
        ("1,5", "decimal = \",\""),
        ("1 234", "is no number"),
        ("1'234", "is no number"),
        ("1_000", "is no number"),
        ("0x10", "is no number"),
        ("1.5-103", "is no number"),
        ("inf", "is no number"),
        ("-", "name it in `missing`"),
        ("null", "name it in `missing`"),
        ("\"7\n\"", "a quote is opened"),
    ] {
        let found = refused("", row(cell));
        assert!(
            found.contains("line 3") && found.contains(told),
            "{cell}: {found}"
        );
    }
}

#[test]
fn commas_may_be_decimal_points_whatever_separates() {
    let comma = "decimal = \",\"";
    let both = "decimal = \",\"\nseparator = \",\"";
    for (fields, text) in [
        (comma, "time;1;2\n2009-01-01;1,5;-99,9\n"),
        (comma, "time;1;2\n2009-01-01;\"1,5\";\"-99,9\"\n"),
        (comma, "time,1,2\n2009-01-01,\"1,5\",\"-99,9\"\n"),
        (both, "time,1,2\n2009-01-01,\"1,5\",\"-99,9\"\n"),
        (comma, "time 1 2\n2009-01-01 1,5 -99,9\n"),
    ] {
        assert_eq!(read(fields, text).values(), [[1.5], [-99.9]], "{text}");
        // However the project file writes it.
        for missing in ["-99.9", "-99,9"] {
            let found = read(&format!("{fields}\nmissing = [\"{missing}\"]"), text);
            assert!(found.values()[1][0].is_nan(), "{text}");
        }
    }
    for text in ["time;1\n2009-01-01;1.234,5\n", "time;1\n2009-01-01;1.5\n"] {
        let told = refused(comma, text);
        assert!(told.contains("separators of thousands"), "{told}");
    }
    refused(both, "time,1,2\n2009-01-01,1,5,2,5\n");
}

#[test]
fn ids_that_became_numbers_are_the_same_ids() {
    let ids = ["70007", "70008"];
    let wide = "2009-01-01;1;2\n";
    for (fields, text) in [
        ("", format!("time;70007.0;70008.00\n{wide}")),
        ("ids = [\"70007.0\", \"70008\"]", wide.to_owned()),
        ("id = \"id\"\nvalue = \"v\"", "time;id;v\n2009-01-01;70007.0;1\n2009-01-01;70008;2\n".to_owned()),
        (
            "id = \"id\"\nvalue = \"v\"",
            "time;id;v\n2009-01-01;70007.0;1\n2009-01-02;70007;1\n2009-01-01;70008;2\n2009-01-02;\"70008.0\";2\n".to_owned(),
        ),
    ] {
        let found = read(fields, &text);
        assert_eq!(found.ids, ids, "{text}");
        assert_eq!((found.values()[0][0], found.values()[1][0]), (1.0, 2.0));
    }
    assert_eq!(
        read("", "time;70007.5;A.0\n2009-01-01;1;2\n").ids,
        ["70007.5", "A.0"]
    );
    let files = "[import.series.Q]\nfile = \"Q_{id}.csv\"\nvalue = \"v\"";
    let one: &[u8] = b"time;v\n2009-01-01;1\n";
    assert_eq!(
        import(files, &[("Q_7.0.csv", one)]).expect("imported").ids,
        ["7"]
    );
    let told = import(files, &[("Q_7.0.csv", one), ("Q_7.csv", one)]).expect_err("twice");
    assert!(told.contains("both of catchment 7"), "{told}");
}
