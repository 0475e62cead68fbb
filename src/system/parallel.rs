//! One way to spread work over threads: inputs in order, outcomes in order, a bounded number of them in progress.
//!
//! It knows nothing of the work itself. Planning, products and imports use several cores through it, so that shutting down has to
//! be right in one place only: an error or a panic anywhere ends everything, and no thread waits for ever.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{channel, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use anyhow::Result;

/// Runs `work` on `threads` threads over `inputs`, and passes each outcome to `take`, in the order of the inputs.
///
/// `inputs` and `take` run on the calling thread. At most `2 × threads` inputs are in progress at any time.
pub(crate) fn ordered<I: Send, O: Send>(
    threads: usize,
    inputs: impl Iterator<Item = Result<I>>,
    work: &(dyn Fn(I) -> Result<O> + Sync),
    take: &mut dyn FnMut(O) -> Result<()>,
) -> Result<()> {
    let threads = threads.max(1);
    let window = 2 * threads;
    let mut inputs = inputs.fuse();
    let (task_sender, task_receiver) = sync_channel::<(usize, I)>(window);
    let tasks = Mutex::new(task_receiver);
    thread::scope(|scope| {
        // Both are owned by this closure: returning early drops them, and that ends the workers.
        let task_sender = task_sender;
        let (done_sender, done) = channel();
        for _ in 0..threads {
            let (done, tasks) = (done_sender.clone(), &tasks);
            scope.spawn(move || {
                loop {
                    let task = tasks.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok((number, input)) = task else { return };
                    let outcome = catch_unwind(AssertUnwindSafe(|| work(input)));
                    if done.send((number, outcome)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(done_sender);
        let mut waiting = BTreeMap::new();
        let (mut sent, mut taken) = (0, 0);
        loop {
            while sent < taken + window {
                let Some(input) = inputs.next() else { break };
                task_sender
                    .send((sent, input?))
                    .expect("workers wait for tasks");
                sent += 1;
            }
            if taken == sent {
                return Ok(());
            }
            let (number, outcome) = done.recv().expect("workers answer each task");
            waiting.insert(
                number,
                outcome.unwrap_or_else(|panic| resume_unwind(panic))?,
            );
            while let Some(outcome) = waiting.remove(&taken) {
                take(outcome)?;
                taken += 1;
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use anyhow::bail;

    use super::*;

    fn numbers(count: u64) -> impl Iterator<Item = Result<u64>> {
        (0..count).map(Ok)
    }

    #[test]
    fn outcomes_keep_the_order() {
        for threads in [0, 1, 3] {
            let mut outcomes = Vec::new();
            let work = |i: u64| {
                thread::sleep(Duration::from_micros((i * 7919) % 300));
                Ok(i * 2)
            };
            ordered(threads, numbers(200), &work, &mut |o| {
                outcomes.push(o);
                Ok(())
            })
            .expect("no error");
            assert_eq!(outcomes, (0..200).map(|i| i * 2).collect::<Vec<_>>());
        }
    }

    #[test]
    fn no_more_than_the_window_is_under_way() {
        let (begun, ended) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let inputs = (0..300).map(|i: u64| {
            begun.fetch_add(1, Ordering::SeqCst);
            Ok(i)
        });
        let work = |i: u64| {
            if i == 5 {
                thread::sleep(Duration::from_millis(30));
            }
            Ok(())
        };
        ordered(2, inputs, &work, &mut |()| {
            let ahead = begun.load(Ordering::SeqCst) - ended.fetch_add(1, Ordering::SeqCst);
            assert!(ahead <= 4, "{ahead}");
            Ok(())
        })
        .expect("no error");
    }

    #[test]
    fn errors_end_it_wherever_they_come_from() {
        let inputs = (0..100).map(|i: u64| if i == 50 { bail!("input") } else { Ok(i) });
        let error = ordered(2, inputs, &|_| Ok(()), &mut |()| Ok(())).expect_err("an error");
        assert_eq!(error.to_string(), "input");
        let work = |i: u64| if i == 50 { bail!("work") } else { Ok(()) };
        let error = ordered(2, numbers(100), &work, &mut |()| Ok(())).expect_err("an error");
        assert_eq!(error.to_string(), "work");
        let error = ordered(2, numbers(100), &|_| Ok(()), &mut |()| bail!("take"));
        assert_eq!(error.expect_err("an error").to_string(), "take");
    }

    #[test]
    #[should_panic(expected = "in a worker")]
    fn a_panic_is_passed_on() {
        let work = |i: u64| {
            if i == 50 {
                panic!("in a worker")
            } else {
                Ok(())
            }
        };
        drop(ordered(2, numbers(100), &work, &mut |()| Ok(())));
    }
}
