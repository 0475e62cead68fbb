//! A guard: the small process between a worker and its simulators, so that none of them outlives rerunoff.
//!
//! Every worker has one. It is rerunoff itself, started again with a hidden verb, in a process group of its own so that
//! neither Ctrl-C nor a kill of rerunoff's group reaches it. It starts one simulator at a time and is the *subreaper*
//! of everything that the simulator starts: what daemonises, with a new session and a second fork, becomes the guard's child
//! and is ended with the simulator. Its socket to the worker closes when rerunoff ends, however it ends; then the guard
//! ends what is running, and itself. Being small, it also starts simulators faster than a large process, and a simulator's
//! reported peak memory is not that of rerunoff. What it does is told in [`server`](super::server); this is its worker's side.
//!
//! It keeps a locked file open while it lives, by which the work folders are its run's own: nobody takes them for a dead one's before
//! the last simulator is gone.

use std::fs::File;
use std::io::{self, Seek};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child as Process, ExitStatus, Stdio};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process_group};

use super::message::{GuardOrder, GuardReport, Start, receive, send};
use super::{
    End, Finished, GRACE_AFTER_INTERRUPT, Interrupt, Invocation, ProcessError, this_program,
    timespec,
};
use crate::data::run_cost::RunCost;

/// The hidden verb that makes rerunoff a guard; its standard input is the socket, its standard error a file whose position
/// it shares with its worker.
pub(crate) const VERB: &str = "guard-a-simulator";

/// A worker's handle of its guard, which is started at the first run. When it is dropped, the guard and all it has started end.
#[derive(Debug, Default)]
pub(crate) struct Guard {
    keep: Option<File>,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    process: Process,
    socket: UnixStream,
    /// A file whose position, which the guard shares, is the id of the group that it has started, and 0 between two runs. A
    /// message would wake the worker for an id that it needs only if the guard is lost.
    group: File,
}

/// What ended a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Woken {
    Told,
    Deadline,
    Interrupted,
}

impl Guard {
    /// A guard that keeps this file open for as long as it lives.
    pub(crate) fn keeping(file: File) -> Self {
        Self {
            keep: Some(file),
            running: None,
        }
    }

    /// Starts it now, so that it comes to be while the first run is prepared. What goes wrong is told by that run.
    pub(crate) fn warm_up(&mut self) {
        if self.running.is_none() {
            self.running = self.start().ok();
        }
    }

    /// Runs one simulator to its end, at most until `timeout` and `grace` have passed or `interrupt` is triggered.
    ///
    /// When this returns, nothing that the simulator has started is alive.
    pub(crate) fn run(
        &mut self,
        invocation: &Invocation<'_>,
        interrupt: &Interrupt,
    ) -> Result<Finished, ProcessError> {
        if interrupt.is_triggered() {
            return Ok(Finished {
                end: End::Interrupted,
                cost: RunCost::default(),
                trespasses: Vec::new(),
            });
        }
        let running = match self.running.take() {
            Some(running) => running,
            None => self
                .start()
                .map_err(|source| ProcessError::Guard { source })?,
        };
        let finished = running.run(invocation, interrupt);
        // A lost guard is not used again.
        if !matches!(finished, Err(ProcessError::Guard { .. })) {
            self.running = Some(running);
        }
        finished
    }

    fn start(&self) -> io::Result<Running> {
        let (socket, theirs) = UnixStream::pair()?;
        let keep = match &self.keep {
            Some(file) => Stdio::from(file.try_clone()?),
            None => Stdio::null(),
        };
        let group = File::from(memfd_create(c"group", MemfdFlags::CLOEXEC)?);
        let mut command = this_program(VERB, "system::process::tests::guard_of_these_tests");
        #[cfg(test)]
        command.env(super::tests::GUARD, super::tests::KERNEL.get());
        let process = command
            .stdin(OwnedFd::from(theirs))
            .stdout(keep)
            .stderr(group.try_clone()?)
            .process_group(0)
            .spawn()?;
        Ok(Running {
            process,
            socket,
            group,
        })
    }
}

impl Running {
    fn run(
        &self,
        invocation: &Invocation<'_>,
        interrupt: &Interrupt,
    ) -> Result<Finished, ProcessError> {
        self.order(&GuardOrder::Start(Start::from(invocation).into()))?;
        self.attend(invocation, interrupt).inspect_err(|error| {
            // The guard is gone, and it alone could reap: the id is still the simulator's, or has only just become free.
            if matches!(error, ProcessError::Guard { .. })
                && let Some(group) = self.group()
            {
                kill_process_group(group, Signal::KILL).ok();
            }
        })
    }

    /// The group that the guard has started and not yet reaped.
    fn group(&self) -> Option<Pid> {
        let number = (&self.group).stream_position().ok()?;
        Pid::from_raw(i32::try_from(number).ok()?)
    }

