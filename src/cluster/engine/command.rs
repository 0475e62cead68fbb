//! Any other batch system, by the commands that a project states for it.
//!
//! No more is asked of one than these can tell. A job is there while a list of jobs has its id as a word; what became of its tasks one
//! by one is not known, nor why they wait. And since nothing is known of how the system words a refusal, a submission that fails may always
//! have been taken.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use regex_lite::Regex;

use super::scheduler::{ACTION, QUESTION, Scheduler, failure};
use super::{Engine, EngineLimits, Presence, Submission, Submitted};
use crate::project::cluster::command_line::Placeholder;
use crate::project::cluster::{ClusterSpec, EngineTemplates};

/// A batch system of a project's own commands.
#[derive(Debug)]
pub(super) struct Stated {
    scheduler: Scheduler,
    templates: Option<EngineTemplates>,
    options: Vec<String>,
}

impl Stated {
    pub(super) fn new(spec: &ClusterSpec, root: &Path) -> Self {
        Self {
            scheduler: Scheduler {
                root: root.to_owned(),
                without: &[],
            },
            templates: spec.templates.clone(),
            options: spec.options.clone(),
        }
    }

    /// The commands; that there are any was checked when the project file was read.
    fn templates(&self) -> Result<&EngineTemplates> {
        (self.templates.as_ref()).context("[cluster] states no commands for engine = \"command\"")
    }

    /// The command that submits.
    fn command(&self, submission: &Submission<'_>) -> Result<Vec<String>> {
        let seconds = submission.seconds;
        let (hours, rest) = (seconds / 3600, seconds % 3600);
        let EngineTemplates { submit, first, .. } = self.templates()?;
        Ok(submit.fill(&|placeholder| {
            let value = match placeholder {
                Placeholder::Options => return self.options.clone(),
                Placeholder::Jobs => return Vec::new(),
                Placeholder::Tasks => submission.tasks.to_string(),
                Placeholder::First => first.to_string(),
                Placeholder::Last => (first + submission.tasks.saturating_sub(1)).to_string(),
                Placeholder::Name => submission.name.to_owned(),
                Placeholder::Seconds => seconds.to_string(),
                Placeholder::Hms => format!("{hours:02}:{:02}:{:02}", rest / 60, rest % 60),
                Placeholder::Minutes => seconds.div_ceil(60).to_string(),
                Placeholder::MemoryMb => {
                    let memory = submission.memory.unwrap_or_default();
                    memory.div_ceil(1 << 20).to_string()
                }
                Placeholder::Cores => submission.cores.to_string(),
                Placeholder::Script => submission.script.display().to_string(),
                // The script itself sends what is printed where it belongs.
                Placeholder::Log => "/dev/null".to_owned(),
            };
            vec![value]
        }))
    }

    /// The id in a text.
    fn id(&self, text: &str) -> Option<String> {
        let job = Regex::new(&self.templates().ok()?.job).ok()?;
        let found = job.captures(text)?.get(1)?.as_str().trim();
        (!found.is_empty()).then(|| found.to_owned())
    }

    /// What the command that lists jobs prints.
    fn alive(&self) -> Result<String> {
        let alive = self.templates()?.alive.fill(&|_| Vec::new());
        self.scheduler.listing(&alive, QUESTION)
    }
}

/// Whether this stands in a text by itself: no letter, digit, `_`, `-` or `.` is beside it, but a full stop that ends something and the
/// like may be, as in `8123[]` or `8123.server`.
fn has_word(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(|c| is_part(c) || c == '.') && !after.is_some_and(is_part)
    })
}

impl Engine for Stated {
    fn check(&self) -> Result<Vec<String>> {
        self.alive().context("`alive` gives no answer")?;
        Ok(vec![
            "`alive` answers; whether `submit` does is seen when something is submitted".to_owned(),
        ])
    }

    fn limits(&self) -> EngineLimits {
        let has_no_index = |templates: &EngineTemplates| templates.index.is_none();
        EngineLimits {
            // Without an index there are no arrays.
            most_tasks: self.templates().is_ok_and(has_no_index).then_some(1),
            node_cores: None,
            longest: None,
        }
    }

    fn submit(&self, submission: &Submission<'_>) -> Submitted {
        let command = match self.command(submission) {
            Ok(command) => command,
            Err(error) => return Submitted::Refused(error.to_string()),
        };
        self.scheduler
            .submit(&command, |printed| self.id(printed), |_| None)
    }

    fn find(&self, name: &str) -> Result<Option<String>> {
        let listing = self.alive()?;
        // Only where the list has names too. Where it has none, the job's next try makes this one void should it appear.
        let line = listing.lines().find(|line| has_word(line, name));
        Ok(line.and_then(|line| self.id(line)))
    }

    fn presence(&self, jobs: &[(String, String)]) -> Result<BTreeMap<String, Presence>> {
        if jobs.is_empty() {
            return Ok(BTreeMap::new());
        }
        let listing = self.alive()?;
        let presence = |(job, _): &(String, String)| {
            let presence = match has_word(&listing, job) {
                true => Presence::All,
                false => Presence::Gone,
            };
            (job.clone(), presence)
        };
        Ok(jobs.iter().map(presence).collect())
    }

