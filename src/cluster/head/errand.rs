//! An errand: what one run wants to have run on other machines, and what it has learnt on the way.
//!
//! It knows what is not submitted yet, what comes back of tasks that did not come to an end with it, and when to give up. How it is
//! handed over is [`super::submit`]'s business.

use std::collections::{BTreeSet, HashMap};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::{Again, Bill, Intake, MOST_FRUITLESS, MOST_LOSSES, OpenPackage};
use crate::cluster::engine;
use crate::cluster::ids::PackageId;
use crate::cluster::pack::{Item, Rules};
use crate::data::catchment::CatchmentId;
use crate::data::scenario::ScenarioName;
use crate::execute::order::{Estimates, OrderMaker, Work};
use crate::execute::trial::{Trial, TrialOutcome};
use crate::plan::Unit;
use crate::plan::key::Key;
use crate::plan::loaded::LoadedStudy;
use crate::project::Study;
use crate::project::cluster::{ClusterSpec, MemoryRequest};
use crate::store::{Attempt, Failed, Outputs, Store};

/// How a trial ends that the head made up.
const LOST: &str = "lost";

/// What one run wants to have run on other machines.
pub(crate) struct Errand<'a> {
    pub(super) spec: &'a ClusterSpec,
    pub(super) study: &'a Study,
    pub(super) loaded_study: &'a LoadedStudy<'a>,
    work: &'a Work,
    pub(super) causes: &'a [(usize, String)],
    pub(super) maker: OrderMaker<'a>,
    pub(super) rules: Rules,
    /// The most tasks of one array.
    pub(super) most_tasks: usize,
    /// What is not submitted, in the order in which the input is read fastest.
    pub(super) pending: Vec<Item>,
    /// The id of its package, once there is one.
    pub(super) package: Option<PackageId>,
    /// Nodes on which no more tasks are wanted.
    pub(super) exclude: BTreeSet<String>,
    /// How many times more memory is asked for than usual.
    pub(super) memory_factor: u64,
    /// How many machines were in trouble, and why it can't be carried out, if it can't.
    pub(super) troubles: usize,
    pub(super) obstacle: Option<String>,
    /// Until when the engine's queue is taken to be full.
    pub(super) full_until: Option<Instant>,
    /// What is known of the time of runs from those that came in, by scenario: sum and number.
    heard: HashMap<ScenarioName, (f64, f64)>,
}

/// What an errand is made of.
#[derive(Clone, Copy)]
pub(crate) struct Wish<'a> {
    /// The cluster.
    pub spec: &'a ClusterSpec,
    /// The project.
    pub study: &'a Study,
    /// The same with all that determines its results.
    pub loaded_study: &'a LoadedStudy<'a>,
    /// All that is to be answered, what tasks are at work on included.
    pub work: &'a Work,
    /// What is to be submitted.
    pub now: &'a [(Unit, Key)],
    /// Why it is to be run: how many, and the cause.
    pub causes: &'a [(usize, String)],
    /// Whether the series that simulators are given are kept.
    pub keep_series: bool,
}

impl<'a> Wish<'a> {
    /// To have all of this work submitted, for no cause that is to be told, with no series to be kept.
    pub(crate) fn of(
        spec: &'a ClusterSpec,
        study: &'a Study,
        loaded_study: &'a LoadedStudy<'a>,
        work: &'a Work,
    ) -> Self {
        Self {
            spec,
            study,
            loaded_study,
            work,
            now: work.first(),
            causes: &[],
            keep_series: false,
        }
    }
}

impl<'a> Errand<'a> {
    /// One of which nothing is submitted yet.
    pub(crate) fn new(wish: &Wish<'a>, store: Option<&Store>) -> Result<Self> {
        let Wish {
            spec,
            study,
            loaded_study,
            work,
            now,
            causes,
            keep_series,
        } = *wish;
        let list = &loaded_study.list;
        let engine = engine::engine(spec, &study.common().root);
        let limits = engine.limits();
        let cores = match spec.cores {
            Some(cores) => u32::try_from(cores.get()).unwrap_or(u32::MAX),
            None => limits
                .node_cores
                .unwrap_or_else(|| available_parallelism().map_or(1, |cores| cores.get() as u32)),
        };
        let Estimates { units, means } = Estimates::of(list, store, now)?;
        let items = now.iter().zip(units);
        let mut pending: Vec<Item> = items
            .map(|(&(unit, key), estimate)| Item {
                unit,
                key,
                estimate,
                losses: 0,
                fruitless: 0,
                asked: 0,
            })
            .collect();
        let place = |item: &Item| list[item.unit.scenario].basin.place(item.unit.catchment);
        pending.sort_by_key(|item| (place(item), item.unit));
        let work_bytes = list.iter().map(|loaded| {
            let columns = loaded.recipe.columns().len() + loaded.project.simulator.columns.len();
            // Some twenty characters a number.
            20 * (loaded.basin.steps() * columns) as u64
        });
        Ok(Self {
            spec,
            study,
            loaded_study,
            work,
            causes,
            maker: OrderMaker::new(list, store, keep_series)?,
            rules: Rules {
                cores: cores.max(1),
                task: spec.task,
                max_time: match limits.longest {
                    Some(seconds) => spec.max_time.min(Duration::from_secs(seconds)),
                    None => spec.max_time,
                },
                memory: match spec.memory {
                    MemoryRequest::Auto => None,
                    MemoryRequest::Size(size) => Some(size.0),
                },
                work_bytes: work_bytes.max().unwrap_or_default(),
                means,
            },
            most_tasks: limits
                .most_tasks
                .map_or(usize::MAX, |most| most.max(1) as usize),
            pending,
            package: None,
            exclude: BTreeSet::new(),
            memory_factor: 1,
            troubles: 0,
            obstacle: None,
            full_until: None,
            heard: HashMap::new(),
        })
    }

