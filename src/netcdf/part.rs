//! A file that is either wholly there or not at all.
//!
//! It is written beside its target under the fixed name `<target>.part`, so that a killed run's leftover is overwritten by
//! the next run and never piles up; closed with every error heard, synced unless its maker can do without, and renamed over
//! the target. A target that is a symbolic link stays one: the file it points to is replaced.

use std::cell::Cell;
use std::fs::{self, File};
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result};
use rustix::fs::{Advice, fadvise};

use super::ffi::{self, Handle};
use crate::folder;

/// So many bytes are given to the disk in one go.
const AT_ONCE: u64 = 8 << 20;

/// An HDF5 file in the making; dropped before [`PartFile::finish`], it leaves nothing behind.
pub(super) struct PartFile {
    target: PathBuf,
    part: PathBuf,
    /// The same file as the system sees it.
    bytes: File,
    /// How much has been given to the library since the disk was last set to work.
    given: Cell<u64>,
    disk: Disk,
    file: Option<Handle>,
}

/// A thread that sets the disk to work on a file: the system takes its time to hand pages to it.
struct Disk {
    /// Taken away to end the thread.
    wake: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Disk {
    fn new(bytes: File) -> Self {
        let (wake, woken) = channel();
        let work = move || {
            let mut begun = 0;
            while woken.recv().is_ok() {
                let end = bytes.metadata().map_or(0, |metadata| metadata.len());
                if let Some(length) = NonZeroU64::new(end.saturating_sub(begun)) {
                    // What is said not to be needed is written soon, and stays in memory until then. A wish that does not
                    // come true does no harm.
                    fadvise(&bytes, begun, Some(length), Advice::DontNeed).ok();
                }
                begun = end;
            }
        };
        Self {
            wake: Some(wake),
            thread: thread::Builder::new().spawn(work).ok(),
        }
    }

    /// Has all written that is in the file by now.
    fn begin(&self) {
        if let Some(wake) = &self.wake {
            wake.send(()).ok();
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.wake = None;
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

impl PartFile {
    /// Starts the file that will be `target`, in an existing folder.
    pub(super) fn create(target: &Path) -> Result<Self> {
        let target = fs::canonicalize(target).unwrap_or_else(|_| target.to_owned());
        let mut part = target.clone().into_os_string();
        part.push(".part");
        let part = PathBuf::from(part);
        // The library's own message for a missing folder or permission is a riddle, the system's is not.
        let bytes =
            File::create(&part).with_context(|| format!("cannot create {}", part.display()))?;
        let file = ffi::create_file(&part)
            .inspect_err(|_| drop(fs::remove_file(&part)))
            .with_context(|| format!("cannot create {}: is the disk full?", part.display()))?;
        let disk = (bytes.try_clone())
            .with_context(|| format!("cannot open {} once more", part.display()))?;
        Ok(Self {
            target,
            part,
            bytes,
            given: Cell::new(0),
            disk: Disk::new(disk),
            file: Some(file),
        })
    }

    /// The open file.
    pub(super) fn root(&self) -> &Handle {
        self.file
            .as_ref()
            .expect("the file is open until it is finished")
    }

    /// The path being written to, for messages.
    pub(super) fn path(&self) -> &Path {
        &self.part
    }

    /// Notes that so many bytes have been written: every few megabytes the disk is set to work on them, so that syncing in
    /// the end has little left to wait for.
    pub(super) fn written(&self, count: usize) {
        self.given.set(self.given.get() + count as u64);
        if self.given.get() < AT_ONCE {
            return;
        }
        self.given.set(0);
        self.disk.begin();
    }

    /// Closes, syncs if `sync` says so, and renames. All objects of the file must be closed before.
    pub(super) fn finish(mut self, sync: bool) -> Result<()> {
        let file = self
            .file
            .take()
            .expect("the file is open until it is finished");
        file.close()
            .with_context(|| format!("cannot finish {}: is the disk full?", self.part.display()))?;
        if sync {
            self.bytes
                .sync_all()
                .with_context(|| format!("cannot write {} to the disk", self.part.display()))?;
        }
        fs::rename(&self.part, &self.target).with_context(|| {
            format!(
                "cannot rename {} to {}",
                self.part.display(),
                self.target.display()
            )
        })?;
        if !sync {
            return Ok(());
        }
        let folder = folder::of(&self.target);
        folder::sync(folder)
            .with_context(|| format!("cannot write the folder {} to the disk", folder.display()))
    }
}

impl Drop for PartFile {
    fn drop(&mut self) {
        // After `finish` the part has been renamed, or is still there because something failed: gone either way.
        if let Some(file) = self.file.take() {
            drop(file);
        }
        let _ = fs::remove_file(&self.part);
    }
}
