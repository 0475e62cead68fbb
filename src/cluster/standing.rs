//! Where the tasks of a package stand: its journal, folded.
//!
//! Nothing but the journal goes in, so every head, on whichever machine, comes to the same. What an engine says and which claims there
//! are is not known here; the head looks at these and puts what it concludes into the journal.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::cluster::ids::{ArrayNumber, BatchNumber, Epoch, PackageId, job_name};
use crate::cluster::journal::{Entry, Event, Journal};
use crate::cluster::package::Package;
use crate::cluster::segment::TaskEnd;
use crate::cluster::shared_folder;

/// Where the tasks of a package stand.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    /// Its arrays, each as it was last tried.
    pub arrays: BTreeMap<ArrayNumber, ArrayStanding>,
    /// The batches of these.
    pub batches: BTreeMap<BatchNumber, BatchStanding>,
    /// Whether the user wants no more of it.
    pub cancelled: bool,
}

/// An array, as it was last tried.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ArrayStanding {
    /// Which try it is.
    pub epoch: Epoch,
    /// The first of its batches.
    pub first: BatchNumber,
    /// How many it has.
    pub batches: u32,
    /// The wall time asked for, for each task, in seconds.
    pub seconds: u64,
    /// The memory asked for, for each task, in bytes.
    pub memory: Option<u64>,
    /// The cores asked for, for each task.
    pub cores: u32,
    /// The nodes that are not wanted.
    pub exclude: Vec<String>,
    /// What became of the try.
    pub stage: Stage,
    /// Since when it is in this stage, in seconds since 1970.
    pub since: i64,
}

/// What became of a try at submitting an array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It was about to be submitted; whether it was is not known.
    Intended,
    /// The engine has it, as this job.
    Submitted(String),
    /// It will never run: the engine refused it, or its claims are void.
    Dropped,
}

/// A batch that was, or was to be, submitted.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct BatchStanding {
    /// Its array.
    pub array: ArrayNumber,
    /// The places of the orders that have been answered, in order.
    pub done: Vec<u32>,
    /// How its task ended; `None` while it is owed.
    pub end: Option<BatchEnd>,
    /// When something was last heard of it, in seconds since 1970.
    pub heard: i64,
    /// Since when the engine does not have its task, in seconds since 1970; `None` if it has, or was not asked.
    pub missing: Option<i64>,
    /// Whether its task was told to stop, and has. As long as the engine has it, it may be started anew: after a node was taken away
    /// for something else, say.
    pub stopped: bool,
}

/// How the task of a batch ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BatchEnd {
    /// By its own word.
    Told(TaskEnd),
    /// Without one, by what the head concluded: lost, cancelled, refused.
    Silent {
        /// How, for people.
        how: String,
        /// Whether it had begun and was lost.
        is_loss: bool,
    },
}

impl Standing {
    /// After these entries of a journal.
    pub(crate) fn of(entries: &[Entry]) -> Self {
        let mut standing = Self::default();
        for Entry { at, event } in entries {
            standing.apply(*at, event);
        }
        standing
    }

    /// After what is in a package's journal by now; there is none as long as nothing was to be submitted.
    pub(crate) fn read(package: &Package) -> Result<Self> {
        let journal = package.journal();
        match shared_folder::shows(&journal)? {
            true => Ok(Self::of(&Journal::read(&journal)?)),
            false => Ok(Self::default()),
        }
    }

    /// After one more.
    pub(crate) fn apply(&mut self, at: i64, event: &Event) {
        match event {
            Event::Intend {
                array,
                epoch,
                first,
                batches,
                seconds,
                memory,
                cores,
                exclude,
            } => {
                let intended = ArrayStanding {
                    epoch: *epoch,
                    first: *first,
                    batches: *batches,
                    seconds: *seconds,
                    memory: *memory,
                    cores: *cores,
                    exclude: exclude.clone(),
                    stage: Stage::Intended,
                    since: at,
                };
                for batch in intended.numbers() {
                    let standing = self.batches.entry(batch).or_insert(BatchStanding {
                        array: *array,
                        done: Vec::new(),
                        end: None,
                        heard: at,
                        missing: None,
                        stopped: false,
                    });
                    // The try before came to nothing.
                    if let Some(BatchEnd::Silent { .. }) = standing.end {
                        standing.end = None;
                    }
                }
                self.arrays.insert(*array, intended);
            }
            Event::Got { array, epoch, job } => {
                self.enter(*array, *epoch, Stage::Submitted(job.clone()), at);
            }
            Event::Void { array, epoch } => {
                self.drop_array(*array, *epoch, "it was not submitted", at);
            }
            Event::Refused { array, epoch, why } => self.drop_array(*array, *epoch, why, at),
            Event::Merged {
                batch, done, end, ..
            } => {
                if let Some(standing) = self.batches.get_mut(batch) {
                    standing.done.extend(done);
                    standing.done.sort_unstable();
                    standing.done.dedup();
                    standing.heard = at;
                    standing.missing = None;
                    standing.stopped = *end == Some(TaskEnd::Cancelled);
                }
                match end {
                    Some(TaskEnd::Cancelled) if !self.cancelled => {}
                    Some(end) => self.end(*batch, BatchEnd::Told(end.clone()), at),
                    None => {}
                }
            }
            Event::Ended {
                batch,
                how,
                is_loss,
            } => {
                let end = BatchEnd::Silent {
                    how: how.clone(),
                    is_loss: *is_loss,
                };
                self.end(*batch, end, at);
            }
            Event::Missing { batch } => self.miss(*batch, Some(at)),
            Event::Present { batch } => self.miss(*batch, None),
            Event::Cancelled => {
                self.cancelled = true;
                let batches = self.batches.iter();
                let stopped = batches.filter(|(_, batch)| batch.stopped);
                let stopped: Vec<BatchNumber> = stopped.map(|(number, _)| *number).collect();
                for batch in stopped {
                    self.end(batch, BatchEnd::Told(TaskEnd::Cancelled), at);
                }
            }
            Event::Closed => {}
        }
    }

