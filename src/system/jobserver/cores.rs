//! The cores of this machine, shared by all that run one project at the same time without `make`.
//!
//! A core is a byte of a file in the project's cache folder, and who runs a simulator has one [locked](ByteLocks). So eight callers
//! on four cores run four simulators at once, and the cores of one that is killed are free with its end. Which byte it is
//! follows from the machine and the core's number: processes that may use different cores only (`taskset`, a batch system's jobs on one node) take
//! none from each other, and neither do machines that share the folder.
//!
//! Nobody keeps others out by being quick: who wants a core waits for his turn first, which is one more byte, and the core that becomes free
//! next is for whoever has the turn. A look at the locks costs a microsecond or two; between looks a waiting thread sleeps for an eighth of what it
//! has waited, so that little of a core's time is lost whether simulators take milliseconds or days.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::thread::{CpuSet, sched_getaffinity};

use crate::data::digest::Digest;
use crate::system::byte_locks::ByteLocks;
use crate::system::process::Interrupt;

/// The bytes of one machine: its cores by their numbers, the last one is the turn.
const BYTES_OF_A_MACHINE: u64 = 1 << 12;
const TURN: u64 = BYTES_OF_A_MACHINE - 1;

/// How long a waiting thread sleeps between two looks.
const SHORTEST_SLEEP: Duration = Duration::from_micros(200);
const LONGEST_SLEEP: Duration = Duration::from_millis(10);

/// The cores that this process may use, and those that it has.
#[derive(Debug)]
pub(super) struct Cores {
    locks: ByteLocks,
    /// The byte of this machine's core 0.
    first: u64,
    /// The numbers of the cores that may be used.
    usable: Vec<u64>,
    /// The bytes that are locked here: the kernel tells processes apart, not threads.
    own: Mutex<BTreeSet<u64>>,
}

/// A byte that is locked until it is dropped.
#[derive(Debug)]
pub(super) struct Core<'a> {
    cores: &'a Cores,
    byte: u64,
}

impl Cores {
    /// So many cores, kept in this file, which is made if it is missing.
    ///
    /// # Errors
    /// If the file can't be made, or its file system knows no locks.
    pub(super) fn open(file: &Path, most: usize) -> io::Result<Self> {
        Self::of_machine(file, &machine(), usable(most))
    }

    fn of_machine(file: &Path, machine: &str, usable: Vec<u64>) -> io::Result<Self> {
        let mut number = [0; 8];
        number[2..].copy_from_slice(&Digest::of(machine.as_bytes()).as_bytes()[..6]);
        let cores = Self {
            locks: ByteLocks::open(file)?,
            // 48 bits for the machine and 12 for the core: less than the 63 that a file's length has.
            first: u64::from_be_bytes(number) * BYTES_OF_A_MACHINE,
            usable,
            own: Mutex::default(),
        };
        // Whether there are locks at all is known after one.
        let free = cores.locks.try_lock(cores.first + TURN)?;
        if free {
            cores.locks.unlock(cores.first + TURN);
        }
        Ok(cores)
    }

    /// Waits for a core; `None` if interrupted.
    pub(super) fn take(&self, interrupt: &Interrupt) -> Option<Core<'_>> {
        let since = Instant::now();
        let mut turn = None;
        while !interrupt.is_triggered() {
            turn = turn.or_else(|| self.try_lock(TURN));
            if turn.is_some()
                && let Some(core) = self.try_take()
            {
                return Some(core);
            }
            let sleep = since.elapsed() / 8;
            interrupt.wait(sleep.clamp(SHORTEST_SLEEP, LONGEST_SLEEP));
        }
        None
    }

    /// A core that nobody has, if there is one, even if others wait for it.
    pub(super) fn try_take(&self) -> Option<Core<'_>> {
        self.usable.iter().find_map(|core| self.try_lock(*core))
    }

    fn try_lock(&self, number: u64) -> Option<Core<'_>> {
        let byte = self.first + number;
        let mut own = self.own();
        // Where locking stops working, nobody is to wait for ever.
        let is_free = !own.contains(&byte) && self.locks.try_lock(byte).unwrap_or(true);
        is_free.then(|| {
            own.insert(byte);
            Core { cores: self, byte }
        })
    }

    fn own(&self) -> MutexGuard<'_, BTreeSet<u64>> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Core<'_> {
    fn drop(&mut self) {
        let mut own = self.cores.own();
        self.cores.locks.unlock(self.byte);
        own.remove(&self.byte);
    }
}

