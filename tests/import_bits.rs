//! Whatever a table looks like, an import of it holds the bits that a straightforward reader finds in it.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use proptest::prelude::*;

use crate::common::{IMPORTING, Run, rerunoff};

/// A cell as someone may write it, without its decimal point decided.
fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => "-?[0-9]{1,5}(\\.[0-9]{1,3})?",
        2 => any::<f64>().prop_filter("finite", |n| n.is_finite()).prop_map(|n| format!("{n:e}")),
        1 => any::<f64>().prop_filter("finite", |n| n.is_finite()).prop_map(|n| n.to_string()),
        1 => "[0-9]{16,25}\\.[0-9]{0,30}",
        1 => Just(String::new()),
        1 => Just("NA".to_owned()),
        1 => Just("-9999".to_owned()),
    ]
}

/// How the table is written.
#[derive(Clone, Debug)]
struct Style {
    separator: char,
    comma: bool,
    quoted: bool,
    line_end: &'static str,
    bom: bool,
    bare_header: bool,
    last_line_ends: bool,
}

fn style() -> impl Strategy<Value = Style> {
    let separator = prop_oneof![Just(';'), Just('\t'), Just(',')];
    (separator, any::<[bool; 5]>(), any::<bool>()).prop_map(|(separator, flags, crlf)| Style {
        separator,
        comma: flags[0] && separator != ',',
        quoted: flags[1],
        bom: flags[2],
        bare_header: flags[3],
        last_line_ends: flags[4],
        line_end: if crlf { "\r\n" } else { "\n" },
    })
}

fn written(cells: &[Vec<String>], style: &Style) -> String {
    let quote = if style.quoted { "\"" } else { "" };
    let mut text = if style.bom { "\u{feff}" } else { "" }.to_owned();
    let mut header: Vec<String> = (0..cells[0].len())
        .map(|c| format!("{quote}{}{quote}", 7 + c))
        .collect();
    if !style.bare_header {
        header.insert(0, "time".to_owned());
    }
    let separator = style.separator.to_string();
    text += &header.join(&separator);
    for (step, row) in cells.iter().enumerate() {
        write!(
            text,
            "{}{quote}2009-01-{:02} {:02}:00{quote}",
            style.line_end,
            1 + step / 24,
            step % 24
        )
        .expect("text");
        for cell in row {
            let cell = if style.comma {
                cell.replace('.', ",")
            } else {
                cell.clone()
            };
            text += &separator;
            text += &cell;
        }
    }
    if style.last_line_ends {
        text += style.line_end;
    }
    text
}

/// The straightforward reader.
fn plain(cell: &str) -> f64 {
    match cell {
        "" | "NA" | "-9999" => f64::NAN,
        number => number.parse().expect("a number"),
    }
}

fn import(folder: &Path, more: &str) -> Vec<f64> {
    fs::write(
        folder.join("rerunoff.toml"),
        format!("{IMPORTING}[import.series.q]\n{more}"),
    )
    .expect("written");
    let import = rerunoff(folder, &["import"]).output();
    Run::from(import.expect("the binary")).expect(0);
    let file = hdf5::File::open(folder.join("input.h5")).expect("the file");
    file.dataset("q").expect("q").read_raw().expect("values")
}

fn same(found: &[f64], expected: &[f64]) -> bool {
    let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    bits(found) == bits(expected)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn wide_and_long_tables_keep_every_bit(
        cells in prop_oneof![(1_usize..9, 1_usize..50), (60_usize..200, 1_usize..12)].prop_flat_map(|(catchments, steps)| {
            prop::collection::vec(prop::collection::vec(cell(), catchments), steps)
        }),
        mut style in style(),
    ) {
        // Where the last column is empty, a header without the time may as well have one, and rows that end with a separator.
        style.bare_header &= cells.iter().any(|row| row.last().is_some_and(|cell| !cell.is_empty()));

        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path();
        let catchments = cells[0].len();
        let expected: Vec<f64> = (0..catchments)
            .flat_map(|c| cells.iter().map(move |row| plain(&row[c])))
            .collect();
        let decimal = if style.comma { "decimal = \",\"\n" } else { "" };
        let format = format!("missing = [\"-9999\"]\nseparator = {:?}\n{decimal}", style.separator.to_string());
        fs::write(folder.join("q.csv"), written(&cells, &style)).expect("written");
        let wide = import(folder, &format!("file = \"q.csv\"\n{format}"));
        prop_assert!(same(&wide, &expected), "{wide:?} {expected:?}");
        let bytes = fs::read(folder.join("input.h5")).expect("the file");

        let separator = style.separator;
        let mut long = format!("id{separator}time{separator}value\n");
        for c in 0..catchments {
            for (step, row) in cells.iter().enumerate() {
                let cell = if style.comma { row[c].replace('.', ",") } else { row[c].clone() };
                writeln!(long, "{}{separator}2009-01-{:02} {:02}:00{separator}{cell}", 7 + c, 1 + step / 24, step % 24)
                    .expect("text");
            }
        }
        fs::write(folder.join("long.csv"), long).expect("written");
        let long = import(folder, &format!("file = \"long.csv\"\nid = \"id\"\ntime = \"time\"\nvalue = \"value\"\n{format}"));
        prop_assert!(same(&long, &expected));
        prop_assert_eq!(fs::read(folder.join("input.h5")).expect("the file"), bytes);
    }
}

#[test]
fn more_than_one_block_and_one_chunk() {
    let folder = tempfile::tempdir().expect("a folder");
    let (catchments, steps) = (40_000, 30);
    let value = |c: usize, s: usize| (c * 31 + s * 7) as f64 / 8.0;
    let cells: Vec<Vec<String>> = (0..steps)
        .map(|s| (0..catchments).map(|c| value(c, s).to_string()).collect())
        .collect();
    let style = Style {
        separator: ';',
        comma: false,
        quoted: false,
        line_end: "\n",
        bom: false,
        bare_header: false,
        last_line_ends: true,
    };
    fs::write(folder.path().join("q.csv"), written(&cells, &style)).expect("written");
    let found = import(folder.path(), "file = \"q.csv\"\n");
    let expected: Vec<f64> = (0..catchments)
        .flat_map(|c| (0..steps).map(move |s| value(c, s)))
        .collect();
    assert!(same(&found, &expected));
}

#[test]
fn more_than_one_group_of_columns_and_one_piece_of_their_steps() {
    let folder = tempfile::tempdir().expect("a folder");
    let catchments = 300;
    // Some have more digits than others, all over the table.
    let value = |c: usize, s: usize| match (c * 31 + s * 17) % 97 {
        0 => -1.0 / (1.0 + c as f64),
        other => other as f64 / 8.0 - 5.0,
    };
    let mut text = "time".to_owned();
    for c in 0..catchments {
        write!(text, ";{c}").expect("text");
    }
    let mut steps = 0;
    for (month, days) in [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        .into_iter()
        .enumerate()
    {
        for hour in 0..24 * days {
            let (day, hour) = (1 + hour / 24, hour % 24);
            write!(text, "\n2009-{:02}-{day:02} {hour:02}:00", month + 1).expect("text");
            for c in 0..catchments {
                write!(text, ";{}", value(c, steps)).expect("text");
            }
            steps += 1;
        }
    }
    fs::write(folder.path().join("q.csv"), text).expect("written");
    let found = import(folder.path(), "file = \"q.csv\"\n");
    let expected: Vec<f64> = (0..catchments)
        .flat_map(|c| (0..steps).map(move |s| value(c, s)))
        .collect();
    assert!(same(&found, &expected));
}
