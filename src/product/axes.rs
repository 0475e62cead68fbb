//! The axes of a product: the project's time steps, those that the project states, and those that the results tell.
//!
//! What results tell is a column of each, and a product has one axis for all. So all must tell the same, which the checksums of
//! their columns show without a look at the values.

use anyhow::{Context, Result, bail};

use super::file::{AxisValues, ProductAxis, ProductContent};
use crate::data::digest::Digest;
use crate::data::time_axis::TimeAxis;
use crate::data::value::Value;
use crate::project::Project;
use crate::project::output_format::{
    DimensionPlaces, DimensionSpec, OutputTime, places_column, time_column,
};
use crate::project::product_spec::ProductVariable;
use crate::store::{ResultId, Store};

/// Gives a product its axes, from the project, its time steps, and the results of the product's rows.
///
/// An axis that only results could tell is unknown where there are none: the product is left without the variables along it. They are
/// returned.
///
/// # Errors
/// If two results tell different axes.
pub(super) fn give(
    product: &mut ProductContent,
    project: &Project,
    time: Option<&TimeAxis>,
    results: &[Option<ResultId>],
    store: &Store,
) -> Result<Vec<String>> {
    let told = Told {
        product,
        results,
        store,
    };
    let (mut axes, mut unknown): (Vec<ProductAxis>, Vec<String>) = Default::default();
    let outputs = &project.simulator.outputs;
    let times = outputs.iter().map(|output| Stated::Time(&output.axes.time));
    let dimensions = outputs
        .iter()
        .filter_map(|output| output.axes.dimension.as_ref());
    // The project's own time steps first.
    let own = |stated: &Stated<'_>| matches!(stated, Stated::Time(OutputTime::Steps));
    let (first, others): (Vec<_>, Vec<_>) = times.partition(own);
    let stated = first.into_iter().chain(others);
    for stated in stated.chain(dimensions.map(Stated::Dimension)) {
        let Some(name) = stated.name() else { continue };
        if axes.iter().any(|axis| axis.name == name) || unknown.iter().any(|other| other == name) {
            continue;
        }
        match values(&stated, name, time, &told)? {
            Some(values) => axes.push(ProductAxis {
                name: name.to_owned(),
                values,
            }),
            None => unknown.push(name.to_owned()),
        }
    }
    product.axes = axes;
    let is_unknown = |variable: &ProductVariable| {
        let mut names = variable.axes.names();
        names.any(|name| unknown.iter().any(|other| other == name))
    };
    Ok(leave_out(product, &is_unknown))
}

/// An axis as an output has it.
enum Stated<'o> {
    Time(&'o OutputTime),
    Dimension(&'o DimensionSpec),
}

impl Stated<'_> {
    fn name(&self) -> Option<&str> {
        match self {
            Self::Time(time) => time.name(),
            Self::Dimension(dimension) => Some(&dimension.name),
        }
    }
}

/// The places along an axis; `None` where they are unknown.
fn values(
    stated: &Stated<'_>,
    name: &str,
    time: Option<&TimeAxis>,
    told: &Told<'_>,
) -> Result<Option<AxisValues>> {
    Ok(match stated {
        Stated::Time(OutputTime::None) => None,
        Stated::Time(OutputTime::Steps) => match time {
            Some(time) => Some(AxisValues::Time(time.clone())),
            None => bail!(
                "the project has no time steps of its own, over which outputs go that state no `time`"
            ),
        },
        Stated::Time(OutputTime::Stated { axis, .. }) => Some(AxisValues::Time(axis.clone())),
        Stated::Time(OutputTime::Read { .. }) => told.times(name)?,
        Stated::Dimension(dimension) => match &dimension.places {
            DimensionPlaces::Stated(places) => Some(of_places(places)),
            DimensionPlaces::Count(count) => {
                let numbers = (1..=*count).map(|number| number as f64);
                Some(AxisValues::Numbers(numbers.collect()))
            }
            DimensionPlaces::Read(_) => (told.numbers(&places_column(name), name)?)
                .map(|(_, numbers)| AxisValues::Numbers(numbers)),
        },
    })
}

