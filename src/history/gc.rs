//! Garbage collection: the results that no catchment, no tag and none of the last runs needs.
//!
//! It decides; [`crate::store`] removes, each key with its payloads in one transaction.

use std::collections::{HashMap, HashSet};

use anyhow::{Result, bail};

use crate::data::digest::Digest;
use crate::data::scenario::ScenarioName;
use crate::plan::key::Explanation;
use crate::plan::snapshot::Snapshot;
use crate::store::{Kept, Store, StoreError};

/// What would be removed, and what would be left.
pub(crate) struct GcPlan {
    /// The results to be removed.
    pub doomed: Vec<Digest>,
    /// The results that stay.
    pub kept: usize,
    /// Bytes of series that go.
    pub freed: u64,
    /// Bytes of the store now.
    pub size: u64,
    staying: Kept,
}

/// How often payloads are used that more than one result or input has.
struct PayloadUses(HashMap<i64, usize>);

impl GcPlan {
    /// What the `scenarios`' catchments have now, tags and the last `runs` runs are kept whatever their size. All other results
    /// go; with `max_size` in bytes only the least recently used of them, until the rest fits.
    pub(crate) fn new(
        store: &Store,
        scenarios: HashSet<ScenarioName>,
        runs: usize,
        max_size: Option<u64>,
        keeps_outputs: bool,
    ) -> Result<Self> {
        let _transaction = store.read_transaction()?;
        let mut staying = Kept {
            keys: present_keys(store, &scenarios)?,
            contents: HashSet::new(),
            runs,
            scenarios,
            outputs: keeps_outputs,
        };
        add_snapshots(&mut staying, store, &snapshots(store, runs)?)?;
        let mut uses = PayloadUses(store.shared_payloads()?);
        let (size, mut freed, mut kept, mut doomed) = (store.size()?, 0, 0, Vec::new());
        store.each_result(&mut |result| {
            let fits = max_size.is_some_and(|most| size.saturating_sub(freed) <= most);
            if fits || staying.keys.contains(&result.key) {
                kept += 1;
                staying.keys.insert(result.key);
            } else {
                freed += uses.release(&result.payloads);
                doomed.push(result.key);
            }
        })?;
        let none = HashSet::new();
        let in_use = if keeps_outputs { &staying.keys } else { &none };
        freed += store.unused_outputs(in_use)?.1;
        add_parts(&mut staying, store)?;
        for (digest, payload, bytes) in store.input_payloads()? {
            if !staying.contents.contains(&digest) {
                freed += uses.release(&[(payload, bytes)]);
            }
        }
        Ok(Self {
            doomed,
            kept,
            freed,
            size,
            staying,
        })
    }

    /// Removes what was planned. The caller must have held the project's lock alone since before the planning.
    pub(crate) fn carry_out(&self, store: &mut Store) -> Result<()> {
        Ok(store.collect(&self.doomed, &self.staying)?)
    }
}

/// The snapshots of the last runs and of all tags.
fn snapshots(store: &Store, runs: usize) -> Result<Vec<Digest>> {
    let past = store.runs(usize::MAX)?.into_iter();
    let mut snapshots: Vec<Digest> = past.filter_map(|run| run.snapshot).take(runs).collect();
    for tag in store.tags()? {
        // What a tag protects must be known before anything goes.
        if store.content(&tag.snapshot)?.is_none() {
            bail!(
                "the store's record of tag {0:?} is damaged, so nothing was removed; `rerunoff tag --delete {0:?}` gives it up",
                tag.name
            );
        }
        snapshots.push(tag.snapshot);
    }
    Ok(snapshots)
}

/// The keys that the scenarios' catchments have now.
fn present_keys(
    store: &Store,
    scenarios: &HashSet<ScenarioName>,
) -> Result<HashSet<Digest>, StoreError> {
    let states = store.states()?.into_iter();
    let theirs = states.filter(|((scenario, _), _)| scenarios.contains(scenario));
    Ok(theirs.map(|(_, last)| last.key).collect())
}

/// Adds the snapshots and all that they refer to. One that is damaged, which can only be a run's, protects nothing.
fn add_snapshots(staying: &mut Kept, store: &Store, snapshots: &[Digest]) -> Result<()> {
    for snapshot in snapshots {
        let Some(bytes) = store.content(snapshot)? else {
            continue;
        };
        staying.contents.insert(*snapshot);
        for scenario in &Snapshot::from_bytes(&bytes)?.scenario_snapshots {
            staying.contents.insert(scenario.time);
            let keys = scenario.rows.iter().filter_map(|row| row.key);
            staying.keys.extend(keys);
        }
    }
    Ok(())
}

/// Adds what the keys and their recipes are made of.
fn add_parts(staying: &mut Kept, store: &Store) -> Result<(), StoreError> {
    let mut recipes = HashSet::new();
    for key in &staying.keys {
        if let Some(explanation) = store.explanation(key)? {
            recipes.insert(explanation.recipe);
            staying.contents.extend(digests(&explanation.parts));
        }
    }
    for recipe in recipes {
        if let Some(parts) = store.recipe(&recipe)? {
            staying.contents.extend(digests(&parts));
        }
    }
    Ok(())
}

impl PayloadUses {
    /// Takes one use away from each of these payloads, and returns the bytes of those that have none left.
    fn release(&mut self, payloads: &[(i64, u64)]) -> u64 {
        let mut freed = 0;
        for (payload, bytes) in payloads {
            let left = self.0.get_mut(payload).map_or(0, |count| {
                *count -= 1;
                *count
            });
            freed += if left == 0 { *bytes } else { 0 };
        }
        freed
    }
}

/// The digests of all that a key's or a recipe's parts refer to.
fn digests(parts: &[u8]) -> Vec<Digest> {
    let explanation = postcard::from_bytes::<Explanation>(parts).unwrap_or_default();
    (explanation.parts())
        .filter_map(|(_, remembered)| remembered.digest())
        .collect()
}
