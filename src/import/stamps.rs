//! The time stamps of a table, one after the other: whether they are evenly spaced, and where the last step ends.
//!
//! A gap, a step back or a repetition in a table of forcing is a mistake that no simulator notices, so it is an error here,
//! with its line. Even means: the same number of nanoseconds, or of calendar months, from each to the next.

use jiff::ToSpan;

use crate::data::time_axis::TimeAxis;

const HOUR: i64 = 3_600_000_000_000;

/// A time as messages show it.
pub(crate) fn show(nanoseconds: i64) -> String {
    let time = TimeAxis::date_time_of(nanoseconds);
    time.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Where the last of some even steps ends: it lasts as long as the one before it, or as many calendar months. `None` if there
/// is only one.
pub(crate) fn end(stamps: &[i64]) -> Option<i64> {
    let (first, last) = (*stamps.first()?, *stamps.last()?);
    let before = *stamps.get(stamps.len().checked_sub(2)?)?;
    let steps = i32::try_from(stamps.len() - 1).ok();
    let months = months_between(first, last)
        .zip(steps)
        .filter(|(months, steps)| months % steps == 0);
    let in_months = months.and_then(|(months, steps)| {
        let each = months / steps;
        let even = months_between(first, stamps[1]) == Some(each);
        let end = TimeAxis::date_time_of(first)
            .checked_add((months + each).months())
            .ok()?;
        even.then(|| TimeAxis::nanoseconds_of(end)).flatten()
    });
    in_months.or_else(|| last.checked_add(last - before))
}

/// Time stamps as they come, each checked against those before.
#[derive(Clone, Debug, Default)]
pub(super) struct Steps {
    stamps: Vec<i64>,
    /// Nanoseconds between two, while that holds.
    even: Option<i64>,
    /// Months between two, while that holds.
    months: Option<i32>,
}

impl Steps {
    /// Adds the next one; the error says what is wrong with it.
    pub(super) fn push(&mut self, stamp: i64) -> Result<(), String> {
        if let (Some(&first), Some(&last)) = (self.stamps.first(), self.stamps.last()) {
            later(last, stamp, self.even.is_some_and(|step| step <= HOUR))?;
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
                let step = self.stamps[1] - first;
                return Err(format!(
                    "the time {} follows {}, but {} follows {}: there is a gap{}",
                    show(stamp),
                    show(last),
                    show(self.stamps[1]),
                    show(first),
                    clock_change((stamp - last - step).abs() == HOUR)
                ));
            }
        }
        self.stamps.push(stamp);
        Ok(())
    }

    /// The stamps so far.
    pub(super) fn into_stamps(self) -> Vec<i64> {
        self.stamps
    }
}

/// What is wrong with a time that follows another one, unless it is later; `hourly` where a change of the clock may be the cause.
pub(super) fn later(last: i64, stamp: i64, hourly: bool) -> Result<(), String> {
    if stamp == last {
        return Err(format!(
            "the time {} is there twice{}",
            show(stamp),
            clock_change(hourly)
        ));
    }
    if stamp < last {
        return Err(format!(
            "the time {} comes after {}; sort the table by time",
            show(stamp),
            show(last)
        ));
    }
    Ok(())
}

/// What to say where a clock may have been put forward or back.
fn clock_change(maybe: bool) -> &'static str {
    match maybe {
        true => {
            "; if the clock changed there, write the offset from UTC behind each time, as in +01:00"
        }
        false => "",
    }
}

/// Where and how time stamps differ from those of others; `None` if they are the same.
pub(super) fn differ(stamps: &[i64], others: &[i64]) -> Option<(usize, String)> {
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
pub(crate) fn months_between(from: i64, to: i64) -> Option<i32> {
    let (from, to) = (TimeAxis::date_time_of(from), TimeAxis::date_time_of(to));
    let months = (i32::from(to.year()) - i32::from(from.year())) * 12 + i32::from(to.month())
        - i32::from(from.month());
    // The 31st of January plus a month is the end of February.
    (from.checked_add(months.months()).ok()? == to && months > 0).then_some(months)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn iso_of(text: &str) -> i64 {
        TimeAxis::nanoseconds_of(text.parse().expect("a time")).expect("in range")
    }

    fn push_all(times: &[&str]) -> Result<(), String> {
        let mut steps = Steps::default();
        times.iter().try_for_each(|time| steps.push(iso_of(time)))
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

    #[test]
    fn the_last_step_is_as_long_as_the_one_before_it_or_a_month() {
        for (times, expected) in [
            (["2009-01-01", "2009-01-02", "2009-01-03"], "2009-01-04"),
            (["2008-12-01", "2009-01-01", "2009-02-01"], "2009-03-01"),
            (["2008-12-31", "2009-01-31", "2009-02-28"], "2009-03-31"),
            (["2007-01-01", "2008-01-01", "2009-01-01"], "2010-01-01"),
            (["2009-01-01", "2009-01-29", "2009-02-26"], "2009-03-26"),
        ] {
            let stamps = times.map(iso_of);
            assert_eq!(end(&stamps), Some(iso_of(expected)), "{times:?}");
        }
        assert_eq!(end(&[0]), None);
        assert_eq!(
            end(&[iso_of("2009-02-01"), iso_of("2009-03-01")]),
            Some(iso_of("2009-04-01"))
        );
    }
}
