//! The small tables of the steps layout, a row per catchment or scenario, and how text lies in all of its tables.

use anyhow::Result;

use super::rows::key;
use super::summary::Summaries;
use super::{ParameterValues, ProductContent};
use crate::netcdf::{
    CompoundColumn, CompoundTable, Precision, TableFile, deflate, shuffle, storable,
};
use crate::project::product_spec::ParameterVariable;

/// Bytes of the ids' column at least; what reads such tables expects it.
const ID_SIZE: usize = 10;

/// Writes `/scenarios`, if there are any: names and what they differ in.
pub(super) fn write_scenarios(product: &ProductContent, file: &mut TableFile) -> Result<()> {
    let Some(scenarios) = &product.scenarios else {
        return Ok(());
    };
    let mut small = SmallTable::new(scenarios.names.len());
    let (names, size) = stored(scenarios.names.iter().map(String::as_str));
    small.texts("scenario", &names, size);
    small.parameters(scenarios.parameters());
    small.write("scenarios", product.spec.compression, file)
}

/// Writes `/catchments`: id, status, key and parameters, in the order of the rows of all other tables.
pub(super) fn write_catchments(product: &ProductContent, file: &mut TableFile) -> Result<()> {
    let mut small = SmallTable::new(product.catchments.len());
    for (name, texts, size) in labels(product) {
        small.texts(name, &texts, size);
    }
    small.columns.push(CompoundColumn::I8 {
        name: "status".to_owned(),
    });
    let status = product.catchments.iter().map(|row| row.status as u8);
    small.planes.extend(status);
    let keys: Vec<String> = product.catchments.iter().map(key).collect();
    small.texts("key", &keys, longest(&keys));
    small.parameters(product.parameters());
    small.write("catchments", product.spec.compression, file)
}

/// Writes `/summary`, if any are asked for.
pub(super) fn write_summaries(
    product: &ProductContent,
    summaries: &Summaries,
    file: &mut TableFile,
) -> Result<()> {
    if product.spec.summaries.is_empty() {
        return Ok(());
    }
    let mut small = SmallTable::new(product.catchments.len());
    for (name, texts, size) in labels(product) {
        small.texts(name, &texts, size);
    }
    for (i, summary) in product.spec.summaries.iter().enumerate() {
        small.numbers(&summary.name, summaries.of(i));
    }
    small.write("summary", product.spec.compression, file)?;
    write_objectives(product, summaries, file)
}

/// Writes `/objectives`, if there are any: the numbers over gauges, a row for each scenario.
fn write_objectives(
    product: &ProductContent,
    summaries: &Summaries,
    file: &mut TableFile,
) -> Result<()> {
    if product.spec.objectives.is_empty() {
        return Ok(());
    }
    let mut small = SmallTable::new(product.scenario_count());
    if let Some(scenarios) = &product.scenarios {
        let (names, size) = stored(scenarios.names.iter().map(String::as_str));
        small.texts("scenario", &names, size);
    }
    for objective in &product.spec.objectives {
        let numbers = product.overall(objective, summaries.of(objective.summary));
        small.numbers(&objective.overall_name(), &numbers);
    }
    small.write("objectives", product.spec.compression, file)
}

/// A table that is collected column by column and written at once.
struct SmallTable {
    rows: usize,
    columns: Vec<CompoundColumn>,
    planes: Vec<u8>,
}

impl SmallTable {
    fn new(rows: usize) -> Self {
        Self {
            rows,
            columns: Vec::new(),
            planes: Vec::new(),
        }
    }

    fn texts(&mut self, name: &str, texts: &[String], size: usize) {
        let name = name.to_owned();
        self.columns.push(CompoundColumn::Text { name, size });
        self.planes.extend(text_planes(texts, size, self.rows));
    }

    fn numbers(&mut self, name: &str, numbers: &[f64]) {
        let name = name.to_owned();
        self.columns.push(CompoundColumn::F64 { name });
        let start = self.planes.len();
        self.planes.resize(start + 8 * self.rows, 0);
        shuffle(numbers, Precision::F64, &mut self.planes[start..]);
    }

    /// Texts first, then numbers.
    fn parameters<'a>(
        &mut self,
        parameters: impl Iterator<Item = (&'a ParameterVariable, &'a ParameterValues)> + Clone,
    ) {
        for (parameter, values) in parameters.clone() {
            if let ParameterValues::Texts(texts) = values {
                let (texts, _) = stored(texts.iter().map(String::as_str));
                self.texts(&parameter.name, &texts, longest(&texts));
            }
        }
        for (parameter, values) in parameters {
            if let ParameterValues::Numbers(numbers) = values {
                self.numbers(&parameter.name, numbers);
            }
        }
    }

    fn write(self, name: &str, level: u8, file: &mut TableFile) -> Result<()> {
        let layout = CompoundTable {
            columns: self.columns,
            rows: self.rows,
            chunk_rows: self.rows,
            level,
        };
        file.table(None, name, &layout, vec![filtered(self.planes, &layout)])
    }
}

/// The columns that identify the rows of a table: their names, texts and sizes.
pub(super) fn labels(product: &ProductContent) -> Vec<(&'static str, Vec<String>, usize)> {
    let rows = 0..product.catchments.len();
    let (ids, size) = stored(product.catchments.iter().map(|row| row.id.as_str()));
    let mut labels = vec![("catchment", ids, size)];
    if let Some(scenarios) = &product.scenarios {
        let names = rows.map(|row| scenarios.names[product.scenario_of(row)].as_str());
        let (names, size) = stored(names);
        labels.insert(0, ("scenario", names, size));
    }
    labels
}

/// Texts as the tables hold them, and the size of a column of ids.
fn stored<'a>(texts: impl Iterator<Item = &'a str>) -> (Vec<String>, usize) {
    let texts: Vec<String> = texts.map(|text| storable(text).into_owned()).collect();
    let size = longest(&texts).max(ID_SIZE);
    (texts, size)
}

/// The size of a column of these texts, at least 1.
fn longest(texts: &[String]) -> usize {
    texts.iter().map(String::len).max().unwrap_or(0).max(1)
}

/// The texts' bytes as planes: all first bytes, then all second bytes, …; filled up to `rows` texts.
pub(super) fn text_planes(texts: &[String], size: usize, rows: usize) -> Vec<u8> {
    let mut planes = vec![0; size * rows];
    for (row, text) in texts.iter().enumerate() {
        for (k, byte) in text.bytes().enumerate() {
            planes[k * rows + row] = byte;
        }
    }
    planes
}

/// A chunk from its planes. They are the shuffled rows already, so only deflate is left to do.
pub(super) fn filtered(planes: Vec<u8>, layout: &CompoundTable) -> Vec<u8> {
    if layout.level > 0 {
        return deflate(&planes, layout.level);
    }
    let size = layout.row_size();
    let mut rows = vec![0; planes.len()];
    for (k, plane) in planes.chunks_exact(layout.chunk_rows).enumerate() {
        for (place, byte) in rows[k..].iter_mut().step_by(size).zip(plane) {
            *place = *byte;
        }
    }
    rows
}
