//! Grid Engine and its descendants: `qsub`, `qstat`, `qdel`, and `qconf` for what a site allows.
//!
//! What is as it is because of how a real one was found to be:
//! - `qstat` cuts names short where people read it; its XML has them whole, and with `-g d` a line for each task, also for those that wait.
//! - Tasks count from 1.
//! - A task has the slots that a parallel environment gives it, whose name is the site's own: it is stated in `options`, as in
//!   `"-pe", "smp", "8"`. Likewise its memory, since what limits memory is called differently from site to site, and may mean addresses
//!   rather than memory.
//! - While the master stands still `qsub` waits without end; it has a time limit here.
//! - `qdel`, and the end of a task's time, kill at once, without a TERM before. What was published counts.
//!
//! Tasks are submitted with `-r y`: where the site has tasks of dead nodes started anew, these are, also while no head is there to see it. It
//! is the same job then, and the claim of its batch lets it in again.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use quick_xml::Reader;
use quick_xml::events::Event;

use super::scheduler::{
    ACTION, Listed, QUESTION, Scheduler, failure, ids_there, names, number, presence, words,
};
use super::{Engine, EngineLimits, Presence, Submission, Submitted, TaskState};
use crate::project::cluster::ClusterSpec;
use crate::system::process::{Answer, End};

/// What `qsub` ends with when a limit on the number of jobs is reached.
const LIMIT_OF_JOBS: i32 = 25;

/// Words of a verdict on the request as such.
const VERDICTS: [&str; 7] = [
    "denied",
    "rejected",
    "unknown resource",
    "is not a",
    "does not exist",
    "Unable to read script file",
    "qsub: ",
];

/// Grid Engine, with the options that a project states.
#[derive(Debug)]
pub(super) struct GridEngine {
    scheduler: Scheduler,
    spec: ClusterSpec,
}

impl GridEngine {
    pub(super) fn new(spec: &ClusterSpec, root: &Path) -> Self {
        Self {
            scheduler: Scheduler {
                root: root.to_owned(),
                without: &[],
            },
            spec: spec.clone(),
        }
    }

    /// The slots that `options` ask for, of a range the least; `None` without a parallel environment, which is one slot.
    fn slots(&self) -> Option<u32> {
        let options = &self.spec.options;
        let at = options.iter().rposition(|option| option == "-pe")?;
        options.get(at + 2)?.split('-').next()?.parse().ok()
    }

    /// What is wrong with a task of so many cores, and what to do.
    fn too_few_slots(&self, cores: u32) -> Option<String> {
        let slots = self.slots().unwrap_or(1);
        (slots < cores).then(|| {
            format!(
                "a task of {cores} cores needs as many slots, and `options` ask for {slots}: add \"-pe\", NAME, \"{cores}\" with a parallel \
                 environment of the site (`qconf -spl` lists them), or lower `cores`"
            )
        })
    }

    /// The user's options, and after them, so that they win, those that hold for every task.
    fn qsub(&self, tasks: u32, seconds: u64, exclude: &[String]) -> Vec<String> {
        let mut qsub = words(&["qsub", "-terse"]);
        qsub.extend(self.spec.options.iter().cloned());
        qsub.extend(words(&["-t", &format!("1-{tasks}")]));
        qsub.extend(words(&["-l", &format!("h_rt={seconds}")]));
        if !exclude.is_empty() {
            let nodes = format!("hostname=!({})", exclude.join("|"));
            qsub.extend(words(&["-l", &nodes]));
        }
        // The script itself sends what is printed where it belongs.
        qsub.extend(words(&[
            "-j",
            "y",
            "-o",
            "/dev/null",
            "-wd",
            "/",
            "-r",
            "y",
        ]));
        qsub
    }

    /// The tasks of the jobs of these names.
    fn qstat(&self, names: &[&str]) -> Result<Vec<Listed>> {
        let qstat = words(&["qstat", "-xml", "-g", "d", "-u", "$user"]);
        tasks(&self.scheduler.listing(&qstat, QUESTION)?, names)
    }
}

