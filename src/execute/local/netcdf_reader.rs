//! Reads a simulator's NetCDF or HDF5 output in a process of its own.
//!
//! The HDF5 library trusts what it reads: over a damaged file it may crash, take all memory, or follow a list that leads back to its
//! beginning for ever. None of that shall end or hold up a run. So rerunoff starts itself as a reader under the worker's guard, with
//! limits of time and memory, and its end tells. It also keeps workers from waiting for each other: the library lets only one
//! thread of a process read at a time.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{Write, stdout};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::{Deserialize, Serialize};

use crate::execute::output::Extract;
use crate::execute::output::netcdf::{self, NetcdfError, NetcdfTable, Wanted};
use crate::system::process::{End, Guard, Interrupt, Invocation};
use crate::system::regular;

/// The hidden verb of the reader.
pub(crate) const VERB: &str = "read-netcdf";

/// The files in a work directory by which both speak, and that of the reader's last words.
const FILES: [&str; 3] = ["rerunoff.wanted", "rerunoff.taken", "rerunoff.reader"];

/// How long reading a file may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// How much memory a reader may have, in bytes: several times what it may read.
const MEMORY: u64 = 2 << 30;

/// How large what it hands over may be, in bytes.
const LARGEST: u64 = 1 << 30;

/// What reads outputs: the guard under which it is done.
pub(crate) struct NetcdfReader<'a> {
    /// The guard, which has nothing else to do.
    pub guard: &'a mut Guard,
    /// What ends it early.
    pub interrupt: &'a Interrupt,
}

/// What a reader is told.
#[derive(Serialize, Deserialize)]
struct Request {
    path: PathBuf,
    wanted: Wanted,
}

impl NetcdfReader<'_> {
    /// Takes what is wanted of a file below the work directory `work`, in which nothing is at work any more.
    pub(crate) fn read(
        &mut self,
        file: &Path,
        wanted: Wanted,
        work: &Path,
    ) -> Result<Extract, NetcdfError> {
        let files = FILES.map(|name| work.join(name));
        // The simulator may have put anything there, a link to a file of the user's, say.
        let clear = || files.iter().for_each(|path| drop(fs::remove_file(path)));
        clear();
        let taken = self.read_with(file, wanted, work, &files);
        clear();
        let NetcdfTable {
            columns,
            time,
            places,
        } = taken?;
        Ok(Extract {
            columns,
            times: time,
            places,
        })
    }

    fn read_with(
        &mut self,
        file: &Path,
        wanted: Wanted,
        work: &Path,
        [request, taken, complaint]: &[PathBuf; 3],
    ) -> Result<NetcdfTable, NetcdfError> {
        let broken = |what: String| NetcdfError::Broken(what);
        let path = work.join(file);
        let bytes = postcard::to_stdvec(&Request { path, wanted });
        let written = bytes.map(|bytes| fs::write(request, bytes));
        if !matches!(written, Ok(Ok(()))) {
            return Err(broken("could not be begun".to_owned()));
        }
        let invocation = Invocation {
            program: OsStr::new("/proc/self/exe"),
            arguments: &[VERB.into(), OsString::from(request)],
            directory: work,
            environment: &[],
            stdout: taken,
            stderr: complaint,
            appends: false,
            timeout: Some(PATIENCE),
            grace: Duration::ZERO,
            largest_file: LARGEST,
            // It is rerunoff itself.
            fence: None,
        };
        let finished = self.guard.run(&invocation, self.interrupt);
        let finished = finished.map_err(|error| broken(format!("could not be begun ({error})")))?;
        match finished.end {
            End::Exited(0) => {}
            End::Interrupted => return Err(NetcdfError::Interrupted),
            End::TimedOut => return Err(broken(format!("took longer than {PATIENCE:?}"))),
            End::Signalled(signal) => return Err(broken(format!("was ended by signal {signal}"))),
            End::Exited(code) => return Err(broken(format!("ended with exit code {code}"))),
        }
        let bytes = regular::read(taken).unwrap_or_default();
        let answer = postcard::from_bytes::<Result<NetcdfTable, NetcdfError>>(&bytes);
        answer.unwrap_or_else(|_| Err(broken("gave no answer".to_owned())))
    }
}

/// The reader's process: does what the file at `request` asks for, and answers on standard output.
pub(crate) fn serve(request: &Path) -> Result<()> {
    limit_memory();
    let bytes = regular::read(request).context("can't read what is wanted")?;
    let Request { path, wanted } = postcard::from_bytes(&bytes)?;
    let answer = netcdf::read(&path, &wanted);
    let mut out = stdout().lock();
    out.write_all(&postcard::to_stdvec(&answer)?)?;
    Ok(out.flush()?)
}

/// Has allocations fail that only a damaged file asks for. Where that is not to be had it goes without.
fn limit_memory() {
    let allowed = getrlimit(Resource::As).maximum;
    let limit = Rlimit {
        current: Some(allowed.map_or(MEMORY, |allowed| allowed.min(MEMORY))),
        maximum: allowed,
    };
    setrlimit(Resource::As, limit).ok();
}
