//! The NetCDF or HDF5 file that a simulator left → columns of numbers, or exactly what is wrong with it.
//!
//! Columns are variables. Along each axis of one it is said what is wanted: all time steps, all places of the output's
//! dimension, or one place; only axes of a single place need no word. [`inputs`](crate::inputs) reads the file; this knows what a
//! project wants of it and neither catchments nor work directories.

mod error;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::path::Path;

pub(crate) use error::NetcdfError;
use serde::{Deserialize, Serialize};

use crate::data::time_axis::TimeAxis;
use crate::inputs::{DataFault, DataFile, DataValues, DataVariable};

const NANOSECONDS: f64 = 1e9;
/// The mark of missing values that stands for all by which the file itself tells them.
const FILL: &str = "_FillValue";

/// What is wanted of a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Wanted {
    /// The variables.
    pub columns: Vec<String>,
    /// Coordinates, each with the value that it has at the wanted place.
    pub places: Vec<(String, String)>,
    /// Axes, each with the number of the wanted place along it, from 0.
    pub indices: Vec<(String, usize)>,
    /// The time steps.
    pub time: Times,
    /// The further dimension.
    pub dimension: Option<WantedDimension>,
    /// Marks of missing values: numbers, and `_FillValue` for those that the file states.
    pub missing: Vec<String>,
}

/// The time steps that are wanted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Times {
    /// Those that the file tells, which must be these.
    Same(TimeAxis),
    /// So many, whatever the file tells of them.
    Count(usize),
    /// None.
    None,
    /// Those that the file tells.
    Read,
}

/// The further dimension that is wanted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct WantedDimension {
    /// Its name, for the axis if one is called so.
    pub name: String,
    /// The places along it.
    pub places: WantedPlaces,
}

/// The places along a dimension.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum WantedPlaces {
    /// So many.
    Count(usize),
    /// As many as this coordinate has, which tells them.
    Read(String),
}

/// What was taken of a file.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct NetcdfTable {
    /// A column for each wanted variable: time step after time step, and in each place after place; NaN where a value is missing.
    pub columns: Vec<Vec<f64>>,
    /// The time steps that the file tells, where these are wanted: seconds since 1970.
    pub time: Option<Vec<f64>>,
    /// The places along the dimension that the file tells, where these are wanted.
    pub places: Option<Vec<f64>>,
}

/// Takes from the file at `path` what is wanted.
pub(crate) fn read(path: &Path, wanted: &Wanted) -> Result<NetcdfTable, NetcdfError> {
    let file = DataFile::open(path, &wanted.columns)?;
    let mut table = NetcdfTable {
        columns: Vec::new(),
        time: None,
        places: None,
    };
    let mut used = vec![false; wanted.places.len() + wanted.indices.len()];
    for (at, name) in wanted.columns.iter().enumerate() {
        let variable = file.variable(name)?;
        let column = Column {
            name,
            variable,
            wanted,
        };
        let read = column.read(&mut used)?;
        let differ = |what: &str| {
            Err(NetcdfError::Differ {
                first: wanted.columns[0].clone(),
                second: name.clone(),
                what: what.to_owned(),
            })
        };
        if at > 0 && read.time != table.time {
            return differ("times");
        }
        if at > 0 && read.places != table.places {
            return differ("places along the dimension");
        }
        (table.time, table.places) = (read.time, read.places);
        table.columns.push(read.values);
    }
    if let Some(at) = used.iter().position(|used| !used) {
        let chosen = wanted.places.iter().map(|(name, _)| name);
        let mut chosen = chosen.chain(wanted.indices.iter().map(|(name, _)| name));
        let name = chosen.nth(at).cloned();
        return Err(NetcdfError::NoAxis(name.unwrap_or_default()));
    }
    Ok(table)
}

/// A variable and what is wanted of it.
struct Column<'a> {
    name: &'a str,
    variable: DataVariable<'a>,
    wanted: &'a Wanted,
}

/// What was taken of one variable.
struct Taken {
    values: Vec<f64>,
    time: Option<Vec<f64>>,
    places: Option<Vec<f64>>,
}

