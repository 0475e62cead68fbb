//! What there is of jobs: the processes with their marks, as `/proc` shows them, and how they are ended.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process};

use super::{CALLED, GRACE, INDEX, JOB, NAME, TASKS};

/// What is there of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    /// Its id.
    pub job: String,
    /// The runs that are under way, by index, with their processes.
    pub running: BTreeMap<u32, Vec<Pid>>,
    /// The indices of those that are yet to begin.
    pub waiting: std::ops::Range<u32>,
    /// Its keeper.
    pub(super) keeper: Option<Pid>,
}

/// What there is of the jobs of these names, by name. One that is not there is not in the answer.
pub(crate) fn kept(names: &[&str]) -> io::Result<BTreeMap<String, Kept>> {
    let mut found: BTreeMap<String, Kept> = BTreeMap::new();
    let is_wanted = |name: &str| names.contains(&name);
    // Keepers first: what they begin meanwhile is then met as a run or still counted as waiting, and nothing is overlooked.
    for process in processes()?
        .iter()
        .filter(|process| process.index.is_none() && is_wanted(&process.name))
    {
        let Some(tasks) = process.tasks else {
            continue;
        };
        // One that ends meanwhile has begun all it ever will, or leaves orphans, which are met below.
        let (Some(comm), Some(job)) = (shown(process.pid, "comm")?, id(process.pid)?) else {
            continue;
        };
        let comm = String::from_utf8_lossy(&comm);
        let begun = comm
            .strip_prefix(CALLED)
            .and_then(|begun| begun.trim().parse().ok());
        let Some(begun) = begun else {
            continue;
        };
        let kept = found.entry(process.name.clone()).or_default();
        kept.job = job;
        kept.waiting = begun..tasks;
        kept.keeper = Some(process.pid);
    }
    for process in processes()? {
        let (Some(index), Some(job)) = (process.index, process.job) else {
            continue;
        };
        if is_wanted(&process.name) {
            let kept = found.entry(process.name).or_default();
            kept.job = job;
            kept.running.entry(index).or_default().push(process.pid);
        }
    }
    Ok(found)
}

/// Has the jobs of these names ended. Their keepers see to it, and where there is none any more, this waits until nothing is left.
pub(crate) fn end(names: &[&str]) -> io::Result<()> {
    let orphans = || -> io::Result<Vec<Pid>> {
        let kept = kept(names)?.into_values();
        let orphans = kept.filter(|kept| kept.keeper.is_none());
        Ok(orphans
            .flat_map(|kept| kept.running.into_values().flatten())
            .collect())
    };
    for keeper in kept(names)?.values().filter_map(|kept| kept.keeper) {
        kill_process(keeper, Signal::TERM).ok();
    }
    for process in orphans()? {
        kill_process(process, Signal::TERM).ok();
        kill_process(process, Signal::CONT).ok();
    }
    let killing = Instant::now() + GRACE;
    loop {
        let left = orphans()?;
        if left.is_empty() {
            return Ok(());
        }
        if Instant::now() >= killing {
            for process in left {
                kill_process(process, Signal::KILL).ok();
            }
            return Ok(());
        }
        thread::sleep(Duration::from_millis(50));
    }
}

/// A process with the marks of a job.
struct Marked {
    pid: Pid,
    name: String,
    job: Option<String>,
    index: Option<u32>,
    tasks: Option<u32>,
}

/// All processes with marks that may be looked at: this user's.
fn processes() -> io::Result<Vec<Marked>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")?.flatten() {
        let pid = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok());
        let Some(pid) = pid.and_then(Pid::from_raw) else {
            continue;
        };
        let Some(environment) = shown(pid, "environ")? else {
            continue;
        };
        let value = |name: &str| {
            let mut variables = environment.split(|byte| *byte == 0);
            let value = variables
                .find_map(|variable| variable.strip_prefix(name.as_bytes())?.strip_prefix(b"="))?;
            Some(String::from_utf8_lossy(value).into_owned())
        };
        if let Some(name) = value(NAME) {
            found.push(Marked {
                pid,
                name,
                job: value(JOB),
                index: value(INDEX).and_then(|index| index.parse().ok()),
                tasks: value(TASKS).and_then(|tasks| tasks.parse().ok()),
            });
        }
    }
    Ok(found)
}

/// What `/proc` shows of a process in this file. Nothing of one that is another user's, or that has ended, even while it was looked at.
pub(super) fn shown(pid: Pid, file: &str) -> io::Result<Option<Vec<u8>>> {
    match fs::read(format!("/proc/{}/{file}", pid.as_raw_pid())) {
        Ok(shown) => Ok(Some(shown)),
        Err(error) => match Errno::from_io_error(&error) {
            Some(Errno::NOENT | Errno::SRCH | Errno::ACCESS | Errno::PERM) => Ok(None),
            _ => Err(error),
        },
    }
}

/// A keeper's number and when it started, which no other process ever has together until the machine starts anew. Nothing for one
/// that has ended.
pub(super) fn id(pid: Pid) -> io::Result<Option<String>> {
    let stat = shown(pid, "stat")?;
    Ok(stat.map(|stat| {
        let stat = String::from_utf8_lossy(&stat);
        // The second field may hold anything, so it is skipped from its end; the start is the 22nd.
        let fields = stat.rsplit(')').next().unwrap_or_default();
        let start = fields.split_whitespace().nth(19).unwrap_or_default();
        format!("{}-{start}", pid.as_raw_pid())
    }))
}