    fn cancel(&self, jobs: &[(String, String)]) -> Result<()> {
        if jobs.is_empty() {
            return Ok(());
        }
        let cancel = self.templates()?.cancel.fill(&|_| {
            let ids = jobs.iter().map(|(job, _)| job.clone());
            ids.collect()
        });
        let answer = self.scheduler.ask(&cancel, ACTION)?;
        if answer.is_good() {
            return Ok(());
        }
        // Jobs that have ended are a fault to most; then none is left.
        let here = self.presence(jobs)?;
        if here.values().any(|presence| *presence != Presence::Gone) {
            bail!("{}", failure(&cancel[0], &answer));
        }
        Ok(())
    }

    fn incurable(&self, _: &str) -> Option<String> {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use proptest::prelude::*;
    use tempfile::TempDir;

    use super::*;
    use crate::project::cluster::EngineKind;
    use crate::project::cluster::command_line::CommandLine;

    /// A scheduler of shell scripts: `submit` writes the names of what it gets into a file, `alive` prints it, `cancel` takes lines out.
    fn fake() -> (TempDir, Stated) {
        let folder = tempfile::tempdir().expect("a folder");
        let script = |name: &str, lines: &str| {
            let file = folder.path().join(name);
            fs::write(&file, format!("#!/bin/sh\n{lines}\n")).expect("a script");
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("permissions");
        };
        script(
            "put",
            "printf '%s|' \"$@\" > got\necho 17.server $1 >> queue\necho 'Job <17> is submitted.'\n[ ! -e fail ]",
        );
        script("list", "[ ! -e fail ] && cat queue");
        script("end", "for id; do sed -i \"/^$id\\./d\" queue; done");
        let line = |text: &str| CommandLine::new(text).expect("a command line");
        let templates = EngineTemplates {
            submit: line(
                "./put {name} '{first}-{last}' {hms} {minutes} {memory_mb} {options} {script}",
            ),
            job: r"(?:^|<)(\d+)(?:>|\.)".to_owned(),
            index: Some("FAKE_INDEX".to_owned()),
            first: 1,
            alive: line("./list"),
            cancel: line("./end {jobs}"),
        };
        let mut spec = ClusterSpec::plain(EngineKind::Slurm);
        spec.options = vec!["-q".to_owned(), "short jobs".to_owned()];
        spec.templates = Some(templates);
        let engine = Stated::new(&spec, folder.path());
        (folder, engine)
    }

    fn submission<'a>() -> Submission<'a> {
        Submission {
            name: "rr-1.0.0",
            script: Path::new("/a b/script"),
            tasks: 40,
            seconds: 3661,
            memory: Some(1 << 30),
            cores: 4,
            exclude: &[],
        }
    }

    #[test]
    fn a_job_is_submitted_found_seen_and_ended() {
        let (folder, engine) = fake();
        let accepted = engine.submit(&submission());
        assert_eq!(accepted, Submitted::Accepted("17".to_owned()));
        let got = fs::read_to_string(folder.path().join("got")).expect("a text");
        assert_eq!(
            got,
            "rr-1.0.0|1-40|01:01:01|62|1024|-q|short jobs|/a b/script|"
        );
        let jobs = ["17", "1"].map(|job| (job.to_owned(), "rr-1.0.0".to_owned()));
        let here = || engine.presence(&jobs).expect("a list");
        assert_eq!(
            (&here()["17"], &here()["1"]),
            (&Presence::All, &Presence::Gone)
        );
        let found = engine.find("rr-1.0.0").expect("a list");
        assert_eq!(found.as_deref(), Some("17"));
        assert_eq!(engine.find("rr-1.0.1").expect("a list"), None);
        assert!(engine.check().is_ok());
        engine.cancel(&jobs).expect("ended");
        assert_eq!(here()["17"], Presence::Gone);
    }

    #[test]
    fn what_fails_is_unclear_and_no_list_is_no_answer() {
        let (folder, engine) = fake();
        fs::write(folder.path().join("fail"), "").expect("a file");
        let unclear = engine.submit(&submission());
        assert!(matches!(unclear, Submitted::Unclear(_)), "{unclear:?}");
        let jobs = [("17".to_owned(), "rr-1.0.0".to_owned())];
        assert!(engine.presence(&jobs).is_err());
        assert!(engine.find("rr-1.0.0").is_err());
        assert!(engine.check().is_err());
    }

    #[test]
    fn ids_are_words() {
        for text in ["8123", "a 8123[] b", "8123.server\n", "8123_1", "<8123>"] {
            assert_eq!(has_word(text, "8123"), !text.contains('_'), "{text}");
        }
        for text in ["", "81234", "18123", "x-8123", "1.8123", "8123-1"] {
            assert!(!has_word(text, "8123"), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_word_between_spaces_is_one(before in ".{0,20}", word in "[a-z0-9]{1,8}", after in ".{0,20}") {
            let text = format!("{before} {word} {after}");
            prop_assert!(has_word(&text, &word));
        }
    }
}
