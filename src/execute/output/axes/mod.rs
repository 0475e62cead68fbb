//! The rows of an output, put in order: time step by time step, and within each along the further dimension.
//!
//! Rows come time by time or place by place; which of it follows from the times and places that they tell. Every row has its
//! place, and every place one row: what is there twice, missing, or out of order is an error with its line.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt::Display;

use super::OutputError;
use super::error::RowCount;
use crate::data::time_axis::TimeAxis;
use crate::data::value::Value;
use crate::project::output_format::{DimensionPlaces, OutputTime, RowAxes};

/// What the rows of an output tell of where they belong.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// How many rows there are.
    pub rows: usize,
    /// Their lines, if they tell anything.
    pub lines: Vec<usize>,
    /// Their times, if they tell them.
    pub stamps: Option<Vec<i64>>,
    /// Their places along the dimension, if they tell them.
    pub places: Option<Vec<f64>>,
}

/// The rows in order, and the axes that they tell.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Order {
    /// Which row is at each place; `None`: they are in order.
    pub rows: Option<Vec<usize>>,
    /// The time steps, if the rows tell them.
    pub times: Option<Vec<i64>>,
    /// The places along the dimension, if the rows tell them.
    pub places: Option<Vec<f64>>,
}

/// The axes that an output is to have.
pub(super) struct Axes<'a> {
    pub spec: &'a RowAxes,
    /// The project's time steps.
    pub steps: &'a [i64],
    /// The rows passed over before the first one.
    pub skipped: usize,
}

