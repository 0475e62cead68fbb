//! How large a file may grow: what a project allows its simulators, and what the system allows all (`ulimit -f`).
//!
//! The kernel ends a program that writes beyond the system's limit, unless it handles the signal; then the write fails. Programs
//! that are started do not inherit the handler, so simulators are ended as usual.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

use rustix::process::{Resource, getrlimit};
use signal_hook::consts::SIGXFSZ;
use signal_hook::flag;

use crate::data::size::Size;

/// Whether a write of this process was refused.
static REFUSED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// Makes writes beyond the system's limit fail from now on, where they would silently end this process.
pub(crate) fn heed() -> io::Result<()> {
    flag::register(SIGXFSZ, REFUSED.clone())?;
    Ok(())
}

/// Adds to an error that may be due to the limit that it was reached: SQLite and HDF5 do not report it.
pub(crate) fn explain(error: anyhow::Error) -> anyhow::Error {
    match getrlimit(Resource::Fsize).current {
        Some(limit) if REFUSED.load(Ordering::Relaxed) => error.context(format!(
            "a file reached {}, the limit that `ulimit -f` sets; raise it and run again",
            Size(limit)
        )),
        _ => error,
    }
}

/// The size that no file of a simulator may grow beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileLimit {
    /// What the project states, or the default.
    Project(Size),
    /// The system allows less.
    System(Size),
}

impl FileLimit {
    /// The limit for simulators if the project allows this much.
    pub(crate) fn new(stated: Size) -> Self {
        match getrlimit(Resource::Fsize).maximum {
            Some(allowed) if allowed < stated.0 => Self::System(Size(allowed)),
            _ => Self::Project(stated),
        }
    }

    /// The size itself.
    pub(crate) fn size(self) -> Size {
        match self {
            Self::Project(size) | Self::System(size) => size,
        }
    }
}

impl fmt::Display for FileLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let remedy = match self {
            Self::Project(_) => "`max_file_size` under [simulator]",
            Self::System(_) => "what `ulimit -f` sets",
        };
        let size = self.size();
        write!(
            f,
            "{size} for a file; if it needs to be that large, raise {remedy}"
        )
    }
}
