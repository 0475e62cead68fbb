//! Where the workers' directories are: in memory while there is room, else below `cache/`, or on a node's disk.
//!
//! Making, filling and removing a handful of files for each run costs more on a disk than all else that rerunoff does for
//! a short run, and nobody wants those files later: failed runs are copied to the disk. So they are made in
//! [memory](crate::system::memory_folder), but never at the price of a run: without room at the beginning, the disk is
//! taken; a run that fails when room is short, or whose files were taken away, is done again on the disk, and so are all
//! after it.
//!
//! It knows nothing of runs and simulators.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::execute::local::work_directory::WorkDirectory;
use crate::project::{Project, WorkIn};
use crate::store::cache_folder::WORK;
use crate::system::folder::{self, remove};
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
        let memory = || Memory::of_project(&project.root);
        Self::new(project.work, project.cache().join(WORK), memory)
    }

    /// Those of a task, of which several of one project may be on one machine: those in memory bear this name, which no other
    /// task may have, and those on a disk are in `disk`, which is the task's alone.
    ///
    /// An error if the project insists on memory and it can't be had.
    pub(crate) fn of_task(place: WorkIn, disk: PathBuf, name: &str) -> Result<Self> {
        Self::new(place, disk, || Memory::of_task(name))
    }

    fn new(
        place: WorkIn,
        disk: PathBuf,
        memory: impl FnOnce() -> io::Result<Memory>,
    ) -> Result<Self> {
        let memory = match place {
            WorkIn::Disk => None,
            WorkIn::Auto => memory().ok(),
            WorkIn::Ram => match memory() {
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

    /// A folder on a disk for what does not fit into memory.
    pub(crate) fn scratch(&self) -> &Path {
        folder::of(&self.disk)
    }

    /// Has the disk used in place of memory from now on.
    pub(crate) fn give_up_memory(&self) {
        if let Some(memory) = &self.memory {
            memory.give_up();
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

    #[test]
    fn the_disk_is_taken_where_it_is_asked_for() {
        let root = tempfile::tempdir().expect("a folder");
        let disk = root.path().join("work");
        let unused = || -> io::Result<Memory> { panic!("memory was asked for") };
        let place = WorkFolders::new(WorkIn::Disk, disk.clone(), unused).expect("a workplace");
        assert_eq!(place.directory(3).path(), disk.join("worker-3"));
        place.clear().expect("nothing to remove");
    }

    #[test]
    fn two_tasks_on_one_machine_share_no_directory() {
        let scratch = tempfile::tempdir().expect("a folder");
        let [one, other] = ["1", "2"].map(|task| {
            let name = format!("test-{}-folders-{task}", std::process::id());
            let disk = scratch.path().join(task);
            WorkFolders::of_task(WorkIn::Auto, disk, &name).expect("a workplace")
        });
        let [first, second] = [&one, &other].map(|task| task.directory(0));
        assert_ne!(first.path(), second.path());
        for directory in [&first, &second] {
            std::fs::create_dir_all(directory.path()).expect("made");
        }
        other.clear().expect("removed");
        assert!(first.path().exists() && !second.path().exists());
        one.clear().expect("removed");
        assert!(!first.path().exists());
    }
}
