//! The head: the one `rerunoff run` that submits tasks and takes in what they publish.
//!
//! It holds a lock of its own, so that a project has one head, whoever else is at work on it. All that it has to remember is in the packages' journals, so it may die at
//! any point, and the next one, perhaps on another machine, goes on from there. A package is open until nothing of it is owed and
//! nothing of it is left to be taken in.
//!
//! | what it does | where |
//! |---|---|
//! | what a package's journal and files tell | [`open_package`] |
//! | takes in segments, each once | [`collect`] |
//! | what an errand takes, beforehand | [`bill`] |
//! | what is wanted, and what comes back of it | [`errand`], [`left_over`] |
//! | makes packages, batches and arrays of what is to be run | [`submit`] |
//! | asks the engine what is still there, and concludes what was lost | [`attend`] |
//! | goes round these until nothing is left, or nobody waits any more | [`wait`] |

mod attend;
mod bill;
mod collect;
mod errand;
mod left_over;
mod open_package;
mod submit;
mod wait;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use anyhow::Result;

pub(crate) use self::bill::Bill;
pub(crate) use self::errand::{Errand, Wish};
pub(crate) use self::open_package::{OpenPackage, mark_kind};
pub(crate) use self::wait::{Patience, Waited};
use crate::cluster::batch::{Batch, BatchOrder};
use crate::cluster::ids::SegmentName;
use crate::cluster::owed;
use crate::cluster::package::Package;
use crate::cluster::package::freeze::{discard_remains, prune_copies};
use crate::cluster::package::manifest::{Manifest, Purpose};
use crate::cluster::seat::Seat;
use crate::cluster::segment::Segment;
use crate::execute::next::Next;
use crate::execute::trial::Trial;
use crate::plan::key::Key;
use crate::store::Store;
use crate::system::lock::{Lock, LockError};

/// How often tasks may be lost that had a run, before it counts as failed.
pub(crate) const MOST_LOSSES: u32 = 4;

/// How many tasks in a row may have a run and do nothing, before it is taken that none ever will.
pub(crate) const MOST_FRUITLESS: u32 = 5;

/// All open packages of one purpose.
pub(crate) struct Head {
    /// `cache/cluster`.
    folder: PathBuf,
    purpose: Purpose,
    packages: Vec<OpenPackage>,
    /// Held while there is something to look after, or may be.
    _lock: Option<Lock>,
    /// Taken once there is something to look after.
    seat: Option<Seat>,
    /// Whether `rerunoff cancel` was called while this head was at work.
    is_cancelled: bool,
}

/// What a task has published, on its way in.
pub(crate) struct Arrival<'a> {
    /// The package that it belongs to.
    pub manifest: &'a Manifest,
    /// The name of its segment.
    pub name: &'a SegmentName,
    /// The segment.
    pub segment: Segment,
    /// For each of its trials the order that it answers.
    pub orders: Vec<&'a BatchOrder>,
    /// For each of its trials whether that order was answered before.
    pub again: Vec<bool>,
}

/// Takes in what tasks publish.
pub(crate) trait Intake {
    /// Takes all trials of a segment at once. Afterwards they are safe, and the segment may go. One that it has already does no harm.
    fn take(&mut self, arrival: Arrival<'_>) -> Result<()>;

    /// Takes a trial that the head made up, of a run that no task comes to an end with.
    fn conclude(&mut self, trial: Trial) -> Result<()>;

    /// Whether it wants more.
    fn next(&self) -> Next;

    /// The store, which nobody else writes.
    fn store(&mut self) -> &mut Store;

    /// Tells the user something.
    fn say(&mut self, message: &str);
}

/// Whether there are packages of this purpose, as far as that can be seen while another head is at work.
fn has_packages(folder: &Path, purpose: Purpose) -> Result<bool> {
    let packages = Package::open_all(folder)?.into_values();
    let mut purposes = packages.filter_map(|(_, manifest)| Some(manifest.ok()??.purpose));
    Ok(purposes.any(|other| other == purpose))
}

/// Why a run has to go to another task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Again {
    /// How many tasks that had it were lost.
    pub losses: u32,
    /// How many in a row that had it did nothing, for a reason that was no run's.
    pub fruitless: u32,
    /// The time asked for by a task that had none for it, in seconds.
    pub asked: u64,
    /// Whether it was begun when the task began, and so had all of that time.
    pub had_it_all: bool,
}

