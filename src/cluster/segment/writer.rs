//! Writing a segment, and publishing it.
//!
//! It is written to a file of this machine, trial by trial, and copied into the shared folder in one go: many small writes there would
//! cost a server more than the simulators cost here, and a node that dies leaves nothing half done.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Seek, Write};
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
    file: BufWriter<File>,
    /// Where it was made, for messages.
    scratch: String,
    content: Vec<u8>,
    digester: Digester,
    trials: u64,
    bytes: u64,
    /// Whether its last frame is written.
    ended: bool,
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
            file: BufWriter::with_capacity(BLOCK, file),
            scratch: scratch_file.display().to_string(),
            content: Vec::new(),
            digester: Digester::default(),
            trials: 0,
            bytes: 0,
            ended: false,
        };
        let opening = frame::opening(KIND, VERSION);
        (this.file.write_all(opening.as_bytes())).with_context(context)?;
        this.content = frame::encode(head).with_context(context)?;
        this.put()?;
        Ok(this)
    }

    /// Adds a trial.
    ///
    /// # Errors
    /// With the path, if it can't be written. The segment is of no use any more, then.
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
        if !self.ended {
            let last = Last {
                trials: self.trials,
                digest: std::mem::take(&mut self.digester).finish(),
                end: end.cloned(),
            };
            self.encode(LAST, &last)?;
            self.put()?;
            self.ended = true;
        }
        let context = || format!("can't write {}", self.scratch);
        self.file.flush().with_context(context)?;
        let file = self.file.get_mut();
        file.rewind().with_context(context)?;
        shared_folder::write(&incoming.join(name.to_string()), |published| {
            copy(file, published)
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

    /// Writes the frame that is ready.
    fn put(&mut self) -> Result<()> {
        self.digester.update(&self.content);
        write_frame(&mut self.file, &self.content)
            .with_context(|| format!("can't write {}", self.scratch))?;
        self.bytes += (self.content.len() + frame::AROUND) as u64;
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
