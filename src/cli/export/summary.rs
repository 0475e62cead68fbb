//! `rerunoff export --summary`: a table of ids with every number that the product has of a catchment as a whole, to be joined to a map
//! or read by a program that takes text.

use std::collections::BTreeMap;
use std::ops::Range;

use anyhow::{Context, Result};
use schemars::JsonSchema;
use serde::Serialize;

use super::TROUBLE;
use crate::cli::document::CatchmentOf;
use crate::data::catchment::CatchmentId;
use crate::data::scenario::ScenarioName;
use crate::data::value::Value;
use crate::history::values::PlainValue;
use crate::plan::snapshot::{ScenarioSnapshot, Status};
use crate::product::numbers::{At, NumberColumn, WantedNumbers, parameters};
use crate::product::positions::{Positions, positions};
use crate::project::Project;
use crate::store::Store;

/// The numbers of catchments, one row for each in each scenario.
#[derive(Default)]
pub(super) struct SummaryTable {
    rows: Vec<CatchmentNumbers>,
    parts: Vec<Part>,
}

/// The rows of a scenario.
pub(super) struct Part {
    pub scenario: ScenarioName,
    rows: Range<usize>,
    /// What its summaries are of, without catchments.
    pub summaries: Vec<NumberColumn>,
    /// Where the rows' catchments are; `None` if no parameters say so.
    pub positions: Option<Positions>,
}

/// Every number that the product has of catchments as a whole, with `--summary`.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct Summaries {
    /// Of what state they are, in words: `the last run (2026-11-22T20:15:02Z)`.
    of: String,
    /// An entry for each catchment in each scenario.
    catchments: Vec<CatchmentSummary>,
}

/// The numbers of a catchment.
#[derive(Serialize, JsonSchema)]
struct CatchmentSummary {
    #[serde(flatten)]
    of: CatchmentOf,
    /// As in the product: `ok`, `failed`, `skipped` or `not_run`.
    status: String,
    /// Its summaries and the parameters that the product has, by their names; `null` where it has none.
    values: BTreeMap<String, Option<PlainValue>>,
}

/// The numbers of a catchment.
struct CatchmentNumbers {
    scenario: ScenarioName,
    catchment: CatchmentId,
    status: Status,
    /// Its summaries, then what `[product.parameters]` names; both by their names.
    cells: Vec<(String, Option<Value>)>,
}

impl SummaryTable {
    /// Adds a scenario as it was.
    pub(super) fn add(
        &mut self,
        project: &Project,
        store: &Store,
        scenario_snapshot: &ScenarioSnapshot,
        at: &At,
        threads: usize,
    ) -> Result<()> {
        let wanted = WantedNumbers::new(project, scenario_snapshot, None, at)?;
        let numbers = wanted.of_snapshot(project, scenario_snapshot, store, threads)?;
        let (names, values) = parameters(project, scenario_snapshot);
        let mut part = Part {
            scenario: project.scenario.name.clone(),
            rows: self.rows.len()..self.rows.len(),
            summaries: Vec::new(),
            positions: positions(project, scenario_snapshot),
        };
        let mut kept = Vec::with_capacity(values.len());
        for (row, parameters) in values.into_iter().enumerate() {
            let (id, status) = numbers.catchment(row);
            kept.push(at.has(id));
            if !at.has(id) {
                continue;
            }
            let summaries = numbers.of_catchment(row).map(|(mut column, number)| {
                // The row says it.
                column.catchment = None;
                if !part.summaries.contains(&column) {
                    part.summaries.push(column.clone());
                }
                let value = (!number.is_nan()).then_some(Value::Number(number));
                (column.to_string(), value)
            });
            let parameters = names.iter().cloned().zip(parameters);
            self.rows.push(CatchmentNumbers {
                scenario: project.scenario.name.clone(),
                catchment: id.clone(),
                status,
                cells: summaries.chain(parameters).collect(),
            });
        }
        if let Some(positions) = &mut part.positions {
            let mut kept = kept.into_iter();
            positions.places.retain(|_| kept.next() == Some(true));
        }
        part.rows.end = self.rows.len();
        self.parts.push(part);
        Ok(())
    }

