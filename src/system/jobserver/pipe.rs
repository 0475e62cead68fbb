//! The pipe of GNU make's jobserver, and the tokens taken from it.
//!
//! It is a pipe with a byte for every job that may be started in addition to the one that each of make's children is already
//! ("implicit token"). The implicit token is used first and freed last, so that no token is held unused. The protocol is that of GNU make's
//! manual, "POSIX Jobserver".
//!
//! Waiting must not keep an interrupt waiting, and a plain read of the pipe would. So the pipe is opened a second time through
//! `/proc/self/fd`, which gives a description of our own that never blocks, without changing the one that make and its other
//! children read from; and waiting is done in `poll(2)`, for the interrupt as well. This needs no raw descriptor.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};

use crate::system::jobserver::makeflags::Auth;
use crate::system::process::Interrupt;

/// Make's pipe, and the tokens taken from it.
#[derive(Debug)]
pub(super) struct Jobserver {
    take: File,
    give: File,
    /// Readable while the token of this process itself is not in use.
    implicit: OwnedFd,
    /// The bytes taken and not given back. Each is given back as it came: make writes different ones.
    taken: Mutex<Vec<u8>>,
}

/// A token of make's, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Token<'a>(&'a Jobserver);

impl Jobserver {
    /// Opens the pipe that make names.
    ///
    /// # Errors
    /// If make did not hand it on, as it does to recipe lines without a `+`.
    pub(super) fn open(auth: &Auth) -> io::Result<Self> {
        let (take, give) = match auth {
            Auth::Fifo(path) => {
                let fifo = open_fifo(path, true, true)?;
                (fifo.try_clone()?, fifo)
            }
            Auth::Pipe(read, write) => {
                let own = |fd: i32| PathBuf::from(format!("/proc/self/fd/{fd}"));
                (
                    open_fifo(&own(*read), true, false)?,
                    open_fifo(&own(*write), false, true)?,
                )
            }
        };
        Ok(Self {
            take,
            give,
            implicit: eventfd(1, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?,
            taken: Mutex::new(Vec::new()),
        })
    }

    /// Waits for a token; `None` if interrupted.
    pub(super) fn take(&self, interrupt: &Interrupt) -> Option<Token<'_>> {
        while !interrupt.is_triggered() {
            if let Some(token) = self.try_take() {
                return Some(token);
            }
            let mut fds = [
                PollFd::new(interrupt, PollFlags::IN),
                PollFd::new(&self.implicit, PollFlags::IN),
                PollFd::new(&self.take, PollFlags::IN),
            ];
            // If it is woken for nothing, it just looks again.
            poll(&mut fds, None).ok();
        }
        None
    }

    /// The implicit token if it is free, else one from the pipe if there is one.
    pub(super) fn try_take(&self) -> Option<Token<'_>> {
        let mut number = [0; 8];
        if rustix::io::read(&self.implicit, &mut number).is_ok() {
            return Some(Token(self));
        }
        // Held while reading, so that a token is on the list before anyone can give one back.
        let mut taken = self.taken();
        let mut byte = [0];
        let read = matches!((&self.take).read(&mut byte), Ok(1));
        taken.extend(read.then_some(byte[0]));
        // Not made unless there is one: it gives back what it stands for.
        read.then(|| Token(self))
    }

    fn taken(&self) -> MutexGuard<'_, Vec<u8>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Token<'_> {
    fn drop(&mut self) {
        match self.0.taken().pop() {
            // Fails only if make and all its children are gone, and then the token does not matter.
            Some(byte) => drop((&self.0.give).write(&[byte])),
            None => drop(rustix::io::write(&self.0.implicit, &1u64.to_ne_bytes())),
        }
    }
}

/// Opens a pipe so that it never blocks. A descriptor that make did not pass on does not exist, or is another file's.
pub(super) fn open_fifo(path: &Path, read: bool, write: bool) -> io::Result<File> {
    let file = OpenOptions::new()
        .read(read)
        .write(write)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)?;
    if !file.metadata()?.file_type().is_fifo() {
        return Err(io::Error::other("it is no pipe"));
    }
    Ok(file)
}