impl Axes<'_> {
    /// How many rows there have to be, as far as the project says it.
    pub(super) fn limit(&self) -> Option<RowCount> {
        Some(RowCount {
            found: 0,
            skipped: self.skipped,
            steps: self.times()?,
            of_input: self.spec.time == OutputTime::Steps,
            places: match &self.spec.dimension {
                None => None,
                Some(_) => Some(self.places()?),
            },
        })
    }

    /// How many time steps there are, unless the output says it.
    fn times(&self) -> Option<usize> {
        match &self.spec.time {
            OutputTime::Steps => Some(self.steps.len()),
            OutputTime::None => Some(1),
            OutputTime::Stated { axis, .. } => Some(axis.len()),
            OutputTime::Read { .. } => None,
        }
    }

    /// How many places there are, unless the output says it.
    fn places(&self) -> Option<usize> {
        match self
            .spec
            .dimension
            .as_ref()
            .map(|dimension| &dimension.places)
        {
            None => Some(1),
            Some(DimensionPlaces::Stated(values)) => Some(values.len()),
            Some(DimensionPlaces::Count(count)) => Some(*count),
            Some(DimensionPlaces::Read(_)) => None,
        }
    }

    /// The order of rows that tell this.
    pub(super) fn order(&self, told: &Told) -> Result<Order, OutputError> {
        let order = match (&told.stamps, &told.places) {
            (None, None) => Order::default(),
            (Some(stamps), None) => self.by_time(told, stamps)?,
            (None, Some(places)) => self.by_place(told, places)?,
            (Some(stamps), Some(places)) => self.by_both(told, stamps, places)?,
        };
        if let Some(times) = &order.times {
            self.compare(told, &order, times)?;
        }
        let count = RowCount {
            found: told.rows,
            skipped: self.skipped,
            steps: (self.times()).unwrap_or_else(|| order.times.as_ref().map_or(0, Vec::len)),
            of_input: self.spec.time == OutputTime::Steps,
            places: (self.spec.dimension.as_ref())
                .and(self.places().or(order.places.as_ref().map(Vec::len))),
        };
        if count.wanted() != told.rows {
            return Err(count.with(told.rows));
        }
        Ok(order)
    }

    /// Rows that tell their times; places are stated, if there are any.
    fn by_time(&self, told: &Told, stamps: &[i64]) -> Result<Order, OutputError> {
        let places = self.places().unwrap_or(1);
        let is_by_time = places == 1 || stamps.get(..2).is_some_and(|two| two[0] == two[1]);
        if is_by_time {
            let groups = stamps.chunks(places);
            for (group, rows) in groups.clone().enumerate() {
                if let Some(at) = rows.iter().position(|stamp| *stamp != rows[0]) {
                    let row = group * places + at;
                    return Err(differs(told, row, stamps[row], rows[0], false));
                }
            }
            let times: Vec<i64> = groups.map(|rows| rows[0]).collect();
            in_order(&times, |at| told.line(at * places))?;
            return Ok(Order {
                times: Some(times),
                ..Order::default()
            });
        }
        let count = stamps.len() / places;
        if count * places != stamps.len() {
            return Err(self.uneven(told, places));
        }
        let times = stamps[..count].to_vec();
        in_order(&times, |at| told.line(at))?;
        for (row, stamp) in stamps.iter().enumerate() {
            if *stamp != times[row % count] {
                return Err(differs(told, row, *stamp, times[row % count], false));
            }
        }
        Ok(Order {
            rows: Some(turned(count, places)),
            times: Some(times),
            places: None,
        })
    }

    /// Rows that tell their places along the dimension, and whose times are known.
    fn by_place(&self, told: &Told, places: &[f64]) -> Result<Order, OutputError> {
        let times = self.times().unwrap_or(1);
        let count = places.len() / times;
        if count * times != places.len() || count == 0 {
            return Err(self.uneven(told, count));
        }
        let is_by_time = times == 1 || places[0].to_bits() != places[1].to_bits();
        let along: Vec<f64> = match is_by_time {
            true => places[..count].to_vec(),
            false => (0..count).map(|at| places[at * times]).collect(),
        };
        let first = |at: usize| told.line(if is_by_time { at } else { at * times });
        let mut known = HashMap::new();
        for (at, place) in along.iter().enumerate() {
            if let Some(before) = known.insert(bits(*place), at) {
                let why = format!(" as in line {} already", first(before));
                return Err(self.place(first(at), *place, why));
            }
        }
        for (row, place) in places.iter().enumerate() {
            let expected = along[if is_by_time { row % count } else { row / times }];
            if bits(*place) != bits(expected) {
                let why = format!(", where {} is expected", Value::Number(expected));
                return Err(self.place(told.line(row), *place, why));
            }
        }
        Ok(Order {
            rows: (!is_by_time).then(|| turned(times, count)),
            times: None,
            places: Some(along),
        })
    }

    /// Rows that tell both.
    fn by_both(&self, told: &Told, stamps: &[i64], places: &[f64]) -> Result<Order, OutputError> {
        let (mut times, mut along) = (Vec::new(), Vec::new());
        let (mut known_times, mut known_places) = (HashMap::new(), HashMap::new());
        let mut first_rows = Vec::new();
        let mut of_rows = Vec::with_capacity(stamps.len());
        for (row, (stamp, place)) in stamps.iter().zip(places).enumerate() {
            let time = *known_times.entry(*stamp).or_insert_with(|| {
                times.push(*stamp);
                first_rows.push(row);
                times.len() - 1
            });
            let place = *known_places.entry(bits(*place)).or_insert_with(|| {
                along.push(*place);
                along.len() - 1
            });
            of_rows.push((time, place));
        }
        in_order(&times, |at| told.line(first_rows[at]))?;
        let mut taken: HashMap<(usize, usize), usize> = HashMap::new();
        for (row, at) in of_rows.iter().enumerate() {
            match taken.entry(*at) {
                Entry::Vacant(place) => {
                    place.insert(row);
                }
                Entry::Occupied(before) => {
                    let line = told.line(*before.get());
                    let why = format!(" at {} as in line {line} already", shown(stamps[row]));
                    return Err(self.place(told.line(row), places[row], why));
                }
            }
        }
        let mut rows = Vec::with_capacity(of_rows.len());
        for (time, stamp) in times.iter().enumerate() {
            for (place, value) in along.iter().enumerate() {
                let row = taken
                    .get(&(time, place))
                    .ok_or_else(|| OutputError::NoPlace {
                        place: format!("`{}` = {}", self.dimension(), Value::Number(*value)),
                        at: Some(shown(*stamp)),
                    })?;
                rows.push(*row);
            }
        }
        let in_order = rows.iter().enumerate().all(|(at, row)| at == *row);
        Ok(Order {
            rows: (!in_order).then_some(rows),
            times: Some(times),
            places: Some(along),
        })
    }

    /// Whether the times are those that are known already, as far as both go.
    fn compare(&self, told: &Told, order: &Order, times: &[i64]) -> Result<(), OutputError> {
        let known = match &self.spec.time {
            OutputTime::Steps => self.steps,
            OutputTime::Stated { axis, .. } => axis.nanoseconds(),
            OutputTime::None | OutputTime::Read { .. } => return Ok(()),
        };
        let Some(at) = (0..times.len().min(known.len())).find(|at| times[*at] != known[*at]) else {
            return Ok(());
        };
        let row = at * (told.rows / times.len().max(1));
        let row = order.rows.as_ref().map_or(row, |rows| rows[row]);
        Err(differs(told, row, times[at], known[at], true))
    }

    /// The error for rows that can't be divided evenly.
    fn uneven(&self, told: &Told, places: usize) -> OutputError {
        let count = RowCount {
            found: 0,
            skipped: self.skipped,
            steps: self.times().unwrap_or(told.rows / places.max(1)),
            of_input: self.spec.time == OutputTime::Steps,
            places: Some(places.max(1)),
        };
        count.with(told.rows)
    }

    fn dimension(&self) -> &str {
        (self.spec.dimension.as_ref()).map_or("", |dimension| dimension.name.as_str())
    }

    fn place(&self, line: usize, place: f64, why: String) -> OutputError {
        OutputError::Place {
            line,
            dimension: self.dimension().to_owned(),
            found: Value::Number(place).to_string(),
            why,
        }
    }
}