    fn miss(&mut self, batch: BatchNumber, since: Option<i64>) {
        if let Some(standing) = self.batches.get_mut(&batch) {
            standing.missing = since;
        }
    }

    /// An array that will never run, unless another try at it is told of: none of its batches has begun.
    fn drop_array(&mut self, number: ArrayNumber, epoch: Epoch, how: &str, at: i64) {
        let array = self.arrays.get(&number);
        let Some(array) = array.filter(|array| array.epoch == epoch) else {
            return;
        };
        for batch in array.numbers() {
            let end = BatchEnd::Silent {
                how: how.to_owned(),
                is_loss: false,
            };
            self.end(batch, end, at);
        }
        self.enter(number, epoch, Stage::Dropped, at);
    }

    fn enter(&mut self, array: ArrayNumber, epoch: Epoch, stage: Stage, at: i64) {
        let standing = self.arrays.get_mut(&array);
        let Some(standing) = standing.filter(|standing| standing.epoch == epoch) else {
            return;
        };
        let first = standing.first.0;
        standing.stage = stage;
        standing.since = at;
        for number in (first..).take(standing.batches as usize) {
            if let Some(batch) = self.batches.get_mut(&BatchNumber(number)) {
                batch.heard = batch.heard.max(at);
            }
        }
    }

    /// A task's own word counts, also when it comes after a conclusion.
    fn end(&mut self, batch: BatchNumber, end: BatchEnd, at: i64) {
        if let Some(standing) = self.batches.get_mut(&batch)
            && !matches!(standing.end, Some(BatchEnd::Told(_)))
        {
            standing.end = Some(end);
            standing.heard = at;
        }
    }

    /// The batches whose tasks are not known to have ended.
    pub(crate) fn live(&self) -> impl Iterator<Item = BatchNumber> {
        let live = self.batches.iter().filter(|(_, batch)| batch.end.is_none());
        live.map(|(number, _)| *number)
    }

    /// The jobs that may still have tasks, by id and by the name that they have in this package.
    pub(crate) fn jobs(&self, package: &PackageId) -> Vec<(String, String)> {
        let is_live = |batch: BatchNumber| self.batches[&batch].end.is_none();
        let arrays = self.arrays.iter();
        let jobs = arrays.filter_map(|(number, array)| {
            let job = array.job().filter(|_| array.numbers().any(is_live))?;
            Some((job.to_owned(), job_name(package, *number, array.epoch)))
        });
        jobs.collect()
    }

    /// The number of the next batch.
    pub(crate) fn next_batch(&self) -> BatchNumber {
        BatchNumber((self.batches.last_key_value()).map_or(0, |(last, _)| last.0 + 1))
    }

    /// The number of the next array.
    pub(crate) fn next_array(&self) -> ArrayNumber {
        ArrayNumber((self.arrays.last_key_value()).map_or(0, |(last, _)| last.0 + 1))
    }
}

impl ArrayStanding {
    /// The numbers of its batches.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = BatchNumber> + use<> {
        (self.first.0..)
            .take(self.batches as usize)
            .map(BatchNumber)
    }

    /// The job, once the engine has it.
    pub(crate) fn job(&self) -> Option<&str> {
        match &self.stage {
            Stage::Submitted(job) => Some(job),
            Stage::Intended | Stage::Dropped => None,
        }
    }
}

