//! The journal of a package: what the head did and saw, so that the next head knows.
//!
//! What is about to be done is written before, what came of it after; so a head that dies in between leaves a question, never a wrong
//! answer. Only the head writes it, and only at its end, one synced frame an event. A last frame that was not written to its end is what a
//! head left that died while writing it: nothing was done on the strength of it, and it is cut off. Damage before it is
//! refused, for what it told of jobs would be lost.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::frame::{self, FrameError, Frames, OpeningError, write_frame};
use super::ids::{ArrayNumber, BatchNumber, Epoch};
use super::segment::TaskEnd;
use super::shared_folder;
use crate::system::folder;

const KIND: &str = "journal";
/// Counted up whenever the bytes of any event change.
const VERSION: u32 = 1;

/// Something that the head did or saw. Stored: new variants come at the end, and other fields are another version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// An array is about to be submitted.
    Intend {
        /// The array.
        array: ArrayNumber,
        /// Which try it is.
        epoch: Epoch,
        /// The first of its batches.
        first: BatchNumber,
        /// How many batches it has, side by side.
        batches: u32,
        /// The time asked for, for each task, in seconds.
        seconds: u64,
        /// The memory asked for, for each task, in bytes; `None` for the engine's default.
        memory: Option<u64>,
        /// The cores asked for, for each task.
        cores: u32,
        /// The nodes that are not wanted.
        exclude: Vec<String>,
    },
    /// The engine has it.
    Got {
        /// The array.
        array: ArrayNumber,
        /// Which try it was.
        epoch: Epoch,
        /// The engine's id of the job.
        job: String,
    },
    /// The engine does not want it.
    Refused {
        /// The array.
        array: ArrayNumber,
        /// Which try it was.
        epoch: Epoch,
        /// What the engine said.
        why: String,
    },
    /// It is not known to have been submitted, and its claims are void: should it appear, it does nothing.
    Void {
        /// The array.
        array: ArrayNumber,
        /// Which try it was.
        epoch: Epoch,
    },
    /// A segment's trials are in the store.
    Merged {
        /// The segment's file name.
        segment: String,
        /// Its batch.
        batch: BatchNumber,
        /// The orders that it answers, by their places in the batch.
        done: Vec<u32>,
        /// How the task ended, if it was its last.
        end: Option<TaskEnd>,
    },
    /// A task ended without its own word: it was lost or cancelled. What it has not done is owed no more.
    Ended {
        /// Its batch.
        batch: BatchNumber,
        /// How, for people.
        how: String,
        /// Whether it had begun and was lost: by its runs' fault, if that happens again and again.
        is_loss: bool,
    },
    /// The user wants no more of it.
    Cancelled,
    /// All that was owed is in or owed no more; the package may go.
    Closed,
    /// The engine does not have a task that has not said that it ended.
    Missing {
        /// Its batch.
        batch: BatchNumber,
    },
    /// The engine has it again.
    Present {
        /// Its batch.
        batch: BatchNumber,
    },
}

/// An event with its time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When it was written, seconds since 1970.
    pub at: i64,
    /// What happened.
    pub event: Event,
}

/// Why a journal can't be gone on with.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error("it is damaged {0} bytes from its beginning")]
    Damaged(u64),
    #[error(transparent)]
    Opening(#[from] OpeningError),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// A journal that is written on.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    /// Where the next entry goes.
    end: u64,
}

impl Journal {
    /// Opens the journal at this path, or begins it in a folder that has none, and tells what is in it.
    ///
    /// # Errors
    /// With the path, and what to do: if it can't be read or written, is damaged, or another version wrote it.
    pub fn open(path: &Path) -> Result<(Self, Vec<Entry>)> {
        let context = || format!("can't open the journal {}", path.display());
        let is_there = shared_folder::shows(path).with_context(context)?;
        let mut options = File::options();
        options.read(true).write(true).mode(0o600);
        let file = if is_there {
            options.open(path)
        } else {
            options.create_new(true).open(path)
        };
        let file = file.with_context(context)?;
        let mut journal = Self {
            path: path.to_owned(),
            file,
            end: 0,
        };
        let (entries, good) = read(&journal.file).map_err(|fault| explained(fault, path))?;
        journal.end = good;
        let size = journal.file.metadata().with_context(context)?.len();
        if size > good {
            journal.cut().with_context(context)?;
        }
        if good == 0 {
            let opening = frame::opening(KIND, VERSION);
            journal.put(opening.as_bytes()).with_context(context)?;
            shared_folder::sync(folder::of(path))?;
        }
        Ok((journal, entries))
    }

    /// What is in the journal at this path, which is left as it is.
    ///
    /// # Errors
    /// With the path: if it can't be read, is damaged, or another version wrote it.
    pub fn read(path: &Path) -> Result<Vec<Entry>> {
        let context = || format!("can't open the journal {}", path.display());
        let file = File::open(path).with_context(context)?;
        let (entries, _) = read(&file).map_err(|fault| explained(fault, path))?;
        Ok(entries)
    }

