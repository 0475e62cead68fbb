//! One job: its files are written, the simulator is started, what it left is validated; with retries, if the project wants
//! them.
//!
//! What makes a result is [`crate::execute::local::validate`]'s business. A job knows nothing of threads, the store or other
//! catchments.

mod commands;
mod directory;

pub(crate) use directory::prepare_directory;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use self::commands::{Broken, Ran};
use crate::data::time_axis::TimeAxis;
use crate::execute::failure::Failure;
use crate::execute::local::allotment::{Allotment, patience};
use crate::execute::local::boundary::Boundary;
use crate::execute::local::failed_runs::FailedRuns;
use crate::execute::local::forcing::Forcing;
use crate::execute::local::left_files::{last_line, tail};
use crate::execute::local::netcdf_reader::NetcdfReader;
use crate::execute::local::shelf::{self, Shelf};
use crate::execute::local::trespass;
use crate::execute::local::validate::{is_refused_growth, validate};
use crate::execute::local::work_directory::WorkDirectory;
use crate::execute::order::Order;
use crate::execute::run_context::RunContext;
use crate::execute::timings::Phase;
use crate::execute::trial::{Trial, TrialOutcome};
use crate::inputs::BadInput;
use crate::plan::Unit;
use crate::plan::key::Explanation;
use crate::plan::loaded::LoadedScenario;
use crate::plan::recipe::Rendered;
use crate::project::{SameProcessor, Support};
use crate::store::codec::Encoded;
use crate::store::{Attempt, Outputs};
use crate::system::file_limit::FileLimit;
use crate::system::machine;
use crate::system::memory_group::MemoryGroup;
use crate::system::process::Guard;
use crate::system::process::fence::Trespass;

/// An order with the series that were read for it.
pub(crate) struct Job<'a> {
    /// The catchment's places.
    pub unit: Unit,
    /// What is ordered.
    pub order: &'a Order,
    /// The columns that [`Recipe::columns`](crate::plan::recipe::Recipe::columns) names, or why they can't be had.
    pub forcing: Result<Arc<Forcing>, BadInput>,
}

/// What running a job takes beside a work directory.
pub(crate) struct JobContext<'a> {
    /// What it has in common with all others.
    pub run_context: &'a RunContext<'a>,
    /// What it has to keep to in a task of a batch system.
    pub allotment: Option<Allotment>,
    /// Where the kernel counts what it ends for want of memory.
    pub memory_group: &'a MemoryGroup,
    /// Which round it is in.
    pub round: Round,
    /// Where failed runs are kept.
    pub failed_runs: &'a FailedRuns,
    /// Where what simulators leave is kept, if it is.
    pub shelf: Option<&'a Shelf>,
    /// Its scenario.
    pub loaded: &'a LoadedScenario<'a>,
    /// What its simulator may reach.
    pub boundary: &'a Boundary,
}

/// Which of the two rounds a job is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Round {
    /// That of all jobs.
    First,
    /// That of those which failed in the first for want of memory.
    WithFewer,
}

/// Why a job gives no trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoTrial {
    /// It was ended, with rerunoff or with the job of a batch system, or its time was up.
    Ended,
    /// It failed while the kernel ended processes for want of memory; it is to be done once more with fewer beside it.
    WantOfMemory,
}

/// A good run.
struct Good {
    /// The simulator's exit code.
    code: i32,
    /// The output columns.
    columns: Vec<Encoded>,
}

/// What the simulator will see.
pub(super) struct Prepared {
    rendered: Rendered,
    forcing: Arc<Forcing>,
    /// How long one start may take.
    time_limit: Option<Duration>,
    /// Whether its simulator is observed in all that it opens.
    observed: bool,
}

