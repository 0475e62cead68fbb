//! The files that a run left in its work directory, read with bounds: a simulator may write anything of any size.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use memchr::memmem;

use crate::execute::local::work_directory::PRINTED_FILES;
use crate::system::regular;

/// An output file beyond this size is refused: it would not be one catchment's.
const LARGEST_OUTPUT: u64 = 256 << 20;

/// How much of what a simulator printed is kept in the store.
const TAIL: u64 = 4096;

/// The size of a file, without opening it: most simulators print nothing, and a look is all that this takes.
pub(crate) fn size(path: &Path) -> Option<u64> {
    let found = fs::metadata(path).ok()?;
    found.is_file().then_some(found.len())
}

/// The last lines of what a simulator printed on both streams.
pub(crate) fn tail(work: &Path) -> String {
    let end = |name| -> io::Result<Vec<u8>> {
        let path = work.join(name);
        if size(&path) == Some(0) {
            return Ok(Vec::new());
        }
        let mut file = regular::open(&path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL / 2)))?;
        let mut bytes = Vec::new();
        file.take(TAIL / 2).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    // A simulator may remove even these; then there is nothing to keep.
    let bytes: Vec<u8> = PRINTED_FILES
        .into_iter()
        .flat_map(|name| end(name).unwrap_or_default())
        .collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The last line that a simulator printed that is not blank: on standard error, or else on standard output.
pub(crate) fn last_line(work: &Path) -> Option<String> {
    let [stdout, stderr] = PRINTED_FILES;
    [stderr, stdout].into_iter().find_map(|name| {
        let mut file = regular::open(&work.join(name)).ok()?;
        let length = file.metadata().ok()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))
            .ok()?;
        let mut bytes = Vec::new();
        file.take(TAIL).read_to_end(&mut bytes).ok()?;
        let text = printable_lines(&String::from_utf8_lossy(&bytes));
        let last = text
            .lines()
            .rev()
            .map(str::trim)
            .find(|line| !line.is_empty())?;
        Some(last.chars().take(200).collect())
    })
}

/// The first of the phrases that a file contains, with its line; read in blocks, so that its size does not matter.
pub(crate) fn find_any(path: &Path, phrases: &[String]) -> Option<(String, String)> {
    const BLOCK: usize = 1 << 16;
    let longest = phrases.iter().map(String::len).max()?;
    let mut file = regular::open(path).ok()?;
    let mut block = vec![0; BLOCK + longest + 256];
    let mut overlap = 0;
    loop {
        let read = file.read(&mut block[overlap..]).ok()?;
        let filled = &block[..overlap + read];
        for phrase in phrases {
            if let Some(at) = memmem::find(filled, phrase.as_bytes()) {
                return Some((phrase.clone(), line_around(filled, at)));
            }
        }
        if read == 0 {
            return None;
        }
        // A phrase may lie across two blocks, so the end of one is looked at again with the next.
        overlap = (longest + 200).min(filled.len());
        let end = filled.len();
        block.copy_within(end - overlap..end, 0);
    }
}

fn line_around(text: &[u8], at: usize) -> String {
    let start = memchr::memrchr(b'\n', &text[..at])
        .map_or(0, |newline| newline + 1)
        .max(at.saturating_sub(200));
    let end = memchr::memchr(b'\n', &text[at..])
        .map_or(text.len(), |length| at + length)
        .min(at + 200);
    printable(&String::from_utf8_lossy(&text[start..end.max(at)]))
        .trim()
        .to_owned()
}

/// A text without what only a terminal understands, so that it can go into a file or a message: colours and the like
/// (control sequences after ECMA-48, `ESC [ … letter`) are left out, other control characters become spaces.
fn printable(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        if character == '\u{1b}' && rest.next_if_eq(&'[').is_some() {
            let is_final = |character: &char| ('@'..='~').contains(character);
            let _ = rest.by_ref().find(is_final);
        } else if character.is_control() {
            plain.push(' ');
        } else {
            plain.push(character);
        }
    }
    plain
}

/// The same, line by line.
fn printable_lines(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(printable).collect();
    lines.join("\n")
}

/// An output file, open; an error says that it is not there, or what is.
pub(crate) fn is_there(path: &Path) -> io::Result<File> {
    regular::open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => io::Error::other("was not written"),
        _ => error,
    })
}

/// The whole of an output file, unless it is no file or too large to be one catchment's.
pub(crate) fn read_output(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = is_there(path)?;
    let size = file.metadata()?.len();
    if size > LARGEST_OUTPUT {
        return Err(io::Error::other(format!(
            "has {size} bytes; more than {LARGEST_OUTPUT} are refused"
        )));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn colours_and_bells_stay_out_of_messages() {
        let of = printable;
        assert_eq!(
            of("\u{1b}[1;31m[Error]\u{1b}[0m: é\ta\u{7}"),
            "[Error]: é a "
        );
        assert_eq!(of("\u{1b}[31"), "", "cut off");
    }

    #[test]
    fn a_phrase_across_two_blocks_is_found_with_its_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("out");
        for lead in [0, 65_500, 65_530, 65_536, 66_000, 131_070] {
            let text = format!("{}\nhere [Error]: no plug-in\nrest", "x".repeat(lead));
            fs::write(&path, text).expect("written");
            let (phrase, line) =
                find_any(&path, &["not valid".to_owned(), "[Error]".to_owned()]).expect("found");
            assert_eq!(
                (phrase.as_str(), line.as_str()),
                ("[Error]", "here [Error]: no plug-in")
            );
        }
        assert!(find_any(&path, &["absent".to_owned()]).is_none());
        assert!(find_any(&path, &[]).is_none());
    }
}