    /// What is in a journal of these bytes, up to where it was not written to its end; `None` if it is damaged or of another version.
    pub fn parse(bytes: impl Read) -> Option<Vec<Entry>> {
        read(bytes).ok().map(|(entries, _)| entries)
    }

    /// Adds an event at this time; it is on the disk when this returns.
    ///
    /// # Errors
    /// With the path, if it can't be written to the disk. The journal is what it was before, then, and can be tried again.
    pub fn append(&mut self, event: &Event) -> Result<()> {
        let at = Timestamp::now().as_second();
        let context = || format!("can't write the journal {}", self.path.display());
        let content = frame::encode(&(at, event)).with_context(context)?;
        let mut bytes = Vec::new();
        write_frame(&mut bytes, &content).with_context(context)?;
        self.put(&bytes)
            .with_context(|| format!("can't write the journal {}", self.path.display()))
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        let written = self.file.write_all_at(bytes, self.end);
        match written.and_then(|()| self.file.sync_data()) {
            Ok(()) => {
                self.end += bytes.len() as u64;
                Ok(())
            }
            Err(error) => {
                // Where even this fails, the next head finds a last frame that is not whole, or an event without consequences.
                self.cut().ok();
                Err(error)
            }
        }
    }

    /// Cuts off what stands behind the last whole frame.
    fn cut(&self) -> io::Result<()> {
        self.file.set_len(self.end)?;
        self.file.sync_data()
    }
}

/// The entries of a journal, and how many bytes of it are whole: 0 if not even its opening line is.
fn read(file: impl Read) -> Result<(Vec<Entry>, u64), Unusable> {
    let mut reader = BufReader::new(file);
    match frame::read_opening(&mut reader, KIND, VERSION..=VERSION) {
        Ok(_) => {}
        Err(OpeningError::Torn) => {
            let mut rest = Vec::new();
            reader.read_to_end(&mut rest)?;
            let is_unwritten = rest.iter().all(|&byte| byte == 0);
            return match is_unwritten {
                true => Ok((Vec::new(), 0)),
                false => Err(Unusable::Damaged(0)),
            };
        }
        Err(error) => return Err(error.into()),
    }
    let start = frame::opening(KIND, VERSION).len() as u64;
    let mut frames = Frames::new(reader);
    let mut entries = Vec::new();
    let mut good = start;
    while let Some(content) = frames.next() {
        let content = match content {
            Ok(content) => content,
            Err(FrameError::Torn) => break,
            Err(FrameError::Damaged) => return Err(Unusable::Damaged(good)),
            Err(FrameError::Io(error)) => return Err(error.into()),
        };
        let decoded = frame::decode(&content).map_err(|_| Unusable::Damaged(good))?;
        let (at, event) = decoded;
        entries.push(Entry { at, event });
        good = start + frames.good();
    }
    Ok((entries, good))
}

