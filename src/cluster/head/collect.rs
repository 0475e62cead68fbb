//! Taking in what tasks have published.
//!
//! A segment's trials are stored in one transaction together with its name, then the journal has it, then the file goes. Whatever
//! the head dies between, the next one finds the file again, and the store knows that it has it.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::{Arrival, Errand, Head, Intake, OpenPackage};
use crate::cluster::batch::{Batch, BatchOrder};
use crate::cluster::ids::{BatchNumber, SegmentName};
use crate::cluster::journal::Event;
use crate::cluster::package::manifest::Purpose;
use crate::cluster::segment::{Segment, SegmentError, TaskEnd, list_segments, read_segment};
use crate::execute::local::failed_runs::FailedRuns;
use crate::execute::trial::{Trial, TrialOutcome};
use crate::plan::key::Key;
use crate::store::cache_folder::CACHE;

/// How long a cache of a network file system may show only the beginning of a segment.
const STALE: Duration = Duration::from_secs(60);

impl Head {
    /// Takes in all that is there. How many segments it was.
    pub(super) fn collect(
        &mut self,
        mut errand: Option<&mut Errand<'_>>,
        intake: &mut dyn Intake,
    ) -> Result<usize> {
        let mut taken = 0;
        for open in &mut self.packages {
            let mut hear = |trial: &Trial| {
                if let Some(errand) = errand.as_deref_mut() {
                    errand.hear(trial);
                }
            };
            taken += open.collect(&mut hear, intake)?;
        }
        Ok(taken)
    }
}

/// Whether a file was written so long ago that every cache has all of it.
fn is_older(path: &Path, age: Duration) -> bool {
    let written = fs::metadata(path).and_then(|file| file.modified());
    written.is_ok_and(|written| written.elapsed().is_ok_and(|elapsed| elapsed >= age))
}

impl OpenPackage {
    fn collect(&mut self, hear: &mut dyn FnMut(&Trial), intake: &mut dyn Intake) -> Result<usize> {
        let incoming = self.package.incoming();
        let context = || format!("can't list {}", incoming.display());
        let mut by_batch: BTreeMap<BatchNumber, Vec<SegmentName>> = BTreeMap::new();
        for name in list_segments(&incoming).with_context(context)? {
            by_batch.entry(name.batch).or_default().push(name);
        }
        let mut taken = 0;
        for (number, names) in by_batch {
            let batch = match self.standing.batches.contains_key(&number) {
                true => self.batch(number)?,
                false => {
                    let why = "the package has no such batch";
                    names
                        .iter()
                        .try_for_each(|name| self.set_aside(name, why, intake))?;
                    continue;
                }
            };
            let places = batch.orders.iter().zip(0..);
            let places: HashMap<Key, u32> = places
                .map(|(order, place)| (order.order.key, place))
                .collect();
            for name in names {
                let segment = self.take(&name, &batch, &places, hear, intake)?;
                taken += usize::from(segment);
            }
        }
        Ok(taken)
    }