impl Engine for GridEngine {
    fn check(&self) -> Result<Vec<String>> {
        let slots = self.slots().unwrap_or(1);
        let cores = self.spec.cores.map_or(1, |cores| cores.get());
        let fault = self.too_few_slots(u32::try_from(cores).unwrap_or(u32::MAX));
        if let Some(fault) = fault {
            bail!("{fault}");
        }
        // With `-w v` nothing is submitted.
        let mut qsub = self.qsub(1, self.spec.task.as_secs(), &[]);
        qsub.extend(words(&["-w", "v", "-b", "y", "/bin/true"]));
        let answer = self.scheduler.ask(&qsub, ACTION)?;
        if !answer.is_good() {
            bail!("{}", failure("qsub", &answer));
        }
        let mut found = vec![format!(
            "Grid Engine has a queue for a task of {slots} slots and {} minutes",
            self.spec.task.as_secs() / 60
        )];
        if let Some(most) = self.limits().most_tasks {
            found.push(format!("an array may have {most} tasks"));
        }
        Ok(found)
    }

    fn limits(&self) -> EngineLimits {
        let listing = self
            .scheduler
            .listing(&words(&["qconf", "-sconf"]), QUESTION);
        EngineLimits {
            most_tasks: listing.ok().and_then(|listing| most_tasks(&listing)),
            node_cores: Some(self.slots().unwrap_or(1)),
            longest: None,
        }
    }

    fn submit(&self, submission: &Submission<'_>) -> Submitted {
        if let Some(fault) = self.too_few_slots(submission.cores) {
            return Submitted::Refused(fault);
        }
        let mut qsub = self.qsub(submission.tasks, submission.seconds, submission.exclude);
        // Queues may have a shell of their own, which need not be one that the script is for.
        let shell = match self.spec.setup.is_empty() {
            true => "/bin/sh",
            false => "/bin/bash",
        };
        qsub.extend(words(&["-N", submission.name, "-S", shell]));
        qsub.push(submission.script.display().to_string());
        self.scheduler.submit(&qsub, job, verdict)
    }

    fn find(&self, name: &str) -> Result<Option<String>> {
        let tasks = self.qstat(&[name])?;
        Ok(tasks.into_iter().map(|task| task.job).next())
    }

    fn presence(&self, jobs: &[(String, String)]) -> Result<BTreeMap<String, Presence>> {
        if jobs.is_empty() {
            return Ok(BTreeMap::new());
        }
        Ok(presence(jobs, self.qstat(&names(jobs))?))
    }

    fn cancel(&self, jobs: &[(String, String)]) -> Result<()> {
        if jobs.is_empty() {
            return Ok(());
        }
        let there = ids_there(self.qstat(&names(jobs))?);
        if there.is_empty() {
            return Ok(());
        }
        let mut qdel = words(&["qdel"]);
        qdel.extend(there);
        let answer = self.scheduler.ask(&qdel, ACTION)?;
        // One that ended meanwhile "does not exist".
        let is_about_ended = |line: &str| line.contains("does not exist");
        let said = answer.stdout.lines().chain(answer.stderr.lines());
        let mut faults = said.filter(|line| line.contains("denied") || line.contains("error"));
        if !answer.is_good() && !faults.all(is_about_ended) {
            bail!("{}", failure("qdel", &answer));
        }
        Ok(())
    }

    fn incurable(&self, reason: &str) -> Option<String> {
        let is_to_wait = (self.spec.options.iter()).any(|option| option.starts_with("-hold_jid"));
        if reason.contains('E') {
            Some("Grid Engine could not start the task and holds it: `qstat -explain E -j JOB` tells why, `qmod -cj JOB` has it tried again, \
                 `rerunoff cancel` gives it up".to_owned())
        } else if reason.contains('h') && !is_to_wait {
            Some("somebody holds the job; `qrls JOB` lets it go on".to_owned())
        } else {
            None
        }
    }
}

/// The id in what `qsub -terse` printed: `8123.1-40:1`. A site's wrapper may have printed more before it.
fn job(printed: &str) -> Option<String> {
    let line = printed.trim_end().lines().next_back()?;
    number(line.split('.').next()?.trim())
}

/// What a failed `qsub` proves; `None` if the job may have been submitted.
fn verdict(answer: &Answer) -> Option<fn(String) -> Submitted> {
    if answer.end == End::Exited(LIMIT_OF_JOBS) {
        return Some(Submitted::Full);
    }
    // Whatever else is said: where the way to the master was the trouble, nothing is proven.
    let said = &answer.stderr;
    if said.contains("qmaster") || said.contains("commlib") {
        return None;
    }
    let is_verdict = VERDICTS.iter().any(|words| said.contains(words));
    is_verdict.then_some(Submitted::Refused)
}

