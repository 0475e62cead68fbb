//! Time stamps in text → nanoseconds since 1970, and whether they go on evenly.
//!
//! A gap, a step back or a repetition in a table of forcing is a mistake that no simulator notices, so it is an error here,
//! with its line. Even means: the same number of nanoseconds, or of calendar months, from each to the next.

use jiff::civil::DateTime;
use jiff::fmt::strtime;
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::fault::{decoded, shown};
use crate::time_axis::TimeAxis;

/// How time stamps are written.
#[derive(Clone, Debug)]
pub struct Clock {
    /// `strftime` directives; ISO 8601 without.
    format: Option<String>,
}

impl Clock {
    /// As the format says, or ISO 8601 with a space or `T`, down to dates alone.
    pub fn new(format: Option<&str>) -> Self {
        Self {
            format: format.map(str::to_owned),
        }
    }

    /// The time in one cell; without a zone it is UTC.
    pub fn stamp(&self, cell: &[u8]) -> Result<i64, String> {
        let text = decoded(cell.trim_ascii());
        let bare = text.trim_matches(['"', '\'']).trim();
        let date_time = match &self.format {
            Some(format) => (strtime::parse(format, bare))
                .and_then(|parsed| {
                    parsed
                        .to_datetime()
                        .or_else(|_| parsed.to_date().map(DateTime::from))
                })
                .map_err(|_| format!("{} is no time of the form {format:?}", shown(cell)))?,
            None => return iso(bare).ok_or_else(|| {
                format!(
                    "{} is no time; write 2009-01-31 or 2009-01-31 12:00, or state its form as `time_format = \"%d.%m.%Y %H:%M\"`",
                    shown(cell)
                )
            }),
        };
        TimeAxis::nanoseconds_of(date_time)
            .ok_or_else(|| format!("{} is out of range", shown(cell)))
    }
}

fn iso(text: &str) -> Option<i64> {
    let clock = text.get(10..).unwrap_or("");
    if clock.ends_with(['Z', 'z']) || clock.contains(['+', '-']) {
        let stamp: Timestamp = text.parse().ok()?;
        return i64::try_from(stamp.as_nanosecond()).ok();
    }
    TimeAxis::nanoseconds_of(text.parse().ok()?)
}

/// The time spread over columns: year, month, day, hour, minute, second, from the left.
pub fn spread(cells: &[&[u8]]) -> Result<i64, String> {
    let mut parts = [0_i16, 1, 1, 0, 0, 0];
    for (part, cell) in parts.iter_mut().zip(cells) {
        let text = decoded(cell.trim_ascii());
        *part = text
            .parse()
            .map_err(|_| format!("{} is no part of a time", shown(cell)))?;
    }
    let small = |part: i16| i8::try_from(part).unwrap_or(i8::MAX);
    let [year, month, day, hour, minute, second] = parts;
    DateTime::new(
        year,
        small(month),
        small(day),
        small(hour),
        small(minute),
        small(second),
        0,
    )
    .ok()
    .and_then(TimeAxis::nanoseconds_of)
    .ok_or_else(|| {
        let shown: Vec<String> = cells.iter().map(|cell| decoded(cell)).collect();
        format!("\"{}\" is no time of year, month, day …", shown.join(" "))
    })
}