/// What no two machines have in common, nor one before and after it was started: containers on it are on it.
fn machine() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .unwrap_or_else(|_| crate::system::machine::this().host.clone())
}

/// The numbers of the cores that this process may use, the lowest ones first, `most` of them: it may have a share of their time only.
/// Where the kernel does not tell, they are counted.
fn usable(most: usize) -> Vec<u64> {
    let allowed = sched_getaffinity(None).unwrap_or_default();
    let is_usable = |core: &usize| allowed.count() == 0 || allowed.is_set(*core);
    let numbers = (0..CpuSet::MAX_CPU).filter(is_usable).take(most);
    numbers.map(|core| core as u64).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use std::thread;

    use super::*;
    use crate::system::claims::tests::soon;

    /// A caller, as a process of its own would be.
    fn caller(file: &Path, usable: &[u64]) -> Cores {
        Cores::of_machine(file, "this", usable.to_vec()).expect("locks")
    }

    #[test]
    fn callers_have_as_many_together_as_there_are() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("cores");
        let interrupt = Interrupt::new().expect("an interrupt");
        let (at_work, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let work = || {
            most.fetch_max(at_work.fetch_add(1, SeqCst) + 1, SeqCst);
            thread::sleep(Duration::from_millis(1));
            at_work.fetch_sub(1, SeqCst);
        };
        let callers: Vec<Cores> = (0..4).map(|_| caller(&file, &[0, 1, 2])).collect();
        thread::scope(|scope| {
            for cores in &callers {
                // Each with as many threads as it could have cores.
                for _ in 0..3 {
                    scope.spawn(|| {
                        for _ in 0..20 {
                            let core = cores.take(&interrupt).expect("in the end");
                            work();
                            drop(core);
                        }
                    });
                }
            }
        });
        assert_eq!(most.load(SeqCst), 3);
    }

    #[test]
    fn the_next_free_core_is_for_who_has_the_turn() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("cores");
        let (busy, waiting) = (caller(&file, &[0]), caller(&file, &[0]));
        let interrupt = Interrupt::new().expect("an interrupt");
        let order = Mutex::new(Vec::new());
        let take = |cores: &Cores, name: &'static str| {
            let core = cores.take(&interrupt).expect("in the end");
            order.lock().expect("no panic").push(name);
            drop(core);
        };
        let core = busy.take(&interrupt).expect("free");
        thread::scope(|scope| {
            scope.spawn(|| take(&waiting, "who waited"));
            while busy.try_lock(TURN).is_some() {
                thread::sleep(Duration::from_millis(1));
            }
            drop(core);
            // However soon it asks.
            take(&busy, "who had one");
        });
        assert_eq!(
            order.into_inner().expect("no panic"),
            ["who waited", "who had one"]
        );
    }

    #[test]
    fn a_wait_ends_with_an_interrupt_and_a_callers_cores_with_the_caller() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("cores");
        let interrupt = Interrupt::new().expect("an interrupt");
        let first = caller(&file, &[4]);
        std::mem::forget(first.take(&interrupt).expect("free"));
        let second = caller(&file, &[4]);
        assert!(second.try_take().is_none());
        thread::scope(|scope| {
            let waits = scope.spawn(|| second.take(&interrupt).is_none());
            thread::sleep(Duration::from_millis(5));
            interrupt.trigger();
            assert!(waits.join().expect("no panic"));
        });
        drop(first);
        assert!(soon(|| Ok(second.try_take().is_some())));
    }

    #[test]
    fn machines_and_disjoint_sets_of_cores_take_nothing_from_each_other() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("cores");
        let here = caller(&file, &[0, 1]);
        let (_one, _two) = (here.try_take().expect("free"), here.try_take());
        assert!(here.try_take().is_none());
        assert!(caller(&file, &[2, 3]).try_take().is_some());
        let there = Cores::of_machine(&file, "another", vec![0]).expect("locks");
        assert!(there.try_take().is_some());
        let own = usable(2);
        assert!(!own.is_empty() && own.len() <= 2);
        assert!(usable(CpuSet::MAX_CPU).len() >= own.len());
    }
}
