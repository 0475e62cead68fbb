//! Where the files are that a project file names, and what the variables hold that it hands on: as they are, or in a frozen copy.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::overrides::Overrides;

/// A project as it was once, with copies of its files.
#[derive(Clone, Copy)]
pub struct FrozenProject<'a> {
    /// Its folder, then.
    pub root: &'a Path,
    /// The text of the project file.
    pub text: &'a str,
    /// Where the files are by now, by the paths that the project file means. Others are where they were.
    pub files: &'a Arc<BTreeMap<PathBuf, PathBuf>>,
    /// The variables that it hands on to simulators, those that were set.
    pub passed: &'a [(String, String)],
    /// What takes the place of its values.
    pub overrides: &'a Overrides,
}

/// Where the files of a project are.
#[derive(Clone, Copy)]
pub(super) enum Places<'a> {
    /// Where the project file says.
    AsNamed,
    /// Where this says. All of them were there once, and are not looked for again: on a network file system, whoever looks too early is
    /// told for a while that there is nothing.
    Frozen(FrozenProject<'a>),
}

impl Places<'_> {
    /// Where the file is that the project file means by this path.
    pub(super) fn of(self, named: PathBuf) -> PathBuf {
        match self {
            Self::AsNamed => named,
            Self::Frozen(frozen) => frozen.files.get(&named).cloned().unwrap_or(named),
        }
    }

    /// Whether they are a frozen copy.
    pub(super) fn are_frozen(self) -> bool {
        matches!(self, Self::Frozen(_))
    }

    /// Where the files are that catchments have for themselves.
    pub(super) fn own(self) -> OwnPlaces {
        match self {
            Self::AsNamed => OwnPlaces(None),
            Self::Frozen(frozen) => OwnPlaces(Some(frozen.files.clone())),
        }
    }

    /// The variables that are handed on, where they are not those of this process.
    pub(super) fn passed(self) -> Option<Vec<(String, String)>> {
        match self {
            Self::AsNamed => None,
            Self::Frozen(frozen) => Some(frozen.passed.to_vec()),
        }
    }
}

/// Where the files are that catchments have for themselves: as named, or in a frozen copy, which has all of them that are needed.
#[derive(Clone)]
pub(super) struct OwnPlaces(Option<Arc<BTreeMap<PathBuf, PathBuf>>>);

impl OwnPlaces {
    /// Where the file or folder is that the project means by this path.
    pub(super) fn of(&self, named: PathBuf) -> PathBuf {
        let frozen = self.0.as_ref().and_then(|files| files.get(&named).cloned());
        frozen.unwrap_or(named)
    }
}
