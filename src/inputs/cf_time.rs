//! Time coordinates after the CF conventions: "hours since 2009-01-01" and numbers become nanoseconds since 1970.
//!
//! Source: CF conventions 1.11, section 4.4, and the unit names of UDUNITS. Units of no fixed length (months, years) and
//! calendars other than the one in civil use are refused rather than guessed. It knows nothing of files.

use jiff::civil::{Date, DateTime, Time};

use super::decoding::Values;

const SECOND: i128 = 1_000_000_000;
const DAY: i128 = 86_400 * SECOND;

/// Why a time coordinate can't be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CfTimeError {
    /// The text is not "UNIT since DATE".
    #[error("`{0}` is not of the form `hours since 2009-01-01 00:00:00`")]
    Form(String),
    /// The unit has no fixed length or is unknown.
    #[error(
        "the time unit `{0}` is not one of days, hours, minutes, seconds (or parts of a second)"
    )]
    Unit(String),
    /// Not a date or time of day.
    #[error(
        "`{0}` is not a date and time such as `2009-01-01 06:00:00` or `2009-01-01T06:00:00+01:00`"
    )]
    Date(String),
    /// Not the civil calendar.
    #[error(
        "the calendar `{0}` is not supported: convert the file to `standard` or `proleptic_gregorian`"
    )]
    Calendar(String),
    /// A missing value among the times.
    #[error("time step {0} has no value")]
    Missing(usize),
    /// A time that nanoseconds since 1970 can't express (before 1677 or after 2262).
    #[error("time step {0} lies outside the years 1678 to 2261")]
    Range(usize),
}

/// Whether an attribute `units` is that of a time coordinate.
pub fn is_time_unit(units: &str) -> bool {
    split_since(units).is_some()
}

/// Whether an attribute `units` is a unit of time other than nanoseconds: hours, without "since" a date.
pub fn is_other_unit(units: &str) -> bool {
    nanoseconds_of_unit(units.trim()).is_some_and(|unit| unit != 1)
}

/// Decodes a time coordinate to nanoseconds since 1970-01-01T00:00:00 UTC.
///
/// `calendar` is the attribute of that name; without it the calendar is `standard`. Fractions are only as exact as their
/// type, of the relative `precision` (2^-52 for 64 bits). A whole number of units is taken as it is where its type has
/// fractions of that size; all others mean the nearest full hour within the precision, or else minute, second, millisecond or
/// microsecond: an hourly series in days comes out on the hour.
pub fn decode(
    times: &Values,
    precision: f64,
    units: &str,
    calendar: Option<&str>,
) -> Result<Vec<i64>, CfTimeError> {
    let mixed = match calendar
        .unwrap_or("standard")
        .trim()
        .to_ascii_lowercase()
        .as_str()
    {
        "" | "standard" | "gregorian" => true,
        "proleptic_gregorian" => false,
        _ => {
            return Err(CfTimeError::Calendar(
                calendar.unwrap_or_default().to_owned(),
            ));
        }
    };
    let (unit, since) = split_since(units).ok_or_else(|| CfTimeError::Form(units.to_owned()))?;
    let unit = nanoseconds_of_unit(unit).ok_or_else(|| CfTimeError::Unit(unit.to_owned()))?;
    let start = reference_time(since, mixed).ok_or_else(|| CfTimeError::Date(since.to_owned()))?;
    let stamp = |step: usize, offset: i128| {
        i64::try_from(start + offset).map_err(|_| CfTimeError::Range(step))
    };
    match times {
        Values::Whole(values) => (values.iter().enumerate())
            .map(|(step, value)| {
                let value = value.ok_or(CfTimeError::Missing(step))?;
                stamp(step, value * unit)
            })
            .collect(),
        Values::Real(values) => (values.iter().enumerate())
            .map(|(step, &value)| {
                if !value.is_finite() {
                    return Err(CfTimeError::Missing(step));
                }
                if value.abs() > 1e18 {
                    return Err(CfTimeError::Range(step));
                }
                // The fraction alone is multiplied, so that the whole part loses nothing.
                let whole = value.floor() as i128 * unit;
                if value.fract() == 0.0 && value.abs() * precision < 0.5 {
                    return stamp(step, whole);
                }
                let offset = whole + ((value - value.floor()) * unit as f64).round() as i128;
                let doubt = (value.abs() * precision * unit as f64) as i128;
                stamp(step, rounded(start, offset, doubt.max(1)))
            })
            .collect(),
    }
}

