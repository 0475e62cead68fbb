//! One catchment's run: files written, simulator started, what it left judged. With retries, if the project wants them.
//!
//! What makes a result is [`crate::execute::local::validate`]'s business. A trial knows nothing of threads, the store or other catchments.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::time::{Duration, Instant, SystemTime};

use crate::data::catchment::CatchmentId;
use crate::data::digest::Digest;
use crate::execute::failure::Failure;
use crate::execute::local::failed_runs::FailedRuns;
use crate::execute::local::left_files::tail;
use crate::execute::local::validate::{is_refused_growth, judge};
use crate::execute::local::work_directory::{PRINTED, WorkDirectory};
use crate::execute::timeouts::Timeouts;
use crate::execute::timings::{Phase, Timings};
use crate::inputs::BadInput;
use crate::plan::Unit;
use crate::plan::basin::Basin;
use crate::plan::environment;
use crate::plan::key::{Explanation, Key};
use crate::plan::loaded::LoadedScenario;
use crate::plan::recipe::{Recipe, Rendered};
use crate::project::Project;
use crate::store::codec::{self, Encoded};
use crate::store::{Attempt, Failed, Last};
use crate::system::file_limit::FileLimit;
use crate::system::lock::Lock;
use crate::system::process::{End, Finished, Guard, Interrupt, Invocation};

/// How long a simulator has between being asked to end and being killed.
const GRACE: Duration = Duration::from_secs(2);

/// One catchment to run.
pub struct Job {
    /// Which it is.
    pub unit: Unit,
    /// The key that the plan has for it.
    pub key: Key,
    /// The columns that [`Recipe::columns`] names, or why they can't be had.
    pub series: Result<Vec<Vec<f64>>, BadInput>,
}

/// What became of a job.
pub struct Trial {
    /// What was run.
    pub unit: Unit,
    /// The key that it was run for.
    pub key: Key,
    /// What the key is made of.
    pub explanation: Explanation,
    /// The texts that the explanation knows by their digests only.
    pub texts: Vec<Vec<u8>>,
    /// The series that the simulator was given, those that have to be kept: the digest of each's values, and the values.
    pub series: Vec<(Digest, Encoded)>,
    /// Every start of the simulator, in order.
    pub attempts: Vec<Attempt>,
    /// The output columns, or why there are none.
    pub outcome: Result<Vec<Encoded>, Failure>,
}

/// What all trials of a run share.
pub struct RunContext<'a> {
    /// Where failed runs are kept.
    pub kept: &'a FailedRuns,
    /// The series that are kept already, by digest; `None` if none is to be kept.
    pub known: Option<&'a HashSet<Digest>>,
    /// The project's lock, which the guards keep until the last simulator is gone.
    pub lock: &'a Lock,
    /// The wish to stop.
    pub interrupt: &'a Interrupt,
    /// Where the time goes.
    pub timings: &'a Timings,
}

/// What a worker needs to make trials in one scenario.
pub struct ScenarioContext<'a> {
    /// What it has in common with all others.
    run_context: &'a RunContext<'a>,
    /// The project.
    pub project: &'a Project,
    /// Its catchments.
    pub basin: &'a Basin<'a>,
    /// What is the same for all of them.
    pub recipe: &'a Recipe<'a>,
    /// How long each may run.
    timeouts: Timeouts,
}

impl<'a> ScenarioContext<'a> {
    /// For a scenario whose catchments were last run like this.
    pub fn new(
        run_context: &'a RunContext<'a>,
        loaded: &'a LoadedScenario<'a>,
        last: &HashMap<CatchmentId, Last>,
    ) -> Self {
        Self {
            run_context,
            project: loaded.project,
            basin: &loaded.basin,
            recipe: &loaded.recipe,
            timeouts: Timeouts::new(loaded.project.simulator.timeout, last),
        }
    }
}

