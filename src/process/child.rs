//! A started child and its process group: how it is started, awaited, signalled and reaped.
//!
//! Holds the only system call that needs `unsafe`, `wait4`: the one way to learn what a single child cost.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, kill_process_group, pidfd_open, waitid,
};

use super::{Cost, End, Interrupt, Invocation, ProcessError, find_program};

/// How long a program that somebody still writes is tried again: longer than any fork takes to reach its exec.
const BUSY: Duration = Duration::from_secs(2);

/// How a descriptor is got that becomes readable when a child ends.
pub(super) type Watch = fn(Pid) -> io::Result<OwnedFd>;

/// What ended a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Woken {
    Exited,
    Deadline,
    Interrupted,
}

/// A child that is not reaped yet. Dropped, it is killed with its group and reaped.
#[derive(Debug)]
pub(super) struct Child {
    /// Leader and name of the group. Ours until `wait4` returns it, so no signal can go astray.
    pid: Pid,
    started: Instant,
    spawn: Duration,
    interrupt: Interrupt,
    reaped: bool,
}

impl Child {
    /// Starts the child as the leader of a new process group.
    pub(super) fn start(
        invocation: &Invocation<'_>,
        interrupt: &Interrupt,
    ) -> Result<Self, ProcessError> {
        let program = find_program(
            invocation.program,
            invocation.directory,
            invocation.environment,
        )?;
        let (stdout, stderr) = printed(invocation.stdout, invocation.stderr)?;
        let mut command = Command::new(&program);
        command
            .arg0(invocation.program)
            .args(invocation.arguments)
            .current_dir(invocation.directory)
            .env_clear()
            .envs(
                invocation
                    .environment
                    .iter()
                    .map(|(name, value)| (name, value)),
            )
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(stderr)
            .process_group(0);
        let started = Instant::now();
        let mut pause = Duration::from_millis(1);
        loop {
            let attempt =
                interrupt.starting(|| command.spawn().map(|child| Pid::from_child(&child)));
            match attempt {
                Ok(pid) => {
                    return Ok(Self {
                        pid,
                        started,
                        spawn: started.elapsed(),
                        interrupt: interrupt.clone(),
                        reaped: false,
                    });
                }
                // Some other thread's child has inherited a descriptor on the freshly written program, until its exec.
                Err(error)
                    if error.kind() == ErrorKind::ExecutableFileBusy
                        && started.elapsed() < BUSY =>
                {
                    thread::sleep(pause);
                    pause *= 2;
                }
                Err(error) => return Err(reason(error, program, invocation.directory)),
            }
        }
    }

    pub(super) fn started(&self) -> Instant {
        self.started
    }

    /// A descriptor that becomes readable when the leader ends: by `watch`, or by a thread where that is not to be had.
    pub(super) fn exit_event(&self, watch: Watch) -> io::Result<OwnedFd> {
        match watch(self.pid) {
            Ok(event) => Ok(event),
            // Linux before 5.3, or a sandbox that does not know the call.
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::Unsupported | ErrorKind::PermissionDenied
                ) =>
            {
                watch_by_thread(self.pid)
            }
            Err(error) => Err(error),
        }
    }

    /// Sleeps until the leader has ended, the deadline has passed or the interrupt is triggered; the first of these counts.
    pub(super) fn wait(
        &self,
        exit: &OwnedFd,
        deadline: Option<Instant>,
        interrupt: Option<&Interrupt>,
    ) -> io::Result<Woken> {
        loop {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            let timeout = left.map(|left| Timespec {
                tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
                tv_nsec: left.subsec_nanos().into(),
            });
            let mut fds = vec![PollFd::new(exit, PollFlags::IN)];
            fds.extend(interrupt.map(|interrupt| PollFd::new(interrupt, PollFlags::IN)));
            match poll(&mut fds, timeout.as_ref()) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            if !fds[0].revents().is_empty() {
                return Ok(Woken::Exited);
            }
            if interrupt.is_some_and(Interrupt::is_triggered) {
                return Ok(Woken::Interrupted);
            }
            if left.is_some_and(|left| left.is_zero()) {
                return Ok(Woken::Deadline);
            }
        }
    }

    /// Sends a signal to the whole group. That there may be nobody left to get it is no error.
    pub(super) fn signal_group(&self, signal: Signal) {
        kill_process_group(self.pid, signal).ok();
    }

    /// Kills what is left of the group and reaps the leader, which must have ended.
    pub(super) fn bury(mut self) -> io::Result<(End, Cost)> {
        let (wall, spawn) = (self.started.elapsed(), self.spawn);
        let (status, cost) = self.kill_and_reap()?;
        let end = match (status.code(), status.signal()) {
            (Some(code), _) => End::Exited(code),
            (None, signal) => End::Signalled(signal.unwrap_or(0)),
        };
        Ok((
            end,
            Cost {
                wall,
                spawn,
                ..cost
            },
        ))
    }

    fn kill_and_reap(&mut self) -> io::Result<(ExitStatus, Cost)> {
        self.signal_group(Signal::KILL);
        self.interrupt.forget(self.pid);
        self.reaped = true;
        wait4(self.pid)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if !self.reaped {
            self.kill_and_reap().ok();
        }
    }
}

