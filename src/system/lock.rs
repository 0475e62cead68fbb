//! A lock on a file that says who holds it: shared by many, or held by one alone.
//!
//! Knows nothing of what it protects. The lock is the kernel's (`flock`, which Linux also carries over NFS), so it ends with its
//! holder, and there is nothing stale to clean up. The text in the file is for people only: each holder writes a line at a place of
//! its own, and it never decides anything. The file is never deleted: a second process could hold a lock on the deleted file while a
//! third locks its successor.

use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Read, Seek};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::system::process::Interrupt;
use crate::system::regular;
use crate::text::wording::here;

/// The bytes of a holder's line, with its end: more than the longest name of a host and two numbers.
const LINE: usize = 128;

/// How many holders can have a line; of more, some are not told of.
const LINES: usize = 32;

/// How often is looked whether a lock is free whose wait can be interrupted.
const AGAIN: Duration = Duration::from_millis(20);

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
            self.pid,
            self.host,
            here(&self.since)
        )
    }
}

/// Why there is no lock.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LockError {
    /// Others have it, and it was wanted for one alone.
    #[error("another run on this project is under way: {0}")]
    Held(Holder),
    /// Another process has it for itself alone.
    #[error("another process needs this project for itself alone just now: {0}")]
    Alone(Holder),
    /// The file cannot be made or locked.
    #[error("cannot lock {}{}", path.display(), of_rights(source))]
    Io {
        /// The lock's file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// What to do for want of rights.
fn of_rights(error: &io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            ": this takes the right to write in the project's folder, which `status`, `why`, `diff` and `export` do without"
        }
        _ => "",
    }
}

/// A lock that is held until it is dropped or the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
    /// Where the holder's line is in the file; `None` if it is the only one.
    line: Option<u64>,
}

impl Lock {
    /// Takes the lock at `path` (its folder must exist) for this process alone, or says who holds it; with `wait`, waits for its
    /// release.
    ///
    /// The wait is the kernel's and restarts after a handled signal: take the lock before installing handlers, so that an interrupt
    /// ends a waiting process.
    pub(crate) fn take(path: &Path, wait: bool) -> Result<Self, LockError> {
        let failed = failed(path);
        let file = open(path).map_err(&failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) if wait => file.lock().map_err(&failed)?,
            Err(TryLockError::WouldBlock) => return Err(LockError::Held(holder(&file))),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        Self::alone(file).map_err(failed)
    }

    /// Takes the lock at `path` together with others who share it; says who holds it alone, or waits for its release.
    pub(crate) fn share(path: &Path, wait: bool) -> Result<Self, LockError> {
        let failed = failed(path);
        let file = open(path).map_err(&failed)?;
        match file.try_lock_shared() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) if wait => file.lock_shared().map_err(&failed)?,
            Err(TryLockError::WouldBlock) => return Err(LockError::Alone(holder(&file))),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let line = free_line(&file);
        Self::signed(file, Some(line)).map_err(failed)
    }

    /// Takes the lock at `path` for this process alone once it is free; `None` if interrupted before. If it is to be waited for,
    /// `tell` is told once of its holder.
    pub(crate) fn take_in_turn(
        path: &Path,
        interrupt: &Interrupt,
        tell: impl FnOnce(&Holder),
    ) -> Result<Option<Self>, LockError> {
        let failed = failed(path);
        let file = open(path).map_err(&failed)?;
        let mut tell = Some(tell);
        loop {
            match file.try_lock() {
                Ok(()) => return Self::alone(file).map(Some).map_err(failed),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(source)) => return Err(failed(source)),
            }
            if let Some(tell) = tell.take() {
                tell(&holder(&file));
            }
            if interrupt.wait(AGAIN) {
                return Ok(None);
            }
        }
    }

    fn alone(file: File) -> io::Result<Self> {
        // Lines of those who were killed.
        file.set_len(0)?;
        Self::signed(file, None)
    }

    /// Writes who holds it into this line.
    fn signed(file: File, line: Option<u64>) -> io::Result<Self> {
        let host = host();
        let since = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ");
        let text = format!("{host} {} {since}", std::process::id());
        let this = Self { file, line };
        this.write(&text)?;
        Ok(this)
    }

    fn write(&self, text: &str) -> io::Result<()> {
        let width = LINE - 1;
        let line = format!("{text:<width$.width$}\n");
        self.file
            .write_all_at(line.as_bytes(), self.line.unwrap_or_default())
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Only so that nobody reads of a holder that has left.
        match self.line {
            Some(_) => self.write("").ok(),
            None => self.file.set_len(0).ok(),
        };
        // Closing the file would do, but for a child that another thread is just starting: it has the file open until its program begins.
        self.file.unlock().ok();
    }
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    regular::open_with(&mut options, path)
}

fn failed(path: &Path) -> impl Fn(io::Error) -> LockError {
    move |source| LockError::Io {
        path: path.to_owned(),
        source,
    }
}

impl Holder {
    /// Somebody, of whom nothing is known.
    pub(crate) fn unknown() -> Self {
        Self {
            host: String::new(),
            pid: 0,
            since: String::new(),
        }
    }

    /// Whether it is known to have ended. A zombie counts as ended.
    fn is_dead(&self) -> bool {
        if self.host != host() {
            return false;
        }
        match fs::read_to_string(format!("/proc/{}/stat", self.pid)) {
            Ok(stat) => stat.contains(") Z ") || stat.contains(") X "),
            Err(_) => Path::new("/proc/self/stat").exists(),
        }
    }
}

/// This machine's name, in one word.
fn host() -> String {
    let name = rustix::system::uname();
    let name = name.nodename().to_string_lossy();
    name.replace(char::is_whitespace, "_")
}

