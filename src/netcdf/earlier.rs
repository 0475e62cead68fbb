//! A file that this crate has written earlier, opened to see whether it still holds and to take chunks over.

use std::path::Path;

use anyhow::{Context, Result};

use super::ffi::{Handle, read};
use super::values::c_text;

/// An earlier file of this crate's own making. For other people's files it only fails.
pub struct EarlierFile {
    file: Handle,
}

impl EarlierFile {
    /// Opens the file for reading.
    pub fn open(path: &Path) -> Result<Self> {
        let file =
            read::open_file(path).with_context(|| format!("cannot open {}", path.display()))?;
        Ok(Self { file })
    }

    /// A global text attribute, `None` if there is none of this name or it is no text.
    pub fn attribute(&self, name: &str) -> Option<String> {
        let bytes = read::read_text_attribute(&self.file, &c_text(name).ok()?).ok()??;
        String::from_utf8(bytes).ok()
    }

    /// All values of a variable of text.
    pub fn texts(&self, variable: &str) -> Result<Vec<String>> {
        let dataset = self.variable(variable)?;
        let texts = read::read_texts(&dataset)?;
        texts
            .into_iter()
            .map(|text| Ok(String::from_utf8(text)?))
            .collect()
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
    pub fn chunked(&self, variable: &str) -> Result<EarlierVariable> {
        self.variable(variable).map(EarlierVariable)
    }

    fn variable(&self, name: &str) -> Result<Handle> {
        read::open_dataset(&self.file, &c_text(name)?)
            .with_context(|| format!("no variable `{}`", name.escape_debug()))
    }
}

/// A chunked variable of an [`EarlierFile`].
pub struct EarlierVariable(Handle);

impl EarlierVariable {
    /// The bytes of the chunk whose first element is at `offset`, as stored; an error if there are more than `limit`.
    pub fn chunk(&self, offset: &[usize], limit: usize) -> Result<Vec<u8>> {
        Ok(read::read_chunk(&self.0, offset, limit)?)
    }
}
