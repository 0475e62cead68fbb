//! Which catchments are fresh, which are stale and why: the plan of a [`LoadedStudy`], from its keys and the store.
//!
//! It only asks the store and changes nothing; carrying a plan out is left to others.

use std::collections::hash_map::Entry as MapEntry;
use std::collections::{HashMap, HashSet};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread::available_parallelism;

use anyhow::{Context, Result};

use crate::data::catchment::CatchmentId;
use crate::data::digest::Digest;
use crate::inputs::BadInput;
use crate::plan::key::{Change, Explanation, Key, leave_out_consequences};
use crate::plan::last_states::LastStates;
use crate::plan::loaded::{LoadedScenario, LoadedStudy};
use crate::plan::side_by_side::{Keyed, SideBySide};
use crate::plan::{Entry, Found, Plan, Staleness, State};
use crate::project::product_spec::{ProductVariable, VariableSource};
use crate::store::{ColumnSummary, Last, ResultSummary, Store, StoreError, StoredExplanation};
use crate::system::parallel::ordered;

/// How many keys a thread computes at a time: few, so that of a small project's, too, every thread has its share, and the first are
/// looked up while others are computed.
const KEYS_AT_ONCE: usize = 32;

/// Of many catchments in many scenarios, keys of so many catchments go together: neighbours in a scenario's plan lie side by side in
/// memory, those of its next scenario far away.
const NEIGHBOURS: usize = 16;

/// Scenarios are planned side by side, as long as they have no more catchments than this: so many last runs are in memory.
const AT_ONCE: usize = 200_000;

/// The same without a store, and so without last runs: so many keys may be on their way from threads to the plan.
const AT_ONCE_UNKNOWN: usize = 1_000_000;

/// A catchment that is fresh under a key that is not its last: id, key, the key's parts, recipe.
pub(crate) type Touched = (CatchmentId, Digest, Vec<u8>, Digest);

/// What is known of a catchment's past.
#[derive(Clone, Copy)]
pub struct Past<'a> {
    /// The store, if there is one.
    pub store: Option<&'a Store>,
    /// Its last run as the store knows it.
    pub last: Option<&'a Last>,
}

/// What changed of all that catchments have in common since they were last run, by the recipe that they had then; `None` where that is
/// not known any more. Found once, for most have had the same.
#[derive(Default)]
pub struct CommonChanges(HashMap<Digest, Option<Vec<Change>>>);

impl LoadedStudy<'_> {
    /// The plan of every scenario, and the states of fresh catchments whose last known state was another.
    pub(crate) fn plan(&self, store: Option<&Store>) -> Result<(Vec<Plan>, Vec<Vec<Touched>>)> {
        self.plan_with(store, &|_, _| true, true)
    }

    /// The plan of every scenario where some catchments are asked for only, by the numbers of scenario and catchment, and nobody wants
    /// to know [what changed](Staleness::Changed) of them. Others have an [unasked](Entry::unasked) entry, unless another scenario asks
    /// for them.
    pub(crate) fn plan_asked(
        &self,
        store: Option<&Store>,
        is_asked: &(dyn Fn(usize, usize) -> bool + Sync),
    ) -> Result<Vec<Plan>> {
        Ok(self.plan_with(store, is_asked, false)?.0)
    }

    fn plan_with(
        &self,
        store: Option<&Store>,
        is_asked: &(dyn Fn(usize, usize) -> bool + Sync),
        finds_changes: bool,
    ) -> Result<(Vec<Plan>, Vec<Vec<Touched>>)> {
        // One read transaction for all queries: much faster, and a consistent state even while another process writes.
        let _transaction = store.map(Store::read_transaction).transpose()?;
        let mut last_states = LastStates::new(store);
        let (mut plans, mut touched) = (Vec::new(), Vec::new());
        for alike in self.list.chunk_by(SideBySide::go_together) {
            let catchments = alike[0].basin.catchments().len();
            let at_once = store.map_or(AT_ONCE_UNKNOWN, |_| AT_ONCE) / catchments.max(1);
            for scenarios in alike.chunks(at_once.max(1)) {
                let own = plans.len()..plans.len() + scenarios.len();
                let is_asked =
                    |catchment| own.clone().any(|scenario| is_asked(scenario, catchment));
                let planned = plan(scenarios, store, &mut last_states, &is_asked, finds_changes)?;
                for (entries, of_scenario) in planned {
                    plans.push(Plan { entries });
                    touched.push(of_scenario);
                }
            }
        }
        if let Some(store) = store {
            self.note_kept(store, &mut last_states, &mut plans)?;
        }
        Ok((plans, touched))
    }

    /// Brings plans up to date after the `wanted` keys have been run, of which the `good` ones gave a result; returns the same
    /// states as [`LoadedStudy::plan`].
    ///
    /// Keys are what they were, and so is what was fresh, as long as nobody else may write to the store.
    pub(crate) fn plan_after(
        &self,
        store: &Store,
        plans: &mut [Plan],
        wanted: &dyn Fn(&Key) -> bool,
        good: &HashSet<Key>,
    ) -> Result<Vec<Vec<Touched>>> {
        let _transaction = store.read_transaction()?;
        let mut last_states = LastStates::new(Some(store));
        let scenarios = self.list.iter().zip(plans);
        let touched = scenarios.map(|(loaded, plan)| {
            let last = last_states.of(&loaded.project.scenario)?;
            loaded.plan_after(store, &last, plan, wanted, good)
        });
        touched.collect()
    }
}

