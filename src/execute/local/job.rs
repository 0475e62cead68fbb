//! One job: its files are written, the simulator is started, what it left is validated; with retries, if the project wants
//! them.
//!
//! What makes a result is [`crate::execute::local::validate`]'s business. A job knows nothing of threads, the store or other
//! catchments.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use crate::data::digest::Digest;
use crate::data::run_cost::RunCost;
use crate::data::time_axis::TimeAxis;
use crate::execute::failure::Failure;
use crate::execute::local::allotment::{Allotment, patience};
use crate::execute::local::boundary::Boundary;
use crate::execute::local::failed_runs::FailedRuns;
use crate::execute::local::laid_deck::DeckChanged;
use crate::execute::local::left_files::{last_line, tail};
use crate::execute::local::netcdf_reader::NetcdfReader;
use crate::execute::local::shelf::{self, Shelf};
use crate::execute::local::trespass;
use crate::execute::local::validate::{ended_well, is_refused_growth, validate};
use crate::execute::local::work_directory::{Layout, PRINTED_FILES, WorkDirectory};
use crate::execute::order::Order;
use crate::execute::run_context::RunContext;
use crate::execute::timings::Phase;
use crate::execute::trial::{Trial, TrialOutcome};
use crate::inputs::BadInput;
use crate::plan::Unit;
use crate::plan::environment;
use crate::plan::key::Explanation;
use crate::plan::loaded::LoadedScenario;
use crate::plan::recipe::{Recipe, Rendered};
use crate::plan::series;
use crate::project::{Project, SameProcessor, Support};
use crate::store::codec::{self, Encoded};
use crate::store::{Attempt, Outputs};
use crate::system::file_limit::FileLimit;
use crate::system::machine;
use crate::system::memory_group::MemoryGroup;
use crate::system::process::fence::Trespass;
use crate::system::process::{End, Finished, Guard, Invocation, ProcessError};
use crate::text::shell;

/// How long a simulator has between being asked to end and being killed.
const GRACE: Duration = Duration::from_secs(2);

/// An order with the series that were read for it.
pub(crate) struct Job<'a> {
    /// The catchment's places.
    pub unit: Unit,
    /// What is ordered.
    pub order: &'a Order,
    /// The columns that [`Recipe::columns`] names, or why they can't be had.
    pub series: Result<Vec<Vec<f64>>, BadInput>,
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
    series: Vec<Vec<f64>>,
    /// How long one start may take.
    time_limit: Option<Duration>,
    /// Whether its simulator is observed in all that it opens.
    observed: bool,
}

/// What was started for a job, and has ended.
struct Ran {
    /// What all of it cost.
    cost: RunCost,
    /// The simulator's exit code, if nothing went wrong with it or after it so far.
    end: Result<i32, Broken>,
    /// What was asked for outside of the fence.
    trespasses: Vec<Trespass>,
}

