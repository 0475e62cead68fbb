//! Checksummed pieces of a file, and the line that a file begins with.
//!
//! Every file that passes between head and nodes begins with a line for people and programs, `rerunoff segment 1`, and goes on in
//! frames: the length of the content as a little-endian `u32`, its complement, the content, and half of the BLAKE3 digest of all that.
//! The complement tells a damaged length from a file that ends too early; the checksum stands at the end, so that a
//! frame which ends with zeros, with nothing but zeros behind it, was not written to its end. It is not known here what the contents mean.

use std::io::{self, Read, Write};
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

/// The longest content of a frame. A reader takes no more room than what is there, and never more than this.
pub const LONGEST: usize = 1 << 30;

/// A length and its complement.
const HEADER: usize = 8;
const CHECKSUM: usize = 16;
/// What a frame has beside its content.
pub const AROUND: usize = HEADER + CHECKSUM;
/// Longer than every opening line that is written here.
const LONGEST_OPENING: u64 = 64;
/// Room that is made before anything of a frame was read.
const FIRST_ROOM: usize = 64 << 10;

/// Why there is no further frame.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The file ends within the frame, or goes on with nothing but zeros: whoever wrote it came no further.
    #[error("it was not written to its end")]
    Torn,
    /// What is there is not what was written.
    #[error("its checksums do not match")]
    Damaged,
    /// It can't be read.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Why a file's opening line is not the expected one.
#[derive(Debug, thiserror::Error)]
pub enum OpeningError {
    /// The file ends within the line.
    #[error("it was not written to its end")]
    Torn,
    /// The file is of another kind, or nothing of rerunoff's.
    #[error("it is no such file of rerunoff's")]
    Foreign,
    /// Another version of rerunoff wrote it.
    #[error("its format {0} is not known to this version of rerunoff")]
    OtherVersion(u32),
    /// It can't be read.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The line that a file of this kind begins with.
pub fn opening(kind: &str, version: u32) -> String {
    format!("rerunoff {kind} {version}\n")
}

/// Reads a file's opening line, which has to be of this kind and one of these versions; returns which.
pub fn read_opening(
    reader: &mut impl Read,
    kind: &str,
    versions: RangeInclusive<u32>,
) -> Result<u32, OpeningError> {
    let expected = |version: u32| opening(kind, version).into_bytes();
    let mut line = Vec::new();
    // No byte more than the line: what follows is another's to read.
    let (mut limited, mut byte) = (reader.by_ref().take(LONGEST_OPENING), [0]);
    while !line.ends_with(b"\n") && limited.read(&mut byte)? == 1 {
        line.push(byte[0]);
    }
    if let Some(version) = versions.clone().find(|version| line == expected(*version)) {
        return Ok(version);
    }
    let zeros = line.iter().rev().take_while(|byte| **byte == 0).count();
    let begun = &line[..line.len() - zeros];
    if (versions.clone()).any(|version| expected(version).starts_with(begun)) {
        return Err(OpeningError::Torn);
    }
    let line = std::str::from_utf8(&line).unwrap_or_default();
    let start = format!("rerunoff {kind} ");
    let other = line
        .strip_prefix(&start)
        .and_then(|rest| rest.strip_suffix('\n'));
    match other.and_then(|number| number.parse().ok()) {
        Some(other) if !versions.contains(&other) => Err(OpeningError::OtherVersion(other)),
        _ => Err(OpeningError::Foreign),
    }
}

/// Writes one frame.
///
/// # Errors
/// If it can't be written, or is longer than [`LONGEST`].
pub fn write_frame(out: &mut impl Write, content: &[u8]) -> io::Result<()> {
    let length = u32::try_from(content.len()).ok();
    let Some(length) = length.filter(|_| content.len() <= LONGEST) else {
        let message = format!(
            "{} bytes are too many for one piece of a file",
            content.len()
        );
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    };
    let header = header(length);
    out.write_all(&header)?;
    out.write_all(content)?;
    out.write_all(&checksum(&header, content))
}

fn header(length: u32) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    header[..4].copy_from_slice(&length.to_le_bytes());
    header[4..].copy_from_slice(&(!length).to_le_bytes());
    header
}

