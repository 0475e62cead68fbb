//! What all files between head and nodes have in common: no name is looked up that no listing showed, and a full disk is told and
//! leaves nothing behind.
//!
//! Both need a process of their own, under `strace` or in a namespace with a small disk: this very program, which then does nothing but
//! one of the walks below, in the folder that a variable names.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::batch::Batch;
use super::claim::{Claimed, claim, claims, void};
use super::ids::{AttemptId, BatchNumber, Epoch, PackageId, SegmentName};
use super::journal::{Event, Journal};
use super::segment::{SegmentHead, SegmentWriter, TaskEnd, list_segments, read_segment};
use super::shared_folder;
use crate::data::machine::Machine;

/// Names the folder in which a walk is to be done.
const FOLDER: &str = "RERUNOFF_TEST_WALK";

/// The folder in which this process is to do a walk; `None` if it is the one that runs the tests.
fn walk_folder() -> Option<PathBuf> {
    std::env::var_os(FOLDER).map(PathBuf::from)
}

/// Does the walk of this name in a process that is started by this command.
fn walk(mut command: Command, name: &str, folder: &Path) -> Output {
    let test = format!("cluster::tests::{name}");
    command.args(["--exact", &test]).env(FOLDER, folder);
    command.output().expect("started")
}

fn this_program() -> PathBuf {
    std::env::current_exe().expect("a program")
}

fn batch(predicted: f64) -> Batch {
    Batch {
        number: BatchNumber(0),
        orders: Vec::new(),
        predicted,
        mean_wall: 1.0,
        losses: 0,
        fruitless: 0,
    }
}

fn segment(scratch: &Path, attempt: &AttemptId) -> SegmentWriter {
    let head = SegmentHead {
        package: PackageId::random(),
        batch: BatchNumber(0),
        attempt: attempt.clone(),
        machine: Machine::default(),
    };
    SegmentWriter::create(scratch, &head).expect("begun")
}

fn name(attempt: &AttemptId, sequence: u32) -> SegmentName {
    SegmentName {
        batch: BatchNumber(0),
        attempt: attempt.clone(),
        sequence,
    }
}

/// As head and node use them, each before and after there is something.
#[test]
fn everything_once() {
    let Some(folder) = walk_folder() else { return };
    let [incoming, claimed] = ["in", "claims"].map(|name| folder.join(name));
    for folder in [&incoming, &claimed] {
        fs::create_dir(folder).expect("made");
    }
    let (first, epoch) = (BatchNumber(0), Epoch(0));
    let journal = folder.join("journal");
    for before in 0..2 {
        let (mut journal, entries) = Journal::open(&journal).expect("opened");
        assert_eq!(entries.len(), before);
        journal.append(&Event::Cancelled).expect("written");
        assert_eq!(claims(&claimed).expect("listed").len(), before);
        let ours = claim(&claimed, first, epoch, "8").expect("asked");
        assert_eq!(ours, Claimed::Ours);
        let owner = void(&claimed, first, epoch).expect("asked");
        assert_eq!(owner.as_deref(), Some("8"));
        assert_eq!(list_segments(&incoming).expect("listed").len(), before);
        let attempt = AttemptId::new("8", 0, 0);
        let mut segment = segment(&folder.join("scratch"), &attempt);
        let name = name(&attempt, 0);
        segment
            .publish(&incoming, &name, Some(&TaskEnd::Done))
            .expect("published");
    }
    for name in list_segments(&incoming).expect("listed") {
        read_segment(&incoming.join(name.to_string())).expect("whole");
    }
}