/// A time as messages show it.
pub fn show(nanoseconds: i64) -> String {
    let epoch = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
    let time = epoch.saturating_add(SignedDuration::from_nanos(nanoseconds));
    time.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Time stamps as they come, each checked against those before.
#[derive(Clone, Debug, Default)]
pub struct Steps {
    stamps: Vec<i64>,
    /// Nanoseconds between two, while that holds.
    even: Option<i64>,
    /// Months between two, while that holds.
    months: Option<i32>,
}

impl Steps {
    /// Takes the next one; what is wrong with it, if anything.
    pub fn push(&mut self, stamp: i64) -> Result<(), String> {
        if let (Some(&first), Some(&last)) = (self.stamps.first(), self.stamps.last()) {
            if stamp == last {
                return Err(format!("the time {} is there twice", show(stamp)));
            }
            if stamp < last {
                return Err(format!(
                    "the time {} comes after {}; sort the table by time",
                    show(stamp),
                    show(last)
                ));
            }
            if self.stamps.len() == 1 {
                self.even = Some(stamp - last);
                self.months = months_between(first, stamp);
            } else {
                self.even = self.even.filter(|step| stamp - last == *step);
                let count = i32::try_from(self.stamps.len()).unwrap_or(i32::MAX);
                self.months = self
                    .months
                    .filter(|step| months_between(first, stamp) == step.checked_mul(count));
            }
            if self.even.is_none() && self.months.is_none() {
                return Err(format!(
                    "the time {} follows {}, but {} follows {}: there is a gap",
                    show(stamp),
                    show(last),
                    show(self.stamps[1]),
                    show(first)
                ));
            }
        }
        self.stamps.push(stamp);
        Ok(())
    }

    /// The stamps so far.
    pub fn into_stamps(self) -> Vec<i64> {
        self.stamps
    }
}

/// Where and how time stamps differ from those of others; `None` if they are the same.
pub fn differ(stamps: &[i64], others: &[i64]) -> Option<(usize, String)> {
    let at = (0..stamps.len().max(others.len())).find(|at| stamps.get(*at) != others.get(*at))?;
    let message = match (stamps.get(at), others.get(at)) {
        (Some(stamp), Some(other)) => {
            format!("the time is {}, where it is {}", show(*stamp), show(*other))
        }
        (Some(stamp), None) => format!("the time {} is not there", show(*stamp)),
        (None, Some(other)) => format!("it ends here; the time {} is still there", show(*other)),
        (None, None) => return None,
    };
    Some((at, message))
}

/// The whole months between two times, if both are at the same time of the same day of the month.
fn months_between(from: i64, to: i64) -> Option<i32> {
    let date_time = |stamp| -> Option<DateTime> {
        let epoch = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
        epoch.checked_add(SignedDuration::from_nanos(stamp)).ok()
    };
    let (from, to) = (date_time(from)?, date_time(to)?);
    let months = (i32::from(to.year()) - i32::from(from.year())) * 12 + i32::from(to.month())
        - i32::from(from.month());
    // The 31st of January plus a month is the end of February.
    (from.checked_add(months.months()).ok()? == to && months > 0).then_some(months)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn iso_of(text: &str) -> Result<i64, String> {
        Clock::new(None).stamp(text.as_bytes())
    }

    #[test]
    fn all_forms_of_one_time() {
        let expected = iso_of("2009-01-31T12:00:00").expect("a time");
        for text in [
            "2009-01-31 12:00",
            "\"2009-01-31 12:00:00\"",
            "2009-01-31T12:00Z",
            "2009-01-31 13:00+01:00",
        ] {
            assert_eq!(iso_of(text), Ok(expected), "{text}");
        }
        let german = Clock::new(Some("%d.%m.%Y %H:%M"));
        assert_eq!(german.stamp(b"31.01.2009 12:00"), Ok(expected));
        let midnight = iso_of("2009-01-31").expect("a date");
        assert_eq!(
            Clock::new(Some("%d.%m.%Y")).stamp(b"31.01.2009"),
            Ok(midnight)
        );
        let cells: [&[u8]; 6] = [b"2009", b"1", b"31", b"12", b"0", b"0"];
        assert_eq!(spread(&cells), Ok(expected));
        assert_eq!(spread(&cells[..3]), Ok(midnight));
        for text in ["", "31.01.2009", "2009-02-30", "x"] {
            assert!(iso_of(text).is_err(), "{text}");
        }
        assert!(spread(&[b"2009", b"13", b"1"]).is_err());
    }

    fn push_all(times: &[&str]) -> Result<(), String> {
        let mut steps = Steps::default();
        times.iter().try_for_each(|time| steps.push(iso_of(time)?))
    }

    #[test]
    fn gaps_repetitions_and_disorder_are_told_apart() {
        let fault = |times: &[&str]| push_all(times).expect_err("a fault");
        assert!(fault(&["2009-01-01", "2009-01-02", "2009-01-04"]).contains("gap"));
        assert!(fault(&["2009-01-01", "2009-01-01"]).contains("twice"));
        assert!(fault(&["2009-01-02", "2009-01-01"]).contains("sort"));
        assert_eq!(
            push_all(&["2009-01-01", "2009-02-01", "2009-03-01", "2009-04-01"]),
            Ok(())
        );
        assert_eq!(
            push_all(&["2009-01-31", "2009-02-28", "2009-03-31", "2009-04-30"]),
            Ok(())
        );
        assert!(fault(&["2009-01-01", "2009-02-01", "2009-04-01"]).contains("gap"));
        assert_eq!(
            push_all(&["2007-01-01", "2008-01-01", "2009-01-01"]),
            Ok(())
        );
    }
}
