//! Folders: finding that of a file, and removing or copying one with all its content, whatever a simulator has done to it.

use std::fs::{self, File, FileTimes, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use anyhow::{Context, Result};

/// The folder that holds a file.
pub(crate) fn of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Waits until a folder's entries are on the disk.
pub(crate) fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Removes a folder and all in it; a missing one is no error.
///
/// A simulator may have removed the write permission of a folder; it is restored first.
pub(crate) fn remove(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => make_writable(path)
            .and_then(|()| fs::remove_dir_all(path))
            .with_context(|| format!("can't remove {}", path.display())),
        Err(error) => Err(error).with_context(|| format!("can't remove {}", path.display())),
    }
}

/// Copies a folder and all in it with permissions and times; links stay what they are, sockets and pipes are left out.
pub(crate) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let found = fs::symlink_metadata(from)?;
    let (kind, mode) = (found.file_type(), found.permissions().mode());
    if kind.is_symlink() {
        return symlink(fs::read_link(from)?, to);
    }
    if !kind.is_dir() && !kind.is_file() {
        return Ok(());
    }
    // A simulator may have removed permissions that copying needs; the copy gets those that were there.
    let needed = if kind.is_dir() { 0o700 } else { 0o400 };
    if mode & needed != needed {
        fs::set_permissions(from, Permissions::from_mode(mode | needed))?;
    }
    if kind.is_dir() {
        fs::create_dir(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
    } else {
        fs::copy(from, to)?;
        let times = FileTimes::new().set_modified(found.modified()?);
        File::open(to)?.set_times(times)?;
    }
    fs::set_permissions(to, Permissions::from_mode(mode))
}

fn make_writable(path: &Path) -> io::Result<()> {
    let metadata = fs::symlink_metadata(path)?;
    if !metadata.is_dir() {
        return Ok(());
    }
    fs::set_permissions(path, Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(path)? {
        make_writable(&entry?.path())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn a_bare_name_is_in_the_present_folder() {
        assert_eq!(of(Path::new("output.h5")), Path::new("."));
        assert_eq!(of(Path::new("a/output.h5")), Path::new("a"));
        sync(of(Path::new("output.h5"))).expect("on the disk");
    }

    #[test]
    fn a_folder_without_write_permission_is_removed() {
        let folder = tempfile::tempdir().expect("a folder");
        let inner = folder.path().join("a/b");
        fs::create_dir_all(&inner).expect("made");
        fs::write(inner.join("file"), "x").expect("written");
        fs::set_permissions(&inner, Permissions::from_mode(0o500)).expect("set");
        remove(&folder.path().join("a")).expect("removed");
        assert!(!folder.path().join("a").exists());
    }

    #[test]
    fn a_copy_has_links_permissions_and_times() {
        let folder = tempfile::tempdir().expect("a folder");
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        fs::create_dir_all(from.join("inner")).expect("made");
        fs::write(from.join("inner/out"), "x").expect("written");
        fs::write(from.join("secret"), "y").expect("written");
        let long_ago = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
        let file = File::open(from.join("inner/out")).expect("opened");
        file.set_times(FileTimes::new().set_modified(long_ago))
            .expect("set");
        symlink("/nowhere/at all", from.join("link")).expect("linked");
        let modes = [("inner/out", 0o640), ("secret", 0o000), ("inner", 0o500)];
        for (name, mode) in modes {
            fs::set_permissions(from.join(name), Permissions::from_mode(mode)).expect("set");
        }
        copy(&from, &to).expect("copied");
        for (name, mode) in modes {
            let found = fs::metadata(to.join(name)).expect("copied").mode();
            assert_eq!(found & 0o777, mode, "{name}");
        }
        assert_eq!(
            fs::read_link(to.join("link")).expect("a link"),
            Path::new("/nowhere/at all")
        );
        let copied = fs::metadata(to.join("inner/out")).expect("copied");
        assert_eq!(copied.modified().expect("a time"), long_ago);
        remove(&from).expect("removed");
        remove(&to).expect("removed");
    }
}