#[test]
fn no_name_is_looked_up_that_no_listing_showed() {
    let folder = tempfile::tempdir().expect("a folder");
    let trace = folder.path().join("trace");
    let shared = folder.path().join("shared");
    fs::create_dir(&shared).expect("made");
    let mut strace = Command::new("strace");
    strace.args(["-f", "-y", "-s", "4096", "-e", "trace=%file", "-o"]);
    strace.arg(&trace).arg(this_program());
    match Command::new("strace").arg("-V").output() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            eprintln!("left out: there is no strace");
            return;
        }
        _ => {}
    }
    let output = walk(strace, "everything_once", &shared);
    if String::from_utf8_lossy(&output.stderr).contains("ptrace") {
        eprintln!("left out: nothing can be traced here");
        return;
    }
    assert!(output.status.success(), "{output:?}");
    let text = fs::read_to_string(&trace).expect("a trace");
    let inside = format!("\"{}/", shared.display());
    let calls: Vec<&str> = text.lines().filter(|line| line.contains(&inside)).collect();
    assert!(calls.len() > 20, "{text}");
    let mut listed: Vec<&str> = Vec::new();
    for call in calls {
        assert!(!call.contains("ENOENT"), "looked up in vain: {call}");
        let path = call
            .split(&inside)
            .nth(1)
            .and_then(|rest| rest.split('"').next());
        let path = path.expect("a path");
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let makes = ["O_CREAT", "mkdir", "link", "rename"];
        if call.contains("O_DIRECTORY") {
            listed.push(path);
        } else if !makes.iter().any(|word| call.contains(word)) && !name.starts_with('.') {
            let is_listed = folder.is_empty() || listed.contains(&folder);
            let is_folder = ["in", "claims"].contains(&path);
            assert!(is_listed || is_folder, "not listed before: {call}");
        }
    }
    assert!(
        listed.contains(&"in") && listed.contains(&"claims"),
        "{listed:?}"
    );
}

/// On a disk of 64 KiB.
#[test]
fn everything_on_a_full_disk() {
    let Some(folder) = walk_folder() else { return };
    let incoming = folder.join("in");
    fs::create_dir(&incoming).expect("made");
    let path = folder.join("journal");
    let (mut journal, _) = Journal::open(&path).expect("begun");
    journal.append(&Event::Cancelled).expect("there is room");
    let filler = folder.join("filler");
    fs::write(&filler, vec![1; 1 << 20]).expect_err("the disk is full");
    let count = || fs::read_dir(&folder).expect("listed").count();
    let before = count();

    // What fills the page that the journal has on the disk, and more.
    let long = Event::Got {
        array: super::ids::ArrayNumber(0),
        epoch: Epoch(0),
        job: "8".repeat(10_000),
    };
    let told = |error: anyhow::Error, path: &Path| {
        let text = format!("{error:#}");
        let path = path.display().to_string();
        assert!(
            text.contains(&path) && text.contains("No space left on device"),
            "{text}"
        );
    };
    told(journal.append(&long).expect_err("full"), &path);
    assert_eq!(Journal::read(&path).expect("read").len(), 1);
    let attempt = AttemptId::new("8", 0, 0);
    let scratch = tempfile::tempdir().expect("another disk");
    let name = name(&attempt, 0);
    let mut segment = segment(&scratch.path().join("scratch"), &attempt);
    let error = segment.publish(&incoming, &name, None).expect_err("full");
    told(error, &incoming.join(name.to_string()));
    told(
        batch(1.0).write(&folder.join("0")).expect_err("full"),
        &folder.join("0"),
    );
    claim(&folder, BatchNumber(0), Epoch(0), "8").expect_err("full");
    assert_eq!(count(), before);
    assert_eq!(fs::read_dir(&incoming).expect("listed").count(), 0);

    fs::remove_file(&filler).expect("removed");
    journal.append(&long).expect("there is room");
    assert_eq!(Journal::read(&path).expect("read").len(), 2);
    batch(1.0).write(&folder.join("0")).expect("there is room");
    // What could not be published is not lost.
    let again = segment.publish(&incoming, &name, None);
    again.expect("there is room");
    read_segment(&incoming.join(name.to_string())).expect("whole");
    let names = shared_folder::names(&folder).expect("listed");
    assert!(names.iter().eq(["0", "in", "journal"]), "{names:?}");
}

#[test]
fn a_full_disk_is_told_and_leaves_nothing() {
    if std::env::var_os("RERUNOFF_NO_NAMESPACES").is_some() {
        eprintln!("left out, as RERUNOFF_NO_NAMESPACES asks for");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let mut unshare = Command::new("unshare");
    unshare.args(["--user", "--map-root-user", "--mount", "sh", "-c"]);
    let script = format!("mount -t tmpfs -o size=64k none \"${FOLDER}\" && exec \"$@\"");
    unshare.arg(script).arg("sh").arg(this_program());
    let output = walk(unshare, "everything_on_a_full_disk", folder.path());
    assert!(output.status.success(), "{output:?}");
}
