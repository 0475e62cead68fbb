//! Where the workers' directories are: in memory while there is room, else below `cache/`.
//!
//! Making, filling and removing a handful of files for each run costs more on a disk than all else that rerunoff does for
//! a short run, and nobody wants those files later: failed runs are copied to the disk. So they are made in
//! [memory](crate::system::memory_folder), but never at the price of a run: without room at the beginning, the disk is
//! taken; a run that fails when room is short, or whose files were taken away, is done again on the disk, and so are all
//! after it.
//!
//! It knows nothing of runs and simulators.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::execute::local::work_directory::WorkDirectory;
use crate::project::{Project, WorkIn};
use crate::store::cache_folder::WORK;
use crate::system::folder::remove;
use crate::system::memory_folder::{MEMORY, Memory};

/// The workers' directories of one run.
pub(crate) struct WorkFolders {
    disk: PathBuf,
    memory: Option<Memory>,
}

impl WorkFolders {
    /// Those of a project. The caller must hold its lock.
    ///
    /// An error if the project insists on memory and it can't be had.
    pub(crate) fn of(project: &Project) -> Result<Self> {
        Self::new(&project.root, project.cache().join(WORK), project.work)
    }

    fn new(root: &Path, disk: PathBuf, place: WorkIn) -> Result<Self> {
        let memory = match place {
            WorkIn::Disk => None,
            WorkIn::Auto => Memory::new(root).ok(),
            WorkIn::Ram => match Memory::new(root) {
                Ok(memory) => Some(memory),
                Err(why) => bail!(
                    "the work directories can't be in {MEMORY}: {why}; without `work = \"ram\"` under [cache] they are \
                     below {}",
                    disk.display()
                ),
            },
        };
        Ok(Self { disk, memory })
    }

    /// The work directory of the worker with this number; made at the first use.
    pub(crate) fn directory(&self, number: usize) -> WorkDirectory {
        let name = format!("worker-{number}");
        let on_disk = WorkDirectory::at(self.disk.join(&name));
        match &self.memory {
            None => on_disk,
            Some(memory) => {
                WorkDirectory::in_memory(memory.path().join(&name), memory.clone(), on_disk)
            }
        }
    }

    /// Removes all of it.
    pub(crate) fn clear(&self) -> Result<()> {
        if let Some(memory) = &self.memory {
            remove(memory.path())?;
        }
        remove(&self.disk)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::memory_folder::folder;

    #[test]
    fn the_disk_is_taken_where_it_is_asked_for() {
        let root = tempfile::tempdir().expect("a folder");
        let disk = root.path().join("work");
        let place = WorkFolders::new(root.path(), disk.clone(), WorkIn::Disk).expect("a workplace");
        assert_eq!(place.directory(3).path(), disk.join("worker-3"));
        assert!(!folder(root.path()).expect("a name").exists());
        place.clear().expect("nothing to remove");
    }
}
