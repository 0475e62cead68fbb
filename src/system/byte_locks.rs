//! Locks on single bytes of a file: many locks in one file, each the kernel's.
//!
//! These are "open file description" locks of `fcntl(2)`: they belong to the file as it was opened here, not to the process, so two
//! openings are strangers to each other even within one process, and a lock ends when the last process that has this opening is gone,
//! however it went. The bytes need not exist: the file stays empty. What a byte stands for is not known here.
//!
//! Whoever locks a byte twice through the same opening is granted it twice, so who shares an opening among threads keeps book himself.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::fd::AsRawFd;
use std::path::Path;

use crate::system::regular;

/// A file that is opened for its bytes to be locked.
#[derive(Debug)]
pub(crate) struct ByteLocks {
    file: File,
}

impl ByteLocks {
    /// Opens the file, which is made if it is missing. Its folder has to exist.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false);
        let file = regular::open_with(&mut options, path)?;
        Ok(Self { file })
    }

    /// Locks a byte if no other opening has it locked; whether it did.
    ///
    /// # Errors
    /// If the file system has no such locks, or the byte is beyond what a file can have (2⁶³).
    pub(crate) fn try_lock(&self, byte: u64) -> io::Result<bool> {
        self.try_lock_range(byte, 1)
    }

    /// Locks this byte and all behind it, if no other opening has one of them locked; whether it did.
    ///
    /// # Errors
    /// As [`Self::try_lock`].
    pub(crate) fn try_lock_from(&self, byte: u64) -> io::Result<bool> {
        // To the kernel this length is all.
        self.try_lock_range(byte, 0)
    }

    fn try_lock_range(&self, byte: u64, length: libc::off_t) -> io::Result<bool> {
        match self.set(byte, length, libc::F_WRLCK) {
            Ok(()) => Ok(true),
            // The standard has both for "somebody else has it".
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
            Err(error) if error.raw_os_error() == Some(libc::EACCES) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Unlocks a byte; nothing if it is not locked here.
    pub(crate) fn unlock(&self, byte: u64) {
        // Fails only where locking does, and then there is none.
        self.set(byte, 1, libc::F_UNLCK).ok();
    }

    /// The opening: a process that keeps it open keeps its locks, even beyond the end of this one.
    pub(crate) fn opening(&self) -> &File {
        &self.file
    }

    #[allow(unsafe_code)]
    fn set(&self, byte: u64, length: libc::off_t, kind: libc::c_int) -> io::Result<()> {
        let start = libc::off_t::try_from(byte).map_err(io::Error::other)?;
        // The constants are small and meant for this field, whose type is shorter than theirs.
        let (kind, whence) = (kind as libc::c_short, libc::SEEK_SET as libc::c_short);
        // The kernel wants 0 for the process of these locks.
        let lock = libc::flock {
            l_type: kind,
            l_whence: whence,
            l_start: start,
            l_len: length,
            l_pid: 0,
        };
        // SAFETY: the descriptor is open as long as `self.file`, and F_OFD_SETLK only reads the structure, which outlives the call.
        let done =
            unsafe { libc::fcntl(self.file.as_raw_fd(), libc::F_OFD_SETLK, &raw const lock) };
        match done {
            -1 => Err(io::Error::last_os_error()),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_is_one_openings_until_it_unlocks_it_or_is_closed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("bytes");
        let (one, other) = (ByteLocks::open(&path), ByteLocks::open(&path));
        let (one, other) = (one.expect("opens"), other.expect("opens"));
        let far = (1 << 62) + 5;
        assert!(one.try_lock(far).expect("locks"));
        assert!(one.try_lock(far).expect("locks"), "it is its own");
        assert!(!other.try_lock(far).expect("tells"));
        assert!(other.try_lock(far + 1).expect("locks"), "another byte");
        other.unlock(far);
        assert!(!other.try_lock(far).expect("tells"), "it was not its own");
        one.unlock(far);
        assert!(other.try_lock(far).expect("locks"));
        drop(other);
        assert!(one.try_lock(far + 1).expect("locks"));
        assert_eq!(path.metadata().expect("there").len(), 0);
        one.try_lock(u64::MAX).expect_err("no file has this byte");
    }
}
