//! Tables of parameters, one row for each catchment or for each sample: text in the dialects that spreadsheets write, and
//! dBASE.
//!
//! A table gives values by catchment id and nothing else. It knows nothing of which catchments there are, which of two
//! values for one parameter wins, or what a parameter is used for. So a cell that can't be understood is a fault only when
//! it is asked for: a word in a column or row that plays no part stops nobody, and it is never passed off as a missing
//! value.

mod cell;
mod code_page;
mod dbf;
mod delimited;
mod text;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::Deserialize;

use crate::data::catchment::CatchmentId;
use crate::data::digest::Digest;
use crate::data::value::Value;
use crate::system::regular;
pub use code_page::beside;
pub(crate) use text::separator_of;

/// Parameters by catchment.
pub struct ParameterTable {
    path: PathBuf,
    raw: Box<dyn RawTable>,
    /// The row of each catchment.
    rows: HashMap<CatchmentId, usize>,
    /// The column of each parameter.
    places: HashMap<String, usize>,
    /// The catchments in the order of the file.
    pub ids: Vec<CatchmentId>,
    /// The names of the parameters: the columns but for the ids, in the order of the file.
    pub columns: Vec<String>,
    /// The digest of the file, and of the one with its code page.
    pub digest: Digest,
}

/// A cell that is there and can't be understood: where it is, and what is in it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct CellFault(String);

impl ParameterTable {
    /// Whether there is a row for a catchment.
    pub fn has(&self, id: &CatchmentId) -> bool {
        self.rows.contains_key(id)
    }

    /// The value of a parameter of a catchment, if there is one.
    ///
    /// # Errors
    /// There is something in the cell that has no meaning, or several.
    pub fn get(&self, id: &CatchmentId, name: &str) -> Result<Option<Value>, CellFault> {
        let (Some(&row), Some(&column)) = (self.rows.get(id), self.places.get(name)) else {
            return Ok(None);
        };
        self.raw.value(row, column).map_err(|what| {
            let place = place(&*self.raw, row, column);
            CellFault(format!("{}: {place}: {what}", self.path.display()))
        })
    }
}

/// The decimal mark of a text table's numbers, where the project file states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
pub enum Decimal {
    /// `0.5`
    #[serde(rename = ".")]
    Point,
    /// `0,5`
    #[serde(rename = ",")]
    Comma,
}

/// A table of catchments' own values.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TableSpec {
    /// The CSV or dBASE file.
    pub path: PathBuf,
    /// The column with the catchments' ids.
    pub id: String,
    /// The decimal mark of its numbers, if it is text.
    pub decimal: Option<Decimal>,
}

/// Reads a table whose column `id` holds the catchments' ids: `.csv`, `.txt` and `.tsv` as text, `.dbf` as dBASE.
///
/// In text tables the separator (comma, semicolon or tab) is the one that the header has most of, or that a line `sep=;`
/// states; cells may be quoted; the encoding is UTF-8, UTF-16 with a byte order mark, or else Latin-1. Cells that are whole
/// numbers become [`Value::Integer`], other finite numbers [`Value::Number`], everything else text; with semicolons, `0,5`
/// is the number 0.5. Digits with a leading zero (`007`) stay text, as they are names. Empty cells, `NA` and `NaN` are
/// missing values. An id `70007.0` is `70007`.
///
/// An error names the file and the line (dBASE: the record) with a missing or repeated id, or lists the columns there are
/// if `id` is not one of them.
pub fn read_parameter_table(spec: &TableSpec) -> anyhow::Result<ParameterTable> {
    let TableSpec { path, id, decimal } = spec;
    let read = read(path, Some(id), *decimal);
    let table = read.and_then(|(table, digest)| by_catchment(path, table, digest, id));
    table.with_context(|| format!("{}: the parameter table can't be used", path.display()))
}

/// Values of parameters, one set after the other.
pub struct Samples {
    /// The names of the parameters, in the order of the file.
    pub columns: Vec<String>,
    /// Of each set the number of its line or record, and the values in the order of the columns.
    pub rows: Vec<(u64, Vec<Value>)>,
    /// The digest of the file, and of the one with its code page.
    pub digest: Digest,
}

/// Reads a table of samples, in which every cell must have a value; else as [`read_parameter_table`].
pub fn read_samples(path: &Path) -> anyhow::Result<Samples> {
    let (table, digest) = read(path, None, None)?;
    samples(&*table, digest)
}

/// The samples in a text; `tabs` if tabs separate its cells. Else as [`read_samples`].
pub fn samples_in(bytes: &[u8], tabs: bool) -> anyhow::Result<Samples> {
    samples(&text::read(bytes, tabs, None, None)?, Digest::of(bytes))
}

/// The value that a text means as a cell of a table with decimal points; `None` if it stands for none.
///
/// # Errors
/// What is wrong with one that has two readings.
pub fn read_value(text: &str) -> Result<Option<Value>, String> {
    cell::value(text, cell::DecimalMarks::Point)
}

fn samples(table: &dyn RawTable, digest: Digest) -> anyhow::Result<Samples> {
    let columns = table.columns().to_vec();
    for (at, name) in columns.iter().enumerate() {
        if name.is_empty() || columns[..at].contains(name) {
            bail!("column {} needs a name of its own", at + 1);
        }
    }
    let mut rows = Vec::with_capacity(table.rows());
    for row in 0..table.rows() {
        refuse_marked(table, row)?;
        let value = |column: usize| match table.value(row, column) {
            Ok(Some(value)) => Ok(value),
            Ok(None) => bail!("{} has no {}", row_name(table, row), columns[column]),
            Err(what) => bail!("{}: {what}", place(table, row, column)),
        };
        let values = (0..columns.len()).map(value);
        rows.push((table.number(row), values.collect::<anyhow::Result<_>>()?));
    }
    Ok(Samples {
        columns,
        rows,
        digest,
    })
}

