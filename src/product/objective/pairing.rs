//! Which simulated steps belong to which measured value.
//!
//! A time is the beginning of its step, simulated or measured, and a step ends where the next one begins; the last one is as long as the
//! one before it. So the day of 2009-01-01 is compared with the 24 hours from 2009-01-01 00:00 on. Only what was measured at an
//! instant (`simulated = "at"`) has no length. Steps that do not fit into each other are refused: no value is cut in pieces, and none
//! that lies within the time that counts is passed over in silence. It knows no files, and computes only what becomes of several values
//! that belong to one.

use std::ops::Range;

use anyhow::{Context, Result, bail, ensure};
use jiff::{Span, ToSpan};

use crate::data::observed::GaugeSeries;
use crate::data::time_axis::TimeAxis;
use crate::import::stamps::{end, months_between, show};
use crate::project::import_spec::Aggregate;
use crate::project::objective_spec::{ComparedSteps, Period};

const DAY: i64 = 86_400_000_000_000;

/// The measured values of a gauge with the simulated steps that each is compared with.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Comparison(Vec<(f64, Range<usize>)>);

impl Comparison {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The measured values.
    pub(crate) fn measured(&self) -> impl Iterator<Item = f64> {
        self.0.iter().map(|(value, _)| *value)
    }

    /// Appends all that it says.
    pub(super) fn put_into(&self, bytes: &mut Vec<u8>) {
        bytes.extend((self.0.len() as u64).to_le_bytes());
        for (value, steps) in &self.0 {
            bytes.extend(value.to_bits().to_le_bytes());
            bytes.extend((steps.start as u64).to_le_bytes());
            bytes.extend((steps.end as u64).to_le_bytes());
        }
    }

    /// The pairs of a measured and a simulated value; where the latter is missing, there is none.
    pub(super) fn pairs_with(&self, series: &[f64], steps: ComparedSteps) -> Vec<(f64, f64)> {
        let aggregate = match steps {
            ComparedSteps::Within(aggregate) => aggregate,
            // One step.
            ComparedSteps::Same | ComparedSteps::At | ComparedSteps::Around(_) => Aggregate::First,
        };
        let pairs = self
            .0
            .iter()
            .map(|(value, steps)| (*value, aggregate.of(&series[steps.clone()])));
        pairs
            .filter(|(_, simulated)| simulated.is_finite())
            .collect()
    }
}

/// What is compared at each of these gauges, in a simulation of these time steps; no pairs where nothing was measured then.
///
/// `stated` is how long measured steps are, if the times do not tell.
///
/// # Errors
/// If the steps do not fit into each other, or it is not clear how they belong together.
pub(crate) fn pairs(
    gauges: &[&GaugeSeries],
    stated: Option<Span>,
    compared: ComparedSteps,
    time: &TimeAxis,
    period: &Period,
) -> Result<Vec<Comparison>> {
    let stamps = time.nanoseconds();
    let end = end(stamps).context("how long a single simulated time step is can't be known")?;
    let edges: Vec<i64> = stamps.iter().copied().chain([end]).collect();
    let simulated = SimulatedSteps {
        counted: counted(&edges, period)?,
        edges,
    };
    let step = match (stated, compared) {
        (_, ComparedSteps::At) => None,
        (Some(step), _) => Some(step),
        (None, _) => Some(measured_step(gauges)?),
    };
    let pair = |gauge: &&GaugeSeries| {
        let found = match (compared, step) {
            (ComparedSteps::Around(aggregate), Some(step)) => {
                simulated.around(gauge, step, aggregate)
            }
            (_, Some(step)) => simulated.within(gauge, step, compared == ComparedSteps::Same),
            (_, None) => Ok(simulated.at(gauge)),
        };
        found.with_context(|| format!("gauge {}", gauge.name))
    };
    gauges.iter().map(pair).collect()
}

/// The simulated times that count: from the first to before the second.
fn counted(edges: &[i64], period: &Period) -> Result<Range<i64>> {
    let first = edges[0];
    let warm = match period.warm_up {
        Some(span) => after(first, span).context("`warm_up` is too long")?,
        None => first,
    };
    let before = period.before.unwrap_or(i64::MAX);
    Ok(warm.max(period.from.unwrap_or(i64::MIN))..before)
}