/// The offset from `start` that was meant: within this doubt one of full hours, or one that ends on the hour, or else the same
/// with minutes, and so on.
fn rounded(start: i128, offset: i128, doubt: i128) -> i128 {
    for grid in [
        3600 * SECOND,
        60 * SECOND,
        SECOND,
        SECOND / 1000,
        SECOND / 1_000_000,
    ] {
        let nearest = |time: i128| (time + grid / 2).div_euclid(grid) * grid;
        for meant in [nearest(offset), nearest(start + offset) - start] {
            if (meant - offset).abs() <= doubt {
                return meant;
            }
        }
    }
    offset
}

fn split_since(units: &str) -> Option<(&str, &str)> {
    let mut words = units.split_whitespace();
    let (unit, since) = (words.next()?, words.next()?);
    if !since.eq_ignore_ascii_case("since") {
        return None;
    }
    let rest = units.trim_start()[unit.len()..].trim_start();
    Some((unit, rest[since.len()..].trim()))
}

fn nanoseconds_of_unit(unit: &str) -> Option<i128> {
    Some(match unit.to_ascii_lowercase().as_str() {
        "d" | "day" | "days" => DAY,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3600 * SECOND,
        "min" | "mins" | "minute" | "minutes" => 60 * SECOND,
        "s" | "sec" | "secs" | "second" | "seconds" => SECOND,
        "ms" | "msec" | "msecs" | "millisec" | "millisecs" | "millisecond" | "milliseconds" => {
            SECOND / 1000
        }
        "us" | "microsec" | "microsecs" | "microsecond" | "microseconds" => SECOND / 1_000_000,
        "ns" | "nanosecond" | "nanoseconds" => 1,
        _ => return None,
    })
}

