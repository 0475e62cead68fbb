//! Writes chunks to their places in a file, on a thread of its own.
//!
//! Adjacent chunks are written at once: new bytes by the megabyte; those of an earlier file, and those that are in this one already,
//! are copied by the system and never enter this program. Every few megabytes write-back to the disk is started, so that the sync at the
//! end has little left to wait for. It knows places and bytes, not what they mean.

use std::fs::File;
use std::io::{self, IoSlice, Read, Seek, SeekFrom};
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use anyhow::{Context, Error, Result, anyhow};
use rustix::fs::{Advice, fadvise};
use rustix::io::pwritev;

/// How many bytes are written before write-back is started.
const AT_ONCE: u64 = 8 << 20;

/// The most new bytes that are collected before they are written.
const COLLECTED: u64 = 1 << 20;

/// The most pieces in one system call (`IOV_MAX`).
const PIECES: usize = 1024;

/// How many runs may wait. Those of an earlier file take no memory, and give the thread something to do while slow new ones are
/// made.
const WAITING: usize = 64;

/// How many of them may be new ones.
const WAITING_MADE: usize = 2;

/// Bytes of an earlier file could not be copied; the new file can still be made without it.
#[derive(Debug, thiserror::Error)]
#[error("cannot copy from the earlier file")]
pub struct Uncopied;

/// A chunk as it is to be stored.
pub enum Chunk {
    /// Its bytes, as [`super::encode_chunk`] makes them.
    Made(Vec<u8>),
    /// Those of a chunk in an earlier file.
    Previous(PreviousChunk),
    /// Those of a chunk that was put into this file before.
    Written(PlacedChunk),
}

/// Where a chunk was put.
#[derive(Clone, Copy, Debug)]
pub struct PlacedChunk {
    address: u64,
    length: u64,
}

/// A chunk of an earlier file, by its place there.
pub struct PreviousChunk {
    pub(super) file: Arc<File>,
    pub(super) address: u64,
    pub(super) length: u64,
}

impl Chunk {
    /// How many bytes it has.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Made(bytes) => bytes.len(),
            Self::Previous(chunk) => chunk.length as usize,
            Self::Written(chunk) => chunk.length as usize,
        }
    }
}

/// Adjacent bytes of the file that come from one source.
struct Run {
    at: u64,
    length: u64,
    content: Content,
}

enum Content {
    Made(Vec<Vec<u8>>),
    /// Those from a place in an earlier file on.
    Previous(Arc<File>, u64),
    /// Those from an earlier place in this file on.
    Written(u64),
}

/// Writes chunks to one file.
pub(super) struct Writer {
    path: PathBuf,
    /// The run that has not been sent to the thread yet, because more may follow it directly.
    collected: Option<Run>,
    /// `None` ends the thread.
    runs: Option<SyncSender<Run>>,
    /// Holds an item for each new run that waits.
    made: SyncSender<()>,
    thread: Option<JoinHandle<Result<()>>>,
}

impl Writer {
    /// Writes into an existing file.
    pub(super) fn new(path: &Path) -> Result<Self> {
        let file = File::options().write(true).open(path);
        let context = || format!("cannot open {}", path.display());
        let (file, again) = (
            file.with_context(context)?,
            File::open(path).with_context(context)?,
        );
        let (runs, received) = sync_channel(WAITING);
        let (made, done) = sync_channel(WAITING_MADE);
        let shown = path.to_owned();
        let work = move || put_all(&file, &again, &shown, &received, &done);
        Ok(Self {
            path: path.to_owned(),
            collected: None,
            runs: Some(runs),
            made,
            thread: Some(thread::Builder::new().spawn(work)?),
        })
    }

    /// Writes a chunk to its place. An error may concern an earlier chunk; [`Uncopied`] is among its causes if it was the
    /// previous file that failed.
    pub(super) fn put(&mut self, at: u64, chunk: Chunk) -> Result<PlacedChunk> {
        let placed = PlacedChunk {
            address: at,
            length: chunk.len() as u64,
        };
        let chunk = match &mut self.collected {
            Some(run) => run.take(at, chunk),
            None => Some(chunk),
        };
        if let Some(chunk) = chunk {
            self.send()?;
            self.collected = Some(Run::new(at, chunk));
        }
        Ok(placed)
    }

