//! What a file looked like without reading it: the fast path's evidence that nothing changed.
//!
//! Knows nothing of digests. Two equal stamps mean an unchanged file only if the earlier one had settled when the content
//! was read: a file system's clock ticks in steps, and a second write within one step leaves the stamp as it was. This is
//! git's racy-timestamp rule. A stamp that has not settled must not be remembered; its file is read again next time,
//! which costs time and never correctness.
//!
//! The order to keep: stamp, read, stamp again; remember only if both are equal and the stamp has settled by the time that
//! was taken *before* reading.
//!
//! On a network file system the stamps come from another machine's clock, so the margin there is a minute; and the attributes
//! a client has cached may be old, so the file is opened first, which makes NFS ask its server again.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::system::filesystem;

/// Twice the coarsest kernel tick in use (100 Hz), for file systems with fine time stamps.
const FINE: Duration = Duration::from_millis(20);
/// FAT's granularity, the coarsest there is.
const COARSE: Duration = Duration::from_secs(2);
/// How far two machines' clocks may reasonably differ.
const REMOTE: Duration = Duration::from_secs(60);

/// Size, times and identity of a file at one time. Links are followed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    size: u64,
    /// Seconds and nanoseconds since 1970.
    modified: (i64, u32),
    /// The inode's own change: content, name, owner or mode. Cannot be set back by a program, as `modified` can.
    changed: (i64, u32),
    inode: u64,
    device: u64,
    remote: bool,
}

impl Stamp {
    /// Looks at the file or folder at `path`.
    pub fn of(path: &Path) -> io::Result<Self> {
        let remote = filesystem::network(path)?.is_some();
        let metadata = if remote {
            let look = File::options()
                .read(true)
                .custom_flags(libc::O_NONBLOCK)
                .open(path);
            look?.metadata()?
        } else {
            fs::metadata(path)?
        };
        Ok(Self::shown_by(&metadata, remote))
    }

    /// What this look at a file shows; `remote` says whether its file system is a network's.
    pub fn shown_by(metadata: &Metadata, remote: bool) -> Self {
        Self {
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec() as u32),
            changed: (metadata.ctime(), metadata.ctime_nsec() as u32),
            inode: metadata.ino(),
            device: metadata.dev(),
            remote,
        }
    }

    /// The file's size in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// False if the file could still change without its stamp changing: it is younger than its clock's granularity, or
    /// from the future.
    ///
    /// The later of the two times must be older than 20 ms where the file system shows times finer than a millisecond,
    /// older than 2 s where it does not, older than a minute on a network file system.
    pub fn is_older_than_clock_step(&self, now: SystemTime) -> bool {
        // Only the change time tells the file system's granularity; a program may set any modification time.
        let margin = match (self.remote, self.changed.1 % 1_000_000) {
            (true, _) => REMOTE,
            (false, 0) => COARSE,
            (false, _) => FINE,
        };
        let Ok(now) = now.duration_since(SystemTime::UNIX_EPOCH) else {
            return false;
        };
        let now = (i128::from(now.as_secs()), now.subsec_nanos());
        let (seconds, nanoseconds) = self.modified.max(self.changed);
        let age = (now.0 - i128::from(seconds)) * 1_000_000_000 + i128::from(now.1)
            - i128::from(nanoseconds);
        age > margin.as_nanos() as i128
    }
}

#[cfg(test)]
mod tests {
    use std::fs::FileTimes;

    use super::*;

    fn stamp(modified: (i64, u32), changed: (i64, u32), remote: bool) -> Stamp {
        Stamp {
            size: 1,
            modified,
            changed,
            inode: 1,
            device: 1,
            remote,
        }
    }

    fn at(seconds: u64, milliseconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_millis(seconds * 1000 + milliseconds)
    }

    #[test]
    fn a_fine_clock_settles_after_20_ms() {
        let fine = stamp((100, 0), (100, 123_456), false);
        assert!(!fine.is_older_than_clock_step(at(100, 20)));
        assert!(fine.is_older_than_clock_step(at(100, 21)));
    }

    #[test]
    fn a_coarse_clock_settles_after_2_s() {
        let coarse = stamp((100, 5), (100, 0), false);
        assert!(!coarse.is_older_than_clock_step(at(102, 0)));
        assert!(coarse.is_older_than_clock_step(at(102, 1)));
    }

    #[test]
    fn another_machines_clock_gets_a_minute() {
        let remote = stamp((100, 5), (100, 5), true);
        assert!(!remote.is_older_than_clock_step(at(160, 0)));
        assert!(remote.is_older_than_clock_step(at(160, 1)));
    }

    #[test]
    fn the_newest_time_counts_and_the_future_never_settles() {
        assert!(!stamp((200, 1), (100, 1), false).is_older_than_clock_step(at(150, 0)));
        assert!(!stamp((100, 1), (200, 1), false).is_older_than_clock_step(at(150, 0)));
        assert!(stamp((-5, 1), (-4, 1), false).is_older_than_clock_step(at(0, 0)));
    }

    #[test]
    fn every_change_shows() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("input.h5");
        fs::write(&path, "one").expect("written");
        let first = Stamp::of(&path).expect("a stamp");
        assert_eq!(first.size(), 3);
        assert_eq!(first, Stamp::of(&path).expect("a stamp"));

        let old = FileTimes::new().set_modified(at(5, 0));
        let file = File::options().write(true).open(&path).expect("opens");
        file.set_times(old).expect("sets");
        let second = Stamp::of(&path).expect("a stamp");
        assert_ne!(first, second);

        let other = folder.path().join("other");
        fs::write(&other, "two").expect("written");
        let file = File::options().write(true).open(&other).expect("opens");
        file.set_times(old).expect("sets");
        fs::rename(&other, &path).expect("renamed");
        assert_ne!(second, Stamp::of(&path).expect("a stamp"), "another inode");
        assert!(Stamp::of(&other).is_err());
    }
}
