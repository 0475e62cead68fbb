//! Reading a segment: whole or not at all.
//!
//! Any bytes are read or refused. Nothing is reserved on the strength of a number that was not checked, and a frame is at most as large
//! as what is there of it.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use super::{KIND, LAST, Last, Segment, TRIAL, VERSION};
use crate::cluster::frame::{self, BadContent, FrameError, Frames, OpeningError};
use crate::data::digest::Digester;

/// Why a file is not taken for a segment.
#[derive(Debug, thiserror::Error)]
pub enum SegmentError {
    /// It ends too early. The cache of a network file system may show no more of it yet; look again in a minute.
    #[error("it was not written to its end")]
    Unfinished,
    /// It is something else.
    #[error("it is no segment of rerunoff's")]
    Foreign,
    /// Another version of rerunoff wrote it, whose segments this one does not read.
    #[error("another version of rerunoff wrote it (its format is {0})")]
    OtherVersion(u32),
    /// It is not what was written.
    #[error("it is damaged: {0}")]
    Damaged(&'static str),
    /// It can't be read.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl From<OpeningError> for SegmentError {
    fn from(error: OpeningError) -> Self {
        match error {
            OpeningError::Torn => Self::Unfinished,
            OpeningError::Foreign => Self::Foreign,
            OpeningError::OtherVersion(version) => Self::OtherVersion(version),
            OpeningError::Io(error) => Self::Io(error),
        }
    }
}

impl From<FrameError> for SegmentError {
    fn from(error: FrameError) -> Self {
        match error {
            FrameError::Torn => Self::Unfinished,
            FrameError::Damaged => Self::Damaged("its checksums do not match"),
            FrameError::Io(error) => Self::Io(error),
        }
    }
}

impl From<BadContent> for SegmentError {
    fn from(_: BadContent) -> Self {
        Self::Damaged("its content is not what this version of rerunoff would write")
    }
}

/// Reads the segment at this path, which a listing has shown. Whether it belongs where it lies is for the caller to see.
///
/// # Errors
/// If it is not a whole segment of this version.
pub fn read_segment(path: &Path) -> Result<Segment, SegmentError> {
    parse(BufReader::new(File::open(path)?))
}

/// Reads a segment from a file's bytes.
///
/// # Errors
/// If they are not a whole segment of this version.
pub fn parse(mut reader: impl Read) -> Result<Segment, SegmentError> {
    frame::read_opening(&mut reader, KIND, VERSION..=VERSION)?;
    let mut frames = Frames::new(reader);
    let mut next = || frames.next().transpose().map_err(SegmentError::from);
    let mut digester = Digester::default();
    let first = next()?.ok_or(SegmentError::Unfinished)?;
    digester.update(&first);
    let head = frame::decode(&first)?;
    let mut trials = Vec::new();
    let last: Last = loop {
        let content = next()?.ok_or(SegmentError::Unfinished)?;
        match content.split_first() {
            Some((&TRIAL, trial)) => trials.push(frame::decode(trial)?),
            Some((&LAST, last)) => break frame::decode(last)?,
            _ => return Err(BadContent.into()),
        }
        digester.update(&content);
    };
    if last.trials != trials.len() as u64 || last.digest != digester.finish() {
        return Err(SegmentError::Damaged(
            "its trials are not those that it counts",
        ));
    }
    if next()?.is_some() {
        return Err(SegmentError::Damaged("it goes on behind its end"));
    }
    Ok(Segment {
        head,
        trials,
        end: last.end,
    })
}
