//! Where the workers' directories are: in memory while there is room, else below `cache/`, or on a node's disk.
//!
//! Making, filling and removing a handful of files for each run costs more on a disk than all else that rerunoff does for
//! a short run, and nobody wants those files later: failed runs are copied to the disk. So they are made in
//! [memory](crate::system::memory_folder), but never at the price of a run: without room at the beginning, the disk is
//! taken; a run that fails when room is short, or whose files were taken away, is done again on the disk, and so are all
//! after it.
//!
//! It knows nothing of runs and simulators.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::execute::local::work_directory::WorkDirectory;
use crate::project::{Project, WorkIn};
use crate::store::cache_folder::Cache;
use crate::system::folder::{self, remove};
use crate::system::memory_folder::{MEMORY, Memory};

/// The workers' directories of one run.
pub(crate) struct WorkFolders {
    disk: PathBuf,
    memory: Option<Memory>,
    /// What the lock is on by which they are this run's own.
    keeper: File,
    /// The cache folder of the project that is run, where leftovers of killed runs may turn up meanwhile.
    cache: Option<Cache>,
}

impl WorkFolders {
    /// Those of a run of a project, in a lane of its own. The caller must hold the project's lock.
    ///
    /// An error if the project insists on memory and it can't be had.
    pub(crate) fn of(project: &Project) -> Result<Self> {
        let cache = Cache::at(project.cache());
        let lane = cache.lane()?;
        let memory = || Memory::of_project(&project.root, &lane);
        let folders = Self::new(project.work, cache.work(&lane), lane.keeper(), memory)?;
        Ok(Self {
            cache: Some(cache),
            ..folders
        })
    }

    /// Those of a task, of which several of one project may be on one machine: those in memory bear this name, which no other
    /// task may have, and those on a disk are in `disk`, which is the task's alone as long as somebody has `keeper` open.
    ///
    /// An error if the project insists on memory and it can't be had.
    pub(crate) fn of_task(place: WorkIn, disk: PathBuf, name: &str, keeper: &File) -> Result<Self> {
        Self::new(place, disk, keeper, || Memory::of_task(name))
    }

    fn new(
        place: WorkIn,
        disk: PathBuf,
        keeper: &File,
        memory: impl FnOnce() -> io::Result<Memory>,
    ) -> Result<Self> {
        let keeper = keeper.try_clone().context("can't keep a lock open")?;
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
        Ok(Self {
            disk,
            memory,
            keeper,
            cache: None,
        })
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

    /// What has to be open as long as anything is at work in them, even beyond the end of this process.
    pub(crate) fn keeper(&self) -> &File {
        &self.keeper
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

    /// Removes all of it, and what those have left whose simulators were still dying when this run began.
    pub(crate) fn clear(&self) -> Result<()> {
        if let Some(memory) = &self.memory {
            remove(memory.path())?;
        }
        remove(&self.disk)?;
        self.cache.as_ref().map_or(Ok(()), Cache::clear_leftovers)
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
        let keeper = File::open(root.path()).expect("opened");
        let place = WorkFolders::new(WorkIn::Disk, disk.clone(), &keeper, unused);
        let place = place.expect("a workplace");
        assert_eq!(place.directory(3).path(), disk.join("worker-3"));
        place.clear().expect("nothing to remove");
    }

    #[test]
    fn two_tasks_on_one_machine_share_no_directory() {
        let scratch = tempfile::tempdir().expect("a folder");
        let [one, other] = ["1", "2"].map(|task| {
            let name = format!("test-{}-folders-{task}", std::process::id());
            let disk = scratch.path().join(task);
            let keeper = File::open(scratch.path()).expect("opened");
            WorkFolders::of_task(WorkIn::Auto, disk, &name, &keeper).expect("a workplace")
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
