//! Time axes of several series → one, and how the values of each come to it.

use std::ops::Range;

use anyhow::{Result, bail};

use crate::import::stamps::{end, show};
use crate::project::import_spec::{Aggregate, Fill};

/// How the values of a series come to the common time steps.
#[derive(Debug)]
pub(super) enum StepMapping {
    /// They are there already.
    Same,
    /// For each common step, which of the series' own.
    Pick(Vec<usize>),
    /// For each common step, which of the series' own and what share of the way to its next.
    Blend(Vec<(usize, f64)>),
    /// For each common step, those of the series' own that lie within it, and what becomes of them.
    Gather(Vec<Range<usize>>, Aggregate),
}

/// The times of a series, and its name for messages.
pub(super) struct Times<'a> {
    /// The series.
    pub name: &'a str,
    /// At least one, increasing.
    pub stamps: &'a [i64],
}

/// The series with the finest steps, the first of equals.
pub(super) fn finest(times: &[Times<'_>]) -> Option<usize> {
    let step = |times: &Times<'_>| match times.stamps {
        [first, .., last] => (last - first) / (times.stamps.len() as i64 - 1),
        _ => i64::MAX,
    };
    (0..times.len()).min_by_key(|at| step(&times[*at]))
}

impl StepMapping {
    /// How a series comes to the steps of `target`; an error if it does not cover all of them, or if some of its values
    /// within them would not be used.
    pub(super) fn new(
        series: &Times<'_>,
        target: &Times<'_>,
        fill: Fill,
        aggregate: Option<Aggregate>,
    ) -> Result<Self> {
        if series.stamps == target.stamps {
            return Ok(Self::Same);
        }
        match aggregate {
            Some(aggregate) => gather(series, target, aggregate),
            None => filled(series, target, fill),
        }
    }

    /// Appends the values at the common steps.
    pub(super) fn apply(&self, values: &[f64], out: &mut Vec<f64>) {
        match self {
            Self::Same => out.extend_from_slice(values),
            Self::Pick(picks) => out.extend(picks.iter().map(|at| values[*at])),
            Self::Gather(steps, aggregate) => {
                out.extend(steps.iter().map(|own| aggregate.of(&values[own.clone()])));
            }
            Self::Blend(blends) => out.extend(blends.iter().map(|&(at, share)| {
                // Exactly on a value, a missing neighbour does not matter.
                if share == 0.0 {
                    values[at]
                } else {
                    values[at] + (values[at + 1] - values[at]) * share
                }
            })),
        }
    }
}

/// A series with steps that are no finer.
fn filled(series: &Times<'_>, target: &Times<'_>, fill: Fill) -> Result<StepMapping> {
    let (name, stamps) = (series.name, series.stamps);
    let (Some(&first), Some(&last)) = (stamps.first(), stamps.last()) else {
        bail!("the series {name} has no time steps");
    };
    let end = end(stamps).unwrap_or(i64::MAX);
    let mut picks = Vec::with_capacity(target.stamps.len());
    for &stamp in target.stamps {
        let after = stamps.partition_point(|own| *own <= stamp);
        let reached = after > 0 && stamp < end;
        let exact = reached && stamps[after - 1] == stamp;
        if fill == Fill::None && !exact {
            bail!(
                "the series {name} has no value at {}, which {} has; its own time steps are from {} to {}: \
                 to fill in between them, set `fill = \"previous\"` or `fill = \"linear\"`",
                show(stamp),
                target.name,
                show(first),
                show(last)
            );
        }
        if !reached {
            bail!(
                "the series {name} reaches from {} to {}, and {} has the time {}",
                show(first),
                show(last),
                target.name,
                show(stamp)
            );
        }
        picks.push(after - 1);
    }
    let blend = |(&at, &stamp): (&usize, &i64)| match stamps.get(at + 1) {
        Some(next) => (at, (stamp - stamps[at]) as f64 / (next - stamps[at]) as f64),
        None => (at, 0.0),
    };
    let blends: Vec<(usize, f64)> = picks.iter().zip(target.stamps).map(blend).collect();
    check_used(series, target, fill, &blends)?;
    Ok(match fill {
        Fill::Linear => StepMapping::Blend(blends),
        Fill::None | Fill::Previous => StepMapping::Pick(picks),
    })
}

