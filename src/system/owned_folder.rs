//! Folders that are their owner's for as long as it lives, and anybody's to clear away after that.
//!
//! Several processes make such folders side by side and know nothing of each other. The owner holds the kernel's lock (`flock`)
//! on the folder itself, and that ends with the owner, however it ends: who gets the lock of another's folder may remove it.
//! Numbers of processes tell less, since those of another container can't be seen, and are used again.
//!
//! On a network file system, where other machines' folders lie beside, nothing is locked and nothing cleared away: such a lock may
//! hold on one machine only, and another's folder would seem to be nobody's. What is done in the folder is not known here.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::system::filesystem::network;
use crate::system::folder::remove;

/// A folder that goes when it is dropped. If its process is killed, it goes when the next one with its prefix is made.
#[derive(Debug)]
pub(crate) struct OwnedFolder {
    path: PathBuf,
    /// The folder itself, open, and locked on a file system of this machine.
    lock: File,
}

impl OwnedFolder {
    /// Makes `<prefix><name>` in `parent`, for this user alone, and removes those with the same prefix that this user's dead
    /// processes have left.
    ///
    /// # Errors
    /// If there is one of this name, or what the system says.
    pub(crate) fn make(parent: &Path, prefix: &str, name: &str) -> io::Result<Self> {
        let path = parent.join(format!("{prefix}{name}"));
        if network(parent)?.is_some() {
            DirBuilder::new().mode(0o700).create(&path)?;
            let lock = open(&path)?;
            return Ok(Self { path, lock });
        }
        clear_leftovers(parent, prefix);
        loop {
            DirBuilder::new().mode(0o700).create(&path)?;
            let lock = match open(&path) {
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                opened => opened?,
            };
            // Another process may have found it before it was locked, and is removing it as a leftover.
            lock.lock()?;
            if is_at(&lock, &path) {
                return Ok(Self { path, lock });
            }
        }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The open folder: a process that keeps it open keeps the folder, even beyond the end of this one.
    pub(crate) fn keeper(&self) -> &File {
        &self.lock
    }
}

impl Drop for OwnedFolder {
    fn drop(&mut self) {
        // What can't be removed now is removed by the next one.
        remove(&self.path).ok();
    }
}

/// Removes this user's folders with this prefix that nobody owns any more. That one can't be removed is no error: then it stays.
fn clear_leftovers(parent: &Path, prefix: &str) {
    let user = rustix::process::geteuid().as_raw();
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let is_one = entry.file_name().to_string_lossy().starts_with(prefix);
        let is_ours = || entry.metadata().is_ok_and(|found| found.uid() == user);
        if !is_one || !is_ours() {
            continue;
        }
        let path = entry.path();
        let Ok(folder) = open(&path) else { continue };
        match folder.try_lock() {
            Ok(()) if is_at(&folder, &path) => drop(remove(&path)),
            Ok(()) | Err(TryLockError::WouldBlock | TryLockError::Error(_)) => {}
        }
    }
}

/// Opens a folder that is no link.
fn open(folder: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_DIRECTORY | libc::O_NOFOLLOW)
        .open(folder)
}

/// Whether this open folder is what the path leads to.
fn is_at(folder: &File, path: &Path) -> bool {
    let place = |found: fs::Metadata| (found.dev(), found.ino());
    match (folder.metadata(), fs::symlink_metadata(path)) {
        (Ok(open), Ok(named)) => place(open) == place(named),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn what_the_dead_left_goes_and_what_the_living_have_stays() {
        let parent = tempfile::tempdir().expect("a folder");
        let at = |name: &str| parent.path().join(name);
        let living = OwnedFolder::make(parent.path(), "task-", "a").expect("made");
        assert_eq!(living.path(), at("task-a"));
        let mode = fs::metadata(living.path()).expect("there").mode();
        assert_eq!(mode & 0o777, 0o700);
        // Its process is gone; what keeps it open is not.
        let kept = OwnedFolder::make(parent.path(), "task-", "b").expect("made");
        let keeper = kept.keeper().try_clone().expect("kept open");
        std::mem::forget(kept);
        for name in ["task-c", "else-d"] {
            fs::create_dir_all(at(name).join("worker-0")).expect("made");
        }
        fs::write(at("task-e"), "a file").expect("written");
        std::os::unix::fs::symlink(at("else-d"), at("task-f")).expect("a link");

        let again = OwnedFolder::make(parent.path(), "task-", "g").expect("made");
        let there = |names: &[&str]| names.iter().all(|name| at(name).exists());
        assert!(there(&[
            "task-a", "task-b", "else-d", "task-e", "task-f", "task-g"
        ]));
        assert!(!there(&["task-c"]));
        drop((living, again, keeper));
        assert!(!at("task-a").exists() && !at("task-g").exists());
        OwnedFolder::make(parent.path(), "task-", "b").expect_err("it is there");
    }

    #[test]
    fn many_at_once_leave_each_other_alone() {
        let parent = tempfile::tempdir().expect("a folder");
        thread::scope(|scope| {
            for number in 0..8 {
                let parent = parent.path();
                scope.spawn(move || {
                    for _ in 0..100 {
                        let own = OwnedFolder::make(parent, "task-", &number.to_string());
                        let own = own.expect("made");
                        fs::write(own.path().join("file"), "mine").expect("written");
                        assert!(own.path().join("file").exists());
                    }
                });
            }
        });
        assert_eq!(fs::read_dir(parent.path()).expect("a list").count(), 0);
    }
}
