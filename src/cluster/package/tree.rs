//! A support file or folder as the simulator sees it, copied into a package.
//!
//! Links are followed, and a folder is copied whole: what the project excludes counts for nothing, but a simulator may read it all the
//! same. It may write to it, too, so that is copied for the package alone, while everything else is shared between packages.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, DirBuilder, DirEntry};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::copies::{Copies, put_alone};
use crate::plan::deck::{Deck, LeftOut, Listing};
use crate::project::exclusion::Exclusion;
use crate::system::folder;

/// Copies support files and folders.
pub(super) struct TreeCopier<'a> {
    pub copies: &'a mut Copies,
    /// What the project leaves out of its support folders.
    pub exclude: &'a [Exclusion],
    /// A folder that is left out wherever it is: rerunoff's own, with the packages in it.
    pub cache: PathBuf,
}

impl TreeCopier<'_> {
    /// Copies the file or folder at `source`, which the simulator knows as `name`, to `target`.
    pub(super) fn copy(&mut self, source: &Path, name: &str, target: &Path) -> Result<()> {
        self.copy_below(source, name, target, &mut Vec::new())
    }

    /// The same below these folders, by device and inode.
    fn copy_below(
        &mut self,
        source: &Path,
        name: &str,
        target: &Path,
        above: &mut Vec<(u64, u64)>,
    ) -> Result<()> {
        let context = || format!("can't copy the support file {}", source.display());
        let found = fs::metadata(source).with_context(context)?;
        if !found.is_dir() {
            return self.copies.put(source, target);
        }
        let place = (found.dev(), found.ino());
        if above.contains(&place) {
            bail!(
                "a link leads from the support folder {} back to a folder around it; take it out",
                source.display()
            );
        }
        above.push(place);
        make(target).with_context(context)?;
        for entry in fs::read_dir(source).with_context(context)? {
            let entry = entry.with_context(context)?;
            if self.is_cache(&entry) {
                continue;
            }
            let (path, target) = (entry.path(), target.join(entry.file_name()));
            let name = format!("{name}/{}", entry.file_name().to_string_lossy());
            if self.exclude.iter().any(|pattern| pattern.covers(&name)) {
                copy_excluded(&path, &target, above)
                    .with_context(|| format!("can't copy {}", path.display()))?;
            } else {
                self.copy_below(&path, &name, &target, above)?;
            }
        }
        above.pop();
        folder::sync(target).with_context(context)
    }

    fn is_cache(&self, entry: &DirEntry) -> bool {
        let place = |path: &Path| {
            fs::metadata(path)
                .map(|found| (found.dev(), found.ino()))
                .ok()
        };
        self.cache.file_name() == Some(&entry.file_name())
            && place(&entry.path()).is_some_and(|found| Some(found) == place(&self.cache))
    }
}

/// Copies what is excluded, as far as it can be read and is a file or a folder: nobody has checked it before.
fn copy_excluded(source: &Path, target: &Path, above: &mut Vec<(u64, u64)>) -> io::Result<()> {
    let found = match fs::metadata(source) {
        Err(error) if is_no_matter(&error) => return Ok(()),
        found => found?,
    };
    if found.is_file() {
        return match put_alone(source, target) {
            Err(error) if is_no_matter(&error) => Ok(()),
            put => put,
        };
    }
    let place = (found.dev(), found.ino());
    if !found.is_dir() || above.contains(&place) {
        return Ok(());
    }
    let entries = match fs::read_dir(source) {
        Err(error) if is_no_matter(&error) => return Ok(()),
        entries => entries?,
    };
    above.push(place);
    make(target)?;
    for entry in entries {
        let entry = entry?;
        copy_excluded(&entry.path(), &target.join(entry.file_name()), above)?;
    }
    above.pop();
    folder::sync(target)
}

/// A link to nowhere, a file that has just been removed, or one that this user may not read: the simulator would not see it either.
fn is_no_matter(error: &io::Error) -> bool {
    let is_loop = error.raw_os_error() == Some(libc::ELOOP);
    is_loop
        || matches!(
            error.kind(),
            ErrorKind::NotFound | ErrorKind::PermissionDenied
        )
}

/// What is to be copied of a deck: folders and files, by their paths in it.
#[derive(Default)]
pub(super) struct DeckContents {
    folders: BTreeSet<String>,
    files: BTreeMap<String, PathBuf>,
}

impl DeckContents {
    /// Adds what counts of a deck.
    pub(super) fn add(&mut self, deck: &Deck) {
        self.folders.extend(deck.folders.iter().cloned());
        let files = deck.files.iter().map(|copied| &copied.file);
        (self.files).extend(files.map(|file| (file.name.clone(), file.path.clone())));
    }

    /// All that lies in a deck's folder but for what is excluded.
    pub(super) fn of_folder(folder: &Path, exclude: &[Exclusion]) -> Result<Self> {
        let listing = Listing::of(folder, &LeftOut::only(exclude))?;
        let files = listing.files.into_iter().map(|file| (file.name, file.path));
        Ok(Self {
            folders: listing.folders.into_iter().collect(),
            files: files.collect(),
        })
    }

    /// Copies it to `target`.
    pub(super) fn copy(&self, copies: &mut Copies, target: &Path) -> Result<()> {
        let context = || format!("can't copy the deck to {}", target.display());
        let folders = self.folders.iter().map(|folder| target.join(folder));
        let folders: Vec<PathBuf> = [target.to_owned()].into_iter().chain(folders).collect();
        for folder in &folders {
            make(folder).with_context(context)?;
        }
        for (name, source) in &self.files {
            copies.put(source, &target.join(name))?;
        }
        // What holds others comes before them.
        for folder in folders.iter().rev() {
            folder::sync(folder).with_context(context)?;
        }
        Ok(())
    }
}

/// Makes a folder for this user alone.
pub(super) fn make(folder: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(folder)
}
