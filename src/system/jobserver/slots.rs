//! How many simulators may be at work at once: a fixed number, or a share of the jobs of `make -j`.
//!
//! GNU make's jobserver is a pipe with a byte for every job that may be started in addition to the one that each of its children is
//! already ("implicit token"). A worker takes a slot before it starts a simulator and gives it back afterwards; the implicit
//! token is used first and freed last, so that no token is held unused. The protocol is that of GNU make's
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

use crate::system::jobserver::makeflags::{Auth, MakeFlags};
use crate::system::process::Interrupt;

/// Where the right to run a simulator comes from.
#[derive(Debug)]
pub struct Slots {
    most: usize,
    make: Option<Jobserver>,
}

/// The right to run one simulator, given back when it is dropped.
#[derive(Debug)]
pub struct Slot<'a>(Option<&'a Jobserver>);

/// Make's pipe, and the tokens taken from it.
#[derive(Debug)]
struct Jobserver {
    take: File,
    give: File,
    /// Readable while the token of this process itself is not in use.
    implicit: OwnedFd,
    /// The bytes taken and not given back. Each is given back as it came: make writes different ones.
    taken: Mutex<Vec<u8>>,
}

impl Slots {
    /// This many, whatever make says.
    pub fn fixed(most: usize) -> Self {
        Self { most, make: None }
    }

    /// A share of make's jobs if it offers any, at most N of its `-j N`; else as many as there are cores.
    ///
    /// # Errors
    /// If make names a jobserver that can't be reached, as it does for recipe lines without a `+`.
    pub fn of_make(flags: &MakeFlags, cores: usize) -> io::Result<Self> {
        let Some(auth) = &flags.auth else {
            return Ok(Self::fixed(cores));
        };
        Ok(Self {
            most: flags.jobs.unwrap_or(cores),
            make: Some(Jobserver::open(auth)?),
        })
    }

    /// The most slots that there can be at once.
    pub fn most(&self) -> usize {
        self.most
    }

    /// Whether they are shared with make's other jobs.
    pub fn are_shared(&self) -> bool {
        self.make.is_some()
    }

    /// Waits for a slot; `None` if interrupted. For `most` threads at most.
    pub fn take(&self, interrupt: &Interrupt) -> Option<Slot<'_>> {
        let Some(make) = &self.make else {
            return Some(Slot(None));
        };
        loop {
            if interrupt.is_triggered() {
                return None;
            }
            if make.try_take() {
                return Some(Slot(Some(make)));
            }
            let mut fds = [
                PollFd::new(interrupt, PollFlags::IN),
                PollFd::new(&make.implicit, PollFlags::IN),
                PollFd::new(&make.take, PollFlags::IN),
            ];
            // If it is woken for nothing, it just looks again.
            poll(&mut fds, None).ok();
        }
    }

    /// As many slots as are available without waiting, for work that can be done by any number of threads.
    pub fn at_hand(&self) -> Vec<Slot<'_>> {
        let make = self.make.as_ref();
        (0..self.most)
            .map_while(|_| make.is_none_or(Jobserver::try_take).then_some(Slot(make)))
            .collect()
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        if let Some(make) = self.0 {
            make.give_back();
        }
    }
}

