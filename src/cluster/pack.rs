//! Packing: which orders go into one task, and what time and memory it asks for.
//!
//! A task should take about as long as the project says, by what each catchment took when it was last run: so short runs share a task
//! by the thousand, and nobody submits a million jobs. It knows nothing of engines and files.

use std::time::Duration;

use crate::execute::order::Estimate;
use crate::execute::schedule::schedule;
use crate::plan::Unit;
use crate::plan::key::Key;

/// What a run takes beside its simulator, in seconds: its files are written, what it leaves is read.
const OVERHEAD: f64 = 0.01;

/// What a task takes beside its runs, in seconds: its start, its last segment, the granularity of schedulers.
const MARGIN: f64 = 180.0;

/// The time asked for is rounded up to this many seconds.
const STEP: u64 = 300;

/// How much longer than expected a task may take.
const SAFETY: f64 = 1.5;

/// How much more memory than recorded is asked for, and how much for rerunoff itself, in bytes.
const MEMORY_SAFETY: f64 = 1.25;
const OWN_MEMORY: u64 = 256 << 20;

/// Runs that a task has at most, however short they are: the head holds the orders of a task when it takes its results in.
const MOST_RUNS: usize = 50_000;

/// As long as nothing is known of any run, so many small tasks go first.
const SCOUTS: usize = 16;

/// A run to be packed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Item {
    /// What is to be run.
    pub unit: Unit,
    /// Its key.
    pub key: Key,
    /// What is known of its time.
    pub estimate: Estimate,
    /// How many tasks that had it were lost.
    pub losses: u32,
    /// How many tasks in a row that had it ended without having done anything, for a reason that was no run's.
    pub fruitless: u32,
    /// The time that a task asked for which had no time for it, in seconds; 0 if there was none.
    pub asked: u64,
}

/// What a task is to be.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    /// So many simulators at once.
    pub cores: u32,
    /// What a task should take.
    pub task: Duration,
    /// The longest time that may be asked for.
    pub max_time: Duration,
    /// Fixed memory of a task, in bytes; `None`: by recorded peaks.
    pub memory: Option<u64>,
    /// Memory that one work directory takes, in bytes.
    pub work_bytes: u64,
    /// The mean wall time of each scenario's runs, in seconds, where there were any.
    pub means: Vec<Option<f64>>,
}

/// The runs of one task.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Parcel {
    /// The runs, by their places among the items.
    pub items: Vec<u32>,
    /// The time of all of them on one core, in seconds.
    pub predicted: f64,
    /// The time of one of which nothing is known, in seconds; 0 if nothing is known of any.
    pub mean_wall: f64,
    /// The wall time to be asked for, in seconds.
    pub seconds: u64,
    /// The memory to be asked for, in bytes; `None` for the engine's default.
    pub memory: Option<u64>,
    /// How many tasks that had these runs were lost.
    pub losses: u32,
    /// How many tasks in a row that had these runs did nothing.
    pub fruitless: u32,
}

impl Rules {
    /// Whether anything is known of how long runs take.
    pub(crate) fn is_anything_known(&self) -> bool {
        self.means.iter().any(Option::is_some)
    }

    /// Packs items, which lie in the order in which the input is read fastest; at most so many parcels.
    ///
    /// While nothing is known of how long runs take, these are a few small parcels from all over, and no more: what they take tells how
    /// to pack the rest.
    pub(crate) fn pack(&self, items: &[Item], most: usize) -> Vec<Parcel> {
        if !self.is_anything_known() {
            return self.scouts(items, most);
        }
        let whole = self.task.as_secs_f64() * f64::from(self.cores);
        let costs = self.costs();
        let mut parcels = Vec::new();
        let mut long: Vec<(f64, u32)> = Vec::new();
        // By losses: what was lost before goes in ever smaller parcels, so that what brings tasks down is alone in the end.
        let mut open: Vec<(Vec<u32>, f64)> = Vec::new();
        for (at, item) in (0..).zip(items) {
            if parcels.len() >= most {
                break;
            }
            let cost = costs.of(item);
            if cost > self.task.as_secs_f64() && item.losses == 0 {
                long.push((cost, at));
                continue;
            }
            // Nor can more time be asked for in which others came before it.
            let had_most = item.asked >= self.max_time.as_secs();
            let caution = (item.losses as usize).max(if had_most { 2 } else { 0 });
            if open.len() <= caution {
                open.resize(caution + 1, (Vec::new(), 0.0));
            }
            let (runs, sum) = &mut open[caution];
            runs.push(at);
            *sum += cost;
            let is_full = match caution {
                0 => *sum >= whole,
                1 => *sum >= whole / 4.0,
                2 => runs.len() >= self.cores as usize,
                _ => true,
            };
            if is_full || runs.len() >= MOST_RUNS {
                parcels.push(self.parcel(items, &costs, std::mem::take(runs)));
                *sum = 0.0;
            }
        }
        let rest = open.into_iter().map(|(runs, _)| runs);
        parcels.extend(
            rest.filter(|runs| !runs.is_empty())
                .map(|runs| self.parcel(items, &costs, runs)),
        );
        // What takes longest begins first.
        long.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let long = long.chunks(self.cores as usize);
        let long = long.map(|chunk| {
            let runs = chunk.iter().map(|(_, at)| *at).collect();
            self.parcel(items, &costs, runs)
        });
        let mut parcels: Vec<Parcel> = long.chain(parcels).collect();
        parcels.truncate(most);
        parcels
    }

