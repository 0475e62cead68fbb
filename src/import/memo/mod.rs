//! Whether an import still holds: what is remembered of its sources and of what it wrote.
//!
//! A source whose size, times and inode are what they were is not opened. One that looks otherwise is digested; if its bytes
//! are the same, nothing is imported. Where an import is due anyway, the digest is left to whoever reads the source then.
//! The file that was written is watched as well: it is made again if it is gone, if something else wrote it, or if it may
//! not have reached the disk before the machine went down.

mod description;
mod disk;

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::data::digest::Digest;
use crate::data::record::Described;
use crate::import::layouts::files::Pattern;
use crate::inputs::tables;
use crate::project::import_spec::ImportSpec;
use crate::store::Store;
use crate::system::regular;
use crate::system::stamp::Stamp;

const MEMO: &str = "import";

/// A source: what it looked like, whether a later change would show in that, and the digest of its content.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct ImportSource {
    path: PathBuf,
    stamp: Stamp,
    older_than_clock_step: bool,
    /// `None` as long as nobody needed it.
    digest: Option<Digest>,
}

/// What an import was made of, and what it made.
#[derive(Serialize, Deserialize)]
pub(super) struct Memo {
    description: Digest,
    sources: Vec<ImportSource>,
    written: Option<Stamp>,
    /// The boot of the machine in which that was, as long as it is not known to be on the disk.
    boot: Option<String>,
}

/// Whether an earlier import still holds.
pub(super) enum ImportState {
    /// Nothing changed.
    Fresh,
    /// Only the memo: some sources were written again with the same content, or it is time to make sure that the file is on
    /// the disk.
    Touched(Memo),
    /// It has to be done, for this reason; the memo has its sources.
    Stale(&'static str, Memo),
}

/// Compares the sources with what is remembered of them.
pub(super) fn look(spec: &ImportSpec, store: Option<&Store>, rehash: bool) -> Result<ImportState> {
    look_in(disk::boot(&spec.file), spec, store, rehash)
}

/// The same in some boot of the machine.
fn look_in(
    boot: Option<String>,
    spec: &ImportSpec,
    store: Option<&Store>,
    rehash: bool,
) -> Result<ImportState> {
    let known = match store {
        Some(store) => recall(store)?,
        None => None,
    };
    let written = Stamp::of(&spec.file).ok();
    let mut touched = false;
    let mut sources = Vec::new();
    for path in paths(spec)? {
        let now = SystemTime::now();
        let stamp = Stamp::of(&path).with_context(|| unread(&path))?;
        let earlier = known.as_ref().and_then(|memo| memo.source(&path));
        let same = |source: &&ImportSource| {
            !rehash && source.older_than_clock_step && source.stamp == stamp
        };
        sources.push(match earlier.filter(same) {
            Some(earlier) => earlier.clone(),
            None => {
                touched = true;
                ImportSource {
                    older_than_clock_step: stamp.is_older_than_clock_step(now),
                    digest: None,
                    path,
                    stamp,
                }
            }
        });
    }
    // The version is a part of it: another one may write another file.
    let description = format!("{} {}", env!("CARGO_PKG_VERSION"), spec.description());
    let mut memo = Memo {
        description: Digest::of(description.as_bytes()),
        sources,
        written: written.clone(),
        boot: None,
    };
    let Some(known) = known else {
        return Ok(ImportState::Stale("nothing was imported yet", memo));
    };
    if written.is_none() {
        return Ok(ImportState::Stale("the file is gone", memo));
    }
    if known.written != written {
        return Ok(ImportState::Stale("something else wrote the file", memo));
    }
    if known.boot.is_some() && known.boot != boot {
        let reason = "the machine went down before the file was known to be on the disk";
        return Ok(ImportState::Stale(reason, memo));
    }
    if known.description != memo.description {
        return Ok(ImportState::Stale("[import] changed", memo));
    }
    let sizes = |memo: &Memo| -> Vec<(PathBuf, u64)> {
        (memo.sources.iter())
            .map(|source| (source.path.clone(), source.stamp.size()))
            .collect()
    };
    if sizes(&known) != sizes(&memo) {
        return Ok(ImportState::Stale("sources changed", memo));
    }
    memo.complete()?;
    let content = |memo: &Memo| -> Vec<Option<Digest>> {
        memo.sources.iter().map(|source| source.digest).collect()
    };
    Ok(if content(&known) != content(&memo) {
        ImportState::Stale("sources changed", memo)
    } else if touched || known.boot.is_some() {
        memo.boot = known.boot;
        ImportState::Touched(memo)
    } else {
        ImportState::Fresh
    })
}

/// What is remembered. A memo that can't be read is another version's, and counts as none.
fn recall(store: &Store) -> Result<Option<Memo>> {
    let payload = store.memo(MEMO, "")?;
    Ok(payload.and_then(|payload| postcard::from_bytes(&payload).ok()))
}

/// Makes sure that the file of an import that was just found to hold is on the disk; returns whether it is.
pub(super) fn make_sure(spec: &ImportSpec, store: &mut Store) -> Result<bool> {
    let Some(mut memo) = recall(store)? else {
        return Ok(false);
    };
    if memo.boot.is_some() {
        if memo.sync(spec).is_err() {
            return Ok(false);
        }
        memo.save(store)?;
    }
    Ok(true)
}

/// Takes note that the file of an import looks otherwise because of a link that was made to it or removed, and not because something
/// wrote it.
pub(super) fn note_link(store: &mut Store, before: &Stamp, after: &Stamp) -> Result<()> {
    match recall(store)? {
        Some(mut memo) if memo.written.as_ref() == Some(before) => {
            memo.written = Some(after.clone());
            memo.save(store)
        }
        _ => Ok(()),
    }
}

fn unread(path: &Path) -> String {
    format!("{}: the file can't be read", path.display())
}

impl Memo {
    fn source(&self, path: &Path) -> Option<&ImportSource> {
        let found = (self.sources).binary_search_by(|source| source.path.as_path().cmp(path));
        found.ok().map(|at| &self.sources[at])
    }