impl BatchStanding {
    /// Whether the order at this place has been answered.
    pub(crate) fn has(&self, place: usize) -> bool {
        u32::try_from(place).is_ok_and(|place| self.done.binary_search(&place).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn intend(array: u32, epoch: u32, first: u32, batches: u32) -> Event {
        Event::Intend {
            array: ArrayNumber(array),
            epoch: Epoch(epoch),
            first: BatchNumber(first),
            batches,
            seconds: 600,
            memory: None,
            cores: 2,
            exclude: Vec::new(),
        }
    }

    fn got(array: u32, epoch: u32, job: &str) -> Event {
        Event::Got {
            array: ArrayNumber(array),
            epoch: Epoch(epoch),
            job: job.to_owned(),
        }
    }

    fn merged(batch: u32, done: &[u32], end: Option<TaskEnd>) -> Event {
        Event::Merged {
            segment: String::new(),
            batch: BatchNumber(batch),
            done: done.to_vec(),
            end,
        }
    }

    fn after(events: &[Event]) -> Standing {
        let entries = events.iter().zip(1..);
        let entries = entries.map(|(event, at)| Entry {
            at,
            event: event.clone(),
        });
        Standing::of(&entries.collect::<Vec<_>>())
    }

    #[test]
    fn what_is_owed_is_what_no_task_has_ended_over() {
        let standing = after(&[
            intend(0, 0, 0, 3),
            got(0, 0, "17"),
            merged(1, &[4, 0], None),
            merged(1, &[4, 2], Some(TaskEnd::Time)),
            Event::Ended {
                batch: BatchNumber(2),
                how: "lost".to_owned(),
                is_loss: true,
            },
        ]);
        assert_eq!(standing.live().collect::<Vec<_>>(), [BatchNumber(0)]);
        assert_eq!(standing.arrays[&ArrayNumber(0)].job(), Some("17"));
        let batch = &standing.batches[&BatchNumber(1)];
        assert!(batch.done == [0, 2, 4] && batch.has(2) && !batch.has(1));
        assert_eq!(batch.end, Some(BatchEnd::Told(TaskEnd::Time)));
        assert_eq!(standing.next_batch(), BatchNumber(3));
        assert_eq!(standing.next_array(), ArrayNumber(1));
    }

    #[test]
    fn a_task_that_was_stopped_may_be_started_anew_unless_all_were_cancelled() {
        let stopped = merged(0, &[1], Some(TaskEnd::Cancelled));
        let mut events = vec![intend(0, 0, 0, 2), got(0, 0, "17"), stopped];
        let standing = after(&events);
        assert_eq!(standing.live().count(), 2);
        assert!(standing.batches[&BatchNumber(0)].stopped);
        events.push(merged(0, &[2], None));
        assert!(!after(&events).batches[&BatchNumber(0)].stopped);
        *events.last_mut().expect("one") = Event::Cancelled;
        let standing = after(&events);
        assert_eq!(standing.live().collect::<Vec<_>>(), [BatchNumber(1)]);
        events.push(merged(1, &[], Some(TaskEnd::Cancelled)));
        assert_eq!(after(&events).live().count(), 0);
    }

    #[test]
    fn an_earlier_epoch_says_nothing_of_the_present_one() {
        let void = Event::Void {
            array: ArrayNumber(0),
            epoch: Epoch(0),
        };
        let events = [intend(0, 0, 0, 1), void, intend(0, 1, 0, 1), got(0, 0, "9")];
        let standing = after(&events);
        assert_eq!(standing.arrays[&ArrayNumber(0)].stage, Stage::Intended);
        assert_eq!(standing.live().count(), 1);
    }

    #[test]
    fn an_array_that_came_to_nothing_is_owed_by_nobody_until_it_is_tried_again() {
        let void = Event::Void {
            array: ArrayNumber(0),
            epoch: Epoch(0),
        };
        let refused = Event::Refused {
            array: ArrayNumber(0),
            epoch: Epoch(0),
            why: "no such queue".to_owned(),
        };
        for nothing in [void, refused] {
            let events = [intend(0, 0, 0, 2), nothing, intend(0, 1, 0, 2)];
            assert_eq!(after(&events[..2]).live().count(), 0, "{events:?}");
            assert_eq!(after(&events).live().count(), 2, "{events:?}");
        }
    }

    #[test]
    fn what_is_missing_is_so_until_it_is_there_again_or_heard_of() {
        let batch = BatchNumber(0);
        let begin = [intend(0, 0, 0, 1), Event::Missing { batch }];
        let missing = |events: &[Event]| after(&[&begin, events].concat()).batches[&batch].missing;
        assert_eq!(missing(&[]), Some(2));
        assert_eq!(missing(&[Event::Present { batch }]), None);
        assert_eq!(missing(&[merged(0, &[], None)]), None);
    }

    #[test]
    fn a_task_that_was_thought_lost_has_the_last_word() {
        let lost = Event::Ended {
            batch: BatchNumber(0),
            how: "lost".to_owned(),
            is_loss: true,
        };
        let told = merged(0, &[0], Some(TaskEnd::Done));
        let standing = after(&[intend(0, 0, 0, 1), lost.clone(), told, lost]);
        let end = &standing.batches[&BatchNumber(0)].end;
        assert_eq!(*end, Some(BatchEnd::Told(TaskEnd::Done)));
    }
}