impl Told {
    /// Adds the rows of a further table of the same form.
    pub(super) fn add(&mut self, more: Self) {
        self.rows += more.rows;
        self.lines.extend(more.lines);
        if let Some(stamps) = more.stamps {
            self.stamps.get_or_insert_default().extend(stamps);
        }
        if let Some(places) = more.places {
            self.places.get_or_insert_default().extend(places);
        }
    }

    fn line(&self, row: usize) -> usize {
        self.lines.get(row).copied().unwrap_or_default()
    }
}

/// A place as a key; the two zeros are one.
fn bits(place: f64) -> u64 {
    (place + 0.0).to_bits()
}

/// The order, time by time, of rows that come place by place.
fn turned(times: usize, places: usize) -> Vec<usize> {
    (0..times)
        .flat_map(|time| (0..places).map(move |place| place * times + time))
        .collect()
}

fn in_order(times: &[i64], line: impl Fn(usize) -> usize) -> Result<(), OutputError> {
    match times.windows(2).position(|pair| pair[1] <= pair[0]) {
        None => Ok(()),
        Some(before) => Err(OutputError::TimeOrder {
            line: line(before + 1),
            time: shown(times[before + 1]),
            before: shown(times[before]),
        }),
    }
}

fn differs(told: &Told, row: usize, found: i64, expected: i64, of_input: bool) -> OutputError {
    OutputError::TimeDiffers {
        line: told.line(row),
        found: shown(found),
        expected: shown(expected),
        of_input,
    }
}

/// A time as messages show it.
fn shown(nanoseconds: i64) -> String {
    let time: &dyn Display = &TimeAxis::date_time_of(nanoseconds);
    time.to_string()
}

#[cfg(test)]
mod tests;
