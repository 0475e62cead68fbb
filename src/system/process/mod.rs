//! One child process: started, watched, stopped if necessary, and reaped with everything that it has spawned.
//!
//! Knows nothing of catchments, of what the child computes or whether it did well. The rules:
//!
//! - A [`Guard`], a separate process, stands between a worker and the children that it starts one after the other. When
//!   rerunoff ends, by whatever signal, the guard ends what is running.
//! - Every child leads a process group of its own. Whatever ends it, the whole group is killed while its leader is still a
//!   zombie: until the leader is reaped its id cannot be reused, so no other process can be hit. What left the group by
//!   `setsid` or a second fork falls to the guard when its parent ends, and is killed as well.
//! - Nothing is polled: one `poll(2)` waits for the guard's report, the [`Interrupt`] and the deadline at once.
//! - Standard output and error go to files. A pipe would need a thread to drain it, and would stay open for as long as some
//!   grandchild holds it.
//! - There is no `pre_exec`, and the program is found before it is started: so `posix_spawn` is used, by a small process.
//! - The environment is exactly what the caller lists, and no file is open but standard input, output and error.
//! - A child with a [`fence`] reads, writes and reaches what that says, and so does all that it starts.
//! - No file that a child writes grows beyond a stated size, so that no child can fill the disk with one.

mod child;
mod command;
mod ended;
pub(crate) mod fence;
mod guard;
mod interrupt;
mod message;
pub(crate) mod pager;
mod server;
pub(crate) mod tasks;
#[cfg(test)]
mod tests;

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use rustix::event::Timespec;

pub(crate) use command::{Answer, Call};
pub(crate) use guard::{Guard, VERB as GUARD_VERB};
pub(crate) use interrupt::Interrupt;
pub(crate) use server::serve;

use self::fence::{Fence, Trespass};
use crate::data::run_cost::RunCost;
use crate::system::regular;

/// How long children have between TERM and KILL after an interrupt, at most, so that Ctrl-C takes effect within two seconds.
const GRACE_AFTER_INTERRUPT: Duration = Duration::from_secs(1);

/// How much of a script's first line the kernel reads.
const LONGEST_FIRST_LINE: u64 = 256;

/// What to start and where.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Invocation<'a> {
    /// The program: a path (a relative one starts in `directory`), or a bare name that `PATH` of `environment` finds.
    /// The child sees it as its `argv[0]` as it stands here.
    pub program: &'a OsStr,
    /// The arguments after the program.
    pub arguments: &'a [OsString],
    /// The child's working directory.
    pub directory: &'a Path,
    /// All of the child's environment.
    pub environment: &'a [(OsString, OsString)],
    /// File for its standard output, made or emptied.
    pub stdout: &'a Path,
    /// File for its standard error, made or emptied; may be the same as `stdout`.
    pub stderr: &'a Path,
    /// Whether both files are added to, in place of being emptied.
    pub appends: bool,
    /// How long it may run; `None` for ever.
    pub timeout: Option<Duration>,
    /// How long its group has between TERM and KILL when the time is up.
    pub grace: Duration,
    /// No file that it writes may grow beyond so many bytes. The kernel sees to it: it sends XFSZ, or to a program that ignores
    /// that tells an error.
    pub largest_file: u64,
    /// What it may reach; `None`: all that its user may.
    pub fence: Option<&'a Fence>,
}

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// By itself, with this exit code.
    Exited(i32),
    /// By this signal, sent by another process or by the kernel (11: segmentation fault).
    Signalled(i32),
    /// Stopped because its time limit had passed.
    TimedOut,
    /// Stopped, or not even started, because of the [`Interrupt`].
    Interrupted,
}

impl End {
    /// As its status tells it.
    fn by_itself(status: ExitStatus) -> Self {
        match status.code() {
            Some(code) => Self::Exited(code),
            None => Self::Signalled(status.signal().unwrap_or(0)),
        }
    }
}

