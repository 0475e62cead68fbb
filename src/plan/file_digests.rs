//! The digests of whole files, stored with the files' stamps; shared by all threads that plan or run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use anyhow::Result;

use crate::data::digest::Digest;
use crate::store::Store;
use crate::system::regular;
use crate::system::stamp::Stamp;

const MEMO: &str = "files";

/// Digests by path, each trusted only while the file looks the same.
pub struct FileDigests {
    known: Mutex<Known>,
    /// The files and folders that catchments have for themselves, as they looked when they were first looked at.
    own: Mutex<BTreeMap<PathBuf, Stamp>>,
}

#[derive(Default)]
struct Known {
    files: BTreeMap<PathBuf, (Stamp, Digest)>,
    /// Whether there is more than the store has.
    learned: bool,
}

impl FileDigests {
    /// The digests in the store; none if everything is to be read anew.
    pub(crate) fn new(store: Option<&Store>, rehash: bool) -> Result<Self> {
        let payload = match store.filter(|_| !rehash) {
            Some(store) => store.memo(MEMO, "")?,
            None => None,
        };
        let files = payload
            .and_then(|payload| postcard::from_bytes(&payload).ok())
            .unwrap_or_default();
        let learned = false;
        Ok(Self {
            known: Mutex::new(Known { files, learned }),
            own: Mutex::default(),
        })
    }

    /// The digest of a file's content, and how the file looked before that was read: any change from then on shows.
    pub(crate) fn get(&self, path: &Path) -> Result<(Digest, Stamp)> {
        let now = SystemTime::now();
        let stamp = Stamp::of(path)?;
        if let Some((known, digest)) = self.known().files.get(path)
            && *known == stamp
        {
            return Ok((*digest, stamp));
        }
        let digest = regular::digest(path)?;
        if stamp.is_older_than_clock_step(now) {
            let mut known = self.known();
            (known.files).insert(path.to_owned(), (stamp.clone(), digest));
            known.learned = true;
        }
        Ok((digest, stamp))
    }

    /// Notes what a file or folder of a catchment's own looked like, unless that is known.
    pub(crate) fn note_as(&self, path: &Path, stamp: &Stamp) {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        if !own.contains_key(path) {
            own.insert(path.to_owned(), stamp.clone());
        }
    }

    /// The same of a folder that was just listed. One that is gone already will not look as it did.
    pub(crate) fn note(&self, folder: &Path) {
        if let Ok(stamp) = Stamp::of(folder) {
            self.note_as(folder, &stamp);
        }
    }

    /// All of them, in the order of their paths.
    pub(crate) fn own(&self) -> Vec<(PathBuf, Stamp)> {
        let own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        own.clone().into_iter().collect()
    }

    /// Stores the digests, if there are new ones.
    pub(crate) fn remember(&self, store: &mut Store) -> Result<()> {
        let mut known = self.known();
        if known.learned {
            store.remember(MEMO, "", &postcard::to_stdvec(&known.files)?)?;
            known.learned = false;
        }
        Ok(())
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
