//! Writing a segment, and publishing it.
//!
//! It is written to a file of this machine, trial by trial, and copied into the shared folder in one go: many small writes there would
//! cost a server more than the simulators cost here, and a node that dies leaves nothing half done.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, Result};

use super::{KIND, LAST, Last, SegmentHead, TRIAL, TaskEnd, VERSION};
use crate::cluster::frame::{self, write_frame};
use crate::cluster::ids::SegmentName;
use crate::cluster::shared_folder;
use crate::data::digest::Digester;
use crate::execute::trial::Trial;

/// What is copied at once.
const BLOCK: usize = 1 << 20;

/// A segment that is not published yet. Its file has no name, so that nothing is left of it, however the task ends.
pub struct SegmentWriter {
    file: File,
    /// Where it was made, for messages.
    scratch: String,
    content: Vec<u8>,
    /// The frame that is being written.
    frame: Vec<u8>,
    digester: Digester,
    trials: u64,
    bytes: u64,
    /// Its last frame, once it is known. It goes into the published copy alone: this machine's disk may be full.
    last: Option<Vec<u8>>,
}

impl SegmentWriter {
    /// Begins a segment in a new file on this machine.
    ///
    /// # Errors
    /// With the path, if it can't be made or written.
    pub fn create(scratch_file: &Path, head: &SegmentHead) -> Result<Self> {
        let context = || format!("can't write {}", scratch_file.display());
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(true);
        let file = options.mode(0o600).open(scratch_file);
        let file = file.with_context(context)?;
        fs::remove_file(scratch_file).with_context(context)?;
        let mut this = Self {
            file,
            scratch: scratch_file.display().to_string(),
            content: Vec::new(),
            frame: frame::opening(KIND, VERSION).into_bytes(),
            digester: Digester::default(),
            trials: 0,
            bytes: 0,
            last: None,
        };
        this.content = frame::encode(head).with_context(context)?;
        this.put()?;
        Ok(this)
    }

    /// Adds a trial. It is in the file when this returns, so that a full disk is noticed here.
    ///
    /// # Errors
    /// With the path, if it can't be written. Then the segment is as it was before, and can still be published.
    pub fn push(&mut self, trial: &Trial) -> Result<()> {
        self.encode(TRIAL, trial)?;
        self.put()?;
        self.trials += 1;
        Ok(())
    }

    /// How many trials it has.
    pub fn trials(&self) -> u64 {
        self.trials
    }

    /// How many bytes it has.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Ends it, and publishes it in the folder of segments under this name; `end` tells how the task ended if it is its last. It is on
    /// the disk when this returns. Nothing can be added any more, but what could not be published may be published once more.
    ///
    /// # Errors
    /// With the path, if it can't be written to the disk there or here. It is not published then, unless only its folder could not be
    /// written to the disk, and no temporary file is left where that can be removed.
    pub fn publish(
        &mut self,
        incoming: &Path,
        name: &SegmentName,
        end: Option<&TaskEnd>,
    ) -> Result<()> {
        let last = match self.last.take() {
            Some(last) => last,
            None => {
                let last = Last {
                    trials: self.trials,
                    digest: std::mem::take(&mut self.digester).finish(),
                    end: end.cloned(),
                };
                self.encode(LAST, &last)?;
                let mut frame = Vec::new();
                write_frame(&mut frame, &self.content)?;
                frame
            }
        };
        let last = self.last.insert(last);
        let file = &mut self.file;
        (file.rewind()).with_context(|| format!("can't read {}", self.scratch))?;
        shared_folder::write(&incoming.join(name.to_string()), |published| {
            copy(file, published)?;
            published.write_all(last)
        })
    }

    fn encode(&mut self, kind: u8, value: &impl serde::Serialize) -> Result<()> {
        let mut content = std::mem::take(&mut self.content);
        content.clear();
        content.push(kind);
        self.content = postcard::to_extend(value, content)
            .with_context(|| format!("can't write {}", self.scratch))?;
        Ok(())
    }

    /// Writes a frame of the content that is ready, whole or not at all.
    fn put(&mut self) -> Result<()> {
        let context = || format!("can't write {}", self.scratch);
        write_frame(&mut self.frame, &self.content).with_context(context)?;
        let written = self.file.write_all(&self.frame);
        let length = self.frame.len() as u64;
        self.frame.clear();
        if written.is_err() {
            // What was written of it goes again.
            self.file.set_len(self.bytes).with_context(context)?;
            let end = SeekFrom::Start(self.bytes);
            self.file.seek(end).with_context(context)?;
        }
        written.with_context(context)?;
        self.digester.update(&self.content);
        self.bytes += length;
        Ok(())
    }
}

/// Copies the rest of a file in large blocks.
fn copy(from: &mut File, to: &mut File) -> io::Result<()> {
    let mut block = vec![0; BLOCK];
    loop {
        match from.read(&mut block) {
            Ok(0) => return Ok(()),
            Ok(count) => to.write_all(&block[..count])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