    /// Waits until everything is in the file.
    pub(super) fn finish(mut self) -> Result<()> {
        self.send()?;
        self.end()
    }

    fn send(&mut self) -> Result<()> {
        let Some(run) = self.collected.take() else {
            return Ok(());
        };
        // Both channels are closed once the thread has ended.
        if (!run.is_made() || self.made.send(()).is_ok())
            && let Some(runs) = &self.runs
            && runs.send(run).is_ok()
        {
            return Ok(());
        }
        self.end()?;
        Err(anyhow!("{} is no longer written to", self.path.display()))
    }

    /// Ends the thread and reports how it went.
    fn end(&mut self) -> Result<()> {
        match self.join() {
            None => Ok(()),
            Some(Ok(outcome)) => outcome,
            Some(Err(panic)) => std::panic::resume_unwind(panic),
        }
    }

    fn join(&mut self) -> Option<thread::Result<Result<()>>> {
        self.runs = None;
        self.thread.take().map(JoinHandle::join)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // A caller that wants the outcome has called `finish`.
        drop(self.join());
    }
}

impl Run {
    fn new(at: u64, chunk: Chunk) -> Self {
        let length = chunk.len() as u64;
        let content = match chunk {
            Chunk::Made(bytes) => Content::Made(vec![bytes]),
            Chunk::Previous(chunk) => Content::Previous(chunk.file, chunk.address),
            Chunk::Written(chunk) => Content::Written(chunk.address),
        };
        Self {
            at,
            length,
            content,
        }
    }

    fn is_made(&self) -> bool {
        matches!(self.content, Content::Made(_))
    }

    /// Appends a chunk that follows directly, or returns it.
    fn take(&mut self, at: u64, chunk: Chunk) -> Option<Chunk> {
        if at != self.at + self.length {
            return Some(chunk);
        }
        let length = chunk.len() as u64;
        match (&mut self.content, chunk) {
            (Content::Made(pieces), Chunk::Made(bytes))
                if self.length < COLLECTED && pieces.len() < PIECES =>
            {
                pieces.push(bytes);
            }
            (Content::Previous(file, first), Chunk::Previous(chunk))
                if self.length < AT_ONCE
                    && chunk.address == *first + self.length
                    && Arc::ptr_eq(file, &chunk.file) => {}
            // What is copied is there before the run begins: no part of it is one that the run writes.
            (Content::Written(first), Chunk::Written(chunk))
                if self.length < AT_ONCE
                    && chunk.address == *first + self.length
                    && chunk.address + chunk.length <= self.at => {}
            (_, chunk) => return Some(chunk),
        }
        self.length += length;
        None
    }

    /// Writes it; `again` is the same file, to be read.
    fn write(self, file: &File, again: &File, path: &Path) -> Result<()> {
        let written = match self.content {
            Content::Made(pieces) => write_all(file, self.at, &pieces).map_err(Error::new),
            Content::Previous(from, first) => {
                let copied = copy(&from, first, file, self.at, self.length).context(Uncopied);
                // The previous file is soon gone. Its pages in memory are freed for those of this one.
                let length = NonZeroU64::new(self.length);
                fadvise(&*from, first, length, Advice::DontNeed).ok();
                copied
            }
            Content::Written(first) => {
                copy(again, first, file, self.at, self.length).map_err(Error::new)
            }
        };
        written.with_context(|| full(path))
    }
}

/// Writes all runs to the file as they come.
fn put_all(
    file: &File,
    again: &File,
    path: &Path,
    runs: &Receiver<Run>,
    made: &Receiver<()>,
) -> Result<()> {
    let (mut begun, mut since) = (0, 0);
    for run in runs {
        let (end, length) = (run.at + run.length, run.length);
        if run.is_made() {
            made.try_recv().ok();
        }
        run.write(file, again, path)?;
        since += length;
        if since >= AT_ONCE {
            since = 0;
            if let Some(length) = NonZeroU64::new(end.saturating_sub(begun)) {
                // Pages that are not needed are written soon, and stay in memory until then. If this has no effect, it does
                // no harm.
                fadvise(file, begun, Some(length), Advice::DontNeed).ok();
                begun = end;
            }
        }
    }
    Ok(())
}

