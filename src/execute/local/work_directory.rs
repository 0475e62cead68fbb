//! A work directory: where one catchment's simulator runs.
//!
//! Every worker has one, emptied and prepared anew for each run, so that no run sees another's files; only links to
//! support files that are what they should be stay, and copies of the [deck](crate::execute::local::laid_deck) that are as they
//! were made. Support files are linked, never copied. Whether it is in memory or on a disk is [`work_folders`]'s choice.
//!
//! [`work_folders`]: crate::execute::local::work_folders

use std::cell::{Cell, RefCell};
use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::data::size::Size;
use crate::execute::local::laid_deck::{DeckChanged, LaidDeck};
use crate::plan::deck::Deck;
use crate::project::Support;
use crate::system::filesystem::free;
use crate::system::folder::remove;
use crate::system::memory_folder::Memory;

/// The files of a work directory that get what the simulator prints: standard output and standard error.
pub(crate) const PRINTED_FILES: [&str; 2] = ["rerunoff.stdout", "rerunoff.stderr"];

/// How many bytes are kept of the output of a failed simulator, and of a file that reached its limit.
const MOST_OF_A_FILE: u64 = 1_000_000;

/// A disk with less room than this, in bytes, counts as full.
const FULL: u64 = 64 << 10;

/// What is in a work directory before its simulator's own input files are written.
pub(crate) struct Layout<'a> {
    /// What is linked into it.
    pub links: Vec<&'a Support>,
    /// What is copied into it.
    pub deck: &'a Deck,
    /// Folders made in it.
    pub directories: &'a [PathBuf],
    /// Files that are not to be there, whatever the deck holds: the simulator is to leave them.
    pub left: Vec<&'a Path>,
}

/// The work directory of one worker.
pub(crate) struct WorkDirectory {
    path: PathBuf,
    /// Its mode as it was made here; `None` before that.
    made: Cell<Option<u32>>,
    /// What is laid out in it.
    laid: RefCell<LaidDeck>,
    /// The memory that large files are made in, kept from run to run.
    buffer: Cell<Vec<u8>>,
    /// The memory that it is in, and what is used in its place when that runs short.
    memory: Option<(Memory, Box<WorkDirectory>)>,
}

impl WorkDirectory {
    /// The work directory at this path on a disk; made at the first use.
    pub(crate) fn at(path: PathBuf) -> Self {
        Self {
            path,
            made: Cell::default(),
            laid: RefCell::default(),
            buffer: Cell::default(),
            memory: None,
        }
    }

    /// The work directory at this path in `memory`, with another one on a disk.
    pub(crate) fn in_memory(path: PathBuf, memory: Memory, on_disk: WorkDirectory) -> Self {
        Self {
            memory: Some((memory, Box::new(on_disk))),
            ..Self::at(path)
        }
    }

    /// The one to use for the next run: this, or that on the disk where room is short, at the beginning for so many bytes of decks.
    pub(crate) fn in_use(&self, decks: u64) -> &Self {
        match &self.memory {
            Some((memory, on_disk)) => {
                memory.expect_room_for(decks);
                if memory.is_short() { on_disk } else { self }
            }
            None => self,
        }
    }

    /// The one to do a failed run in once more, if it may have failed only because this one is in memory.
    ///
    /// `could_not_write` says that writing into it is what failed.
    pub(crate) fn instead(&self, could_not_write: bool) -> Result<Option<&Self>> {
        let Some((memory, on_disk)) = &self.memory else {
            return Ok(None);
        };
        // Every run makes these files: if they are gone, somebody else has removed them.
        if could_not_write || !self.path.join(PRINTED_FILES[0]).exists() {
            memory.give_up();
        }
        if !memory.is_short() {
            return Ok(None);
        }
        remove(&self.path)?;
        Ok(Some(on_disk))
    }

