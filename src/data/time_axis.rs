//! The time steps that all catchments of a project share.
//!
//! Time is a whole number of nanoseconds since 1970-01-01T00:00:00 UTC in the proleptic Gregorian calendar, exact for
//! every file format we read and write. How a file encodes time is known to the module of its format.

use std::fmt;

use jiff::civil::DateTime;
use jiff::{SignedDuration, Span, Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

const NANOSECONDS_PER_DAY: f64 = 86_400e9;

/// Why a list of time stamps can't be a time axis.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum TimeAxisError {
    /// There is no time step at all.
    #[error("there are no time steps")]
    Empty,
    /// Time stands still or runs backwards between `step - 1` and `step`.
    #[error("time step {step} is not later than the one before it")]
    NotIncreasing {
        /// The offending step, counted from 0.
        step: usize,
    },
    /// A time stamp beyond the years -9999 to 9999.
    #[error("time step {step} lies outside the years -9999 to 9999")]
    OutOfRange {
        /// The offending step, counted from 0.
        step: usize,
    },
}

/// In words: how many, from when to when.
impl fmt::Display for TimeAxis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps = if self.len() == 1 { "step" } else { "steps" };
        let (first, last) = (self.date_time(0), self.date_time(self.len() - 1));
        write!(f, "{} time {steps} from {first} to {last}", self.len())
    }
}

/// Strictly increasing time stamps, nanoseconds since 1970-01-01T00:00:00 UTC; at least one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeAxis(Vec<i64>);

impl TimeAxis {
    /// Checks and takes the time stamps.
    pub fn new(nanoseconds: Vec<i64>) -> Result<Self, TimeAxisError> {
        if nanoseconds.is_empty() {
            return Err(TimeAxisError::Empty);
        }
        if let Some(at) = nanoseconds.windows(2).position(|pair| pair[1] <= pair[0]) {
            return Err(TimeAxisError::NotIncreasing { step: at + 1 });
        }
        for step in [0, nanoseconds.len() - 1] {
            if Timestamp::from_nanosecond(i128::from(nanoseconds[step])).is_err() {
                return Err(TimeAxisError::OutOfRange { step });
            }
        }
        Ok(Self(nanoseconds))
    }

    /// So many time steps from `start` on, each `step` after the one before: a span of the calendar, such as a month.
    ///
    /// Each is counted from the start, so that steps of a month from January 31 on come to the end of each month.
    pub fn regular(start: DateTime, step: Span, count: usize) -> Result<Self, TimeAxisError> {
        let stamp = |at: usize| {
            let count = i64::try_from(at).ok();
            let span = count.and_then(|count| step.checked_mul(count).ok());
            let time = span.and_then(|span| start.checked_add(span).ok());
            (time.and_then(Self::nanoseconds_of)).ok_or(TimeAxisError::OutOfRange { step: at })
        };
        Self::new((0..count).map(stamp).collect::<Result<_, _>>()?)
    }

    /// The number of time steps, at least 1.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// All time stamps, nanoseconds since 1970-01-01T00:00:00 UTC.
    pub fn nanoseconds(&self) -> &[i64] {
        &self.0
    }

    /// The time stamps as bytes, little-endian.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|time| time.to_le_bytes()).collect()
    }

    /// Reads what [`Self::to_bytes`] gave; `None` if it is not a time axis.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (stamps, rest) = bytes.as_chunks::<8>();
        let stamps = stamps.iter().map(|stamp| i64::from_le_bytes(*stamp));
        Self::new(stamps.collect()).ok().filter(|_| rest.is_empty())
    }

    /// Days from the first step to `step`.
    ///
    /// One division of two exactly represented numbers, so hourly steps give the same bits as `step / 24`.
    pub fn days(&self, step: usize) -> f64 {
        (self.0[step] - self.0[0]) as f64 / NANOSECONDS_PER_DAY
    }

    /// The calendar date and time of `step`, UTC.
    pub fn date_time(&self, step: usize) -> DateTime {
        Self::date_time_of(self.0[step])
    }

    /// The calendar date and time of a time stamp, UTC.
    pub fn date_time_of(nanoseconds: i64) -> DateTime {
        let epoch = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
        epoch.saturating_add(SignedDuration::from_nanos(nanoseconds))
    }

    /// The time stamp of a civil date and time, read as UTC.
    pub fn nanoseconds_of(date_time: DateTime) -> Option<i64> {
        let zoned = date_time.to_zoned(TimeZone::UTC).ok()?;
        i64::try_from(zoned.timestamp().as_nanosecond()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000_000_000;

    #[test]
    fn hourly_days_equal_step_over_24() {
        let axis = TimeAxis::new((0..9000).map(|h| h * HOUR + 7).collect()).expect("an axis");
        for step in 0..9000 {
            assert_eq!(axis.days(step).to_bits(), (step as f64 / 24.0).to_bits());
        }
    }

    #[test]
    fn dates_are_utc() {
        let axis = TimeAxis::new(vec![-HOUR, 0, 1_230_768_000_000_000_000]).expect("an axis");
        assert_eq!(axis.date_time(0).to_string(), "1969-12-31T23:00:00");
        assert_eq!(axis.date_time(2).to_string(), "2009-01-01T00:00:00");
        assert_eq!(
            TimeAxis::nanoseconds_of(axis.date_time(2)),
            Some(axis.nanoseconds()[2])
        );
    }

    #[test]
    fn regular_steps_are_those_of_the_calendar() {
        let axis = |start: &str, step: &str, count| {
            let axis = TimeAxis::regular(
                start.parse().expect("a date"),
                step.parse().expect("a span"),
                count,
            )?;
            Ok((0..axis.len())
                .map(|at| axis.date_time(at).to_string())
                .collect::<Vec<_>>())
        };
        let all = |days: &[&str]| -> Result<Vec<String>, TimeAxisError> {
            Ok(days.iter().map(|day| format!("{day}T00:00:00")).collect())
        };
        let months = axis("2000-01-31", "1 month", 3);
        assert_eq!(months, all(&["2000-01-31", "2000-02-29", "2000-03-31"]));
        let years = axis("2000-02-29", "1 year", 3);
        assert_eq!(years, all(&["2000-02-29", "2001-02-28", "2002-02-28"]));
        let days = axis("1999-12-31", "1d", 2);
        assert_eq!(days, all(&["1999-12-31", "2000-01-01"]));
        let far = axis("1999-12-31", "9000 years", 2);
        assert_eq!(far, Err(TimeAxisError::OutOfRange { step: 1 }));
    }

    #[test]
    fn disorder_is_refused() {
        assert_eq!(TimeAxis::new(vec![]), Err(TimeAxisError::Empty));
        assert_eq!(
            TimeAxis::new(vec![0, 5, 5]),
            Err(TimeAxisError::NotIncreasing { step: 2 })
        );
    }
}
