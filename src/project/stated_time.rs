//! Time steps that a project states, where no series has any: `{ start = "1998-01-01", step = "1d", steps = 365 }`.
//!
//! Steps are spans of the calendar, so that a month is a month. What can be meant in two ways is an error that shows both.

use jiff::Span;
use jiff::civil::DateTime;

use super::build::ProjectBuilder;
use super::error::ProjectError;
use super::raw::StatedTime;
use crate::data::time_axis::TimeAxis;

/// More time steps than this are a mistake: a second's over a year and a half.
const MOST_STEPS: usize = 50_000_000;

impl ProjectBuilder<'_> {
    /// The time steps that are stated in this field.
    pub(super) fn stated_time(
        &self,
        field: &str,
        raw: &StatedTime,
    ) -> Result<TimeAxis, ProjectError> {
        let error =
            |name: &str, message: String| self.source.error(&format!("{field}.{name}"), message);
        let start = moment(&raw.start)
            .map_err(|fault| error("start", fault))?
            .time;
        let step = span(&raw.step).map_err(|fault| error("step", fault))?;
        let axis = match (raw.steps, &raw.end) {
            (Some(0), None) => return Err(error("steps", "must be at least 1".to_owned())),
            (Some(steps), None) if steps > MOST_STEPS => {
                return Err(error("steps", format!("must be at most {MOST_STEPS}")));
            }
            (Some(steps), None) => TimeAxis::regular(start, step, steps),
            (None, Some(end)) => {
                let end = moment(end).map_err(|fault| error("end", fault))?;
                let steps = steps_until(start, step, &end).map_err(|fault| error("end", fault))?;
                TimeAxis::regular(start, step, steps)
            }
            _ => {
                let rule =
                    "needs either `steps`, how many there are, or `end`, which none comes after";
                return Err(self.source.error(field, rule));
            }
        };
        axis.map_err(|fault| self.source.error(field, fault))
    }
}

/// A date, with a time of the day or without.
pub(super) struct Moment {
    pub(super) time: DateTime,
    is_date: bool,
}

pub(super) fn moment(value: &toml::Value) -> Result<Moment, String> {
    let text = match value {
        toml::Value::String(text) => text.trim().to_owned(),
        toml::Value::Datetime(moment) => moment.to_string(),
        other => other.to_string(),
    };
    let Ok(time) = text.parse::<DateTime>() else {
        return Err(format!(
            "{text:?} is no date; write \"1998-01-01\" or \"1998-01-01 06:00\", without a time zone"
        ));
    };
    Ok(Moment {
        time,
        is_date: !text.contains(':'),
    })
}

pub(super) fn span(text: &str) -> Result<Span, String> {
    let span = text.trim().parse::<Span>().ok();
    let is_positive = |span: &Span| span.is_positive();
    span.filter(is_positive).ok_or_else(|| {
        format!("{text:?} is no step; write \"1d\", \"6h\", \"15min\", \"1 month\" or \"1 year\"")
    })
}

/// How many steps from `start` on are not after `end`.
fn steps_until(start: DateTime, step: Span, end: &Moment) -> Result<usize, String> {
    let at = |count: usize| {
        let span = step.checked_mul(i64::try_from(count).ok()?).ok()?;
        start.checked_add(span).ok()
    };
    if end.time < start {
        return Err("is before `start`".to_owned());
    }
    let is_within_day = at(1).is_some_and(|next| next.date() == start.date());
    if end.is_date && is_within_day {
        let date = end.time.date();
        return Err(format!(
            "{date} can be meant in two ways with steps of less than a day; write \"{date} 00:00\" for its beginning, or the \
             time of the last step of that day"
        ));
    }
    // Twice as many until that is too many, and then by halves.
    let is_within = |count: usize| at(count).is_some_and(|time| time <= end.time);
    let mut beyond = 1;
    while is_within(beyond) {
        beyond *= 2;
        if beyond > 2 * MOST_STEPS {
            return Err(format!("is more than {MOST_STEPS} steps after `start`"));
        }
    }
    let mut within = beyond / 2;
    while within + 1 < beyond {
        let middle = within + (beyond - within) / 2;
        match is_within(middle) {
            true => within = middle,
            false => beyond = middle,
        }
    }
    Ok(beyond)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(start: &str, step: &str, end: &str) -> Result<usize, String> {
        let text = |text: &str| moment(&toml::Value::String(text.to_owned()));
        steps_until(text(start)?.time, span(step)?, &text(end)?)
    }

    #[test]
    fn the_last_step_is_not_after_the_end() {
        for (start, step, end, expected) in [
            ("1998-01-01", "1d", "1998-12-31", 365),
            ("1998-01-01", "1d", "1998-01-01", 1),
            ("1998-01-01", "1 month", "1999-12-31", 24),
            ("1998-01-01", "1mo", "1999-12-01", 24),
            ("1998-01-31", "1 month", "1998-02-28", 2),
            ("1998-01-01", "1 year", "2007-06-01", 10),
            ("1998-01-01", "15min", "1998-01-02 00:00", 97),
            ("1998-01-01 06:00", "6h", "1998-01-01T18:00", 3),
        ] {
            let found = steps(start, step, end);
            assert_eq!(found, Ok(expected), "{start} {step} {end}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for (start, step, end, fault) in [
            ("1998-01-01", "1h", "1998-01-02", "in two ways"),
            ("1998-01-01", "1d", "1997-01-02", "is before `start`"),
            ("1998-01-01", "1s", "2098-01-02 00:00", "is more than"),
            ("1998-01-01", "0d", "1998-01-02", "is no step"),
            ("1998-01-01", "daily", "1998-01-02", "is no step"),
            ("01/02/1998", "1d", "1998-01-02", "is no date"),
            ("1998-01-01T00:00Z", "1d", "1998-01-02", "is no date"),
        ] {
            let error = steps(start, step, end).expect_err(fault);
            assert!(error.contains(fault), "{error}");
        }
    }
}
