//! Claims: which job has a batch, decided among machines without a lock.
//!
//! A claim is a file of one line that is written whole under a name of its own and then linked to the batch's name, which works for one
//! and fails for all others. A network file system may do it and answer with an error when its first answer was lost; so it is not
//! the answer that counts, but whether the file has two names now. The head takes a batch from everybody by linking a claim that is
//! void. Claims are per epoch: a submission that appears after the head gave it up finds void claims, and does nothing.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::{BatchNumber, Epoch};
use super::shared_folder;
use crate::system::folder;

/// Longer than any claim that is written here.
const LONGEST: u64 = 4096;
/// For longer than this no network file system says that a file is not there which is.
const STALE: Duration = Duration::from_secs(90);

/// Whose a batch is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Claimed {
    /// The job's that asked, now or since it first did: a task that is started once more goes on.
    Ours,
    /// This other job's.
    Others(String),
    /// Nobody's any more: the head has taken it back.
    Void,
}

/// What the file of a claim says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Claim {
    Job(ClaimInfo),
    Void(ClaimInfo),
}

/// Which job has a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ClaimInfo {
    /// The engine's id of it; empty for the head.
    pub job: String,
    /// The machine on which it was.
    pub host: String,
    /// Since when, in seconds since 1970.
    pub at: i64,
}

/// Claims a batch for a job, unless another has it.
///
/// # Errors
/// If the folder can't be read or written, or its file system knows no links.
pub(crate) fn claim(
    folder: &Path,
    batch: BatchNumber,
    epoch: Epoch,
    job: &str,
) -> io::Result<Claimed> {
    Ok(
        match settle(folder, batch, epoch, &Claim::Job(here(job)))? {
            Claim::Job(owner) if owner.job == job => Claimed::Ours,
            Claim::Job(owner) => Claimed::Others(owner.job),
            Claim::Void(_) => Claimed::Void,
        },
    )
}

/// Takes a batch back, so that nobody can claim it any more; tells the job that has it already, if one does.
///
/// # Errors
/// As [`claim`].
pub(crate) fn void(folder: &Path, batch: BatchNumber, epoch: Epoch) -> io::Result<Option<String>> {
    Ok(
        match settle(folder, batch, epoch, &Claim::Void(here("")))? {
            Claim::Job(owner) => Some(owner.job),
            Claim::Void(_) => None,
        },
    )
}

/// The batches that jobs have, by a listing. Void claims and foreign files are left out.
///
/// # Errors
/// If the folder or a claim in it can't be read.
pub(crate) fn claims(folder: &Path) -> io::Result<BTreeMap<(BatchNumber, Epoch), ClaimInfo>> {
    let mut claims = BTreeMap::new();
    for name in shared_folder::names(folder)? {
        if let Some(place) = parsed(&name)
            && let Claim::Job(owner) = read(&folder.join(&name))?
        {
            claims.insert(place, owner);
        }
    }
    Ok(claims)
}

fn here(job: &str) -> ClaimInfo {
    let host = rustix::system::uname();
    ClaimInfo {
        job: job.to_owned(),
        host: host.nodename().to_string_lossy().into_owned(),
        at: Timestamp::now().as_second(),
    }
}

fn parsed(name: &str) -> Option<(BatchNumber, Epoch)> {
    let (batch, epoch) = name.split_once('.')?;
    Some((batch.parse().ok()?, epoch.parse().ok()?))
}

/// Puts a claim in its place unless there is one, and tells which is there.
fn settle(folder: &Path, batch: BatchNumber, epoch: Epoch, claim: &Claim) -> io::Result<Claim> {
    let name = format!("{batch}.{epoch}");
    let path = folder.join(&name);
    if shared_folder::names(folder)?.contains(&name) {
        return read_late(&path);
    }
    let temporary = shared_folder::temporary(&path, |file| {
        serde_json::to_writer(&*file, claim)?;
        file.write_all(b"\n")
    });
    let temporary = temporary.map_err(|error| told(&path, error))?;
    let linked = fs::hard_link(temporary.path(), &path);
    // Opened anew, so that the number of its names is asked of the server.
    let names = File::open(temporary.path())?.metadata()?.nlink();
    if names == 2 {
        folder::sync(folder)?;
        return Ok(claim.clone());
    }
    match linked {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => read_late(&path),
        Err(error) => Err(told(&path, error)),
        Ok(()) => {
            let message = "its file system does not tell how many names a file has";
            Err(told(&path, io::Error::new(ErrorKind::Unsupported, message)))
        }
    }
}

