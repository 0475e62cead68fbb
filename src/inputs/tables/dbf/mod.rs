//! dBASE tables (`.dbf`), the attribute tables of shapefiles: the header, and which records there are.
//!
//! A header, fixed-width records, nearly everything as text: read here by hand, because a number in a field of type `F` has
//! more digits than the `f32` that libraries make of it, and because a table whose header does not fit its records would
//! silently give wrong numbers. Sources: the file formats of dBASE III+ to 7 and of Visual FoxPro. Which fields there are is
//! for [`descriptors`], what is in one of which type for [`field`].

mod descriptors;
mod field;

use anyhow::{Context, Result, bail, ensure};

use self::descriptors::RecordLayout;
use self::field::DbfField;
use crate::data::value::Value;
use crate::inputs::foreign;
use crate::inputs::tables::RawTable;
use crate::inputs::tables::code_page::CodePage;

/// The first bytes of tables with a header of 32 bytes: dBASE III and IV, FoxBASE, FoxPro, Visual FoxPro, HiPer-Six and
/// others.
const VERSIONS: [u8; 20] = [
    0x03, 0x04, 0x05, 0x07, 0x30, 0x31, 0x32, 0x43, 0x63, 0x7b, 0x83, 0x87, 0x8b, 0x8c, 0x8e, 0xb3,
    0xcb, 0xe5, 0xf5, 0xfb,
];

/// A table, its records as they are in the file.
pub(super) struct DbfTable {
    bytes: Vec<u8>,
    columns: Vec<String>,
    /// Of each column.
    fields: Vec<DbfField>,
    /// Where each record that is not deleted is, and its number.
    records: Vec<(usize, u64)>,
    record_length: usize,
    code_page: CodePage,
}

impl RawTable for DbfTable {
    fn words(&self) -> (&'static str, &'static str) {
        ("record", "field")
    }

    fn columns(&self) -> &[String] {
        &self.columns
    }

    fn rows(&self) -> usize {
        self.records.len()
    }

    fn number(&self, row: usize) -> u64 {
        self.records[row].1
    }

    fn id(&self, row: usize, column: usize) -> Result<Option<String>, String> {
        self.fields[column].id(self.record(row), &self.code_page)
    }

    fn value(&self, row: usize, column: usize) -> Result<Option<Value>, String> {
        self.fields[column].value(self.record(row), &self.code_page)
    }
}

impl DbfTable {
    fn record(&self, row: usize) -> &[u8] {
        let begin = self.records[row].0;
        &self.bytes[begin..begin + self.record_length]
    }
}

/// Reads all records but the deleted ones; `code_page` is what a file beside the table says of it.
pub(super) fn read(bytes: Vec<u8>, code_page: Option<&str>) -> Result<DbfTable> {
    if let Some(sentence) = foreign::named_text(&bytes) {
        bail!("{sentence}");
    }
    let head = bytes
        .first_chunk::<32>()
        .context("the file is too short for a dBASE table")?;
    ensure!(
        head[0] != 2,
        "this is a dBASE II table, which is not supported; save it as dBASE III or IV, or as CSV"
    );
    let count = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
    let header_length = usize::from(u16::from_le_bytes([head[8], head[9]]));
    let record_length = usize::from(u16::from_le_bytes([head[10], head[11]]));
    ensure!(
        VERSIONS.contains(&head[0]) && record_length > 1 && header_length > 32,
        "the file is no dBASE table"
    );
    ensure!(
        header_length <= bytes.len(),
        "the file ends within its header"
    );
    ensure!(head[15] != 1, "the table is encrypted");
    ensure!(
        head[14] != 1,
        "a transaction on the table was not completed; open and close it in the program that wrote it"
    );
    let code_page = CodePage::of(head[29], code_page);
    let header = &bytes[32..header_length];
    // Those of dBASE 7 have the name of a language there, and longer names.
    let is_long =
        matches!(head[0], 0x04 | 0x8c) && !header.get(11).is_some_and(u8::is_ascii_alphabetic);
    ensure!(
        !is_long,
        "this is a dBASE 7 table, which is not supported; save it as dBASE III or IV, or as CSV"
    );
    let layout = RecordLayout {
        length: record_length,
        is_foxpro: matches!(head[0], 0x30..=0x32),
        code_page: &code_page,
    };
    let fields = descriptors::fields(header, &layout)?;
    let records = records(&bytes, header_length, record_length, count)?;
    let (columns, fields) = fields.into_iter().unzip();
    Ok(DbfTable {
        columns,
        fields,
        records,
        record_length,
        code_page,
        bytes,
    })
}

/// Where the records are that are not deleted.
fn records(bytes: &[u8], begin: usize, length: usize, count: usize) -> Result<Vec<(usize, u64)>> {
    let there = &bytes[begin..];
    ensure!(
        there.len() / length >= count,
        "the file ends after {} of {count} records",
        there.len() / length
    );
    let mut records = Vec::with_capacity(count);
    for (at, record) in there.chunks_exact(length).take(count).enumerate() {
        match record[0] {
            b'*' => {}
            b' ' => records.push((begin + at * length, at as u64 + 1)),
            0x1a => bail!("the file ends after {at} of {count} records"),
            other => bail!(
                "record {} begins with the byte {other:#04x}, where a blank or an asterisk is expected; the header does not fit \
                 the records",
                at + 1
            ),
        }
    }
    let rest = &there[count * length..];
    ensure!(
        rest.first() == Some(&0x1a)
            || rest
                .iter()
                .all(|byte| matches!(byte, 0 | b' ' | b'\r' | b'\n' | 0x1a)),
        "there is more behind the {count} records that the header tells of; open and save it in the program that wrote it"
    );
    Ok(records)
}

#[cfg(test)]
mod tests;
