//! What of the store may go: results that no catchment, no tag and none of the last runs has any use for.
//!
//! It decides; [`crate::store`] removes, each key with its payloads in one transaction.

use std::collections::HashSet;

use anyhow::{Result, bail};

use crate::data::digest::Digest;
use crate::data::scenario::ScenarioName;
use crate::plan::key::{Explanation, Remembered};
use crate::plan::snapshot::Snapshot;
use crate::store::Store;

/// What would be removed, and what would be left.
pub struct Collection {
    /// The results to be removed.
    pub doomed: Vec<Digest>,
    /// The results that stay.
    pub kept: usize,
    /// Bytes of series that go.
    pub freed: u64,
    /// Bytes of the store now.
    pub size: u64,
    keys: HashSet<Digest>,
    live: HashSet<Digest>,
    runs: usize,
    scenarios: HashSet<ScenarioName>,
}

impl Collection {
    /// With `max_size` in bytes, the least recently used of the results that may go do so until the rest fits; without,
    /// all of them. What the `scenarios`' catchments have now, tags and the last `runs` runs are kept whatever their size.
    pub fn plan(
        store: &Store,
        scenarios: HashSet<ScenarioName>,
        runs: usize,
        max_size: Option<u64>,
    ) -> Result<Self> {
        let _snapshot = store.read_transaction()?;
        let mut keys: HashSet<Digest> = (store.states()?.into_iter())
            .filter(|((scenario, _), _)| scenarios.contains(scenario))
            .map(|(_, last)| last.key)
            .collect();
        let mut live = HashSet::new();
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
        for snapshot in snapshots {
            let Some(bytes) = store.content(&snapshot)? else {
                continue;
            };
            let found = Snapshot::from_bytes(&bytes)?;
            live.insert(snapshot);
            for scenario_snapshot in &found.scenario_snapshots {
                live.insert(scenario_snapshot.time);
                keys.extend(scenario_snapshot.rows.iter().filter_map(|row| row.key));
            }
        }
        let mut uses = store.payload_uses()?;
        let mut release = |payloads: &[(i64, u64)]| -> u64 {
            let mut freed = 0;
            for (payload, bytes) in payloads {
                if let Some(count) = uses.get_mut(payload) {
                    *count -= 1;
                    freed += if *count == 0 { *bytes } else { 0 };
                }
            }
            freed
        };
        let (size, mut freed, mut kept, mut doomed) = (store.size()?, 0, 0, Vec::new());
        for holding in store.holdings()? {
            let fits = max_size.is_some_and(|most| size.saturating_sub(freed) <= most);
            if fits || keys.contains(&holding.key) {
                kept += 1;
                keys.insert(holding.key);
            } else {
                freed += release(&holding.payloads);
                doomed.push(holding.key);
            }
        }
        let mut recipes = HashSet::new();
        for key in &keys {
            if let Some(explanation) = store.explanation(key)? {
                recipes.insert(explanation.recipe);
                live.extend(digests(&explanation.parts));
            }
        }
        for recipe in recipes {
            live.extend(
                store
                    .recipe(&recipe)?
                    .iter()
                    .flat_map(|parts| digests(parts)),
            );
        }
        for (digest, payload, bytes) in store.input_payloads()? {
            if !live.contains(&digest) {
                freed += release(&[(payload, bytes)]);
            }
        }
        Ok(Self {
            doomed,
            kept,
            freed,
            size,
            keys,
            live,
            runs,
            scenarios,
        })
    }

    /// Removes what was planned; only for who holds the project's lock since.
    pub fn carry_out(&self, store: &mut Store) -> Result<()> {
        Ok(store.collect(
            &self.doomed,
            &self.keys,
            &self.live,
            self.runs,
            &self.scenarios,
        )?)
    }
}

/// The digests of all that a key's or a recipe's parts refer to.
fn digests(parts: &[u8]) -> Vec<Digest> {
    let explanation = postcard::from_bytes::<Explanation>(parts).unwrap_or_default();
    let digest = |remembered: &Remembered| match remembered {
        Remembered::Digest(digest) => Some(*digest),
        Remembered::Text(text) => Digest::from_hex(text),
    };
    (explanation.parts())
        .filter_map(|(_, remembered)| digest(remembered))
        .collect()
}
