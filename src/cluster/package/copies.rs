//! Copies of files by their content, which packages share: `files/<digest>`, with an `x` behind it where the file may be executed.
//!
//! A file that hardly ever changes, a model or this program, is copied once and then linked into each package that needs it; so a
//! package takes little time and less room. Where the file system can share the blocks of files, copying is no more than that. A copy
//! that no package links to any more is removed.

use std::collections::HashSet;
use std::fs::{self, File, FileTimes, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use tempfile::NamedTempFile;

use crate::data::digest::Digest;
use crate::system::folder;
use crate::system::regular;

/// The folder of the copies, in that of all packages.
const FILES: &str = "files";

/// The copies that are there.
pub(super) struct Copies {
    folder: PathBuf,
    /// Those that were found to be what their names say.
    checked: HashSet<String>,
}

impl Copies {
    /// Those beside the packages in this folder.
    pub(super) fn beside(packages: &Path) -> Result<Self> {
        let folder = packages.join(FILES);
        fs::create_dir_all(&folder).with_context(|| format!("can't make {}", folder.display()))?;
        let checked = HashSet::new();
        Ok(Self { folder, checked })
    }

    /// Puts a file at `target` as it is now; links are followed. The folder of `target` is not synced.
    pub(super) fn put(&mut self, source: &Path, target: &Path) -> Result<()> {
        let context = || format!("can't copy {} to {}", source.display(), target.display());
        let mut file = regular::open(source).with_context(context)?;
        let found = file.metadata().with_context(context)?;
        let executable = found.permissions().mode() & 0o111 != 0;
        let digest = Digest::of_reader(&mut file).with_context(context)?;
        let mark = if executable { "x" } else { "" };
        let name = format!("{digest}{mark}");
        let copy = self.folder.join(&name);
        if !self.checked.contains(&name) {
            if !regular::digest(&copy).is_ok_and(|kept| kept == digest) {
                let made = copied(source, &self.folder, executable).with_context(context)?;
                let same = regular::digest(made.path()).with_context(context)? == digest;
                ensure!(
                    same,
                    "{} changed while it was copied; run again when it is complete",
                    source.display()
                );
                made.persist(&copy).with_context(context)?;
                folder::sync(&self.folder).with_context(context)?;
            }
            self.checked.insert(name);
        }
        match fs::hard_link(&copy, target) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                bail!("{} is there already", target.display())
            }
            // Some file systems have no links, all have a limit of them.
            Err(_) => put_alone(&copy, target).with_context(context),
        }
    }

    /// Removes those that no package needs any more, and what a head that died has left.
    pub(super) fn prune(&self) -> Result<()> {
        let context = || format!("can't tidy up {}", self.folder.display());
        for entry in fs::read_dir(&self.folder).with_context(context)? {
            let entry = entry.with_context(context)?;
            if entry.metadata().with_context(context)?.nlink() == 1 {
                fs::remove_file(entry.path()).with_context(context)?;
            }
        }
        Ok(())
    }
}

/// Copies a file to `target`, which is nobody else's; links are followed.
pub(super) fn put_alone(source: &Path, target: &Path) -> io::Result<()> {
    let mode = fs::metadata(source)?.permissions().mode();
    let copy = copied(source, folder::of(target), mode & 0o111 != 0)?;
    copy.persist(target)?;
    Ok(())
}

/// A synced copy of a file as a temporary one in `folder`, as old as the file itself: there are programs that tell by the time
/// whether what they made of a file is older than it.
fn copied(source: &Path, folder: &Path, executable: bool) -> io::Result<NamedTempFile> {
    let mut from = regular::open(source)?;
    let mut to = tempfile::Builder::new().prefix(".").tempfile_in(folder)?;
    // Between files this shares their blocks where the file system can.
    io::copy(&mut from, to.as_file_mut())?;
    let mode = if executable { 0o700 } else { 0o600 };
    to.as_file().set_permissions(Permissions::from_mode(mode))?;
    let times = FileTimes::new().set_modified(from.metadata()?.modified()?);
    to.as_file().set_times(times)?;
    to.as_file().sync_all()?;
    reopened(to)
}

/// The same file without a descriptor to write with: a program that somebody may write can't be started.
fn reopened(file: NamedTempFile) -> io::Result<NamedTempFile> {
    let (written, path) = file.into_parts();
    drop(written);
    Ok(NamedTempFile::from_parts(File::open(&path)?, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_content_is_kept_once_and_goes_with_the_last_package() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        for (name, content, mode) in [("a", "1", 0o444), ("b", "1", 0o640), ("c", "1", 0o755)] {
            fs::write(at(name), content).expect("written");
            fs::set_permissions(at(name), Permissions::from_mode(mode)).expect("set");
        }
        let mut copies = Copies::beside(folder.path()).expect("made");
        for name in ["a", "b", "c"] {
            let put = copies.put(&at(name), &at(&format!("{name}.put")));
            put.expect("put");
        }
        let found = |name: &str| fs::metadata(at(name)).expect(name);
        assert_eq!(found("a.put").ino(), found("b.put").ino());
        assert_ne!(found("a.put").ino(), found("c.put").ino());
        assert_eq!(found("a.put").mode() & 0o777, 0o600);
        assert_eq!(found("c.put").mode() & 0o777, 0o700);
        let times = |name: &str| found(name).modified().expect("a time");
        assert_eq!(times("a.put"), times("a"));
        copies
            .put(&at("a"), &at("a.put"))
            .expect_err("it is there already");

        let kept = || fs::read_dir(at(FILES)).expect("listed").count();
        assert_eq!(kept(), 2);
        fs::remove_file(at("a.put")).expect("removed");
        fs::remove_file(at("c.put")).expect("removed");
        fs::write(at(FILES).join(".left"), "half").expect("written");
        copies.prune().expect("pruned");
        assert_eq!(kept(), 1, "b needs it");
        fs::remove_file(at("b.put")).expect("removed");
        copies.prune().expect("pruned");
        assert_eq!(kept(), 0);
    }

    #[test]
    fn a_copy_that_is_not_what_its_name_says_is_made_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        fs::write(at("model"), "the model").expect("written");
        let copies = || Copies::beside(folder.path()).expect("made");
        copies().put(&at("model"), &at("first")).expect("put");
        // A simulator wrote to its own support file.
        fs::write(at("first"), "something").expect("written");
        copies().put(&at("model"), &at("second")).expect("put");
        assert_eq!(fs::read(at("second")).expect("there"), b"the model");
    }
}
