//! A file that this crate has written earlier, opened to find out what is still valid and to reuse its chunks.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};

use super::ffi::read::{CHUNK_RANK, ChunkPlace};
use super::ffi::{Handle, read};
use super::values::c_text;
use super::writer::PreviousChunk;
use crate::system::regular;

/// A file that this crate has written earlier. Others are an error.
pub struct PreviousFile {
    file: Handle,
    /// The same file, opened by the system.
    bytes: Arc<File>,
}

impl PreviousFile {
    /// Opens the file for reading.
    pub fn open(path: &Path) -> Result<Self> {
        let context = || format!("cannot open {}", path.display());
        let bytes = regular::open(path).with_context(context)?;
        let file = read::open_file(path).with_context(context)?;
        Ok(Self {
            file,
            bytes: Arc::new(bytes),
        })
    }

    /// A global text attribute, `None` if there is none of this name or it is not text.
    pub fn attribute(&self, name: &str) -> Option<String> {
        let bytes = read::read_text_attribute(&self.file, &c_text(name).ok()?).ok()??;
        String::from_utf8(bytes).ok()
    }

    /// All texts of a variable of characters, as they are [stored](super::storable).
    pub fn texts(&self, variable: &str) -> Result<Vec<String>> {
        let (characters, size) = read::read_characters(&self.variable(variable)?)?;
        let text = |characters: &[u8]| {
            let end = characters.iter().position(|&byte| byte == 0);
            let text = &characters[..end.unwrap_or(size)];
            Ok(std::str::from_utf8(text)?.to_owned())
        };
        characters.chunks_exact(size).map(text).collect()
    }

    /// All values of a variable of whole numbers.
    pub fn integers(&self, variable: &str) -> Result<Vec<i64>> {
        Ok(read::read_integers(&self.variable(variable)?)?)
    }

    /// All values of a variable of small whole numbers.
    pub fn bytes(&self, variable: &str) -> Result<Vec<i8>> {
        Ok(read::read_bytes(&self.variable(variable)?)?)
    }

    /// All values of a variable of numbers of 64 bits.
    pub fn numbers(&self, variable: &str) -> Result<Vec<f64>> {
        Ok(read::read_numbers(&self.variable(variable)?)?)
    }

    /// Opens a chunked variable.
    pub fn chunked(&self, variable: &str) -> Result<PreviousVariable> {
        let (rank, places) = read::chunk_places(&self.variable(variable)?)?;
        Ok(PreviousVariable {
            file: self.bytes.clone(),
            length: self.bytes.metadata()?.len(),
            rank,
            places,
        })
    }

    fn variable(&self, name: &str) -> Result<Handle> {
        read::open_dataset(&self.file, &c_text(name)?)
            .with_context(|| format!("no variable `{}`", name.escape_debug()))
    }
}

/// A chunked variable of a [`PreviousFile`].
pub struct PreviousVariable {
    file: Arc<File>,
    /// The file's length.
    length: u64,
    rank: usize,
    /// In the order of their first elements.
    places: Vec<ChunkPlace>,
}

impl PreviousVariable {
    /// The chunk whose first element is at `offset`; an error if it has more than `limit` bytes or is not completely in the file.
    pub fn chunk(&self, offset: &[usize], limit: u64) -> Result<PreviousChunk> {
        let (given, rank) = (offset.len(), self.rank);
        ensure!(given == rank, "{given} offsets for {rank} dimensions");
        let mut first = [0; CHUNK_RANK];
        for (place, number) in first.iter_mut().zip(offset) {
            *place = *number as u64;
        }
        let found = (self.places).binary_search_by_key(&first, |(first, _, _)| *first);
        let (_, address, length) = self.places[found.ok().context("there is no such chunk")?];
        ensure!(0 < length && length <= limit, "a chunk of {length} bytes");
        let end = address.checked_add(length);
        ensure!(
            end.is_some_and(|end| end <= self.length),
            "a chunk beyond the end"
        );
        Ok(PreviousChunk {
            file: self.file.clone(),
            address,
            length,
        })
    }
}
