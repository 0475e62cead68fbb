//! What earlier attempts at a batch have published: a task that is started once more does not run that again.

use std::collections::HashSet;

use anyhow::{Context, Result};

use crate::cluster::batch::Batch;
use crate::cluster::journal::{Event, Journal};
use crate::cluster::package::Package;
use crate::cluster::segment::{list_segments, read_segment};
use crate::execute::order::Order;
use crate::plan::key::Key;

/// The orders of a batch that no published trial answers.
///
/// # Errors
/// If the package can't be read.
pub(super) fn unanswered(package: &Package, batch: &Batch) -> Result<Vec<Order>> {
    // In this order: a segment that the head has taken in meanwhile is in the journal by then.
    let mut answered = waiting(package, batch)?;
    for entry in Journal::read(&package.journal())? {
        if let Event::Merged {
            batch: number,
            done,
            ..
        } = entry.event
            && number == batch.number
        {
            let orders = done.iter().filter_map(|&at| batch.orders.get(at as usize));
            answered.extend(orders.map(|order| order.order.key));
        }
    }
    let orders = batch.orders.iter().map(|order| &order.order);
    let left = orders.filter(|order| !answered.contains(&order.key));
    Ok(left.cloned().collect())
}

/// The keys that are answered in segments which the head has not yet taken in.
fn waiting(package: &Package, batch: &Batch) -> Result<HashSet<Key>> {
    let incoming = package.incoming();
    let names = list_segments(&incoming);
    let names = names.with_context(|| format!("can't list {}", incoming.display()))?;
    let mut answered = HashSet::new();
    for name in names.iter().filter(|name| name.batch == batch.number) {
        // One that can't be read is the head's to tell of; its runs are done again.
        if let Ok(segment) = read_segment(&incoming.join(name.to_string())) {
            answered.extend(segment.trials.iter().map(|trial| trial.key));
        }
    }
    Ok(answered)
}
