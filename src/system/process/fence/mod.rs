//! A fence around a child: what it may read, write and reach, held by the kernel.
//!
//! Landlock holds it: rules about inodes that no path, link or process of the child's leads around, and that take no privileges.
//! What Landlock does not know is asked of a seccomp filter's listener: changes of a file's mode, owner, times and attributes. The same
//! listener can be told of every path that is asked for, since Landlock does not tell which file it refused: see [`observer`].
//!
//! It is a fence and no prison. Landlock's part holds against any program; what the listener decides holds against programs that
//! mean no harm, as another thread may put another path in the place of the one that was looked at.
//!
//! Nothing here knows what a project states: [`Fence`] is a list of paths.

pub(super) mod calls;
pub(super) mod filter;
pub(super) mod observer;
pub(super) mod rules;
pub(super) mod spawner;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

/// What a child may reach. It may also read and write its working directory, and use `/dev/null` and its like.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fence {
    /// Files and folders that it may read and execute; what is not there is passed over. `None`: all that there are. `/proc` has to be
    /// among them: whoever starts the child is inside of the fence as well, and finds there what it leaves behind.
    pub readable: Option<Vec<PathBuf>>,
    /// Files and folders that it may also write to.
    pub writable: Vec<PathBuf>,
    /// Whether it may use TCP, abstract sockets and signals to processes that it has not started.
    pub network: bool,
    /// Whether each file that it asks for is looked at, which takes some microseconds each time.
    pub observed: bool,
}

/// What a child did, or tried to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Access {
    /// To read or to execute an existing file.
    Read,
    /// To write, make, rename or remove a file, where its user could have.
    Write,
    /// To change a file's mode, owner, times or attributes.
    Change,
    /// To use the network.
    Network,
}

/// Something outside of the fence that a child asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Trespass {
    pub access: Access,
    /// The file, without links; empty for the network.
    pub path: PathBuf,
}

/// What was seen of the children inside of a fence.
#[derive(Clone, Default)]
pub(super) struct Seen(Arc<Mutex<Vec<Trespass>>>);

impl Seen {
    /// Takes what was seen since this was last asked. None of the children may be alive.
    pub(super) fn take(&self) -> Vec<Trespass> {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Trespass>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the kernel has to build a fence of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kernel {
    /// No Landlock: it is older than 5.13, or was built or started without it.
    Nothing,
    /// This version of Landlock.
    Landlock(u32),
}

impl Kernel {
    /// That of this machine.
    pub(crate) fn here() -> Self {
        rules::version().map_or(Self::Nothing, Self::Landlock)
    }

    /// What a fence does not hold here, for people; empty where it holds everything.
    pub(crate) fn lacks(self) -> Vec<&'static str> {
        let Self::Landlock(version) = self else {
            return vec!["anything"];
        };
        let all = [
            (2, "files moved from folder to folder (that is refused)"),
            (3, "files shortened by `truncate`"),
            (4, "TCP"),
            (5, "settings of devices"),
            (6, "abstract sockets and signals"),
        ];
        let lacking = all.into_iter().filter(|(since, _)| version < *since);
        lacking.map(|(_, what)| what).collect()
    }
}

/// Whether a path without links is one of these, or below one that is a folder.
fn is_below(path: &Path, any: &[PathBuf]) -> bool {
    any.iter().any(|folder| path.starts_with(folder))
}
