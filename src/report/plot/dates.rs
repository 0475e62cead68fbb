//! Points in time for an axis: the beginnings of years, months, days, hours or minutes, as many as there is room for.

use jiff::civil::DateTime;

use crate::data::time_axis::TimeAxis;

/// A part of the calendar whose beginnings are labelled, every so many of them.
#[derive(Clone, Copy)]
enum Every {
    Minutes(i16),
    Hours(i16),
    Days(i16),
    Months(i16),
    Years(i16),
}

/// From the finest to the coarsest.
const ALL: [Every; 25] = {
    use Every::*;
    [
        Minutes(1),
        Minutes(5),
        Minutes(15),
        Minutes(30),
        Hours(1),
        Hours(2),
        Hours(3),
        Hours(6),
        Hours(12),
        Days(1),
        Days(2),
        Days(5),
        Days(10),
        Months(1),
        Months(2),
        Months(3),
        Months(6),
        Years(1),
        Years(2),
        Years(5),
        Years(10),
        Years(20),
        Years(50),
        Years(100),
        Years(500),
    ]
};

impl Every {
    /// The first one at or after a point in time, and the one after it.
    fn step(self, mut at: DateTime) -> Option<DateTime> {
        use jiff::ToSpan as _;
        let next = match self {
            Self::Minutes(count) => at.checked_add(count.minutes()),
            Self::Hours(count) => at.checked_add(count.hours()),
            Self::Days(count) => {
                // Each month has them from its first day on, and none so late that the next month's first day is close.
                let next = at.checked_add(count.days()).ok()?;
                if next.month() == at.month() && i16::from(next.day()) + count / 2 <= 31 {
                    return Some(next);
                }
                at = at.first_of_month();
                at.checked_add(1.month())
            }
            Self::Months(count) => at.checked_add(count.months()),
            Self::Years(count) => at.checked_add(count.years()),
        };
        next.ok()
    }

    /// The last one at or before a point in time.
    fn before(self, at: DateTime) -> Option<DateTime> {
        let (day, time) = (at.date(), at.time());
        let down = |value: i8, count: i16| value - (i16::from(value) % count) as i8;
        Some(match self {
            Self::Minutes(count) => day.at(time.hour(), down(time.minute(), count), 0, 0),
            Self::Hours(count) => day.at(down(time.hour(), count), 0, 0, 0),
            // Far enough back for the first one to be in the month.
            Self::Days(_) => day.first_of_month().at(0, 0, 0, 0),
            Self::Months(count) => {
                let month = 1 + down(day.month() - 1, count);
                jiff::civil::Date::new(day.year(), month, 1)
                    .ok()?
                    .at(0, 0, 0, 0)
            }
            Self::Years(count) => {
                let year = day.year() - day.year().rem_euclid(count);
                jiff::civil::Date::new(year, 1, 1).ok()?.at(0, 0, 0, 0)
            }
        })
    }

    fn label(self, at: DateTime) -> String {
        let format = match self {
            Self::Minutes(_) | Self::Hours(_) => "%Y-%m-%d %H:%M",
            Self::Days(_) => "%Y-%m-%d",
            Self::Months(_) => "%Y-%m",
            Self::Years(_) => "%Y",
        };
        at.strftime(format).to_string()
    }

    /// All between two points in time, if there is room for their labels; `None` if not.
    fn within(self, from: DateTime, to: DateTime, room: usize) -> Option<Vec<(DateTime, String)>> {
        let mut found = Vec::new();
        let mut taken = 0;
        let mut next = self.before(from);
        while let Some(at) = next.filter(|at| *at <= to) {
            if at >= from {
                let label = self.label(at);
                taken += label.len() + 2;
                if taken > room {
                    return None;
                }
                found.push((at, label));
            }
            next = self.step(at);
        }
        Some(found)
    }
}

/// Points in time with their labels, the most that `room` characters have place for: where each lies, from 0 at the first time step to 1
/// at the last.
pub(super) fn ticks(time: &TimeAxis, room: usize) -> Vec<(f64, String)> {
    let stamps = time.nanoseconds();
    let (first, last) = (stamps[0], stamps[stamps.len() - 1]);
    let (from, to) = (time.date_time(0), time.date_time(time.len() - 1));
    let mut all = ALL.iter();
    let found = all.find_map(|every| {
        let found = every.within(from, to, room)?;
        (!found.is_empty()).then_some(found)
    });
    let Some(found) = found else {
        return vec![(0.0, from.strftime("%Y-%m-%d %H:%M").to_string())];
    };
    let share = |at: DateTime| {
        let stamp = TimeAxis::nanoseconds_of(at).unwrap_or(first);
        // The whole span of such time stamps is more than one of them can hold.
        match last > first {
            true => (stamp as f64 - first as f64) / (last as f64 - first as f64),
            false => 0.5,
        }
    };
    found
        .into_iter()
        .map(|(at, label)| (share(at), label))
        .collect()
}

#[cfg(test)]
mod tests {
    use jiff::Span;

    use super::*;

    fn labels(start: &str, step: &str, count: usize, room: usize) -> String {
        let step: Span = step.parse().expect("a span");
        let start = start.parse().expect("a date");
        let time = TimeAxis::regular(start, step, count).expect("an axis");
        let ticks = ticks(&time, room);
        assert!(ticks.iter().all(|(share, _)| (0.0..=1.0).contains(share)));
        let labels: Vec<String> = ticks.into_iter().map(|(_, label)| label).collect();
        labels.join(" ")
    }

    #[test]
    fn the_calendar_is_cut_where_people_cut_it() {
        let year = |room| labels("2009-01-01", "1 hour", 8760, room);
        assert_eq!(year(60), "2009-01 2009-03 2009-05 2009-07 2009-09 2009-11");
        assert_eq!(year(40), "2009-01 2009-04 2009-07 2009-10");
        assert_eq!(year(10), "2009");
        let month = labels("2009-01-30", "1 day", 32, 60);
        assert_eq!(month, "2009-02-01 2009-02-11 2009-02-21 2009-03-01");
        let day = labels("2009-06-12", "15 minutes", 96, 60);
        assert_eq!(day, "2009-06-12 00:00 2009-06-12 12:00");
        assert_eq!(
            labels("1850-01-01", "1 month", 12 * 151, 40),
            "1850 1900 1950 2000"
        );
        assert_eq!(
            labels("2009-06-12T07:30", "1 hour", 1, 60),
            "2009-06-12 07:30"
        );
        assert_eq!(labels("1700-01-01", "1 year", 500, 14), "2000");
    }
}
