//! A run by way of a cluster: what tasks publish goes into the store, and is counted as what this run did.

use std::collections::HashMap;

use anyhow::{Context, Result};

use super::head::{Again, Arrival, Bill, Errand, Head, Intake, Patience, Waited, Wish, mark_kind};
use crate::execute::next::Next;
use crate::execute::order::Work;
use crate::execute::origin::{Origin, Origins, store_texts};
use crate::execute::recorder::Recorder;
use crate::execute::run_context::RunContext;
use crate::execute::trial::Trial;
use crate::execute::{Limits, RunReport};
use crate::plan::key::Key;
use crate::plan::loaded::LoadedStudy;
use crate::project::Study;
use crate::project::cluster::ClusterSpec;
use crate::store::{Mark, Store};
use crate::system::progress::{Progress, Verbosity};

/// What a run is about, wherever it goes.
#[derive(Clone, Copy)]
pub(crate) struct Matter<'a> {
    /// The project.
    pub study: &'a Study,
    /// The same with all that determines its results.
    pub loaded_study: &'a LoadedStudy<'a>,
    /// How far it may go.
    pub limits: &'a Limits,
    /// What the run has once.
    pub run_context: RunContext<'a>,
}

/// What is to be done, and where.
pub(crate) struct Commission<'a> {
    /// The cluster.
    pub spec: &'a ClusterSpec,
    /// What is to be run.
    pub work: &'a Work,
    /// The same with what tasks owe already.
    pub with_owed: &'a Work,
    /// What is to be known of runs that tasks did not come to an end with.
    pub left_over: &'a HashMap<Key, Again>,
    /// Why it is to be run: how many, and the cause.
    pub causes: &'a [(usize, String)],
    /// Whether to wait for it.
    pub patience: Patience,
}

/// What it would take to have `work` done on a cluster, as far as it is known.
pub(crate) fn bill(
    spec: &ClusterSpec,
    study: &Study,
    loaded_study: &LoadedStudy<'_>,
    store: Option<&Store>,
    work: &Work,
) -> Result<Bill> {
    let wish = Wish::of(spec, study, loaded_study, work);
    Ok(Errand::new(&wish, store)?.bill())
}

/// Takes in what has come since the last run. What was done is in the report, as if this run had done it.
pub(crate) fn collect(head: &mut Head, matter: Matter<'_>, store: &mut Store) -> Result<RunReport> {
    let nothing = Work::of(&[]);
    let progress = Progress::new("collecting", 0, true);
    let mut intake = StoreIntake::new(matter, &nothing, progress, store)?;
    head.look(&mut intake)?;
    intake.recorder.finish(Ok(()))
}

/// Has work done on a cluster, or begun, and takes in all that comes.
pub(crate) fn update(
    head: &mut Head,
    matter: Matter<'_>,
    store: &mut Store,
    commission: &Commission<'_>,
) -> Result<(RunReport, Waited)> {
    let Commission {
        spec,
        work,
        with_owed,
        left_over,
        causes,
        patience,
    } = commission;
    let keep_series = matter.study.common().cache_limits.keep_series;
    let mut errand = match with_owed.runs() {
        0 => None,
        _ => {
            let list = &matter.loaded_study.list;
            store_texts(list, store)?;
            let wish = Wish {
                now: work.first(),
                causes,
                keep_series,
                ..Wish::of(spec, matter.study, matter.loaded_study, with_owed)
            };
            Some(Errand::new(&wish, Some(store))?)
        }
    };
    let expected = head.owed_runs()? + work.runs();
    let is_quiet = matter.limits.verbosity == Verbosity::Quiet || *patience == Patience::Detach;
    let progress = Progress::new("running", expected, is_quiet);
    let mut intake = StoreIntake::new(matter, with_owed, progress, store)?;
    let recalled = errand
        .as_mut()
        .map_or(Ok(()), |errand| errand.recall(left_over, &mut intake));
    let interrupt = matter.run_context.interrupt;
    let waited = recalled.and_then(|()| head.carry_out(errand, &mut intake, interrupt, *patience));
    match waited {
        Ok(waited) => Ok((intake.recorder.finish(Ok(()))?, waited)),
        Err(error) => intake
            .recorder
            .finish(Err(error))
            .map(|report| (report, Waited::Stopped)),
    }
}

/// Puts segments into the store.
struct StoreIntake<'a> {
    recorder: Recorder<'a>,
    origins: Origins<'a>,
}

impl<'a> StoreIntake<'a> {
    fn new(
        matter: Matter<'a>,
        work: &'a Work,
        progress: Progress,
        store: &'a mut Store,
    ) -> Result<Self> {
        let list = &matter.loaded_study.list;
        Ok(Self {
            recorder: Recorder::new(list, store, progress, matter.limits, matter.run_context),
            origins: Origins::new(list, work)?,
        })
    }
}

impl Intake for StoreIntake<'_> {
    fn take(&mut self, arrival: Arrival<'_>) -> Result<()> {
        let Arrival {
            manifest,
            name,
            segment,
            orders,
            again,
        } = arrival;
        let mut trials = Vec::with_capacity(segment.trials.len());
        for ((trial, order), again) in segment.trials.into_iter().zip(orders).zip(again) {
            let recipe = manifest.recipe(&trial.scenario).with_context(|| {
                format!(
                    "package {} has no scenario {:?}",
                    manifest.id,
                    trial.scenario.as_str()
                )
            })?;
            let origin = Origin {
                recipe: recipe.digest,
                recipe_parts: recipe.parts.clone(),
                others: &order.others,
                again,
            };
            trials.push((trial, origin));
        }
        let mark = Mark {
            kind: &mark_kind(manifest),
            name: &name.to_string(),
            payload: &[],
        };
        self.recorder.take_segment(trials, &mark)?;
        Ok(())
    }

    fn conclude(&mut self, trial: Trial) -> Result<()> {
        self.recorder.take(Some(trial), &self.origins);
        Ok(())
    }

    fn next(&self) -> Next {
        match self.recorder.report().gave_up.is_some() {
            true => Next::Stop,
            false => Next::WaitASecond,
        }
    }

    fn store(&mut self) -> &mut Store {
        self.recorder.store()
    }

    fn say(&mut self, message: &str) {
        self.recorder.progress().say(message);
    }
}
