//! Threads that restrict themselves once and start children from then on, so that a run costs a hand-over and no rules.
//!
//! Restrictions belong to a thread and to what it starts. So each fence has a thread; a guard keeps a few of them. Rules are
//! bound to inodes: a working directory that was made anew is another fence.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::calls::{CHANGES, REQUESTS};
use super::filter::{self, Listener};
use super::observer::Observer;
use super::{Fence, Trespass, rules};

/// How many fences are kept: with and without an observer, in memory and on a disk.
const KEPT: usize = 4;

/// The threads start programs and look at paths, and no more.
const STACK: usize = 256 << 10;

/// The fences of a guard, the one that was used last at the end.
#[derive(Default)]
pub(in crate::system::process) struct Spawners(Vec<Spawner>);

/// A restricted thread.
pub(in crate::system::process) struct Spawner {
    fence: Fence,
    directory: PathBuf,
    /// Device and inode of the directory.
    place: (u64, u64),
    orders: Sender<Command>,
    started: Receiver<(Command, io::Result<Child>)>,
    seen: Arc<Mutex<Vec<Trespass>>>,
}

impl Spawners {
    /// The thread for this fence and working directory.
    ///
    /// # Errors
    /// If the kernel has fences and refuses this one.
    pub(in crate::system::process) fn get(
        &mut self,
        fence: &Fence,
        directory: &Path,
    ) -> io::Result<&Spawner> {
        let found = fs::metadata(directory)?;
        let place = (found.dev(), found.ino());
        let is_it = |spawner: &Spawner| {
            spawner.place == place && spawner.directory == directory && spawner.fence == *fence
        };
        let spawner = match self.0.iter().position(is_it) {
            Some(at) => self.0.remove(at),
            None => Spawner::new(fence, directory, place)?,
        };
        if self.0.len() == KEPT {
            self.0.remove(0);
        }
        spawner.seen().clear();
        self.0.push(spawner);
        Ok(&self.0[self.0.len() - 1])
    }

    /// What was seen of the last child. Nothing of that may be alive.
    pub(in crate::system::process) fn take_seen(&self) -> Vec<Trespass> {
        let last = self.0.last();
        last.map_or_else(Vec::new, |last| std::mem::take(&mut *last.seen()))
    }
}

impl Spawner {
    fn new(fence: &Fence, directory: &Path, place: (u64, u64)) -> io::Result<Self> {
        let (orders, ordered) = channel::<Command>();
        let (tell, started) = channel();
        let (say, ready) = channel::<io::Result<Option<Listener>>>();
        let (of_thread, at) = (fence.clone(), directory.to_owned());
        let name = |name: &str| thread::Builder::new().name(name.into()).stack_size(STACK);
        name("spawner").spawn(move || {
            let listener = restrict(&of_thread, &at);
            let is_ready = listener.is_ok();
            if say.send(listener).is_err() || !is_ready {
                return;
            }
            for mut command in ordered {
                let child = command.spawn();
                if tell.send((command, child)).is_err() {
                    return;
                }
            }
        })?;
        let gone = |_| io::Error::other("the thread that starts simulators has ended");
        let listener = ready.recv().map_err(gone)??;
        let seen = Arc::default();
        if let Some(listener) = listener {
            let observer = Observer::new(fence, directory, Arc::clone(&seen));
            name("observer").spawn(move || observer.watch(&listener))?;
        }
        Ok(Self {
            fence: fence.clone(),
            directory: directory.to_owned(),
            place,
            orders,
            started,
            seen,
        })
    }

    /// Starts a program inside of the fence.
    pub(in crate::system::process) fn spawn(
        &self,
        command: Command,
    ) -> io::Result<(Command, io::Result<Child>)> {
        let gone = || io::Error::other("the thread that starts simulators has ended");
        self.orders.send(command).map_err(|_| gone())?;
        self.started.recv().map_err(|_| gone())
    }

    fn seen(&self) -> MutexGuard<'_, Vec<Trespass>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Restricts this thread. Without Landlock there is no fence at all; without a listener there is one that tells nothing.
fn restrict(fence: &Fence, directory: &Path) -> io::Result<Option<Listener>> {
    if !rules::restrict(fence, directory).map_err(io::Error::other)? {
        return Ok(None);
    }
    let requests = match fence.observed {
        true => REQUESTS,
        false => &[],
    };
    let calls = CHANGES.iter().chain(requests).map(|call| call.number);
    let numbers: Vec<_> = calls.collect();
    Ok(filter::install(&numbers).ok())
}