/// Numbers as long as there are only numbers; else all are texts.
fn of_places(places: &[Value]) -> AxisValues {
    let numbers: Option<Vec<f64>> = (places.iter())
        .map(|place| match place {
            Value::Text(_) => None,
            other => other.number(),
        })
        .collect();
    match numbers {
        Some(numbers) => AxisValues::Numbers(numbers),
        None => AxisValues::Texts(places.iter().map(Value::to_string).collect()),
    }
}

/// What the results of a product's rows tell.
struct Told<'t> {
    product: &'t ProductContent,
    results: &'t [Option<ResultId>],
    store: &'t Store,
}

impl Told<'_> {
    /// The time steps of this axis.
    fn times(&self, axis: &str) -> Result<Option<AxisValues>> {
        let Some((row, seconds)) = self.numbers(&time_column(axis), axis)? else {
            return Ok(None);
        };
        let stamps: Option<Vec<i64>> = seconds
            .iter()
            .map(|seconds| nanoseconds(*seconds))
            .collect();
        let time = match stamps.map(TimeAxis::new) {
            Some(Ok(time)) => time,
            Some(Err(fault)) => bail!(
                "{}: its output's time steps `{axis}` can't be an axis: {fault}",
                self.product.row_name(row)
            ),
            None => bail!(
                "{}: its output's time steps `{axis}` can't be an axis: one of them is no time that can be kept",
                self.product.row_name(row)
            ),
        };
        Ok(Some(AxisValues::Time(time)))
    }

    /// The numbers that a column has in all results, with the first row that has one; `None` if there are no results, or if one lacks it,
    /// as those of a project that did not have this axis yet.
    fn numbers(&self, column: &str, axis: &str) -> Result<Option<(usize, Vec<f64>)>> {
        let mut first: Option<(usize, ResultId, Digest)> = None;
        for (row, result) in self.results.iter().enumerate() {
            let Some(result) = *result else { continue };
            let Some(checksum) = self.store.checksum(result, column)? else {
                return Ok(None);
            };
            match first {
                None => first = Some((row, result, checksum)),
                Some((_, _, known)) if known == checksum => {}
                Some((before, known, _)) => {
                    let [known, told] = [(before, known), (row, result)]
                        .map(|(row, result)| self.decoded(row, result, column));
                    self.compare((before, &known?), (row, &told?), axis)?;
                }
            }
        }
        first
            .map(|(row, result, _)| Ok((row, self.decoded(row, result, column)?)))
            .transpose()
    }

    fn decoded(&self, row: usize, result: ResultId, column: &str) -> Result<Vec<f64>> {
        let columns = super::decode(&self.store.columns(result, &[column])?);
        let context = || self.product.row_name(row);
        Ok(columns
            .with_context(context)?
            .into_iter()
            .flatten()
            .collect())
    }

    /// Whether both rows tell the same: other versions may have encoded equal numbers otherwise.
    fn compare(
        &self,
        (before, known): (usize, &[f64]),
        (row, told): (usize, &[f64]),
        axis: &str,
    ) -> Result<()> {
        let bits = |numbers: &[f64]| -> Vec<u64> { numbers.iter().map(|x| x.to_bits()).collect() };
        if bits(known) == bits(told) {
            return Ok(());
        }
        let [this, other] = [row, before].map(|row| self.product.row_name(row));
        let place = (known.iter().zip(told)).position(|(a, b)| a.to_bits() != b.to_bits());
        let mut variables = self.product.spec.variables.iter();
        let is_time = variables.any(|variable| variable.axes.time.as_deref() == Some(axis));
        let difference = match place {
            None => format!("{} values in place of {}", told.len(), known.len()),
            Some(place) => {
                let [told, known] = [told, known].map(|numbers| in_words(numbers[place], is_time));
                format!("value {} is {told} in place of {known}", place + 1)
            }
        };
        let product = self.product;
        let is_within =
            product.scenarios.is_none() || product.scenario_of(row) == product.scenario_of(before);
        let remedy = match is_within {
            true => "leave one of the two out (`catchments` under [input])",
            false => "give each scenario a product of its own (`file = \"output/{scenario}.nc\"`)",
        };
        bail!(
            "{this} and {other} have different values along the axis `{axis}` of their output, and a product has one for all: {difference} in the first; state the rows that all have, or {remedy}"
        )
    }
}