/// An error if values of the series within the steps of `target` would not be used.
fn check_used(
    series: &Times<'_>,
    target: &Times<'_>,
    fill: Fill,
    blends: &[(usize, f64)],
) -> Result<()> {
    let last_used =
        |&(at, share): &(usize, f64)| at + usize::from(fill == Fill::Linear && share > 0.0);
    let skips = |pair: &[(usize, f64)]| pair[1].0 > last_used(&pair[0]) + 1;
    let (name, other) = (series.name, target.name);
    if target.stamps.len() == 1 && blends[0].0 + 1 < series.stamps.len() {
        bail!(
            "{other} has a single time step, and how long it is can't be known: {name} may have one value for it or many; \
             bring all series to the time steps of {name} with `time = \"{name}\"` under [import]"
        );
    }
    if !blends.windows(2).any(skips) {
        return Ok(());
    }
    let within = steps(series, target);
    let counts = || within.iter().map(Range::len);
    let (fewest, most) = (counts().min().unwrap_or(0), counts().max().unwrap_or(0));
    let (all, mut used) = (counts().sum::<usize>(), Vec::new());
    for blend in blends {
        used.extend(blend.0..=last_used(blend));
    }
    used.dedup();
    let each = if fewest == most {
        most.to_string()
    } else {
        format!("{fewest} to {most}")
    };
    let said = match fill {
        Fill::None => "none",
        Fill::Previous => "previous",
        Fill::Linear => "linear",
    };
    bail!(
        "the series {name} has {each} values for each time step of {other}; with `fill = \"{said}\"`, {} of {all} would \
         not be used: say what becomes of them, `aggregate = \"sum\"` (amounts), \"mean\" (states and rates), \"min\", \
         \"max\", \"first\" or \"last\", or bring all series to the time steps of {name} with `time = \"{name}\"` under [import]",
        all.saturating_sub(used.len())
    );
}

/// Of each step of `target`, from its time to that of the next, the steps of the series that begin in it.
fn steps(series: &Times<'_>, target: &Times<'_>) -> Vec<Range<usize>> {
    let place = |stamp: i64| series.stamps.partition_point(|own| *own < stamp);
    let ends =
        (target.stamps.iter().skip(1).copied()).chain([end(target.stamps).unwrap_or(i64::MAX)]);
    (target.stamps.iter().zip(ends))
        .map(|(from, to)| place(*from)..place(to))
        .collect()
}

