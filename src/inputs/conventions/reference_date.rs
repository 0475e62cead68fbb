//! The date and time since which a time coordinate counts, as people write it: `2009-1-1 6:00 +01:00`.
//!
//! What UDUNITS reads is read, except for what is ambiguous to it or its users. It knows nothing of units.

use jiff::civil::{Date, DateTime, Time};

/// Nanoseconds of a second.
pub(crate) const SECOND: i128 = 1_000_000_000;

/// Nanoseconds of a day.
pub(crate) const DAY: i128 = 86_400 * SECOND;

/// The reference date-time as nanoseconds since 1970. In the mixed calendar, dates before 1582-10-05 are Julian, the ten days
/// after that do not exist, and neither does a year 0.
pub(crate) fn reference_time(text: &str, mixed: bool) -> Option<i128> {
    let (date, rest) = match text.find(|c: char| c == 'T' || c == 't' || c.is_whitespace()) {
        Some(at) => (&text[..at], text[at + 1..].trim()),
        None => (text, ""),
    };
    let mut parts = date.splitn(3, '-');
    let year = digits(parts.next()?, 4)?;
    let month = digits(parts.next().unwrap_or("1"), 2)?;
    let day = digits(parts.next().unwrap_or("1"), 2)?;
    let days = if mixed && (year, month, day) < (1582, 10, 15) {
        if year == 0 || (year, month, day) > (1582, 10, 4) {
            return None;
        }
        days_of_julian_date(year, month, day)?
    } else {
        let date = Date::new(i16::try_from(year).ok()?, month as i8, day as i8).ok()?;
        let midnight = DateTime::from_parts(date, Time::midnight());
        let since = midnight
            .since(DateTime::constant(1970, 1, 1, 0, 0, 0, 0))
            .ok()?;
        i128::from(since.get_days())
    };
    let (clock, zone) = split_zone(rest)?;
    Some(days * DAY + time_of_day(clock)? - zone)
}

/// Splits `06:00:00 +01:00` into the clock time and the zone's distance from UTC in nanoseconds.
fn split_zone(text: &str) -> Option<(&str, i128)> {
    for name in ["Z", "z", "UTC", "utc", "GMT"] {
        if let Some(clock) = text.strip_suffix(name) {
            return Some((clock.trim(), 0));
        }
    }
    // After white space a bare number is a zone as well: UDUNITS writes "00:00:00 1:00".
    let Some(at) = text.rfind(['+', '-', ' ']) else {
        return Some((text, 0));
    };
    let (clock, zone) = (text[..at].trim(), text[at..].trim());
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let zone = zone.trim_start_matches(['+', '-']);
    let (hours, minutes) = match zone.split_once(':') {
        Some((hours, minutes)) => (digits(hours, 2)?, digits(minutes, 2)?),
        None if zone.len() > 2 && zone.is_ascii() => {
            let (hours, minutes) = zone.split_at(zone.len() - 2);
            (digits(hours, 2)?, digits(minutes, 2)?)
        }
        None => (digits(zone, 2)?, 0),
    };
    // A day has zones from -12 to +14 hours. Without a clock it could be one: "2009-01-01 -06:00".
    let is_zone = hours <= 14 && minutes <= 59 && !clock.is_empty();
    is_zone.then_some((clock, sign * i128::from(hours * 60 + minutes) * 60 * SECOND))
}

fn time_of_day(text: &str) -> Option<i128> {
    if text.is_empty() {
        return Some(0);
    }
    let mut parts = text.splitn(3, ':');
    let hours = digits(parts.next()?, 2)?;
    let minutes = digits(parts.next().unwrap_or("0"), 2)?;
    let seconds = parts.next().unwrap_or("0");
    let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
    let whole = digits(whole, 2)?;
    if hours > 23 || minutes > 59 || whole > 59 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (fraction, rest) = fraction.split_at(fraction.len().min(9));
    if rest.bytes().any(|b| b != b'0') {
        return None;
    }
    let nanoseconds: i128 = format!("{fraction:0<9}").parse().ok()?;
    Some(i128::from(hours * 3600 + minutes * 60 + whole) * SECOND + nanoseconds)
}

fn digits(text: &str, most: usize) -> Option<i64> {
    let fits = (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if fits { text.parse().ok() } else { None }
}

/// Days from 1970-01-01 (Gregorian) to a date of the Julian calendar, by the usual count of days from March.
fn days_of_julian_date(year: i64, month: i64, day: i64) -> Option<i128> {
    let leap = i64::from(year % 4 == 0);
    let lengths = [31, 28 + leap, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let length = lengths.get(usize::try_from(month - 1).ok()?)?;
    if !(1..=*length).contains(&day) {
        return None;
    }
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let from_march = (153 * month + 2) / 5 + day - 1;
    Some(i128::from(
        365 * year + year.div_euclid(4) + from_march - 719_470,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_julian_calendar_ends_where_the_gregorian_begins() {
        assert_eq!(days_of_julian_date(1582, 10, 5), Some(-141_427));
        let day = |text| reference_time(text, true).map(|time| time / DAY);
        assert_eq!(day("1582-10-15"), Some(-141_427));
        assert_eq!(day("1582-10-04"), Some(-141_428));
        assert_eq!(day("1582-10-05"), None);
    }
}
