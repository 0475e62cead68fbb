//! What is printed of samples: a row of CSV for each, or a document.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use anyhow::{Context, Result};
use schemars::JsonSchema;
use serde::Serialize;

use super::ambiguous;
use super::samples::{Evaluated, Failure, Sample};
use crate::data::value::Value;
use crate::history::values::PlainValue;
use crate::product::numbers::NumberColumn;

/// The table: `sample`, `status`, the parameters, the numbers; cells without a value are empty.
pub(super) fn csv(evaluated: &Evaluated) -> Result<Vec<u8>> {
    const TROUBLE: &str = "can't put the numbers into a table";
    let columns = &evaluated.columns;
    let parameters = evaluated.samples.first().into_iter();
    let parameters = parameters.flat_map(|sample| &sample.parameters);
    let parameters = parameters.map(|(name, _)| name.clone());
    let header: Vec<String> = (["sample", "status"].map(str::to_owned).into_iter())
        .chain(parameters)
        .chain(columns.iter().map(|column| column.to_string()))
        .collect();
    let mut seen = HashSet::new();
    if let Some(name) = header.iter().find(|name| !seen.insert(*name)) {
        return Err(ambiguous(name));
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&header).context(TROUBLE)?;
    for sample in &evaluated.samples {
        let first = [sample.name.clone(), status(sample).to_string()];
        let parameters = sample.parameters.iter();
        let text = |value: &Option<Value>| value.as_ref().map(Value::to_string);
        let parameters = parameters.map(|(_, value)| text(value).unwrap_or_default());
        let numbers = numbers_of(sample, columns).map(cell);
        let record: Vec<String> = first.into_iter().chain(parameters).chain(numbers).collect();
        writer.write_record(&record).context(TROUBLE)?;
    }
    writer.into_inner().context(TROUBLE)
}

/// A number as text; empty if it is missing.
fn cell(number: f64) -> String {
    match number.is_nan() {
        true => String::new(),
        false => Value::Number(number).to_string(),
    }
}

/// The numbers of a sample in these columns.
fn numbers_of<'s>(
    sample: &'s Sample,
    columns: &'s [NumberColumn],
) -> impl Iterator<Item = f64> + use<'s> {
    let numbers = sample.outcome.as_ref().ok();
    columns.iter().enumerate().map(move |(at, column)| {
        let Some(numbers) = numbers else {
            return f64::NAN;
        };
        let place = match numbers.columns.get(at) {
            Some(own) if own == column => Some(at),
            _ => numbers.columns.iter().position(|own| own == column),
        };
        place.map_or(f64::NAN, |place| numbers.values[place])
    })
}

/// What came of the samples, for machines.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct Document {
    /// How many samples failed.
    failed: usize,
    /// How many times a simulator was run.
    run: usize,
    /// How long it took.
    seconds: f64,
    /// The numbers that each sample has, in the order of the table's columns.
    columns: Vec<Column>,
    /// Scenario by scenario in the order in which they were stated.
    samples: Vec<SampleOf>,
}

/// A number that each sample has.
#[derive(Serialize, JsonSchema)]
struct Column {
    /// What it is called: `c_p95[70007]`.
    name: String,
    /// The summary or objective.
    of: String,
    /// The catchment; left out of a number over several.
    #[serde(skip_serializing_if = "Option::is_none")]
    catchment: Option<String>,
    /// The place along the variable's further dimension; left out where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    /// Its units; left out where they are unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    units: Option<String>,
}

/// A set of parameters, and what came of it.
#[derive(Serialize, JsonSchema)]
struct SampleOf {
    /// What it is called.
    sample: String,
    /// `ok` or `failed`.
    status: SampleStatus,
    /// Why it failed; left out if it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// The parameters that are set, and those in which scenarios differ.
    parameters: BTreeMap<String, Option<PlainValue>>,
    /// Its numbers by their names, null where one is missing; empty if it failed.
    numbers: BTreeMap<String, Option<f64>>,
}

/// Whether a sample has numbers.
#[derive(Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum SampleStatus {
    /// It has.
    Ok,
    /// A catchment that they need failed.
    Failed,
}

impl fmt::Display for SampleStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
        })
    }
}

fn status(sample: &Sample) -> SampleStatus {
    match sample.outcome {
        Ok(_) => SampleStatus::Ok,
        Err(_) => SampleStatus::Failed,
    }
}

/// The document.
pub(super) fn document(evaluated: &Evaluated) -> Document {
    let column = |column: &NumberColumn| Column {
        name: column.to_string(),
        of: column.of.clone(),
        catchment: column.catchment.as_ref().map(ToString::to_string),
        place: column.place.clone(),
        units: column.units.clone(),
    };
    let sample = |sample: &Sample| {
        let numbers = sample.outcome.iter().flat_map(|numbers| {
            let values = numbers.values.iter().copied();
            numbers
                .columns
                .iter()
                .map(NumberColumn::to_string)
                .zip(values)
        });
        let parameters = sample.parameters.iter();
        let plain = |value: &Option<Value>| value.as_ref().map(PlainValue::from);
        SampleOf {
            sample: sample.name.clone(),
            status: status(sample),
            reason: sample.outcome.as_ref().err().map(Failure::text),
            parameters: parameters
                .map(|(name, value)| (name.clone(), plain(value)))
                .collect(),
            numbers: numbers
                .map(|(name, number)| (name, Some(number).filter(|it| !it.is_nan())))
                .collect(),
        }
    };
    Document {
        failed: evaluated.failed(),
        run: evaluated.run,
        seconds: evaluated.seconds,
        columns: evaluated.columns.iter().map(column).collect(),
        samples: evaluated.samples.iter().map(sample).collect(),
    }
}