/// A child that has ended, with its group.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Finished {
    /// How it ended.
    pub end: End,
    /// What it cost. Its memory is at least the few megabytes of the guard that started it: Linux counts the moment before `exec`.
    pub cost: RunCost,
    /// What it asked for outside of its fence, in order, each once, as far as that was looked at.
    pub trespasses: Vec<Trespass>,
}

/// Why a child could not be started or watched.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProcessError {
    /// There is no such program.
    #[error("no such program: {}", .0.display())]
    NoProgram(PathBuf),
    /// The program exists, but not the interpreter or loader that its first line or its header names.
    #[error("{} cannot be started: the interpreter or loader that it names does not exist", .0.display())]
    NoInterpreter(PathBuf),
    /// The program may not be run, or is not a program.
    #[error("{} cannot be run: it is not executable by this user, or not a program of this machine (a script needs a #! line)", .0.display())]
    NotExecutable(PathBuf),
    /// The working directory does not exist.
    #[error("the working directory {} does not exist", .0.display())]
    NoDirectory(PathBuf),
    /// A file for the child's output cannot be made.
    #[error("cannot write {}", path.display())]
    Printed {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The system refused to start it for another reason.
    #[error("cannot start {}", program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The process that starts and watches children could not be started, or was ended from outside.
    #[error("the process that guards simulators could not be started or was ended")]
    Guard {
        /// What the system said.
        source: io::Error,
    },
}

/// The running program, even if its file has been replaced since, to do what a hidden verb says. The tests' own program has no verbs:
/// there it is a test that does nothing but this.
fn this_program(verb: &str, of_these_tests: &str) -> Command {
    let mut command = Command::new("/proc/self/exe");
    match cfg!(test) {
        true => command.args(["--exact", of_these_tests]),
        false => command.arg(verb),
    };
    command
}

/// Where programs are looked for if an environment has no `PATH`.
pub(crate) const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// The file that `program` names: a path is taken from `directory`, a bare name is looked for on the [`search_path`]. Whether
/// it can be run is not checked for paths.
pub(crate) fn find_program(
    program: &OsStr,
    directory: &Path,
    environment: &[(OsString, OsString)],
) -> Result<PathBuf, ProcessError> {
    let missing = || ProcessError::NoProgram(PathBuf::from(program));
    if program.as_encoded_bytes().contains(&b'/') {
        return std::path::absolute(directory.join(program)).map_err(|_| missing());
    }
    if program.is_empty() {
        return Err(missing());
    }
    let can_be_run = |file: &PathBuf| {
        file.is_file() && rustix::fs::access(file, rustix::fs::Access::EXEC_OK).is_ok()
    };
    (search_path(environment).into_iter())
        .map(|folder| folder.join(program))
        .find(can_be_run)
        .ok_or_else(missing)
}

/// The folders in which programs are looked for, in order: the absolute ones of `PATH` in this environment, where the last
/// value of a variable counts.
pub(crate) fn search_path(environment: &[(OsString, OsString)]) -> Vec<PathBuf> {
    let path = environment.iter().rev().find(|(name, _)| name == "PATH");
    let path = path.map_or(OsStr::new(DEFAULT_PATH), |(_, value)| value);
    std::env::split_paths(path)
        .filter(|folder| folder.is_absolute())
        .collect()
}

/// The program that a script's first line names.
pub(crate) fn interpreter(script: &Path) -> Option<PathBuf> {
    let start = regular::head(script, LONGEST_FIRST_LINE).ok()?;
    let line = start
        .strip_prefix(b"#!")?
        .split(|byte| *byte == b'\n')
        .next()?;
    let line = std::str::from_utf8(line).ok()?;
    let path = PathBuf::from(line.split_whitespace().next()?);
    Some(path).filter(|path| path.is_absolute())
}

fn timespec(duration: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: duration.subsec_nanos().into(),
    }
}
