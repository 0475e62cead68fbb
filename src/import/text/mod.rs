//! A source as a stream of lines: opened, unpacked, cut into blocks of whole lines.
//!
//! Threads work on blocks. Each knows the number of its first line, so that a fault found in any thread names its line.
//! Memory holds a block and its remainder, whatever the size of the file; a line longer than a block makes its block longer.
//! Nothing here knows what the lines mean.

pub(super) mod alignment;
pub(super) mod cells;
pub(super) mod clock;
pub(super) mod fault;
pub(super) mod head;
pub(super) mod number;
pub(super) mod rows;
mod time_hints;

use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use flate2::read::MultiGzDecoder;

use crate::import::buffer_pool::BufferPool;
use crate::inputs::foreign;
use crate::system::regular;

/// How much text one block holds: thousands of rows of a narrow table, a few of a wide one, all of which stays in the
/// processor's cache until it is done with.
pub(super) const BLOCK: usize = 1 << 20;

/// How many bytes tell whether a file is text at all.
const SIGNATURE: u64 = 1024;

/// Whole lines of a source.
pub(super) struct TextBlock {
    /// The lines; only the last one of the file may lack its end.
    pub bytes: Vec<u8>,
    /// The number of the first line, from 1.
    pub line: u64,
    /// Where it begins in the unpacked text, its byte order mark included.
    pub offset: u64,
}

impl TextBlock {
    /// The lines without their ends, with their numbers; lines of nothing but white space are passed over.
    pub(super) fn lines(&self) -> impl Iterator<Item = (u64, &[u8])> {
        self.lines_at().map(|(number, _, line)| (number, line))
    }

    /// The same with where in the text each begins.
    pub(super) fn lines_at(&self) -> impl Iterator<Item = (u64, u64, &[u8])> {
        let mut rest = self.bytes.as_slice();
        let mut number = self.line;
        std::iter::from_fn(move || {
            while !rest.is_empty() {
                let end = memchr::memchr(b'\n', rest);
                let at = self.offset + (self.bytes.len() - rest.len()) as u64;
                let line = &rest[..end.unwrap_or(rest.len())];
                rest = &rest[end.map_or(rest.len(), |end| end + 1)..];
                let this = number;
                number += 1;
                let line = line.strip_suffix(b"\r").unwrap_or(line);
                if !line.iter().all(u8::is_ascii_whitespace) {
                    return Some((this, at, line));
                }
            }
            None
        })
    }
}

/// A source that is read from its beginning to its end.
pub(super) struct Text {
    path: PathBuf,
    reader: Box<dyn Read>,
    /// What was read and not yet handed out.
    held: Vec<u8>,
    line: u64,
    /// Where `held` begins in the unpacked text.
    offset: u64,
    packed: bool,
    spare: BufferPool<u8>,
}

