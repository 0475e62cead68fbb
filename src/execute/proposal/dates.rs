//! Which columns of a table tell the time of its rows, and how.

use std::collections::BTreeSet;

use jiff::civil::DateTime;
use jiff::fmt::strtime;

use super::table::Found;

/// Columns that tell the time.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Dates {
    /// Their places.
    pub columns: Vec<usize>,
    /// How their cells, with blanks between them, are written; `None` if after ISO 8601.
    pub format: Option<String>,
    /// A name for the axis.
    pub axis: &'static str,
    /// How many different times there are.
    pub times: usize,
}

/// The names under which parts of a date are known, in lower case, and how each is read.
const PARTS: [(&str, &[&str]); 6] = [
    ("%Y", &["yr", "year", "yyyy", "jahr", "annee"]),
    ("%m", &["mon", "month", "mo", "mm", "monat"]),
    ("%d", &["day", "dd", "da", "mday", "dom", "tag"]),
    ("%j", &["jday", "doy", "yday", "julian"]),
    ("%H", &["hr", "hour", "hh", "stunde"]),
    ("%M", &["min", "minute"]),
];

/// Forms of dates beside that of ISO 8601.
const FORMS: [&str; 5] = [
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y",
    "%Y/%m/%d",
    "%Y%m%d",
];

/// The columns that tell the time, if some do.
pub(super) fn find(found: &Found<'_>) -> Option<Dates> {
    of_parts(found).or_else(|| of_one(found))
}

/// A column for each part of the date.
fn of_parts(found: &Found<'_>) -> Option<Dates> {
    let header = found.header.as_ref()?;
    let place = |part: &str| {
        let (_, names) = PARTS.iter().find(|(known, _)| *known == part)?;
        let is_it = |cell: &str| names.contains(&cell.to_lowercase().as_str());
        let place = header.iter().position(|cell| is_it(cell))?;
        found.numbers[place].then_some(place)
    };
    let year = place("%Y")?;
    let mut parts = vec![("%Y", year)];
    match (place("%m"), place("%d"), place("%j")) {
        (Some(month), Some(day), _) => parts.extend([("%m", month), ("%d", day)]),
        (_, _, Some(day)) => parts.push(("%j", day)),
        (Some(month), None, None) => parts.push(("%m", month)),
        _ => {}
    }
    if let Some(hour) = place("%H") {
        parts.push(("%H", hour));
        parts.extend(place("%M").map(|minute| ("%M", minute)));
    }
    let columns: Vec<usize> = parts.iter().map(|(_, place)| *place).collect();
    let format: Vec<&str> = parts.iter().map(|(part, _)| *part).collect();
    let axis = match parts.len() {
        1 => "year",
        2 if format[1] == "%m" => "month",
        _ if format.contains(&"%H") => "time_of_output",
        _ => "day",
    };
    Some(Dates {
        times: different(found, &columns),
        columns,
        format: Some(format.join(" ")),
        axis,
    })
}

/// A date in a cell, or in two beside each other.
fn of_one(found: &Found<'_>) -> Option<Dates> {
    let width = found.numbers.len();
    for first in 0..width {
        // The time of the day may be in a cell of its own.
        for cells in (1..=2.min(width - first)).rev() {
            let columns: Vec<usize> = (first..first + cells).collect();
            let texts: Vec<String> = found.rows.iter().map(|row| text(row, &columns)).collect();
            if cells == 2 && !texts.iter().all(|text| text.contains(':')) {
                continue;
            }
            let Some(format) = form_of(&texts) else {
                continue;
            };
            return Some(Dates {
                times: different(found, &columns),
                columns,
                format: format.map(str::to_owned),
                axis: match texts.iter().any(|text| text.contains(':')) {
                    true => "time_of_output",
                    false => "day",
                },
            });
        }
    }
    None
}

/// The form in which all of these are dates; `Some(None)` for that of ISO 8601.
fn form_of(texts: &[String]) -> Option<Option<&'static str>> {
    let is_number = |text: &String| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_iso = |text: &String| !is_number(text) && text.parse::<DateTime>().is_ok();
    if texts.iter().all(is_iso) {
        return Some(None);
    }
    let fits = |form: &str, text: &String| {
        let is_long = form != "%Y%m%d" || text.len() == 8;
        is_long && strtime::parse(form, text).is_ok_and(|read| read.to_date().is_ok())
    };
    let form = FORMS
        .into_iter()
        .find(|form| texts.iter().all(|text| fits(form, text)));
    form.map(Some)
}

/// The cells of a row in these columns, with blanks between them.
fn text(row: &[&str], columns: &[usize]) -> String {
    let cells: Vec<&str> = columns
        .iter()
        .filter_map(|at| row.get(*at).copied())
        .collect();
    cells.join(" ")
}

fn different(found: &Found<'_>, columns: &[usize]) -> usize {
    let texts = found.rows.iter().map(|row| text(row, columns));
    texts.collect::<BTreeSet<String>>().len()
}

#[cfg(test)]
mod tests {
    use super::super::table;
    use super::*;

    fn dates(text: &str) -> Option<(Vec<usize>, Option<String>, usize)> {
        let found = table::find(text).expect("a table");
        find(&found).map(|dates| (dates.columns, dates.format, dates.times))
    }

    #[test]
    fn dates_are_found_in_parts_and_as_a_whole() {
        let swat = "jday mon day yr flow\n 1 1 1 2007 0.5\n 1 1 1 2007 0.7\n 2 1 2 2007 0.5\n";
        assert_eq!(
            dates(swat),
            Some((vec![3, 1, 2], Some("%Y %m %d".to_owned()), 2))
        );
        let iso = "date,q\n1998-01-01,1\n1998-01-02,2\n";
        assert_eq!(dates(iso), Some((vec![0], None, 2)));
        let german = "Datum;Q\n01.02.1998;1\n02.02.1998;2\n";
        assert_eq!(
            dates(german),
            Some((vec![0], Some("%d.%m.%Y".to_owned()), 2))
        );
        let hours = "1998-01-01 00:00 1.5\n1998-01-01 01:00 1.6\n";
        assert_eq!(dates(hours), Some((vec![0, 1], None, 2)));
        assert_eq!(dates("id q\n1 2\n2 3\n"), None);
        assert_eq!(dates("month q\n1 2\n2 3\n"), None);
    }
}