/// The plans of scenarios that go together, and their states as [`LoadedStudy::plan`] returns them.
fn plan(
    scenarios: &[LoadedScenario<'_>],
    store: Option<&Store>,
    last_states: &mut LastStates<'_>,
    is_asked: &(dyn Fn(usize) -> bool + Sync),
    finds_changes: bool,
) -> Result<Vec<(Vec<Entry>, Vec<Touched>)>> {
    let last = (scenarios.iter()).map(|loaded| last_states.of(&loaded.project.scenario));
    let last: Vec<Arc<HashMap<CatchmentId, Last>>> = last.collect::<Result<_, _>>()?;
    let catchments = scenarios[0].basin.catchments();
    let planned = scenarios
        .iter()
        .map(|_| (Vec::with_capacity(catchments.len()), Vec::new()));
    let mut planned: Vec<(Vec<Entry>, Vec<Touched>)> = planned.collect();
    let side_by_side = SideBySide::new(scenarios);
    let threads = available_parallelism().map_or(1, NonZeroUsize::get);
    let neighbours = (catchments.len() / KEYS_AT_ONCE).clamp(1, NEIGHBOURS);
    let step = (KEYS_AT_ONCE / scenarios.len()).max(neighbours);
    let keys = |start: usize| {
        let some = start..catchments.len().min(start + step);
        let keys = some.map(|catchment| {
            let id = &catchments[catchment].id;
            // One that is not its last is either stale, or to be put down as fresh.
            let is_another = |at: usize, key: &Key| {
                let known: Option<&Last> = last[at].get(id);
                finds_changes && known.is_some_and(|known| known.key != key.0)
            };
            is_asked(catchment).then(|| side_by_side.keys(catchment, &is_another).into_iter())
        });
        Ok((start, keys.collect::<Vec<_>>()))
    };
    let mut common = finds_changes.then(CommonChanges::default);
    let starts = (0..catchments.len()).step_by(step);
    // Keys are computed on all cores while this thread looks up those that are ready in the store.
    ordered(threads, starts.map(Ok), &keys, &mut |(start, mut keys)| {
        for ((loaded, last), (entries, touched)) in scenarios.iter().zip(&last).zip(&mut planned) {
            for (catchment, keys) in (start..).zip(&mut keys) {
                let Some(keyed) = keys.as_mut().and_then(Iterator::next) else {
                    entries.push(Entry::unasked());
                    continue;
                };
                let known = last.get(&catchments[catchment].id);
                let past = Past { store, last: known };
                let series = loaded.series_digests(catchment);
                let entry = loaded.entry(catchment, series, &keyed, past, common.as_mut())?;
                touched.extend(loaded.touched(catchment, &entry, known, keyed.explanation)?);
                entries.push(entry);
            }
        }
        Ok(())
    })?;
    Ok(planned)
}

impl LoadedScenario<'_> {
    fn plan_after(
        &self,
        store: &Store,
        last: &HashMap<CatchmentId, Last>,
        plan: &mut Plan,
        wanted: &dyn Fn(&Key) -> bool,
        good: &HashSet<Key>,
    ) -> Result<Vec<Touched>> {
        let (mut touched, mut common) = (Vec::new(), CommonChanges::default());
        for (catchment, entry) in plan.entries.iter_mut().enumerate() {
            let key = match (&entry.state, entry.key) {
                (State::Stale(_), Some(key)) => key,
                // It may have been run nevertheless, here or in another scenario, with another result or without one.
                (State::Fresh(_), Some(key)) if wanted(&key) => key,
                _ => continue,
            };
            let series = self.series_digests(catchment);
            let known = last.get(self.basin.id(catchment));
            // An earlier failure is over if another scenario's run of the same inputs has succeeded since.
            let past = Past {
                store: Some(store),
                last: known.filter(|_| !good.contains(&key)),
            };
            let keyed = Keyed {
                key: Ok(key),
                explanation: None,
            };
            *entry = self.entry(catchment, series, &keyed, past, Some(&mut common))?;
            touched.extend(self.touched(catchment, entry, known, None)?);
        }
        Ok(touched)
    }

    /// What is to be recorded of a catchment that is fresh under a key that is not its last; `None` for any other.
    fn touched(
        &self,
        catchment: usize,
        entry: &Entry,
        known: Option<&Last>,
        explanation: Option<Box<Explanation>>,
    ) -> Result<Option<Touched>> {
        let (State::Fresh(_), Some(key)) = (&entry.state, entry.key) else {
            return Ok(None);
        };
        let is_known = known.is_some_and(|known| known.key == key.0 && known.failure.is_none());
        if is_known || self.project.scenario.standing.is_passing() {
            return Ok(None);
        }
        let explanation = match explanation {
            Some(explanation) => explanation,
            None => Box::new(self.explain(catchment, self.series_digests(catchment))?),
        };
        let parts = postcard::to_stdvec(&explanation).context("can't put down a key's parts")?;
        let id = self.basin.id(catchment).clone();
        Ok(Some((id, key.0, parts, *self.recipe.digest())))
    }

    /// The state of a catchment with this key. What changed is not found without `common`.
    pub fn entry(
        &self,
        catchment: usize,
        series: &Result<Vec<Digest>, BadInput>,
        keyed: &Keyed,
        past: Past<'_>,
        common: Option<&mut CommonChanges>,
    ) -> Result<Entry> {
        let key = match &keyed.key {
            Ok(key) => *key,
            Err(problem) => {
                return Ok(Entry {
                    key: None,
                    state: State::Bad(problem.clone()),
                    kept: None,
                });
            }
        };
        let summary = match past.store.map(|store| store.summary(&key.0)) {
            // A damaged result counts as none: the catchment is run again, which replaces it.
            None | Some(Err(StoreError::Damaged { .. })) => None,
            Some(found) => found?,
        };
        let state = match self.state_if_unchanged(&key, summary, past.last) {
            Some(state) => state,
            None => {
                let changes = match (common, &keyed.explanation) {
                    (None, _) => Vec::new(),
                    (Some(common), Some(now)) => self.changes(now, past, common)?,
                    (Some(common), None) => {
                        self.changes(&self.explain(catchment, series)?, past, common)?
                    }
                };
                State::Stale(Staleness::Changed(changes))
            }
        };
        Ok(Entry {
            key: Some(key),
            state,
            kept: None,
        })
    }

    /// The state of a catchment; `None` if its inputs are not what they were when it was last run.
    ///
    /// What failed when it was last run has failed, even if an earlier run of the same inputs gave a result: it depends on
    /// something that its project does not state, and nobody knows which of the two is right.
    fn state_if_unchanged(
        &self,
        key: &Key,
        summary: Option<ResultSummary>,
        last: Option<&Last>,
    ) -> Option<State> {
        let same = last.filter(|last| last.key == key.0);
        if let Some(failed) = same.and_then(|last| last.failure.as_ref()) {
            return Some(State::Stale(Staleness::Failed(failed.reason.clone())));
        }
        if let Some(summary) = summary {
            let Some(variable) = self.excess(&summary) else {
                return Some(State::Fresh(Found::of(&summary)));
            };
            return Some(State::Stale(Staleness::OutOfRange(variable.name.clone())));
        }
        match last {
            None => Some(State::Stale(Staleness::NeverRun)),
            Some(_) if same.is_some() => Some(State::Stale(Staleness::Lost)),
            Some(_) => None,
        }
    }

    /// The first product variable whose limits this result is beyond.
    pub(crate) fn excess(&self, summary: &ResultSummary) -> Option<&ProductVariable> {
        let mut variables = self.project.product.variables.iter();
        variables.find(|variable| {
            let VariableSource::Column(at) = variable.source else {
                return false;
            };
            let source = &self.project.simulator.columns[at].source;
            let column = summary.columns.iter().find(|column| &column.name == source);
            column.is_some_and(|column| !within(column, variable))
        })
    }

    /// What changed since a catchment was last run.
    fn changes(
        &self,
        now: &Explanation,
        past: Past<'_>,
        common: &mut CommonChanges,
    ) -> Result<Vec<Change>> {
        let (Some(store), Some(last)) = (past.store, past.last) else {
            return Ok(Vec::new());
        };
        let Some(StoredExplanation { recipe, parts }) = store.explanation(&last.key)? else {
            return Ok(Vec::new());
        };
        // Parts that can't be read were written by another version; then all of them are new.
        let read = |bytes: &[u8]| postcard::from_bytes::<Explanation>(bytes).unwrap_or_default();
        let of_all = match common.0.entry(recipe) {
            MapEntry::Occupied(known) => known.into_mut(),
            MapEntry::Vacant(unknown) => {
                let then = store.recipe(&recipe)?;
                let now = self.recipe.explanation();
                unknown.insert(then.map(|then| now.changes_since(&read(&then))))
            }
        };
        let Some(of_all) = of_all else {
            return Ok(Vec::new());
        };
        let mut changes = now.changes_since(&read(&parts));
        changes.extend(of_all.iter().cloned());
        leave_out_consequences(&mut changes);
        changes.sort();
        changes.dedup();
        Ok(changes)
    }
}

fn within(column: &ColumnSummary, variable: &ProductVariable) -> bool {
    let above = |limit: f64| column.minimum.is_none_or(|minimum| minimum >= limit);
    let below = |limit: f64| column.maximum.is_none_or(|maximum| maximum <= limit);
    variable.min.is_none_or(above) && variable.max.is_none_or(below)
}
