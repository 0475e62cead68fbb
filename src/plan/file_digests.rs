//! The digests of whole files, stored with the files' stamps.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Result;

use crate::data::digest::Digest;
use crate::store::Store;
use crate::system::regular;
use crate::system::stamp::Stamp;

const MEMO: &str = "files";

/// Digests by path, each trusted only while the file looks the same.
pub(crate) struct FileDigests {
    known: BTreeMap<PathBuf, (Stamp, Digest)>,
    learned: bool,
}

impl FileDigests {
    /// The digests in the store; none if everything is to be read anew.
    pub(crate) fn new(store: Option<&Store>, rehash: bool) -> Result<Self> {
        let payload = match store.filter(|_| !rehash) {
            Some(store) => store.memo(MEMO, "")?,
            None => None,
        };
        let known = payload
            .and_then(|payload| postcard::from_bytes(&payload).ok())
            .unwrap_or_default();
        Ok(Self {
            known,
            learned: false,
        })
    }

    /// The digest of a file's content.
    pub(crate) fn get(&mut self, path: &Path) -> Result<Digest> {
        let now = SystemTime::now();
        let stamp = Stamp::of(path)?;
        if let Some((known, digest)) = self.known.get(path)
            && *known == stamp
        {
            return Ok(*digest);
        }
        let digest = regular::digest(path)?;
        if stamp.is_older_than_clock_step(now) {
            self.known.insert(path.to_owned(), (stamp, digest));
            self.learned = true;
        }
        Ok(digest)
    }

    /// Stores the digests.
    pub(crate) fn remember(&self, store: &mut Store) -> Result<()> {
        if self.learned {
            store.remember(MEMO, "", &postcard::to_stdvec(&self.known)?)?;
        }
        Ok(())
    }
}