    /// A few small parcels of items from all over.
    fn scouts(&self, items: &[Item], most: usize) -> Vec<Parcel> {
        let size = 2 * self.cores as usize;
        let count = items.len().div_ceil(size).clamp(1, SCOUTS).min(most);
        // If twice as many would hold them all, all of them go.
        let size = match items.len() <= 2 * size * count {
            true => items.len().div_ceil(count.max(1)),
            false => size,
        };
        let chosen = (size * count).min(items.len());
        let place = |at: usize| (at as u128 * items.len() as u128 / chosen as u128) as u32;
        let chosen: Vec<u32> = (0..chosen).map(place).collect();
        let costs = self.costs();
        let parcels = chosen.chunks(size.max(1));
        parcels
            .map(|runs| self.parcel(items, &costs, runs.to_vec()))
            .collect()
    }

    fn costs(&self) -> Costs<'_> {
        let known = self.means.iter().flatten();
        let (sum, count) = known.fold((0.0, 0.0), |(sum, count), mean| (sum + mean, count + 1.0));
        Costs {
            means: &self.means,
            mean: if count > 0.0 { sum / count } else { 0.0 },
        }
    }

    fn parcel(&self, items: &[Item], costs: &Costs<'_>, runs: Vec<u32>) -> Parcel {
        let of = |at: &u32| &items[*at as usize];
        let costs: Vec<f64> = runs.iter().map(|at| costs.of(of(at))).collect();
        let longest = costs.iter().copied().fold(0.0, f64::max);
        let expected = schedule(costs.iter().copied(), self.cores as usize);
        let predicted: f64 = costs.iter().sum();
        let unknown = match self.is_anything_known() {
            true => 0.0,
            // Twice what a task should take, unless the limit of a run says otherwise.
            false => {
                let limits = runs.iter().filter_map(|at| of(at).estimate.time_limit);
                let limit = limits.max().unwrap_or_default().as_secs_f64();
                (2.0 * self.task.as_secs_f64()).max(2.0 * limit)
            }
        };
        let asked = runs
            .iter()
            .map(|at| 2 * of(at).asked)
            .max()
            .unwrap_or_default();
        let seconds = (SAFETY * expected + longest).max(unknown) + MARGIN;
        let seconds = (seconds as u64).max(asked).div_ceil(STEP) * STEP;
        let mean_wall = predicted / runs.len().max(1) as f64;
        Parcel {
            predicted,
            mean_wall: if self.is_anything_known() {
                mean_wall
            } else {
                0.0
            },
            seconds: seconds.min(self.max_time.as_secs().max(1)),
            memory: self.memory_of(runs.iter().map(of)),
            losses: runs
                .iter()
                .map(|at| of(at).losses)
                .max()
                .unwrap_or_default(),
            fruitless: runs
                .iter()
                .map(|at| of(at).fruitless)
                .max()
                .unwrap_or_default(),
            items: runs,
        }
    }

    fn memory_of<'a>(&self, items: impl Iterator<Item = &'a Item>) -> Option<u64> {
        if self.memory.is_some() {
            return self.memory;
        }
        let peak = items.map(|item| item.estimate.peak_bytes).max()?;
        let of_a_run = (peak as f64 * MEMORY_SAFETY) as u64 + self.work_bytes;
        (peak > 0).then(|| u64::from(self.cores) * of_a_run + OWN_MEMORY)
    }
}

/// What runs are expected to take.
struct Costs<'a> {
    /// The mean of each scenario's runs, and of these means, in seconds.
    means: &'a [Option<f64>],
    mean: f64,
}

