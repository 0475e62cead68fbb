//! How many simulators may be at work at once: a share of the jobs of `make -j` or of this machine's cores, or a fixed number.
//!
//! A worker takes a slot before it starts a simulator and gives it back afterwards. Where the right to it comes from is known here;
//! how it is got is known to [make's pipe](super::pipe) and to the [cores](super::cores) that callers share.

use std::io;
use std::path::Path;

use crate::system::jobserver::cores::{Core, Cores};
use crate::system::jobserver::makeflags::MakeFlags;
use crate::system::jobserver::pipe::{Jobserver, Token};
use crate::system::process::Interrupt;

/// Where the right to run a simulator comes from.
#[derive(Debug)]
pub struct Slots {
    most: usize,
    source: Source,
}

#[derive(Debug)]
enum Source {
    /// Nobody is asked.
    Free,
    /// A job of make's.
    Make(Jobserver),
    /// A core, which is waited for while another caller has it.
    Cores(Cores),
    /// A core if there is one, so that others wait for it; else nobody is asked.
    CoresOrNot(Cores),
}

/// The right to run one simulator, given back when it is dropped.
#[derive(Debug, Default)]
pub struct Slot<'a> {
    _token: Option<Token<'a>>,
    _core: Option<Core<'a>>,
}

impl Slots {
    /// This many, whatever make and other callers do.
    pub fn fixed(most: usize) -> Self {
        let source = Source::Free;
        Self { most, source }
    }

    /// This many, whatever make and other callers do; but those that share the cores in this file wait for these.
    pub fn insisting(most: usize, cores: &Path, all_cores: usize) -> Self {
        let source = Cores::open(cores, all_cores).map_or(Source::Free, Source::CoresOrNot);
        Self { most, source }
    }

    /// A share of make's jobs if it offers any, at most N of its `-j N`; else a share of so many cores with all that have
    /// them in the same file.
    ///
    /// # Errors
    /// If make names a jobserver that can't be reached, as it does for recipe lines without a `+`.
    pub fn shared(flags: &MakeFlags, cores: &Path, all_cores: usize) -> io::Result<Self> {
        let Some(auth) = &flags.auth else {
            return Ok(Self::of_cores(cores, all_cores));
        };
        Ok(Self {
            most: flags.jobs.unwrap_or(all_cores),
            source: Source::Make(Jobserver::open(auth)?),
        })
    }

    /// A share of so many cores with all that have them in this file; where no such file can be, all of them.
    pub fn of_cores(cores: &Path, all_cores: usize) -> Self {
        Self {
            most: all_cores,
            source: Cores::open(cores, all_cores).map_or(Source::Free, Source::Cores),
        }
    }

    /// The most slots that there can be at once.
    pub fn most(&self) -> usize {
        self.most
    }

    /// Whether they are shared with make's other jobs.
    pub fn are_of_make(&self) -> bool {
        matches!(self.source, Source::Make(_))
    }

    /// Waits for a slot; `None` if interrupted. For `most` threads at most.
    pub fn take(&self, interrupt: &Interrupt) -> Option<Slot<'_>> {
        match &self.source {
            Source::Make(make) => make.take(interrupt).map(Slot::from),
            Source::Cores(cores) => cores.take(interrupt).map(Slot::from),
            Source::Free | Source::CoresOrNot(_) => self.try_take(),
        }
    }

    /// As many slots as are available without waiting, for work that can be done by any number of threads.
    pub fn at_hand(&self) -> Vec<Slot<'_>> {
        (0..self.most).map_while(|_| self.try_take()).collect()
    }

    fn try_take(&self) -> Option<Slot<'_>> {
        match &self.source {
            Source::Free => Some(Slot::default()),
            Source::Make(make) => make.try_take().map(Slot::from),
            Source::Cores(cores) => cores.try_take().map(Slot::from),
            Source::CoresOrNot(cores) => Some(cores.try_take().map(Slot::from).unwrap_or_default()),
        }
    }
}

impl<'a> From<Token<'a>> for Slot<'a> {
    fn from(token: Token<'a>) -> Self {
        Self {
            _token: Some(token),
            _core: None,
        }
    }
}