/// Reads a claim that is there. Where this machine was told before that it is not, it may go on saying so for a while.
fn read_late(path: &Path) -> io::Result<Claim> {
    let since = Instant::now();
    loop {
        match read(path) {
            Err(error) if error.kind() == ErrorKind::NotFound && since.elapsed() < STALE => {
                thread::sleep(Duration::from_millis(200));
            }
            known => return known,
        }
    }
}

fn read(path: &Path) -> io::Result<Claim> {
    let mut text = String::new();
    let file = File::open(path).map_err(|error| told(path, error))?;
    (file.take(LONGEST).read_to_string(&mut text)).map_err(|error| told(path, error))?;
    serde_json::from_str(&text).map_err(|_| {
        let message = "it is no claim of rerunoff's";
        told(path, io::Error::new(ErrorKind::InvalidData, message))
    })
}

fn told(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(
        error.kind(),
        format!("the claim {}: {error}", path.display()),
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    const BATCH: BatchNumber = BatchNumber(4);
    const EPOCH: Epoch = Epoch(1);

    #[test]
    fn a_batch_is_the_first_job_s_also_when_that_is_started_once_more() {
        let folder = tempfile::tempdir().expect("a folder");
        let claim = |job| claim(folder.path(), BATCH, EPOCH, job).expect("asked");
        assert_eq!(claim("8_1"), Claimed::Ours);
        assert_eq!(claim("9_1"), Claimed::Others("8_1".to_owned()));
        assert_eq!(claim("8_1"), Claimed::Ours);
        let owner = void(folder.path(), BATCH, EPOCH).expect("asked");
        assert_eq!(owner.as_deref(), Some("8_1"));
        let all = claims(folder.path()).expect("listed");
        assert_eq!(all.len(), 1);
        let info = &all[&(BATCH, EPOCH)];
        assert!(info.job == "8_1" && !info.host.is_empty() && info.at > 1_700_000_000);
        // Another epoch is another claim, and no temporary file is left.
        assert_eq!(void(folder.path(), BATCH, Epoch(2)).expect("asked"), None);
        assert_eq!(void(folder.path(), BATCH, Epoch(2)).expect("asked"), None);
        let late = super::claim(folder.path(), BATCH, Epoch(2), "8_1");
        assert_eq!(late.expect("asked"), Claimed::Void);
        assert_eq!(claims(folder.path()).expect("listed").len(), 1);
        assert_eq!(fs::read_dir(folder.path()).expect("listed").count(), 2);
    }

    #[test]
    fn of_all_that_ask_at_once_one_gets_it() {
        const JOBS: usize = 6;
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path();
        for round in 0..40 {
            let (batch, barrier) = (BatchNumber(round), Barrier::new(JOBS + 1));
            let ask = |job: usize| {
                barrier.wait();
                claim(folder, batch, EPOCH, &job.to_string()).expect("asked")
            };
            let (jobs, head) = thread::scope(|scope| {
                let jobs: Vec<_> = (0..JOBS).map(|job| scope.spawn(move || ask(job))).collect();
                barrier.wait();
                let head = void(folder, batch, EPOCH).expect("asked");
                let jobs = jobs.into_iter().map(|job| job.join().expect("no panic"));
                (jobs.collect::<Vec<_>>(), head)
            });
            let winner = jobs.iter().position(|claimed| *claimed == Claimed::Ours);
            let winner = winner.map(|job| job.to_string());
            assert_eq!(head, winner, "{jobs:?}");
            let rest = match winner {
                Some(job) => Claimed::Others(job),
                None => Claimed::Void,
            };
            let others = jobs.iter().filter(|claimed| **claimed != Claimed::Ours);
            assert!(others.clone().all(|claimed| *claimed == rest), "{jobs:?}");
            assert!(others.count() >= JOBS - 1);
        }
    }

    #[test]
    fn what_is_no_claim_is_told_with_its_path_or_left_out() {
        let folder = tempfile::tempdir().expect("a folder");
        for foreign in [".4.1.x", "4", "4.1.tmp", "04.1", "notes"] {
            fs::write(folder.path().join(foreign), "x").expect("written");
        }
        assert!(claims(folder.path()).expect("listed").is_empty());
        for content in ["", "{}", "{\"job\":7}", "\u{0}"] {
            let path = folder.path().join("4.1");
            fs::write(&path, content).expect("written");
            let error = claim(folder.path(), BATCH, EPOCH, "8").expect_err("no claim");
            let expected = format!("the claim {}: it is no claim of rerunoff's", path.display());
            assert_eq!(error.to_string(), expected);
            claims(folder.path()).expect_err("no claim");
        }
        assert!(claim(Path::new("/nowhere/claims"), BATCH, EPOCH, "8").is_err());
    }
}
