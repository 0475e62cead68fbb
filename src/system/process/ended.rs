//! The end of children, for who waits for it in a `poll(2)` with all else that he waits for.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use signal_hook::consts::SIGCHLD;
use signal_hook::{SigId, low_level};

/// Readable whenever a child of this process has ended, until that is [taken note](Self::take_note) of.
#[derive(Debug)]
pub(super) struct Ended {
    woken: UnixStream,
    id: SigId,
}

impl Ended {
    /// From now on: what has ended before is not told.
    pub(super) fn new() -> io::Result<Self> {
        let (woken, theirs) = UnixStream::pair()?;
        woken.set_nonblocking(true)?;
        let id = low_level::pipe::register(SIGCHLD, theirs)?;
        Ok(Self { woken, id })
    }

    /// Readable no more until another child ends.
    pub(super) fn take_note(&self) {
        rustix::io::read(&self.woken, &mut [0; 64]).ok();
    }
}

impl AsFd for Ended {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.woken.as_fd()
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        low_level::unregister(self.id);
    }
}