impl<'a> From<Core<'a>> for Slot<'a> {
    fn from(core: Core<'a>) -> Self {
        Self {
            _token: None,
            _core: Some(core),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{Read, Write};
    use std::thread;
    use std::time::Duration;

    use super::*;
    use crate::system::jobserver::makeflags::Auth;
    use crate::system::jobserver::pipe::open_fifo;

    /// A jobserver with these tokens besides the implicit one, and its pipe.
    fn jobserver(tokens: &[u8]) -> (tempfile::TempDir, File, Slots) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("fifo");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &path,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RWXU,
            0,
        )
        .expect("a fifo");
        let mut pipe = open_fifo(&path, true, true).expect("opens");
        pipe.write_all(tokens).expect("written");
        let flags = MakeFlags {
            jobs: Some(4),
            auth: Some(Auth::Fifo(path)),
            pretend: false,
        };
        let slots = Slots::shared(&flags, Path::new("cores"), 2).expect("reachable");
        (folder, pipe, slots)
    }

    fn left(pipe: &File) -> Vec<u8> {
        let mut bytes = vec![0; 16];
        let length = (&*pipe).read(&mut bytes).unwrap_or(0);
        bytes.truncate(length);
        bytes
    }

    #[test]
    fn the_implicit_token_is_used_first_and_freed_last() {
        let (_folder, pipe, slots) = jobserver(b"a");
        let interrupt = Interrupt::new().expect("an interrupt");
        let first = slots.take(&interrupt).expect("the implicit one");
        let second = slots.take(&interrupt).expect("the byte");
        assert_eq!(left(&pipe), b"");
        drop(first);
        assert_eq!(
            left(&pipe),
            b"a",
            "the one still at work has the implicit token now"
        );
        drop(second);
        assert_eq!(left(&pipe), b"", "which goes into no pipe");
        assert_eq!(slots.at_hand().len(), 1);
    }

    #[test]
    fn what_is_at_hand_is_no_more_than_there_is() {
        let (_folder, pipe, slots) = jobserver(b"+-abc");
        let hands = slots.at_hand();
        assert_eq!(hands.len(), 4, "-j4");
        drop(hands);
        let mut bytes = left(&pipe);
        bytes.sort();
        assert_eq!(bytes, b"+-abc");
        assert_eq!(Slots::fixed(3).at_hand().len(), 3);
    }

    #[test]
    fn who_waits_is_woken_by_a_token_or_an_interrupt() {
        let (_folder, mut pipe, slots) = jobserver(b"");
        let interrupt = Interrupt::new().expect("an interrupt");
        let implicit = slots.take(&interrupt).expect("the implicit one");
        thread::scope(|scope| {
            let waiting = scope.spawn(|| slots.take(&interrupt).is_some());
            thread::sleep(Duration::from_millis(20));
            pipe.write_all(b"x").expect("written");
            assert!(waiting.join().expect("no panic"));
            assert_eq!(left(&pipe), b"x");
            let waiting = scope.spawn(|| slots.take(&interrupt).is_none());
            thread::sleep(Duration::from_millis(20));
            interrupt.trigger();
            assert!(waiting.join().expect("no panic"));
        });
        drop(implicit);
    }

    #[test]
    fn a_jobserver_that_was_not_handed_on_is_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        let cores = folder.path().join("cores");
        let of = |flags: &str| Slots::shared(&MakeFlags::parse(flags), &cores, 2);
        assert!(of(" -j4 --jobserver-auth=8765,8766").is_err(), "closed");
        assert!(of(" -j4 --jobserver-auth=fifo:/no/such/fifo").is_err());
        assert!(
            of(" -j4 --jobserver-auth=fifo:/dev/null").is_err(),
            "no pipe"
        );
        let alone = of("k").expect("no jobserver");
        assert!(alone.most() == 2 && !alone.are_of_make());
    }

    #[test]
    fn cores_are_shared_and_who_says_how_many_does_not_wait() {
        let folder = tempfile::tempdir().expect("a folder");
        let cores = folder.path().join("cores");
        let (one, other) = (Slots::of_cores(&cores, 2), Slots::of_cores(&cores, 2));
        let insisting = Slots::insisting(5, &cores, 2);
        let held = insisting.at_hand();
        assert_eq!((held.len(), one.at_hand().len()), (5, 0));
        drop(held);
        let held = one.at_hand();
        assert_eq!((held.len(), other.at_hand().len()), (2, 0));
        assert_eq!(insisting.at_hand().len(), 5);
        drop(held);
        assert_eq!(other.at_hand().len(), 2);
        let nowhere = Slots::of_cores(&folder.path().join("none/cores"), 2);
        assert_eq!(nowhere.at_hand().len(), 2, "alone");
    }
}