impl ScenarioContext<'_> {
    /// Runs one catchment in `work` under `guard`; `None` if it was interrupted.
    pub fn run(&self, job: Job, work: &WorkDirectory, guard: &mut Guard) -> Option<Trial> {
        let mut trial = Trial {
            unit: job.unit,
            key: job.key,
            explanation: Explanation::default(),
            texts: Vec::new(),
            series: Vec::new(),
            attempts: Vec::new(),
            outcome: Err(Failure::InputChanged),
        };
        let prepared = self
            .run_context
            .timings
            .time(Phase::Render, || self.prepare(job, &mut trial));
        let (rendered, series) = match prepared {
            Ok(prepared) => prepared,
            Err(failure) => {
                trial.attempts.push(attempt_without_start(&failure));
                trial.outcome = Err(failure);
                return Some(trial);
            }
        };
        let id = self.basin.id(trial.unit.catchment);
        let limit = self.timeouts.of(id);
        let mut work = work.in_use();
        let mut left = self.project.simulator.retries;
        loop {
            let (attempt, outcome) =
                self.attempt(&rendered, &series, &trial.series, work, limit, guard)?;
            // What memory had no room for is done again on the disk, and was no attempt.
            if let Err(failure) = &outcome
                && let Ok(Some(on_disk)) =
                    work.instead(matches!(failure, Failure::WorkDirectory(_)))
            {
                work = on_disk;
                continue;
            }
            trial.attempts.push(attempt);
            trial.outcome = outcome;
            match &trial.outcome {
                Err(failure) if failure.is_worth_a_retry() && left > 0 => left -= 1,
                _ => break,
            }
        }
        let scenario = &self.project.scenario.name;
        let kept = match &trial.outcome {
            Ok(_) => self.run_context.kept.release(scenario, id),
            Err(failure) if failure.is_obstacle() => Ok(()),
            Err(_) => work
                .shorten(self.largest_file().size())
                .and(self.run_context.kept.keep(work, scenario, id)),
        };
        if let (Err(error), Some(attempt)) = (kept, trial.attempts.last_mut()) {
            attempt.tail.push_str(&format!("\nrerunoff: {error:#}\n"));
        }
        Some(trial)
    }

    /// What the simulator will see, checked against the plan: what was hashed is what is run.
    fn prepare(&self, job: Job, trial: &mut Trial) -> Result<(Rendered, Vec<Vec<f64>>), Failure> {
        let series = job.series?;
        let rendered = self.recipe.render(self.basin, job.unit.catchment)?;
        let digests: Vec<Digest> = series
            .iter()
            .map(|values| Digest::of_numbers(values))
            .collect();
        trial.explanation = self.recipe.explain(&rendered, &digests);
        if self.recipe.key(&rendered, &digests) != job.key {
            return Err(Failure::InputChanged);
        }
        trial.texts = self.recipe.long_texts(&rendered, &digests);
        if let Some(known) = self.run_context.known {
            let columns = self.recipe.column_names().iter().zip(&series).zip(digests);
            let new = columns.filter(|(_, digest)| !known.contains(digest));
            trial.series = new
                .map(|((name, values), digest)| (digest, codec::encode(name, values)))
                .collect();
        }
        Ok((rendered, series))
    }

    /// One start of the simulator; `None` if it was interrupted.
    fn attempt(
        &self,
        rendered: &Rendered,
        series: &[Vec<f64>],
        encoded: &[(Digest, Encoded)],
        work: &WorkDirectory,
        limit: Option<Duration>,
        guard: &mut Guard,
    ) -> Option<(Attempt, Result<Vec<Encoded>, Failure>)> {
        let started = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, |since| since.as_secs() as i64);
        let mut attempt = Attempt {
            started,
            ..Attempt::default()
        };
        let largest = self.largest_file();
        let outcome = match self.run_in(rendered, series, work, limit, guard) {
            Ok(finished) => {
                let cost = finished.cost;
                attempt.wall = cost.wall.as_secs_f64();
                attempt.user = cost.user.as_secs_f64();
                attempt.system = cost.system.as_secs_f64();
                attempt.peak_bytes = cost.peak_bytes;
                attempt.tail = tail(work.path());
                let judged = match finished.end {
                    End::Interrupted => return None,
                    End::TimedOut => Err(Failure::TimedOut(limit.unwrap_or_default())),
                    End::Signalled(signal) => Err(Failure::Signal(signal)),
                    End::Exited(code) => {
                        let (project, steps) = (self.project, self.basin.time().len());
                        let judged = self.run_context.timings.time(Phase::Parse, || {
                            judge(project, steps, code, rendered, work.path())
                        });
                        judged.map(|columns| {
                            self.run_context
                                .timings
                                .time(Phase::Encode, || self.encode(&columns, encoded))
                        })
                    }
                };
                // Whatever else it did: a program that can't write may end in any way.
                judged.map_err(|failure| {
                    let file = work.files_of(largest.size()).into_iter().next();
                    if file.is_some() || is_refused_growth(&failure) {
                        Failure::FileSize {
                            file,
                            limit: largest,
                        }
                    } else {
                        failure
                    }
                })
            }
            Err(failure) => Err(failure),
        };
        attempt.failure = outcome.as_ref().err().map(failed);
        Some((attempt, outcome))
    }

    /// Furnishes the work directory and starts the simulator in it.
    ///
    /// What was hashed must be what is run: the support files are looked at before the start, which saves a run, and after the
    /// end, which makes it certain.
    fn run_in(
        &self,
        rendered: &Rendered,
        series: &[Vec<f64>],
        work: &WorkDirectory,
        limit: Option<Duration>,
        guard: &mut Guard,
    ) -> Result<Finished, Failure> {
        let unchanged = || match self.recipe.watch().changed() {
            Some(file) => Err(Failure::SupportChanged(file.clone())),
            None => Ok(()),
        };
        unchanged()?;
        self.run_context.timings.time(Phase::Render, || {
            furnish(self.recipe, self.project, rendered, series, work)
        })?;
        let started = Instant::now();
        let finished = self.start(rendered, work, limit, guard)?;
        let wall = finished.cost.wall;
        self.run_context.timings.add(Phase::Wait, wall);
        self.run_context
            .timings
            .add(Phase::Spawn, started.elapsed().saturating_sub(wall));
        unchanged()?;
        Ok(finished)
    }

    fn largest_file(&self) -> FileLimit {
        FileLimit::new(self.project.simulator.max_file_size)
    }

    fn start(
        &self,
        rendered: &Rendered,
        work: &WorkDirectory,
        limit: Option<Duration>,
        guard: &mut Guard,
    ) -> Result<Finished, Failure> {
        let words: Vec<OsString> = rendered.command.iter().map(OsString::from).collect();
        let (program, arguments) = words
            .split_first()
            .expect("a project's command is never empty");
        // Later values win: `Command::envs` sets one variable after the other.
        let mut environment = environment::fixed(work.path());
        let stated = rendered.environment.iter();
        environment.extend(stated.map(|(name, value)| (name.into(), value.into())));
        let [stdout, stderr] = PRINTED.map(|name| work.path().join(name));
        let invocation = Invocation {
            program,
            arguments,
            directory: work.path(),
            environment: &environment,
            stdout: &stdout,
            stderr: &stderr,
            timeout: limit,
            grace: GRACE,
            largest_file: self.largest_file().size().0,
        };
        guard
            .run(&invocation, self.run_context.interrupt)
            .map_err(|error| Failure::Start(format!("{:#}", anyhow::Error::from(error))))
    }

    /// Encodes the output columns. Simulators hand on what they were given, and of that some is encoded already.
    fn encode(&self, columns: &[Vec<f64>], known: &[(Digest, Encoded)]) -> Vec<Encoded> {
        let encode = |name: &str, values: &[f64]| {
            let digest = (!known.is_empty()).then(|| Digest::of_numbers(values));
            match known.iter().find(|(other, _)| Some(*other) == digest) {
                Some((_, same)) => Encoded {
                    name: name.to_owned(),
                    ..same.clone()
                },
                None => codec::encode(name, values),
            }
        };
        (self.project.simulator.output.columns.iter().zip(columns))
            .map(|(column, values)| encode(&column.source, values))
            .collect()
    }
}

/// Makes a catchment's work directory as its simulator gets it.
pub fn furnish(
    recipe: &Recipe<'_>,
    project: &Project,
    rendered: &Rendered,
    series: &[Vec<f64>],
    work: &WorkDirectory,
) -> Result<(), Failure> {
    let trouble = |error: anyhow::Error| Failure::WorkDirectory(format!("{error:#}"));
    work.furnish(&project.simulator).map_err(trouble)?;
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

fn failed(failure: &Failure) -> Failed {
    Failed {
        code: failure.code().to_owned(),
        reason: failure.to_string(),
    }
}

fn attempt_without_start(failure: &Failure) -> Attempt {
    Attempt {
        failure: Some(failed(failure)),
        ..Attempt::default()
    }
}
