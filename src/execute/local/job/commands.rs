//! What is started for a job, one after the other: its simulator, and the commands that are run after it.
//!
//! All of them have one work directory, one guard, one fence and one time limit. Whether what they left is a good result is not known
//! here.

use std::ffi::OsString;
use std::path::Path;
use std::time::{Duration, Instant};

use super::directory::prepare_directory;
use super::{JobContext, Prepared};
use crate::data::run_cost::RunCost;
use crate::execute::failure::Failure;
use crate::execute::local::validate::ended_well;
use crate::execute::local::work_directory::{PRINTED_FILES, WorkDirectory};
use crate::execute::timings::Phase;
use crate::plan::environment;
use crate::plan::loaded::LoadedScenario;
use crate::system::process::fence::Trespass;
use crate::system::process::{End, Finished, Guard, Invocation, ProcessError};
use crate::text::shell;

/// How long a simulator has between being asked to end and being killed.
const GRACE: Duration = Duration::from_secs(2);

/// What was started for a job, and has ended.
pub(super) struct Ran {
    /// What all of it cost.
    pub(super) cost: RunCost,
    /// The simulator's exit code, if nothing went wrong with it or after it so far.
    pub(super) end: Result<i32, Broken>,
    /// What was asked for outside of the fence.
    pub(super) trespasses: Vec<Trespass>,
}

/// Why what was started did not come to its end.
pub(super) enum Broken {
    /// It was ended, and that tells nothing of the catchment.
    Off,
    /// It failed.
    Failed(Failure),
}

impl JobContext<'_> {
    /// Prepares the work directory, and starts the simulator in it and then what is to be run after it.
    ///
    /// What was hashed must be what is run: the support files are looked at before the start, which saves a run, and after the
    /// end, which makes it certain.
    pub(super) fn run_in(
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
            prepare_directory(recipe, project, &prepared.rendered, &prepared.forcing, work)
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
