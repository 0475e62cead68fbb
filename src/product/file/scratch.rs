//! Scratch files: values on the disk while a product is made, in files without a name that vanish with the process.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::Path;

use anyhow::{Context, Result};

use crate::system::folder;

/// A file without a name in the folder of the product.
pub(super) fn unnamed(product: &Path) -> Result<File> {
    let folder = folder::of(product);
    tempfile::tempfile_in(folder)
        .with_context(|| format!("cannot create a scratch file in {}", folder.display()))
}

/// A scratch file of pieces of any length, one after the other.
pub(super) struct Stage {
    file: File,
    ends: Vec<u64>,
}

impl Stage {
    /// An empty file in the folder of the product.
    pub(super) fn create(product: &Path) -> Result<Self> {
        let file = unnamed(product)?;
        Ok(Self {
            file,
            ends: Vec::new(),
        })
    }

    /// How many pieces there are.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Appends a piece.
    pub(super) fn push(&mut self, piece: &[u8]) -> Result<()> {
        self.file
            .write_all(piece)
            .context("cannot write to the scratch file: is the disk full?")?;
        self.ends
            .push(self.end(self.ends.len()) + piece.len() as u64);
        Ok(())
    }

    /// Reads a piece, by number.
    pub(super) fn read(&self, number: usize) -> Result<Vec<u8>> {
        let start = self.end(number);
        let mut piece = vec![0; (self.ends[number] - start) as usize];
        self.file
            .read_exact_at(&mut piece, start)
            .context("cannot read the scratch file")?;
        Ok(piece)
    }

    /// Where the first `count` pieces end.
    fn end(&self, count: usize) -> u64 {
        if count == 0 { 0 } else { self.ends[count - 1] }
    }
}
