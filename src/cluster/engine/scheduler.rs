//! The commands of a scheduler, as all engines call them.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};

use super::{Presence, Submitted, TaskState};
use crate::system::process::{Answer, Call, End, ProcessError};

/// How long a question may take.
pub(super) const QUESTION: Duration = Duration::from_secs(30);

/// How long a submission or a cancellation may take. A scheduler that stands still is given up by its own commands within ten
/// seconds or so; one that takes no more jobs keeps them waiting for ever.
pub(super) const ACTION: Duration = Duration::from_secs(60);

/// Where and how a scheduler's commands are started.
#[derive(Debug)]
pub(super) struct Scheduler {
    /// The project's folder, in which they run.
    pub root: PathBuf,
    /// The beginnings of the names of variables that they do not get.
    pub without: &'static [&'static str],
}

impl Scheduler {
    /// Whatever a command answers.
    pub(super) fn ask(&self, words: &[String], limit: Duration) -> Result<Answer, ProcessError> {
        let (program, arguments) = words.split_first().unzip();
        let arguments: Vec<OsString> = (arguments.into_iter().flatten())
            .map(OsString::from)
            .collect();
        let call = Call {
            program: program.map_or(OsStr::new(""), OsStr::new),
            arguments: &arguments,
            directory: &self.root,
            without: self.without,
            limit,
        };
        call.ask()
    }

    /// What a command printed, if it ended well; otherwise there is no answer.
    pub(super) fn listing(&self, words: &[String], limit: Duration) -> Result<String> {
        let answer = self.ask(words, limit)?;
        if !answer.is_good() {
            bail!("{}", failure(&words[0], &answer));
        }
        Ok(answer.stdout)
    }

    /// Submits with this command. The job's id is looked for by `job` in what was printed, and what a failure means is told by
    /// `verdict`: `None` if it does not prove that nothing was submitted.
    pub(super) fn submit(
        &self,
        words: &[String],
        job: impl Fn(&str) -> Option<String>,
        verdict: impl Fn(&Answer) -> Option<fn(String) -> Submitted>,
    ) -> Submitted {
        let answer = match self.ask(words, ACTION) {
            Ok(answer) => answer,
            // Nothing ran that could have submitted anything.
            Err(
                error @ (ProcessError::NoProgram(_)
                | ProcessError::NoInterpreter(_)
                | ProcessError::NotExecutable(_)
                | ProcessError::NoDirectory(_)),
            ) => return Submitted::Refused(error.to_string()),
            Err(error) => return Submitted::Unclear(format!("{:#}", anyhow::Error::from(error))),
        };
        match job(&answer.stdout) {
            // A command that is ended while it waits for something else has told the id already.
            Some(job) if answer.is_good() || answer.end == End::TimedOut => {
                Submitted::Accepted(job)
            }
            _ if answer.is_good() => {
                Submitted::Unclear(format!("{} told no job's id: {}", words[0], answer.said()))
            }
            _ => {
                let verdict = match answer.end {
                    End::Exited(_) => verdict(&answer),
                    _ => None,
                };
                verdict.unwrap_or(Submitted::Unclear)(failure(&words[0], &answer))
            }
        }
    }
}

/// A task of an array in a scheduler's list.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Listed {
    /// The array's id.
    pub job: String,
    /// Its index in it, from 0.
    pub index: u32,
    /// `None` if it has ended.
    pub state: Option<TaskState>,
}

/// What a list, of tasks whose names were asked for, has of these jobs.
pub(super) fn presence(
    jobs: &[(String, String)],
    listed: Vec<Listed>,
) -> BTreeMap<String, Presence> {
    let gone = |(job, _): &(String, String)| (job.clone(), Presence::Gone);
    let mut present: BTreeMap<String, Presence> = jobs.iter().map(gone).collect();
    for task in listed {
        let (Some(state), Some(presence)) = (task.state, present.get_mut(&task.job)) else {
            continue;
        };
        match presence {
            Presence::Tasks(tasks) => {
                tasks.insert(task.index, state);
            }
            _ => *presence = Presence::Tasks(BTreeMap::from([(task.index, state)])),
        }
    }
    present
}

/// The ids of the jobs in a list of which anything is still there.
pub(super) fn ids_there(listed: Vec<Listed>) -> BTreeSet<String> {
    let there = listed.into_iter().filter(|task| task.state.is_some());
    there.map(|task| task.job).collect()
}