/// A number along an axis, or a point in time, as messages show it.
fn in_words(number: f64, is_time: bool) -> String {
    let stamp = nanoseconds(number).filter(|_| is_time);
    match stamp.map(|stamp| TimeAxis::new(vec![stamp])) {
        Some(Ok(time)) => time.date_time(0).to_string(),
        _ => number.to_string(),
    }
}

/// Seconds since 1970 as nanoseconds. Seconds of 64 bits hold microseconds, so what is less is noise.
fn nanoseconds(seconds: f64) -> Option<i64> {
    const LATEST: f64 = 9e9;
    if seconds.is_nan() || seconds.abs() > LATEST {
        return None;
    }
    let whole = seconds.floor();
    let microseconds = ((seconds - whole) * 1e6).round();
    Some(whole as i64 * 1_000_000_000 + microseconds as i64 * 1_000)
}

/// Takes variables out of a product, and their summaries. Returns their names.
pub(super) fn leave_out(
    product: &mut ProductContent,
    is_out: &dyn Fn(&ProductVariable) -> bool,
) -> Vec<String> {
    let spec = &mut product.spec;
    let mut left_out = Vec::new();
    let variables = keep(&mut spec.variables, |variable| {
        let is_out = is_out(variable);
        if is_out {
            left_out.push(std::mem::take(&mut variable.name));
        }
        !is_out
    });
    let follows = |of: &mut usize, now: &[Option<usize>]| now[*of].map(|now| *of = now).is_some();
    let summaries = keep(&mut spec.summaries, |it| follows(&mut it.of, &variables));
    (spec.objectives).retain_mut(|objective| follows(&mut objective.summary, &summaries));
    left_out
}

/// Keeps what stays, and returns by number which one it has now.
fn keep<T>(list: &mut Vec<T>, mut stays: impl FnMut(&mut T) -> bool) -> Vec<Option<usize>> {
    let (mut numbers, mut count) = (Vec::with_capacity(list.len()), 0);
    list.retain_mut(|it| {
        let stays = stays(it);
        numbers.push(stays.then_some(count));
        count += usize::from(stays);
        stays
    });
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_exact_to_the_microsecond() {
        assert_eq!(nanoseconds(-0.25), Some(-250_000_000));
        assert_eq!(
            nanoseconds(1_600_000_000.1),
            Some(1_600_000_000_100_000_000)
        );
        assert_eq!(nanoseconds(883_612_800.0), Some(883_612_800_000_000_000));
        for seconds in [f64::NAN, f64::INFINITY, -1e10] {
            assert_eq!(nanoseconds(seconds), None);
        }
        assert_eq!(in_words(883_612_800.0, true), "1998-01-01T00:00:00");
        assert_eq!(in_words(883_612_800.0, false), "883612800");
    }

    #[test]
    fn places_are_numbers_if_all_of_them_are() {
        let text = |text: &str| Value::Text(text.to_owned());
        let mixed = [Value::Integer(1), text("top")];
        let texts = ["1", "top"].map(str::to_owned).into();
        assert_eq!(of_places(&mixed), AxisValues::Texts(texts));
        let numbers = [Value::Integer(1), Value::Number(2.5)];
        assert_eq!(of_places(&numbers), AxisValues::Numbers(vec![1.0, 2.5]));
    }
}
