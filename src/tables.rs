//! Tables of parameters, one row for each catchment or for each sample: CSV in the dialects that spreadsheets write, and dBASE.
//!
//! A table gives values by catchment id and nothing else. It knows nothing of which catchments there are, which of two
//! values for one parameter wins, or what a parameter is used for.

mod dbf;

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, bail};

use crate::catchment::CatchmentId;
use crate::digest::Digest;
use crate::parameters::Parameters;
use crate::regular;
use crate::value::Value;

/// Parameters by catchment.
#[derive(Clone, Debug, PartialEq)]
pub struct ParameterTable {
    /// The row of each catchment.
    rows: HashMap<CatchmentId, usize>,
    /// The values by row; an empty cell is not there.
    values: Parameters,
    /// The catchments in the order of the file.
    pub ids: Vec<CatchmentId>,
    /// The names of the parameters: the columns but for the ids, in the order of the file.
    pub columns: Vec<String>,
}

impl ParameterTable {
    /// Whether there is a row for a catchment.
    pub fn has(&self, id: &CatchmentId) -> bool {
        self.rows.contains_key(id)
    }

    /// The value of a parameter of a catchment, if there is one.
    pub fn get(&self, id: &CatchmentId, name: &str) -> Option<&Value> {
        self.values.get(name, *self.rows.get(id)?)
    }
}

/// Reads a table whose column `id_column` holds the catchments' ids: `.csv`, `.txt` and `.tsv` as text, `.dbf` as dBASE.
///
/// In text tables the separator (comma, semicolon or tab) is the one that the header has most of; cells may be quoted; the
/// encoding is UTF-8, with or without a byte order mark, or else Latin-1. Cells that are whole numbers become
/// [`Value::Integer`], other finite numbers [`Value::Number`], everything else text; with semicolons, `0,5` is the number
/// 0.5. Digits with a leading zero (`007`) stay text, as they are names. Empty cells, `NA` and `NaN` are missing values.
/// An id `70007.0` is `70007`.
///
/// An error names the file and the line (dBASE: the record) with a missing or repeated id, or lists the columns there are
/// if `id_column` is not one of them.
pub fn read_parameter_table(path: &Path, id_column: &str) -> anyhow::Result<ParameterTable> {
    let table = read(path).and_then(|(table, _)| by_catchment(table, id_column));
    table.with_context(|| format!("{}: the parameter table can't be used", path.display()))
}

/// Values of parameters, one set after the other.
pub struct Samples {
    /// The names of the parameters, in the order of the file.
    pub columns: Vec<String>,
    /// Of each set the number of its line or record, and the values in the order of the columns.
    pub rows: Vec<(u64, Vec<Value>)>,
    /// The digest of the file.
    pub digest: Digest,
}

/// Reads a table of samples, in which every cell must have a value; else as [`read_parameter_table`].
pub fn read_samples(path: &Path) -> anyhow::Result<Samples> {
    let (table, digest) = read(path)?;
    let columns: Vec<String> = table.columns.iter().map(|(name, _)| name.clone()).collect();
    for (at, name) in columns.iter().enumerate() {
        if name.is_empty() || columns[..at].contains(name) {
            bail!("column {} needs a name of its own", at + 1);
        }
    }
    let mut rows = Vec::with_capacity(table.rows.len());
    for (number, cells) in &table.rows {
        let value = |(at, (name, meaning)): (usize, &(String, Meaning))| {
            let found = cells.get(at).and_then(|cell| value_of(cell, *meaning));
            found.with_context(|| format!("{} {number} has no {name}", table.row_word))
        };
        let values = table.columns.iter().enumerate().map(value);
        rows.push((*number, values.collect::<anyhow::Result<_>>()?));
    }
    Ok(Samples {
        columns,
        rows,
        digest,
    })
}

fn read(path: &Path) -> anyhow::Result<(RawTable, Digest)> {
    let extension = path
        .extension()
        .unwrap_or_default()
        .to_string_lossy()
        .to_ascii_lowercase();
    let bytes = regular::read(path).context("it can't be read")?;
    let table = match extension.as_str() {
        "csv" | "txt" | "tsv" => read_text(&bytes, extension == "tsv"),
        "dbf" => dbf::read(&bytes),
        _ => bail!("a table is a .csv, .txt, .tsv or .dbf file"),
    };
    Ok((table?, Digest::of(&bytes)))
}

/// A table as it stands in a file.
#[derive(Debug)]
struct RawTable {
    columns: Vec<(String, Meaning)>,
    /// What a row's number is called in messages.
    row_word: &'static str,
    /// Number and cells.
    rows: Vec<(u64, Vec<String>)>,
}

/// What the cells of a column can mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    /// Numbers or text, cell by cell; after semicolons a number may have a decimal comma.
    Any { decimal_comma: bool },
    /// Whole numbers.
    Whole,
    /// Numbers.
    Number,
    /// Text.
    Text,
    /// Yes or no, as 1 or 0.
    Logical,
}

