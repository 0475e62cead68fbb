//! Threads that restrict themselves once and start children from then on, so that a run costs no rules.
//!
//! Restrictions belong to a thread and to what it starts. So each fence has a thread; a guard keeps a few of them. Rules are
//! bound to inodes: a working directory that was made anew is another fence.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use super::calls::{CHANGES, REQUESTS};
use super::filter::{self, Listener};
use super::observer::Observer;
use super::{Fence, Seen, rules};

/// How many fences are kept: with and without an observer, in memory and on a disk.
const KEPT: usize = 4;

/// The threads start programs and look at paths, and no more.
const STACK: usize = 256 << 10;

/// The fences of a guard, the one that was used last at the end.
#[derive(Default)]
pub(in crate::system::process) struct Spawners(Vec<Spawner>);

/// A restricted thread.
pub(in crate::system::process) struct Spawner {
    bounds: Arc<Bounds>,
    work: Sender<Work>,
    seen: Seen,
}

type Work = Box<dyn FnOnce() + Send>;

/// What a thread is restricted to.
pub(in crate::system::process) struct Bounds {
    fence: Fence,
    directory: PathBuf,
    /// Device and inode of the directory.
    place: (u64, u64),
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
        let is_it = |spawner: &Spawner| spawner.bounds.are(fence, directory);
        let spawner = match self.0.iter().position(is_it) {
            Some(at) => self.0.remove(at),
            None => Spawner::new(Bounds::new(fence, directory)?)?,
        };
        if self.0.len() == KEPT {
            self.0.remove(0);
        }
        self.0.push(spawner);
        Ok(&self.0[self.0.len() - 1])
    }
}

impl Bounds {
    fn new(fence: &Fence, directory: &Path) -> io::Result<Self> {
        Ok(Self {
            fence: fence.clone(),
            directory: directory.to_owned(),
            place: place(directory)?,
        })
    }

    /// Whether they are those of this fence and this working directory.
    pub(in crate::system::process) fn are(&self, fence: &Fence, directory: &Path) -> bool {
        self.directory == directory
            && self.fence == *fence
            && place(directory).is_ok_and(|place| place == self.place)
    }
}

fn place(directory: &Path) -> io::Result<(u64, u64)> {
    let found = fs::metadata(directory)?;
    Ok((found.dev(), found.ino()))
}

impl Spawner {
    fn new(bounds: Bounds) -> io::Result<Self> {
        let bounds = Arc::new(bounds);
        let (work, given) = channel::<Work>();
        let (say, ready) = channel::<io::Result<Option<Listener>>>();
        let within = Arc::clone(&bounds);
        let name = |name: &str| thread::Builder::new().name(name.into()).stack_size(STACK);
        name("spawner").spawn(move || {
            let listener = restrict(&within.fence, &within.directory);
            let is_ready = listener.is_ok();
            if say.send(listener).is_ok() && is_ready {
                given.into_iter().for_each(|work| work());
            }
        })?;
        let listener = ready.recv().map_err(|_| gone())??;
        let seen = Seen::default();
        if let Some(listener) = listener {
            let observer = Observer::new(&bounds.fence, &bounds.directory, seen.clone());
            name("observer").spawn(move || observer.watch(&listener))?;
        }
        Ok(Self { bounds, work, seen })
    }

    /// Has this done by the restricted thread, and waits for it. Children that it starts are inside of the fence.
    pub(in crate::system::process) fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Bounds, &Seen) -> T + Send + 'static,
    ) -> io::Result<T> {
        let (bounds, seen) = (Arc::clone(&self.bounds), self.seen.clone());
        let (tell, done) = channel();
        // Nobody is there to hear it only if this thread is gone as well.
        let work = move || drop(tell.send(work(&bounds, &seen)));
        self.work.send(Box::new(work)).map_err(|_| gone())?;
        done.recv().map_err(|_| gone())
    }
}

fn gone() -> io::Error {
    io::Error::other("the thread that starts simulators has ended")
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
