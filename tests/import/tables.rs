//! The tables that people have: wide ones of series, packed or as R writes them, and dBASE.

use std::fs;
use std::io::Write;

use crate::common::dbase::dbf;
use crate::common::{Project, STEPS, discharge, id, precipitation};

/// A dBASE table of numbers with two decimals after an id.
pub(super) fn dbf_of_numbers(columns: &[&str], rows: &[(String, Vec<f64>)]) -> Vec<u8> {
    let numbers = columns.iter().map(|name| (*name, 'N', 12, 2));
    let fields: Vec<_> = [("WSO1_ID", 'N', 8, 0)]
        .into_iter()
        .chain(numbers)
        .collect();
    let record = |(id, values): &(String, Vec<f64>)| -> Vec<String> {
        let values = values.iter().map(|value| format!("{value:.2}"));
        [id.clone()].into_iter().chain(values).collect()
    };
    let records: Vec<_> = rows.iter().map(record).collect();
    dbf(&fields, &records)
}

pub(super) fn gzip(text: &str) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(text.as_bytes()).expect("packed");
    packed.finish().expect("packed")
}

pub(super) fn hour(step: usize) -> String {
    format!("2009-01-{:02} {:02}:00", 1 + step / 24, step % 24)
}

/// A wide table of hours of these catchments.
pub(super) fn hours(head: &str, catchments: usize, value: &dyn Fn(usize, usize) -> f64) -> String {
    let mut text = head.to_owned();
    for catchment in 0..catchments {
        text.push_str(&format!(";\"{}\"", id(catchment)));
    }
    text.push_str("\r\n");
    for step in 0..STEPS {
        text.push_str(&hour(step));
        for catchment in 0..catchments {
            text.push_str(&format!(";{}", value(catchment, step)));
        }
        text.push_str("\r\n");
    }
    text
}

pub(super) fn temperature(catchment: usize, day: usize) -> f64 {
    catchment as f64 + day as f64 + 0.5
}

pub(super) fn days(catchments: usize, value: &dyn Fn(usize, usize) -> f64) -> String {
    // As R writes it: no name above the first column.
    let ids: Vec<String> = (0..catchments).map(id).collect();
    let mut text = ids.join(";") + "\n";
    for day in 0..2 {
        text.push_str(&format!("{:02}.01.2009", day + 1));
        for catchment in 0..catchments {
            text.push_str(&format!(";{}", value(catchment, day)).replace('.', ","));
        }
        text.push('\n');
    }
    text
}

/// The sources of so many catchments, every fourth of them on a river too large.
pub(super) fn sources(project: &Project, catchments: usize) {
    project.write("P.csv", &hours("time", catchments, &precipitation));
    let litres = |catchment, step| discharge(catchment, step) * 1000.0;
    write_bytes(project, "Q.csv.gz", &gzip(&hours("", catchments, &litres)));
    project.write("T.csv", &days(catchments, &temperature));
    let all = || 0..catchments;
    let basin: Vec<_> = all()
        .map(|c| {
            (
                id(c),
                vec![if c % 4 == 3 { 4.0 } else { 2.0 }, 1.5 + c as f64],
            )
        })
        .collect();
    write_bytes(
        project,
        "basin.dbf",
        &dbf_of_numbers(&["STRAHLER", "AREA"], &basin),
    );
    let land: Vec<_> = all()
        .rev()
        .map(|c| (id(c), vec![0.25, 0.5, c as f64, 70_001.0]))
        .collect();
    let columns = ["barl", "swhe", "dwhe", "NEXTDOWNID"];
    write_bytes(project, "land.dbf", &dbf_of_numbers(&columns, &land));
}

pub(super) fn write_bytes(project: &Project, name: &str, bytes: &[u8]) {
    fs::write(project.path(name), bytes).expect(name);
}
