//! A file of tables by the conventions of PyTables, for readers that use it or pandas.
//!
//! A table is a one-dimensional data set of a compound type with a few attributes: `CLASS`, `VERSION`, `TITLE` and the
//! names of its fields (PyTables' "Format of PyTables files", 2.7). It is written in chunks of rows whose bytes are made
//! elsewhere, as in NetCDF-4 files.

use std::path::Path;

use anyhow::{Context, Result};

use super::ffi::dataset::{self, Storage};
use super::ffi::{self, Handle, Number};
use super::put_chunk;
use super::values::{
    Attribute, Data, c_text, write_attribute, write_dataset, write_text_attribute,
};
use super::writer::Chunk;
use crate::netcdf::part_file::PartFile;

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CompoundColumn {
    /// Text of a fixed number of bytes (at least 1), padded with NUL characters.
    Text {
        /// The column's name.
        name: String,
        /// Its bytes.
        size: usize,
    },
    /// Numbers of 64 bits.
    F64 {
        /// The column's name.
        name: String,
    },
    /// Small whole numbers.
    I8 {
        /// The column's name.
        name: String,
    },
}

impl CompoundColumn {
    fn name(&self) -> &str {
        match self {
            Self::Text { name, .. } | Self::F64 { name } | Self::I8 { name } => name,
        }
    }

    fn size(&self) -> usize {
        match self {
            Self::Text { size, .. } => *size,
            Self::F64 { .. } => 8,
            Self::I8 { .. } => 1,
        }
    }
}

/// The layout of tables: columns, rows, rows in a chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompoundTable {
    /// The columns, packed without gaps.
    pub columns: Vec<CompoundColumn>,
    /// How many rows, at least 1.
    pub rows: usize,
    /// How many rows a chunk holds, at least 1 and at most `rows`.
    pub chunk_rows: usize,
    /// The level of deflate, after shuffle: 0 (no filters) to 9.
    pub level: u8,
}

impl CompoundTable {
    /// Bytes of one row.
    pub fn row_size(&self) -> usize {
        self.columns.iter().map(CompoundColumn::size).sum()
    }
}

/// A file of tables being written; nothing is at its path before [`TableFile::finish`].
pub struct TableFile {
    part: PartFile,
}

impl TableFile {
    /// Starts the file that will be at `target`, in an existing folder; meanwhile it is `<target>.part`.
    pub fn create(target: &Path, title: &str) -> Result<Self> {
        let part = PartFile::create(target)?;
        for (name, value) in [
            ("CLASS", "GROUP"),
            ("PYTABLES_FORMAT_VERSION", "2.1"),
            ("TITLE", title),
            ("VERSION", "1.0"),
        ] {
            write_text_attribute(part.root(), name, value)?;
        }
        Ok(Self { part })
    }

    /// Writes an attribute of the root group.
    pub fn attribute(&self, name: &str, value: &Attribute) -> Result<()> {
        write_attribute(self.part.root(), name, value).with_context(|| {
            format!(
                "cannot write the attribute `{}` to {}",
                name.escape_debug(),
                self.part.path().display()
            )
        })
    }

    /// Writes a list of values at the root.
    pub fn array(&self, name: &str, values: Data<'_>) -> Result<()> {
        let write = || -> Result<()> {
            let array = write_dataset(
                self.part.root(),
                name,
                &[values.len()],
                values,
                &Storage::plain(false),
            )?;
            for (name, value) in [
                ("CLASS", "ARRAY"),
                ("FLAVOR", "numpy"),
                ("TITLE", ""),
                ("VERSION", "2.4"),
            ] {
                write_text_attribute(&array, name, value)?;
            }
            Ok(array.close()?)
        };
        write().with_context(|| format!("cannot write `{name}` to {}", self.part.path().display()))
    }

    /// Writes a table, in a group of its own if one is named. The `chunks` come in order, as `layout` says: shuffled by the
    /// size of a row, deflated, the last one padded.
    pub fn table(
        &mut self,
        group: Option<&str>,
        name: &str,
        layout: &CompoundTable,
        chunks: Vec<Vec<u8>>,
    ) -> Result<()> {
        let problem = |part: &PartFile| {
            let path = part.path().display();
            format!("cannot write a table to {path}: is the disk full?")
        };
        let begin = || -> Result<(Option<Handle>, Handle)> {
            let group = match group {
                // No attributes: PyTables needs none here, and there may be thousands of groups.
                Some(group) => Some(ffi::create_group(self.part.root(), &c_text(group)?)?),
                None => None,
            };
            let parent = group.as_ref().unwrap_or(self.part.root());
            let table = create_table(parent, name, layout)?;
            Ok((group, table))
        };
        let (group, table) = begin().with_context(|| problem(&self.part))?;
        for (i, chunk) in chunks.into_iter().enumerate() {
            let offset = [i * layout.chunk_rows];
            put_chunk(&mut self.part, &table, &offset, Chunk::Made(chunk))?;
        }
        let closed = table
            .close()
            .and_then(|()| group.map_or(Ok(()), Handle::close));
        closed.with_context(|| problem(&self.part))
    }

    /// Closes the file with its errors checked, syncs it, and renames it over its target.
    pub fn finish(self) -> Result<()> {
        self.part.finish(true)
    }
}

fn create_table(parent: &Handle, name: &str, layout: &CompoundTable) -> Result<Handle> {
    let mut fields = Vec::with_capacity(layout.columns.len());
    let mut offset = 0;
    for column in &layout.columns {
        let of_type = match column {
            CompoundColumn::Text { size, .. } => ffi::text_type(Some(*size), false)?,
            CompoundColumn::F64 { .. } => ffi::number_type(Number::F64)?,
            CompoundColumn::I8 { .. } => ffi::number_type(Number::I8)?,
        };
        fields.push((c_text(column.name())?, offset, of_type));
        offset += column.size();
    }
    let of_type = ffi::compound_type(offset, &fields)?;
    let storage = Storage {
        chunk: Some(&[layout.chunk_rows]),
        deflate: layout.level,
        fill: None,
        contiguous: false,
        grows: false,
        tracked: false,
    };
    let table =
        dataset::create_dataset(parent, &c_text(name)?, &of_type, &[layout.rows], &storage)?;
    for (name, value) in [("CLASS", "TABLE"), ("TITLE", ""), ("VERSION", "2.7")] {
        write_text_attribute(&table, name, value)?;
    }
    for (i, column) in layout.columns.iter().enumerate() {
        write_text_attribute(&table, &format!("FIELD_{i}_NAME"), column.name())?;
    }
    Ok(table)
}