    /// Whether the digest of a source is still unknown.
    pub(super) fn lacks(&self, path: &Path) -> bool {
        self.source(path)
            .is_some_and(|source| source.digest.is_none())
    }

    /// Sets the digest of a source that was read.
    pub(super) fn learn(&mut self, path: &Path, digest: Digest) {
        for source in self.sources.iter_mut().filter(|source| source.path == path) {
            source.digest = Some(digest);
        }
    }

    /// Reads the sources whose digests are still unknown.
    fn complete(&mut self) -> Result<()> {
        for source in &mut self.sources {
            if source.digest.is_none() {
                let digest = regular::digest(&source.path).with_context(|| unread(&source.path))?;
                source.digest = Some(digest);
            }
        }
        Ok(())
    }

    /// Begins an import; returns whether it has to wait for the disk in the end.
    pub(super) fn begin(&mut self, spec: &ImportSpec) -> bool {
        self.boot = disk::boot(&spec.file);
        self.boot.is_none()
    }

    /// Syncs the file to the disk, if it is not known to be there. The system reports a failure only once, so after one the
    /// import has to be repeated.
    pub(super) fn sync(&mut self, spec: &ImportSpec) -> std::io::Result<()> {
        if self.boot.is_some() {
            disk::sync(&spec.file)?;
            self.boot = None;
        }
        Ok(())
    }

    /// Saves it after the import, if the sources were the same from beginning to end.
    pub(super) fn remember(mut self, spec: &ImportSpec, store: &mut Store) -> Result<()> {
        self.complete()?;
        for source in &self.sources {
            let same = Stamp::of(&source.path).is_ok_and(|stamp| stamp == source.stamp);
            ensure!(
                same,
                "{}: the file changed while it was imported; import again when it is complete",
                source.path.display()
            );
        }
        self.written = Some(Stamp::of(&spec.file)?);
        self.save(store)
    }