    /// Waits for the simulator's end, or ends it.
    fn attend(
        &self,
        invocation: &Invocation<'_>,
        interrupt: &Interrupt,
    ) -> Result<Finished, ProcessError> {
        let deadline = invocation
            .timeout
            .and_then(|timeout| Instant::now().checked_add(timeout));
        let woken = self.wait(deadline, Some(interrupt)).map_err(lost)?;
        let forced = match woken {
            Woken::Told => None,
            Woken::Deadline => Some((End::TimedOut, invocation.grace)),
            Woken::Interrupted => Some((
                End::Interrupted,
                invocation.grace.min(GRACE_AFTER_INTERRUPT),
            )),
        };
        if let Some((_, grace)) = forced {
            self.order(&GuardOrder::Terminate)?;
            // An interrupt that comes during the grace of a time-out must not wait for its end.
            let interrupt = (woken == Woken::Deadline).then_some(interrupt);
            let killing = Instant::now().checked_add(grace);
            if self.wait(killing, interrupt).map_err(lost)? != Woken::Told {
                self.order(&GuardOrder::Kill)?;
            }
        }
        let (status, cost, trespasses) = match self.report()? {
            GuardReport::Ended(status, cost, trespasses) => {
                (ExitStatus::from_raw(status), cost, trespasses)
            }
            GuardReport::Refused(refusal) => return Err(refusal.into()),
            GuardReport::Lost(errno) => return Err(lost(io::Error::from_raw_os_error(errno))),
        };
        let end = forced.map_or_else(|| End::by_itself(status), |(forced, _)| forced);
        Ok(Finished {
            end,
            cost,
            trespasses,
        })
    }

    fn order(&self, order: &GuardOrder) -> Result<(), ProcessError> {
        send(&self.socket, order).map_err(lost)
    }

    fn report(&self) -> Result<GuardReport, ProcessError> {
        match receive(&self.socket) {
            Ok(Some(report)) => Ok(report),
            Ok(None) => Err(lost(io::ErrorKind::UnexpectedEof.into())),
            Err(error) => Err(lost(error)),
        }
    }

    /// Sleeps until the guard reports, the deadline has passed or the interrupt is triggered.
    fn wait(&self, deadline: Option<Instant>, interrupt: Option<&Interrupt>) -> io::Result<Woken> {
        loop {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            let mut fds = vec![PollFd::new(&self.socket, PollFlags::IN)];
            fds.extend(interrupt.map(|interrupt| PollFd::new(interrupt, PollFlags::IN)));
            match poll(&mut fds, left.map(timespec).as_ref()) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            if !fds[0].revents().is_empty() {
                return Ok(Woken::Told);
            }
            if interrupt.is_some_and(Interrupt::is_triggered) {
                return Ok(Woken::Interrupted);
            }
            if left.is_some_and(|left| left.is_zero()) {
                return Ok(Woken::Deadline);
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A guard that finds its socket closed ends everything and itself.
        self.socket.shutdown(std::net::Shutdown::Both).ok();
        self.process.wait().ok();
    }
}

fn lost(source: io::Error) -> ProcessError {
    ProcessError::Guard { source }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::fs;
    use std::time::Duration;

    use super::*;

    #[test]
    fn between_two_runs_there_is_no_group_to_be_ended() {
        let folder = tempfile::tempdir().expect("a folder");
        let (printed, file) = (folder.path().join("printed"), folder.path().join("group"));
        let script = format!("echo $$ > {}; sleep 0.3", file.display());
        let invocation = Invocation {
            program: OsStr::new("/bin/sh"),
            arguments: &["-c".into(), script.into()],
            directory: folder.path(),
            environment: &[],
            stdout: &printed,
            stderr: &printed,
            appends: false,
            timeout: None,
            grace: Duration::ZERO,
            largest_file: 1 << 20,
            fence: None,
        };
        let interrupt = Interrupt::new().expect("an interrupt");
        let running = Guard::default().start().expect("a guard");
        std::thread::scope(|scope| {
            let ended = scope.spawn(|| running.run(&invocation, &interrupt).expect("runs").end);
            let soon = |look: &dyn Fn() -> Option<Pid>| {
                let looks = std::iter::repeat_with(|| {
                    std::thread::sleep(Duration::from_millis(5));
                    look()
                });
                looks.take(1000).find_map(|found| found)
            };
            // The shell writes its number when it runs; until then there is no file, or nothing in it.
            let number =
                soon(&|| Pid::from_raw(fs::read_to_string(&file).ok()?.trim().parse().ok()?));
            assert!(number.is_some());
            assert_eq!(soon(&|| running.group()), number);
            assert_eq!(ended.join().expect("no panic"), End::Exited(0));
        });
        assert_eq!(running.group(), None);
    }
}
