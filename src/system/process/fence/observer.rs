//! Who looks at the calls that a filter holds up, and answers them.
//!
//! A path is read from the memory of the thread that asks, and followed as the kernel will: from its working directory, its
//! descriptors and its own `/proc/self`. What can't be read is let through, since the kernel decides on all but changes.
//!
//! What counts as asked for outside of the fence is what would have been there without it: regular files to read that are there and
//! that the user may read, places to write to that the user may write to. Programs look for many files that are not there.

use std::ffi::OsString;
use std::fs::{self, File};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Component, Path, PathBuf};

use rustix::fs::access;

use super::calls::{Call, Deed, Name, known};
use super::filter::{Answer, Listener, Notice};
use super::{Access, Fence, Seen, Trespass, is_below, rules};
use crate::system::process::interpreter;

/// How many trespasses of one run are kept.
const MOST: usize = 64;

/// How long a path may be.
const LONGEST: usize = 4096;

/// A fence by paths without links.
pub(super) struct Observer {
    readable: Option<Vec<PathBuf>>,
    writable: Vec<PathBuf>,
    network: bool,
    seen: Seen,
}

impl Observer {
    /// For a child with this fence and working directory. It tells `seen` what it sees.
    pub(super) fn new(fence: &Fence, directory: &Path, seen: Seen) -> Self {
        let real = |paths: &[PathBuf]| -> Vec<PathBuf> {
            let paths = paths.iter().filter_map(|path| path.canonicalize().ok());
            paths.collect()
        };
        let mut writable = real(&fence.writable);
        writable.extend(directory.canonicalize());
        writable.extend(real(&rules::devices()));
        // What is read is looked at only where all is observed. There may be a fence for each run, and many files in it.
        let readable = fence.readable.as_deref().filter(|_| fence.observed);
        Self {
            readable: readable.map(real),
            writable,
            network: fence.network,
            seen,
        }
    }

    /// Answers calls until no more can come.
    pub(super) fn watch(&self, listener: &Listener) {
        while let Ok(Some(notice)) = listener.next() {
            let looked = self.look(&notice);
            let mut answer = Answer::GoOn;
            if let Some(looked) = looked.filter(|_| listener.is_waiting(&notice)) {
                for trespass in &looked.trespasses {
                    if trespass.access == Access::Change {
                        answer = Answer::NotPermitted;
                    }
                }
                self.enter(looked);
            }
            listener.answer(&notice, answer);
        }
    }

    fn enter(&self, looked: Looked) {
        let mut seen = self.seen.lock();
        // Fortran opens for reading and writing, and for reading if that is refused.
        if let Some(path) = looked.read {
            seen.retain(|other| other.access != Access::Write || other.path != path);
        }
        for trespass in looked.trespasses {
            if seen.len() < MOST && !seen.contains(&trespass) {
                seen.push(trespass);
            }
        }
    }

    /// What a call asks for.
    fn look(&self, notice: &Notice) -> Option<Looked> {
        let call = known(notice.number)?;
        let caller = Caller(notice.thread);
        let mut looked = Looked::default();
        if let Deed::Connect { address } = call.deed {
            let family = caller.read(notice.arguments[address], 2)?;
            let family = u16::from_ne_bytes(family.try_into().ok()?);
            let is_internet = [libc::AF_INET, libc::AF_INET6].contains(&family.into());
            if is_internet && !self.network {
                looked.add(Access::Network, PathBuf::new());
            }
            return Some(looked);
        }
        for name in call.names {
            if let Some(path) = caller.path(*name, &notice.arguments) {
                self.judge(call, notice, caller, path, &mut looked);
            }
        }
        Some(looked)
    }

    fn judge(
        &self,
        call: &Call,
        notice: &Notice,
        caller: Caller,
        path: PathBuf,
        looked: &mut Looked,
    ) {
        let flags = match call.deed {
            Deed::Change => {
                // Sockets and the like have no path.
                if path.is_absolute() && !is_below(&path, &self.writable) {
                    looked.add(Access::Change, path);
                }
                return;
            }
            Deed::Modify => return self.judge_writing(path, looked),
            Deed::Execute => {
                let named = interpreter(&path).and_then(|path| path.canonicalize().ok());
                if let Some(interpreter) = named {
                    self.judge_reading(interpreter, looked);
                }
                return self.judge_reading(path, looked);
            }
            Deed::Connect { .. } => return,
            #[cfg(target_arch = "x86_64")]
            Deed::Create => libc::O_CREAT | libc::O_WRONLY | libc::O_TRUNC,
            Deed::Open { flags } => notice.arguments[flags] as i32,
            Deed::OpenHow { how } => match caller.read(notice.arguments[how], 8) {
                Some(bytes) => i32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]),
                None => return,
            },
        };
        if flags & libc::O_PATH != 0 {
            return;
        }
        let access = flags & libc::O_ACCMODE;
        if access != libc::O_WRONLY && path.is_file() {
            let outside = looked.trespasses.len();
            self.judge_reading(path.clone(), looked);
            if looked.trespasses.len() > outside {
                return;
            }
            if access == libc::O_RDONLY {
                looked.read = Some(path.clone());
            }
        }
        if access != libc::O_RDONLY || flags & (libc::O_CREAT | libc::O_TRUNC) != 0 {
            let makes = flags & libc::O_CREAT != 0;
            if path.exists() && access == libc::O_RDONLY && flags & libc::O_TRUNC == 0 {
                return;
            }
            if makes || path.exists() {
                self.judge_writing(path, looked);
            }
        }
    }

    /// Tells of an existing file that is outside and that the user may read.
    fn judge_reading(&self, path: PathBuf, looked: &mut Looked) {
        let Some(readable) = &self.readable else {
            return;
        };
        let is_inside = is_below(&path, readable) || is_below(&path, &self.writable);
        if !is_inside && path.is_file() && access(&path, rustix::fs::Access::READ_OK).is_ok() {
            looked.add(Access::Read, path);
        }
    }

    /// Tells of a place that is outside and that the user may write to.
    fn judge_writing(&self, path: PathBuf, looked: &mut Looked) {
        if is_below(&path, &self.writable) {
            return;
        }
        let place = match (path.exists(), path.parent()) {
            (false, Some(parent)) => parent,
            _ => path.as_path(),
        };
        let is_of_kernel = ["/proc", "/sys"]
            .iter()
            .any(|kernel| path.starts_with(kernel));
        if !is_of_kernel && access(place, rustix::fs::Access::WRITE_OK).is_ok() {
            looked.add(Access::Write, path);
        }
    }
}

