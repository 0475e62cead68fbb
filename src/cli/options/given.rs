//! Files that the command line names to be read once: a list of catchments, a table of samples.

use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use crate::system::regular;

/// The bytes of a file, or of a pipe that is open already, such as a shell's `<(…)` or `/dev/stdin`.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    match is_open_pipe(path) {
        true => fs::read(path),
        false => regular::read(path),
    }
}

/// The same as text.
pub(crate) fn read_to_string(path: &Path) -> io::Result<String> {
    String::from_utf8(read(path)?)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// Whether it is an unnamed pipe, which exists only while it is open.
fn is_open_pipe(path: &Path) -> bool {
    let is_pipe = fs::metadata(path).is_ok_and(|found| found.file_type().is_fifo());
    is_pipe && fs::canonicalize(path).is_err()
}