/// Why what was started did not come to its end.
enum Broken {
    /// It was ended, and that tells nothing of the catchment.
    Off,
    /// It failed.
    Failed(Failure),
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
            let (attempt, result) = self.attempt(&prepared, &trial.series, work, guard)?;
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
            rendered, series, ..
        } = prepared;
        let pack = || {
            self.shelf?;
            let raw = (self.loaded.recipe).raw_key(rendered, &series::digests(series));
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
        let series = job.series?;
        let rendered = recipe.render(basin, job.unit.catchment)?;
        let digests = series::digests(&series);
        trial.explanation = recipe.explain(&rendered, &digests);
        if recipe.key(&rendered, &digests) != job.order.key {
            return Err(Failure::InputChanged);
        }
        trial.texts = recipe.long_texts(&rendered, &digests);
        if job.order.keeps_series {
            let columns = recipe.column_names().iter().zip(&series);
            let encoded = columns.map(|(name, values)| codec::encode(name, values));
            trial.series = digests.into_iter().zip(encoded).collect();
        }
        Ok(Prepared {
            rendered,
            series,
            time_limit: job.order.time_limit,
            observed: false,
        })
    }

    /// One start of the simulator. `encoded` are its series, as far as they are encoded already.
    fn attempt(
        &self,
        prepared: &Prepared,
        encoded: &[(Digest, Encoded)],
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
                    Ok(code) => (self.columns(code, prepared, encoded, work, guard))
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
        encoded: &[(Digest, Encoded)],
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
        Ok(timings.time(Phase::Encode, || encode(&columns, encoded)))
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

    /// Prepares the work directory, and starts the simulator in it and then what is to be run after it.
    ///
    /// What was hashed must be what is run: the support files are looked at before the start, which saves a run, and after the
    /// end, which makes it certain.
    fn run_in(
        &self,
        prepared: &Prepared,
        work: &WorkDirectory,
        guard: &mut Guard,
    ) -> Result<Ran, Failure> {
        let LoadedScenario {
            recipe, project, ..
        } = self.loaded;
        let timings = self.run_context.timings;
        let own = &prepared.rendered.own.watch;
        let unchanged = || match (recipe.watch().changed(), own.changed()) {
            (Some(file), _) => Err(Failure::SupportChanged(file.clone())),
            (None, Some(file)) => Err(Failure::OwnChanged(file.clone())),
            (None, None) => Ok(()),
        };
        unchanged()?;
        timings.time(Phase::Render, || {
            prepare_directory(recipe, project, &prepared.rendered, &prepared.series, work)
        })?;
        let rendered = &prepared.rendered;
        let finished = self.start(&rendered.command, None, prepared, work, guard)?;
        let mut ran = Ran {
            cost: finished.cost,
            end: self.ended(&finished, prepared),
            trespasses: finished.trespasses,
        };
        if let Ok(code) = ran.end
            && !rendered.after.is_empty()
        {
            // What it printed may tell why nothing can come after it.
            let well = ended_well(project, code, work.path());
            ran.end = well.map_or_else(|failure| Err(Broken::Failed(failure)), |()| Ok(code));
        }
        for command in &rendered.after {
            if ran.end.is_ok() {
                self.run_after(command, &mut ran, prepared, work, guard);
            }
        }
        unchanged()?;
        Ok(ran)
    }

    /// Starts a command that is to be run after the simulator, in what is left of its time.
    fn run_after(
        &self,
        command: &[String],
        ran: &mut Ran,
        prepared: &Prepared,
        work: &WorkDirectory,
        guard: &mut Guard,
    ) {
        let failed = |failure| {
            Broken::Failed(Failure::After {
                command: shell::line(command),
                hint: self.missing_script(command, work),
                failure: Box::new(failure),
            })
        };
        match self.start(command, Some(ran.cost), prepared, work, guard) {
            Ok(finished) => {
                ran.cost = ran.cost.and(finished.cost);
                ran.trespasses.extend_from_slice(&finished.trespasses);
                match self.ended(&finished, prepared) {
                    Ok(0) => {}
                    Ok(code) => ran.end = Err(failed(Failure::Exit(code))),
                    Err(Broken::Off) => ran.end = Err(Broken::Off),
                    Err(Broken::Failed(failure)) => ran.end = Err(failed(failure)),
                }
            }
            Err(failure) => ran.end = Err(failed(failure)),
        }
    }

    /// A word of a command that names a file of the project which is not in the work directory.
    fn missing_script(&self, command: &[String], work: &WorkDirectory) -> Option<String> {
        let root = &self.loaded.project.root;
        let is_missing = |word: &&String| {
            Path::new(word).is_relative()
                && !work.path().join(word).exists()
                && root.join(word).is_file()
        };
        command.iter().find(is_missing).cloned()
    }

    /// The exit code of what has ended by itself.
    fn ended(&self, finished: &Finished, prepared: &Prepared) -> Result<i32, Broken> {
        Err(match finished.end {
            End::Exited(code) => return Ok(code),
            End::Interrupted => Broken::Off,
            End::TimedOut if self.left() == Some(Duration::ZERO) => Broken::Off,
            End::TimedOut => {
                Broken::Failed(Failure::TimedOut(prepared.time_limit.unwrap_or_default()))
            }
            End::Signalled(signal) => Broken::Failed(Failure::Signal(signal)),
        })
    }

    fn largest_file(&self) -> FileLimit {
        FileLimit::new(self.loaded.project.simulator.max_file_size)
    }

    /// Starts a command in the work directory: the simulator, or after what has cost this what comes behind it.
    fn start(
        &self,
        command: &[String],
        spent: Option<RunCost>,
        prepared: &Prepared,
        work: &WorkDirectory,
        guard: &mut Guard,
    ) -> Result<Finished, Failure> {
        let started = Instant::now();
        let rendered = &prepared.rendered;
        let limit = prepared.time_limit.map(|limit| match spent {
            Some(cost) => limit.saturating_sub(Duration::from_secs_f64(cost.wall)),
            None => limit,
        });
        let words: Vec<OsString> = command.iter().map(OsString::from).collect();
        let (program, arguments) = words
            .split_first()
            .expect("a project's command is never empty");
        let environment = environment::of(work.path(), &rendered.environment);
        let [stdout, stderr] = PRINTED_FILES.map(|name| work.path().join(name));
        let fence = self.boundary.fence(prepared.observed, &rendered.own);
        let invocation = Invocation {
            program,
            arguments,
            directory: work.path(),
            environment: &environment,
            stdout: &stdout,
            stderr: &stderr,
            appends: spent.is_some(),
            timeout: limit.into_iter().chain(self.left()).min(),
            grace: GRACE,
            largest_file: self.largest_file().size().0,
            fence: fence.as_deref(),
        };
        let finished = guard
            .run(&invocation, self.run_context.interrupt)
            .map_err(|error| {
                let is_lost = matches!(error, ProcessError::Guard { .. });
                let why = format!("{:#}", anyhow::Error::from(error));
                match is_lost {
                    true => Failure::Guard(why),
                    false => Failure::Start(why),
                }
            })?;
        let wall = Duration::from_secs_f64(finished.cost.wall);
        let timings = self.run_context.timings;
        timings.add(Phase::Wait, wall);
        timings.add(Phase::Spawn, started.elapsed().saturating_sub(wall));
        Ok(finished)
    }
}