    /// Whether nothing more can be written to its file system.
    pub(crate) fn is_full(&self) -> bool {
        free(&self.path).is_some_and(|free| free < FULL)
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes it what `layout` says, and nothing else.
    ///
    /// # Errors
    /// [`DeckChanged`], or that something can't be read or written.
    pub(crate) fn prepare(&self, layout: &Layout<'_>) -> Result<()> {
        let context = || format!("can't make the work directory {}", self.path.display());
        let laid = &mut *self.laid.borrow_mut();
        let there = match self.tidy(layout, laid) {
            Err(error) if error.is::<DeckChanged>() => return Err(error),
            Ok(there) => there,
            // Not there yet, or not to be tidied: made anew.
            Err(_) => {
                remove(&self.path)?;
                laid.forget();
                match self.memory {
                    // Its parent is private to us. If that is gone, it is not made again without its permissions.
                    Some(_) => fs::create_dir(&self.path),
                    None => fs::create_dir_all(&self.path),
                }
                .with_context(context)?;
                let mode = fs::symlink_metadata(&self.path).with_context(context)?;
                self.made.set(Some(mode.mode()));
                self.tidy(layout, laid).with_context(context)?
            }
        };
        let links = layout.links.iter().zip(there);
        for (support, _) in links.filter(|(_, there)| !there) {
            let link = self.path.join(&support.name);
            if support.name.contains('/')
                && let Some(folder) = link.parent()
            {
                fs::create_dir_all(folder).with_context(context)?;
            }
            symlink(&support.path, link).with_context(context)?;
        }
        for directory in layout.directories {
            fs::create_dir_all(self.path.join(directory)).with_context(context)?;
        }
        Ok(())
    }

    /// Removes everything but links that lead where they should, lays the deck out, and says which of the links are there.
    ///
    /// An error if it is not the folder that was made here, or holds what can't be removed just so.
    fn tidy(&self, layout: &Layout<'_>, laid: &mut LaidDeck) -> Result<Vec<bool>> {
        let found = fs::symlink_metadata(&self.path)?;
        if !found.is_dir() || self.made.get() != Some(found.mode()) {
            bail!("not as it was made");
        }
        let mut there = vec![false; layout.links.len()];
        laid.lay(&self.path, layout.deck, &layout.left, &mut |entry| {
            let is_it = |support: &&Support| {
                entry.file_name() == *support.name
                    && fs::read_link(entry.path()).is_ok_and(|target| target == support.path)
            };
            let found = layout.links.iter().position(is_it);
            if let Some(at) = found {
                there[at] = true;
            }
            found.is_some()
        })?;
        Ok(there)
    }

    /// Writes one of the simulator's input files.
    pub(crate) fn write(&self, name: &str, content: &[u8]) -> Result<()> {
        let path = self.path.join(name);
        let context = || format!("can't write {}", path.display());
        match (fs::write(&path, content), path.parent()) {
            (Err(error), Some(folder)) if error.kind() == ErrorKind::NotFound => {
                fs::create_dir_all(folder).with_context(context)?;
                fs::write(&path, content).with_context(context)
            }
            (done, _) => done.with_context(context),
        }
    }

    /// Writes one of the simulator's input files with what `make` appends to an empty buffer.
    ///
    /// The outer error is that of writing, the inner one that of `make`.
    pub(crate) fn write_made<E>(
        &self,
        name: &str,
        make: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<Result<(), E>> {
        // Kept from run to run: memory that is fresh each time costs more than what is put into it.
        let mut buffer = self.buffer.take();
        buffer.clear();
        let written = match make(&mut buffer) {
            Ok(()) => self.write(name, &buffer).map(Ok),
            Err(error) => Ok(Err(error)),
        };
        self.buffer.set(buffer);
        written
    }

    /// The files of exactly this size, sorted by name: where it is the limit of a file, those that reached it.
    pub(crate) fn files_of(&self, size: Size) -> Vec<String> {
        let mut found = Vec::new();
        find_files(&self.path, size.0, &mut found);
        let names = (found.iter()).filter_map(|path| path.strip_prefix(&self.path).ok());
        let mut names: Vec<String> = names.map(|name| name.display().to_string()).collect();
        names.sort();
        names
    }

    /// Shortens the printed output, and every file of exactly this size, to its beginning.
    pub(crate) fn shorten(&self, size: Size) -> Result<()> {
        let mut long = PRINTED_FILES.map(|name| self.path.join(name)).to_vec();
        find_files(&self.path, size.0, &mut long);
        long.iter().try_for_each(|path| cut(path, MOST_OF_A_FILE))
    }
}

/// Adds the files of exactly this size, without following links, so that support files stay out.
fn find_files(folder: &Path, size: u64, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => find_files(&entry.path(), size, found),
            Ok(metadata) if metadata.is_file() && metadata.len() == size => {
                found.push(entry.path());
            }
            _ => {}
        }
    }
}

/// Shortens a file to at most so many bytes; a link or a pipe that the simulator put in its place is left alone.
fn cut(path: &Path, length: u64) -> Result<()> {
    let now = fs::symlink_metadata(path);
    if !now.is_ok_and(|now| now.is_file() && now.len() > length) {
        return Ok(());
    }
    let file = File::options().write(true).open(path);
    file.and_then(|file| file.set_len(length))
        .with_context(|| format!("can't shorten {}", path.display()))
}
