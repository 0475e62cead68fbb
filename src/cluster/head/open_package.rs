//! An open package: its manifest, its journal with what that comes to, and its engine.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::Result;
use jiff::Timestamp;

use crate::cluster::batch::Batch;
use crate::cluster::engine::{self, Engine};
use crate::cluster::ids::{ArrayNumber, BatchNumber, SegmentName, job_name};
use crate::cluster::journal::{Event, Journal};
use crate::cluster::package::Package;
use crate::cluster::package::freeze::discard;
use crate::cluster::package::manifest::Manifest;
use crate::cluster::segment::Trouble;
use crate::cluster::shared_folder;
use crate::cluster::standing::{ArrayStanding, Standing};
use crate::store::Store;

/// A package of which something is owed, or still to be taken in.
pub(crate) struct OpenPackage {
    /// Where it is.
    pub package: Package,
    /// What it says of itself.
    pub manifest: Manifest,
    /// What is known of its tasks.
    pub standing: Standing,
    pub(super) engine: Box<dyn Engine>,
    pub(super) journal: Journal,
    /// Segments that could not be read whole, and since when. Perhaps a cache shows only their beginning.
    pub(super) unfinished: BTreeMap<SegmentName, Instant>,
    /// When the engine is asked again about arrays of which it is not known whether it has them.
    pub(super) missing: BTreeMap<ArrayNumber, Instant>,
    /// When the engine was last asked, and how often in a row it gave no answer.
    pub(super) asked: Option<Instant>,
    pub(super) unanswered: u32,
    /// Batches that have ended, and whose runs that were not done are accounted for.
    pub(super) returned: BTreeSet<BatchNumber>,
    /// What the engine said to the last submission that had no clear answer.
    pub(super) unclear: Option<String>,
    /// Machines on which a task could not go on, and why.
    pub(super) troubles: Vec<(String, Trouble, String)>,
    /// What was said already, so that nothing is said twice.
    pub(super) said: Vec<String>,
}

/// The kind of the store's marks of this package's segments.
pub(crate) fn mark_kind(manifest: &Manifest) -> String {
    format!("segments of {}", manifest.id)
}

impl OpenPackage {
    pub(super) fn new(package: Package, manifest: Manifest) -> Result<Self> {
        let (journal, entries) = Journal::open(&package.journal())?;
        Ok(Self {
            engine: engine::engine(&manifest.spec, &manifest.root),
            standing: Standing::of(&entries),
            journal,
            package,
            manifest,
            unfinished: BTreeMap::new(),
            missing: BTreeMap::new(),
            asked: None,
            unanswered: 0,
            returned: BTreeSet::new(),
            unclear: None,
            troubles: Vec::new(),
            said: Vec::new(),
        })
    }

    /// Puts an event into the journal; what it means holds from then on.
    pub(super) fn note(&mut self, event: &Event) -> Result<()> {
        self.journal.append(event)?;
        self.standing.apply(Timestamp::now().as_second(), event);
        Ok(())
    }

    /// A batch's orders.
    pub(super) fn batch(&self, number: BatchNumber) -> Result<Batch> {
        Batch::read(&self.package.batch(number))
    }

    /// The name under which an array was submitted.
    pub(super) fn job_name(&self, number: ArrayNumber, array: &ArrayStanding) -> String {
        job_name(&self.manifest.id, number, array.epoch)
    }

    /// The jobs that may still have tasks, by id and name.
    pub(super) fn jobs(&self) -> Vec<(String, String)> {
        self.standing.jobs(&self.manifest.id)
    }

    /// Whether `rerunoff cancel` was called on it since the head looked last.
    pub(super) fn is_newly_cancelled(&self) -> Result<bool> {
        Ok(!self.standing.cancelled && shared_folder::shows(&self.package.cancelled())?)
    }

    /// The time between two questions to the engine: longer while it gives no answers.
    pub(super) fn pause(&self) -> Duration {
        self.manifest.spec.ask_every * if self.unanswered > 0 { 5 } else { 1 }
    }

    /// Says something for the first time; what was said before is not said again.
    pub(super) fn say_once(&mut self, message: String, say: &mut dyn FnMut(&str)) {
        if !self.said.contains(&message) {
            say(&message);
            self.said.push(message);
        }
    }

    /// Removes the package: nothing of it is owed, and all that was published is in the store.
    pub(super) fn close(mut self, store: &mut Store) -> Result<()> {
        self.note(&Event::Closed)?;
        store.forget_kind(&mark_kind(&self.manifest))?;
        discard(&self.package, &self.manifest, store)
    }
}
