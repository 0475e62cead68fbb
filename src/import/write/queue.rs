//! A queue for work that only one thread can do at a time, and nobody has to wait for.
//!
//! The system lets one thread at a time write to a file, and keeps the others spinning. Here they queue what they have and
//! go on; the thread that is writing does it as well. The queue does not know what the work is.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use anyhow::Result;

/// Queued work, done by one thread at a time.
pub(super) struct WriteQueue<T> {
    waiting: Mutex<VecDeque<T>>,
    turn: Mutex<()>,
}

impl<T> Default for WriteQueue<T> {
    fn default() -> Self {
        Self {
            waiting: Mutex::default(),
            turn: Mutex::default(),
        }
    }
}

impl<T> WriteQueue<T> {
    /// Queues one piece, and does all that is queued, unless another thread is at it, which then does this piece as well.
    ///
    /// At most `most` pieces are left waiting: whoever brings more waits. The error may be that of any piece.
    pub(super) fn put(&self, most: usize, piece: T, work: &dyn Fn(T) -> Result<()>) -> Result<()> {
        let crowded = {
            let mut waiting = held(&self.waiting);
            waiting.push_back(piece);
            waiting.len() > most
        };
        loop {
            let turn = match self.turn.try_lock() {
                Ok(turn) => turn,
                Err(TryLockError::Poisoned(turn)) => turn.into_inner(),
                Err(TryLockError::WouldBlock) if crowded => held(&self.turn),
                Err(TryLockError::WouldBlock) => return Ok(()),
            };
            while let Some(piece) = self.next() {
                work(piece)?;
            }
            drop(turn);
            // What came after the last look and before the turn was over has nobody else to do it.
            if held(&self.waiting).is_empty() {
                return Ok(());
            }
        }
    }

    fn next(&self) -> Option<T> {
        held(&self.waiting).pop_front()
    }
}

fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use anyhow::bail;

    use super::*;

    #[test]
    fn all_is_done_once_and_by_one_at_a_time() {
        let write_queue = WriteQueue::default();
        let (at_work, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        let work = |piece: usize| {
            assert_eq!(at_work.fetch_add(1, Ordering::SeqCst), 0);
            thread::yield_now();
            held(&done).push(piece);
            at_work.fetch_sub(1, Ordering::SeqCst);
            Ok(())
        };
        thread::scope(|scope| {
            for thread in 0..4 {
                let (write_queue, work) = (&write_queue, &work);
                scope.spawn(move || {
                    for piece in 0..1000 {
                        write_queue
                            .put(thread, 1000 * thread + piece, work)
                            .expect("done");
                    }
                });
            }
        });
        let mut done = held(&done).clone();
        done.sort_unstable();
        assert_eq!(done, (0..4000).collect::<Vec<_>>());
    }

    #[test]
    fn errors_come_to_whoever_is_at_work() {
        let write_queue = WriteQueue::default();
        let work = |piece: usize| match piece {
            3 => bail!("the disk is full"),
            _ => Ok(()),
        };
        let outcomes: Vec<bool> = (0..5)
            .map(|n| write_queue.put(1, n, &work).is_ok())
            .collect();
        assert_eq!(outcomes, [true, true, true, false, true]);
    }
}