fn checksum(header: &[u8; HEADER], content: &[u8]) -> [u8; CHECKSUM] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(header);
    hasher.update(content);
    let mut checksum = [0; CHECKSUM];
    checksum.copy_from_slice(&hasher.finalize().as_bytes()[..CHECKSUM]);
    checksum
}

/// A value as the content of a frame.
///
/// # Errors
/// If it can't be written so; none of the types that pass here can't.
pub fn encode(value: &(impl Serialize + ?Sized)) -> io::Result<Vec<u8>> {
    postcard::to_stdvec(value).map_err(io::Error::other)
}

/// The value that a frame's content is, to its last byte.
///
/// # Errors
/// If it is another.
pub fn decode<'a, T: Deserialize<'a>>(content: &'a [u8]) -> Result<T, BadContent> {
    match postcard::take_from_bytes(content) {
        Ok((value, [])) => Ok(value),
        _ => Err(BadContent),
    }
}

/// A frame whose checksum is right, with another content than the one that belongs there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its content is not what this version of rerunoff would write")]
pub struct BadContent;

/// Reads frames up to the end of a file, or to the first that is not whole.
pub struct Frames<R> {
    reader: R,
    /// The bytes of the frames that were read whole.
    good: u64,
    ended: bool,
}

impl<R: Read> Frames<R> {
    /// Of a reader that stands behind the opening line; buffered, as headers are read by themselves.
    pub fn new(reader: R) -> Self {
        Self {
            reader,
            good: 0,
            ended: false,
        }
    }

    /// How many bytes the frames that were read whole take.
    pub fn good(&self) -> u64 {
        self.good
    }

    /// The next frame's content; `None` at the end.
    fn read(&mut self) -> Result<Option<Vec<u8>>, FrameError> {
        let start = self.up_to(HEADER)?;
        let Ok(found) = <[u8; HEADER]>::try_from(start.as_slice()) else {
            return if start.is_empty() {
                Ok(None)
            } else {
                Err(FrameError::Torn)
            };
        };
        let [a, b, c, d, ..] = found;
        let length = u32::from_le_bytes([a, b, c, d]);
        let bytes = length as usize;
        if found != header(length) || bytes > LONGEST {
            return Err(self.fault(&found)?);
        }
        let content = self.up_to(bytes)?;
        let found_checksum = self.up_to(CHECKSUM)?;
        if content.len() < bytes || found_checksum.len() < CHECKSUM {
            return Err(FrameError::Torn);
        }
        if found_checksum != checksum(&found, &content) {
            return Err(self.fault(&found_checksum)?);
        }
        self.good += (AROUND + bytes) as u64;
        Ok(Some(content))
    }

    /// So many bytes, or as many as there are.
    fn up_to(&mut self, bytes: usize) -> io::Result<Vec<u8>> {
        let mut read = Vec::with_capacity(bytes.min(FIRST_ROOM));
        let mut limited = self.reader.by_ref().take(bytes as u64);
        limited.read_to_end(&mut read)?;
        Ok(read)
    }

    /// What is wrong with a frame of which this is not what it should be: if it ends with a zero, and nothing but zeros follows, it
    /// was not written to its end.
    fn fault(&mut self, found: &[u8]) -> io::Result<FrameError> {
        let mut rest = found[found.len() - 1..].to_vec();
        while !rest.is_empty() {
            if rest.iter().any(|&byte| byte != 0) {
                return Ok(FrameError::Damaged);
            }
            rest = self.up_to(FIRST_ROOM)?;
        }
        Ok(FrameError::Torn)
    }
}

impl<R: Read> Iterator for Frames<R> {
    type Item = Result<Vec<u8>, FrameError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let read = self.read();
        self.ended = !matches!(read, Ok(Some(_)));
        read.transpose()
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn written(contents: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for content in contents {
            write_frame(&mut bytes, content).expect("written");
        }
        bytes
    }

    /// The frames that are whole, their bytes, and what follows them.
    fn read(bytes: &[u8]) -> (Vec<Vec<u8>>, usize, Option<FrameError>) {
        let mut frames = Frames::new(bytes);
        let mut contents = Vec::new();
        let mut error = None;
        for frame in &mut frames {
            match frame {
                Ok(content) => contents.push(content),
                Err(fault) => error = Some(fault),
            }
        }
        (contents, frames.good() as usize, error)
    }

