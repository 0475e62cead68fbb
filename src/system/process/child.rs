//! A simulator and its process group, as its guard handles them: started, signalled, and reaped with everything that is left
//! behind.
//!
//! `wait4`, the only way to find out what a single child cost, has to be called with `unsafe`.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, Resource, Rlimit, Signal, WaitId, WaitIdOptions, WaitOptions, getrlimit,
    kill_process, kill_process_group, pidfd_open, setrlimit, wait, waitid,
};

use super::message::Start;
use super::{ProcessError, find_program};
use crate::data::run_cost::RunCost;
use crate::system::regular;

/// How long a program that is still open for writing is retried: longer than any fork takes to reach its exec.
const BUSY: Duration = Duration::from_secs(2);

/// A child that is not reaped yet.
#[derive(Debug)]
pub(super) struct Child {
    /// The group's leader and id. Not reused until `wait4` returns it, so no signal can go astray.
    pid: Pid,
    started: Instant,
}

impl Child {
    /// Starts the child as the leader of a new process group, inside of the fence that this thread is in.
    pub(super) fn start(order: &Start) -> Result<Self, ProcessError> {
        let directory = Path::new(&order.directory);
        let program = find_program(&order.program, directory, &order.environment)?;
        limit_files(order.largest_file)?;
        let (stdout, stderr) = printed(order)?;
        let mut command = Command::new(&program);
        command
            .arg0(&order.program)
            .args(&order.arguments)
            .current_dir(directory)
            .env_clear()
            .envs(order.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(stderr)
            .process_group(0);
        let started = Instant::now();
        let mut pause = Duration::from_millis(1);
        loop {
            match command.spawn() {
                Ok(child) => {
                    let pid = Pid::from_child(&child);
                    return Ok(Self { pid, started });
                }
                // Another process's child has inherited a descriptor of the freshly written program, until its exec.
                Err(error)
                    if error.kind() == ErrorKind::ExecutableFileBusy
                        && started.elapsed() < BUSY =>
                {
                    thread::sleep(pause);
                    pause *= 2;
                }
                Err(error) => return Err(reason(error, program, directory)),
            }
        }
    }

    /// The id of the leader and of its group.
    pub(super) fn number(&self) -> u64 {
        self.pid.as_raw_pid().unsigned_abs().into()
    }

    /// Readable when the leader has ended.
    ///
    /// # Errors
    /// Also on kernels before 5.3, which have no such descriptors.
    pub(super) fn end(&self) -> io::Result<OwnedFd> {
        Ok(pidfd_open(self.pid, PidfdFlags::empty())?)
    }

    /// Whether the leader has ended; it stays a zombie.
    pub(super) fn has_ended(&self) -> io::Result<bool> {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        Ok(waitid(WaitId::Pid(self.pid), look)?.is_some())
    }

    /// Sends a signal to the whole group. That nothing may be left to get it is no error.
    pub(super) fn signal_group(&self, signal: Signal) {
        kill_process_group(self.pid, signal).ok();
    }

    /// Kills what is left of the group, reaps the leader, and ends the descendants that left the group.
    pub(super) fn reap(self) -> io::Result<(i32, RunCost)> {
        let wall = self.started.elapsed().as_secs_f64();
        self.signal_group(Signal::KILL);
        let reaped = wait4(self.pid);
        end_adopted();
        reaped.map(|(status, cost)| (status, RunCost { wall, ..cost }))
    }
}

/// Ends every child of this process, and every child that it inherits from them, until there is none.
///
/// With the leader reaped, all of them are its orphans: daemons and the like, handed to this process as it is a
/// subreaper. Their ids are not reused until they are reaped here.
fn end_adopted() {
    loop {
        match wait(WaitOptions::NOHANG) {
            Ok(Some(_)) | Err(Errno::INTR) => continue,
            Ok(None) => {}
            Err(_) => return,
        }
        let alive = children();
        if alive.is_empty() {
            // Without /proc their ids are unknown, and waiting for them could take for ever.
            return;
        }
        for child in alive {
            kill_process(child, Signal::KILL).ok();
        }
        while let Err(Errno::INTR) = wait(WaitOptions::empty()) {}
    }
}

/// The children of all threads of this process.
fn children() -> Vec<Pid> {
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten();
    let listed = tasks.flatten().filter_map(|task| {
        // A kernel may lack this list; then the parent of every process is looked up.
        fs::read_to_string(task.path().join("children")).ok()
    });
    let listed: Vec<String> = listed.collect();
    let numbers: Vec<i32> = if listed.is_empty() {
        let own = std::process::id().to_string();
        let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
        processes
            .filter(|process| parent(&process.path()).as_deref() == Some(own.as_str()))
            .filter_map(|process| process.file_name().to_str()?.parse().ok())
            .collect()
    } else {
        let words = listed.iter().flat_map(|list| list.split_whitespace());
        words.filter_map(|word| word.parse().ok()).collect()
    };
    numbers.into_iter().filter_map(Pid::from_raw).collect()
}

/// The fourth field of `/proc/<pid>/stat`; the second may hold anything, so it is skipped from its end.
fn parent(process: &Path) -> Option<String> {
    let stat = fs::read_to_string(process.join("stat")).ok()?;
    let rest = &stat[stat.rfind(')')? + 1..];
    rest.split_whitespace().nth(1).map(str::to_owned)
}

/// Limits the files of this process, which writes none, and so those of its children; never beyond what the system allows.
fn limit_files(largest: u64) -> Result<(), ProcessError> {
    let allowed = getrlimit(Resource::Fsize).maximum;
    let limit = Rlimit {
        current: Some(allowed.map_or(largest, |allowed| allowed.min(largest))),
        maximum: allowed,
    };
    setrlimit(Resource::Fsize, limit).map_err(|error| ProcessError::Guard {
        source: error.into(),
    })
}

fn printed(order: &Start) -> Result<(File, File), ProcessError> {
    let (stdout, stderr) = (&order.stdout, &order.stderr);
    let open = |path: &OsStr| match order.appends {
        true => add_to(path),
        false => File::create(path),
    };
    let failed = |path: &OsStr| {
        let path = PathBuf::from(path);
        move |source| ProcessError::Printed { path, source }
    };
    let out = open(stdout).map_err(failed(stdout))?;
    let err = if stdout == stderr {
        out.try_clone()
    } else {
        open(stderr)
    };
    Ok((out, err.map_err(failed(stderr))?))
}

/// Opens a file to add to it. What ran before may have put anything in its place: a link is not followed, a pipe not waited for.
fn add_to(path: &OsStr) -> io::Result<File> {
    let mut options = File::options();
    options.append(true).create(true);
    let file = options
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(path)?;
    regular::require(file.metadata()?.file_type())?;
    Ok(file)
}

/// The error in detail: the system says "not found" for four different things.
pub(super) fn reason(source: io::Error, program: PathBuf, directory: &Path) -> ProcessError {
    match source.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory if !directory.is_dir() => {
            ProcessError::NoDirectory(directory.to_owned())
        }
        ErrorKind::NotFound if program.exists() => ProcessError::NoInterpreter(program),
        ErrorKind::NotFound | ErrorKind::NotADirectory => ProcessError::NoProgram(program),
        ErrorKind::PermissionDenied => ProcessError::NotExecutable(program),
        _ if source.raw_os_error() == Some(libc::ENOEXEC) => ProcessError::NotExecutable(program),
        _ => ProcessError::Start { program, source },
    }
}