    /// The scenarios that were added.
    pub(super) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The numbers of a summary in a scenario, one for each of its rows; NaN where there is none.
    pub(super) fn numbers(&self, part: &Part, summary: &NumberColumn) -> Vec<f64> {
        let name = summary.to_string();
        let number = |row: &CatchmentNumbers| {
            let cell = row.cells.iter().find(|(known, _)| *known == name);
            let value = cell.and_then(|(_, value)| value.as_ref());
            value.and_then(Value::number).unwrap_or(f64::NAN)
        };
        self.rows[part.rows.clone()].iter().map(number).collect()
    }

    /// The same for machines; `title` says of what state they are.
    pub(super) fn document(&self, title: &str) -> Summaries {
        let catchment = |row: &CatchmentNumbers| {
            let cells = row.cells.iter();
            let values = cells.map(|(name, value)| {
                let value = value.as_ref().map(PlainValue::from);
                (name.clone(), value)
            });
            CatchmentSummary {
                of: CatchmentOf::new(&row.scenario, &row.catchment),
                status: row.status.to_string(),
                values: values.collect(),
            }
        };
        Summaries {
            of: title.to_owned(),
            catchments: self.rows.iter().map(catchment).collect(),
        }
    }

    /// What each column of the table with commas is, in the words of the files `.csvt` by which GDAL and QGIS know numbers from texts.
    /// `ids_are_numbers` is whether ids may be whole numbers.
    pub(super) fn types(&self, ids_are_numbers: bool) -> Vec<u8> {
        let ids = self.rows.iter().map(|row| row.catchment.number());
        let id = match ids.collect::<Option<Vec<i64>>>() {
            Some(ids) if ids_are_numbers && ids.iter().all(|&id| i32::try_from(id).is_ok()) => {
                "Integer"
            }
            Some(_) if ids_are_numbers => "Integer64",
            _ => "String",
        };
        let cells = self.names().into_iter().map(|name| {
            let cells = self.rows.iter().flat_map(|row| &row.cells);
            let mut values = cells.filter(|(known, _)| known == name);
            let is_text = |(_, value): &(String, Option<Value>)| {
                matches!(value, Some(Value::Text(_) | Value::List(_)))
            };
            if values.any(is_text) {
                "String"
            } else {
                "Real"
            }
        });
        let scenario = self.is_named().then_some("String").into_iter();
        let types: Vec<&str> = scenario.chain([id, "String"]).chain(cells).collect();
        format!("\"{}\"\n", types.join("\",\"")).into_bytes()
    }

    /// Whether rows say of which scenario they are.
    fn is_named(&self) -> bool {
        self.rows.iter().any(|row| !row.scenario.is_unnamed())
    }

    /// The table with commas, cells without a value empty; or with tabs, a first line that begins with # and `NaN` in them.
    pub(super) fn text(&self, csv: bool) -> Result<Vec<u8>> {
        let separator = if csv { b',' } else { b'\t' };
        let mut builder = csv::WriterBuilder::new();
        let mut writer = builder.delimiter(separator).from_writer(Vec::new());
        let is_named = self.is_named();
        let names = self.names();
        let scenario = is_named.then_some("scenario").into_iter();
        let header = scenario
            .chain(["catchment", "status"])
            .chain(names.iter().copied());
        let mut header: Vec<String> = header.map(str::to_owned).collect();
        if !csv {
            header[0].insert(0, '#');
        }
        writer.write_record(&header).context(TROUBLE)?;
        let nothing = if csv { "" } else { "NaN" };
        for row in &self.rows {
            let scenario = is_named.then(|| row.scenario.to_string()).into_iter();
            let first = [row.catchment.to_string(), row.status.to_string()];
            let cells = names.iter().map(|name| {
                let cell = row.cells.iter().find(|(known, _)| known == name);
                let value = cell.and_then(|(_, value)| value.as_ref());
                value.map_or_else(|| nothing.to_owned(), Value::to_string)
            });
            let record: Vec<String> = scenario.chain(first).chain(cells).collect();
            writer.write_record(&record).context(TROUBLE)?;
        }
        writer.into_inner().context(TROUBLE)
    }

    /// The names of the cells: those of the first row, then what only others have.
    fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        let mut before: Option<&CatchmentNumbers> = None;
        for row in &self.rows {
            // Nearly always they are the same.
            let own = row.cells.iter().map(|(name, _)| name);
            if !before
                .is_some_and(|before| before.cells.iter().map(|(name, _)| name).eq(own.clone()))
            {
                for name in own {
                    if !names.contains(&name.as_str()) {
                        names.push(name);
                    }
                }
            }
            before = Some(row);
        }
        names
    }
}