/// The reference date-time as nanoseconds since 1970. In the mixed calendar, dates before 1582-10-05 are Julian, the ten days
/// after that do not exist, and neither does a year 0.
fn reference_time(text: &str, mixed: bool) -> Option<i128> {
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
    use proptest::prelude::*;

    use super::*;

    const HOUR: i64 = 3_600_000_000_000;

    fn whole(units: &str, calendar: Option<&str>) -> Result<Vec<i64>, CfTimeError> {
        decode(&Values::Whole(vec![Some(0), Some(1)]), 0.0, units, calendar)
    }

    #[test]
    fn reference_dates_are_read_as_they_are_written() {
        for units in [
            "hours since 1970-01-02",
            "hours since 1970-1-2 0:0",
            "h since 1970-01-02T00:00:00Z",
            "Hours Since 1970-01-02 00:00:00.0 UTC",
            "hr since 1970-01-02 02:30:00 +02:30",
            "hours since 1970-01-01T19:00:00 -5:00",
            "hours since 1970-01-02 01:00:00 +0100",
        ] {
            assert_eq!(
                whole(units, None),
                Ok(vec![24 * HOUR, 25 * HOUR]),
                "{units}"
            );
        }
        assert_eq!(
            whole(
                "seconds since 1970-01-01 00:00:00.25",
                Some("proleptic_gregorian")
            ),
            Ok(vec![250_000_000, 1_250_000_000])
        );
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        assert_eq!(
            whole("months since 2000-01-01", None),
            Err(CfTimeError::Unit("months".into()))
        );
        assert_eq!(whole("days", None), Err(CfTimeError::Form("days".into())));
        assert_eq!(
            whole("days since 2000-02-30", None),
            Err(CfTimeError::Date("2000-02-30".into()))
        );
        assert_eq!(
            whole("days since 2000-01-01", Some("noleap")),
            Err(CfTimeError::Calendar("noleap".into()))
        );
        for date in [
            "0000-01-01",
            "1582-10-10",
            "2000-01-01 -06:00",
            "2000-01-01 00:00 +15:00",
            "2000-01-01 00:00 +01:60",
            "2000-01-01 24:00",
            "2000-01-01 00:00:00.0000000001",
            "2000-01-01 00:00 EST",
            "2000-01-01 00:00 UTC+1",
            "2000-01-01 1230",
            "2000/01/01",
            "20000101",
            "01-01-2000",
        ] {
            let units = format!("days since {date}");
            assert_eq!(whole(&units, None), Err(CfTimeError::Date(date.into())));
        }
        assert_eq!(
            whole("days since 1500-01-01", None),
            Err(CfTimeError::Range(0))
        );
    }

    #[test]
    fn the_mixed_calendar_is_julian_before_1582() {
        // What cftime gives for 2000-01-01 in the calendars `standard` and `proleptic_gregorian`.
        let days = |n| Values::Whole(vec![Some(n)]);
        let expected = Ok(vec![10_957 * 24 * HOUR]);
        assert_eq!(
            decode(
                &days(730_121),
                0.0,
                "days since 0001-01-01",
                Some("standard")
            ),
            expected
        );
        assert_eq!(
            decode(
                &days(730_119),
                0.0,
                "days since 0001-01-01",
                Some("proleptic_gregorian")
            ),
            expected
        );
        assert_eq!(days_of_julian_date(1582, 10, 5), Some(-141_427));
    }

    #[test]
    fn fractions_come_out_on_the_hour() {
        let values: Vec<f64> = (0..9000).map(|h| 40_000.0 + f64::from(h) / 24.0).collect();
        let times = Values::Real(values);
        let decoded = decode(&times, f64::EPSILON, "days since 1900-01-01", None).expect("times");
        assert!((1..9000).all(|h| decoded[h] - decoded[h - 1] == HOUR));
        let short = f64::from(f32::EPSILON);
        assert_eq!(
            decode(
                &Values::Real(vec![10_000.0]),
                short,
                "days since 1979-01-01",
                None
            ),
            Ok(vec![(10_000 + 3287) * 24 * HOUR])
        );
    }

    #[test]
    fn whole_numbers_of_a_short_type_are_taken_as_they_are() {
        let short = f64::from(f32::EPSILON);
        let decode = |value, units| decode(&Values::Real(vec![value]), short, units, None);
        let seconds = 1_000_000_000;
        // Within the type's precision there is a full hour, which is not meant.
        assert_eq!(
            decode(400_000.0, "hours since 1970-01-01 00:00:47"),
            Ok(vec![400_000 * HOUR + 47 * seconds])
        );
        // Of this size all are whole.
        assert_eq!(
            decode(f64::from(1_230_768_000_f32), "seconds since 1970-01-01"),
            Ok(vec![1_230_768_000 * seconds])
        );
    }

    #[test]
    fn a_gap_is_named() {
        for times in [
            Values::Real(vec![0.0, f64::NAN]),
            Values::Whole(vec![Some(0), None]),
        ] {
            assert_eq!(
                decode(&times, f64::EPSILON, "days since 1970-01-01", None),
                Err(CfTimeError::Missing(1))
            );
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(units in "(days|h|s) since [0-9:TZ+. -]{0,24}", any in ".{0,40}") {
            let _ = whole(&units, None);
            let _ = whole(&any, Some(&any));
        }

        #[test]
        fn whole_numbers_are_exact(hours in -2_000_000_i64..2_000_000) {
            prop_assert_eq!(
                decode(&Values::Whole(vec![Some(hours.into())]), 0.0, "hours since 1970-01-01", None),
                Ok(vec![hours * HOUR])
            );
        }
    }
}
