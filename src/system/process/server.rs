//! The process of a guard: starts what its worker orders, one simulator at a time, until the socket closes.
//!
//! A simulator is started, watched and reaped by a thread that is inside of its fence, and so are those that are ordered after it, as
//! long as they have the same fence: the first thread, which has none, sleeps meanwhile. To hand each run to another thread and back
//! costs two changes of thread, and a core lies idle for each.

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom};
use std::os::fd::{AsFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{PidfdFlags, Signal, getpid, pidfd_open, set_child_subreaper};
use rustix::stdio::dup2_stderr;
use signal_hook::flag;

use super::ProcessError;
use super::child::{Child, reason};
use super::ended::Ended;
use super::fence::Trespass;
use super::fence::spawner::{Spawner, Spawners};
use super::interrupt::{OF_JOBS, ignored_signals};
use super::message::{GuardOrder, GuardReport, Start, errno, receive, send};

/// A name that `killall rerunoff` and `pkill rerunoff` do not match.
const NAME: &std::ffi::CStr = c"simulator-guard";

/// What the threads of a guard share, of which one serves at a time.
struct Server {
    socket: UnixStream,
    /// Its position is the id of the group that is at work; see [`guard`](super::guard).
    group: File,
    /// Readable when a child has ended, on kernels (before 5.3) that don't tell it of each child.
    ended: Option<Ended>,
}

/// The guard's process. The file that is standard error at the beginning gets the id of each group as its position; see
/// [`VERB`](super::GUARD_VERB).
pub(crate) fn serve(socket: OwnedFd) -> io::Result<()> {
    let tells_of_each = pidfd_open(getpid(), PidfdFlags::empty()).is_ok();
    serve_where(tells_of_each, socket)
}

/// The same on a kernel that tells the end of each child, or of any one only.
pub(super) fn serve_where(tells_of_each: bool, socket: OwnedFd) -> io::Result<()> {
    let group = File::from(io::stderr().as_fd().try_clone_to_owned()?);
    // What is printed would move the position.
    dup2_stderr(File::options().write(true).open("/dev/null")?)?;
    keep_from_children()?;
    // Its number only says "yes".
    set_child_subreaper(Some(getpid()))?;
    rustix::thread::set_name(NAME)?;
    outlive_signals()?;
    let server = Arc::new(Server {
        socket: UnixStream::from(socket),
        group,
        ended: match tells_of_each {
            true => None,
            false => Some(Ended::new()?),
        },
    });
    let mut spawners = Spawners::default();
    let mut next = server.next()?;
    while let Some(start) = next {
        let directory = Path::new(&start.directory);
        let spawner = (start.fence.as_ref()).map(|fence| spawners.get(fence, directory));
        next = match spawner {
            None => {
                server.run(&start, Vec::new)?;
                server.next()?
            }
            Some(Ok(spawner)) => server.serve_within(spawner, start)?,
            Some(Err(error)) => {
                server.refuse(reason(error, start.program.clone().into(), directory))?;
                server.next()?
            }
        };
    }
    Ok(())
}

impl Server {
    /// Waits for the next simulator to start; `None` if the worker is gone.
    fn next(&self) -> io::Result<Option<Start>> {
        loop {
            // Who sleeps in a read is also woken when the worker takes the last report, for nothing.
            let mut fds = [PollFd::new(&self.socket, PollFlags::IN)];
            match poll(&mut fds, None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            match receive(&self.socket)? {
                Some(GuardOrder::Start(start)) => return Ok(Some(*start)),
                // A signal for a simulator that has ended meanwhile has no target.
                Some(GuardOrder::Terminate | GuardOrder::Kill) => {}
                None => return Ok(None),
            }
        }
    }

    /// Serves this order and those after it on a restricted thread, as long as they are for that; returns the first one that is not.
    fn serve_within(
        self: &Arc<Self>,
        spawner: &Spawner,
        first: Start,
    ) -> io::Result<Option<Start>> {
        let server = Arc::clone(self);
        let served = spawner.run(move |bounds, seen| {
            let mut start = first;
            loop {
                // What was seen of one that could not be started is nothing of this one's.
                seen.take();
                server.run(&start, || seen.take())?;
                match server.next()? {
                    Some(next)
                        if (next.fence.as_ref())
                            .is_some_and(|fence| bounds.are(fence, Path::new(&next.directory))) =>
                    {
                        start = next;
                    }
                    other => return Ok(other),
                }
            }
        });
        served?
    }

    /// Runs a simulator to its end and reports it, with what was `seen` of it.
    fn run(&self, start: &Start, seen: impl FnOnce() -> Vec<Trespass>) -> io::Result<()> {
        let child = match Child::start(start) {
            Ok(child) => child,
            Err(error) => return self.refuse(error),
        };
        let mut group = &self.group;
        let noted = group.seek(SeekFrom::Start(child.number()));
        let watched = noted.and_then(|_| self.watch(&child));
        let reaped = child.reap();
        // From now on the id may be another group's.
        group.rewind()?;
        let report = match (watched, reaped) {
            (Ok(()), Ok((status, cost))) => GuardReport::Ended(status, cost, seen()),
            (Err(error), _) | (_, Err(error)) => GuardReport::Lost(errno(&error)),
        };
        send(&self.socket, &report)
    }

    fn refuse(&self, error: ProcessError) -> io::Result<()> {
        send(&self.socket, &GuardReport::Refused(error.into()))
    }

    /// Passes signals on until the child has ended or the worker is gone.
    fn watch(&self, child: &Child) -> io::Result<()> {
        let own;
        let ended = match &self.ended {
            Some(of_all) => of_all.as_fd(),
            None => {
                own = child.end()?;
                own.as_fd()
            }
        };
        while !child.has_ended()? {
            let mut fds = [
                PollFd::new(&self.socket, PollFlags::IN),
                PollFd::from_borrowed_fd(ended, PollFlags::IN),
            ];
            match poll(&mut fds, None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            if let (false, Some(of_all)) = (fds[1].revents().is_empty(), &self.ended) {
                of_all.take_note();
            }
            if fds[0].revents().is_empty() {
                continue;
            }
            match receive(&self.socket) {
                Ok(Some(GuardOrder::Terminate)) => {
                    child.signal_group(Signal::TERM);
                    // A stopped process would not see the TERM.
                    child.signal_group(Signal::CONT);
                }
                Ok(Some(GuardOrder::Kill)) => child.signal_group(Signal::KILL),
                Ok(Some(GuardOrder::Start(_))) => return Err(confused()),
                Ok(None) | Err(_) => return Ok(()),
            }
        }
        Ok(())
    }
}

fn confused() -> io::Error {
    io::Error::other("it does not answer what it was asked")
}

/// Keeps this process through a signal that a batch system sends to all processes of a job, so that it can end what the
/// simulator has started and tell how that ended. The signal is caught and not ignored, for simulators start with what is ignored.
fn outlive_signals() -> io::Result<()> {
    let ignored = ignored_signals();
    let caught = OF_JOBS.into_iter();
    for signal in caught.filter(|signal| ignored & (1 << (signal - 1)) == 0) {
        // Nobody asks whether it came.
        flag::register(signal, Arc::default())?;
    }
    Ok(())
}

/// Has all descriptors beyond the standard three closed at the start of a child: make's jobserver and the files that HDF5 has
/// open came with the start of this process.
pub(super) fn keep_from_children() -> io::Result<()> {
    for entry in fs::read_dir("/proc/self/fd")?.flatten() {
        let number: Option<RawFd> = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok());
        if let Some(number) = number.filter(|number| *number > 2) {
            close_on_exec(number);
        }
    }
    Ok(())
}

#[allow(unsafe_code)]
fn close_on_exec(number: RawFd) {
    // SAFETY: this neither reads nor writes memory, and it leaves the descriptor open, so its owner is not harmed.
    // That it may be closed already (the one of the listing itself) is an error of no consequence.
    unsafe { libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) };
}