    fn save(&self, store: &mut Store) -> Result<()> {
        Ok(store.remember(MEMO, "", &postcard::to_stdvec(self)?)?)
    }

    /// The bytes of all sources.
    pub(super) fn size(&self) -> u64 {
        self.sources.iter().map(|source| source.stamp.size()).sum()
    }
}

/// All files that an import reads, sorted, each once.
pub(super) fn paths(spec: &ImportSpec) -> Result<Vec<PathBuf>> {
    let mut paths: Vec<PathBuf> = spec.sources().map(PathBuf::from).collect();
    let beside: Vec<PathBuf> = spec.sources().flat_map(tables::beside).collect();
    paths.extend(beside.into_iter().filter(|path| path.exists()));
    for series in &spec.series {
        if let Some(pattern) = Pattern::of(&series.layout) {
            paths.extend(pattern.files()?.paths().cloned());
        }
    }
    paths.sort();
    paths.dedup();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::project::Study;
    use crate::store::cache_folder::Cache;

    const PROJECT: &str = r#"
[import.series.q]
file = "q.csv"
[input]
file = "input.h5"
[simulator]
command = ["true"]
[simulator.output]
file = "out.txt"
[simulator.output.columns]
q = "q"
[product]
file = "output.h5"
"#;

    fn import(folder: &Path) -> Option<&'static str> {
        let study = Study::load(folder).expect("a project");
        let project = study.common();
        let cache = Cache::prepare(project.cache()).expect("a cache");
        let mut store = cache.store().expect("a store");
        let report = super::super::bring_up_to_date(project, &mut store, false, false, true);
        report.expect("imported").map(|report| report.reason)
    }

    /// What an import finds in some boot of the machine: why it has to be done, or whether something is to be remembered.
    fn found(folder: &Path, boot: Option<&str>) -> Result<bool, &'static str> {
        let study = Study::load(folder).expect("a project");
        let project = study.common();
        let spec = project.import.as_ref().expect("an import");
        let store = Cache::prepare(project.cache()).expect("a cache").store();
        let store = store.expect("a store");
        match look_in(boot.map(str::to_owned), spec, Some(&store), false).expect("a look") {
            ImportState::Fresh => Ok(false),
            ImportState::Touched(memo) => Ok(memo.boot.is_some()),
            ImportState::Stale(reason, _) => Err(reason),
        }
    }

    /// A project with a table that was not imported yet.
    fn project() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in [
            ("rerunoff.toml", PROJECT),
            ("q.csv", "time;1\n2009-01-01;0.5\n"),
        ] {
            fs::write(folder.path().join(name), text).expect("written");
        }
        folder
    }

    #[test]
    fn what_may_not_have_reached_the_disk_is_imported_again() {
        let folder = project();
        let folder = folder.path();
        assert_eq!(import(folder), Some("nothing was imported yet"));
        let boot = disk::boot(&folder.join("input.h5"));
        let boot = boot.as_deref();
        if boot.is_some() {
            assert_eq!(found(folder, boot), Ok(true), "the same boot");
            for other in [Some("another boot"), None] {
                let reason = found(folder, other).expect_err("it may be damaged");
                assert!(reason.contains("went down"), "{reason}");
            }
        }
        // The next look makes sure of it, and from then on no boot matters.
        assert_eq!(import(folder), None);
        for any in [boot, Some("another boot"), None] {
            assert_eq!(found(folder, any), Ok(false), "it is on the disk");
        }
    }

    #[test]
    fn a_run_makes_sure_of_what_it_read() {
        let folder = project();
        let folder = folder.path();
        let study = Study::load(folder).expect("a project");
        let project = study.common();
        let spec = project.import.as_ref().expect("an import");
        let sure = || {
            let store = Cache::prepare(project.cache()).expect("a cache").store();
            make_sure(spec, &mut store.expect("a store")).expect("a look")
        };
        assert!(!sure(), "nothing was imported");
        assert!(import(folder).is_some());
        assert!(sure());
        assert_eq!(found(folder, Some("another boot")), Ok(false));
    }
}
