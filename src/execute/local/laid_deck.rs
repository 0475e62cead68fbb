//! A deck laid out in a work directory: copies that are kept from run to run and mended file by file.
//!
//! A simulator may do to them what it likes: overwrite, remove, rename, change permissions, set times back. After it, each copy that
//! is not as it was made is made anew. What a copy looked like is known by its [`Stamp`], whose time of change no program can set;
//! but a copy that was made within one step of the file system's clock before its simulator began may have been changed without
//! looking otherwise, and in memory so may any, through a mapping. Those are read. What a deck is made of is
//! [`crate::plan::deck`]'s business.

use std::collections::{HashMap, HashSet};
use std::fs::{self, DirEntry, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context, Result};

use crate::data::digest::Digest;
use crate::plan::deck::{Deck, DeckFile};
use crate::plan::support::SupportFile;
use crate::project::plain_name;
use crate::system::file_copy::copy_file;
use crate::system::filesystem;
use crate::system::folder::remove;
use crate::system::regular;
use crate::system::stamp::Stamp;

/// The permissions of folders in a work directory.
const FOLDER_MODE: u32 = 0o755;

/// A file of the deck is no longer what it was when the run was planned.
#[derive(Debug, thiserror::Error)]
#[error("{} changed", .0.path.display())]
pub(crate) struct DeckChanged(pub SupportFile);

/// What is laid out in one work directory.
#[derive(Default)]
pub(crate) struct LaidDeck {
    copies: HashMap<String, Laid>,
}

/// A copy as it was when it was made, or when it was last read.
struct Laid {
    /// Of content and executable bit.
    digest: Digest,
    stamp: Stamp,
    /// Whether any change from then on shows in the stamp.
    settled: bool,
}

/// How the file system of a work directory keeps times.
#[derive(Default)]
struct Ground {
    remote: bool,
    in_memory: bool,
}

impl LaidDeck {
    /// Forgets what was laid out: the work directory is gone.
    pub(crate) fn forget(&mut self) {
        self.copies.clear();
    }

    /// Makes the work directory what it would be if the deck were laid out in it anew without the files that the run is to leave itself,
    /// `left`, and keeps only those links in it that `keep` says are to stay.
    ///
    /// # Errors
    /// [`DeckChanged`], or that something can't be read or written.
    pub(crate) fn lay(
        &mut self,
        work: &Path,
        deck: &Deck,
        left: &[&Path],
        keep: &mut dyn FnMut(&DirEntry) -> bool,
    ) -> Result<()> {
        // Without a deck nothing is asked of it.
        let ground = match deck.files.is_empty() {
            true => Ground::default(),
            false => Ground::of(work)?,
        };
        let left: HashSet<String> = left.iter().map(|path| plain_name(path)).collect();
        let mut mending = Mending {
            copies: &mut self.copies,
            wanted: (deck.files.iter())
                .map(|file| (file.file.name.as_str(), file))
                .filter(|(name, _)| !left.contains(*name))
                .collect(),
            folders: deck.folders.iter().map(String::as_str).collect(),
            good: HashSet::new(),
            ground: &ground,
        };
        mending.tidy(work, "", keep)?;
        let good = mending.good;
        self.copies.retain(|name, _| good.contains(name));
        for folder in &deck.folders {
            make_folder(&work.join(folder))?;
        }
        for file in &deck.files {
            let name = &file.file.name;
            if !good.contains(name) && !left.contains(name) {
                let laid = ground.copy(file, &work.join(name))?;
                self.copies.insert(name.clone(), laid);
            }
        }
        let now = SystemTime::now();
        for laid in self.copies.values_mut() {
            laid.settled |= laid.stamp.is_older_than_clock_step(now);
        }
        Ok(())
    }
}

/// One walk through a work directory in which everything goes that is not as it should be.
struct Mending<'a> {
    copies: &'a mut HashMap<String, Laid>,
    wanted: HashMap<&'a str, &'a DeckFile>,
    folders: HashSet<&'a str>,
    /// The copies that may stay.
    good: HashSet<String>,
    ground: &'a Ground,
}

impl Mending<'_> {
    fn tidy(
        &mut self,
        folder: &Path,
        prefix: &str,
        keep: &mut dyn FnMut(&DirEntry) -> bool,
    ) -> Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let (kind, path) = (entry.file_type()?, entry.path());
            // A name that is no text is none of the deck's.
            let name = entry.file_name().into_string();
            let name = name.map(|name| format!("{prefix}{name}"));
            let name = name.as_deref().unwrap_or_default();
            if kind.is_dir() && self.folders.contains(name) {
                if entry.metadata()?.permissions().mode() & 0o7777 != FOLDER_MODE {
                    fs::set_permissions(&path, Permissions::from_mode(FOLDER_MODE))?;
                }
                self.tidy(&path, &format!("{name}/"), &mut |_| false)?;
            } else if kind.is_dir() {
                remove(&path)?;
            } else if kind.is_file() && self.is_good(name, &entry)? {
                self.good.insert(name.to_owned());
            } else if !kind.is_symlink() || !keep(&entry) {
                fs::remove_file(&path)?;
            }
        }
        Ok(())
    }

    /// Whether a file is the copy that is wanted, as it was made.
    fn is_good(&mut self, name: &str, entry: &DirEntry) -> io::Result<bool> {
        let (Some(wanted), Some(laid)) = (self.wanted.get(name), self.copies.get_mut(name)) else {
            return Ok(false);
        };
        if laid.digest != wanted.file.digest(&wanted.content)
            || laid.stamp != Stamp::shown_by(&entry.metadata()?, self.ground.remote)
        {
            return Ok(false);
        }
        if laid.settled && !self.ground.in_memory {
            return Ok(true);
        }
        let began = SystemTime::now();
        let same = regular::digest(&entry.path())? == wanted.content;
        laid.settled = laid.stamp.is_older_than_clock_step(began);
        Ok(same)
    }
}

impl Ground {
    fn of(work: &Path) -> io::Result<Self> {
        Ok(Self {
            remote: filesystem::network(work)?.is_some(),
            in_memory: filesystem::is_in_memory(work)?,
        })
    }

    /// Copies a file of the deck, which must be what it was when its digest was taken.
    fn copy(&self, file: &DeckFile, target: &Path) -> Result<Laid> {
        let DeckFile {
            file,
            content,
            stamp,
        } = file;
        let context = || format!("can't copy {} to {}", file.path.display(), target.display());
        let changed = || DeckChanged(file.clone());
        // What can't be read any more has changed.
        Stamp::of(&file.path).map_err(|_| changed())?;
        copy_file(&file.path, target, file.executable).with_context(context)?;
        if !Stamp::of(&file.path).is_ok_and(|now| now == *stamp)
            && regular::digest(target).with_context(context)? != *content
        {
            return Err(changed().into());
        }
        let made = fs::symlink_metadata(target).with_context(context)?;
        Ok(Laid {
            digest: file.digest(content),
            stamp: Stamp::shown_by(&made, self.remote),
            settled: false,
        })
    }
}

/// Makes a folder in a folder that is there; one that is there already is as it should be.
fn make_folder(path: &Path) -> io::Result<()> {
    match fs::create_dir(path) {
        Ok(()) => fs::set_permissions(path, Permissions::from_mode(FOLDER_MODE)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}
