//! Where a task's trials go: into a segment on the node, and from there to the head, a good many at once.
//!
//! A segment is published when it is large, or when its oldest trial has waited long; so a node that dies costs minutes, and a task that
//! runs for a day leaves some hundred files. It is written on the node first, since a network file system takes one long write well and
//! many short ones badly.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::cluster::ids::SegmentName;
use crate::cluster::package::Package;
use crate::cluster::segment::writer::SegmentWriter;
use crate::cluster::segment::{SegmentHead, TaskEnd};
use crate::execute::trial::Trial;
use crate::system::process::Interrupt;

/// A segment with so many bytes is published.
const LARGE: u64 = 64 << 20;
/// A trial waits no longer than this, or than a part of the task's age.
const LONG: Duration = Duration::from_secs(30);
const PART_OF_AGE: u32 = 100;
/// How long a task goes on trying to publish, and how long once it is to end.
const PATIENCE: Duration = Duration::from_secs(600);
const PATIENCE_AT_THE_END: Duration = Duration::from_secs(10);
/// How long it waits before it tries again.
const PAUSE: Duration = Duration::from_secs(5);

/// Takes a task's trials and publishes them.
pub(super) struct Publisher<'a> {
    package: &'a Package,
    head: SegmentHead,
    /// The folder on the node for segments that are not yet published.
    scratch: PathBuf,
    interrupt: &'a Interrupt,
    say: &'a dyn Fn(&str),
    started: Instant,
    /// The segment that is being written, and since when its first trial waits.
    open: Option<(SegmentWriter, Instant)>,
    sequence: u32,
}

/// Whether a segment could be published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Published {
    /// It is where the head finds it, or there was nothing to publish.
    Yes,
    /// There is no package any more, and nobody who wants it.
    PackageGone,
}

impl<'a> Publisher<'a> {
    /// For a task whose segments begin so, and are written in this folder.
    pub(super) fn new(
        package: &'a Package,
        head: SegmentHead,
        scratch: PathBuf,
        interrupt: &'a Interrupt,
        say: &'a dyn Fn(&str),
    ) -> Self {
        Self {
            package,
            head,
            scratch,
            interrupt,
            say,
            started: Instant::now(),
            open: None,
            sequence: 0,
        }
    }

    /// Takes a trial.
    ///
    /// # Errors
    /// If the node's disk is full, say. What was taken before can still be published.
    pub(super) fn take(&mut self, trial: &Trial) -> Result<()> {
        let (writer, _) = match self.open.take() {
            Some(open) => self.open.insert(open),
            None => {
                let writer = self.writer(self.scratch.join(self.sequence.to_string()))?;
                self.open.insert((writer, Instant::now()))
            }
        };
        writer.push(trial)
    }

    /// Whether there are trials that the head can't see yet.
    pub(super) fn is_waiting(&self) -> bool {
        self.open.is_some()
    }

    /// Publishes what there is if it is time to.
    ///
    /// # Errors
    /// If it can't be published for as long as a task can wait for that.
    pub(super) fn publish_if_due(&mut self) -> Result<Published> {
        let longest = LONG.max(self.started.elapsed() / PART_OF_AGE);
        match self.open.take() {
            Some((writer, since)) if writer.bytes() >= LARGE || since.elapsed() >= longest => {
                self.publish(writer, None)
            }
            open => {
                self.open = open;
                Ok(Published::Yes)
            }
        }
    }

    /// Publishes what there is, and how the task ended.
    ///
    /// # Errors
    /// As of [`Self::publish_if_due`].
    pub(super) fn finish(mut self, end: TaskEnd) -> Result<Published> {
        let writer = match self.open.take() {
            Some((writer, _)) => writer,
            // The node's disk may be full, and that the very thing to tell.
            None => match self.writer(self.scratch.join(self.sequence.to_string())) {
                Ok(writer) => writer,
                Err(_) => self.writer(self.package.incoming().join(self.temporary()))?,
            },
        };
        self.publish(writer, Some(end))
    }

    fn writer(&self, path: PathBuf) -> Result<SegmentWriter> {
        SegmentWriter::create(&path, &self.head)
    }

    fn temporary(&self) -> String {
        format!(".{}.end", self.name())
    }

    fn name(&self) -> SegmentName {
        SegmentName {
            batch: self.head.batch,
            attempt: self.head.attempt.clone(),
            sequence: self.sequence,
        }
    }

    /// Publishes a segment, if need be after some time.
    fn publish(&mut self, mut writer: SegmentWriter, end: Option<TaskEnd>) -> Result<Published> {
        let (name, incoming) = (self.name(), self.package.incoming());
        let since = Instant::now();
        let mut told = false;
        loop {
            let Err(error) = writer.publish(&incoming, &name, end.as_ref()) else {
                self.sequence += 1;
                return Ok(Published::Yes);
            };
            if matches!(fs::read_dir(&incoming), Err(error) if error.kind() == ErrorKind::NotFound)
            {
                return Ok(Published::PackageGone);
            }
            let patience = match end.is_some() || self.interrupt.is_triggered() {
                true => PATIENCE_AT_THE_END,
                false => PATIENCE,
            };
            if since.elapsed() >= patience {
                return Err(error).context("what was run can't be handed to the head and is lost");
            }
            if !told {
                (self.say)(&format!("{error:#}; trying again"));
                told = true;
            }
            self.pause();
        }
    }

    /// Waits a moment, or until the task is to end.
    fn pause(&self) {
        let until = Instant::now() + PAUSE;
        let already = self.interrupt.is_triggered();
        while Instant::now() < until && self.interrupt.is_triggered() == already {
            thread::sleep(Duration::from_millis(100));
        }
    }
}
