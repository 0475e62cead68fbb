//! Time coordinates by the CF conventions: "hours since 2009-01-01" and numbers become nanoseconds since 1970.
//!
//! Source: CF conventions 1.11, section 4.4, and the unit names of UDUNITS. Units of no fixed length (months, years) and
//! calendars other than the one in civil use are refused rather than guessed. It knows nothing of files.

use crate::inputs::conventions::decoding::DecodedValues;
use crate::inputs::conventions::reference_date::{DAY, SECOND, reference_time};

/// Why a time coordinate can't be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CfTimeError {
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
pub(crate) fn is_time_unit(units: &str) -> bool {
    split_since(units).is_some()
}

/// Whether an attribute `units` is a unit of time other than nanoseconds: hours, without "since" a date.
pub(crate) fn is_other_unit(units: &str) -> bool {
    nanoseconds_of_unit(units.trim()).is_some_and(|unit| unit != 1)
}

/// Decodes a time coordinate to nanoseconds since 1970-01-01T00:00:00 UTC.
///
/// `calendar` is the attribute of that name; without it the calendar is `standard`. Fractions are only as exact as their
/// type, of the relative `precision` (2^-52 for 64 bits). A whole number of units is taken as it is where its type has
/// fractions of that size; all others mean the nearest full hour within the precision, or else minute, second, millisecond or
/// microsecond: an hourly series in days comes out on the hour.
pub(crate) fn decode(
    times: &DecodedValues,
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
        DecodedValues::Whole(values) => (values.iter().enumerate())
            .map(|(step, value)| {
                let value = value.ok_or(CfTimeError::Missing(step))?;
                stamp(step, value * unit)
            })
            .collect(),
        DecodedValues::Real(values) => (values.iter().enumerate())
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: i64 = 3_600_000_000_000;

    fn whole(units: &str, calendar: Option<&str>) -> Result<Vec<i64>, CfTimeError> {
        decode(
            &DecodedValues::Whole(vec![Some(0), Some(1)]),
            0.0,
            units,
            calendar,
        )
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
        let days = |n| DecodedValues::Whole(vec![Some(n)]);
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
    }

    #[test]
    fn fractions_come_out_on_the_hour() {
        let values: Vec<f64> = (0..9000).map(|h| 40_000.0 + f64::from(h) / 24.0).collect();
        let times = DecodedValues::Real(values);
        let decoded = decode(&times, f64::EPSILON, "days since 1900-01-01", None).expect("times");
        assert!((1..9000).all(|h| decoded[h] - decoded[h - 1] == HOUR));
        let short = f64::from(f32::EPSILON);
        assert_eq!(
            decode(
                &DecodedValues::Real(vec![10_000.0]),
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
        let decode = |value, units| decode(&DecodedValues::Real(vec![value]), short, units, None);
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
            DecodedValues::Real(vec![0.0, f64::NAN]),
            DecodedValues::Whole(vec![Some(0), None]),
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
                decode(&DecodedValues::Whole(vec![Some(hours.into())]), 0.0, "hours since 1970-01-01", None),
                Ok(vec![hours * HOUR])
            );
        }
    }
}