fn read(
    path: &Path,
    id: Option<&str>,
    decimal: Option<Decimal>,
) -> anyhow::Result<(Box<dyn RawTable>, Digest)> {
    let extension = path
        .extension()
        .unwrap_or_default()
        .to_string_lossy()
        .to_ascii_lowercase();
    let bytes = regular::read(path).context("it can't be read")?;
    match extension.as_str() {
        "csv" | "txt" | "tsv" => {
            let digest = Digest::of(&bytes);
            let table = text::read(&bytes, extension == "tsv", id, decimal)?;
            Ok((Box::new(table), digest))
        }
        "dbf" => {
            let stated = code_page::stated_beside(path)?;
            let digest = match &stated {
                Some(stated) => Digest::of(&[bytes.as_slice(), stated.as_bytes()].concat()),
                None => Digest::of(&bytes),
            };
            Ok((Box::new(dbf::read(bytes, stated.as_deref())?), digest))
        }
        _ => bail!("a table is a .csv, .txt, .tsv or .dbf file"),
    }
}

/// A table whose rows go with something else, such as the shapes of a shapefile: ids may be missing, and be there several times.
pub(crate) struct AttributeTable(Box<dyn RawTable>);

impl AttributeTable {
    /// Reads the table; its format and its encoding are found as [`read_parameter_table`] finds them.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        Ok(Self(read(path, None, None)?.0))
    }

    /// The columns.
    pub(crate) fn columns(&self) -> &[String] {
        self.0.columns()
    }

    /// How many rows there are.
    pub(crate) fn rows(&self) -> usize {
        self.0.rows()
    }

    /// The number of a row in the file, counted from 1 and with those that are deleted.
    pub(crate) fn number(&self, row: usize) -> u64 {
        self.0.number(row)
    }

    /// What stands in a cell, as the text of an id; `None` if it is empty.
    ///
    /// # Errors
    /// What is wrong with a cell that can't be understood.
    pub(crate) fn id(&self, row: usize, column: usize) -> Result<Option<String>, String> {
        self.0.id(row, column)
    }
}

/// A table as it stands in a file. Rows and columns are counted from 0; a fault does not name its place.
trait RawTable: Send + Sync {
    /// What a row and a column are called in messages.
    fn words(&self) -> (&'static str, &'static str);
    fn columns(&self) -> &[String];
    fn rows(&self) -> usize;
    /// The number of a row in the file.
    fn number(&self, row: usize) -> u64;
    /// The id in a cell; `None` if it is empty.
    fn id(&self, row: usize, column: usize) -> Result<Option<String>, String>;
    /// The value of a cell; `None` if there is none.
    fn value(&self, row: usize, column: usize) -> Result<Option<Value>, String>;
    /// Whether a row begins with the character that starts comments in other files.
    fn is_marked(&self, _row: usize) -> bool {
        false
    }
}

fn row_name(table: &dyn RawTable, row: usize) -> String {
    format!("{} {}", table.words().0, table.number(row))
}

fn place(table: &dyn RawTable, row: usize, column: usize) -> String {
    let (row, word) = (row_name(table, row), table.words().1);
    format!("{row}, {word} {}", table.columns()[column])
}

/// Refuses a row that may as well be a comment.
fn refuse_marked(table: &dyn RawTable, row: usize) -> anyhow::Result<()> {
    if table.is_marked(row) {
        bail!(
            "{} begins with `#`; take it out if it is a comment, or put its first cell in quotes",
            row_name(table, row)
        );
    }
    Ok(())
}

fn by_catchment(
    path: &Path,
    raw: Box<dyn RawTable>,
    digest: Digest,
    id_column: &str,
) -> anyhow::Result<ParameterTable> {
    let names = raw.columns();
    let Some(id_at) = names.iter().position(|name| name == id_column) else {
        bail!(
            "there is no column `{id_column}` with the ids; the columns there are: {}",
            names.join(", ")
        );
    };
    let mut places = HashMap::with_capacity(names.len());
    let mut columns = Vec::with_capacity(names.len());
    for (at, name) in names
        .iter()
        .enumerate()
        .filter(|(_, name)| !name.is_empty())
    {
        if places.insert(name.clone(), at).is_some() {
            bail!("there are two columns `{name}`; rename one");
        }
        if at != id_at {
            columns.push(name.clone());
        }
    }
    places.remove(id_column);
    let mut rows: HashMap<CatchmentId, usize> = HashMap::with_capacity(raw.rows());
    let mut ids = Vec::with_capacity(raw.rows());
    for row in 0..raw.rows() {
        // An id may begin so, and a row for a catchment that is not there does nothing.
        if id_at != 0 {
            refuse_marked(&*raw, row)?;
        }
        let name = |row| row_name(&*raw, row);
        let id = match raw.id(row, id_at) {
            Ok(Some(id)) => CatchmentId::new(id),
            Ok(None) => bail!("{} has no id in the column `{id_column}`", name(row)),
            Err(what) => bail!("{}: {what}", place(&*raw, row, id_at)),
        };
        if let Some(before) = rows.insert(id.clone(), row) {
            let (before, this) = (name(before), name(row));
            bail!("catchment {id} is there twice, in {before} and {this}");
        }
        ids.push(id);
    }
    Ok(ParameterTable {
        path: path.to_owned(),
        raw,
        rows,
        places,
        ids,
        columns,
        digest,
    })
}

#[cfg(test)]
mod tests;
