//! Time stamps in text → nanoseconds since 1970.
//!
//! Three forms: ISO 8601, a stated one (`time_format`), or the parts in columns of their own. What a text says beside the clock
//! counts in each of them the same way: an offset from UTC is taken off, a name of a zone is refused, 24:00 is the next
//! day's 0:00. A time without an offset is UTC; a table that has both is refused, as nobody knows what the others mean.

use jiff::civil::DateTime;

use crate::data::time_axis::TimeAxis;
use crate::import::text::fault::{decoded, shown};
use crate::import::text::time_hints;
use crate::language::time_format::{TimeFormat, iso, midnight_after};
use crate::project::import_spec::TextFormat;

const SECOND: i64 = 1_000_000_000;

/// How time stamps are written.
#[derive(Clone, Debug)]
pub(crate) struct Clock(Form);

#[derive(Clone, Debug)]
enum Form {
    /// ISO 8601 with a space or `T`, down to dates alone; whether the first of them has an offset.
    Iso { zoned: bool },
    /// As stated.
    Stated(String, TimeFormat),
    /// Year, month, day, hour, minute, second, from the left.
    Spread,
}

impl Clock {
    /// As the format says, or as the first time in the table is written; `spread` where its parts are cells of their own.
    pub(crate) fn new(format: &TextFormat, spread: bool, first: &[&[u8]]) -> Result<Self, String> {
        Ok(Self(match &format.time_format {
            _ if spread => Form::Spread,
            Some(stated) => Form::Stated(stated.clone(), TimeFormat::new(stated)?),
            None => {
                let first = first.first().map(|cell| bare(cell));
                let zoned = first
                    .and_then(|first| iso::read(&first).ok())
                    .is_some_and(|(_, zone)| zone.is_some());
                Form::Iso { zoned }
            }
        }))
    }

    /// The time in the cells that it takes, one of them unless it is spread.
    pub(crate) fn stamp(&self, cells: &[&[u8]]) -> Result<i64, String> {
        let (form, cell) = match (&self.0, cells) {
            (Form::Spread, cells) => return nanoseconds(spread(cells)?, None),
            (form, [cell]) => (form, *cell),
            (_, cells) => return Err(format!("the time is one cell, not {}", cells.len())),
        };
        let text = bare(cell);
        let (time, offset) = match form {
            Form::Iso { zoned } => {
                let found = iso::read(&text).map_err(|why| match why {
                    Some(why) => format!("{} is no time: {why}", shown(cell)),
                    None => time_hints::no_iso(&text, &shown(cell)),
                })?;
                if found.1.is_some() != *zoned {
                    return Err(mixed(cell, *zoned));
                }
                found
            }
            Form::Stated(stated, format) => format.read(&text).map_err(|why| {
                let why = why.map(|why| format!(": {why}")).unwrap_or_default();
                format!("{} is no time of the form {stated:?}{why}", shown(cell))
            })?,
            Form::Spread => unreachable!("it has no cell of its own"),
        };
        nanoseconds(time, offset).map_err(|why| format!("{} {why}", shown(cell)))
    }
}

/// The text of a cell without its quotes.
fn bare(cell: &[u8]) -> String {
    let text = decoded(cell.trim_ascii());
    text.trim_matches(['"', '\'']).trim().to_owned()
}

fn mixed(cell: &[u8], zoned: bool) -> String {
    let (this, first) = match zoned {
        true => ("no offset", "one"),
        false => ("an offset", "none"),
    };
    format!(
        "{} has {this} from UTC, and the first time of the table has {first}; write all of them the same way",
        shown(cell)
    )
}

/// Nanoseconds since 1970 of a time that is so many seconds east of UTC.
fn nanoseconds(time: DateTime, offset: Option<i64>) -> Result<i64, String> {
    let civil = TimeAxis::nanoseconds_of(time);
    let instant =
        civil.and_then(|civil| civil.checked_sub(offset.unwrap_or(0).checked_mul(SECOND)?));
    instant.ok_or_else(|| "lies outside the years 1678 to 2261".to_owned())
}

