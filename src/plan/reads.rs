//! The files and folders that the simulator reads where they are, and whether they have changed since their digests were taken.
//!
//! A folder counts as a whole, by the names, the content and the executable bits of what is in it: one part of the key, however many
//! files there are. There may be a hundred thousand of them, so they are looked at before the first run and after the last, and in
//! between when results are handed in, never at each run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use anyhow::{Context, Result};

use crate::data::digest::Digest;
use crate::plan::key::KeyPart;
use crate::plan::support::{self, SupportFile};
use crate::project::Stated;
use crate::system::regular;
use crate::system::stamp::Stamp;

/// All that the project states under `reads`.
#[derive(Default)]
pub(crate) struct Reads(Vec<Read>);

struct Read {
    stated: Stated,
    digest: Digest,
    looked: Mutex<Looked>,
}

/// What a file or folder looked like when its digest was taken.
struct Looked {
    files: BTreeMap<PathBuf, (Stamp, Digest)>,
    folders: Vec<(PathBuf, Stamp)>,
    /// Whether all stamps are old enough for a change to show in them.
    settled: bool,
}

impl Reads {
    /// Takes the digests; `digest_file` gives that of a file's content.
    pub(crate) fn take(
        stated: &[Stated],
        digest_file: &mut dyn FnMut(&Path) -> Result<Digest>,
    ) -> Result<Self> {
        let read = |stated: &Stated| {
            let (digest, looked) = look(stated, digest_file)?;
            Ok(Read {
                stated: stated.clone(),
                digest,
                looked: Mutex::new(looked),
            })
        };
        Ok(Self(stated.iter().map(read).collect::<Result<_>>()?))
    }

    /// Their parts of the key.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (KeyPart, Digest)> {
        let reads = self.0.iter();
        reads.map(|read| (KeyPart::Read(read.stated.name.clone()), read.digest))
    }

    /// All files, as they were last found.
    pub(crate) fn files(&self) -> impl Iterator<Item = PathBuf> {
        self.0.iter().flat_map(|read| {
            let looked = read.looked.lock().unwrap_or_else(PoisonError::into_inner);
            looked.files.keys().cloned().collect::<Vec<_>>()
        })
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first that has changed. What looks different is read again to find out.
    pub(crate) fn changed(&self) -> Option<&Stated> {
        let changed = self.0.iter().find(|read| !read.is_the_same());
        changed.map(|read| &read.stated)
    }
}

impl Read {
    fn is_the_same(&self) -> bool {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        if looked.settled && looked.looks_the_same() {
            return true;
        }
        let known = &looked.files;
        let mut digest_file = |path: &Path| match known.get(path) {
            Some((stamp, digest)) if looked.settled && Stamp::of(path)? == *stamp => Ok(*digest),
            _ => Ok(regular::digest(path)?),
        };
        match look(&self.stated, &mut digest_file) {
            Ok((digest, now)) if digest == self.digest => {
                *looked = now;
                true
            }
            _ => false,
        }
    }
}

impl Looked {
    fn looks_the_same(&self) -> bool {
        let files = self.files.iter().map(|(path, (stamp, _))| (path, stamp));
        let folders = self.folders.iter().map(|(path, stamp)| (path, stamp));
        let mut all = files.chain(folders);
        all.all(|(path, stamp)| Stamp::of(path).is_ok_and(|now| now == *stamp))
    }
}

/// All files below the paths stated, and all folders.
pub(crate) fn walked(stated: &[Stated]) -> Result<(Vec<SupportFile>, Vec<PathBuf>)> {
    let mut found = (Vec::new(), Vec::new());
    for each in stated {
        support::walk(&each.path, &each.name, &[], &mut found).with_context(|| unreadable(each))?;
    }
    Ok(found)
}

fn look(
    stated: &Stated,
    digest_file: &mut dyn FnMut(&Path) -> Result<Digest>,
) -> Result<(Digest, Looked)> {
    let began = SystemTime::now();
    let (found, folders) = walked(std::slice::from_ref(stated))?;
    let context = || unreadable(stated);
    let (mut text, mut files) = (Vec::new(), BTreeMap::new());
    for file in &found {
        let stamp = Stamp::of(&file.path).with_context(context)?;
        let content = digest_file(&file.path).with_context(context)?;
        // Below the path that is stated, so that the same folder counts as the same elsewhere.
        let inner = &file.name.as_bytes()[stated.name.len()..];
        text.extend_from_slice(&(inner.len() as u64).to_le_bytes());
        text.extend_from_slice(inner);
        text.extend_from_slice(file.digest(&content).as_bytes());
        files.insert(file.path.clone(), (stamp, content));
    }
    let folders = folders.into_iter().map(|path| {
        let stamp = Stamp::of(&path).with_context(context)?;
        Ok((path, stamp))
    });
    let folders: Vec<(PathBuf, Stamp)> = folders.collect::<Result<_>>()?;
    let mut stamps = (files.values().map(|(stamp, _)| stamp)).chain(folders.iter().map(|f| &f.1));
    let settled = stamps.all(|stamp| stamp.is_older_than_clock_step(began));
    let looked = Looked {
        files,
        folders,
        settled,
    };
    Ok((Digest::of(&text), looked))
}

fn unreadable(stated: &Stated) -> String {
    format!("`reads` under [simulator] names {:?}", stated.name)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn take(stated: &[Stated]) -> Reads {
        Reads::take(stated, &mut |path| Ok(regular::digest(path)?)).expect("read")
    }

    #[test]
    fn a_folder_counts_by_the_names_and_contents_in_it_and_not_by_its_place() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let stated = |name: &str| {
            [Stated {
                name: at(name).display().to_string(),
                path: at(name),
            }]
        };
        for name in ["one", "other"] {
            fs::create_dir_all(at(name).join("inner")).expect("made");
            fs::write(at(name).join("inner/soil.csv"), "1").expect("written");
        }
        let digest = |name: &str| take(&stated(name)).0[0].digest;
        assert_eq!(digest("one"), digest("other"));
        fs::rename(at("other/inner/soil.csv"), at("other/inner/soils.csv")).expect("renamed");
        assert_ne!(digest("one"), digest("other"));
    }

    #[test]
    fn a_change_shows_and_a_touch_does_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("soil.db");
        fs::write(&path, "one").expect("written");
        let stated = ["", "soil.db"].map(|name| Stated {
            name: name.to_owned(),
            path: folder.path().join(name),
        });
        let reads = take(&stated);
        assert!(reads.changed().is_none());
        fs::write(&path, "one").expect("written");
        assert!(reads.changed().is_none(), "the same content");
        fs::write(&path, "two").expect("written");
        assert!(reads.changed().is_some());
        fs::write(&path, "one").expect("written");
        assert!(reads.changed().is_none());
        fs::write(folder.path().join("further"), "").expect("written");
        assert_eq!(reads.changed().expect("a further file").name, "");
    }
}
