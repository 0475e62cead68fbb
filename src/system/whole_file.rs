//! Files that are written whole or not at all: a reader finds the old one or the new one, and a process that dies leaves the old one.

use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::NamedTempFile;

use crate::system::folder;
use crate::system::regular;

/// Puts a file with these bytes at `path`, readable by everybody. A link stays one: the file it points to is replaced.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let place = regular::place(path)?;
    let mut file = NamedTempFile::new_in(folder::of(&place))?;
    file.write_all(bytes)?;
    // A temporary file is readable by its owner alone.
    let mode = PermissionsExt::from_mode(0o644);
    file.as_file().set_permissions(mode)?;
    file.persist(place)?;
    Ok(())
}
