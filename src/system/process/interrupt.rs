//! The request to stop, shared by all threads that might be waiting for something else.
//!
//! A flag for threads that check, and a file descriptor that becomes readable for those that sleep in `poll(2)`: one trigger
//! wakes all workers. It knows nothing of what is interrupted.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::low_level;

use super::timespec;

/// Wrappers such as timeout(1) send their signal to the process and to its group: that is one signal, not two.
const SAME_SIGNAL: Duration = Duration::from_millis(50);
const EXIT_CODE: i32 = 130;

/// The signals by which batch systems end a job or tell that its end is near. They go to every process of the job.
pub(super) const OF_JOBS: [i32; 6] = [SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, libc::SIGXCPU];

/// What a second INT does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SecondInt {
    /// Ends the process at once, for the impatient.
    Exits,
    /// Nothing: what was done still has to be handed in.
    ChangesNothing,
}

/// A shared request to stop. Clones are the same one; once triggered it stays so.
#[derive(Clone, Debug)]
pub struct Interrupt(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    triggered: AtomicBool,
    /// Readable from the trigger on, because it is never read.
    event: OwnedFd,
    /// Whether it came from a keyboard: by INT.
    typed: AtomicBool,
    /// Whether a second INT is listened to, and whether it came.
    listens: AtomicBool,
    repeated: AtomicBool,
}

impl Interrupt {
    /// A new one, not triggered and not connected to signals.
    pub fn new() -> io::Result<Self> {
        Ok(Self(Arc::new(Shared {
            triggered: AtomicBool::new(false),
            event: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?,
            typed: AtomicBool::new(false),
            listens: AtomicBool::new(false),
            repeated: AtomicBool::new(false),
        })))
    }

    /// A new one that signals trigger; see [`Self::install`].
    pub fn installed() -> io::Result<Self> {
        let interrupt = Self::new()?;
        interrupt.install()?;
        Ok(interrupt)
    }

    /// A new one for a job of a batch system: every signal triggers it that such systems send, and none exits at once.
    pub fn installed_in_job() -> io::Result<Self> {
        let interrupt = Self::new()?;
        interrupt.install_for(&OF_JOBS, SecondInt::ChangesNothing)?;
        Ok(interrupt)
    }

    /// Asks all threads to stop. Repeating it changes nothing.
    pub fn trigger(&self) {
        self.0.triggered.store(true, Ordering::SeqCst);
        // Fails only when the counter is at its limit, and then it is readable already.
        rustix::io::write(&self.0.event, &1u64.to_ne_bytes()).ok();
    }

    /// Whether all threads are to stop.
    pub fn is_triggered(&self) -> bool {
        self.0.triggered.load(Ordering::SeqCst)
    }

    /// Waits for it, at most so long; whether it is triggered.
    pub fn wait(&self, most: Duration) -> bool {
        let until = Instant::now() + most;
        while !self.is_triggered() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            poll(
                &mut [PollFd::new(self, PollFlags::IN)],
                Some(&timespec(left)),
            )
            .ok();
        }
        true
    }

    /// From now on a second INT does not end the program: [`Self::is_repeated`] tells of it, and a third one does.
    pub fn listen_for_a_second(&self) {
        self.0.listens.store(true, Ordering::SeqCst);
    }

    /// Whether it was triggered by INT: somebody sits there.
    pub fn is_typed(&self) -> bool {
        self.0.typed.load(Ordering::SeqCst)
    }

    /// Whether a second INT came.
    pub fn is_repeated(&self) -> bool {
        self.0.repeated.load(Ordering::SeqCst)
    }

    /// Lets INT, TERM and HUP trigger it. A second INT exits with 130 at once, unless it is [listened to](Self::listen_for_a_second).
    ///
    /// A signal that was ignored when the program started (`nohup`, background jobs of scripts) stays ignored. The watching thread
    /// lives as long as the process.
    pub fn install(&self) -> io::Result<()> {
        self.install_for(&[SIGINT, SIGTERM, SIGHUP], SecondInt::Exits)
    }

    /// Lets these signals trigger it.
    pub(super) fn install_for(&self, signals: &[i32], second_int: SecondInt) -> io::Result<()> {
        let ignored = ignored_signals();
        let mut watched = Vec::new();
        for &signal in signals
            .iter()
            .filter(|&&signal| ignored & (1 << (signal - 1)) == 0)
        {
            let (ours, theirs) = UnixStream::pair()?;
            ours.set_nonblocking(true)?;
            low_level::pipe::register(signal, theirs)?;
            watched.push((signal, ours));
        }
        let interrupt = self.clone();
        thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || interrupt.watch(&watched, second_int))?;
        Ok(())
    }

    fn watch(&self, watched: &[(i32, UnixStream)], second_int: SecondInt) {
        let mut first_interrupt: Option<Instant> = None;
        loop {
            let mut fds: Vec<_> = watched
                .iter()
                .map(|(_, stream)| PollFd::new(stream, PollFlags::IN))
                .collect();
            if poll(&mut fds, None).is_err() {
                continue;
            }
            let ready: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
            for ((signal, stream), _) in watched.iter().zip(ready).filter(|(_, ready)| *ready) {
                let mut drained = [0; 64];
                rustix::io::read(stream, &mut drained).ok();
                if *signal == SIGINT {
                    self.0.typed.store(true, Ordering::SeqCst);
                }
                self.trigger();
                if *signal == SIGINT && second_int == SecondInt::Exits {
                    let first = *first_interrupt.get_or_insert_with(Instant::now);
                    let is_another = first.elapsed() > SAME_SIGNAL;
                    if is_another && self.0.listens.swap(false, Ordering::SeqCst) {
                        self.0.repeated.store(true, Ordering::SeqCst);
                        first_interrupt = Some(Instant::now());
                    } else if is_another {
                        // Guards find their sockets closed and kill what runs. Not std's exit: its handlers would wait for
                        // locks that other threads hold.
                        low_level::exit(EXIT_CODE);
                    }
                }
            }
        }
    }
}

impl AsFd for Interrupt {
    /// Becomes readable when triggered and stays so; never read from it.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.event.as_fd()
    }
}

/// The mask of ignored signals, as the kernel shows it; empty where there is no `/proc`.
pub(super) fn ignored_signals() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0)
}