impl JobContext<'_> {
    /// Runs a job in `work` under `guard`.
    pub(crate) fn run(
        &self,
        job: Job<'_>,
        work: &WorkDirectory,
        guard: &mut Guard,
    ) -> Result<Trial, NoTrial> {
        let mut trial = Trial {
            scenario: job.order.scenario.clone(),
            catchment: job.order.catchment.clone(),
            key: job.order.key,
            explanation: Explanation::default(),
            texts: Vec::new(),
            series: Vec::new(),
            attempts: Vec::new(),
            outcome: outcome(Err(Failure::InputChanged)),
            outputs: Outputs::NotKept,
        };
        let kept = self.shelf.and_then(|shelf| shelf.take(&job.order.key));
        let timings = self.run_context.timings;
        let mut prepared = match timings.time(Phase::Render, || self.prepare(job, &mut trial)) {
            Ok(prepared) => prepared,
            Err(failure) => {
                trial.attempts.push(Attempt {
                    failure: Some(failure.failed()),
                    machine: machine::this().clone(),
                    ..Attempt::default()
                });
                trial.outcome = outcome(Err(failure));
                return Ok(trial);
            }
        };
        if let Some(kept) = kept {
            return self.read_again(trial, &prepared, &kept, work, guard);
        }
        let deck = prepared.rendered.deck(&self.loaded.recipe).bytes();
        let decks = deck.saturating_mul(self.run_context.slots.most() as u64);
        let mut work = work.in_use(decks);
        let mut left = self.loaded.project.simulator.retries;
        let result = loop {
            prepared.observed |= self.boundary.is_to_be_observed();
            let (attempt, result) = self.attempt(&prepared, work, guard)?;
            // What memory had no room for is done again on the disk, and was no attempt.
            if let Err(failure) = &result
                && let Ok(Some(on_disk)) =
                    work.instead(matches!(failure, Failure::WorkDirectory(_)))
            {
                work = on_disk;
                continue;
            }
            let printed = attempt.tail.clone();
            trial.attempts.push(attempt);
            match &result {
                Err(failure) if failure.is_worth_a_retry() && left > 0 => left -= 1,
                // Once more, to tell what it was kept from.
                Err(failure)
                    if failure.may_be_of_the_fence()
                        && !prepared.observed
                        && self.boundary.is_to_be_repeated(&printed) =>
                {
                    prepared.observed = true;
                }
                _ => break result,
            }
        };
        let result = result.map(|good| {
            trial.outputs = self.outputs(good.code, &prepared, work);
            good.columns
        });
        trial.outcome = outcome(result);
        if let (Err(error), Some(attempt)) = (self.keep(&trial, work), trial.attempts.last_mut()) {
            attempt.tail.push_str(&format!("\nrerunoff: {error:#}\n"));
        }
        Ok(trial)
    }

    /// What a good run left, if that is to be kept.
    fn outputs(&self, code: i32, prepared: &Prepared, work: &WorkDirectory) -> Outputs {
        let Prepared {
            rendered, forcing, ..
        } = prepared;
        let pack = || {
            self.shelf?;
            let raw = (self.loaded.recipe).raw_key(rendered, forcing.digests());
            shelf::pack(work.path(), raw, code, rendered)
        };
        let packed = self.run_context.timings.time(Phase::Encode, pack);
        packed.map_or(Outputs::NotKept, Outputs::Kept)
    }

    /// Keeps the work directory of a failed run; lets go of an earlier one where the run was good.
    pub(super) fn keep(&self, trial: &Trial, work: &WorkDirectory) -> anyhow::Result<()> {
        let (scenario, id) = (&trial.scenario, &trial.catchment);
        match &trial.outcome {
            TrialOutcome::Good(_) => self.failed_runs.after_good(work, scenario, id),
            TrialOutcome::Obstacle(..) => Ok(()),
            TrialOutcome::Failed(_) => work
                .shorten(self.largest_file().size())
                .and(self.failed_runs.keep(work, scenario, id)),
        }
    }

    /// What the simulator will see, checked against the plan: what was hashed is what is run.
    fn prepare(&self, job: Job<'_>, trial: &mut Trial) -> Result<Prepared, Failure> {
        let LoadedScenario { recipe, basin, .. } = self.loaded;
        let asked = &self.loaded.project.simulator.same_processor;
        if let Some(asked) = asked.as_ref().map(SameProcessor::class)
            && asked != machine::this().class
        {
            return Err(Failure::OtherProcessor(asked.to_owned()));
        }
        let forcing = job.forcing?;
        let rendered = recipe.render(basin, job.unit.catchment)?;
        let digests = forcing.digests();
        trial.explanation = recipe.explain(&rendered, digests);
        if recipe.key(&rendered, digests) != job.order.key {
            return Err(Failure::InputChanged);
        }
        trial.texts = recipe.long_texts(&rendered, digests);
        if job.order.keeps_series {
            let columns = recipe.column_names().iter().enumerate();
            let encoded = columns.map(|(at, name)| forcing.encoded(at, name));
            trial.series = digests.iter().copied().zip(encoded).collect();
        }
        Ok(Prepared {
            rendered,
            forcing,
            time_limit: job.order.time_limit,
            observed: false,
        })
    }

    /// One start of the simulator.
    fn attempt(
        &self,
        prepared: &Prepared,
        work: &WorkDirectory,
        guard: &mut Guard,
    ) -> Result<(Attempt, Result<Good, Failure>), NoTrial> {
        let started = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, |since| since.as_secs() as i64);
        let mut attempt = Attempt {
            started,
            machine: machine::this().clone(),
            ..Attempt::default()
        };
        let killed = self.memory_group.killed();
        let mut result = match self.run_in(prepared, work, guard) {
            Ok(Ran {
                cost,
                end,
                trespasses,
            }) => {
                attempt.cost = cost;
                attempt.tail = tail(work.path());
                let result = match end {
                    Ok(code) => (self.columns(code, prepared, work, guard))
                        .map(|columns| Good { code, columns }),
                    Err(Broken::Off) => return Err(NoTrial::Ended),
                    Err(Broken::Failed(failure)) => Err(failure),
                };
                if result.as_ref().is_err_and(Failure::is_interrupted) {
                    return Err(NoTrial::Ended);
                }
                let result = result.map_err(|failure| {
                    let failure = self.or_no_room(failure, work);
                    failure.saying(|| last_line(work.path()))
                });
                self.or_trespass(result, &trespasses, &prepared.rendered.own.links)
            }
            Err(failure) => Err(failure),
        };
        if let Err(failure) = &result
            && self.allotment.is_some()
            && self.run_context.interrupt.wait(patience(failure))
        {
            return Err(NoTrial::Ended);
        }
        if result
            .as_ref()
            .is_err_and(Failure::may_be_for_want_of_memory)
            && self.memory_group.killed() > killed
        {
            match self.round {
                Round::First => return Err(NoTrial::WantOfMemory),
                Round::WithFewer => {
                    result = result.map_err(|failure| Failure::Memory(Box::new(failure)));
                }
            }
        }
        attempt.failure = result.as_ref().err().map(Failure::failed);
        Ok((attempt, result))
    }

    /// The time left; `None` without an end.
    fn left(&self) -> Option<Duration> {
        self.allotment.and_then(|allotment| allotment.left())
    }

    /// The output columns of a simulator that ended with this exit code, if its run is a good one.
    pub(super) fn columns(
        &self,
        code: i32,
        prepared: &Prepared,
        work: &WorkDirectory,
        guard: &mut Guard,
    ) -> Result<Vec<Encoded>, Failure> {
        let timings = self.run_context.timings;
        let (project, time) = (self.loaded.project, self.loaded.basin.time());
        let steps = time.map_or(&[][..], TimeAxis::nanoseconds);
        let columns = timings.time(Phase::Parse, || {
            let mut reader = NetcdfReader {
                guard,
                interrupt: self.run_context.interrupt,
            };
            let rendered = &prepared.rendered;
            validate(project, steps, code, rendered, work.path(), &mut reader)
        })?;
        let encode = |(name, values): &(String, Vec<f64>)| prepared.forcing.encode(name, values);
        Ok(timings.time(Phase::Encode, || columns.iter().map(encode).collect()))
    }

    /// This failure, unless a file reached its limit or the disk is full: a program that can't write may end in any way.
    fn or_no_room(&self, failure: Failure, work: &WorkDirectory) -> Failure {
        let limit = self.largest_file();
        let file = work.files_of(limit.size()).into_iter().next();
        if file.is_some() || is_refused_growth(&failure) {
            return Failure::FileSize { file, limit };
        }
        match work.is_full() {
            true => {
                let path = work.path().display();
                Failure::WorkDirectory(format!("{path}: no space left on its disk ({failure})"))
            }
            false => failure,
        }
    }

    /// This outcome, unless it is not to be trusted: what the project does not state determined it, or kept it from a good one.
    fn or_trespass<T>(
        &self,
        result: Result<T, Failure>,
        trespasses: &[Trespass],
        own: &[Support],
    ) -> Result<T, Failure> {
        let project = self.loaded.project;
        if let Some(told) = trespass::reading(project, trespasses) {
            return Err(Failure::Trespass {
                told,
                failure: None,
            });
        }
        match result {
            Ok(columns) => {
                self.boundary.is_kept();
                Ok(columns)
            }
            Err(failure) if !failure.may_be_of_the_fence() => Err(failure),
            Err(failure) => Err(match trespass::other(project, own, trespasses) {
                None => failure,
                Some(told) => Failure::Trespass {
                    told,
                    failure: Some(Box::new(failure)),
                },
            }),
        }
    }

    fn largest_file(&self) -> FileLimit {
        FileLimit::new(self.loaded.project.simulator.max_file_size)
    }
}

/// How a trial ended whose last attempt came to this.
pub(super) fn outcome(result: Result<Vec<Encoded>, Failure>) -> TrialOutcome {
    match result {
        Ok(columns) => TrialOutcome::Good(columns),
        Err(failure) => match failure.obstacle() {
            Some(obstacle) => TrialOutcome::Obstacle(obstacle, failure.failed()),
            None => TrialOutcome::Failed(failure.failed()),
        },
    }
}
