//! What is to be run: each key once, with the names of its catchment, as every process understands it that opens the project.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use serde::{Deserialize, Serialize};

use crate::data::catchment::CatchmentId;
use crate::data::digest::Digest;
use crate::data::scenario::ScenarioName;
use crate::execute::timeouts::Timeouts;
use crate::plan::key::Key;
use crate::plan::loaded::LoadedScenario;
use crate::plan::{Plan, Staleness, State, Unit};
use crate::store::{Store, StoreError};

/// One catchment to be run in one scenario. It means the same in every process that opens the project.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// The scenario.
    pub scenario: ScenarioName,
    /// The catchment.
    pub catchment: CatchmentId,
    /// The key that the plan has for it.
    pub key: Key,
    /// How long one start of its simulator may take; `None` for as long as it likes.
    pub time_limit: Option<Duration>,
    /// The seconds that its latest good run took, if there was one.
    pub last_wall: Option<f64>,
    /// Whether the series that its simulator gets come with its trial, to be kept.
    pub keeps_series: bool,
}

/// The orders for these units, each with what earlier runs tell of its time. If `keep_series`, the first of the orders that
/// have a series which is not stored is to bring it; else none does.
pub(crate) fn orders(
    loaded_study: &[LoadedScenario<'_>],
    store: &Store,
    units: &[(Unit, Key)],
    keep_series: bool,
) -> Result<Vec<Order>, StoreError> {
    let estimates = Estimates::of(loaded_study, Some(store), units)?;
    let mut maker = OrderMaker::new(loaded_study, Some(store), keep_series)?;
    let orders = units.iter().zip(&estimates.units);
    let orders = orders.map(|(&(unit, key), estimate)| maker.order(unit, key, estimate));
    Ok(orders.collect())
}

/// What earlier runs tell of the time that units take.
pub(crate) struct Estimates {
    /// Of each unit.
    pub units: Vec<Estimate>,
    /// The mean of all last good runs of each scenario, in seconds; `None` where there was none.
    pub means: Vec<Option<f64>>,
}

/// What earlier runs tell of one unit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Estimate {
    /// How long one start of its simulator may take; `None` for as long as it likes.
    pub time_limit: Option<Duration>,
    /// The seconds that its latest good run took.
    pub last_wall: Option<f64>,
    /// The most memory that it had then, in bytes; 0 where that is not known.
    pub peak_bytes: u64,
}

impl Estimates {
    /// Of these units. Those with the same [past](crate::project::Scenario::past) should lie side by side: what is known of their
    /// catchments is read for each such stretch, and held no longer.
    pub(crate) fn of(
        loaded_study: &[LoadedScenario<'_>],
        store: Option<&Store>,
        units: &[(Unit, Key)],
    ) -> Result<Self, StoreError> {
        let mut estimates = Self {
            units: Vec::with_capacity(units.len()),
            means: vec![None; loaded_study.len()],
        };
        let past = |unit: &Unit| loaded_study[unit.scenario].project.scenario.past();
        for stretch in units.chunk_by(|(a, _), (b, _)| past(a) == past(b)) {
            let (first, _) = &stretch[0];
            let last = match store {
                Some(store) => store.last(past(first))?,
                None => HashMap::new(),
            };
            // The rule is the same in all scenarios.
            let rule = loaded_study[first.scenario].project.simulator.timeout;
            let timeouts = Timeouts::new(rule, &last);
            let walls = last.values().filter_map(|last| Some(last.cost?.wall));
            let (sum, count) =
                walls.fold((0.0, 0.0), |(sum, count), wall| (sum + wall, count + 1.0));
            let mean = (count > 0.0).then(|| sum / count);
            for (unit, _) in stretch {
                let catchment = loaded_study[unit.scenario].basin.id(unit.catchment);
                let cost = last.get(catchment).and_then(|last| last.cost);
                estimates.means[unit.scenario] = mean;
                estimates.units.push(Estimate {
                    time_limit: timeouts.of(catchment),
                    last_wall: cost.map(|cost| cost.wall),
                    peak_bytes: cost.map_or(0, |cost| cost.peak_bytes),
                });
            }
        }
        Ok(estimates)
    }
}

/// Makes orders one after the other; of those that have a series which is not stored, the first is to bring it.
pub(crate) struct OrderMaker<'a> {
    loaded_study: &'a [LoadedScenario<'a>],
    /// `None` if no series is to be kept.
    provided: Option<ProvidedSeries>,
}

impl<'a> OrderMaker<'a> {
    /// For a study whose results go into this store, with the series that it lacks if `keep_series`.
    pub(crate) fn new(
        loaded_study: &'a [LoadedScenario<'a>],
        store: Option<&Store>,
        keep_series: bool,
    ) -> Result<Self, StoreError> {
        let provided = match (keep_series, store) {
            (true, Some(store)) => Some(ProvidedSeries(store.inputs()?)),
            (true, None) => Some(ProvidedSeries(HashSet::new())),
            (false, _) => None,
        };
        Ok(Self {
            loaded_study,
            provided,
        })
    }

    /// The order of a unit.
    pub(crate) fn order(&mut self, unit: Unit, key: Key, estimate: &Estimate) -> Order {
        let loaded = &self.loaded_study[unit.scenario];
        let series = loaded.series_digests(unit.catchment).as_deref();
        let series = series.unwrap_or_default();
        Order {
            scenario: loaded.project.scenario.name.clone(),
            catchment: loaded.basin.id(unit.catchment).clone(),
            key,
            time_limit: estimate.time_limit,
            last_wall: estimate.last_wall,
            keeps_series: (self.provided.as_mut()).is_some_and(|provided| provided.lack(series)),
        }
    }
}

