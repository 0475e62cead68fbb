//! Time axes of several series → one, and how the values of each come to it.

use anyhow::{Result, bail};

use super::spec::Fill;
use super::stamps::show;

/// How the values of a series come to the common time steps.
#[derive(Debug)]
pub enum Mapping {
    /// They are there already.
    Same,
    /// For each common step, which of the series' own.
    Pick(Vec<usize>),
    /// For each common step, which of the series' own and what share of the way to its next.
    Blend(Vec<(usize, f64)>),
}

/// The times of a series, for messages its name.
pub struct Times<'a> {
    /// The series.
    pub name: &'a str,
    /// At least one, increasing.
    pub stamps: &'a [i64],
}

/// The series with the finest steps, the first of equals.
pub fn finest(times: &[Times<'_>]) -> Option<usize> {
    let step = |times: &Times<'_>| match times.stamps {
        [first, .., last] => (last - first) / (times.stamps.len() as i64 - 1),
        _ => i64::MAX,
    };
    (0..times.len()).min_by_key(|at| step(&times[*at]))
}

impl Mapping {
    /// How a series comes to the steps of `target`; an error if it does not reach over all of them.
    pub fn new(series: &Times<'_>, target: &Times<'_>, fill: Fill) -> Result<Self> {
        let (name, stamps) = (series.name, series.stamps);
        if stamps == target.stamps {
            return Ok(Self::Same);
        }
        let (Some(&first), Some(&last)) = (stamps.first(), stamps.last()) else {
            bail!("the series {name} has no time steps");
        };
        // The last value holds as long as the one before it.
        let end = match stamps {
            [.., before, last] => last + (last - before),
            _ => i64::MAX,
        };
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
        if fill != Fill::Linear {
            return Ok(Self::Pick(picks));
        }
        let blend = |(&at, &stamp): (&usize, &i64)| match stamps.get(at + 1) {
            Some(next) => (at, (stamp - stamps[at]) as f64 / (next - stamps[at]) as f64),
            None => (at, 0.0),
        };
        Ok(Self::Blend(
            picks.iter().zip(target.stamps).map(blend).collect(),
        ))
    }

    /// Appends the values at the common steps.
    pub fn apply(&self, values: &[f64], out: &mut Vec<f64>) {
        match self {
            Self::Same => out.extend_from_slice(values),
            Self::Pick(picks) => out.extend(picks.iter().map(|at| values[*at])),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(own: &[i64], values: &[f64], target: &[i64], fill: Fill) -> Result<Vec<f64>, String> {
        let series = Times {
            name: "T",
            stamps: own,
        };
        let target = Times {
            name: "Q",
            stamps: target,
        };
        let mapping = Mapping::new(&series, &target, fill).map_err(|error| error.to_string())?;
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
}