/// Encodes output columns. Simulators hand on what they were given, and of that some is encoded already.
fn encode(columns: &[(String, Vec<f64>)], known: &[(Digest, Encoded)]) -> Vec<Encoded> {
    let encode = |(name, values): &(String, Vec<f64>)| {
        let digest = (!known.is_empty()).then(|| Digest::of_numbers(values));
        match known.iter().find(|(other, _)| Some(*other) == digest) {
            Some((_, same)) => Encoded {
                name: name.clone(),
                ..same.clone()
            },
            None => codec::encode(name, values),
        }
    };
    columns.iter().map(encode).collect()
}

/// Makes a catchment's work directory as its simulator gets it.
pub(crate) fn prepare_directory(
    recipe: &Recipe<'_>,
    project: &Project,
    rendered: &Rendered,
    series: &[Vec<f64>],
    work: &WorkDirectory,
) -> Result<(), Failure> {
    let trouble = |error: anyhow::Error| match error.downcast::<DeckChanged>() {
        Ok(DeckChanged(file)) if rendered.own.deck.is_some() => Failure::OwnChanged(file),
        Ok(DeckChanged(file)) => Failure::DeckChanged(file),
        Err(error) => Failure::WorkDirectory(format!("{error:#}")),
    };
    let required = rendered.require.iter().map(|(file, _)| file);
    let layout = Layout {
        links: (project.simulator.support.iter())
            .chain(&rendered.own.links)
            .collect(),
        deck: rendered.deck(recipe),
        directories: &project.simulator.directories,
        left: (rendered
            .outputs
            .iter()
            .chain(required)
            .map(PathBuf::as_path))
        .collect(),
    };
    work.prepare(&layout).map_err(trouble)?;
    let columns: Vec<&[f64]> = series.iter().map(Vec::as_slice).collect();
    for (i, (input, content)) in project
        .simulator
        .inputs
        .iter()
        .zip(&rendered.files)
        .enumerate()
    {
        match content {
            Some(bytes) => work.write(&input.name, bytes).map_err(trouble)?,
            None => work
                .write_made(&input.name, |table| {
                    recipe.write_table(i, rendered, &columns, table)
                })
                .map_err(trouble)??,
        }
    }
    Ok(())
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