    #[test]
    fn zeros_are_what_was_never_written() {
        let whole = written(&[b"one".to_vec()]);
        let mut file = [whole.as_slice(), &[0; 100_000]].concat();
        let (contents, good, error) = read(&file);
        assert_eq!((contents.len(), good), (1, whole.len()));
        assert!(matches!(error, Some(FrameError::Torn)));
        file.push(1);
        assert!(matches!(read(&file).2, Some(FrameError::Damaged)));
        // The first block of a frame reached the disk, the second did not.
        let mut file = written(&[vec![7; 100]]);
        file[50..].fill(0);
        assert!(matches!(read(&file).2, Some(FrameError::Torn)));
    }

    #[test]
    fn a_length_is_not_believed() {
        for length in [LONGEST as u32 + 1, u32::MAX] {
            let file = [header(length).as_slice(), &[1; 100]].concat();
            assert!(matches!(read(&file).2, Some(FrameError::Damaged)));
        }
        // As much room as there are bytes, and not what the length asks for.
        let file = [header(LONGEST as u32).as_slice(), &[1; 100]].concat();
        assert!(matches!(read(&file).2, Some(FrameError::Torn)));
    }

    #[test]
    fn an_opening_is_of_its_kind_and_version() {
        let check = |bytes: &[u8]| read_opening(&mut &*bytes, "segment", 12..=12);
        let mut file: &[u8] = b"rerunoff segment 12\nrest";
        assert!(matches!(
            read_opening(&mut file, "segment", 12..=12),
            Ok(12)
        ));
        assert_eq!(file, b"rest");
        let mut file: &[u8] = b"rerunoff segment 13\nrest";
        assert!(matches!(
            read_opening(&mut file, "segment", 12..=13),
            Ok(13)
        ));
        for cut in 0..19 {
            assert!(matches!(
                check(&b"rerunoff segment 12\n"[..cut]),
                Err(OpeningError::Torn)
            ));
        }
        assert!(matches!(check(&[0; 100]), Err(OpeningError::Torn)));
        let other = check(b"rerunoff segment 13\n");
        assert!(matches!(other, Err(OpeningError::OtherVersion(13))));
        for foreign in [
            &b"rerunoff journal 12\n"[..],
            b"\x89HDF\r\n\x1a\n",
            &[b'a'; 1000],
            b"rerunoff segment 012\n",
        ] {
            assert!(matches!(check(foreign), Err(OpeningError::Foreign)));
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(contents in vec(vec(any::<u8>(), 0..300), 0..5)) {
            let bytes = written(&contents);
            let (read, good, error) = read(&bytes);
            prop_assert!(error.is_none());
            prop_assert_eq!((read, good), (contents, bytes.len()));
        }

        #[test]
        fn a_file_that_is_cut_is_torn_and_what_is_before_is_good(contents in vec(vec(any::<u8>(), 0..40), 1..4), cut in 0..200_usize) {
            let bytes = written(&contents);
            let cut = cut % bytes.len();
            let (whole, good, error) = read(&bytes[..cut]);
            prop_assert!(whole.len() < contents.len() && contents.starts_with(&whole));
            prop_assert_eq!(error.is_none(), cut == good);
            prop_assert!(error.is_none_or(|error| matches!(error, FrameError::Torn)));
        }

        #[test]
        fn a_flipped_bit_is_never_read(contents in vec(vec(any::<u8>(), 0..40), 1..4), place: usize, bit in 0..8_u8) {
            let mut bytes = written(&contents);
            let place = place % bytes.len();
            bytes[place] ^= 1 << bit;
            let (whole, _, error) = read(&bytes);
            prop_assert!(contents.starts_with(&whole) && whole.len() < contents.len());
            // A checksum that ends with a zero looks like one whose end was not written.
            let is_torn = bytes.ends_with(&[0]) && matches!(error, Some(FrameError::Torn));
            prop_assert!(is_torn || matches!(error, Some(FrameError::Damaged)));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..200)) {
            let (_, good, error) = read(&bytes);
            prop_assert!(good == bytes.len() || error.is_some());
            read_opening(&mut bytes.as_slice(), "batch", 1..=1).ok();
        }
    }
}
