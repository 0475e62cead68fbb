//! Series tables as simulators read them, and the errors.

mod blocks;

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::data::value::Value;
use crate::language::format::Misfit;
use crate::language::template::RenderProblem;

const HOUR: i64 = 3_600_000_000_000;
const YEAR_2009: i64 = 1_230_768_000_000_000_000;

fn hours(count: i64) -> TimeAxis {
    TimeAxis::new((0..count).map(|hour| YEAR_2009 + hour * HOUR).collect()).expect("an axis")
}

fn scope() -> BTreeMap<String, Value> {
    BTreeMap::from([
        ("id".into(), Value::Text("70007".into())),
        ("area".into(), Value::Number(2.5)),
    ])
}

fn table(
    header: Option<&str>,
    row: &str,
    footer: Option<&str>,
    columns: &[(&str, &[f64])],
) -> String {
    let names: Vec<String> = columns.iter().map(|(name, _)| (*name).to_owned()).collect();
    let series: Vec<&[f64]> = columns.iter().map(|(_, series)| *series).collect();
    let parsed = SeriesTable::parse(header, row, footer).expect("templates");
    let bound = parsed.bind(&names, &hours(3)).expect("a table");
    let mut out = Vec::new();
    bound.write(&scope(), &series, &mut out).expect("values");
    String::from_utf8(out).expect("UTF-8")
}

#[test]
fn a_tab_table() {
    let text = table(
        Some("step\tT\tEmptymeas"),
        "{step_days}\t{T}\tN/A",
        None,
        &[("T", &[-1.5, 0.0, 12.25])],
    );
    assert_eq!(
        text,
        "step\tT\tEmptymeas\n0\t-1.5\tN/A\n0.041666666666666664\t0\tN/A\n0.08333333333333333\t12.25\tN/A\n"
    );
}

#[test]
fn a_block_format_with_times_and_parameters() {
    let text = table(
        Some(":MultiData {id}\n  2009-01-01 00:00:00 1 {steps}\n"),
        "{time:%d.%m.%Y %H:%M};{area:.2f};{step:03d};{Q:9.3f};{Q}\n  {time}",
        Some(":EndMultiData {{{steps:>4}}}"),
        &[("unused", &[]), ("Q", &[1.0, -0.0, 1e-7])],
    );
    assert_eq!(
        text,
        ":MultiData 70007\n  2009-01-01 00:00:00 1 3\n\
         01.01.2009 00:00;2.50;000;    1.000;1\n  2009-01-01 00:00:00\n\
         01.01.2009 01:00;2.50;001;   -0.000;-0\n  2009-01-01 01:00:00\n\
         01.01.2009 02:00;2.50;002;    0.000;1e-7\n  2009-01-01 02:00:00\n\
         :EndMultiData {   3}\n"
    );
}

#[test]
fn what_follows_the_clock_may_be_of_any_length() {
    for length in [0, 1, 5, 6, 7, 23, 24, 25, 5_000] {
        let text = "-".repeat(length);
        let written = table(None, &format!("{{time}}{text}{{step}}"), None, &[]);
        let wanted = format!(
            "2009-01-01 00:00:00{text}0\n2009-01-01 01:00:00{text}1\n2009-01-01 02:00:00{text}2\n"
        );
        assert_eq!(written, wanted);
    }
}

#[test]
fn only_the_series_of_the_rows_are_used() {
    let names = ["a", "b", "c", "time"].map(str::to_owned);
    let parsed = SeriesTable::parse(Some("{a}"), "{c}{a}{c}{time}{id}", None).expect("templates");
    let bound = parsed.bind(&names, &hours(2)).expect("a table");
    assert_eq!(bound.columns_used(), [0, 2]);
    let row: Vec<_> = parsed
        .placeholders(RowPart::Row)
        .map(|p| p.name.as_str())
        .collect();
    assert_eq!(row, ["c", "a", "c", "time", "id"]);
}