/// The time that is so much later.
fn after(stamp: i64, span: Span) -> Option<i64> {
    let time = TimeAxis::date_time_of(stamp).checked_add(span).ok()?;
    TimeAxis::nanoseconds_of(time)
}

/// From each measured value to the next: the least there is between any two of a gauge, or so many months.
fn measured_step(gauges: &[&GaugeSeries]) -> Result<Span> {
    let pairs = || {
        let gauges = gauges.iter();
        gauges.flat_map(|gauge| gauge.values.windows(2).map(|pair| (pair[0].0, pair[1].0)))
    };
    let least = pairs().map(|(from, to)| to - from).min();
    let least = least.context(
        "how long a measured step is can't be known from a single time; state it: `step = \"1d\"`, or `simulated = \"at\"` if it is an instant",
    )?;
    // A month has at least 28 days.
    let months = (least >= 28 * DAY)
        .then(|| {
            pairs()
                .map(|(from, to)| months_between(from, to))
                .collect::<Option<Vec<i32>>>()
        })
        .flatten();
    Ok(match months.and_then(|months| months.into_iter().min()) {
        Some(months) => months.months(),
        None => least.nanoseconds(),
    })
}

/// The simulated steps.
struct SimulatedSteps {
    /// Where each begins, and where the last one ends.
    edges: Vec<i64>,
    /// The times that count.
    counted: Range<i64>,
}

impl SimulatedSteps {
    /// The end of the last one.
    fn end(&self) -> i64 {
        self.edges[self.edges.len() - 1]
    }

    /// Adds a value if its steps count.
    fn add(&self, comparison: &mut Comparison, value: f64, steps: Range<usize>) {
        let (from, to) = (self.edges[steps.start], self.edges[steps.end]);
        if value.is_finite() && self.counted.start <= from && to <= self.counted.end {
            comparison.0.push((value, steps));
        }
    }

    /// Each value with the step in which its time is.
    fn at(&self, gauge: &GaugeSeries) -> Comparison {
        let mut comparison = Comparison::default();
        for &(stamp, value) in &gauge.values {
            let behind = self.edges.partition_point(|edge| *edge <= stamp);
            if behind > 0 && behind < self.edges.len() {
                self.add(&mut comparison, value, behind - 1..behind);
            }
        }
        comparison
    }

    /// Each value with all steps within its own; `same` if there is to be just one.
    fn within(&self, gauge: &GaugeSeries, step: Span, same: bool) -> Result<Comparison> {
        let mut comparison = Comparison::default();
        for &(from, value) in &gauge.values {
            let to = after(from, step).unwrap_or(i64::MAX);
            // What was not simulated from its beginning to its end can't be compared.
            if value.is_nan() || from < self.edges[0] || to > self.end() {
                continue;
            }
            let place = |stamp: i64| self.edges.binary_search(&stamp);
            match (place(from), place(to)) {
                (Ok(first), Ok(behind)) if !same || behind == first + 1 => {
                    self.add(&mut comparison, value, first..behind);
                }
                (Ok(_), Ok(_)) => bail!(
                    "several simulated steps are within the measured one of {}: say what becomes of them, `simulated = \"mean\"`, \
                     \"sum\", \"min\", \"max\", \"first\" or \"last\", or that values were measured at instants, `simulated = \"at\"`",
                    show(from)
                ),
                (first, behind) if self.is_within_one(first, behind) => bail!(
                    "the measured step of {} is a part of a simulated one: say what becomes of all that are in one, \
                     `aggregate = \"mean\"`, \"sum\", \"min\", \"max\", \"first\" or \"last\", or that values were measured at \
                     instants, `simulated = \"at\"`",
                    show(from)
                ),
                _ => bail!(
                    "the measured step from {} to {} begins or ends within a simulated one ({}); is there an offset from UTC behind \
                     the times, or are they instants, `simulated = \"at\"`, or of steps of other length, `step = \"…\"`?",
                    show(from),
                    show(to),
                    self.around_of(from)
                ),
            }
        }
        Ok(comparison)
    }

    /// Whether a step that begins and ends at these places among the edges, or between them, lies in one and is shorter.
    fn is_within_one(&self, from: Result<usize, usize>, to: Result<usize, usize>) -> bool {
        let first = from.unwrap_or_else(|behind| behind.saturating_sub(1));
        let last = to.unwrap_or_else(|behind| behind);
        last == first + 1
    }

