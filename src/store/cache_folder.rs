//! A project's `cache/` folder: its locks, its store, and the names of its other entries.
//!
//! Several processes may be at work on a project. What each of them does, each alone, is under a file of its own:
//!
//! | file | who has it |
//! |---|---|
//! | `lock` | all, shared, as long as they are at work; alone who removes results or makes the store anew |
//! | `claims` | who runs a simulator, of what it runs; and everybody's number ([`Lane`]), which the names of its work folders end with |
//! | `store.lock` | who opens the store to write, for that moment: it may have to be made or migrated |
//! | `import.lock`, `product.lock` | who makes the input file, or products |
//! | `cluster.lock` | the head of what is under way on a cluster |
//!
//! It takes the folder's path, and knows neither the project nor what is run in its work folders.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::store::{Store, StoreError};
use crate::system::claims::Lane;
use crate::system::folder::remove;
use crate::system::lock::{Holder, Lock, LockError};
use crate::system::memory_folder;

/// The name of the folder with the store and the work directories, in the project's folder.
pub(crate) const CACHE: &str = "cache";

/// What the name of the folder of a run's work directories on the disk begins with, in [`CACHE`]; its lane's number follows. It is
/// there only while the run is under way.
const WORK: &str = "work-";

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
        let context = || {
            let folder = cache.folder.display();
            format!("can't make the cache folder {folder}, where results are kept")
        };
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

    /// Takes the project's lock together with others, held until it is dropped, and removes what killed runs have left behind.
    pub(crate) fn share(&self, wait: bool) -> Result<Lock> {
        let lock = Lock::share(&self.folder.join("lock"), wait)?;
        self.clear_leftovers()?;
        Ok(lock)
    }

    /// The same for this process alone: nobody else is at work on the project, nor any simulator.
    pub(crate) fn lock(&self, wait: bool) -> Result<Lock> {
        let lock = Lock::take(&self.folder.join("lock"), wait)?;
        let claims = self.claims();
        let context = || format!("can't lock {}", claims.display());
        if !Lane::wait_for_the_dead(&claims).with_context(context)? {
            return Err(LockError::Held(Holder::unknown()).into());
        }
        self.clear_leftovers()?;
        Ok(lock)
    }

    /// Removes the work folders of those who have died, simulators included.
    pub(crate) fn clear_leftovers(&self) -> Result<()> {
        let names = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let names = names.map(|entry| entry.file_name());
        let on_disk = names.filter_map(|name| name.to_str()?.strip_prefix(WORK)?.parse().ok());
        let in_memory = match self.folder.parent() {
            Some(root) => memory_folder::lanes(root),
            None => Vec::new(),
        };
        for number in on_disk.chain(in_memory) {
            let claims = self.claims();
            let lane = Lane::take_if_free(&claims, number);
            let lane = lane.with_context(|| format!("can't lock {}", claims.display()))?;
            if let Some(lane) = lane {
                self.clear_lane(&lane)?;
            }
        }
        Ok(())
    }

    /// Takes a lane for work folders that no other process has; what a killed run has left of it is removed.
    pub(crate) fn lane(&self) -> Result<Lane> {
        let claims = self.claims();
        let lane = Lane::take(&claims);
        let lane = lane.with_context(|| format!("can't lock {}", claims.display()))?;
        self.clear_lane(&lane)?;
        Ok(lane)
    }

    fn clear_lane(&self, lane: &Lane) -> Result<()> {
        remove(&self.work(lane))?;
        match self.folder.parent() {
            Some(root) => memory_folder::clear_leftovers(root, lane),
            None => Ok(()),
        }
    }

    /// The folder of the workers' directories on the disk of whoever has this lane.
    pub(crate) fn work(&self, lane: &Lane) -> PathBuf {
        self.folder.join(format!("{WORK}{}", lane.number()))
    }

    /// The file of the claims on what is being run.
    pub(crate) fn claims(&self) -> PathBuf {
        self.folder.join("claims")
    }

    /// The lock of whoever makes the input file.
    pub(crate) fn import_lock(&self) -> PathBuf {
        self.folder.join("import.lock")
    }

    /// The lock of whoever writes products.
    pub(crate) fn product_lock(&self) -> PathBuf {
        self.folder.join("product.lock")
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

    /// The store, created or migrated if necessary. The caller must hold the project's lock, which may be shared.
    pub(crate) fn store(&self) -> Result<Store> {
        // Another process may be about to make or to migrate it.
        let _turn = Lock::take(&self.folder.join("store.lock"), true)?;
        Ok(self.store_alone()?)
    }

    /// The same for whoever has the project's lock alone.
    pub(crate) fn store_alone(&self) -> Result<Store, StoreError> {
        Store::open(&self.store_path())
    }

    /// The store for reading only, even while a run is writing to it; `None` if there is none yet.
    pub(crate) fn store_to_read(&self) -> Result<Option<Store>, StoreError> {
        Store::open_read_only(&self.store_path())
    }
}