/// The kernel's own: a descriptor of the process that is readable when it has ended.
pub(super) fn open_pidfd(pid: Pid) -> io::Result<OwnedFd> {
    Ok(pidfd_open(pid, PidfdFlags::empty())?)
}

/// The same by a thread that waits for the leader without reaping it. The thread ends with the leader, so soon.
pub(super) fn watch_by_thread(pid: Pid) -> io::Result<OwnedFd> {
    let event = Arc::new(eventfd(0, EventfdFlags::CLOEXEC)?);
    let ours = event.try_clone()?;
    thread::Builder::new()
        .name("child".to_owned())
        .spawn(move || {
            let ended = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            while let Err(Errno::INTR) = waitid(WaitId::Pid(pid), ended) {}
            rustix::io::write(&event, &1u64.to_ne_bytes()).ok();
        })?;
    Ok(ours)
}

fn printed(stdout: &Path, stderr: &Path) -> Result<(File, File), ProcessError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| ProcessError::Printed { path, source }
    };
    let out = File::create(stdout).map_err(failed(stdout))?;
    let err = if stdout == stderr {
        out.try_clone()
    } else {
        File::create(stderr)
    };
    Ok((out, err.map_err(failed(stderr))?))
}

/// The system says "not found" for four different things; looks which it was.
fn reason(source: io::Error, program: PathBuf, directory: &Path) -> ProcessError {
    match source.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory if !directory.is_dir() => {
            ProcessError::NoDirectory(directory.to_owned())
        }
        ErrorKind::NotFound if program.exists() => ProcessError::NoInterpreter(program),
        ErrorKind::NotFound | ErrorKind::NotADirectory => ProcessError::NoProgram(program),
        ErrorKind::PermissionDenied => ProcessError::NotExecutable(program),
        _ if source.raw_os_error() == Some(libc::ENOEXEC) => ProcessError::NotExecutable(program),
        _ => ProcessError::Start { program, source },
    }
}

/// Reaps one ended child and says what it cost; `wall` and `spawn` are left at zero.
#[allow(unsafe_code)]
fn wait4(pid: Pid) -> io::Result<(ExitStatus, Cost)> {
    let mut status = 0;
    // SAFETY: `rusage` is a plain C struct of integers, for which all zeros is a valid value.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    loop {
        // SAFETY: both pointers come from live, exclusively borrowed locals of the types that wait4(2) writes, and it keeps
        // neither beyond the call. Reaping `pid` cannot free a number that others use: each `Child` does it only once.
        let reaped = unsafe { libc::wait4(pid.as_raw_pid(), &mut status, 0, &mut usage) };
        if reaped >= 0 {
            break;
        }
        let error = io::Error::last_os_error();
        if error.kind() != ErrorKind::Interrupted {
            return Err(error);
        }
    }
    let duration = |time: libc::timeval| {
        Duration::from_secs(u64::try_from(time.tv_sec).unwrap_or(0))
            + Duration::from_micros(u64::try_from(time.tv_usec).unwrap_or(0))
    };
    let cost = Cost {
        wall: Duration::ZERO,
        spawn: Duration::ZERO,
        user: duration(usage.ru_utime),
        system: duration(usage.ru_stime),
        peak_bytes: u64::try_from(usage.ru_maxrss).unwrap_or(0) * 1024,
    };
    Ok((ExitStatus::from_raw(status), cost))
}