    /// The simulated step in which a time is, in words.
    fn around_of(&self, stamp: i64) -> String {
        let behind = self.edges.partition_point(|edge| *edge <= stamp);
        let at = behind.clamp(1, self.edges.len() - 1);
        format!("{} to {}", show(self.edges[at - 1]), show(self.edges[at]))
    }

    /// Each simulated step with what becomes of all values measured in it.
    fn around(&self, gauge: &GaugeSeries, step: Span, aggregate: Aggregate) -> Result<Comparison> {
        let mut comparison = Comparison::default();
        let mut rest = gauge.values.as_slice();
        for (at, edge) in self.edges.windows(2).enumerate() {
            let (from, to) = (edge[0], edge[1]);
            rest = &rest[rest.partition_point(|(stamp, _)| *stamp < from)..];
            let (within, others) = rest.split_at(rest.partition_point(|(stamp, _)| *stamp < to));
            rest = others;
            if within.iter().all(|(_, value)| value.is_nan()) {
                continue;
            }
            let mut found = within.iter().peekable();
            let mut values = Vec::new();
            let mut stamp = from;
            while stamp < to {
                let here = found.next_if(|(time, _)| *time == stamp);
                values.push(here.map_or(f64::NAN, |(_, value)| *value));
                stamp = after(stamp, step).unwrap_or(i64::MAX);
            }
            ensure!(
                found.next().is_none() && stamp == to,
                "the measured steps within the simulated one from {} to {} do not make it up; `step = \"…\"` says how long they \
                 are, if not as long as from one to the next",
                show(from),
                show(to)
            );
            self.add(&mut comparison, aggregate.of(&values), at..at + 1);
        }
        Ok(comparison)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000_000_000;
    const NAN: f64 = f64::NAN;

    fn stamp(text: &str) -> i64 {
        TimeAxis::nanoseconds_of(text.parse().expect("a time")).expect("a stamp")
    }

    fn hours(from: &str, count: i64) -> TimeAxis {
        let from = stamp(from);
        TimeAxis::new((0..count).map(|hour| from + hour * HOUR).collect()).expect("an axis")
    }

    fn measured(values: &[(&str, f64)]) -> GaugeSeries {
        GaugeSeries {
            name: "g".to_owned(),
            values: values
                .iter()
                .map(|(time, value)| (stamp(time), *value))
                .collect(),
        }
    }

    fn compared(
        gauge: &GaugeSeries,
        steps: ComparedSteps,
        time: &TimeAxis,
    ) -> Result<Vec<(f64, Range<usize>)>, String> {
        let found = pairs(&[gauge], None, steps, time, &Period::default());
        let mut found = found.map_err(|error| format!("{error:#}"))?;
        Ok(found.pop().expect("one gauge").0)
    }

    #[test]
    fn a_day_is_compared_with_its_hours() {
        let time = hours("2009-01-01T00:00", 72);
        let days = measured(&[
            ("2008-12-31T00:00", 9.0),
            ("2009-01-01T00:00", 1.0),
            ("2009-01-02T00:00", NAN),
            ("2009-01-03T00:00", 3.0),
            ("2009-01-04T00:00", 9.0),
        ]);
        let mean = ComparedSteps::Within(Aggregate::Mean);
        assert_eq!(
            compared(&days, mean, &time),
            Ok(vec![(1.0, 0..24), (3.0, 48..72)])
        );
        assert_eq!(
            compared(&days, ComparedSteps::At, &time),
            Ok(vec![(1.0, 0..1), (3.0, 48..49)])
        );
        // A day of which a part was simulated is no day.
        let late = hours("2009-01-01T01:00", 71);
        assert_eq!(compared(&days, mean, &late), Ok(vec![(3.0, 47..71)]));
    }

    #[test]
    fn what_is_not_said_is_asked_for() {
        let time = hours("2009-01-01T00:00", 72);
        let days = measured(&[("2009-01-01T00:00", 1.0), ("2009-01-02T00:00", 2.0)]);
        let told = compared(&days, ComparedSteps::Same, &time).expect_err("in two ways");
        assert!(
            told.contains("simulated = \"mean\"") && told.contains("\"at\""),
            "{told}"
        );
        let quarters = measured(&[("2009-01-01T00:00", 1.0), ("2009-01-01T00:15", 2.0)]);
        let told = compared(&quarters, ComparedSteps::Same, &time).expect_err("in two ways");
        assert!(told.contains("aggregate = \"mean\""), "{told}");
        let shifted = measured(&[("2009-01-01T00:30", 1.0), ("2009-01-01T01:30", 2.0)]);
        let told = compared(&shifted, ComparedSteps::Same, &time).expect_err("no such steps");
        assert!(told.contains("offset from UTC"), "{told}");
        let one = measured(&[("2009-01-01T00:00", 1.0)]);
        let told = compared(&one, ComparedSteps::Same, &time).expect_err("how long");
        assert!(told.contains("step = \"1d\""), "{told}");
        let single = hours("2009-01-01T00:00", 1);
        assert!(compared(&days, ComparedSteps::At, &single).is_err());
    }

    #[test]
    fn finer_values_are_aggregated_where_all_are_there() {
        let time = hours("2009-01-01T00:00", 3);
        let halves = measured(&[
            ("2009-01-01T00:00", 1.0),
            ("2009-01-01T00:30", 2.0),
            ("2009-01-01T01:00", 3.0),
            ("2009-01-01T02:00", NAN),
            ("2009-01-01T02:30", 5.0),
        ]);
        let around = |aggregate| compared(&halves, ComparedSteps::Around(aggregate), &time);
        assert_eq!(around(Aggregate::Mean), Ok(vec![(1.5, 0..1)]));
        assert_eq!(around(Aggregate::First), Ok(vec![(1.0, 0..1), (3.0, 1..2)]));
        assert_eq!(around(Aggregate::Last), Ok(vec![(2.0, 0..1), (5.0, 2..3)]));
        let odd = measured(&[("2009-01-01T00:00", 1.0), ("2009-01-01T00:25", 2.0)]);
        assert!(compared(&odd, ComparedSteps::Around(Aggregate::Mean), &time).is_err());
    }

    #[test]
    fn months_are_those_of_the_calendar() {
        let days = TimeAxis::regular("2009-01-01T00:00".parse().expect("a time"), 1.day(), 90);
        let months = measured(&[
            ("2009-01-01T00:00", 1.0),
            ("2009-02-01T00:00", 2.0),
            ("2009-04-01T00:00", 4.0),
        ]);
        let mean = ComparedSteps::Within(Aggregate::Mean);
        let found = compared(&months, mean, &days.expect("an axis"));
        assert_eq!(found, Ok(vec![(1.0, 0..31), (2.0, 31..59)]));
    }

    #[test]
    fn only_what_counts_is_compared() {
        let time = hours("2009-01-01T00:00", 96);
        let days: Vec<(String, f64)> = (1..5)
            .map(|day| (format!("2009-01-0{day}T00:00"), 1.0))
            .collect();
        let days: Vec<(&str, f64)> = days
            .iter()
            .map(|(day, value)| (day.as_str(), *value))
            .collect();
        let gauge = measured(&days);
        let count = |period: &Period| {
            let mean = ComparedSteps::Within(Aggregate::Mean);
            let found = pairs(&[&gauge], None, mean, &time, period).expect("pairs");
            found[0].measured().count()
        };
        let warm_up = Some(1.day());
        assert_eq!(count(&Period::default()), 4);
        assert_eq!(
            count(&Period {
                warm_up,
                ..Period::default()
            }),
            3
        );
        let before = Some(stamp("2009-01-04T00:00"));
        assert_eq!(
            count(&Period {
                warm_up,
                before,
                from: None
            }),
            2
        );
        let from = Some(stamp("2009-01-02T01:00"));
        assert_eq!(
            count(&Period {
                warm_up: None,
                before,
                from
            }),
            1
        );
    }

    #[test]
    fn a_missing_simulated_value_is_no_pair() {
        let comparison = Comparison(vec![(1.0, 0..2), (2.0, 2..4)]);
        let mean = ComparedSteps::Within(Aggregate::Mean);
        assert_eq!(
            comparison.pairs_with(&[1.0, 3.0, NAN, 4.0], mean),
            [(1.0, 2.0)]
        );
    }
}