impl Costs<'_> {
    /// The seconds that a run is expected to take.
    fn of(&self, item: &Item) -> f64 {
        let mean = || self.means.get(item.unit.scenario).copied().flatten();
        let wall = item.estimate.last_wall.or_else(mean);
        wall.unwrap_or(self.mean) + OVERHEAD
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::digest::Digest;

    fn item(at: usize, wall: Option<f64>) -> Item {
        Item {
            unit: Unit {
                scenario: 0,
                catchment: at,
            },
            key: Key(Digest::of(&at.to_le_bytes())),
            estimate: Estimate {
                last_wall: wall,
                ..Estimate::default()
            },
            losses: 0,
            fruitless: 0,
            asked: 0,
        }
    }

    fn rules(means: Vec<Option<f64>>) -> Rules {
        Rules {
            cores: 4,
            task: Duration::from_secs(100),
            max_time: Duration::from_secs(3600),
            memory: None,
            work_bytes: 0,
            means,
        }
    }

    fn sizes(parcels: &[Parcel]) -> Vec<usize> {
        parcels.iter().map(|parcel| parcel.items.len()).collect()
    }

    #[test]
    fn parcels_take_what_a_task_should_take_and_each_run_is_in_one() {
        let items: Vec<Item> = (0..1000).map(|at| item(at, Some(0.99))).collect();
        let parcels = rules(vec![Some(1.0)]).pack(&items, 100);
        assert_eq!(sizes(&parcels), [400, 400, 200]);
        let all: Vec<u32> = parcels
            .iter()
            .flat_map(|parcel| parcel.items.clone())
            .collect();
        assert_eq!(all, (0..1000).collect::<Vec<_>>());
        assert_eq!(parcels[0].seconds, 600, "1.5 x 100 + 1 + 180, rounded up");
        assert_eq!(sizes(&rules(vec![Some(1.0)]).pack(&items, 2)), [400, 400]);
    }

    #[test]
    fn a_task_has_no_more_runs_than_a_head_can_hold() {
        let items: Vec<Item> = (0..120_000).map(|at| item(at, None)).collect();
        let rules = Rules {
            task: Duration::from_secs(3600),
            ..rules(vec![Some(0.0)])
        };
        let parcels = rules.pack(&items, 100);
        assert_eq!(sizes(&parcels), [MOST_RUNS, MOST_RUNS, 20_000]);
    }

    #[test]
    fn what_takes_longer_than_a_task_begins_first_and_alone_with_its_like() {
        let mut items: Vec<Item> = (0..20).map(|at| item(at, None)).collect();
        for at in [3, 5, 7, 11, 13] {
            items[at].estimate.last_wall = Some(1000.0 + at as f64);
        }
        let parcels = rules(vec![Some(1.0)]).pack(&items, 100);
        assert_eq!(parcels[0].items, [13, 11, 7, 5]);
        assert_eq!(parcels[1].items, [3]);
        assert_eq!(sizes(&parcels), [4, 1, 15]);
        assert_eq!(parcels[0].seconds, 3000, "2.5 x 1013 + 180, rounded up");
    }

    #[test]
    fn nothing_known_sends_scouts_from_all_over() {
        let items: Vec<Item> = (0..10_000).map(|at| item(at, None)).collect();
        let parcels = rules(vec![None]).pack(&items, 100);
        assert_eq!(sizes(&parcels), [8; 16]);
        assert!(parcels[15].items[7] > 9000);
        assert_eq!(parcels[0].seconds, 600);
        let few = rules(vec![None]).pack(&items[..3], 100);
        assert_eq!(sizes(&few), [3]);
        let all = rules(vec![None]).pack(&items[..200], 100);
        assert_eq!(sizes(&all).iter().sum::<usize>(), 200);
    }

    #[test]
    fn what_was_lost_goes_in_smaller_parcels() {
        let mut items: Vec<Item> = (0..400).map(|at| item(at, Some(0.99))).collect();
        items.iter_mut().for_each(|item| item.losses = 1);
        let rules = rules(vec![Some(1.0)]);
        assert_eq!(sizes(&rules.pack(&items, 100)), [100; 4]);
        items.iter_mut().for_each(|item| item.losses = 2);
        let parcels = rules.pack(&items, 1000);
        assert_eq!(sizes(&parcels), [4; 100]);
        assert_eq!(parcels[0].losses, 2);
    }

    #[test]
    fn what_had_the_longest_time_in_vain_has_it_for_itself() {
        let mut items: Vec<Item> = (0..8).map(|at| item(at, Some(0.99))).collect();
        items.iter_mut().for_each(|item| item.asked = 3600);
        let parcels = rules(vec![Some(1.0)]).pack(&items, 100);
        assert_eq!(sizes(&parcels), [4, 4]);
        assert_eq!(parcels[0].losses, 0);
    }

    #[test]
    fn no_more_than_allowed_is_asked_for_and_more_than_what_was_too_little() {
        let mut items = vec![item(0, Some(1.0))];
        items[0].asked = 900;
        let rules = rules(vec![Some(1.0)]);
        assert_eq!(rules.pack(&items, 1)[0].seconds, 1800);
        items[0].asked = 3000;
        assert_eq!(rules.pack(&items, 1)[0].seconds, 3600);
        items[0].estimate.peak_bytes = 1 << 30;
        let memory = rules.pack(&items, 1)[0].memory;
        assert_eq!(memory, Some((5 << 30) + OWN_MEMORY));
    }
}