/// The time spread over columns.
fn spread(cells: &[&[u8]]) -> Result<DateTime, String> {
    let mut parts = [0_i16, 1, 1, 0, 0, 0];
    for (part, cell) in parts.iter_mut().zip(cells) {
        *part =
            (bare(cell).parse()).map_err(|_| format!("{} is no part of a time", shown(cell)))?;
    }
    let ends_day = parts[3] == 24;
    if ends_day {
        parts[3] = 0;
    }
    let small = |part: i16| i8::try_from(part).unwrap_or(i8::MAX);
    let [year, month, day, hour, minute, second] = parts;
    let time = DateTime::new(
        year,
        small(month),
        small(day),
        small(hour),
        small(minute),
        small(second),
        0,
    );
    let time = time.map_err(|_| String::new());
    let time = time.and_then(|time| {
        if ends_day {
            midnight_after(time)
        } else {
            Ok(time)
        }
    });
    time.map_err(|why| {
        let shown: Vec<String> = cells.iter().map(|cell| decoded(cell)).collect();
        let why = if why.is_empty() {
            why
        } else {
            format!(": {why}")
        };
        format!(
            "\"{}\" is no time of year, month, day …{why}",
            shown.join(" ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stated(format: Option<&str>, first: &str, cell: &str) -> Result<i64, String> {
        let format = TextFormat {
            time_format: format.map(str::to_owned),
            ..TextFormat::default()
        };
        Clock::new(&format, false, &[first.as_bytes()])?.stamp(&[cell.as_bytes()])
    }

    fn iso_of(cell: &str) -> Result<i64, String> {
        stated(None, cell, cell)
    }

    fn spread_of(cells: &[&str]) -> Result<i64, String> {
        let cells: Vec<&[u8]> = cells.iter().map(|cell| cell.as_bytes()).collect();
        Clock::new(&TextFormat::default(), true, &cells)?.stamp(&cells)
    }

    #[test]
    fn all_forms_of_one_time() {
        let expected = iso_of("2009-01-31T12:00:00").expect("a time");
        for text in [
            "2009-01-31 12:00",
            "\"2009-01-31 12:00:00\"",
            "20090131T12",
            "2009-01-31T12:00Z",
            "2009-01-31 12:00 UTC",
            "2009-01-31 13:00+01:00",
            "2009-01-31 13:00 +0100",
            "2009-01-31T13:00:00.000+01:00[Europe/Berlin]",
        ] {
            assert_eq!(iso_of(text), Ok(expected), "{text}");
        }
        let german = |text| stated(Some("%d.%m.%Y %H:%M"), text, text);
        assert_eq!(german("31.01.2009 12:00"), Ok(expected));
        assert_eq!(
            spread_of(&["2009", "1", "31", "12", "0", "0"]),
            Ok(expected)
        );
        let midnight = iso_of("2009-02-01").expect("a date");
        for text in [
            "2009-01-31 24:00",
            "2009-01-31T24:00:00.000",
            "20090131T2400",
            "2009-01-31 24:00Z",
        ] {
            assert_eq!(iso_of(text), Ok(midnight), "{text}");
        }
        assert_eq!(spread_of(&["2009", "01", "31", "24", "0"]), Ok(midnight));
        assert_eq!(spread_of(&["2009", "2", "1"]), Ok(midnight));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "31.01.2009",
            "2009-02-30",
            "x",
            "2009-01-31 24:30",
            "2009-01-31 25:00",
            "2009-01-31 23:59:60",
            "20090131T235960Z",
            "2009-01-31T12:00[Europe/Berlin]",
            "2009-01-31 12:00 CET",
            "2009-01-31 12:00 PM",
            "1600-01-01",
            "9999-12-31 24:00",
        ] {
            assert!(iso_of(text).is_err(), "{text}");
        }
        assert!(spread_of(&["2009", "13", "1"]).is_err());
        assert!(spread_of(&["2009", "1", "1", "24", "30"]).is_err());
        assert!(spread_of(&["2009", "1", "1.5"]).is_err());
    }

    #[test]
    fn a_table_has_offsets_or_none() {
        let (with, without) = ("2009-01-01 00:00Z", "2009-01-01 01:00");
        assert!(stated(None, with, without).is_err_and(|why| why.contains("no offset")));
        assert!(stated(None, without, with).is_err_and(|why| why.contains("an offset")));
    }
}
