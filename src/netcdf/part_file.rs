//! A file that is either complete or not there at all.
//!
//! It is written beside its target under the fixed name `<target>.part`, so that leftovers of killed runs are
//! overwritten by the next run and never pile up. In the end it is closed with every error checked, synced unless the caller
//! can do without, and renamed over the target. A target that is a symbolic link stays one: the file it points to is replaced.

use std::fs::{self, File, TryLockError};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::ffi::{self, Handle};
use super::writer::Writer;
use crate::system::folder;
use crate::system::regular;

/// An HDF5 file being written; dropped before [`PartFile::finish`], it leaves nothing behind.
pub(super) struct PartFile {
    target: PathBuf,
    part: PathBuf,
    /// The same file, opened by the system.
    bytes: File,
    file: Option<Handle>,
    /// Writes the chunks into it.
    writer: Option<Writer>,
}

impl PartFile {
    /// Starts the file that will be `target`, in an existing folder.
    pub(super) fn create(target: &Path) -> Result<Self> {
        let target =
            regular::place(target).with_context(|| format!("cannot write {}", target.display()))?;
        let part = regular::with_suffix(&target, ".part");
        // The library's own message about a missing folder or permission is obscure, the system's is not.
        let bytes = claim(&part).with_context(|| format!("cannot create {}", part.display()))?;
        let file = ffi::create_file(&part)
            .inspect_err(|_| drop(fs::remove_file(&part)))
            .with_context(|| format!("cannot create {}: is the disk full?", part.display()))?;
        let mut this = Self {
            target,
            part,
            bytes,
            file: Some(file),
            writer: None,
        };
        this.writer = Some(Writer::new(&this.part)?);
        Ok(this)
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

    /// The writer of its chunks.
    pub(super) fn writer(&mut self) -> &mut Writer {
        (self.writer.as_mut()).expect("the file is written to until it is finished")
    }

    /// Closes the file, syncs it if `sync`, and renames it. All objects of the file must be closed before.
    pub(super) fn finish(mut self, sync: bool) -> Result<()> {
        let file = self
            .file
            .take()
            .expect("the file is open until it is finished");
        self.writer.take().map_or(Ok(()), Writer::finish)?;
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

/// The emptied file at `part`, which no other process writes to as long as it is open here.
///
/// A project's lock is not enough, as two projects may have the same product.
fn claim(part: &Path) -> Result<File> {
    loop {
        let mut options = File::options();
        options.write(true).create(true).truncate(false);
        let file = regular::open_with(&mut options, part)?;
        // A file system without locks is used all the same.
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            bail!("another run is writing it; give each project a file of its own");
        }
        let ours = file.metadata()?;
        let same = |now: fs::Metadata| (now.dev(), now.ino()) == (ours.dev(), ours.ino());
        // It may have been finished and renamed before it was locked here.
        if fs::metadata(part).is_ok_and(same) {
            file.set_len(0)?;
            return Ok(file);
        }
    }
}

impl Drop for PartFile {
    fn drop(&mut self) {
        // After `finish` the part has been renamed, or it is still there because something failed: it goes either way.
        drop((self.file.take(), self.writer.take()));
        let _ = fs::remove_file(&self.part);
    }
}