/// The names of jobs that are given by id and name.
pub(super) fn names(jobs: &[(String, String)]) -> Vec<&str> {
    jobs.iter().map(|(_, name)| name.as_str()).collect()
}

/// The text, if it is a number as ids of jobs are.
pub(super) fn number(text: &str) -> Option<String> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.to_owned())
}

/// How a command failed, in a sentence.
pub(super) fn failure(program: &str, answer: &Answer) -> String {
    let said = answer.said();
    match answer.end {
        End::TimedOut => format!("{program} gave no answer in time: {said}"),
        End::Signalled(signal) => format!("{program} was ended by signal {signal}: {said}"),
        _ => {
            // Many commands name themselves.
            let said = said.replace(&format!("{program}: error: "), "");
            format!("{program}: {said}")
        }
    }
}

/// The last value of an option in a list of arguments, as people write them: `--partition=short`, `--partition short`, `-p short`,
/// `-pshort`.
pub(super) fn option<'a>(arguments: &'a [String], long: &str, short: &str) -> Option<&'a str> {
    let mut found = None;
    for (at, argument) in arguments.iter().enumerate() {
        let next = arguments.get(at + 1).map(String::as_str);
        let value = if argument == long || argument == short {
            next
        } else if let Some(rest) = argument.strip_prefix(long) {
            rest.strip_prefix('=')
        } else if argument.starts_with("--") {
            None
        } else {
            argument.strip_prefix(short)
        };
        found = value.or(found);
    }
    found
}

/// The arguments as owned words.
pub(super) fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_is_found_however_it_is_written() {
        let value = |text: &[&str]| option(&words(text), "--partition", "-p").map(str::to_owned);
        for text in [
            &["--partition=a"][..],
            &["-p", "a"],
            &["--partition", "a"],
            &["-pa", "--partitions=c"],
            &["--partition=b", "-p", "a"],
        ] {
            assert_eq!(value(text).as_deref(), Some("a"), "{text:?}");
        }
        for text in [&[][..], &["-p"], &["--part=b", "--account=p", "-A", "x"]] {
            assert_eq!(value(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_job_is_gone_when_nothing_of_it_is_listed_or_all_has_ended() {
        let jobs = ["1", "2", "3"].map(|job| (job.to_owned(), format!("rr-{job}")));
        let state = TaskState {
            running: true,
            reason: String::new(),
        };
        let listed = |job: &str, index, state: Option<&TaskState>| Listed {
            job: job.to_owned(),
            index,
            state: state.cloned(),
        };
        let list = || {
            vec![
                listed("1", 0, None),
                listed("1", 1, Some(&state)),
                listed("2", 0, None),
                listed("4", 0, Some(&state)),
            ]
        };
        let there = Presence::Tasks(BTreeMap::from([(1, state.clone())]));
        let expected = [there, Presence::Gone, Presence::Gone];
        let expected = jobs.iter().map(|(job, _)| job.clone()).zip(expected);
        assert_eq!(presence(&jobs, list()), expected.collect());
        assert!(ids_there(list()).iter().eq(["1", "4"]));
    }

    #[test]
    fn what_a_submission_comes_to_is_never_more_than_it_proves() {
        let scheduler = Scheduler {
            root: "/".into(),
            without: &[],
        };
        let submit = |script: &str| {
            let job = |printed: &str| Some(printed.trim().to_owned()).filter(|job| !job.is_empty());
            let verdict = |answer: &Answer| {
                let proven = answer.stderr.contains("proven");
                proven.then_some(Submitted::Refused as fn(String) -> Submitted)
            };
            scheduler.submit(&words(&["sh", "-c", script]), job, verdict)
        };
        assert_eq!(submit("echo 17"), Submitted::Accepted("17".into()));
        assert_eq!(
            submit("echo 17; echo sh: error: proven >&2; exit 1"),
            Submitted::Refused("sh: proven".into())
        );
        assert_eq!(
            submit("echo 17; echo ha >&2; exit 1"),
            Submitted::Unclear("sh: ha".into())
        );
        assert_eq!(
            submit(":"),
            Submitted::Unclear("sh told no job's id: it printed nothing".into())
        );
        assert_eq!(
            submit("echo proven >&2; kill -9 $$"),
            Submitted::Unclear("sh was ended by signal 9: proven".into())
        );
        let missing = scheduler.submit(&words(&["no-such-qsub"]), |_| None, |_| None);
        assert_eq!(
            missing,
            Submitted::Refused("no such program: no-such-qsub".into())
        );
    }
}
