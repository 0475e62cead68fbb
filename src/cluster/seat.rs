//! The head's seat: how heads on different machines notice each other.
//!
//! On one machine a lock keeps a second head out. Between machines no lock can be relied on, so a head leaves a file with its
//! host's name beside the packages and renews it while it lives; one that finds a fresh file of another host does not begin. Two
//! that begin at once both find the other's, and neither goes on: better than both.
//!
//! Clocks of machines may differ by less than [`FRESH`], which costs nothing but time; by more, the journals would tell.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result};
use jiff::Timestamp;

use crate::cluster::shared_folder;
use crate::system::lock::{Holder, LockError};
use crate::system::machine;

/// What the names of the files begin with.
const PREFIX: &str = "head-";

/// How often a file is renewed, and how old it may be for its head to be taken for alive, in seconds.
const RENEWED: Duration = Duration::from_secs(60);
const FRESH: i64 = 180;

/// Held while a head is at work; given back when it is dropped. A thread renews it, whatever keeps the head busy.
#[derive(Debug)]
pub(crate) struct Seat {
    file: PathBuf,
    /// Dropped first: that ends the thread.
    leaving: Option<Sender<()>>,
    renewing: Option<JoinHandle<()>>,
}

impl Seat {
    /// Takes it, in the folder of all packages.
    ///
    /// # Errors
    /// [`LockError::Held`] if a head on another machine has it.
    pub(crate) fn take(packages: &Path) -> Result<Self> {
        Self::clear(packages);
        Self::take_as(packages, &host())
    }

    /// Removes what a head of this machine left that was killed. The caller holds the heads' lock, so there is no other here.
    pub(crate) fn clear(packages: &Path) {
        let own = format!("{PREFIX}{}", host());
        let half_written = format!(".{own}.");
        for entry in fs::read_dir(packages).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name == own || name.starts_with(&half_written) {
                fs::remove_file(entry.path()).ok();
            }
        }
    }

    fn take_as(packages: &Path, host: &str) -> Result<Self> {
        let own = format!("{PREFIX}{host}");
        let file = packages.join(&own);
        let since = Timestamp::now();
        write(&file, since)?;
        let (leaving, left) = channel();
        let again = file.clone();
        let renewing = thread::Builder::new()
            .name("seat".to_owned())
            .spawn(move || {
                while left.recv_timeout(RENEWED) == Err(RecvTimeoutError::Timeout) {
                    // What can't be written now may be in a minute.
                    write(&again, since).ok();
                }
            });
        let seat = Self {
            file,
            leaving: Some(leaving),
            renewing: Some(renewing.context("can't start a thread")?),
        };
        let context = || format!("can't list {}", packages.display());
        for name in shared_folder::names(packages).with_context(context)? {
            if let Some(other) = name.strip_prefix(PREFIX).filter(|_| name != own)
                && let Some(holder) = holder(&packages.join(&name), other)
            {
                return Err(LockError::Held(holder).into());
            }
        }
        Ok(seat)
    }
}

fn write(file: &Path, since: Timestamp) -> Result<()> {
    let (pid, now) = (std::process::id(), Timestamp::now());
    let text = format!("{pid} {since:.0} {now:.0}\n");
    shared_folder::write(file, |file| file.write_all(text.as_bytes()))
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.leaving = None;
        if let Some(renewing) = self.renewing.take() {
            renewing.join().ok();
        }
        // Left behind, it is out of date in three minutes.
        fs::remove_file(&self.file).ok();
    }
}

/// This machine's name as a part of a file's.
fn host() -> String {
    let is_odd = |c: char| c == '/' || c.is_whitespace();
    machine::this().host.replace(is_odd, "_")
}

/// The head that left this file, if it may still be alive. A file that can't be read says nothing.
fn holder(file: &Path, host: &str) -> Option<Holder> {
    let text = match fs::read_to_string(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => return None,
        text => text.ok()?,
    };
    let mut words = text.split_ascii_whitespace();
    let (pid, since, now) = (words.next()?, words.next()?, words.next()?);
    let now: Timestamp = now.parse().ok()?;
    let age = Timestamp::now().as_second() - now.as_second();
    (age < FRESH).then_some(Holder {
        host: host.to_owned(),
        pid: pid.parse().ok()?,
        since: since.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_on_another_machine_is_noticed_while_it_lives() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = Seat::take_as(folder.path(), "login1").expect("free");
        let again =
            Seat::take_as(folder.path(), "login1").expect("one machine has a lock for that");
        let error = Seat::take_as(folder.path(), "login2").expect_err("taken");
        let error = error.to_string();
        assert!(
            error.contains("process") && error.contains("on login1 since"),
            "{error}"
        );
        drop((first, again));
        Seat::take_as(folder.path(), "login2").expect("free again");
        let dead = folder.path().join("head-login3");
        fs::write(&dead, "7 2026-01-01T00:00:00Z 2026-01-01T00:00:00Z\n").expect("written");
        Seat::take_as(folder.path(), "login2").expect("its head is dead");
    }
}