/// What is wrong, and what to do about it.
fn explained(fault: Unusable, path: &Path) -> anyhow::Error {
    let (path, folder) = (path.display(), folder::of(path));
    let id = folder.file_name().unwrap_or_default().display();
    let folder = folder.display();
    let otherwise = match &fault {
        Unusable::Io(_) | Unusable::Opening(OpeningError::Io(_)) => {
            return anyhow!("can't read the journal {path}: {fault}");
        }
        Unusable::Opening(OpeningError::OtherVersion(_)) => {
            "go on with the version that began it, or "
        }
        Unusable::Damaged(_) | Unusable::Opening(_) => "",
    };
    anyhow!(
        "can't go on with the journal {path}: {fault}; {otherwise}end the jobs whose names begin with rr-{id}, remove the folder \
         {folder}, and run again: what had not been taken in is run once more"
    )
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn events() -> Vec<Event> {
        let (array, epoch, batch) = (ArrayNumber(0), Epoch(1), BatchNumber(3));
        vec![
            Event::Intend {
                array,
                epoch,
                first: BatchNumber(0),
                batches: 500,
                seconds: 3600,
                memory: Some(4 << 30),
                cores: 16,
                exclude: vec!["node7".to_owned()],
            },
            Event::Got {
                array,
                epoch,
                job: "8123456".to_owned(),
            },
            Event::Refused {
                array,
                epoch,
                why: "“no such partition”".to_owned(),
            },
            Event::Void { array, epoch },
            Event::Merged {
                segment: "3.8-0-0-0123abcd.0".to_owned(),
                batch,
                done: vec![0, 7, 30_000],
                end: Some(TaskEnd::Done),
            },
            Event::Ended {
                batch,
                how: "lost".to_owned(),
                is_loss: true,
            },
            Event::Cancelled,
            Event::Closed,
        ]
    }

    /// A journal of some events in a folder of its own, and its bytes.
    fn journal(events: &[Event]) -> (tempfile::TempDir, PathBuf, Vec<u8>) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("journal");
        let (mut begun, entries) = Journal::open(&path).expect("begun");
        assert!(entries.is_empty());
        for event in events {
            begun.append(event).expect("written");
        }
        let bytes = fs::read(&path).expect("there");
        match bytes.last() {
            // One in 256: its last checksum ends with a zero, which is told from one that was torn by nothing. The times are
            // part of it, and in a second they are others.
            Some(0) => {
                std::thread::sleep(std::time::Duration::from_secs(1));
                journal(events)
            }
            _ => (folder, path, bytes),
        }
    }

    fn told(entries: Vec<Entry>) -> Vec<Event> {
        assert!(entries.iter().all(|entry| entry.at > 1_700_000_000));
        entries.into_iter().map(|entry| entry.event).collect()
    }

    #[test]
    fn what_was_written_is_told_to_the_next_head() {
        let (_folder, path, _) = journal(&events());
        assert_eq!(told(Journal::read(&path).expect("read")), events());
        let (mut journal, entries) = Journal::open(&path).expect("opened");
        assert_eq!(told(entries), events());
        journal.append(&Event::Closed).expect("written");
        let all = told(Journal::read(&path).expect("read"));
        assert_eq!(all, [events(), vec![Event::Closed]].concat());
    }

    #[test]
    fn a_torn_tail_is_cut_off_wherever_it_is_torn() {
        let (_folder, path, bytes) = journal(&events());
        let (_other, _, shorter) = journal(&events()[..7]);
        for cut in 0..bytes.len() {
            for torn in [
                &bytes[..cut],
                &[&bytes[..cut], &vec![0; bytes.len() - cut]].concat(),
            ] {
                fs::write(&path, torn).expect("written");
                let before = told(Journal::read(&path).expect("read"));
                assert_eq!(fs::read(&path).expect("there"), torn);
                assert!(events().starts_with(&before) && before.len() < 8);
                assert!(cut < shorter.len() || before.len() == 7);
                let (mut journal, entries) = Journal::open(&path).expect("opened");
                assert_eq!(told(entries), before);
                journal.append(&Event::Cancelled).expect("written");
                let all = told(Journal::read(&path).expect("read"));
                assert_eq!(all, [before, vec![Event::Cancelled]].concat());
            }
        }
    }

    #[test]
    fn damage_is_refused_with_path_and_remedy() {
        let (folder, path, bytes) = journal(&events());
        let opening = frame::opening(KIND, VERSION).len();
        for place in 0..bytes.len() {
            let mut bad = bytes.clone();
            bad[place] ^= 0x10;
            fs::write(&path, &bad).expect("written");
            let error = Journal::open(&path).expect_err("damaged").to_string();
            let start = format!("can't go on with the journal {}: it is ", path.display());
            assert!(error.starts_with(&start), "{error}");
            let remedy = format!(
                "remove the folder {}, and run again",
                folder.path().display()
            );
            assert!(error.contains(&remedy), "{error}");
            assert_eq!(error.contains("damaged"), place >= opening, "{error}");
            assert_eq!(fs::read(&path).expect("there"), bad, "it is left as it was");
            Journal::read(&path).expect_err("damaged");
        }
        let zeroed = [&[0; 100], &bytes[100..]].concat();
        fs::write(&path, &zeroed).expect("written");
        Journal::open(&path).expect_err("its beginning is gone");
        fs::write(&path, "rerunoff journal 2\n").expect("written");
        let error = Journal::open(&path)
            .expect_err("another version")
            .to_string();
        assert!(
            error.contains("go on with the version that began it"),
            "{error}"
        );
    }

    #[test]
    fn what_cannot_be_written_leaves_the_journal_as_it_was() {
        let (_folder, path, bytes) = journal(&events());
        let (mut journal, _) = Journal::open(&path).expect("opened");
        // Half an entry, as a full disk leaves it.
        journal
            .file
            .write_all_at(&bytes[20..60], journal.end)
            .expect("written");
        let writable = std::mem::replace(&mut journal.file, File::open(&path).expect("opened"));
        let error = format!(
            "{:#}",
            journal.append(&Event::Closed).expect_err("read-only")
        );
        let start = format!("can't write the journal {}: ", path.display());
        assert!(error.starts_with(&start), "{error}");
        journal.file = writable;
        journal.cut().expect("cut");
        assert_eq!(fs::read(&path).expect("there"), bytes);
        journal.append(&Event::Closed).expect("written");
        assert_eq!(Journal::read(&path).expect("read").len(), 9);
        assert!(Journal::open(Path::new("/nowhere/journal")).is_err());
    }

    proptest! {
        #[test]
        fn any_frames_are_events_or_refused(contents in vec(vec(any::<u8>(), 0..40), 0..4)) {
            let mut bytes = frame::opening(KIND, VERSION).into_bytes();
            for content in &contents {
                write_frame(&mut bytes, content).expect("written");
            }
            if let Some(entries) = Journal::parse(bytes.as_slice()) {
                prop_assert_eq!(entries.len(), contents.len());
            }
        }
    }
}
