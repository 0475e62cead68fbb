//! The project's `cache/` folder: the lock, the store, work directories and kept failures.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::execute::local::failed_runs::FailedRuns;
use crate::execute::local::work_folders::{self, WorkFolders};
use crate::project::{CACHE, Project};
use crate::store::{Store, StoreError};
use crate::system::folder::remove;
use crate::system::lock::Lock;

/// What the Cache Directory Tagging Specification (<https://bford.info/cachedir/>) wants, so that backups leave it out.
const TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55
# This folder is rerunoff's: results and work directories. It can be deleted; everything is then run anew.
";

/// The cache folder of a project.
pub struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// The cache of a project, which need not be there yet.
    pub fn of(project: &Project) -> Self {
        Self::below(&project.root)
    }

    /// The cache of the project in this folder, whose project file has not been read.
    pub fn below(root: &Path) -> Self {
        Self {
            folder: root.join(CACHE),
        }
    }

    /// The same, made where it is missing: tagged as a cache and out of git's sight.
    pub fn prepare(project: &Project) -> Result<Self> {
        let cache = Self::of(project);
        let context = || format!("can't make the cache folder {}", cache.folder.display());
        fs::create_dir_all(&cache.folder).with_context(context)?;
        for (name, content) in [("CACHEDIR.TAG", TAG), (".gitignore", "*\n")] {
            let path = cache.folder.join(name);
            if !path.exists() {
                fs::write(path, content).with_context(context)?;
            }
        }
        Ok(cache)
    }

    /// Takes the project's lock, held until it is dropped, and clears away what a killed run has left.
    pub fn lock(&self, wait: bool) -> Result<Lock> {
        let lock = Lock::take(&self.folder.join("lock"), wait)?;
        remove(&self.work())?;
        if let Some(root) = self.folder.parent() {
            work_folders::clear_leftovers(root)?;
        }
        Ok(lock)
    }

    /// The store's file.
    pub fn store_path(&self) -> PathBuf {
        self.folder.join("store.sqlite")
    }

    /// The workers' directories of a run of this project. Only for who holds the lock.
    ///
    /// An error if the project wants them in memory and they can't be there.
    pub fn work_folders(&self, project: &Project) -> Result<WorkFolders> {
        WorkFolders::new(&project.root, self.work(), project.work)
    }

    /// The folder of the workers' directories on the disk, there only while a run is under way.
    fn work(&self) -> PathBuf {
        self.folder.join("work")
    }

    /// The work directories kept of failed catchments.
    pub fn failed(&self) -> FailedRuns {
        FailedRuns::new(self.folder.join("failed"))
    }

    /// The store, made or migrated where need be. Only for who holds the lock.
    pub fn store(&self) -> Result<Store, StoreError> {
        Store::open(&self.store_path())
    }

    /// The store to read only, beside whatever run is under way; `None` if there is none yet.
    pub fn store_to_read(&self) -> Result<Option<Store>, StoreError> {
        Store::open_read_only(&self.store_path())
    }
}