/// The message when a file can't be written to.
pub(super) fn full(path: &Path) -> String {
    format!("cannot write to {}: is the disk full?", path.display())
}

fn write_all(file: &File, mut at: u64, pieces: &[Vec<u8>]) -> io::Result<()> {
    let mut slices: Vec<IoSlice<'_>> = pieces.iter().map(|piece| IoSlice::new(piece)).collect();
    let mut left = &mut slices[..];
    while !left.is_empty() {
        match pwritev(file, left, at) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => {
                at += written as u64;
                IoSlice::advance_slices(&mut left, written);
            }
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Copies inside the kernel where possible.
fn copy(mut from: &File, first: u64, mut to: &File, at: u64, length: u64) -> io::Result<()> {
    from.seek(SeekFrom::Start(first))?;
    to.seek(SeekFrom::Start(at))?;
    match io::copy(&mut from.take(length), &mut to)? {
        copied if copied == length => Ok(()),
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;

    fn previous(file: &Arc<File>, address: u64, length: u64) -> Chunk {
        Chunk::Previous(PreviousChunk {
            file: file.clone(),
            address,
            length,
        })
    }

    proptest! {
        #[test]
        fn every_chunk_is_at_its_place(chunks in proptest::collection::vec((1_u64..700_000, 0..3, any::<bool>(), any::<usize>()), 0..40)) {
            let folder = tempfile::tempdir().expect("a folder");
            let [old, new] = ["old", "new"].map(|name| folder.path().join(name));
            let bytes: Vec<u8> = (0..1 << 20).map(|at: u32| (at % 251) as u8).collect();
            fs::write(&old, &bytes).expect("a file");
            fs::write(&new, b"").expect("a file");
            let file = Arc::new(File::open(&old).expect("a file"));
            let mut writer = Writer::new(&new).expect("a writer");
            let (mut wanted, mut from, mut placed) = (Vec::new(), 0, Vec::<PlacedChunk>::new());
            for (length, kind, is_apart, earlier) in chunks {
                if is_apart {
                    wanted.push(0);
                }
                if from + length > bytes.len() as u64 {
                    from = 0;
                }
                let mut these = bytes[from as usize..][..length as usize].to_vec();
                let chunk = match (kind, placed.len()) {
                    (0, _) | (2, 0) => Chunk::Made(these.clone()),
                    (1, _) => previous(&file, from, length),
                    (_, count) => {
                        let place = placed[earlier % count];
                        these = wanted[place.address as usize..][..place.length as usize].to_vec();
                        Chunk::Written(place)
                    }
                };
                placed.push(writer.put(wanted.len() as u64, chunk).expect("put"));
                wanted.extend(these);
                from += length;
            }
            writer.finish().expect("the end");
            prop_assert!(fs::read(&new).expect("a file").strip_prefix(&wanted[..]) == Some(&[]));
        }
    }

    #[test]
    fn what_goes_wrong_is_told_and_whose_fault_it_was() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("old");
        fs::write(&path, b"short").expect("a file");
        let file = Arc::new(File::open(&path).expect("a file"));
        let put = |to: &str, chunk: Chunk| {
            let mut writer = Writer::new(Path::new(to)).expect("a writer");
            writer.put(0, chunk).expect("collected");
            writer.finish().expect_err("an error")
        };
        let to = folder.path().join("new");
        fs::write(&to, b"").expect("a file");
        let to = to.to_str().expect("a path");
        let error = put(to, previous(&file, 3, 4));
        assert!(error.is::<Uncopied>(), "{error:#}");
        let error = put("/dev/full", Chunk::Made(vec![1; 10]));
        assert!(!error.is::<Uncopied>(), "{error:#}");
        let text = format!("{error:#}");
        assert!(
            text.contains("/dev/full: is the disk full?: No space"),
            "{text}"
        );
    }
}