impl Jobserver {
    fn open(auth: &Auth) -> io::Result<Self> {
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

    /// Takes the implicit token if it is free, else one from the pipe if there is one.
    fn try_take(&self) -> bool {
        let mut number = [0; 8];
        if rustix::io::read(&self.implicit, &mut number).is_ok() {
            return true;
        }
        // Held while reading, so that a token is on the list before anyone can give one back.
        let mut taken = self.taken();
        let mut byte = [0];
        let read = matches!((&self.take).read(&mut byte), Ok(1));
        taken.extend(read.then_some(byte[0]));
        read
    }

    fn give_back(&self) {
        match self.taken().pop() {
            // Fails only if make and all its children are gone, and then the token does not matter.
            Some(byte) => drop((&self.give).write(&[byte])),
            None => drop(rustix::io::write(&self.implicit, &1u64.to_ne_bytes())),
        }
    }

    fn taken(&self) -> MutexGuard<'_, Vec<u8>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens a pipe so that it never blocks. A descriptor that make did not pass on does not exist, or is another file's.
fn open_fifo(path: &Path, read: bool, write: bool) -> io::Result<File> {
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

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::Duration;

    use super::*;

    /// A jobserver with these tokens besides the implicit one, and its pipe.
    fn jobserver(tokens: &[u8]) -> (tempfile::TempDir, File, Slots) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("fifo");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &path,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RWXU,
            0,
        )
        .expect("a fifo");
        let mut pipe = open_fifo(&path, true, true).expect("opens");
        pipe.write_all(tokens).expect("written");
        let flags = MakeFlags {
            jobs: Some(4),
            auth: Some(Auth::Fifo(path)),
            pretend: false,
        };
        let slots = Slots::of_make(&flags, 2).expect("reachable");
        (folder, pipe, slots)
    }

    fn left(pipe: &File) -> Vec<u8> {
        let mut bytes = vec![0; 16];
        let length = (&*pipe).read(&mut bytes).unwrap_or(0);
        bytes.truncate(length);
        bytes
    }

    #[test]
    fn the_implicit_token_is_used_first_and_freed_last() {
        let (_folder, pipe, slots) = jobserver(b"a");
        let interrupt = Interrupt::new().expect("an interrupt");
        let first = slots.take(&interrupt).expect("the implicit one");
        let second = slots.take(&interrupt).expect("the byte");
        assert_eq!(left(&pipe), b"");
        drop(first);
        assert_eq!(
            left(&pipe),
            b"a",
            "the one still at work has the implicit token now"
        );
        drop(second);
        assert_eq!(left(&pipe), b"", "which goes into no pipe");
        assert_eq!(slots.at_hand().len(), 1);
    }

    #[test]
    fn what_is_at_hand_is_no_more_than_there_is() {
        let (_folder, pipe, slots) = jobserver(b"+-abc");
        let hands = slots.at_hand();
        assert_eq!(hands.len(), 4, "-j4");
        drop(hands);
        let mut bytes = left(&pipe);
        bytes.sort();
        assert_eq!(bytes, b"+-abc");
        assert_eq!(Slots::fixed(3).at_hand().len(), 3);
    }

    #[test]
    fn who_waits_is_woken_by_a_token_or_an_interrupt() {
        let (_folder, mut pipe, slots) = jobserver(b"");
        let interrupt = Interrupt::new().expect("an interrupt");
        let implicit = slots.take(&interrupt).expect("the implicit one");
        thread::scope(|scope| {
            let waiting = scope.spawn(|| slots.take(&interrupt).is_some());
            thread::sleep(Duration::from_millis(20));
            pipe.write_all(b"x").expect("written");
            assert!(waiting.join().expect("no panic"));
            assert_eq!(left(&pipe), b"x");
            let waiting = scope.spawn(|| slots.take(&interrupt).is_none());
            thread::sleep(Duration::from_millis(20));
            interrupt.trigger();
            assert!(waiting.join().expect("no panic"));
        });
        drop(implicit);
    }

    #[test]
    fn a_jobserver_that_was_not_handed_on_is_an_error() {
        let of = |flags: &str| Slots::of_make(&MakeFlags::parse(flags), 2);
        assert!(of(" -j4 --jobserver-auth=8765,8766").is_err(), "closed");
        assert!(of(" -j4 --jobserver-auth=fifo:/no/such/fifo").is_err());
        assert!(
            of(" -j4 --jobserver-auth=fifo:/dev/null").is_err(),
            "no pipe"
        );
        let alone = of("k").expect("no jobserver");
        assert!(alone.most() == 2 && !alone.are_shared());
    }
}