#[test]
fn errors_name_the_part() {
    let error = SeriesTable::parse(None, "{a}", Some("x\n{")).expect_err("a brace");
    assert_eq!(
        (error.part, error.error.line, error.error.column),
        (RowPart::Footer, 2, 1)
    );
    assert!(
        error.to_string().starts_with("footer, line 2, column 1: "),
        "{error}"
    );

    let parsed = SeriesTable::parse(None, "{Q:d} {nothing}", None).expect("templates");
    let bound = parsed.bind(&["Q".into()], &hours(2)).expect("a table");
    let mut out = b"kept".to_vec();
    let error = bound
        .write(&scope(), &[&[1.0, 0.5]], &mut out)
        .expect_err("no such name");
    assert_eq!(
        (RowPart::at(error.0), error.1.problem),
        (RowPart::Row, RenderProblem::UnknownName)
    );

    let parsed = SeriesTable::parse(Some("Q"), "{Q:d}", None).expect("templates");
    let bound = parsed.bind(&["Q".into()], &hours(2)).expect("a table");
    let error = bound
        .write(&scope(), &[&[1.0, 0.5]], &mut out)
        .expect_err("no whole number");
    assert_eq!(
        (error.1.step, error.1.problem),
        (Some(1), RenderProblem::Misfit(Misfit::NotWhole(0.5)))
    );
    assert_eq!(out, b"kept");

    let parsed = SeriesTable::parse(None, "{time:.2f}", None).expect("templates");
    assert!(parsed.bind(&[], &hours(2)).is_err());
}

proptest! {
    #[test]
    fn numbers_read_back(bits in proptest::collection::vec(any::<u64>(), 3)) {
        let series: Vec<f64> = bits.iter().map(|bits| f64::from_bits(*bits)).collect();
        prop_assume!(series.iter().all(|number| number.is_finite()));
        let text = table(None, "{x}", None, &[("x", &series)]);
        let back: Vec<u64> = text.lines().map(|line| line.parse::<f64>().expect("a number").to_bits()).collect();
        prop_assert_eq!(back, bits);
    }
}

#[test]
fn no_value_breaks_a_table_that_is_xml() {
    let header = "<?xml version=\"1.0\"?>\n<series n='{name}'>";
    let row = " <event t=\"{time:%H:%M\"<}\" q='{Q}' n='{name}'><![CDATA[{name}]]></event>";
    let scope = BTreeMap::from([("name".to_owned(), Value::Text("a<'&]]>".to_owned()))]);
    let write = |header: &str, row: &str, footer: &str| {
        let table = SeriesTable::parse_xml(Some(header), row, Some(footer)).expect("XML");
        assert!(table.escapes(&scope));
        let bound = table.bind(&["Q".to_owned()], &hours(2)).expect("a table");
        let mut out = Vec::new();
        bound
            .write(&scope, &[&[1.5, 2.0]], &mut out)
            .expect("values");
        String::from_utf8(out).expect("UTF-8")
    };
    let name = "a&lt;&apos;&amp;]]&gt;";
    let event = |hour: &str, q: &str| {
        format!(
            " <event t=\"{hour}&gt;\" q='{q}' n='{name}'><![CDATA[a<'&]]]]><![CDATA[>]]></event>\n"
        )
    };
    assert_eq!(
        write(header, &row.replace("%M\"<", "%M&gt;"), "</series>"),
        format!(
            "<?xml version=\"1.0\"?>\n<series n='{name}'>\n{}{}</series>\n",
            event("00:00", "1.5"),
            event("01:00", "2")
        )
    );
    // The rows within one section, as lines of text.
    assert_eq!(
        write("<s n=\"{name}\"><![CDATA[", "{step};{Q:.1f}", "]]></s>"),
        format!("<s n=\"{name}\"><![CDATA[\n0;1.5\n1;2.0\n]]></s>\n")
    );
}

#[test]
fn a_table_that_is_no_document_names_part_and_line() {
    for (parts, part, line) in [
        (["<s>", "<e>{Q}</f>", "</s>"], RowPart::Row, 1),
        (["<s>", "<e>\n{Q}", "</e></s>"], RowPart::Footer, 1),
        (["<s>\n<t>", "{Q}", "</s>"], RowPart::Footer, 1),
        (["", "<e q='{Q}'/>", ""], RowPart::Row, 1),
        (["<s><!--", "--> {Q} <![CDATA[", "]]></s>"], RowPart::Row, 1),
        (["<s>\n { }", "{Q}", "</s>"], RowPart::Header, 2),
        (["<s>", "\n{Q}&x;", "</s>"], RowPart::Row, 2),
    ] {
        let [header, row, footer] = parts;
        let error = SeriesTable::parse_xml(Some(header), row, Some(footer)).expect_err(row);
        assert_eq!((error.part, error.error.line), (part, line), "{error}");
    }
}
