//! A batch system whose tasks invent their results: what the head of a large run costs, without the simulators.
//!
//! `benches/million.py` states it in a project file as the commands of `engine = "command"`:
//! ```text
//! invent submit SCRIPT TASKS     the first time it starts the script, so that there are real trials; then tasks of its own
//! invent alive                   the jobs that are under way
//! ```
//! A task of its own claims nothing and renders nothing. It reads the orders of its batch and publishes a trial for each, which is
//! a real one under the order's names and key, with a text of its own as long as the real one and a simulator's time of a second (but with the
//! real one's columns, which the store keeps once for all that are equal), in
//! segments as large as a task of 16 cores publishes. As many segments wait for the head as 64 such tasks leave at most; so the head has
//! always something to do, and its folder is as full as it would be.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rerunoff::cluster::batch::Batch;
use rerunoff::cluster::ids::{AttemptId, BatchNumber, PackageId, SegmentName};
use rerunoff::cluster::package::Package;
use rerunoff::cluster::segment::{
    SegmentHead, SegmentWriter, TaskEnd, list_segments, read_segment,
};

/// Trials in a segment.
const TRIALS: usize = 480;

/// Segments that wait at most.
const WAITING: usize = 64;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["submit", script, tasks] => submit(Path::new(script), tasks.parse()?),
        ["tasks", package, first, tasks, _job] => {
            let package = Package::at(PathBuf::from(package));
            let first: u32 = first.parse()?;
            let tasks: u32 = tasks.parse()?;
            (first..first + tasks).try_for_each(|batch| invent(&package, BatchNumber(batch)))
        }
        // For `cargo test` and the like, which start it without anything.
        [] => Ok(()),
        _ => bail!("invent submit SCRIPT TASKS"),
    }
}

/// A folder beside the project's files, for what was published for real and for what is not published yet.
fn own_folder(package: &Package) -> PathBuf {
    let project = package.folder().ancestors().nth(3);
    project.unwrap_or(package.folder()).join("invented")
}

/// Starts tasks, and prints their job's id.
fn submit(script: &Path, tasks: u32) -> Result<()> {
    let folder = script
        .parent()
        .and_then(Path::parent)
        .context("no script of a package")?;
    let package = Package::at(folder.to_owned());
    let text = fs::read_to_string(script)?;
    let first = text.split_once(" --first ").context("no job script")?.1;
    let first = first.split_whitespace().next().unwrap_or_default();
    let name = script.file_name().unwrap_or_default().to_string_lossy();
    let job = format!(
        "{}.{name}",
        folder.file_name().unwrap_or_default().to_string_lossy()
    );
    let samples = own_folder(&package);
    let mut done = 0;
    if !samples.exists() {
        let status = Command::new("sh")
            .arg(script)
            .env("INDEX", "0")
            .stdin(Stdio::null())
            .status()?;
        ensure!(status.success(), "{} ended with {status}", script.display());
        fs::create_dir(&samples)?;
        for name in list_segments(&package.incoming())? {
            let name = name.to_string();
            fs::hard_link(package.incoming().join(&name), samples.join(&name))?;
        }
        done = 1;
    }
    let first: u32 = first.parse()?;
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("tasks").arg(folder).args([
        (first + done).to_string(),
        (tasks - done).to_string(),
        job.clone(),
    ]);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command.spawn()?;
    println!("{job}");
    Ok(())
}

/// Publishes a trial for each order of a batch.
fn invent(package: &Package, number: BatchNumber) -> Result<()> {
    let batch = Batch::read(&package.batch(number))?;
    let mut real = Vec::new();
    let mut machine = None;
    for name in list_segments(&own_folder(package))? {
        let segment = read_segment(&own_folder(package).join(name.to_string()))?;
        machine.get_or_insert(segment.head.machine);
        real.extend(segment.trials);
    }
    let id = package
        .folder()
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    let head = SegmentHead {
        package: PackageId::parse(&id).context("no package")?,
        batch: number,
        attempt: AttemptId::new("invented", number.0, 0),
        machine: machine.context("nothing was published for real")?,
    };
    let segments = batch.orders.chunks(TRIALS);
    let count = segments.len();
    for (sequence, orders) in segments.enumerate() {
        let scratch = own_folder(package).join(format!(".{number}"));
        let mut writer = SegmentWriter::create(&scratch, &head)?;
        for (order, real) in orders.iter().zip(real.iter().cycle()) {
            let mut trial = real.clone();
            trial.scenario = order.order.scenario.clone();
            trial.catchment = order.order.catchment.clone();
            trial.key = order.order.key;
            for text in &mut trial.texts {
                // Digits of the key at its end, so that no other trial has the same.
                let key = trial.key.0.to_string();
                let length = text.len().min(key.len());
                let at = text.len() - length;
                text[at..].copy_from_slice(&key.as_bytes()[..length]);
            }
            if !order.order.keeps_series {
                trial.series.clear();
            }
            for attempt in &mut trial.attempts {
                (attempt.cost.wall, attempt.cost.user) = (1.0, 1.0);
            }
            writer.push(&trial)?;
        }
        while list_segments(&package.incoming())?.len() >= WAITING {
            thread::sleep(Duration::from_millis(20));
        }
        let name = SegmentName {
            batch: number,
            attempt: head.attempt.clone(),
            sequence: sequence as u32,
        };
        let is_last = sequence + 1 == count;
        let end = is_last.then_some(TaskEnd::Done);
        writer.publish(&package.incoming(), &name, end.as_ref())?;
    }
    Ok(())
}