fn by_catchment(table: RawTable, id_column: &str) -> anyhow::Result<ParameterTable> {
    let names: Vec<&str> = table
        .columns
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    let Some(id_at) = names.iter().position(|name| *name == id_column) else {
        bail!(
            "there is no column `{id_column}` with the ids; the columns there are: {}",
            names.join(", ")
        );
    };
    for (at, name) in names.iter().enumerate() {
        if names[..at].contains(name) && !name.is_empty() {
            bail!("there are two columns `{name}`; rename one");
        }
    }
    let is_named = |at: &usize| *at != id_at && !names[*at].is_empty();
    let named: Vec<usize> = (0..names.len()).filter(is_named).collect();
    let mut rows: HashMap<CatchmentId, usize> = HashMap::with_capacity(table.rows.len());
    let mut values = Parameters::default();
    let mut ids = Vec::with_capacity(table.rows.len());
    let word = table.row_word;
    for (number, cells) in &table.rows {
        let id = cells.get(id_at).map_or("", |cell| cell.trim());
        if id.is_empty() {
            bail!("{word} {number} has no id in the column `{id_column}`");
        }
        let id = CatchmentId::new(id_text(id, table.columns[id_at].1));
        if let Some(before) = rows.insert(id.clone(), ids.len()) {
            let before = table.rows[before].0;
            bail!("catchment {id} is there twice, in {word} {before} and {word} {number}");
        }
        for &at in &named {
            let (name, meaning) = &table.columns[at];
            if let Some(value) = cells.get(at).and_then(|cell| value_of(cell, *meaning)) {
                values.set(name, ids.len(), value);
            }
        }
        ids.push(id);
    }
    let columns = named.iter().map(|&at| names[at].to_owned()).collect();
    Ok(ParameterTable {
        rows,
        values,
        ids,
        columns,
    })
}

/// The id in a cell: whole numbers lose a decimal point and zeros, all else stays as it stands.
fn id_text(cell: &str, meaning: Meaning) -> String {
    if let Some((whole, zeros)) = cell.split_once('.')
        && whole.bytes().all(|byte| byte.is_ascii_digit())
        && !whole.is_empty()
        && zeros.bytes().all(|byte| byte == b'0')
    {
        return whole.to_owned();
    }
    match (meaning, cell.parse::<f64>()) {
        (Meaning::Number, Ok(number)) => Value::Number(number).to_string(),
        _ => cell.to_owned(),
    }
}

fn read_text(bytes: &[u8], tabs: bool) -> anyhow::Result<RawTable> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text: String = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    };
    let separator = match tabs {
        true => b'\t',
        false => separator_of(&text, b",;\t").unwrap_or(b','),
    };
    let mut reader = (csv::ReaderBuilder::new())
        .delimiter(separator)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let columns: Vec<String> = reader.headers()?.iter().map(str::to_owned).collect();
    let meaning = Meaning::Any {
        decimal_comma: separator == b';',
    };
    let columns = columns.into_iter().map(|name| (name, meaning)).collect();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record?;
        let line = record.position().map_or(0, csv::Position::line);
        if record.iter().all(str::is_empty) {
            continue;
        }
        rows.push((line, record.iter().map(str::to_owned).collect()));
    }
    Ok(RawTable {
        columns,
        row_word: "line",
        rows,
    })
}

/// The one of these separators that the first line has most of, outside quotes; the first of equals.
pub(crate) fn separator_of(text: &str, candidates: &[u8]) -> Option<u8> {
    let mut counts = vec![0; candidates.len()];
    let mut quoted = false;
    for byte in text.bytes() {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' | b'\r' if !quoted => break,
            _ if quoted => {}
            _ => {
                if let Some(at) = candidates.iter().position(|candidate| *candidate == byte) {
                    counts[at] += 1;
                }
            }
        }
    }
    // The first of equals: `max_by_key` would give the last.
    let found = candidates.iter().zip(counts).rev().max_by_key(|(_, n)| *n);
    found.filter(|(_, count)| *count > 0).map(|(byte, _)| *byte)
}

/// What a cell means; `None` if it is empty.
fn value_of(cell: &str, meaning: Meaning) -> Option<Value> {
    let cell = cell.trim();
    if cell.is_empty() {
        return None;
    }
    let missing = cell == "NA" || cell.eq_ignore_ascii_case("nan");
    match meaning {
        Meaning::Any { .. } if missing => None,
        Meaning::Any { decimal_comma } => {
            Some(number_of(cell, decimal_comma).unwrap_or_else(|| Value::Text(cell.to_owned())))
        }
        Meaning::Whole if let Ok(whole) = cell.parse() => Some(Value::Integer(whole)),
        Meaning::Whole | Meaning::Number => {
            // What does not fit its field is filled with asterisks: no number.
            let number = cell.parse().ok().filter(|number: &f64| number.is_finite());
            number.map(Value::Number)
        }
        Meaning::Text => Some(Value::Text(cell.to_owned())),
        Meaning::Logical => match cell {
            "T" | "t" | "Y" | "y" => Some(Value::Integer(1)),
            "F" | "f" | "N" | "n" => Some(Value::Integer(0)),
            _ => None,
        },
    }
}

/// The number that a text is, if it is one.
fn number_of(text: &str, decimal_comma: bool) -> Option<Value> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.' || (decimal_comma && c == ','))
    {
        return None;
    }
    let mut characters = digits.chars();
    if characters.next() == Some('0') && characters.next().is_some_and(|c| c.is_ascii_digit()) {
        return None;
    }
    if digits.bytes().all(|byte| byte.is_ascii_digit())
        && let Ok(whole) = text.parse()
    {
        return Some(Value::Integer(whole));
    }
    let number: f64 = match text.parse() {
        Ok(number) => number,
        Err(_) if decimal_comma && !text.contains('.') => {
            text.replacen(',', ".", 1).parse().ok()?
        }
        Err(_) => return None,
    };
    number.is_finite().then_some(Value::Number(number))
}

#[cfg(test)]
mod tests;
