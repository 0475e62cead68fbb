//! How a file comes into a folder that machines share, and how it is found there.
//!
//! A file appears whole: it is written under a name that begins with a dot, synced, renamed, and the folder is synced. It is found by
//! a listing of its folder, never by asking for its name: a client of a network file system remembers for a while that a name was
//! not there.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::Path;

use anyhow::{Context, Result};
use tempfile::NamedTempFile;

use crate::system::folder;

/// Puts a file with this content in its place, whole or not at all. An earlier one of its name is replaced.
///
/// # Errors
/// With the path, if any of it can't be written to the disk. No temporary file is left behind then where it can be removed.
pub(crate) fn write(path: &Path, content: impl FnOnce(&mut File) -> io::Result<()>) -> Result<()> {
    let context = || format!("can't write {}", path.display());
    let temporary = temporary(path, content).with_context(context)?;
    temporary.persist(path).with_context(context)?;
    sync(folder::of(path))
}

/// A synced file beside this path, under a name that begins with a dot; it is removed when it is dropped.
pub(crate) fn temporary(
    path: &Path,
    content: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<NamedTempFile> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut builder = tempfile::Builder::new();
    let prefix = format!(".{name}.");
    let mut file = builder.prefix(&prefix).tempfile_in(folder::of(path))?;
    content(file.as_file_mut())?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// Waits until the entries of a folder are on the disk.
///
/// # Errors
/// With the path, if that fails.
pub(crate) fn sync(path: &Path) -> Result<()> {
    folder::sync(path)
        .with_context(|| format!("can't write the folder {} to the disk", path.display()))
}

/// The names in a folder, as a listing shows them, without those that begin with a dot or are no text.
///
/// # Errors
/// If it can't be listed.
pub(crate) fn names(path: &Path) -> io::Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(path)? {
        let name = entry?.file_name().into_string();
        names.extend(name.ok().filter(|name| !name.starts_with('.')));
    }
    Ok(names)
}

/// Whether a listing of its folder shows this path.
///
/// # Errors
/// With the folder, if it can't be listed.
pub(crate) fn shows(path: &Path) -> Result<bool> {
    let folder = folder::of(path);
    let names = names(folder).with_context(|| format!("can't list {}", folder.display()))?;
    let name = path.file_name().and_then(OsStr::to_str);
    Ok(name.is_some_and(|name| names.contains(name)))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_file_appears_whole_and_is_found_by_listing() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("7");
        for content in ["one", "two"] {
            write(&path, |file| {
                let before = if content == "one" { 0 } else { 1 };
                assert_eq!(names(folder.path()).expect("listed").len(), before);
                file.write_all(content.as_bytes())
            })
            .expect("written");
            assert_eq!(fs::read_to_string(&path).expect("there"), content);
        }
        assert_eq!(fs::read_dir(folder.path()).expect("listed").count(), 1);
    }

    #[test]
    fn what_fails_is_told_with_its_path_and_leaves_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("7");
        let full = || io::Error::from_raw_os_error(libc::ENOSPC);
        let error = write(&path, |file| file.write_all(b"half").and(Err(full())));
        let error = format!("{:#}", error.expect_err("full"));
        let expected = format!("can't write {}: No space left on device", path.display());
        assert!(error.starts_with(&expected), "{error}");
        assert_eq!(fs::read_dir(folder.path()).expect("listed").count(), 0);
        let nowhere = write(Path::new("/nowhere/in/7"), |_| Ok(()));
        let error = format!("{:#}", nowhere.expect_err("no folder"));
        assert!(error.starts_with("can't write /nowhere/in/7: "), "{error}");
        fs::create_dir(&path).expect("made");
        write(&path, |_| Ok(())).expect_err("a folder is there");
        assert_eq!(fs::read_dir(folder.path()).expect("listed").count(), 1);
        assert!(names(Path::new("/nowhere")).is_err());
    }
}