impl Column<'_> {
    /// Reads it; `used` gets to know of which of the places and indices there is an axis.
    fn read(&self, used: &mut [bool]) -> Result<Taken, NetcdfError> {
        let axes = self.variable.axes();
        let mut ranges: Vec<Option<Range<usize>>> = vec![None; axes.len()];
        for ((coordinate, value), used) in self.wanted.places.iter().zip(&mut *used) {
            if let Some((axis, place)) = self.variable.place(coordinate, value)? {
                (ranges[axis], *used) = (Some(place..place + 1), true);
            }
        }
        let further = &mut used[self.wanted.places.len()..];
        for ((name, index), used) in self.wanted.indices.iter().zip(further) {
            if let Some(axis) = self.variable.axis(name) {
                let length = axes[axis].length;
                if *index >= length {
                    return Err(NetcdfError::NoIndex {
                        variable: self.name.to_owned(),
                        axis: name.clone(),
                        length,
                        index: *index,
                    });
                }
                (ranges[axis], *used) = (Some(*index..*index + 1), true);
            }
        }
        let told = self
            .variable
            .time()?
            .filter(|(axis, _)| ranges[*axis].is_none());
        let (dimension, places) = self.dimension(&ranges, told.as_ref().map(|(axis, _)| *axis))?;
        let open = |axis: usize, ranges: &[Option<Range<usize>>]| {
            ranges[axis].is_none() && Some(axis) != dimension
        };
        let (time_axis, time) = match (&self.wanted.time, told) {
            (Times::None, Some((_, steps))) if steps.len() > 1 => {
                return Err(NetcdfError::HasTime {
                    variable: self.name.to_owned(),
                    found: steps.len(),
                });
            }
            (Times::None, told) => {
                if let Some((axis, _)) = told {
                    ranges[axis] = Some(0..1);
                }
                (None, None)
            }
            (Times::Same(steps), Some((axis, found))) => {
                self.compare(steps, &found)?;
                (Some(axis), None)
            }
            (Times::Read, Some((axis, found))) => {
                let seconds = found.nanoseconds().iter();
                let seconds = seconds.map(|&stamp| stamp as f64 / NANOSECONDS).collect();
                (Some(axis), Some(seconds))
            }
            (Times::Count(expected), told) => {
                let mut others = (0..axes.len()).filter(|&axis| open(axis, &ranges));
                // Without a coordinate it is the only axis of which nothing is known, or else the only longer one.
                let longer = |axis: &usize| axes[*axis].length > 1;
                let axis = match told {
                    Some((axis, _)) => Some(axis),
                    None => match others.clone().filter(longer).collect::<Vec<_>>().as_slice() {
                        [] => others.next(),
                        [only] => Some(*only),
                        [first, ..] => return Err(self.open_axis(*first)),
                    },
                };
                let found = axis.map_or(1, |axis| axes[axis].length);
                if found != *expected {
                    return Err(self.step_count(found, *expected, false));
                }
                (axis, None)
            }
            (Times::Same(_) | Times::Read, None) => {
                return Err(NetcdfError::NoTime(self.name.to_owned()));
            }
        };
        let kept = [time_axis, dimension];
        let mut block = Vec::with_capacity(axes.len());
        for (axis, (dim, range)) in axes.iter().zip(ranges).enumerate() {
            block.push(match range {
                Some(range) => range,
                None if kept.contains(&Some(axis)) || dim.length == 1 => 0..dim.length,
                None => return Err(self.open_axis(axis)),
            });
        }
        let mut read = self.variable.read(&block)?;
        self.check(&mut read, &block)?;
        let values = match (time_axis, dimension) {
            (Some(time), Some(dimension)) if dimension < time => {
                transposed(&read.values, block[time].len())
            }
            _ => read.values,
        };
        Ok(Taken {
            values,
            time,
            places,
        })
    }

    /// The axis that is the output's dimension, and the places along it if the file is to tell them.
    fn dimension(
        &self,
        ranges: &[Option<Range<usize>>],
        time: Option<usize>,
    ) -> Result<(Option<usize>, Option<Vec<f64>>), NetcdfError> {
        let Some(dimension) = &self.wanted.dimension else {
            return Ok((None, None));
        };
        let axes = self.variable.axes();
        let missing = || NetcdfError::NoDimension {
            variable: self.name.to_owned(),
            dimension: dimension.name.clone(),
        };
        let is_open = |axis: usize| ranges[axis].is_none() && Some(axis) != time;
        let (axis, places) = match &dimension.places {
            WantedPlaces::Read(coordinate) => {
                let (axis, places) = self.variable.coordinate(coordinate)?;
                if let Some(at) = places.iter().position(|place| !place.is_finite()) {
                    let why =
                        format!("`{coordinate}` has no number at its place {at}, counted from 0");
                    return Err(DataFault::Unreadable(why).into());
                }
                (axis, Some(places))
            }
            WantedPlaces::Count(_) => {
                let others: Vec<usize> = (0..axes.len()).filter(|&axis| is_open(axis)).collect();
                let longer: Vec<usize> = (others.iter().copied())
                    .filter(|&axis| axes[axis].length > 1)
                    .collect();
                let named = self.variable.axis(&dimension.name);
                let axis = match (named, others.as_slice(), longer.as_slice()) {
                    (Some(axis), _, _) => axis,
                    (None, [only], _) | (None, _, [only]) => *only,
                    (None, _, [first, ..]) => return Err(self.open_axis(*first)),
                    (None, _, []) => return Err(missing()),
                };
                (axis, None)
            }
        };
        if !is_open(axis) {
            return Err(missing());
        }
        let expected = match &dimension.places {
            WantedPlaces::Count(count) => *count,
            WantedPlaces::Read(_) => axes[axis].length,
        };
        if axes[axis].length != expected {
            return Err(NetcdfError::DimensionLength {
                variable: self.name.to_owned(),
                found: axes[axis].length,
                expected,
            });
        }
        Ok((Some(axis), places))
    }

    /// Whether the time steps of the file are those of the project.
    fn compare(&self, steps: &TimeAxis, found: &TimeAxis) -> Result<(), NetcdfError> {
        let pairs = steps.nanoseconds().iter().zip(found.nanoseconds());
        let differs = |(expected, found): (&i64, &i64)| expected != found;
        match pairs.into_iter().position(differs) {
            Some(step) => Err(NetcdfError::OtherTime {
                variable: self.name.to_owned(),
                step,
                found: found.date_time(step).to_string(),
                expected: steps.date_time(step).to_string(),
            }),
            None if found.len() != steps.len() => {
                Err(self.step_count(found.len(), steps.len(), true))
            }
            None => Ok(()),
        }
    }

    fn step_count(&self, found: usize, expected: usize, with_hint: bool) -> NetcdfError {
        NetcdfError::StepCount {
            variable: self.name.to_owned(),
            found,
            expected,
            with_hint,
        }
    }

    fn open_axis(&self, axis: usize) -> NetcdfError {
        let dim = &self.variable.axes()[axis];
        let number = axis + 1;
        NetcdfError::OpenAxis {
            variable: self.name.to_owned(),
            axis: dim.name.as_ref().map_or_else(
                || format!("its axis {number}, which has no name"),
                |name| format!("`{name}`"),
            ),
            length: dim.length,
        }
    }

    /// Makes NaN of what the project marks as missing; all others must be there and finite.
    fn check(&self, read: &mut DataValues, block: &[Range<usize>]) -> Result<(), NetcdfError> {
        let marks = || self.wanted.missing.iter().map(|mark| mark.trim());
        let numbers: Vec<f64> = marks().filter_map(|mark| mark.parse().ok()).collect();
        if !marks().any(|mark| mark == FILL)
            && let Some(at) = read.missing
        {
            return Err(NetcdfError::Missing {
                variable: self.name.to_owned(),
                place: self.place(at, block),
            });
        }
        let stray = (read.stray).filter(|_| !numbers.iter().any(|mark| mark.is_nan()));
        for value in &mut read.values {
            if numbers.contains(value) {
                *value = f64::NAN;
            }
        }
        let infinite = read.values.iter().position(|value| value.is_infinite());
        match infinite.or(stray) {
            None => Ok(()),
            Some(at) => Err(NetcdfError::NotFinite {
                variable: self.name.to_owned(),
                found: read.values[at].to_string(),
                place: self.place(at, block),
            }),
        }
    }

    /// Where the value at this place among those read stands in the variable, counted from 0.
    fn place(&self, mut at: usize, block: &[Range<usize>]) -> String {
        let mut places: Vec<String> = Vec::new();
        for (dim, range) in self.variable.axes().iter().zip(block).rev() {
            let (rest, place) = (at / range.len().max(1), at % range.len().max(1));
            let name = dim.name.as_deref().unwrap_or("axis");
            places.push(format!("{name} {}", range.start + place));
            at = rest;
        }
        places.reverse();
        places.join(", ")
    }
}

/// Values in rows of this length, column after column.
fn transposed(values: &[f64], length: usize) -> Vec<f64> {
    (0..length)
        .flat_map(|column| values.iter().skip(column).step_by(length.max(1)))
        .copied()
        .collect()
}
