//! A variable without chunks, whose place in the file is known: any number of threads may write to it at once.
//!
//! The library assigns the place and never writes there itself, so its lock and its buffers do not slow down the writing. Disk
//! space is allocated beforehand. That way a full disk is reported before the work is done. Moreover, ext4 flushes a file before it
//! is renamed over another, unless all of it is allocated already. It knows positions, not what the numbers mean.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;

use super::writer::full;

/// Space that is allocated after a variable, for the attributes and metadata that the library writes there.
const MORE: u64 = 1 << 16;

/// A variable of numbers of 64 bits, to be written in any order. All of it has to be written: there is no fill value.
#[derive(Debug)]
pub struct ContiguousVariable {
    file: File,
    path: PathBuf,
    /// Where its first number is in the file.
    start: u64,
    /// How many numbers it has.
    length: usize,
}

impl ContiguousVariable {
    /// The variable of `length` numbers that begins at the byte `start` of a file that is being written.
    pub(super) fn new(path: &Path, start: u64, length: usize) -> Result<Self> {
        let file = (File::options().write(true).open(path))
            .with_context(|| format!("cannot open {}", path.display()))?;
        let this = Self {
            file,
            path: path.to_owned(),
            start,
            length,
        };
        // The file must not grow by space that may stay unused.
        let room = start + 8 * length as u64 + MORE;
        match fallocate(&this.file, FallocateFlags::KEEP_SIZE, 0, room) {
            Ok(()) => {}
            // Not every file system can do this.
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => {}
            Err(error) => return Err(this.problem(error.into())),
        }
        Ok(this)
    }

    /// Writes numbers, little-endian, from the one at `first` on.
    pub fn write(&self, first: usize, numbers: &[[u8; 8]]) -> Result<()> {
        ensure!(
            first <= self.length && numbers.len() <= self.length - first,
            "{} numbers from {first} on do not fit into a variable of {}",
            numbers.len(),
            self.length
        );
        let place = self.start + 8 * first as u64;
        (self.file.write_all_at(numbers.as_flattened(), place)).map_err(|error| self.problem(error))
    }

    fn problem(&self, error: io::Error) -> anyhow::Error {
        anyhow::Error::new(error).context(full(&self.path))
    }
}
