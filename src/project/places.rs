//! Where the files are that a project file names: where it says, or in a frozen copy of them.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// Where the files of a project are.
#[derive(Clone, Copy)]
pub(super) enum Places<'a> {
    /// Where the project file says.
    AsNamed,
    /// Where this says, by the path that the project file means; others are where it says. All of them were there once, and are not
    /// looked for again: on a network file system, whoever looks too early is told for a while that there is nothing.
    Frozen(&'a BTreeMap<PathBuf, PathBuf>),
}

impl Places<'_> {
    /// Where the file is that the project file means by this path.
    pub(super) fn of(self, named: PathBuf) -> PathBuf {
        match self {
            Self::AsNamed => named,
            Self::Frozen(files) => files.get(&named).cloned().unwrap_or(named),
        }
    }

    /// Whether they are a frozen copy.
    pub(super) fn are_frozen(self) -> bool {
        matches!(self, Self::Frozen(_))
    }
}
