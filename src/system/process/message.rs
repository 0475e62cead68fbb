//! The messages between a worker and its guard: length-prefixed postcard over a socket.
//!
//! Both ends are the same executable, so nothing here has to stay as it is between versions.

use std::ffi::OsString;
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::fence::{Fence, Trespass};
use super::{Invocation, ProcessError};
use crate::data::run_cost::RunCost;

/// Longer than any command line that the kernel takes; a greater length is not a message.
const LONGEST: usize = 16 << 20;

/// An order of a worker to its guard.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum GuardOrder {
    /// Start this simulator.
    Start(Box<Start>),
    /// Ask its group to end.
    Terminate,
    /// End its group.
    Kill,
}

/// An [`Invocation`] without the parts that the worker handles itself. Paths need not be UTF-8.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Start {
    pub program: OsString,
    pub arguments: Vec<OsString>,
    pub directory: OsString,
    pub environment: Vec<(OsString, OsString)>,
    pub stdout: OsString,
    pub stderr: OsString,
    pub appends: bool,
    pub largest_file: u64,
    pub fence: Option<Fence>,
}

impl From<&Invocation<'_>> for Start {
    fn from(invocation: &Invocation<'_>) -> Self {
        Self {
            program: invocation.program.into(),
            arguments: invocation.arguments.to_vec(),
            directory: invocation.directory.into(),
            environment: invocation.environment.to_vec(),
            stdout: invocation.stdout.into(),
            stderr: invocation.stderr.into(),
            appends: invocation.appends,
            largest_file: invocation.largest_file,
            fence: invocation.fence.cloned(),
        }
    }
}

/// A report of a guard to its worker.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum GuardReport {
    /// The simulator could not be started.
    Refused(Refusal),
    /// It has ended with this wait status, and nothing that it started is alive; what it asked for outside of its fence.
    Ended(i32, RunCost, Vec<Trespass>),
    /// It could not be watched; nothing of it is alive.
    Lost(i32),
}

/// A [`ProcessError`] of starting, in a form that can be sent.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Refusal {
    kind: Kind,
    path: OsString,
    errno: i32,
}

#[derive(Debug, Serialize, Deserialize)]
enum Kind {
    NoProgram,
    NoInterpreter,
    NotExecutable,
    NoDirectory,
    Printed,
    Start,
    Guard,
}

impl From<ProcessError> for Refusal {
    fn from(error: ProcessError) -> Self {
        use ProcessError as E;
        let (kind, path, source) = match error {
            E::NoProgram(path) => (Kind::NoProgram, path, None),
            E::NoInterpreter(path) => (Kind::NoInterpreter, path, None),
            E::NotExecutable(path) => (Kind::NotExecutable, path, None),
            E::NoDirectory(path) => (Kind::NoDirectory, path, None),
            E::Printed { path, source } => (Kind::Printed, path, Some(source)),
            E::Start { program, source } => (Kind::Start, program, Some(source)),
            E::Guard { source } => (Kind::Guard, PathBuf::new(), Some(source)),
        };
        // An error without a number is about a NUL in an argument: the standard library refuses those by itself.
        let errno = source.map_or(0, |source| errno(&source));
        Self {
            kind,
            path: path.into(),
            errno,
        }
    }
}

impl From<Refusal> for ProcessError {
    fn from(refusal: Refusal) -> Self {
        let path = PathBuf::from(OsString::from_vec(refusal.path.into_vec()));
        let source = io::Error::from_raw_os_error(refusal.errno);
        match refusal.kind {
            Kind::NoProgram => Self::NoProgram(path),
            Kind::NoInterpreter => Self::NoInterpreter(path),
            Kind::NotExecutable => Self::NotExecutable(path),
            Kind::NoDirectory => Self::NoDirectory(path),
            Kind::Printed => Self::Printed { path, source },
            Kind::Start => Self::Start {
                program: path,
                source,
            },
            Kind::Guard => Self::Guard { source },
        }
    }
}

/// The number of an error that came from the system; "invalid argument" for the few that did not.
pub(super) fn errno(error: &io::Error) -> i32 {
    error.raw_os_error().unwrap_or(libc::EINVAL)
}

/// Sends one message.
pub(super) fn send<T: Serialize>(mut stream: &UnixStream, message: &T) -> io::Result<()> {
    let body = postcard::to_stdvec(message).map_err(io::Error::other)?;
    let mut bytes = (body.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(&body);
    stream.write_all(&bytes)
}

/// Waits for one message; `None` if the other end is gone.
pub(super) fn receive<T: DeserializeOwned>(mut stream: &UnixStream) -> io::Result<Option<T>> {
    let mut length = [0; 8];
    match stream.read_exact(&mut length) {
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset
            ) =>
        {
            return Ok(None);
        }
        other => other?,
    }
    let length = usize::try_from(u64::from_le_bytes(length)).unwrap_or(usize::MAX);
    if length > LONGEST {
        return Err(io::Error::other("a message of impossible length"));
    }
    let mut body = vec![0; length];
    match stream.read_exact(&mut body) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    postcard::from_bytes(&body)
        .map(Some)
        .map_err(io::Error::other)
}