impl Head {
    /// The open packages in a `cache/cluster` folder, which need not be there; mostly it is not. If more may be submitted it is the
    /// only head from now on, and else if there is anything to look after.
    ///
    /// # Errors
    /// [`LockError::Held`] if there is another head and this one has to be the only one; with `wait`, it waits for the other's end.
    pub(crate) fn open(
        folder: &Path,
        purpose: Purpose,
        may_submit: bool,
        wait: bool,
    ) -> Result<Self> {
        let mut head = Self::of_nothing(folder, purpose);
        if !may_submit && !folder.exists() {
            return Ok(head);
        }
        match Lock::take(&folder.with_extension("lock"), wait) {
            Ok(lock) => head._lock = Some(lock),
            // The other one looks after other things, or has just begun.
            Err(LockError::Held(_)) if !may_submit && !has_packages(folder, purpose)? => {
                return Ok(head);
            }
            Err(error) => return Err(error.into()),
        }
        let packages = Package::open_all(folder)?;
        if !packages.is_empty() {
            head.take_seat()?;
        }
        for (package, manifest) in packages.into_values() {
            match manifest? {
                Some(manifest) if manifest.purpose == purpose => {
                    head.packages.push(OpenPackage::new(package, manifest)?);
                }
                Some(_) => {}
                // A head died while it made the package or removed it: nothing of it is under way. But a network file system may
                // show a package without its manifest for a while.
                None if package.is_seen_as_it_is()? => discard_remains(&package)?,
                None => {}
            }
        }
        if head.seat.is_none() {
            head.tidy()?;
        }
        if head.is_idle() && !may_submit {
            (head._lock, head.seat) = (None, None);
        }
        Ok(head)
    }

    /// One for a run that leaves alone whatever is under way.
    pub(crate) fn of_nothing(folder: &Path, purpose: Purpose) -> Self {
        Self {
            folder: folder.to_owned(),
            purpose,
            packages: Vec::new(),
            _lock: None,
            seat: None,
            is_cancelled: false,
        }
    }

    /// Removes what a head of this machine left that was killed when it had nothing more to look after.
    fn tidy(&self) -> Result<()> {
        Seat::clear(&self.folder);
        prune_copies(&self.folder)
    }

    /// Makes sure that no head on another machine is at work, and that it would notice this one.
    fn take_seat(&mut self) -> Result<()> {
        if self.seat.is_none() {
            self.seat = Some(Seat::take(&self.folder)?);
        }
        Ok(())
    }

    /// Whether nothing is under way.
    pub(crate) fn is_idle(&self) -> bool {
        self.packages.is_empty()
    }

    /// How many tasks are not known to have ended.
    pub(crate) fn live(&self) -> usize {
        let live = self
            .packages
            .iter()
            .map(|open| open.standing.live().count());
        live.sum()
    }

    /// The keys that tasks owe: they are being run, or will be.
    pub(crate) fn owed(&self) -> Result<HashSet<Key>> {
        let mut keys = HashSet::new();
        for open in &self.packages {
            keys.extend(owed::of(&open.package, &open.standing)?);
        }
        Ok(keys)
    }

    /// Why what is under way was submitted: how many, and the cause.
    pub(crate) fn causes(&self) -> Vec<(usize, String)> {
        let causes = self.packages.iter().map(|open| &open.manifest.causes);
        causes.flatten().cloned().collect()
    }

    /// How many runs tasks owe.
    pub(crate) fn owed_runs(&self) -> Result<usize> {
        let mut runs = 0;
        for open in &self.packages {
            for number in open.standing.live() {
                let ordered = Batch::count(&open.package.batch(number))? as usize;
                runs += ordered.saturating_sub(open.standing.batches[&number].done.len());
            }
        }
        Ok(runs)
    }

    /// The runs that tasks have not done which have ended, and what is to be known when they are packed again.
    pub(crate) fn left_over(&mut self) -> Result<HashMap<Key, Again>> {
        let mut left: HashMap<Key, Again> = HashMap::new();
        for open in &mut self.packages {
            for (key, again) in open.newly_left_over()? {
                let known = left.entry(key).or_insert(again);
                *known = again.max(*known);
            }
        }
        Ok(left)
    }
}
