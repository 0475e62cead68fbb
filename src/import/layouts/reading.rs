//! What reading a source takes, whatever its layout: threads, a folder for scratch files, and whom to tell of progress.

use std::fs::File;
use std::path::Path;

use anyhow::{Context, Result};

/// How sources are read.
pub(crate) struct Reading<'a> {
    /// How many threads parse.
    pub threads: usize,
    /// Where scratch files are made.
    pub folder: &'a Path,
    /// Is told of bytes read.
    pub tick: &'a mut dyn FnMut(usize),
}

/// A file without a name in `folder`, which goes with its last handle.
pub(crate) fn scratch_file(folder: &Path) -> Result<File> {
    tempfile::tempfile_in(folder)
        .with_context(|| format!("can't make a scratch file in {}", folder.display()))
}