/// The most tasks of an array by what `qconf -sconf` prints; 0 there is no limit.
fn most_tasks(listing: &str) -> Option<u32> {
    let mut lines = listing.lines();
    let value = lines.find_map(|line| line.strip_prefix("max_aj_tasks"))?;
    value.trim().parse().ok().filter(|most| *most > 0)
}

/// The tasks of the jobs of these names in what `qstat -xml -g d` printed.
fn tasks(listing: &str, names: &[&str]) -> Result<Vec<Listed>> {
    let mut reader = Reader::from_str(listing);
    let (mut found, mut fields) = (Vec::new(), BTreeMap::new());
    let (mut element, mut depth, mut whole) = (String::new(), 0, false);
    loop {
        let event = reader.read_event();
        match event.context("qstat printed what can't be read")? {
            Event::Start(start) => {
                depth += 1;
                element = start.name().as_ref().to_owned();
                if element == "job_list" {
                    fields.clear();
                }
            }
            Event::Text(text) => {
                let text = text.to_string();
                fields.entry(element.clone()).or_insert(text);
            }
            Event::End(end) => {
                depth -= 1;
                whole = depth == 0;
                // What follows is in no element until another begins.
                element.clear();
                if end.name().as_ref() == "job_list" {
                    found.extend(task(&fields, names)?);
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    // A list that is cut short would have tasks ended that are not.
    ensure!(whole, "qstat printed half a list");
    Ok(found)
}

/// The task of an element; `None` if it is of no job that is asked for.
fn task(fields: &BTreeMap<String, String>, names: &[&str]) -> Result<Option<Listed>> {
    let field = |name: &str| fields.get(name).map(|text| text.trim());
    if !field("JB_name").is_some_and(|name| names.contains(&name)) {
        return Ok(None);
    }
    let index = field("tasks").and_then(|index| index.parse::<u32>().ok()?.checked_sub(1));
    let job = field("JB_job_number").and_then(number);
    let (Some(job), Some(index), Some(state)) = (job, index, field("state")) else {
        bail!("qstat printed a task that can't be read: {fields:?}");
    };
    // Among the letters of what waits there is always a q, and never where a task has a node.
    let running = !state.contains('q');
    Ok(Some(Listed {
        job,
        index,
        state: Some(TaskState {
            running,
            reason: if running { "" } else { state }.to_owned(),
        }),
    }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::project::cluster::EngineKind;

    fn grid_engine(options: &[&str]) -> GridEngine {
        let mut spec = ClusterSpec::plain(EngineKind::Slurm);
        spec.options = words(options);
        GridEngine::new(&spec, Path::new("/"))
    }

    #[test]
    fn what_rerunoff_decides_comes_after_the_options() {
        let engine = grid_engine(&["-pe", "smp", "4-8", "-P", "hydro"]);
        let exclude = ["node3".to_owned(), "node4".to_owned()];
        assert_eq!(
            engine.qsub(40, 61, &exclude).join(" "),
            "qsub -terse -pe smp 4-8 -P hydro -t 1-40 -l h_rt=61 -l hostname=!(node3|node4) -j y -o /dev/null -wd / -r y"
        );
        assert_eq!((engine.slots(), grid_engine(&[]).slots()), (Some(4), None));
        assert_eq!(engine.too_few_slots(4), None);
        let said = grid_engine(&[]).too_few_slots(2).expect("a fault");
        assert!(said.contains("\"-pe\", NAME, \"2\""), "{said}");
    }

    /// As Grid Engine 8.1.9 prints it.
    const LIST: &str = "<?xml version='1.0'?>
<job_info  xmlns:xsd=\"http://arc.liv.ac.uk/repos/darcs/sge/source/dist/util/resources/schemas/qstat/qstat.xsd\">
  <queue_info>
    <job_list state=\"running\">
      <JB_job_number>12</JB_job_number>
      <JAT_prio>0.50000</JAT_prio>
      <JB_name>rr-0123456789abcdef01234567.0.0</JB_name>
      <state>dr</state>
      <queue_name>main.q@localhost</queue_name>
      <tasks>1</tasks>
    </job_list>
  </queue_info>
  <job_info>
    <job_list state=\"pending\">
      <JB_job_number>12</JB_job_number>
      <JB_name>rr-0123456789abcdef01234567.0.0</JB_name>
      <state>Eqw</state>
      <queue_name></queue_name>
      <tasks>2</tasks>
    </job_list>
    <job_list state=\"pending\">
      <JB_job_number>13</JB_job_number>
      <JB_name>other&amp;s</JB_name>
      <state>qw</state>
    </job_list>
  </job_info>
</job_info>
";

    #[test]
    fn tasks_are_those_of_the_names_by_index_from_0() {
        let names = ["rr-0123456789abcdef01234567.0.0"];
        let task = |index, running, reason: &str| Listed {
            job: "12".to_owned(),
            index,
            state: Some(TaskState {
                running,
                reason: reason.to_owned(),
            }),
        };
        let expected = vec![task(0, true, ""), task(1, false, "Eqw")];
        assert_eq!(tasks(LIST, &names).expect("a list"), expected);
        assert_eq!(tasks(LIST, &["rr-1.0.0"]).expect("a list"), []);
        let engine = grid_engine(&[]);
        assert!(
            engine
                .incurable("Eqw")
                .is_some_and(|said| said.contains("qmod -cj"))
        );
        assert!(engine.incurable("hqw").is_some() && engine.incurable("qw").is_none());
        assert_eq!(grid_engine(&["-hold_jid", "7"]).incurable("hqw"), None);
    }

    #[test]
    fn a_list_that_is_cut_short_or_unclear_is_no_answer() {
        let names = ["rr-0123456789abcdef01234567.0.0"];
        for end in [0, 300, LIST.len() - 12] {
            assert!(tasks(&LIST[..end], &names).is_err(), "{end}");
        }
        let range = LIST.replace("<tasks>2<", "<tasks>2-6:1<");
        assert!(tasks(&range, &names).is_err());
    }

    #[test]
    fn a_refusal_is_what_proves_that_nothing_was_submitted() {
        let verdict_on = |code, said: &str| {
            let answer = Answer {
                end: End::Exited(code),
                stdout: String::new(),
                stderr: said.to_owned(),
            };
            verdict(&answer).map(|submitted| submitted(String::new()))
        };
        for said in [
            "Unable to run job: unknown resource \"foo\"\nExiting.",
            "Unable to run job: Job was rejected because job requests unknown queue \"no.q\"\nExiting.",
            "Unable to run job: job rejected: you tried to submit a job with more than 75000 tasks\nExiting.",
            "Unable to run job: attribute \"h_rt\" is not a time value\nExiting.",
            "qsub: invalid option argument \"--bogus\"",
            "Unable to read script file because of error: error opening /a: No such file or directory",
        ] {
            let refused = Some(Submitted::Refused(String::new()));
            assert_eq!(verdict_on(1, said), refused, "{said}");
        }
        let limit = "Unable to run job: job rejected: only 2 jobs are allowed per user (current job count: 2)\nExiting.";
        assert_eq!(verdict_on(25, limit), Some(Submitted::Full(String::new())));
        for said in [
            "",
            "Unable to run job: unable to send message to qmaster using port 6444 on host \"a\": got send error\nExiting.",
            "error: commlib error: got select error (Connection refused)\nUnable to run job: denied\nExiting.",
        ] {
            assert_eq!(verdict_on(1, said), None, "{said}");
        }
    }

    #[test]
    fn ids_and_limits_are_read() {
        assert_eq!(job("12.1-40:1\n").as_deref(), Some("12"));
        assert_eq!(job("hello\n12\n").as_deref(), Some("12"));
        assert_eq!(job("Your job 12"), None);
        assert_eq!(
            most_tasks("max_u_jobs  2\nmax_aj_tasks      75000\n"),
            Some(75_000)
        );
        assert_eq!(most_tasks("max_aj_tasks      0\n"), None);
    }

    proptest! {
        #[test]
        fn nothing_that_is_printed_breaks_it(text in "[ -~\n]{0,200}", at in 0..LIST.len()) {
            let _ = (job(&text), most_tasks(&text), tasks(&text, &["a"]));
            let _ = tasks(&format!("{}{text}", &LIST[..at]), &["a"]);
        }
    }
}
