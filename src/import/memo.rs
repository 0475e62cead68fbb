//! Whether an import still holds: what is remembered of its sources and of what it wrote.
//!
//! A source whose size, times and inode are what they were is not opened. One that looks otherwise is digested; if its bytes
//! are the same, nothing is imported. The file that was written is watched as well: one that is not there any more, or that
//! something else wrote, is made anew.

use std::path::PathBuf;
use std::time::SystemTime;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use super::files::Pattern;
use super::spec::{ImportSpec, Layout};
use crate::digest::Digest;
use crate::stamp::Stamp;
use crate::store::Store;

const MEMO: &str = "import";

/// A source: what it looked like, if that had settled, and what its content was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Source {
    path: PathBuf,
    stamp: Stamp,
    settled: bool,
    digest: Digest,
}

/// What an import was made of, and what it made.
#[derive(Serialize, Deserialize)]
pub struct Memo {
    description: Digest,
    sources: Vec<Source>,
    written: Option<Stamp>,
}

/// What has become of an earlier import.
pub enum State {
    /// Nothing changed.
    Fresh,
    /// Some sources were written again, with the content they had.
    Touched(Memo),
    /// It has to be done, for this reason; the memo is what it is done of.
    Stale(&'static str, Memo),
}

/// Compares the sources with what is remembered of them.
pub fn look(spec: &ImportSpec, store: Option<&Store>, rehash: bool) -> Result<State> {
    let known: Option<Memo> = match store {
        Some(store) => store.memo(MEMO, "")?,
        None => None,
    }
    // A memo that can't be read was written by another version; it is made anew.
    .and_then(|payload| postcard::from_bytes(&payload).ok());
    let written = Stamp::of(&spec.file).ok();
    let mut touched = false;
    let mut sources = Vec::new();
    for path in paths(spec)? {
        let now = SystemTime::now();
        let about = || format!("{}: the file can't be read", path.display());
        let stamp = Stamp::of(&path).with_context(about)?;
        let earlier = (known.iter())
            .flat_map(|memo| &memo.sources)
            .find(|source| source.path == path && source.settled && source.stamp == stamp)
            .filter(|_| !rehash);
        sources.push(match earlier {
            Some(earlier) => earlier.clone(),
            None => {
                touched = true;
                Source {
                    settled: stamp.is_settled(now),
                    digest: Digest::of_file(&path).with_context(about)?,
                    path,
                    stamp,
                }
            }
        });
    }
    // The version is a part of it: another one may write another file.
    let description = format!("{} {spec:?}", env!("CARGO_PKG_VERSION"));
    let memo = Memo {
        description: Digest::of(description.as_bytes()),
        sources,
        written: written.clone(),
    };
    let content = |memo: &Memo| -> Vec<(PathBuf, Digest)> {
        (memo.sources.iter())
            .map(|source| (source.path.clone(), source.digest))
            .collect()
    };
    Ok(match known {
        None => State::Stale("nothing was imported yet", memo),
        Some(_) if written.is_none() => State::Stale("the file is gone", memo),
        Some(known) if known.written != written => {
            State::Stale("something else wrote the file", memo)
        }
        Some(known) if known.description != memo.description => {
            State::Stale("[import] changed", memo)
        }
        Some(known) if content(&known) != content(&memo) => State::Stale("sources changed", memo),
        Some(_) if touched => State::Touched(memo),
        Some(_) => State::Fresh,
    })
}

impl Memo {
    /// Puts it down after the import, if the sources were the same from beginning to end.
    pub fn remember(mut self, spec: &ImportSpec, store: &mut Store) -> Result<()> {
        for source in &self.sources {
            let same = Stamp::of(&source.path).is_ok_and(|stamp| stamp == source.stamp);
            ensure!(
                same,
                "{}: the file changed while it was imported; import again when it is complete",
                source.path.display()
            );
        }
        self.written = Some(Stamp::of(&spec.file)?);
        Ok(store.remember(MEMO, "", &postcard::to_stdvec(&self)?)?)
    }

    /// The bytes of all sources.
    pub fn size(&self) -> u64 {
        self.sources.iter().map(|source| source.stamp.size()).sum()
    }
}

/// All files that an import reads, sorted, each once.
pub fn paths(spec: &ImportSpec) -> Result<Vec<PathBuf>> {
    let mut paths: Vec<PathBuf> = spec.sources().map(PathBuf::from).collect();
    for series in &spec.series {
        if let Layout::Files {
            folder,
            prefix,
            suffix,
            ..
        } = &series.layout
        {
            let pattern = Pattern {
                folder,
                prefix,
                suffix,
            };
            paths.extend(pattern.files()?.paths().cloned());
        }
    }
    paths.sort();
    paths.dedup();
    Ok(paths)
}
