//! The further files that input files read, and what they looked like before they were read.
//!
//! An HDF5 file may hold but a name in place of data: of a file in which the object is, of the sources of a virtual dataset,
//! of a file of raw numbers. These are inputs like those that the project names. Which file a name means depends on what is
//! there and, for some, on the current folder and on variables of the environment; so files that would have come first are
//! kept as well, and so are the surroundings. It knows nothing of HDF5.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::system::stamp::Stamp;

/// The variables by which HDF5 finds files, after its reference manual.
pub(crate) const EXTERNAL_LINKS: &str = "HDF5_EXT_PREFIX";
pub(crate) const VIRTUAL_SOURCES: &str = "HDF5_VDS_PREFIX";
pub(crate) const RAW_DATA: &str = "HDF5_EXTFILE_PREFIX";

/// The files behind the input files; none for almost all inputs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Linked {
    present: BTreeMap<PathBuf, Stamp>,
    /// Files that would be read in place of one of these, or besides, if they came to be.
    absent: BTreeSet<PathBuf>,
    around: Option<Surroundings>,
}

/// What the meaning of names depends on: the current folder, and the variables above with their bytes where they are set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Surroundings {
    folder: PathBuf,
    variables: [Option<Vec<u8>>; 3],
}

impl Surroundings {
    fn now() -> io::Result<Self> {
        let bytes = |name| std::env::var_os(name).map(OsString::into_vec);
        Ok(Self {
            folder: std::env::current_dir()?,
            variables: [EXTERNAL_LINKS, VIRTUAL_SOURCES, RAW_DATA].map(bytes),
        })
    }
}

impl Linked {
    /// Adds the first of these paths that is there, before it is read; those before it are absent. `None` if none is there.
    pub(crate) fn first_of(&mut self, paths: Vec<PathBuf>) -> io::Result<Option<PathBuf>> {
        if self.around.is_none() {
            self.around = Some(Surroundings::now()?);
        }
        for path in paths {
            if path.try_exists()? {
                if !self.present.contains_key(&path) {
                    self.present.insert(path.clone(), Stamp::of(&path)?);
                }
                return Ok(Some(path));
            }
            self.absent.insert(path);
        }
        Ok(None)
    }

    /// Adds others. For a file that is known already, the earlier look counts.
    pub fn add(&mut self, other: &Self) {
        self.around = self.around.take().or(other.around.clone());
        self.absent.extend(other.absent.iter().cloned());
        for (path, stamp) in &other.present {
            self.present.entry(path.clone()).or_insert(stamp.clone());
        }
    }

    /// The files, each once.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.present.keys().map(PathBuf::as_path)
    }

    /// Whether a file is one of them, whatever the names by which they are found.
    pub fn reads(&self, path: &Path) -> bool {
        // No two files have the same stamp: an inode is part of it.
        Stamp::of(path).is_ok_and(|stamp| self.present.values().any(|known| *known == stamp))
    }

    /// Whether all of them still look the same, and their names still mean them.
    pub fn holds(&self) -> bool {
        let around = self.around.as_ref();
        around.is_none_or(|then| Surroundings::now().is_ok_and(|now| *then == now))
            && (self.present.iter()).all(|(path, then)| Stamp::of(path).is_ok_and(|now| *then == now))
            // Anything but a plain "not there" is a doubt.
            && (self.absent.iter()).all(|path| matches!(path.try_exists(), Ok(false)))
    }

    /// False if one of them could still change without its stamp changing (see [`Stamp::is_older_than_clock_step`]).
    pub fn is_older_than_clock_step(&self, now: SystemTime) -> bool {
        self.present
            .values()
            .all(|stamp| stamp.is_older_than_clock_step(now))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_that_changes_goes_or_comes_first_is_noticed() {
        let folder = tempfile::tempdir().expect("a folder");
        let [first, second] = ["first", "second"].map(|name| folder.path().join(name));
        fs::write(&second, "1").expect("written");
        let found = |linked: &mut Linked| linked.first_of(vec![first.clone(), second.clone()]);
        let mut linked = Linked::default();
        assert!(linked.holds());
        assert_eq!(found(&mut linked).expect("a look"), Some(second.clone()));
        assert!(linked.holds());
        assert_eq!(linked.paths().collect::<Vec<_>>(), [second.as_path()]);
        assert!(linked.reads(&folder.path().join("../").join(&second)));
        assert!(!linked.reads(&first) && !linked.reads(folder.path()));
        fs::write(&first, "2").expect("written");
        assert!(!linked.holds(), "another would be read");
        fs::remove_file(&first).expect("removed");
        assert!(linked.holds());
        fs::write(&second, "12").expect("written");
        assert!(!linked.holds(), "it changed");
        fs::remove_file(&second).expect("removed");
        assert!(!linked.holds(), "it is gone");
        assert_eq!(found(&mut linked).expect("a look"), None);
    }
}
