//! One file copied into another folder: never linked, so that nothing that happens to the copy happens to the file.
//!
//! Where the file system can, the copy shares the file's blocks until one of the two is written to (`FICLONE`: Btrfs, XFS, bcachefs),
//! which costs neither time nor room. What the files are for is not known here.

use std::fs::{File, FileTimes, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::fs::ioctl_ficlone;

use crate::system::regular;

/// Copies a file to `target`, where nothing may be; links are followed. The copy is as old as the file, as there are programs that
/// tell by the time whether what they made of a file is older than it, and may be written by its owner.
pub(crate) fn copy_file(source: &Path, target: &Path, executable: bool) -> io::Result<()> {
    let mut from = regular::open(source)?;
    let mut to = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(target)?;
    if ioctl_ficlone(&to, &from).is_err() {
        io::copy(&mut from, &mut to)?;
    }
    let mode = if executable { 0o755 } else { 0o644 };
    to.set_permissions(Permissions::from_mode(mode))?;
    to.set_times(FileTimes::new().set_modified(modified(&from)?))
}

fn modified(file: &File) -> io::Result<std::time::SystemTime> {
    file.metadata()?.modified()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn a_copy_is_nobody_elses() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        fs::write(at("a"), "deck").expect("written");
        fs::set_permissions(at("a"), Permissions::from_mode(0o440)).expect("set");
        std::os::unix::fs::symlink("a", at("link")).expect("linked");
        copy_file(&at("link"), &at("b"), false).expect("copied");
        copy_file(&at("a"), &at("c"), true).expect("copied");
        let found = |name: &str| fs::symlink_metadata(at(name)).expect("there");
        assert_eq!(
            [found("b"), found("c")].map(|copy| (copy.mode() & 0o777, copy.nlink())),
            [(0o644, 1), (0o755, 1)]
        );
        assert_ne!(found("a").ino(), found("b").ino());
        assert_eq!(found("a").modified().ok(), found("b").modified().ok());
        assert_eq!(fs::read(at("b")).expect("read"), b"deck");
        copy_file(&at("a"), &at("b"), false).expect_err("it is there");
    }
}
