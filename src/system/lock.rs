//! One run per project: an exclusive lock on a file that says who holds it.
//!
//! Knows nothing of what it protects. The lock is the kernel's (`flock`, which Linux also carries over NFS), so it ends with its
//! holder, and there is nothing stale to clean up. Only the guards that end a dead run's simulators keep it a moment longer. The
//! text in the file is for people only: the holder writes it, and it never decides anything. The file is never
//! deleted: a second process could hold a lock on the deleted file while a third locks its successor.

use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::system::regular;

/// More than any holder's text; a foreign file is not read whole.
const LONGEST_TEXT: u64 = 4096;

/// How long the simulators of a killed run may take to die: a page fault on a slow disk, hardly more.
const LAST_MOMENTS: Duration = Duration::from_secs(10);

/// Who holds a lock, as far as the file tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Holder {
    /// Name of the machine; empty if unknown.
    pub host: String,
    /// Process id on that machine; 0 if unknown.
    pub pid: u32,
    /// When it took the lock, UTC (`2026-11-03T09:15:00Z`); empty if unknown.
    pub since: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pid == 0 {
            return f.write_str("another process");
        }
        write!(
            f,
            "process {} on {} since {}",
            self.pid, self.host, self.since
        )
    }
}

/// Why there is no lock.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LockError {
    /// Another process has it.
    #[error("another run on this project is under way: {0}")]
    Held(Holder),
    /// The file cannot be made or locked.
    #[error("cannot lock {}", path.display())]
    Io {
        /// The lock's file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// A lock that is held until it is dropped or the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
}

impl Lock {
    /// Takes the lock at `path` (its folder must exist), or says who holds it; with `wait`, waits for its release.
    ///
    /// The wait is the kernel's and restarts after a handled signal: take the lock before installing handlers, so that an interrupt
    /// ends a waiting process.
    pub(crate) fn take(path: &Path, wait: bool) -> Result<Self, LockError> {
        let failed = |source| LockError::Io {
            path: path.to_owned(),
            source,
        };
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = regular::open_with(&mut options, path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) if wait => file.lock().map_err(failed)?,
            Err(TryLockError::WouldBlock) => wait_for_the_dead(&mut file, path)?,
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let mut lock = Self { file };
        lock.sign().map_err(failed)?;
        Ok(lock)
    }

    /// The lock's file: a process that keeps it open keeps the lock, even beyond the end of this one.
    pub(crate) fn keeper(&self) -> &File {
        &self.file
    }

    fn sign(&mut self) -> io::Result<()> {
        let host = rustix::system::uname();
        let host = host_name(&host.nodename().to_string_lossy());
        let since = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ");
        let text = format!("{host} {} {since}\n", std::process::id());
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.file.write_all(text.as_bytes())
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Only so that nobody reads of a holder that has left; closing the file is what releases the lock.
        self.file.set_len(0).ok();
    }
}

/// Takes the lock of a holder that died, once everything that it had started has ended too.
fn wait_for_the_dead(file: &mut File, path: &Path) -> Result<(), LockError> {
    let since = Instant::now();
    loop {
        let holder = holder(file);
        if !holder.is_dead() || since.elapsed() > LAST_MOMENTS {
            return Err(LockError::Held(holder));
        }
        thread::sleep(Duration::from_millis(5));
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(source)) => {
                let path = path.to_owned();
                return Err(LockError::Io { path, source });
            }
        }
    }
}

impl Holder {
    /// Whether it is known to have ended. A zombie counts as ended.
    fn is_dead(&self) -> bool {
        let here = rustix::system::uname();
        if self.pid == 0 || self.host != host_name(&here.nodename().to_string_lossy()) {
            return false;
        }
        match fs::read_to_string(format!("/proc/{}/stat", self.pid)) {
            Ok(stat) => stat.contains(") Z ") || stat.contains(") X "),
            Err(_) => Path::new("/proc/self/stat").exists(),
        }
    }
}

fn host_name(name: &str) -> String {
    name.replace(char::is_whitespace, "_")
}

/// Reads who holds the lock. It may just have been taken and not signed yet, hence the second look.
fn holder(file: &mut File) -> Holder {
    for wait in [0, 50] {
        thread::sleep(Duration::from_millis(wait));
        let mut text = Vec::new();
        if file.rewind().is_err() || file.take(LONGEST_TEXT).read_to_end(&mut text).is_err() {
            break;
        }
        if let Some(holder) = parse(&String::from_utf8_lossy(&text)) {
            return holder;
        }
    }
    Holder {
        host: String::new(),
        pid: 0,
        since: String::new(),
    }
}

fn parse(text: &str) -> Option<Holder> {
    let mut words = text.strip_suffix('\n')?.split(' ');
    let (host, pid, since) = (words.next()?, words.next()?, words.next()?);
    since.parse::<Timestamp>().ok()?;
    Some(Holder {
        host: host.escape_debug().to_string(),
        pid: pid.parse().ok()?,
        since: since.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_told_who_holds_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("lock");
        let lock = Lock::take(&path, false).expect("free");
        let Err(LockError::Held(holder)) = Lock::take(&path, false) else {
            panic!("it is held");
        };
        assert_eq!(holder.pid, std::process::id());
        assert!(!holder.host.is_empty() && holder.since.ends_with('Z'));
        assert!(holder.to_string().starts_with("process "));

        let waiting = thread::spawn({
            let path = path.clone();
            move || Lock::take(&path, true).map(|_| ())
        });
        drop(lock);
        waiting.join().expect("no panic").expect("released");
        Lock::take(&path, false).expect("free again");
    }

    #[test]
    fn what_stands_in_the_file_decides_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("lock");
        fs::write(&path, "elsewhere 1 2020-01-01T00:00:00Z\n").expect("written");
        let lock = Lock::take(&path, false).expect("its holder is gone");
        fs::write(&path, [0xff; 9]).expect("written");
        let Err(LockError::Held(holder)) = Lock::take(&path, false) else {
            panic!("it is held");
        };
        assert_eq!(holder.to_string(), "another process");
        drop(lock);
    }

    #[test]
    fn a_missing_folder_is_an_error_with_its_path() {
        let error = Lock::take(Path::new("/nowhere/cache/lock"), false).expect_err("no folder");
        assert_eq!(error.to_string(), "cannot lock /nowhere/cache/lock");
    }
}