/// Waits for a child's end and reaps it; returns its status and its cost, in which `wall` is zero.
#[allow(unsafe_code)]
fn wait4(pid: Pid) -> io::Result<(i32, RunCost)> {
    let mut status = 0;
    // SAFETY: `rusage` is a plain C struct of integers, for which all zeros is a valid value.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    loop {
        // SAFETY: both pointers come from live, exclusively borrowed locals of the types that wait4(2) writes, and it keeps
        // neither beyond the call. Reaping `pid` cannot free a number that others use: each `Child` does it only once.
        let reaped = unsafe { libc::wait4(pid.as_raw_pid(), &mut status, 0, &mut usage) };
        if reaped >= 0 {
            break;
        }
        let error = io::Error::last_os_error();
        if error.kind() != ErrorKind::Interrupted {
            return Err(error);
        }
    }
    let seconds = |time: libc::timeval| {
        let whole = Duration::from_secs(u64::try_from(time.tv_sec).unwrap_or(0));
        let rest = Duration::from_micros(u64::try_from(time.tv_usec).unwrap_or(0));
        (whole + rest).as_secs_f64()
    };
    let cost = RunCost {
        wall: 0.0,
        user: seconds(usage.ru_utime),
        system: seconds(usage.ru_stime),
        peak_bytes: u64::try_from(usage.ru_maxrss).unwrap_or(0) * 1024,
    };
    Ok((status, cost))
}