    /// How many runs are not submitted yet.
    pub(crate) fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Why it can't be carried out, if it can't.
    pub(super) fn obstacle(&self) -> Option<&str> {
        self.obstacle.as_deref()
    }

    /// What it takes, as far as that is known.
    pub(crate) fn bill(&self) -> Bill {
        Bill::of(self.spec.engine, &self.rules, &self.pending)
    }

    /// Whether it is this package's errand.
    pub(super) fn owns(&self, open: &OpenPackage) -> bool {
        self.package.as_ref() == Some(&open.manifest.id)
    }

    /// Learns how long runs take from one that went well.
    pub(super) fn hear(&mut self, trial: &Trial) {
        // Something works somewhere.
        self.troubles = 0;
        if let (TrialOutcome::Good(_), Some(attempt)) = (&trial.outcome, trial.attempts.last()) {
            let (sum, count) = self.heard.entry(trial.scenario.clone()).or_default();
            *sum += attempt.cost.wall;
            *count += 1.0;
        }
    }

    /// Takes what is known into account of runs that tasks of earlier packages did not come to an end with.
    pub(crate) fn recall(
        &mut self,
        left_over: &HashMap<Key, Again>,
        intake: &mut dyn Intake,
    ) -> Result<()> {
        let is_known = |item: &mut Item| left_over.contains_key(&item.key);
        let known: Vec<Item> = self.pending.extract_if(.., is_known).collect();
        let known = known.iter().map(|item| (item.key, left_over[&item.key]));
        self.take_back(known, intake)
    }

    /// Takes runs back that a task did not come to an end with. Those that will never come to one are concluded here.
    pub(super) fn take_back(
        &mut self,
        runs: impl Iterator<Item = (Key, Again)>,
        intake: &mut dyn Intake,
    ) -> Result<()> {
        let mut back: Vec<((Unit, Key), Again)> = Vec::new();
        for (key, again) in runs {
            let Some(unit) = self.work.unit(&key) else {
                continue;
            };
            let most = self.rules.max_time.as_secs();
            if again.fruitless >= MOST_FRUITLESS {
                let obstacle = format!(
                    "{} tasks in a row did nothing; what they printed is in {}",
                    again.fruitless,
                    self.study.common().cache().join("cluster").display()
                );
                self.obstacle.get_or_insert(obstacle);
            }
            let failure = if again.losses >= MOST_LOSSES {
                Some(format!(
                    "its task was lost {} times (out of memory?); the tasks' logs are below {}",
                    again.losses,
                    self.study.common().cache().join("cluster").display()
                ))
            } else if again.had_it_all && again.asked >= most {
                Some(format!(
                    "it did not come to an end within the longest time that a task may ask for (`max_time` under [cluster], {} s)",
                    most
                ))
            } else {
                None
            };
            match failure {
                Some(reason) => intake.conclude(self.failed(unit, key, reason)?)?,
                None => back.push(((unit, key), again)),
            }
        }
        if !back.is_empty() {
            let list = &self.loaded_study.list;
            // What is known of a scenario is read once.
            back.sort_by_key(|((unit, _), _)| *unit);
            let units: Vec<(Unit, Key)> = back.iter().map(|(unit, _)| *unit).collect();
            let estimates = Estimates::of(list, Some(intake.store()), &units)?;
            let items = back.into_iter().zip(estimates.units);
            self.pending
                .extend(items.map(|(((unit, key), again), estimate)| Item {
                    unit,
                    key,
                    estimate,
                    losses: again.losses,
                    fruitless: again.fruitless,
                    asked: again.asked,
                }));
            let place = |item: &Item| list[item.unit.scenario].basin.place(item.unit.catchment);
            self.pending.sort_by_key(|item| (place(item), item.unit));
        }
        Ok(())
    }

    /// A failed trial of a run that no task comes to an end with.
    fn failed(&self, unit: Unit, key: Key, reason: String) -> Result<Trial> {
        let loaded = &self.loaded_study.list[unit.scenario];
        let failed = Failed {
            code: LOST.to_owned(),
            reason,
        };
        Ok(Trial {
            scenario: loaded.project.scenario.name.clone(),
            catchment: loaded.basin.id(unit.catchment).clone(),
            key,
            explanation: loaded.explain(unit.catchment, loaded.series_digests(unit.catchment))?,
            texts: Vec::new(),
            series: Vec::new(),
            attempts: vec![Attempt {
                failure: Some(failed.clone()),
                ..Attempt::default()
            }],
            outcome: TrialOutcome::Failed(failed),
            outputs: Outputs::NotKept,
        })
    }

    pub(super) fn others(&self, key: &Key) -> Vec<(ScenarioName, CatchmentId)> {
        let name = |unit: &Unit| {
            let loaded = &self.loaded_study.list[unit.scenario];
            (
                loaded.project.scenario.name.clone(),
                loaded.basin.id(unit.catchment).clone(),
            )
        };
        self.work.others(key).iter().map(name).collect()
    }

    /// Takes what was heard into account.
    pub(super) fn learn(&mut self) {
        for (loaded, mean) in self.loaded_study.list.iter().zip(&mut self.rules.means) {
            if let Some((sum, count)) = self.heard.get(&loaded.project.scenario.name) {
                *mean = Some(sum / count);
            }
        }
    }
}