/// A series with finer steps, all of which belong to one of `target` from their beginning to their end.
fn gather(series: &Times<'_>, target: &Times<'_>, aggregate: Aggregate) -> Result<StepMapping> {
    let (name, other) = (series.name, target.name);
    let (Some(end), Some(own_end)) = (end(target.stamps), end(series.stamps)) else {
        bail!(
            "how long a single time step is can't be known, so {name} can't be aggregated to the steps of {other}"
        );
    };
    let (first, last) = (series.stamps[0], series.stamps[series.stamps.len() - 1]);
    for &edge in target.stamps.iter().chain([&end]) {
        if edge < first || edge > own_end {
            bail!(
                "the series {name} has values from {} to {}, which do not cover the time steps of {other}, from {} to {}: \
                 nothing can be made of a part of one",
                show(first),
                show(last),
                show(target.stamps[0]),
                show(end)
            );
        }
        if edge != own_end && series.stamps.binary_search(&edge).is_err() {
            bail!(
                "a time step of {other} begins or ends at {}, where none of {name} does: `aggregate` is for series whose steps \
                 divide those of {other}; `fill` is for coarser ones",
                show(edge)
            );
        }
    }
    Ok(StepMapping::Gather(steps(series, target), aggregate))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(own: &[i64], values: &[f64], target: &[i64], fill: Fill) -> Result<Vec<f64>, String> {
        brought(own, values, target, fill, None)
    }

    fn brought(
        own: &[i64],
        values: &[f64],
        target: &[i64],
        fill: Fill,
        aggregate: Option<Aggregate>,
    ) -> Result<Vec<f64>, String> {
        let [series, target] =
            [("T", own), ("Q", target)].map(|(name, stamps)| Times { name, stamps });
        let mapping = StepMapping::new(&series, &target, fill, aggregate);
        let mapping = mapping.map_err(|error| error.to_string())?;
        let mut out = Vec::new();
        mapping.apply(values, &mut out);
        Ok(out)
    }

    #[test]
    fn days_become_hours() {
        let hours: Vec<i64> = (0..48).step_by(12).collect();
        let days = [0, 24];
        assert_eq!(
            filled(&days, &[1.0, 3.0], &hours, Fill::Previous),
            Ok(vec![1.0, 1.0, 3.0, 3.0])
        );
        assert_eq!(
            filled(&days, &[1.0, 3.0], &hours, Fill::Linear),
            Ok(vec![1.0, 2.0, 3.0, 3.0])
        );
        let error = filled(&days, &[1.0, 3.0], &hours, Fill::None).expect_err("no value");
        assert!(error.contains("fill"), "{error}");
        assert_eq!(filled(&days, &[1.0, 3.0], &[24], Fill::None), Ok(vec![3.0]));
    }

    #[test]
    fn nothing_is_made_up_beyond_the_ends() {
        assert!(filled(&[0, 24], &[1.0, 3.0], &[-1, 0], Fill::Previous).is_err());
        assert!(filled(&[0, 24], &[1.0, 3.0], &[24, 48], Fill::Linear).is_err());
    }

    #[test]
    fn the_finest_is_found() {
        let of = |stamps| Times { name: "x", stamps };
        assert_eq!(
            finest(&[of(&[0, 24]), of(&[0, 1, 2]), of(&[5, 6])]),
            Some(1)
        );
        assert_eq!(finest(&[]), None);
    }

    #[test]
    fn hours_become_days() {
        let hours: Vec<i64> = (0..48).step_by(6).collect();
        let values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 7.0];
        let days = |aggregate, target: &[i64]| {
            brought(&hours, &values, target, Fill::None, Some(aggregate))
        };
        for (aggregate, expected) in [
            (Aggregate::Sum, [10.0, 26.0]),
            (Aggregate::Mean, [2.5, 6.5]),
            (Aggregate::Min, [1.0, 5.0]),
            (Aggregate::Max, [4.0, 8.0]),
            (Aggregate::First, [1.0, 5.0]),
            (Aggregate::Last, [4.0, 7.0]),
        ] {
            assert_eq!(
                days(aggregate, &[0, 24]),
                Ok(expected.to_vec()),
                "{aggregate:?}"
            );
        }
        // A part of the series will do, a part of a step will not.
        assert_eq!(days(Aggregate::Sum, &[12, 24]), Ok(vec![7.0, 11.0]));
        for target in [
            &[0, 24, 48][..],
            &[-24, 0],
            &[3, 27],
            &[0, 9],
            &[0, 20],
            &[0],
        ] {
            assert!(days(Aggregate::Sum, target).is_err(), "{target:?}");
        }
    }

    #[test]
    fn a_missing_value_makes_an_aggregate_missing() {
        let values = [1.0, f64::NAN, 3.0];
        for aggregate in [
            Aggregate::Sum,
            Aggregate::Mean,
            Aggregate::Min,
            Aggregate::Max,
        ] {
            assert!(aggregate.of(&values).is_nan(), "{aggregate:?}");
        }
        assert_eq!(
            (Aggregate::First.of(&values), Aggregate::Last.of(&values)),
            (1.0, 3.0)
        );
    }

    #[test]
    fn no_value_is_passed_over_in_silence() {
        let hours: Vec<i64> = (0..48).step_by(6).collect();
        let values = [0.0; 8];
        for (fill, said) in [
            (Fill::None, "none"),
            (Fill::Previous, "previous"),
            (Fill::Linear, "linear"),
        ] {
            let error = filled(&hours, &values, &[0, 24], fill).expect_err("values are left over");
            let told =
                format!("4 values for each time step of Q; with `fill = \"{said}\"`, 6 of 8");
            assert!(error.contains(&told), "{error}");
        }
        assert!(filled(&hours, &values, &[0], Fill::None).is_err());
        // Before and behind the target's steps there may be more, and steps may be much the same.
        assert_eq!(
            filled(&hours, &values, &[12, 18, 24], Fill::None),
            Ok(vec![0.0; 3])
        );
        assert_eq!(
            filled(&[0, 5, 10, 15], &values, &[0, 6, 12], Fill::Linear),
            Ok(vec![0.0; 3])
        );
    }
}