/// What came of looking at a call.
#[derive(Default)]
struct Looked {
    trespasses: Vec<Trespass>,
    /// A file inside of the fence that is opened to be read.
    read: Option<PathBuf>,
}

impl Looked {
    fn add(&mut self, access: Access, path: PathBuf) {
        self.trespasses.push(Trespass { access, path });
    }
}

/// A thread that waits in a call.
#[derive(Clone, Copy)]
struct Caller(u32);

impl Caller {
    /// So many bytes of its memory.
    fn read(self, address: u64, length: usize) -> Option<Vec<u8>> {
        let memory = File::open(format!("/proc/{}/mem", self.0)).ok()?;
        let mut bytes = vec![0; length];
        memory.read_exact_at(&mut bytes, address).ok()?;
        Some(bytes)
    }

    /// The text in its memory up to a NUL.
    fn text(self, address: u64) -> Option<PathBuf> {
        let memory = File::open(format!("/proc/{}/mem", self.0)).ok()?;
        let mut bytes = vec![0; LONGEST];
        let mut read = 0;
        // What lies beyond may be no memory of its own.
        while read < LONGEST {
            let found = memory
                .read_at(&mut bytes[read..], address + read as u64)
                .ok()?;
            let end = bytes[read..read + found].iter().position(|byte| *byte == 0);
            if let Some(end) = end {
                bytes.truncate(read + end);
                return Some(OsString::from_vec(bytes).into());
            }
            if found == 0 {
                return None;
            }
            read += found;
        }
        None
    }

    /// The file that a call names, without links.
    fn path(self, name: Name, arguments: &[u64; 6]) -> Option<PathBuf> {
        let at_cwd = libc::AT_FDCWD as u64;
        let (folder, path, follow) = match name {
            Name::Descriptor(number) => return self.descriptor(arguments[number]),
            Name::Path(path) => (at_cwd, arguments[path], true),
            Name::Link(path) => (at_cwd, arguments[path], false),
            Name::At(folder, path) => (arguments[folder], arguments[path], true),
            Name::LinkAt(folder, path) => (arguments[folder], arguments[path], false),
            Name::AtWith(folder, path, flags) => {
                let follow = arguments[flags] & libc::AT_SYMLINK_NOFOLLOW as u64 == 0;
                (arguments[folder], arguments[path], follow)
            }
        };
        let text = match path {
            0 => PathBuf::new(),
            address => self.text(address)?,
        };
        if text.as_os_str().is_empty() {
            return self.descriptor(folder);
        }
        let text = self.own(text);
        let text = match text.is_absolute() {
            true => text,
            false if folder as i32 == libc::AT_FDCWD => self.link("cwd")?.join(text),
            false => self.descriptor(folder)?.join(text),
        };
        resolve(&text, follow)
    }

    /// A path that means this thread's own things, as others see it.
    fn own(self, text: PathBuf) -> PathBuf {
        let process = PathBuf::from(format!("/proc/{}", self.0));
        for (start, place) in [
            ("/proc/self", process.clone()),
            ("/proc/thread-self", process.clone()),
            ("/dev/fd", process.join("fd")),
            ("/dev/stdin", process.join("fd/0")),
            ("/dev/stdout", process.join("fd/1")),
            ("/dev/stderr", process.join("fd/2")),
        ] {
            if let Ok(rest) = text.strip_prefix(start) {
                return match rest.as_os_str().is_empty() {
                    true => place,
                    false => place.join(rest),
                };
            }
        }
        text
    }

    /// What a descriptor leads to.
    fn descriptor(self, number: u64) -> Option<PathBuf> {
        match number as i32 {
            libc::AT_FDCWD => self.link("cwd"),
            number => {
                let name = format!("fd/{number}");
                // What has no name any more is nobody's: pieces of memory, files that were removed.
                let found = fs::metadata(format!("/proc/{}/{name}", self.0)).ok()?;
                self.link(&name).filter(|_| found.nlink() > 0)
            }
        }
    }

    fn link(self, name: &str) -> Option<PathBuf> {
        fs::read_link(format!("/proc/{}/{name}", self.0)).ok()
    }
}

/// A path without links, whose last part need not be there, and is not followed unless that is wanted.
fn resolve(path: &Path, follow: bool) -> Option<PathBuf> {
    if follow && let Ok(real) = path.canonicalize() {
        return Some(real);
    }
    match (path.parent(), path.components().next_back()) {
        (Some(parent), Some(Component::Normal(name))) => {
            let place = parent.canonicalize().ok()?.join(name);
            // A link to what is not there: it would be made where the link leads.
            match fs::read_link(&place) {
                Ok(target) if follow => {
                    let target = place.parent()?.join(target);
                    Some(
                        target
                            .parent()?
                            .canonicalize()
                            .ok()?
                            .join(target.file_name()?),
                    )
                }
                _ => Some(place),
            }
        }
        _ => path.canonicalize().ok(),
    }
}