/// The series that are stored, or come with an order before.
struct ProvidedSeries(HashSet<Digest>);

impl ProvidedSeries {
    /// Whether one of these is not among them. From now on all of these are.
    fn lack(&mut self, series: &[Digest]) -> bool {
        let before = self.0.len();
        self.0.extend(series);
        self.0.len() > before
    }
}

/// What is to be run: each key once, and who else waits for its result.
pub struct Work {
    first: Vec<(Unit, Key)>,
    /// The places in there by their keys, so that what several scenarios have in common is run once. A million take 10 MB, and would
    /// take 80 with their keys.
    by_key: HashTable<u32>,
    /// Further units of keys that several have.
    others: HashMap<Key, Vec<Unit>>,
    /// The keys that are to be run although they have a result.
    regardless: HashSet<Key>,
}

impl Work {
    /// Of the wanted units.
    pub fn of(wanted: &[(Unit, Key)]) -> Self {
        let mut work = Self {
            first: Vec::with_capacity(wanted.len()),
            by_key: HashTable::with_capacity(wanted.len()),
            others: HashMap::new(),
            regardless: HashSet::new(),
        };
        for &(unit, key) in wanted {
            let first = &work.first;
            let is_same = |&at: &u32| first[at as usize].1 == key;
            let hash = |&at: &u32| hash(&first[at as usize].1);
            match work.by_key.entry(self::hash(&key), is_same, hash) {
                Entry::Vacant(entry) => {
                    entry.insert(first.len() as u32);
                    work.first.push((unit, key));
                }
                Entry::Occupied(_) => work.others.entry(key).or_default().push(unit),
            }
        }
        work
    }

    /// The same where it is known from these plans, and from the store that they were made with, what has a result already and is to
    /// be run all the same: it was forced, failed since, or is beyond the limits stated now. Any other result that turns up meanwhile
    /// is another process's, and is as good as one of this run.
    pub(crate) fn planned(self, plans: &[Plan], store: Option<&Store>) -> Self {
        let mut regardless = HashSet::new();
        for (unit, key) in &self.first {
            let has_result = match &plans[unit.scenario].entries[unit.catchment].state {
                State::Fresh(_) | State::Stale(Staleness::OutOfRange(_)) => true,
                State::Stale(Staleness::Failed(_)) => {
                    store.is_some_and(|store| matches!(store.summary(&key.0), Ok(Some(_))))
                }
                State::Stale(_) | State::Bad(_) => false,
            };
            if has_result {
                regardless.insert(*key);
            }
        }
        Self { regardless, ..self }
    }

    /// The keys that are to be run although they have a result.
    pub(crate) fn regardless(&self) -> &HashSet<Key> {
        &self.regardless
    }

    /// The units to be run, with their keys.
    pub fn first(&self) -> &[(Unit, Key)] {
        &self.first
    }

    /// The units to be run.
    pub fn units(&self) -> impl Iterator<Item = Unit> {
        self.first.iter().map(|(unit, _)| *unit)
    }

    /// How many times a simulator has to be run.
    pub fn runs(&self) -> usize {
        self.first.len()
    }

    /// The unit that is run for this key; `None` if none is.
    pub fn unit(&self, key: &Key) -> Option<Unit> {
        let is_it = |&at: &u32| self.first[at as usize].1 == *key;
        let at = self.by_key.find(hash(key), is_it)?;
        Some(self.first[*at as usize].0)
    }

    /// The other units that wait for what this key gives.
    pub fn others(&self, key: &Key) -> &[Unit] {
        self.others.get(key).map_or(&[], Vec::as_slice)
    }
}

/// A key is a hash already.
fn hash(key: &Key) -> u64 {
    key.0.few()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_comes_with_the_first_order_that_has_it() {
        let [stored, rain, flow] = [b"stored", b"rain  ", b"flow  "].map(|name| Digest::of(name));
        let mut provided = ProvidedSeries(HashSet::from([stored]));
        assert!(!provided.lack(&[stored]) && !provided.lack(&[]));
        assert!(provided.lack(&[stored, rain]));
        assert!(!provided.lack(&[rain, stored]), "in another scenario");
        assert!(provided.lack(&[rain, flow]));
    }

    #[test]
    fn what_scenarios_share_is_run_once() {
        let unit = |scenario| Unit {
            scenario,
            catchment: 3,
        };
        let keys = [b"a", b"b"].map(|text| Key(Digest::of(text)));
        let wanted = [(unit(0), keys[0]), (unit(1), keys[0]), (unit(2), keys[1])];
        let work = Work::of(&wanted);
        assert_eq!(work.first(), [wanted[0], wanted[2]]);
        assert_eq!(work.unit(&keys[0]), Some(unit(0)));
        assert_eq!(work.others(&keys[0]), [unit(1)]);
        assert!(work.others(&keys[1]).is_empty());
        assert_eq!(work.unit(&Key(Digest::of(b"c"))), None);
    }
}
