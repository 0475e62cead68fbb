//! A project's `cache/` folder: its lock, its store, and the names of its other entries.
//!
//! It takes the folder's path, and knows neither the project nor what is run in its work folders.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::store::{Store, StoreError};
use crate::system::folder::remove;
use crate::system::lock::Lock;
use crate::system::memory_folder;

/// The name of the folder with the store and the work directories, in the project's folder.
pub(crate) const CACHE: &str = "cache";

/// The folder of the workers' directories on the disk, in [`CACHE`]; there only while a run is under way.
pub(crate) const WORK: &str = "work";

/// The tag of the Cache Directory Tagging Specification (<https://bford.info/cachedir/>), by which backups leave the folder out.
const TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55
# This folder is rerunoff's: results and work directories. It can be deleted; everything is then run anew.
";

/// The cache folder of a project.
pub(crate) struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// The cache in this folder, which need not exist yet.
    pub(crate) fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The cache in this folder, created if it is missing, tagged as a cache and ignored by git.
    pub(crate) fn prepare(folder: PathBuf) -> Result<Self> {
        let cache = Self::at(folder);
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

    /// Where it is.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Takes the project's lock, held until it is dropped, and removes what a killed run has left behind.
    pub(crate) fn lock(&self, wait: bool) -> Result<Lock> {
        let lock = Lock::take(&self.folder.join("lock"), wait)?;
        remove(&self.folder.join(WORK))?;
        if let Some(root) = self.folder.parent() {
            memory_folder::clear_leftovers(root)?;
        }
        Ok(lock)
    }

    /// The store's file.
    pub(crate) fn store_path(&self) -> PathBuf {
        self.folder.join("store.sqlite")
    }

    /// The file in which those that run the project share this machine's cores.
    pub(crate) fn cores(&self) -> PathBuf {
        self.folder.join("cores")
    }

    /// The folder of what is under way on other machines, there only while something is, or was.
    pub(crate) fn cluster(&self) -> PathBuf {
        self.folder.join("cluster")
    }

    /// The store, created or migrated if necessary. The caller must hold the lock.
    pub(crate) fn store(&self) -> Result<Store, StoreError> {
        Store::open(&self.store_path())
    }

    /// The store for reading only, even while a run is writing to it; `None` if there is none yet.
    pub(crate) fn store_to_read(&self) -> Result<Option<Store>, StoreError> {
        Store::open_read_only(&self.store_path())
    }
}
