//! Results fetched ahead on a thread of its own, in the order in which they are needed.

use std::iter::Peekable;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{self, Scope};
use std::vec;

use anyhow::{Context, Result};

use super::{Fetch, ProductContent};

/// The results that a thread fetches, encoded as the store has them. Dropping it ends the thread.
pub(super) struct Fetched<'p, E> {
    product: &'p ProductContent,
    /// An error and a panic of the thread count as outcomes, and are its last.
    outcomes: Receiver<thread::Result<Result<E>>>,
    /// The rows whose results have not been received.
    rows: Peekable<vec::IntoIter<usize>>,
}

impl<'p, E: Send> Fetched<'p, E> {
    /// Starts a thread that fetches these columns of these rows' results, at most `ahead` of them in advance.
    pub(super) fn start<'s>(
        scope: &'s Scope<'s, '_>,
        product: &'p ProductContent,
        columns: &'s [usize],
        (rows, ahead): (Vec<usize>, usize),
        fetch: &'s mut Fetch<'_, E>,
    ) -> Self
    where
        E: 's,
    {
        let (sender, outcomes) = sync_channel(ahead);
        let to_come = rows.clone();
        scope.spawn(move || {
            for row in rows {
                let outcome = catch_unwind(AssertUnwindSafe(|| fetch(row, columns)));
                let is_good = matches!(outcome, Ok(Ok(_)));
                if sender.send(outcome).is_err() || !is_good {
                    return;
                }
            }
        });
        Self {
            product,
            outcomes,
            rows: to_come.into_iter().peekable(),
        }
    }

    /// The results of the next rows, as far as they are in this range, each with its row.
    pub(super) fn in_range(&mut self, range: &Range<usize>) -> Result<Vec<(usize, E)>> {
        let mut results = Vec::new();
        while let Some(row) = self.rows.next_if(|row| range.contains(row)) {
            let outcome = self.outcomes.recv();
            let outcome = outcome.expect("the thread fetches until the last one");
            let result = outcome.unwrap_or_else(|panic| resume_unwind(panic));
            let context = || format!("{}: cannot fetch its result", self.product.row_name(row));
            results.push((row, result.with_context(context)?));
        }
        Ok(results)
    }
}