/// Who of those that hold the lock has had it for longest. It may just have been taken and not signed yet, hence the second look.
fn holder(file: &File) -> Holder {
    for wait in [0, 50] {
        thread::sleep(Duration::from_millis(wait));
        let holders = lines(file).into_iter().flatten();
        let living = holders.filter(|holder| !holder.is_dead());
        if let Some(holder) = living.min_by(|a, b| a.since.cmp(&b.since)) {
            return holder;
        }
    }
    Holder::unknown()
}

/// Where a line is that no living process has. Should two choose the same one, only one of them is told of.
fn free_line(file: &File) -> u64 {
    let lines = lines(file);
    let is_free = |at: &usize| {
        let holder = lines.get(*at).and_then(Option::as_ref);
        holder.is_none_or(Holder::is_dead)
    };
    let own = std::process::id() as usize;
    let mut all = (0..LINES).map(|step| (own + step) % LINES);
    (all.find(is_free).unwrap_or(own % LINES) * LINE) as u64
}

/// What stands in each line, if it is somebody. A foreign file is not read whole.
fn lines(mut file: &File) -> Vec<Option<Holder>> {
    let mut text = Vec::new();
    let most = (LINE * LINES) as u64;
    if file.rewind().is_err() || file.take(most).read_to_end(&mut text).is_err() {
        return Vec::new();
    }
    let lines = text.chunks(LINE);
    lines
        .map(|line| parse(&String::from_utf8_lossy(line)))
        .collect()
}

fn parse(line: &str) -> Option<Holder> {
    let mut words = line.split_once('\n')?.0.split(' ');
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

    fn folder() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("lock");
        (folder, path)
    }

    #[test]
    fn the_second_is_told_who_holds_it() {
        let (_folder, path) = folder();
        let lock = Lock::take(&path, false).expect("free");
        let Err(LockError::Held(holder)) = Lock::take(&path, false) else {
            panic!("it is held");
        };
        assert_eq!(holder.pid, std::process::id());
        assert!(!holder.host.is_empty() && holder.since.ends_with('Z'));
        assert!(holder.to_string().starts_with("process "));
        let shared = Lock::share(&path, false);
        assert!(matches!(shared, Err(LockError::Alone(other)) if other == holder));

        let waiting = thread::spawn({
            let path = path.clone();
            move || Lock::take(&path, true).map(|_| ())
        });
        drop(lock);
        waiting.join().expect("no panic").expect("released");
        Lock::take(&path, false).expect("free again");
    }

    #[test]
    fn many_share_it_and_nobody_has_it_alone_meanwhile() {
        let (_folder, path) = folder();
        let share = || Lock::share(&path, false).expect("shared");
        let mut all: Vec<Lock> = (0..LINES + 3).map(|_| share()).collect();
        let text = fs::read_to_string(&path).expect("readable");
        let own = format!(" {} ", std::process::id());
        assert_eq!(text.matches(&own).count(), LINES);
        assert!(text.len() <= LINE * LINES);
        while all.pop().is_some() {
            let alone = Lock::take(&path, false);
            assert_eq!(alone.is_err(), !all.is_empty());
        }
        let waiting = thread::spawn({
            let (path, held) = (path.clone(), Lock::take(&path, false).expect("free"));
            move || {
                drop(held);
                Lock::share(&path, true).map(|_| ())
            }
        });
        waiting.join().expect("no panic").expect("released");
    }

    #[test]
    fn who_waits_for_its_turn_is_told_once_and_can_be_interrupted() {
        let (_folder, path) = folder();
        let interrupt = Interrupt::new().expect("made");
        let never = |_: &Holder| panic!("it is free");
        let lock = Lock::take_in_turn(&path, &interrupt, never).expect("locked");
        let waiting = thread::spawn({
            let (path, interrupt) = (path.clone(), interrupt.clone());
            move || {
                let tell = |holder: &Holder| {
                    assert_eq!(holder.pid, std::process::id());
                    interrupt.trigger();
                };
                Lock::take_in_turn(&path, &interrupt, tell).map(|lock| lock.is_none())
            }
        });
        assert!(waiting.join().expect("no panic").expect("no error"));
        drop(lock.expect("not interrupted"));
        let lock = Lock::take_in_turn(&path, &interrupt, never).expect("locked");
        assert!(lock.is_some(), "what need not be waited for is taken");
    }

    #[test]
    fn what_stands_in_the_file_decides_nothing() {
        let (_folder, path) = folder();
        fs::write(&path, "elsewhere 1 2020-01-01T00:00:00Z\n").expect("written");
        let lock = Lock::take(&path, false).expect("its holder is gone");
        fs::write(&path, [0xff; 9]).expect("written");
        let Err(LockError::Held(holder)) = Lock::take(&path, false) else {
            panic!("it is held");
        };
        assert_eq!(holder.to_string(), "another process");
        drop(lock);
        // Who was killed left its line; the process of another host may live.
        let dead = format!("{} {} 2020-01-01T00:00:00Z", host(), u32::MAX);
        let lines = format!("{dead:<127}\n{:<127}\n", "elsewhere 1 2021-01-01T00:00:00Z");
        fs::write(&path, lines).expect("written");
        let told = holder_of(&path);
        assert_eq!(told.host, "elsewhere");
    }

    fn holder_of(path: &Path) -> Holder {
        holder(&File::open(path).expect("opened"))
    }

    #[test]
    fn a_missing_folder_is_an_error_with_its_path() {
        let error = Lock::take(Path::new("/nowhere/cache/lock"), false).expect_err("no folder");
        assert_eq!(error.to_string(), "cannot lock /nowhere/cache/lock");
    }
}