impl Text {
    /// Opens a file, packed by gzip or not: its first bytes tell. A byte order mark of UTF-8 is passed over; what is no
    /// text is an error that says what it is.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let about = || format!("{}: the file can't be read", path.display());
        let mut magic = Vec::new();
        let file = regular::open(path).with_context(about)?;
        (&file)
            .take(2)
            .read_to_end(&mut magic)
            .with_context(about)?;
        let file = regular::open(path).with_context(about)?;
        let packed = magic == [0x1f, 0x8b];
        let mut reader: Box<dyn Read> = if packed {
            Box::new(MultiGzDecoder::new(BufReader::with_capacity(1 << 16, file)))
        } else {
            Box::new(file)
        };
        let mut offset = 0;
        let mut held = Vec::new();
        (&mut reader)
            .take(SIGNATURE)
            .read_to_end(&mut held)
            .with_context(about)?;
        if let Some(what) = foreign::named_text(&held) {
            bail!("{}: {what}", path.display());
        }
        match held.as_slice() {
            [0xef, 0xbb, 0xbf, ..] => {
                held.drain(..3);
                offset = 3;
            }
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => bail!(
                "{0}: the file is in UTF-16; convert it: `iconv -f UTF-16 -t UTF-8 {0}`",
                path.display()
            ),
            _ => {}
        }
        Ok(Self {
            path: path.to_owned(),
            reader,
            held,
            line: 1,
            offset,
            packed,
            spare: BufferPool::default(),
        })
    }

    /// Whether the file is packed.
    pub(super) fn packed(&self) -> bool {
        self.packed
    }

    /// The number of the next line, and where it begins in the unpacked text.
    pub(super) fn position(&self) -> (u64, u64) {
        (self.line, self.offset)
    }

    /// Where the buffers of finished blocks are given back.
    pub(super) fn spare(&self) -> BufferPool<u8> {
        self.spare.clone()
    }

    /// The next line without its end, and its number; `None` at the end of the file.
    pub(super) fn line(&mut self) -> Result<Option<(u64, Vec<u8>)>> {
        let line = self.peek()?;
        let (length, line) = (line.len(), without_end(line).to_vec());
        if length == 0 {
            return Ok(None);
        }
        self.held.drain(..length);
        self.offset += length as u64;
        self.line += 1;
        Ok(Some((self.line - 1, line)))
    }

    /// The next line with its end, which stays; empty at the end of the file.
    fn peek(&mut self) -> Result<&[u8]> {
        let mut searched = 0;
        let end = loop {
            if let Some(end) = memchr::memchr(b'\n', &self.held[searched..]) {
                break searched + end + 1;
            }
            searched = self.held.len();
            if self.fill(1 << 16)? == 0 {
                break self.held.len();
            }
        };
        Ok(&self.held[..end])
    }

    /// The next line that is not empty, without its end, and its number; it stays. `None` at the end of the file.
    pub(super) fn ahead(&mut self) -> Result<Option<(u64, Vec<u8>)>> {
        loop {
            let line = self.peek()?;
            if line.is_empty() {
                return Ok(None);
            }
            if !line.iter().all(u8::is_ascii_whitespace) {
                let line = without_end(line).to_vec();
                return Ok(Some((self.line, line)));
            }
            self.line()?;
        }
    }

    /// The next block of whole lines; `None` at the end of the file.
    pub(super) fn block(&mut self) -> Result<Option<TextBlock>> {
        let mut searched = 0;
        let end = loop {
            let wanted = BLOCK.saturating_sub(self.held.len()).max(1 << 16);
            let read = self.fill(wanted)?;
            if read == 0 {
                break self.held.len();
            }
            if self.held.len() < BLOCK {
                continue;
            }
            if let Some(end) = memchr::memrchr(b'\n', &self.held[searched..]) {
                break searched + end + 1;
            }
            searched = self.held.len();
        };
        if end == 0 {
            return Ok(None);
        }
        let mut rest = self.spare.take();
        rest.clear();
        rest.reserve(BLOCK + (1 << 16));
        rest.extend_from_slice(&self.held[end..]);
        self.held.truncate(end);
        let bytes = std::mem::replace(&mut self.held, rest);
        let (line, offset) = (self.line, self.offset);
        self.line += memchr::memchr_iter(b'\n', &bytes).count() as u64;
        self.offset += bytes.len() as u64;
        Ok(Some(TextBlock {
            bytes,
            line,
            offset,
        }))
    }

    /// All blocks, as an iterator.
    pub(super) fn blocks(mut self) -> impl Iterator<Item = Result<TextBlock>> {
        std::iter::from_fn(move || self.block().transpose())
    }

    fn fill(&mut self, wanted: usize) -> Result<usize> {
        let reader = &mut self.reader;
        reader
            .take(wanted as u64)
            .read_to_end(&mut self.held)
            .with_context(|| format!("{}: the file can't be read", self.path.display()))
    }
}

fn without_end(mut line: &[u8]) -> &[u8] {
    while let [rest @ .., b'\n' | b'\r'] = line {
        line = rest;
    }
    line
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn lines(content: &[u8]) -> Vec<(u64, String)> {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(content).expect("written");
        let text = Text::open(file.path()).expect("a text");
        let mut lines = Vec::new();
        for block in text.blocks() {
            let block = block.expect("a block");
            lines.extend(
                block
                    .lines()
                    .map(|(n, line)| (n, String::from_utf8_lossy(line).into_owned())),
            );
        }
        lines
    }

    #[test]
    fn lines_keep_their_numbers() {
        assert_eq!(
            lines(b"\xef\xbb\xbfa\r\n\n b\nc"),
            [(1, "a".into()), (3, " b".into()), (4, "c".into())]
        );
        assert!(lines(b"").is_empty());
        let long = format!(
            "{}\n{}\nend\n",
            "x".repeat(BLOCK + 10),
            "y".repeat(BLOCK - 7)
        );
        let found = lines(long.as_bytes());
        assert_eq!(found.iter().map(|(n, _)| *n).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(found[2].1, "end");
    }

    #[test]
    fn packed_files_are_unpacked() {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(b"a;b\n1;2\n").expect("packed");
        let packed = packed.finish().expect("packed");
        assert_eq!(lines(&packed), [(1, "a;b".into()), (2, "1;2".into())]);
    }

    #[test]
    fn blocks_go_on_where_lines_end() {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(b"\xef\xbb\xbfhead\r\n\none\ntwo")
            .expect("written");
        let mut text = Text::open(file.path()).expect("a text");
        assert_eq!(text.line().expect("read"), Some((1, b"head".to_vec())));
        assert_eq!(text.ahead().expect("read"), Some((3, b"one".to_vec())));
        let block = text.block().expect("read").expect("a block");
        assert_eq!((block.line, block.offset), (3, 10));
        assert_eq!(block.bytes, b"one\ntwo");
        assert_eq!(text.ahead().expect("read"), None);
    }
}