    /// Takes one segment in, unless it can't be read, yet or at all.
    fn take(
        &mut self,
        name: &SegmentName,
        batch: &Batch,
        places: &HashMap<Key, u32>,
        hear: &mut dyn FnMut(&Trial),
        intake: &mut dyn Intake,
    ) -> Result<bool> {
        let path = self.package.incoming().join(name.to_string());
        let segment = match read_segment(&path) {
            Ok(segment) => segment,
            Err(SegmentError::Io(error)) if error.kind() == ErrorKind::NotFound => {
                return Ok(false);
            }
            Err(SegmentError::Unfinished) => {
                let since = *self
                    .unfinished
                    .entry(name.clone())
                    .or_insert_with(Instant::now);
                if since.elapsed() >= STALE || is_older(&path, 2 * STALE) {
                    self.set_aside(name, "it ends in the middle", intake)?;
                }
                return Ok(false);
            }
            Err(fault @ SegmentError::OtherVersion(_)) => bail!(
                "{}: {fault}; the program that submitted it takes it in: {} -C {} run",
                path.display(),
                self.package.binary().display(),
                self.manifest.root.display()
            ),
            Err(SegmentError::Io(error)) => {
                return Err(error).with_context(|| format!("can't read {}", path.display()));
            }
            Err(fault) => {
                self.set_aside(name, &fault.to_string(), intake)?;
                return Ok(false);
            }
        };
        let answered = match self.answered(name, &segment, batch, places) {
            Ok(answered) => answered,
            Err(fault) => {
                self.set_aside(name, &fault.to_string(), intake)?;
                return Ok(false);
            }
        };
        let standing = &self.standing.batches[&name.batch];
        let again = answered.iter().map(|place| standing.has(*place as usize));
        let orders = answered.iter().map(|place| &batch.orders[*place as usize]);
        let end = segment.end.clone();
        segment.trials.iter().for_each(hear);
        self.fetch_evidence(name, &segment)?;
        if let Some(TaskEnd::Obstacle { kind, reason }) = &end {
            let host = segment.head.machine.host.clone();
            intake.say(&format!("a task on {host} could not go on: {reason}"));
            self.troubles.push((host, *kind, reason.clone()));
        }
        intake.take(Arrival {
            manifest: &self.manifest,
            name,
            again: again.collect(),
            orders: orders.collect(),
            segment,
        })?;
        self.note(&Event::Merged {
            segment: name.to_string(),
            batch: name.batch,
            done: answered,
            end,
        })?;
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("can't remove {}", path.display()));
            }
            _ => {}
        }
        self.unfinished.remove(name);
        Ok(true)
    }

    /// For each trial of a segment the place of its order; an error if one of them is not what was ordered. Then none counts.
    fn answered(
        &self,
        name: &SegmentName,
        segment: &Segment,
        batch: &Batch,
        places: &HashMap<Key, u32>,
    ) -> Result<Vec<u32>> {
        let head = &segment.head;
        if (&head.package, head.batch, &head.attempt)
            != (&self.manifest.id, name.batch, &name.attempt)
        {
            bail!(
                "it says that it is of package {}, batch {}, attempt {}",
                head.package,
                head.batch,
                head.attempt
            );
        }
        let answered = segment.trials.iter().map(|trial| {
            let place = places.get(&trial.key).copied();
            let is_it = |BatchOrder { order, .. }: &BatchOrder| {
                (&order.scenario, &order.catchment) == (&trial.scenario, &trial.catchment)
            };
            let place = place.filter(|place| is_it(&batch.orders[*place as usize]));
            place.with_context(|| {
                let label = trial.scenario.label(&trial.catchment);
                format!("its batch has no order of catchment {label} with this key")
            })
        });
        answered.collect()
    }

    /// Puts a file away that is no segment of this package, beside what its tasks printed, and says so. What it was to answer is
    /// answered by another one, or run again.
    fn set_aside(&mut self, name: &SegmentName, why: &str, intake: &mut dyn Intake) -> Result<()> {
        let from = self.package.incoming().join(name.to_string());
        let to = self.package.logs().join(format!("bad-{name}"));
        let context = || format!("can't move {} to {}", from.display(), to.display());
        fs::rename(&from, &to).with_context(context)?;
        self.unfinished.remove(name);
        intake.say(&format!(
            "{} can't be taken in: {why}; what it should have held is run again (it is {} now)",
            from.display(),
            to.display()
        ));
        Ok(())
    }

    /// Brings what failed runs left to where that of runs on this machine is.
    fn fetch_evidence(&self, name: &SegmentName, segment: &Segment) -> Result<()> {
        if self.manifest.purpose == Purpose::Verify {
            return Ok(());
        }
        let there = FailedRuns::new(self.package.failed(name.batch, &name.attempt));
        let here = FailedRuns::in_cache(&self.manifest.root.join(CACHE));
        let is_good = |trial: &&Trial| matches!(trial.outcome, TrialOutcome::Good(_));
        for trial in segment.trials.iter().filter(|trial| !is_good(trial)) {
            here.adopt(&there, &trial.scenario, &trial.catchment)?;
        }
        here.prune()
    }
}
